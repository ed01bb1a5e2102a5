package widget

import (
	"unicode"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	fynewidget "fyne.io/fyne/v2/widget"

	"github.com/tallystick/tallystick/app/look"
)

// Entry is a text field that leaves the window's shortcuts to the window: the toolkit's own
// swallows all of them while it has the keyboard.
type Entry struct {
	fynewidget.Entry

	// OnKey sees keys before the field does; it reports whether it used the key.
	OnKey func(ev *fyne.KeyEvent) bool
	// onRune sees letters before the field does.
	onRune func(r rune)
	// onShift sees the shift key go down and up.
	onShift func(down bool)

	line     *canvas.Rectangle // around the field that has the keyboard
	self     fyne.CanvasObject // the widget that embeds this one, which is what lies on a canvas
	canvasOf func(fyne.CanvasObject) fyne.Canvas
}

// ExtendBaseWidget makes w the widget that this field is.
func (e *Entry) ExtendBaseWidget(w fyne.Widget) {
	e.self = w
	if e.canvasOf == nil {
		e.canvasOf = func(o fyne.CanvasObject) fyne.Canvas { return fyne.CurrentApp().Driver().CanvasForObject(o) }
	}
	e.Entry.ExtendBaseWidget(w)
}

// NewEntry makes a field of one line. Hint is shown while it is empty.
func NewEntry(hint string) *Entry {
	e := &Entry{}
	e.PlaceHolder = hint
	e.ExtendBaseWidget(e)
	return e
}

// NewMultiLineEntry makes a field of rows lines that wraps at words.
func NewMultiLineEntry(hint string, rows int) *Entry {
	e := NewEntry(hint)
	e.MultiLine = true
	e.Wrapping = fyne.TextWrapWord
	e.SetMinRowsVisible(rows)
	return e
}

// AcceptsTab implements fyne.Tabbable: the tab key leaves a field of several lines too. The toolkit would write a tab into it, and
// somebody without a mouse could not get out.
func (e *Entry) AcceptsTab() bool { return false }

// CreateRenderer implements fyne.Widget: the toolkit's field, and over it the line that everything
// of ours has when the keyboard is on it. The toolkit tints its hairline, which is easily missed.
func (e *Entry) CreateRenderer() fyne.WidgetRenderer {
	e.line = newFocusLine()
	return &entryRenderer{WidgetRenderer: e.Entry.CreateRenderer(), e: e}
}

type entryRenderer struct {
	fyne.WidgetRenderer
	e *Entry
}

func (r *entryRenderer) Objects() []fyne.CanvasObject {
	inner := r.WidgetRenderer.Objects()
	return append(inner[:len(inner):len(inner)], r.e.line)
}

func (r *entryRenderer) Layout(s fyne.Size) {
	r.WidgetRenderer.Layout(s)
	place(r.e.line, 0, 0, s.Width, s.Height)
}

func (r *entryRenderer) Refresh() {
	r.e.line.StrokeColor = look.Color(r.e.self, look.ColorFocusRing)
	r.WidgetRenderer.Refresh()
}

// FocusGained implements fyne.Focusable.
func (e *Entry) FocusGained() {
	e.setLine(true)
	e.Entry.FocusGained()
}

// FocusLost implements fyne.Focusable.
func (e *Entry) FocusLost() {
	e.setLine(false)
	e.Entry.FocusLost()
}

func (e *Entry) setLine(on bool) {
	if e.line == nil {
		return // not drawn yet
	}
	e.line.StrokeColor = look.Color(e.self, look.ColorFocusRing)
	show(e.line, on && !e.Disabled())
}

// TypedShortcut implements fyne.Shortcutable.
func (e *Entry) TypedShortcut(s fyne.Shortcut) {
	if custom, ok := s.(*desktop.CustomShortcut); ok && !editing(custom) {
		if c, ok := e.canvasOf(e.self).(fyne.Shortcutable); ok {
			c.TypedShortcut(s)
			return
		}
	}
	e.Entry.TypedShortcut(s)
}

// editing reports the shortcuts with which one moves and deletes by words.
func editing(s *desktop.CustomShortcut) bool {
	switch s.KeyName {
	case fyne.KeyLeft, fyne.KeyRight, fyne.KeyBackspace, fyne.KeyDelete, fyne.KeyHome, fyne.KeyEnd:
		return true
	}
	return false
}

