package model_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tallystick/tallystick/app/apptest"
	"github.com/tallystick/tallystick/app/model"
	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/otp"
	"github.com/tallystick/tallystick/vault/secret"
	"github.com/tallystick/tallystick/vault/share"
	"github.com/tallystick/tallystick/vault/share/pack"
	"github.com/tallystick/tallystick/vault/share/pack/shelf"
	"github.com/tallystick/tallystick/vault/share/team"
)

// packAccounts are one of each kind.
func packAccounts() []vault.Account {
	eight := totp("Harbour PBX", "anna", 3)
	eight.Params.Digits, eight.Params.Period = 8, 60
	return []vault.Account{
		totp("Qontak", "agent07", 1),
		{Issuer: "Steam", Name: "maria", Params: otp.New(otp.Steam, key(2))},
		eight,
		hotp("Warehouse VPN", "maria", 4),
		manual("Bank", "shop"),
	}
}

// makePack makes a pack of accounts to a key, in the session of w, and returns its file.
func makePack(w *world, life time.Duration, to string, ids ...vault.ID) string {
	w.Helper()
	m := w.s.PackMaker()
	m.Begin(ids...)
	m.SetLife(life)
	path := filepath.Join(w.TempDir(), m.FileName())
	m.Save(path, model.NewPack{By: " Maria\u202e ", Lock: model.PackByKey, Key: to})
	w.loop.Settle()
	if m.Error() != "" {
		w.Fatal(m.Error())
	}
	return path
}

// read opens a pack and returns it.
func readPack(w *world, path string) model.GuestPack {
	w.Helper()
	w.s.Packs().Read(path)
	w.loop.Settle()
	id, ok := w.s.Packs().TakeOpened()
	if !ok {
		w.Fatalf("not opened: %q", w.s.Packs().Error())
	}
	g, ok := w.s.Packs().Get(id)
	if !ok {
		w.Fatal("opened and gone")
	}
	return g
}

func shelfKey(w *world, s shelf.Shelf) string {
	w.Helper()
	k, err := s.Key()
	if err != nil {
		w.Fatal(err)
	}
	return k
}

// TestPackShowsWhatTheAccountShows: every second of a pack is what the accounts show, in the row, for copying and as the next code.
func TestPackShowsWhatTheAccountShows(t *testing.T) {
	dir := t.TempDir()
	inWorld(t, func(w *world) {
		own := apptest.Shelf(dir)
		w.packs = own
		ids := w.open("", packAccounts()...)
		path := makePack(w, time.Hour, shelfKey(w, own), ids[:3]...)
		g := readPack(w, path)
		if g.Title != "Codes from Maria" || g.From != "Maria" || g.State != model.PackRunning || !g.Kept {
			t.Errorf("%+v", g)
		}
		if !slices.Equal(g.Accounts, []string{"Qontak (agent07)", "Steam (maria)", "Harbour PBX (anna)"}) {
			t.Errorf("accounts %q", g.Accounts)
		}
		packs := w.s.Packs()
		for range 130 {
			for i, id := range ids[:3] {
				want, got := w.row(id), packs.Row(g.ID, i)
				if got.Code != want.Code || got.Code == "" || got.Next != want.Next || got.Remaining != want.Remaining || got.Period != want.Period ||
					got.Digits != want.Digits || got.Kind != want.Kind || got.Issuer != want.Issuer || got.Name != want.Name {
					t.Fatalf("at %s: %+v, want %+v", w.loop.Now(), got, want)
				}
			}
			w.tick(1)
		}
		if packs.Len(g.ID) != 3 || packs.Row(g.ID, 3).Code != "" || packs.Row(g.ID, -1).Code != "" || packs.Row(g.ID+1, 0).Code != "" {
			t.Error("there is more than the three")
		}
		// Copying gives the code on show, and the next one in the last three seconds.
		packs.Copy(g.ID, 0)
		w.loop.Settle()
		if got := w.clipboard(); got != w.row(ids[0]).Code {
			t.Errorf("copied %q", got)
		}
		if row := packs.Row(g.ID, 0); !row.Copied || packs.Row(g.ID, 1).Copied {
			t.Errorf("%+v", row)
		}
		next := codeAt(t, packAccounts()[0], w.loop.Now().Add(30*time.Second))
		packs.CopyNext(g.ID, 0)
		w.loop.Settle()
		if got := w.clipboard(); got != next {
			t.Errorf("copied %q, want the next one %q", got, next)
		}
		for w.row(ids[0]).Remaining > 2 {
			w.tick(1)
		}
		want := codeAt(t, packAccounts()[0], w.loop.Now().Add(5*time.Second))
		packs.Copy(g.ID, 0)
		w.loop.Settle()
		if got := w.clipboard(); got != want {
			t.Errorf("copied %q at the end of the step, want the next one %q", got, want)
		}
		w.tick(31)
		if got := w.clipboard(); got != "" {
			t.Errorf("%q stays on the clipboard", got)
		}
	})
}

