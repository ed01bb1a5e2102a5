package model_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/app/apptest"
	"github.com/tallystick/tallystick/app/model"
	"github.com/tallystick/tallystick/scanner"
	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/otp"
	"github.com/tallystick/tallystick/vault/secret"
)

// exported writes an export of Aegis with these entries, in the open.
func exported(t *testing.T, entries ...map[string]any) string {
	t.Helper()
	doc := map[string]any{
		"version": 1, "header": map[string]any{"slots": nil, "params": nil},
		"db": map[string]any{"version": 2, "entries": entries},
	}
	data, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "whatever.bin")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func aegisEntry(issuer, name string, n int) map[string]any {
	return map[string]any{
		"type": "totp", "issuer": issuer, "name": name, "note": "",
		"info": map[string]any{"secret": otp.EncodeBase32([]byte(fmt.Sprintf("key number %08d!", n))), "algo": "SHA1", "digits": 6, "period": 30},
	}
}

func totpAccount(issuer, name string, n int) vault.Account {
	return vault.Account{Issuer: issuer, Name: name, Params: otp.New(otp.TOTP, secret.FromString(fmt.Sprintf("key number %08d!", n)))}
}

// Whoever leaves while accounts are being added gets all that were chosen: what is left behind is wiped only then.
func TestLeavingAnImportThatIsUnderWay(t *testing.T) {
	for how, leave := range map[string]func(*world){
		"cancel": func(w *world) { w.s.MoveIn().Cancel() },
		"lock":   func(w *world) { w.s.Lock() },
	} {
		t.Run(how, func(t *testing.T) {
			inWorld(t, func(w *world) {
				w.open("pass")
				m := w.s.MoveIn()
				m.Begin()
				m.Open([]string{exported(t, aegisEntry("Qontak", "agent", 1), aegisEntry("Acme", "maria", 2))})
				w.loop.Settle()
				release := w.vault.Hold("update")
				m.Save()
				leave(w)
				release()
				w.loop.Settle()
				if how == "lock" {
					w.s.Unlock(secret.FromString("pass"))
					w.loop.Settle()
				}
				var keys []string
				if err := w.vault.Read(func(v *vault.Vault) error {
					for _, a := range v.Accounts() {
						keys = append(keys, string(a.Params.Secret.Reveal()))
					}
					return nil
				}); err != nil {
					t.Fatal(err)
				}
				if !slices.Equal(keys, []string{"key number 00000001!", "key number 00000002!"}) {
					t.Errorf("the vault has %q, the flow says %q", keys, m.Error())
				}
			})
		})
	}
}

func TestMoveIn(t *testing.T) {
	inWorld(t, func(w *world) {
		w.open("", totpAccount("Old name", "of the same", 1), totpAccount("Acme", "maria", 99))
		m := w.s.MoveIn()
		m.Begin()
		broken := aegisEntry("Broken", "entry", 5)
		broken["info"].(map[string]any)["secret"] = "not base32!"
		m.Open([]string{exported(t, aegisEntry("Qontak", "agent", 1), aegisEntry("Acme", "maria", 2), aegisEntry("RingLogix", "reseller", 3), aegisEntry("RingLogix", "reseller", 3), broken)})
		if m.Stage() != model.MoveInReading || m.Busy() == "" {
			t.Fatalf("stage %v, busy %q", m.Stage(), m.Busy())
		}
		w.loop.Settle()
		if m.Stage() != model.MoveInPreview || m.App() != "Aegis" || m.Error() != "" {
			t.Fatalf("stage %v, app %q, error %q", m.Stage(), m.App(), m.Error())
		}
		items := m.Items()
		if len(items) != 4 || len(m.Skipped()) != 1 {
			t.Fatalf("%d accounts and %d left out", len(items), len(m.Skipped()))
		}
		if it := items[0]; it.Choosable || !it.Renamable || !strings.Contains(it.About, "already") {
			t.Errorf("the one that is there: %+v", it)
		}
		if it := items[1]; !it.Choosable || !it.Add || !it.Trouble || !strings.Contains(it.About, "Both are kept") {
			t.Errorf("the namesake: %+v", it)
		}
		if it := items[3]; it.Choosable || !strings.Contains(it.About, "above") {
			t.Errorf("the same twice: %+v", it)
		}
		if m.Chosen() != 2 {
			t.Errorf("%d chosen", m.Chosen())
		}
		m.ChooseAll(false)
		m.Choose(2, true)
		m.Choose(3, true) // cannot be
		m.Rename(0, true)
		m.Rename(2, true) // is not there
		if m.Chosen() != 2 {
			t.Fatalf("%d chosen", m.Chosen())
		}
		m.Save()
		w.loop.Settle()
		if m.Stage() != model.MoveInDone || m.Error() != "" {
			t.Fatalf("stage %v, error %q", m.Stage(), m.Error())
		}
		got := w.titles()
		slices.Sort(got)
		if want := []string{"Acme maria", "Qontak agent", "RingLogix reseller"}; !slices.Equal(got, want) {
			t.Errorf("accounts %q, want %q", got, want)
		}
		said := strings.Join(m.Summary(), " ")
		for _, want := range []string{"1 account was added", "has its name", "left out", "could not be read"} {
			if !strings.Contains(said, want) {
				t.Errorf("the summary says %q, want %q in it", said, want)
			}
		}
		if m.Len() != 0 {
			t.Error("the keys of the export are kept")
		}
	})
}

