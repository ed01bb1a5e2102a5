package cli

import (
	"encoding/json"
	"errors"
	"image/png"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/otp"
	"github.com/tallystick/tallystick/vault/secret"
)

// The keys of the sheets below: letters and digits that occur nowhere else in an output.
var (
	firstKeys  = []string{"kq7mx-2vbnc", "w9jzt-4hdrf", "p3gys-8clqk", "m6tvw-1xzbj", "d8fhr-5nkgp"}
	secondKeys = []string{"zz1qx-7pwkm", "yy2rv-6nbhj", "xx3sd-9mgtf"}
)

func sheet(keys []string) string {
	return "GitHub two-factor recovery codes\n\n" + strings.Join(keys, "\n") + "\n"
}

// withSheet is a rig with a manual account "Call centre" that has the first keys.
func withSheet(t *testing.T) (*rig, string) {
	t.Helper()
	r := newRig(t)
	r.must("", "add", "--manual", "--kind", "manual", "--issuer", "Call centre")
	r.must(sheet(firstKeys), "recovery", "add", "centre", "-")
	return r, string(r.accounts()[0].ID)
}

func object(t *testing.T, text string) map[string]any {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal([]byte(text), &m); err != nil || strings.Count(text, "\n") != 1 {
		t.Fatalf("not one line of JSON: %v: %q", err, text)
	}
	return m
}

func texts(list any) (out []string) {
	for _, e := range list.([]any) {
		out = append(out, e.(string))
	}
	return out
}

func file(t testing.TB, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestRecoveryParseNeedsNoVault(t *testing.T) {
	r := newRig(t)
	struck := slices.Clone(firstKeys)
	struck[1] = "~~" + struck[1] + "~~"
	path := file(t, "github-recovery-codes.txt", "Hello.\n"+sheet(struck))
	got := object(t, r.must("", "recovery", "parse", path, "--json").out)
	want := slices.Delete(slices.Clone(firstKeys), 1, 2)
	if !slices.Equal(texts(got["keys"]), want) || !slices.Equal(texts(got["used"]), firstKeys[1:2]) {
		t.Errorf("keys %v, used %v", got["keys"], got["used"])
	}
	if got["source"] != path || got["service"] != "GitHub" || got["ignored"].(float64) < 1 {
		t.Errorf("%v", got)
	}
	plain := r.must(sheet(struck), "recovery", "parse", "-")
	if plain.out != strings.Join(want, "\n")+"\n" || !strings.Contains(plain.err, "5 recovery keys, 1 of them used, from GitHub") {
		t.Errorf("%+v", plain)
	}
	if calls := r.keyring.Calls(); calls != 0 || snapshot(t, r.dir) != "" {
		t.Errorf("the vault was touched, %d calls of the keyring", calls)
	}

	none := r.with("Dear Maria, see you on Monday.\n", "recovery", "parse", "-", "--json")
	none.wants(t, statusNothing, "no recovery keys")
	if got := object(t, none.out); len(got["keys"].([]any)) != 0 || len(got["used"].([]any)) != 0 || got["source"] != "-" {
		t.Errorf("%v", got)
	}
	r.run("recovery", "parse", filepath.Join(t.TempDir(), "none")).wants(t, statusFailed, "no such file")
	r.with("PK\x03\x04....", "recovery", "parse", "-").wants(t, statusFailed, "cannot be read")
	r.with(strings.Repeat("x", 9<<20), "recovery", "parse", "-").wants(t, statusFailed, "far larger")
	r.run("recovery", "parse").wants(t, statusUsage, "Name one file")
	r.run("recovery").wants(t, statusUsage, "Say parse")
}

func TestRecoveryKeysInAPicture(t *testing.T) {
	r := newRig(t)
	write := func(texts ...string) string {
		t.Helper()
		path := filepath.Join(t.TempDir(), "codes.png")
		f, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = f.Close() }()
		if err := png.Encode(f, picture(t, texts...)); err != nil {
			t.Fatal(err)
		}
		return path
	}
	got := object(t, r.must("", "recovery", "parse", "--json", write(sheet(firstKeys))).out)
	if !slices.Equal(texts(got["keys"]), firstKeys) {
		t.Errorf("keys %v", got["keys"])
	}
	r.run("recovery", "parse", write()).wants(t, statusNothing, "It is a picture, and no QR code")
	for text, said := range map[string]string{
		linkRFC:                           "The QR code is that of an authenticator account",
		"https://portal.example/a?b=c":    "a web address (portal.example), not a sheet of recovery keys",
		"WIFI:S:net;T:WPA;P:hunter2two;;": "the password of a Wi-Fi network",
	} {
		got := r.run("recovery", "parse", write(text))
		got.wants(t, statusNothing, said)
		if strings.Contains(got.err, rfcKey) || strings.Contains(got.err, "hunter2") || strings.Contains(got.err, "b=c") {
			t.Errorf("said %q", got.err)
		}
	}
	r.with(linkRFC+"\n", "recovery", "parse", "-").wants(t, statusNothing, "This text is that of an authenticator account")
	r.with("Dear Maria, see you on Monday: at the zoo.\n", "recovery", "parse", "-").wants(t, statusNothing, "no recovery keys in it.\n")
	r.run("recovery", "parse", file(t, "x.png", "\x89PNG\r\n\x1a\nbroken")).wants(t, statusFailed, "damaged")
}

