package model_test

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tallystick/tallystick/app/model"
	"github.com/tallystick/tallystick/app/platform"
	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/secret"
)

func pass(s string) secret.Bytes { return secret.FromString(s) }

func TestFirstStartWithKeyring(t *testing.T) {
	inWorld(t, func(w *world) {
		w.begin()
		if w.s.State() != model.Setup || !w.s.KeyringWorks() || w.s.KeyringSentence() != "" {
			t.Fatalf("state %v, keyring %v %q", w.s.State(), w.s.KeyringWorks(), w.s.KeyringSentence())
		}
		if sentence, locked := w.s.Lock(); locked || !strings.Contains(sentence, "Nothing is open") || w.s.State() != model.Setup {
			t.Errorf("locked %v, %q, state %v, with no vault yet", locked, sentence, w.s.State())
		}
		w.s.Create(secret.Bytes{})
		if !w.s.Busy() {
			t.Error("not busy while the vault is made")
		}
		w.loop.Settle()
		if w.s.State() != model.Open || w.s.Busy() || w.s.HasPassphrase() {
			t.Errorf("state %v, busy %v, passphrase %v", w.s.State(), w.s.Busy(), w.s.HasPassphrase())
		}
	})
}

func TestFirstStartWithoutKeyring(t *testing.T) {
	inWorld(t, func(w *world) {
		w.vault.Keyring(vault.ErrNoKeyring)
		w.begin()
		if w.s.State() != model.Setup || w.s.KeyringWorks() {
			t.Fatalf("state %v, keyring %v", w.s.State(), w.s.KeyringWorks())
		}
		wantText(t, "sentence", w.s.KeyringSentence(), "no keyring", "passphrase")
		w.s.Create(secret.Bytes{})
		w.loop.Settle()
		if w.s.State() != model.Setup || w.s.Error() == "" || w.vault.Calls("create") != 0 {
			t.Errorf("a vault without any protection was asked for: state %v, error %q", w.s.State(), w.s.Error())
		}
		p := pass("correct horse")
		w.s.Create(p)
		w.loop.Settle()
		if w.s.State() != model.Open || !w.s.HasPassphrase() || w.s.Error() != "" {
			t.Errorf("state %v, passphrase %v, error %q", w.s.State(), w.s.HasPassphrase(), w.s.Error())
		}
		if !p.IsEmpty() {
			t.Error("the passphrase was not wiped")
		}
	})
}

func TestCreateFindsVaultMadeMeanwhile(t *testing.T) {
	inWorld(t, func(w *world) {
		w.begin()
		w.vault.Fill("", totp("Acme", "maria", 1))
		w.s.Create(secret.Bytes{})
		w.loop.Settle()
		if w.s.State() != model.Open || w.list.Total() != 1 {
			t.Errorf("state %v with %d accounts, want the vault that is there", w.s.State(), w.list.Total())
		}
	})
}

func TestOpensByItselfWithoutPassphrase(t *testing.T) {
	inWorld(t, func(w *world) {
		w.open("", totp("Acme", "maria", 1))
		w.wantTitles("Acme maria")
	})
}

func TestUnlock(t *testing.T) {
	inWorld(t, func(w *world) {
		w.vault.Fill("open sesame", totp("Acme", "maria", 1))
		w.begin()
		if w.s.State() != model.Locked || w.list.Total() != 0 {
			t.Fatalf("state %v with %d accounts", w.s.State(), w.list.Total())
		}
		wrong := pass("wrong")
		w.s.Unlock(wrong)
		w.loop.Settle()
		if w.s.State() != model.Locked || !wrong.IsEmpty() {
			t.Errorf("state %v, passphrase wiped %v", w.s.State(), wrong.IsEmpty())
		}
		wantText(t, "error", w.s.Error(), "passphrase is not right")
		w.s.Unlock(pass("open sesame"))
		if w.s.Error() != "" {
			t.Error("the old sentence is still shown while the next try runs")
		}
		w.loop.Settle()
		if w.s.State() != model.Open || w.list.Total() != 1 {
			t.Errorf("state %v with %d accounts", w.s.State(), w.list.Total())
		}
	})
}

