//go:build e2e && linux

package e2e

import (
	"image"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/app/e2e/desktop"
)

const (
	guestSecret = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
	otherSecret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
)

// Codes for a guest: one person makes a code pack of an account in the window, to the key of another, whose window is open already. The
// file is handed to it the way a desktop does, and what the guest copies is what oathtool says; after a restart it is still there.
func TestCodesForAGuest(t *testing.T) {
	d := newDesktop(t, desktop.Options{})
	maker, guest := newTally(t, d), newTally(t, d)
	maker.dir, guest.dir = filepath.Join(d.Home, "maker"), filepath.Join(d.Home, "guest")
	guest.place = image.Rect(500, 40, 500+440, 40+700)
	maker.exits(done, "otpauth://totp/Harbour%20PBX:anna?issuer=Harbour%20PBX&secret="+guestSecret+"\n", "add", "-")
	maker.exits(done, "otpauth://totp/Qontak:agent07?issuer=Qontak&secret="+otherSecret+"\n", "add", "-")

	gp, gw := guest.open()
	guest.shows(gw, "Your accounts are encrypted", "Start")
	guest.press(gw, "Return")
	guest.shows(gw, "Add your first account")
	key := strings.TrimSpace(guest.exits(done, "", "pack", "key").Stdout)

	// Everything by keyboard: the account's menu, who else, for how long, locked with the key of the guest, and where to.
	mp, mw := maker.open()
	maker.shows(mw, "Harbour PBX")
	maker.chooses(mw, "Harbour PBX")
	maker.press(mw, "Menu")
	maker.shows(mw, "Codes for a guest")
	picture(t, d, "menu-with-codes-for-a-guest")
	maker.clicks(mw, "Codes for a guest")
	maker.shows(mw, "worked out beforehand")
	maker.goes(mw, "Tab", "Locked with")
	maker.press(mw, "Down", "Down") // the key of my guest
	maker.shows(mw, "Open the file with it")
	if err := d.SetClipboard(within(t, patience), key); err != nil {
		t.Fatal(err)
	}
	maker.moves(mw, "Tab")
	maker.press(mw, "ctrl+v")
	maker.shows(mw, "Compare by phone")
	picture(t, d, "pack-for-a-key")
	maker.goes(mw, "Tab", "Save the code pack")
	maker.press(mw, "Return")
	maker.shows(mw, "Save File")
	picture(t, d, "where-to")
	maker.press(mw, "ctrl+a")
	file := filepath.Join(d.Home, "for-emil.tallypack")
	maker.types(mw, filepath.Base(file))
	maker.press(mw, "Return")
	maker.shows(mw, "Written")
	picture(t, d, "pack-written")
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range []string{guestSecret, "Harbour", "anna"} {
		if strings.Contains(string(raw), word) {
			t.Errorf("%s stands in the file", word)
		}
	}

	// The guest's window is running: it takes the file.
	guest.exits(done, "", file)
	guest.shows(gw, "left.")
	guest.shows(gw, "Harbour PBX")
	picture(t, d, "codes-of-a-guest")
	agrees(t, d, guestSecret, "the guest's window", func() string { return readCode(t, gw) })
	if list := guest.list(); len(list) != 0 {
		t.Errorf("the pack is among the guest's accounts: %+v", list)
	}
	guest.quit(gp, gw)

	// And without the file after a restart.
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	gp, gw = guest.open()
	guest.shows(gw, "Show the codes")
	guest.clicks(gw, "Show the codes")
	guest.shows(gw, "left.")
	agrees(t, d, guestSecret, "the guest's window after a restart", func() string { return readCode(t, gw) })
	guest.quit(gp, gw)

	// One that lasts a minute runs out on the screen.
	maker.exits(done, "", "pack", "make", "harbour", "--for", "1m", "--to", key, file)
	gp, gw = guest.open(file)
	guest.shows(gw, "Less than a minute")
	if _, _, err := gw.WaitText(within(t, 2*patience), "Ran out at"); err != nil { // a minute is the shortest
		t.Fatal(err)
	}
	picture(t, d, "a-pack-that-ran-out")
	guest.quit(gp, gw)
	maker.quit(mp, mw)
}