func TestRecoveryUseMarksBeforeItPrints(t *testing.T) {
	r, id := withSheet(t)
	for i, key := range firstKeys {
		r.now = moment.Add(time.Duration(i) * time.Hour)
		got := r.must("", "recovery", "use", "centre")
		if got.out != key+"\n" {
			t.Fatalf("%d: printed %q", i, got.out)
		}
		left := len(firstKeys) - 1 - i
		warned := map[int]string{2: "2 recovery keys left", 1: "1 recovery key left", 0: "the last recovery key"}[left]
		if warned == "" && got.err != "" || !strings.Contains(got.err, warned) {
			t.Errorf("%d left: said %q", left, got.err)
		}
		if a := r.accounts()[0]; a.Recovery.Left() != left || !a.Recovery[0].Keys[i].Used.Equal(r.now) {
			t.Errorf("%d left on disk, want %d; used %v", a.Recovery.Left(), left, a.Recovery[0].Keys[i].Used)
		}
	}
	got := r.run("recovery", "use", "centre")
	got.wants(t, statusNothing, "No recovery key is left")
	if got.out != "" {
		t.Errorf("printed %q", got.out)
	}
	r.must("", "recovery", "undo", "centre", "3")
	again := object(t, r.must("", "recovery", "use", id, "--json").out)
	if again["key"] != firstKeys[2] || again["number"] != 3.0 || again["left"] != 0.0 || again["total"] != 5.0 || again["id"] != id || again["used"] == "" {
		t.Errorf("%v", again)
	}
}

// A key that could not be shown is told as such: it is marked as used, because the mark comes first.
func TestRecoveryUseWithABrokenOutput(t *testing.T) {
	r, id := withSheet(t)
	env := r.env
	var said strings.Builder
	env.Stdin, env.Stdout, env.Stderr = strings.NewReader(""), brokenPipe{}, &said
	if status := Run(t.Context(), []string{"recovery", "use", "centre"}, env); status != statusFailed {
		t.Errorf("status %d", status)
	}
	if !strings.Contains(said.String(), "recovery undo "+id[:8]+" 1") || strings.Contains(said.String(), firstKeys[0]) {
		t.Errorf("said %q", said.String())
	}
	if left := r.accounts()[0].Recovery.Left(); left != 4 {
		t.Errorf("%d left", left)
	}
}

// A save that fails gives no key out.
func TestRecoveryUseThatCannotBeSavedPrintsNothing(t *testing.T) {
	r, _ := withSheet(t)
	older := filepath.Join(r.dir, "generations")
	if err := os.RemoveAll(older); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(older, nil, 0o600); err != nil { // no older copy can be kept, so nothing is saved
		t.Fatal(err)
	}
	got := r.run("recovery", "use", "centre")
	got.wants(t, statusFailed, "could not be saved")
	if got.out != "" || r.accounts()[0].Recovery.Left() != 5 {
		t.Errorf("%+v", got)
	}
}

