package scanner

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	qrcode "github.com/skip2/go-qrcode"
	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"
)

// files are one picture with a code, 200 × 200 pixels, in every format.
func files(t testing.TB) map[string][]byte {
	t.Helper()
	m := page(200, 200, white)
	put(m, modules(t, secretText, qrcode.Low), stamp{x: 100, y: 100, px: 4, quiet: 4})
	return encoded(t, m)
}

// encoded is m in every format that can be written here.
func encoded(t testing.TB, m *image.RGBA) map[string][]byte {
	t.Helper()
	pal := image.NewPaletted(m.Rect, color.Palette{color.White, color.Black})
	for i := range pal.Pix {
		if m.Pix[4*i] < 128 {
			pal.Pix[i] = 1
		}
	}
	out := map[string][]byte{}
	for name, enc := range map[string]func(io.Writer) error{
		"png":  func(w io.Writer) error { return png.Encode(w, m) },
		"jpeg": func(w io.Writer) error { return jpeg.Encode(w, m, nil) },
		"gif":  func(w io.Writer) error { return gif.Encode(w, m, nil) },
		"bmp":  func(w io.Writer) error { return bmp.Encode(w, m) },
		"tiff": func(w io.Writer) error { return tiff.Encode(w, m, nil) },
		"tiff zip": func(w io.Writer) error {
			return tiff.Encode(w, m, &tiff.Options{Compression: tiff.Deflate, Predictor: true})
		},
		"animated gif": func(w io.Writer) error {
			blank := image.NewPaletted(m.Rect, pal.Palette)
			return gif.EncodeAll(w, &gif.GIF{Image: []*image.Paletted{pal, blank, blank}, Delay: []int{1, 1, 1}})
		},
	} {
		var b bytes.Buffer
		if err := enc(&b); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		out[name] = b.Bytes()
	}
	out["webp"] = webpLossless(m)
	return out
}

// webpLossless writes the simplest VP8L stream: two colours, no transforms but a palette-free literal code.
// https://developers.google.com/speed/webp/docs/webp_lossless_bitstream_specification
func webpLossless(m *image.RGBA) []byte {
	var data []byte
	var acc uint64
	var n uint
	bit := func(v uint64, width uint) {
		acc |= v << n
		for n += width; n >= 8; n -= 8 {
			data = append(data, byte(acc))
			acc >>= 8
		}
	}
	bit(0x2F, 8)
	bit(uint64(m.Rect.Dx()-1), 14)
	bit(uint64(m.Rect.Dy()-1), 14)
	bit(0, 1) // no alpha
	bit(0, 3) // version
	bit(0, 1) // no transform
	bit(0, 1) // no colour cache
	bit(0, 1) // one group of codes
	// Simple codes: green is 0 or 255 in one bit; red, blue and alpha are one symbol each and take none.
	two := func(a, b uint64) { bit(1, 1); bit(1, 1); bit(1, 1); bit(a, 8); bit(b, 8) }
	one := func(a uint64) { bit(1, 1); bit(0, 1); bit(1, 1); bit(a, 8) }
	two(0, 255) // green
	one(128)    // red
	one(128)    // blue
	one(255)    // alpha
	bit(1, 1)   // distance: one symbol, 0, in one bit
	bit(0, 1)
	bit(0, 1)
	bit(0, 1)
	for i := 0; i < len(m.Pix); i += 4 {
		if m.Pix[i] < 128 {
			bit(0, 1)
		} else {
			bit(1, 1)
		}
	}
	bit(0, 16)
	if len(data)%2 == 1 {
		data = append(data, 0)
	}
	out := []byte("RIFF....WEBPVP8L....")
	binary.LittleEndian.PutUint32(out[4:], uint32(len(data)+12))
	binary.LittleEndian.PutUint32(out[16:], uint32(len(data)))
	return append(out, data...)
}

func TestDecodePicture(t *testing.T) {
	for name, data := range files(t) {
		t.Run(name, func(t *testing.T) {
			m, err := DecodePicture(bytes.NewReader(data), Limits{})
			if err != nil {
				t.Fatal(err)
			}
			if m.Bounds() != image.Rect(0, 0, 200, 200) {
				t.Errorf("bounds %v", m.Bounds())
			}
			if r := mustScan(t, m); len(r.Codes) != 1 || r.Codes[0].Text != secretText {
				t.Errorf("%d codes, reason %q", len(r.Codes), r.Reason)
			}
		})
	}
}

