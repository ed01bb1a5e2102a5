package widget

import (
	"fmt"
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/theme"

	"github.com/tallystick/tallystick/app/look"
)

// BigCodeState is everything a BigCode shows.
type BigCodeState struct {
	Code    string // ungrouped; "" when there is none to show
	Next    string // ungrouped; "" unless the next code is offered
	Hidden  bool   // dots until pressed
	Digits  int    // how many dots; 0 means 6
	Seconds int    // whole seconds until the code changes
	Period  int    // seconds; 0: no ring (counter)
	Waiting int    // seconds until a fresh code is shown; over 0 the code stays away
	Notice  string // under the code: "Copied, clears in 30 s"
	Hint    string // under the code when there is no notice and no next code
}

// BigCode is one code as large as fits: in the detail pane and on the "type this into the portal"
// screen. Pressing it copies.
type BigCode struct {
	pressable
	state BigCodeState

	// OnTapped is called when it is pressed by pointer, Enter or the space bar.
	OnTapped func()

	bg, over, focus *canvas.Rectangle
	code, below     *canvas.Text
	seconds         *canvas.Text
	dial            *dial
	inner           *renderer
}

var _ fyne.Accessible = (*BigCode)(nil)

// NewBigCode makes one that shows nothing yet.
func NewBigCode() *BigCode {
	b := &BigCode{
		bg:      &canvas.Rectangle{CornerRadius: look.Radius},
		over:    &canvas.Rectangle{CornerRadius: look.Radius},
		focus:   newFocusLine(),
		code:    canvas.NewText("", color.Transparent),
		below:   canvas.NewText("", color.Transparent),
		seconds: canvas.NewText("", color.Transparent),
		dial:    newDial(),
	}
	b.code.TextStyle = look.CodeStyle
	b.press = func() {
		if b.OnTapped != nil {
			b.OnTapped()
		}
	}
	b.ExtendBaseWidget(b)
	return b
}

// State is what is shown now.
func (b *BigCode) State() BigCodeState { return b.state }

// Set shows s. It may be called every second: only what changed is drawn.
func (b *BigCode) Set(s BigCodeState) {
	old := b.state
	b.state = s
	if b.inner == nil || s == old {
		return
	}
	codeBefore, belowBefore := b.code.Text, lower(&old)
	if len(s.Code) != len(old.Code) || s.Hidden != old.Hidden || (s.Waiting > 0) != (old.Waiting > 0) ||
		s.Period != old.Period || (s.Notice == "") != (old.Notice == "") {
		b.apply()
		b.inner.layout(b.Size())
		canvas.Refresh(b)
		return
	}
	ring, sec := b.dial.end, b.seconds.Text
	b.apply()
	if b.dial.end != ring {
		canvas.Refresh(b.dial.arc)
	}
	if b.seconds.Text != sec {
		canvas.Refresh(b.seconds)
	}
	if b.code.Text != codeBefore {
		canvas.Refresh(b.code)
	}
	if lower(&s) != belowBefore {
		b.inner.layout(b.Size())
		canvas.Refresh(b.below)
	}
}

func (b *BigCode) apply() {
	s := &b.state
	b.code.Color = look.Color(b, look.ColorMuted)
	switch {
	case s.Waiting > 0 || s.Hidden || s.Code == "":
		b.code.Text = dots(s.Digits)
	default:
		b.code.Text = look.GroupCode(s.Code)
		b.code.Color = look.Color(b, look.ColorInk)
	}
	b.below.Color = look.Color(b, look.ColorMuted)
	if s.Notice != "" && s.Waiting == 0 {
		b.below.Color = look.Color(b, theme.ColorNameSuccess)
	}
	left := s.Seconds
	if s.Waiting > 0 {
		left = s.Waiting
	}
	b.dial.set(b, left, s.Period)
	b.seconds.Text = fmt.Sprint(left)
}

// lower is the line under the code.
func lower(s *BigCodeState) string {
	switch {
	case s.Waiting > 0:
		return fmt.Sprintf("A fresh code in %d s", s.Waiting)
	case s.Notice != "":
		return s.Notice
	case s.Hidden:
		return "Press to show"
	case s.Next != "":
		return nextText(s.Next)
	default:
		return s.Hint
	}
}

