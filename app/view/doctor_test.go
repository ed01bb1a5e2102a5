package view

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"

	"github.com/tallystick/tallystick/app/clock"
	"github.com/tallystick/tallystick/app/look"
	"github.com/tallystick/tallystick/app/model"
	"github.com/tallystick/tallystick/app/widget"
	"github.com/tallystick/tallystick/vault/vaulttest"
)

// sickness is what the check-up has to find out. Without a change everything works.
type sickness struct {
	clock   *clock.Clock
	body    model.Body
	ahead   time.Duration // of the system clock
	answers []clock.Source
	asked   []string
	capture string // how pictures of the screen are taken
}

// keyring is one with a name that people know.
type keyring struct{ *vaulttest.Keyring }

func (keyring) Name() string { return "GNOME keyring (Secret Service)" }

func (k *sickness) begin(s *stage) {
	k.clock = clock.Open(clock.Config{
		Path: filepath.Join(s.t.TempDir(), clock.File), Now: s.loop.Now,
		Uptime: func() (string, time.Duration, error) { return "one", s.loop.Now().Sub(noon) + time.Hour, nil },
	})
	k.capture = "portal"
	k.body = model.Body{
		Version: "1.0.0", Keyring: keyring{vaulttest.NewKeyring()}, ClockKept: func() clock.Kept { return clock.KeptRight },
		Capture: func() string { return k.capture }, Portal: func(context.Context) (uint32, error) { return 2, nil },
		Tray: func(context.Context) bool { return true },
	}
}

func (k *sickness) sources(addresses []string, server string) ([]clock.Source, error) {
	k.asked = append(append(k.asked, addresses...), server)
	return k.answers, nil
}

// told is a clock on the network.
type told struct {
	name   string
	offset time.Duration
	err    error
}

func (s told) Name() string { return s.name }
func (s told) Measure(context.Context) (clock.Sample, error) {
	return clock.Sample{Offset: s.offset, Error: 600 * time.Millisecond}, s.err
}

// wrongClock is a computer whose clock is 47 s fast, in a desktop without a tray.
func wrongClock(s *stage) {
	openVault(s)
	s.sick.ahead = 47 * time.Second
	s.sick.body.ClockKept = func() clock.Kept { return clock.KeptByNobody }
	s.sick.body.Tray = func(context.Context) bool { return false }
	s.sick.answers = []clock.Source{told{"portal.example", 47 * time.Second, nil}, told{"pbx.example", 46600 * time.Millisecond, nil}, told{"old.example", 0, clock.ErrNoAnswer}}
}

// openDoctor opens the check-up and waits for it.
func openDoctor(s *stage) {
	s.root.openDoctor()
	s.until(func() bool { return s.session.Doctor().Busy() == "" })
}

// TestClockMadeUpFor: what a person presses, from the menu to right codes and back.
func TestClockMadeUpFor(t *testing.T) {
	s := newStage(t, phone, look.Config{}, wrongClock)
	list := s.session.List()
	id := list.Row(0).ID
	rolling, ok := list.Get(id)
	if !ok || rolling.Period != 30 {
		t.Fatalf("%+v", rolling)
	}
	openDoctor(s)
	if !s.says("Asks portal.example for the time") || len(s.sick.asked) != 0 {
		t.Errorf("asked %v before anybody pressed anything", s.sick.asked)
	}
	s.button("Compare the clock").Tapped(&fyne.PointEvent{})
	s.until(func() bool { return s.session.Doctor().Busy() == "" })
	if !slices.Equal(s.sick.asked, []string{"https://portal.example/login", ""}) {
		t.Errorf("asked %v", s.sick.asked)
	}
	if !s.says("47 s fast") || !s.says("It did not answer.") {
		t.Error("the page does not say how wrong the clock is")
	}
	s.button("Correct codes by 47 s").Tapped(&fyne.PointEvent{})
	s.until(func() bool { return s.session.Doctor().Busy() == "" })
	if !s.says("Codes are corrected for it") {
		t.Error("the page does not say that codes are corrected")
	}
	if got, _ := list.Get(id); got.Remaining != 30-int(s.loop.Now().Add(-47*time.Second).Unix()%30) {
		t.Errorf("%d s remain", got.Remaining)
	}
	s.button("No longer correct codes").Tapped(&fyne.PointEvent{})
	s.until(func() bool { return s.session.Doctor().Busy() == "" })
	if got, _ := list.Get(id); got.Remaining != rolling.Remaining {
		t.Errorf("%d s remain, at first it was %d", got.Remaining, rolling.Remaining)
	}
	s.press(fyne.KeyEscape)
	if s.root.current != page(s.root.main) {
		t.Error("Escape does not lead back to the list")
	}
}

