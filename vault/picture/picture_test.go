package picture_test

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/image/bmp"

	"github.com/tallystick/tallystick/vault/picture"
)

// drawn is a red disc on nothing, w × h pixels.
func drawn(w, h int) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	r := min(w, h) / 2
	for y := range h {
		for x := range w {
			if dx, dy := x-w/2, y-h/2; dx*dx+dy*dy < r*r {
				img.SetNRGBA(x, y, color.NRGBA{200, 30, 40, 255})
			}
		}
	}
	return img
}

func pngOf(t testing.TB, img image.Image) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := png.Encode(&out, img); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// WebP files of one pixel, for there is no encoder: lossless and lossy.
var (
	webpDot   = fromBase64("UklGRhoAAABXRUJQVlA4TA0AAAAvAAAAEAcQERGIiP4HAA==")
	webpLossy = fromBase64("UklGRiIAAABXRUJQVlA4IBYAAAAwAQCdASoBAAEADsD+JaQAA3AAAAAA")
)

func fromBase64(text string) []byte {
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		panic(err)
	}
	return data
}

func noise(w, h int) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	r := rand.New(rand.NewPCG(1, 2))
	for i := range img.Pix {
		img.Pix[i] = byte(r.Uint32())
	}
	return img
}

func TestEveryKindBecomesOne(t *testing.T) {
	opaque := image.NewRGBA(image.Rect(0, 0, 300, 200))
	for i := range opaque.Pix {
		opaque.Pix[i] = 0xff
	}
	for y := range 200 {
		for x := range 300 {
			opaque.Set(x, y, color.RGBA{200, 30, 40, 255})
		}
	}
	var j, g, b bytes.Buffer
	if err := errors.Join(jpeg.Encode(&j, opaque, nil), gif.Encode(&g, opaque, nil), bmp.Encode(&b, opaque)); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		data []byte
		side int
	}{
		"png": {pngOf(t, drawn(256, 256)), 96}, "small png": {pngOf(t, drawn(32, 32)), 32}, "wide png": {pngOf(t, drawn(400, 20)), 96}, "one line": {pngOf(t, drawn(2000, 1)), 96},
		"noise": {pngOf(t, noise(500, 500)), 96}, "jpeg": {j.Bytes(), 96}, "gif": {g.Bytes(), 96}, "bmp": {b.Bytes(), 96}, "webp": {webpDot, 1}, "lossy webp": {webpLossy, 1},
	} {
		small, err := picture.Small(c.data)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if err := picture.Check(small); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		img, err := picture.Decode(small)
		if err != nil {
			t.Fatal(err)
		}
		if s := img.Bounds().Size(); s.X != s.Y || s.X != c.side && name != "noise" {
			t.Errorf("%s: %v", name, s)
		}
		if c.side > 1 && name != "noise" && name != "one line" {
			if r, gr, _, a := img.At(c.side/2, c.side/2).RGBA(); r < gr+0x4000 || a != 0xffff {
				t.Errorf("%s: the middle is not red: %v", name, img.At(c.side/2, c.side/2))
			}
		}
		again, err := picture.Small([]byte(small))
		if err != nil || again != small {
			t.Errorf("%s: made small again it is another one (%v)", name, err)
		}
	}
}

// bomb is a PNG file that says it is w × h and goes on with lines of nothing.
func bomb(w, h uint32) []byte {
	head := make([]byte, 13)
	binary.BigEndian.PutUint32(head, w)
	binary.BigEndian.PutUint32(head[4:], h)
	head[8], head[9] = 8, 6
	out := []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0d")
	part := append([]byte("IHDR"), head...)
	return binary.BigEndian.AppendUint32(append(out, part...), crc32.ChecksumIEEE(part))
}

