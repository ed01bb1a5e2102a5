package model_test

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tallystick/tallystick/app/apptest"
	"github.com/tallystick/tallystick/app/model"
	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/backup"
	"github.com/tallystick/tallystick/vault/secret"
	"github.com/tallystick/tallystick/vault/transfer/exports"
	"github.com/tallystick/tallystick/vault/vaulttest"
)

// withBackups is a session with backups and reminders in memory.
func (w *world) withBackups(pass string, accounts ...vault.Account) (*apptest.Backups, *apptest.Exports) {
	w.Helper()
	k, e := &apptest.Backups{Now: w.loop.Now, Accounts: len(accounts)}, &apptest.Exports{}
	w.backups, w.exports = k, e
	w.open(pass, accounts...)
	return k, e
}

func TestBackupIsMadeEveryDay(t *testing.T) {
	inWorld(t, func(w *world) {
		k := &apptest.Backups{Now: w.loop.Now, Accounts: 6}
		k.Put(backup.Status{Set: true, Folder: "/stick", FolderThere: true})
		w.backups = k
		w.open("", vaulttest.Canonical()...)
		b := w.s.Backup()
		if k.Made() != 0 {
			t.Error("a backup at the first moment: what a person came for comes first")
		}
		w.loop.Advance(time.Minute)
		if k.Made() != 1 || !b.Good() || b.Reminder() != "" {
			t.Errorf("%d made, %q", k.Made(), b.Reminder())
		}
		if got := b.Summary(); got != "Last verified backup: today 12:00, 6 accounts." {
			t.Error(got)
		}
		w.s.Doctor().Begin()
		w.loop.Settle()
		if i := slices.IndexFunc(w.s.Doctor().Checks(), func(c model.Check) bool { return c.Name == "backups" }); i < 0 {
			t.Error("the check-up says nothing of backups")
		} else if c := w.s.Doctor().Checks()[i]; c.State != model.Healthy || c.Text != "The newest is of today 12:00, has 6 accounts, and opens." {
			t.Errorf("%+v", c)
		}
		w.loop.Advance(2 * time.Hour)
		if k.Made() != 1 {
			t.Errorf("%d made on one day", k.Made())
		}
		w.loop.Advance(12 * time.Hour) // past midnight
		if k.Made() != 2 || len(w.notices) != 0 {
			t.Errorf("%d made; notices %v", k.Made(), w.notices)
		}
		k.Fail(backup.ErrFolder)
		w.loop.Advance(24 * time.Hour)
		if k.Made() != 2 || b.Good() || b.Error() != "" || !strings.Contains(b.Summary(), "made none. The folder for the backups is not there") {
			t.Errorf("%d made, %q", k.Made(), b.Summary())
		}
		if b.Reminder() != "" {
			t.Errorf("one failed day is not the end of the world: %q", b.Reminder())
		}
		w.loop.Advance(7 * 24 * time.Hour)
		if got := b.Reminder(); !strings.HasPrefix(got, "The last backup is from ") {
			t.Errorf("%q", got)
		}
		k.Fail(nil)
		w.loop.Advance(2 * time.Hour)
		if k.Made() != 3 || !b.Good() || b.Reminder() != "" {
			t.Errorf("%d made, %q", k.Made(), b.Summary())
		}
	})
}

