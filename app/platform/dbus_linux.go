package platform

import (
	"context"
	"time"

	"github.com/godbus/dbus/v5"
)

// busTimeout bounds one question to a service on a bus.
const busTimeout = 2 * time.Second

// dialSession connects to the session bus. It never starts one: a bus that nobody
// else is on has nothing to tell.
func dialSession(ctx context.Context) (*dbus.Conn, error) {
	return inTime(ctx, busTimeout, func(ctx context.Context) (*dbus.Conn, error) {
		conn, err := dbus.SessionBusPrivateNoAutoStartup(orderedSignals())
		return greet(ctx, conn, err)
	})
}

// dialSystem connects to the system bus.
func dialSystem(ctx context.Context) (*dbus.Conn, error) {
	return inTime(ctx, busTimeout, func(ctx context.Context) (*dbus.Conn, error) {
		conn, err := dbus.SystemBusPrivate(orderedSignals())
		return greet(ctx, conn, err)
	})
}

// orderedSignals keeps the signals of a connection in order; by default every one
// that has to wait gets a goroutine of its own.
func orderedSignals() dbus.ConnOption {
	return dbus.WithSignalHandler(dbus.NewSequentialSignalHandler())
}

// greet does the handshake; a bus that hangs in it is hung up on when ctx ends.
func greet(ctx context.Context, conn *dbus.Conn, err error) (*dbus.Conn, error) {
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	if err = conn.Auth(nil); err == nil {
		err = conn.Hello()
	}
	if !stop() || err != nil {
		_ = conn.Close()
		if err == nil {
			err = ctx.Err()
		}
		return nil, err
	}
	return conn, nil
}
