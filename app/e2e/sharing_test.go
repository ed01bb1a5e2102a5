//go:build e2e && linux

package e2e

import (
	"errors"
	"fmt"
	"image"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/app/e2e/desktop"
)

// Another account than link, and keys that come later.
const (
	otherLink = "otpauth://totp/Yeastar:superadmin?secret=" + otherKey + "&issuer=Yeastar"
	otherKey  = "GEZDGNBVGY3TQOJQGEZDGNBV"
	newKey    = "MFRGGZDFMZTWQ2LKMFRGGZDF"
	newerKey  = "NBSWY3DPO5XXE3DENBSWY3DP"
	lastKey   = "ONSWG4TFOQQGM33SMV3GK4RB"
)

// A team of three: two windows and a program without one, over a WebDAV server with passwords. From making the shared vault to
// removing one of them, the way people do it: what one window shows, the other is told, and oathtool is the judge of every code.
func TestTeam(t *testing.T) {
	d := newDesktop(t, desktop.Options{Width: 1600, Height: 1260})
	server := startWebDAV(t, d, "maria", "ben", "carla")
	maria, ben, carla := teammate(t, d, "maria", 0), teammate(t, d, "ben", 1), teammate(t, d, "carla", 2)
	maria.exits(done, link+"\n", "add", "-")
	maria.exits(done, otherLink+"\n", "add", "-")

	// Maria makes the shared vault. The first time, she types the password wrong.
	mp, mw := maria.open()
	maria.shows(mw, "maria")
	maria.names(mw, "Front desk")
	maria.clicks(mw, "A folder: synchronised")
	maria.clicks(mw, "Nextcloud or another WebDAV")
	maria.fills(mw, "Address of the folder", server.URL()+"\tmaria\tnot-the-password")
	maria.fills(mw, "What the others shall call you", "Maria\tdesk")
	for _, account := range []string{"Example (maria)", "Yeastar (superadmin)"} {
		maria.goes(mw, "Tab", account)
		maria.press(mw, "space")
	}
	maria.goes(mw, "Tab", "Make it")
	maria.press(mw, "Return")
	maria.shows(mw, "refused")
	picture(t, d, "wrong-password")
	maria.fills(mw, "App password", davPassword)
	maria.goes(mw, "Tab", "Make it")
	maria.press(mw, "Return")
	maria.shows(mw, "In step")
	picture(t, d, "made")

	// Ben has never started Tallystick before. He scans the invite off the screen, where Maria shows it.
	maria.clicks(mw, "Invite somebody")
	maria.shows(mw, "Good for")
	maria.press(mw, "Return")
	maria.shows(mw, "When they have answered") // words between pictures are easily misread, a sentence is not
	picture(t, d, "invite")
	bp, bw := ben.open()
	ben.shows(bw, "Start")
	ben.press(bw, "Return")
	ben.shows(bw, "Add your first account")
	ben.clicks(bw, "Join a shared vault")
	ben.shows(bw, "Somebody made an invite")
	ben.clicks(bw, "Scan my screen")
	ben.shows(bw, "You join as an editor")
	ben.fills(bw, "What the others shall call you", "Ben\tlaptop")
	ben.fills(bw, "Your user name there", "ben\t"+davPassword)
	ben.clicks(bw, "Ask to be") // let in: the edge of a button is easily taken for a letter at its end
	ben.shows(bw, "Waiting to be let in")
	picture(t, d, "asked")

	// Both read the same eight words. Maria's window is told by itself.
	maria.press(mw, "Escape")
	maria.shows(mw, "Let somebody in")
	words := strings.Fields(decode[[]struct{ Words string }](t, maria.exits(done, "", "share", "requests", "Front desk", "--json").Stdout)[0].Words)
	if len(words) != 8 {
		t.Fatalf("%d safety words: %q", len(words), words)
	}
	maria.reads(mw, words)
	ben.reads(bw, words)
	picture(t, d, "words")
	maria.clicks(mw, "The words are the same")
	maria.shows(mw, "2026 by you")
	ben.shows(bw, "You may change accounts")
	ben.home(bw)
	ben.shows(bw, "superadmin")
	picture(t, d, "joined")
	agrees(t, d, linkSecret, "Ben's window", func() string { return readCode(t, bw) })
	ben.makes("Yeastar", otherKey)

	// Carla has no window. Her invite goes over the clipboard.
	maria.clicks(mw, "Invite somebody")
	maria.shows(mw, "Good for")
	maria.press(mw, "Return")
	maria.shows(mw, "When they have answered") // words between pictures are easily misread, a sentence is not
	maria.at(mw, "as text")
	maria.press(mw, "Return")
	maria.shows(mw, "Copied")
	invite, err := d.Clipboard(within(t, patience))
	if err != nil || !strings.HasPrefix(invite, "TALLYSTICK-SHARE:") {
		t.Fatalf("the clipboard holds %q, %v", invite, err)
	}
	carla.exits(done, invite+"\ncarla\n"+davPassword+"\n", "share", "join", "-", "--as", "Carla", "--device", "server room")
	maria.press(mw, "Escape")
	maria.shows(mw, "Carla")
	maria.clicks(mw, "The words are the same")
	maria.shows(mw, "server room")
	if err := desktop.WaitFor(within(t, patience), "Carla to be let in", func() bool {
		return carla.run("", "share", "sync").Exit == done && carla.run("", "code", "Yeastar").Exit == done
	}); err != nil {
		t.Fatal(err)
	}
	carla.makes("Example", linkSecret)
	carla.makes("Yeastar", otherKey)

	// The server takes questions and does not answer: the window goes on. Then nobody is there at all: a quiet sign, and everything goes on.
	// What Ben changes goes out when somebody answers again, and Maria's window shows it.
	server.hang()
	ben.renames(bw, "Example")
	ben.shows(bw, "renamed")
	server.stop()
	ben.exits(done, withKey(link, linkSecret, newKey), "add", "-", "--over", "Example")
	maria.exits(done, withKey(link, linkSecret, otherKey), "add", "-", "--over", "Example")
	ben.opensSharing(bw)
	ben.shows(bw, "Offline")
	picture(t, d, "offline")
	server.start()
	ben.clicks(bw, "Sync all now")
	ben.shows(bw, "In step")
	maria.home(mw)
	maria.shows(mw, "renamed")

	// Both gave one account a new key without knowing of each other. Maria sees both side by side, and chooses for everybody.
	maria.shows(mw, "Two keys for one account")
	maria.clicks(mw, "Choose")
	maria.shows(mw, "Who changed what")
	maria.goes(mw, "shift+Tab", "Choose") // here it is the button of the banner above
	maria.press(mw, "Return")
	maria.shows(mw, "Keep this one")
	picture(t, d, "two-keys")
	maria.clicks(mw, "Keep this one")
	maria.shows(mw, "nothing to choose")
	kept := maria.secret("Example")
	if err := desktop.WaitFor(within(t, patience), "Ben to have the key that was chosen", func() bool {
		ben.run("", "share", "sync")
		return ben.secret("Example") == kept
	}); err != nil {
		t.Fatal(err)
	}
	ben.makes("Example", kept)
	maria.home(mw)

	// Ben is removed. What he knew has to be enrolled again, and the list empties itself as that is done.
	maria.opensTeam(mw)
	maria.clicks(mw, "Lost or leaving") // the first one: people stand in order of their names
	maria.shows(mw, "nobody can take that back")
	picture(t, d, "remove")
	maria.goes(mw, "shift+Tab", "Remove") // the keyboard is at what changes nothing
	maria.press(mw, "Return")
	maria.shows(mw, "Enroll again")
	maria.clicks(mw, "Show the list")
	maria.shows(mw, "2 accounts are left")
	picture(t, d, "enroll-again")
	maria.exits(done, withKey(link, linkSecret, newerKey), "add", "-", "--over", "Example")
	maria.shows(mw, "One account is left")
	maria.exits(done, withKey(otherLink, otherKey, lastKey), "add", "-", "--over", "Yeastar")
	maria.shows(mw, "Nothing is left")
	picture(t, d, "nothing-left")
	ben.shows(bw, "No longer a member")
	picture(t, d, "removed")
	if err := desktop.WaitFor(within(t, patience), "Carla to have the new keys", func() bool {
		return carla.run("", "share", "sync").Exit == done && carla.secret("Yeastar") == lastKey
	}); err != nil {
		t.Fatal(err)
	}
	carla.makes("Example", newerKey)
	carla.makes("Yeastar", lastKey)
	if ben.secret("Yeastar") != otherKey || ben.secret("Example") != kept {
		t.Error("Ben's device has something that came after it was removed")
	}
	ben.quit(bp, bw)
	maria.quit(mp, mw)

	// Nothing that the server has says what it is about.
	says(t, filepath.Join(server.dir, "files"), "Front desk", "Example", "Yeastar", "superadmin", "Maria", "laptop", linkSecret, otherKey, newKey, newerKey, lastKey)
}

