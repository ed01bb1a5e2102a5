package vault_test

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/otp"
	"github.com/tallystick/tallystick/vault/secret"
	"github.com/tallystick/tallystick/vault/share/pack"
	"github.com/tallystick/tallystick/vault/vaulttest"
)

const shareID = "00112233445566778899aabbccddeeff"

func TestSharesAreKept(t *testing.T) {
	ctx := context.Background()
	m, cfg := vaulttest.Create(t, "", vaulttest.Canonical()...)
	record := []byte(`{"format":1,"text":"ü \u0001"}`)
	var id vault.ID
	err := m.Update(ctx, func(v *vault.Vault) error {
		a := v.Accounts()[0]
		id, a.Shared = a.ID, shareID
		if err := v.SetShare(shareID, bytes.Clone(record)); err != nil {
			return err
		}
		return v.Put(a, vaulttest.Epoch)
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	again := vaulttest.Open(t, cfg)
	if err := again.Unlock(ctx, secret.Bytes{}); err != nil {
		t.Fatal(err)
	}
	err = again.Read(func(v *vault.Vault) error {
		got, ok := v.Share(shareID)
		if !ok || !bytes.Equal(got, record) || !slices.Equal(v.Shares(), []string{shareID}) {
			t.Errorf("the record came back as %q", got)
		}
		a, _ := v.Account(id)
		if a.Shared != shareID || !v.IsShared(a) {
			t.Errorf("the mark came back as %q", a.Shared)
		}
		c := v.Clone()
		if !c.Equal(v) {
			t.Error("a clone is not equal")
		}
		c.Wipe()
		if got, _ := v.Share(shareID); !bytes.Equal(got, record) {
			t.Error("wiping a clone wiped the record")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestSharesRefuseWhatTheyCannotKeep(t *testing.T) {
	v := vault.New()
	for _, c := range []struct{ id, record string }{
		{"x", `{}`}, {shareID, `[]`}, {shareID, `{`}, {shareID, ``}, {strings.ToUpper(shareID), `{}`},
	} {
		if err := v.SetShare(c.id, []byte(c.record)); !errors.Is(err, vault.ErrInvalid) {
			t.Errorf("%q %q: %v", c.id, c.record, err)
		}
	}
}

func TestDroppingAShareKeepsItsAccounts(t *testing.T) {
	a := vaulttest.Canonical()[0]
	a.Shared = shareID
	v := vaulttest.Vault(t, a)
	if v.IsShared(v.Accounts()[0]) {
		t.Error("shared, without a record")
	}
	if err := v.SetShare(shareID, []byte(`{}`)); err != nil {
		t.Fatal(err)
	}
	if !v.IsShared(v.Accounts()[0]) {
		t.Error("not shared")
	}
	v.DropShare(shareID)
	if got := v.Accounts(); len(got) != 1 || got[0].Shared != "" || len(v.Shares()) != 0 {
		t.Errorf("after dropping: %+v", got)
	}
}

func TestPurgingSharedAccountsIsNoted(t *testing.T) {
	a, b, own := vaulttest.Canonical()[0], vaulttest.Canonical()[1], vaulttest.Canonical()[2]
	a.Shared, b.Shared = shareID, shareID
	v := vaulttest.Vault(t, a, b, own)
	if err := v.SetShare(shareID, []byte(`{}`)); err != nil {
		t.Fatal(err)
	}
	ids := []vault.ID{v.Accounts()[0].ID, v.Accounts()[1].ID, v.Accounts()[2].ID}
	for _, id := range ids {
		if err := v.Remove(id, vaulttest.Epoch); err != nil {
			t.Fatal(err)
		}
	}
	if err := v.Purge(ids[0]); err != nil {
		t.Fatal(err)
	}
	v.PurgeOld(vaulttest.Epoch.Add((vault.TrashDays + 1) * 24 * time.Hour))
	if got := v.Purged(shareID); !slices.Equal(got, ids[:2]) {
		t.Errorf("noted %v, want %v", got, ids[:2])
	}
	v.ForgetPurged(shareID)
	if got := v.Purged(shareID); len(got) != 0 {
		t.Errorf("still noted: %v", got)
	}
}

func TestAnOldCopyIsNoNewsToASharedVault(t *testing.T) {
	a, own := vaulttest.Canonical()[0], vaulttest.Canonical()[1]
	a.Shared = shareID
	v := vaulttest.Vault(t, a, own)
	old := v.Clone()
	if err := v.SetShare(shareID, []byte(`{}`)); err != nil {
		t.Fatal(err)
	}
	now := v.Accounts()[0]
	now.Name = "changed since"
	if err := v.Put(now, vaulttest.Epoch); err != nil {
		t.Fatal(err)
	}
	if _, replaced, err := v.Merge(old, []vault.ID{now.ID}); err != nil || replaced != 0 {
		t.Errorf("merged %d, %v", replaced, err)
	}
	if err := v.Become(old); err != nil {
		t.Fatal(err)
	}
	if got, _ := v.Account(now.ID); got.Name != "changed since" || len(v.Accounts()) != 2 {
		t.Errorf("a restored copy changed a shared account to %q (%d accounts)", got.Name, len(v.Accounts()))
	}
}

func TestAdoptKeepsIDAndTimes(t *testing.T) {
	v := vault.New()
	a := vaulttest.Canonical()[0]
	a.ID, a.Shared = "ffeeddccbbaa99887766554433221100", shareID
	a.Created, a.Changed = vaulttest.Epoch, vaulttest.Epoch.Add(time.Hour)
	if err := v.Adopt(a); err != nil {
		t.Fatal(err)
	}
	if got, ok := v.Account(a.ID); !ok || !got.Changed.Equal(a.Changed) || !got.Created.Equal(a.Created) {
		t.Errorf("adopted as %+v", got)
	}
	if err := v.Adopt(a); !errors.Is(err, vault.ErrInvalid) {
		t.Errorf("twice: %v", err)
	}
}

func TestWhatIsEncryptedToTheRecipientOpens(t *testing.T) {
	m, _ := vaulttest.Create(t, "")
	to, err := m.Recipient()
	if err != nil {
		t.Fatal(err)
	}
	p, err := pack.Make([]pack.Account{{Issuer: "Harbour", Params: otp.New(otp.TOTP, secret.FromString("key key key key 0123"))}}, vaulttest.Epoch, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	file, err := p.SealTo(to)
	if err != nil {
		t.Fatal(err)
	}
	text, err := m.OpenBeside(file)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := pack.Decode(text.Reveal()); err != nil || len(got.Accounts) != 1 {
		t.Errorf("%v, %v", got, err)
	}
}
