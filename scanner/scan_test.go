package scanner

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"sync"
	"testing"

	qrcode "github.com/skip2/go-qrcode"
)

func mustScan(t testing.TB, m image.Image) Result {
	t.Helper()
	r, err := New().Scan(context.Background(), m)
	if err != nil {
		t.Fatalf("Scan: %v", err)
	}
	if (r.Reason == ReasonNone) != (len(r.Codes) > 0) {
		t.Fatalf("%d codes and reason %q", len(r.Codes), r.Reason)
	}
	return r
}

// wantCodes checks texts and places; tolerance is in pixels.
func wantCodes(t *testing.T, m image.Image, texts []string, corners [][4]Point, tolerance float64) {
	t.Helper()
	r := mustScan(t, m)
	if len(r.Codes) != len(texts) {
		t.Fatalf("%d codes (reason %q), want %d", len(r.Codes), r.Reason, len(texts))
	}
	for i, c := range r.Codes {
		if c.Text != texts[i] {
			t.Errorf("code %d holds %q, want %q", i, c.Text, texts[i])
		}
		for k, p := range c.Corners {
			if q := corners[i][k]; math.Hypot(p.X-q.X, p.Y-q.Y) > tolerance {
				t.Errorf("code %d corner %d at %.1f, want %.1f (± %.1f)", i, k, p, q, tolerance)
			}
		}
	}
}

// TestScreens: one code in every way a portal shows it.
func TestScreens(t *testing.T) {
	grey := func(v uint8) color.RGBA { return color.RGBA{v, v, v, 255} }
	cases := []struct {
		name        string
		w, h        int
		s           stamp
		level       qrcode.RecoveryLevel
		paper       color.RGBA
		jpeg, soft  int
		noise       int
		textDarkish bool
	}{
		{name: "two pixels per module", w: 1920, h: 1080, s: stamp{px: 2, quiet: 4}},
		{name: "three pixels per module", w: 1920, h: 1080, s: stamp{px: 3, quiet: 4}},
		{name: "ordinary", w: 1920, h: 1080, s: stamp{px: 6, quiet: 4}},
		{name: "fractional modules", w: 1920, h: 1080, s: stamp{px: 4.37, quiet: 4}},
		{name: "HiDPI twice", w: 3840, h: 2160, s: stamp{px: 12, quiet: 4}},
		{name: "fills the screen", w: 1920, h: 1080, s: stamp{px: 20, quiet: 1}},
		{name: "4K small", w: 3840, h: 2160, s: stamp{px: 3, quiet: 4}},
		{name: "dark page, light code", w: 1920, h: 1080, s: stamp{px: 5, quiet: 4, dark: grey(230), light: grey(18)}, paper: grey(18)},
		{name: "dark page, framed code", w: 1920, h: 1080, s: stamp{px: 5, quiet: 2}, paper: grey(18)},
		{name: "dark page, no quiet zone", w: 1920, h: 1080, s: stamp{px: 5, quiet: 0}, paper: grey(18)},
		{name: "light page, no quiet zone", w: 1920, h: 1080, s: stamp{px: 5, quiet: 0}},
		{name: "low contrast", w: 1920, h: 1080, s: stamp{px: 5, quiet: 4, dark: grey(205), light: grey(255)}},
		{name: "very low contrast", w: 1920, h: 1080, s: stamp{px: 5, quiet: 4, dark: grey(232), light: grey(250)}},
		{name: "colour", w: 1920, h: 1080, s: stamp{px: 5, quiet: 4, dark: color.RGBA{40, 40, 160, 255}, light: color.RGBA{255, 240, 210, 255}}},
		{name: "turned 90", w: 1920, h: 1080, s: stamp{px: 4, quiet: 4, turn: 90}},
		{name: "turned 180", w: 1920, h: 1080, s: stamp{px: 4, quiet: 4, turn: 180}},
		{name: "turned 270", w: 1920, h: 1080, s: stamp{px: 4, quiet: 4, turn: 270}},
		{name: "turned 7", w: 1920, h: 1080, s: stamp{px: 5, quiet: 4, turn: 7}},
		{name: "turned 45", w: 1920, h: 1080, s: stamp{px: 5, quiet: 4, turn: 45}},
		{name: "turned 213", w: 1920, h: 1080, s: stamp{px: 5, quiet: 4, turn: 213}},
		{name: "mirrored", w: 1920, h: 1080, s: stamp{px: 5, quiet: 4, mirror: true}},
		{name: "JPEG 30", w: 1920, h: 1080, s: stamp{px: 4, quiet: 4}, jpeg: 30},
		{name: "soft", w: 1280, h: 720, s: stamp{px: 5, quiet: 4}, soft: 2},
		{name: "noise", w: 1280, h: 720, s: stamp{px: 5, quiet: 4}, noise: 40},
		{name: "most error correction", w: 1920, h: 1080, s: stamp{px: 4, quiet: 4}, level: qrcode.Highest},
		{name: "a pixel and a third per module", w: 300, h: 200, s: stamp{px: 1.34, quiet: 4}},
		{name: "large and noisy", w: 3840, h: 2160, s: stamp{px: 50, quiet: 1}, noise: 110},
		{name: "small picture", w: 120, h: 120, s: stamp{px: 2, quiet: 2}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if c.paper == (color.RGBA{}) {
				c.paper = white
			}
			ink := color.Color(black)
			if c.paper != white {
				ink = white
			}
			var m *image.RGBA
			if c.w < 400 {
				m = page(c.w, c.h, c.paper)
			} else {
				m = desktop(c.w, c.h, c.paper, ink)
			}
			c.s.x, c.s.y = float64(c.w)*0.62, float64(c.h)*0.5
			if c.w < 400 || c.s.px >= 20 {
				c.s.x = float64(c.w) / 2
			}
			corners := put(m, modules(t, secretText, c.level), c.s)
			if c.soft > 0 {
				m = blurred(m, c.soft)
			}
			if c.noise > 0 {
				m = noisy(m, c.noise, rand.New(rand.NewPCG(3, 3)))
			}
			var im image.Image = m
			if c.jpeg > 0 {
				var b bytes.Buffer
				if err := jpeg.Encode(&b, m, &jpeg.Options{Quality: c.jpeg}); err != nil {
					t.Fatal(err)
				}
				var err error
				if im, err = DecodePicture(&b, DefaultLimits()); err != nil {
					t.Fatal(err)
				}
			}
			// Half a module, and a pixel for rounding: what a frame drawn around the code may be off.
			wantCodes(t, im, []string{secretText}, [][4]Point{corners}, c.s.px/2+1)
		})
	}
}

