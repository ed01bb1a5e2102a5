// Package camera gives pictures from a webcam.
//
// Purpose: for a QR code that is on paper or on another screen. On Linux it reads V4L2 devices over
// github.com/blackjack/webcam, which needs no C; on other systems every function says ErrUnsupported, and the window offers
// a picture file instead.
//
// Who may import it: app/model, app/cli, app. It imports libraries, nothing of ours.
//
// Concurrency: List and Open may be called from many goroutines. A Camera belongs to one goroutine at a time, but Close may
// be called from any, and ends a Frame that waits.
//
// Ownership: a frame belongs to the caller and shares no memory with the camera. The camera is in use, with its light on,
// from Open to Close: whoever opens it closes it.
package camera

import (
	"context"
	"errors"
	"image"
)

// What can be wrong. Errors of this package wrap one of these, or the context's error.
var (
	// ErrUnsupported says that webcams of this system cannot be read.
	ErrUnsupported = errors.New("camera: not possible on this system")
	// ErrNone says that no camera is there.
	ErrNone = errors.New("camera: no camera found")
	// ErrDenied says that the system lets this user, or this program, not at the camera.
	ErrDenied = errors.New("camera: access refused")
	// ErrBusy says that another program uses the camera.
	ErrBusy = errors.New("camera: in use by another program")
	// ErrFormat says that the camera gives pictures of no kind that can be read.
	ErrFormat = errors.New("camera: unknown kind of picture")
	// ErrGone says that the camera stopped giving pictures: it was unplugged, or closed.
	ErrGone = errors.New("camera: gives no pictures any more")
)

// Info is one camera.
type Info struct {
	ID   string // what Open takes
	Name string // as the camera calls itself; may be empty
}

// Camera is an open camera.
type Camera struct {
	source source
	size   image.Point
	layout layout
	stop   context.CancelFunc
	ended  context.Context
}

// source is what a system has to give: raw frames.
type source interface {
	// next waits for a frame and copies it. It returns within a second of ctx ending.
	next(ctx context.Context) ([]byte, error)
	// close may be called beside next, and more than once.
	close()
}

// List finds the cameras, in the order the system numbers them. No camera is no error.
func List() ([]Info, error) { return list() }

// Open switches a camera on; an empty id means the first one. The size is the one nearest to 1280 × 720 pixels that it
// has: more makes reading slower, and codes are held near a webcam.
func Open(id string) (*Camera, error) {
	if id == "" {
		all, err := list()
		if err != nil {
			return nil, err
		}
		if len(all) == 0 {
			return nil, ErrNone
		}
		id = all[0].ID
	}
	return open(id)
}

func newCamera(s source, size image.Point, l layout) *Camera {
	c := &Camera{source: s, size: size, layout: l}
	c.ended, c.stop = context.WithCancel(context.Background())
	return c
}

// Size is the size of the frames, in pixels.
func (c *Camera) Size() image.Point { return c.size }

// Frame waits for the next picture: ErrGone, or the context's error. A frame that arrives damaged is left out, as long as
// not maxBad come in a row: then ErrFormat.
func (c *Camera) Frame(ctx context.Context) (image.Image, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(c.ended, cancel)()
	var err error
	for range maxBad {
		var raw []byte
		if raw, err = c.source.next(ctx); err != nil {
			if c.ended.Err() != nil {
				return nil, ErrGone
			}
			return nil, err
		}
		var m image.Image
		if m, err = c.layout.picture(raw, c.size); err == nil {
			return m, nil
		}
	}
	return nil, err
}

// maxBad is how many damaged frames in a row are overlooked. The first ones after switching on often are.
const maxBad = 10

// Close switches the camera off. It may take a second, when a frame is being waited for. Closing twice is harmless.
func (c *Camera) Close() {
	c.stop()
	c.source.close()
}
