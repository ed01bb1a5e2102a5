//go:build linux

package desktop

import (
	"context"
	"fmt"
	"image"
	"os"
	"path/filepath"
	"strings"
)

// BrowserWithTools is Browser with a door for a DevTools client, on a port of 127.0.0.1 that Chromium chooses. tools is
// the address of that door, like "ws://127.0.0.1:41231/devtools/browser/…". The window is as visible as any other.
func (d *Desktop) BrowserWithTools(ctx context.Context, url string, bounds image.Rectangle, scale float64) (p *Process, w *Window, tools string, err error) {
	if err := d.declinePasswords(); err != nil {
		return nil, nil, "", err
	}
	p, w, err = d.Browser(ctx, url, bounds, scale, "--remote-debugging-port=0",
		// A client clicks sooner after a page has come than a person can; such clicks are dropped otherwise.
		"--allow-pre-commit-input",
		// A window behind another one goes on drawing.
		"--disable-backgrounding-occluded-windows",
		// Going back loads the page again: clients lose track of a page that comes back as it was.
		"--disable-back-forward-cache")
	if err != nil {
		return nil, nil, "", err
	}
	// The file holds the port and the path, a line each. Chromium writes it when the port is open.
	err = Wait(ctx, "the browser to open a port for its tools", func() error {
		b, err := os.ReadFile(filepath.Join(d.browserDir(), "DevToolsActivePort"))
		if err != nil {
			return err
		}
		port, path, ok := strings.Cut(strings.TrimSpace(string(b)), "\n")
		if !ok {
			return fmt.Errorf("it wrote %q", b)
		}
		tools = "ws://127.0.0.1:" + port + path
		return nil
	})
	return p, w, tools, err
}

// declinePasswords is the answer to the browser's offer to save passwords, given before it asks: what it asks would lie on
// top of the page, and take the keyboard.
func (d *Desktop) declinePasswords() error {
	dir := filepath.Join(d.browserDir(), "Default")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("desktop: %w", err)
	}
	const settings = `{"credentials_enable_service":false,"profile":{"password_manager_enabled":false,"password_manager_leak_detection":false}}`
	if err := os.WriteFile(filepath.Join(dir, "Preferences"), []byte(settings), 0o600); err != nil {
		return fmt.Errorf("desktop: %w", err)
	}
	return nil
}

// browserDir is where the browser keeps what it remembers.
func (d *Desktop) browserDir() string { return filepath.Join(d.others, "chromium") }
