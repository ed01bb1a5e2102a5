package model

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"image"
	"image/draw"
	"path/filepath"
	"strings"

	"github.com/tallystick/tallystick/scanner"
	"github.com/tallystick/tallystick/scanner/capture"
	"github.com/tallystick/tallystick/scanner/clipimage"
	"github.com/tallystick/tallystick/scanner/pdf"
)

// maxFiles is how many pictures are read at once; who drops a folder of holiday
// pictures by mistake should not wait for all of them.
const maxFiles = 100

// finding is one text that was seen.
type finding struct {
	text   string
	where  string
	cutout image.Image
}

// blankPicture is a picture in which nothing was seen, and why.
type blankPicture struct {
	where  string
	reason scanner.Reason
	unread *scanner.Unread // what is wrong with a code that was seen; nil when that is not known
	err    error
}

// look is what looking somewhere brought. It is made off the models' goroutine.
type look struct {
	findings []finding
	blanks   []blankPicture
	err      error // there was nothing to look at
	screen   bool  // screens were looked at, not files
	waited   bool  // they were looked at for as long as watchFor
	asked    bool  // they were to be, but the system asks the person for every picture
	text     bool  // a text was given, not a picture
	left     leftover
}

// in joins a code to the place where it is.
func (l *look) in() string {
	if l.screen {
		return "on "
	}
	return "in "
}

func (l *look) wipe() {
	for _, f := range l.findings {
		blank(f.cutout)
	}
}

// leftover is what the person had to copy to add the account, and what must not
// stay on the clipboard once it is saved.
type leftover struct {
	text    string
	picture [sha256.Size]byte // of the encoded picture; zero = none
}

// work looks somewhere with the flow shown as busy.
func (a *Add) work(busy string, see func(ctx context.Context) look) {
	if !a.enter() {
		return
	}
	a.stop()
	a.clearForm()
	a.leaveResults()
	a.stage, a.busy = Working, busy
	ctx, cancel := context.WithCancel(a.s.ctx)
	a.cancel = cancel
	round := a.round
	go func() {
		defer cancel()
		l := see(ctx)
		a.s.d.Post(func() {
			if a.round != round {
				l.wipe()
				return
			}
			a.busy, a.cancel = "", nil
			a.take(l)
		})
	}()
	a.changed.call()
}

// ScanScreen hides the window, takes a picture of every screen, shows the window
// again, and looks for codes.
func (a *Add) ScanScreen() {
	d := a.s.d
	a.work("Looking at your screen…", func(ctx context.Context) look {
		shots, err := takeScreens(ctx, &d)
		l := look{err: err, screen: true}
		for _, shot := range shots {
			l.scan(ctx, d.Scanner, shot.Image, shot.Name)
			clear(shot.Image.Pix) // whatever else was on the screen is none of our business
		}
		return l
	})
}

// takeScreens takes the pictures with the own window out of the way.
func takeScreens(ctx context.Context, d *Deps) ([]capture.Shot, error) {
	show := d.Hide(ctx)
	defer show()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	shots, err := d.Screens(ctx)
	if err == nil && len(shots) == 0 {
		err = capture.ErrNoDisplay
	}
	return shots, err
}

// scan looks for codes in one picture and cuts them out.
func (l *look) scan(ctx context.Context, s Scanner, img image.Image, where string) {
	result, err := s.Scan(ctx, img)
	if err != nil {
		l.blanks = append(l.blanks, blankPicture{where: where, err: err})
		return
	}
	for _, c := range result.Codes {
		l.findings = append(l.findings, finding{text: c.Text, where: where, cutout: cutOut(img, c.Bounds(img.Bounds()))})
	}
	if len(result.Codes) == 0 {
		l.blanks = append(l.blanks, blankPicture{where: where, reason: result.Reason, unread: result.Unread})
	}
}

// cutOut copies a place of a picture with some margin, so that a person recognises
// it. A copy, because the whole screen must not be kept.
func cutOut(img image.Image, r image.Rectangle) image.Image {
	if r.Empty() {
		return nil
	}
	margin := max(12, max(r.Dx(), r.Dy())/6)
	r = r.Inset(-margin).Intersect(img.Bounds())
	out := image.NewRGBA(image.Rect(0, 0, r.Dx(), r.Dy()))
	draw.Draw(out, out.Bounds(), img, r.Min, draw.Src)
	return out
}

