package widget

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	fynewidget "fyne.io/fyne/v2/widget"

	"github.com/tallystick/tallystick/app/look"
)

// Section is a titled group of things on a card: the parts of the detail pane and of settings.
type Section struct {
	fynewidget.BaseWidget
	title *Text
	body  *fyne.Container
	all   *fyne.Container
}

// NewSection makes a section. Title may be "".
func NewSection(title string, objects ...fyne.CanvasObject) *Section {
	s := &Section{title: NewText(Strong, title)}
	s.body = NewColumn(look.Space3, objects...)
	s.all = NewColumn(look.Space3, s.title, s.body)
	s.ExtendBaseWidget(s)
	return s
}

// SetObjects replaces what is in the section.
func (s *Section) SetObjects(objects ...fyne.CanvasObject) {
	s.body.Objects = objects
	s.body.Refresh()
	s.Refresh()
}

// CreateRenderer implements fyne.Widget.
func (s *Section) CreateRenderer() fyne.WidgetRenderer {
	bg := &canvas.Rectangle{CornerRadius: look.Radius}
	r := &renderer{objects: []fyne.CanvasObject{bg, s.all}}
	r.min = func() fyne.Size { return s.all.MinSize().AddWidthHeight(2*look.Space4, 2*look.Space4) }
	r.layout = func(size fyne.Size) {
		place(bg, 0, 0, size.Width, size.Height)
		place(s.all, look.Space4, look.Space4, size.Width-2*look.Space4, size.Height-2*look.Space4)
	}
	r.refresh = func() {
		bg.FillColor = look.Color(s, look.ColorSurface)
		bg.StrokeColor, bg.StrokeWidth = look.Color(s, look.ColorHairline), 1
		s.title.Refresh()
		s.all.Refresh()
		r.layout(s.Size())
		canvas.Refresh(s)
	}
	r.refresh()
	return r
}

// Field is a label over a value, with a button to copy the value when there is something to copy.
type Field struct {
	fynewidget.BaseWidget
	label, value *Text
	copy         *Button
	column       *fyne.Container

	// OnCopy, when set, adds the button.
	OnCopy func()
}

// NewField makes a field. Copied may be nil.
func NewField(label, value string, copied func()) *Field {
	f := &Field{label: NewText(Caption, label), value: NewText(Body, value), OnCopy: copied}
	f.copy = NewIconButton(look.IconCopy, "Copy "+label, func() {
		if f.OnCopy != nil {
			f.OnCopy()
		}
	})
	f.column = NewColumn(look.Space1/2, f.label, f.value)
	f.ExtendBaseWidget(f)
	return f
}

// SetValue changes the value. An empty value hides the field.
func (f *Field) SetValue(s string) {
	f.value.text = s
	show(f, s != "")
	f.Refresh()
}

// Value is the value.
func (f *Field) Value() string { return f.value.text }

// SetMono shows the value in letters of equal width: a key, an address.
func (f *Field) SetMono() *Field {
	f.value.kind = Mono
	f.value.Refresh()
	return f
}

// CreateRenderer implements fyne.Widget.
func (f *Field) CreateRenderer() fyne.WidgetRenderer {
	r := &renderer{objects: []fyne.CanvasObject{f.column, f.copy}}
	aside := func() float32 {
		if f.OnCopy == nil {
			return 0
		}
		return look.Space2 + f.copy.MinSize().Width
	}
	r.min = func() fyne.Size {
		m := f.column.MinSize()
		if f.OnCopy != nil {
			m.Height = max(m.Height, f.copy.MinSize().Height)
		}
		return m.AddWidthHeight(aside(), 0)
	}
	r.layout = func(s fyne.Size) {
		w := s.Width - aside()
		column := f.column.MinSize()
		place(f.column, 0, (s.Height-column.Height)/2, w, column.Height)
		c := f.copy.MinSize()
		place(f.copy, s.Width-c.Width, (s.Height-c.Height)/2, c.Width, c.Height)
	}
	r.refresh = func() {
		show(f.copy, f.OnCopy != nil)
		f.value.Refresh()
		f.column.Refresh()
		r.layout(f.Size())
		canvas.Refresh(f)
	}
	r.refresh()
	return r
}