// TestLimits: a file of exactly the limit passes, one byte or one pixel more does not.
func TestLimits(t *testing.T) {
	for name, data := range files(t) {
		n := int64(len(data))
		for _, c := range []struct {
			l    Limits
			want error
		}{
			{Limits{MaxBytes: n, MaxPixels: 200 * 200}, nil},
			{Limits{MaxBytes: n - 1}, ErrTooManyByte},
			{Limits{MaxPixels: 200*200 - 1}, ErrTooLarge},
		} {
			if _, err := DecodePicture(bytes.NewReader(data), c.l); !errors.Is(err, c.want) {
				t.Errorf("%s with %+v: %v, want %v", name, c.l, err, c.want)
			}
		}
	}
	// No more is read than it takes to know.
	endless := &counter{r: io.MultiReader(strings.NewReader("\x89PNG\r\n\x1a\n"), zeros{})}
	if _, err := DecodePicture(endless, Limits{MaxBytes: 1000}); !errors.Is(err, ErrTooManyByte) || endless.n != 1001 {
		t.Errorf("endless file: %v after %d bytes", err, endless.n)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

type counter struct {
	r io.Reader
	n int
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += n
	return n, err
}

// hugeHeaders are small files that claim to be large pictures.
func hugeHeaders(w, h uint32) map[string][]byte {
	be, le := binary.BigEndian, binary.LittleEndian
	chunk := func(kind string, body []byte) []byte {
		out := be.AppendUint32(nil, uint32(len(body)))
		out = append(append(out, kind...), body...)
		return be.AppendUint32(out, crc32.ChecksumIEEE(out[4:]))
	}
	ihdr := append(be.AppendUint32(be.AppendUint32(nil, w), h), 8, 2, 0, 0, 0)
	out := map[string][]byte{
		"png":  append([]byte("\x89PNG\r\n\x1a\n"), append(chunk("IHDR", ihdr), chunk("IDAT", nil)...)...),
		"gif":  append([]byte("GIF89a"), byte(w), byte(w>>8), byte(h), byte(h>>8), 0, 0, 0, 0x2C, 0, 0, 0, 0, byte(w), byte(w>>8), byte(h), byte(h>>8), 0, 8, 0),
		"jpeg": {0xFF, 0xD8, 0xFF, 0xC0, 0, 11, 8, byte(h >> 8), byte(h), byte(w >> 8), byte(w), 1, 1, 0x11, 0, 0xFF, 0xDA, 0, 8, 1, 1, 0, 0, 63, 0},
	}
	b := make([]byte, 54)
	copy(b, "BM")
	le.PutUint32(b[10:], 54)
	le.PutUint32(b[14:], 40)
	le.PutUint32(b[18:], w)
	le.PutUint32(b[22:], h)
	le.PutUint16(b[26:], 1)
	le.PutUint16(b[28:], 24)
	out["bmp"] = b
	top := bytes.Clone(b)
	le.PutUint32(top[22:], -h)
	out["bmp top down"] = top

	entry := func(tag, kind uint16, count, v uint32) []byte {
		e := le.AppendUint16(le.AppendUint16(nil, tag), kind)
		return le.AppendUint32(le.AppendUint32(e, count), v)
	}
	t := []byte("II*\x00\x08\x00\x00\x00\x09\x00")
	for _, e := range [][]byte{
		entry(256, 4, 1, w), entry(257, 4, 1, h), entry(258, 3, 1, 8), entry(259, 3, 1, 1), entry(262, 3, 1, 1),
		entry(273, 4, 1, 8), entry(277, 3, 1, 1), entry(278, 4, 1, h), entry(279, 4, 1, 1<<31-1),
	} {
		t = append(t, e...)
	}
	out["tiff"] = append(t, 0, 0, 0, 0)

	riff := func(kind string, body []byte) []byte {
		d := append([]byte("WEBP"+kind), le.AppendUint32(nil, uint32(len(body)))...)
		d = append(d, body...)
		return append(append([]byte("RIFF"), le.AppendUint32(nil, uint32(len(d)))...), d...)
	}
	x := make([]byte, 10)
	x[0] = 1 << 4
	x[4], x[5], x[6] = byte(w-1), byte((w-1)>>8), byte((w-1)>>16)
	x[7], x[8], x[9] = byte(h-1), byte((h-1)>>8), byte((h-1)>>16)
	out["webp extended"] = append(riff("VP8X", x), "ALPH\x02\x00\x00\x00\x00\x00"...)
	le.PutUint32(out["webp extended"][4:], uint32(len(out["webp extended"])-8))
	out["webp lossy"] = riff("VP8 ", []byte{0x10, 0x02, 0, 0x9D, 0x01, 0x2A, byte(w), byte(w>>8) & 0x3F, byte(h), byte(h>>8) & 0x3F, 0, 0})
	v := uint64(0x2F) | uint64(w-1)&0x3FFF<<8 | uint64(h-1)&0x3FFF<<22
	out["webp lossless"] = riff("VP8L", []byte{byte(v), byte(v >> 8), byte(v >> 16), byte(v >> 24), byte(v >> 32), 0, 0, 0})
	return out
}

// allocated is how many bytes f takes from the heap.
func allocated(f func()) uint64 {
	var a, b runtime.MemStats
	runtime.ReadMemStats(&a)
	f()
	runtime.ReadMemStats(&b)
	return b.TotalAlloc - a.TotalAlloc
}

// TestBombs: files of some bytes that claim a hundred megapixels and more are refused before memory is taken for them.
func TestBombs(t *testing.T) {
	const mega = 1 << 20
	for _, size := range [][2]uint32{{10000, 10000}, {16383, 16383}} {
		for name, data := range hugeHeaders(size[0], size[1]) {
			var err error
			got := allocated(func() { _, err = DecodePicture(bytes.NewReader(data), DefaultLimits()) })
			if !errors.Is(err, ErrTooLarge) {
				t.Errorf("%s, %v: %v, want ErrTooLarge", name, size, err)
			}
			if got > mega {
				t.Errorf("%s, %v: %d bytes taken", name, size, got)
			}
		}
	}
	// Sizes whose product or whose bytes overflow.
	for _, size := range [][2]uint32{{1<<31 - 1, 1<<31 - 1}, {1 << 16, 1 << 16}, {1<<24 - 1, 1<<24 - 1}, {1, 1 << 30}, {100000, 1}} {
		for name, data := range hugeHeaders(size[0], size[1]) {
			var err error
			got := allocated(func() { _, err = DecodePicture(bytes.NewReader(data), DefaultLimits()) })
			if err == nil || got > mega {
				t.Errorf("%s, %v: %v, %d bytes taken", name, size, err, got)
			}
		}
	}
	// Within the limit, but with nothing behind the header: memory for the picture and no more.
	for name, data := range hugeHeaders(4000, 3000) {
		var err error
		got := allocated(func() { _, err = DecodePicture(bytes.NewReader(data), DefaultLimits()) })
		if !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: %v, want ErrDamaged", name, err)
		}
		if got > 4000*3000*8+mega {
			t.Errorf("%s: %d bytes taken for 12 megapixels", name, got)
		}
	}
	// Sixteen bits per channel take twice the memory, progressive JPEG as well: half as many pixels.
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewNRGBA64(image.Rect(0, 0, 100, 100))); err != nil {
		t.Fatal(err)
	}
	if _, err := DecodePicture(bytes.NewReader(b.Bytes()), Limits{MaxPixels: 10000}); !errors.Is(err, ErrTooLarge) {
		t.Errorf("deep png: %v", err)
	}
	if _, err := DecodePicture(bytes.NewReader(b.Bytes()), Limits{MaxPixels: 20000}); err != nil {
		t.Errorf("deep png: %v", err)
	}
	prog := bytes.Clone(hugeHeaders(100, 100)["jpeg"])
	prog[3] = 0xC2
	if _, err := DecodePicture(bytes.NewReader(prog), Limits{MaxPixels: 10000}); !errors.Is(err, ErrTooLarge) {
		t.Errorf("progressive jpeg: %v", err)
	}
	// A file of ten thousand passes over the picture.
	scans := append(bytes.Clone(hugeHeaders(100, 100)["jpeg"]), bytes.Repeat([]byte{0xFF, 0xDA, 0, 2}, 10000)...)
	if _, err := DecodePicture(bytes.NewReader(scans), Limits{}); !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), "scans") {
		t.Errorf("jpeg of many scans: %v", err)
	}
}