// CreateRenderer implements fyne.Widget.
func (b *BigCode) CreateRenderer() fyne.WidgetRenderer {
	r := &renderer{objects: []fyne.CanvasObject{b.bg, b.over, b.code, b.dial.track, b.dial.arc, b.seconds, b.below, b.focus}}
	b.inner = r
	ringEdge := func() float32 { return look.Size(b, look.SizeRing) * 1.4 }
	r.min = func() fyne.Size {
		code := textSize("0", look.Size(b, look.SizeCodeBig), look.CodeStyle)
		line := textSize("0", look.Size(b, look.SizeCodeNext), fyne.TextStyle{})
		return fyne.NewSize(240, code.Height+max(line.Height, ringEdge())+look.Space2+2*look.Space3)
	}
	r.layout = func(s fyne.Size) {
		place(b.bg, 0, 0, s.Width, s.Height)
		place(b.over, 0, 0, s.Width, s.Height)
		place(b.focus, -3, -3, s.Width+6, s.Height+6)
		b.focus.CornerRadius = look.Radius + 3

		full := look.Size(b, look.SizeCodeBig)
		secT := textSize("00", look.Size(b, look.SizeCodeNext), fyne.TextStyle{})
		if b.state.Seconds > 99 || b.state.Waiting > 99 {
			secT = textSize(b.seconds.Text, look.Size(b, look.SizeCodeNext), fyne.TextStyle{})
		}
		b.seconds.TextSize = look.Size(b, look.SizeCodeNext)
		ring := b.state.Period > 0
		e := ringEdge()
		clock := e + look.Space1 + secT.Width // ring and seconds
		room := s.Width - 2*look.Space4

		// The ring stands beside the code; where that makes the code smaller, under it.
		b.code.TextSize = full
		t := b.code.MinSize()
		beside := ring && t.Width+look.Space5+clock <= room
		if t.Width > room {
			shrink(b.code, b.code.Text, full, room)
			t = b.code.MinSize()
		}
		codeH := textSize("0", full, look.CodeStyle).Height
		lowY := look.Space3 + codeH + look.Space2
		lowH := s.Height - look.Space3 - lowY

		x, bx := (s.Width-t.Width)/2, float32(0)
		gap := float32(0)
		switch {
		case beside:
			x = (s.Width - t.Width - look.Space5 - clock) / 2
			b.dial.place(x+t.Width+look.Space5, look.Space3+(codeH-e)/2, e)
			place(b.seconds, x+t.Width+look.Space5+e+look.Space1, look.Space3+(codeH-secT.Height)/2, secT.Width, secT.Height)
		case ring:
			gap = look.Space4
			shrink(b.below, lower(&b.state), look.Size(b, look.SizeCodeNext), room-clock-gap)
			w := b.below.MinSize().Width
			if b.below.Text == "" {
				w, gap = 0, 0
			}
			rx := (s.Width - clock - gap - w) / 2
			b.dial.place(rx, lowY+(lowH-e)/2, e)
			place(b.seconds, rx+e+look.Space1, lowY+(lowH-secT.Height)/2, secT.Width, secT.Height)
			bx = rx + clock + gap
		}
		place(b.code, x, look.Space3, t.Width, codeH)
		b.dial.show(ring)
		show(b.seconds, ring)
		if !ring || beside {
			shrink(b.below, lower(&b.state), look.Size(b, look.SizeCodeNext), room)
			bx = (s.Width - b.below.MinSize().Width) / 2
		}
		lt := b.below.MinSize()
		place(b.below, bx, lowY+(lowH-lt.Height)/2, lt.Width, lt.Height)
	}
	r.refresh = func() {
		b.bg.FillColor = look.Color(b, look.ColorSunken)
		b.over.FillColor = color.Transparent
		if b.hovered {
			b.over.FillColor = look.Color(b, theme.ColorNameHover)
		}
		b.focus.StrokeColor = look.Color(b, look.ColorFocusRing)
		show(b.focus, b.focused)
		b.seconds.Color = look.Color(b, look.ColorMuted)
		b.dial.paint(b)
		b.apply()
		r.layout(b.Size())
		canvas.Refresh(b)
	}
	r.refresh()
	return r
}

// AccessibilityLabel implements fyne.Accessible.
func (b *BigCode) AccessibilityLabel() string { return b.code.Text + ", " + b.below.Text }

// AccessibilityRole implements fyne.Accessible.
func (b *BigCode) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleButton }
