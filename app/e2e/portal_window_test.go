//go:build e2e && linux

package e2e

import (
	"context"
	"image"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/tallystick/tallystick/app/e2e/desktop"
)

// seat is a person's own Tallystick window beside the portal, and what the person does with it.
type seat struct {
	*member
	p     *desktop.Process
	w     *desktop.Window
	where []string // the arguments that choose the vault
}

// places on the screen: the window at the left edge, the browser right of it, a guide at the right edge, over the browser.
var (
	windowPlace = image.Rect(10, 40, 10+440, 40+700)
	guidePlace  = image.Rect(1270, 60, 1270+320, 60+620)
)

// sits opens the window for the first time and starts a vault. where chooses the directory or the profile.
func (m *member) sits(where ...string) *seat {
	m.t.Helper()
	s := &seat{member: m, where: where}
	s.p, s.w = m.a.open(where...)
	m.a.shows(s.w, "Your accounts are encrypted", "Start")
	m.a.press(s.w, "Return")
	m.a.shows(s.w, "Add your first account")
	return s
}

func (s *seat) shows(phrases ...string) string { s.t.Helper(); return s.a.shows(s.w, phrases...) }
func (s *seat) press(keys ...string)           { s.t.Helper(); s.a.press(s.w, keys...) }
func (s *seat) clicks(phrase string)           { s.t.Helper(); s.a.clicks(s.w, phrase) }
func (s *seat) types(text string)              { s.t.Helper(); s.a.types(s.w, text) }
func (s *seat) quit()                          { s.t.Helper(); s.a.quit(s.p, s.w) }

// front brings the window before the ones that lie in the same place.
func (s *seat) front() {
	s.t.Helper()
	if err := s.w.Activate(within(s.t, patience)); err != nil {
		s.t.Fatal(err)
	}
}

// codes gives codes of an account of this seat.
func (s *seat) codes(account string) *generator {
	return &generator{a: s.a, where: s.where, account: account}
}

// scansScreen waits until the QR code of the page is on the screen, and lets the window find it.
func (s *seat) scansScreen() {
	s.t.Helper()
	s.do("waiting for the QR code", chromedp.WaitVisible(chromedp.CSS("#qr")))
	s.onScreen()
	s.press("ctrl+shift+s")
	s.found()
}

// found goes from the preview to the code that proves it.
func (s *seat) found() {
	s.t.Helper()
	s.shows("Is this it")
	picture(s.t, s.d, "found")
	s.press("Return")
	s.shows("Type this into")
}

// typesKey is the way without a QR code.
func (s *seat) typesKey(issuer, key string) {
	s.t.Helper()
	s.press("ctrl+n")
	s.clicks("Type the key")
	s.shows("Account name")
	s.types(issuer + "\t" + s.name + "\t" + key + "\n")
	picture(s.t, s.d, "typed-key")
	s.found()
}

// typesManual adds an account whose codes the portal sends, by the form.
func (s *seat) typesManual(issuer, how string) {
	s.t.Helper()
	s.press("ctrl+n")
	s.clicks("Type the key")
	s.shows("Account name")
	s.types(issuer + "\t" + s.name + " " + how)
	s.clicks("More")
	s.clicks("Changes every half minute")
	s.clicks("The portal sends it")
	picture(s.t, s.d, "manual-account")
	s.clicks("Continue")
	s.shows("Is this it")
	s.press("Return")
	s.shows("Keep the recovery keys")
}

// accountOf is the id of the one account of a kind.
func (s *seat) accountOf(kind string) string {
	s.t.Helper()
	var id string
	for _, a := range decode[[]account](s.t, s.a.exits(done, "", append(slices.Clone(s.where), "list", "--json")...).Stdout) {
		if a.Kind == kind {
			if id != "" {
				s.t.Fatalf("more than one account is %s", kind)
			}
			id = a.ID
		}
	}
	if id == "" {
		s.t.Fatalf("no account is %s", kind)
	}
	return id
}

// reads waits for a fresh code and reads it off the window.
func (s *seat) reads(codes *generator) string {
	s.t.Helper()
	t, ok := s.t.(*testing.T)
	if !ok {
		s.t.Fatal("codes are read in tests")
	}
	codes.wait()
	code, at := sameSecond(t, func() string { return windowCode(t, s.w, codes) })
	codes.last = at.Unix() / period
	return code
}

// accepted says that the portal took the code.
func (s *seat) accepted() {
	s.t.Helper()
	s.press("Return")
	s.shows("Keep the recovery keys")
}