func TestTroubles(t *testing.T) {
	older := vault.Generation{Path: "generations/1", Saved: noon.Add(-time.Hour), Bytes: 100}
	for _, c := range []struct {
		err         error
		title, text string
		retry       bool
		older       int
	}{
		{vault.ErrKeyLocked, "keyring is locked", "Unlock the keyring", true, 0},
		{vault.ErrKeyMissing, "not in the keyring", "no new key was made", true, 0},
		{vault.ErrNoKeyring, "no keyring", "Start the keyring", true, 0},
		{vault.ErrNewer, "newer", "Update Tallystick", false, 0},
		{vault.ErrBusy, "Another program", "Close it", true, 0},
		{vault.ErrDamaged, "damaged", "older copy", true, 1},
		{context.DeadlineExceeded, "cannot be opened", "too long", true, 0},
	} {
		t.Run(fmt.Sprint(c.err), func(t *testing.T) {
			inWorld(t, func(w *world) {
				w.vault.Fill("", totp("Acme", "maria", 1))
				w.vault.Older(older)
				w.vault.Fail("unlock", fmt.Errorf("wrapped: %w", c.err))
				w.begin()
				p := w.s.Problem()
				if w.s.State() != model.Trouble || p.CanRetry != c.retry || len(p.Generations) != c.older {
					t.Errorf("state %v, problem %+v", w.s.State(), p)
				}
				wantText(t, "title", p.Title, c.title)
				wantText(t, "text", p.Text, c.text)
				// Never a new vault over the one that is there, whatever is pressed.
				w.s.Create(pass("new"))
				w.s.Unlock(pass("new"))
				w.loop.Settle()
				if w.vault.Calls("create") != 0 || w.s.State() != model.Trouble {
					t.Errorf("create was called %d times, state %v", w.vault.Calls("create"), w.s.State())
				}
				w.vault.Fail("unlock", nil)
				w.s.Retry()
				w.loop.Settle()
				if w.s.State() != model.Open || w.list.Total() != 1 {
					t.Errorf("after retry: state %v with %d accounts", w.s.State(), w.list.Total())
				}
			})
		})
	}
}

func TestStatusThatFailsIsTrouble(t *testing.T) {
	inWorld(t, func(w *world) {
		w.vault.Fail("status", vault.ErrDamaged)
		w.begin()
		if w.s.State() != model.Trouble {
			t.Errorf("state %v: a damaged vault must not look like none", w.s.State())
		}
	})
}

func TestRestoreGeneration(t *testing.T) {
	older := vault.Generation{Path: "generations/1", Saved: noon.Add(-time.Hour), Bytes: 100}
	inWorld(t, func(w *world) {
		w.vault.Fill("open sesame", totp("Acme", "maria", 1))
		w.vault.Older(older)
		w.vault.Fail("unlock", vault.ErrDamaged)
		w.begin()
		w.s.Unlock(pass("open sesame"))
		w.loop.Settle()
		if p := w.s.Problem(); w.s.State() != model.Trouble || !p.NeedPassphrase || len(p.Generations) != 1 {
			t.Fatalf("state %v, problem %+v", w.s.State(), p)
		}
		w.s.RestoreGeneration(older, pass("wrong"))
		w.loop.Settle()
		if w.s.State() != model.Trouble || !strings.Contains(w.s.Error(), "not right") {
			t.Errorf("state %v, error %q", w.s.State(), w.s.Error())
		}
		w.s.RestoreGeneration(older, pass("open sesame"))
		w.loop.Settle()
		if w.s.State() != model.Open || w.list.Total() != 1 {
			t.Errorf("state %v with %d accounts", w.s.State(), w.list.Total())
		}
	})
}

func TestKeyringStoppedBehindAppLock(t *testing.T) {
	inWorld(t, func(w *world) {
		w.vault.Fill("open sesame", totp("Acme", "maria", 1))
		w.vault.Keyring(vault.ErrNoKeyring)
		w.begin()
		if w.s.State() != model.Locked {
			t.Fatalf("state %v", w.s.State())
		}
		wantText(t, "error", w.s.Error(), "keyring is not running")
	})
}