// TestPackEnds: what is said and shown before, within and after the time of a pack.
func TestPackEnds(t *testing.T) {
	dir := t.TempDir()
	inWorld(t, func(w *world) {
		own := apptest.Shelf(dir)
		w.packs = own
		ids := w.open("", packAccounts()...)
		path := makePack(w, 8*time.Hour, shelfKey(w, own), ids[0])
		g := readPack(w, path)
		packs := w.s.Packs()
		if g.Head != "Until 20:00 today" || g.Text != "8 h left." {
			t.Errorf("%q %q", g.Head, g.Text)
		}
		at := func(when time.Time) model.GuestPack {
			w.loop.Jump(when)
			g, _ := packs.Get(g.ID)
			return g
		}
		if g := at(noon.Add(7*time.Hour + 30*time.Minute)); g.Text != "30 min left." {
			t.Errorf("%+v", g)
		}
		// The last second, and no next code beyond it.
		last := at(noon.Add(8*time.Hour - time.Second))
		if last.State != model.PackRunning || last.Text != "Less than a minute left." || packs.Row(g.ID, 0).Code != codeAt(t, packAccounts()[0], w.loop.Now()) || packs.Row(g.ID, 0).Next != "" {
			t.Errorf("%+v %+v", last, packs.Row(g.ID, 0))
		}
		packs.CopyNext(g.ID, 0)
		w.loop.Settle()
		wantText(t, "the code after the last one", w.notice().Text, "runs out")
		if _, _, ok := packs.Running(); !ok {
			t.Error("it is not offered in its last second")
		}
		// Over: at the very moment, and also within the step that its last code would have lasted.
		for _, after := range []time.Duration{8 * time.Hour, 8*time.Hour + 10*time.Second, 30 * time.Hour} {
			g := at(noon.Add(after))
			if g.State != model.PackOver || packs.Len(g.ID) != 0 || packs.Row(g.ID, 0).Code != "" || !strings.HasPrefix(g.Head, "Ran out at 20:00 ") {
				t.Errorf("after %s: %+v, %d rows", after, g, packs.Len(g.ID))
			}
			was := w.clipboard()
			packs.Copy(g.ID, 0)
			w.loop.Settle()
			if got := w.clipboard(); got != was {
				t.Errorf("copied %q from what has run out", got)
			}
		}
		if _, _, ok := packs.Running(); ok {
			t.Error("it is still offered")
		}
		// A clock that is a little behind the maker's matters nothing, one that is far behind is named.
		if g := at(noon.Add(-9 * time.Minute)); g.State != model.PackRunning || packs.Row(g.ID, 0).Code == "" {
			t.Errorf("%+v", g)
		}
		g = at(noon.Add(-3 * time.Hour))
		if g.State != model.PackNotYet || g.Mood != model.MoodWarning || packs.Len(g.ID) != 0 || g.Head != "Not yet: from 11:50 today" {
			t.Errorf("%+v", g)
		}
		wantText(t, "too early", g.Text, "09:00 on 3 June 2026", "clock is wrong")
	})
}

