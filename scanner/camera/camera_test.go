package camera

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/color"
	"image/jpeg"
	"testing"
	"testing/synctest"
)

// scene is a picture in which every part is told from the others by its luma.
func scene(w, h int) *image.YCbCr {
	m := image.NewYCbCr(image.Rect(0, 0, w, h), image.YCbCrSubsampleRatio422)
	for y := range h {
		for x := range w {
			m.Y[m.YOffset(x, y)] = uint8(3*x + 5*y)
			m.Cb[m.COffset(x, y)], m.Cr[m.COffset(x, y)] = uint8(100+x/2), uint8(200-y)
		}
	}
	return m
}

// encode writes a picture the way a camera of this layout does.
func encode(t testing.TB, m *image.YCbCr, l layout) []byte {
	t.Helper()
	w, h := m.Rect.Dx(), m.Rect.Dy()
	var raw []byte
	luma := func() {
		for y := range h {
			raw = append(raw, m.Y[y*m.YStride:y*m.YStride+w]...)
		}
	}
	chroma := func(at func(i int)) {
		for y := 0; y < h; y += 2 {
			for x := 0; x < w; x += 2 {
				at(m.COffset(x, y))
			}
		}
	}
	switch l {
	case grey:
		luma()
	case yu12:
		luma()
		chroma(func(i int) { raw = append(raw, m.Cb[i]) })
		chroma(func(i int) { raw = append(raw, m.Cr[i]) })
	case nv12:
		luma()
		chroma(func(i int) { raw = append(raw, m.Cb[i], m.Cr[i]) })
	case yuyv, uyvy:
		for y := range h {
			for x := 0; x < w; x += 2 {
				a, b, u, v := m.Y[m.YOffset(x, y)], m.Y[m.YOffset(x+1, y)], m.Cb[m.COffset(x, y)], m.Cr[m.COffset(x, y)]
				if l == yuyv {
					raw = append(raw, a, u, b, v)
				} else {
					raw = append(raw, u, a, v, b)
				}
			}
		}
	case mjpg, jpeg_:
		var buf bytes.Buffer
		if err := jpeg.Encode(&buf, m, &jpeg.Options{Quality: 100}); err != nil {
			t.Fatal(err)
		}
		raw = buf.Bytes()
		if l == mjpg {
			raw = withoutTables(raw)
		}
	}
	return raw
}

// withoutTables leaves the Huffman tables out of a JPEG, as Motion JPEG does. image/jpeg writes those of the standard.
func withoutTables(raw []byte) []byte {
	out := bytes.Clone(raw[:2])
	for at := 2; ; {
		n := 2 + int(raw[at+2])<<8 + int(raw[at+3])
		if raw[at+1] != 0xc4 {
			out = append(out, raw[at:at+n]...)
		}
		if at += n; raw[at-n+1] == 0xda {
			return append(out, raw[at:]...)
		}
	}
}

func TestEveryLayoutGivesThePicture(t *testing.T) {
	size := image.Pt(48, 32)
	m := scene(size.X, size.Y)
	for _, l := range layouts {
		raw := encode(t, m, l)
		got, err := l.picture(raw, size)
		if err != nil {
			t.Errorf("%s: %v", l, err)
			continue
		}
		if got.Bounds() != m.Bounds() {
			t.Errorf("%s: a picture of %v", l, got.Bounds())
		}
		off, tinted := 0, 0
		for y := range size.Y {
			for x := range size.X {
				want, is := m.YCbCrAt(x, y), color.YCbCrModel.Convert(got.At(x, y)).(color.YCbCr)
				if d := int(want.Y) - int(is.Y); max(d, -d) > 3 {
					off++
				}
				if d := int(want.Cb) - int(is.Cb); max(d, -d) > 6 {
					tinted++
				}
			}
		}
		if off > 0 {
			t.Errorf("%s: the luma of %d pixels is wrong", l, off)
		}
		if l != grey && tinted > size.X*size.Y/20 {
			t.Errorf("%s: the colour of %d pixels is wrong", l, tinted)
		}
		// Cut off anywhere, it is an error or a picture of the right size, never a panic.
		for n := range len(raw) {
			if cut, err := l.picture(raw[:n], size); err == nil && cut.Bounds() != m.Bounds() {
				t.Errorf("%s: %d bytes give a picture of %v", l, n, cut.Bounds())
			}
		}
	}
	if _, err := layout("H264").picture(make([]byte, 1<<16), size); !errors.Is(err, ErrFormat) {
		t.Errorf("an unknown layout: %v", err)
	}
	if _, err := mjpg.picture(encode(t, scene(16, 16), mjpg), size); !errors.Is(err, ErrFormat) {
		t.Errorf("a frame of another size: %v", err)
	}
}

