//go:build e2e && linux

package e2e

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"
	"github.com/skip2/go-qrcode"

	"github.com/tallystick/tallystick/app/e2e/desktop"
)

// On Wayland no program may look at the screen by itself: the desktop portal is asked. Here are a real compositor without a
// screen (sway), the real portal, and its real part for wlroots. (The portal does not ask the person about programs that
// are in no sandbox; its answers when it does are played in scanner/capture.)
func TestScanOnWayland(t *testing.T) {
	w := newWayland(t, nil)
	const text = "otpauth://totp/Example%20Portal:maria?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Example%20Portal"
	w.shows(text)

	var err error
	out, exit := w.tallystick("doctor", "--json")
	if !strings.Contains(out, "Wayland") {
		t.Errorf("the check-up does not know where it is (status %d): %s", exit, out)
	}

	out, exit = w.tallystick("scan", "--screen", "--json")
	if exit != done {
		t.Fatalf("status %d: %s\n%s", exit, out, w.logs())
	}
	if seen := decode[look](t, out); len(seen.Codes) != 1 || seen.Codes[0].Text != text {
		t.Fatalf("seen: %s", out)
	}
	if left, _ := filepath.Glob(filepath.Join(w.dir, "tmp", "*")); len(left) > 0 {
		t.Errorf("pictures of the screen stay behind: %q", left)
	}

	// The clipboard, which no program may read by itself either.
	copied := w.command("wl-copy", "--type", "image/png")
	if copied.Stdin, err = os.Open(w.path("home/code.png")); err != nil {
		t.Fatal(err)
	}
	if err := copied.Run(); err != nil {
		t.Fatal(err)
	}
	out, exit = w.tallystick("scan", "--clipboard", "--json")
	if exit != done {
		t.Fatalf("a copied picture: status %d: %s", exit, out)
	}
	if seen := decode[look](t, out); len(seen.Codes) != 1 || seen.Codes[0].Text != text || seen.Source != "clipboard" {
		t.Errorf("a copied picture: %s", out)
	}

	// The control: without the part that takes pictures there is none, and it is said what to do.
	w.grabber.kill()
	out, exit = w.tallystick("scan", "--screen")
	if exit != failed || !strings.Contains(out, "picture") {
		t.Errorf("without a way to take pictures: status %d, %s", exit, out)
	}
	t.Logf("without a way to take pictures it says: %s", strings.TrimSpace(out))
}

// wayland is a session of one person.
type wayland struct {
	t       *testing.T
	dir     string // home and everything else
	env     []string
	who     *syscall.Credential
	grabber *running // what takes the pictures
	files   []string // logs
}

// running is a program of the session.
type running struct {
	cmd *exec.Cmd
	log string
}

func (r *running) kill() {
	_ = syscall.Kill(-r.cmd.Process.Pid, syscall.SIGKILL)
	_ = r.cmd.Wait() // it was killed
}

