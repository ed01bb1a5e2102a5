package cli

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tallystick/tallystick/app/clock"
	"github.com/tallystick/tallystick/vault/otp"
)

// server is a clock on the network.
type server struct {
	r    *rig
	lies time.Duration
	err  error
}

func (server) Name() string { return "portal.example" }

func (s server) Measure(context.Context) (clock.Sample, error) {
	return clock.Sample{Offset: s.r.set + s.lies, Error: 500 * time.Millisecond}, s.err
}

// clockOf reads the entry of the clock.
func clockOf(t *testing.T, got result) (c clockFinding) {
	t.Helper()
	var list []json.RawMessage
	if err := json.Unmarshal([]byte(got.out), &list); err != nil {
		t.Fatalf("%v: %q", err, got.out)
	}
	for _, raw := range list {
		if err := json.Unmarshal(raw, &c); err != nil {
			t.Fatal(err)
		}
		if c.Name == "clock" {
			return c
		}
	}
	t.Fatal("no clock")
	return c
}

// rightCode is the code at the true time.
func (r *rig) rightCode() string {
	r.t.Helper()
	key, err := otp.DecodeBase32(rfcKey)
	if err != nil {
		r.t.Fatal(err)
	}
	code, err := otp.New(otp.TOTP, key).Code(r.now.Add(-r.set))
	if err != nil {
		r.t.Fatal(err)
	}
	return code + "\n"
}

// wrongClock is a rig with one account, on a computer whose clock is wrong.
func wrongClock(t *testing.T, ahead time.Duration) *rig {
	r := newRig(t)
	r.now, r.set = moment.Add(ahead), ahead
	r.clocks = []clock.Source{server{r: r}}
	id := r.add(linkRFC)[0]
	r.must("", "edit", id, "--url", "https://portal.example/login")
	r.age()
	return r
}

func TestWrongClock(t *testing.T) {
	for _, ahead := range []time.Duration{-90 * time.Second, -31 * time.Second, -10 * time.Second, 10 * time.Second, 31 * time.Second, 90 * time.Second} {
		r := wrongClock(t, ahead)
		before := snapshot(t, r.dir)
		c := clockOf(t, r.run("doctor", "--json"))
		if c.Offset != nil || len(r.contacted) != 0 || snapshot(t, r.dir) != before {
			t.Fatalf("offline: %+v, asked %v", c, r.contacted)
		}
		got := r.run("doctor", "--json", "--online")
		c = clockOf(t, got)
		if c.Offset == nil || *c.Offset != ahead.Seconds() || c.Correction != 0 || len(c.Sources) != 1 || !c.Sources[0].Agrees {
			t.Errorf("%v: %+v", ahead, c)
		}
		if want := []string{"https://portal.example/login"}; !slices.Equal(r.contacted, want) {
			t.Errorf("asked %v", r.contacted)
		}
		if failed := got.status == statusFailed; failed != (ahead.Abs() > 25*time.Second) {
			t.Errorf("%v: status %d", ahead, got.status)
		}
		if ahead.Abs() >= 30*time.Second && r.must("", "code").out == r.rightCode() {
			t.Fatalf("%v: right before anybody agreed", ahead)
		}
		c = clockOf(t, r.must("", "doctor", "--json", "--apply-clock"))
		if c.State != ok || c.Correction != ahead.Seconds() || !strings.Contains(c.Text, "corrected") {
			t.Errorf("%v: %+v", ahead, c)
		}
		if got := r.must("", "code"); got.out != r.rightCode() || got.err != "" {
			t.Errorf("%v: %+v, want %s", ahead, got, r.rightCode())
		}
		// Saves keep the system's time, and so does --at.
		r.must("", "code", "--copy")
		if used := r.accounts()[0].Used; !used.Equal(r.now) {
			t.Errorf("used at %v, by the clock it was %v", used, r.now)
		}
		at := r.must("", "code", "--at", r.now.Format(time.RFC3339))
		if right := at.out == r.rightCode(); right && ahead.Abs() >= 30*time.Second {
			t.Errorf("%v: --at is corrected", ahead)
		}

		// The clock is set right.
		r.now, r.set = r.now.Add(-ahead), 0
		got = r.must("", "code")
		if got.out != r.rightCode() || !strings.Contains(got.err, "because the clock was set") {
			t.Errorf("%v: %+v", ahead, got)
		}
		if c = clockOf(t, r.must("", "doctor", "--json")); c.Offset == nil || *c.Offset > 1 || *c.Offset < -1 || c.Correction != 0 {
			t.Errorf("%v, set right: %+v", ahead, c)
		}
		r.age()
		r.must("", "doctor", "--forget-clock")
		if got = r.must("", "code"); got.err != "" {
			t.Errorf("still speaks of it: %q", got.err)
		}
		if _, err := os.Stat(filepath.Join(r.dir, clock.File)); err == nil {
			t.Error("the file is still there")
		}
	}
}