func TestNoBackupIsSpokenOf(t *testing.T) {
	inWorld(t, func(w *world) {
		k, _ := w.withBackups("", vaulttest.Canonical()...)
		b := w.s.Backup()
		if b.IsSet() || !strings.Contains(b.Reminder(), "no backup of your accounts") || !strings.Contains(b.Summary(), "No backups are made") {
			t.Errorf("%q %q", b.Reminder(), b.Summary())
		}
		w.loop.Advance(48 * time.Hour)
		if k.Made() != 0 {
			t.Error("a backup that nobody set up")
		}
		b.Later()
		w.loop.Advance(13 * 24 * time.Hour)
		if b.Reminder() != "" {
			t.Error("put off, and spoken of all the same")
		}
		w.loop.Advance(2 * 24 * time.Hour)
		if b.Reminder() == "" {
			t.Error("put off for ever")
		}
		var answer *string
		b.Choose("/stick", secret.FromString("words"), func(s string) { answer = &s })
		w.loop.Settle()
		if answer == nil || *answer != "" || k.Made() != 1 || k.Passphrase() != "words" || !b.IsSet() || b.Folder() != "/stick" || b.Reminder() != "" {
			t.Errorf("%v, %d made, %q", answer, k.Made(), b.Summary())
		}
		b.MoveTo("/other")
		b.MakeNow() // busy: nothing
		w.loop.Settle()
		if b.Folder() != "/other" || k.Made() != 2 {
			t.Errorf("%q, %d made", b.Folder(), k.Made())
		}
		b.MakeNow()
		w.loop.Settle()
		if k.Made() != 3 || len(w.notices) != 1 || !strings.Contains(w.notices[0].Text, "opened the backup again") {
			t.Errorf("%d made, %v", k.Made(), w.notices)
		}
		k.Fail(errors.Join(backup.ErrFailed, backup.ErrReadBack))
		b.MakeNow()
		w.loop.Settle()
		if !strings.Contains(b.Error(), "could not be opened again") {
			t.Errorf("%q", b.Error())
		}
		k.Fail(nil)
		b.TurnOff()
		w.loop.Settle()
		if b.IsSet() {
			t.Error("still set")
		}
		k.Break(backup.ErrSettings)
		b.TurnOff()
		w.loop.Settle()
		if !strings.Contains(b.Reminder(), "settings of the backups are damaged") {
			t.Errorf("%q", b.Reminder())
		}
	})
}

func TestLockedMakesNoBackup(t *testing.T) {
	inWorld(t, func(w *world) {
		k := &apptest.Backups{Now: w.loop.Now}
		k.Put(backup.Status{Set: true, Folder: "/stick", FolderThere: true})
		w.backups = k
		w.open("p", vaulttest.Canonical()...)
		w.s.Lock()
		w.loop.Settle()
		w.loop.Advance(48 * time.Hour)
		if k.Made() != 0 {
			t.Errorf("%d made while locked", k.Made())
		}
		if w.s.Backup().Reminder() != "" || w.loop.Timers() != 0 {
			t.Errorf("%q, %d timers", w.s.Backup().Reminder(), w.loop.Timers())
		}
		w.s.Unlock(secret.FromString("p"))
		w.loop.Advance(time.Minute)
		if k.Made() != 1 {
			t.Errorf("%d made after unlocking", k.Made())
		}
	})
}

func TestRestoreShowsBeforeItChanges(t *testing.T) {
	inWorld(t, func(w *world) {
		old := vault.New()
		random := vaulttest.Random(8)
		for _, a := range vaulttest.Canonical() {
			if _, err := old.Add(a, random, vaulttest.Epoch); err != nil {
				t.Fatal(err)
			}
		}
		data, err := exports.Tallystick.Write(old, exports.Options{Passphrase: secret.FromString("words"), Now: noon, Work: 2})
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(t.TempDir(), "x.age")
		if err := os.WriteFile(file, data, 0o600); err != nil {
			t.Fatal(err)
		}
		mine := vaulttest.Canonical()[:2]
		mine[1].Note = "mine"
		extra := vaulttest.Many(1)[0]
		w.withBackups("", append(mine, extra)...)
		r := w.s.Restore()
		r.Choose(filepath.Join(t.TempDir(), "nothing"))
		w.loop.Settle()
		if r.Chosen() != "" || r.Error() == "" {
			t.Errorf("%q %q", r.Chosen(), r.Error())
		}
		r.Choose(file)
		w.loop.Settle()
		if r.Chosen() != file || r.Error() != "" || !strings.Contains(r.About(), "export of Tallystick") || r.IsOpen() {
			t.Errorf("%q %q %q", r.Chosen(), r.Error(), r.About())
		}
		r.Unlock(secret.FromString("wrong"))
		w.loop.Settle()
		if r.IsOpen() || !strings.Contains(r.Error(), "not the passphrase") {
			t.Errorf("%q", r.Error())
		}
		r.Unlock(secret.FromString("words"))
		w.loop.Settle()
		added, changed, missing, same := r.Counts()
		if !r.IsOpen() || added != 4 || changed != 1 || missing != 1 || same != 1 || len(r.Preview()) != 6 {
			t.Fatalf("%d %d %d %d, %+v", added, changed, missing, same, r.Preview())
		}
		if l := r.Preview()[4]; l.Issuer != "Old Bank" || l.What != "differs here: note" {
			t.Errorf("%+v", l)
		}
		if l := r.Preview()[5]; !l.Gone || l.Issuer != extra.Issuer {
			t.Errorf("%+v", l)
		}
		if w.list.Len() != 3 {
			t.Error("looking changed something")
		}
		r.Merge()
		w.loop.Settle()
		if r.Done() != "Added 4 accounts." || w.list.Len() != 7 {
			t.Errorf("%q, %d rows", r.Done(), w.list.Len())
		}
		r.Choose(file)
		w.loop.Settle()
		r.Unlock(secret.FromString("words"))
		w.loop.Settle()
		r.Replace()
		w.loop.Settle()
		if !strings.Contains(r.Done(), "kept among the older copies") || w.list.Len() != 6 {
			t.Errorf("%q, %d rows", r.Done(), w.list.Len())
		}
		r.Close()
	})
}

