package cli

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tallystick/tallystick/app/platform"
)

func TestCodePrintsJustTheCode(t *testing.T) {
	r := newRig(t)
	r.add(linkRFC, linkOther)
	// RFC 6238 Appendix B: SHA1, T = 59 s gives 94287082, of which 6 digits are shown.
	got := r.must("", "code", "example", "--at", "1970-01-01T00:00:59Z")
	if got.out != "287082\n" || got.err != "" {
		t.Errorf("printed %q, %q", got.out, got.err)
	}
	// The step after it begins at 60 s; the first one of the vector table in it is none, so compare with --at.
	next := r.must("", "code", "example", "--at", "1970-01-01T00:00:59Z", "--next").out
	if at60 := r.must("", "code", "example", "--at", "1970-01-01T00:01:00Z").out; next != at60 || next == got.out {
		t.Errorf("--next printed %q, the code at 60 s is %q", next, at60)
	}
	// With a time zone, it is the same moment.
	if zone := r.must("", "code", "example", "--at", "1970-01-01T02:00:59+02:00").out; zone != got.out {
		t.Errorf("in another zone %q", zone)
	}
}

func TestCodeTable(t *testing.T) {
	r := newRig(t)
	ids := r.add(linkRFC, linkOther, linkHOTP)
	out := r.must("", "code").out
	rows := strings.Split(strings.TrimSpace(out), "\n")
	if len(rows) != 4 || !strings.HasPrefix(rows[0], "CODE") {
		t.Fatalf("table:\n%s", out)
	}
	for i, want := range []string{`^\d{6} +20 s +Example +maria@shop\.example +` + ids[0][:8] + `$`, `^\d{6} +20 s +Yeastar`, `^name it alone +Counter +joe`} {
		if !regexp.MustCompile(want).MatchString(rows[i+1]) {
			t.Errorf("row %q does not match %s", rows[i+1], want)
		}
	}
	// The list did not use the HOTP code up.
	if c := r.records(r.must("", "list", "counter", "--json"))[0]["counter"]; c != 0.0 {
		t.Errorf("counter %v after a table", c)
	}
}

func TestCodeJSON(t *testing.T) {
	r := newRig(t)
	r.add(linkRFC)
	type codeJSON struct {
		Code, Next string
		Remaining  int
		ValidUntil time.Time `json:"valid_until"`
	}
	read := func(args ...string) codeJSON {
		t.Helper()
		got := r.must("", append([]string{"code", "--json"}, args...)...)
		var list []codeJSON
		if err := json.Unmarshal([]byte(got.out), &list); err != nil || len(list) != 1 {
			t.Fatalf("%v: %q", err, got.out)
		}
		return list[0]
	}
	now := read()
	next := read("--next")
	if now.Remaining != 20 || !now.ValidUntil.Equal(moment.Add(20*time.Second)) {
		t.Errorf("now: %+v", now)
	}
	if next.Code != now.Next || next.Remaining != 50 || !next.ValidUntil.Equal(moment.Add(50*time.Second)) {
		t.Errorf("next: %+v, now: %+v", next, now)
	}
	// On the first moment of a step a whole period remains.
	edge := read("--at", "2026-03-04T12:00:30Z")
	if edge.Remaining != 30 || edge.Code != now.Next {
		t.Errorf("at the edge: %+v, before: %+v", edge, now)
	}
}

func TestCodeOfHOTPCountsOnDiskBeforeItIsShown(t *testing.T) {
	r := newRig(t)
	ids := r.add(linkHOTP)
	counter := func() any { return r.records(r.must("", "list", "--json"))[0]["counter"] }
	// RFC 4226 Appendix D.
	for i, want := range []string{"755224", "287082", "359152"} {
		if got := r.must("", "code", "counter").out; got != want+"\n" {
			t.Errorf("code %d is %q, want %s", i, got, want)
		}
		if c := counter(); c != float64(i+1) {
			t.Errorf("after code %d the counter on disk is %v", i, c)
		}
	}
	for _, flags := range [][]string{{"--next"}, {"--at", "2026-01-01T00:00:00Z"}} {
		r.run(append([]string{"code", "counter"}, flags...)...).wants(t, statusUsage, "counts instead of following the clock")
	}
	if c := counter(); c != 3.0 {
		t.Errorf("a refused command moved the counter to %v", c)
	}
	rec := r.records(r.must("", "code", ids[0], "--json"))[0]
	if rec["code"] != "969429" || rec["counter"] != 4.0 || rec["next"] != nil || rec["remaining"] != nil || rec["valid_until"] != nil {
		t.Errorf("JSON: %v", rec)
	}
}

