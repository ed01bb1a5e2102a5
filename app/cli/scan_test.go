package cli

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"hash/crc32"
	"image"
	"image/draw"
	"image/png"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/app/platform"
	"github.com/tallystick/tallystick/scanner/capture"
	"github.com/tallystick/tallystick/scanner/clipimage"
)

// save writes a picture and returns its path.
func save(t testing.TB, img image.Image) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "picture.png")
	if err := os.WriteFile(path, encode(t, img), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func encode(t testing.TB, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

type lookJSON struct {
	Source string
	Codes  []struct {
		Text    string
		Corners [][]float64
	}
	Reason string
	MS     *float64
}

// looks reads the JSON lines of scan.
func looks(t *testing.T, out string) []lookJSON {
	t.Helper()
	var list []lookJSON
	for _, line := range strings.Split(strings.TrimSuffix(out, "\n"), "\n") {
		var fields map[string]json.RawMessage
		if err := json.Unmarshal([]byte(line), &fields); err != nil {
			t.Fatalf("%v: %q", err, line)
		}
		if got := slices.Sorted(maps.Keys(fields)); !slices.Equal(got, []string{"codes", "ms", "reason", "source"}) {
			t.Errorf("fields %v", got)
		}
		if string(fields["codes"]) == "null" {
			t.Errorf("codes are null: %q", line)
		}
		var l lookJSON
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Fatal(err)
		}
		list = append(list, l)
	}
	return list
}

// TestScanSaysWhatElse: a code that no account can be made of is called what it is, without what it holds.
func TestScanSaysWhatElse(t *testing.T) {
	got := newRig(t).run("scan", "--add", save(t, picture(t, "WIFI:S:Office;T:WPA;P:hunter2;;")))
	got.wants(t, statusNothing, "a QR code there is not for an authenticator: it is the password of a Wi-Fi network")
	if strings.Contains(got.out+got.err, "hunter2") {
		t.Error("the password was printed")
	}
}

func TestScanFiles(t *testing.T) {
	r := newRig(t)
	two, none := save(t, picture(t, linkRFC, linkOther)), save(t, picture(t))
	got := r.must("", "scan", "--json", two, none)
	list := looks(t, got.out)
	if len(list) != 2 || list[0].Source != two || len(list[0].Codes) != 2 || list[0].Reason != "" || list[0].MS == nil {
		t.Fatalf("%q", got.out)
	}
	for i, want := range []string{linkRFC, linkOther} {
		c := list[0].Codes[i]
		if c.Text != want || len(c.Corners) != 4 || len(c.Corners[0]) != 2 || c.Corners[0][0] >= c.Corners[1][0] || c.Corners[0][1] >= c.Corners[3][1] {
			t.Errorf("code %d: %+v", i, c)
		}
	}
	if list[1].Reason != "no-code" || len(list[1].Codes) != 0 {
		t.Errorf("the empty picture: %+v", list[1])
	}

	// For people.
	if got := r.must("", "scan", two); strings.Count(got.out, "\n") != 2 || !strings.Contains(got.out, linkRFC) {
		t.Errorf("%+v", got)
	}
	got = r.run("scan", none)
	got.wants(t, statusNothing, "There is no QR code in it.")
	if got.out != "" {
		t.Errorf("printed %q", got.out)
	}
	// From standard input.
	if got := r.must(string(encode(t, picture(t, linkRFC))), "scan", "-", "--json"); looks(t, got.out)[0].Source != "-" {
		t.Errorf("%+v", got)
	}
	if snapshot(t, r.dir) != "" {
		t.Error("scanning made something")
	}
}

// What is wrong with a code that is there is said, in words and for programs.
func TestScanSaysWhatIsWrong(t *testing.T) {
	r := newRig(t)
	whole := picture(t, linkRFC)
	covered := image.NewRGBA(whole.Bounds())
	draw.Draw(covered, covered.Bounds(), whole, image.Point{}, draw.Src)
	half := whole.Bounds().Dy() / 2
	draw.Draw(covered, image.Rect(0, half, covered.Bounds().Dx(), 2*half), image.Black, image.Point{}, draw.Src)
	path := save(t, covered)
	r.run("scan", path).wants(t, statusNothing, "a corner of it is covered")
	if got := r.run("scan", "--json", path); !strings.Contains(got.out, `"reason":"unreadable","why":"covered"`) {
		t.Errorf("%q", got.out)
	}
}

func TestScanWhatIsNoPicture(t *testing.T) {
	r := newRig(t)
	dir := t.TempDir()
	write := func(name string, content []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	good := save(t, picture(t, linkRFC))
	cut := encode(t, picture(t, linkRFC))
	// The header of a PNG of 60,000 × 60,000 pixels: refused before anything is decoded.
	bomb := append([]byte(nil), cut...)
	copy(bomb[16:], []byte{0, 0, 0xea, 0x60, 0, 0, 0xea, 0x60})
	binary.BigEndian.PutUint32(bomb[29:], crc32.ChecksumIEEE(bomb[12:29])) // of the header alone
	for _, c := range []struct {
		name, path, reason, said string
	}{
		{"prose", write("a.txt", []byte("this is not a picture")), "not-a-picture", "not a picture"},
		{"cut off", write("b.png", cut[:len(cut)/2]), "damaged", "damaged, cut off"},
		{"bomb", write("c.png", bomb), "too-large", "too many pixels"},
		{"no such file", filepath.Join(dir, "none.png"), "failed", "no such file"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r.run("scan", c.path).wants(t, statusFailed, c.said)
			got := r.run("scan", "--json", c.path, good)
			list := looks(t, got.out)
			if got.status != statusFailed || list[0].Reason != c.reason || len(list[1].Codes) != 1 {
				t.Errorf("%+v", got)
			}
		})
	}
}

func TestScanScreens(t *testing.T) {
	r := newRig(t)
	r.run("scan").wants(t, statusFailed, "no screen to look at")

	shot := func(name string, img image.Image) capture.Shot {
		rgba := image.NewRGBA(img.Bounds())
		draw.Draw(rgba, rgba.Bounds(), img, image.Point{}, draw.Src)
		return capture.Shot{Name: name, Image: rgba, Bounds: rgba.Bounds()}
	}
	r.env.Screens = func(context.Context) ([]capture.Shot, error) {
		return []capture.Shot{shot("screen 1", picture(t)), shot("screen 2", picture(t, linkRFC))}, nil
	}
	for _, args := range [][]string{{"scan", "--json"}, {"scan", "--screen", "--json"}} {
		list := looks(t, r.must("", args...).out)
		if len(list) != 2 || list[0].Source != "screen 1" || list[1].Codes[0].Text != linkRFC {
			t.Errorf("%q: %+v", args, list)
		}
	}
	r.env.Screens = func(context.Context) ([]capture.Shot, error) { return nil, capture.ErrDenied }
	r.run("scan", "--screen").wants(t, statusFailed, "refused a picture")
}

func TestScanClipboard(t *testing.T) {
	r := newRig(t)
	r.run("scan", "--clipboard").wants(t, statusNothing, "no picture and no authenticator link")

	t.Run("text that is a link", func(t *testing.T) {
		r.clipboard.CopyElsewhere("  " + linkRFC + "\n")
		list := looks(t, r.must("", "scan", "--clipboard", "--json").out)
		if len(list) != 1 || list[0].Codes[0].Text != linkRFC || list[0].Codes[0].Corners == nil || len(list[0].Codes[0].Corners) != 0 {
			t.Errorf("%+v", list)
		}
	})
	t.Run("other text is not repeated", func(t *testing.T) {
		r.clipboard.CopyElsewhere("my diary")
		got := r.run("scan", "--clipboard", "--json")
		if got.status != statusNothing || strings.Contains(got.out+got.err, "diary") || looks(t, got.out)[0].Reason != "no-code" {
			t.Errorf("%+v", got)
		}
	})
	t.Run("a picture comes before text", func(t *testing.T) {
		r.env.ClipboardPicture = func(context.Context) ([]byte, error) { return encode(t, picture(t, linkOther)), nil }
		list := looks(t, r.must("", "scan", "--clipboard", "--json").out)
		if list[0].Codes[0].Text != linkOther || len(list[0].Codes[0].Corners) != 4 {
			t.Errorf("%+v", list)
		}
	})
	t.Run("a picture without a code, and a link", func(t *testing.T) {
		r.env.ClipboardPicture = func(context.Context) ([]byte, error) { return encode(t, picture(t)), nil }
		r.clipboard.CopyElsewhere(linkRFC)
		list := looks(t, r.must("", "scan", "--clipboard", "--json").out)
		if len(list) != 1 || list[0].Codes[0].Text != linkRFC || list[0].Reason != "" {
			t.Errorf("%+v", list)
		}
		r.clipboard.CopyElsewhere("my diary")
		if got := r.run("scan", "--clipboard", "--json"); got.status != statusNothing || looks(t, got.out)[0].Reason != "no-code" || strings.Contains(got.out, "diary") {
			t.Errorf("%+v", got)
		}
	})
	t.Run("nothing there can be read", func(t *testing.T) {
		r.env.ClipboardPicture = func(context.Context) ([]byte, error) { return nil, clipimage.ErrUnsupported }
		r.clipboard.Fail(platform.ErrNoClipboard)
		r.run("scan", "--clipboard").wants(t, statusFailed, "cannot be read here")
	})
}

func TestScanAdd(t *testing.T) {
	t.Run("adds what it finds and does not print it", func(t *testing.T) {
		r := newRig(t)
		got := r.must("", "scan", "--add", "--tag", "work", save(t, picture(t, linkRFC, "https://example.com/", linkOther)))
		if strings.Contains(got.out+got.err, rfcKey) {
			t.Error("the key was printed")
		}
		if !strings.Contains(got.err, "not for an authenticator") || strings.Count(got.out, "Added") != 2 {
			t.Errorf("%+v", got)
		}
		a := r.accounts()
		if len(a) != 2 || !slices.Equal(a[0].Tags, []string{"work"}) {
			t.Errorf("%d accounts", len(a))
		}
	})
	t.Run("the output stays one JSON line per picture", func(t *testing.T) {
		r := newRig(t)
		got := r.must("", "scan", "--add", "--json", save(t, picture(t, linkRFC)))
		if len(looks(t, got.out)) != 1 || !strings.Contains(got.err, "Added Example") {
			t.Errorf("%+v", got)
		}
	})
	t.Run("an export over two pictures", func(t *testing.T) {
		r := newRig(t)
		links := export(t, 13)
		got := r.must("", "scan", "--add", save(t, picture(t, links[1])), save(t, picture(t, links[0])))
		if strings.Contains(got.err, "missing") || len(r.accounts()) != 13 {
			t.Errorf("%+v", got)
		}
		got = newRig(t).must("", "scan", "--add", save(t, picture(t, links[1])))
		if !strings.Contains(got.err, "Still missing: 1.") {
			t.Errorf("%+v", got)
		}
	})
	t.Run("the same page on two screens", func(t *testing.T) {
		r := newRig(t)
		path := save(t, picture(t, linkRFC))
		r.must("", "scan", "--add", path, path)
		if n := len(r.accounts()); n != 1 {
			t.Errorf("%d accounts", n)
		}
		r.run("scan", "--add", path).wants(t, statusFailed, "there already")
	})
	t.Run("nothing usable", func(t *testing.T) {
		r := newRig(t)
		r.run("scan", "--add", save(t, picture(t, "https://example.com/"))).wants(t, statusNothing, "None of the QR codes")
		r.run("scan", "--add", save(t, picture(t))).wants(t, statusNothing, "no QR code")
		if snapshot(t, r.dir) != "" {
			t.Error("a vault was made for nothing")
		}
	})
	newRig(t).run("scan", "--replace", "x.png").wants(t, statusUsage, "go with --add")
}
