package vault_test

import (
	"context"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/otp"
	"github.com/tallystick/tallystick/vault/recovery"
	"github.com/tallystick/tallystick/vault/secret"
	"github.com/tallystick/tallystick/vault/vaulttest"
)

// full is an account that has something in every field.
func full() vault.Account {
	at := vaulttest.Epoch
	params := otp.Params{
		Kind: otp.MOTP, Secret: secret.FromString("0123456789abcdef"), PIN: secret.FromString("1234"), Algorithm: otp.MD5, Digits: 6, Period: 10, Counter: 3,
	}
	former := params
	former.Secret, former.PIN = secret.FromString("fedcba9876543210"), secret.FromString("4321")
	return vault.Account{
		ID: "ffeeddccbbaa99887766554433221100", Issuer: "Harbour PBX", Name: "anna", Params: params, Tags: []string{"work"}, Favourite: true,
		Note: "n", URL: "https://pbx.example", Icon: "i", Picture: "p", Created: at, Changed: at, Used: at, Trashed: at, Portal: "pbx", Pending: vault.PendingProof,
		History: []vault.Retired{{Params: former, Retired: at}}, Shared: shareID,
		Recovery: recovery.Sheets{{
			ID: "00112233445566778899aabbccddeeff", Origin: recovery.Origin{Service: "s", File: "f"}, Account: "a", Printed: at, Added: at, Dead: at,
			Keys: []recovery.Key{{Text: secret.FromString("kq7mx-2vbnc"), Used: at}}, Sealed: []byte("sealed"),
		}},
	}
}

// leaves calls visit with every value that something consists of, and its name. Lists have to have one element at least, and are
// visited themselves, too.
func leaves(t *testing.T, name string, v reflect.Value, visit func(name string, v reflect.Value)) {
	t.Helper()
	switch v.Interface().(type) {
	case secret.Bytes, time.Time:
		visit(name, v)
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			if !v.Type().Field(i).IsExported() {
				t.Fatalf("%s.%s: this test does not know how to change it", name, v.Type().Field(i).Name)
			}
			leaves(t, name+"."+v.Type().Field(i).Name, v.Field(i), visit)
		}
	case reflect.Slice:
		if v.Len() == 0 {
			t.Fatalf("%s: nothing is in it", name)
		}
		if visit(name, v); v.Len() > 0 {
			leaves(t, name+"[0]", v.Index(0), visit)
		}
	default:
		if v.IsZero() {
			t.Fatalf("%s: nothing is in it", name)
		}
		visit(name, v)
	}
}

// A save counts once what was written, read back and decrypted, is the same. So an account that differs in any one thing is not the
// same, whatever fields accounts get one day.
func TestAccountsThatDifferInOneThingAreNotTheSame(t *testing.T) {
	n := 0
	sample := full()
	leaves(t, "Account", reflect.ValueOf(&sample).Elem(), func(string, reflect.Value) { n++ })
	for i := range n {
		a, b := full(), full()
		if !vault.SameAccount(&a, &b) {
			t.Fatal("two of the same differ")
		}
		at, name := 0, ""
		leaves(t, "Account", reflect.ValueOf(&b).Elem(), func(field string, v reflect.Value) {
			if at++; at != i+1 {
				return
			}
			name = field
			switch x := v.Interface().(type) {
			case secret.Bytes:
				v.Set(reflect.ValueOf(secret.FromString("another")))
				return
			case time.Time:
				v.Set(reflect.ValueOf(x.Add(time.Millisecond)))
				return
			}
			switch v.Kind() {
			case reflect.String:
				v.SetString(v.String() + "x")
			case reflect.Bool:
				v.SetBool(!v.Bool())
			case reflect.Slice:
				v.SetZero()
			case reflect.Int:
				v.SetInt(v.Int() + 1)
			case reflect.Uint8, reflect.Uint64:
				v.SetUint(v.Uint() + 1)
			default:
				t.Fatalf("%s: this test does not know how to change a %s", field, v.Type())
			}
		})
		if vault.SameAccount(&a, &b) {
			t.Errorf("accounts with another %s are taken for the same", name)
		}
	}
	if n < 40 {
		t.Errorf("only %d fields were changed", n)
	}
}

