package camera

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"image"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/blackjack/webcam"
	"golang.org/x/sys/unix"
)

// Supported reports whether cameras of this system can be read.
const Supported = true

// devices is where Linux has the cameras, and what it knows of them.
const (
	devices = "/dev"
	names   = "/sys/class/video4linux"
)

func list() ([]Info, error) {
	found := find(devices, names)
	return slices.DeleteFunc(found, func(i Info) bool {
		// Every camera has a second device for what it measures, and other devices play pictures instead of taking them.
		cam, err := webcam.Open(i.ID)
		if err != nil {
			// One that is refused or in use is a camera all the same: Open says so.
			return !errors.Is(err, unix.EACCES) && !errors.Is(err, unix.EBUSY)
		}
		defer cam.Close()
		return len(offers(cam)) == 0
	}), nil
}

// find lists the video devices of a directory by number, with the names that another directory has for them.
func find(devices, names string) []Info {
	paths, _ := filepath.Glob(filepath.Join(devices, "video*"))
	var found []Info
	number := func(path string) int {
		n, err := strconv.Atoi(strings.TrimPrefix(filepath.Base(path), "video"))
		if err != nil {
			return -1
		}
		return n
	}
	slices.SortFunc(paths, func(a, b string) int { return cmp.Compare(number(a), number(b)) })
	for _, path := range paths {
		if number(path) < 0 {
			continue
		}
		name, _ := os.ReadFile(filepath.Join(names, filepath.Base(path), "name"))
		found = append(found, Info{ID: path, Name: strings.TrimSpace(string(name))})
	}
	return found
}

// offer is one way a camera can give pictures.
type offer struct {
	layout layout
	size   image.Point
}

// offers asks a camera for what it can do and this package can read, the best first.
func offers(cam *webcam.Webcam) []offer {
	has := cam.GetSupportedFormats()
	var all []offer
	for _, l := range layouts {
		if _, ok := has[webcam.PixelFormat(l.code())]; !ok {
			continue
		}
		sizes := cam.GetSupportedFrameSizes(webcam.PixelFormat(l.code()))
		all = append(all, offer{l, best(sizes)})
	}
	// A camera may have its larger sizes as JPEG only.
	slices.SortStableFunc(all, func(a, b offer) int { return cmp.Compare(distance(a.size), distance(b.size)) })
	return all
}

// wanted is the size of frames that is asked for, in pixels.
var wanted = image.Pt(1280, 720)

// best picks the size nearest to the wanted one.
func best(sizes []webcam.FrameSize) image.Point {
	at := wanted
	for i, s := range sizes {
		fit := image.Pt(fit(wanted.X, s.MinWidth, s.MaxWidth, s.StepWidth), fit(wanted.Y, s.MinHeight, s.MaxHeight, s.StepHeight))
		if i == 0 || distance(fit) < distance(at) {
			at = fit
		}
	}
	return at
}

func fit(want int, lowest, highest, step uint32) int {
	n := min(max(want, int(lowest)), int(highest))
	if step > 1 {
		n -= (n - int(lowest)) % int(step)
	}
	return n
}

// distance is how far a size is from the wanted one.
func distance(p image.Point) int {
	d := p.Sub(wanted)
	return d.X*d.X + d.Y*d.Y
}

// v4l2 is a camera that streams.
type v4l2 struct {
	mu   sync.Mutex // closing frees the memory that frames are read from
	cam  driver
	done bool
}

// driver is what a webcam.Webcam does once it streams. Frames are in memory that is the driver's again with the next one.
type driver interface {
	WaitForFrame(seconds uint32) error // *webcam.Timeout when none came
	ReadFrame() ([]byte, error)        // empty when there was none after all
	StopStreaming() error
	Close() error
}

func open(path string) (*Camera, error) {
	cam, err := webcam.Open(path)
	if err != nil {
		return nil, understand(err)
	}
	all := offers(cam)
	if len(all) == 0 {
		cam.Close()
		return nil, ErrFormat
	}
	return start(cam, all[0])
}

// start makes a camera give pictures of a kind, and closes it when it does not.
func start(cam *webcam.Webcam, o offer) (*Camera, error) {
	// The driver answers with what it really gives, which need not be what was asked for.
	code, w, h, err := cam.SetImageFormat(webcam.PixelFormat(o.layout.code()), uint32(o.size.X), uint32(o.size.Y))
	if err != nil {
		cam.Close()
		return nil, understand(err)
	}
	given := slices.IndexFunc(layouts, func(l layout) bool { return webcam.PixelFormat(l.code()) == code })
	if given < 0 || w == 0 || h == 0 || w > maxSide || h > maxSide {
		cam.Close()
		return nil, fmt.Errorf("%w: %d × %d pixels", ErrFormat, w, h)
	}
	if err := cam.StartStreaming(); err != nil {
		cam.Close()
		return nil, understand(err)
	}
	return newCamera(&v4l2{cam: cam}, image.Pt(int(w), int(h)), layouts[given]), nil
}

// maxSide is what a frame may measure, in pixels: no camera has more, and a driver's slip must not ask for all memory.
const maxSide = 16_384

func (v *v4l2) next(ctx context.Context) ([]byte, error) {
	const seconds = 1 // how long a closed or silent camera is waited for before looking at ctx
	for silent := 0; ; {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := v.wait(seconds); err != nil {
			if _, ok := errors.AsType[*webcam.Timeout](err); ok {
				if silent++; silent < maxBad {
					continue
				}
				return nil, ErrGone
			}
			return nil, understand(err)
		}
		frame, err := v.read()
		switch {
		case err != nil:
			return nil, err
		case len(frame) > 0:
			return frame, nil
		}
	}
}

func (v *v4l2) wait(seconds uint32) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.done {
		return ErrGone
	}
	return v.cam.WaitForFrame(seconds)
}

// read copies a frame out of the memory it shares with the driver; nil when there is none after all.
func (v *v4l2) read() ([]byte, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.done {
		return nil, ErrGone
	}
	raw, err := v.cam.ReadFrame()
	if err != nil {
		return nil, understand(err)
	}
	return bytes.Clone(raw), nil
}

func (v *v4l2) close() {
	v.mu.Lock()
	defer v.mu.Unlock()
	if !v.done {
		v.done = true
		_ = v.cam.StopStreaming() // it is closed anyway
		_ = v.cam.Close()
	}
}

// understand puts an answer of the system into this package's words.
func understand(err error) error {
	switch {
	case errors.Is(err, fs.ErrPermission), errors.Is(err, unix.EPERM):
		return fmt.Errorf("%w: %w", ErrDenied, err)
	// The library turns what the driver said at the start of streaming into text.
	case errors.Is(err, unix.EBUSY), strings.HasSuffix(err.Error(), unix.EBUSY.Error()):
		return fmt.Errorf("%w: %w", ErrBusy, err)
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, unix.ENXIO):
		return fmt.Errorf("%w: %w", ErrNone, err)
	case errors.Is(err, unix.ENODEV), errors.Is(err, unix.EIO), errors.Is(err, ErrGone):
		return fmt.Errorf("%w: %w", ErrGone, err)
	default:
		return fmt.Errorf("%w: %w", ErrFormat, err)
	}
}