func TestMoveInSaysWhatIsWrong(t *testing.T) {
	inWorld(t, func(w *world) {
		w.open("")
		m := w.s.MoveIn()
		dir := t.TempDir()
		put := func(name, text string) string {
			path := filepath.Join(dir, name)
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			return path
		}
		for _, c := range []struct {
			path string
			says string
		}{
			{put("letter.txt", "Dear Sir or Madam"), "no export"},
			{filepath.Join(dir, "nothing.json"), ""},
			{dir, "not a file"},
			{put("bitwarden.json", `{"encrypted":true,"encKeyValidation_DO_NOT_EDIT":"2.a|b|c","folders":[],"items":[]}`), "account that made it"},
		} {
			m.Begin()
			m.Open([]string{c.path})
			w.loop.Settle()
			if m.Stage() != model.MoveInChoose || m.Error() == "" || !strings.Contains(m.Error(), c.says) {
				t.Errorf("%s: stage %v, %q", filepath.Base(c.path), m.Stage(), m.Error())
			}
		}
	})
}

// A picture of an export's QR codes is read like any other export.
func TestMoveInFromPictures(t *testing.T) {
	inWorld(t, func(w *world) {
		w.open("")
		w.scanner.See(func(m image.Image) (scanner.Result, error) {
			return apptest.Codes(m, link("Acme", "maria", 1), link("Acme", "paul", 2)), nil
		})
		path := filepath.Join(t.TempDir(), "codes")
		if err := os.WriteFile(path, smallPNG(t), 0o600); err != nil {
			t.Fatal(err)
		}
		if model.IsExport(path) {
			t.Error("a picture is no export by itself")
		}
		m := w.s.MoveIn()
		m.Open([]string{path})
		w.loop.Settle()
		if m.Stage() != model.MoveInPreview || m.Len() != 2 {
			t.Fatalf("stage %v: %q", m.Stage(), m.Error())
		}
		m.Cancel()
		if m.Stage() != model.MoveInChoose || m.Len() != 0 {
			t.Error("cancelled, it is still there")
		}
	})
}

// An account that is there takes over the picture it lacks, unless the person says no.
func TestMoveInBringsAPicture(t *testing.T) {
	inWorld(t, func(w *world) {
		entry := aegisEntry("Qontak", "agent", 1)
		path := exported(t, entry)
		w.open("")
		m := w.s.MoveIn()
		m.Open([]string{path})
		w.loop.Settle()
		m.Save()
		w.loop.Settle()
		entry["icon"], entry["icon_mime"] = base64.StdEncoding.EncodeToString(smallPNG(t)), "image/png"
		m.Open([]string{exported(t, entry)})
		w.loop.Settle()
		if m.Adding() != 0 || m.Chosen() != 1 || !strings.Contains(m.Item(0).About, "It gets the picture") {
			t.Fatalf("%d to add, %d chosen: %q (%q)", m.Adding(), m.Chosen(), m.Item(0).About, m.Error())
		}
		m.ChooseAll(false)
		if m.Chosen() != 0 {
			t.Error("none was chosen, and the picture comes")
		}
		m.ChooseAll(true)
		m.Save()
		w.loop.Settle()
		if row := w.s.List().Row(0); w.s.List().Len() != 1 || row.Picture == "" {
			t.Errorf("%d accounts, a picture of %d bytes", w.s.List().Len(), len(row.Picture))
		}
		if got := m.Summary(); !slices.Contains(got, "1 account has its picture from the export now.") {
			t.Errorf("%q", got)
		}
	})
}