// A team over a folder. Somebody puts an older copy of the folder back while everybody's program is closed: the window says so, in words
// that tell what happened, since when, and what to do; and the accounts stay as they were.
func TestStorageRolledBack(t *testing.T) {
	d := newDesktop(t, desktop.Options{Width: 1600, Height: 1000})
	maria, ben := teammate(t, d, "maria", 0), teammate(t, d, "ben", 1)
	folder := filepath.Join(d.Home, "team")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	maria.exits(done, link+"\n", "add", "-")

	// Filled in with the keyboard alone: name, past the kind of storage, its folder, past the button that chooses one, who and where
	// Maria is, the account.
	mp, mw := maria.open()
	maria.shows(mw, "maria")
	maria.names(mw, "Front desk")
	maria.goes(mw, "Tab", "Where it lies")
	for _, field := range [][2]string{{"Folder", folder}, {"What the others shall call you", "Maria"}, {"This computer", "desk"}} {
		maria.moves(mw, "Tab") // the kind of storage is called a folder too
		maria.goes(mw, "Tab", field[0])
		maria.press(mw, "ctrl+a")
		maria.types(mw, field[1])
	}
	maria.goes(mw, "Tab", "Example (maria)")
	maria.press(mw, "space")
	picture(t, d, "a-folder")
	maria.goes(mw, "Tab", "Make it")
	maria.press(mw, "Return")
	maria.shows(mw, "Who changed what")
	maria.shows(mw, "In step")
	maria.home(mw)
	ben.exits(done, maria.exits(done, "", "share", "invite", "Front desk").Stdout, "share", "join", "-", "--as", "Ben", "--device", "laptop")

	// Two windows on one folder. What one changes, the other shows by itself, and soon: the folder tells.
	maria.shows(mw, "Somebody wants to join")
	maria.clicks(mw, "Look who")
	maria.clicks(mw, "The words are the same")
	maria.shows(mw, "2026 by you")
	maria.home(mw)
	bp, bw := ben.open()
	ben.shows(bw, "maria")
	agrees(t, d, linkSecret, "Ben's window", func() string { return readCode(t, bw) })
	old := filepath.Join(d.Home, "backup")
	if err := os.CopyFS(old, os.DirFS(folder)); err != nil {
		t.Fatal(err)
	}
	ben.exits(done, withKey(link, linkSecret, newKey), "add", "-", "--over", "Example")
	ben.renames(bw, "Example")
	maria.shows(mw, "renamed")
	agrees(t, d, newKey, "Maria's window", func() string { return readCode(t, mw) })
	ben.quit(bp, bw)
	maria.quit(mp, mw)
	maria.exits(done, "", "share", "sync")
	ben.exits(done, "", "share", "sync")

	if err := os.RemoveAll(folder); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(old, folder); err != nil {
		t.Fatal(err)
	}
	mp, mw = maria.open()
	maria.shows(mw, "The storage was rolled back")
	picture(t, d, "rolled-back")
	maria.shows(mw, "your accounts here are")
	maria.shows(mw, "renamed")
	agrees(t, d, newKey, "Maria's window", func() string { return readCode(t, mw) })
	maria.quit(mp, mw)
	if got := maria.secret("Example"); got != newKey {
		t.Error("the rolled back storage changed an account")
	}
}