func TestCodeThatCannotBeShown(t *testing.T) {
	r := newRig(t)
	r.must("", "add", "--manual", "--kind", "manual", "--issuer", "Bank", "--name", "joe")
	r.run("code", "bank").wants(t, statusFailed, "portal sends the codes")
	r.run("code", "nothing-like-it").wants(t, statusNothing, "No account matches")
	if got := r.run("code", "nothing-like-it", "--json"); got.out != "[]\n" || got.status != statusNothing {
		t.Errorf("%+v", got)
	}
	r.run("code", "--at", "yesterday").wants(t, statusUsage, "--at needs a time")
	r.run("code", "bank", "--at", "1969-01-01T00:00:00Z").wants(t, statusFailed, "portal sends the codes")
	r.add(linkRFC)
	r.run("code", "example", "--at", "1969-01-01T00:00:00Z").wants(t, statusFailed, "clock")
}

func TestLookingWritesNothing(t *testing.T) {
	r := newRig(t)
	r.add(linkRFC, linkOther, linkHOTP)
	before := snapshot(t, r.dir)
	for _, args := range [][]string{
		{"code"}, {"code", "example"}, {"code", "example", "--json", "--next"}, {"list"}, {"list", "--trash"}, {"doctor"}, {"doctor", "--json"},
		{"code", "none"}, {"version"}, {"help"}, {"lock"}, {"qr", "example"},
	} {
		r.run(args...)
		if after := snapshot(t, r.dir); after != before {
			t.Errorf("%q changed something in the directory", args)
			before = after
		}
	}
}

// TestLookingMakesNothing: where there is no vault, there is none afterwards either.
func TestLookingMakesNothing(t *testing.T) {
	r := newRig(t)
	for _, args := range [][]string{
		{"code"}, {"list"}, {"edit", "x", "--name", "y"}, {"remove", "x"}, {"remove", "x", "--for-ever", "--yes"}, {"restore", "x"}, {"qr", "x"},
		{"lock"}, {"passphrase", "set"}, {"passphrase", "change"}, {"passphrase", "remove"},
	} {
		r.run(args...).wants(t, statusNothing, "no vault here yet")
		if snapshot(t, r.dir) != "" {
			t.Fatalf("%q made something", args)
		}
	}
}

func TestCopy(t *testing.T) {
	r := newRig(t)
	r.add(linkRFC, linkOther)

	got := r.must("", "code", "example", "--copy")
	code := strings.TrimSpace(got.out)
	if h := r.clipboard.History(); !slices.Equal(h, []string{code}) {
		t.Errorf("on the clipboard were %q, printed was %q", h, code)
	}
	if text, _ := r.clipboard.Text(t.Context()); text != "" {
		t.Errorf("%q is still on the clipboard", text)
	}

	t.Run("something else was copied", func(t *testing.T) {
		r.env.After = func(time.Duration) <-chan time.Time {
			r.clipboard.CopyElsewhere("mine")
			return make(chan time.Time)
		}
		r.must("", "code", "example", "--copy")
		if text, _ := r.clipboard.Text(t.Context()); text != "mine" {
			t.Errorf("the clipboard holds %q", text)
		}
	})
	t.Run("interrupted", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		env := r.env
		env.Stdin, env.Stdout, env.Stderr = strings.NewReader(""), &strings.Builder{}, &strings.Builder{}
		env.After = func(time.Duration) <-chan time.Time { cancel(); return make(chan time.Time) }
		if status := Run(ctx, []string{"code", "example", "--copy"}, env); status != statusDone {
			t.Errorf("status %d", status)
		}
		if text, _ := r.clipboard.Text(t.Context()); text != "" {
			t.Errorf("%q is still on the clipboard", text)
		}
	})
	t.Run("several match", func(t *testing.T) {
		before := len(r.clipboard.History())
		r.run("code", "--copy").wants(t, statusFailed, "nothing was copied")
		if len(r.clipboard.History()) != before {
			t.Error("something was copied")
		}
	})
	t.Run("no clipboard", func(t *testing.T) {
		r.clipboard.Fail(platform.ErrNoClipboard)
		got := r.run("code", "example", "--copy")
		got.wants(t, statusFailed, "no clipboard")
		if got.out == "" {
			t.Error("the code was not printed")
		}
	})
}

