package camera

import (
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/blackjack/webcam"
	"golang.org/x/sys/unix"
)

func TestFindSortsByNumber(t *testing.T) {
	dev, sys := t.TempDir(), t.TempDir()
	for _, name := range []string{"video10", "video2", "video0", "videodisc", "vhost"} {
		if err := os.WriteFile(filepath.Join(dev, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.MkdirAll(filepath.Join(sys, "video2"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(sys, "video2", "name"), []byte("Example Camera\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	want := []Info{{ID: filepath.Join(dev, "video0")}, {filepath.Join(dev, "video2"), "Example Camera"}, {ID: filepath.Join(dev, "video10")}}
	if got := find(dev, sys); !slices.Equal(got, want) {
		t.Errorf("found %v, want %v", got, want)
	}
	if got := find(filepath.Join(dev, "nothing"), sys); len(got) != 0 {
		t.Errorf("found %v where nothing is", got)
	}
}

func TestBestSize(t *testing.T) {
	discrete := func(w, h uint32) webcam.FrameSize {
		return webcam.FrameSize{MinWidth: w, MaxWidth: w, MinHeight: h, MaxHeight: h}
	}
	for _, c := range []struct {
		sizes []webcam.FrameSize
		want  image.Point
	}{
		{nil, wanted},
		{[]webcam.FrameSize{discrete(640, 480), discrete(1920, 1080), discrete(1280, 720)}, image.Pt(1280, 720)},
		{[]webcam.FrameSize{discrete(320, 240), discrete(640, 480)}, image.Pt(640, 480)},
		{[]webcam.FrameSize{{MinWidth: 160, MaxWidth: 4096, StepWidth: 16, MinHeight: 120, MaxHeight: 2160, StepHeight: 8}}, image.Pt(1280, 720)},
		{[]webcam.FrameSize{{MinWidth: 48, MaxWidth: 800, StepWidth: 17, MinHeight: 32, MaxHeight: 600, StepHeight: 1}}, image.Pt(796, 600)},
	} {
		if got := best(c.sizes); got != c.want {
			t.Errorf("of %v the best is %v, want %v", c.sizes, got, c.want)
		}
	}
}

// What is no camera is told from what is one and cannot be used.
func TestOpenSaysWhy(t *testing.T) {
	if _, err := Open(filepath.Join(t.TempDir(), "video0")); !errors.Is(err, ErrNone) {
		t.Errorf("a device that is not there: %v", err)
	}
	if _, err := Open(os.DevNull); !errors.Is(err, ErrFormat) {
		t.Errorf("a device that is no camera: %v", err)
	}
	for answer, want := range map[error]error{
		unix.EACCES: ErrDenied, unix.EPERM: ErrDenied, unix.EBUSY: ErrBusy, unix.ENODEV: ErrGone, unix.ENOENT: ErrNone,
		unix.EINVAL: ErrFormat, fmt.Errorf("Failed to start streaming: %s", unix.EBUSY): ErrBusy,
	} {
		if got := understand(answer); !errors.Is(got, want) {
			t.Errorf("%v becomes %v", answer, got)
		}
	}
}

// fake is a driver that goes through a list of answers, and stays with the last one.
type fake struct {
	answers []answer
	memory  []byte // what frames lie in
	closed  int
	asked   int
}

type answer struct {
	wait, read error
	frame      string
}

func (f *fake) now() answer { return f.answers[min(f.asked, len(f.answers))-1] }

func (f *fake) WaitForFrame(uint32) error { f.asked++; return f.now().wait }

func (f *fake) ReadFrame() ([]byte, error) {
	f.memory = append(f.memory[:0], f.now().frame...)
	return f.memory, f.now().read
}

func (f *fake) StopStreaming() error { return nil }
func (f *fake) Close() error         { f.closed++; return nil }

// What a driver answers becomes a frame, or one of the few things that can be wrong.
func TestFramesOfADriver(t *testing.T) {
	silent := answer{wait: new(webcam.Timeout)}
	for name, c := range map[string]struct {
		answers []answer
		frame   string
		err     error
		asked   int
	}{
		"at once":               {[]answer{{frame: "one"}}, "one", nil, 1},
		"after some silence":    {[]answer{silent, silent, {frame: "one"}}, "one", nil, 3},
		"after an empty one":    {[]answer{{}, {}, {frame: "one"}}, "one", nil, 3},
		"silence for good":      {[]answer{silent}, "", ErrGone, maxBad},
		"unplugged, waiting":    {[]answer{silent, {wait: unix.ENODEV}}, "", ErrGone, 2},
		"unplugged, reading":    {[]answer{{read: unix.ENODEV}}, "", ErrGone, 1},
		"a cable that is loose": {[]answer{{read: unix.EIO}}, "", ErrGone, 1},
	} {
		t.Run(name, func(t *testing.T) {
			f := &fake{answers: c.answers}
			v := &v4l2{cam: f}
			got, err := v.next(t.Context())
			if string(got) != c.frame || !errors.Is(err, c.err) || f.asked != c.asked {
				t.Errorf("%q, %v after %d", got, err, f.asked)
			}
			clear(f.memory) // the next frame
			if string(got) != c.frame {
				t.Error("the frame is in the driver's memory")
			}
			v.close()
			v.close()
			if _, err := v.next(t.Context()); !errors.Is(err, ErrGone) || f.closed != 1 {
				t.Errorf("closed %d times, and then %v", f.closed, err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			if _, err := (&v4l2{cam: f}).next(ctx); !errors.Is(err, context.Canceled) {
				t.Errorf("cancelled: %v", err)
			}
		})
	}
}

// The kernel's virtual camera (modprobe vivid), where it is loaded: it shows colour bars in every layout there is.
func TestVirtualCamera(t *testing.T) {
	all, err := List()
	if err != nil {
		t.Fatal(err)
	}
	at := slices.IndexFunc(all, func(i Info) bool { return strings.HasPrefix(i.Name, "vivid") })
	if at < 0 {
		t.Skip("the kernel's virtual camera is not here: modprobe vivid")
	}
	id := all[at].ID

	c, err := Open(id)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if c.Size() != wanted {
		t.Errorf("pictures of %v", c.Size())
	}
	if _, err := Open(id); !errors.Is(err, ErrBusy) {
		t.Errorf("while it is on: %v", err)
	}
	for range 5 {
		if m, err := c.Frame(t.Context()); err != nil || m.Bounds().Size() != wanted {
			t.Fatal(err)
		}
	}
	closing := time.AfterFunc(50*time.Millisecond, c.Close)
	defer closing.Stop()
	for err == nil {
		_, err = c.Frame(t.Context())
	}
	if !errors.Is(err, ErrGone) {
		t.Errorf("switched off while a picture was waited for: %v", err)
	}

	// Every layout shows the same picture.
	cam, err := webcam.Open(id)
	if err != nil {
		t.Fatal(err)
	}
	kinds := offers(cam)
	cam.Close()
	var want []color.Gray
	for _, o := range kinds {
		cam, err := webcam.Open(id)
		if err != nil {
			t.Fatal(err)
		}
		c, err := start(cam, o)
		if err != nil {
			t.Errorf("%s: %v", o.layout, err)
			continue
		}
		m, err := c.Frame(t.Context())
		if err != nil {
			t.Errorf("%s: %v", o.layout, err)
			c.Close()
			continue
		}
		var got []color.Gray
		for x := 80; x < wanted.X; x += 160 { // the middle of each bar, below the text
			got = append(got, color.GrayModel.Convert(m.At(x, 600)).(color.Gray))
		}
		if want == nil {
			want = got
		}
		for i := range got {
			d := int(got[i].Y) - int(want[i].Y)
			if o.layout == grey && i > 0 && got[i].Y >= got[i-1].Y || o.layout != grey && (d < -4 || d > 4) { // grey has weights of its own
				t.Errorf("%s: bars %v, want %v", o.layout, got, want)
				break
			}
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := c.Frame(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: cancelled: %v", o.layout, err)
		}
		c.Close()
	}
	t.Logf("%d layouts of %s: %v", len(kinds), id, kinds)
}