// TestSeveral: codes of different sizes and polarities on one page, each once, in reading order, with the same text in two
// places being two codes.
func TestSeveral(t *testing.T) {
	m := desktop(1920, 1080, white, black)
	var texts []string
	var corners [][4]Point
	for i, s := range []stamp{
		{x: 700, y: 300, px: 3, quiet: 4},
		{x: 1000, y: 310, px: 6, quiet: 4},
		{x: 1400, y: 320, px: 4, quiet: 4, dark: white, light: black},
		{x: 800, y: 700, px: 9, quiet: 4, turn: 10},
		{x: 1400, y: 710, px: 4, quiet: 4},
	} {
		text := fmt.Sprintf("otpauth://totp/page:%d?secret=JBSWY3DPEHPK3PXP", min(i, 3)) // the last two are alike
		texts = append(texts, text)
		corners = append(corners, put(m, modules(t, text, qrcode.Medium), s))
	}
	wantCodes(t, m, texts, corners, 5)
}

// TestAmongDecoys: a real code is found among finder patterns that belong to none.
func TestAmongDecoys(t *testing.T) {
	m := page(1600, 900, white)
	for y := 40; y < 900; y += 120 {
		for x := 40; x < 700; x += 120 {
			decoy(m, x, y, 5)
		}
	}
	corners := put(m, modules(t, secretText, qrcode.Medium), stamp{x: 1150, y: 450, px: 5, quiet: 4})
	wantCodes(t, m, []string{secretText}, [][4]Point{corners}, 4)
}

// TestPaleBesideText: black text around a pale code, closer than its quiet zone should allow, does not blind the scanner to it.
func TestPaleBesideText(t *testing.T) {
	m := page(1280, 720, white)
	scribble(m, m.Rect, black, rand.New(rand.NewPCG(2, 2)))
	corners := put(m, modules(t, secretText, qrcode.Low), stamp{x: 640, y: 360, px: 3, quiet: 1, dark: color.RGBA{225, 225, 225, 255}, light: white})
	wantCodes(t, m, []string{secretText}, [][4]Point{corners}, 3)
}

