package widget

import (
	"image"
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/theme"

	"github.com/tallystick/tallystick/app/look"
)

// ChoiceCard is one of a few large ways to go on: an icon, what it does, and a line on when to
// take it. The whole card is pressed.
type ChoiceCard struct {
	pressable
	icon        look.IconName
	title       *Text
	text        *Text
	recommended bool
	picture     *Cutout

	// OnTapped is called when the card is pressed by pointer, Enter or the space bar.
	OnTapped func()
}

var _ fyne.Accessible = (*ChoiceCard)(nil)

// NewChoiceCard makes a card.
func NewChoiceCard(icon look.IconName, title, text string, tapped func()) *ChoiceCard {
	c := &ChoiceCard{icon: icon, title: NewText(Strong, title), text: NewText(Muted, text), OnTapped: tapped, picture: NewCutout(pictureEdge)}
	c.press = func() {
		if c.OnTapped != nil {
			c.OnTapped()
		}
	}
	c.ExtendBaseWidget(c)
	return c
}

// pictureEdge is the edge of the picture on a card, in pixels.
const pictureEdge = 80

// SetRecommended makes the card the one that catches the eye.
func (c *ChoiceCard) SetRecommended(on bool) { c.recommended = on; c.Refresh() }

// SetPicture shows a picture in the place of the icon: the code that was found, where it was
// found. Nil brings the icon back.
func (c *ChoiceCard) SetPicture(img image.Image) {
	c.picture.Set(img)
	c.Refresh()
}

// SetText changes the line under the title.
func (c *ChoiceCard) SetText(s string) { c.text.SetText(s); c.Refresh() }

// AccessibilityLabel implements fyne.Accessible.
func (c *ChoiceCard) AccessibilityLabel() string { return c.title.text + ", " + c.text.text }

// AccessibilityRole implements fyne.Accessible.
func (c *ChoiceCard) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleButton }

// CreateRenderer implements fyne.Widget.
func (c *ChoiceCard) CreateRenderer() fyne.WidgetRenderer {
	bg := &canvas.Rectangle{CornerRadius: look.Radius}
	over := &canvas.Rectangle{CornerRadius: look.Radius}
	well := &canvas.Rectangle{CornerRadius: look.Radius}
	line := newFocusLine()
	icon := newIcon()
	chevron := newIcon()
	column := NewColumn(look.Space1/2, c.title, c.text)

	r := &renderer{objects: []fyne.CanvasObject{bg, over, well, icon.Image, c.picture, column, chevron.Image, line}}
	// Large text in a narrow window needs the room more than the icon does.
	narrow := func(width float32) bool { return width < 7*look.Size(c, look.SizeMark) }
	edge := func(width float32) float32 {
		switch e := look.Size(c, look.SizeMark); {
		case c.picture.picture.Image != nil:
			return pictureEdge
		case narrow(width):
			return e * 0.6
		default:
			return e
		}
	}
	pad := func(width float32) float32 {
		if narrow(width) {
			return look.Space3
		}
		return look.Space4
	}
	left := func(width float32) float32 { return edge(width) + 2*pad(width) }
	right := func(width float32) float32 {
		if narrow(width) {
			return look.Space3
		}
		return look.Space2 + look.Size(c, look.SizeIcon) + look.Space3
	}
	r.min = func() fyne.Size {
		m, w := column.MinSize(), c.Size().Width
		return fyne.NewSize(m.Width+left(w)+right(w), max(m.Height, edge(w))+2*look.Space3)
	}
	r.layout = func(s fyne.Size) {
		place(bg, 0, 0, s.Width, s.Height)
		place(over, 0, 0, s.Width, s.Height)
		place(line, -3, -3, s.Width+6, s.Height+6)
		e := edge(s.Width)
		place(well, pad(s.Width), (s.Height-e)/2, e, e)
		place(c.picture, pad(s.Width), (s.Height-e)/2, e, e)
		i := e * 0.6
		place(icon, pad(s.Width)+(e-i)/2, (s.Height-i)/2, i, i)
		w := s.Width - left(s.Width) - right(s.Width)
		column.Resize(fyne.NewSize(w, column.MinSize().Height))
		m := column.MinSize()
		place(column, left(s.Width), (s.Height-m.Height)/2, w, m.Height)
		k := look.Size(c, look.SizeIcon)
		place(chevron, s.Width-look.Space3-k, (s.Height-k)/2, k, k)
		show(chevron, !c.Disabled() && !narrow(s.Width))
	}
	r.refresh = func() {
		bg.FillColor = look.Color(c, look.ColorSurface)
		bg.StrokeColor, bg.StrokeWidth = look.Color(c, look.ColorHairline), 1
		well.FillColor = look.Color(c, look.ColorWoodSoft)
		on := look.ColorWood
		if c.recommended {
			well.FillColor = look.Color(c, theme.ColorNamePrimary)
			on = theme.ColorNameForegroundOnPrimary
		}
		text := fyne.ThemeColorName("")
		if c.Disabled() {
			on, text = theme.ColorNameDisabled, theme.ColorNameDisabled
			well.FillColor = look.Color(c, theme.ColorNameDisabledButton)
		}
		c.title.SetColor(text)
		c.text.SetColor(text)
		icon.set(c, c.icon, on)
		chevron.set(c, look.IconChevron, look.ColorMuted)
		over.FillColor = color.Transparent
		if !c.Disabled() && c.down {
			over.FillColor = look.Color(c, theme.ColorNamePressed)
		} else if !c.Disabled() && c.hovered {
			over.FillColor = look.Color(c, theme.ColorNameHover)
		}
		line.StrokeColor, line.CornerRadius = look.Color(c, look.ColorFocusRing), look.Radius+3
		show(line, c.focused)
		pictured := c.picture.picture.Image != nil
		show(well, !pictured)
		show(icon, !pictured)
		show(c.picture, pictured)
		r.layout(c.Size())
		canvas.Refresh(c)
	}
	r.refresh()
	return r
}
