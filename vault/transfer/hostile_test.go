package transfer

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/tallystick/tallystick/vault/secret"
)

// bombs is files that are small and want much. Each is refused, or read as far as there is something in it, at once.
func bombs(t testing.TB) map[string]string {
	deep := func(open string, n int) string { return strings.Repeat(open, n) }
	zipOf := func(name string, size int) string {
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		zeros := make([]byte, 1<<20)
		for range size >> 20 {
			if _, err := w.Write(zeros); err != nil {
				t.Fatal(err)
			}
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	lying := func() string {
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		content := []byte("otpauth://totp/x?secret=" + key10)
		w, err := z.CreateRaw(&zip.FileHeader{Name: "a.txt", Method: zip.Store, CRC32: crc32.ChecksumIEEE(content), CompressedSize64: uint64(len(content)), UncompressedSize64: 1 << 40})
		if err != nil {
			t.Fatal(err)
		}
		_, _ = w.Write(content)
		_ = z.Close()
		return b.String()
	}
	return map[string]string{
		"json arrays in arrays":      deep("[", 2_000_000),
		"json objects in objects":    deep(`{"a":`, 1_000_000),
		"json depth in a known file": `{"version":1,"header":{"slots":null,"params":null},"db":{"version":3,"entries":[` + deep("[", 1_000_000) + strings.Repeat("]", 1_000_000) + `]}}`,
		"json depth in an entry":     `[{"secret":"x","label":"y","type":"TOTP","tags":` + deep("[", 500_000) + strings.Repeat("]", 500_000) + `}]`,
		"xml depth":                  "<?xml version='1.0'?><map>" + deep("<a>", 1_000_000),
		"xml entities":               `<?xml version="1.0"?><!DOCTYPE map [<!ENTITY a "` + strings.Repeat("x", 1000) + `"><!ENTITY b "` + strings.Repeat("&a;", 1000) + `"><!ENTITY c "` + strings.Repeat("&b;", 1000) + `">]><map><string name="com.authy.storage.tokens.authenticator.key">[&c;]</string></map>`,
		"xml attributes":             "<map><string " + strings.Repeat(`a="b" `, 300_000) + "></string></map>",
		"zip of zeros":               zipOf("data.json", 512<<20),
		"zip that lies":              lying(),
		"aegis scrypt":               `{"version":1,"header":{"slots":[{"type":1,"key":"00","key_params":{"nonce":"00","tag":"00"},"n":1073741824,"r":8,"p":1,"salt":"00"}],"params":{"nonce":"00","tag":"00"}},"db":"AAAA"}`,
		"aegis scrypt r":             `{"version":1,"header":{"slots":[{"type":1,"key":"00","key_params":{"nonce":"00","tag":"00"},"n":32768,"r":1000000,"p":1,"salt":"00"}],"params":{"nonce":"00","tag":"00"}},"db":"AAAA"}`,
		"aegis scrypt p":             `{"version":1,"header":{"slots":[{"type":1,"key":"00","key_params":{"nonce":"00","tag":"00"},"n":32768,"r":8,"p":1000000,"salt":"00"}],"params":{"nonce":"00","tag":"00"}},"db":"AAAA"}`,
		"ente memory":                `{"version":1,"kdfParams":{"memLimit":99999999999999,"opsLimit":1,"salt":"AAAA"},"encryptedData":"` + strings.Repeat("A", 40) + `","encryptionNonce":"` + strings.Repeat("A", 32) + `"}`,
		"ente passes":                `{"version":1,"kdfParams":{"memLimit":1073741824,"opsLimit":1000000,"salt":"AAAA"},"encryptedData":"` + strings.Repeat("A", 40) + `","encryptionNonce":"` + strings.Repeat("A", 32) + `"}`,
		"bitwarden rounds":           `{"encrypted":true,"passwordProtected":true,"salt":"x","kdfType":0,"kdfIterations":2000000000,"encKeyValidation_DO_NOT_EDIT":"2.a|b|c","data":"2.a|b|c"}`,
		"bitwarden memory":           `{"encrypted":true,"passwordProtected":true,"salt":"x","kdfType":1,"kdfIterations":3,"kdfMemory":9007199254740993,"kdfParallelism":4,"data":"2.a|b|c"}`,
		"bitwarden lanes":            `{"encrypted":true,"passwordProtected":true,"salt":"x","kdfType":1,"kdfIterations":3,"kdfMemory":64,"kdfParallelism":4294967296,"data":"2.a|b|c"}`,
		"authy rounds":               `{"authenticator_tokens":[{"encrypted_seed":"AAAA","salt":"s","key_derivation_iterations":4000000000}]}`,
		"authy rounds of all":        `{"authenticator_tokens":[` + strings.Repeat(`{"encrypted_seed":"AAAA","salt":"s","key_derivation_iterations":9000000},`, 100) + `{}]}`,
		"extension keys":             `{` + strings.Repeat(`"k%":{"dataType":"Key","id":"a","salt":"b","version":3},`, 1) + manyKeys(1000) + `"e":{"dataType":"EncOTPStorage","data":"x","keyId":"a"}}`,
		"andotp rounds":              "\xff\xff\xff\xf0" + andotpSealedFile(true),
		"links without end":          strings.Repeat("otpauth://totp/a?secret="+key10+"\n", MaxEntries+1),
		"one long line":              "otpauth://totp/a?secret=" + strings.Repeat("A", 8<<20),
		"migration parts":            "otpauth-migration://offline?data=" + strings.Repeat("A", 1<<20),
		"a million columns":          strings.Repeat("a,", 4000) + "otpauth\n" + strings.Repeat(strings.Repeat(",", 4000)+"x\n", 500),
		"html without end":           "<!doctype html><html>" + strings.Repeat("<tr><td>x", 500_000),
		"base64":                     strings.Repeat("QUJD", 4<<20),
		"steam manifest":             `{"encrypted":true,"entries":[` + strings.Repeat(`{"filename":"a","encryption_iv":"","encryption_salt":"","steamid":1},`, 60_000) + `{}]}`,
		"quotes":                     `"a","b` + strings.Repeat(`""`, 2_000_000),
	}
}

func manyKeys(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `"key%d":{"dataType":"Key","id":"id%d","salt":"b","version":3},`, i, i)
	}
	return b.String()
}

