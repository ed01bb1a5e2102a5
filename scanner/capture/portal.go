//go:build linux || freebsd || openbsd || netbsd || dragonfly

package capture

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"image"
	"image/draw"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/godbus/dbus/v5"

	"github.com/tallystick/tallystick/scanner"
)

// The portal is spoken to here over D-Bus and not through rymdport/portal. That library starts to listen after it has asked, so
// that a quick answer is missed and it waits for ever; it takes the answer to any request for its own, listens on a path on which
// answers do not come, and knows no context. The protocol is three messages:
// https://flatpak.github.io/xdg-desktop-portal/docs/doc-org.freedesktop.portal.Screenshot.html and
// https://flatpak.github.io/xdg-desktop-portal/docs/doc-org.freedesktop.portal.Request.html

const (
	portalName    = "org.freedesktop.portal.Desktop"
	portalPath    = "/org/freedesktop/portal/desktop"
	screenshotAsk = "org.freedesktop.portal.Screenshot.Screenshot"
	requestName   = "org.freedesktop.portal.Request"
)

// The first value of a Response: what became of the request.
const (
	responseDone      = 0
	responseCancelled = 1
	// 2 is "ended in some other way", which is what a stored refusal gives.
)

// portalScreens asks the desktop portal for a picture of the whole desktop.
func portalScreens(ctx context.Context) ([]Shot, error) {
	uri, err := askPortal(ctx)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, err
	}
	m, err := takePicture(uri)
	if err != nil {
		return nil, err
	}
	return []Shot{{Name: "screen 1", Bounds: m.Rect, Image: m}}, nil
}

// sessionBus is the address of the session bus, without the library's habit of starting one where there is none.
func sessionBus() (string, error) {
	if a := os.Getenv("DBUS_SESSION_BUS_ADDRESS"); a != "" {
		return a, nil
	}
	if dir := os.Getenv("XDG_RUNTIME_DIR"); dir != "" {
		if _, err := os.Stat(filepath.Join(dir, "bus")); err == nil {
			return "unix:path=" + dbus.EscapeBusAddressValue(filepath.Join(dir, "bus")), nil
		}
	}
	return "", fmt.Errorf("%w: no session bus", ErrFailed)
}

// askPortal returns the address of the file that holds the picture.
func askPortal(ctx context.Context) (string, error) {
	address, err := sessionBus()
	if err != nil {
		return "", err
	}
	// A connection of our own, so that closing it ends everything that was asked for.
	conn, err := dbus.Connect(address, dbus.WithContext(ctx))
	if err != nil {
		return "", fmt.Errorf("%w: session bus: %w", ErrFailed, err)
	}
	defer conn.Close()

	// Listen first, ask then: the portal may answer before the call returns.
	signals := make(chan *dbus.Signal, 16)
	conn.Signal(signals)
	if err := conn.AddMatchSignalContext(ctx, dbus.WithMatchSender(portalName), dbus.WithMatchInterface(requestName), dbus.WithMatchMember("Response")); err != nil {
		return "", fmt.Errorf("%w: session bus: %w", ErrFailed, err)
	}
	token := "tallystick" + rand.Text()
	sender := strings.ReplaceAll(strings.TrimPrefix(conn.Names()[0], ":"), ".", "_")
	expected := dbus.ObjectPath(portalPath + "/request/" + sender + "/" + token)

	var request dbus.ObjectPath
	err = conn.Object(portalName, portalPath).CallWithContext(ctx, screenshotAsk, 0, "", map[string]dbus.Variant{
		"handle_token": dbus.MakeVariant(token),
		"modal":        dbus.MakeVariant(true),
		"interactive":  dbus.MakeVariant(false), // no dialog where none is needed
	}).Store(&request)
	if err != nil {
		return "", portalError(err)
	}
	// Only the portal itself may answer: any program on the bus can send us a signal with this name.
	var owner string
	if err := conn.BusObject().CallWithContext(ctx, "org.freedesktop.DBus.GetNameOwner", 0, portalName).Store(&owner); err != nil {
		return "", portalError(err)
	}
	for {
		select {
		case <-ctx.Done():
			// The connection is closed with ctx, and the portal takes a question away with the connection
			// that asked it.
			return "", ctx.Err()
		case s, ok := <-signals:
			if !ok {
				return "", fmt.Errorf("%w: the session bus went away", ErrFailed)
			}
			// Before version 0.9 portals answer under the path they returned, not the one that was asked for.
			if s.Sender != owner || s.Name != requestName+".Response" || s.Path != request && s.Path != expected {
				continue
			}
			return pictureURI(s.Body)
		}
	}
}

// pictureURI reads the body of a Response.
func pictureURI(body []any) (string, error) {
	if len(body) != 2 {
		return "", fmt.Errorf("%w: the portal's answer is not understood", ErrFailed)
	}
	code, ok := body[0].(uint32)
	results, ok2 := body[1].(map[string]dbus.Variant)
	switch {
	case !ok || !ok2:
		return "", fmt.Errorf("%w: the portal's answer is not understood", ErrFailed)
	case code == responseCancelled:
		return "", ErrCancelled
	case code != responseDone:
		return "", ErrDenied
	}
	uri, ok := results["uri"].Value().(string)
	if !ok {
		return "", fmt.Errorf("%w: the portal's answer has no picture", ErrFailed)
	}
	return uri, nil
}

// portalError tells a refusal from a portal that is missing.
func portalError(err error) error {
	var e dbus.Error
	if errors.As(err, &e) {
		switch e.Name {
		case "org.freedesktop.portal.Error.NotAllowed", "org.freedesktop.DBus.Error.AccessDenied":
			return ErrDenied
		case "org.freedesktop.portal.Error.Cancelled":
			return ErrCancelled
		}
		return fmt.Errorf("%w: desktop portal: %s", ErrFailed, e.Name)
	}
	return fmt.Errorf("%w: desktop portal: %w", ErrFailed, err)
}

// takePicture reads the file the portal left in the person's pictures and deletes it: it shows a secret, and
// nobody asked for it to be kept. It is deleted as soon as it is open, before it is known whether it can be read.
func takePicture(uri string) (*image.RGBA, error) {
	u, err := url.Parse(uri)
	if err != nil || u.Scheme != "file" || u.Host != "" && u.Host != "localhost" || !filepath.IsAbs(u.Path) {
		return nil, fmt.Errorf("%w: the portal's picture is not a file here", ErrFailed)
	}
	// Not through a link, and nothing that a mistaken address could make us wait for or delete.
	info, err := os.Lstat(u.Path)
	if err != nil || !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%w: the portal's picture is not a file here", ErrFailed)
	}
	f, err := os.Open(u.Path)
	if err != nil {
		return nil, fmt.Errorf("%w: the portal's picture cannot be opened", ErrFailed)
	}
	defer f.Close()
	if err := os.Remove(u.Path); err != nil {
		return nil, fmt.Errorf("%w: the portal's picture cannot be deleted", ErrFailed)
	}
	m, err := scanner.DecodePicture(f, scanner.DefaultLimits())
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFailed, err)
	}
	out := image.NewRGBA(image.Rect(0, 0, m.Bounds().Dx(), m.Bounds().Dy()))
	draw.Draw(out, out.Rect, m, m.Bounds().Min, draw.Src)
	return out, nil
}
