//go:build e2e && linux

package e2e

import (
	"encoding/json"
	"fmt"
	"image"
	"strings"
	"testing"
	"time"

	"github.com/tallystick/tallystick/app/e2e/desktop"
)

// Exit statuses of the command line, from docs/cli.md.
const (
	done    = 0
	failed  = 1
	locked  = 3
	nothing = 4
)

// tally is Tallystick as one person has it on a desktop.
type tally struct {
	t     testing.TB
	d     *desktop.Desktop
	bin   string
	dir   string          // the data directory; "" = where the program puts it
	place image.Rectangle // of the window; empty = at the left edge
}

func newTally(t testing.TB, d *desktop.Desktop) *tally { return &tally{t: t, d: d, bin: bin} }

// run runs a command of the command line to its end.
func (a *tally) run(stdin string, args ...string) desktop.Result {
	a.t.Helper()
	res, err := a.d.Run(within(a.t, patience), stdin, a.bin, a.args(args)...)
	if err != nil {
		a.t.Fatalf("tallystick %s: %v\n%s", args[0], err, res.Stderr)
	}
	return res
}

// args are arguments for this person's data.
func (a *tally) args(args []string) []string {
	if a.dir == "" {
		return args
	}
	return append([]string{"--dir", a.dir}, args...)
}

// exits runs a command and holds it to an exit status.
func (a *tally) exits(want int, stdin string, args ...string) desktop.Result {
	a.t.Helper()
	res := a.run(stdin, args...)
	if res.Exit != want {
		a.t.Fatalf("tallystick %s: exit status %d, want %d\nstandard output: %s\nstandard error: %s",
			strings.Join(args, " "), res.Exit, want, res.Stdout, res.Stderr)
	}
	return res
}

// account is what the command line says of an account in JSON.
type account struct {
	ID, Issuer, Name, Kind, Algorithm string
	Digits, Period                    int
	Counter                           uint64
	Tags                              []string
	Favourite                         bool
	Secret                            string
	Code                              *string
}

func (a *tally) list(args ...string) []account {
	a.t.Helper()
	return decode[[]account](a.t, a.exits(done, "", append([]string{"list", "--json"}, args...)...).Stdout)
}

// look is what `scan --json` says of one picture.
type look struct {
	Source string
	Codes  []struct {
		Text    string
		Corners [][2]float64
	}
	Reason string
	MS     float64
}

func decode[T any](t testing.TB, text string) T {
	t.Helper()
	var v T
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("not JSON: %v\n%s", err, text)
	}
	return v
}

// open starts the window and waits until it is on the screen, at its place.
func (a *tally) open(args ...string) (*desktop.Process, *desktop.Window) {
	a.t.Helper()
	return a.openWith(desktop.StartOptions{}, args...)
}

func (a *tally) openWith(opt desktop.StartOptions, args ...string) (*desktop.Process, *desktop.Window) {
	a.t.Helper()
	ctx := within(a.t, patience)
	p, err := a.d.Start("tallystick", opt, a.bin, a.args(args)...)
	if err != nil {
		a.t.Fatal(err)
	}
	w, err := a.d.WindowOf(ctx, p)
	if err != nil {
		a.t.Fatalf("%v\nthe program said: %s", err, p.Output())
	}
	place := a.place
	if place.Empty() {
		place = image.Rect(10, 40, 10+440, 40+700)
	}
	if err := w.Move(ctx, place); err != nil {
		a.t.Fatal(err)
	}
	return p, w
}

// quit closes the window the way its close button does, and waits for the program to end.
func (a *tally) quit(p *desktop.Process, w *desktop.Window) {
	a.t.Helper()
	if err := w.Close(); err != nil {
		a.t.Fatal(err)
	}
	status, err := p.Wait(within(a.t, patience))
	if err != nil {
		p.Dump() // a program that does not end says what it waits for
	}
	if err != nil || status != 0 {
		a.t.Fatalf("the window ended with %d, %v\n%s", status, err, p.Output())
	}
	if complaints := complaints(p.Output()); complaints != "" {
		a.t.Errorf("the window's log complains:\n%s", complaints)
	}
}

// complaints are the lines of a window's log that say that something went wrong inside.
func complaints(log string) string {
	var bad []string
	lines := strings.Split(log, "\n")
	for i, line := range lines {
		if strings.Contains(line, "Getting favorite locations") || strings.Contains(line, "Preferences API requires a unique ID") {
			continue // the toolkit's dialogue for files: a home without a folder for films, and no preferences of its own, as we want it
		}
		if strings.Contains(line, "Fyne error") || strings.Contains(line, "Error in Fyne call thread") ||
			strings.Contains(line, "panic") || strings.Contains(line, "level=ERROR") {
			bad = append(bad, lines[i:min(len(lines), i+4)]...)
		}
	}
	return strings.Join(bad, "\n")
}

