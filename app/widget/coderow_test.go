package widget

import (
	"fmt"
	"image"
	"image/color"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"

	"github.com/tallystick/tallystick/app/look"
)

// drawn is what a renderer shows now, object by object. Markup will not do here: making it lays
// everything out, and hides what was forgotten.
func drawn(objects []fyne.CanvasObject) string {
	var b strings.Builder
	for i, o := range objects {
		if !o.Visible() {
			continue
		}
		fmt.Fprintf(&b, "%d %T %v %v", i, o, o.Position(), o.Size())
		switch o := o.(type) {
		case *canvas.Text:
			fmt.Fprintf(&b, " %q %v %v %+v %v", o.Text, o.TextSize, o.Color, o.TextStyle, o.Alignment)
		case *canvas.Rectangle:
			fmt.Fprintf(&b, " %v %v %v", o.FillColor, o.StrokeColor, o.StrokeWidth)
		case *canvas.Circle:
			fmt.Fprintf(&b, " %v", o.FillColor)
		case *canvas.Arc:
			fmt.Fprintf(&b, " %v %v %v", o.StartAngle, o.EndAngle, o.FillColor)
		case *canvas.Image:
			fmt.Fprintf(&b, " %v", pictured(o))
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// shownRow gives r that width and says what it shows.
// pictured names what an image shows: an icon, or the account's own picture.
func pictured(i *canvas.Image) string {
	if i.Resource != nil {
		return i.Resource.Name()
	}
	return fmt.Sprintf("%p", i.Image)
}

func shownRow(r *CodeRow, width float32) string {
	w := test.WidgetRenderer(r)
	r.Resize(fyne.NewSize(width, r.MinSize().Height))
	return drawn(w.Objects())
}

func freshRow(s CodeRowState) *CodeRow {
	r := NewCodeRow()
	r.Set(s)
	return r
}

// Rows are pooled: nothing of an earlier life may show in the next.
func TestCodeRowSetLeavesNothingBehind(t *testing.T) {
	useLook(t, look.Light, 1)
	states := append([]CodeRowState{{}}, sampleRows...)
	for _, extra := range []func(*CodeRowState){
		func(s *CodeRowState) { s.Focused = true },
		func(s *CodeRowState) { s.Selected = true },
		func(s *CodeRowState) { s.Picture = Round(image.NewUniform(color.White)) },
	} {
		s := sampleRows[1]
		extra(&s)
		states = append(states, s)
	}
	for i, a := range states {
		for j, b := range states {
			r := freshRow(a)
			shownRow(r, 380)
			r.Set(b)
			if got, want := shownRow(r, 380), shownRow(freshRow(b), 380); got != want {
				t.Errorf("after state %d, state %d differs from a new row:\n%s\nwant\n%s", i, j, got, want)
			}
		}
	}
}

// Ticking through a minute must give what setting gives, second by second.
func TestCodeRowTickEqualsSet(t *testing.T) {
	useLook(t, look.Dark, 1)
	codes := []string{"492039", "118604", "770182", "000001"}
	for i, start := range sampleRows {
		r := freshRow(start)
		shownRow(r, 340)
		for sec := range 90 {
			s := start
			if s.Kind == RowRolling && len(s.Code) == 6 {
				s.Code, s.Period, s.Seconds = codes[sec/30], 30, 30-sec%30
				s.Next = ""
				if s.Seconds <= 10 {
					s.Next = codes[sec/30+1]
				}
			}
			s.Notice = ""
			if sec >= 12 && sec < 42 {
				s.Notice = fmt.Sprintf("Copied, clears in %d s", 42-sec)
			}
			r.Tick(s.Tick())
			if got, want := shownRow(r, 340), shownRow(freshRow(s), 340); got != want {
				t.Fatalf("row %d at second %d:\n%s\nwant\n%s", i, sec, got, want)
			}
			if r.State() != s {
				t.Fatalf("row %d at second %d: state is %+v", i, sec, r.State())
			}
		}
	}
}

// With a short period the next code is always on offer, and at a change both numbers are others.
func TestCodeRowTickChangesEverythingAtOnce(t *testing.T) {
	for _, scale := range []float32{1, 2} { // at 200 % the next code stands above the code
		useLook(t, look.Light, scale)
		a := CodeRowState{Issuer: "A", Name: "b", Code: "111111", Next: "222222", Seconds: 1, Period: 10}
		b := CodeRowState{Issuer: "A", Name: "b", Code: "222222", Next: "333333", Seconds: 20, Period: 20}
		r := freshRow(a)
		shownRow(r, 340)
		r.Tick(b.Tick())
		if got, want := shownRow(r, 340), shownRow(freshRow(b), 340); got != want {
			t.Errorf("scale %v:\n%s\nwant\n%s", scale, got, want)
		}
		if r.State() != b {
			t.Errorf("scale %v: state is %+v", scale, r.State())
		}
	}
}

// A tick that changes only numbers must not lay the row out: 20 rows do it every second.
func TestCodeRowTickLaysNothingOut(t *testing.T) {
	useLook(t, look.Light, 1)
	s := sampleRows[0]
	r := freshRow(s)
	shownRow(r, 380)
	moved := fyne.NewPos(-77, -77) // a layout would bring it back
	r.mark.disc.Move(moved)
	s.Seconds, s.Code = 20, "555000"
	r.Tick(s.Tick())
	if r.mark.disc.Position() != moved {
		t.Error("a tick laid the row out")
	}
	if r.seconds.Text != "20" || r.code.Text != "555 000" {
		t.Errorf("a tick showed %s and %s", r.seconds.Text, r.code.Text)
	}
	s.Next = "123456" // this one has to
	r.Tick(s.Tick())
	if r.mark.disc.Position() == moved || !r.next.Visible() {
		t.Error("the next code appeared without a place")
	}
}

// Nothing on a row is cut off by its edge and nothing lies on anything else, at any text size and
// width the window can have. Codes are never shortened.
func TestCodeRowKeepsThingsApart(t *testing.T) {
	for _, scale := range []float32{1, 1.25, 1.5, 1.75, 2} {
		for _, width := range []float32{340, 380, 420, 760} {
			useLook(t, look.Light, scale)
			for i, s := range sampleRows {
				r := freshRow(s)
				shownRow(r, width)
				var boxes []fyne.CanvasObject
				for _, o := range r.all {
					switch o := o.(type) {
					case *canvas.Text:
						if o.Visible() && o.Text != "" && o != r.mark.text {
							boxes = append(boxes, o)
						}
					case *canvas.Image, *canvas.Circle, *canvas.Arc:
						if o.Visible() && o != r.dial.arc {
							boxes = append(boxes, o)
						}
					}
				}
				extent := func(o fyne.CanvasObject) (x0, y0, x1, y1 float32) {
					p, s := o.Position(), o.Size()
					x0, y0, x1, y1 = p.X, p.Y, p.X+s.Width, p.Y+s.Height
					if text, ok := o.(*canvas.Text); ok {
						m := text.MinSize()
						if text.Alignment == fyne.TextAlignTrailing {
							x0 = x1 - m.Width
						} else {
							x1 = x0 + m.Width
						}
						// What is drawn of a line: its digits, not the room for accents.
						mid, half := (y0+y1)/2, text.TextSize*0.36
						y0, y1 = mid-half, mid+half
					}
					return
				}
				for k, a := range boxes {
					ax0, ay0, ax1, ay1 := extent(a)
					if ax0 < 0 || ay0 < 0 || ax1 > width+0.5 || ay1 > r.Size().Height {
						t.Errorf("scale %v, width %v, row %d: %T %v sticks out of the row", scale, width, i, a, textOf(a))
					}
					for _, b := range boxes[k+1:] {
						bx0, by0, bx1, by1 := extent(b)
						if ax0 < bx1-0.6 && bx0 < ax1-0.6 && ay0 < by1-0.6 && by0 < ay1-0.6 {
							t.Errorf("scale %v, width %v, row %d: %T %v lies on %T %v", scale, width, i, a, textOf(a), b, textOf(b))
						}
					}
				}
				if s.Code != "" && !s.Hidden && r.code.Text != look.GroupCode(s.Code) {
					t.Errorf("scale %v, width %v, row %d: the code is shown as %q", scale, width, i, r.code.Text)
				}
				if s.Next != "" && r.next.Visible() && r.next.Text != nextText(s.Next) {
					t.Errorf("scale %v, width %v, row %d: the next code is shown as %q", scale, width, i, r.next.Text)
				}
				if s.Notice != "" && r.name.Text != s.Notice {
					t.Errorf("scale %v, width %v, row %d: the notice is cut to %q", scale, width, i, r.name.Text)
				}
			}
		}
	}
}

func textOf(o fyne.CanvasObject) string {
	if t, ok := o.(*canvas.Text); ok {
		return fmt.Sprintf("%q", t.Text)
	}
	return fmt.Sprint(o.Position())
}

func TestCodeRowHidden(t *testing.T) {
	useLook(t, look.Light, 1)
	r := freshRow(CodeRowState{Issuer: "A", Code: "492039", Next: "118604", Hidden: true, Digits: 8, Seconds: 5, Period: 30})
	seen := shownRow(r, 380)
	for _, o := range r.all {
		if text, ok := o.(*canvas.Text); ok {
			for _, secret := range []string{"492", "039", "118", "604"} {
				if strings.Contains(text.Text, secret) {
					t.Errorf("a hidden code shows in %q", text.Text)
				}
			}
		}
	}
	if r.code.Text != "•••• ••••" || !strings.Contains(seen, "click to show") {
		t.Errorf("hidden shows %q", r.code.Text)
	}
	r.Tick(CodeTick{Code: "770182", Next: "118605", Seconds: 4, Period: 30})
	r.Tick(CodeTick{Code: "555555", Next: "118605", Seconds: 3, Period: 30})
	if r.code.Text != "•••• ••••" {
		t.Errorf("a tick showed %q", r.code.Text)
	}
	if label := r.AccessibilityLabel(); strings.Contains(label, "555") || !strings.Contains(label, "hidden") {
		t.Errorf("the label says %q", label)
	}
}

func TestCodeRowPointer(t *testing.T) {
	useLook(t, look.Light, 1)
	var tapped, next int
	var menus []fyne.Position
	r := NewCodeRow()
	r.OnTapped = func() { tapped++ }
	r.OnNext = func() { next++ }
	r.OnMenu = func(at fyne.Position) { menus = append(menus, at) }
	r.Set(CodeRowState{Issuer: "Old VPN", Kind: RowCounter, Code: "123456"})
	w := test.NewTempWindow(t, r)
	w.SetPadded(false)
	w.Resize(fyne.NewSize(380, r.MinSize().Height))
	centre := func(o fyne.CanvasObject) fyne.Position {
		return o.Position().AddXY(o.Size().Width/2, o.Size().Height/2)
	}
	test.TapCanvas(w.Canvas(), fyne.NewPos(100, 20))
	if tapped != 1 {
		t.Errorf("a click on the row was counted %d times", tapped)
	}
	test.TapCanvas(w.Canvas(), centre(r.nextHit))
	test.TapCanvas(w.Canvas(), centre(r.moreHit))
	test.TapSecondaryAt(r, fyne.NewPos(50, 30))
	if next != 1 || len(menus) != 2 || tapped != 1 {
		t.Errorf("next %d, menus %v, row %d; want 1, 2 of them, 1", next, menus, tapped)
	}
	r.Set(CodeRowState{Issuer: "B3", Code: "123456", Seconds: 9, Period: 30})
	test.TapCanvas(w.Canvas(), centre(r.nextHit))
	if next != 1 {
		t.Error("a row without a counter has a next button")
	}
	// Without callbacks nothing breaks.
	bare := freshRow(sampleRows[5])
	shownRow(bare, 380)
	test.Tap(bare)
	test.TapSecondary(bare)
	bare.nextHit.Tapped(nil)
	bare.moreHit.Tapped(nil)
}

func TestCodeRowHover(t *testing.T) {
	useLook(t, look.Light, 1)
	r := freshRow(sampleRows[0])
	shownRow(r, 380)
	before := r.bg.FillColor
	r.MouseIn(&desktop.MouseEvent{})
	if r.bg.FillColor == before {
		t.Error("hovering does not show")
	}
	r.MouseOut()
	if r.bg.FillColor != before {
		t.Error("hovering stays")
	}
}

func TestCodeRowFollowsTheTheme(t *testing.T) {
	useLook(t, look.Light, 1)
	r := freshRow(sampleRows[0])
	w := test.NewTempWindow(t, r)
	ink := r.code.Color
	fyne.CurrentApp().Settings().SetTheme(look.New(look.Config{Appearance: look.Dark, TextScale: 2}))
	w.Content().Refresh()
	if r.code.Color == ink {
		t.Error("the colour of the code stayed light's")
	}
	if r.issuer.TextSize != 28 {
		t.Errorf("the issuer's size is %v at 200 %%, want 28", r.issuer.TextSize)
	}
}

func TestCodeRowMarkup(t *testing.T) {
	useLook(t, look.Light, 1)
	for i, name := range []string{"rolling", "next", "copied", "letters", "hidden", "counter", "manual", "broken"} {
		r := freshRow(sampleRows[i])
		r.Resize(fyne.NewSize(380, r.MinSize().Height))
		test.AssertObjectRendersToMarkup(t, "coderow/"+name+".xml", r)
	}
}

func BenchmarkCodeRowSet(b *testing.B) {
	useLook(b, look.Light, 1)
	r := freshRow(sampleRows[0])
	shownRow(r, 380)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		r.Set(sampleRows[i%len(sampleRows)])
	}
}

func BenchmarkCodeRowTick(b *testing.B) {
	useLook(b, look.Light, 1)
	r := freshRow(sampleRows[0])
	shownRow(r, 380)
	tick := sampleRows[0].Tick()
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		tick.Seconds = 30 - i%20
		r.Tick(tick)
	}
}

// A screen of rows is made before the first frame.
func BenchmarkCodeRowNew(b *testing.B) {
	useLook(b, look.Light, 1)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		shownRow(freshRow(sampleRows[i%4]), 380)
	}
}
