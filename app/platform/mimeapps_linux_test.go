package platform

import (
	"strings"
	"testing"
)

const (
	testMime = "x-scheme-handler/otpauth"
	testApp  = "tallystick-links.desktop"
)

func TestDefaultPrograms(t *testing.T) {
	for name, c := range map[string]struct{ before, after, dropped string }{
		"no file": {
			"",
			"[Default Applications]\nx-scheme-handler/otpauth=tallystick-links.desktop;\n",
			"[Default Applications]\n",
		},
		"other types": {
			"# mine\n[Default Applications]\ntext/html=firefox.desktop\n\n[Added Associations]\nx-scheme-handler/otpauth=keys.desktop\n",
			"# mine\n[Default Applications]\nx-scheme-handler/otpauth=tallystick-links.desktop;\ntext/html=firefox.desktop\n\n[Added Associations]\nx-scheme-handler/otpauth=keys.desktop\n",
			"# mine\n[Default Applications]\ntext/html=firefox.desktop\n\n[Added Associations]\nx-scheme-handler/otpauth=keys.desktop\n",
		},
		"another program comes back": {
			"[Default Applications]\nx-scheme-handler/otpauth=keys.desktop;old.desktop\ntext/html=a.desktop",
			"[Default Applications]\nx-scheme-handler/otpauth=tallystick-links.desktop;keys.desktop;old.desktop\ntext/html=a.desktop",
			"[Default Applications]\nx-scheme-handler/otpauth=keys.desktop;old.desktop\ntext/html=a.desktop",
		},
		"ours already, but second": {
			"[Default Applications]\nx-scheme-handler/otpauth=keys.desktop;tallystick-links.desktop;\n",
			"[Default Applications]\nx-scheme-handler/otpauth=tallystick-links.desktop;keys.desktop;\n",
			"[Default Applications]\nx-scheme-handler/otpauth=keys.desktop;\n",
		},
		"group without a line break": {
			"[Default Applications]",
			"[Default Applications]\nx-scheme-handler/otpauth=tallystick-links.desktop;\n",
			"[Default Applications]\n",
		},
		"line breaks of another system": {
			"[Default Applications]\r\nx-scheme-handler/otpauth=keys.desktop\r\n",
			"[Default Applications]\r\nx-scheme-handler/otpauth=tallystick-links.desktop;keys.desktop\r\n",
			"[Default Applications]\r\nx-scheme-handler/otpauth=keys.desktop\r\n",
		},
		"group is missing": {
			"[Added Associations]\ntext/html=a.desktop",
			"[Added Associations]\ntext/html=a.desktop\n\n[Default Applications]\nx-scheme-handler/otpauth=tallystick-links.desktop;\n",
			"[Added Associations]\ntext/html=a.desktop\n\n[Default Applications]\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := addDefault(c.before, testMime, testApp)
			if got != c.after {
				t.Errorf("added:\n%s\nwant\n%s", got, c.after)
			}
			if got := dropDefault(got, testMime, testApp); got != c.dropped {
				t.Errorf("dropped:\n%s\nwant\n%s", got, c.dropped)
			}
		})
	}
}

// FuzzDefaultPrograms: whatever a list looks like, adding makes us the default,
// adding twice changes nothing more, dropping takes us out, and no line that is not
// about the type is lost or changed.
func FuzzDefaultPrograms(f *testing.F) {
	f.Add("")
	f.Add("[Default Applications]\nx-scheme-handler/otpauth=a.desktop;b.desktop\ntext/html=c.desktop")
	f.Add("\r\n[Default Applications]\r\n x-scheme-handler/otpauth = a.desktop\r\n[Default Applications]\nx-scheme-handler/otpauth=;")
	f.Fuzz(func(t *testing.T, text string) {
		added := addDefault(text, testMime, testApp)
		if got := defaultApp(added, testMime); got != testApp {
			t.Fatalf("the default is %q in %q", got, added)
		}
		if again := addDefault(added, testMime, testApp); again != added {
			t.Fatalf("adding twice: %q then %q", added, again)
		}
		dropped := dropDefault(added, testMime, testApp)
		if got := defaultApp(dropped, testMime); got == testApp {
			t.Fatalf("still the default in %q", dropped)
		}
		others := func(text string) (lines []string) {
			for line := range strings.Lines(text) {
				line = strings.TrimRight(line, "\r\n")
				key, _, _ := strings.Cut(strings.TrimSpace(line), "=")
				if strings.TrimSpace(key) != testMime && strings.TrimSpace(line) != "" && strings.TrimSpace(line) != defaultGroup {
					lines = append(lines, line)
				}
			}
			return lines
		}
		if a, b := strings.Join(others(text), "\n"), strings.Join(others(dropped), "\n"); a != b {
			t.Fatalf("lines changed from %q to %q", a, b)
		}
	})
}