// teammate is somebody of a team, with a directory of their own, and a place on the screen: 0 is the left one.
func teammate(t testing.TB, d *desktop.Desktop, name string, place int) *tally {
	a := newTally(t, d)
	a.dir = filepath.Join(d.Home, name)
	x := 10 + place*460
	a.place = image.Rect(x, 30, x+440, d.Height()-30)
	return a
}

// withKey is a line with a link that has another key.
func withKey(link, old, key string) string { return strings.Replace(link, old, key, 1) + "\n" }

// menu opens the menu of the window: three points at its upper right corner.
func (a *tally) menu(w *desktop.Window) {
	a.t.Helper()
	ctx := within(a.t, patience)
	bounds, err := w.Bounds()
	if err != nil {
		a.t.Fatal(err)
	}
	if err := w.Activate(ctx); err != nil {
		a.t.Fatal(err)
	}
	if err := w.Click(ctx, bounds.Dx()-25, 30); err != nil {
		a.t.Fatal(err)
	}
	a.shows(w, "Keyboard")
}

// opensSharing goes from the list to the shared vaults.
func (a *tally) opensSharing(w *desktop.Window) {
	a.t.Helper()
	a.menu(w)
	a.clicks(w, "Shared vaults")
	a.shows(w, "Make a shared vault")
}

