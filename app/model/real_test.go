package model_test

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/tallystick/tallystick/app/apptest"
	"github.com/tallystick/tallystick/app/model"
	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/keys"
	"github.com/tallystick/tallystick/vault/seal"
	"github.com/tallystick/tallystick/vault/secret"
	"github.com/tallystick/tallystick/vault/vaulttest"
)

// real is a session over a real vault.Manager: files, encryption, file lock, watcher.
type real struct {
	*testing.T
	loop *apptest.Loop
	clip *apptest.FakeClipboard
	s    *model.Session
}

func startReal(t *testing.T, m *vault.Manager) *real {
	t.Helper()
	r := &real{T: t, loop: apptest.NewLoop(noon), clip: &apptest.FakeClipboard{}}
	screens, picture := &apptest.Screens{}, &apptest.Picture{}
	r.s = model.NewSession(model.Deps{
		Vault: m, Scanner: &apptest.Scanner{}, Screens: screens.Take, ClipboardPicture: picture.Read, Clipboard: r.clip,
		Settings: model.FileSettings(filepath.Join(t.TempDir(), "settings.json")),
		Now:      r.loop.Now, Post: r.loop.Post, After: r.loop.After, Hide: screens.Hide,
	})
	t.Cleanup(r.s.Close)
	r.s.Start(t.Context())
	r.until(func() bool { return r.s.State() != model.Starting })
	return r
}

// until waits for cond, which something posted makes true.
func (r *real) until(cond func() bool) {
	r.Helper()
	r.loop.Until(cond)
}

func TestRealVaultFromFirstStartToSecond(t *testing.T) {
	cfg := vaulttest.Config(t.TempDir(), nil)
	r := startReal(t, vaulttest.Open(t, cfg))
	if r.s.State() != model.Setup {
		t.Fatalf("state %v", r.s.State())
	}
	r.s.Create(secret.FromString("open sesame"))
	r.until(func() bool { return r.s.State() == model.Open })

	add := r.s.Add()
	add.ReadText(link("Acme", "maria", 1))
	add.Save(model.AddNew)
	r.until(func() bool { return add.Stage() == model.ProveIt })
	if add.Proof().Code != codeAt(t, totp("", "", 1), noon) {
		t.Errorf("proof %+v", add.Proof())
	}
	add.Accepted()
	add.KeysKept()
	add.Finish()
	id, _ := r.s.List().Selected()
	e := *r.s.List().Edit(id)
	e.Tags = []string{"work"}
	saved := false
	r.s.List().SaveEdit(e, func(p map[string]string) { saved = p == nil })
	r.until(func() bool { return saved })
	r.s.Lock()
	r.s.Unlock(secret.FromString("open sesame"))
	r.until(func() bool { return r.s.State() == model.Open })
	r.s.Close()

	again := startReal(t, vaulttest.Open(t, cfg))
	if again.s.State() != model.Locked {
		t.Fatalf("state %v, error %q", again.s.State(), again.s.Error())
	}
	again.s.Unlock(secret.FromString("wrong"))
	again.until(func() bool { return !again.s.Busy() })
	wantText(t, "error", again.s.Error(), "not right")
	again.s.Unlock(secret.FromString("open sesame"))
	again.until(func() bool { return again.s.State() == model.Open })
	row := again.s.List().Row(0)
	if row.Issuer != "Acme" || row.Code != codeAt(t, totp("", "", 1), noon) || len(row.Tags) != 1 || row.Used.IsZero() {
		t.Errorf("row %+v", row)
	}
}

