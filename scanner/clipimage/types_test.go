package clipimage

import (
	"bytes"
	"encoding/binary"
	"errors"
	"image"
	"image/color"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/scanner"
)

func TestChoose(t *testing.T) {
	for _, c := range []struct {
		offered, want string
		ok            bool
	}{
		{"TARGETS TIMESTAMP image/jpeg image/bmp image/png text/html", "image/png", true},
		{"image/jpeg image/x-bmp", "image/x-bmp", true},
		{"IMAGE/PNG", "IMAGE/PNG", true}, // MIME types know no case; the atom does
		{"text/uri-list image/jpeg", "image/jpeg", true},
		{"text/plain text/uri-list", "text/uri-list", true},
		{"text/plain UTF8_STRING image/svg+xml", "", false},
		{"", "", false},
	} {
		if got, ok := choose(strings.Fields(c.offered)); got != c.want || ok != c.ok {
			t.Errorf("%q: %q, %v", c.offered, got, ok)
		}
	}
}

func TestOneFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a picture ü.png")
	if err := os.WriteFile(path, []byte("12345"), 0o600); err != nil {
		t.Fatal(err)
	}
	uri := "file://" + strings.ReplaceAll(path, " ", "%20")
	for _, c := range []struct {
		list  string
		limit int64
		want  error
	}{
		{uri, 5, nil},
		{"# copied\r\n" + uri + "\r\n", 5, nil},
		{strings.Replace(uri, "file://", "file://localhost", 1) + "\x00", 5, nil},
		{uri, 4, ErrTooLarge},
		{uri + "\r\n" + uri, 5, ErrEmpty},
		{"", 5, ErrEmpty},
		{"https://example.org/x.png", 5, ErrEmpty},
		{"file://elsewhere/x.png", 5, ErrEmpty},
		{"file:relative.png", 5, ErrEmpty},
		{"file:///nowhere/x.png", 5, ErrEmpty},
		{"file://" + dir, 5, ErrEmpty},
		{"file://%zz", 5, ErrEmpty},
		{"file:///dev/zero", 5, ErrEmpty},
	} {
		got, err := finish("text/uri-list", []byte(c.list), c.limit)
		if !errors.Is(err, c.want) || err == nil && string(got) != "12345" {
			t.Errorf("%q with %d bytes: %q, %v; want %v", c.list, c.limit, got, err, c.want)
		}
	}
	if _, err := finish("image/png", nil, 5); !errors.Is(err, ErrEmpty) {
		t.Errorf("no bytes: %v", err)
	}
	if _, err := finish("image/png", []byte("123456"), 5); !errors.Is(err, ErrTooLarge) {
		t.Errorf("too many bytes: %v", err)
	}
}

// dib makes the bitmap that Windows would hand over: two rows, bottom up, red and blue below, white and black above.
func dib(head, bits int, method uint32) []byte {
	le := binary.LittleEndian
	b := make([]byte, head)
	le.PutUint32(b, uint32(head))
	le.PutUint32(b[4:], 2)
	le.PutUint32(b[8:], 2)
	le.PutUint16(b[12:], 1)
	le.PutUint16(b[14:], uint16(bits))
	le.PutUint32(b[16:], method)
	if method == bitFields {
		masks := le.AppendUint32(le.AppendUint32(le.AppendUint32(nil, 0xFF0000), 0xFF00), 0xFF)
		if head >= 52 {
			copy(b[40:], masks)
		} else {
			b = append(b, masks...)
		}
	}
	switch bits {
	case 32: // blue, green, red, and an alpha of nothing
		b = append(b, 0, 0, 255, 0, 255, 0, 0, 0, 255, 255, 255, 0, 0, 0, 0, 0)
	case 24:
		b = append(b, 0, 0, 255, 255, 0, 0, 9, 9, 255, 255, 255, 0, 0, 0, 9, 9)
	case 8:
		pal := make([]byte, 4*256)
		copy(pal, []byte{0, 0, 255, 0, 255, 0, 0, 0, 255, 255, 255, 0, 0, 0, 0, 0})
		b = append(append(b, pal...), 0, 1, 9, 9, 2, 3, 9, 9)
	case 1:
		b = append(b, 0, 0, 255, 0, 255, 0, 0, 0, 0x40, 0, 0, 0, 0x40, 0, 0, 0)
	}
	return b
}

