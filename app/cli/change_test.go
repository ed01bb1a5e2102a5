package cli

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	_ "image/png"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/tallystick/tallystick/scanner"
	"github.com/tallystick/tallystick/vault"
)

func TestEdit(t *testing.T) {
	r := newRig(t)
	id := r.add(linkRFC, linkOther)[0]
	rec := r.records(r.must("", "edit", "example", "--issuer", "Shop", "--name", "m", "--tag", "a", "--tag", "b", "--favourite", "--url", "https://shop.example/", "--json"))[0]
	if rec["id"] != id || rec["issuer"] != "Shop" || rec["name"] != "m" || rec["favourite"] != true || fmt.Sprint(rec["tags"]) != "[a b]" {
		t.Errorf("%v", rec)
	}
	r.must("line 1\nline 2\n", "edit", "shop", "--untag", "A", "--favourite=false", "--note-stdin")
	a := r.accounts()[0]
	if a.Favourite || fmt.Sprint(a.Tags) != "[b]" || a.Note != "line 1\nline 2" || a.URL != "https://shop.example/" {
		t.Errorf("tags %v, note %q, url %q", a.Tags, a.Note, a.URL)
	}
	if out := r.must("", "code", "shop", "--at", "1970-01-01T00:00:59Z").out; out != "287082\n" {
		t.Errorf("the key changed: %q", out)
	}
	r.run("edit", "shop").wants(t, statusUsage, "what to change")
	r.run("edit").wants(t, statusUsage, "Name one account")
	r.run("edit", "", "--name", "x").wants(t, statusUsage, "Name one account")
	r.run("edit", "nobody", "--name", "x").wants(t, statusNothing, "No account matches")
	r.run("edit", "shop", "--name", strings.Repeat("x", vault.MaxLabel+1)).wants(t, statusFailed, "too long")

	got := r.run("edit", "s", "--name", "x")
	got.wants(t, statusFailed, "Several accounts match")
	if !strings.Contains(got.err, id[:8]) || !strings.Contains(got.err, "Yeastar") {
		t.Errorf("the candidates are not listed: %q", got.err)
	}
}

func TestRemoveAndRestore(t *testing.T) {
	r := newRig(t)
	id := r.add(linkRFC, linkOther)[0]
	got := r.must("", "remove", "example")
	if !strings.Contains(got.out, "tallystick restore "+id[:8]) {
		t.Errorf("%+v", got)
	}
	r.run("code", "example").wants(t, statusNothing, "")
	r.run("remove", id).wants(t, statusNothing, "No account matches")
	trash := r.records(r.must("", "list", "--trash", "--json"))
	if len(trash) != 1 || trash[0]["id"] != id {
		t.Fatalf("trash: %v", trash)
	}
	r.now = r.now.Add(48 * time.Hour)
	if out := r.must("", "list", "--trash").out; !strings.Contains(out, "28 days") {
		t.Errorf("trash: %q", out)
	}
	r.must("", "restore", id[:8])
	if len(r.accounts()) != 2 {
		t.Error("not restored")
	}
	r.run("restore", id).wants(t, statusNothing, "No account matches")
}

func TestRemoveForEver(t *testing.T) {
	r := newRig(t)
	ids := r.add(linkRFC, linkOther, linkSteam)
	r.run("remove", ids[0], "--yes").wants(t, statusUsage, "--for-ever")
	r.run("remove", ids[0], "--for-ever").wants(t, statusUsage, "--yes")
	if len(r.accounts()) != 3 {
		t.Fatal("deleted without being asked")
	}
	r.must("", "remove", ids[0], "--for-ever", "--yes")
	r.must("", "remove", ids[1])
	r.must("", "remove", ids[1], "--for-ever", "--yes") // out of the trash
	if n := len(r.records(r.must("", "list", "--trash", "--json"))); n != 0 || len(r.accounts()) != 1 {
		t.Errorf("%d in the trash", n)
	}
	r.at("n").run("remove", ids[2], "--for-ever").wants(t, statusFailed, "Nothing was deleted")
	r.at("y").must("", "remove", ids[2], "--for-ever")
	if len(r.asked) != 2 || !strings.Contains(r.asked[0], "Steam") || len(r.accounts()) != 0 {
		t.Errorf("asked %q", r.asked)
	}
}

