package cli

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"
)

func TestWantsWindow(t *testing.T) {
	link := "otpauth://totp/x?secret=" + rfcKey
	for _, c := range []struct {
		args []string
		want *Window // nil: a command
		link string
	}{
		{nil, &Window{}, ""},
		{[]string{"--dir", "/d"}, &Window{Dir: "/d"}, ""},
		{[]string{"--dir=/d", "--profile", "work"}, &Window{Dir: "/d", Profile: "work"}, ""},
		{[]string{link}, &Window{}, link},
		{[]string{"OTPAUTH://totp/x?secret=A"}, &Window{}, "OTPAUTH://totp/x?secret=A"},
		{[]string{"otpauth-migration://offline?data=A"}, &Window{}, "otpauth-migration://offline?data=A"},
		{[]string{"motp://x:y?secret=0"}, &Window{}, "motp://x:y?secret=0"},
		{[]string{"steam://A"}, &Window{}, "steam://A"},
		{[]string{link, "--profile", "work"}, &Window{Profile: "work"}, link},
		{[]string{"--profile", "work", link}, &Window{Profile: "work"}, link},
		{[]string{"code"}, nil, ""},
		{[]string{"--dir", "/d", "code"}, nil, ""},
		{[]string{"--dir"}, nil, ""},
		{[]string{"--profile", "../x"}, nil, ""},
		{[]string{"--help"}, nil, ""},
		{[]string{"-h"}, nil, ""},
		{[]string{"--passphrase-stdin"}, nil, ""},
		{[]string{link, link}, nil, ""},
		{[]string{link, "code"}, nil, ""},
		{[]string{"https://example.com"}, nil, ""},
		{[]string{"otpauth"}, nil, ""},
		{[]string{"/x/codes.tallypack"}, &Window{Pack: "/x/codes.tallypack"}, ""},
		{[]string{"--dir", "/d", "/x/My Codes.TallyPack"}, &Window{Dir: "/d", Pack: "/x/My Codes.TallyPack"}, ""},
		{[]string{"file:///x/My%20Codes.tallypack"}, &Window{Pack: "/x/My Codes.tallypack"}, ""},
		{[]string{"file://elsewhere/x.tallypack"}, nil, ""},
		{[]string{"file:///%zz.tallypack"}, nil, ""},
		{[]string{"/x/codes.txt"}, nil, ""},
		{[]string{"/x/a.tallypack", "/x/b.tallypack"}, nil, ""},
		{[]string{"pack", "/x/a.tallypack"}, nil, ""},
	} {
		w, is := WantsWindow(c.args)
		if is != (c.want != nil) {
			t.Errorf("%q: window %v", c.args, is)
			continue
		}
		if is && (w.Dir != c.want.Dir || w.Profile != c.want.Profile || filepath.ToSlash(w.Pack) != c.want.Pack || string(w.Link.Reveal()) != c.link) {
			t.Errorf("%q: %+v, link of %d bytes", c.args, w, w.Link.Len())
		}
	}
}

// A pack that is named from where somebody stands is found from anywhere: the window that runs already may stand elsewhere.
func TestPackIsAbsolute(t *testing.T) {
	t.Chdir(t.TempDir())
	here, err := filepath.Abs("a.tallypack")
	if err != nil {
		t.Fatal(err)
	}
	if w, ok := WantsWindow([]string{"a.tallypack"}); !ok || w.Pack != here {
		t.Errorf("%+v, want %s", w, here)
	}
}

func TestPlace(t *testing.T) {
	abs := func(p string) string {
		a, err := filepath.Abs(p)
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	for _, c := range []struct{ dir, profile, env, want string }{
		{"", "", "", abs("system")},
		{"", "", "fromenv", abs("fromenv")},
		{"flag", "", "fromenv", abs("flag")},
		{"flag", "work", "", filepath.Join(abs("flag"), "profiles", "work")},
		{"", "work", "", filepath.Join(abs("system"), "profiles", "work")},
	} {
		got, err := Place(c.dir, c.profile, func(key string) string {
			if key != "TALLYSTICK_DIR" {
				t.Errorf("asked for %s", key)
			}
			return c.env
		}, func() (string, error) { return "system", nil })
		if err != nil || got != c.want {
			t.Errorf("%+v: %q, %v", c, got, err)
		}
	}
	for _, name := range []string{"..", "a/b", `a\b`, "Work", "-x", ".x", "x.", "con", "com1", "ü", strings.Repeat("a", 33), " "} {
		if err := CheckProfile(name); !errors.Is(err, ErrProfile) {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestDirAndProfileFlags(t *testing.T) {
	r := newRig(t)
	elsewhere := filepath.Join(t.TempDir(), "elsewhere")
	r.must(linkRFC, "--dir", elsewhere, "add", "-")
	r.must(linkOther, "add", "-", "--dir", elsewhere, "--profile", "work")
	if snapshot(t, r.dir) != "" {
		t.Error("something was stored beside --dir")
	}
	r.run("list").wants(t, statusNothing, "no vault")
	for profile, want := range map[string]string{"": "Example", "work": "Yeastar"} {
		list := r.records(r.must("", "list", "--json", "--dir", elsewhere, "--profile", profile))
		if len(list) != 1 || list[0]["issuer"] != want {
			t.Errorf("profile %q: %v", profile, list)
		}
	}
	r.env.Getenv = func(string) string { return elsewhere }
	if list := r.records(r.must("", "list", "--json")); len(list) != 1 {
		t.Errorf("TALLYSTICK_DIR: %v", list)
	}
	r.run("list", "--profile", "../x").wants(t, statusUsage, "profile's name")
	r.run("--profile", "X").wants(t, statusUsage, "profile's name")
}
