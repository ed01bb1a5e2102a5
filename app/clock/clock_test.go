package clock

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/tallystick/tallystick/vault/otp"
	"github.com/tallystick/tallystick/vault/secret"
)

// found measures a computer's clock with a web server that has the true time.
func found(t *testing.T, c *computer, clock *Clock) Finding {
	t.Helper()
	return clock.Measure(t.Context(), []Source{webServer(t, c, rightTime(c))})
}

// TestCodesAfterConsent: with a wrong clock, codes are those of the right time once a
// person has agreed, and not before; also in the next start of the program.
func TestCodesAfterConsent(t *testing.T) {
	for _, ahead := range wrongBy {
		if ahead == 0 {
			continue
		}
		c := newComputer(t, ahead)
		// The middle of a step: within a second of it nothing but the right step will do.
		c.really = time.Unix(truth.Unix()/30*30+15, 0)
		params := otp.New(otp.TOTP, secret.FromString("12345678901234567890"))
		code := func(at time.Time) string {
			text, err := params.Code(at)
			if err != nil {
				t.Fatal(err)
			}
			return text
		}
		clock := c.clock()
		f := found(t, c, clock)
		if clock.Now() != c.now() {
			t.Fatalf("%v ahead: corrected before anybody agreed", ahead)
		}
		if err := clock.Apply(f); err != nil {
			t.Fatalf("%v ahead: %v", ahead, err)
		}
		for range 100 {
			c.pass(30 * time.Second)
			for _, clock := range []*Clock{clock, c.clock()} {
				if off := clock.Now().Sub(c.really).Abs(); off > time.Second {
					t.Fatalf("%v ahead: codes are %v off", ahead, off)
				}
				if got, want := code(clock.Now()), code(c.really); got != want {
					t.Fatalf("%v ahead: code %s, want %s", ahead, got, want)
				}
			}
		}
		if c.now().Sub(c.really) != ahead || clock.System() != c.now() {
			t.Error("the system clock was touched")
		}
	}
}

// TestForgottenWhenTheClockIsSet: also when it is set right, or back again.
func TestForgottenWhenTheClockIsSet(t *testing.T) {
	for _, set := range []time.Duration{-47 * time.Second, 3 * time.Second, -3 * time.Second, time.Hour} {
		c := newComputer(t, 47*time.Second)
		clock := c.clock()
		if err := clock.Apply(found(t, c, clock)); err != nil {
			t.Fatal(err)
		}
		c.set(time.Second) // what a time service does by and by
		if s := clock.Status(); s.Use != Used {
			t.Fatalf("dropped for a second: %+v", s)
		}
		c.set(-time.Second)
		c.set(set)
		for name, clock := range map[string]*Clock{"running": clock, "started anew": c.clock()} {
			if got := clock.Now(); got != c.now() {
				t.Errorf("%s, set by %v: codes are still corrected by %v", name, set, got.Sub(c.now()))
			}
			if s := clock.Status(); s.Use != ClockSet || s.Correction == 0 || !s.Known || (s.Off.Offset-47*time.Second-set).Abs() > s.Off.Error {
				t.Errorf("%s, set by %v: %+v", name, set, s)
			}
		}
		if jump := clock.Status().Jump; jump != set {
			t.Errorf("set by %v, noticed %v", set, jump)
		}
		c.set(-set)
		if clock.Now() != c.now() {
			t.Error("used again without asking")
		}
		if err := clock.Apply(found(t, c, clock)); err != nil || clock.Status().Use != Used {
			t.Errorf("agreed anew: %v", err)
		}
	}
}

func TestRestart(t *testing.T) {
	c := newComputer(t, 47*time.Second)
	clock := c.clock()
	if err := clock.Apply(found(t, c, clock)); err != nil {
		t.Fatal(err)
	}
	c.restart()
	clock = c.clock()
	if s := clock.Status(); s.Use != Restarted || clock.Now() != c.now() || s.Known || s.Measured.IsZero() {
		t.Errorf("%+v", s)
	}
	if err := clock.Apply(found(t, c, clock)); err != nil || clock.Status().Use != Used {
		t.Errorf("agreed anew: %v", err)
	}
}

