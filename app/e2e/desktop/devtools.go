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
	p, w, err = d.Browser(ctx, url, bounds, scale, "--remote-debugging-port=0")
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

// browserDir is where the browser keeps what it remembers.
func (d *Desktop) browserDir() string { return filepath.Join(d.others, "chromium") }
