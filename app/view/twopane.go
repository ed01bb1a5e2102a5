package view

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"

	"github.com/tallystick/tallystick/app/look"
)

// twoPane shows one object in a narrow window and two beside each other in a wide one.
type twoPane struct {
	left, right fyne.CanvasObject
	line        fyne.CanvasObject
	body        *fyne.Container
	isWide      bool
	onSwitch    func(wide bool)
}

// leftShare is the part of a wide window the list gets; it never gets narrower than the narrowest window.
const leftShare float32 = 0.42

func newTwoPane(left, right fyne.CanvasObject) *twoPane {
	p := &twoPane{left: left, right: right, line: widget.NewSeparator()}
	right.Hide()
	p.line.Hide()
	p.body = container.New(p, left, p.line, right)
	return p
}

func (p *twoPane) wide() bool { return p.isWide }

// Layout implements fyne.Layout.
func (p *twoPane) Layout(_ []fyne.CanvasObject, size fyne.Size) {
	wide := size.Width >= look.TwoPaneFrom
	if wide != p.isWide {
		p.isWide = wide
		setVisible(p.right, wide)
		setVisible(p.line, wide)
		if p.onSwitch != nil {
			defer p.onSwitch(wide)
		}
	}
	left := size.Width
	if wide {
		left = max(look.MinWidth, size.Width*leftShare)
		p.line.Move(fyne.NewPos(left, 0))
		p.line.Resize(fyne.NewSize(1, size.Height))
		p.right.Move(fyne.NewPos(left+1, 0))
		p.right.Resize(fyne.NewSize(size.Width-left-1, size.Height))
	}
	p.left.Move(fyne.NewPos(0, 0))
	p.left.Resize(fyne.NewSize(left, size.Height))
}

// MinSize implements fyne.Layout.
func (p *twoPane) MinSize([]fyne.CanvasObject) fyne.Size {
	return fyne.NewSize(look.MinWidth, max(320, p.left.MinSize().Height))
}