// opensTeam goes from the list to the page of the only shared vault.
func (a *tally) opensTeam(w *desktop.Window) {
	a.t.Helper()
	a.opensSharing(w)
	a.press(w, "Return")
	a.shows(w, "Who changed what")
}

// home goes back to the list.
func (a *tally) home(w *desktop.Window) {
	a.t.Helper()
	a.backTo(w, "Favourites")
}

// names begins a shared vault, and gives it a name.
func (a *tally) names(w *desktop.Window, name string) {
	a.t.Helper()
	a.opensSharing(w)
	a.clicks(w, "Make a shared vault")
	a.shows(w, "Where it lies")
	a.at(w, "Name")
	a.types(w, name)
}

// renames gives an account in the list another name: "renamed".
func (a *tally) renames(w *desktop.Window, portal string) {
	a.t.Helper()
	a.chooses(w, portal)
	a.press(w, "ctrl+e")
	a.shows(w, "Account name")
	a.goes(w, "Tab", "Account name")
	a.press(w, "ctrl+a")
	a.types(w, "renamed\n")
}

// fills types into the field below a label, instead of what is there, and into those that follow: their texts are parted by tabs.
func (a *tally) fills(w *desktop.Window, label, text string) {
	a.t.Helper()
	ctx := within(a.t, patience)
	_, box, err := w.WaitText(ctx, label)
	if err != nil {
		a.t.Fatal(err)
	}
	if err := w.Activate(ctx); err != nil {
		a.t.Fatal(err)
	}
	if err := w.Click(ctx, box.Min.X+60, box.Max.Y+24); err != nil {
		a.t.Fatal(err)
	}
	a.at(w, label)
	for i, part := range strings.Split(text, "\t") {
		if i > 0 {
			a.moves(w, "Tab")
		}
		a.press(w, "ctrl+a")
		a.types(w, part)
	}
}

// reads waits until the window shows safety words. A word or two may be read wrong: eight hold 88 bits, and six are plenty here.
func (a *tally) reads(w *desktop.Window, words []string) {
	a.t.Helper()
	ctx := within(a.t, patience)
	err := desktop.Wait(ctx, "the safety words", func() error {
		seen, err := w.Read(ctx)
		if err != nil {
			return err
		}
		n := 0
		for _, word := range words {
			if _, ok := desktop.Find(seen, word); ok {
				n++
			}
		}
		if n < 6 {
			return fmt.Errorf("%d of %q, it shows: %s", n, words, desktop.Text(seen))
		}
		return nil
	})
	if err != nil {
		a.t.Fatal(err)
	}
}

// makes holds the code that the command line makes of an account against oathtool's.
func (a *tally) makes(account, key string) {
	a.t.Helper()
	agrees(a.t, a.d, key, filepath.Base(a.dir)+"'s command line", func() string {
		return strings.TrimSpace(a.exits(done, "", "code", account).Stdout)
	})
}

// secret is the key that this device has for a portal; "" = no such account.
func (a *tally) secret(issuer string) string {
	a.t.Helper()
	for _, acc := range a.list("--show-secrets") {
		if acc.Issuer == issuer {
			return acc.Secret
		}
	}
	return ""
}

// says fails when a file below root, or its name, contains one of the words.
func says(t *testing.T, root string, words ...string) {
	t.Helper()
	files := 0
	err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		files++
		for _, word := range words {
			if strings.Contains(string(b), word) || strings.Contains(filepath.Base(path), word) {
				t.Errorf("%s on the server contains %q", filepath.Base(path), word)
			}
		}
		return nil
	})
	if err == nil && files == 0 {
		err = errors.New("there are none")
	}
	if err != nil {
		t.Errorf("files on the server: %v", err)
	}
}
