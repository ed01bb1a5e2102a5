package view

import (
	"slices"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"

	"github.com/tallystick/tallystick/app/look"
	"github.com/tallystick/tallystick/app/widget"
)

// page is one screen. A page reads its model in update, and never keeps what it read.
type page interface {
	content() fyne.CanvasObject
	update()               // the model changed
	tick()                 // a second has passed
	focus() fyne.Focusable // what gets the keyboard when the page appears; nil for none
	escape()               // the person pressed Escape
	key(*fyne.KeyEvent)    // a key nothing had the focus for
	typed(r rune)          // a character nothing had the focus for
	leave()                // the page is about to disappear: drop what is secret
}

// dropper is a page that has a use of its own for files that are dropped on it; for the others they are pictures of new accounts.
type dropper interface{ dropped(paths []string) }

// basePage does nothing where a page has nothing to do.
type basePage struct{}

func (basePage) update()               {}
func (basePage) tick()                 {}
func (basePage) focus() fyne.Focusable { return nil }
func (basePage) escape()               {}
func (basePage) key(*fyne.KeyEvent)    {}
func (basePage) typed(rune)            {}
func (basePage) leave()                {}

// After calls fn on the window's goroutine after d; the returned func stops it.
type After func(d time.Duration, fn func()) (stop func())

// readable is how wide text and forms get at most at 100 % text, so that lines stay readable in a wide window.
const readable float32 = 560

// narrow centres its object sideways, no wider than readable, and puts it at the top, or in the middle when middle is set.
type narrow struct{ middle bool }

// Layout implements fyne.Layout.
func (n narrow) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	for _, o := range objects {
		w := min(size.Width, readable*look.Size(o, look.SizeBody)/baseText)
		o.Resize(fyne.NewSize(w, size.Height)) // wrapped text knows its height only at its width
		h := o.MinSize().Height
		o.Resize(fyne.NewSize(w, h))
		y := float32(0)
		if n.middle {
			y = max(0, (size.Height-h)/2)
		}
		o.Move(fyne.NewPos((size.Width-w)/2, y))
	}
}

// baseText is the size of body text at 100 %.
const baseText float32 = 14

// MinSize implements fyne.Layout.
func (n narrow) MinSize(objects []fyne.CanvasObject) fyne.Size {
	var size fyne.Size
	for _, o := range objects {
		size = size.Max(o.MinSize())
	}
	return size
}

// columnOf is the readable column every screen but the list consists of.
func columnOf(middle bool, objects ...fyne.CanvasObject) fyne.CanvasObject {
	body := container.New(narrow{middle}, widget.NewColumn(look.Space4, objects...))
	return container.NewVScroll(widget.NewPadded(look.Space4, look.Space4, body))
}

// head is the top of a screen that is not the list: the way back and a title.
func head(title string, back func()) fyne.CanvasObject {
	return widget.NewPadded(look.Space2, look.Space2, container.NewBorder(nil, nil,
		widget.NewPadded(0, 0, widget.NewIconButton(look.IconBack, "Back", back)), nil,
		widget.NewPadded(look.Space1, 0, widget.NewText(widget.Title, title))))
}

// sheet is a screen with a head and a column that scrolls.
func sheet(title string, back func(), objects ...fyne.CanvasObject) fyne.CanvasObject {
	return container.NewBorder(head(title, back), nil, nil, nil, columnOf(false, objects...))
}

// rebuild makes fresh the content of body, on page p. Where a sheet was there before, the new one shows the same place of the column,
// and the keyboard stays where it was: a page that is built anew while somebody types, reads or is about to press Enter must not
// jump. Where the control that had the keyboard is gone, what the page begins with gets it.
func (r *Root) rebuild(p page, body *fyne.Container, fresh fyne.CanvasObject) {
	at := fyne.Position{}
	had, waits := r.win.Canvas().Focused(), widget.Place{}
	if len(body.Objects) == 1 {
		if scroll := scrollOf(body.Objects[0]); scroll != nil {
			at = scroll.Offset
		}
		waits = widget.PlaceOf(body.Objects[0], had)
	}
	body.Objects = []fyne.CanvasObject{fresh}
	body.Refresh()
	if scroll := scrollOf(fresh); scroll != nil && at.Y > 0 {
		scroll.ScrollToOffset(at)
	}
	if r.current != p || r.showing {
		return
	}
	if had == nil {
		waits = r.waits
	}
	r.waits = widget.Place{}
	if waits == (widget.Place{}) {
		return
	}
	switch now := waits.In(fresh); {
	case now == nil:
		first := p.focus()
		if c, ok := first.(widget.Control); !ok || !slices.Contains(widget.Controls(fresh), c) {
			first = nil // of what was there before
		}
		r.focusOn(first)
	case turnedOff(now):
		r.focusOn(nil)
		r.waits = waits
	case fyne.Focusable(now) != had:
		r.focusOn(now)
	}
}

// turnedOff reports whether a control cannot have the keyboard now.
func turnedOff(c widget.Control) bool {
	d, ok := c.(fyne.Disableable)
	return ok && d.Disabled()
}

// scrollOf is the column of a sheet.
func scrollOf(sheet fyne.CanvasObject) *container.Scroll {
	if box, ok := sheet.(*fyne.Container); ok {
		for _, o := range box.Objects {
			if scroll, ok := o.(*container.Scroll); ok {
				return scroll
			}
		}
	}
	return nil
}

// centred is a screen whose column stands in the middle of the window when there is room.
func centred(objects ...fyne.CanvasObject) fyne.CanvasObject { return columnOf(true, objects...) }

// newStack is a place whose one object is replaced.
func newStack() *fyne.Container { return container.NewStack() }

// logo is the mark of the program, as large as a screen without a list can bear.
func logo() fyne.CanvasObject {
	mark := canvas.NewImageFromResource(look.AppIcon())
	mark.FillMode = canvas.ImageFillContain
	mark.SetMinSize(fyne.NewSquareSize(72))
	return container.NewHBox(mark)
}

// setBusy turns a button off, and says so on it, while slow work is under way.
func setBusy(b *widget.Button, busy bool, label, busyLabel string) {
	if busy {
		b.SetLabel(busyLabel)
		b.Disable()
		return
	}
	b.SetLabel(label)
	b.Enable()
}

func setVisible(o fyne.CanvasObject, on bool) {
	if o.Visible() == on {
		return
	}
	if on {
		o.Show()
	} else {
		o.Hide()
	}
}
