//go:build linux || freebsd || netbsd || openbsd || dragonfly

package keys

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/godbus/dbus/v5"

	"github.com/tallystick/tallystick/vault/secret"
)

func TestClassifyDBus(t *testing.T) {
	for _, c := range []struct {
		err  error
		want error // nil = unknown
	}{
		{dbus.Error{Name: "org.freedesktop.DBus.Error.ServiceUnknown"}, ErrNone},
		{&dbus.Error{Name: "org.freedesktop.DBus.Error.NameHasNoOwner"}, ErrNone},
		{dbus.Error{Name: "org.freedesktop.DBus.Error.Spawn.ChildExited"}, ErrNone},
		{dbus.Error{Name: "org.freedesktop.Secret.Error.NoSuchObject"}, ErrNone},
		{dbus.Error{Name: "org.freedesktop.Secret.Error.IsLocked"}, ErrLocked},
		{dbus.Error{Name: "org.freedesktop.DBus.Error.NoReply"}, ErrLocked},
		{dbus.Error{Name: "org.freedesktop.DBus.Error.UnknownObject"}, ErrNone},
		{dbus.Error{Name: "org.freedesktop.DBus.Error.Timeout"}, ErrLocked},
		{dbus.Error{Name: "org.freedesktop.DBus.Error.TimedOut"}, ErrLocked},
		{dbus.Error{Name: "org.freedesktop.DBus.Error.Disconnected"}, ErrLocked},
		{fmt.Errorf("x: %w", dbus.ErrClosed), ErrNone},
		// As go-keyring says it.
		{fmt.Errorf("failed to unlock correct collection '%v'", loginPath), ErrLocked},
		{errors.New("dbus: couldn't determine address of session bus"), ErrNone},
		{dbus.Error{Name: "org.example.Odd", Body: []any{"hunter2"}}, nil},
		{errors.New("odd"), nil},
	} {
		got := classifyDBus(c.err)
		if c.want == nil && got != nil || c.want != nil && !errors.Is(got, c.want) {
			t.Errorf("%v: got %v, want %v", c.err, got, c.want)
		}
	}
	if err := answer(dbus.Error{Name: "org.example.Odd", Body: []any{"hunter2"}}); !errors.Is(err, ErrLocked) || strings.Contains(err.Error(), "hunter2") {
		t.Error(err)
	}
}

// Without a session bus there is no keyring, and none is started.
func TestNoSessionBus(t *testing.T) {
	if _, err := os.Stat(fmt.Sprintf("/run/user/%d/bus", os.Getuid())); err == nil {
		t.Skip("this person has a session bus that cannot be hidden")
	}
	launched := fakeLaunch(t)
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "")
	for name, address := range map[string]string{"none": "", "dead": "unix:path=/nonexistent/bus", "autolaunch": "autolaunch:"} {
		t.Setenv("DBUS_SESSION_BUS_ADDRESS", address)
		s := System("tallystick-test")
		_, errGet := s.Get(ctx, "a")
		for _, err := range []error{s.Probe(ctx), errGet, s.Set(ctx, "a", secret.FromString("v")), s.Delete(ctx, "a")} {
			if !errors.Is(err, ErrNone) {
				t.Errorf("%s: got %v, want ErrNone", name, err)
			}
		}
	}
	if _, err := os.Stat(launched); err == nil {
		t.Error("a message bus was started")
	}
}

