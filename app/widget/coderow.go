package widget

import (
	"image"
	"image/color"
	"strconv"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/theme"
	fynewidget "fyne.io/fyne/v2/widget"

	"github.com/tallystick/tallystick/app/look"
)

// RowKind is what a row can show.
type RowKind int

const (
	// RowRolling has a code that changes with time: ring, seconds, next code.
	RowRolling RowKind = iota
	// RowCounter has a code that changes when asked for (HOTP): a "next" button.
	RowCounter
	// RowManual has no code: the portal sends it. Note says how.
	RowManual
	// RowBroken is an entry that cannot be read. Note says why.
	RowBroken
)

// CodeRowState is everything a row shows.
type CodeRowState struct {
	Issuer, Name string
	Picture      image.Image // made by Round, the same one for the same picture; nil: letters
	Kind         RowKind
	Code         string // ungrouped; "" when there is none to show
	Next         string // ungrouped; "" unless the next code is offered
	Hidden       bool   // dots and "click to show" instead of the code
	Digits       int    // how many dots when hidden; 0 means 6
	Seconds      int    // whole seconds until the code changes
	Period       int    // seconds
	Notice       string // takes the place of the name: "Copied, clears in 30 s"
	Note         string // RowManual, RowBroken: one line instead of the code
	Favourite    bool
	Shared       int  // how many people have it; 0 is not shared
	Fresh        bool // just added
	Selected     bool // shown in the other pane, or what Enter in the search field is for
	Focused      bool // the keyboard is here
}

// CodeTick is the part of a row that changes with time.
type CodeTick struct {
	Code, Next string
	Seconds    int
	Period     int // seconds
	Notice     string
}

// Tick is the part of s that changes with time.
func (s CodeRowState) Tick() CodeTick {
	return CodeTick{Code: s.Code, Next: s.Next, Seconds: s.Seconds, Period: s.Period, Notice: s.Notice}
}

// CodeRow is one account in the list. It is pooled: Set gives it a new life with every field,
// Tick changes only what a second changes and lays nothing out. It takes the pointer; the keyboard
// belongs to the list it lies in.
type CodeRow struct {
	fynewidget.BaseWidget

	// OnTapped: the row was pressed (copy, show, next).
	OnTapped func()
	// OnMenu: "more" or the secondary button was pressed, at a place on the canvas.
	OnMenu func(at fyne.Position)
	// OnNext: the "next" of a RowCounter was pressed.
	OnNext func()

	state   CodeRowState
	hovered bool
	ready   bool // colours and sizes were taken from the theme

	bg, focus, line    *canvas.Rectangle
	mark               *roundel
	issuer, name, code *canvas.Text
	next, count        *canvas.Text
	hint, hint2        *canvas.Text
	seconds            *canvas.Text
	star, shared       *icon
	check, more        *icon
	nextIcon           *icon
	moreBg, nextBg     *canvas.Rectangle
	moreHit, nextHit   *target
	dial               *dial
	all                []fyne.CanvasObject
}

var (
	_ fyne.Tappable          = (*CodeRow)(nil)
	_ fyne.SecondaryTappable = (*CodeRow)(nil)
	_ desktop.Hoverable      = (*CodeRow)(nil)
	_ desktop.Cursorable     = (*CodeRow)(nil)
	_ fyne.Accessible        = (*CodeRow)(nil)
)

// NewCodeRow makes an empty row.
func NewCodeRow() *CodeRow {
	text := func(style fyne.TextStyle) *canvas.Text {
		t := canvas.NewText("", color.Transparent)
		t.TextStyle = style
		return t
	}
	r := &CodeRow{
		bg:       &canvas.Rectangle{CornerRadius: look.Radius},
		focus:    newFocusLine(),
		line:     &canvas.Rectangle{},
		mark:     newRoundel(),
		issuer:   text(look.StrongStyle),
		name:     text(fyne.TextStyle{}),
		code:     text(look.CodeStyle),
		next:     text(fyne.TextStyle{}),
		hint:     text(fyne.TextStyle{}),
		hint2:    text(fyne.TextStyle{}),
		count:    text(fyne.TextStyle{}),
		seconds:  text(fyne.TextStyle{}),
		star:     newIcon(),
		shared:   newIcon(),
		check:    newIcon(),
		more:     newIcon(),
		nextIcon: newIcon(),
		moreBg:   &canvas.Rectangle{CornerRadius: look.Radius},
		nextBg:   &canvas.Rectangle{CornerRadius: look.Radius},
		dial:     newDial(),
	}
	r.moreHit = newTarget(func() {
		at := fyne.CurrentApp().Driver().AbsolutePositionForObject(r.moreHit)
		r.menu(at.AddXY(0, r.moreHit.Size().Height))
	}, r.hoverChanged)
	r.nextHit = newTarget(func() {
		if r.OnNext != nil {
			r.OnNext()
		}
	}, r.hoverChanged)
	r.all = append(r.all, r.bg, r.line)
	r.all = append(r.all, r.mark.objects()...)
	r.all = append(r.all, r.issuer, r.name, r.check.Image, r.star.Image, r.shared.Image, r.count, r.code, r.next, r.hint, r.hint2,
		r.dial.track, r.dial.arc, r.seconds, r.moreBg, r.more.Image, r.nextBg, r.nextIcon.Image, r.moreHit, r.nextHit, r.focus)
	r.ExtendBaseWidget(r)
	return r
}

