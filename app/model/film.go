package model

import (
	"context"
	"errors"
	"image"
	"math"
	"slices"
	"sync/atomic"
	"time"

	"golang.org/x/image/draw"

	"github.com/tallystick/tallystick/scanner"
	"github.com/tallystick/tallystick/scanner/camera"
)

// Cameras are the webcams of this computer; a camera.Source in the program.
type Cameras interface {
	List() ([]camera.Info, error)
	Open(id string) (Camera, error)
}

// Camera is one that is switched on. Frame is called from one goroutine, Close from any.
type Camera interface {
	Frame(ctx context.Context) (image.Image, error)
	Close()
}

// SystemCameras are the cameras of this computer; nil on systems whose cameras cannot be read: a way in that never works is none.
func SystemCameras() Cameras {
	if !camera.Supported {
		return nil
	}
	return webcams{}
}

type webcams struct{}

func (webcams) List() ([]camera.Info, error) { return camera.List() }

func (webcams) Open(id string) (Camera, error) {
	c, err := camera.Open(id)
	if err != nil {
		return nil, err // not a nil *camera.Camera in an interface
	}
	return c, nil
}

const (
	// filmWidth is how wide the picture is that a person aims by, in pixels. Codes are looked for in the whole one.
	filmWidth = 480
	// markerStays is how long the frame around a code stays after it was seen last: a hand trembles, and a code is missed in
	// one picture and read in the next.
	markerStays = 600 * time.Millisecond
	// hitsNeeded is in how many pictures one after the other the same code has to be before it is taken.
	hitsNeeded = 2
	// missesAllowed is how many pictures between two hits do not break the row.
	missesAllowed = 3
	// jump is how far the corners of a code move between two pictures of a hand that holds still, in parts of the
	// picture's width. Up to there the marker follows slowly.
	jump = 0.05
)

// Film is what the camera sees now.
type Film struct {
	Picture image.Image // small, and the wrong way round as in a mirror; nil until the camera is on
	// Marker is the outline of the code that is seen, in parts of the picture from 0 to 1; empty = none.
	Marker  []FilmPoint
	Said    string // what is wrong with the code that is seen; "" = nothing
	Cameras []camera.Info
	Camera  string // the id of the one that is on
}

// FilmPoint is a place in the picture, in parts of its width and height.
type FilmPoint struct{ X, Y float64 }

// CanFilm reports whether cameras can be used on this system. Whether one is there shows when it is switched on.
func (a *Add) CanFilm() bool { return a.s.d.Cameras != nil }

// Film is what to show in the stage Filming.
func (a *Add) Film() Film { return a.film }

// OpenCamera switches a camera on, the first one for an empty id, and looks at what it sees until a code is found.
func (a *Add) OpenCamera(id string) {
	if !a.CanFilm() || !a.enter() {
		return
	}
	a.stop()
	a.clearForm()
	a.leaveResults()
	a.film = Film{Camera: id}
	a.stage = Filming
	ctx, cancel := context.WithCancel(a.s.ctx)
	a.cancel = cancel
	round, d := a.round, a.s.d
	go func() {
		defer cancel()
		f := filming{d: &d, post: func(show Film) {
			d.Post(func() {
				if a.round != round || a.stage != Filming {
					blank(show.Picture)
					return
				}
				before := a.film.Picture
				a.film = show
				a.changed.call()
				blank(before) // a code may be on it, and it is on the screen no more
			})
		}}
		l := f.run(ctx, id)
		d.Post(func() {
			if a.round != round {
				l.wipe()
				return
			}
			a.cancel, a.film = nil, Film{}
			a.take(l)
		})
	}()
	a.changed.call()
}

// filming is one time that a camera is on. It lives on its own goroutine.
type filming struct {
	d    *Deps
	post func(Film)

	shown   atomic.Bool // the last picture is still to be shown: the window has more to do
	cameras []camera.Info
	id      string
	row     row
}

func (f *filming) run(ctx context.Context, id string) look {
	all, err := f.d.Cameras.List()
	if err != nil {
		return look{err: err}
	}
	if len(all) == 0 {
		return look{err: camera.ErrNone}
	}
	f.cameras, f.id = all, id
	if !slices.ContainsFunc(all, func(i camera.Info) bool { return i.ID == id }) {
		f.id = all[0].ID
	}
	on, err := f.d.Cameras.Open(f.id)
	if err != nil {
		return look{err: err}
	}
	defer on.Close()
	for {
		frame, err := on.Frame(ctx)
		if err != nil {
			return look{err: err}
		}
		result, err := f.d.Scanner.Scan(ctx, frame)
		if err != nil {
			blank(frame)
			return look{err: err}
		}
		if hit := f.row.add(result.Codes, frame.Bounds(), f.d.Now()); hit != nil {
			l := look{findings: []finding{{text: hit.Text, where: "the camera's picture", cutout: cutOut(frame, hit.Bounds(frame.Bounds()))}}}
			blank(frame)
			return l
		}
		f.show(frame)
		blank(frame)
	}
}

