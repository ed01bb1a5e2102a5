package vaulttest

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/otp"
	"github.com/tallystick/tallystick/vault/seal"
	"github.com/tallystick/tallystick/vault/secret"
)

// Epoch is the time of everything made here.
var Epoch = time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)

// KDFFloor lets CheapKDF pass. In KiB.
const KDFFloor = 8

// CheapKDF costs nothing worth naming.
func CheapKDF() seal.KDF { return seal.KDF{MemoryKiB: 8, Time: 1, Threads: 1} }

// Config is the configuration of a vault in dir, with a cheap KDF. ring may be nil for a
// keyring of its own.
func Config(dir string, ring *Keyring) vault.Config {
	if ring == nil {
		ring = NewKeyring()
	}
	return vault.Config{Dir: dir, Keyring: ring, KDF: CheapKDF(), KDFFloor: KDFFloor}
}

// Open opens a manager and closes it at the end of the test.
func Open(t testing.TB, cfg vault.Config) *vault.Manager {
	t.Helper()
	m, err := vault.Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = m.Close() })
	return m
}

// Create makes a vault with accounts in it, unlocked, in a directory of its own. An empty
// passphrase means protection by the keyring alone.
func Create(t testing.TB, passphrase string, accounts ...vault.Account) (*vault.Manager, vault.Config) {
	t.Helper()
	cfg := Config(t.TempDir(), nil)
	m := Open(t, cfg)
	if err := m.Create(context.Background(), secret.FromString(passphrase)); err != nil {
		t.Fatal(err)
	}
	if len(accounts) > 0 {
		Fill(t, m, accounts...)
	}
	return m, cfg
}

// Fill adds accounts and saves once. It returns them with their ids.
func Fill(t testing.TB, m *vault.Manager, accounts ...vault.Account) []vault.Account {
	t.Helper()
	var added []vault.Account
	err := m.Update(context.Background(), func(v *vault.Vault) error {
		random := Random(uint64(v.Len()) + 1)
		for _, a := range accounts {
			a, err := v.Add(a, random, Epoch)
			if err != nil {
				return err
			}
			added = append(added, a)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return added
}

// Vault returns a vault that is on no disk, with accounts in it.
func Vault(t testing.TB, accounts ...vault.Account) *vault.Vault {
	t.Helper()
	v, random := vault.New(), Random(1)
	for _, a := range accounts {
		if _, err := v.Add(a, random, Epoch); err != nil {
			t.Fatal(err)
		}
	}
	return v
}

// Random is a reproducible source of bytes. Never of keys.
func Random(seed uint64) io.Reader {
	var s [32]byte
	for i := range 8 {
		s[i] = byte(seed >> (8 * i))
	}
	return rand.NewChaCha8(s)
}

// The keys of Canonical, in a form that stands out in any dump.
const (
	TOTPKey   = "TALLYtotpKEYmarker01"
	HOTPKey   = "TALLYhotpKEYmarker02"
	SteamKey  = "TALLYsteamKEYmarkr03"
	YandexKey = "TALLYyandexKEY04"
	MOTPKey   = "7a11e5713c6d0705" // hex digits as typed
	MOTPPIN   = "9876"
	YandexPIN = "86420975"
)

// Canonical returns one account of each kind, without ids: TOTP, HOTP, Steam, mOTP,
// Yandex, manual.
func Canonical() []vault.Account {
	totp := otp.New(otp.TOTP, secret.FromString(TOTPKey))
	hotp := otp.New(otp.HOTP, secret.FromString(HOTPKey))
	hotp.Counter = 41
	motp := otp.New(otp.MOTP, secret.FromString(MOTPKey))
	motp.PIN = secret.FromString(MOTPPIN)
	yandex := otp.New(otp.Yandex, secret.FromString(YandexKey))
	yandex.PIN = secret.FromString(YandexPIN)
	return []vault.Account{
		{Issuer: "Harbour PBX", Name: "anna@example.com", Params: totp, Tags: []string{"work", "phone"}, Favourite: true, URL: "https://pbx.example.com/login"},
		{Issuer: "Old Bank", Name: "4711", Params: hotp, Tags: []string{"money"}, Note: "token on paper"},
		{Issuer: "Steam", Name: "anna", Params: otp.New(otp.Steam, secret.FromString(SteamKey)), Icon: "steam"},
		{Issuer: "Build farm", Name: "anna", Params: motp},
		{Issuer: "Yandex", Name: "anna@yandex.example", Params: yandex},
		{Issuer: "Call centre", Name: "Zoë „Z“ Müller", Params: otp.Params{Kind: otp.Manual}, Note: "code comes by e-mail\nsecond line"},
	}
}

// Many returns n TOTP accounts that differ in everything, without ids. The same n gives
// the same accounts.
func Many(n int) []vault.Account {
	list := make([]vault.Account, n)
	random := Random(uint64(n))
	tags := []string{"work", "home", "money", "games", "shared"}
	for i := range list {
		key := make([]byte, 20)
		if _, err := io.ReadFull(random, key); err != nil {
			panic(err) // a ChaCha8 never ends
		}
		list[i] = vault.Account{
			Issuer: fmt.Sprintf("Portal %05d", i),
			Name:   fmt.Sprintf("person.%d@example.com", i),
			Params: otp.New(otp.TOTP, secret.New(key)),
			Tags:   []string{tags[i%len(tags)]},
			URL:    fmt.Sprintf("https://portal-%d.example.com/login", i),
		}
	}
	return list
}