// Whoever leaves while accounts come back gets them whole, or not at all: what is left behind is wiped, and nothing that was wiped is saved.
func TestLeavingARestoreThatIsUnderWay(t *testing.T) {
	for name, bring := range map[string]func(*model.Restore){"merge": (*model.Restore).Merge, "replace": (*model.Restore).Replace} {
		for how, leave := range map[string]func(*world){
			"close": func(w *world) { w.s.Restore().Close() },
			"lock":  func(w *world) { w.s.Lock() },
		} {
			t.Run(name+" and "+how, func(t *testing.T) {
				inWorld(t, func(w *world) {
					old := vault.New()
					if _, err := old.Add(totp("Acme", "maria", 1), vaulttest.Random(8), vaulttest.Epoch); err != nil {
						t.Fatal(err)
					}
					data, err := exports.Tallystick.Write(old, exports.Options{Passphrase: secret.FromString("words"), Now: noon, Work: 2})
					if err != nil {
						t.Fatal(err)
					}
					file := filepath.Join(t.TempDir(), "x.age")
					if err := os.WriteFile(file, data, 0o600); err != nil {
						t.Fatal(err)
					}
					w.withBackups("pass", totp("Other", "maria", 2))
					r := w.s.Restore()
					r.Choose(file)
					w.loop.Settle()
					r.Unlock(secret.FromString("words"))
					w.loop.Settle()
					if !r.IsOpen() {
						t.Fatal(r.Error())
					}
					release := w.vault.Hold("update")
					bring(r)
					leave(w)
					release()
					w.loop.Settle()
					if how == "lock" {
						w.s.Unlock(secret.FromString("pass"))
						w.loop.Settle()
					}
					var is []string
					if err := w.vault.Read(func(v *vault.Vault) error {
						for _, a := range v.Accounts() {
							is = append(is, a.Issuer+string(a.Params.Secret.Reveal()))
						}
						return nil
					}); err != nil {
						t.Fatal(err)
					}
					acme, other := "Acme"+string(key(1).Reveal()), "Other"+string(key(2).Reveal())
					want := map[string][]string{"merge": {other, acme}, "replace": {acme}}[name]
					if !slices.Equal(is, want) && (how != "lock" || !slices.Equal(is, []string{other})) {
						t.Errorf("the vault has %q", is)
					}
				})
			})
		}
	}
}