func TestMoveInEndsWithALock(t *testing.T) {
	inWorld(t, func(w *world) {
		w.open("a passphrase")
		m := w.s.MoveIn()
		m.Open([]string{exported(t, aegisEntry("Qontak", "agent", 1))})
		w.loop.Settle()
		w.s.Lock()
		w.loop.Settle()
		if m.Len() != 0 || m.Stage() != model.MoveInChoose {
			t.Errorf("stage %v with %d accounts", m.Stage(), m.Len())
		}
	})
}

func TestIsExport(t *testing.T) {
	if path := exported(t, aegisEntry("a", "b", 1)); !model.IsExport(path) {
		t.Error("an export is not known for one")
	}
	if model.IsExport(t.TempDir()) || model.IsExport("/nonexistent") {
		t.Error("what is no file is taken for an export")
	}
}

func smallPNG(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 300, 100))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// sealed2FAS is an encrypted export of 2FAS with one account, as its app writes it.
func sealed2FAS(t *testing.T, passphrase string) string {
	t.Helper()
	services := `[{"name":"Qontak","secret":"GEZDGNBVGY3TQOJQ","updatedAt":1,"otp":{"account":"agent","issuer":"Qontak","digits":6,"period":30,"algorithm":"SHA1","tokenType":"TOTP","source":"Manual"}}]`
	salt, iv := bytes.Repeat([]byte{7}, 256), bytes.Repeat([]byte{9}, 12)
	key, err := pbkdf2.Key(sha256.New, passphrase, salt, 10_000, 32)
	if err != nil {
		t.Fatal(err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		t.Fatal(err)
	}
	b64 := base64.StdEncoding.EncodeToString
	doc := fmt.Sprintf(`{"services":[],"servicesEncrypted":%q,"groups":[],"schemaVersion":4,"updatedAt":1}`,
		b64(gcm.Seal(nil, iv, []byte(services), nil))+":"+b64(salt)+":"+b64(iv))
	path := filepath.Join(t.TempDir(), "backup")
	if err := os.WriteFile(path, []byte(doc), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestMoveInAsksForThePassphrase(t *testing.T) {
	inWorld(t, func(w *world) {
		w.open("")
		m := w.s.MoveIn()
		m.Open([]string{sealed2FAS(t, "long and winding")})
		w.loop.Settle()
		if m.Stage() != model.MoveInLocked || m.App() == "" || m.CostLine() != "" {
			t.Fatalf("stage %v: %q", m.Stage(), m.Error())
		}
		m.Unlock(secret.FromString("short"))
		w.loop.Settle()
		if m.Stage() != model.MoveInLocked || !strings.Contains(m.Error(), "not the passphrase") {
			t.Fatalf("stage %v: %q", m.Stage(), m.Error())
		}
		m.Unlock(secret.FromString("long and winding"))
		w.loop.Settle()
		if m.Stage() != model.MoveInPreview || m.Len() != 1 || m.Item(0).Title == "" {
			t.Fatalf("stage %v: %q", m.Stage(), m.Error())
		}
		m.Save()
		w.loop.Settle()
		if got := w.titles(); !slices.Equal(got, []string{"Qontak agent"}) {
			t.Errorf("accounts %q", got)
		}
	})
}

// An account whose PIN is in no export waits for it.
func TestMoveInWaitsForThePIN(t *testing.T) {
	inWorld(t, func(w *world) {
		w.open("")
		path := filepath.Join(t.TempDir(), "links.txt")
		if err := os.WriteFile(path, []byte("motp://Acme:maria?secret=0123456789abcdef\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		m := w.s.MoveIn()
		m.Open([]string{path})
		w.loop.Settle()
		if m.Len() != 1 || !m.Item(0).NeedsPIN || m.Item(0).Choosable || m.Chosen() != 0 {
			t.Fatalf("stage %v, %q, %+v", m.Stage(), m.Error(), m.Items())
		}
		m.SetPIN(0, secret.FromString("1234"))
		if !m.Item(0).HasPIN || !m.Item(0).Add {
			t.Fatalf("%+v", m.Item(0))
		}
		m.Save()
		w.loop.Settle()
		if w.list.Len() != 1 || m.Stage() != model.MoveInDone {
			t.Errorf("%d accounts, stage %v, %q", w.list.Len(), m.Stage(), m.Error())
		}
	})
}
