// Package widget holds Tallystick's own widgets: the row of an account with its code and ring, the
// list of such rows, buttons, fields, banners and the other parts screens are put together from.
//
// Who may import it: app and app/view. It imports app/look, assets and fyne; never vault, scanner
// or app/model. What a widget shows arrives as plain values through one Set, what a person does
// leaves through callbacks; no widget knows what an account is.
//
// Concurrency: everything here belongs to the window's goroutine. No widget starts a goroutine, a
// timer or an animation: what changes with time is told so by Tick, once a second.
//
// Ownership: a widget owns its canvas objects. Values handed to Set are copied; images and
// resources are shared and not changed. Text typed into [KeyEntry] and [PassphraseEntry] leaves
// them once, with Take, which empties the field.
package widget

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"github.com/tallystick/tallystick/app/look"
)

// renderer is a fyne.WidgetRenderer put together from functions.
type renderer struct {
	objects []fyne.CanvasObject
	layout  func(fyne.Size)
	min     func() fyne.Size
	refresh func()
}

var _ fyne.WidgetRenderer = (*renderer)(nil)

func (r *renderer) Destroy()                     {}
func (r *renderer) Layout(s fyne.Size)           { r.layout(s) }
func (r *renderer) MinSize() fyne.Size           { return r.min() }
func (r *renderer) Objects() []fyne.CanvasObject { return r.objects }
func (r *renderer) Refresh()                     { r.refresh() }

// place moves and resizes o.
func place(o fyne.CanvasObject, x, y, w, h float32) {
	o.Move(fyne.NewPos(x, y))
	o.Resize(fyne.NewSize(w, h))
}

// show shows or hides o, without a repaint when it is so already.
func show(o fyne.CanvasObject, on bool) {
	if o.Visible() == on {
		return
	}
	if on {
		o.Show()
	} else {
		o.Hide()
	}
}

// newFocusLine is the line around what has the keyboard.
func newFocusLine() *canvas.Rectangle {
	r := &canvas.Rectangle{StrokeWidth: look.FocusWidth, CornerRadius: look.Radius}
	r.Hide()
	return r
}

// icon is one of our icons on a canvas. Reading an SVG takes longer than everything else on a small
// widget together, so it is read only when the icon or its colour is another one.
type icon struct {
	*canvas.Image // this is what belongs among the objects of a renderer
	color         color.Color
}

func newIcon() *icon { return &icon{Image: newPicture()} }

// set shows the icon of that name in a colour of owner's theme.
func (i *icon) set(owner fyne.CanvasObject, name look.IconName, c fyne.ThemeColorName) {
	res, now := look.ColoredIcon(name, c), look.Color(owner, c)
	if i.Resource != nil && i.Resource.Name() == res.Name() && i.color == now {
		return
	}
	i.Resource, i.color = res, now
	i.Refresh()
}

func newPicture() *canvas.Image {
	return &canvas.Image{FillMode: canvas.ImageFillContain}
}

// textSize is how much room s takes.
func textSize(s string, size float32, style fyne.TextStyle) fyne.Size {
	return fyne.MeasureText(s, size, style)
}

// fitSize is the text size, at most size, at which s is no wider than room. Widths do not grow
// evenly with the size, so it is tried.
func fitSize(s string, size, room float32, style fyne.TextStyle) float32 {
	if room <= 0 {
		return size
	}
	for w := textSize(s, size, style).Width; w > room && size > 1; w = textSize(s, size, style).Width {
		size = min(size*room/w, size-0.25)
	}
	return size
}

const ellipsis = "…"

// fit shortens s with an ellipsis until it is no wider than width.
func fit(s string, width, size float32, style fyne.TextStyle) string {
	if s == "" || width <= 0 {
		return ""
	}
	if textSize(s, size, style).Width <= width {
		return s
	}
	rs := []rune(s)
	lo, hi := 0, len(rs)-1 // longest prefix that fits with the ellipsis
	for lo < hi {
		mid := (lo + hi + 1) / 2
		if textSize(string(rs[:mid])+ellipsis, size, style).Width <= width {
			lo = mid
		} else {
			hi = mid - 1
		}
	}
	for lo > 0 && rs[lo-1] == ' ' {
		lo--
	}
	return string(rs[:lo]) + ellipsis
}