// newWayland starts a session. With a desktop, the compositor is a window on it, so that a mouse and a keyboard reach what runs
// there; X11 programs have XWayland then.
func newWayland(t *testing.T, on *desktop.Desktop) *wayland {
	t.Helper()
	for _, program := range []string{"sway", "swaymsg", "grim", "pipewire", "dbus-daemon", "gnome-keyring-daemon", "wl-copy"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Fatalf("%s is not installed: %v", program, err)
		}
	}
	dir, err := os.MkdirTemp("", "tallystick-wayland-")
	if err != nil {
		t.Fatal(err)
	}
	w := &wayland{t: t, dir: dir}
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(w.logs())
		}
		os.RemoveAll(dir)
	})
	// sway refuses to be root, and whoever builds in a container is.
	if os.Getuid() == 0 {
		w.who = &syscall.Credential{Uid: 65534, Gid: 65534}
	}
	for _, sub := range []string{"run", "home", "portals", "tmp", "bin"} {
		if err := os.Mkdir(w.path(sub), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	w.env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + w.path("home"), "TMPDIR=" + w.path("tmp"), "LANG=C.UTF-8",
		"XDG_RUNTIME_DIR=" + w.path("run"), "XDG_SESSION_TYPE=wayland", "XDG_CURRENT_DESKTOP=sway", "XDG_PICTURES_DIR=" + w.path("tmp"),
		"XDG_DESKTOP_PORTAL_DIR=" + w.path("portals"), "DBUS_SESSION_BUS_ADDRESS=unix:path=" + w.path("run/bus"), "WAYLAND_DISPLAY=wayland-1",
		"WLR_RENDERER=pixman", "WLR_LIBINPUT_NO_DEVICES=1", "LIBGL_ALWAYS_SOFTWARE=1",
	}
	backend, xwayland := []string{"WLR_BACKENDS=headless"}, "disable"
	if on != nil {
		backend, xwayland = []string{"WLR_BACKENDS=x11", "DISPLAY=" + on.Display}, "enable"
	}
	w.write("portals/wlr.portal", "[portal]\nDBusName=org.freedesktop.impl.portal.desktop.wlr\nInterfaces=org.freedesktop.impl.portal.Screenshot;\nUseIn=sway\n")
	w.write("portals/person.portal", "[portal]\nDBusName=org.freedesktop.impl.portal.desktop.person\nInterfaces=org.freedesktop.impl.portal.Access;\nUseIn=sway\n")
	// Windows lie where the test expects them, without frames.
	w.write("sway.conf", "output HEADLESS-1 resolution 1280x800 position 0 0\nxwayland "+xwayland+"\ndefault_floating_border none\n"+
		"exec echo $DISPLAY > "+w.path("run/display")+"\n"+
		"for_window [app_id=\"chrom.*\"] floating enable, move position 0 0\n"+
		"for_window [app_id=\"io.github.tallystick.Tallystick\"] floating enable, move position 590 0\n"+
		"for_window [class=\"Tallystick\"] floating enable, move position 590 0\n")
	w.write("bus.conf", `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN" "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>unix:path=`+w.path("run/bus")+`</listen><auth>EXTERNAL</auth>
<policy context="default"><allow user="*"/><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy></busconfig>`)
	w.copy(bin, "bin/tallystick")
	w.handOver()

	w.start("dbus-daemon", "--config-file="+w.path("bus.conf"), "--nofork")
	w.waitFor("the bus", func() error { return exists(w.path("run/bus")) })
	w.bePerson()
	w.startWith(backend, "", "sway", "-c", w.path("sway.conf"))
	w.waitFor("the compositor", func() error { return exists(w.path("run/wayland-1")) })
	w.start("pipewire")
	w.waitFor("pipewire", func() error { return exists(w.path("run/pipewire-0")) })
	w.startWith(nil, "the password at sign-in", "gnome-keyring-daemon", "--foreground", "--components=secrets", "--unlock", "--control-directory="+w.path("run/keyring"))
	w.waitFor("the keyring", func() error { return w.owned("org.freedesktop.secrets") })
	w.grabber = w.start(libexec(t, "xdg-desktop-portal-wlr"))
	w.waitFor("the portal's part for wlroots", func() error { return w.owned("org.freedesktop.impl.portal.desktop.wlr") })
	w.start(libexec(t, "xdg-desktop-portal"))
	w.waitFor("the portal", func() error { return w.owned("org.freedesktop.portal.Desktop") })
	return w
}

func (w *wayland) path(name string) string { return filepath.Join(w.dir, name) }

func (w *wayland) write(name, text string) {
	w.t.Helper()
	if err := os.WriteFile(w.path(name), []byte(text), 0o600); err != nil {
		w.t.Fatal(err)
	}
}

func (w *wayland) copy(from, to string) {
	w.t.Helper()
	in, err := os.Open(from)
	if err != nil {
		w.t.Fatal(err)
	}
	defer in.Close()
	out, err := os.OpenFile(w.path(to), os.O_CREATE|os.O_WRONLY, 0o700)
	if err != nil {
		w.t.Fatal(err)
	}
	defer out.Close()
	if _, err := io.Copy(out, in); err != nil {
		w.t.Fatal(err)
	}
}

