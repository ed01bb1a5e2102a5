package widget

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	fynewidget "fyne.io/fyne/v2/widget"

	"github.com/tallystick/tallystick/app/look"
)

// Chip is one filter of a Chips bar.
type Chip struct {
	ID    string // given back by OnSelected
	Label string
	Icon  look.IconName // "" for none
}

// Chips is a bar of filters of which one is chosen. It scrolls sideways when it is full. Tab
// brings the keyboard to the bar, left and right move along it.
type Chips struct {
	fynewidget.BaseWidget
	chips    []Chip
	selected string
	cells    []*chipCell
	row      *fyne.Container
	clip     *container.Clip
	offset   float32 // pixels the row is moved to the left

	// OnSelected is called when the person chose another chip.
	OnSelected func(id string)
}

// NewChips makes an empty bar.
func NewChips(selected func(id string)) *Chips {
	c := &Chips{OnSelected: selected}
	c.row = container.New(&chipRow{})
	c.clip = container.NewClip(c.row)
	c.ExtendBaseWidget(c)
	return c
}

// Set shows chips, of which the one with that id is chosen. Cells are used again, so the keyboard
// stays where it is.
func (c *Chips) Set(chips []Chip, selected string) {
	c.chips = append(c.chips[:0], chips...)
	c.selected = selected
	for len(c.cells) < len(chips) {
		c.cells = append(c.cells, newChipCell(c))
	}
	c.row.Objects = c.row.Objects[:0]
	for i, ch := range chips {
		cell := c.cells[i]
		cell.index, cell.chip, cell.on = i, ch, ch.ID == selected
		cell.Refresh()
		c.row.Objects = append(c.row.Objects, cell)
	}
	c.row.Refresh()
	c.Refresh()
}

// Selected is the id of the chosen chip.
func (c *Chips) Selected() string { return c.selected }

// Select chooses a chip as the person would.
func (c *Chips) Select(id string) {
	if id == c.selected {
		return
	}
	c.selected = id
	for i, ch := range c.chips {
		if cell := c.cells[i]; cell.on != (ch.ID == id) {
			cell.on = ch.ID == id
			cell.Refresh()
		}
	}
	if c.OnSelected != nil {
		c.OnSelected(id)
	}
}

func (c *Chips) step(from, by int) {
	to := from + by
	if to < 0 || to >= len(c.chips) {
		return
	}
	if cv := fyne.CurrentApp().Driver().CanvasForObject(c); cv != nil {
		cv.Focus(c.cells[to])
	}
}

// reveal scrolls cell i into view.
func (c *Chips) reveal(i int) {
	x, w := c.cells[i].Position().X-chipEdge, c.cells[i].Size().Width+2*chipEdge
	switch view := c.clip.Size().Width; {
	case x < c.offset:
		c.moveTo(x)
	case x+w > c.offset+view:
		c.moveTo(x + w - view)
	}
}

// moveTo scrolls to offset, as far as there is anything to see.
func (c *Chips) moveTo(offset float32) {
	c.offset = max(min(offset, c.row.MinSize().Width-c.clip.Size().Width), 0)
	c.row.Move(fyne.NewPos(-c.offset, 0))
	canvas.Refresh(c.row)
}

// Scrolled implements fyne.Scrollable. The wheel turns the bar sideways; a bar of its own under so
// flat a thing would cover it.
func (c *Chips) Scrolled(ev *fyne.ScrollEvent) {
	by := ev.Scrolled.DX
	if by == 0 {
		by = ev.Scrolled.DY
	}
	c.moveTo(c.offset - by)
}

// CreateRenderer implements fyne.Widget.
func (c *Chips) CreateRenderer() fyne.WidgetRenderer {
	r := &renderer{objects: []fyne.CanvasObject{c.clip}}
	r.min = func() fyne.Size { return fyne.NewSize(look.Space12, c.row.MinSize().Height) }
	r.layout = func(s fyne.Size) {
		// Flush with its neighbours: the room for the focus line hangs over.
		place(c.clip, -chipEdge, 0, s.Width+2*chipEdge, s.Height)
		c.row.Resize(fyne.NewSize(c.row.MinSize().Width, s.Height))
		c.moveTo(c.offset)
	}
	r.refresh = func() {
		r.layout(c.Size())
		canvas.Refresh(c)
	}
	return r
}