// TypedKey implements fyne.Focusable. Escape and F1 belong to the screen, and are passed on to it unless OnKey takes them.
func (e *Entry) TypedKey(ev *fyne.KeyEvent) {
	if e.OnKey != nil && e.OnKey(ev) {
		return
	}
	if ev.Name == fyne.KeyEscape || ev.Name == fyne.KeyF1 {
		if c := e.canvasOf(e.self); c != nil && c.OnTypedKey() != nil {
			c.OnTypedKey()(ev)
			return
		}
	}
	e.Entry.TypedKey(ev)
}

// TypedRune implements fyne.Focusable.
func (e *Entry) TypedRune(r rune) {
	if e.onRune != nil {
		e.onRune(r)
	}
	e.Entry.TypedRune(r)
}

// KeyDown implements desktop.Keyable.
func (e *Entry) KeyDown(ev *fyne.KeyEvent) {
	if e.onShift != nil && (ev.Name == desktop.KeyShiftLeft || ev.Name == desktop.KeyShiftRight) {
		e.onShift(true)
	}
	e.Entry.KeyDown(ev)
}

// KeyUp implements desktop.Keyable.
func (e *Entry) KeyUp(ev *fyne.KeyEvent) {
	if e.onShift != nil && (ev.Name == desktop.KeyShiftLeft || ev.Name == desktop.KeyShiftRight) {
		e.onShift(false)
	}
	e.Entry.KeyUp(ev)
}

// FormField is a label over a field, and under it what is wrong with what was typed, or a hint.
type FormField struct {
	fynewidget.BaseWidget
	label, line *Text
	hint        string
	box         *fyne.Container
}

// NewFormField puts label over field. Hint may be "".
func NewFormField(label string, field fyne.CanvasObject, hint string) *FormField {
	f := &FormField{label: NewText(Caption, label), line: NewText(Caption, hint), hint: hint}
	f.box = NewColumn(look.Space1, f.label, field, f.line)
	f.ExtendBaseWidget(f)
	return f
}

// SetProblem shows a sentence in place of the hint; "" brings the hint back.
func (f *FormField) SetProblem(s string) {
	f.line.kind = Caption
	text := f.hint
	if s != "" {
		f.line.kind, text = Problem, s
	}
	f.line.text = text
	f.line.Refresh()
	f.box.Refresh()
}

// SetHint changes the hint, which a problem hides.
func (f *FormField) SetHint(s string) {
	if s != f.hint {
		f.hint = s
		f.SetProblem(f.Problem())
	}
}

// Hint is the hint, shown or hidden by a problem.
func (f *FormField) Hint() string { return f.hint }

// Problem is the sentence shown now, "" when there is none.
func (f *FormField) Problem() string {
	if f.line.kind == Problem {
		return f.line.text
	}
	return ""
}

// CreateRenderer implements fyne.Widget.
func (f *FormField) CreateRenderer() fyne.WidgetRenderer { return fynewidget.NewSimpleRenderer(f.box) }

// secretField is what KeyEntry and PassphraseEntry share: a field that can be masked.
type secretField struct {
	fynewidget.BaseWidget
	field *Entry
	eye   *Button
	line  *Text
	box   *fyne.Container
}

func (s *secretField) build(hint string, masked bool, showName, hideName string) {
	s.field = NewEntry(hint)
	s.line = NewText(Caption, "")
	s.eye = NewIconButton(look.IconEye, showName, nil)
	s.eye.OnTapped = func() {
		s.setMasked(!s.field.Password)
		if s.field.Password {
			s.eye.hint = showName
		} else {
			s.eye.hint = hideName
		}
		if c := fyne.CurrentApp().Driver().CanvasForObject(s.field); c != nil {
			c.Focus(s.field)
		}
	}
	s.field.ActionItem = s.eye
	s.setMasked(masked)
	s.box = NewColumn(look.Space1, s.field, s.line)
}

func (s *secretField) setMasked(on bool) {
	s.field.Password = on
	s.eye.icon = look.IconEye
	if !on {
		s.eye.icon = look.IconEyeOff
	}
	s.eye.Refresh()
	s.field.Refresh()
}

