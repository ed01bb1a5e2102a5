package model_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tallystick/tallystick/app/apptest"
	"github.com/tallystick/tallystick/app/clock"
	"github.com/tallystick/tallystick/app/model"
	"github.com/tallystick/tallystick/app/platform"
	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/keys"
	"github.com/tallystick/tallystick/vault/vaulttest"
)

// wrong is a world in which the computer's clock is wrong.
type wrong struct {
	*world
	ahead  time.Duration
	set    time.Duration // how far the clock was set forward since
	asked  []string      // addresses and time servers
	answer func() ([]clock.Source, error)
}

// onTheNetwork is a clock on the network, with the true time.
type onTheNetwork struct {
	w    *wrong
	lies time.Duration
	err  error
}

func (onTheNetwork) Name() string { return "portal.example" }
func (s onTheNetwork) Measure(context.Context) (clock.Sample, error) {
	return clock.Sample{Offset: s.w.ahead + s.w.set + s.lies, Error: 500 * time.Millisecond}, s.err
}

// right is the true time.
func (w *wrong) right() time.Time { return w.loop.Now().Add(-w.ahead - w.set) }

// setForward sets the clock while nothing else moves.
func (w *wrong) setForward(d time.Duration) {
	w.set += d
	w.loop.Jump(w.loop.Now().Add(d))
}

func inWrongWorld(t *testing.T, ahead time.Duration, test func(w *wrong)) {
	inWorld(t, func(plain *world) {
		w := &wrong{world: plain, ahead: ahead}
		w.answer = func() ([]clock.Source, error) { return []clock.Source{onTheNetwork{w: w}}, nil }
		w.sources = func(addresses []string, server string) ([]clock.Source, error) {
			w.asked = append(append(w.asked, addresses...), server)
			return w.answer()
		}
		w.clock = clock.Open(clock.Config{
			Path: filepath.Join(t.TempDir(), clock.File), Now: w.loop.Now,
			Uptime: func() (string, time.Duration, error) { return "one", w.loop.Now().Sub(noon) - w.set + time.Hour, nil },
		})
		w.body.ClockKept = func() clock.Kept { return clock.KeptByNobody }
		test(w)
	})
}

// check is one of the check-up.
func (w *wrong) check(name string) model.Check {
	w.Helper()
	for _, c := range w.s.Doctor().Checks() {
		if c.Name == name {
			return c
		}
	}
	w.Fatalf("no check of the %s", name)
	return model.Check{}
}

func withURL(a vault.Account, url string) vault.Account {
	a.URL = url
	return a
}

