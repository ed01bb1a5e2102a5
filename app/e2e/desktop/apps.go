//go:build linux

package desktop

import (
	"context"
	"fmt"
	"image"
	"strconv"
)

// Browser opens Chromium on a page, in a window without tabs and address line, placed at bounds. scale is how many
// pixels of the screen one of the page's makes: 1 on an ordinary screen. flags are added to Chromium's own.
func (d *Desktop) Browser(ctx context.Context, url string, bounds image.Rectangle, scale float64, flags ...string) (*Process, *Window, error) {
	// What the browser remembers of the page is the browser's business: not in Home, where tests look for secrets.
	opt := StartOptions{Env: []string{"TMPDIR=" + d.others, "XDG_CACHE_HOME=" + d.others, "XDG_CONFIG_HOME=" + d.others}}
	all := append([]string{
		"--app=" + url,
		"--user-data-dir=" + d.browserDir(),
		fmt.Sprintf("--window-position=%d,%d", bounds.Min.X, bounds.Min.Y),
		fmt.Sprintf("--window-size=%d,%d", bounds.Dx(), bounds.Dy()),
		"--force-device-scale-factor=" + strconv.FormatFloat(scale, 'g', -1, 64),
		// It shows one page of our own from 127.0.0.1, maybe as root, where Chromium's sandbox does not start.
		"--no-sandbox", "--test-type",
		// Nothing that talks to the outside, asks, or wants hardware.
		"--no-first-run", "--no-default-browser-check", "--disable-background-networking", "--disable-component-update",
		"--disable-sync", "--disable-quic", "--disable-default-apps", "--disable-extensions", "--disable-breakpad",
		"--no-pings", "--disable-domain-reliability", "--disable-features=Translate,MediaRouter,OptimizationHints",
		"--password-store=basic", "--disable-gpu", "--disable-dev-shm-usage", "--noerrdialogs",
		"--ozone-platform=x11"}, flags...)
	p, err := d.Start("chromium", opt, "chromium", all...)
	if err != nil {
		return nil, nil, err
	}
	// Chromium's window belongs to a child on some systems, so it is known by the page's title; the caller's page says
	// when it was drawn.
	w, err := d.FindWindow(ctx, "the browser's window", func(title string, pid int) bool {
		return title != "" && d.inGroup(pid, p.Pid())
	})
	return p, w, err
}

// Terminal opens xterm at a place in character cells and runs a program in it.
func (d *Desktop) Terminal(ctx context.Context, opt StartOptions, geometry string, program string, args ...string) (*Process, *Window, error) {
	all := append([]string{"-geometry", geometry, "-fa", "DejaVu Sans Mono", "-fs", "10", "-u8",
		"-bg", "white", "-fg", "black", "-e", program}, args...)
	p, err := d.Start("xterm", opt, "xterm", all...)
	if err != nil {
		return nil, nil, err
	}
	w, err := d.WindowOf(ctx, p)
	return p, w, err
}