// chipRow lays chips side by side, with room for the line around the one with the keyboard.
type chipRow struct{}

const chipEdge = 3 // pixels around a chip, for the focus line

func (*chipRow) Layout(objects []fyne.CanvasObject, s fyne.Size) {
	x := float32(chipEdge)
	for _, o := range objects {
		m := o.MinSize()
		place(o, x, (s.Height-m.Height)/2, m.Width, m.Height)
		x += m.Width + look.Space2
	}
}

func (*chipRow) MinSize(objects []fyne.CanvasObject) fyne.Size {
	s := fyne.NewSize(2*chipEdge, 0)
	for i, o := range objects {
		m := o.MinSize()
		s.Width += m.Width
		if i > 0 {
			s.Width += look.Space2
		}
		s.Height = max(s.Height, m.Height+2*chipEdge)
	}
	return s
}

type chipCell struct {
	pressable
	bar   *Chips
	index int
	chip  Chip
	on    bool
}

func newChipCell(bar *Chips) *chipCell {
	c := &chipCell{bar: bar}
	c.press = func() { bar.Select(c.chip.ID) }
	c.ExtendBaseWidget(c)
	return c
}

// FocusGained implements fyne.Focusable.
func (c *chipCell) FocusGained() {
	c.bar.reveal(c.index)
	c.pressable.FocusGained()
}

// TypedKey implements fyne.Focusable.
func (c *chipCell) TypedKey(ev *fyne.KeyEvent) {
	switch ev.Name {
	case fyne.KeyLeft:
		c.bar.step(c.index, -1)
	case fyne.KeyRight:
		c.bar.step(c.index, 1)
	default:
		c.pressable.TypedKey(ev)
	}
}

// CreateRenderer implements fyne.Widget.
func (c *chipCell) CreateRenderer() fyne.WidgetRenderer {
	bg := &canvas.Rectangle{}
	line := newFocusLine()
	icon := newIcon()
	text := canvas.NewText("", color.Transparent)
	r := &renderer{objects: []fyne.CanvasObject{bg, icon.Image, text, line}}
	size := func() float32 { return look.Size(c, look.SizeCaption) + 1 }
	style := func() fyne.TextStyle { return fyne.TextStyle{Bold: c.on} }
	edge := func() float32 {
		if c.chip.Icon == "" {
			return 0
		}
		return size() + look.Space1/2
	}
	gap := func() float32 {
		if c.chip.Icon == "" || c.chip.Label == "" {
			return 0
		}
		return look.Space1
	}
	r.min = func() fyne.Size {
		// As wide as the chosen one is, so that choosing moves nothing.
		t := textSize(c.chip.Label, size(), look.StrongStyle)
		return fyne.NewSize(t.Width+edge()+gap()+2*look.Space3, max(t.Height+2*look.Space1, 28))
	}
	r.layout = func(s fyne.Size) {
		place(bg, 0, 0, s.Width, s.Height)
		place(line, -chipEdge, -chipEdge, s.Width+2*chipEdge, s.Height+2*chipEdge)
		bg.CornerRadius = s.Height / 2
		line.CornerRadius = s.Height/2 + chipEdge
		t := textSize(c.chip.Label, size(), style())
		x := (s.Width - t.Width - edge() - gap()) / 2
		place(icon, x, (s.Height-edge())/2, edge(), edge())
		place(text, x+edge()+gap(), (s.Height-t.Height)/2, t.Width, t.Height)
	}
	r.refresh = func() {
		on := look.ColorMuted
		bg.FillColor, bg.StrokeColor, bg.StrokeWidth = color.Transparent, look.Color(c, look.ColorHairline), 1
		if c.hovered {
			bg.FillColor = look.Color(c, theme.ColorNameHover)
		}
		if c.on {
			bg.FillColor, bg.StrokeColor = look.Color(c, look.ColorAccentSoft), color.Transparent
			on = look.ColorOnAccentSoft
		}
		text.Text, text.TextSize, text.TextStyle = c.chip.Label, size(), style()
		text.Color = look.Color(c, on)
		if c.chip.Icon != "" {
			icon.set(c, c.chip.Icon, on)
		}
		show(icon, c.chip.Icon != "")
		line.StrokeColor = look.Color(c, look.ColorFocusRing)
		show(line, c.focused)
		r.layout(c.Size())
		canvas.Refresh(c)
	}
	r.refresh()
	return r
}
