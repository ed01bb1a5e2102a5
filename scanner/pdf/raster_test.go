package pdf

import (
	"bytes"
	"compress/zlib"
	"encoding/hex"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/scanner"
)

// stream is an object of a file.
type stream struct {
	dict string
	data []byte
}

// file makes a PDF of one page of 300 × 300 points. Its content may draw /I, the first of the streams.
func file(content string, streams ...stream) []byte {
	var b bytes.Buffer
	var at []int
	object := func(dict string, data []byte) {
		at = append(at, b.Len())
		fmt.Fprintf(&b, "%d 0 obj\n", len(at))
		if data == nil {
			fmt.Fprintf(&b, "<< %s >>", dict)
		} else {
			fmt.Fprintf(&b, "<< %s /Length %d >>\nstream\n%s\nendstream", dict, len(data), data)
		}
		b.WriteString("\nendobj\n")
	}
	b.WriteString("%PDF-1.5\n")
	object("/Type /Catalog /Pages 2 0 R", nil)
	object("/Type /Pages /Kids [3 0 R] /Count 1 /MediaBox [0 0 300 300]", nil)
	object("/Type /Page /Parent 2 0 R /Contents 4 0 R /Resources << /XObject << /I 5 0 R >> /ColorSpace << /Spot [/Separation /Black /DeviceGray << >>] >> >>", nil)
	object("", []byte(content))
	for _, s := range streams {
		object(s.dict, s.data)
	}
	xref := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(at)+1)
	for _, n := range at {
		fmt.Fprintf(&b, "%010d 00000 n \n", n)
	}
	fmt.Fprintf(&b, "trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n", len(at)+1, xref)
	return b.Bytes()
}

func packed(data []byte) []byte {
	var b bytes.Buffer
	z := zlib.NewWriter(&b)
	_, _ = z.Write(data)
	_ = z.Close()
	return b.Bytes()
}

// samples are the pixels of the picture of a code: each one turned into bytes by of, or bits when it is nil.
func samples(g *image.Gray, of func(v uint8) []byte) []byte {
	var out []byte
	for y := range g.Rect.Dy() {
		row := g.Pix[y*g.Stride:][:g.Rect.Dx()]
		if of != nil {
			for _, v := range row {
				out = append(out, of(v)...)
			}
			continue
		}
		line := make([]byte, (len(row)+7)/8)
		for x, v := range row {
			if v > 127 {
				line[x/8] |= 0x80 >> (x % 8)
			}
		}
		out = append(out, line...)
	}
	return out
}

func not(data []byte) []byte {
	out := bytes.Clone(data)
	for i := range out {
		out[i] = ^out[i]
	}
	return out
}