func TestOddSizes(t *testing.T) {
	for _, size := range []image.Point{{1, 1}, {3, 5}, {7, 2}} {
		for _, l := range layouts[:5] {
			m, err := l.picture(make([]byte, 4*(size.X+1)*(size.Y+1)), size)
			if err != nil || m.Bounds().Size() != size {
				t.Errorf("%s %v: %v", l, size, err)
			}
		}
	}
}

// tape is a camera that plays frames, and then gives none until it is closed.
type tape struct {
	frames [][]byte
	closed chan struct{}
}

func (f *tape) next(ctx context.Context) ([]byte, error) {
	if len(f.frames) == 0 {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	raw := f.frames[0]
	f.frames = f.frames[1:]
	return raw, nil
}

func (f *tape) close() {
	select {
	case <-f.closed:
	default:
		close(f.closed)
	}
}

func TestFrameLeavesDamagedOnesOut(t *testing.T) {
	m := scene(16, 16)
	good := encode(t, m, yuyv)
	bad := good[:100]
	c := newCamera(&tape{frames: [][]byte{bad, bad, good}, closed: make(chan struct{})}, image.Pt(16, 16), yuyv)
	if got, err := c.Frame(t.Context()); err != nil || got.Bounds() != m.Bounds() {
		t.Fatal(got, err)
	}
	c = newCamera(&tape{frames: slicesRepeat(bad, maxBad+1), closed: make(chan struct{})}, image.Pt(16, 16), yuyv)
	if _, err := c.Frame(t.Context()); !errors.Is(err, ErrFormat) {
		t.Fatalf("a camera that gives nothing but damaged frames: %v", err)
	}
}

func slicesRepeat(b []byte, n int) [][]byte {
	out := make([][]byte, n)
	for i := range out {
		out[i] = b
	}
	return out
}

func TestCloseEndsAFrameThatWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := &tape{closed: make(chan struct{})}
		c := newCamera(source, image.Pt(16, 16), yuyv)
		got := make(chan error)
		go func() {
			_, err := c.Frame(t.Context())
			got <- err
		}()
		synctest.Wait()
		c.Close()
		c.Close()
		if err := <-got; !errors.Is(err, ErrGone) {
			t.Errorf("a frame of a closed camera: %v", err)
		}
		<-source.closed
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := newCamera(source, image.Pt(1, 1), grey).Frame(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled: %v", err)
		}
	})
}

func FuzzFrame(f *testing.F) {
	m := scene(16, 16)
	for i, l := range layouts {
		f.Add(uint8(i), encode(f, m, l), uint8(16), uint8(16))
	}
	f.Fuzz(func(t *testing.T, which uint8, raw []byte, w, h uint8) {
		l, size := layouts[int(which)%len(layouts)], image.Pt(int(w), int(h))
		if p, err := l.picture(raw, size); err == nil && p.Bounds().Size() != size {
			t.Fatalf("%s: a picture of %v instead of %v", l, p.Bounds().Size(), size)
		}
	})
}
