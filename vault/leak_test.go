package vault_test

import (
	"bytes"
	"context"
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log"
	"log/slog"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/keys"
	"github.com/tallystick/tallystick/vault/otp"
	"github.com/tallystick/tallystick/vault/seal"
	"github.com/tallystick/tallystick/vault/secret"
	"github.com/tallystick/tallystick/vault/vaulttest"
)

const leakPass, leakPass2 = "correct-horse-PASSMARK-1", "battery-staple-PASSMARK-2"

// forms of a secret one could find it in.
func forms(s string) map[string]string {
	b := []byte(s)
	f := map[string]string{
		"raw":     s,
		"hex":     hex.EncodeToString(b),
		"HEX":     strings.ToUpper(hex.EncodeToString(b)),
		"base32":  strings.TrimRight(base32.StdEncoding.EncodeToString(b), "="),
		"list":    strings.Trim(fmt.Sprint(b), "[]"),
		"escaped": strings.Trim(fmt.Sprintf("%q", b), `"`),
	}
	// base64 of the bytes at each of the three places they can begin; the ends depend
	// on their neighbours and are left out.
	for shift := range 3 {
		text := base64.RawStdEncoding.EncodeToString(append(make([]byte, shift), b...))
		first := []int{0, 2, 3}[shift]
		f[fmt.Sprintf("base64+%d", shift)] = text[first : len(text)-2]
	}
	return f
}

// seeds are all secrets that must not come out anywhere.
func seeds(t testing.TB, ring *vaulttest.Keyring) map[string]string {
	t.Helper()
	s := map[string]string{
		"totp key": vaulttest.TOTPKey, "hotp key": vaulttest.HOTPKey, "steam key": vaulttest.SteamKey,
		"yandex key": vaulttest.YandexKey, "motp key": vaulttest.MOTPKey, "yandex pin": vaulttest.YandexPIN,
		"passphrase": leakPass, "second passphrase": leakPass2,
	}
	for account, v := range ring.Values() {
		if strings.HasPrefix(v, "AGE-SECRET-KEY-PQ-1") {
			s["device key "+account] = v[len("AGE-SECRET-KEY-PQ-1"):]
		}
	}
	return s
}

func findLeaks(text string, secrets map[string]string) (found []string) {
	for what, s := range secrets {
		for form, f := range forms(s) {
			if strings.Contains(text, f) || form != "raw" && strings.Contains(strings.ToLower(text), strings.ToLower(f)) {
				found = append(found, what+" as "+form)
			}
		}
	}
	return found
}

// The searcher itself has to find what it looks for.
func TestLeakSearchFinds(t *testing.T) {
	secrets := map[string]string{"x": vaulttest.TOTPKey}
	b := []byte(vaulttest.TOTPKey)
	for _, text := range []string{
		"a" + vaulttest.TOTPKey + "b", fmt.Sprintf("%x", b), fmt.Sprintf("%X", b), fmt.Sprint(b),
		base32.StdEncoding.EncodeToString(b), strings.ToLower(base32.StdEncoding.EncodeToString(b)),
		base64.StdEncoding.EncodeToString(b), base64.StdEncoding.EncodeToString(append([]byte("z"), b...)),
		base64.StdEncoding.EncodeToString(append([]byte("zz"), append(b, "more"...)...)),
	} {
		if findLeaks(text, secrets) == nil {
			t.Errorf("not found in %q", text)
		}
	}
	if f := findLeaks("nothing to see", secrets); f != nil {
		t.Error(f)
	}
}

// deviceKeyOf is a device key that was seen in the keyring.
func deviceKeyOf(t testing.TB, secrets map[string]string) *seal.Key {
	t.Helper()
	for what, s := range secrets {
		if strings.HasPrefix(what, "device key") {
			key, err := seal.ParseKey(secret.FromString("AGE-SECRET-KEY-PQ-1" + s))
			ok(t, err)
			return key
		}
	}
	t.Fatal("no device key was seen")
	return nil
}

