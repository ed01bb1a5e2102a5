package cli

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/ledongthuc/pdf"

	"github.com/tallystick/tallystick/vault/keys"
	"github.com/tallystick/tallystick/vault/kit"
	"github.com/tallystick/tallystick/vault/vaulttest"
)

// kitPDF makes the kit of the rig's vault and reads the 24 words out of the PDF, as a person would.
func (r *rig) kitPDF(passphrase string) (path string, words []string) {
	r.t.Helper()
	path = filepath.Join(r.t.TempDir(), "kit.pdf")
	args := []string{"kit", "create", path}
	if passphrase != "" {
		args = append(args, "--passphrase-stdin")
	}
	r.must(passphrase+"\n", args...)
	return path, wordsOf(r.t, path)
}

func wordsOf(t testing.TB, path string) []string {
	t.Helper()
	f, doc, err := pdf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	if doc.NumPage() != 1 {
		t.Errorf("%d pages", doc.NumPage())
	}
	text, err := doc.Page(1).GetPlainText(nil)
	if err != nil {
		t.Fatal(err)
	}
	words := make([]string, kit.Words)
	lines := strings.FieldsFunc(text, func(c rune) bool { return c == '\n' })
	for i := range lines[:len(lines)-1] {
		var n int
		if _, err := fmt.Sscanf(lines[i], "%d", &n); err == nil && fmt.Sprint(n) == lines[i] && n >= 1 && n <= kit.Words {
			words[n-1] = lines[i+1]
		}
	}
	for i, w := range words {
		if w == "" {
			t.Fatalf("word %d is not on the page", i+1)
		}
	}
	return words
}

// moved is another computer with nothing but a copy of the rig's vault file.
func (r *rig) moved() *rig {
	r.t.Helper()
	other := newRig(r.t)
	content, err := os.ReadFile(filepath.Join(r.dir, "vault.age"))
	if err != nil {
		r.t.Fatal(err)
	}
	if err := os.MkdirAll(other.dir, 0o700); err != nil {
		r.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(other.dir, "vault.age"), content, 0o600); err != nil {
		r.t.Fatal(err)
	}
	return other
}

// noKitIn fails when a text holds words of a kit in a row, or its key.
func noKitIn(t testing.TB, text string, words []string) {
	t.Helper()
	if strings.Contains(strings.ToUpper(text), "AGE-SECRET-KEY") {
		t.Errorf("the key is in %q", text)
	}
	for i := range len(words) - 1 {
		if strings.Contains(text, words[i]+" "+words[i+1]) || strings.Contains(text, words[i]+"\n"+words[i+1]) {
			t.Errorf("words %d and %d are in %q", i+1, i+2, text)
		}
	}
}

// The whole way: a vault, the page, another computer with an empty keyring, all accounts.
func TestKitWholeWay(t *testing.T) {
	r := newRig(t)
	r.canonical()
	path, words := r.kitPDF("")
	if info, err := os.Stat(path); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("%v, mode %v", err, info.Mode())
	}
	pngPath := filepath.Join(t.TempDir(), "kit.png")
	made := r.must("", "kit", "create", pngPath, "--json")
	noKitIn(t, made.out+made.err, words)
	short := object(t, made.out)["vault"].(string)
	before := r.must("", "list", "--json", "--show-secrets").out

	short4 := make([]string, len(words))
	numbered := ""
	for i, w := range words {
		short4[i] = strings.ToUpper(w[:min(4, len(w))])
		numbered += fmt.Sprintf("%d. %s\n", i+1, w)
	}
	for name, c := range map[string]struct {
		stdin string
		args  []string
	}{
		"words":          {strings.Join(words, " "), nil},
		"four letters":   {strings.Join(short4, "  "), nil},
		"numbered":       {numbered, nil},
		"picture":        {"", []string{"--picture", pngPath}},
		"photo, smaller": {"", []string{"--picture", photo(t, pngPath)}},
	} {
		t.Run(name, func(t *testing.T) {
			there := r.moved()
			there.run("list").wants(t, statusFailed, "")
			got := there.must(c.stdin, append([]string{"kit", "restore"}, c.args...)...)
			if !strings.Contains(got.out, "Vault "+short+" opens again: 6 accounts") || !strings.Contains(got.err, "key is in the keyring") {
				t.Errorf("%+v", got)
			}
			noKitIn(t, got.out+got.err, words)
			if after := there.must("", "list", "--json", "--show-secrets").out; after != before {
				t.Error("other accounts")
			}
		})
	}
}

