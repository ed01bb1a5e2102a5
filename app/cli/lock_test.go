package cli

import (
	"context"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/app/platform"
	"github.com/tallystick/tallystick/vault/keys"
)

const (
	passOne = "correct horse battery staple"
	passTwo = "Tr0ub4dor & 3 ünïcödé"
)

func TestPassphrase(t *testing.T) {
	r := newRig(t)
	r.run("passphrase", "set").wants(t, statusNothing, "no vault here yet")
	r.add(linkRFC)
	r.run("passphrase").wants(t, statusUsage, "set, change or remove")
	r.run("passphrase", passOne).wants(t, statusUsage, "set, change or remove")
	r.run("passphrase", "set").wants(t, statusLocked, "--passphrase-stdin")
	r.with("\n\n", "passphrase", "set", "--passphrase-stdin").wants(t, statusUsage, "no passphrase on standard input")
	r.with(passOne+"\n"+passTwo, "passphrase", "set", "--passphrase-stdin").wants(t, statusUsage, "first line")
	r.with(passOne, "passphrase", "change", "--passphrase-stdin").wants(t, statusFailed, "No passphrase is set")
	r.with(passOne, "passphrase", "remove", "--passphrase-stdin").wants(t, statusFailed, "No passphrase is set")

	r.must(passOne+"\n", "--passphrase-stdin", "passphrase", "set")
	r.with(passOne, "passphrase", "set", "--passphrase-stdin").wants(t, statusFailed, "set already")

	opens := func(pass string, status int) {
		t.Helper()
		got := r.with(pass+"\n", "--passphrase-stdin", "code", "example", "--at", "1970-01-01T00:00:59Z")
		if got.status != status || (status == statusDone) != (got.out == "287082\n") {
			t.Errorf("%+v", got)
		}
	}
	opens(passOne, statusDone)
	opens(passOne+"\r", statusDone) // a line end of Windows
	opens(passTwo, statusLocked)
	opens("", statusLocked)
	r.run("code", "example").wants(t, statusLocked, "A passphrase is needed")
	got := r.with("wrong", "--passphrase-stdin", "list")
	got.wants(t, statusLocked, "not right")
	if strings.Count(got.err, "not right") != 1 {
		t.Errorf("tried again with nobody there: %q", got.err)
	}

	r.with("wrong\n"+passTwo, "--passphrase-stdin", "passphrase", "change").wants(t, statusLocked, "not right")
	r.with(passOne+"\n", "--passphrase-stdin", "passphrase", "change").wants(t, statusUsage, "second line")
	if got := r.must(passOne+"\n"+passTwo+"\n", "--passphrase-stdin", "passphrase", "change"); !strings.Contains(got.out, "is changed") {
		t.Errorf("it says %q", got.out)
	}
	opens(passOne, statusLocked)
	opens(passTwo, statusDone)

	r.with(passOne, "--passphrase-stdin", "passphrase", "remove").wants(t, statusLocked, "not right")
	if got := r.must(passTwo, "--passphrase-stdin", "passphrase", "remove"); !strings.Contains(got.out, "is removed") {
		t.Errorf("it says %q", got.out)
	}
	r.must("", "code", "example")
}

func TestPassphraseAtATerminal(t *testing.T) {
	r := newRig(t)
	r.add(linkRFC)
	r.at(passOne, passTwo).run("passphrase", "set").wants(t, statusFailed, "differ")
	r.at(passOne, passOne).must("", "passphrase", "set")

	r.at("wrong", "wrong", passOne).must("", "list")
	r.at("wrong", "wrong", "wrong").run("list").wants(t, statusLocked, "not right")
	r.at("").run("list").wants(t, statusLocked, "")

	r.at(passOne, passTwo, passTwo).must("", "passphrase", "change")
	r.at(passTwo).must("", "list")
	r.at(passTwo).must("", "passphrase", "remove")
	r.asked = nil
	r.at().must("", "list")
	if len(r.asked) != 0 {
		t.Errorf("asked %q", r.asked)
	}
}