// none ends the enrollment at a portal that hands out no recovery key.
func (s *seat) none() {
	s.t.Helper()
	s.press("Return")
	s.shows("Show my accounts")
	s.press("Return")
	s.shows("Favourites")
}

// keepsDownload keeps the recovery key that the browser has just put into Downloads with the account that the words name, and has
// the file deleted.
func (s *seat) keepsDownload(words, file string) (key string) {
	s.t.Helper()
	key = s.text("#recovery-key")
	s.shows("Appeared in Downloads")
	picture(s.t, s.d, "offered")
	s.clicks("Appeared in Downloads")
	s.shows("One key was understood")
	picture(s.t, s.d, "understood")
	s.clicks("Keep these keys")
	s.shows("The file is still there")
	picture(s.t, s.d, "kept")
	if list := s.a.exits(done, "", append(slices.Clone(s.where), "recovery", "list", words, "--show-secrets")...).Stdout; !strings.Contains(list, key) {
		s.t.Fatal("the key that is kept is not the one on the page")
	}
	s.clicks("Overwrite and delete it")
	err := desktop.WaitFor(within(s.t, patience), "the file to be gone", func() bool {
		_, err := os.Stat(file)
		return os.IsNotExist(err)
	})
	if err != nil {
		s.t.Fatal(err)
	}
	s.clicks("Continue")
	return key
}

// pastesCode copies the code of the account that is chosen in the list, and pastes it into the page.
func (s *seat) pastesCode(codes *generator, field string) {
	s.t.Helper()
	ctx := within(s.t, 2*patience)
	codes.wait()
	if err := s.d.SetClipboard(ctx, "something else"); err != nil {
		s.t.Fatal(err)
	}
	codes.last = periodNow()
	s.press("Down", "Return")
	s.onClipboard("a code", func(text string) bool { return len(text) == 6 && text == codes.now() })
	s.pasteInto(field)
}

