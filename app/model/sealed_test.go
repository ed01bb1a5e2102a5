package model_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tallystick/tallystick/app/model"
	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/recovery"
	"github.com/tallystick/tallystick/vault/secret"
)

const recoveryPass = "two hands, not one"

// withSheet is an account with the keys of sheetText.
func withSheet(issuer string, n byte) vault.Account {
	a := manual(issuer, "maria")
	s, err := recovery.Parse(sheetText).Sheet(bytes.NewReader(bytes.Repeat([]byte{n}, 16)), noon)
	if err != nil {
		panic(err)
	}
	a.Recovery = recovery.Sheets{s}
	return a
}

// openRecovery types the passphrase and returns what was said.
func (w *world) openRecovery(pass string) (sentence string) {
	w.Helper()
	sentence = "nothing was said"
	w.s.OpenRecovery(secret.FromString(pass), func(s string) { sentence = s })
	w.loop.Settle()
	return sentence
}

func (w *world) setRecovery(old, next string) (sentence string) {
	w.Helper()
	sentence = "nothing was said"
	w.s.SetRecoveryPassphrase(secret.FromString(old), secret.FromString(next), func(s string) { sentence = s })
	w.loop.Settle()
	return sentence
}

// shownKeys are the texts that the model would show of an account.
func (w *world) shownKeys(id vault.ID) string {
	var out []string
	for _, s := range w.list.Sheets(id) {
		for _, k := range s.Keys {
			if s.Sealed != (k.Text == "") {
				w.Errorf("sealed %t, text %q", s.Sealed, k.Text)
			}
			out = append(out, k.Text)
		}
	}
	return strings.TrimSpace(strings.Join(out, " "))
}

const acmeKeys = "4f8a-91c2 77de-03b5 c01a-5e6f"

func TestSealedRecoveryKeys(t *testing.T) {
	inWorld(t, func(w *world) {
		ids := w.open("app lock", withSheet("Acme", 1), withSheet("Other", 2))
		if w.list.RecoverySealed() || w.shownKeys(ids[0]) != acmeKeys {
			t.Fatalf("sealed %t, %q", w.list.RecoverySealed(), w.shownKeys(ids[0]))
		}
		if got := w.setRecovery("", recoveryPass); got != "" || !w.list.RecoverySealed() {
			t.Fatalf("%q", got)
		}
		// Codes and counts are there; keys are not.
		sheet := w.list.Sheets(ids[0])[0]
		if r := w.list.Recovery(ids[0]); r.Left != 3 || r.Total != 3 || w.shownKeys(ids[0]) != "" || !sheet.Sealed || len(sheet.Keys) != 3 {
			t.Errorf("%+v, %q", r, w.shownKeys(ids[0]))
		}
		w.list.UseRecoveryKey(ids[0], sheet.ID, 0)
		w.loop.Settle()
		if n := w.notice(); !n.Error || w.list.Recovery(ids[0]).Left != 3 || len(w.clip.History()) != 0 {
			t.Errorf("a sealed key was used: %+v", n)
		}
		wantText(t, "wrong", w.openRecovery("wrong"), "not right")
		wantText(t, "the app lock's", w.openRecovery("app lock"), "not right")
		wantText(t, "empty", w.openRecovery(""), "sealed")
		if w.shownKeys(ids[0]) != "" {
			t.Fatal("open after a wrong passphrase")
		}
		if got := w.openRecovery(recoveryPass); got != "" || w.shownKeys(ids[0]) != acmeKeys || w.shownKeys(ids[1]) != acmeKeys {
			t.Fatalf("%q, %q", got, w.shownKeys(ids[0]))
		}

		// Copied and marked, undone.
		w.list.UseRecoveryKey(ids[0], sheet.ID, 1)
		w.loop.Settle()
		if w.clipboard() != "77de-03b5" || w.list.Recovery(ids[0]).Left != 2 || w.list.Recovery(ids[0]).Warning == "" {
			t.Errorf("copied %q, %+v", w.clipboard(), w.list.Recovery(ids[0]))
		}
		w.s.CloseRecovery()
		w.notice().Undo()
		w.loop.Settle()
		if w.list.Recovery(ids[0]).Left != 3 || w.shownKeys(ids[0]) != "" {
			t.Errorf("%+v, %q", w.list.Recovery(ids[0]), w.shownKeys(ids[0]))
		}

		// Another process adds a sheet while they are open: it is shown, too.
		w.openRecovery(recoveryPass)
		w.vault.Outside(func(v *vault.Vault) {
			a, _ := v.Account(ids[1])
			fresh := withSheet("x", 3).Recovery[0]
			fresh.Keys = fresh.Keys[:1]
			a.Recovery, _ = a.Recovery.Clone().Replace(fresh, noon)
			if err := v.Put(a, noon); err != nil {
				t.Error(err)
			}
		})
		w.loop.Settle()
		if got := w.shownKeys(ids[1]); got != "4f8a-91c2 "+acmeKeys {
			t.Errorf("after the change from outside %q", got)
		}
		// It changes the passphrase: what was opened opens nothing any longer.
		w.vault.Outside(func(v *vault.Vault) {
			if _, err := v.ForgetRecovery(); err != nil {
				t.Error(err)
			}
			a, _ := v.Account(ids[0])
			a.Recovery = withSheet("x", 4).Recovery
			if err := v.Put(a, noon); err != nil {
				t.Error(err)
			}
		})
		w.vault.SealRecovery("another")
		w.vault.Outside(func(*vault.Vault) {})
		w.loop.Settle()
		if got := w.shownKeys(ids[0]); got != "" {
			t.Errorf("with the key of another passphrase: %q", got)
		}
		w.openRecovery("another")

		// Locking closes them.
		if _, locked := w.s.Lock(); !locked {
			t.Fatal("not locked")
		}
		w.loop.Settle()
		w.s.Unlock(secret.FromString("app lock"))
		w.loop.Settle()
		if got := w.shownKeys(ids[0]); got != "" || w.list.Recovery(ids[0]).Left != 3 {
			t.Errorf("after locking %q", got)
		}
		wantText(t, "change", w.setRecovery("wrong", "x"), "not right")
		if got := w.setRecovery("another", ""); got != "" || w.list.RecoverySealed() || w.shownKeys(ids[0]) != acmeKeys {
			t.Errorf("removed: %q, %q", got, w.shownKeys(ids[0]))
		}
		wantText(t, "remove", w.setRecovery("another", ""), "No passphrase")
		wantText(t, "open", w.openRecovery("another"), "No passphrase")
	})
}