// TestPackFollowsTheCorrectedClock: codes are made for the corrected time where the person agreed to that.
func TestPackFollowsTheCorrectedClock(t *testing.T) {
	dir := t.TempDir()
	inWrongWorld(t, 95*time.Second, func(w *wrong) {
		own := apptest.Shelf(dir)
		w.packs = own
		list := packAccounts()
		ids := w.open("", list...)
		g := readPack(w.world, makePack(w.world, time.Hour, shelfKey(w.world, own), ids[0]))
		d := w.s.Doctor()
		d.Measure("time.example")
		w.loop.Settle()
		d.Apply()
		w.loop.Settle()
		want := codeAt(t, list[0], w.right())
		if got := w.s.Packs().Row(g.ID, 0).Code; got != want || want == codeAt(t, list[0], w.loop.Now()) {
			t.Errorf("code %s, want %s", got, want)
		}
	})
}

// TestPackStaysForTheNextStart, and is gone from memory while the vault is locked.
func TestPackStaysForTheNextStart(t *testing.T) {
	dir := t.TempDir()
	own := apptest.Shelf(dir)
	file := ""
	inWorld(t, func(w *world) {
		w.packs = own
		ids := w.open("pass", packAccounts()...)
		file = makePack(w, 8*time.Hour, shelfKey(w, own), ids[0], ids[1])
		readPack(w, file)
		if got := readPack(w, file); got.ID != 1 || len(w.s.Packs().List()) != 1 {
			t.Errorf("opened twice it is there %d times", len(w.s.Packs().List()))
		}
		if _, locked := w.s.Lock(); !locked {
			t.Fatal("not locked")
		}
		w.loop.Settle()
		if got := w.s.Packs().List(); len(got) != 0 || w.s.Packs().Row(1, 0).Code != "" {
			t.Errorf("locked, and there are %v", got)
		}
		if w.s.Packs().CanRead(); w.s.Packs().CanRead() {
			t.Error("a pack can be opened while the vault is locked")
		}
		w.s.Unlock(secret.FromString("pass"))
		w.loop.Settle()
		if got := w.s.Packs().List(); len(got) != 1 || got[0].Title != "Codes from Maria" {
			t.Errorf("unlocked, and there are %v", got)
		}
	})
	inWorld(t, func(w *world) {
		w.packs = own
		w.open("", totp("Own", "", 9))
		list := w.s.Packs().List()
		if len(list) != 1 || !list[0].Kept || w.s.Packs().Row(list[0].ID, 0).Code != codeAt(t, packAccounts()[0], noon) {
			t.Fatalf("%v", list)
		}
		if w.list.Total() != 1 {
			t.Errorf("%d accounts: the pack is among them", w.list.Total())
		}
		w.s.Packs().Remove(list[0].ID)
		w.loop.Settle()
		if len(w.s.Packs().List()) != 0 {
			t.Error("not removed")
		}
	})
	inWorld(t, func(w *world) {
		w.packs = own
		w.open("", totp("Own", "", 9))
		if got := w.s.Packs().List(); len(got) != 0 {
			t.Errorf("removed, and back after a restart: %v", got)
		}
	})
}