// ReadFiles looks for codes in pictures that were dropped or opened.
func (a *Add) ReadFiles(paths []string) {
	if len(paths) == 0 {
		return
	}
	busy := "Looking at the picture…"
	if len(paths) > 1 {
		busy = "Looking at " + count(len(paths), "picture", "pictures") + "…"
	}
	d := a.s.d
	a.work(busy, func(ctx context.Context) (l look) {
		if len(paths) > maxFiles {
			l.err = errTooManyFiles
			return l
		}
		for _, path := range paths {
			where := clean(filepath.Base(path))
			pictures, err := readPictures(ctx, path)
			if ctx.Err() != nil {
				err, pictures = ctx.Err(), nil
			}
			found, blanks := len(l.findings), len(l.blanks)
			for i, img := range pictures {
				if len(pictures) > 1 {
					l.scan(ctx, d.Scanner, img, fmt.Sprintf("%s, page %d", where, i+1))
				} else {
					l.scan(ctx, d.Scanner, img, where)
				}
			}
			if err != nil && len(l.findings) == found { // also when pages came with it: the code may be on what could not be drawn
				l.blanks = append(l.blanks[:blanks], blankPicture{where: where, err: err})
			}
		}
		return l
	})
}

var (
	errTooManyFiles = errors.New("model: too many files")
	errWebAddress   = errors.New("model: a web address instead of a file")
)

// readPictures reads a picture, or the first pages of a PDF: as many as can be drawn, perhaps with pdf.ErrPicture.
func readPictures(ctx context.Context, path string) ([]image.Image, error) {
	limits := scanner.DefaultLimits()
	data, err := readFile(path, limits.MaxBytes, scanner.ErrFormat)
	switch {
	case err != nil && (strings.Contains(path, "/https:/") || strings.Contains(path, "/http:/")):
		return nil, errWebAddress // dragged from a browser: the toolkit makes a path of every line
	case err != nil:
		return nil, err
	}
	return pdf.Pictures(ctx, data, limits)
}

// ScanClipboard looks at what was copied: a picture, else a text.
func (a *Add) ScanClipboard() {
	d := a.s.d
	a.work("Looking at what you copied…", func(ctx context.Context) (l look) {
		data, err := d.ClipboardPicture(ctx)
		if err == nil {
			l.left.picture = sha256.Sum256(data)
			var img image.Image
			if img, err = scanner.DecodePicture(bytes.NewReader(data), scanner.DefaultLimits()); err == nil {
				l.scan(ctx, d.Scanner, img, clipboardPicture)
			}
			clear(data)
		}
		if len(l.findings) > 0 {
			return l
		}
		// Some programs copy a picture and a text at once; a link in the text is as good.
		text, textErr := d.Clipboard.Text(ctx)
		text = strings.TrimSpace(text)
		noPicture := errors.Is(err, clipimage.ErrEmpty) || errors.Is(err, clipimage.ErrUnsupported)
		switch {
		case textErr == nil && text != "" && (noPicture || isLink(text)):
			return look{findings: textFindings(text, "the clipboard"), text: true, left: leftover{text: text}}
		case errors.Is(err, clipimage.ErrEmpty):
			l.err = errNothingCopied
		case err != nil:
			l.err = err
		}
		return l
	})
}

const clipboardPicture = "the copied picture"

var errNothingCopied = errors.New("model: nothing on the clipboard")

// removeLeftover takes off the clipboard what the account was made from, if it is
// still there.
func (a *Add) removeLeftover() {
	a.s.clip.removeLeftover(a.left)
	a.left = leftover{}
}

// removeLeftover takes off the clipboard what was copied to be kept, if it is still there.
func (c *clip) removeLeftover(left leftover) {
	if left.text != "" {
		c.discard(left.text)
	}
	if left.picture == [sha256.Size]byte{} {
		return
	}
	d, base := c.s.d, c.s.ctx
	c.ops.do(func() {
		ctx, cancel := context.WithTimeout(base, clipWait)
		defer cancel()
		data, err := d.ClipboardPicture(ctx)
		if err != nil || sha256.Sum256(data) != left.picture {
			return // something else was copied meanwhile, and is not ours to remove
		}
		// A clipboard holds one thing, so that an empty text replaces the picture. When
		// it cannot, what was copied is kept all the same and there is nothing to do.
		_ = d.Clipboard.SetSecret(ctx, "")
	})
}