// TestWrongClock is the whole way: looked at, compared, agreed to, and the codes are
// right, while everything else keeps the system's time.
func TestWrongClock(t *testing.T) {
	for _, ahead := range []time.Duration{-90 * time.Second, -31 * time.Second, -10 * time.Second, 10 * time.Second, 31 * time.Second, 90 * time.Second} {
		inWrongWorld(t, ahead, func(w *wrong) {
			account := withURL(totp("Acme", "maria", 1), "https://portal.example/login?a=b")
			id := w.open("", account, totp("Beta", "maria", 2))[0]
			d := w.s.Doctor()
			d.Begin()
			w.loop.Settle()
			if c := w.check("clock"); c.State != model.Ailing || d.Busy() != "" || len(w.asked) != 0 {
				t.Errorf("offline: %+v, busy %q, asked %v", c, d.Busy(), w.asked)
			}
			if got := d.Sources(); !slices.Equal(got, []string{"portal.example"}) {
				t.Errorf("would ask %v", got)
			}
			if by, why := d.CanApply(); by != "" || why != "" || d.CanForget() {
				t.Errorf("offers %q, %q", by, why)
			}
			d.Measure("")
			if d.Busy() == "" {
				t.Error("not busy")
			}
			w.loop.Settle()
			if !slices.Equal(w.asked, []string{"https://portal.example/login?a=b", ""}) {
				t.Errorf("asked %v", w.asked)
			}
			if lines := d.Readings(); len(lines) != 1 || !lines[0].Good || lines[0].Name != "portal.example" {
				t.Errorf("%+v", lines)
			}
			wantText(t, "clock", w.check("clock").Text, fmt.Sprintf("is %d s ", ahead.Abs()/time.Second))
			if s := w.clock.Status(); !s.Known {
				t.Error("what was found is not kept for later")
			}
			if got, right := w.row(id).Code, codeAt(t, account, w.right()); ahead.Abs() > 30*time.Second && got == right {
				t.Error("corrected before anybody agreed")
			}
			if by, _ := d.CanApply(); by == "" {
				t.Fatal("not offered")
			}
			d.Apply()
			w.loop.Settle()
			if c := w.check("clock"); c.State != model.Healthy || d.Error() != "" || !d.CanForget() {
				t.Errorf("%+v, %q", c, d.Error())
			}
			if by, _ := d.CanApply(); by != "" {
				t.Error("offered again")
			}
			for range 40 {
				if got, want := w.row(id).Code, codeAt(t, account, w.right()); got != want {
					t.Fatalf("%v ahead: code %s, want %s", ahead, got, want)
				}
				w.tick(1)
			}
			for w.right().Unix()%30 != 15 { // far from a change of the code
				w.tick(1)
			}
			w.list.Copy(id)
			w.loop.Settle()
			if got, want := w.clipboard(), codeAt(t, account, w.right()); got != want {
				t.Errorf("%v ahead: copied %s, want %s", ahead, got, want)
			}
			w.list.CopyNext(id)
			w.loop.Settle()
			if got, want := w.clipboard(), codeAt(t, account, w.right().Add(30*time.Second)); got != want {
				t.Errorf("%v ahead: copied %s as the next, want %s", ahead, got, want)
			}
			if used := w.row(id).Used; !used.Equal(w.loop.Now()) {
				t.Errorf("used at %v, by the clock it was %v", used, w.loop.Now())
			}
			d.Forget()
			w.loop.Settle()
			if got, want := w.row(id).Code, codeAt(t, account, w.loop.Now()); got != want || d.CanForget() {
				t.Errorf("still corrected: %s, %s", got, want)
			}
		})
	}
}

// The flow of adding shows the corrected code, too, and waits by the corrected time.
func TestProofWithAWrongClock(t *testing.T) {
	inWrongWorld(t, 47*time.Second, func(w *wrong) {
		w.open("", withURL(totp("Acme", "maria", 1), "https://portal.example"))
		w.s.Doctor().Begin()
		w.s.Doctor().Measure("")
		w.loop.Settle()
		w.s.Doctor().Measure("") // Begin was under way
		w.loop.Settle()
		w.s.Doctor().Apply()
		w.loop.Settle()
		w.add.ReadText("otpauth://totp/New:maria?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=New")
		w.loop.Settle()
		for w.right().Unix()%30 != 25 {
			w.tick(1)
		}
		w.add.Save(model.AddNew)
		w.loop.Settle()
		id := w.add.Saved()[0]
		if p := w.add.Proof(); p.Waiting != 5 {
			t.Errorf("the code changes in 5 s, and the flow waits for %d", p.Waiting)
		}
		for range 40 {
			p, row := w.add.Proof(), w.row(id)
			if p.Remaining != row.Remaining || p.Code != "" && p.Code != row.Code {
				t.Fatalf("proof %+v, row %s %d", p, row.Code, row.Remaining)
			}
			if want := 30 - int(w.right().Unix()%30); p.Remaining != want {
				t.Fatalf("%d s remain, want %d", p.Remaining, want)
			}
			w.tick(1)
		}
	})
}

// TestTheClockIsSet: codes are no longer corrected, and somebody is told.
func TestTheClockIsSet(t *testing.T) {
	inWrongWorld(t, 47*time.Second, func(w *wrong) {
		account := totp("Acme", "maria", 1)
		id := w.open("", account)[0]
		d := w.s.Doctor()
		d.Begin()
		w.loop.Settle()
		d.Measure("pool.example")
		w.loop.Settle()
		d.Apply()
		w.loop.Settle()
		d.Tick()
		if len(w.notices) != 0 {
			t.Fatalf("%+v", w.notices)
		}
		w.setForward(-47 * time.Second)
		d.Tick()
		w.loop.Settle()
		if got, want := w.row(id).Code, codeAt(t, account, w.right()); got != want {
			t.Errorf("code %s, want %s", got, want)
		}
		wantText(t, "notice", w.notice().Text, "no longer corrected by 47 s, because the clock was set", "check-up")
		d.Tick()
		w.loop.Settle()
		if len(w.notices) != 1 {
			t.Errorf("told %d times", len(w.notices))
		}
	})
}