// TestTruncated: a file cut off anywhere is refused, or, where a decoder makes do with what is there, gives a picture
// of the right size; never another kind of error and never a panic.
func TestTruncated(t *testing.T) {
	for name, data := range files(t) {
		step := max(1, len(data)/700)
		for n := 0; n < len(data); n += step {
			m, err := DecodePicture(bytes.NewReader(data[:n]), Limits{})
			switch {
			case err == nil && m.Bounds() == image.Rect(0, 0, 200, 200):
			case n < 12 && errors.Is(err, ErrFormat): // not even the magic is whole
			case errors.Is(err, ErrDamaged):
			default:
				t.Fatalf("%s cut to %d of %d: %v", name, n, len(data), err)
			}
		}
		if _, err := DecodePicture(bytes.NewReader(data[:len(data)/2]), Limits{}); name != "bmp" && !errors.Is(err, ErrDamaged) {
			t.Errorf("half of %s: %v", name, err)
		}
	}
	if _, err := DecodePicture(bytes.NewReader(files(t)["png"][:20]), Limits{}); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("a cut off file does not say so: %v", err)
	}
}

func TestNotPictures(t *testing.T) {
	for _, s := range []string{"", "B", "GIF", "%PDF-1.7", "<svg xmlns=", "RIFF\x00\x00\x00\x00WAVE", "GIF97a........", "otpauth://totp/x?secret=JBSWY3DP"} {
		_, err := DecodePicture(strings.NewReader(s), Limits{})
		if s == "GIF97a........" { // any sixth version digit is let through to the decoder
			if !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrFormat) {
				t.Errorf("%q: %v", s, err)
			}
			continue
		}
		if !errors.Is(err, ErrFormat) {
			t.Errorf("%q: %v, want ErrFormat", s, err)
		}
	}
	broken := errors.New("disk on fire")
	if _, err := DecodePicture(iotest.ErrReader(broken), Limits{}); !errors.Is(err, broken) {
		t.Errorf("reading error is lost: %v", err)
	}
}

