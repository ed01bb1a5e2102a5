package platform_test

import (
	"errors"
	"io/fs"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/tallystick/tallystick/app/platform"
)

// newHome is an empty home directory with nothing inherited from the real one.
func newHome(t *testing.T) string {
	t.Helper()
	home := t.TempDir()
	for name, value := range map[string]string{
		"HOME": home, "XDG_DATA_HOME": "", "XDG_CONFIG_HOME": "",
		"XDG_CONFIG_DIRS": filepath.Join(home, "none"), "XDG_DATA_DIRS": filepath.Join(home, "none"),
		"XDG_CURRENT_DESKTOP": "", "DESKTOP_SESSION": "", "KDE_FULL_SESSION": "", "GNOME_DESKTOP_SESSION_ID": "",
		"DISPLAY": "", "WAYLAND_DISPLAY": "", "DBUS_SESSION_BUS_ADDRESS": "unix:path=/nonexistent/bus",
	} {
		t.Setenv(name, value)
	}
	return home
}

// recorder is a program that writes its arguments down, one a line.
func recorder(t *testing.T, path string) (arguments func() string) {
	t.Helper()
	return recorderInto(t, path, filepath.Join(t.TempDir(), "arguments"))
}

func recorderInto(t *testing.T, path, record string) (arguments func() string) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755),
		os.WriteFile(path, []byte("#!/bin/sh\nprintf '%s\\n' \"$@\" >'"+record+"'\n"), 0o755)); err != nil {
		t.Fatal(err)
	}
	return func() string {
		got, err := os.ReadFile(record)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
		return string(got)
	}
}

func status(t *testing.T, h platform.URIHandler, want platform.URIStatus) {
	t.Helper()
	if got, err := h.Status(t.Context()); err != nil || got != want {
		t.Fatalf("status %+v, %v; want %+v", got, err, want)
	}
}