// State is what the row shows now.
func (r *CodeRow) State() CodeRowState { return r.state }

// Set shows s: every field of it.
func (r *CodeRow) Set(s CodeRowState) {
	r.state = s
	if !r.ready {
		return // the renderer draws it when the row is first seen
	}
	r.apply()
	canvas.Refresh(r)
}

// Tick shows what a second changed. It lays nothing out, unless the code got another length.
func (r *CodeRow) Tick(t CodeTick) {
	old := r.state
	r.state.Code, r.state.Next, r.state.Seconds, r.state.Notice = t.Code, t.Next, t.Seconds, t.Notice
	r.state.Period = t.Period
	if !r.ready {
		return
	}
	elsewhere := t.Next != old.Next && !r.next.Visible() // the next code stands in the line of the name
	if len(t.Code) != len(old.Code) || len(t.Next) != len(old.Next) || (t.Notice == "") != (old.Notice == "") || elsewhere {
		r.apply()
		canvas.Refresh(r)
		return
	}
	if t.Code != old.Code && !r.state.Hidden {
		r.code.Text = look.GroupCode(t.Code)
		canvas.Refresh(r.code)
	}
	if t.Next != old.Next {
		r.next.Text = nextText(t.Next)
		canvas.Refresh(r.next)
	}
	if t.Notice != old.Notice {
		r.name.Text = fit(t.Notice, r.name.Size().Width, r.name.TextSize, r.name.TextStyle)
		canvas.Refresh(r.name)
	}
	if r.state.Kind != RowRolling {
		return
	}
	if r.dial.set(r, t.Seconds, t.Period) {
		r.dial.show(true)
		canvas.Refresh(r.dial.arc)
	}
	if t.Seconds != old.Seconds {
		r.seconds.Text = strconv.Itoa(t.Seconds)
		canvas.Refresh(r.seconds)
	}
}

func nextText(code string) string { return "next " + look.GroupCode(code) }

// dots stands for n hidden digits, in the groups the digits would have.
func dots(n int) string {
	if n <= 0 {
		n = 6
	}
	return strings.ReplaceAll(look.GroupCode(strings.Repeat("0", n)), "0", "•")
}

// paint takes colours and sizes from the theme; they change only with the theme.
func (r *CodeRow) paint() {
	c := func(n fyne.ThemeColorName) color.Color { return look.Color(r, n) }
	r.line.FillColor = c(look.ColorHairline)
	r.focus.StrokeColor = c(look.ColorFocusRing)
	r.issuer.Color, r.issuer.TextSize = c(look.ColorInk), look.Size(r, look.SizeBody)
	r.name.TextSize = look.Size(r, look.SizeCaption) + 1
	r.code.TextSize = look.Size(r, look.SizeCode)
	r.next.Color, r.next.TextSize = c(look.ColorMuted), look.Size(r, look.SizeCodeNext)
	r.hint.TextSize = look.Size(r, look.SizeCaption) + 1
	r.hint2.TextSize = r.hint.TextSize
	r.count.Color, r.count.TextSize = c(look.ColorMuted), look.Size(r, look.SizeCaption)
	r.seconds.Color, r.seconds.TextSize = c(look.ColorMuted), look.Size(r, look.SizeCaption)+1
	r.seconds.Alignment = fyne.TextAlignTrailing
	r.dial.paint(r)
}

// showIcon shows the icon i of that name and colour, or hides it. Most rows need one of the five.
func (r *CodeRow) showIcon(i *icon, on bool, name look.IconName, c fyne.ThemeColorName) {
	if on {
		i.set(r, name, c)
	}
	show(i, on)
}

