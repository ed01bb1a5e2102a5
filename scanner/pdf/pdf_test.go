package pdf

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"math"
	"strings"
	"testing"

	"github.com/go-pdf/fpdf"
	"github.com/skip2/go-qrcode"

	"github.com/tallystick/tallystick/scanner"
)

const text = "otpauth://totp/Example:maria@shop.example?secret=JBSWY3DPEHPK3PXP&issuer=Example"

func modules(t testing.TB) [][]bool {
	t.Helper()
	q, err := qrcode.New(text, qrcode.Medium)
	if err != nil {
		t.Fatal(err)
	}
	q.DisableBorder = true
	return q.Bitmap()
}

// finds scans the pages and holds them to exactly one code with the text, on one of them.
func finds(t *testing.T, data []byte, onPage int) {
	t.Helper()
	pages, err := Pages(t.Context(), data)
	if err != nil {
		t.Fatal(err)
	}
	for i, page := range pages {
		r, err := scanner.New().Scan(t.Context(), page)
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case i == onPage && (len(r.Codes) != 1 || r.Codes[0].Text != text):
			var b bytes.Buffer
			_ = png.Encode(&b, page)
			t.Errorf("page %d: %d codes, %v", i, len(r.Codes), r.Reason)
		case i != onPage && len(r.Codes) != 0:
			t.Errorf("page %d: a code where none is", i)
		}
	}
}