func TestClockTooFarOff(t *testing.T) {
	r := wrongClock(t, 400*time.Second)
	got := r.run("doctor", "--online", "--apply-clock")
	got.wants(t, statusFailed, "more than five minutes")
	if r.must("", "code").out == r.rightCode() {
		t.Error("corrected all the same")
	}
	c := clockOf(t, r.run("doctor", "--online", "--json"))
	if c.State != bad || !strings.Contains(c.Text, "6 min 40 s fast") || !strings.Contains(c.Todo, "Set the clock") {
		t.Errorf("%+v", c)
	}
}

func TestClocksThatDisagree(t *testing.T) {
	r := wrongClock(t, 47*time.Second)
	r.clocks = append(r.clocks, server{r: r, lies: 100 * time.Second})
	c := clockOf(t, r.must("", "doctor", "--online", "--json", "--apply-clock"))
	if c.State != warn || c.Offset != nil || c.Correction != 0 || len(c.Sources) != 2 || !strings.Contains(c.Text, "do not agree") {
		t.Errorf("%+v", c)
	}
	r.clocks = append(r.clocks, server{r: r})
	got := r.run("doctor", "--online")
	for _, want := range []string{"The clock is 47 s fast.", "- portal.example: 47 s fast.", "2 min 27 s fast, unlike the others"} {
		if !strings.Contains(got.out, want) {
			t.Errorf("%q does not say %q", got.out, want)
		}
	}
}

func TestClockOffline(t *testing.T) {
	r := wrongClock(t, 47*time.Second)
	r.clocks = []clock.Source{server{r: r, err: clock.ErrNoAnswer}}
	c := clockOf(t, r.must("", "doctor", "--online", "--json"))
	if c.State != warn || c.Offset != nil || !strings.Contains(c.Text, "Nobody told the time") || c.Sources[0].Offset != nil || c.Sources[0].Text != "It did not answer." {
		t.Errorf("%+v", c)
	}
	r.clocks = nil
	if c = clockOf(t, r.must("", "doctor", "--online", "--json")); !strings.Contains(c.Text, "nobody to ask") {
		t.Errorf("%+v", c)
	}
	r.run("doctor", "--apply-clock").wants(t, statusUsage, "Compare the clock first")

	// Once it was compared, it is known without a network.
	r.clocks = []clock.Source{server{r: r}}
	r.run("doctor", "--online")
	r.clocks = nil
	r.now = r.now.Add(2 * time.Hour)
	c = clockOf(t, r.run("doctor", "--json"))
	if c.Offset == nil || *c.Offset != 47 || *c.Margin < 0.5 || !strings.Contains(c.Text, "47 s fast") {
		t.Errorf("%+v", c)
	}
	r.run("doctor", "--apply-clock").wants(t, statusUsage, "Compare the clock first") // too long ago
}

func TestAcceptedCode(t *testing.T) {
	r := wrongClock(t, -30*time.Second)
	r.must("", "doctor", "--accepted", "next", "--apply-clock")
	if got := r.must("", "code"); len(r.contacted) != 0 || clockOf(t, r.run("doctor", "--json")).Correction >= 0 {
		t.Errorf("%+v, asked %v", got, r.contacted)
	}
	r = wrongClock(t, 30*time.Second)
	r.must("", "doctor", "--accepted", "previous", "--apply-clock")
	if clockOf(t, r.run("doctor", "--json")).Correction <= 0 {
		t.Error("corrected the wrong way")
	}
}

func TestDoctorUsage(t *testing.T) {
	r := newRig(t)
	r.env.TimeSources = nil // the real ones, which are not reached
	for _, args := range [][]string{
		{"--accepted", "yesterday"}, {"--apply-clock", "--forget-clock"}, {"--forget-clock", "--online"}, {"--sntp", "not a host"}, {"--apply-clock"},
	} {
		if got := r.run(append([]string{"doctor"}, args...)...); got.status != statusUsage {
			t.Errorf("%v: %+v", args, got)
		}
	}
	// Without a vault there is nobody to ask, and nothing is made.
	if c := clockOf(t, r.must("", "doctor", "--online", "--json")); !strings.Contains(c.Text, "nobody to ask") {
		t.Errorf("%+v", c)
	}
	if snapshot(t, r.dir) != "" {
		t.Error("the doctor made something")
	}
}

// TestClockFileNamesNobody: the file beside the vault is not encrypted.
func TestClockFileNamesNobody(t *testing.T) {
	r := wrongClock(t, 47*time.Second)
	r.must("", "doctor", "--online", "--apply-clock")
	data, err := os.ReadFile(filepath.Join(r.dir, clock.File))
	if err != nil || strings.Contains(string(data), "portal") || strings.Contains(string(data), "Example") {
		t.Errorf("%s %v", data, err)
	}
}