// Pictures in all the ways that programs put them into a PDF: each is unpacked to dark modules on light ground.
func TestKindsOfPictures(t *testing.T) {
	g := picture(t)
	side := g.Rect.Dx()
	if side != g.Rect.Dy() {
		t.Fatal("the code is square")
	}
	bits, bytes8 := samples(g, nil), samples(g, func(v uint8) []byte { return []byte{v} })
	three := samples(g, func(v uint8) []byte { return []byte{v, v, v} })
	four := samples(g, func(v uint8) []byte { return []byte{0, 0, 0, 255 - v} })
	sixteen := samples(g, func(v uint8) []byte { return []byte{v, 1} })
	nibbles := samples(g, func(v uint8) []byte { return []byte{v} })
	nibbles = func() []byte {
		var out []byte
		for y := range side {
			line := make([]byte, (side+1)/2)
			for x := range side {
				line[x/2] |= nibbles[y*side+x] >> 4 << (4 - x%2*4)
			}
			out = append(out, line...)
		}
		return out
	}()
	const put = "q 200 0 0 200 50 50 cm /I Do Q"
	head := fmt.Sprintf("/Type /XObject /Subtype /Image /Width %d /Height %d ", side, side)
	one := func(space string, bits int, data []byte, more string) []byte {
		return file(put, stream{head + fmt.Sprintf("/ColorSpace %s /BitsPerComponent %d /Filter /FlateDecode %s", space, bits, more), packed(data)})
	}
	inline := func(dict string, data []byte) []byte {
		return file(fmt.Sprintf("q 200 0 0 200 50 50 cm BI /W %d /H %d %s ID %s\nEI Q 0.5 g 0 0 5 5 re f", side, side, dict, data))
	}
	negative := func() []byte {
		m := image.NewGray(g.Rect)
		for i, v := range g.Pix {
			m.Pix[i] = ^v
		}
		var b bytes.Buffer
		if err := jpeg.Encode(&b, m, nil); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}()
	for name, data := range map[string][]byte{
		"grey":                    one("/DeviceGray", 8, bytes8, ""),
		"grey, one bit":           one("/DeviceGray", 1, bits, ""),
		"grey, one bit, negative": one("/DeviceGray", 1, not(bits), "/Decode [1 0]"),
		"grey, four bits":         one("/DeviceGray", 4, nibbles, ""),
		"grey, 16 bits":           one("/DeviceGray", 16, sixteen, ""),
		"calibrated grey":         one("[/CalGray << /WhitePoint [0.95 1 1.08] >>]", 8, bytes8, ""),
		"colour":                  one("/DeviceRGB", 8, three, ""),
		"inks":                    one("/DeviceCMYK", 8, four, ""),
		"an ink of its own":       one("[/Separation /Black /DeviceGray << >>]", 8, not(bytes8), ""),
		"named ink":               one("/Spot", 8, not(bytes8), ""),
		"two inks":                one("[/DeviceN [/Black /Gold] /DeviceGray << >>]", 8, samples(g, func(v uint8) []byte { return []byte{255 - v, 0} }), ""),
		"lightness":               one("[/Lab << /WhitePoint [0.95 1 1.08] >>]", 8, samples(g, func(v uint8) []byte { return []byte{v, 128, 128} }), ""),
		"a table":                 one("[/Indexed /DeviceRGB 1 <ffffff000000>]", 1, not(bits), ""),
		"a table, as a string":    one("[/Indexed /DeviceGray 1 (\\377\\000)]", 1, not(bits), ""),
		"a stencil":               file("0 g "+put, stream{head + "/ImageMask true /Filter /FlateDecode", packed(bits)}),
		"a stencil the other way": file("0 g "+put, stream{head + "/ImageMask true /Decode [1 0] /Filter /FlateDecode", packed(not(bits))}),
		"hexadecimal":             file(put, stream{head + "/ColorSpace /DeviceGray /BitsPerComponent 1 /Filter /ASCIIHexDecode", []byte(hex.EncodeToString(bits) + ">")}),
		"a negative photograph":   file(put, stream{head + "/ColorSpace /DeviceGray /BitsPerComponent 8 /Decode [1 0] /Filter /DCTDecode", negative}),
		"only its opacity": file(put,
			stream{"/Type /XObject /Subtype /Image /Width 1 /Height 1 /ColorSpace /DeviceGray /BitsPerComponent 8 /SMask 6 0 R", []byte{0}},
			stream{head + "/ColorSpace /DeviceGray /BitsPerComponent 8 /Filter /FlateDecode", packed(not(bytes8))}),
		"cut out by a stencil": file(put,
			stream{head + "/ColorSpace /DeviceGray /BitsPerComponent 8 /Mask 6 0 R /Filter /FlateDecode", packed(make([]byte, side*side))},
			stream{head + "/ImageMask true /Filter /FlateDecode", packed(bits)}),
		"within the stream":                inline("/CS /G /BPC 1", bits),
		"within the stream, packed":        inline("/CS /RGB /BPC 8 /F /Fl", packed(three)),
		"within the stream, packed twice":  inline("/CS /G /BPC 1 /F [/AHx /Fl]", []byte(hex.EncodeToString(packed(bits))+">")),
		"within the stream, a stencil":     inline("/IM true /F /Fl", packed(bits)),
		"within the stream, a table":       inline("/CS [/I /RGB 1 <ffffff000000>] /BPC 1 /D [1 0]", bits),
		"within the stream, a named space": inline("/CS /Spot /BPC 8", not(bytes8)),
	} {
		t.Run(name, func(t *testing.T) {
			finds(t, data, 0)
		})
	}
}