// TestBombs opens and reads every bomb. How much is allocated is checked, which is the same on every computer; how long it takes is not
// asserted, but a bomb that goes off takes minutes, and the deadline of the test ends it.
func TestBombs(t *testing.T) {
	const most = 200 << 20 // bytes besides the file
	for name, data := range bombs(t) {
		t.Run(name, func(t *testing.T) {
			ctx, stop := context.WithTimeout(t.Context(), time.Minute)
			defer stop()
			var before, after runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			start := time.Now()
			im, err := Open(ctx, one(data))
			var r Result
			if err == nil {
				r, err = im.Read(ctx, secret.FromString(pass))
			}
			took := time.Since(start)
			runtime.ReadMemStats(&after)
			if used := int64(after.TotalAlloc-before.TotalAlloc) - int64(len(data)); used > most {
				t.Errorf("%d MB were allocated for %d KB", used>>20, len(data)>>10)
			}
			if ctx.Err() != nil {
				t.Error("it went off")
			}
			if err == nil && len(r.Entries) > 0 {
				t.Errorf("%d accounts", len(r.Entries))
			}
			t.Logf("%v after %v: %v", len(r.Skipped), took.Round(time.Millisecond), err)
		})
	}
}

// TestLimits sees every cap refuse with ErrTooCostly or ErrTooLarge before any key is derived.
func TestLimits(t *testing.T) {
	all := bombs(t)
	for name, want := range map[string]error{
		"aegis scrypt": ErrTooCostly, "aegis scrypt r": ErrTooCostly, "aegis scrypt p": ErrTooCostly, "ente memory": ErrTooCostly, "ente passes": ErrTooCostly,
		"bitwarden rounds": ErrTooCostly, "bitwarden memory": ErrTooCostly, "bitwarden lanes": ErrTooCostly, "authy rounds": ErrTooCostly, "authy rounds of all": ErrTooCostly,
		"extension keys": ErrTooCostly, "zip of zeros": ErrTooLarge, "steam manifest": ErrTooLarge,
	} {
		if _, err := Open(t.Context(), one(all[name])); !errors.Is(err, want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	im, err := Open(t.Context(), one(all["links without end"]))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := im.Read(t.Context(), secret.Bytes{}); !errors.Is(err, ErrTooLarge) {
		t.Errorf("too many links: %v", err)
	}
	if _, err := Open(t.Context(), make([]File, MaxFiles+1)); !errors.Is(err, ErrTooLarge) {
		t.Errorf("too many files: %v", err)
	}
	if _, err := Open(t.Context(), []File{{Data: make([]byte, MaxFile+1)}}); !errors.Is(err, ErrTooLarge) {
		t.Errorf("a file too large: %v", err)
	}
}

// TestDamage cuts every file of TestFormats off at many places and changes bytes of it: nothing panics, and what cannot be read is said.
func TestDamage(t *testing.T) {
	for _, c := range formatCases {
		for i, f := range c.files {
			step := max(len(f.Data)/40, 1)
			for at := 0; at < len(f.Data); at += step {
				for _, damaged := range [][]byte{f.Data[:at], append(append(bytes.Clone(f.Data[:at]), f.Data[at]^0x11), f.Data[at+1:]...)} {
					files := append([]File(nil), c.files...)
					files[i].Data = damaged
					im, err := Open(t.Context(), files)
					if err == nil && !im.Encrypted() {
						_, err = im.Read(t.Context(), secret.Bytes{})
					}
					if err != nil && !isOurs(err) {
						t.Errorf("%s at %d: %v", c.name, at, err)
					}
				}
			}
		}
	}
}

func isOurs(err error) bool {
	for _, s := range sentinels {
		if errors.Is(err, s) {
			return true
		}
	}
	return false
}

// TestNothingSecretIsSaid reads every file of TestFormats with wrong passphrases and damage, and looks for keys and passphrases in what is
// said about it.
func TestNothingSecretIsSaid(t *testing.T) {
	secrets := []string{key10, key20, strings.ToLower(key10), pass, "R12345", "0123456789abcdef", "5239", "4kq7"}
	check := func(what, said string) {
		for _, s := range secrets {
			if strings.Contains(said, s) {
				t.Errorf("%s: a secret in %q", what, said)
			}
		}
	}
	for _, c := range formatCases {
		for _, damage := range []func([]byte) []byte{
			func(b []byte) []byte { return b },
			func(b []byte) []byte { return b[:len(b)*2/3] },
			func(b []byte) []byte { return bytes.ReplaceAll(b, []byte(key10), []byte("0"+key10)) },
			func(b []byte) []byte { return bytes.ReplaceAll(b, []byte(key10), []byte(key10+"\\u00")) },
		} {
			files := append([]File(nil), c.files...)
			for i := range files {
				files[i].Data = damage(bytes.Clone(files[i].Data))
			}
			im, err := Open(t.Context(), files)
			if err != nil {
				check(c.name, err.Error())
				continue
			}
			if c.pass != "" && strings.HasPrefix(c.name, "steam") {
				continue // 50,000 rounds each
			}
			r, err := im.Read(t.Context(), secret.FromString(c.pass))
			if err != nil {
				check(c.name, err.Error())
			}
			for _, e := range r.Entries {
				check(c.name, strings.Join(e.Warnings, " "))
			}
			for _, s := range r.Skipped {
				check(c.name, s.What+" "+s.Why)
			}
			check(c.name, strings.Join(r.Warnings, " "))
		}
	}
}

// TestCancel ends the context before and during a key derivation: Read returns at once either way.
func TestCancel(t *testing.T) {
	im, err := Open(t.Context(), one(protonSealedFile()))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if _, err := im.Read(ctx, secret.FromString(pass)); !errors.Is(err, context.Canceled) {
		t.Errorf("before: %v", err)
	}
	started, goOn := make(chan struct{}), make(chan struct{})
	d := derivation{run: func([]byte) []byte { close(started); <-goOn; return []byte("key") }}
	ctx, stop = context.WithCancel(t.Context())
	go func() { <-started; stop() }()
	if _, err := d.key(ctx, secret.FromString(pass)); !errors.Is(err, context.Canceled) {
		t.Errorf("during: %v", err)
	}
	close(goOn)
	if _, err := Open(ctx, one(protonJSON)); !errors.Is(err, context.Canceled) {
		t.Errorf("opening: %v", err)
	}
}