// photo is a picture of the page taken from further away, lit unevenly.
func photo(t testing.TB, path string) string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	page, err := png.Decode(f)
	_ = f.Close()
	if err != nil {
		t.Fatal(err)
	}
	b := page.Bounds()
	small := image.NewGray(image.Rect(0, 0, b.Dx()/2, b.Dy()/2))
	for y := range small.Rect.Dy() {
		for x := range small.Rect.Dx() {
			sum := 0
			for _, d := range [4][2]int{{0, 0}, {1, 0}, {0, 1}, {1, 1}} {
				sum += int(color.GrayModel.Convert(page.At(2*x+d[0], 2*y+d[1])).(color.Gray).Y)
			}
			small.SetGray(x, y, color.Gray{Y: uint8(sum / 4 * (60 + 30*x/small.Rect.Dx()) / 100)})
		}
	}
	var out bytes.Buffer
	if err := png.Encode(&out, small); err != nil {
		t.Fatal(err)
	}
	return file(t, "photo.png", out.String())
}

func TestKitRestoreSaysWhatIsWrong(t *testing.T) {
	r := newRig(t)
	r.canonical()
	_, words := r.kitPDF("")
	other := newRig(t)
	other.canonical()
	_, otherWords := other.kitPDF("")
	all := strings.Join(words, " ")
	there := r.moved()
	before := snapshot(t, there.dir)
	typo := slices.Clone(words)
	typo[6] = "qqmarkerqq"
	two := slices.Clone(typo)
	two[23] = "qqmarkerqq"
	for _, c := range []struct{ stdin, said string }{
		{strings.Join(typo, " "), "Word 7 is not in the list"},
		{strings.Join(two, " "), "Words 7, 24 are not in the list"},
		{strings.Join(words[:23], " "), "A kit has 24 words; these are 23."},
		{strings.Join(otherWords, " "), "that of another vault"},
		{"TALLYSTICK-KIT:2:XX", "newer version"},
		{"TALLYSTICK-KIT:1:XX", "cut off or changed"},
		{"Dear Maria, see you on Monday.", "neither the words nor the QR code"},
		{"", "neither the words nor the QR code"},
	} {
		got := there.with(c.stdin, "kit", "restore")
		got.wants(t, statusFailed, c.said)
		noKitIn(t, got.out+got.err, words)
		noKitIn(t, got.out+got.err, otherWords)
		if strings.Contains(got.out+got.err, "qqmarkerqq") {
			t.Errorf("a word is repeated: %q", got.err)
		}
	}
	blank := file(t, "blank.png", pngOf(t, picture(t)))
	there.run("kit", "restore", "--picture", blank).wants(t, statusNothing, "no QR code")
	there.run("kit", "restore", "--picture", file(t, "link.png", pngOf(t, picture(t, linkRFC)))).wants(t, statusFailed, "neither the words")
	there.run("kit", "restore", "--picture", filepath.Join(t.TempDir(), "none.png")).wants(t, statusFailed, "no such file")
	if got := there.run("kit", "restore", words[0]); got.status != statusUsage || strings.Contains(got.err, words[0]+" ") {
		t.Errorf("%+v", got)
	}
	_ = os.Remove(filepath.Join(there.dir, "lock")) // empty, and no part of the vault
	if snapshot(t, there.dir) != before || len(there.keyring.Values()) != 0 {
		t.Error("something was written")
	}
	r.with(all, "kit", "restore").wants(t, statusFailed, "key here already")
	nothing := newRig(t)
	nothing.with(all, "kit", "restore").wants(t, statusNothing, "put a copy of vault.age")
	if snapshot(t, nothing.dir) != "" {
		t.Error("a folder was made")
	}
}