// TestTimeServer: only the one a person typed.
func TestTimeServer(t *testing.T) {
	s := newStage(t, phone, look.Config{}, wrongClock)
	openDoctor(s)
	p := s.root.current.(*doctorPage)
	s.root.focusOn(p.server)
	s.write(" time.example ")
	s.press(fyne.KeyReturn)
	s.until(func() bool { return s.session.Doctor().Busy() == "" })
	if !slices.Equal(s.sick.asked, []string{"https://portal.example/login", "time.example"}) {
		t.Errorf("asked %q", s.sick.asked)
	}
	if p.server.Text != " time.example " {
		t.Errorf("the field says %q", p.server.Text)
	}
}

// TestTheNextCodeWorked: without a network, the code a portal takes tells.
func TestTheNextCodeWorked(t *testing.T) {
	s := newStage(t, phone, look.Config{}, openVault)
	openDoctor(s)
	p := s.root.current.(*doctorPage)
	for _, a := range s.session.Doctor().Triable() {
		if a.Issuer == "B3Networks" {
			p.trial = a.ID
		}
	}
	p.update()
	before := p.shown
	s.at(30 * time.Second)
	if p.shown == before || len(strings.Fields(p.shown)) != 5 {
		t.Errorf("codes %q, then %q", before, p.shown)
	}
	codes := s.session.Doctor().Trial(p.trial)
	s.button(model.Group(codes[3].Code) + " · in half a minute").Tapped(&fyne.PointEvent{})
	s.until(func() bool { return s.session.Doctor().Busy() == "" })
	if !s.says("slow") || len(s.sick.asked) != 0 {
		t.Errorf("asked %v", s.sick.asked)
	}
}

// TestCheckUpWhileProving: it opens from a refused code, stays when that code changes, and leads back to it.
func TestCheckUpWhileProving(t *testing.T) {
	s := newStage(t, phone, look.Config{}, openVault)
	proveIt(s)
	s.session.Add().Refused()
	openDoctor(s)
	for range 40 {
		s.at(time.Second)
	}
	if _, here := s.root.current.(*doctorPage); !here {
		t.Fatal("the check-up went away when the code changed")
	}
	s.press(fyne.KeyEscape)
	if _, back := s.root.current.(*addPage); !back || s.session.Add().Stage() != model.ProveIt {
		t.Error("Escape does not lead back to the code")
	}
	openDoctor(s)
	s.session.Add().ReadText(link)
	s.until(func() bool { return s.session.Add().Stage() != model.ProveIt })
	s.loop.Run()
	if _, here := s.root.current.(*doctorPage); here {
		t.Error("what was dropped on the window is not shown")
	}
}

// TestTroubleIsSaid: not by colour alone.
func TestTroubleIsSaid(t *testing.T) {
	s := newStage(t, phone, look.Config{}, func(s *stage) {
		openVault(s)
		s.sick.body.Portal = func(context.Context) (uint32, error) { return 0, context.DeadlineExceeded }
	})
	openDoctor(s)
	if !s.says("One thing needs your attention") {
		t.Error("the page does not count what is wrong")
	}
	f := finding(model.Check{Name: "portal", State: model.Ailing, Text: "It is silent.", Todo: "Call it."}).(*widget.Finding)
	if got := f.AccessibilityLabel(); got != "Desktop portal, warning, It is silent. Call it." {
		t.Errorf("%q", got)
	}
}