// TestPackBeforeThereIsAVault: a guest opens a pack at the first start, and keeps it when there is a vault.
func TestPackBeforeThereIsAVault(t *testing.T) {
	if testing.Short() {
		t.Skip("derives keys at full cost")
	}
	dir := t.TempDir()
	file, words := "", ""
	inWorld(t, func(w *world) {
		ids := w.open("", packAccounts()...)
		m := w.s.PackMaker()
		m.Begin(ids[0], ids[2])
		words = m.Words()
		file = filepath.Join(t.TempDir(), "codes")
		m.Save(file, model.NewPack{By: "Maria", Lock: model.PackByWords})
		w.loop.Settle()
		saved, ok := m.Saved()
		if !ok || saved.File != "codes.tallypack" || saved.Until != "20:00 today" || m.Error() != "" {
			t.Fatalf("%+v %q", saved, m.Error())
		}
		if m.Words() != words {
			t.Error("the words changed")
		}
		file += ".tallypack"
	})
	if len(strings.Fields(words)) != 6 {
		t.Fatalf("words %q", words)
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(file); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info.Mode(), err)
	}
	for _, word := range []string{string(key(1).Reveal()), "Qontak", "Maria", "agent07", "tallystick-test-key", words} {
		if bytes.Contains(raw, []byte(word)) {
			t.Errorf("%q stands in the file", word)
		}
	}
	// Inside, too, there is no key.
	p, err := pack.OpenPassphrase(raw, secret.FromString(words))
	if err != nil {
		t.Fatal(err)
	}
	defer p.Wipe()
	own := apptest.Shelf(dir)
	k, err := own.Key()
	if err != nil {
		t.Fatal(err)
	}
	resealed, err := p.SealTo(k)
	if err != nil {
		t.Fatal(err)
	}
	inside, err := own.Vault.OpenBeside(resealed)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{1, 3} {
		for _, form := range [][]byte{key(n).Reveal(), []byte("tallystick-test-key")} {
			if bytes.Contains(inside.Reveal(), form) {
				t.Error("a key is in the pack")
			}
		}
	}
	if !bytes.Contains(inside.Reveal(), []byte("Qontak")) {
		t.Error("this test looks at something else")
	}

	inWorld(t, func(w *world) {
		w.packs = own
		w.begin()
		if w.s.State() != model.Setup {
			t.Fatalf("state %v", w.s.State())
		}
		packs := w.s.Packs()
		packs.Read(file)
		w.loop.Settle()
		if name, ok := packs.Asking(); !ok || name != "codes.tallypack" {
			t.Fatalf("%q %v: %s", name, ok, packs.Error())
		}
		packs.Unlock(secret.FromString("wrong"))
		w.loop.Settle()
		wantText(t, "a wrong passphrase", packs.Error(), "not its passphrase")
		if _, ok := packs.Asking(); !ok || len(packs.List()) != 0 {
			t.Error("one mistake and the file is gone")
		}
		// As it was heard on the telephone.
		packs.Unlock(secret.FromString(" " + strings.ToUpper(strings.ReplaceAll(words, " ", "  ")) + "\n"))
		w.loop.Settle()
		id, ok := packs.TakeOpened()
		if !ok {
			t.Fatal(packs.Error())
		}
		if _, ok := packs.TakeOpened(); ok {
			t.Error("it is shown a second time")
		}
		g, _ := packs.Get(id)
		if g.Kept || packs.Row(id, 0).Code != codeAt(t, packAccounts()[0], w.loop.Now()) {
			t.Errorf("%+v", g)
		}
		if _, ok := packs.Asking(); ok {
			t.Error("it still asks")
		}
		if k, _ := packs.Key(); k != "" {
			t.Error("there is a key without a vault")
		}
		w.s.Create(secret.Bytes{})
		w.loop.Settle()
		if w.s.State() != model.Open {
			t.Fatalf("state %v: %s", w.s.State(), w.s.Error())
		}
		if g, ok := packs.Get(id); !ok || !g.Kept || len(packs.List()) != 1 {
			t.Errorf("%+v %v", g, ok)
		}
		if w.list.Total() != 0 {
			t.Error("it is in the vault")
		}
	})
	inWorld(t, func(w *world) {
		w.packs = own
		w.open("")
		if got := w.s.Packs().List(); len(got) != 1 {
			t.Errorf("%v", got)
		}
	})
}

