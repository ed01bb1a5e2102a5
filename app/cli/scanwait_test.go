package cli

import (
	"context"
	"image"
	"image/draw"
	"strings"
	"testing"
	"time"

	"github.com/tallystick/tallystick/app/model"
	"github.com/tallystick/tallystick/scanner"
	"github.com/tallystick/tallystick/scanner/camera"
	"github.com/tallystick/tallystick/scanner/capture"
)

// shots makes pictures of screens.
func shots(pictures ...image.Image) []capture.Shot {
	var out []capture.Shot
	for i, img := range pictures {
		m := image.NewRGBA(img.Bounds())
		draw.Draw(m, m.Bounds(), img, image.Point{}, draw.Src)
		out = append(out, capture.Shot{Name: []string{"screen 1", "screen 2"}[i], Image: m, Bounds: m.Bounds()})
	}
	return out
}

// waits makes pauses take no time, and gives what they were to be. over ends the time that --timeout gives.
func waits(r *rig) (pauses *[]time.Duration, over func()) {
	pauses = new([]time.Duration)
	end := make(chan time.Time)
	first := true
	r.env.After = func(d time.Duration) <-chan time.Time {
		if first {
			first = false
			return end
		}
		*pauses = append(*pauses, d)
		c := make(chan time.Time, 1)
		c <- r.now
		return c
	}
	return pauses, func() { close(end) }
}

func TestScanWaits(t *testing.T) {
	empty, foreign, both := picture(t), picture(t, "https://example.com/"), picture(t, "https://example.com/", linkRFC)
	t.Run("for a code that comes late", func(t *testing.T) {
		r := newRig(t)
		pauses, _ := waits(r)
		n := 0
		r.env.Screens = func(context.Context) ([]capture.Shot, error) {
			switch n++; n {
			case 1:
				return shots(empty, empty), nil
			case 2, 3:
				return shots(empty, foreign), nil
			}
			return shots(empty, both), nil
		}
		got := r.must("", "scan", "--wait", "--json")
		list := looks(t, got.out)
		if n != 4 || len(list) != 2 || len(list[1].Codes) != 1 || list[1].Codes[0].Text != linkRFC || list[1].Source != "screen 2" {
			t.Errorf("%d looks: %+v", n, got)
		}
		if len(*pauses) != 3 || (*pauses)[0] != waitEvery {
			t.Errorf("pauses %v", *pauses)
		}
		if !strings.Contains(got.err, "Waiting for a code") {
			t.Errorf("said %q", got.err)
		}
	})
	t.Run("and adds it", func(t *testing.T) {
		r := newRig(t)
		waits(r)
		n := 0
		r.env.Screens = func(context.Context) ([]capture.Shot, error) {
			if n++; n < 3 {
				return shots(foreign), nil
			}
			return shots(both), nil
		}
		got := r.must("", "scan", "--wait", "--add")
		if strings.Contains(got.out+got.err, rfcKey) || len(r.accounts()) != 1 {
			t.Errorf("%+v", got)
		}
	})
	t.Run("as long as it is told", func(t *testing.T) {
		r := newRig(t)
		_, over := waits(r)
		n := 0
		r.env.Screens = func(ctx context.Context) ([]capture.Shot, error) {
			if n++; n == 5 {
				over()
				<-ctx.Done() // what takes the picture is stopped as well
				return nil, ctx.Err()
			}
			return shots(foreign), nil
		}
		got := r.run("scan", "--wait", "--timeout", "2m", "--json")
		got.wants(t, statusNothing, "No code for an authenticator appeared in 2m.")
		if list := looks(t, got.out); len(list) != 1 || list[0].Reason != "no-code" || len(list[0].Codes) != 0 {
			t.Errorf("%q", got.out)
		}
	})
	t.Run("not after a refusal", func(t *testing.T) {
		r := newRig(t)
		pauses, _ := waits(r)
		r.env.CaptureMethod = func() string { return capture.MethodPortal }
		n := 0
		r.env.Screens = func(context.Context) ([]capture.Shot, error) {
			if n++; n == 1 {
				return shots(empty), nil
			}
			return nil, capture.ErrCancelled
		}
		r.run("scan", "--wait").wants(t, statusFailed, "was cancelled")
		if n != 2 || len(*pauses) != 1 || (*pauses)[0] != waitPortalEvery {
			t.Errorf("%d pictures, pauses %v", n, *pauses)
		}
	})
	t.Run("for the clipboard", func(t *testing.T) {
		r := newRig(t)
		waits(r)
		n := 0
		r.env.ClipboardPicture = func(context.Context) ([]byte, error) {
			if n++; n < 3 {
				return encode(t, empty), nil
			}
			return encode(t, both), nil
		}
		if list := looks(t, r.must("", "scan", "--wait", "--clipboard", "--json").out); n != 3 || len(list) != 1 || list[0].Source != "clipboard" {
			t.Errorf("%d looks, %+v", n, list)
		}
	})
	r := newRig(t)
	r.run("scan", "--wait", "x.png").wants(t, statusUsage, "does not change")
	r.run("scan", "--timeout", "1m").wants(t, statusUsage, "--wait or --camera")
	r.run("scan", "--wait", "--timeout", "-1s").wants(t, statusUsage, "longer than nothing")
}

