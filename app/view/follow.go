package view

import (
	"fyne.io/fyne/v2"

	"github.com/tallystick/tallystick/app/look"
)

// followKeyboard scrolls a page so far that what the tab key went to can be seen: the toolkit moves the keyboard out of sight and leaves the
// page where it is. Where the keyboard was put by the page itself, nothing moves.
func (r *Root) followKeyboard() {
	focused := r.win.Canvas().Focused()
	if focused == r.keyboard {
		return
	}
	r.keyboard = focused
	o, ok := focused.(fyne.CanvasObject)
	if !ok || !o.Visible() {
		return
	}
	body, ok := r.current.content().(*fyne.Container)
	if !ok {
		return
	}
	scroll := scrollOf(body)
	if scroll == nil && len(body.Objects) == 1 {
		scroll = scrollOf(body.Objects[0])
	}
	if scroll == nil {
		return
	}
	driver := fyne.CurrentApp().Driver()
	top := driver.AbsolutePositionForObject(o).Y - driver.AbsolutePositionForObject(scroll.Content).Y
	bottom, at, high := top+o.Size().Height+look.Space4, scroll.Offset.Y, scroll.Size().Height
	if top < 0 || bottom > scroll.Content.MinSize().Height+look.Space4 {
		return // it is not in the column: the way back, over it
	}
	switch {
	case bottom > at+high:
		at = min(bottom-high, top)
	case top-look.Space4 < at:
		at = max(0, top-look.Space4)
	default:
		return
	}
	scroll.ScrollToOffset(fyne.NewPos(0, at))
}
