package widget

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
)

// NewColumn stacks objects with gap pixels between them. Unlike the toolkit's VBox it gives every
// object its width before it asks for a height, so that wrapped text gets the room it needs in
// one pass; hidden and empty objects leave no gap behind.
func NewColumn(gap float32, objects ...fyne.CanvasObject) *fyne.Container {
	return container.New(&column{gap: gap}, objects...)
}

type column struct{ gap float32 }

func (c *column) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	y := float32(0)
	for _, o := range objects {
		if !o.Visible() {
			continue
		}
		h := o.MinSize().Height
		o.Resize(fyne.NewSize(size.Width, h))
		if again := o.MinSize().Height; again != h {
			h = again
			o.Resize(fyne.NewSize(size.Width, h))
		}
		if h == 0 {
			continue
		}
		o.Move(fyne.NewPos(0, y))
		y += h + c.gap
	}
}

func (c *column) MinSize(objects []fyne.CanvasObject) fyne.Size {
	var s fyne.Size
	n := 0
	for _, o := range objects {
		if !o.Visible() {
			continue
		}
		m := o.MinSize()
		s.Width = max(s.Width, m.Width)
		if m.Height > 0 {
			s.Height += m.Height
			n++
		}
	}
	if n > 1 {
		s.Height += c.gap * float32(n-1)
	}
	return s
}

// NewPadded puts x pixels left and right of o and y above and below it.
func NewPadded(x, y float32, o fyne.CanvasObject) *fyne.Container {
	return container.New(&padded{x, y}, o)
}

type padded struct{ x, y float32 }

func (p *padded) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	for _, o := range objects {
		place(o, p.x, p.y, size.Width-2*p.x, size.Height-2*p.y)
	}
}

func (p *padded) MinSize(objects []fyne.CanvasObject) fyne.Size {
	var s fyne.Size
	for _, o := range objects {
		s = s.Max(o.MinSize())
	}
	return s.AddWidthHeight(2*p.x, 2*p.y)
}

// NewFlow sets objects side by side with gap pixels between them and goes to a new line where
// the width ends: rows of buttons that survive a narrow window and large text.
func NewFlow(gap float32, objects ...fyne.CanvasObject) *fyne.Container {
	return container.New(&flow{gap: gap}, objects...)
}

type flow struct {
	gap   float32
	width float32 // of the last layout, which MinSize goes by
}

func (f *flow) run(objects []fyne.CanvasObject, width float32, put func(o fyne.CanvasObject, x, y, w, h float32)) float32 {
	x, y, line := float32(0), float32(0), float32(0)
	for _, o := range objects {
		if !o.Visible() {
			continue
		}
		m := o.MinSize()
		w := min(m.Width, width)
		if x > 0 && x+w > width+0.5 {
			x, y, line = 0, y+line+f.gap, 0
		}
		if put != nil {
			put(o, x, y, w, m.Height)
		}
		x += w + f.gap
		line = max(line, m.Height)
	}
	return y + line
}

func (f *flow) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	f.width = size.Width
	f.run(objects, size.Width, place)
}

func (f *flow) MinSize(objects []fyne.CanvasObject) fyne.Size {
	var s fyne.Size
	for _, o := range objects {
		if o.Visible() {
			s = s.Max(o.MinSize())
		}
	}
	if f.width > 0 {
		s.Height = f.run(objects, f.width, nil)
	}
	s.Width = min(s.Width, 160) // wider ones are made to fit
	return s
}