type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, errors.New("broken pipe") }

func TestRecoveryUndo(t *testing.T) {
	r, _ := withSheet(t)
	r.must("", "recovery", "use", "centre")
	r.must(sheet(secondKeys), "recovery", "add", "centre", "-", "--beside")
	r.must("", "recovery", "use", "centre") // of the sheet that was added last: number 6
	a := r.accounts()[0]
	if a.Recovery[1].Keys[0].Used.IsZero() || a.Recovery.Left() != 6 {
		t.Fatalf("%d left", a.Recovery.Left())
	}
	got := object(t, r.must("", "recovery", "undo", "centre", "6", "--json").out)
	if got["left"] != 7.0 || got["total"] != 8.0 {
		t.Errorf("%v", got)
	}
	if out := r.must("", "recovery", "undo", "centre", "6").out; !strings.Contains(out, "was not used") {
		t.Errorf("%q", out)
	}
	r.must("", "recovery", "undo", "centre", "1")
	if left := r.accounts()[0].Recovery.Left(); left != 8 {
		t.Errorf("%d left", left)
	}
	for _, n := range []string{"9", "9999999"} {
		r.run("recovery", "undo", "centre", n).wants(t, statusNothing, "no key of that number")
	}
	for _, n := range []string{"0", "-1", "x", firstKeys[0], "99999999999999999999"} {
		got := r.run("recovery", "undo", "centre", "--", n)
		got.wants(t, statusUsage, "number of a key")
		if strings.Contains(got.err, firstKeys[0]) {
			t.Error("the word is repeated")
		}
	}
}

func TestRecoveryAddReplacesAndKeeps(t *testing.T) {
	r, _ := withSheet(t)
	same := r.must(strings.ToUpper(strings.ReplaceAll(sheet(firstKeys), "-", " ")), "recovery", "add", "centre", "-")
	if !strings.Contains(same.out, "already") || len(r.accounts()[0].Recovery) != 1 {
		t.Errorf("the same keys again: %+v", same)
	}
	r.must("", "recovery", "use", "centre")
	r.now = moment.Add(time.Hour)
	path := file(t, "codes.txt", sheet(secondKeys))
	got := object(t, r.must("", "recovery", "add", "centre", path, "--json").out)
	if got["added"] != 3.0 || got["left"] != 3.0 || got["total"] != 3.0 || len(got["sheets"].([]any)) != 2 {
		t.Errorf("%v", got)
	}
	a := r.accounts()[0]
	if a.Recovery[0].Valid() || !a.Recovery[0].Dead.Equal(r.now) || a.Recovery[0].Total() != 5 || !a.Recovery[1].Valid() || a.Recovery[1].Origin.File != "codes.txt" {
		t.Errorf("%+v", a.Recovery)
	}
	for range secondKeys {
		r.must("", "recovery", "use", "centre")
	}
	r.run("recovery", "use", "centre").wants(t, statusNothing, "4 are unused")
	if _, err := os.Stat(path); err != nil {
		t.Error("the file is gone")
	}

	r.with("nothing here", "recovery", "add", "centre", "-").wants(t, statusNothing, "Nothing was changed")
	r.with(sheet(firstKeys), "recovery", "add", "nobody", "-").wants(t, statusNothing, "No account matches")
	r.run("recovery", "add", "centre").wants(t, statusUsage, "Name one account and the file")
	empty := newRig(t)
	empty.with(sheet(firstKeys), "recovery", "add", "x", "-").wants(t, statusNothing, "no vault here yet")
	if snapshot(t, empty.dir) != "" {
		t.Error("a vault was made")
	}
}

func TestRecoveryAddStopsAtTheLimit(t *testing.T) {
	r, _ := withSheet(t)
	for i := 1; i < vault.MaxSheets; i++ {
		more := slices.Clone(secondKeys)
		for j := range more {
			more[j] = strings.Replace(more[j], more[j][:1], string(rune('a'+i)), 1)
		}
		r.must(sheet(more), "recovery", "add", "centre", "-", "--beside")
	}
	r.with(sheet(secondKeys[:3]), "recovery", "add", "centre", "-").wants(t, statusFailed, "at most 20 sheets")
	if n := len(r.accounts()[0].Recovery); n != vault.MaxSheets {
		t.Errorf("%d sheets", n)
	}
}