func TestLock(t *testing.T) {
	inWorld(t, func(w *world) {
		w.open("")
		sentence, locked := w.s.Lock()
		if locked || w.s.State() != model.Open {
			t.Errorf("locked %v, state %v, with nothing to lock with", locked, w.s.State())
		}
		wantText(t, "sentence", sentence, "nothing to lock with")
	})
	inWorld(t, func(w *world) {
		w.open("open sesame", totp("Acme", "maria", 1))
		if sentence, locked := w.s.Lock(); !locked || sentence != "" {
			t.Errorf("locked %v, %q", locked, sentence)
		}
		if w.s.State() != model.Locked || w.list.Len() != 0 {
			t.Errorf("state %v, %d rows, before anything slow could run", w.s.State(), w.list.Len())
		}
		w.loop.Settle()
		if w.vault.Unlocked() {
			t.Error("the vault still has its keys")
		}
		w.s.Unlock(pass("open sesame"))
		w.loop.Settle()
		if w.s.State() != model.Open || w.list.Len() != 1 {
			t.Errorf("state %v, %d rows", w.s.State(), w.list.Len())
		}
	})
}

// Another process sets a passphrase and asks for the lock at once, before the window looked at the vault again.
func TestLockAsAskedByAnotherProcess(t *testing.T) {
	inWorld(t, func(w *world) {
		w.open("", totp("Acme", "maria", 1))
		var answers []bool
		ask := func() {
			w.s.LockAsAsked(func(locked bool) { answers = append(answers, locked) })
			w.loop.Settle()
		}
		ask()
		if !slices.Equal(answers, []bool{false}) || w.s.State() != model.Open {
			t.Fatalf("answers %v, state %v, with nothing to lock with", answers, w.s.State())
		}
		if err := w.vault.SetPassphrase(t.Context(), secret.Bytes{}, pass("open sesame")); err != nil {
			t.Fatal(err)
		}
		ask()
		if !slices.Equal(answers, []bool{false, true}) || w.s.State() != model.Locked || w.vault.Unlocked() {
			t.Fatalf("answers %v, state %v, unlocked %v", answers, w.s.State(), w.vault.Unlocked())
		}
		ask()
		if !slices.Equal(answers, []bool{false, true, true}) {
			t.Fatalf("answers %v, when it was locked", answers)
		}
	})
}

func TestUnlockRightAfterLock(t *testing.T) {
	inWorld(t, func(w *world) {
		w.open("open sesame", totp("Acme", "maria", 1))
		release := w.vault.Hold("lock")
		w.s.Lock()
		w.s.Unlock(pass("open sesame"))
		release()
		w.loop.Settle()
		if w.s.State() != model.Open || !w.vault.Unlocked() || w.list.Len() != 1 {
			t.Errorf("state %v, unlocked %v, %d rows", w.s.State(), w.vault.Unlocked(), w.list.Len())
		}
	})
}

// A save that a lock overtakes is saved, and its result is not shown.
func TestLockWhileSaving(t *testing.T) {
	inWorld(t, func(w *world) {
		ids := w.open("open sesame", totp("Acme", "maria", 1))
		release := w.vault.Hold("update")
		w.list.SetFavourite(ids[0], true)
		w.s.Lock()
		release()
		w.loop.Settle()
		if w.list.Len() != 0 || w.s.State() != model.Locked || w.vault.Unlocked() {
			t.Fatalf("%d rows, state %v, unlocked %v", w.list.Len(), w.s.State(), w.vault.Unlocked())
		}
		w.s.Unlock(pass("open sesame"))
		w.loop.Settle()
		if !w.row(ids[0]).Favourite {
			t.Error("the save was lost")
		}
	})
}

// canary is what must not be reachable after a lock.
const (
	canaryIssuer = "CanaryIssuer"
	canaryKey    = "canary-key-0123456789"
)