// A picture that cannot be unpacked is no empty page: it is said, and what else is on the pages is there.
func TestPictureThatCannotBeUnpacked(t *testing.T) {
	for name, dict := range map[string]string{
		"JPEG 2000":  "/ColorSpace /DeviceGray /BitsPerComponent 8 /Filter /JPXDecode",
		"JBIG2":      "/ColorSpace /DeviceGray /BitsPerComponent 1 /Filter /JBIG2Decode",
		"damaged":    "/ColorSpace /DeviceGray /BitsPerComponent 8 /Filter /FlateDecode",
		"no space":   "/ColorSpace /Nothing /BitsPerComponent 8",
		"odd bits":   "/ColorSpace /DeviceGray /BitsPerComponent 5",
		"not a JPEG": "/ColorSpace /DeviceGray /BitsPerComponent 8 /Filter /DCTDecode",
	} {
		t.Run(name, func(t *testing.T) {
			data := file("q 50 0 0 50 0 0 cm /I Do Q "+onePath(t, "f", true), stream{"/Type /XObject /Subtype /Image /Width 8 /Height 8 " + dict, []byte("no picture")})
			pages, err := Pages(t.Context(), data)
			if !errors.Is(err, ErrPicture) || len(pages) != 1 {
				t.Fatalf("%d pages, %v", len(pages), err)
			}
			if r, err := scanner.New().Scan(t.Context(), pages[0]); err != nil || len(r.Codes) != 1 || r.Codes[0].Text != text {
				t.Errorf("beside it: %v %v", r.Codes, err)
			}
		})
	}
}

// A page that draws a large picture again and again is given up on, and what is drawn by then is there.
func TestPicturesOverAndOver(t *testing.T) {
	const side = 4000
	data := file(strings.Repeat("q 300 0 0 300 0 0 cm /I Do Q ", 150), stream{
		fmt.Sprintf("/Type /XObject /Subtype /Image /Width %d /Height %d /ColorSpace /DeviceGray /BitsPerComponent 1 /Filter /FlateDecode", side, side),
		packed(make([]byte, side*side/8)),
	})
	p := painter{ctx: t.Context()}
	pages, err := Pages(t.Context(), data)
	if err != nil || len(pages) != 1 {
		t.Fatal(len(pages), err)
	}
	if (pages[0].At(100, 100).(color.Gray) != color.Gray{}) {
		t.Error("nothing was drawn")
	}
	// The cap itself: what comes after it is not looked at.
	p.paper, p.drawn = image.NewGray(image.Rect(0, 0, 9, 9)), maxDrawn+1
	p.image(nil, nil, state{})
	if p.unread {
		t.Error("a picture was looked at beyond the cap")
	}
}

// Components that an operator names are what the space says: 1 of an ink is full, 1 of grey is none.
func TestInkOfASpotColour(t *testing.T) {
	code := strings.TrimPrefix(onePath(t, "f", true), "0 0 0 rg\n")
	finds(t, file("/Spot cs 1 scn "+code), 0)
	finds(t, file("/Spot cs 1 scn 0 g "+code), 0)
	finds(t, file("/DeviceGray cs 0 sc "+code), 0)
	finds(t, file("/NobodyKnows cs 0 0 0 sc "+code), 0)
}

func FuzzRaster(f *testing.F) {
	f.Add("/W 4 /H 4 /CS /G /BPC 1", []byte("\x50\xa0\x50\xa0"))
	f.Add("/W 2 /H 2 /CS [/I /RGB 1 <ffffff000000>] /BPC 8 /F /AHx /D [1 0]", []byte("00010100>"))
	f.Add("/W 9 /H 1 /IM true /F [/A85 /Fl] /DP [null << /Predictor 12 >>]", []byte("GhVa~>"))
	f.Add("/W 2 /H 1 /CS [/DeviceN [/A /B] /G << >>] /BPC 16", []byte("12345678"))
	f.Fuzz(func(t *testing.T, dict string, data []byte) {
		if len(dict) > 1<<10 || len(data) > 1<<14 {
			return
		}
		p := painter{ctx: t.Context()}
		p.page(fmt.Appendf(nil, "20 0 0 20 0 0 cm BI %s ID %s\nEI\n0 g 0 0 1 1 re f", dict, data), inherited{box: rect{0, 0, 20, 20}})
	})
}