// TestCopyMarksUsed looks at the vault itself: no command prints the time.
func TestCopyMarksUsed(t *testing.T) {
	r := newRig(t)
	r.add(linkRFC)
	used := func() time.Time { return r.accounts()[0].Used }
	r.must("", "code", "example")
	if !used().IsZero() {
		t.Error("printing alone wrote to the vault")
	}
	r.must("", "code", "example", "--copy")
	if !used().Equal(moment) {
		t.Errorf("used %v, want %v", used(), moment)
	}
}

// recordFields is the contract of docs/cli.md, for an account.
var recordFields = map[string]string{
	"id": "string", "issuer": "string", "name": "string", "kind": "string", "algorithm": "string", "digits": "float64",
	"period": "float64", "counter": "float64", "tags": "slice", "favourite": "bool",
}

func TestJSONFields(t *testing.T) {
	r := newRig(t)
	r.add(linkRFC, linkHOTP, linkSteam)
	r.must("", "add", "--manual", "--kind", "manual", "--issuer", "Bank", "--name", "joe")
	r.must("e3152afee62599c8\n1234\n", "add", "--manual", "--kind", "motp", "--issuer", "Old", "--name", "joe", "-")
	withCode := maps.Clone(recordFields)
	for _, f := range []string{"code", "next", "remaining", "valid_until"} {
		withCode[f] = "nullable"
	}
	for _, c := range []struct {
		args []string
		want map[string]string
	}{
		{[]string{"list", "--json"}, recordFields},
		{[]string{"code", "--json"}, withCode},
	} {
		list := r.records(r.must("", c.args...))
		if len(list) != 5 {
			t.Fatalf("%q printed %d accounts", c.args, len(list))
		}
		for _, rec := range list {
			checkFields(t, rec, c.want)
		}
		for _, rec := range r.records(r.must("", append(c.args, "--show-secrets")...)) {
			if _, there := rec["secret"].(string); !there {
				t.Errorf("%q --show-secrets: no secret in %v", c.args, rec)
			}
		}
	}
	rec := r.records(r.must("", "list", "example", "--json", "--show-secrets"))[0]
	if rec["secret"] != rfcKey {
		t.Errorf("secret %v", rec["secret"])
	}
	r.run("code", "--show-secrets").wants(t, statusUsage, "--json")
}

func checkFields(t *testing.T, rec map[string]any, want map[string]string) {
	t.Helper()
	got := slices.Sorted(maps.Keys(rec))
	if !slices.Equal(got, slices.Sorted(maps.Keys(want))) {
		t.Errorf("fields %v", got)
	}
	for name, kind := range want {
		v := rec[name]
		if kind == "nullable" {
			continue
		}
		if v == nil || reflect.TypeOf(v).Kind().String() != kind {
			t.Errorf("%s is %#v, want a %s", name, v, kind)
		}
	}
}

func TestOutputThatCannotBeWritten(t *testing.T) {
	r := newRig(t)
	r.add(linkRFC)
	env := r.env
	var errs strings.Builder
	env.Stdin, env.Stdout, env.Stderr = strings.NewReader(""), brokenWriter{}, &errs
	if status := Run(t.Context(), []string{"code", "example"}, env); status != statusFailed || !strings.Contains(errs.String(), "could not be written") {
		t.Errorf("status %d, said %q", status, errs.String())
	}
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errors.New("broken pipe") }