func TestWithoutAKeyring(t *testing.T) {
	r := newRig(t)
	r.keyring.FailAll(keys.ErrNone)
	r.with(linkRFC, "add", "-").wants(t, statusLocked, "no keyring on this computer, so the vault needs a passphrase")
	r.with("\n"+linkRFC, "--passphrase-stdin", "add", "-").wants(t, statusLocked, "needs a passphrase")

	got := r.must(passOne+"\n"+linkRFC+"\n", "--passphrase-stdin", "add", "-")
	if !strings.Contains(got.err, "protected by the passphrase") {
		t.Errorf("%+v", got)
	}
	if out := r.must(passOne, "--passphrase-stdin", "code", "--at", "1970-01-01T00:00:59Z").out; out != "287082\n" {
		t.Errorf("printed %q", out)
	}
	if got := r.must(passOne+"\n"+passTwo+"\n", "--passphrase-stdin", "passphrase", "change"); !strings.Contains(got.out, "is changed") {
		t.Errorf("it says %q", got.out)
	}
	r.with(passTwo, "--passphrase-stdin", "passphrase", "remove").wants(t, statusFailed, "cannot be removed")
	r.must(passTwo, "--passphrase-stdin", "list")

	t.Run("at a terminal", func(t *testing.T) {
		r := newRig(t)
		r.keyring.FailAll(keys.ErrNone)
		r.at(linkRFC, passOne, passOne)
		got := r.with("", "add", "-")
		got.wants(t, statusDone, "Without it nobody can open the vault")
	})
}

// TestKeyringThatWentAway: the vault was made with a keyring. Nothing makes a new key.
func TestKeyringThatWentAway(t *testing.T) {
	r := newRig(t)
	r.add(linkRFC)
	before := snapshot(t, r.dir)
	r.keyring.FailAll(keys.ErrNone)
	r.run("code").wants(t, statusLocked, "no new key was made")
	r.with(linkOther, "add", "-").wants(t, statusLocked, "no new key was made")
	if snapshot(t, r.dir) != before {
		t.Error("the directory changed")
	}
}

// TestPassphraseForANewVault: given while the vault is made, it protects it.
func TestPassphraseForANewVault(t *testing.T) {
	r := newRig(t)
	r.must(passOne+"\n"+linkRFC, "--passphrase-stdin", "add", "-")
	r.run("list").wants(t, statusLocked, "A passphrase is needed")
	r.must(passOne, "--passphrase-stdin", "list")

	r = newRig(t)
	r.must("\n"+linkRFC, "--passphrase-stdin", "add", "-")
	r.must("", "list")
	// The line is taken where none is needed, too.
	r.must("anything\n"+linkOther, "--passphrase-stdin", "add", "-")
	if n := len(r.accounts()); n != 2 {
		t.Errorf("%d accounts", n)
	}
	r.must("whatever\nthe note", "--passphrase-stdin", "edit", "example", "--note-stdin")
	if note := r.accounts()[0].Note; note != "the note" {
		t.Errorf("note %q", note)
	}
}

func TestLock(t *testing.T) {
	r := newRig(t)
	r.run("lock").wants(t, statusNothing, "no vault")
	r.add(linkRFC)
	r.run("lock").wants(t, statusFailed, "nothing to lock with")
	if len(r.sent) != 0 {
		t.Error("the window was asked all the same")
	}
	r.must(passOne, "--passphrase-stdin", "passphrase", "set")
	if got := r.must("", "lock"); !strings.Contains(got.out, "locked already") || len(r.sent) != 1 || r.sent[0].Command != "lock" {
		t.Errorf("%+v, %v", got, r.sent)
	}
	answer := func(word string) result {
		r.env.Send = func(_ context.Context, dir string, _ platform.Request) (platform.Reply, error) {
			if dir != r.dir {
				t.Errorf("asked the window of %s", dir)
			}
			return platform.Reply{Word: word}, nil
		}
		return r.run("lock")
	}
	if got := answer(replyLocked); got.status != statusDone || got.out != "Locked.\n" {
		t.Errorf("%+v", got)
	}
	answer(replyNothingToLock).wants(t, statusFailed, "nothing to lock with")
	answer("").wants(t, statusFailed, "did not lock")
}