func TestList(t *testing.T) {
	r := newRig(t)
	r.run("list").wants(t, statusNothing, "no vault here yet")
	id := r.add(linkRFC, linkOther, linkSteam)[1]
	r.must("", "edit", "yeastar", "--tag", "Büro", "--favourite")
	out := r.must("", "list").out
	if strings.Count(out, "\n") != 4 || !strings.Contains(out, "superadmin *") {
		t.Errorf("%s", out)
	}
	for _, q := range []string{"YEA", "super yea", "büro", "BÜRO", "buro", id, id[:6], "admin"} {
		if list := r.records(r.must("", "list", q, "--json")); len(list) != 1 || list[0]["id"] != id {
			t.Errorf("query %q found %d", q, len(list))
		}
	}
	if got := r.run("list", "nothing-like-it", "--json"); got.status != statusNothing || got.out != "[]\n" {
		t.Errorf("%+v", got)
	}
	if out := r.must("", "list", "yeastar", "--show-secrets").out; !strings.Contains(out, otherKey) {
		t.Errorf("%q", out)
	}
	for _, q := range []string{"example", "yeastar", "steam"} {
		r.must("", "remove", q)
	}
	if got := r.must("", "list", "--json"); got.out != "[]\n" {
		t.Errorf("an empty vault prints %q", got.out)
	}
	if got := r.must("", "list"); !strings.Contains(got.err, "no accounts yet") {
		t.Errorf("%+v", got)
	}
}

func TestQRIsReadBack(t *testing.T) {
	r := newRig(t)
	r.add(linkRFC, linkOther)
	read := func(img image.Image) string {
		t.Helper()
		res, err := scanner.New().Scan(context.Background(), img)
		if err != nil || len(res.Codes) != 1 {
			t.Fatalf("%v, %d codes", err, len(res.Codes))
		}
		return res.Codes[0].Text
	}
	same := func(link string) {
		t.Helper()
		other := newRig(t)
		other.add(link)
		const at = "2026-01-01T00:00:00Z"
		if a, b := r.must("", "code", "example", "--at", at).out, other.must("", "code", "--at", at).out; a != b {
			t.Errorf("codes differ: %q, %q", a, b)
		}
		if a := other.accounts()[0]; a.Issuer != "Example" || a.Name != "maria@shop.example" {
			t.Errorf("became %q, %q", a.Issuer, a.Name)
		}
	}

	path := filepath.Join(t.TempDir(), "qr.png")
	r.must("", "qr", "example", "--png", path)
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	img, _, err := image.Decode(bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	same(read(img))
	if info, _ := os.Stat(path); runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v", info.Mode())
	}
	if out := r.must("", "qr", "example", "--png", "-").out; out != string(content) {
		t.Error("--png - wrote something else")
	}

	for _, args := range [][]string{{"qr", "example"}, {"qr", "example", "--invert"}} {
		same(read(fromBlocks(t, r.must("", args...).out, len(args) == 3)))
	}
	terminal := r.at().must("", "qr", "example").out
	if !strings.HasPrefix(terminal, "\x1b[38;2;0;0;0;48;2;255;255;255m") || !strings.HasSuffix(terminal, "\x1b[0m\n") {
		t.Errorf("no colours at a terminal: %q", terminal[:40])
	}
}

// fromBlocks draws what half blocks show on a terminal.
func fromBlocks(t *testing.T, text string, darkInk bool) image.Image {
	t.Helper()
	const size = 6
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	width := len([]rune(lines[0]))
	img := image.NewGray(image.Rect(0, 0, width*size, len(lines)*2*size))
	fill := func(x, y int, ink bool) {
		for yy := range size {
			for xx := range size {
				c := color.Gray{Y: 255}
				if ink == darkInk {
					c.Y = 0
				}
				img.SetGray(x*size+xx, y*size+yy, c)
			}
		}
	}
	for y, line := range lines {
		for x, c := range []rune(line) {
			fill(x, 2*y, c == '█' || c == '▀')
			fill(x, 2*y+1, c == '█' || c == '▄')
		}
	}
	return img
}

func TestQRRefuses(t *testing.T) {
	r := newRig(t)
	r.add(linkRFC)
	path := filepath.Join(t.TempDir(), "qr.png")
	if err := os.WriteFile(path, []byte("mine"), 0o644); err != nil {
		t.Fatal(err)
	}
	r.run("qr", "example", "--png", path).wants(t, statusFailed, "there already")
	if b, _ := os.ReadFile(path); string(b) != "mine" {
		t.Error("the file was overwritten")
	}
	r.must("", "qr", "example", "--png", path, "--force")
	if info, _ := os.Stat(path); runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("a forced file has mode %v", info.Mode())
	}
	r.run("qr", "example", "--force").wants(t, statusUsage, "--png")
	r.run("qr", "example", "--png", filepath.Join(path, "below", "a-file")).wants(t, statusFailed, "")
	r.at().run("qr", "example", "--png", "-").wants(t, statusUsage, "cannot be shown as text")
	r.must("", "add", "--manual", "--kind", "manual", "--issuer", "Bank")
	r.run("qr", "bank").wants(t, statusFailed, "")
	r.run("qr").wants(t, statusUsage, "Name one account")
}