func TestExportFlow(t *testing.T) {
	inWorld(t, func(w *world) {
		_, left := w.withBackups("", vaulttest.Canonical()...)
		dir := t.TempDir()
		x := w.s.Export()
		x.Begin()
		if len(x.Forms()) != 7 {
			t.Errorf("%d forms", len(x.Forms()))
		}
		x.Choose("2fas", false)
		if f, chosen := x.Chosen(); !chosen || f.App != "2FAS" || x.InTheOpen() || x.Written() != 3 {
			t.Errorf("%+v %v %d", f, chosen, x.Written())
		}
		losses, always := x.Losses()
		if len(losses) != 5 || len(always) == 0 || !losses[2].LeftOut || losses[0].LeftOut {
			t.Errorf("%+v %v", losses, always)
		}
		x.Save(filepath.Join(dir, "a"), secret.Bytes{})
		w.loop.Settle()
		if !strings.Contains(x.Error(), "needs a passphrase") || len(x.Saved()) != 0 {
			t.Errorf("%q %v", x.Error(), x.Saved())
		}
		x.Save(filepath.Join(dir, "a"), secret.FromString("words"))
		w.loop.Settle()
		if x.Error() != "" || len(x.Saved()) != 1 || x.Left() != "" {
			t.Errorf("%q %v %q", x.Error(), x.Saved(), x.Left())
		}
		x.Choose("uris", false)
		if !x.InTheOpen() {
			t.Error("links are said to be encrypted")
		}
		x.Save(filepath.Join(dir, "a"), secret.Bytes{})
		w.loop.Settle()
		if x.Error() == "" {
			t.Error("a file was replaced")
		}
		empty := filepath.Join(dir, "empty.txt")
		if err := os.WriteFile(empty, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		x.Save(empty, secret.Bytes{})
		w.loop.Settle()
		if info, err := os.Stat(empty); err != nil || info.Size() == 0 || info.Mode().Perm() != 0o600 {
			t.Errorf("%v %v", info, err)
		}
		if !strings.Contains(x.Left(), empty) {
			t.Errorf("%q", x.Left())
		}
		x.Choose("google", false)
		x.ShowCodes()
		m, number, of, accounts := x.Code()
		if len(m) < 20 || number != 1 || of != 1 || accounts != 2 {
			t.Errorf("%d modules, %d of %d, %d accounts", len(m), number, of, accounts)
		}
		x.Turn(1)
		x.Turn(-1)
		x.Choose("pdf", false)
		x.Save(filepath.Join(dir, "a.pdf"), secret.Bytes{})
		w.loop.Settle()
		if list, _ := left.List(); len(list) != 2 || !strings.HasPrefix(x.Left(), "2 exports") {
			t.Errorf("%v %q", list, x.Left())
		}
		x.KeepLeft()
		w.loop.Settle()
		if x.Left() != "" {
			t.Errorf("%q", x.Left())
		}
		x.Close()
		if _, chosen := x.Chosen(); chosen {
			t.Error("still open")
		}
		// Some accounts only.
		x.Begin(model.ID(w.list.Row(0).ID))
		x.Choose("tallystick", true)
		if x.InTheOpen() || x.Written() != 1 {
			t.Errorf("%v %d", x.InTheOpen(), x.Written())
		}
	})
}

// What is exported is what was chosen, and nothing else of the vault; and what lies in the open is remembered, also when not all of it
// could be written.
func TestExportOfSomeAccounts(t *testing.T) {
	inWorld(t, func(w *world) {
		_, left := w.withBackups("", vaulttest.Many(30)...)
		dir := t.TempDir()
		x := w.s.Export()
		chosen := w.list.Row(7)
		x.Begin(model.ID(chosen.ID))
		x.Choose("uris", false)
		one := filepath.Join(dir, "one.txt")
		x.Save(one, secret.Bytes{})
		w.loop.Settle()
		text, err := os.ReadFile(one)
		if err != nil || strings.Count(string(text), "otpauth://") != 1 || !strings.Contains(string(text), url.PathEscape(chosen.Issuer)) {
			t.Errorf("%d accounts in %q, %v", strings.Count(string(text), "otpauth://"), text, err)
		}
		x.Begin()
		x.Choose("google", false)
		if f := x.FileName(); f != "tallystick-google-"+noon.Format(time.DateOnly)+".png" {
			t.Errorf("it may be called %q", f)
		}
		page := func(n, of int) string { return filepath.Join(dir, fmt.Sprintf("all-%d-of-%d.png", n, of)) }
		path := filepath.Join(dir, "all.png")
		if err := os.WriteFile(path, nil, 0o600); err != nil { // as the dialogue leaves it
			t.Fatal(err)
		}
		x.Save(path, secret.Bytes{})
		w.loop.Settle()
		of := len(x.Saved())
		if x.Error() != "" || of < 2 || x.Saved()[0] != page(1, of) || x.Saved()[of-1] != page(of, of) {
			t.Fatalf("%q %v", x.Error(), x.Saved())
		}
		if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("the file of the dialogue: %v", err)
		}
		for n := range of - 1 {
			if err := os.Remove(page(n+1, of)); err != nil {
				t.Fatal(err)
			}
		}
		x.KeepLeft()
		w.loop.Settle()
		x.Save(path, secret.Bytes{}) // the last of them is there already
		w.loop.Settle()
		if x.Error() == "" {
			t.Error("a picture was replaced")
		}
		list, err := left.List()
		if err != nil || len(list) != of-1 || !strings.Contains(x.Left(), page(of-1, of)) {
			t.Errorf("%d pictures of %d are remembered, %v; said is %q", len(list), of-1, err, x.Left())
		}
	})
}