func TestHostilePictures(t *testing.T) {
	var j bytes.Buffer
	if err := jpeg.Encode(&j, drawn(64, 64), nil); err != nil {
		t.Fatal(err)
	}
	whole := pngOf(t, drawn(64, 64))
	for name, c := range map[string]struct {
		data []byte
		want error
	}{
		"nothing": {nil, picture.ErrUnknown}, "text": {[]byte("hello"), picture.ErrUnknown},
		"a drawing":              {[]byte(`<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>`), picture.ErrDrawing},
		"many pixels":            {bomb(50_000, 50_000), picture.ErrTooLarge},
		"a product over 32 bits": {bomb(1<<31-1, 1<<31-1), picture.ErrDamaged},
		"many bytes":             {append(bytes.Clone(whole), make([]byte, picture.MaxSource)...), picture.ErrTooLarge},
		"cut":                    {whole[:len(whole)/2], picture.ErrDamaged},
		"head only":              {bomb(64, 64), picture.ErrDamaged},
		"no size":                {bomb(0, 0), picture.ErrDamaged},
		"a hundred scans":        {append(j.Bytes(), bytes.Repeat([]byte("\xff\xda\x00\x08"), 100)...), picture.ErrTooLarge},
		"a large WebP":           {append(bytes.Clone(webpDot[:21]), 0xff, 0xff, 0xff, 0x0f, 0, 0, 0, 0, 0), picture.ErrTooLarge},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := picture.Small(c.data)
		runtime.ReadMemStats(&after)
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
		if n := after.TotalAlloc - before.TotalAlloc; n > 2<<20 {
			t.Errorf("%s: refusing it took %d bytes", name, n)
		}
	}
}

func TestCheck(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want error
	}{
		"jpeg": {"\xff\xd8\xff\xe0", picture.ErrUnknown}, "empty": {"", picture.ErrUnknown},
		"wide": {string(pngOf(t, drawn(97, 10))), picture.ErrTooLarge}, "long": {string(pngOf(t, noise(96, 96))), picture.ErrTooLarge},
		"cut": {"\x89PNG\r\n\x1a\n", picture.ErrDamaged}, "right": {string(pngOf(t, drawn(96, 96))), nil},
	} {
		if err := picture.Check(c.text); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

// TestBudget: the same picture is made once, and a flood of different ones ends.
func TestBudget(t *testing.T) {
	var b picture.Budget
	data := pngOf(t, drawn(2000, 2000))
	for range 1000 {
		if _, err := b.Small(data); err != nil {
			t.Fatal(err)
		}
	}
	refused := 0
	for i := range 12 {
		// What comes after the end of a PNG file is not looked at, and makes it another file.
		if _, err := b.Small(append(bytes.Clone(data), byte(i))); errors.Is(err, picture.ErrTooLarge) {
			refused++
		}
	}
	if refused < 3 || refused == 12 {
		t.Errorf("%d of 12 refused", refused)
	}
	if s, err := b.Small(data); err != nil || s == "" {
		t.Error("what was made before is refused")
	}
}

func FuzzSmall(f *testing.F) {
	f.Add(pngOf(f, drawn(8, 8)))
	var j, g, b bytes.Buffer
	if err := errors.Join(jpeg.Encode(&j, drawn(8, 8), nil), gif.Encode(&g, drawn(8, 8), nil), bmp.Encode(&b, drawn(8, 8))); err != nil {
		f.Fatal(err)
	}
	f.Add(j.Bytes())
	f.Add(g.Bytes())
	f.Add(b.Bytes())
	f.Add(webpDot)
	f.Add(webpLossy)
	f.Add([]byte("<svg/>"))
	f.Fuzz(func(t *testing.T, data []byte) {
		small, err := picture.Small(data)
		if err != nil {
			if small != "" {
				t.Fatal("an error and a picture")
			}
			if strings.Contains(err.Error(), "panic") {
				t.Fatal(err)
			}
			return
		}
		again, err := picture.Small([]byte(small))
		if err != nil || again != small || picture.Check(small) != nil {
			t.Fatalf("not of the form a vault keeps: %v", err)
		}
	})
}

func BenchmarkSmall(b *testing.B) {
	for name, img := range map[string]image.Image{"128": drawn(128, 128), "512": drawn(512, 512), "2048": drawn(2048, 2048)} {
		data := pngOf(b, img)
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := picture.Small(data); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