// A key that arrives after the vault was locked opens nothing for anybody.
func TestOpenRecoveryWhileLocking(t *testing.T) {
	inWorld(t, func(w *world) {
		ids := w.open("app lock", withSheet("Acme", 1))
		w.setRecovery("", recoveryPass)
		release := w.vault.Hold("open recovery")
		called := false
		w.s.OpenRecovery(secret.FromString(recoveryPass), func(string) { called = true })
		w.s.Lock()
		release()
		w.loop.Settle()
		w.s.Unlock(secret.FromString("app lock"))
		w.loop.Settle()
		if called || w.shownKeys(ids[0]) != "" {
			t.Errorf("called %t, %q", called, w.shownKeys(ids[0]))
		}
	})
}

func TestForgetRecovery(t *testing.T) {
	inWorld(t, func(w *world) {
		ids := w.open("", withSheet("Acme", 1))
		w.setRecovery("", recoveryPass)
		lost := 0
		w.s.ForgetRecovery(func(n int, sentence string) {
			if lost = n; sentence != "" {
				t.Error(sentence)
			}
		})
		w.loop.Settle()
		if lost != 3 || w.list.RecoverySealed() || len(w.list.Sheets(ids[0])) != 0 {
			t.Errorf("lost %d, %+v", lost, w.list.Sheets(ids[0]))
		}
	})
}

