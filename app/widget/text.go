package widget

import (
	"image/color"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/theme"
	fynewidget "fyne.io/fyne/v2/widget"

	"github.com/tallystick/tallystick/app/look"
)

// TextKind is the role of a text; it decides size, weight and colour.
type TextKind int

const (
	Body    TextKind = iota // running text
	Strong                  // running text, emphasised; the head of a group
	Muted                   // running text of less weight
	Caption                 // small and muted: labels, hints
	Title                   // the head of a screen
	Mono                    // a key, an address: equal widths
	Problem                 // what is wrong with a field
)

func (k TextKind) style() fyne.TextStyle {
	switch k {
	case Strong, Title:
		return look.StrongStyle
	case Mono:
		return look.MonoStyle
	}
	return fyne.TextStyle{}
}

func (k TextKind) size() fyne.ThemeSizeName {
	switch k {
	case Title:
		return look.SizeTitle
	case Caption, Problem:
		return look.SizeCaption
	}
	return look.SizeBody
}

func (k TextKind) color() fyne.ThemeColorName {
	switch k {
	case Muted, Caption:
		return look.ColorMuted
	case Problem:
		return theme.ColorNameError
	}
	return look.ColorInk
}

// Text is running text that wraps at words and lies flush with its neighbours: it has no room
// of its own around it.
type Text struct {
	fynewidget.BaseWidget
	kind  TextKind
	text  string
	align fyne.TextAlign
	color fyne.ThemeColorName // "" = by kind

	lines []*canvas.Text
	width float32 // the width lines was broken for
	inner *renderer
}

// NewText makes a text of that kind.
func NewText(kind TextKind, s string) *Text {
	t := &Text{kind: kind, text: s}
	t.ExtendBaseWidget(t)
	return t
}

// NewCentered makes a text whose lines are centred.
func NewCentered(kind TextKind, s string) *Text {
	t := NewText(kind, s)
	t.align = fyne.TextAlignCenter
	return t
}

// SetText changes the text. Newlines are kept.
func (t *Text) SetText(s string) {
	if s == t.text {
		return
	}
	t.text = s
	t.Refresh()
}

// SetColor overrides the colour of the kind; "" goes back to it.
func (t *Text) SetColor(n fyne.ThemeColorName) {
	t.color = n
	t.Refresh()
}

// Text is the text.
func (t *Text) Text() string { return t.text }

// wrap breaks s into lines no wider than width; a word wider than that is broken where it must.
func wrap(s string, width, size float32, style fyne.TextStyle) []string {
	var lines []string
	for para := range strings.SplitSeq(s, "\n") {
		line := ""
		for _, word := range strings.Fields(para) {
			try := word
			if line != "" {
				try = line + " " + word
			}
			if textSize(try, size, style).Width <= width {
				line = try
				continue
			}
			if line != "" {
				lines = append(lines, line)
			}
			line = word
			for textSize(line, size, style).Width > width {
				rs := []rune(line)
				n := len(rs) - 1
				for n > 1 && textSize(string(rs[:n]), size, style).Width > width {
					n--
				}
				if n < 1 {
					break
				}
				lines = append(lines, string(rs[:n]))
				line = string(rs[n:])
			}
		}
		lines = append(lines, line)
	}
	return lines
}

// reflow breaks the text for width and puts it on canvas objects.
func (t *Text) reflow(width float32) {
	size, style := look.Size(t, t.kind.size()), t.kind.style()
	name := t.color
	if name == "" {
		name = t.kind.color()
	}
	col := look.Color(t, name)
	var broken []string
	if t.text != "" {
		broken = wrap(t.text, width, size, style)
	}
	for len(t.lines) < len(broken) {
		t.lines = append(t.lines, canvas.NewText("", color.Transparent))
	}
	t.lines = t.lines[:len(broken)]
	lineH := textSize("0", size, style).Height
	t.inner.objects = t.inner.objects[:0]
	for i, s := range broken {
		l := t.lines[i]
		l.Text, l.TextSize, l.TextStyle, l.Color, l.Alignment = s, size, style, col, t.align
		place(l, 0, float32(i)*lineH, width, lineH)
		t.inner.objects = append(t.inner.objects, l)
	}
	t.width = width
}

// CreateRenderer implements fyne.Widget.
func (t *Text) CreateRenderer() fyne.WidgetRenderer {
	r := &renderer{}
	t.inner = r
	lineH := func() float32 { return textSize("0", look.Size(t, t.kind.size()), t.kind.style()).Height }
	r.min = func() fyne.Size {
		if t.text == "" {
			return fyne.Size{}
		}
		n := max(len(t.lines), 1)
		if t.width == 0 {
			n = strings.Count(t.text, "\n") + 1
		}
		return fyne.NewSize(look.Space8, float32(n)*lineH())
	}
	r.layout = func(s fyne.Size) {
		if s.Width > 0 && s.Width != t.width {
			t.reflow(s.Width)
			canvas.Refresh(t)
		}
	}
	r.refresh = func() {
		if w := t.Size().Width; w > 0 {
			t.reflow(w)
		}
		canvas.Refresh(t)
	}
	return r
}