// Two windows on one directory, the second through another manager as in another process.
func TestRealVaultChangedOutside(t *testing.T) {
	m, cfg := vaulttest.Create(t, "", totp("Acme", "maria", 1))
	r := startReal(t, m)
	other := vaulttest.Open(t, cfg)
	if err := other.Unlock(t.Context(), secret.Bytes{}); err != nil {
		t.Fatal(err)
	}
	vaulttest.Fill(t, other, totp("Beta", "maria", 2))
	r.until(func() bool { return r.s.List().Total() == 2 })

	// A use is saved without waiting for anybody, and the other side sees it.
	id := r.s.List().Row(0).ID
	r.s.List().SetFavourite(id, true)
	r.until(func() bool { row, _ := r.s.List().Get(id); return row.Favourite })
	if _, err := other.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := other.Read(func(v *vault.Vault) error {
		if a, _ := v.Account(id); !a.Favourite {
			t.Error("the other manager does not see it")
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

func TestRealVaultKeyringTroubles(t *testing.T) {
	for _, c := range []struct {
		err   error
		title string
	}{{keys.ErrNone, "no keyring"}, {keys.ErrLocked, "keyring is locked"}, {keys.ErrMissing, "not in the keyring"}} {
		t.Run(fmt.Sprint(c.err), func(t *testing.T) {
			ring := vaulttest.NewKeyring()
			cfg := vaulttest.Config(t.TempDir(), ring)
			first := vaulttest.Open(t, cfg)
			if err := first.Create(t.Context(), secret.Bytes{}); err != nil {
				t.Fatal(err)
			}
			vaulttest.Fill(t, first, totp("Acme", "maria", 1))
			_ = first.Close()

			ring.Fail(func(op, _ string) error {
				if op == "probe" && c.err == keys.ErrMissing {
					return nil
				}
				return c.err
			})
			r := startReal(t, vaulttest.Open(t, cfg))
			if r.s.State() != model.Trouble {
				t.Fatalf("state %v", r.s.State())
			}
			wantText(t, "title", r.s.Problem().Title, c.title)
			ring.FailAll(nil)
			r.s.Retry()
			r.until(func() bool { return r.s.State() == model.Open })
			if r.s.List().Total() != 1 {
				t.Errorf("%d accounts", r.s.List().Total())
			}
		})
	}
}

func TestRealVaultDamagedAndRestored(t *testing.T) {
	m, cfg := vaulttest.Create(t, "", totp("Acme", "maria", 1))
	vaulttest.Fill(t, m, totp("Beta", "maria", 2)) // leaves an older copy behind
	_ = m.Close()
	path := filepath.Join(cfg.Dir, "vault.age")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	data[len(data)-1] ^= 1
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	r := startReal(t, vaulttest.Open(t, cfg))
	p := r.s.Problem()
	if r.s.State() != model.Trouble || len(p.Generations) == 0 || p.NeedPassphrase {
		t.Fatalf("state %v, problem %+v", r.s.State(), p)
	}
	r.s.RestoreGeneration(p.Generations[0], secret.Bytes{})
	r.until(func() bool { return r.s.State() == model.Open })
	if r.s.List().Total() != 1 {
		t.Errorf("%d accounts, want those of the older copy", r.s.List().Total())
	}
}

// Everything at once, for the race detector: saves, copies, HOTP codes, searches,
// locks and changes from outside.
func TestRaces(t *testing.T) {
	m, cfg := vaulttest.Create(t, "open sesame", totp("Acme", "maria", 1), hotp("Beta", "maria", 2))
	r := startReal(t, m)
	if r.s.State() != model.Open { // Create leaves the manager unlocked
		t.Fatalf("state %v", r.s.State())
	}
	list := r.s.List()
	first, second := list.Row(0).ID, list.Row(1).ID

	other := vaulttest.Open(t, cfg)
	var outside sync.WaitGroup
	outside.Go(func() {
		if err := other.Unlock(t.Context(), secret.FromString("open sesame")); err != nil {
			t.Error(err)
			return
		}
		for i := range 5 {
			if err := other.Update(t.Context(), func(v *vault.Vault) error {
				_, err := v.Add(totp("Outside", fmt.Sprint(i), 100+i), vaulttest.Random(uint64(1000+i)), noon)
				return err
			}); err != nil {
				t.Error(err)
			}
		}
	})
	for i := range 10 {
		list.SetFavourite(first, i%2 == 0)
		list.Copy(first)
		list.NextHOTP(second)
		list.SetQuery(fmt.Sprint("a", i))
		list.SetQuery("")
		for n := range list.Len() {
			list.Row(n)
		}
		r.s.Add().ScanScreen()
		r.loop.Jump(noon.Add(time.Duration(i) * time.Second))
		list.Tick()
		r.loop.Run()
		if i == 5 {
			r.s.Lock()
			r.s.Unlock(secret.FromString("open sesame"))
			r.until(func() bool { return r.s.State() == model.Open })
		}
		runtime.Gosched()
	}
	outside.Wait()
	// No write is lost: all of the other side's accounts arrive.
	r.until(func() bool { return list.Total() == 7 })
	r.s.Close()
}

func TestBrokenEntryIsShown(t *testing.T) {
	const odd = `{"id":"0123456789abcdef0123456789abcdef","issuer":"Odd\u202e","name":"one","kind":"telepathy"}`
	ring := vaulttest.NewKeyring()
	cfg := vaulttest.Config(t.TempDir(), ring)
	m := vaulttest.Open(t, cfg)
	if err := m.Create(t.Context(), secret.Bytes{}); err != nil {
		t.Fatal(err)
	}
	vaulttest.Fill(t, m, totp("Acme", "maria", 1))
	_ = m.Close()
	addRaw(t, cfg.Dir, ring, odd)
	r := startReal(t, vaulttest.Open(t, cfg))
	list := r.s.List()
	if list.Total() != 2 {
		t.Fatalf("%d rows", list.Total())
	}
	row := list.Row(1)
	if row.Issuer != "Odd" || row.Broken == "" || row.Code != "" || row.Kind != "" {
		t.Errorf("row %+v", row)
	}
	var notice model.Notice
	list.OnNotice(func(n model.Notice) { notice = n })
	for _, act := range []func(){
		func() { list.Copy(row.ID) }, func() { list.SetFavourite(row.ID, true) }, func() { list.Remove(row.ID) }, func() { list.NextHOTP(row.ID) },
	} {
		notice = model.Notice{}
		act()
		if notice.Text != row.Broken {
			t.Errorf("notice %+v", notice)
		}
	}
	if list.Edit(row.ID) != nil {
		t.Error("a form on an entry that cannot be read")
	}
	if m, sentence := list.QR(row.ID); m != nil || sentence == "" {
		t.Error("a QR code of an entry that cannot be read")
	}
}

// addRaw puts an entry into the vault file of dir as another version might have.
func addRaw(t *testing.T, dir string, ring *vaulttest.Keyring, entry string) {
	t.Helper()
	path := filepath.Join(dir, "vault.age")
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, value := range ring.Values() {
		key, err := seal.ParseKey(secret.FromString(value))
		if err != nil {
			t.Fatal(err)
		}
		payload, err := seal.Decrypt(file, key)
		if err != nil {
			t.Fatal(err)
		}
		doc, err := seal.Decode(payload)
		if err != nil {
			t.Fatal(err)
		}
		doc.Entries = append(doc.Entries, []byte(entry))
		if payload, err = doc.Encode(); err != nil {
			t.Fatal(err)
		}
		if file, err = seal.Encrypt(payload, key); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
}
