//go:build linux

package desktop

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/godbus/dbus/v5"
)

// keyringPassword opens the keyring, as the password at sign-in does on a real desktop.
const keyringPassword = "the password at sign-in"

// secretService is the name a keyring has on the session bus.
const secretService = "org.freedesktop.secrets"

// busConfig: a session bus that starts nothing by itself. With the system's own configuration a call to a keyring that
// was stopped would start another one.
const busConfig = `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <keep_umask/>
  <listen>unix:path=%s</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
`

func (d *Desktop) startBus(ctx context.Context) error {
	config, socket := filepath.Join(d.runtime, "bus.conf"), filepath.Join(d.runtime, "bus")
	if err := os.WriteFile(config, fmt.Appendf(nil, busConfig, socket), 0o600); err != nil {
		return err
	}
	if _, err := d.Start("dbus", StartOptions{}, "dbus-daemon", "--config-file="+config, "--nofork"); err != nil {
		return err
	}
	d.BusAddress = "unix:path=" + socket
	return Wait(ctx, "the session bus", func() error {
		conn, err := dbus.Connect(d.BusAddress, dbus.WithContext(ctx))
		if err != nil {
			return err
		}
		return conn.Close()
	})
}

// StartKeyring starts the keyring and unlocks it. What was stored in it before is there again.
func (d *Desktop) StartKeyring(ctx context.Context) error { return d.startKeyring(ctx, true) }

// StartLockedKeyring starts the keyring, and nobody is there to unlock it.
func (d *Desktop) StartLockedKeyring(ctx context.Context) error { return d.startKeyring(ctx, false) }

func (d *Desktop) startKeyring(ctx context.Context, unlock bool) error {
	args := []string{"--foreground", "--components=secrets", "--control-directory=" + filepath.Join(d.runtime, "keyring")}
	opt := StartOptions{}
	if unlock {
		args = append(args, "--unlock")
		opt.Stdin = strings.NewReader(keyringPassword)
	}
	p, err := d.Start("keyring", opt, "gnome-keyring-daemon", args...)
	if err != nil {
		return err
	}
	d.keyring = p
	return Wait(ctx, "the keyring", func() error {
		if !p.Running() {
			return fmt.Errorf("it ended: %s", p.Output())
		}
		locked, err := d.keyringLocked(ctx)
		if err == nil && unlock && locked {
			err = errNotYet
		}
		return err
	})
}

// keyringLocked reports whether the keyring that new secrets go to is locked; an error when it does not answer.
func (d *Desktop) keyringLocked(ctx context.Context) (bool, error) {
	conn, err := dbus.Connect(d.BusAddress, dbus.WithContext(ctx))
	if err != nil {
		return false, err
	}
	defer conn.Close()
	service := conn.Object(secretService, "/org/freedesktop/secrets")
	var collection dbus.ObjectPath
	if err := service.CallWithContext(ctx, "org.freedesktop.Secret.Service.ReadAlias", 0, "default").Store(&collection); err != nil {
		return false, err
	}
	if collection == "/" {
		return true, nil // never made: as good as locked
	}
	v, err := conn.Object(secretService, collection).GetProperty("org.freedesktop.Secret.Collection.Locked")
	if err != nil {
		return false, err
	}
	locked, _ := v.Value().(bool)
	return locked, nil
}

// StopKeyring ends the keyring, and waits until the bus knows that it is gone.
func (d *Desktop) StopKeyring(ctx context.Context) error {
	if d.keyring == nil {
		return nil
	}
	d.keyring.Stop()
	d.keyring = nil
	return Wait(ctx, "the keyring to be gone", func() error {
		conn, err := dbus.Connect(d.BusAddress, dbus.WithContext(ctx))
		if err != nil {
			return err
		}
		defer conn.Close()
		var owned bool
		if err := conn.BusObject().CallWithContext(ctx, "org.freedesktop.DBus.NameHasOwner", 0, secretService).Store(&owned); err != nil {
			return err
		}
		if owned {
			return errNotYet
		}
		return nil
	})
}