// TestPackForSomebodyElse, damaged, too large, of a newer program: each is said.
func TestPackForSomebodyElse(t *testing.T) {
	dir := t.TempDir()
	own, other := apptest.Shelf(dir), apptest.Shelf(dir)
	file := ""
	inWorld(t, func(w *world) {
		w.packs = own
		ids := w.open("", packAccounts()...)
		file = filepath.Join(t.TempDir(), "other.tallypack")
		if err := os.Rename(makePack(w, time.Hour, shelfKey(w, other), ids[0]), file); err != nil {
			t.Fatal(err)
		}
		packs := w.s.Packs()
		try := func(path, want string) {
			t.Helper()
			packs.Read(path)
			w.loop.Settle()
			wantText(t, filepath.Base(path), packs.Error(), want)
			if len(packs.List()) != 0 || packs.Busy() != "" {
				t.Errorf("%s: something was opened", path)
			}
			if _, ok := packs.Asking(); ok {
				t.Errorf("%s: it asks for a passphrase", path)
			}
		}
		try(file, "key of somebody else")
		empty := filepath.Join(t.TempDir(), "empty.tallypack")
		if err := os.WriteFile(empty, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		try(empty, "no code pack")
		try(filepath.Join(t.TempDir(), "none.tallypack"), "no such file")
		try(t.TempDir(), "")
		large := filepath.Join(t.TempDir(), "large.tallypack")
		f, err := os.Create(large)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(f.Truncate(pack.MaxFile+1), f.Close()); err != nil {
			t.Fatal(err)
		}
		try(large, "more than a code pack can hold")
	})
	inWorld(t, func(w *world) {
		w.packs = other
		w.begin() // no vault yet
		w.s.Packs().Read(file)
		w.loop.Settle()
		wantText(t, "before there is a key", w.s.Packs().Error(), "no key here yet")
	})
}

func TestIsPack(t *testing.T) {
	dir := t.TempDir()
	for name, c := range map[string]struct {
		content string
		is      bool
	}{
		"a.tallypack": {"", true}, "B.TALLYPACK": {"anything", true},
		"to-me":        {"age-encryption.org/v1\n-> mlkem768x25519 abc\n", true},
		"to-me-2.txt":  {"age-encryption.org/v1\n-> X25519 abc\n", true},
		"export.age":   {"age-encryption.org/v1\n-> X25519 abc\n", false},
		"sealed":       {"age-encryption.org/v1\n-> scrypt abc 18\n", false}, // more likely an export
		"picture.png":  {"\x89PNG", false},
		"nothing.json": {"{}", false},
	} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(c.content), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := model.IsPack(path); got != c.is {
			t.Errorf("%s: %v", name, got)
		}
	}
	if model.IsPack(dir) || model.IsPack(filepath.Join(dir, "none")) {
		t.Error("a folder, or nothing, is a pack")
	}
}