// ground is what the row lies on, by its state.
func (r *CodeRow) ground() {
	over := func(h bool) color.Color {
		if h {
			return look.Color(r, theme.ColorNameHover)
		}
		return color.Transparent
	}
	switch {
	case r.state.Selected:
		r.bg.FillColor = look.Color(r, look.ColorAccentSoft)
	case r.state.Fresh:
		r.bg.FillColor = look.Color(r, look.ColorWoodSoft)
	default:
		r.bg.FillColor = over(r.hovered || r.moreHit.hovered || r.nextHit.hovered)
	}
	r.moreBg.FillColor = over(r.moreHit.hovered)
	r.nextBg.FillColor = look.Color(r, theme.ColorNameButton)
	if r.nextHit.hovered {
		r.nextBg.FillColor = look.Color(r, look.ColorSunken)
	}
	r.nextBg.StrokeColor, r.nextBg.StrokeWidth = look.Color(r, look.ColorOutline), 1
}

// apply puts the whole state on the canvas objects and lays them out.
func (r *CodeRow) apply() {
	s := &r.state
	r.mark.set(s.Issuer, s.Name, s.Picture)
	r.name.Color = look.Color(r, look.ColorMuted)
	if s.Notice != "" {
		r.name.Color = look.Color(r, theme.ColorNameSuccess)
	}
	r.code.Color = look.Color(r, look.ColorInk)
	r.hint.Color = look.Color(r, look.ColorMuted)
	if s.Kind == RowBroken {
		r.hint.Color = look.Color(r, theme.ColorNameError)
	}
	r.hint2.Color = r.hint.Color
	r.dial.set(r, s.Seconds, s.Period)
	r.seconds.Text = strconv.Itoa(s.Seconds)
	r.ground()
	r.arrange(r.Size())
}

// names are the texts of the first two lines: issuer and name, or the name alone.
func (r *CodeRow) names() (first, second string) {
	if r.state.Issuer == "" {
		return r.state.Name, ""
	}
	return r.state.Issuer, r.state.Name
}

// rowPad is the room around the content of a row, and between its columns.
const rowPad = look.Space3