// show gives the picture to the window, unless the window has not come to the last one.
func (f *filming) show(frame image.Image) {
	if f.shown.Swap(true) {
		return
	}
	film := Film{Picture: mirrored(frame, filmWidth), Marker: f.row.marker(f.d.Now()), Said: f.row.said, Cameras: f.cameras, Camera: f.id}
	f.post(film)
	f.d.Post(func() { f.shown.Store(false) })
}

// mirrored scales a picture down and turns it round as a mirror does: who holds something up to a camera moves the right way
// by it.
func mirrored(m image.Image, width int) *image.RGBA {
	b := m.Bounds()
	width = min(width, b.Dx())
	out := image.NewRGBA(image.Rect(0, 0, width, max(1, b.Dy()*width/max(b.Dx(), 1))))
	draw.NearestNeighbor.Scale(out, out.Rect, m, b, draw.Src, nil)
	for y := range out.Rect.Dy() {
		row := out.Pix[y*out.Stride : y*out.Stride+4*width]
		for i, j := 0, 4*(width-1); i < j; i, j = i+4, j-4 {
			for k := range 4 {
				row[i+k], row[j+k] = row[j+k], row[i+k]
			}
		}
	}
	return out
}

// row follows a code through the pictures: what is taken has been seen more than once, and what is shown does not flicker.
type row struct {
	text         string
	hits, misses int
	corners      []FilmPoint
	seen         time.Time
	said         string
}

// add takes what a picture shows, and returns the code once it is certain.
func (r *row) add(codes []scanner.Code, in image.Rectangle, now time.Time) *scanner.Code {
	best := -1
	for i := range codes {
		l := look{findings: []finding{{text: codes[i].Text}}}
		if best < 0 || l.usable() {
			if best = i; l.usable() {
				break
			}
		}
	}
	if best < 0 {
		if r.misses++; r.misses > missesAllowed {
			r.hits, r.text = 0, ""
		}
		return nil
	}
	c := &codes[best]
	r.follow(c, in)
	r.seen, r.misses = now, 0
	if l := (look{findings: []finding{{text: c.Text}}}); !l.usable() {
		r.hits, r.text, r.said = 0, "", "This QR code is "+foreign(c.Text)+"."
		return nil
	}
	if c.Text != r.text {
		r.text, r.hits = c.Text, 0
	}
	r.said = ""
	if r.hits++; r.hits < hitsNeeded {
		return nil
	}
	return c
}

// follow moves the marker to a code: at once where it is somewhere else, slowly where a hand trembles.
func (r *row) follow(c *scanner.Code, in image.Rectangle) {
	size := in.Size()
	next := make([]FilmPoint, len(c.Corners))
	for i, p := range c.Corners {
		// The mirror changes sides.
		next[i] = FilmPoint{X: 1 - (p.X-float64(in.Min.X))/float64(max(size.X, 1)), Y: (p.Y - float64(in.Min.Y)) / float64(max(size.Y, 1))}
	}
	if len(next) == len(r.corners) {
		near := true
		for i := range next {
			near = near && math.Hypot(next[i].X-r.corners[i].X, next[i].Y-r.corners[i].Y) < jump
		}
		if near {
			for i := range next {
				next[i] = FilmPoint{(next[i].X + r.corners[i].X) / 2, (next[i].Y + r.corners[i].Y) / 2}
			}
		}
	}
	r.corners = next
}

// marker is the outline to show at a time.
func (r *row) marker(now time.Time) []FilmPoint {
	if r.seen.IsZero() || now.Sub(r.seen) > markerStays {
		r.corners, r.said = nil, ""
		return nil
	}
	return slices.Clone(r.corners)
}

// explainCamera says why nothing came of the camera; "" when the error is none of it.
func explainCamera(err error) string {
	for _, known := range []error{camera.ErrNone, camera.ErrUnsupported, camera.ErrDenied, camera.ErrBusy, camera.ErrFormat, camera.ErrGone} {
		if errors.Is(err, known) {
			return Sentence(err) + " You can also take a photograph with the phone, send it to this computer, and open it here."
		}
	}
	return ""
}
