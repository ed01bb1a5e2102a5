package platform_test

import (
	"context"
	"errors"
	"testing"

	"github.com/godbus/dbus/v5"
	"github.com/godbus/dbus/v5/prop"

	"github.com/tallystick/tallystick/app/platform"
)

func TestDesktopPortal(t *testing.T) {
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path="+shortDir(t)+"/none")
	if _, err := platform.DesktopPortal(t.Context()); !errors.Is(err, platform.ErrNoDesktopPortal) {
		t.Errorf("no bus: %v", err)
	}
	b := startBus(t, "DBUS_SESSION_BUS_ADDRESS")
	if _, err := platform.DesktopPortal(t.Context()); !errors.Is(err, platform.ErrNoDesktopPortal) {
		t.Errorf("no portal: %v", err)
	}

	conn := b.serve(t)
	export := func(name string) {
		if _, err := prop.Export(conn, "/org/freedesktop/portal/desktop", prop.Map{
			name: {"version": {Value: uint32(2), Writable: false}},
		}); err != nil {
			t.Fatal(err)
		}
	}
	export("org.freedesktop.portal.FileChooser")
	if reply, err := conn.RequestName("org.freedesktop.portal.Desktop", dbus.NameFlagDoNotQueue); err != nil || reply != dbus.RequestNameReplyPrimaryOwner {
		t.Fatal(reply, err)
	}
	if _, err := platform.DesktopPortal(t.Context()); !errors.Is(err, platform.ErrNoDesktopPortal) {
		t.Errorf("a portal that takes no pictures: %v", err)
	}
	export("org.freedesktop.portal.Screenshot")
	if version, err := platform.DesktopPortal(t.Context()); err != nil || version != 2 {
		t.Errorf("%d %v", version, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := platform.DesktopPortal(ctx); err == nil {
		t.Error("answered after the end")
	}
}