// TestWithoutNamesForStarts: where a start of the computer has no name, the moment of it
// has to do.
func TestWithoutNamesForStarts(t *testing.T) {
	c := newComputer(t, 47*time.Second)
	c.boot = ""
	clock := c.clock()
	if err := clock.Apply(found(t, c, clock)); err != nil {
		t.Fatal(err)
	}
	c.pass(time.Hour)
	if s := c.clock().Status(); s.Use != Used {
		t.Errorf("%+v", s)
	}
	c.set(10 * time.Second)
	if s := clock.Status(); s.Use != Restarted || s.Jump != 10*time.Second || clock.Now() != c.now() {
		t.Errorf("%+v", s)
	}
}

func TestOldCorrection(t *testing.T) {
	c := newComputer(t, 47*time.Second)
	clock := c.clock()
	if err := clock.Apply(found(t, c, clock)); err != nil {
		t.Fatal(err)
	}
	c.pass(maxAge - time.Minute)
	if clock.Status().Use != Used {
		t.Error("not used after less than a week")
	}
	c.pass(2 * time.Minute)
	if s := clock.Status(); s.Use != Old || clock.Now() != c.now() {
		t.Errorf("%+v", s)
	}
}

func TestRefused(t *testing.T) {
	for ahead, want := range map[time.Duration]error{
		0: ErrRight, 300 * time.Millisecond: ErrRight,
		-302 * time.Second: ErrTooFar, 302 * time.Second: ErrTooFar, 10 * time.Hour: ErrTooFar,
		298 * time.Second: nil, -298 * time.Second: nil,
	} {
		c := newComputer(t, ahead)
		clock := c.clock()
		if err := clock.Apply(found(t, c, clock)); !errors.Is(err, want) {
			t.Errorf("%v ahead: %v, want %v", ahead, err, want)
		}
		if used := clock.Status().Use == Used; used != (want == nil) || (clock.Now() == c.now()) == used {
			t.Errorf("%v ahead: used %v", ahead, used)
		}
		if _, err := os.Stat(c.path); (err == nil) != (want == nil) {
			t.Errorf("%v ahead: file %v", ahead, err)
		}
	}

	c := newComputer(t, 0)
	clock := c.clock()
	differ := []Source{fixed{name: "a", Sample: Sample{47 * time.Second, 1}}, fixed{name: "b", Sample: Sample{-47 * time.Second, 1}}}
	if err := clock.Apply(clock.Measure(t.Context(), differ)); !errors.Is(err, ErrUnsure) {
		t.Errorf("two that differ: %v", err)
	}
	if err := clock.Apply(clock.Measure(t.Context(), nil)); !errors.Is(err, ErrUnsure) {
		t.Errorf("nobody: %v", err)
	}
	if err := clock.Apply(clock.Measure(t.Context(), []Source{fixed{name: "a", Sample: Sample{200 * time.Second, 150 * time.Second}}})); !errors.Is(err, ErrUnsure) {
		t.Errorf("too vague: %v", err)
	}
	if err := clock.Apply(clock.Measure(t.Context(), []Source{fixed{name: "a", Sample: Sample{20 * time.Second, 21 * time.Second}}})); !errors.Is(err, ErrUnsure) {
		t.Errorf("may be right: %v", err)
	}
	f := clock.Measure(t.Context(), []Source{fixed{name: "a", Sample: Sample{47 * time.Second, 1}}})
	c.set(-47 * time.Second)
	if err := clock.Apply(f); !errors.Is(err, ErrMoved) {
		t.Errorf("set right meanwhile: %v", err)
	}
}

// setter sets the clock while it is asked.
type setter struct {
	c *computer
	fixed
}

func (s setter) Measure(context.Context) (Sample, error) {
	s.c.set(time.Minute)
	return s.Sample, nil
}

func TestSetWhileMeasuring(t *testing.T) {
	c := newComputer(t, 0)
	f := c.clock().Measure(t.Context(), []Source{setter{c, fixed{name: "a", Sample: Sample{47 * time.Second, 1}}}})
	if f.Sure {
		t.Error("sure of what was measured while the clock was set")
	}
}