// TestAnotherProcessCorrects: the window follows within seconds.
func TestAnotherProcessCorrects(t *testing.T) {
	inWrongWorld(t, 47*time.Second, func(w *wrong) {
		account := totp("Acme", "maria", 1)
		path := filepath.Join(t.TempDir(), clock.File)
		config := clock.Config{Path: path, Now: w.loop.Now, Uptime: func() (string, time.Duration, error) { return "one", w.loop.Now().Sub(noon), nil }}
		w.clock = clock.Open(config)
		id := w.open("", account)[0]
		other := clock.Open(config)
		if err := other.Apply(other.Measure(w.Context(), []clock.Source{onTheNetwork{w: w}})); err != nil {
			t.Fatal(err)
		}
		for range 10 {
			w.tick(1)
			w.s.Doctor().Tick()
			w.loop.Settle()
		}
		if got, want := w.row(id).Code, codeAt(t, account, w.right()); got != want {
			t.Errorf("code %s, want %s", got, want)
		}
	})
}

func TestNobodyTellsTheTime(t *testing.T) {
	inWrongWorld(t, 47*time.Second, func(w *wrong) {
		w.open("", totp("Acme", "maria", 1))
		d := w.s.Doctor()
		d.Begin()
		w.loop.Settle()
		for name, c := range map[string]struct {
			answer  []clock.Source
			err     error
			want    string
			problem string
		}{
			"silent":         {answer: []clock.Source{onTheNetwork{w: w, err: clock.ErrNoAnswer}}, want: "Nobody told the time. The clock shows"},
			"certificates":   {answer: []clock.Source{onTheNetwork{w: w, err: clock.ErrCertificateTime}}, want: "off by months"},
			"nobody":         {want: "nobody to ask"},
			"not an address": {err: clock.ErrAddress, problem: "not the address of a time server"},
			"disagree":       {answer: []clock.Source{onTheNetwork{w: w}, onTheNetwork{w: w, lies: time.Hour}}, want: "do not agree"},
		} {
			w.answer = func() ([]clock.Source, error) { return c.answer, c.err }
			d.Measure("")
			w.loop.Settle()
			wantText(t, name, w.check("clock").Text, c.want)
			wantText(t, name, d.Error(), c.problem)
			if by, _ := d.CanApply(); by != "" || w.check("clock").State == model.Healthy {
				t.Errorf("%s: offers %q", name, by)
			}
		}
		w.ahead = 400 * time.Second
		w.answer = func() ([]clock.Source, error) { return []clock.Source{onTheNetwork{w: w}}, nil }
		d.Measure("")
		w.loop.Settle()
		if by, why := d.CanApply(); by != "" || !strings.Contains(why, "more than five minutes") || w.check("clock").State != model.Broken {
			t.Errorf("%q %q %+v", by, why, w.check("clock"))
		}
	})
}

// slowSource answers when it is let.
type slowSource struct{ ended chan<- struct{} }

func (slowSource) Name() string { return "slow.example" }
func (s slowSource) Measure(ctx context.Context) (clock.Sample, error) {
	<-ctx.Done()
	close(s.ended)
	return clock.Sample{}, ctx.Err()
}

// TestDoctorLeftAndLocked: what is under way ends, and what was found, which names portals, is gone.
func TestDoctorLeftAndLocked(t *testing.T) {
	for name, leave := range map[string]func(w *wrong){
		"left":   func(w *wrong) { w.s.Doctor().Leave() },
		"locked": func(w *wrong) { w.s.Lock() },
	} {
		inWrongWorld(t, 47*time.Second, func(w *wrong) {
			w.open("pass", totp("Acme", "maria", 1))
			d := w.s.Doctor()
			d.Begin()
			w.loop.Settle()
			d.Measure("")
			w.loop.Settle()
			if len(d.Readings()) == 0 {
				t.Fatal("nothing found")
			}
			ended := make(chan struct{})
			w.answer = func() ([]clock.Source, error) { return []clock.Source{slowSource{ended}}, nil }
			d.Measure("")
			leave(w)
			<-ended
			w.loop.Settle()
			if len(d.Readings()) != 0 || len(d.Checks()) != 0 || d.Busy() != "" || len(d.Sources()) != 0 && name == "locked" {
				t.Errorf("%s: %+v %+v %q", name, d.Readings(), d.Checks(), d.Busy())
			}
		})
	}
}

