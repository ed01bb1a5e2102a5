//go:build linux

package desktop

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xproto"
)

// Options of a desktop. Artefacts is required.
type Options struct {
	// Artefacts is the directory for logs and pictures; it is made if it is not there, and stays.
	Artefacts string
	// Width and Height of the screen in pixels; 0 = 1600 × 1000.
	Width, Height int
	// NoKeyring leaves the keyring out, as on a machine that has none. StartKeyring starts it later.
	NoKeyring bool
}

// Desktop is a running desktop.
type Desktop struct {
	// Home is the home directory of the person at this desktop: empty at first, removed by Close.
	Home string
	// Artefacts is where logs and pictures go.
	Artefacts string
	// Display is the name of the X display, like ":99".
	Display string
	// BusAddress is the address of the session bus.
	BusAddress string

	runtime string // XDG_RUNTIME_DIR
	others  string // what other programs keep: the browser's profile
	keyring *Process
	reaper  *reaper
	x       *xgb.Conn
	screen  *xproto.ScreenInfo

	mu        sync.Mutex
	processes []*Process
	pictures  int
}

// Start brings up a desktop: X server, window manager, session bus and, unless told otherwise, an unlocked keyring.
func Start(ctx context.Context, opt Options) (_ *Desktop, err error) {
	if opt.Width == 0 || opt.Height == 0 {
		opt.Width, opt.Height = 1600, 1000
	}
	artefacts, err := filepath.Abs(opt.Artefacts)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(artefacts, 0o755); err != nil {
		return nil, fmt.Errorf("desktop: %w", err)
	}
	// Socket paths have to fit into 108 bytes, so the directory is not below the artefacts.
	home, err := os.MkdirTemp("", "tallystick-home-")
	if err != nil {
		return nil, fmt.Errorf("desktop: %w", err)
	}
	d := &Desktop{Home: home, Artefacts: artefacts, runtime: filepath.Join(home, ".run"), others: home + "-others"}
	defer func() {
		if err != nil {
			d.Close()
		}
	}()
	for _, dir := range []string{d.runtime, d.others, d.tmp()} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			return nil, fmt.Errorf("desktop: %w", err)
		}
	}
	if d.reaper, err = startReaper(); err != nil {
		return nil, err
	}
	if err := d.startX(ctx, opt.Width, opt.Height); err != nil {
		return nil, err
	}
	if err := d.startWindowManager(ctx); err != nil {
		return nil, err
	}
	if err := d.startBus(ctx); err != nil {
		return nil, err
	}
	if !opt.NoKeyring {
		if err := d.StartKeyring(ctx); err != nil {
			return nil, err
		}
	}
	return d, nil
}

// Env is the environment of the programs on this desktop: nothing of the caller's but the search path.
func (d *Desktop) Env() []string {
	env := []string{
		"PATH=" + os.Getenv("PATH"),
		"HOME=" + d.Home,
		"USER=tally", "LOGNAME=tally",
		"LANG=C.UTF-8",
		"TZ=UTC",
		"TMPDIR=" + d.tmp(),
		"XDG_RUNTIME_DIR=" + d.runtime,
		"XDG_CONFIG_HOME=" + filepath.Join(d.Home, ".config"),
		"XDG_DATA_HOME=" + filepath.Join(d.Home, ".local", "share"),
		"XDG_STATE_HOME=" + filepath.Join(d.Home, ".local", "state"),
		"XDG_CACHE_HOME=" + filepath.Join(d.Home, ".cache"),
		"XDG_SESSION_TYPE=x11",
		"XDG_CURRENT_DESKTOP=openbox",
		"LIBGL_ALWAYS_SOFTWARE=1",
		"NO_AT_BRIDGE=1", // no accessibility bus is here; toolkits complain otherwise
	}
	if d.Display != "" {
		env = append(env, "DISPLAY="+d.Display)
	}
	if d.BusAddress != "" {
		env = append(env, "DBUS_SESSION_BUS_ADDRESS="+d.BusAddress)
	}
	return env
}

// tmp is where programs put temporary files: below Home, so that a test sees what is left behind.
func (d *Desktop) tmp() string { return filepath.Join(d.Home, ".tmp") }