// Secrets are seeded, everything is done that can be done and fail, and then every file,
// every error in every form, and the log are searched for them.
func TestNothingLeaks(t *testing.T) {
	var logged bytes.Buffer
	log.SetOutput(&logged)
	oldLogger := slog.Default()
	t.Cleanup(func() { log.SetOutput(os.Stderr); slog.SetDefault(oldLogger) })
	slog.SetDefault(slog.New(slog.NewTextHandler(&logged, &slog.HandlerOptions{Level: slog.LevelDebug})))

	var said []string
	failed := 0
	say := func(v any) {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			said = append(said, fmt.Sprintf(verb, v))
		}
		slog.Info("said", "what", v)
		if err, is := v.(error); is && err != nil {
			failed++
			for e := err; e != nil; e = errors.Unwrap(e) {
				said = append(said, fmt.Sprintf("%#v %+v", e, e))
			}
		}
	}

	ring := vaulttest.NewKeyring()
	disk := newFaultyDisk(nil)
	cfg := vault.WithDisk(vaulttest.Config(quickDir(t), ring), disk)
	secrets := map[string]string{}
	note := func() {
		for k, v := range seeds(t, ring) {
			secrets[k] = v
		}
	}
	searchDisk := func(when string) {
		note()
		for name, text := range snapshot(t, cfg.Dir) {
			if f := findLeaks(name+"\n"+text, secrets); f != nil {
				t.Errorf("%s: %s holds %v", when, name, f)
			}
		}
	}
	// Also right before each step of a save: what temporary files hold.
	watchDisk := func(_ int, op, _ string) error {
		if changes(op) {
			searchDisk("before " + op)
		}
		return nil
	}
	disk.set(watchDisk)

	m := vaulttest.Open(t, cfg)
	ok(t, m.Create(ctx, pass("")))
	vaulttest.Fill(t, m, vaulttest.Canonical()...)
	searchDisk("keyring")
	ok(t, m.SetPassphrase(ctx, pass(""), pass(leakPass)))
	searchDisk("app lock")
	ring.FailAll(keys.ErrNone)
	say(m.SetPassphrase(ctx, pass(leakPass), pass(leakPass2)))
	ring.FailAll(nil)
	ok(t, m.SetPassphrase(ctx, pass(leakPass), pass(leakPass2)))
	ok(t, m.SetPassphrase(ctx, pass(leakPass2), pass("")))
	note() // the bare key
	ring.FailAll(keys.ErrNone)
	ok(t, m.SetPassphrase(ctx, pass(""), pass(leakPass)))
	searchDisk("passphrase on disk")
	ring.FailAll(nil)

	// Everything that can be printed of a vault.
	say(cfg)
	say(m)
	say(deviceKeyOf(t, secrets))
	ok(t, m.Read(func(v *vault.Vault) error {
		say(v)
		say(v.Accounts())
		say(v.Accounts()[0])
		return nil
	}))
	s, err := m.Status(ctx)
	say(s)
	say(err)

	// Everything that fails.
	update := func(fn func(*vault.Vault) error) { say(m.Update(ctx, fn)) }
	canonical := vaulttest.Canonical()
	update(func(v *vault.Vault) error {
		a := canonical[0]
		a.Params.Digits = 99
		_, err := v.Add(a, vaulttest.Random(9), vaulttest.Epoch)
		return err
	})
	update(func(v *vault.Vault) error {
		a := canonical[3]
		a.Params.PIN = secret.FromString(leakPass)
		_, err := v.Add(a, vaulttest.Random(9), vaulttest.Epoch)
		return err
	})
	update(func(v *vault.Vault) error {
		a := canonical[4]
		a.Params.Secret = secret.FromString(vaulttest.TOTPKey)
		a.Params.Kind = otp.Manual
		_, err := v.Add(a, vaulttest.Random(9), vaulttest.Epoch)
		return err
	})
	for k := 1; k < 40; k++ {
		for _, fault := range []error{syscall.ENOSPC, syscall.EIO} {
			disk.set(func(n int, op, path string) error {
				if n == k {
					return &fs.PathError{Op: op, Path: path, Err: fault}
				}
				return nil
			})
			update(func(v *vault.Vault) error { return v.Touch(v.Accounts()[0].ID, vaulttest.Epoch) })
			say(m.SetPassphrase(ctx, pass(leakPass), pass(leakPass)))
			say(m.Unlock(ctx, pass(leakPass)))
		}
	}
	disk.set(watchDisk)
	say(m.Unlock(ctx, pass(leakPass2)))
	say(m.Unlock(ctx, pass(strings.Repeat(leakPass, 1000))))
	say(m.Verify(ctx, pass(leakPass2)))
	say(m.SetPassphrase(ctx, pass(leakPass2), pass("")))
	gone, cancel := context.WithCancel(ctx)
	cancel()
	say(m.Update(gone, nil))
	ok(t, m.Unlock(ctx, pass(leakPass)))
	ok(t, m.SetPassphrase(ctx, pass(leakPass), pass("")))
	note()

	// Content that does not parse, in every way, around real keys.
	good := read(t, cfg, vault.VaultFile)
	for _, change := range []func(string) string{
		func(s string) string { return s[:len(s)/2] },
		func(s string) string { return strings.Replace(s, `"kind":"totp"`, `"kind":"secret"`, 1) },
		func(s string) string { return strings.ReplaceAll(s, `"secret":"`, `"secret":"1`) },
		func(s string) string { return strings.ReplaceAll(s, `"secret"`, `"id"`) },
		func(s string) string { return strings.ReplaceAll(s, `"secret":`, `"secret":["`) },
		func(s string) string { return strings.ReplaceAll(s, `"secret":"`, `"saved":"2`) },
		func(s string) string { return strings.Replace(s, `"revision":`, `"revision":"`, 1) },
		func(s string) string { return strings.Replace(s, `"accounts":[`, `"accounts":{`, 1) },
	} {
		rewrite(t, cfg, change)
		say(m.Unlock(ctx, pass("")))
		ok(t, m.Read(func(v *vault.Vault) error { say(v); say(v.Broken()); return nil }))
		say(m)
		searchDisk("broken content")
		write(t, cfg, vault.VaultFile, good)
	}
	account := ring.Accounts()[0]
	bare := ring.Values()[account]
	for _, v := range []string{bare + "x", bare[1:], "{" + bare, `{"slot":1,"salt":"` + bare + `"}`, bare + "\n" + bare} {
		ring.Put(account, v)
		say(m.Unlock(ctx, pass(leakPass)))
	}
	ring.Put(account, bare)
	for i := range len(good) {
		if i%37 == 0 {
			b := bytes.Clone(good)
			b[i] ^= 4
			write(t, cfg, vault.VaultFile, b)
			say(m.Unlock(ctx, pass("")))
		}
	}
	list, err := m.Generations()
	ok(t, err)
	say(list)
	ok(t, m.RestoreGeneration(ctx, list[0], pass("")))
	searchDisk("restored")

	if failed < 100 {
		t.Errorf("only %d errors were looked at", failed)
	}
	for _, text := range append(said, logged.String()) {
		if f := findLeaks(text, secrets); f != nil {
			t.Fatalf("%v in %.300q", f, text)
		}
	}
	// The test has to be able to fail: what is in the file is what it looked for.
	plain := ""
	rewrite(t, cfg, func(s string) string { plain = s; return s + "\n" })
	if findLeaks(plain, secrets) == nil {
		t.Error("the secrets are not even in the decrypted file")
	}
	if len(secrets) < 9 {
		t.Errorf("only %d secrets were looked for", len(secrets))
	}
}