func TestLockDropsEverything(t *testing.T) {
	inWorld(t, func(w *world) {
		a := totp(canaryIssuer, canaryIssuer+"Name", 1)
		a.Params.Secret = secret.FromString(canaryKey)
		a.Tags, a.Note = []string{canaryIssuer + "Tag"}, canaryIssuer+" note"
		gone := totp(canaryIssuer+"Trash", "x", 2)
		gone.Params.Secret = secret.FromString(canaryKey + "2")
		ids := w.open("open sesame", a, gone)
		w.list.Remove(ids[1])
		w.loop.Settle()
		w.list.SetQuery("canaryissuer")
		w.list.Select(ids[0])
		w.list.Row(0)
		w.list.Copy(ids[0])
		w.add.ReadText("otpauth://totp/" + canaryIssuer + ":x?secret=MNQW4YLSPEWWWZLZFUYDCMRTGQ2TMNZYHEZQ&issuer=" + canaryIssuer)
		w.loop.Settle()
		if w.add.Stage() != model.Found {
			t.Fatalf("stage %v: %s", w.add.Stage(), w.add.Reason())
		}
		draftKey := w.add.Draft().Params.Secret
		w.add.Back()
		w.add.TypeKey()
		w.add.SetForm(model.Form{Issuer: canaryIssuer, Key: "MNQW4YLSPE", Kind: "totp", Algorithm: "SHA1", Digits: "6", Period: "30"})
		w.loop.Settle()
		if found := reachable(w.s); len(found) == 0 {
			t.Fatal("the search for canaries is blind: it finds none while the vault is open")
		}

		w.s.Lock()
		w.loop.Settle()
		w.notices = nil
		if found := reachable(w.s); len(found) > 0 {
			t.Errorf("after a lock these are still reachable: %q", found)
		}
		if !draftKey.IsEmpty() {
			t.Error("the key of the draft was not wiped")
		}
		if w.list.Len() != 0 || w.list.Total() != 0 || len(w.list.Trash()) != 0 || len(w.list.Tags()) != 0 ||
			w.list.Query() != "" || !reflect.DeepEqual(w.list.Row(0), model.Row{}) || w.list.Edit(ids[0]) != nil {
			t.Error("the list still shows something")
		}
		if w.add.Active() || w.add.Form() != (model.Form{}) || len(w.add.Candidates()) != 0 {
			t.Error("the add flow still shows something")
		}
		if _, ok := w.list.Selected(); ok {
			t.Error("something is still selected")
		}
		if got := w.clipboard(); got != "" {
			t.Errorf("the clipboard still holds %q", got)
		}
	})
}

// reachable walks everything a session points to, but for what it was given from
// outside, and returns the texts that contain a canary.
func reachable(s *model.Session) []string {
	var found []string
	seen := map[uintptr]bool{}
	var walk func(v reflect.Value)
	walk = func(v reflect.Value) {
		switch v.Kind() {
		case reflect.String:
			if strings.Contains(strings.ToLower(v.String()), "canary") || strings.Contains(v.String(), "MNQW4YLSPE") {
				found = append(found, v.String())
			}
		case reflect.Pointer:
			if !v.IsNil() && !seen[v.Pointer()] {
				seen[v.Pointer()] = true
				walk(v.Elem())
			}
		case reflect.Interface:
			if !v.IsNil() {
				walk(v.Elem())
			}
		case reflect.Struct:
			if v.Type() == reflect.TypeFor[model.Deps]() || strings.HasPrefix(v.Type().String(), "context.") {
				return
			}
			for i := range v.NumField() {
				walk(v.Field(i))
			}
		case reflect.Slice:
			if v.Type().Elem().Kind() == reflect.Uint8 {
				if b := string(v.Bytes()); strings.Contains(b, "canary") {
					found = append(found, b)
				}
				return
			}
			if full := v.Cap(); full > 0 && v.CanSet() {
				v = v.Slice(0, full)
			}
			for i := range v.Len() {
				walk(v.Index(i))
			}
		case reflect.Array:
			for i := range v.Len() {
				walk(v.Index(i))
			}
		case reflect.Map:
			for it := v.MapRange(); it.Next(); {
				walk(it.Key())
				walk(it.Value())
			}
		}
	}
	walk(reflect.ValueOf(s))
	return found
}