// TestTrial: the codes around now, and what a portal that takes one of them tells.
func TestTrial(t *testing.T) {
	for _, ahead := range []time.Duration{-30 * time.Second, 30 * time.Second} {
		inWrongWorld(t, ahead, func(w *wrong) {
			account := totp("Acme", "maria", 1)
			ids := w.open("", account, hotp("Count", "maria", 2), manual("Mail", "maria"))
			d := w.s.Doctor()
			if d.Trial(ids[1]) != nil || d.Trial(ids[2]) != nil || d.Trial("none") != nil {
				t.Error("codes that do not follow the time")
			}
			w.tick(15) // the middle of a step
			codes := d.Trial(ids[0])
			if len(codes) != 5 || codes[2].When != "now" || codes[2].Code != w.row(ids[0]).Code || codes[1].When != "half a minute ago" || codes[4].When != "in a minute" {
				t.Fatalf("%+v", codes)
			}
			d.Begin()
			w.loop.Settle()
			for _, c := range codes {
				if c.Code == codeAt(t, account, w.right()) {
					d.Took(c)
				}
			}
			w.loop.Settle()
			wantText(t, "clock", w.check("clock").Text, map[bool]string{true: "slow", false: "fast"}[ahead < 0])
			d.Apply()
			w.loop.Settle()
			if off := w.clock.Now().Sub(w.right()).Abs(); off > 20*time.Second || len(w.asked) != 0 {
				t.Errorf("still %v off, asked %v", off, w.asked)
			}
		})
	}
}

func TestDoctorWithoutAClock(t *testing.T) {
	inWorld(t, func(w *world) {
		id := w.open("", totp("Acme", "maria", 1))[0]
		d := w.s.Doctor()
		d.Begin()
		d.Tick()
		d.Measure("")
		d.Apply()
		d.Forget()
		w.loop.Settle()
		if by, why := d.CanApply(); by != "" || why != "" || d.CanForget() || d.Trial(id) != nil {
			t.Errorf("%q %q", by, why)
		}
	})
}