// TestErrorsAreDumb: no error repeats what is in the file.
func TestErrorsAreDumb(t *testing.T) {
	const mark = "JBSWY3DPEHPK3PXP"
	var inputs [][]byte
	for _, data := range files(t) {
		for at := 0; at < min(len(data), 200); at += 3 { // the marker over every part of the header
			d := bytes.Clone(data)
			copy(d[at:], mark)
			inputs = append(inputs, d)
		}
	}
	for _, d := range inputs {
		if _, err := DecodePicture(bytes.NewReader(d), Limits{}); err != nil {
			for n := 4; n <= len(mark); n++ {
				if strings.Contains(err.Error(), mark[:n]) || strings.Contains(err.Error(), mark[len(mark)-n:]) {
					t.Fatalf("error repeats the file: %v", err)
				}
			}
		}
	}
}

// TestDamagedHidesTheDecoder: what a decoder says, it may have read in the file.
func TestDamagedHidesTheDecoder(t *testing.T) {
	for _, err := range []error{errors.New("bad chunk JBSWY3DP"), fmt.Errorf("JBSWY3DP: %w", io.ErrUnexpectedEOF)} {
		got := damaged(formats[0], err)
		if strings.Contains(got.Error(), "JBSW") || errors.Is(got, err) || !errors.Is(got, ErrDamaged) {
			t.Errorf("%v", got)
		}
	}
}

// FuzzDecodePicture: whatever the bytes, the limits hold and the errors are the documented ones.
func FuzzDecodePicture(f *testing.F) {
	// Small seeds: the fuzzer tries thousands a second instead of hundreds.
	m := page(24, 24, white)
	decoy(m, 12, 12, 2)
	for _, data := range encoded(f, m) {
		f.Add(data)
	}
	for _, data := range hugeHeaders(300, 200) {
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		const limit = 1 << 18
		m, err := DecodePicture(bytes.NewReader(data), Limits{MaxBytes: 1 << 16, MaxPixels: limit})
		if err != nil {
			for _, known := range []error{ErrTooLarge, ErrTooManyByte, ErrFormat, ErrDamaged} {
				if errors.Is(err, known) {
					return
				}
			}
			t.Fatalf("undocumented error: %v", err)
		}
		b := m.Bounds()
		if b.Dx() <= 0 || b.Dy() <= 0 || b.Dx()*b.Dy() > limit {
			t.Fatalf("a picture of %v", b)
		}
	})
}