func TestConfirm(t *testing.T) {
	inWorld(t, func(w *world) {
		w.open("")
		called := false
		w.s.Confirm(secret.Bytes{}, func(ok bool, sentence string) { called = ok && sentence == "" })
		if !called {
			t.Error("without a passphrase it must be confirmed at once")
		}
	})
	inWorld(t, func(w *world) {
		w.open("open sesame")
		var answers []bool
		var last string
		answer := func(ok bool, sentence string) { answers, last = append(answers, ok), sentence }
		w.s.Confirm(pass("wrong"), answer)
		w.loop.Settle()
		wantText(t, "sentence", last, "not right")
		w.s.Confirm(pass("open sesame"), answer)
		w.loop.Settle()
		if len(answers) != 2 || answers[0] || !answers[1] || last != "" {
			t.Errorf("answers %v, %q", answers, last)
		}
		// A lock while the passphrase is checked: the picture of the key is not shown.
		release := w.vault.Hold("verify")
		w.s.Confirm(pass("open sesame"), answer)
		w.s.Lock()
		release()
		w.loop.Settle()
		if len(answers) != 2 || w.s.Busy() {
			t.Errorf("answers %v, busy %v", answers, w.s.Busy())
		}
	})
}

func TestSetPassphrase(t *testing.T) {
	inWorld(t, func(w *world) {
		w.open("")
		var sentence string
		done := func(s string) { sentence = s + "." }
		w.s.SetPassphrase(secret.Bytes{}, pass("open sesame"), done)
		w.loop.Settle()
		if sentence != "." || !w.s.HasPassphrase() {
			t.Errorf("%q, has passphrase %v", sentence, w.s.HasPassphrase())
		}
		w.s.SetPassphrase(pass("wrong"), pass("other"), done)
		w.loop.Settle()
		wantText(t, "sentence", sentence, "not right")
		w.vault.Keyring(vault.ErrNoKeyring)
		w.s.SetPassphrase(pass("open sesame"), secret.Bytes{}, done)
		w.loop.Settle()
		wantText(t, "sentence", sentence, "cannot be removed")
		w.vault.Keyring(nil)
		w.s.SetPassphrase(pass("open sesame"), secret.Bytes{}, done)
		w.loop.Settle()
		if sentence != "." || w.s.HasPassphrase() {
			t.Errorf("%q, has passphrase %v", sentence, w.s.HasPassphrase())
		}
	})
}

func TestChangeFromOutside(t *testing.T) {
	inWorld(t, func(w *world) {
		ids := w.open("", totp("Acme", "maria", 1), totp("Beta", "maria", 2))
		w.list.Select(ids[1])
		before := w.changes
		w.vault.Outside(func(v *vault.Vault) {
			if _, err := v.Add(totp("Aardvark", "maria", 3), strings.NewReader(strings.Repeat("z", 64)), noon); err != nil {
				t.Error(err)
			}
		})
		w.loop.Settle()
		w.wantTitles("Aardvark maria", "Acme maria", "Beta maria")
		if id, ok := w.list.Selected(); !ok || id != ids[1] {
			t.Errorf("selected %q, %v", id, ok)
		}
		if w.changes != before+1 {
			t.Errorf("%d changes told, want 1", w.changes-before)
		}
	})
}

// Our own saves come back as news; they must not redraw the list a second time.
func TestOwnChangeIsToldOnce(t *testing.T) {
	inWorld(t, func(w *world) {
		ids := w.open("", totp("Acme", "maria", 1))
		before := w.changes
		w.list.SetFavourite(ids[0], true)
		w.loop.Settle()
		if w.changes != before+1 {
			t.Errorf("%d changes told, want 1", w.changes-before)
		}
	})
}

func TestFileDamagedFromOutside(t *testing.T) {
	inWorld(t, func(w *world) {
		w.open("", totp("Acme", "maria", 1))
		w.vault.Fail("reload", vault.ErrDamaged)
		w.vault.Outside(func(*vault.Vault) {})
		w.loop.Settle()
		if w.s.State() != model.Open || w.list.Len() != 1 {
			t.Errorf("state %v, %d rows: what is in memory must stay", w.s.State(), w.list.Len())
		}
		if n := w.notice(); !n.Error || !strings.Contains(n.Text, "damaged") {
			t.Errorf("notice %+v", n)
		}
	})
}

