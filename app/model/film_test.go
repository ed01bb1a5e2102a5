package model_test

import (
	"context"
	"errors"
	"image"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tallystick/tallystick/app/apptest"
	"github.com/tallystick/tallystick/app/model"
	"github.com/tallystick/tallystick/scanner"
	"github.com/tallystick/tallystick/scanner/camera"
)

// webcams is a computer with cameras that give a frame every tenth of a second.
type webcams struct {
	mu     sync.Mutex // one camera may be switched off while the next is switched on
	all    []camera.Info
	err    error
	opened []string
	open   int // cameras that are on
}

func (c *webcams) List() ([]camera.Info, error) { return c.all, nil }

func (c *webcams) Open(id string) (model.Camera, error) {
	if c.err != nil {
		return nil, c.err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.opened = append(c.opened, id)
	c.open++
	return &webcam{c}, nil
}

type webcam struct{ of *webcams }

func (c *webcam) Frame(ctx context.Context) (image.Image, error) {
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-time.After(100 * time.Millisecond):
		return image.NewGray(image.Rect(0, 0, 640, 480)), nil
	}
}

func (c *webcam) Close() {
	c.of.mu.Lock()
	defer c.of.mu.Unlock()
	c.of.open--
}

func withCameras(t *testing.T, cams *webcams, test func(w *world)) {
	inWorld(t, func(w *world) {
		w.cameras = cams
		w.open("")
		test(w)
	})
}

// frames lets n frames come and be shown.
func (w *world) frames(n int) {
	for range n {
		time.Sleep(100 * time.Millisecond)
		synctest.Wait()
		w.loop.Run()
	}
}

func TestCameraTakesACodeThatIsHeldStill(t *testing.T) {
	cams := &webcams{all: []camera.Info{{ID: "/dev/video0", Name: "Built-in"}, {ID: "/dev/video2", Name: "On the desk"}}}
	withCameras(t, cams, func(w *world) {
		w.add.OpenCamera("")
		w.frames(3)
		f := w.add.Film()
		if w.add.Stage() != model.Filming || f.Picture == nil || len(f.Marker) != 0 || f.Camera != "/dev/video0" || len(f.Cameras) != 2 {
			t.Fatalf("stage %v, %d corners, camera %q", w.add.Stage(), len(f.Marker), f.Camera)
		}
		if f.Picture.Bounds().Dx() != 480 || f.Picture.Bounds().Dy() != 360 {
			t.Errorf("a picture of %v", f.Picture.Bounds())
		}

		// A code for something else is marked, and said what it is; the camera goes on.
		w.scanner.SeeTexts("WIFI:T:WPA;S:guests;P:secret;;")
		w.frames(4)
		f = w.add.Film()
		if w.add.Stage() != model.Filming || len(f.Marker) != 4 || !strings.Contains(f.Said, "Wi") {
			t.Fatalf("stage %v, %d corners, said %q", w.add.Stage(), len(f.Marker), f.Said)
		}
		// The fake code is at 20,20 to 60,60 of 640 × 480: in a mirror, at the right.
		if f.Marker[0].X < 0.9 || f.Marker[0].Y > 0.1 || f.Marker[1].X > f.Marker[0].X {
			t.Errorf("the marker is at %v", f.Marker)
		}

		// The marker outlasts a frame in which the code is not read, and goes when it is away.
		w.scanner.See(func(image.Image) (scanner.Result, error) {
			return scanner.Result{Reason: scanner.ReasonUnreadable}, nil
		})
		w.frames(1)
		w.loop.Advance(500 * time.Millisecond)
		w.frames(2)
		if len(w.add.Film().Marker) != 4 {
			t.Error("the marker flickers")
		}
		w.loop.Advance(time.Second)
		w.frames(2)
		if f := w.add.Film(); len(f.Marker) != 0 || f.Said != "" {
			t.Errorf("the marker stays: %v %q", f.Marker, f.Said)
		}

		// Seen once it is not believed.
		n := 0
		w.scanner.See(func(m image.Image) (scanner.Result, error) {
			if n++; n == 1 {
				return apptest.Codes(m, link("Acme", "maria", 1)), nil
			}
			return scanner.Result{}, nil
		})
		w.frames(8)
		if w.add.Stage() != model.Filming {
			t.Fatal("a code that was in one picture only was taken")
		}
		w.scanner.SeeTexts(link("Acme", "maria", 1))
		w.frames(5)
		w.loop.Settle()
		if w.add.Stage() != model.Found || w.add.Draft().Issuer == "" {
			t.Fatalf("stage %v: %s", w.add.Stage(), w.add.Reason())
		}
		if cams.open != 0 {
			t.Error("the camera is still on")
		}
		if f := w.add.Film(); f.Picture != nil {
			t.Error("the last picture is kept")
		}
	})
}

func TestCameraIsSwitchedOff(t *testing.T) {
	cams := &webcams{all: []camera.Info{{ID: "a"}, {ID: "b"}}}
	withCameras(t, cams, func(w *world) {
		for name, end := range map[string]func(){"back": w.add.Back, "cancel": w.add.Cancel, "another way": w.add.TypeKey} {
			w.add.OpenCamera("")
			w.frames(2)
			if cams.open != 1 {
				t.Fatalf("%d cameras are on", cams.open)
			}
			end()
			w.frames(2)
			if cams.open != 0 {
				t.Errorf("%s: the camera stays on", name)
			}
		}
		w.add.OpenCamera("a")
		w.frames(2)
		w.add.OpenCamera("b")
		w.frames(2)
		if cams.open != 1 || cams.opened[len(cams.opened)-1] != "b" || w.add.Film().Camera != "b" {
			t.Errorf("after a change %d cameras are on, the last %q", cams.open, cams.opened[len(cams.opened)-1])
		}
	})
	inWorld(t, func(w *world) {
		w.cameras = cams
		cams.open = 0
		w.open("a passphrase")
		w.add.OpenCamera("a")
		w.frames(2)
		w.s.Lock()
		w.frames(2)
		if cams.open != 0 || w.add.Active() {
			t.Error("locked, the camera stays on")
		}
	})
}

func TestNoCamera(t *testing.T) {
	for _, c := range []struct {
		cams *webcams
		says string
	}{
		{&webcams{}, "no camera"},
		{&webcams{all: []camera.Info{{ID: "a"}}, err: camera.ErrBusy}, "another program"},
		{&webcams{all: []camera.Info{{ID: "a"}}, err: errors.Join(camera.ErrDenied)}, "does not let"},
	} {
		withCameras(t, c.cams, func(w *world) {
			w.add.OpenCamera("")
			w.loop.Settle()
			if w.add.Stage() != model.NothingFound || !strings.Contains(w.add.Reason(), c.says) {
				t.Errorf("stage %v: %q, want %q in it", w.add.Stage(), w.add.Reason(), c.says)
			}
		})
	}
	inWorld(t, func(w *world) {
		w.open("")
		if w.add.CanFilm() {
			t.Error("a camera where there can be none")
		}
		w.add.OpenCamera("")
		if w.add.Active() {
			t.Error("the flow began without a camera")
		}
	})
}