// arrange lays everything out in size, from the state.
func (r *CodeRow) arrange(size fyne.Size) {
	if size.Width == 0 || size.Height == 0 {
		return
	}
	s := &r.state
	w, h := size.Width, size.Height
	place(r.bg, look.Space1, 2, w-2*look.Space1, h-4)
	place(r.focus, look.Space1+1, 3, w-2*look.Space1-2, h-6)
	show(r.focus, s.Focused)

	edge := look.Size(r, look.SizeMark)
	if w < 7*edge { // large text in a narrow window: the text needs the room more
		edge *= 0.6
	}
	top := look.Space2
	r.mark.place(rowPad, top+2, edge)

	x := rowPad + edge + rowPad // text column
	right := w - rowPad
	place(r.line, x, h-1, right-x, 1)
	show(r.line, !s.Selected && !s.Fresh && !s.Focused)

	lineH := textSize("0", r.issuer.TextSize, r.issuer.TextStyle).Height
	nameH := textSize("0", r.name.TextSize, r.name.TextStyle).Height
	codeH := textSize("0", look.Size(r, look.SizeCode), look.CodeStyle).Height

	// The ring and its seconds, on the first line.
	ringEdge := look.Size(r, look.SizeRing)
	rolling := s.Kind == RowRolling && s.Period > 0
	secW := textSize("00", r.seconds.TextSize, r.seconds.TextStyle).Width
	if s.Seconds > 99 {
		secW = textSize(r.seconds.Text, r.seconds.TextSize, r.seconds.TextStyle).Width
	}
	end := right // of the first line's text
	if rolling {
		place(r.seconds, right-secW, top+(lineH-nameH)/2, secW, nameH)
		r.dial.place(right-secW-look.Space1-ringEdge, top+(lineH-ringEdge)/2, ringEdge)
		end = right - secW - look.Space1 - ringEdge - look.Space2
	}
	r.dial.show(rolling)
	show(r.seconds, rolling)

	// First line: issuer, star, people.
	small := look.Size(r, look.SizeCaption) + 2
	extra := float32(0)
	if s.Favourite {
		extra += look.Space1 + small
	}
	if s.Shared > 0 {
		r.count.Text = strconv.Itoa(s.Shared)
		extra += look.Space2 + small + look.Space1/2 + r.count.MinSize().Width
	}
	first, second := r.names()
	r.issuer.Text = fit(first, end-x-extra, r.issuer.TextSize, r.issuer.TextStyle)
	at := x + textSize(r.issuer.Text, r.issuer.TextSize, r.issuer.TextStyle).Width
	place(r.issuer, x, top, at-x, lineH)
	if s.Favourite {
		place(r.star, at+look.Space1, top+(lineH-small)/2, small, small)
		at += look.Space1 + small
	}
	r.showIcon(r.star, s.Favourite, look.IconStarFilled, look.ColorWood)
	if s.Shared > 0 {
		c := r.count.MinSize()
		place(r.shared, at+look.Space2, top+(lineH-small)/2, small, small)
		place(r.count, at+look.Space2+small+look.Space1/2, top+(lineH-c.Height)/2, c.Width, c.Height)
	}
	r.showIcon(r.shared, s.Shared > 0, look.IconShare, look.ColorMuted)
	show(r.count, s.Shared > 0)

	// "More", at the right of the code line.
	y := h - look.Space1 - codeH
	hit := max(look.Hit, look.Size(r, look.SizeIcon)+look.Space3)
	hy := y + (codeH-hit)/2
	icon := look.Size(r, look.SizeIcon)
	mx := right - hit + (hit-icon)/2
	place(r.moreHit, mx, hy, hit, hit)
	place(r.moreBg, mx, hy, hit, hit)
	place(r.more, mx+(hit-icon)/2, hy+(hit-icon)/2, icon, icon)
	r.showIcon(r.more, true, look.IconMore, look.ColorMuted)
	end = mx - look.Space2

	// "Next" of a counter, beside it.
	counter := s.Kind == RowCounter
	if counter {
		place(r.nextHit, mx-look.Space1-hit, hy, hit, hit)
		place(r.nextBg, mx-look.Space1-hit, hy, hit, hit)
		place(r.nextIcon, mx-look.Space1-hit+(hit-icon)/2, hy+(hit-icon)/2, icon, icon)
		end = mx - look.Space1 - hit - look.Space2
	}
	show(r.nextHit, counter)
	show(r.nextBg, counter)
	r.showIcon(r.nextIcon, counter, look.IconNext, theme.ColorNameForeground)

	if spilled := r.arrangeCode(x, y, end, codeH, rolling); spilled != "" {
		second = spilled
	}

	// Second line: what just happened, what had no room beside the code, or the name.
	y = top + lineH
	nx := x
	if s.Notice != "" {
		second = s.Notice
		room := right - x - small - look.Space1
		if textSize(second, r.name.TextSize, r.name.TextStyle).Width <= room {
			place(r.check, x, y+(nameH-small)/2, small, small)
			nx += small + look.Space1
		}
	}
	r.showIcon(r.check, nx > x, look.IconCheck, theme.ColorNameSuccess)
	r.name.Text = fit(second, right-nx, r.name.TextSize, r.name.TextStyle)
	place(r.name, nx, y, right-nx, nameH)
}

// arrangeCode lays out the code line between x and end: the code, and beside it the next code or a
// hint; or instead of them a note of at most two lines. What has no room beside the code is
// returned, for the line above.
func (r *CodeRow) arrangeCode(x, y, end, codeH float32, rolling bool) (spilled string) {
	s := &r.state
	hint, codeText, dotted := "", "", false
	switch {
	case s.Kind == RowManual || s.Kind == RowBroken:
		r.arrangeNote(x, y, end, codeH)
		show(r.code, false)
		show(r.next, false)
		return ""
	case s.Hidden:
		codeText, hint, dotted = dots(s.Digits), "click to show", true
	case s.Code != "":
		codeText = look.GroupCode(s.Code)
	case s.Kind == RowCounter:
		codeText, hint, dotted = dots(s.Digits), "press next", true
	default:
		codeText, dotted = dots(s.Digits), true
	}
	if dotted {
		r.code.Color = look.Color(r, look.ColorMuted)
	}

	// The code shrinks before it is cut: half a code is worse than a small one.
	r.code.Text = codeText
	r.code.TextSize = look.Size(r, look.SizeCode)
	width := textSize(codeText, r.code.TextSize, r.code.TextStyle).Width
	if width > end-x {
		r.code.TextSize = fitSize(codeText, r.code.TextSize, end-x, r.code.TextStyle)
		width = textSize(codeText, r.code.TextSize, r.code.TextStyle).Width
	}
	place(r.code, x, y, width, codeH)
	show(r.code, true)

	aside := x + width + look.Space3
	offer := rolling && s.Next != "" && !s.Hidden
	if offer {
		r.next.Text = nextText(s.Next)
		t := r.next.MinSize()
		if aside+t.Width > end {
			offer, spilled = false, r.next.Text
		} else {
			place(r.next, aside, y+baselineShift(r.code.TextSize, codeH, r.next.TextSize), t.Width, t.Height)
		}
	}
	show(r.next, offer)

	r.hint.Text = hint
	if hint != "" {
		t := r.hint.MinSize()
		if aside+t.Width > end {
			r.hint.Text, spilled = "", hint
		} else {
			place(r.hint, aside, y+(codeH-t.Height)/2, t.Width, t.Height)
		}
	}
	show(r.hint, r.hint.Text != "")
	show(r.hint2, false)
	return spilled
}