// TestPaleBesideOrdinary: a pale code is found when there is an ordinary one on the same page, at which point nobody looks for
// pale ones any more.
func TestPaleBesideOrdinary(t *testing.T) {
	m := page(1280, 720, white)
	a := put(m, modules(t, secretText, qrcode.Low), stamp{x: 300, y: 360, px: 5, quiet: 4})
	b := put(m, modules(t, "pale", qrcode.Low), stamp{x: 900, y: 360, px: 5, quiet: 4, dark: color.RGBA{210, 210, 210, 255}, light: white})
	wantCodes(t, m, []string{secretText, "pale"}, [][4]Point{a, b}, 3.5)
}

// TestLargeCode: an export of many accounts, version 25 and up, as Google's app shows it.
func TestLargeCode(t *testing.T) {
	text := "otpauth-migration://offline?data=" + strings.Repeat("CjEKCkhlbGxvIN6tvu8SGEV4YW1wbGU6YWxpY2VAZ29vZ2xlLmNvbRoHRXhhbXBsZTAC", 17)
	code := modules(t, text, qrcode.Low)
	if len(code) < 17+4*25 {
		t.Fatalf("only %d modules", len(code))
	}
	m := desktop(1920, 1080, white, black)
	corners := put(m, code, stamp{x: 1200, y: 540, px: 4, quiet: 4})
	wantCodes(t, m, []string{text}, [][4]Point{corners}, 4)
}

// TestTransparent: a code with nothing behind it, drawn for a light page and for a dark one.
func TestTransparent(t *testing.T) {
	for _, ink := range []uint8{0, 255} {
		code := modules(t, secretText, qrcode.Medium)
		m := image.NewNRGBA(image.Rect(0, 0, 300, 300))
		for y := range 300 {
			for x := range 300 {
				u, v := (x-50)/4, (y-50)/4
				if x >= 50 && y >= 50 && u < len(code) && v < len(code) && code[v][u] {
					m.SetNRGBA(x, y, color.NRGBA{ink, ink, ink, 255})
				}
			}
		}
		if r := mustScan(t, m); len(r.Codes) != 1 || r.Codes[0].Text != secretText {
			t.Errorf("ink %d: %d codes, reason %q", ink, len(r.Codes), r.Reason)
		}
	}
}

// TestOrigin: corners are in the coordinates of the image, wherever its bounds begin.
func TestOrigin(t *testing.T) {
	m := page(900, 700, white)
	corners := put(m, modules(t, secretText, qrcode.Medium), stamp{x: 500, y: 400, px: 5, quiet: 4})
	sub := m.SubImage(image.Rect(300, 200, 700, 600))
	wantCodes(t, sub, []string{secretText}, [][4]Point{corners}, 3.5)
	r := mustScan(t, sub)
	if b := r.Codes[0].Bounds(sub.Bounds()); !b.In(sub.Bounds()) || b.Dx() < 200 {
		t.Errorf("bounds %v in %v", b, sub.Bounds())
	}
}

// TestReasons: what is said about a picture without a readable code is true.
func TestReasons(t *testing.T) {
	code := modules(t, secretText, qrcode.Low)
	side := len(code) * 5
	whole := func() *image.RGBA {
		m := desktop(1600, 900, white, black)
		put(m, code, stamp{x: 1000, y: 450, px: 5, quiet: 4})
		return m
	}
	cases := []struct {
		name string
		m    func() image.Image
		want Reason
	}{
		{"blank", func() image.Image { return page(800, 600, white) }, ReasonNoCode},
		{"text and icons", func() image.Image { return desktop(1920, 1080, white, black) }, ReasonNoCode},
		{"grid of icons", func() image.Image {
			m := page(1200, 900, white)
			for y := 60; y < 900; y += 100 {
				for x := 60; x < 1200; x += 100 {
					decoy(m, x, y, 6)
				}
			}
			return m
		}, ReasonNoCode},
		{"covered in the middle", func() image.Image {
			m := whole()
			box(m, image.Rect(1000-side/4, 450-side/4, 1000+side/4, 450+side/4), white)
			return m
		}, ReasonUnreadable},
		{"lower half cut off", func() image.Image {
			return whole().SubImage(image.Rect(0, 0, 1600, 450+side/5))
		}, ReasonUnreadable},
		{"right half cut off", func() image.Image {
			return whole().SubImage(image.Rect(0, 0, 1000+side/5, 900))
		}, ReasonUnreadable},
		{"light code, covered", func() image.Image {
			m := page(900, 900, black)
			put(m, code, stamp{x: 450, y: 450, px: 5, quiet: 4, dark: white, light: black})
			box(m, image.Rect(450-side/4, 450-side/4, 450+side/4, 450+side/4), black)
			return m
		}, ReasonUnreadable},
		{"twenty pixels", func() image.Image { return page(20, 400, white) }, ReasonTooSmall},
		{"one pixel", func() image.Image { return page(1, 1, black) }, ReasonTooSmall},
		{"empty", func() image.Image { return image.NewRGBA(image.Rectangle{}) }, ReasonTooSmall},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if r := mustScan(t, c.m()); r.Reason != c.want || len(r.Codes) != 0 {
				t.Errorf("reason %q with %d codes, want %q", r.Reason, len(r.Codes), c.want)
			}
		})
	}
}

