package widget

import (
	"image"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
)

func TestViewfinderPutsTheLineOnThePicture(t *testing.T) {
	test.NewTempApp(t)
	v := NewViewfinder()
	w := test.NewTempWindow(t, v)
	w.SetPadded(false)
	w.Resize(fyne.NewSize(400, 400))
	if v.lines[0].Visible() {
		t.Fatal("a line before there is anything")
	}
	// Twice as wide as high: it lies in the middle, 100 from the top.
	img := image.NewRGBA(image.Rect(0, 0, 200, 100))
	v.Set(img, []fyne.Position{{X: 0.25, Y: 0}, {X: 0.75, Y: 0}, {X: 0.75, Y: 1}, {X: 0.25, Y: 1}})
	if !v.Marked() || !v.lines[3].Visible() {
		t.Fatal("no line")
	}
	want := []fyne.Position{{X: 100, Y: 100}, {X: 300, Y: 100}, {X: 300, Y: 300}, {X: 100, Y: 300}}
	for i, l := range v.lines {
		if l.Position1 != want[i] || l.Position2 != want[(i+1)%4] {
			t.Errorf("line %d goes from %v to %v, want %v to %v", i, l.Position1, l.Position2, want[i], want[(i+1)%4])
		}
	}
	v.Set(img, nil)
	if v.Marked() || v.lines[0].Visible() {
		t.Error("the line stayed")
	}
	v.Set(nil, make([]fyne.Position, 4))
	if v.lines[0].Visible() {
		t.Error("a line around nothing")
	}
}