func TestLinksOpenTheProgram(t *testing.T) {
	home := newHome(t)
	program := filepath.Join(home, "bin", "tallystick")
	arguments := recorder(t, program)
	h := platform.NewURIHandler(program)
	status(t, h, platform.URIStatus{})
	if err := h.Install(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	status(t, h, platform.URIStatus{Installed: true})
	if _, err := os.Stat(filepath.Join(home, ".config", "mimeapps.list")); !errors.Is(err, fs.ErrNotExist) {
		t.Fatal("became the default without being asked to", err)
	}
	if err := h.Install(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	status(t, h, platform.URIStatus{Installed: true, Default: true})

	t.Run("xdg-mime agrees", func(t *testing.T) {
		need(t, "xdg-mime")
		for _, scheme := range []string{"otpauth", "otpauth-migration"} {
			out, err := exec.Command("xdg-mime", "query", "default", "x-scheme-handler/"+scheme).Output()
			if err != nil || strings.TrimSpace(string(out)) != "tallystick-links.desktop" {
				t.Errorf("%s opens %q, %v", scheme, out, err)
			}
		}
	})
	const link = "otpauth://totp/Shop:maria?secret=MFRGGZDF&issuer=Shop%20%26%20Co"
	t.Run("xdg-open starts it", func(t *testing.T) {
		need(t, "xdg-open")
		t.Setenv("DISPLAY", ":64321") // without one it looks for text browsers only
		if out, err := exec.Command("xdg-open", link).CombinedOutput(); err != nil {
			t.Fatalf("%s %v", out, err)
		}
		if got := arguments(); got != link+"\n" {
			t.Fatalf("started with %q", got)
		}
	})
	t.Run("gio lists it", func(t *testing.T) {
		need(t, "gio")
		out, err := exec.Command("gio", "mime", "x-scheme-handler/otpauth-migration").CombinedOutput()
		if err != nil || !strings.Contains(string(out), "tallystick-links.desktop") {
			t.Errorf("%s %v", out, err)
		}
	})

	// The program moved.
	moved := platform.NewURIHandler(filepath.Join(home, "My Apps", "tallystick"))
	status(t, moved, platform.URIStatus{Installed: true, Stale: true, Default: true})
	if err := moved.Install(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	status(t, moved, platform.URIStatus{Installed: true, Default: true})

	for range 2 {
		if err := moved.Remove(t.Context()); err != nil {
			t.Fatal(err)
		}
		status(t, moved, platform.URIStatus{})
	}
}

// What a file manager does with the file of a code pack: it asks what it is, and who opens that, and starts it.
func TestCodePacksOpenTheProgram(t *testing.T) {
	need(t, "gio", "update-mime-database")
	home := newHome(t)
	t.Setenv("XDG_DATA_HOME", filepath.Join(home, ".local", "share")) // GLib takes one that is set and empty for a folder
	program := filepath.Join(home, "bin", "tallystick")
	pipe := filepath.Join(t.TempDir(), "arguments") // as below
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	arguments := recorderInto(t, program, pipe)
	file := filepath.Join(home, "For Emil & co.tallypack")
	capitals := filepath.Join(home, "FOR-EMIL.TALLYPACK")
	for _, name := range []string{file, capitals} {
		if err := os.WriteFile(name, []byte("age-encryption.org/v1\n-> scrypt"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	kind := func(name string) string {
		t.Helper()
		out, err := exec.Command("gio", "info", "-a", "standard::content-type", name).CombinedOutput()
		if err != nil {
			t.Fatalf("%s %v", out, err)
		}
		_, what, _ := strings.Cut(string(out), "standard::content-type: ")
		return strings.TrimSpace(what)
	}
	const pack = "application/x-tallystick-pack"
	if got := kind(file); got == pack {
		t.Fatal("a code pack is known before it was installed")
	}
	h := platform.NewURIHandler(program)
	if err := h.Install(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	status(t, h, platform.URIStatus{Installed: true, Default: true})
	for _, name := range []string{file, capitals} {
		if got := kind(name); got != pack {
			t.Errorf("%s is taken for %s", filepath.Base(name), got)
		}
	}
	if err := exec.Command("gio", "open", file).Run(); err != nil {
		t.Fatal(err)
	}
	got := strings.TrimSpace(arguments())
	address := &url.URL{Scheme: "file", Path: file}
	if got != file && got != address.String() {
		t.Errorf("started with %q", got)
	}

	// What an earlier version installed, without code packs, is to be repaired.
	types := filepath.Join(home, ".local", "share", "mime", "packages", "tallystick-packs.xml")
	if err := os.Remove(types); err != nil {
		t.Fatal(err)
	}
	status(t, h, platform.URIStatus{Installed: true, Stale: true, Default: true})
	if err := h.Install(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	status(t, h, platform.URIStatus{Installed: true, Default: true})

	for range 2 {
		if err := h.Remove(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := kind(file); got == pack {
			t.Error("still known after it was removed")
		}
		if list, err := os.ReadFile(filepath.Join(home, ".config", "mimeapps.list")); err == nil && strings.Contains(string(list), "tally") {
			t.Errorf("left among the defaults: %s", list)
		}
	}
}

// TestLinksOpenAProgramWithAnAwkwardName has GLib, which GNOME and Firefox use, take
// the Exec line apart.
func TestLinksOpenAProgramWithAnAwkwardName(t *testing.T) {
	need(t, "gio")
	home := newHome(t)
	program := filepath.Join(home, "My $HOME Apps", `tally"stick\`)
	// gio ends before the program does; reading from a pipe waits for it.
	pipe := filepath.Join(t.TempDir(), "arguments")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	arguments := recorderInto(t, program, pipe)
	if err := platform.NewURIHandler(program).Install(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	const link = "otpauth://totp/a?secret=MFRGGZDF"
	entry := filepath.Join(home, ".local", "share", "applications", "tallystick-links.desktop")
	// Run, not Output: the program would hold the other end until it is read from.
	if err := exec.Command("gio", "launch", entry, link).Run(); err != nil {
		t.Fatal(err)
	}
	if got := arguments(); got != link+"\n" {
		t.Fatalf("started with %q", got)
	}
}

func TestOtherProgramsComeBack(t *testing.T) {
	home := newHome(t)
	t.Setenv("XDG_CURRENT_DESKTOP", "ubuntu:GNOME")
	config := filepath.Join(home, ".config")
	const before = "[Default Applications]\nx-scheme-handler/otpauth=keys.desktop\ntext/html=a.desktop\n"
	real := filepath.Join(home, "dotfiles", "gnome")
	if err := errors.Join(os.MkdirAll(config, 0o755), os.MkdirAll(filepath.Dir(real), 0o755),
		os.WriteFile(real, []byte(before), 0o600), os.Symlink(real, filepath.Join(config, "gnome-mimeapps.list"))); err != nil {
		t.Fatal(err)
	}
	h := platform.NewURIHandler(filepath.Join(home, "tallystick"))
	status(t, h, platform.URIStatus{Other: "keys.desktop"})
	if err := h.Install(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	status(t, h, platform.URIStatus{Installed: true, Default: true})
	if info, err := os.Lstat(filepath.Join(config, "gnome-mimeapps.list")); err != nil || info.Mode()&fs.ModeSymlink == 0 {
		t.Fatal("a linked list was replaced", err)
	}
	if err := h.Remove(t.Context()); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(real)
	if err != nil || string(got) != before {
		t.Fatalf("%s %v", got, err)
	}
	if info, err := os.Stat(real); err != nil || info.Mode().Perm() != 0o600 {
		t.Fatal(info.Mode(), err)
	}
	status(t, h, platform.URIStatus{Other: "keys.desktop"})
}

func TestLinksWhereNothingCanBeWritten(t *testing.T) {
	home := newHome(t)
	if err := os.WriteFile(filepath.Join(home, ".local"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := platform.NewURIHandler("/usr/bin/tallystick").Install(t.Context(), true); err == nil {
		t.Fatal("said that it was done")
	}
	if err := platform.NewURIHandler("tallystick").Install(t.Context(), true); err == nil {
		t.Fatal("took a relative path")
	}
	t.Setenv("HOME", "")
	if err := platform.NewURIHandler("/usr/bin/tallystick").Install(t.Context(), true); err == nil {
		t.Fatal("said that it was done")
	}
}

func TestDirs(t *testing.T) {
	home := newHome(t)
	check := func(f func() (string, error), want string) {
		t.Helper()
		if got, err := f(); err != nil || got != want {
			t.Errorf("%q, %v; want %q", got, err, want)
		}
	}
	check(platform.DataDir, filepath.Join(home, ".local/share/tallystick"))
	check(platform.DownloadsDir, filepath.Join(home, "Downloads"))
	t.Setenv("XDG_DATA_HOME", "relative") // to be ignored
	check(platform.DataDir, filepath.Join(home, ".local/share/tallystick"))
	t.Setenv("XDG_DATA_HOME", "/data/")
	check(platform.DataDir, "/data/tallystick")
	if err := errors.Join(os.Mkdir(filepath.Join(home, ".config"), 0o755),
		os.WriteFile(filepath.Join(home, ".config", "user-dirs.dirs"), []byte("XDG_DOWNLOAD_DIR=\"$HOME/Téléchargements\"\n"), 0o600)); err != nil {
		t.Fatal(err)
	}
	check(platform.DownloadsDir, filepath.Join(home, "Téléchargements"))
	t.Setenv("HOME", "")
	check(platform.DataDir, "/data/tallystick")
	for _, bad := range []string{"", "relative"} {
		t.Setenv("HOME", bad)
		if got, err := platform.DownloadsDir(); err == nil {
			t.Errorf("HOME=%q: %q", bad, got)
		}
	}
}

func TestOpenURLHandsThePageOver(t *testing.T) {
	dir := t.TempDir()
	arguments := recorder(t, filepath.Join(dir, "xdg-open"))
	t.Setenv("PATH", dir)
	const page = "https://portal.example/security?tab=2fa#totp"
	if err := platform.OpenURL(t.Context(), page); err != nil {
		t.Fatal(err)
	}
	if got := arguments(); got != page+"\n" {
		t.Fatalf("opened %q", got)
	}
}

func TestOpenURLSaysThatNothingOpened(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("PATH", dir)
	if err := platform.OpenURL(t.Context(), "https://portal.example"); !errors.Is(err, exec.ErrNotFound) {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "xdg-open"), []byte("#!/bin/sh\nexit 3\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	var exit *exec.ExitError
	if err := platform.OpenURL(t.Context(), "https://portal.example"); !errors.As(err, &exit) {
		t.Fatal(err)
	}
}