// The keys are the last step of an enrollment: once they are kept nothing is left to do.
func TestRecoveryAddEndsAnEnrollment(t *testing.T) {
	r := newRig(t)
	r.add(linkRFC)
	m, err := vault.Open(vault.Config{Dir: r.dir, Keyring: r.keyring, KDF: r.env.KDF, KDFFloor: r.env.KDFFloor})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = m.Close() }()
	if err := m.Unlock(t.Context(), secret.Bytes{}); err != nil {
		t.Fatal(err)
	}
	if err := m.Update(t.Context(), func(v *vault.Vault) error {
		a := v.Accounts()[0]
		a.Pending = vault.PendingRecovery
		return v.Put(a, moment)
	}); err != nil {
		t.Fatal(err)
	}
	_ = m.Close()
	r.must(sheet(firstKeys), "recovery", "add", "example", "-")
	a := r.accounts()[0]
	if a.Pending != vault.PendingNothing || a.Params.Kind != otp.TOTP || a.Recovery.Left() != 5 {
		t.Errorf("pending %q, %d left", a.Pending, a.Recovery.Left())
	}
}

func TestRecoveryListShowsNoKeyUnlessAsked(t *testing.T) {
	r, id := withSheet(t)
	r.must("", "recovery", "use", "centre")
	before := snapshot(t, r.dir)
	for _, args := range [][]string{{"recovery", "list", "centre"}, {"recovery", "list", "centre", "--json"}, {"list", "--json"}, {"list"}} {
		got := r.must("", args...)
		for _, key := range firstKeys {
			if strings.Contains(got.out+got.err, key) || strings.Contains(got.out+got.err, key[:5]) {
				t.Errorf("%q shows a key", args)
			}
		}
	}
	text := r.must("", "recovery", "list", "centre").out
	if !strings.HasPrefix(text, "Call centre: 4 of 5 left\n") || !strings.Contains(text, "1  •••••-•••••  2026-03-04T12:00:10Z  GitHub") || strings.Count(text, "•••••-•••••") != 5 {
		t.Errorf("%s", text)
	}
	got := object(t, r.must("", "recovery", "list", "centre", "--json", "--show-secrets").out)
	if got["id"] != id || got["issuer"] != "Call centre" || got["left"] != 4.0 || got["total"] != 5.0 {
		t.Errorf("%v", got)
	}
	s := got["sheets"].([]any)[0].(map[string]any)
	for i, k := range s["keys"].([]any) {
		k := k.(map[string]any)
		if k["key"] != firstKeys[i] || k["number"] != float64(i+1) || k["shape"] != "•••••-•••••" || (k["used"] != nil) != (i == 0) {
			t.Errorf("%v", k)
		}
	}
	if s["service"] != "GitHub" || s["added"] == "" || s["replaced"] != "" || s["left"] != 4.0 {
		t.Errorf("%v", s)
	}
	if out := r.must("", "recovery", "list", "centre", "--show-secrets").out; !strings.Contains(out, firstKeys[4]) {
		t.Errorf("%s", out)
	}
	if snapshot(t, r.dir) != before {
		t.Error("looking changed something")
	}
	r.must("", "add", "--manual", "--kind", "manual", "--issuer", "Bank")
	if got := r.must("", "recovery", "list", "bank"); got.out != "" || !strings.Contains(got.err, "No recovery keys are kept") {
		t.Errorf("%+v", got)
	}
	r.run("recovery", "use", "bank").wants(t, statusNothing, "No recovery keys are kept")
}