// wide claims to be huge and would give its pixels one by one.
type wide struct{ r image.Rectangle }

func (w wide) ColorModel() color.Model { return color.GrayModel }
func (w wide) Bounds() image.Rectangle { return w.r }
func (w wide) At(x, y int) color.Color { panic("asked for a pixel") }

// liar promises more pixels than it has.
func liar() image.Image {
	m := page(400, 400, white)
	m.Pix = m.Pix[:1000]
	return m
}

func TestImpossiblePictures(t *testing.T) {
	s := New()
	for _, r := range []image.Rectangle{image.Rect(0, 0, 1<<30, 1<<30), image.Rect(-1<<30, 0, 1<<30, 64), image.Rect(0, 0, 10000, 10000)} {
		if _, err := s.Scan(context.Background(), wide{r}); !errors.Is(err, ErrTooLarge) {
			t.Errorf("%v: %v, want ErrTooLarge", r, err)
		}
	}
	if _, err := s.Scan(context.Background(), nil); !errors.Is(err, ErrFormat) {
		t.Errorf("nil: %v", err)
	}
	for _, m := range []image.Image{liar(), wide{image.Rect(0, 0, 100, 100)}} {
		r, err := s.Scan(context.Background(), m)
		if err != nil || r.Reason != ReasonUnreadable {
			t.Errorf("%T: %+v, %v", m, r, err)
		}
	}
	// Large enough for two goroutines: a panic in the second one must be caught too.
	m := page(1200, 800, white)
	m.Pix = m.Pix[:len(m.Pix)*3/4]
	if r, err := s.Scan(context.Background(), m); err != nil || r.Reason != ReasonUnreadable {
		t.Errorf("cut in the second half: %+v, %v", r, err)
	}
}

// countdown is a context that ends after a number of looks at it.
type countdown struct {
	context.Context
	left int
}

func (c *countdown) Err() error {
	if c.left--; c.left < 0 {
		return context.Canceled
	}
	return nil
}

// TestCancel: a scan that is cancelled at any of its stages ends with the context's error and nothing else.
func TestCancel(t *testing.T) {
	m := desktop(800, 600, white, black)
	total := &countdown{context.Background(), 1 << 30}
	if _, err := New().Scan(total, m); err != nil {
		t.Fatal(err)
	}
	looks := 1<<30 - total.left
	if looks < 10 {
		t.Fatalf("the context is looked at only %d times", looks)
	}
	for i := range looks {
		r, err := New().Scan(&countdown{context.Background(), i}, m)
		if !errors.Is(err, context.Canceled) || r.Codes != nil {
			t.Fatalf("cancelled at look %d: %+v, %v", i, r, err)
		}
	}
}

// TestSame: the same picture gives the same result, also from many goroutines at once, and is not written to.
func TestSame(t *testing.T) {
	m := desktop(1280, 720, white, black)
	put(m, modules(t, secretText, qrcode.Medium), stamp{x: 800, y: 360, px: 5, quiet: 4})
	put(m, modules(t, "second", qrcode.Medium), stamp{x: 500, y: 360, px: 5, quiet: 4})
	before := bytes.Clone(m.Pix)
	s := New()
	want := mustScan(t, m)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			got, err := s.Scan(context.Background(), m)
			if err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("%+v, %v; want %+v", got, err, want)
			}
		})
	}
	wg.Wait()
	if !bytes.Equal(before, m.Pix) {
		t.Error("the picture was changed")
	}
	g := image.NewGray(m.Rect)
	draw.Draw(g, g.Rect, m, image.Point{}, draw.Src)
	before = bytes.Clone(g.Pix)
	mustScan(t, g)
	if !bytes.Equal(before, g.Pix) {
		t.Error("the grey picture, which is shared and not copied, was changed")
	}
}

