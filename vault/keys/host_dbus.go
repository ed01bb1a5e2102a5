//go:build linux || freebsd || netbsd || openbsd || dragonfly

package keys

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/godbus/dbus/v5"
)

// The Secret Service API (https://specifications.freedesktop.org/secret-service).
const (
	secretsName    = "org.freedesktop.secrets"
	secretsPath    = dbus.ObjectPath("/org/freedesktop/secrets")
	secretsService = "org.freedesktop.Secret.Service"
	secretsLocked  = "org.freedesktop.Secret.Collection.Locked"
	loginPath      = dbus.ObjectPath("/org/freedesktop/secrets/collection/login")
)

func platform() host {
	return host{name: "Secret Service (GNOME Keyring, KWallet, KeePassXC)", check: checkSecretService, classify: classifyDBus}
}

// checkSecretService looks before go-keyring does, for three reasons: go-keyring
// would start a message bus where there is none, it gives the same error for a
// keyring that is locked and one that does not exist, and it shows the unlock
// dialog without a word. Nothing here makes a dialog appear.
func checkSecretService(ctx context.Context) error {
	conn, err := dbus.SessionBusPrivateNoAutoStartup(dbus.WithContext(ctx))
	if err != nil {
		return fmt.Errorf("%w: there is no session bus", ErrNone)
	}
	defer conn.Close()
	if err := conn.Auth(nil); err != nil {
		return fmt.Errorf("%w: the session bus refuses us", ErrNone)
	}
	if err := conn.Hello(); err != nil {
		return fmt.Errorf("%w: the session bus does not answer", ErrNone)
	}
	bus := conn.BusObject()
	var owned bool
	if err := bus.CallWithContext(ctx, "org.freedesktop.DBus.NameHasOwner", 0, secretsName).Store(&owned); err != nil {
		return answer(err)
	}
	if !owned {
		var startable []string
		if err := bus.CallWithContext(ctx, "org.freedesktop.DBus.ListActivatableNames", 0).Store(&startable); err != nil {
			return answer(err)
		}
		if !slices.Contains(startable, secretsName) {
			return fmt.Errorf("%w: nothing on the session bus offers one", ErrNone)
		}
	}
	// The same choice of collection as go-keyring makes: "login", else the default.
	service := conn.Object(secretsName, secretsPath)
	collection := loginPath
	var collections dbus.Variant
	if err := service.CallWithContext(ctx, "org.freedesktop.DBus.Properties.Get", 0, secretsService, "Collections").Store(&collections); err != nil {
		return answer(err)
	}
	if paths, _ := collections.Value().([]dbus.ObjectPath); !slices.Contains(paths, loginPath) {
		if err := service.CallWithContext(ctx, secretsService+".ReadAlias", 0, "default").Store(&collection); err != nil {
			return answer(err)
		}
		if collection == "/" {
			return fmt.Errorf("%w: the service has no keyring to store in", ErrNone)
		}
	}
	var locked dbus.Variant
	iface, property := secretsLocked[:strings.LastIndex(secretsLocked, ".")], "Locked"
	if err := conn.Object(secretsName, collection).CallWithContext(ctx, "org.freedesktop.DBus.Properties.Get", 0, iface, property).Store(&locked); err != nil {
		return answer(err)
	}
	if is, _ := locked.Value().(bool); is {
		return errPrompt
	}
	return nil
}

func answer(err error) error {
	if known := classifyDBus(err); known != nil {
		return known
	}
	return fmt.Errorf("%w: unexpected answer (%T)", ErrLocked, err)
}

// classifyDBus knows the D-Bus and Secret Service errors, and the one text that
// go-keyring has instead of an error value.
func classifyDBus(err error) error {
	var e dbus.Error
	if p := (*dbus.Error)(nil); errors.As(err, &p) {
		e = *p
	} else if !errors.As(err, &e) {
		switch {
		case errors.Is(err, dbus.ErrClosed):
			return fmt.Errorf("%w: the session bus is gone", ErrNone)
		case strings.HasPrefix(err.Error(), "failed to unlock"):
			return fmt.Errorf("%w: it was not unlocked", ErrLocked)
		case strings.HasPrefix(err.Error(), "dbus: couldn't determine address"):
			return fmt.Errorf("%w: there is no session bus", ErrNone)
		}
		return nil
	}
	switch {
	case e.Name == "org.freedesktop.DBus.Error.ServiceUnknown",
		e.Name == "org.freedesktop.DBus.Error.NameHasNoOwner",
		strings.HasPrefix(e.Name, "org.freedesktop.DBus.Error.Spawn."):
		return fmt.Errorf("%w: nothing on the session bus offers one", ErrNone)
	case e.Name == "org.freedesktop.Secret.Error.NoSuchObject",
		e.Name == "org.freedesktop.DBus.Error.UnknownObject":
		return fmt.Errorf("%w: the service has no keyring to store in", ErrNone)
	case e.Name == "org.freedesktop.Secret.Error.IsLocked":
		return ErrLocked
	case e.Name == "org.freedesktop.DBus.Error.NoReply",
		e.Name == "org.freedesktop.DBus.Error.Timeout",
		e.Name == "org.freedesktop.DBus.Error.TimedOut",
		e.Name == "org.freedesktop.DBus.Error.Disconnected":
		return fmt.Errorf("%w: no answer", ErrLocked)
	}
	return nil
}