// Close ends every program, newest first, and removes the home directory. Logs and pictures stay.
func (d *Desktop) Close() {
	if d.x != nil {
		d.x.Close()
	}
	d.mu.Lock()
	processes := d.processes
	d.processes = nil
	d.mu.Unlock()
	for i := len(processes) - 1; i >= 0; i-- {
		processes[i].Stop()
	}
	if d.reaper != nil {
		d.reaper.dismiss()
	}
	os.RemoveAll(d.Home)
	os.RemoveAll(d.others)
}

// startX starts the X server on a display number that it finds free itself.
func (d *Desktop) startX(ctx context.Context, width, height int) error {
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	defer r.Close()
	p, err := d.Start("xvfb", StartOptions{Extra: []*os.File{w}}, "Xvfb", "-displayfd", "3",
		"-screen", "0", fmt.Sprintf("%dx%dx24", width, height), "-dpi", "96", "-nolisten", "tcp", "-noreset")
	w.Close()
	if err != nil {
		return err
	}
	if deadline, ok := ctx.Deadline(); ok {
		_ = r.SetReadDeadline(deadline)
	} else {
		_ = r.SetReadDeadline(time.Now().Add(time.Minute))
	}
	buf := make([]byte, 16)
	n, err := r.Read(buf)
	if err != nil {
		return fmt.Errorf("desktop: the X server did not start: %w\n%s", err, p.Output())
	}
	number, err := strconv.Atoi(strings.TrimSpace(string(buf[:n])))
	if err != nil {
		return fmt.Errorf("desktop: the X server gave no display number: %w", err)
	}
	d.Display = fmt.Sprintf(":%d", number)
	xgb.Logger.SetOutput(io.Discard) // it complains that there is no authority file; this server needs none
	return Wait(ctx, "the X server", func() error {
		x, err := xgb.NewConnDisplay(d.Display)
		if err != nil {
			return err
		}
		d.x, d.screen = x, xproto.Setup(x).DefaultScreen(x)
		return nil
	})
}

// openboxConfig: no key bindings of its own, so that every key reaches the program under test, and no menus.
const openboxConfig = `<?xml version="1.0" encoding="UTF-8"?>
<openbox_config xmlns="http://openbox.org/3.4/rc">
  <focus><focusNew>yes</focusNew><followMouse>no</followMouse></focus>
  <placement><policy>Smart</policy><center>no</center></placement>
  <theme><name>Clearlooks</name><animateIconify>no</animateIconify></theme>
  <desktops><number>1</number><popupTime>0</popupTime></desktops>
  <keyboard/>
  <mouse>
    <context name="Client"><mousebind button="Left" action="Press"><action name="Focus"/><action name="Raise"/></mousebind></context>
    <context name="Titlebar"><mousebind button="Left" action="Press"><action name="Focus"/><action name="Raise"/></mousebind></context>
  </mouse>
  <menu/>
</openbox_config>
`

func (d *Desktop) startWindowManager(ctx context.Context) error {
	config := filepath.Join(d.runtime, "openbox.xml")
	if err := os.WriteFile(config, []byte(openboxConfig), 0o600); err != nil {
		return err
	}
	if _, err := d.Start("openbox", StartOptions{}, "openbox", "--config-file", config, "--sm-disable"); err != nil {
		return err
	}
	return Wait(ctx, "the window manager", func() error {
		ids, err := d.windowProperty(d.screen.Root, "_NET_SUPPORTING_WM_CHECK")
		if err == nil && len(ids) == 0 {
			err = errNotYet
		}
		return err
	})
}

// windowProperty reads a property that is a list of 32-bit numbers.
func (d *Desktop) windowProperty(w xproto.Window, name string) ([]uint32, error) {
	atom, err := xproto.InternAtom(d.x, true, uint16(len(name)), name).Reply()
	if err != nil {
		return nil, err
	}
	if atom.Atom == xproto.AtomNone {
		return nil, nil
	}
	reply, err := xproto.GetProperty(d.x, false, w, atom.Atom, xproto.GetPropertyTypeAny, 0, 1024).Reply()
	if err != nil {
		return nil, err
	}
	if reply.Format != 32 {
		return nil, nil
	}
	out := make([]uint32, 0, reply.ValueLen)
	for b := reply.Value; len(b) >= 4; b = b[4:] {
		out = append(out, xgb.Get32(b))
	}
	return out, nil
}

// errNoWindow: nothing on the screen fits.
var errNoWindow = errors.New("no such window")
