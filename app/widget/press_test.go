package widget

import (
	"slices"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"github.com/tallystick/tallystick/app/look"
)

// TestKeysOfTheScreen: what has the focus leaves Escape and F1 to the screen, and nothing else.
func TestKeysOfTheScreen(t *testing.T) {
	useLook(t, look.Light, 1)
	pressed := 0
	b := NewButton(Primary, "Press", "", func() { pressed++ })
	s := NewSelect([]string{"one", "two"}, nil)
	w := test.NewTempWindow(t, NewColumn(0, b, s))
	var seen []fyne.KeyName
	w.Canvas().SetOnTypedKey(func(e *fyne.KeyEvent) { seen = append(seen, e.Name) })
	for _, f := range []fyne.Focusable{b, s} {
		seen = nil
		w.Canvas().Focus(f)
		for _, name := range []fyne.KeyName{fyne.KeyDelete, fyne.KeyEscape, fyne.KeyUp, fyne.KeyF1, fyne.KeyA} {
			f.TypedKey(&fyne.KeyEvent{Name: name})
		}
		if !slices.Equal(seen, []fyne.KeyName{fyne.KeyEscape, fyne.KeyF1}) {
			t.Errorf("%T left the screen %v", f, seen)
		}
	}
	b.TypedKey(&fyne.KeyEvent{Name: fyne.KeyEscape}) // without the focus
	if len(seen) != 2 || pressed != 0 {
		t.Errorf("%v, pressed %d times", seen, pressed)
	}
}