// fakeLaunch puts a dbus-launch first in the path that leaves a mark.
func fakeLaunch(t *testing.T) (mark string) {
	t.Helper()
	dir := t.TempDir()
	mark = dir + "/launched"
	if err := os.WriteFile(dir+"/dbus-launch", []byte("#!/bin/sh\ntouch "+mark+"\nexit 1\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	return mark
}

const realVar = "TALLYSTICK_TEST_REAL_KEYRING"

// The real thing: gnome-keyring on a session bus of its own.
func TestRealKeyring(t *testing.T) {
	for _, tool := range []string{"dbus-run-session", "gnome-keyring-daemon"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("%s is not installed, so nothing was tested against a real keyring", tool)
		}
	}
	for _, scenario := range []string{"unlocked", "locked", "empty", "stopped"} {
		t.Run(scenario, func(t *testing.T) {
			home := t.TempDir()
			cmd := exec.Command("dbus-run-session", "--", os.Args[0], "-test.run", "^TestInsideRealKeyring$", "-test.v")
			cmd.Env = append(os.Environ(), realVar+"="+scenario, "HOME="+home, "XDG_DATA_HOME="+home, "XDG_RUNTIME_DIR="+home,
				"XDG_CACHE_HOME="+home, "XDG_CONFIG_HOME="+home, "DISPLAY=", "WAYLAND_DISPLAY=")
			out, err := cmd.CombinedOutput()
			if err != nil || !strings.Contains(string(out), "--- PASS") {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}

func TestInsideRealKeyring(t *testing.T) {
	scenario := os.Getenv(realVar)
	if scenario == "" {
		t.Skip("runs inside TestRealKeyring")
	}
	conn, err := dbus.SessionBusPrivateNoAutoStartup()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := errors.Join(conn.Auth(nil), conn.Hello()); err != nil {
		t.Fatal(err)
	}
	s := System("tallystick-test")
	if scenario == "stopped" {
		// Whatever the bus may start by itself: there is no keyring to store in.
		if err := s.Probe(ctx); !errors.Is(err, ErrNone) && !errors.Is(err, ErrLocked) {
			t.Errorf("stopped: %v", err)
		}
		return
	}
	args := []string{"--foreground", "--components=secrets"}
	if scenario != "empty" {
		args = append(args, "--unlock")
	}
	daemon := exec.Command("gnome-keyring-daemon", args...)
	daemon.Stdin = strings.NewReader("pass")
	owned := make(chan *dbus.Signal, 10)
	conn.Signal(owned)
	if err := conn.AddMatchSignal(dbus.WithMatchMember("NameOwnerChanged"), dbus.WithMatchArg(0, secretsName)); err != nil {
		t.Fatal(err)
	}
	if err := daemon.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = daemon.Process.Kill(); _ = daemon.Wait() }()
	for sig := range owned {
		if sig.Name == "org.freedesktop.DBus.NameOwnerChanged" && sig.Body[2] != "" {
			break
		}
	}
	value := secret.FromString("AGE-SECRET-KEY-PQ-1" + strings.Repeat("Q", 300) + "\n{\"ü\"}")
	switch scenario {
	case "empty":
		if err := s.Probe(ctx); !errors.Is(err, ErrNone) {
			t.Errorf("no collection: %v", err)
		}
		if err := s.Set(ctx, "a", value); !errors.Is(err, ErrNone) {
			t.Errorf("no collection: %v", err)
		}
	default:
		if err := s.Probe(ctx); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Get(ctx, "a"); !errors.Is(err, ErrMissing) {
			t.Errorf("missing: %v", err)
		}
		if err := s.Delete(ctx, "a"); !errors.Is(err, ErrMissing) {
			t.Errorf("missing: %v", err)
		}
		if err := s.Set(ctx, "a", value); err != nil {
			t.Fatal(err)
		}
		if got, err := s.Get(ctx, "a"); err != nil || !got.Equal(value) {
			t.Errorf("another value came back (%v)", err)
		}
		if scenario == "unlocked" {
			if err := s.Delete(ctx, "a"); err != nil {
				t.Error(err)
			}
			if _, err := s.Get(ctx, "a"); !errors.Is(err, ErrMissing) {
				t.Errorf("deleted: %v", err)
			}
			return
		}
		// Locked: Probe says so without asking; Get asks, and nobody is there to answer.
		var locked []dbus.ObjectPath
		var prompt dbus.ObjectPath
		if err := conn.Object(secretsName, secretsPath).Call(secretsService+".Lock", 0, []dbus.ObjectPath{loginPath}).Store(&locked, &prompt); err != nil || len(locked) != 1 {
			t.Fatal(err, locked, prompt)
		}
		if err := s.Probe(ctx); !errors.Is(err, errPrompt) {
			t.Errorf("locked: %v", err)
		}
		if _, err := s.Get(ctx, "a"); !errors.Is(err, ErrLocked) || errors.Is(err, ErrMissing) {
			t.Errorf("locked: %v", err)
		}
		// The daemon dies: that is no keyring, or one that does not answer, never "missing".
		if err := daemon.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Get(ctx, "a"); !errors.Is(err, ErrLocked) && !errors.Is(err, ErrNone) {
			t.Errorf("dead: %v", err)
		}
	}
}
