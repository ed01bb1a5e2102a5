//go:build e2e && linux

package e2e

import (
	"bytes"
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"image"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/tallystick/tallystick/app/e2e/desktop"
)

// The keys are 20 readable bytes each (Yandex has 16), so that a copy of one is recognised in whatever form it is left lying about.
var seeds = map[string][]byte{
	"piped":   []byte("TallyPiped-Secret-01"),
	"yandex":  []byte("TallyYand-Sec-06"),
	"typed":   []byte("TallyTyped-Secret-02"),
	"scanned": []byte("TallyScann-Secret-03"),
	"linked":  []byte("TallyLinks-Secret-04"),
	"refused": []byte("TallyRefus-Secret-05"),
}

const (
	seedPassphrase = "plum orbit walnut seed"
	seedPIN        = "739184620517"
)

// needle is one form of one secret.
type needle struct {
	name string
	text []byte
}

// formsOf are the forms a secret may be found in.
func formsOf(name string, raw []byte) []needle {
	b32 := base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(raw)
	h := hex.EncodeToString(raw)
	var all []needle
	for form, text := range map[string]string{
		"raw": string(raw), "base32": b32, "base32 in small letters": strings.ToLower(b32),
		"hex": h, "HEX": strings.ToUpper(h), "base64": base64.RawStdEncoding.EncodeToString(raw),
		"numbers": strings.Trim(fmt.Sprint(raw), "[]"), // how Go prints a slice of bytes
	} {
		all = append(all, needle{name + " as " + form, []byte(text)})
	}
	return all
}

// needles are the forms of every key, whole or one half of it, of the passphrase and of the PIN.
func needles() []needle {
	var all []needle
	for name, raw := range seeds {
		all = append(all, formsOf(name, raw)...)
		all = append(all, formsOf("first half of "+name, raw[:10])...)
		all = append(all, formsOf("second half of "+name, raw[10:])...)
	}
	all = append(all, formsOf("passphrase", []byte(seedPassphrase))...)
	return append(all, formsOf("PIN", []byte(seedPIN))...)
}

// found says which needles are in a heap.
func found(heap []byte, all []needle) []string {
	var names []string
	for _, n := range all {
		if bytes.Contains(heap, n.text) {
			names = append(names, n.name)
		}
	}
	slices.Sort(names)
	return names
}

func base32Of(name string) string {
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(seeds[name])
}