func TestLockedFromOutside(t *testing.T) {
	inWorld(t, func(w *world) {
		w.open("open sesame", totp("Acme", "maria", 1))
		w.vault.OutsideLock()
		w.loop.Settle()
		if w.s.State() != model.Locked || w.list.Len() != 0 {
			t.Errorf("state %v, %d rows", w.s.State(), w.list.Len())
		}
	})
}

func TestPassphraseSetFromOutside(t *testing.T) {
	inWorld(t, func(w *world) {
		w.open("", totp("Acme", "maria", 1))
		w.vault.OutsidePassphrase("open sesame")
		w.loop.Settle()
		if !w.s.HasPassphrase() {
			t.Fatal("the new passphrase was not noticed")
		}
		if _, locked := w.s.Lock(); !locked {
			t.Error("cannot be locked with it")
		}
	})
}

func TestCloseSavesAndClears(t *testing.T) {
	inWorld(t, func(w *world) {
		ids := w.open("", totp("Acme", "maria", 1))
		w.list.Copy(ids[0])
		w.loop.Settle()
		p := w.s.Settings().Prefs()
		p.Theme = "dark"
		w.s.Settings().Set(p)
		if w.clipboard() == "" {
			t.Fatal("nothing was copied")
		}
		w.s.Close()
		// Nothing is posted any more, so everything has to be done by now.
		if w.clipboard() != "" {
			t.Error("the code is still on the clipboard")
		}
		w.vault.Content(func(v *vault.Vault) {
			if a, _ := v.Account(ids[0]); !a.Used.Equal(noon) {
				t.Errorf("used %v", a.Used)
			}
		})
		if stored, _ := w.settings.Load(); stored.Theme != "dark" {
			t.Errorf("stored settings %+v", stored)
		}
		w.s.Close() // a second time is harmless
	})
}

// A store that hangs must not keep the window from closing.
func TestCloseDoesNotWaitForEver(t *testing.T) {
	inWorld(t, func(w *world) {
		ids := w.open("", totp("Acme", "maria", 1))
		release := w.vault.Hold("update")
		w.list.SetFavourite(ids[0], true)
		began := time.Now()
		w.s.Close()
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("closing took %v", took)
		}
		release()
	})
}

func TestLeaving(t *testing.T) {
	for _, c := range []struct {
		pass        string
		lockOnSleep bool
		want        model.State
	}{
		{"open sesame", true, model.Locked},
		{"open sesame", false, model.Open},
		{"", true, model.Open},
	} {
		t.Run(fmt.Sprintf("%q %v", c.pass, c.lockOnSleep), func(t *testing.T) {
			inWorld(t, func(w *world) {
				ids := w.open(c.pass, totp("Acme", "maria", 1))
				p := w.s.Settings().Prefs()
				p.LockOnSleep = c.lockOnSleep
				w.s.Settings().Set(p)
				w.list.Copy(ids[0])
				w.loop.Settle()
				w.s.Left(platform.Sleeping)
				w.loop.Settle()
				if w.s.State() != c.want {
					t.Errorf("state %v, want %v", w.s.State(), c.want)
				}
				if w.clipboard() != "" {
					t.Error("the code is still on the clipboard")
				}
			})
		})
	}
}

// What changes between the reading and the watching is not missed.
func TestChangeBeforeWatching(t *testing.T) {
	inWorld(t, func(w *world) {
		release := w.vault.Hold("watch")
		w.open("", totp("Acme", "maria", 1))
		w.vault.Outside(func(v *vault.Vault) {
			if _, err := v.Add(totp("Beta", "maria", 3), strings.NewReader(strings.Repeat("z", 64)), noon); err != nil {
				t.Error(err)
			}
		})
		release()
		w.loop.Settle()
		w.wantTitles("Acme maria", "Beta maria")
	})
}
