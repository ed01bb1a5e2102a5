package app

import (
	"context"
	"log/slog"
	"net/url"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"

	"github.com/tallystick/tallystick/app/look"
	"github.com/tallystick/tallystick/app/model"
	"github.com/tallystick/tallystick/app/platform"
	"github.com/tallystick/tallystick/app/view"
	"github.com/tallystick/tallystick/vault/secret"
)

// unmapDelay is how long the window manager and the compositor get to take the hidden window off the screen before a picture
// is taken. Neither tells when it is done; a quarter of a second covers the fade-out of the usual compositors.
const unmapDelay = 250 * time.Millisecond

// window is the one window and what belongs to it: its theme, its root view, its tray icon.
type window struct {
	app     fyne.App
	win     fyne.Window
	looks   look.Config
	root    *view.Root
	log     *slog.Logger
	started time.Time
	trace   bool
	tray    bool // the tray icon is there, closing may hide
	shown   bool
	ending  ending

	guide    *view.GuideWindow // beside the portal; nil when it is not open
	guideWin fyne.Window
}

func newWindow(a fyne.App, cfg Config) *window {
	w := &window{app: a, log: cfg.Log, started: cfg.Started, trace: cfg.Trace}
	w.ending.log, w.ending.exit = cfg.Log, cfg.Exit
	a.Settings().SetTheme(look.New(w.looks))
	a.SetIcon(look.AppIcon())
	w.win = a.NewWindow("Tallystick")
	w.win.SetIcon(look.AppIcon())
	w.win.SetPadded(false)
	w.win.SetMaster()
	return w
}

// show builds the views over the session's models and starts it. The window appears when run is called.
func (w *window) show(ctx context.Context, session *model.Session, about view.About) {
	prefs := session.Settings().Prefs()
	w.applyPrefs(prefs)
	w.win.Resize(startSize(prefs))

	w.root = view.NewRoot(w.win, session, view.Env{
		About:         about,
		OpenGuide:     w.openGuide,
		Raise:         w.raise,
		PacksToo:      platform.RegistersPacks,
		LinksOpenHere: func(then func(on, possible bool)) { linksOpenHere(ctx, then) },
		OpenLinksHere: func(on bool, then func(sentence string)) { openLinksHere(ctx, on, then) },
		After:         after,
		OpenURL:       func(u string) { w.openURL(ctx, u) },
		Quit:          w.quit,
	})
	w.win.SetContent(w.root.Content())
	session.Settings().OnChange(func() { w.applyPrefs(session.Settings().Prefs()) })

	w.win.SetOnDropped(func(_ fyne.Position, uris []fyne.URI) {
		paths := make([]string, 0, len(uris))
		for _, u := range uris {
			if u.Scheme() == "file" {
				paths = append(paths, u.Path())
			}
		}
		w.root.Dropped(paths)
	})
	w.win.SetCloseIntercept(func() {
		size := w.win.Canvas().Size()
		p := session.Settings().Prefs()
		p.WindowWidth, p.WindowHeight = size.Width, size.Height
		session.Settings().Set(p)
		if w.tray && p.CloseToTray {
			w.setShown(false)
			w.win.Hide()
			return
		}
		w.quit()
	})
	w.shown = true
	w.app.Lifecycle().SetOnEnteredForeground(func() {
		w.setShown(true)
		session.Sharing().Front()
		session.Export().CheckLeft()
	})
	session.Start(ctx)
}

// startSize is the size the window had, or the one it has for somebody who never changed it.
func startSize(p model.Prefs) fyne.Size {
	if p.WindowWidth == 0 || p.WindowHeight == 0 {
		return fyne.NewSize(look.StartWidth, look.StartHeight)
	}
	return fyne.NewSize(max(p.WindowWidth, look.MinWidth), max(p.WindowHeight, look.MinHeight))
}

// run shows the window and blocks until it is closed.
func (w *window) run(ctx context.Context, session *model.Session, link secret.Bytes, pack string) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if !link.IsEmpty() {
		w.root.OpenLink(link)
	}
	if pack != "" {
		w.root.OpenPack(pack)
	}
	if w.trace {
		w.root.OnFirstCodes(func() {
			w.log.Info("first frame with codes", "ms", time.Since(w.started).Milliseconds())
		})
	}
	w.app.Lifecycle().SetOnStarted(func() {
		go w.tick(ctx)
		go func() { // asking the bus may take as long as the bus does
			if platform.TrayAvailable(ctx) {
				fyne.Do(w.makeTray)
			}
		}()
	})
	w.win.ShowAndRun()
}