func TestExecWord(t *testing.T) {
	for path, want := range map[string]string{
		"/usr/bin/tallystick":     "/usr/bin/tallystick",
		"/home/m/My Apps/t":       `"/home/m/My Apps/t"`,
		"/opt/100%/t":             "/opt/100%%/t",
		"/opt/$HOME/`id`/\"x\"/t": `"/opt/\\$HOME/\\` + "`id\\\\`" + `/\\"x\\"/t"`,
		`/opt/back\slash/t`:       `"/opt/back\\\\slash/t"`,
	} {
		if got, err := execWord(path); err != nil || got != want {
			t.Errorf("%s = %s, %v; want %s", path, got, err, want)
		}
	}
	if got, err := execWord("/opt/new\nline"); err == nil {
		t.Errorf("took a line break: %s", got)
	}
}

func TestUserDirs(t *testing.T) {
	for text, want := range map[string]string{
		`XDG_DOWNLOAD_DIR="$HOME/Downloads"`:                                     "/home/m/Downloads",
		`XDG_DOWNLOAD_DIR="/data/dl"`:                                            "/data/dl",
		"# XDG_DOWNLOAD_DIR=\"/no\"\nXDG_DOWNLOAD_DIR=\"$HOME/Téléchargements\"": "/home/m/Téléchargements",
		"  XDG_DOWNLOAD_DIR = \"$HOME/\"  ":                                      "/home/m",
		`XDG_DOWNLOAD_DIR="$HOME"`:                                               "/home/m",
		`XDG_DOWNLOAD_DIR="/a\"b\$c\\d"`:                                         `/a"b$c\d`,
		"XDG_DOWNLOAD_DIR=\"/one\"\nXDG_DOWNLOAD_DIR=\"/two\"\n":                 "/two",
		`XDG_DOWNLOAD_DIR="relative"`:                                            "",
		`XDG_DOWNLOAD_DIR=/unquoted`:                                             "",
		`XDG_DOWNLOAD_DIR="$HOMEWORK/x"`:                                         "",
		`XDG_DOWNLOAD_DIR="/never ends`:                                          "",
		`XDG_DOWNLOAD_DIR="/never ends\`:                                         "",
		`XDG_DOWNLOAD_DIRS="/other"`:                                             "",
		`XDG_DESKTOP_DIR="/desk"`:                                                "",
		"":                                                                       "",
	} {
		got, ok := userDir(text, "XDG_DOWNLOAD_DIR", "/home/m")
		if got != want || ok != (want != "") {
			t.Errorf("%q: %q, %v; want %q", text, got, ok, want)
		}
	}
}

// FuzzUserDirs: whatever the file says, the answer is absolute and clean, or none.
func FuzzUserDirs(f *testing.F) {
	f.Add("XDG_DOWNLOAD_DIR=\"$HOME/Downloads\"\n")
	f.Add("XDG_DOWNLOAD_DIR=\"/a\\\"b/../../..\"\n")
	f.Fuzz(func(t *testing.T, text string) {
		dir, ok := userDir(text, "XDG_DOWNLOAD_DIR", "/home/m")
		if ok != (dir != "") || (ok && (dir[0] != '/' || strings.Contains(dir, "/../") || strings.Contains(dir, "\x00"))) {
			t.Fatalf("%q, %v", dir, ok)
		}
	})
}