// shows waits until the window shows one of the phrases and returns which.
func (a *tally) shows(w *desktop.Window, phrases ...string) string {
	a.t.Helper()
	phrase, _, err := w.WaitText(within(a.t, patience), phrases...)
	if err != nil {
		a.t.Fatal(err)
	}
	return phrase
}

// press presses keys in the window.
func (a *tally) press(w *desktop.Window, keys ...string) {
	a.t.Helper()
	if err := w.Key(within(a.t, patience), keys...); err != nil {
		a.t.Fatal(err)
	}
}

// types types text into the window, when something there has the keyboard. The toolkit's own dialogues do not always show what has it.
func (a *tally) types(w *desktop.Window, text string) {
	a.t.Helper()
	_ = w.Focused(within(a.t, patience/12))
	if err := w.Type(within(a.t, patience), text); err != nil {
		a.t.Fatal(err)
	}
}

// at waits until the keyboard is at a button, a field or a row that is called so.
func (a *tally) at(w *desktop.Window, phrase string) {
	a.t.Helper()
	if err := w.FocusedOn(within(a.t, patience), phrase); err != nil {
		a.t.Fatal(err)
	}
}

// goes presses a key (Tab, shift+Tab, Down, Up) until the keyboard is at what is called so, and looks before every press.
func (a *tally) goes(w *desktop.Window, key, phrase string) {
	a.t.Helper()
	if err := w.KeyTo(within(a.t, 2*patience), key, phrase); err != nil {
		a.t.Fatal(err)
	}
}

// chooses brings the keyboard to an account in a list that is not longer than the window.
func (a *tally) chooses(w *desktop.Window, portal string) {
	a.t.Helper()
	a.press(w, "End")
	a.goes(w, "Up", portal)
}

// moves presses a key that moves the keyboard to something else, and waits until it is there.
func (a *tally) moves(w *desktop.Window, key string) {
	a.t.Helper()
	if err := w.KeyMoves(within(a.t, patience), key); err != nil {
		a.t.Fatal(err)
	}
}

// backTo presses Escape until the window shows a phrase, and looks before every press.
func (a *tally) backTo(w *desktop.Window, phrase string) {
	a.t.Helper()
	ctx := within(a.t, patience)
	err := desktop.Wait(ctx, fmt.Sprintf("Escape to lead to %q", phrase), func() error {
		words, err := w.Read(ctx)
		if err != nil {
			return err
		}
		if _, ok := desktop.Find(words, phrase); ok {
			return nil
		}
		if err := w.Key(ctx, "Escape"); err != nil {
			return err
		}
		return fmt.Errorf("it shows: %s", desktop.Text(words))
	})
	if err != nil {
		a.t.Fatal(err)
	}
}

// clicks clicks on a phrase the window shows.
func (a *tally) clicks(w *desktop.Window, phrase string) {
	a.t.Helper()
	if err := w.ClickText(within(a.t, patience), phrase); err != nil {
		a.t.Fatal(err)
	}
}

// finish goes from "type this into the portal" to the list, by keyboard: the portal accepted the code, and gave no
// recovery keys.
func (a *tally) finish(w *desktop.Window) {
	a.t.Helper()
	a.shows(w, "Type this into")
	for _, then := range []string{"Keep the recovery keys", "Show my accounts", "Favourites"} {
		a.press(w, "Return")
		a.shows(w, then)
	}
}

// oathtool is the judge: the code of a base32 secret at a time, SHA1, 6 digits, 30 seconds.
func oathtool(t testing.TB, d *desktop.Desktop, secret string, at time.Time) string {
	t.Helper()
	res, err := d.Run(within(t, patience), secret+"\n", "oathtool", "--totp", "--base32", fmt.Sprintf("--now=@%d", at.Unix()), "-")
	if err != nil || res.Exit != 0 {
		t.Fatalf("oathtool: %v %s", err, res.Stderr)
	}
	return strings.TrimSpace(res.Stdout)
}

// sameSecond runs take, which gives a code of now, until it began and ended in the same period of 30 seconds, and
// returns that code with a time of that period. A code that is taken while the period changes says nothing.
func sameSecond(t testing.TB, take func() string) (code string, at time.Time) {
	t.Helper()
	step := func(at time.Time) int64 { return at.Unix() / 30 }
	for range 5 {
		before := time.Now()
		code := take()
		if step(before) == step(time.Now()) {
			return code, before
		}
	}
	t.Fatal("a code never came within one period")
	return "", time.Time{}
}

// midPeriod reports whether a period of 30 seconds is neither about to end nor has just begun.
func midPeriod() bool {
	second := time.Now().Unix() % 30
	return second >= 1 && second < 20
}

// agrees holds a code against oathtool's at the same second.
func agrees(t testing.TB, d *desktop.Desktop, secret, what string, take func() string) {
	t.Helper()
	code, at := sameSecond(t, take)
	if want := oathtool(t, d, secret, at); code != want {
		t.Fatalf("%s says %q, oathtool says %q at %s", what, code, want, at.UTC().Format(time.TimeOnly))
	}
}