// Going back to how things were says so only when they are.
func TestRestoreThatFails(t *testing.T) {
	inWorld(t, func(w *world) {
		data, err := exports.Tallystick.Write(vaulttest.Vault(t, vaulttest.Canonical()...), exports.Options{Passphrase: secret.FromString("words"), Now: noon, Work: 2})
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(t.TempDir(), "x.age")
		if err := os.WriteFile(file, data, 0o600); err != nil {
			t.Fatal(err)
		}
		w.withBackups("", vaulttest.Many(1)...)
		r := w.s.Restore()
		for name, do := range map[string]func(){"merge": r.Merge, "replace": r.Replace} {
			r.Choose(file)
			w.loop.Settle()
			r.Unlock(secret.FromString("words"))
			w.loop.Settle()
			w.vault.Fail("update", vault.ErrSave)
			do()
			w.loop.Settle()
			if r.Done() != "" || !strings.Contains(r.Error(), "could not be saved") || w.list.Total() != 1 {
				t.Errorf("%s: done %q, error %q, %d accounts", name, r.Done(), r.Error(), w.list.Total())
			}
			w.vault.Fail("update", nil)
		}
	})
}

func TestDeletingWhatAnExportLeft(t *testing.T) {
	inWorld(t, func(w *world) {
		dir := t.TempDir()
		file := filepath.Join(dir, "x.txt")
		if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
		r := exports.Reminders{Dir: t.TempDir()}
		if err := r.Add(exports.URIs, noon, file); err != nil {
			t.Fatal(err)
		}
		w.exports = r
		w.open("", vaulttest.Canonical()...)
		x := w.s.Export()
		if !strings.Contains(x.Left(), file) {
			t.Fatalf("%q", x.Left())
		}
		x.DeleteLeft()
		w.loop.Settle()
		if _, err := os.Stat(file); err == nil || x.Left() != "" {
			t.Errorf("%v %q", err, x.Left())
		}
	})
}

// What was deleted elsewhere is not spoken of any more when the window comes to the front.
func TestAnExportThatWasDeletedElsewhere(t *testing.T) {
	inWorld(t, func(w *world) {
		file := filepath.Join(t.TempDir(), "x.txt")
		if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
		r := exports.Reminders{Dir: t.TempDir()}
		if err := r.Add(exports.URIs, noon, file); err != nil {
			t.Fatal(err)
		}
		w.exports = r
		w.open("", vaulttest.Canonical()...)
		x := w.s.Export()
		x.CheckLeft()
		w.loop.Settle()
		if !strings.Contains(x.Left(), file) {
			t.Fatalf("%q", x.Left())
		}
		if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
		x.CheckLeft()
		w.loop.Settle()
		if x.Left() != "" {
			t.Errorf("%q", x.Left())
		}
	})
}