// arrangeNote lays out the note of a row without a code.
func (r *CodeRow) arrangeNote(x, y, end, codeH float32) {
	size, style := r.hint.TextSize, r.hint.TextStyle
	lines := wrap(r.state.Note, end-x, size, style)
	lineH := textSize("0", size, style).Height
	second := ""
	if len(lines) > 1 {
		rest := strings.TrimPrefix(strings.Join(strings.Fields(r.state.Note), " "), lines[0])
		second = fit(strings.TrimSpace(rest), end-x, size, style)
	}
	n := float32(1)
	if second != "" {
		n = 2
	}
	r.hint.Text, r.hint2.Text = lines[0], second
	top := y + (codeH-n*lineH)/2
	place(r.hint, x, top, end-x, lineH)
	place(r.hint2, x, top+lineH, end-x, lineH)
	show(r.hint, true)
	show(r.hint2, second != "")
}

// baselineShift is how far a text of size small must move down in a line of height line to sit on
// the baseline of a text of size large that is centred there. The typeface's ascent is 1.025 and
// its line 1.3 of the size.
func baselineShift(large, line, small float32) float32 {
	const ascent, height = 1.025, 1.3
	return (line-large*height)/2 + (large-small)*ascent
}

// minSize: rows are all of one height.
func (r *CodeRow) minSize() fyne.Size {
	h := textSize("0", look.Size(r, look.SizeBody), look.StrongStyle).Height +
		textSize("0", look.Size(r, look.SizeCaption)+1, fyne.TextStyle{}).Height +
		textSize("0", look.Size(r, look.SizeCode), look.CodeStyle).Height
	return fyne.NewSize(280, float32(int(h+look.Space2+look.Space1+0.99)))
}

// CreateRenderer implements fyne.Widget.
func (r *CodeRow) CreateRenderer() fyne.WidgetRenderer {
	w := &renderer{objects: r.all, min: r.minSize, layout: r.arrange}
	w.refresh = func() {
		r.paint()
		r.apply()
		canvas.Refresh(r)
	}
	r.ready = true
	r.paint()
	r.apply()
	return w
}

func (r *CodeRow) menu(at fyne.Position) {
	if r.OnMenu != nil {
		r.OnMenu(at)
	}
}

func (r *CodeRow) hoverChanged() {
	r.ground()
	canvas.Refresh(r.bg)
	canvas.Refresh(r.moreBg)
	canvas.Refresh(r.nextBg)
}

// Tapped implements fyne.Tappable.
func (r *CodeRow) Tapped(*fyne.PointEvent) {
	if r.OnTapped != nil {
		r.OnTapped()
	}
}

// TappedSecondary implements fyne.SecondaryTappable.
func (r *CodeRow) TappedSecondary(ev *fyne.PointEvent) { r.menu(ev.AbsolutePosition) }

// MouseIn implements desktop.Hoverable.
func (r *CodeRow) MouseIn(*desktop.MouseEvent) { r.hovered = true; r.hoverChanged() }

// MouseMoved implements desktop.Hoverable.
func (r *CodeRow) MouseMoved(*desktop.MouseEvent) {}

// MouseOut implements desktop.Hoverable.
func (r *CodeRow) MouseOut() { r.hovered = false; r.hoverChanged() }

// Cursor implements desktop.Cursorable.
func (r *CodeRow) Cursor() desktop.Cursor { return desktop.PointerCursor }

// AccessibilityLabel implements fyne.Accessible.
func (r *CodeRow) AccessibilityLabel() string {
	first, second := r.names()
	parts := []string{first, second}
	if r.state.Notice != "" {
		parts = append(parts, r.state.Notice)
	}
	switch {
	case r.state.Kind == RowManual || r.state.Kind == RowBroken:
		parts = append(parts, r.state.Note)
	case r.state.Hidden:
		parts = append(parts, "code hidden")
	default:
		parts = append(parts, look.GroupCode(r.state.Code))
	}
	return strings.Join(parts, ", ")
}

// AccessibilityRole implements fyne.Accessible.
func (r *CodeRow) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleButton }
