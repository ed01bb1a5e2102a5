//go:build e2e && linux

package e2e

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/app/e2e/desktop"
)

const (
	passphrase = "seven lazy tallies"
	link       = "otpauth://totp/Example:maria?secret=JBSWY3DPEHPK3PXP&issuer=Example"
	linkSecret = "JBSWY3DPEHPK3PXP"
)

// With an app-lock passphrase, the window asks for it at every start and after `lock`. Without one there is nothing to
// lock with.
func TestAppLock(t *testing.T) {
	d := newDesktop(t, desktop.Options{})
	a := newTally(t, d)

	if res := a.run("", "lock"); res.Exit != nothing {
		t.Errorf("lock without a vault: exit status %d, want %d", res.Exit, nothing)
	}
	a.exits(done, link+"\n", "add", "-")
	res := a.exits(failed, "", "lock")
	if !strings.Contains(res.Stderr, "nothing to lock with") {
		t.Errorf("lock without a passphrase says %q", res.Stderr)
	}
	p, w := a.open()
	a.shows(w, "Example")
	a.press(w, "ctrl+l")
	a.shows(w, "nothing to lock with")
	picture(t, d, "nothing-to-lock-with")
	a.exits(failed, "", "lock")
	a.shows(w, "maria") // still open
	a.quit(p, w)

	a.exits(done, passphrase+"\n", "--passphrase-stdin", "passphrase", "set")

	// The command line asks.
	a.exits(locked, "", "code")
	a.exits(locked, "wrong\n", "--passphrase-stdin", "code")
	agrees(t, d, linkSecret, "the command line with the passphrase", func() string {
		return strings.TrimSpace(a.exits(done, passphrase+"\n", "--passphrase-stdin", "code").Stdout)
	})
	if res := a.exits(done, "", "lock"); !strings.Contains(res.Stdout, "locked already") {
		t.Errorf("lock without a window says %q", res.Stdout)
	}

	// The window asks at every start,
	for range 2 {
		p, w = a.open()
		a.shows(w, "Locked")
		a.types(w, "wrong\n")
		a.shows(w, "not right")
		a.types(w, passphrase+"\n")
		a.shows(w, "maria")
		a.quit(p, w)
	}

	// after `lock` from outside, after its own key, and again after that.
	p, w = a.open()
	a.shows(w, "Locked")
	picture(t, d, "locked-at-start")
	a.types(w, passphrase+"\n")
	a.shows(w, "maria")
	a.exits(done, "", "lock")
	a.shows(w, "Type your passphrase")
	picture(t, d, "locked-from-outside")
	a.types(w, passphrase+"\n")
	a.shows(w, "maria")
	a.press(w, "ctrl+l")
	a.shows(w, "Type your passphrase")
	a.types(w, passphrase+"\n")
	a.shows(w, "maria")

	// A copied code is taken off the clipboard by locking.
	a.chooses(w, "Example")
	a.press(w, "Return")
	holds := func(what string, want bool) {
		t.Helper()
		ctx := within(t, patience)
		if err := desktop.WaitFor(ctx, what, func() bool {
			text, err := d.Clipboard(ctx)
			return err == nil && (text != "") == want
		}); err != nil {
			t.Fatal(err)
		}
	}
	holds("the code on the clipboard", true)
	a.exits(done, "", "lock")
	holds("the clipboard to be empty after locking", false)
	a.quit(p, w)
}

// With the keyring stopped, Tallystick says so. It makes no new key, touches nothing, and offers a passphrase where
// there is no vault yet. With the keyring back, everything is there.
func TestKeyringStopped(t *testing.T) {
	d := newDesktop(t, desktop.Options{})
	a := newTally(t, d)
	ctx := within(t, 5*patience)
	a.exits(done, link+"\n", "add", "-")
	before := snapshot(t, dataDir(t, d))

	if err := d.StopKeyring(ctx); err != nil {
		t.Fatal(err)
	}
	if res := a.exits(locked, "", "code"); !strings.Contains(strings.ToLower(res.Stderr), "keyring") {
		t.Errorf("without its keyring, the command line says %q", res.Stderr)
	}
	a.exits(locked, link+"\n", "add", "-")
	p, w := a.open()
	a.shows(w, "There is no keyring")
	a.shows(w, "No new key was made")
	picture(t, d, "no-keyring")
	a.at(w, "Try again")
	a.press(w, "Return")
	a.shows(w, "There is no keyring")
	if after := snapshot(t, dataDir(t, d)); after["vault.age"] == nil || !bytes.Equal(before["vault.age"], after["vault.age"]) || !bytes.Equal(before["device.json"], after["device.json"]) {
		t.Error("the vault was touched while its key could not be had")
	}

	// The keyring comes back: one press, and the codes are there.
	if err := d.StartKeyring(ctx); err != nil {
		t.Fatal(err)
	}
	if a.shows(w, "There is no keyring", "maria") != "maria" { // the press before may have been answered only now
		a.at(w, "Try again")
		a.press(w, "Return")
	}
	a.shows(w, "maria")
	picture(t, d, "keyring-is-back")
	a.quit(p, w)
	agrees(t, d, linkSecret, "the command line", func() string { return strings.TrimSpace(a.exits(done, "", "code").Stdout) })

	// The keyring is there but locked, and nobody unlocks it.
	if err := d.StopKeyring(ctx); err != nil {
		t.Fatal(err)
	}
	if err := d.StartLockedKeyring(ctx); err != nil {
		t.Fatal(err)
	}
	a.exits(locked, "", "code")
	p, w = a.open()
	a.shows(w, "The keyring is locked")
	picture(t, d, "keyring-locked")
	a.quit(p, w)
	if after := snapshot(t, dataDir(t, d)); !bytes.Equal(before["vault.age"], after["vault.age"]) {
		t.Error("the vault was touched while its keyring was locked")
	}
}

// On a computer without a keyring, a passphrase is not optional.
func TestNoKeyring(t *testing.T) {
	d := newDesktop(t, desktop.Options{NoKeyring: true})
	a := newTally(t, d)
	a.exits(locked, link+"\n", "add", "-")

	p, w := a.open()
	a.shows(w, "no keyring")
	a.shows(w, "choose a passphrase")
	picture(t, d, "passphrase-instead")
	twice := func(first, second string) {
		t.Helper()
		a.at(w, "Passphrase")
		a.types(w, first+"\n")
		a.at(w, "same once more") // the cursor stands on the first letter
		a.types(w, second+"\n")
	}
	twice(passphrase, "another")
	a.shows(w, "not the same")
	twice(passphrase, passphrase)
	a.shows(w, "Add your first account")
	a.quit(p, w)

	a.exits(locked, "", "list")
	a.exits(done, passphrase+"\n"+link+"\n", "--passphrase-stdin", "add", "-")
	p, w = a.open()
	a.shows(w, "Locked")
	a.types(w, passphrase+"\n")
	a.shows(w, "maria")
	a.quit(p, w)
	agrees(t, d, linkSecret, "the command line", func() string {
		return strings.TrimSpace(a.exits(done, passphrase+"\n", "--passphrase-stdin", "code").Stdout)
	})
}

// dataDir is where Tallystick keeps its things when it is not told otherwise.
func dataDir(t *testing.T, d *desktop.Desktop) string {
	t.Helper()
	dir := filepath.Join(d.Home, ".local", "share", "tallystick")
	if _, err := os.Stat(dir); err != nil {
		t.Fatalf("the data directory is not where the documentation says: %v", err)
	}
	return dir
}

// snapshot reads every file of a directory.
func snapshot(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	for _, e := range entries {
		if !e.Type().IsRegular() {
			continue
		}
		if files[e.Name()], err = os.ReadFile(filepath.Join(dir, e.Name())); err != nil {
			t.Fatal(err)
		}
	}
	return files
}
