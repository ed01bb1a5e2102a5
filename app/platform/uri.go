package platform

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// URIHandler makes links of authenticator portals open Tallystick: when a page on
// this computer offers otpauth://… as a link, the browser starts the program with it
// as its only argument. Where RegistersPacks is true it does the same for code packs:
// opened from the file manager, they start the program with their address.
type URIHandler interface {
	// Status says what is set up now.
	Status(ctx context.Context) (URIStatus, error)
	// Install offers Tallystick for the links. makeDefault, which needs the person's
	// consent, makes it the one that opens them without being chosen. Installing
	// again repairs.
	Install(ctx context.Context, makeDefault bool) error
	// Remove takes back what Install did and leaves other programs' entries alone.
	// Removing what is not installed is no error.
	Remove(ctx context.Context) error
}

// URIStatus is the state of a URIHandler.
type URIStatus struct {
	Installed bool // Tallystick is offered for links
	Stale     bool // what is offered is a copy at another place, or less than it could be; Install repairs it
	Default   bool // links of every scheme open Tallystick without being asked
	// Other names the program that opens otpauth links now, as the system names it
	// (a desktop entry, a registered class); "" when it is Tallystick or unknown.
	Other string
}

// ErrNoURIHandler means that links are not set up by the program on this system.
// Errors wrapping it say who does.
var ErrNoURIHandler = errors.New("platform: links are not set up by the program here")

// uriSchemes are the links that Tallystick understands and that no other kind of
// program has a claim to (steam:// belongs to the Steam client, motp:// to nobody
// that a browser knows).
var uriSchemes = []string{"otpauth", "otpauth-migration"}

// ownExecutable is the absolute path of the program that links start. A program run
// from an AppImage is at a place that ends with the process; the image is what lasts.
func ownExecutable(given string) (string, error) {
	if given == "" {
		if image := os.Getenv("APPIMAGE"); filepath.IsAbs(image) {
			given = image
		} else {
			var err error
			if given, err = os.Executable(); err != nil {
				return "", fmt.Errorf("platform: where is the program: %w", err)
			}
		}
	}
	if !filepath.IsAbs(given) {
		return "", fmt.Errorf("platform: the program's path must be absolute")
	}
	return filepath.Clean(given), nil
}