// Wiping a vault reaches every key, PIN and recovery key in it, the former ones too.
func TestWipeReachesEverySecret(t *testing.T) {
	a := full()
	a.Picture, a.Recovery[0].Sealed, a.Trashed = "", nil, time.Time{}
	v := vault.New()
	if err := v.Adopt(a); err != nil {
		t.Fatal(err)
	}
	inside := v.Accounts()[0]
	held := map[string]secret.Bytes{
		"the key": inside.Params.Secret, "the PIN": inside.Params.PIN, "a former key": inside.History[0].Params.Secret,
		"a former PIN": inside.History[0].Params.PIN, "a recovery key": inside.Recovery[0].Keys[0].Text,
	}
	for what, s := range held {
		if s.IsEmpty() {
			t.Fatalf("%s was not there", what)
		}
	}
	v.Wipe()
	for what, s := range held {
		if !s.IsEmpty() {
			t.Errorf("%s is still in memory", what)
		}
	}
	if len(v.Accounts()) != 0 {
		t.Error("the vault is not empty")
	}
}

// What is asked of an account that is not there changes no other one: the first of the list least of all.
func TestNobodysAccount(t *testing.T) {
	v := vaulttest.Vault(t, vaulttest.Canonical()[0], vaulttest.Canonical()[1])
	first := v.Accounts()[0].ID
	ok(t, v.Remove(first, vaulttest.Epoch))
	const nobody = vault.ID("ffffffffffffffffffffffffffffffff")
	for what, do := range map[string]func() error{
		"purge": func() error { return v.Purge(nobody) }, "remove": func() error { return v.Remove(nobody, vaulttest.Epoch) },
		"restore": func() error { return v.Restore(nobody) }, "former key": func() error { return v.RestoreKey(nobody, 0, vaulttest.Epoch) },
		"put": func() error { return v.Put(vault.Account{ID: nobody}, vaulttest.Epoch) }, "use": func() error { return v.Touch(nobody, vaulttest.Epoch) },
	} {
		before := v.Clone()
		t.Run(what, func(t *testing.T) { want(t, do(), vault.ErrNoAccount) })
		if !vault.Same(before, v) {
			t.Errorf("%s of nobody's account changed another one", what)
		}
	}
}

// Two shared vaults in one: leaving one of them takes nothing from the other, and the record of each is saved by itself.
func TestSharesAreApart(t *testing.T) {
	const other = "ffeeddccbbaa99887766554433221100"
	a, b := vaulttest.Canonical()[0], vaulttest.Canonical()[1]
	a.Shared, b.Shared = shareID, other
	m, cfg := vaulttest.Create(t, "", a, b)
	for i, id := range []string{shareID, other, shareID} { // nothing but the record changes
		ok(t, m.Update(ctx, func(v *vault.Vault) error { return v.SetShare(id, fmt.Appendf(nil, `{"n":%d}`, i)) }))
	}
	ok(t, m.Update(ctx, func(v *vault.Vault) error { v.DropShare(other); return nil }))
	ok(t, m.Close())
	again := vaulttest.Open(t, cfg)
	ok(t, again.Unlock(context.Background(), secret.Bytes{}))
	v := content(t, again)
	if record, _ := v.Share(shareID); string(record) != `{"n":2}` || len(v.Shares()) != 1 {
		t.Errorf("the record is %s, of %d", record, len(v.Shares()))
	}
	if list := v.Accounts(); list[0].Shared != shareID || list[1].Shared != "" {
		t.Errorf("the accounts are of %q and %q", list[0].Shared, list[1].Shared)
	}
	wrong := b
	wrong.ID = "no id"
	want(t, v.Adopt(wrong), vault.ErrInvalid)
}