// TestCheckUp: each check, sick and well.
func TestCheckUp(t *testing.T) {
	healthy := func(t *testing.T) model.Body {
		dir := filepath.Join(t.TempDir(), "data")
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "vault.age"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		return model.Body{
			Dir: dir, Version: "1.2.3", Keyring: vaulttest.NewKeyring(), Now: time.Now,
			Vault:   func(context.Context) model.Check { return model.VaultOpen(2, 1, 0, true) },
			Older:   func() ([]vault.Generation, error) { return []vault.Generation{{Saved: noon}}, nil },
			Clock:   clock.Open(clock.Config{Path: filepath.Join(dir, clock.File), Now: time.Now, Uptime: clock.Uptime}),
			Capture: func() string { return "portal" },
			Portal:  func(context.Context) (uint32, error) { return 2, nil },
			Tray:    func(context.Context) bool { return true }, Clipboard: &apptest.FakeClipboard{},
		}
	}
	find := func(t *testing.T, b model.Body, name string) model.Check {
		for _, c := range b.CheckUp(t.Context(), nil) {
			if c.Name == name {
				return c
			}
		}
		t.Fatalf("no check of the %s", name)
		return model.Check{}
	}
	for _, c := range healthy(t).CheckUp(t.Context(), nil) {
		if c.State != model.Healthy || c.Text == "" || c.Todo != "" {
			t.Errorf("healthy, and yet: %+v", c)
		}
	}
	keyring := func(err error) func(*model.Body) {
		return func(b *model.Body) {
			k := vaulttest.NewKeyring()
			k.FailAll(err)
			b.Keyring = k
		}
	}
	posix := runtime.GOOS != "windows"
	for _, c := range []struct {
		name  string
		spoil func(*model.Body)
		state model.Health
		says  string
		on    bool
	}{
		{"folder", func(b *model.Body) { b.Dir += "/none" }, model.Healthy, "not there yet", true},
		{"folder", func(b *model.Body) { b.Dir += "/vault.age" }, model.Broken, "not a folder", true},
		{"folder", func(b *model.Body) { _ = os.Chmod(b.Dir, 0o755) }, model.Ailing, "open to other people", posix},
		{"folder", func(b *model.Body) { _ = os.Chmod(b.Dir, 0o500) }, model.Broken, "cannot be written to", posix && os.Geteuid() != 0},
		{"files", func(b *model.Body) { _ = os.Chmod(b.Dir+"/vault.age", 0o644) }, model.Ailing, "for example vault.age", posix},
		{"files", func(b *model.Body) { b.Dir += "/none" }, model.Healthy, "none yet", true},
		{"files", func(b *model.Body) {
			_ = errors.Join(os.MkdirAll(b.Dir+"/profiles/two", 0o755), os.Chmod(b.Dir+"/profiles", 0o755)) // has a check-up of its own
		}, model.Healthy, "Only you", true},
		{"keyring", keyring(keys.ErrNone), model.Ailing, "none on this computer", true},
		{"keyring", keyring(keys.ErrLocked), model.Broken, "locked", true},
		{"vault", func(b *model.Body) {
			b.Vault = func(context.Context) model.Check { return model.VaultOpen(2, 1, 3, true) }
		}, model.Ailing, "cannot be read: 3", true},
		{"vault", func(b *model.Body) {
			b.Vault = func(context.Context) model.Check { return model.VaultTrouble(vault.ErrDamaged) }
		}, model.Broken, "damaged", true},
		{"older copies", func(b *model.Body) { b.Older = func() ([]vault.Generation, error) { return nil, nil } }, model.Healthy, "none yet", true},
		{"older copies", func(b *model.Body) { b.Older = func() ([]vault.Generation, error) { return nil, os.ErrPermission } }, model.Broken, "not allow", true},
		{"clock", func(b *model.Body) { b.Now = func() time.Time { return time.Unix(0, 0) } }, model.Broken, "cannot be right", true},
		{"clock", func(b *model.Body) { b.Now = func() time.Time { return time.Now().Add(-time.Hour) } }, model.Broken, "saved later", true},
		{"clock", func(b *model.Body) { b.ClockKept = func() clock.Kept { return clock.KeptByNobody } }, model.Ailing, "does not keep it right", true},
		{"clock", func(b *model.Body) { b.ClockKept = func() clock.Kept { return clock.KeptRight } }, model.Healthy, "kept right by the system", true},
		{"screen", func(b *model.Body) { b.Capture = func() string { return "none" } }, model.Ailing, "no screen", true},
		{"screen", func(b *model.Body) { b.Capture = func() string { return "x11" } }, model.Healthy, "X11", true},
		{"portal", func(b *model.Body) {
			b.Portal = func(context.Context) (uint32, error) { return 0, platform.ErrNoDesktopPortal }
		}, model.Ailing, "no desktop portal", true},
		{"portal", func(b *model.Body) {
			b.Portal = func(context.Context) (uint32, error) { return 0, context.DeadlineExceeded }
		}, model.Ailing, "does not answer", true},
		{"portal", func(b *model.Body) {
			b.Capture = func() string { return "x11" }
			b.Portal = func(context.Context) (uint32, error) { return 0, platform.ErrNoDesktopPortal }
		}, model.Healthy, "none is needed", true},
		{"tray", func(b *model.Body) { b.Tray = func(context.Context) bool { return false } }, model.Healthy, "none", true},
		{"clipboard", func(b *model.Body) {
			c := &apptest.FakeClipboard{}
			c.Fail(platform.ErrNoClipboard)
			b.Clipboard = c
		}, model.Ailing, "none", true},
		{"version", func(*model.Body) {}, model.Healthy, "1.2.3, " + runtime.GOOS, true},
	} {
		if !c.on {
			continue
		}
		b := healthy(t)
		c.spoil(&b)
		got := find(t, b, c.name)
		if got.State != c.state || !strings.Contains(got.Text, c.says) || got.State != model.Healthy && got.Todo == "" && c.name != "older copies" {
			t.Errorf("%s: %+v, want %d %q", c.name, got, c.state, c.says)
		}
		_ = os.Chmod(b.Dir, 0o700)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if got := healthy(t).CheckUp(ctx, nil); len(got) != 0 {
		t.Errorf("went on after the end: %+v", got)
	}
}