// handOver gives everything to the person of the session.
func (w *wayland) handOver() {
	w.t.Helper()
	if w.who == nil {
		return
	}
	err := filepath.WalkDir(w.dir, func(path string, _ os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Chown(path, int(w.who.Uid), int(w.who.Gid))
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *wayland) command(program string, args ...string) *exec.Cmd {
	cmd := exec.Command(program, args...)
	cmd.Env, cmd.Dir = w.env, w.path("home")
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: w.who, Setpgid: true}
	return cmd
}

// start runs a program until the test ends.
func (w *wayland) start(program string, args ...string) *running {
	w.t.Helper()
	return w.startWith(nil, "", program, args...)
}

// startWith is start with more environment and something on standard input.
func (w *wayland) startWith(env []string, stdin, program string, args ...string) *running {
	w.t.Helper()
	name := filepath.Join(artefacts, w.t.Name()+"-"+filepath.Base(program)+".log")
	log, err := os.Create(name)
	if err != nil {
		w.t.Fatal(err)
	}
	defer log.Close()
	w.files = append(w.files, name)
	cmd := w.command(program, args...)
	cmd.Env = append(slices.Clone(cmd.Env), env...)
	cmd.Stdin = strings.NewReader(stdin)
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	r := &running{cmd, name}
	w.t.Cleanup(r.kill)
	return r
}

// tallystick runs the program in the session, and gives what it said on either output.
func (w *wayland) tallystick(args ...string) (string, int) {
	w.t.Helper()
	cmd := w.command(w.path("bin/tallystick"), append([]string{"--dir", w.path("home/data")}, args...)...)
	done := time.AfterFunc(patience, func() { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) })
	defer done.Stop()
	out, err := cmd.CombinedOutput()
	if _, ok := errors.AsType[*exec.ExitError](err); err != nil && !ok {
		w.t.Fatal(err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

// shows puts a QR code on the screen.
func (w *wayland) shows(text string) {
	w.t.Helper()
	if err := qrcode.WriteFile(text, qrcode.Medium, 320, w.path("home/code.png")); err != nil {
		w.t.Fatal(err)
	}
	w.handOver()
	socket, err := filepath.Glob(w.path("run/sway-ipc.*.sock"))
	if err != nil || len(socket) != 1 {
		w.t.Fatalf("sway's socket: %q %v", socket, err)
	}
	w.start("swaybg", "--image", w.path("home/code.png"), "--mode", "center", "--color", "#ffffff")
	w.waitFor("the picture to be on the screen", func() error {
		cmd := w.command("grim", w.path("home/seen.png"))
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("grim: %w %s", err, out)
		}
		out, exit := w.tallystick("scan", w.path("home/seen.png"), "--json")
		if exit != 0 {
			return fmt.Errorf("it shows: %s", out)
		}
		return nil
	})
}

func (w *wayland) waitFor(what string, cond func() error) {
	w.t.Helper()
	if err := desktop.Wait(within(w.t, patience), what, cond); err != nil {
		w.t.Fatalf("%v\n%s", err, w.logs())
	}
}

// logs are the last lines of every program.
func (w *wayland) logs() string {
	var b strings.Builder
	for _, name := range w.files {
		text, _ := os.ReadFile(name)
		lines := strings.Split(strings.TrimSpace(string(text)), "\n")
		fmt.Fprintf(&b, "-- %s\n%s\n", filepath.Base(name), strings.Join(lines[max(0, len(lines)-8):], "\n"))
	}
	return b.String()
}

func exists(path string) error {
	_, err := os.Stat(path)
	return err
}

// libexec finds a program that is started by others.
func libexec(t *testing.T, name string) string {
	t.Helper()
	for _, dir := range []string{"/usr/libexec", "/usr/lib", "/usr/lib/xdg-desktop-portal"} {
		if path := filepath.Join(dir, name); exists(path) == nil {
			return path
		}
	}
	t.Fatalf("%s is not installed", name)
	return ""
}

// owned says why a name on the bus belongs to nobody yet.
func (w *wayland) owned(name string) error {
	conn, err := w.bus()
	if err != nil {
		return err
	}
	defer conn.Close()
	var has bool
	err = conn.BusObject().CallWithContext(within(w.t, patience), "org.freedesktop.DBus.NameHasOwner", 0, name).Store(&has)
	if err == nil && !has {
		err = errors.New("nobody has the name " + name)
	}
	return err
}

func (w *wayland) bus() (*dbus.Conn, error) {
	return dbus.Connect("unix:path="+w.path("run/bus"), dbus.WithContext(context.Background()))
}

// person answers the portal's questions with yes: org.freedesktop.impl.portal.Access. Without somebody to ask, the portal
// offers no pictures of the screen.
type person struct{}

// AccessDialog is the question whether a program may have something.
func (person) AccessDialog(dbus.ObjectPath, string, string, string, string, string, map[string]dbus.Variant) (uint32, map[string]dbus.Variant, *dbus.Error) {
	return 0, map[string]dbus.Variant{}, nil
}

func (w *wayland) bePerson() {
	w.t.Helper()
	conn, err := w.bus()
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { conn.Close() })
	if err := conn.Export(person{}, "/org/freedesktop/portal/desktop", "org.freedesktop.impl.portal.Access"); err != nil {
		w.t.Fatal(err)
	}
	if reply, err := conn.RequestName("org.freedesktop.impl.portal.desktop.person", dbus.NameFlagDoNotQueue); err != nil || reply != dbus.RequestNameReplyPrimaryOwner {
		w.t.Fatalf("the name of the person: %v %v", reply, err)
	}
}