// tick wakes the root at the start of every second, while the window is on the screen. It computes the wait from the clock each
// time, so that a slow frame or a suspended computer shifts nothing.
func (w *window) tick(ctx context.Context) {
	for {
		now := time.Now()
		next := now.Truncate(time.Second).Add(time.Second)
		select {
		case <-ctx.Done():
			return
		case <-time.After(next.Sub(now)):
			fyne.Do(func() {
				if w.shown {
					w.root.Tick()
				}
				if w.guide != nil {
					w.guide.Tick()
				}
			})
		}
	}
}

func (w *window) setShown(shown bool) {
	if shown && !w.shown {
		w.root.Tick()
	}
	w.shown = shown
}

// hide takes the window off the screen and returns when it is gone; the returned func brings it back. Called from a goroutine
// that is not the window's.
func (w *window) hide(ctx context.Context) (show func()) {
	hidden := make(chan struct{})
	fyne.Do(func() {
		w.win.Hide()
		if w.guideWin != nil {
			w.guideWin.Hide()
		}
		close(hidden)
	})
	select {
	case <-hidden:
	case <-ctx.Done():
	}
	select {
	case <-time.After(unmapDelay):
	case <-ctx.Done():
	}
	return func() {
		fyne.Do(func() {
			w.raise()
			if w.guideWin != nil {
				w.guideWin.Show()
				stayOnTop(w.guideWin) // window managers forget it of a window that was hidden
			}
		})
	}
}

// raise brings the window to the front.
func (w *window) raise() {
	w.setShown(true)
	w.win.Show()
	w.win.RequestFocus()
}

// openGuide opens the narrow window with a portal's guide, in the place of one that is open. It asks to stay on top of the others.
func (w *window) openGuide(id string) {
	if w.guideWin != nil {
		w.guideWin.Close()
	}
	win := w.app.NewWindow("Guide")
	guide := w.root.NewGuideWindow(id, win.Close)
	if guide == nil {
		win.Close()
		return
	}
	win.SetTitle(guide.Title())
	win.SetIcon(look.AppIcon())
	win.SetPadded(false)
	win.SetContent(guide.Content())
	win.Resize(fyne.NewSize(view.GuideWidth, view.GuideHeight))
	stayOnTop(win)
	win.Canvas().SetOnTypedKey(guide.TypedKey)
	win.SetOnClosed(func() {
		if w.guideWin == win {
			w.guide, w.guideWin = nil, nil
		}
	})
	w.guide, w.guideWin = guide, win
	win.Show()
}

// stayOnTop asks the window manager to keep a window above the others.
func stayOnTop(win fyne.Window) {
	if d, ok := win.(desktop.Window); ok {
		d.RequestAlwaysOnTop()
	}
}

func (w *window) quit() {
	w.ending.begin()
	w.app.Quit()
}

func (w *window) applyPrefs(p model.Prefs) {
	config := look.Config{Appearance: look.ParseAppearance(p.Theme), TextScale: p.TextScale}
	if config == w.looks {
		return
	}
	w.looks = config
	w.app.Settings().SetTheme(look.New(config))
}

func (w *window) openURL(ctx context.Context, address string) {
	u, err := url.Parse(address)
	if err != nil {
		w.root.Notice("That is not a web address.", true)
		return
	}
	go func() {
		if err := platform.OpenURL(ctx, u.String()); err != nil {
			fyne.Do(func() { w.root.Notice(model.Sentence(err), true) })
		}
	}()
}

// makeTray puts the icon with its menu into the tray.
func (w *window) makeTray() {
	d, ok := w.app.(desktop.App)
	if !ok {
		return
	}
	w.tray = true
	d.SetSystemTrayMenu(fyne.NewMenu("Tallystick",
		fyne.NewMenuItem("Show", w.raise),
		fyne.NewMenuItem("Scan my screen", func() { w.raise(); w.root.ScanScreen() }),
		fyne.NewMenuItem("Lock", func() { w.root.Lock() }),
	))
	d.SetSystemTrayIcon(look.TrayIcon())
	w.root.SetTrayAvailable(true)
}

// watchSignals locks when the person left.
func (w *window) watchSignals(ctx context.Context, session *model.Session) {
	err := platform.NewSignals().Watch(ctx, func(s platform.Signal) {
		// The computer may fall asleep as soon as this returns, so it returns when the vault is locked.
		locked := make(chan struct{})
		fyne.Do(func() {
			session.Left(s)
			close(locked)
		})
		select {
		case <-locked:
		case <-ctx.Done():
		}
	})
	if err != nil && ctx.Err() == nil {
		w.log.Debug("no session signals", "err", err)
	}
}