// A screen on which nothing changed is not searched again.
func TestScanWaitsCheaply(t *testing.T) {
	r := newRig(t)
	waits(r)
	counting := &counter{Scanner: r.env.Scanner()}
	r.env.Scanner = func() Scanner { return counting }
	n := 0
	r.env.Screens = func(context.Context) ([]capture.Shot, error) {
		if n++; n < 9 {
			return shots(picture(t)), nil
		}
		return shots(picture(t, linkRFC)), nil
	}
	r.must("", "scan", "--wait")
	if counting.n != 2 {
		t.Errorf("%d searches of two different pictures", counting.n)
	}
}

type counter struct {
	Scanner
	n int
}

func (c *counter) Scan(ctx context.Context, img image.Image) (scanner.Result, error) {
	c.n++
	return c.Scanner.Scan(ctx, img)
}

// cameras is a computer with two of them, which see these pictures, one after the other and then the last one.
type cameras struct {
	see    []image.Image
	err    error // of the frame after the last
	opened string
	closed int
	empty  bool
}

func (c *cameras) List() ([]camera.Info, error) {
	if c.empty {
		return nil, nil
	}
	return []camera.Info{{ID: "/dev/video0", Name: "Built-in"}, {ID: "/dev/video2"}}, nil
}

func (c *cameras) Open(id string) (model.Camera, error) {
	if id != "/dev/video0" && id != "/dev/video2" {
		return nil, camera.ErrNone
	}
	c.opened = id
	return c, nil
}

func (c *cameras) Frame(context.Context) (image.Image, error) {
	if len(c.see) == 0 {
		return nil, c.err
	}
	m := c.see[0]
	if len(c.see) > 1 || c.err != nil {
		c.see = c.see[1:]
	}
	return m, nil
}

func (c *cameras) Close() { c.closed++ }

func TestScanCamera(t *testing.T) {
	empty, foreign, code := picture(t), picture(t, "https://example.com/"), picture(t, linkRFC)
	t.Run("a code that is held up", func(t *testing.T) {
		r := newRig(t)
		waits(r)
		c := &cameras{see: []image.Image{empty, foreign, foreign, code, empty, code, empty}}
		r.env.Cameras = c
		got := r.must("", "scan", "--camera", "--json")
		list := looks(t, got.out)
		if len(list) != 1 || list[0].Source != "camera" || len(list[0].Codes) != 1 || list[0].Codes[0].Text != linkRFC {
			t.Errorf("%+v", got)
		}
		if len(c.see) != 1 || c.opened != "/dev/video0" || c.closed != 1 || !strings.Contains(got.err, "Built-in") {
			t.Errorf("%d pictures left, %q, closed %d times, said %q", len(c.see), c.opened, c.closed, got.err)
		}
	})
	t.Run("another one", func(t *testing.T) {
		r := newRig(t)
		waits(r)
		c := &cameras{see: []image.Image{code}}
		r.env.Cameras = c
		r.must("", "scan", "--camera=/dev/video2", "--add")
		if c.opened != "/dev/video2" || len(r.accounts()) != 1 {
			t.Errorf("%q, %d accounts", c.opened, len(r.accounts()))
		}
	})
	t.Run("nothing is held up", func(t *testing.T) {
		r := newRig(t)
		_, over := waits(r)
		c := &cameras{see: []image.Image{foreign, empty}}
		r.env.Cameras = &ending{cameras: c, after: 4, over: over}
		got := r.run("scan", "--camera", "--timeout", "90s", "--json")
		got.wants(t, statusNothing, "appeared in 1m30s")
		if list := looks(t, got.out); len(list) != 1 || list[0].Reason == "" || c.closed != 1 {
			t.Errorf("%q, closed %d times", got.out, c.closed)
		}
	})
	t.Run("unplugged", func(t *testing.T) {
		r := newRig(t)
		waits(r)
		c := &cameras{see: []image.Image{empty, empty}, err: camera.ErrGone}
		r.env.Cameras = c
		r.run("scan", "--camera").wants(t, statusFailed, "stopped giving pictures")
		if c.closed != 1 {
			t.Errorf("closed %d times", c.closed)
		}
	})
	r := newRig(t)
	r.run("scan", "--camera").wants(t, statusFailed, "cannot be used on this system")
	r.env.Cameras = &cameras{empty: true}
	r.run("scan", "--camera").wants(t, statusFailed, "no camera")
	r.env.Cameras = &cameras{}
	r.run("scan", "--camera=/dev/null").wants(t, statusFailed, "no camera")
	r.run("scan", "--camera", "x.png").wants(t, statusUsage, "goes alone")
	r.run("scan", "--camera", "--screen").wants(t, statusUsage, "goes alone")
}

// ending is a computer whose camera sees the end of the time.
type ending struct {
	*cameras
	after int
	over  func()
}

func (e *ending) Open(id string) (model.Camera, error) {
	if _, err := e.cameras.Open(id); err != nil {
		return nil, err
	}
	return e, nil
}

func (e *ending) Frame(ctx context.Context) (image.Image, error) {
	if e.after--; e.after == 0 {
		e.over()
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return e.cameras.Frame(ctx)
}