// TestOffline: without a network the clock says what it knows.
func TestOffline(t *testing.T) {
	c := newComputer(t, 47*time.Second)
	clock := c.clock()
	if s := clock.Status(); s.Known || !s.Measured.IsZero() || s.Use != None {
		t.Errorf("knows something from nowhere: %+v", s)
	}
	if err := clock.Keep(found(t, c, clock)); err != nil {
		t.Fatal(err)
	}
	c.pass(24 * time.Hour)
	clock = c.clock()
	s := clock.Status()
	if !s.Known || s.Use != None || (s.Off.Offset-47*time.Second).Abs() > time.Second || s.Off.Error < 8*time.Second {
		t.Errorf("a day later: %+v", s) // clocks drift
	}
	if clock.Now() != c.now() {
		t.Error("remembering is not agreeing")
	}
	c.set(-47 * time.Second)
	if s := clock.Status(); !s.Known || s.Off.Offset.Abs() > time.Second || s.Jump != -47*time.Second {
		t.Errorf("set right: %+v", s)
	}
	f := clock.Measure(t.Context(), []Source{fixed{name: "a", err: ErrNoAnswer}})
	if err := clock.Keep(f); err != nil || !clock.Status().Known {
		t.Error("what was known is lost when nobody answers")
	}
}

// TestRecall: what was kept can be agreed to for an hour, in another process too, and not
// once the clock was set.
func TestRecall(t *testing.T) {
	c := newComputer(t, 47*time.Second)
	clock := c.clock()
	if _, ok := clock.Recall(); ok {
		t.Error("recalls what never was")
	}
	if err := clock.Keep(found(t, c, clock)); err != nil {
		t.Fatal(err)
	}
	c.pass(50 * time.Minute)
	other := c.clock()
	f, ok := other.Recall()
	if !ok {
		t.Fatal("forgotten")
	}
	if err := other.Apply(f); err != nil || other.Now().Sub(c.really).Abs() > time.Second {
		t.Errorf("%v, off by %v", err, other.Now().Sub(c.really))
	}
	c.pass(11 * time.Minute)
	if _, ok := clock.Recall(); ok {
		t.Error("recalls what is old")
	}
	c.pass(-30 * time.Minute)
	c.set(3 * time.Second)
	if _, ok := clock.Recall(); ok {
		t.Error("recalls from before the clock was set")
	}
}

// TestKeepSpeaksAgainst: a comparison that the correction does not survive ends it.
func TestKeepSpeaksAgainst(t *testing.T) {
	c := newComputer(t, 47*time.Second)
	clock := c.clock()
	if err := clock.Apply(found(t, c, clock)); err != nil {
		t.Fatal(err)
	}
	if err := clock.Keep(found(t, c, clock)); err != nil || clock.Status().Use != Used {
		t.Errorf("dropped though it was borne out: %v", err)
	}
	// A time service that slews moves both clocks, so nothing but asking shows it.
	f := clock.Measure(t.Context(), []Source{fixed{name: "a", Sample: Sample{0, time.Second / 2}}})
	if err := clock.Keep(f); err != nil || clock.Status().Use != None || clock.Now() != c.now() {
		t.Errorf("%v %+v", err, clock.Status())
	}
}

func TestForget(t *testing.T) {
	c := newComputer(t, 47*time.Second)
	clock, other := c.clock(), c.clock()
	if err := clock.Forget(); err != nil {
		t.Errorf("nothing to forget: %v", err)
	}
	if err := clock.Apply(found(t, c, clock)); err != nil {
		t.Fatal(err)
	}
	other.Reload()
	if other.Status().Use != Used {
		t.Error("not seen by another process")
	}
	if err := clock.Forget(); err != nil {
		t.Fatal(err)
	}
	other.Reload()
	for _, k := range []*Clock{clock, other, c.clock()} {
		if k.Now() != c.now() || k.Status() != (Status{}) {
			t.Errorf("%+v", k.Status())
		}
	}
}

// TestFile: private, replaced as a whole, and without a word on who was asked.
func TestFile(t *testing.T) {
	c := newComputer(t, 47*time.Second)
	clock := c.clock()
	if err := clock.Apply(clock.Measure(t.Context(), []Source{fixed{name: "portal.example", Sample: Sample{47 * time.Second, 1e8}}})); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(c.path)
	if err != nil || strings.Contains(string(data), "portal") {
		t.Errorf("%s %v", data, err)
	}
	info, err := os.Stat(c.path)
	if err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info.Mode(), err)
	}
	if list, err := os.ReadDir(filepath.Dir(c.path)); err != nil || len(list) != 1 {
		t.Errorf("left behind: %v %v", list, err)
	}

	// A directory where the file should be: nothing changes, and it is said.
	c = newComputer(t, 47*time.Second)
	if err := os.MkdirAll(filepath.Join(c.path, "x"), 0o700); err != nil {
		t.Fatal(err)
	}
	clock = c.clock()
	if err := clock.Apply(found(t, c, clock)); err == nil || clock.Now() != c.now() {
		t.Errorf("%v", err)
	}
	if list, err := os.ReadDir(filepath.Dir(c.path)); err != nil || len(list) != 1 {
		t.Errorf("left behind: %v %v", list, err)
	}
}