// onClipboard waits for something on the clipboard, and returns it.
func (s *seat) onClipboard(what string, fit func(text string) bool) string {
	s.t.Helper()
	ctx := within(s.t, patience)
	var text string
	err := desktop.WaitFor(ctx, what+" on the clipboard", func() (ok bool) {
		var err error
		text, err = s.d.Clipboard(ctx)
		return err == nil && fit(text)
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return text
}

// pasteInto pastes into a field of the page, with the keyboard.
func (s *seat) pasteInto(field string) {
	s.t.Helper()
	s.click(field)
	if err := s.window.Key(within(s.t, patience), "ctrl+v"); err != nil {
		s.t.Fatal(err)
	}
	picture(s.t, s.d, "pasted")
}

// opensAccount shows the details of the account that the words find.
func (s *seat) opensAccount(words string) {
	s.t.Helper()
	s.press("ctrl+f")
	s.types(words)
	s.press("Down", "ctrl+d")
	s.shows("Account")
}

// usesKeyFromWindow signs in with the recovery key of an account, copied from the window, where it is marked as used then. It
// works once.
func (s *seat) usesKeyFromWindow(words, key string) {
	s.t.Helper()
	s.opensAccount(words)
	s.shows("1 of 1 left")
	s.clicks("Show recovery keys")
	s.holds("Hold to show", "Kept on")
	picture(s.t, s.d, "recovery-key-shown")
	s.clicks("Use")
	s.shows("marked as used")
	s.onClipboard("the recovery key", func(text string) bool { return text == key })
	s.shows("Used on")
	picture(s.t, s.d, "recovery-key-used")

	s.signIn()
	s.follow("#use-recovery-key")
	s.pasteInto("#recovery_key")
	s.follow("#use-key")
	s.isIn()
	picture(s.t, s.d, "signed-in-with-the-recovery-key")
	s.signOut()
	s.signIn()
	s.follow("#use-recovery-key")
	s.fill("#recovery_key", key)
	s.follow("#use-key")
	s.says(saysRecovery)
	s.follow("#use-code", "header .brand")

	list := decode[sheets](s.t, s.a.exits(done, "", append(slices.Clone(s.where), "recovery", "list", words, "--json")...).Stdout)
	if list.Left != 0 || list.Total != 1 {
		s.t.Errorf("recovery list: %d of %d left, want none of one", list.Left, list.Total)
	}
	s.press("Escape")
	s.shows("Favourites")
	s.press("Escape") // the search
}

// holds keeps the mouse button down on something until the window shows what that brings.
func (s *seat) holds(phrase, brings string) {
	s.t.Helper()
	ctx := within(s.t, patience)
	_, box, err := s.w.WaitText(ctx, phrase)
	if err == nil {
		err = s.w.Activate(ctx)
	}
	if err == nil {
		err = s.w.Point(ctx, (box.Min.X+box.Max.X)/2, (box.Min.Y+box.Max.Y)/2)
	}
	if err != nil {
		s.t.Fatal(err)
	}
	s.mouse(ctx, "mousedown")
	defer s.mouse(ctx, "mouseup")
	s.shows(brings)
}

func (s *seat) mouse(ctx context.Context, does string) {
	s.t.Helper()
	if res, err := s.d.Run(ctx, "", "xdotool", does, "1"); err != nil || res.Exit != 0 {
		s.t.Fatalf("xdotool %s: %v %s", does, err, res.Stderr)
	}
}

// guide is the narrow window with a portal's steps.
type guide struct {
	s *seat
	w *desktop.Window
}

// opensGuide opens a portal's guide from the list of guides. name is as the list writes it, title that of the guide's window.
func (s *seat) opensGuide(name, title string) *guide {
	s.t.Helper()
	s.press("ctrl+n")
	s.clicks("Show me how")
	s.shows("stays on top")
	s.clicks(name)
	w, err := s.d.FindWindow(within(s.t, patience), "the guide", func(t string, pid int) bool { return t == title && pid == s.p.Pid() })
	if err != nil {
		s.t.Fatal(err)
	}
	g := &guide{s: s, w: w}
	g.put()
	return g
}

// put puts the guide over the right edge of the browser, and the browser before everything: the guide stays above it all the same.
func (g *guide) put() {
	g.s.t.Helper()
	ctx := within(g.s.t, patience)
	err := g.w.Move(ctx, guidePlace)
	if err == nil {
		err = g.s.window.Activate(ctx)
	}
	if err != nil {
		g.s.t.Fatal(err)
	}
	over, err := g.s.window.Bounds()
	if err == nil && over.Intersect(guidePlace).Empty() {
		g.s.t.Fatalf("the guide at %v does not lie over the browser at %v", guidePlace, over)
	}
	if b, err := g.w.Bounds(); err != nil || b.Dx() > 380 {
		g.s.t.Errorf("the guide is %v, %v: not narrow", b, err)
	}
}

func (g *guide) shows(phrases ...string) { g.s.t.Helper(); g.s.a.shows(g.w, phrases...) }

// follows shows that a step lies on top of the browser, and goes on to the next.
func (g *guide) follows(step string, says ...string) {
	g.s.t.Helper()
	if err := g.s.window.Activate(within(g.s.t, patience)); err != nil {
		g.s.t.Fatal(err)
	}
	g.shows(step)
	for _, phrase := range says {
		g.shows(phrase)
	}
	picture(g.s.t, g.s.d, "guide-"+strings.ReplaceAll(strings.ToLower(step), " ", "-"))
}

func (g *guide) next() { g.s.t.Helper(); g.s.a.press(g.w, "Right") }

// first presses the first button of a step.
func (g *guide) first() { g.s.t.Helper(); g.s.a.press(g.w, "Tab", "Return") }

// scans lets the guide scan the screen: both windows are out of the way meanwhile.
func (g *guide) scans() {
	g.s.t.Helper()
	ctx := within(g.s.t, patience)
	g.s.do("waiting for the QR code", chromedp.WaitVisible(chromedp.CSS("#qr")))
	g.s.onScreen()
	g.first() // "Scan my screen"
	both := func(visible bool) func() bool {
		return func() bool { return g.w.Visible() == visible && g.s.w.Visible() == visible }
	}
	err := desktop.WaitFor(ctx, "both windows to make room", both(false))
	if err == nil {
		err = desktop.WaitFor(ctx, "both windows to come back", both(true))
	}
	if err == nil {
		err = g.s.w.Move(ctx, windowPlace) // the window manager puts it anywhere
	}
	if err != nil {
		g.s.t.Fatal(err)
	}
	g.put()
	g.s.front()
	g.s.found()
}

// closes ends the guide at its last step.
func (g *guide) closes() {
	g.s.t.Helper()
	g.s.a.press(g.w, "Escape")
	if err := desktop.WaitFor(within(g.s.t, patience), "the guide to be gone", func() bool { return !g.w.Visible() }); err != nil {
		g.s.t.Fatal(err)
	}
	if !g.s.w.Visible() {
		g.s.t.Fatal("the window went away with the guide")
	}
}