func TestRecoveryExport(t *testing.T) {
	r, _ := withSheet(t)
	r.must("", "recovery", "use", "centre")
	r.add(linkRFC, linkOther)
	r.must(sheet(secondKeys), "recovery", "add", "example", "-")
	dir := t.TempDir()
	for _, name := range []string{"one.txt", "one.pdf", "ONE.PDF"} {
		path := filepath.Join(dir, name)
		got := r.must("", "recovery", "export", "centre", path)
		if !strings.Contains(got.err, "Everybody who gets this file can read it") || !strings.Contains(got.out, "5 recovery keys of 1 account ") {
			t.Errorf("%+v", got)
		}
		if info, err := os.Stat(path); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
			t.Fatalf("%v, mode %v", err, info.Mode())
		}
		// What was written is a sheet that is understood again, whatever its form.
		back := object(t, r.must("", "recovery", "parse", path, "--json").out)
		if !slices.Equal(texts(back["keys"]), firstKeys[1:]) || !slices.Equal(texts(back["used"]), firstKeys[:1]) {
			t.Errorf("%s reads as %v, used %v", name, back["keys"], back["used"])
		}
	}
	content, _ := os.ReadFile(filepath.Join(dir, "one.pdf"))
	if !strings.HasPrefix(string(content), "%PDF-") {
		t.Error("no PDF")
	}

	path := filepath.Join(dir, "one.txt")
	r.run("recovery", "export", "--all", path).wants(t, statusFailed, "there already")
	if b, _ := os.ReadFile(path); strings.Contains(string(b), secondKeys[0]) {
		t.Error("the file was overwritten")
	}
	got := object(t, r.must("", "recovery", "export", "--all", path, "--force", "--json").out)
	if got["accounts"] != 2.0 || got["keys"] != 8.0 || got["file"] != path {
		t.Errorf("%v", got)
	}
	b, _ := os.ReadFile(path)
	for _, want := range append(append([]string{"Call centre", "Example: maria@shop.example", "used 2026-03-04"}, firstKeys...), secondKeys...) {
		if !strings.Contains(string(b), want) {
			t.Errorf("%q is not in the file", want)
		}
	}
	if info, _ := os.Stat(path); runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v", info.Mode())
	}
	r.must(sheet(firstKeys[:4]), "recovery", "add", "centre", "-")
	r.must("", "recovery", "export", "centre", path, "--force")
	if b, _ := os.ReadFile(path); strings.Contains(string(b), firstKeys[4]) {
		t.Error("a sheet that was replaced is in the file")
	}

	r.run("recovery", "export", "yeastar", filepath.Join(dir, "none.txt")).wants(t, statusNothing, "no recovery keys")
	r.run("recovery", "export", "centre").wants(t, statusUsage, "Name one account and a file")
	r.run("recovery", "export", "--all", "a", "b").wants(t, statusUsage, "")
}

// No recovery key comes out by another way than the ones for it.
func TestRecoveryKeysAreOnlyPrintedWhereTheyAreAskedFor(t *testing.T) {
	r, _ := withSheet(t)
	out := filepath.Join(t.TempDir(), "x.pdf")
	for _, c := range []struct {
		stdin string
		args  []string
	}{
		{sheet(firstKeys), []string{"recovery", "add", "centre", "-", "--json"}},
		{sheet(secondKeys), []string{"recovery", "add", "centre", "-", "--beside"}},
		{sheet(secondKeys), []string{"recovery", "add", "nobody", "-"}},
		{"", []string{"recovery", "list", "centre"}},
		{"", []string{"recovery", "list", "centre", "--json"}},
		{"", []string{"recovery", "undo", "centre", "1"}},
		{"", []string{"recovery", "undo", "centre", "1", "--json"}},
		{"", []string{"recovery", "export", "centre", out}},
		{"", []string{"recovery", "export", "--all", out, "--json"}},
		{"", []string{"recovery", "use", "nobody"}},
		{"", []string{"recovery", "add", "centre", firstKeys[0]}},
		{"", []string{"recovery", firstKeys[0]}},
		{"", []string{"doctor"}},
	} {
		got := r.with(c.stdin, c.args...)
		for _, key := range append(slices.Clone(firstKeys), secondKeys...) {
			if strings.Contains(got.out+got.err, key) {
				t.Errorf("%q printed a key: %s%s", c.args, got.out, got.err)
			}
		}
	}
}
