//go:build e2e && linux

package e2e

import (
	"path/filepath"
	"testing"

	"github.com/go-pdf/fpdf"
	"github.com/skip2/go-qrcode"

	"github.com/tallystick/tallystick/app/e2e/desktop"
)

// Files dropped on the window: a picture, the page of a PDF that holds it, and what is no file at all.
func TestDropOnTheWindow(t *testing.T) {
	d := newDesktop(t, desktop.Options{})
	a := newTally(t, d)
	p, w := a.open()
	a.shows(w, "Start")
	a.press(w, "Return")
	a.shows(w, "Add your first account")

	photo := filepath.Join(d.Home, "a picture.png")
	if err := qrcode.WriteFile(linkOn("photo"), qrcode.Medium, 320, photo); err != nil {
		t.Fatal(err)
	}
	inPDF := filepath.Join(d.Home, "other.png")
	if err := qrcode.WriteFile(linkOn("paper"), qrcode.Medium, 320, inPDF); err != nil {
		t.Fatal(err)
	}
	sheet := filepath.Join(d.Home, "sheet.pdf")
	f := fpdf.New("P", "mm", "A4", "")
	f.AddPage()
	f.ImageOptions(inPDF, 30, 50, 40, 40, false, fpdf.ImageOptions{}, 0, "")
	if err := f.OutputFileAndClose(sheet); err != nil {
		t.Fatal(err)
	}

	for uri, says := range map[string]string{
		"file://" + d.Home + "/a%20picture.png": "photo@shop.example",
		"file://" + sheet:                       "paper@shop.example",
		"https://shop.example/code.png":         "address on the web",
	} {
		if err := w.Drop(within(t, patience), uri); err != nil {
			t.Fatal(err)
		}
		a.shows(w, says)
		picture(t, d, "dropped")
		a.press(w, "Escape")
		a.shows(w, "Scan my screen")
	}
	a.quit(p, w)
}