// Recognisable keys, a passphrase and a PIN go in through every door. Afterwards nothing that Tallystick wrote, said or
// shows to other programs contains any of them, in any form: files, logs, error texts, preferences, the process's
// arguments and environment, and what a crash prints.
func TestSecretsStayInside(t *testing.T) {
	d := newDesktop(t, desktop.Options{})
	a := newTally(t, d)
	all := needles()
	clean := func(what string, heap []byte) {
		t.Helper()
		if names := found(heap, all); len(names) > 0 {
			t.Errorf("%s contains: %s", what, strings.Join(names, "; "))
		}
	}
	// said holds everything a command said against the needles. Commands that are asked for a secret are not run with it.
	said := func(stdin string, args ...string) {
		t.Helper()
		res := a.run(stdin, args...)
		clean("the output of tallystick "+args[0], []byte(res.Stdout+res.Stderr))
	}

	// Standard input.
	said("otpauth://totp/Piped:maria?secret="+base32Of("piped")+"&issuer=Piped\n", "add", "-")
	said(base32Of("yandex")+"\n"+seedPIN+"\n", "add", "--manual", "--kind", "yandex", "--issuer", "Yandex", "--name", "maria", "-")
	// The control: the search does find a secret where it is asked for.
	if names := found([]byte(a.exits(done, "", "list", "--json", "--show-secrets").Stdout), all); !slices.Contains(names, "piped as base32") {
		t.Fatalf("the search finds nothing where a secret was printed on purpose: %v", names)
	}

	// What is refused is not repeated.
	refused := base32Of("refused")
	for _, bad := range []string{
		"otpauth://totp/x?secret=" + refused + "&digits=99",
		"otpauth://totp/x?secret=" + refused + "1!&period=30",
		"otpauth://nonsense/x?secret=" + refused,
		"otpauth-migration://offline?data=" + base64.StdEncoding.EncodeToString(seeds["refused"]),
		"motp://x:y?secret=" + hex.EncodeToString(seeds["refused"]) + "zz",
		refused + "\n" + refused,
		"\x00" + refused,
	} {
		said(bad+"\n", "add", "-")
		said(bad+"\n", "add", "--manual", "--issuer", "x", "-")
		// As an argument, which is seen by everybody: but at least it is not repeated.
		said("", "add", strings.ReplaceAll(bad, "\x00", ""))
		said("", "--"+refused)
		said("", refused)
	}
	picture := filepath.Join(d.Home, "broken.png")
	if err := os.WriteFile(picture, append([]byte("\x89PNG\r\n\x1a\n"), seeds["refused"]...), 0o600); err != nil {
		t.Fatal(err)
	}
	said("", "scan", picture, "--add")
	os.Remove(picture)
	said(seedPassphrase+"\n", "--passphrase-stdin", "passphrase", "set")
	said(seedPassphrase+" wrong\n", "--passphrase-stdin", "code")
	said(seedPassphrase+"\n", "--passphrase-stdin", "code", "piped")
	said(seedPassphrase+"\n", "--passphrase-stdin", "doctor")
	said(seedPassphrase+"\n", "--passphrase-stdin", "list", "--json")

	// The window: passphrase, scanned from a page, typed, and handed over by the desktop as a link.
	p, w := a.open()
	a.shows(w, "Locked")
	a.types(w, seedPassphrase+"\n")
	a.shows(w, "Piped")
	process := func(when string) {
		t.Helper()
		for _, file := range []string{"cmdline", "environ"} {
			b, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", p.Pid(), file))
			if err != nil {
				t.Fatal(err)
			}
			clean("/proc/PID/"+file+" "+when, b)
		}
	}
	page := openPortalWithKey(t, d, "Scanned", "maria", seeds["scanned"], image.Rect(560, 30, 1500, 880), 1)
	a.press(w, "ctrl+shift+s")
	a.shows(w, "Is this it")
	a.press(w, "Return")
	a.finish(w)
	page.browser.Stop()
	a.shows(w, "Piped")
	typeKey(a, w, "Typed", "maria", base32Of("typed"))
	process("after typing a key")

	// A second start with a link hands it to the window that is open, and ends.
	a.exits(done, "", "otpauth://totp/Linked:maria?secret="+base32Of("linked")+"&issuer=Linked")
	a.shows(w, "Is this it")
	a.press(w, "Return")
	a.finish(w)
	a.shows(w, "Linked")
	process("after taking a link")

	accounts := decode[[]account](t, a.exits(done, seedPassphrase+"\n", "--passphrase-stdin", "list", "--json").Stdout)
	if len(accounts) != 5 {
		t.Errorf("%d accounts came in, want 5: %+v", len(accounts), accounts)
	}

	// A crash with everything open: Go prints what every goroutine was doing, and with which arguments.
	crash := func(sig syscall.Signal) {
		t.Helper()
		if err := p.Signal(sig); err != nil {
			t.Fatal(err)
		}
		if _, err := p.Wait(within(t, patience)); err != nil {
			t.Fatal(err)
		}
		if out := p.Output(); !strings.Contains(out, "goroutine ") {
			t.Errorf("%v printed no goroutines: %q", sig, out)
		}
		clean(fmt.Sprintf("what %v printed", sig), []byte(p.Output()))
	}
	crash(syscall.SIGQUIT)
	p, w = a.openWith(desktop.StartOptions{Env: []string{"GOTRACEBACK=crash"}})
	a.shows(w, "Locked")
	a.types(w, seedPassphrase+"\n")
	a.shows(w, "Piped")
	crash(syscall.SIGABRT)
	if cores, _ := filepath.Glob(filepath.Join(d.Home, "core*")); len(cores) > 0 {
		t.Errorf("a core file was left: %v", cores)
	}

	// Everything below the home directory: vault, older copies, settings, preferences, caches, temporary files, and the
	// keyring's own files; and every log.
	files := 0
	for _, root := range []string{d.Home, d.Artefacts} {
		err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
			if err != nil || !e.Type().IsRegular() {
				return err
			}
			b, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			files++
			clean(strings.TrimPrefix(path, d.Home), b)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if _, err := os.Stat(filepath.Join(dataDir(t, d), "vault.age")); err != nil || files < 5 {
		t.Errorf("%d files were looked at, and the vault: %v", files, err)
	}
}

// typeKey adds an account by hand in the window, and comes back to the list.
func typeKey(a *tally, w *desktop.Window, issuer, name, key string) {
	a.t.Helper()
	a.press(w, "ctrl+n")
	a.clicks(w, "Type the key")
	a.shows(w, "Account name")
	a.types(w, issuer+"\t"+name+"\t"+key+"\n")
	a.shows(w, "Is this it")
	a.press(w, "Return")
	a.finish(w)
	a.shows(w, issuer)
}