func pngOf(t testing.TB, img image.Image) string {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestKitWithPassphrases(t *testing.T) {
	r := newRig(t)
	r.canonical()
	r.must("old pass\n", "passphrase", "set", "--passphrase-stdin")
	target := filepath.Join(t.TempDir(), "x.pdf")
	r.run("kit", "create", target).wants(t, statusLocked, "passphrase")
	r.with("wrong\n", "kit", "create", target, "--passphrase-stdin").wants(t, statusLocked, "not right")
	if _, err := os.Stat(target); err == nil {
		t.Error("a kit was written without the passphrase")
	}
	_, words := r.kitPDF("old pass")
	all := strings.Join(words, " ")

	there := r.moved()
	got := there.must("new pass\n"+all, "kit", "restore", "--passphrase-stdin", "--json")
	if o := object(t, got.out); o["accounts"] != 6.0 || o["protection"] != string(keys.ByKeyringAndPassphrase) {
		t.Errorf("%v", o)
	}
	there.run("list").wants(t, statusLocked, "")
	there.must("new pass\n", "list", "--passphrase-stdin")

	bare := r.moved()
	bare.keyring.FailAll(keys.ErrNone)
	bare.with(all, "kit", "restore").wants(t, statusLocked, "needs a passphrase")
	bare.must("new pass\n"+all, "kit", "restore", "--passphrase-stdin")
	bare.must("new pass\n", "list", "--passphrase-stdin")

	typed := r.moved()
	typed.keyring.FailAll(keys.ErrNone)
	typed.at(all, "typed pass", "typed pass").must("", "kit", "restore")
	if len(typed.asked) != 3 || !strings.Contains(typed.asked[0], "24 words") || !strings.Contains(typed.asked[1], "New passphrase") {
		t.Errorf("asked %q", typed.asked)
	}

	// A passphrase that was forgotten.
	r.with("next pass\n"+all, "kit", "restore", "--passphrase-stdin").wants(t, statusFailed, "--force")
	r.must("next pass\n"+all, "kit", "restore", "--passphrase-stdin", "--force")
	r.with("old pass\n", "list", "--passphrase-stdin").wants(t, statusLocked, "")
	r.must("next pass\n", "list", "--passphrase-stdin")
}

func TestKitCheck(t *testing.T) {
	r := newRig(t)
	r.canonical()
	_, words := r.kitPDF("")
	line := func(places ...int) string {
		var b strings.Builder
		for _, p := range places {
			fmt.Fprintf(&b, "%d %s ", p, words[p-1])
		}
		return b.String()
	}
	if out := r.must(line(3, 11, 20), "kit", "check").out; !strings.HasPrefix(out, "Right: ") {
		t.Errorf("%q", out)
	}
	r.must(strings.ToUpper(line(1, 2, 3, 24)), "kit", "check")
	got := r.with(line(3, 20)+"11 qqmarkerqq", "kit", "check", "--json")
	got.wants(t, statusFailed, "Not right: word 11.")
	o := object(t, got.out)
	if fmt.Sprint(o["right"]) != "[3 20]" || fmt.Sprint(o["wrong"]) != "[11]" || strings.Contains(got.out+got.err, "qqmarkerqq") {
		t.Errorf("%+v", got)
	}
	for _, bad := range []string{"", line(3, 11), line(3, 11, 20) + "7", line(3, 3, 4), "0 a 1 b 2 c", "25 a 1 b 2 c", "a b c d e f", strings.Join(words[:6], " ")} {
		got := r.with(bad, "kit", "check")
		got.wants(t, statusUsage, "three words at least")
	}

	// At a terminal three places are asked for, chosen by chance.
	r.env.Rand = vaulttest.Random(7)
	places, err := kit.Places(3, vaulttest.Random(7))
	if err != nil {
		t.Fatal(err)
	}
	r.at(words[places[0]-1], words[places[1]-1], words[places[2]-1]).must("", "kit", "check")
	if len(r.asked) != 3 || r.asked[0] != fmt.Sprintf("Word %d: ", places[0]) {
		t.Errorf("asked %q", r.asked)
	}
	r.env.Rand = vaulttest.Random(7)
	r.at(words[places[0]-1], "zoo zoo", words[places[2]-1]).run("kit", "check").wants(t, statusFailed, fmt.Sprintf("word %d.", places[1]))
}

func TestKitCheckPicture(t *testing.T) {
	r := newRig(t)
	r.canonical()
	page := filepath.Join(t.TempDir(), "kit.PNG")
	r.must("", "kit", "create", page)
	if out := r.must("", "kit", "check", "--picture", page).out; !strings.HasPrefix(out, "Right: ") {
		t.Errorf("%q", out)
	}
	other := newRig(t)
	other.canonical()
	other.run("kit", "check", "--picture", page).wants(t, statusFailed, "the vault here is")
}

func TestKitCreateRefuses(t *testing.T) {
	r := newRig(t)
	dir := t.TempDir()
	r.run("kit", "create", filepath.Join(dir, "kit.pdf")).wants(t, statusNothing, "no vault here yet")
	r.canonical()
	for _, args := range [][]string{{}, {filepath.Join(dir, "kit.txt")}, {"a.pdf", "b.pdf"}, {filepath.Join(dir, "kit")}} {
		r.run(append([]string{"kit", "create"}, args...)...).wants(t, statusUsage, ".pdf or .png")
	}
	r.run("kit").wants(t, statusUsage, "create, check or restore")
	path := file(t, "kit.pdf", "mine")
	r.run("kit", "create", path).wants(t, statusFailed, "there already")
	if b, _ := os.ReadFile(path); string(b) != "mine" {
		t.Error("the file was overwritten")
	}
	before := snapshot(t, r.dir)
	r.must("", "kit", "create", path, "--force")
	if info, _ := os.Stat(path); runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v", info.Mode())
	}
	if len(wordsOf(t, path)) != kit.Words || snapshot(t, r.dir) != before {
		t.Error("not written, or the vault was changed")
	}
}