func TestDIB(t *testing.T) {
	red, blue := color.RGBA{255, 0, 0, 255}, color.RGBA{0, 0, 255, 255}
	for _, c := range []struct {
		head, bits int
		method     uint32
	}{{40, 32, rgb}, {40, 32, bitFields}, {108, 32, bitFields}, {124, 32, bitFields}, {124, 32, rgb}, {40, 24, rgb}, {124, 24, rgb}, {40, 8, rgb}, {40, 1, rgb}} {
		in := dib(c.head, c.bits, c.method)
		before := bytes.Clone(in)
		bmp, err := dibToBMP(in)
		if err != nil {
			t.Fatalf("%+v: %v", c, err)
		}
		if !bytes.Equal(in, before) {
			t.Errorf("%+v: the clipboard's bytes were changed", c)
		}
		m, err := scanner.DecodePicture(bytes.NewReader(bmp), scanner.Limits{})
		if err != nil {
			t.Fatalf("%+v: %v", c, err)
		}
		at := func(x, y int) color.RGBA { return color.RGBAModel.Convert(m.At(x, y)).(color.RGBA) }
		if m.Bounds() != image.Rect(0, 0, 2, 2) || at(0, 1) != red || at(1, 1) != blue {
			t.Errorf("%+v: %v %v %v", c, m.Bounds(), at(0, 1), at(1, 1))
		}
	}
	// Every cut and every kind that is not understood is an error, not a crash.
	whole := dib(124, 32, bitFields)
	for n := range 130 {
		if bmp, err := dibToBMP(whole[:n]); err == nil && n < 124 {
			t.Errorf("%d bytes give %d", n, len(bmp))
		}
	}
	for _, b := range [][]byte{dib(40, 32, 1), dib(40, 16, bitFields), dib(40, 24, 4), dib(200, 32, rgb), bytes.Repeat([]byte{0xFF}, 300)} {
		if _, err := dibToBMP(b); !errors.Is(err, ErrEmpty) {
			t.Errorf("%d bytes: %v", len(b), err)
		}
	}
	odd := dib(40, 32, bitFields)
	odd[40] = 0xFF // masks in another order
	if _, err := dibToBMP(odd); !errors.Is(err, ErrEmpty) {
		t.Errorf("odd masks: %v", err)
	}
}

func FuzzDIB(f *testing.F) {
	for _, head := range []int{40, 124} {
		for _, bits := range []int{1, 8, 24, 32} {
			f.Add(dib(head, bits, rgb))
		}
		f.Add(dib(head, 32, bitFields))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		bmp, err := dibToBMP(in)
		if err != nil {
			return
		}
		if len(bmp) > len(in)+fileHeaderLen || string(bmp[:2]) != "BM" || int(binary.LittleEndian.Uint32(bmp[2:])) != len(bmp) {
			t.Fatalf("%d bytes became %d", len(in), len(bmp))
		}
	})
}

func TestAppleData(t *testing.T) {
	got, err := appleData([]byte("«data PNGf89504E470d0A»\n"))
	if err != nil || string(got) != "\x89PNG\r\n" {
		t.Errorf("%q, %v", got, err)
	}
	for _, s := range []string{"", "some text", "«data PNGf»", "«data PNGf8950", "«data PNGf895»", "«data PNGfZZ»", "«data »", "«data"} {
		if got, err := appleData([]byte(s)); !errors.Is(err, ErrEmpty) {
			t.Errorf("%q: %q, %v", s, got, err)
		}
	}
}