func document(t testing.TB, draw func(f *fpdf.Fpdf)) []byte {
	t.Helper()
	f := fpdf.New("P", "mm", "A4", "")
	f.SetFont("Helvetica", "", 11)
	draw(f)
	var b bytes.Buffer
	if err := f.Output(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func squares(t testing.TB, f *fpdf.Fpdf, x, y, side float64) {
	m := modules(t)
	step := side / float64(len(m))
	for r := range m {
		for c := range m[r] {
			if m[r][c] {
				f.Rect(x+float64(c)*step, y+float64(r)*step, step, step, "F")
			}
		}
	}
}

func TestSquaresOnTheSecondPage(t *testing.T) {
	finds(t, document(t, func(f *fpdf.Fpdf) {
		f.AddPage()
		f.Text(20, 20, "How to set up your authenticator")
		f.AddPage()
		f.Text(20, 20, "Scan this")
		squares(t, f, 40, 60, 35)
	}), 1)
}

func TestColouredAndTurned(t *testing.T) {
	finds(t, document(t, func(f *fpdf.Fpdf) {
		f.AddPage()
		f.SetFillColor(20, 40, 120)
		f.TransformBegin()
		f.TransformRotate(17, 80, 100)
		squares(t, f, 60, 80, 45)
		f.TransformEnd()
	}), 0)
}

func picture(t testing.TB) *image.Gray {
	m := modules(t)
	const scale, border = 6, 24
	img := image.NewGray(image.Rect(0, 0, len(m)*scale+2*border, len(m)*scale+2*border))
	for i := range img.Pix {
		img.Pix[i] = 0xff
	}
	for y := range len(m) * scale {
		for x := range len(m) * scale {
			if m[y/scale][x/scale] {
				img.SetGray(x+border, y+border, color.Gray{})
			}
		}
	}
	return img
}

func TestPictures(t *testing.T) {
	for kind, encode := range map[string]func(b *bytes.Buffer) error{
		"png": func(b *bytes.Buffer) error { return png.Encode(b, picture(t)) },
		"jpg": func(b *bytes.Buffer) error { return jpeg.Encode(b, picture(t), nil) },
	} {
		t.Run(kind, func(t *testing.T) {
			var b bytes.Buffer
			if err := encode(&b); err != nil {
				t.Fatal(err)
			}
			finds(t, document(t, func(f *fpdf.Fpdf) {
				f.AddPage()
				f.RegisterImageOptionsReader("code", fpdf.ImageOptions{ImageType: kind}, &b)
				f.ImageOptions("code", 30, 50, 40, 40, false, fpdf.ImageOptions{}, 0, "")
			}), 0)
		})
	}
}

// raw makes a PDF around one content stream, the way small programs write them.
func raw(content string) []byte {
	var b bytes.Buffer
	var at []int
	object := func(body string) {
		at = append(at, b.Len())
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", len(at), body)
	}
	b.WriteString("%PDF-1.4\n")
	object("<< /Type /Catalog /Pages 2 0 R >>")
	object("<< /Type /Pages /Kids [3 0 R] /Count 1 /MediaBox [0 0 300 300] >>")
	object("<< /Type /Page /Parent 2 0 R /Contents 4 0 R /Resources << /XObject << /Self 5 0 R >> >> >>")
	object(fmt.Sprintf("<< /Length %d >>\nstream\n%s\nendstream", len(content), content))
	self := "q 0.9 0 0 0.9 1 1 cm /Self Do /Self Do Q"
	object(fmt.Sprintf("<< /Type /XObject /Subtype /Form /BBox [0 0 300 300] /Resources << /XObject << /Self 5 0 R >> >> /Length %d >>\nstream\n%s\nendstream", len(self), self))
	xref := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(at)+1)
	for _, n := range at {
		fmt.Fprintf(&b, "%010d 00000 n \n", n)
	}
	fmt.Fprintf(&b, "trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n", len(at)+1, xref)
	return b.Bytes()
}

// onePath draws a code as one path, the finders as a square with a hole in it, as programs do that make vector pictures.
func onePath(t testing.TB, operator string, hole bool) string {
	m := modules(t)
	n := len(m)
	var b strings.Builder
	b.WriteString("0 0 0 rg\n")
	finder := func(x, y int) bool {
		return x < 7 && y < 7 || x >= n-7 && y < 7 || x < 7 && y >= n-7
	}
	const step, left, top = 4.0, 40.0, 260.0
	box := func(x, y, side int, back bool) {
		x0, y0, w := left+float64(x)*step, top-float64(y)*step, float64(side)*step
		if back {
			fmt.Fprintf(&b, "%g %g m %g %g l %g %g l %g %g l h\n", x0, y0, x0, y0-w, x0+w, y0-w, x0+w, y0)
		} else {
			fmt.Fprintf(&b, "%g %g m %g %g l %g %g l %g %g l h\n", x0, y0, x0+w, y0, x0+w, y0-w, x0, y0-w)
		}
	}
	for y := range m {
		for x := range m[y] {
			if m[y][x] && !finder(x, y) {
				box(x, y, 1, false)
			}
		}
	}
	for _, c := range [][2]int{{0, 0}, {n - 7, 0}, {0, n - 7}} {
		box(c[0], c[1], 7, false)
		box(c[0]+1, c[1]+1, 5, hole)
		box(c[0]+2, c[1]+2, 3, false)
	}
	return b.String() + operator
}

func TestOnePathWithHoles(t *testing.T) {
	t.Run("turned round", func(t *testing.T) { finds(t, raw(onePath(t, "f", true)), 0) })
	t.Run("even and odd", func(t *testing.T) { finds(t, raw(onePath(t, "f*", false)), 0) })
}

// What else stands in a content stream must not make the rest unreadable.
func TestOddContent(t *testing.T) {
	before := "% a comment (\nBT /F1 12 Tf (brackets \\) and \\( more () ) Tj <48656c6c6f> Tj [(a) -120 (b)] TJ ET\n" +
		"BI /W 2 /H 2 /BPC 8 /CS /G ID \x00(EI\xff) EI\n/Name << /A [1 2] >> BDC\nq NaN inf 1e400 0 0 0 cm\nQ Q q\n"
	finds(t, raw(before+onePath(t, "f", true)+" EMC"), 0)
}

func TestHostileFiles(t *testing.T) {
	good := raw(onePath(t, "f", true))
	for name, data := range map[string][]byte{"nothing": nil, "no PDF": []byte("hello"), "header only": []byte("%PDF-1.7\n"), "half": good[:len(good)/3]} {
		if _, err := Pages(t.Context(), data); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	// A drawing that draws itself twice would be drawn 2^n times.
	if pages, err := Pages(t.Context(), raw("/Self Do "+onePath(t, "f", true))); err != nil || len(pages) != 1 {
		t.Errorf("a drawing that draws itself: %v", err)
	}
	if _, err := Pages(t.Context(), append(make([]byte, MaxFile), good...)); !errors.Is(err, scanner.ErrTooManyByte) {
		t.Errorf("too large: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Pages(ctx, good); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	locked := document(t, func(f *fpdf.Fpdf) { f.SetProtection(0, "a", "b"); f.AddPage(); squares(t, f, 40, 60, 35) })
	if _, err := Pages(t.Context(), locked); !errors.Is(err, ErrEncrypted) {
		t.Errorf("with a password: %v", err)
	}
}

func TestManyPagesAreNotAllDrawn(t *testing.T) {
	pages, err := Pages(t.Context(), document(t, func(f *fpdf.Fpdf) {
		for range MaxPages + 3 {
			f.AddPage()
		}
	}))
	if err != nil || len(pages) != MaxPages {
		t.Fatal(len(pages), err)
	}
	if got, want := pages[0].Bounds().Dx(), 210/25.4*dpi; math.Abs(float64(got)-want) > 2 {
		t.Errorf("a page of %d pixels, want %.0f", got, want)
	}
}

func TestIs(t *testing.T) {
	for data, want := range map[string]bool{"%PDF-1.4": true, "\xef\xbb\xbf%PDF-1.7\n": true, "PDF": false, "": false} {
		if Is([]byte(data)) != want {
			t.Errorf("Is(%q) = %v", data, !want)
		}
	}
}

func FuzzPages(f *testing.F) {
	f.Add(raw("0 g 10 10 100 100 re f"))
	f.Add(raw("/Self Do"))
	f.Add([]byte("%PDF-1.4"))
	f.Fuzz(func(t *testing.T, data []byte) {
		pages, err := Pages(t.Context(), data)
		if err == nil && (len(pages) == 0 || len(pages) > MaxPages) {
			t.Fatalf("%d pages and no error", len(pages))
		}
	})
}

func FuzzContent(f *testing.F) {
	f.Add("0 g 10 10 100 100 re f* q Q 1 0 0 1 5 5 cm 0 0 m 5 5 l 9 0 l b")
	f.Add("BI ID xx EI (a\\(b) Tj <41> /N Do 1 2 3 4 k 0.5 sc")
	f.Fuzz(func(t *testing.T, content string) {
		if len(content) > 1<<12 {
			return
		}
		p := painter{ctx: t.Context()}
		p.page([]byte(content), inherited{box: rect{0, 0, 20, 20}})
	})
}

func BenchmarkPage(b *testing.B) {
	data := document(b, func(f *fpdf.Fpdf) { f.AddPage(); squares(b, f, 40, 60, 35) })
	for b.Loop() {
		if _, err := Pages(b.Context(), data); err != nil {
			b.Fatal(err)
		}
	}
}

// A PDF that only restricts printing has a password for its author, and none for its readers.
func TestProtectedWithoutAPassword(t *testing.T) {
	finds(t, document(t, func(f *fpdf.Fpdf) {
		f.SetProtection(fpdf.CnProtectPrint, "", "the author's")
		f.AddPage()
		squares(t, f, 40, 60, 35)
	}), 0)
}
