//go:build linux || freebsd || openbsd || netbsd || dragonfly

package capture

import (
	"bufio"
	"context"
	"errors"
	"image"
	"image/color"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/godbus/dbus/v5"
)

// bus starts a session bus of our own and makes it the session's.
func bus(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("dbus-daemon")
	if err != nil {
		t.Skip("dbus-daemon is not installed, so there is no bus to test the portal on")
	}
	// Not the system's configuration: a portal that is installed here would start by itself.
	dir := t.TempDir()
	config := filepath.Join(dir, "bus.conf")
	if err := os.WriteFile(config, []byte(`<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN" "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>unix:path=`+filepath.Join(dir, "bus")+`</listen><policy context="default">
<allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy></busconfig>`), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, "--config-file="+config, "--nofork", "--print-address=1")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal("dbus-daemon does not start: ", err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal("dbus-daemon does not start: ", err)
	}
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", strings.TrimSpace(line))
	t.Setenv("WAYLAND_DISPLAY", "wayland-test")
	t.Setenv("XDG_SESSION_TYPE", "wayland")
	return strings.TrimSpace(line)
}

func connect(t *testing.T, address string) *dbus.Conn {
	t.Helper()
	c, err := dbus.Connect(address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// portal is a desktop portal that answers as it is told to.
type portal struct {
	conn   *dbus.Conn
	answer func(p *portal, request dbus.ObjectPath) *dbus.Error
	asker  string
	legacy bool // answers under a path of its own, as before version 0.9
}

func (p *portal) Screenshot(sender dbus.Sender, parent string, options map[string]dbus.Variant) (dbus.ObjectPath, *dbus.Error) {
	p.asker = string(sender)
	token, _ := options["handle_token"].Value().(string)
	path := dbus.ObjectPath(portalPath + "/request/" + strings.ReplaceAll(strings.TrimPrefix(string(sender), ":"), ".", "_") + "/" + token)
	if interactive, _ := options["interactive"].Value().(bool); token == "" || interactive {
		return "", dbus.NewError("org.freedesktop.DBus.Error.InvalidArgs", nil)
	}
	if p.legacy {
		path = portalPath + "/request/old"
	}
	return path, p.answer(p, path)
}

func (p *portal) respond(path dbus.ObjectPath, code uint32, results map[string]dbus.Variant) {
	p.conn.Emit(path, requestName+".Response", code, results)
}

func serve(t *testing.T, address string, p *portal) {
	t.Helper()
	p.conn = connect(t, address)
	if err := p.conn.Export(p, portalPath, "org.freedesktop.portal.Screenshot"); err != nil {
		t.Fatal(err)
	}
	if r, err := p.conn.RequestName(portalName, dbus.NameFlagDoNotQueue); err != nil || r != dbus.RequestNameReplyPrimaryOwner {
		t.Fatal(r, err)
	}
}

// picture writes a file as the portal would and returns its address.
func picture(t *testing.T) (path, uri string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "Screenshot from today.png")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	m := image.NewRGBA(image.Rect(0, 0, 40, 30))
	m.SetRGBA(7, 8, color.RGBA{1, 2, 3, 255})
	if err := png.Encode(f, m); err != nil {
		t.Fatal(err)
	}
	return path, "file://" + strings.ReplaceAll(path, " ", "%20")
}

func TestPortal(t *testing.T) {
	address := bus(t)
	path, uri := picture(t)
	ok := map[string]dbus.Variant{"uri": dbus.MakeVariant(uri)}
	p := &portal{}
	serve(t, address, p)
	stranger := connect(t, address)

	// The answer comes before the call returns, as a portal gives it that needs not ask.
	p.answer = func(p *portal, request dbus.ObjectPath) *dbus.Error { p.respond(request, 0, ok); return nil }
	shots, err := Screens(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if len(shots) != 1 || shots[0].Bounds != image.Rect(0, 0, 40, 30) || shots[0].Image.RGBAAt(7, 8) != (color.RGBA{1, 2, 3, 255}) {
		t.Errorf("%+v", shots)
	}
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Errorf("the picture of the screen is still there: %v", err)
	}
	if Method() != "portal" {
		t.Errorf("method %q", Method())
	}

	// An answer to something else and one from somebody else come first.
	for _, legacy := range []bool{false, true} {
		_, uri := picture(t)
		ok["uri"] = dbus.MakeVariant(uri)
		p.legacy = legacy
		p.answer = func(p *portal, request dbus.ObjectPath) *dbus.Error {
			stranger.Emit(request, requestName+".Response", uint32(0), map[string]dbus.Variant{"uri": dbus.MakeVariant("file:///etc/passwd")})
			// Addressed to us, it passes by what we listen for.
			stranger.Send(&dbus.Message{
				Type: dbus.TypeSignal,
				Headers: map[dbus.HeaderField]dbus.Variant{
					dbus.FieldDestination: dbus.MakeVariant(p.asker), dbus.FieldPath: dbus.MakeVariant(request),
					dbus.FieldInterface: dbus.MakeVariant(requestName), dbus.FieldMember: dbus.MakeVariant("Response"),
					dbus.FieldSignature: dbus.MakeVariant(dbus.SignatureOf(uint32(0), map[string]dbus.Variant{})),
				},
				Body: []any{uint32(1), map[string]dbus.Variant{}},
			}, nil)
			var owner string // a turn around the bus: the signal has been passed on
			stranger.BusObject().Call("org.freedesktop.DBus.GetNameOwner", 0, portalName).Store(&owner)
			p.respond(portalPath+"/request/another", 2, nil)
			go p.respond(request, 0, ok)
			return nil
		}
		if _, err := Screens(context.Background()); err != nil {
			t.Errorf("legacy %v: %v", legacy, err)
		}
	}
	p.legacy = false

	for _, c := range []struct {
		name string
		give func(p *portal, request dbus.ObjectPath) *dbus.Error
		want error
	}{
		{"cancelled", func(p *portal, r dbus.ObjectPath) *dbus.Error { p.respond(r, 1, nil); return nil }, ErrCancelled},
		{"denied", func(p *portal, r dbus.ObjectPath) *dbus.Error { p.respond(r, 2, nil); return nil }, ErrDenied},
		{"not allowed", func(p *portal, r dbus.ObjectPath) *dbus.Error {
			return dbus.NewError("org.freedesktop.portal.Error.NotAllowed", nil)
		}, ErrDenied},
		{"no screenshots here", func(p *portal, r dbus.ObjectPath) *dbus.Error {
			return dbus.NewError("org.freedesktop.DBus.Error.UnknownMethod", nil)
		}, ErrFailed},
		{"no picture", func(p *portal, r dbus.ObjectPath) *dbus.Error { p.respond(r, 0, nil); return nil }, ErrFailed},
		{"picture of the wrong kind", func(p *portal, r dbus.ObjectPath) *dbus.Error {
			p.respond(r, 0, map[string]dbus.Variant{"uri": dbus.MakeVariant(7)})
			return nil
		}, ErrFailed},
		{"nonsense", func(p *portal, r dbus.ObjectPath) *dbus.Error {
			p.conn.Emit(r, requestName+".Response", "yes")
			return nil
		}, ErrFailed},
	} {
		p.answer = c.give
		if _, err := Screens(context.Background()); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
	}

	// The person does not answer, and the program gives up.
	ctx, cancel := context.WithCancel(context.Background())
	p.answer = func(p *portal, request dbus.ObjectPath) *dbus.Error { go cancel(); return nil }
	if _, err := Screens(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

func TestNoPortal(t *testing.T) {
	bus(t)
	if _, err := Screens(context.Background()); !errors.Is(err, ErrFailed) {
		t.Errorf("%v", err)
	}
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "")
	t.Setenv("XDG_RUNTIME_DIR", t.TempDir())
	if _, err := Screens(context.Background()); !errors.Is(err, ErrFailed) {
		t.Errorf("%v", err)
	}
}

// TestTakePicture: what the portal names is read only if it is a file here, and deleted whether or not it is a picture.
func TestTakePicture(t *testing.T) {
	dir := t.TempDir()
	text := filepath.Join(dir, "not a picture.png")
	if err := os.WriteFile(text, []byte("otpauth://totp/x?secret=JBSWY3DP"), 0o600); err != nil {
		t.Fatal(err)
	}
	path, _ := picture(t)
	link := filepath.Join(dir, "link.png")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	for _, uri := range []string{"", "http://example.org/x.png", "file://elsewhere" + path, "file:relative.png", "file://" + dir, "file://" + link,
		"file:///nowhere/x.png", "file://%zz", "file://" + text} {
		if _, err := takePicture(uri); !errors.Is(err, ErrFailed) {
			t.Errorf("%q: %v", uri, err)
		} else if strings.Contains(err.Error(), "JBSW") {
			t.Errorf("the error repeats the file: %v", err)
		}
	}
	if _, err := os.Stat(text); !os.IsNotExist(err) {
		t.Error("a file that is no picture was left")
	}
	if _, err := os.Stat(path); err != nil {
		t.Errorf("a file behind a link was touched: %v", err)
	}
	if _, err := takePicture("file://localhost" + path); err != nil {
		t.Errorf("%v", err)
	}
}