func (s *secretField) say(kind TextKind, text string) {
	if s.line.kind == kind && s.line.text == text {
		return
	}
	s.line.kind, s.line.text = kind, text
	s.line.Refresh()
	s.box.Refresh()
}

// Masked reports whether the text is shown as dots.
func (s *secretField) Masked() bool { return s.field.Password }

// SetMasked shows the text as dots, or as it is.
func (s *secretField) SetMasked(on bool) { s.setMasked(on) }

// Focusable is what to hand to a canvas to put the keyboard here.
func (s *secretField) Focusable() fyne.Focusable { return s.field }

// IsEmpty reports whether nothing was typed.
func (s *secretField) IsEmpty() bool { return s.field.Text == "" }

// Take hands out what was typed and empties the field. The bytes are the caller's to keep secret
// and to wipe.
func (s *secretField) Take() []byte {
	b := []byte(s.field.Text)
	s.Clear()
	return b
}

// Clear empties the field.
func (s *secretField) Clear() {
	s.field.SetText("")
	s.say(Caption, "")
}

// Enable lets the field be typed into.
func (s *secretField) Enable() { s.field.Enable(); s.eye.Enable() }

// Disable keeps the field from being typed into.
func (s *secretField) Disable() { s.field.Disable(); s.eye.Disable() }

// CreateRenderer implements fyne.Widget.
func (s *secretField) CreateRenderer() fyne.WidgetRenderer {
	return fynewidget.NewSimpleRenderer(s.box)
}

// KeyEntry takes the key a portal shows, in letters of equal width, as people type it: with spaces
// and in any case. What is wrong is said under it while typing.
type KeyEntry struct {
	secretField

	// Check judges what was typed: a sentence when it cannot be a key, "" when it is fine.
	Check func(text string) string
	// OnChanged is called after every change, with the text.
	OnChanged func(text string)
	// OnSubmitted is called on Enter.
	OnSubmitted func()
}

// NewKeyEntry makes an empty field that shows what is typed.
func NewKeyEntry(hint string) *KeyEntry {
	k := &KeyEntry{}
	k.build(hint, false, "Show the key", "Hide the key")
	k.field.TextStyle = look.MonoStyle
	k.field.OnChanged = func(s string) {
		k.check(s)
		if k.OnChanged != nil {
			k.OnChanged(s)
		}
	}
	k.field.OnSubmitted = func(string) {
		if k.OnSubmitted != nil {
			k.OnSubmitted()
		}
	}
	k.ExtendBaseWidget(k)
	return k
}

func (k *KeyEntry) check(s string) {
	problem := ""
	if k.Check != nil && s != "" {
		problem = k.Check(s)
	}
	k.SetProblem(problem)
}

// Text is what was typed. It stays in the field; prefer Take when it is used.
func (k *KeyEntry) Text() string { return k.field.Text }

// SetText puts text into the field.
func (k *KeyEntry) SetText(s string) { k.field.SetText(s) }

// SetProblem shows what is wrong; "" nothing.
func (k *KeyEntry) SetProblem(s string) { k.say(Problem, s) }

// Problem is the sentence shown, "" when there is none.
func (k *KeyEntry) Problem() string { return k.line.text }

// PassphraseEntry takes a passphrase, masked, with an eye to show it and a word when the capitals
// are locked.
type PassphraseEntry struct {
	secretField
	shift, caps bool
	problem     string

	// OnChanged is called after every change. The text is not handed out: see Take.
	OnChanged func()
	// OnSubmitted is called on Enter.
	OnSubmitted func()
}

// NewPassphraseEntry makes an empty masked field.
func NewPassphraseEntry(hint string) *PassphraseEntry {
	p := &PassphraseEntry{}
	p.build(hint, true, "Show the passphrase", "Hide the passphrase")
	p.field.onShift = func(down bool) { p.shift = down }
	// No toolkit tells the state of the lock, but a capital without the shift key does.
	p.field.onRune = func(r rune) {
		switch {
		case unicode.IsUpper(r) && !p.shift, unicode.IsLower(r) && p.shift:
			p.setCaps(true)
		case unicode.IsLower(r), unicode.IsUpper(r):
			p.setCaps(false)
		}
	}
	p.field.OnKey = func(ev *fyne.KeyEvent) bool {
		if ev.Name == desktop.KeyCapsLock {
			p.setCaps(false) // whatever it was, it is the other now; the next letter tells
		}
		return false
	}
	p.field.OnChanged = func(string) {
		if p.problem != "" {
			p.SetProblem("")
		}
		if p.OnChanged != nil {
			p.OnChanged()
		}
	}
	p.field.OnSubmitted = func(string) {
		if p.OnSubmitted != nil {
			p.OnSubmitted()
		}
	}
	p.ExtendBaseWidget(p)
	return p
}