func TestBounds(t *testing.T) {
	r := image.Rect(0, 0, 100, 100)
	c := Code{Corners: [4]Point{{10.2, 20.7}, {50, 19.5}, {51.1, 60}, {9.9, 61}}}
	if got := c.Bounds(r); got != image.Rect(9, 19, 52, 61) {
		t.Errorf("got %v", got)
	}
	c.Corners[0] = Point{math.Inf(-1), math.NaN()}
	c.Corners[2] = Point{1e300, -1e300}
	if got := c.Bounds(r); !got.In(r) {
		t.Errorf("got %v, outside %v", got, r)
	}
}

// TestPageOfLabels: all codes of a page are read, also where there are more finders than icons on any screen.
func TestPageOfLabels(t *testing.T) {
	const columns, rows, pitch = 11, 7, 92
	m := page(columns*pitch+20, rows*pitch+20, white)
	want := map[string]bool{}
	for i := range columns * rows {
		text := fmt.Sprintf("label %d", i)
		want[text] = true
		put(m, modules(t, text, qrcode.Low), stamp{x: float64(10 + pitch/2 + i%columns*pitch), y: float64(10 + pitch/2 + i/columns*pitch), px: 3, quiet: 4})
	}
	for _, c := range mustScan(t, m).Codes {
		if !want[c.Text] {
			t.Errorf("%q read twice, or invented", c.Text)
		}
		delete(want, c.Text)
	}
	if len(want) > 0 {
		t.Errorf("%d of %d codes not read: %v", len(want), columns*rows, want)
	}
}

// TestCutToTheRing: a code whose finders begin a little outside the picture, above or below, is read.
func TestCutToTheRing(t *testing.T) {
	code := modules(t, secretText, qrcode.Medium)
	const px = 6
	half := float64(len(code)) / 2 * px
	for _, turn := range []float64{0, 8, 20, 180} {
		for _, below := range []bool{false, true} {
			m := page(500, 400, color.RGBA{60, 80, 120, 255})
			reach := half * (math.Abs(math.Cos(turn*math.Pi/180)) + math.Abs(math.Sin(turn*math.Pi/180)))
			y := reach - 0.9*px // nearly a module is missing
			if below {
				y = 400 - y
			}
			put(m, code, stamp{x: 250, y: y, px: px, turn: turn, quiet: 4})
			if r := mustScan(t, m); len(r.Codes) != 1 || r.Codes[0].Text != secretText {
				t.Errorf("turned by %g°, below %v: %+v", turn, below, r)
			}
		}
	}
}

// TestHiddenFinder: a code is read though something lies on one of its finders: which one, and of what colour, is all the same. What
// else is covered is for the error correction.
func TestHiddenFinder(t *testing.T) {
	code := modules(t, secretText, qrcode.Medium)
	for _, turn := range []float64{0, 20, 90, 200} {
		for corner := range 4 {
			for _, c := range []color.RGBA{white, black, {200, 60, 60, 255}} {
				m := desktop(1280, 720, white, black)
				at := put(m, code, stamp{x: 900, y: 360, px: 5, turn: turn, quiet: 4})
				// The finder's middle is 3.5 modules from both edges.
				n, a, b, d := 3.5/float64(len(code)), at[0], at[1], at[3]
				mid := a.plus(n, Point{b.X - a.X, b.Y - a.Y}, n, Point{d.X - a.X, d.Y - a.Y})
				far := 1 - 2*n
				switch corner {
				case 1:
					mid = mid.plus(far, Point{b.X - a.X, b.Y - a.Y}, 0, Point{})
				case 2:
					mid = mid.plus(far, Point{d.X - a.X, d.Y - a.Y}, 0, Point{})
				}
				if corner < 3 {
					box(m, image.Rect(int(mid.X)-19, int(mid.Y)-19, int(mid.X)+19, int(mid.Y)+19), c)
				}
				r := mustScan(t, m)
				if len(r.Codes) != 1 || r.Codes[0].Text != secretText {
					t.Fatalf("corner %d, turned by %g°, covered with %v: %+v", corner, turn, c, r)
				}
				for i, p := range r.Codes[0].Corners {
					if off := math.Hypot(p.X-at[i].X, p.Y-at[i].Y); off > 5 {
						t.Errorf("corner %d, turned by %g°: place %d is off by %.1f pixels", corner, turn, i, off)
					}
				}
			}
		}
	}
}