// A replaced sheet is deleted, and comes back with "Undo" until the vault is locked.
func TestRemoveSheet(t *testing.T) {
	inWorld(t, func(w *world) {
		a := withSheet("Acme", 1)
		a.Recovery[0].Dead = noon
		a.Recovery = append(a.Recovery, withSheet("Acme", 2).Recovery[0])
		a.Recovery[1].Added = noon.Add(time.Second)
		ids := w.open("app lock", a)
		dead, valid := w.list.Sheets(ids[0])[1].ID, w.list.Sheets(ids[0])[0].ID
		w.list.RemoveSheet(ids[0], valid)
		w.loop.Settle()
		if n := w.notice(); !n.Error || len(w.list.Sheets(ids[0])) != 2 {
			t.Errorf("a valid sheet: %+v", n)
		}
		w.list.RemoveSheet(ids[0], dead)
		w.loop.Settle()
		if len(w.list.Sheets(ids[0])) != 1 {
			t.Fatal("it is still there")
		}
		undo := w.notice().Undo
		undo()
		w.loop.Settle()
		if s := w.list.Sheets(ids[0]); len(s) != 2 || s[1].ID != dead || s[1].Keys[0].Text != "4f8a-91c2" {
			t.Errorf("%+v", s)
		}
		w.list.RemoveSheet(ids[0], dead)
		w.loop.Settle()
		w.s.Lock()
		w.loop.Settle()
		w.s.Unlock(secret.FromString("app lock"))
		w.loop.Settle()
		w.notice().Undo()
		w.loop.Settle()
		if s := w.list.Sheets(ids[0]); len(s) != 1 {
			t.Errorf("it came back after locking: %+v", s)
		}
	})
}

func TestPrintout(t *testing.T) {
	inWorld(t, func(w *world) {
		ids := w.open("", withSheet("Acme", 1), withSheet("Other", 2), totp("None", "x", 3))
		p := w.s.Printout()
		p.Begin(ids[0])
		if c := p.Choices(); len(c) != 2 || !c[0].Chosen || c[1].Chosen || c[0].Title == "" || c[0].Left != 3 || p.Chosen() != 1 {
			t.Fatalf("%+v", c)
		}
		dir := t.TempDir()
		path := filepath.Join(dir, "keys.pdf")
		save := func() []byte {
			t.Helper()
			if err := os.WriteFile(path, nil, 0o600); err != nil { // as the dialogue leaves it
				t.Fatal(err)
			}
			p.Save(path)
			w.loop.Settle()
			data, err := os.ReadFile(path)
			if err != nil || p.Saved() != path || p.Error() != "" {
				t.Fatalf("%v, saved %q, error %q", err, p.Saved(), p.Error())
			}
			return data
		}
		d, err := recovery.ReadBytes(w.Context(), save(), "keys.pdf")
		if err != nil || len(d.Keys) != 3 {
			t.Errorf("%d keys come back out of the PDF, %v", len(d.Keys), err)
		}
		if info, err := os.Stat(path); err != nil || info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%v %v", info.Mode(), err)
		}
		p.Save(path)
		w.loop.Settle()
		if p.Error() == "" {
			t.Error("a file was replaced")
		}
		p.Remove()
		w.loop.Settle()
		if _, err := os.Stat(path); err == nil || p.Saved() != "" || !p.Removed() {
			t.Errorf("saved %q, removed %t", p.Saved(), p.Removed())
		}

		// Sealed keys are not printed unless they are open.
		w.setRecovery("", recoveryPass)
		p.Begin(ids...)
		p.Save(path)
		w.loop.Settle()
		if _, err := os.Stat(path); err == nil || !strings.Contains(p.Error(), "sealed") {
			t.Errorf("error %q", p.Error())
		}
		w.openRecovery(recoveryPass)
		p.Choose(ids[0], false)
		save()
		p.Begin()
		p.Save(filepath.Join(dir, "none"))
		w.loop.Settle()
		if p.Error() == "" || p.Saved() != "" {
			t.Errorf("nothing chosen: %q %q", p.Error(), p.Saved())
		}
	})
}

// What is no sheet is named, and nothing of it repeated but a host.
func TestNotASheet(t *testing.T) {
	for text, want := range map[string]string{
		link("Acme", "maria", 1):              "authenticator account",
		"https://portal.example/a?b=c":        "a web address (portal.example), not a sheet of recovery keys.",
		"WIFI:S:net;T:WPA;P:hunter2;;":        "password of a Wi-Fi network, not a sheet of recovery keys.",
		"duo://ABCD-xyz":                      "Duo activation, not a sheet of recovery keys.",
		"otpauth-migration://offline?data=AA": "authenticator account",
		"Dear Maria, see you: on Monday":      "",
	} {
		got := model.NotASheet([]string{text}, want != "")
		if want == "" {
			got = model.NotASheet([]string{text}, false)
		}
		if !strings.Contains(got, want) || want == "" && got != "" || strings.Contains(got, "hunter2") || strings.Contains(got, "b=c") || strings.Contains(got, "ABCD") {
			t.Errorf("%q: %q", text, got)
		}
	}
	if got := model.NotASheet(nil, true); got != "" {
		t.Error(got)
	}
}