func TestHostileFile(t *testing.T) {
	good := `{"version":1,"offsetMs":47000,"errorMs":500,"measured":"2026-03-04T12:00:00Z","sources":1,"applied":true,"boot":"first","startedMs":1}`
	if parseRecord([]byte(good)) == nil {
		t.Fatal("the good one is not read: the others show nothing")
	}
	for _, change := range [][2]string{
		{"47000", "300001"}, {"47000", "-300001"}, {"47000", "9223372036854775807"}, {"47000", "-9223372036854775808"}, {"47000", "1e30"}, {"47000", `"47"`},
		{`"version":1`, `"version":2`}, {`"errorMs":500`, `"errorMs":-1`}, {`"errorMs":500`, `"errorMs":9223372036854775807`},
		{`"startedMs":1`, `"startedMs":9223372036854775807`}, {`first`, strings.Repeat("x", 101)}, {`"sources":1`, `"sources":-1`}, {"{", ""}, {"2026", "20260"},
	} {
		bad := strings.Replace(good, change[0], change[1], 1)
		if r := parseRecord([]byte(bad)); r != nil {
			t.Errorf("%s: %+v", bad, r)
		}
	}
	c := newComputer(t, 0)
	if err := os.MkdirAll(filepath.Dir(c.path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(c.path, []byte(good+strings.Repeat(" ", maxRecord)), 0o600); err != nil {
		t.Fatal(err)
	}
	if clock := c.clock(); clock.Status() != (Status{}) {
		t.Error("a file that is too large was read")
	}
}

// FuzzRecord: whatever is in the file, codes are never corrected by more than allowed.
func FuzzRecord(f *testing.F) {
	f.Add([]byte(`{"version":1,"offsetMs":47000,"errorMs":500,"measured":"2026-03-04T12:00:00Z","sources":1,"applied":true,"boot":"first","startedMs":1772622010500}`))
	f.Add([]byte(`{"version":1,"offsetMs":-9223372036854775808,"applied":true,"boot":"first"}`))
	f.Add([]byte(`[]`))
	f.Fuzz(func(t *testing.T, data []byte) {
		c := computer{really: truth, boot: "first", up: time.Hour, path: "no such file"}
		clock := c.clock()
		clock.kept = parseRecord(data)
		if off := clock.Now().Sub(c.now()).Abs(); off > MaxCorrection {
			t.Errorf("off by %v", off)
		}
		_ = clock.Status()
		if r := clock.kept; r != nil {
			again, err := json.Marshal(r.file())
			if err != nil || !r.same(parseRecord(again)) {
				t.Errorf("%+v does not survive being written: %v", r, err)
			}
		}
	})
}

// TestUptime: it goes forward, and one process has one start.
func TestUptime(t *testing.T) {
	boot, before, err := Uptime()
	if err != nil || before <= 0 || before > math.MaxInt64/2 {
		t.Fatal(before, err)
	}
	again, after, err := Uptime()
	if err != nil || after < before || again != boot {
		t.Error(again, after, err)
	}
}

// TestRealClock: on this computer, a correction that was just agreed to is used.
func TestRealClock(t *testing.T) {
	clock := Open(Config{Path: filepath.Join(t.TempDir(), "clock.json"), Now: time.Now, Uptime: Uptime})
	f := clock.Measure(t.Context(), []Source{fixed{name: "a", Sample: Sample{47 * time.Second, 1e8}}})
	if err := clock.Apply(f); err != nil {
		t.Fatal(err)
	}
	if s := clock.Status(); s.Use != Used || s.Jump != 0 {
		t.Errorf("%+v", s)
	}
}

func BenchmarkNowCorrected(b *testing.B) {
	clock := Open(Config{Path: filepath.Join(b.TempDir(), "clock.json"), Now: time.Now, Uptime: Uptime})
	f := clock.Measure(b.Context(), []Source{fixed{name: "a", Sample: Sample{47 * time.Second, 1e8}}})
	if err := clock.Apply(f); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		_ = clock.Now()
	}
}