// TestMakingAPack: what is refused, what is said before, and what the file may be.
func TestMakingAPack(t *testing.T) {
	dir := t.TempDir()
	inWorld(t, func(w *world) {
		own := apptest.Shelf(dir)
		w.packs = own
		list := packAccounts()
		ids := w.open("", list...)
		m := w.s.PackMaker()
		m.Begin(ids[3])
		wantText(t, "a counter", m.Error(), "Warehouse VPN (maria) counts instead of following the clock")
		if p := m.Plan(); p.Accounts != 0 || p.Problem == "" {
			t.Errorf("%+v", p)
		}
		m.Choose(ids[3], true)
		m.Choose(ids[4], true)
		if p := m.Plan(); p.Accounts != 0 {
			t.Errorf("%+v", p)
		}
		for _, c := range m.Choices() {
			if refused := c.ID == ids[3] || c.ID == ids[4]; refused != (c.Why != "") || c.Chosen {
				t.Errorf("%+v", c)
			}
		}
		m.Choose(ids[0], true)
		m.Choose(ids[2], true)
		m.Choose(ids[2], false)
		m.Choose(ids[1], true)
		p := m.Plan()
		wantText(t, "before", p.Says, "codes of Qontak (agent07) and Steam (maria) until 20:00 today", "no key", "cannot take it back", "pass it on")
		if p.Size != "about 15 kB" || p.Accounts != 2 || p.Problem != "" {
			t.Errorf("%+v", p)
		}
		m.SetLife(0)
		if m.Plan().Problem == "" {
			t.Error("for no time")
		}
		m.SetLife(24 * time.Hour)
		wantText(t, "tomorrow", m.Plan().Says, "until 12:00 tomorrow")
		m.SetQuery("qon")
		if c := m.Choices(); len(c) != 1 || !c[0].Chosen {
			t.Errorf("%+v", c)
		}
		// Keys.
		k := shelfKey(w, own)
		check, problem := m.CheckKey(" " + k[:300] + "\r\n" + k[300:] + " ")
		if _, mine := w.s.Packs().Key(); problem != "" || check == "" || check != mine {
			t.Errorf("check %q, the guest's screen shows %q: %s", check, mine, problem)
		}
		for _, bad := range []string{"age1nonsense", k[:len(k)-1], "AGE-SECRET-KEY-1QQ"} {
			if check, problem := m.CheckKey(bad); check != "" || problem == "" {
				t.Errorf("%q: %q %q", bad, check, problem)
			}
		}
		keyFile := filepath.Join(t.TempDir(), "key.txt")
		w.s.Packs().SaveKey(keyFile)
		w.loop.Settle()
		got := ""
		m.ReadKey(keyFile, func(key string) { got = key })
		w.loop.Settle()
		if got != k {
			t.Errorf("read a key of %d characters, %s", len(got), m.Error())
		}
		w.s.Packs().CopyKey()
		w.loop.Settle()
		if w.clipboard() != k {
			t.Error("the key was not copied")
		}
		// Refused, each with a sentence, and nothing written.
		path := filepath.Join(t.TempDir(), "x.tallypack")
		for want, n := range map[string]model.NewPack{
			"Paste the key":            {Lock: model.PackByKey},
			"begins with age1":         {Lock: model.PackByKey, Key: "age1nonsense"},
			"Type a passphrase first.": {Lock: model.PackByPassphrase},
		} {
			m.Save(path, n)
			w.loop.Settle()
			wantText(t, "refused", m.Error(), want)
		}
		if _, err := os.Stat(path); err == nil {
			t.Error("something was written")
		}
		// A file that is there stays.
		if err := os.WriteFile(path, []byte("mine"), 0o600); err != nil {
			t.Fatal(err)
		}
		m.Save(path, model.NewPack{Lock: model.PackByKey, Key: k})
		w.loop.Settle()
		if data, err := os.ReadFile(path); err != nil || string(data) != "mine" || m.Error() == "" {
			t.Errorf("%q %v %q", data, err, m.Error())
		}
		// Two keys that differ in everything are wiped from the flow with the lock.
		m.Close()
		if _, ok := m.Saved(); ok || m.Words() != "" || m.Plan().Accounts != 0 {
			t.Error("something is left")
		}
	})
}

// TestPackOfASharedAccount: whoever sees the codes of a shared account may give them away for a time, viewers too; the page says that the others
// are not told.
func TestPackOfASharedAccount(t *testing.T) {
	inWorld(t, func(w *world) {
		const desk share.VaultID = "11112222333344445555666677778888"
		w.teams = &apptest.Teams{Status: []team.Status{{ID: desk, Name: "Front desk", State: share.Joined, Ready: true, Role: share.Viewer, People: 3, Tried: noon, Success: noon}}}
		list := packAccounts()
		list[0].Shared = string(desk)
		ids := w.open("", list...)
		if !w.row(ids[0]).ReadOnly || w.row(ids[0]).SharedIn != "Front desk" {
			t.Fatalf("%+v", w.row(ids[0]))
		}
		m := w.s.PackMaker()
		m.Begin(ids[1])
		if p := m.Plan(); p.Shared != "" {
			t.Errorf("%+v", p)
		}
		m.Begin(ids[0], ids[1])
		p := m.Plan()
		wantText(t, "shared", p.Shared, "“Front desk”", "not told")
		if p.Problem != "" || p.Accounts != 2 || m.Choices()[slices.IndexFunc(m.Choices(), func(c model.PackChoice) bool { return c.ID == ids[0] })].Shared != "Front desk" {
			t.Errorf("%+v", p)
		}
	})
}