func (p *PassphraseEntry) setCaps(on bool) {
	p.caps = on
	p.speak()
}

func (p *PassphraseEntry) speak() {
	switch {
	case p.problem != "":
		p.say(Problem, p.problem)
	case p.caps:
		p.say(Caption, "Caps Lock seems to be on")
	default:
		p.say(Caption, "")
	}
}

// SetProblem shows what is wrong until something is typed; "" nothing.
func (p *PassphraseEntry) SetProblem(s string) {
	p.problem = s
	p.speak()
}

// Problem is the sentence shown, "" when there is none.
func (p *PassphraseEntry) Problem() string { return p.problem }

// CapsHint reports whether the field says that the capitals are locked.
func (p *PassphraseEntry) CapsHint() bool { return p.caps && p.problem == "" }

// Same reports whether both fields hold the same text.
func (p *PassphraseEntry) Same(o *PassphraseEntry) bool { return p.field.Text == o.field.Text }

// Len is how many code points were typed.
func (p *PassphraseEntry) Len() int { return len([]rune(p.field.Text)) }

// SearchEntry is the search field over the list: a magnifier, a cross to empty it, and keys that
// reach the list without leaving the field.
type SearchEntry struct {
	Entry
	clear *Button

	// OnMove: arrow, page, home or end key, meant for the list.
	OnMove func(ev *fyne.KeyEvent)
	// OnEnter: Enter: the current row of the list.
	OnEnter func()
	// OnEscape: Escape in an empty field.
	OnEscape func()
	// OnFocus: the keyboard came to the field, or left it.
	OnFocus func(on bool)
}

// NewSearchEntry makes an empty search field; changed is called with every text.
func NewSearchEntry(hint string, changed func(text string)) *SearchEntry {
	s := &SearchEntry{}
	s.PlaceHolder = hint
	s.Icon = look.ColoredIcon(look.IconSearch, look.ColorMuted)
	s.clear = NewIconButton(look.IconClear, "Empty the search", func() {
		s.SetText("")
		if c := fyne.CurrentApp().Driver().CanvasForObject(s); c != nil {
			c.Focus(s)
		}
	})
	s.clear.Hide()
	s.ActionItem = container.New(reserve{}, s.clear)
	s.OnChanged = func(text string) {
		show(s.clear, text != "")
		if changed != nil {
			changed(text)
		}
	}
	s.OnKey = s.key
	s.ExtendBaseWidget(s)
	return s
}

// reserve keeps the room for what is hidden: the toolkit's field does not lay itself out again
// when its action item comes and goes.
type reserve struct{}

func (reserve) Layout(objects []fyne.CanvasObject, s fyne.Size) {
	place(objects[0], 0, 0, s.Width, s.Height)
}
func (reserve) MinSize(objects []fyne.CanvasObject) fyne.Size { return objects[0].MinSize() }

// FocusGained implements fyne.Focusable.
func (s *SearchEntry) FocusGained() {
	s.Entry.FocusGained()
	if s.OnFocus != nil {
		s.OnFocus(true)
	}
}

// FocusLost implements fyne.Focusable.
func (s *SearchEntry) FocusLost() {
	s.Entry.FocusLost()
	if s.OnFocus != nil {
		s.OnFocus(false)
	}
}

func (s *SearchEntry) key(ev *fyne.KeyEvent) bool {
	switch ev.Name {
	case fyne.KeyUp, fyne.KeyDown, fyne.KeyPageUp, fyne.KeyPageDown:
		if s.OnMove != nil {
			s.OnMove(ev)
		}
		return true
	case fyne.KeyReturn, fyne.KeyEnter:
		if s.OnEnter != nil {
			s.OnEnter()
		}
		return true
	case fyne.KeyEscape:
		if s.Text != "" {
			s.SetText("")
		} else if s.OnEscape != nil {
			s.OnEscape()
		}
		return true
	}
	return false
}