// TestPackLives: what can be typed for how long, and that all that can be chosen fits.
func TestPackLives(t *testing.T) {
	for _, c := range []struct {
		number string
		days   bool
		want   time.Duration
	}{
		{"2", false, 2 * time.Hour}, {" 36 ", false, 36 * time.Hour}, {"31", true, 31 * 24 * time.Hour}, {"744", false, 744 * time.Hour},
		{"", false, 0}, {"0", false, 0}, {"-1", false, 0}, {"1.5", false, 0}, {"32", true, 0}, {"745", false, 0}, {"99999999999999999999", true, 0}, {"65535", true, 0},
	} {
		got, problem := model.ParsePackLife(c.number, c.days)
		if got != c.want && c.want != 0 || (problem == "") != (c.want != 0) {
			t.Errorf("%q, days %v: %s %q", c.number, c.days, got, problem)
		}
	}
	for _, d := range model.PackLives() {
		if d < pack.MinLife || d+10*time.Minute > pack.MaxLife {
			t.Errorf("%s cannot be chosen", d)
		}
	}
}

// TestPackHidesCodes: where codes are hidden until pressed, those of packs are too.
func TestPackHidesCodes(t *testing.T) {
	dir := t.TempDir()
	inWorld(t, func(w *world) {
		own := apptest.Shelf(dir)
		w.packs = own
		ids := w.open("", packAccounts()...)
		g := readPack(w, makePack(w, time.Hour, shelfKey(w, own), ids[0]))
		prefs := w.s.Settings().Prefs()
		prefs.HideCodes = true
		w.s.Settings().Set(prefs)
		w.loop.Settle()
		packs := w.s.Packs()
		if r := packs.Row(g.ID, 0); !r.Hidden || r.Code != "" || r.Next != "" {
			t.Errorf("%+v", r)
		}
		packs.Reveal(g.ID, 0)
		if r := packs.Row(g.ID, 0); r.Hidden || r.Code == "" {
			t.Errorf("%+v", r)
		}
		w.tick(31)
		if r := packs.Row(g.ID, 0); !r.Hidden {
			t.Errorf("%+v", r)
		}
	})
}

// TestPackIsGivenUp: leaving, locking and stopping while something is under way leaves nothing behind.
func TestPackIsGivenUp(t *testing.T) {
	dir := t.TempDir()
	inWorld(t, func(w *world) {
		own := apptest.Shelf(dir)
		w.packs = own
		ids := w.open("pass", packAccounts()...)
		file := makePack(w, time.Hour, shelfKey(w, own), ids[0])
		packs := w.s.Packs()
		packs.Read(file)
		packs.Stop()
		w.loop.Settle()
		if len(packs.List()) != 0 || packs.Busy() != "" {
			t.Errorf("stopped, and there is %v", packs.List())
		}
		packs.Read(file)
		m := w.s.PackMaker()
		m.Begin(ids[0])
		m.Save(filepath.Join(t.TempDir(), "x"), model.NewPack{Lock: model.PackByKey, Key: shelfKey(w, own)})
		w.s.Lock()
		w.loop.Settle()
		if _, ok := packs.TakeOpened(); ok || len(packs.List()) != 0 {
			t.Error("locked, and a pack came in")
		}
		if _, ok := m.Saved(); ok || m.Busy() {
			t.Error("locked, and the flow goes on")
		}
	})
}
