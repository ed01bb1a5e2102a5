package transfer

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/md5"
	"crypto/pbkdf2"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"os"
	"strings"
	"testing"

	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/scrypt"
	"golang.org/x/text/encoding/unicode"

	"github.com/tallystick/tallystick/vault/otp"
	"github.com/tallystick/tallystick/vault/secret"
)

// The keys of the tests: 10 and 20 bytes of nobody's.
const (
	key10 = "JBSWY3DPEHPK3PXP"
	key20 = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
	pass  = "correct horse"
)

var (
	raw10 = []byte("Hello!\xde\xad\xbe\xef")
	raw20 = []byte("12345678901234567890")
	b64   = base64.StdEncoding.EncodeToString
)

// line is an entry in one line, so that a table of expectations can be read.
func line(e Entry) string {
	p := e.Params
	key := otp.EncodeBase32(p.Secret.Reveal())
	if p.Kind == otp.MOTP {
		key = string(p.Secret.Reveal())
	}
	s := fmt.Sprintf("%s %s|%s %s", p.Kind, e.Issuer, e.Name, key)
	if p.Kind == otp.TOTP || p.Kind == otp.HOTP {
		s += fmt.Sprintf(" %s %d", p.Algorithm, p.Digits)
	}
	switch p.Kind {
	case otp.TOTP:
		s += fmt.Sprintf(" %ds", p.Period)
	case otp.HOTP:
		s += fmt.Sprintf(" #%d", p.Counter)
	}
	if pin := p.PIN.Reveal(); pin != nil {
		s += " pin=" + string(pin)
	}
	if len(e.Tags) > 0 {
		s += " tags=" + strings.Join(e.Tags, ",")
	}
	if e.Favourite {
		s += " star"
	}
	if e.Archived {
		s += " archived"
	}
	if e.Note != "" {
		s += " note=" + strings.ReplaceAll(e.Note, "\n", "/")
	}
	if e.URL != "" {
		s += " url=" + e.URL
	}
	if e.Icon.MIME != "" {
		s += " icon=" + e.Icon.MIME
	}
	if !e.Used.IsZero() {
		s += " used=" + e.Used.Format("2006-01-02")
	}
	for _, k := range e.Recovery {
		s += " key=" + string(k.Reveal())
	}
	return s
}

// formatCase is a file that a test wrote, and what is in it.
type formatCase struct {
	name   string
	files  []File
	pass   string // also: it is encrypted
	format string
	want   []string
	skips  []string // what is skipped: "what: a piece of why"
	warns  []string // pieces of the warnings about the export
}

func one(data string) []File { return []File{{Data: []byte(data)}} }

func sealGCM(key, nonce, plain, additional []byte) []byte {
	block, _ := aes.NewCipher(key)
	gcm, _ := cipher.NewGCM(block)
	return gcm.Seal(nil, nonce, plain, additional)
}

func sealCBC(key, iv, plain []byte) []byte {
	block, _ := aes.NewCipher(key)
	n := 16 - len(plain)%16
	padded := append(append([]byte{}, plain...), bytes.Repeat([]byte{byte(n)}, n)...)
	cipher.NewCBCEncrypter(block, iv).CryptBlocks(padded, padded)
	return padded
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func asJSON(v any) string { return string(must(json.Marshal(v))) }

// png1 is the smallest PNG file there is.
var png1 = must(base64.StdEncoding.DecodeString("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="))

const aegisDB = `{"version":3,"entries":[
 {"type":"totp","uuid":"1","name":"maria","issuer":"Shop","note":"two\r\nlines","favorite":true,"icon":"%s","icon_mime":"image/png","groups":["g1","g2","gone"],"info":{"secret":"` + key10 + `","algo":"SHA256","digits":8,"period":60}},
 {"type":"hotp","name":"h","issuer":"","icon":null,"info":{"secret":"` + key20 + `","algo":"MD5","digits":6,"counter":"7"}},
 {"type":"motp","name":"m","issuer":"M","info":{"secret":"` + "AEBAGBAFAYDQQCIK" + `","algo":"MD5","digits":6,"period":10,"pin":"1234"}},
 {"type":"yandex","name":"y","issuer":"Y","info":{"secret":"` + "GEZDGNBVGY3TQOJQGEZDGNBVGY" + `","algo":"SHA256","digits":8,"period":30,"pin":"5239"}},
 {"type":"steam","name":"s","issuer":"Steam","info":{"secret":"` + key20 + `","algo":"SHA1","digits":5,"period":30}},
 {"type":"totp","name":"bad","issuer":"Bad","info":{"secret":"` + key10 + `","algo":"SHA1","digits":0,"period":30}},
 {"type":"future","name":"x","issuer":"Fut"},
 7
],"groups":[{"uuid":"g1","name":"Work"},{"uuid":"g2","name":"work"}]}`

var aegisWant = []string{
	"totp Shop|maria " + key10 + " SHA256 8 60s tags=Work star note=two/lines icon=image/png",
	"hotp |h " + key20 + " SHA1 6 #7",
	"motp M|m 0102030405060708090a pin=1234",
	"yandex Y|y GEZDGNBVGY3TQOJQGEZDGNBVGY pin=5239",
	"steam Steam|s " + key20,
}

var aegisSkips = []string{"Bad (bad): digits", "Fut (x): kind", "entry 8: damaged"}

func aegisSealed(t *testing.T, password string, repaired bool) string {
	t.Helper()
	salt, master := bytes.Repeat([]byte{1}, 32), bytes.Repeat([]byte{2}, 32)
	text := []byte(password)
	if !repaired && len(text) > 64 {
		text = append(text, make([]byte, int(float32(len([]rune(password)))*1.1)-len(text))...) // as the app once did
	}
	key := must(scrypt.Key(text, salt, 16, 8, 1, 32))
	n1, n2 := bytes.Repeat([]byte{3}, 12), bytes.Repeat([]byte{4}, 12)
	sealedKey := sealGCM(key, n1, master, nil)
	db := sealGCM(master, n2, []byte(fmt.Sprintf(aegisDB, b64(png1))), nil)
	x := hex.EncodeToString
	split := func(b []byte) (body, tag []byte) { return b[:len(b)-16], b[len(b)-16:] }
	kb, kt := split(sealedKey)
	body, tag := split(db)
	return fmt.Sprintf(`{"version":1,"header":{"slots":[
	 {"type":2,"uuid":"b","key":"00","key_params":{"nonce":"00","tag":"00"}},
	 {"type":1,"uuid":"a","key":"%s","key_params":{"nonce":"%s","tag":"%s"},"n":16,"r":8,"p":1,"salt":"%s","repaired":%t,"is_backup":true}],
	 "params":{"nonce":"%s","tag":"%s"}},"db":"%s"}`, x(kb), x(n1), x(kt), x(salt), repaired, x(n2), x(tag), b64(body))
}

func twofasSealed(services string) string {
	salt := bytes.Repeat([]byte{9}, 256)
	key := must(pbkdf2.Key(sha256.New, pass, salt, twofasRounds, 32))
	iv := bytes.Repeat([]byte{8}, 12)
	box := func(s string) string { return b64(sealGCM(key, iv, []byte(s), nil)) + ":" + b64(salt) + ":" + b64(iv) }
	return fmt.Sprintf(`{"services":[],"groups":[{"id":"g","name":"Work"}],"schemaVersion":4,"appOrigin":"ios","servicesEncrypted":%q,"reference":%q}`, box(services), box("anything"))
}

const twofasServices = `[
 {"name":"Shop","secret":"jbsw y3dp ehpk 3pxp","groupId":"g","otp":{"account":"maria","issuer":null,"digits":8,"period":60,"algorithm":"SHA512","tokenType":"TOTP","source":"manual"},"order":{"position":0}},
 {"name":"Bank","secret":"` + key20 + `","otp":{"link":"otpauth://hotp/Bank:joe?secret=` + key20 + `&counter=9&digits=7","tokenType":"HOTP","counter":null}},
 {"name":"Steam","secret":"` + key20 + `","otp":{"label":"Steam:gamer","tokenType":"STEAM"}},
 {"name":"Odd","secret":"` + key10 + `","otp":{"algorithm":"SHA224"}}]`

var twofasWant = []string{
	"totp Shop|maria " + key10 + " SHA512 8 60s tags=Work",
	"hotp Bank|joe " + key20 + " SHA1 7 #9",
	"steam Steam|gamer " + key20,
}

const andotpJSON = `[{"secret":"` + key10 + `","issuer":"Shop","label":"maria","digits":6,"type":"TOTP","algorithm":"SHA1","thumbnail":"Default","last_used":1608146844162,"used_frequency":0,"period":30,"tags":["Work"]},
{"secret":"` + key20 + `","label":"Old - joe","digits":6,"type":"HOTP","algorithm":"SHA1","counter":3,"tags":[]},
{"secret":"GAYTEMZUGU3DOOBZMFRGGZDFMY======","issuer":"M","label":"m","digits":6,"type":"MOTP","algorithm":"MD5","period":10},
{"secret":"` + key20 + `","issuer":"","label":"s","type":"STEAM","algorithm":"SHA1","digits":5}]`

var andotpWant = []string{
	"totp Shop|maria " + key10 + " SHA1 6 30s tags=Work used=2020-12-16",
	"hotp |Old - joe " + key20 + " SHA1 6 #3",
	"motp M|m 0123456789abcdef",
	"steam |s " + key20,
}

func andotpSealedFile(old bool) string {
	nonce := []byte("\xf1\xe2\xd3nonce678\x99")
	if old {
		key := sha256.Sum256([]byte(pass))
		return string(nonce) + string(sealGCM(key[:], nonce, []byte(andotpJSON), nil))
	}
	salt := []byte("\xa1\xb2\xc3salt5678\x98")
	key := must(pbkdf2.Key(sha1.New, pass, salt, 1500, 32))
	head := binary.BigEndian.AppendUint32(nil, 1500)
	return string(head) + string(salt) + string(nonce) + string(sealGCM(key, nonce, []byte(andotpJSON), nil))
}

func authyToken1(rounds int, plain, salt string, iv []byte) string {
	key := must(pbkdf2.Key(sha1.New, pass, []byte(salt), rounds, 32))
	return b64(sealCBC(key, iv, []byte(plain)))
}

func cryptoJS(plain, passphrase string) string {
	salt := []byte("saltsalt")
	var derived, block []byte
	for len(derived) < 48 {
		sum := md5.Sum(append(append(append([]byte{}, block...), passphrase...), salt...))
		block = sum[:]
		derived = append(derived, block...)
	}
	return b64(append([]byte("Salted__saltsalt"), sealCBC(derived[:32], derived[32:48], []byte(plain))...))
}

func bitwardenSealed(t *testing.T, argon bool) string {
	t.Helper()
	salt := "c2FsdHNhbHRzYWx0c2FsdA=="
	var master []byte
	settings := `"kdfType":0,"kdfIterations":2000`
	if argon {
		h := sha256.Sum256([]byte(salt))
		master = argon2.IDKey([]byte(pass), h[:], 2, 16<<10, 2, 32)
		settings = `"kdfType":1,"kdfIterations":2,"kdfMemory":16,"kdfParallelism":2`
	} else {
		master = must(pbkdf2.Key(sha256.New, pass, []byte(salt), 2000, 32))
	}
	enc, mac := must(hkdf.Expand(sha256.New, master, "enc", 32)), must(hkdf.Expand(sha256.New, master, "mac", 32))
	box := func(s string) string {
		iv := bytes.Repeat([]byte{5}, 16)
		ct := sealCBC(enc, iv, []byte(s))
		h := hmac.New(sha256.New, mac)
		h.Write(iv)
		h.Write(ct)
		return "2." + b64(iv) + "|" + b64(ct) + "|" + b64(h.Sum(nil))
	}
	return fmt.Sprintf(`{"encrypted":true,"passwordProtected":true,"salt":%q,%s,"encKeyValidation_DO_NOT_EDIT":%q,"data":%q}`,
		salt, settings, box("3f1b2a6e-0000-4000-8000-000000000000"), box(bitwardenJSON))
}

const bitwardenJSON = `{"encrypted":false,"folders":[{"id":"f","name":"Work"}],"items":[
 {"id":"1","folderId":"f","type":1,"name":"Shop","notes":"Recovery codes:\n4kq7-m2xv\n9bn3-c8zt\nw6jp-5hdr","favorite":true,"login":{"uris":[{"match":null,"uri":"androidapp://x"},{"uri":"https://shop.example/in"}],"username":"maria","password":"p","totp":"jbsw y3dp ehpk 3pxp"}},
 {"id":"2","type":1,"name":"Steam","favorite":false,"login":{"username":null,"totp":"steam://` + key20 + `"}},
 {"id":"3","type":1,"name":"No second factor","login":{"username":"x","password":"y","totp":null}},
 {"id":"4","type":2,"name":"A note","notes":"hello","secureNote":{"type":0}},
 {"id":"5","type":1,"name":"Gone","deletedDate":"2024-01-01T00:00:00Z","login":{"totp":"otpauth://totp/Gone:joe?secret=` + key10 + `"}},
 {"id":"6","type":1,"name":"Odd","login":{"totp":"not a key 0189"}}]}`

var bitwardenWant = []string{
	"totp Shop|maria " + key10 + " SHA1 6 30s tags=Work star note=Recovery codes:/4kq7-m2xv/9bn3-c8zt/w6jp-5hdr url=https://shop.example/in key=4kq7-m2xv key=9bn3-c8zt key=w6jp-5hdr",
	"steam Steam| " + key20,
	"totp Gone|joe " + key10 + " SHA1 6 30s archived",
}

func protonSealedFile() string {
	salt := bytes.Repeat([]byte{6}, 16)
	key := argon2.IDKey([]byte(pass), salt, 2, 19<<10, 1, 32)
	nonce := bytes.Repeat([]byte{7}, 12)
	return fmt.Sprintf(`{"version":1,"salt":%q,"content":%q}`, b64(salt), b64(append(nonce, sealGCM(key, nonce, []byte(protonJSON), []byte("proton.authenticator.export.v1"))...)))
}

const protonJSON = `{"version":1,"entries":[
 {"id":"1","content":{"uri":"otpauth://totp/maria?secret=` + key10 + `&issuer=Shop&algorithm=SHA256&digits=8&period=60","entry_type":"Totp","name":"maria"},"note":"a note"},
 {"id":"2","content":{"uri":"steam://` + key20 + `","entry_type":"Steam","name":"gamer"}},
 {"id":"3","content":null}]}`

var protonWant = []string{
	"totp Shop|maria " + key10 + " SHA256 8 60s note=a note",
	"steam |gamer " + key20,
}

// prefsXML writes preferences of an Android app.
func prefsXML(pairs ...string) string {
	s := "<?xml version='1.0' encoding='utf-8' standalone='yes' ?>\r\n<map>\n  <int name=\"n\" value=\"1\" />\n"
	for i := 0; i < len(pairs); i += 2 {
		s += fmt.Sprintf("  <string name=%q>%s</string>\n", pairs[i], html.EscapeString(pairs[i+1]))
	}
	return s + "</map>\n"
}

func mask(text string) string {
	m := must(hex.DecodeString(battlenetMask))
	b := []byte(text)
	for i := range b {
		b[i] ^= m[i]
	}
	return hex.EncodeToString(b)
}

func signedArray(b []byte) string {
	var parts []string
	for _, c := range b {
		parts = append(parts, fmt.Sprint(int8(c)))
	}
	return "[" + strings.Join(parts, ",") + "]"
}

func totpAuthenticatorFile(password string) string {
	key := sha256.Sum256([]byte(password))
	outer := asJSON(map[string]string{totpAuthenticatorJSON: ""})
	return b64(sealCBC(key[:], make([]byte, 16), []byte(outer)))
}

const totpAuthenticatorJSON = `[{"issuer":"Shop","name":"maria","key":"48656c6c6f21deadbeef","base":16,"digits":"","period":"","isFavorite":true},
{"issuer":"Unknown","name":"joe","key":"` + key20 + `","base":32,"digits":"8","period":"60"},
{"issuer":"B","name":"b","key":"MTIzNDU2Nzg5MDEyMzQ1Njc4OTA=","base":64,"digits":"6","period":"30"},
{"issuer":"Bad","name":"bad","key":"xyz","base":16}]`

var totpAuthenticatorWant = []string{
	"totp Shop|maria " + key10 + " SHA1 6 30s star",
	"totp |joe " + key20 + " SHA1 8 60s",
	"totp B|b " + key20 + " SHA1 6 30s",
}

func steamFiles(scheme string) []File {
	salt, iv := []byte("saltsalt"), bytes.Repeat([]byte{3}, 16)
	account := fmt.Sprintf(`{"shared_secret":%q,"account_name":"gamer","uri":"otpauth://totp/Steam:gamer?secret=ASDF&issuer=Steam","revocation_code":"R12345","identity_secret":"bmV2ZXI="}`, b64(raw20))
	var key []byte
	manifest := fmt.Sprintf(`{"encrypted":true,"first_run":true,"entries":[{"encryption_iv":%q,"encryption_salt":%q,"filename":"1.maFile","steamid":1}]}`, b64(iv), b64(salt))
	if scheme == "Argon2idAes256" {
		key = argon2.IDKey([]byte(pass), salt, 3, 12<<10, 12, 32)
	} else {
		key = must(pbkdf2.Key(sha1.New, pass, salt, 50000, 32))
	}
	if scheme != "" {
		manifest = fmt.Sprintf(`{"version":1,"entries":[{"filename":"1.maFile","steam_id":1,"account_name":"gamer","encryption":{"iv":%q,"salt":%q,"scheme":%q}}]}`, b64(iv), b64(salt), scheme)
	}
	return []File{{Name: "manifest.json", Data: []byte(manifest)}, {Name: `C:\sda\1.maFile`, Data: []byte(b64(sealCBC(key, iv, []byte(account))))}}
}

var steamWant = []string{"steam Steam|gamer " + key20 + " note=Steam revocation code: R12345 key=R12345"}

func inUTF16(s string) string {
	return string(must(unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().Bytes([]byte(s))))
}

func extensionV3() string {
	salt := "c2FsdHNhbHRzYWx0"
	hash := argon2.IDKey([]byte(pass), []byte(salt), 2, 19<<10, 1, 32)
	p := base64.RawStdEncoding.EncodeToString(hash)
	entry := func(s string) string { return cryptoJS(s, p) }
	return fmt.Sprintf(`{"k1":{"dataType":"Key","id":"k1","salt":%q,"hash":"$argon2id$x","version":3},
	"e2":{"dataType":"EncOTPStorage","keyId":"k1","data":%q,"index":1},
	"e1":{"dataType":"EncOTPStorage","keyId":"k1","data":%q,"index":0}}`, salt,
		entry(`{"encrypted":true,"hash":"e2","type":"hotp","secret":"`+key20+`","counter":5,"account":"joe"}`),
		entry(`{"encrypted":true,"hash":"e1","type":"totp","secret":"`+key10+`","issuer":"Shop::shop.example","account":"maria","pinned":true,"digits":8,"period":60,"algorithm":"SHA256"}`))
}

var formatCases = []formatCase{
	{name: "aegis", files: one(fmt.Sprintf(`{"version":1,"header":{"slots":null,"params":null},"db":`+aegisDB+`}`, b64(png1))), format: "aegis", want: aegisWant, skips: aegisSkips},
	{
		name: "aegis old", format: "aegis", files: one("\xef\xbb\xbf" + strings.ReplaceAll(`{"version":1,"header":{"slots":null,"params":null},"db":{"version":1,
		"entries":[{"type":"totp","name":"maria","issuer":"Shop","group":"Work","info":{"secret":"`+key10+`","algo":"SHA1","digits":6,"period":30}}]}}`, "\n", "\r\n")),
		want: []string{"totp Shop|maria " + key10 + " SHA1 6 30s tags=Work"},
	},
	{name: "2fas", files: one(`{"services":` + twofasServices + `,"groups":[{"id":"g","name":"Work"}],"schemaVersion":4,"servicesEncrypted":""}`), format: "2fas", want: twofasWant, skips: []string{"Odd: algorithm"}},
	{name: "2fas encrypted", files: one(twofasSealed(twofasServices)), pass: pass, format: "2fas", want: twofasWant, skips: []string{"Odd: algorithm"}},
	{
		name: "2fas schema 1", files: one(`{"services":[{"name":"Shop","secret":"` + key10 + `","otp":{"label":"Shop:maria","account":null}}],"schemaVersion":"1","appOrigin":"android"}`),
		format: "2fas", want: []string{"totp Shop|maria " + key10 + " SHA1 6 30s"},
	},
	{name: "andotp", files: one(andotpJSON), format: "andotp", want: andotpWant},
	{name: "andotp encrypted", files: one(andotpSealedFile(false)), pass: pass, format: "andotp", want: andotpWant},
	{name: "andotp old encryption", files: one(andotpSealedFile(true)), pass: pass, format: "andotp", want: andotpWant},
	{
		name: "gnome", files: one(`[{"secret":"` + key10 + `","label":"maria","digits":6,"type":"TOTP","algorithm":"SHA1","thumbnail":"Default","last_used":0,"period":30,"tags":["Shop"]}]`),
		format: "andotp", want: []string{"totp Shop|maria " + key10 + " SHA1 6 30s"},
	},
	{
		name: "stratum", format: "stratum", files: one(`{"Authenticators":[
		{"Type":2,"Icon":"@i1","Issuer":"Shop","Username":"maria","Secret":"` + key10 + `","Pin":null,"Algorithm":1,"Digits":8,"Period":60,"Counter":0,"CopyCount":3,"Ranking":0},
		{"Type":3,"Icon":null,"Issuer":"M","Username":null,"Secret":"0123456789abcdef0123","Pin":"1234","Algorithm":0,"Digits":6,"Period":10},
		{"Type":5,"Issuer":"Y","Username":"y","Secret":"GEZDGNBVGY3TQOJQGEZDGNBVGY","Pin":"5239","Algorithm":1,"Digits":8,"Period":30},
		{"Type":1,"Issuer":"H","Username":"h","Secret":"` + key20 + `","Algorithm":0,"Digits":6,"Period":30,"Counter":4},
		{"Type":9,"Issuer":"New","Username":"n","Secret":"` + key20 + `"},
		{"Type":2,"Issuer":"A","Username":"a","Secret":"` + key20 + `","Algorithm":7,"Digits":6,"Period":30}],
		"Categories":[{"Id":"c1","Name":"Work","Ranking":0}],"AuthenticatorCategories":[{"CategoryId":"c1","AuthenticatorSecret":"` + key10 + `"}],
		"CustomIcons":[{"Id":"i1","Data":"` + b64(png1) + `"}]}`),
		want: []string{
			"totp Shop|maria " + key10 + " SHA256 8 60s tags=Work icon=image/png", "motp M| 0123456789abcdef0123 pin=1234",
			"yandex Y|y GEZDGNBVGY3TQOJQGEZDGNBVGY pin=5239", "hotp H|h " + key20 + " SHA1 6 #4",
		},
		skips: []string{"New (n): kind", "A (a): algorithm"},
	},
	{
		name: "stratum page", format: "stratum", files: one("<!doctype html>\n<html><head><title>Stratum Backup</title></head><body><table><tr><th>a</th></tr><tr><td><code>otpauth://totp/Shop:maria?secret=" + key10 +
			"&amp;issuer=Shop</code><img src='x'></td></tr><tr><td><code>motp://M:m?secret=0123456789abcdef0123</code></td></tr></table></body></html>"),
		want: []string{"totp Shop|maria " + key10 + " SHA1 6 30s", "motp M|m 0123456789abcdef0123"},
	},
	{
		name: "aegis page", format: "aegis", files: one("<html><head><title>Aegis</title></head><table><tr><th>Issuer</th><th>Name</th><th>Type</th><th>QR Code</th><th>UUID</th><th>Note</th><th>Favorite</th><th>Algo</th><th>Digits</th><th>Secret</th><th>Counter</th><th>Period</th></tr>" +
			"<tr><td>Shop &amp; Co</td><td>maria</td><td>totp</td><td><img src='data:'></td><td>1</td><td>n</td><td>true</td><td>SHA1</td><td>6</td><td>" + key10 + "</td><td></td><td>30</td></tr></table></html>"),
		want: []string{"totp Shop & Co|maria " + key10 + " SHA1 6 30s star note=n"},
	},
	{
		name: "authy", format: "authy", pass: pass, files: one(prefsXML("com.authy.storage.tokens.authenticator.key",
			`[{"accountType":"authenticator","digits":6,"encryptedSecret":"`+authyToken1(1000, "jbswy3dpehpk3pxp", "salt1", make([]byte, 16))+`","salt":"salt1","originalIssuer":"Shop","originalName":"Shop:maria","name":"Shop: maria"},
			 {"accountType":"authenticator","digits":7,"encryptedSecret":"`+authyToken1(1000, key20+"======", "salt2", make([]byte, 16))+`","salt":"salt2","name":"joe"},
			 {"accountType":"authy","digits":7,"secretSeed":"3132333435363738393031323334353637383930","name":"Twitch"}]`)),
		want: []string{"totp Shop|Shop: maria " + key10 + " SHA1 6 30s", "totp |joe " + key20 + " SHA1 7 30s", "totp |Twitch " + key20 + " SHA1 7 10s"},
	},
	{
		name: "authy api", format: "authy", pass: pass, files: one(`{"message":"success","authenticator_tokens":[
		{"account_type":"google","name":"Shop: maria","original_name":"maria","issuer":"Shop","digits":6,"encrypted_seed":"` + authyToken1(2000, key10, "s", bytes.Repeat([]byte{7}, 16)) +
			`","salt":"s","unique_iv":"07070707070707070707070707070707","key_derivation_iterations":2000},
		{"account_type":"google","name":"other","digits":6,"encrypted_seed":"AAAA","salt":"s","unique_iv":null,"key_derivation_iterations":1000}],"success":true}`),
		want: []string{"totp Shop|Shop: maria " + key10 + " SHA1 6 30s"}, skips: []string{"other: passphrase"},
	},
	{
		name: "authy decrypted", format: "authy", files: one(`{"message":"success","decrypted_authenticator_tokens":[{"name":"Shop: maria","issuer":null,"decrypted_seed":"` + key10 + `","digits":6}]}`),
		want: []string{"totp |Shop: maria " + key10 + " SHA1 6 30s"},
	},
	{
		name: "authy table", format: "authy", pass: pass, files: one("name,encrypted_seed,salt,iv\r\nShop:maria," + authyToken1(1000, key10, "s", make([]byte, 16)) + ",s,\r\n"),
		want: []string{"totp |Shop:maria " + key10 + " SHA1 6 30s"},
	},
	{
		name: "extension", format: "authenticator", files: one("{\r\n\"7733be61632fa6af88d31218e6c4afb2\":{\"account\":\"maria\",\"issuer\":\"Shop\",\"secret\":\"" + strings.ToLower(key10) + "\",\"type\":\"totp\",\"index\":0,\"hash\":\"x\",\"encrypted\":false},\r\n" +
			`"a":{"secret":"blz-` + key20 + `","hash":"a","index":1},"b":{"secret":"stm-` + key20 + `","hash":"b","index":2},
			"c":{"secret":"3132333435363738393031323334353637383930","type":"hhex","counter":4,"hash":"c","index":3,"account":"h"},
			"d":{"secret":"48656c6c6f21deadbeef","hash":"d","index":4,"issuer":"Hex"},"LocalStorage":{"x":1},"UserSettings":{"a":2},
			"e":{"secret":"` + key10 + `","type":"totp","algorithm":"GOST3411_2012_256","hash":"e","index":5,"issuer":"G"}}`),
		want: []string{
			"totp Shop|maria " + key10 + " SHA1 6 30s", "totp Battle.net| " + key20 + " SHA1 8 30s", "steam | " + key20,
			"hotp |h " + key20 + " SHA1 6 #4", "totp Hex| " + key10 + " SHA1 6 30s",
		},
		skips: []string{"G: algorithm"},
	},
	{
		name: "extension encrypted", format: "authenticator", pass: pass, files: one(extensionV3()),
		want: []string{"totp Shop|maria " + key10 + " SHA256 8 60s star url=https://shop.example", "hotp |joe " + key20 + " SHA1 6 #5"},
	},
	{
		name: "extension encrypted, version 2", format: "authenticator", pass: pass, files: one(`{"key":{"enc":"` + cryptoJS("\x01\x02\x03\x04", pass) + `","hash":"$argon2id$x"},
		"a":{"account":"maria","issuer":"Shop","secret":"` + cryptoJS(key10, "01020304") + `","type":"totp","encrypted":true,"hash":"a","index":0}}`),
		want: []string{"totp Shop|maria " + key10 + " SHA1 6 30s"},
	},
	{
		name: "extension encrypted, version 1", format: "authenticator", pass: pass, files: one(`{"a":{"account":"maria","secret":"` + cryptoJS(key10, pass) + `","type":"totp","encrypted":true,"hash":"a","index":0}}`),
		want: []string{"totp |maria " + key10 + " SHA1 6 30s"},
	},
	{
		name: "battle.net", format: "battlenet", files: one(prefsXML("com.blizzard.messenger.AUTHENTICATOR_SERIAL", mask("EU-1234-5678-9012"), "com.blizzard.messenger.AUTHENTICATOR_DEVICE_SECRET", mask(hex.EncodeToString(raw20)))),
		want: []string{"totp Battle.net|EU-1234-5678-9012 " + key20 + " SHA1 8 30s"},
	},
	{name: "bitwarden", files: one(bitwardenJSON), format: "bitwarden", want: bitwardenWant, skips: []string{"Odd: key"}},
	{
		name: "bitwarden table", format: "bitwarden", files: one("\xef\xbb\xbffolder,favorite,type,name,login_uri,login_totp\r\nWork,1,1,Shop,,otpauth://totp/Shop:maria?secret=" + key10 + ",,,\r\n\r\n,,1,\"a, b\",\"https://a.example,https://b.example\"," + key20 + "\r\n"),
		want: []string{"totp Shop|maria " + key10 + " SHA1 6 30s tags=Work star", "totp a, b| " + key20 + " SHA1 6 30s url=https://a.example"},
	},
	{name: "duo", format: "duo", files: one(`[{"name":"Push","accountType":"DuoAccount","pkey":"x"},{"name":"maria","accountType":"OtpAccount","otpGenerator":{"otpSecret":"` + key10 + `","counter":2}}]`), want: []string{"hotp |maria " + key10 + " SHA1 6 #2"}, skips: []string{"Push: Duo"}},
	{
		name: "ente", format: "ente", files: one("otpauth://totp/Shop:my name@x?algorithm=sha1&digits=null&issuer=Shop&period=30&secret=" + key10 + `&codeDisplay=%7B%22pinned%22%3Atrue%2C%22trashed%22%3Atrue%2C%22lastUsedAt%22%3A1608146844162000%2C%22tags%22%3A%5B%22a%22%5D%2C%22note%22%3A%22n%22%7D` + "\n\n"),
		want: []string{"totp Shop|my name@x " + key10 + " SHA1 6 30s tags=a star archived note=n used=2020-12-16"},
	},
	{
		name: "freeotp", format: "freeotp", files: one(prefsXML("tokenOrder", `["Shop:maria"]`, "Shop:maria", `{"algo":"SHA256","counter":4,"digits":8,"issuerExt":"Shop","issuerInt":"Shop","label":"maria","period":60,"secret":`+signedArray(raw10)+`,"type":"TOTP"}`,
			"x", `{"algo":"SHA1","counter":41,"digits":6,"issuerExt":"","label":"joe","period":30,"secret":`+signedArray(raw20)+`,"type":"HOTP"}`,
			"old", "otpauth://totp/old?secret="+key20, "md5", `{"algo":"SHA224","label":"odd","secret":[1,2,3],"type":"TOTP"}`)),
		want:  []string{"totp Shop|maria " + key10 + " SHA256 8 60s", "hotp |joe " + key20 + " SHA1 6 #41", "totp |old " + key20 + " SHA1 6 30s"},
		skips: []string{"odd: algorithm"},
	},
	{
		name: "freeotp+", format: "freeotpplus", files: one(`{"tokenOrder":["x"],"tokens":[{"algo":"SHA1","counter":0,"digits":6,"issuerAlt":"Mine","issuerExt":"Shop","label":"maria","period":30,"secret":` + signedArray(raw10) + `,"type":"TOTP"},{"label":"no key","type":"TOTP","secret":[]}]}`),
		want: []string{"totp Mine|maria " + key10 + " SHA1 6 30s"}, skips: []string{"no key: key"},
	},
	{
		name: "lastpass", format: "lastpass", files: one(`{"version":1,"accounts":[{"issuerName":"Shop","userName":"maria","secret":"` + key10 + `","timeStep":60,"digits":8,"algorithm":"SHA512","isFavorite":true,"folderData":{"folderId":5,"position":0}},
		{"originalUserName":"o","issuerName":null,"userName":"joe","secret":"` + key20 + `","folderData":null},{"issuerName":"Push","userName":"p","pushNotification":true,"secret":""}],"folders":[{"id":5,"name":"Work"},{"id":0,"name":"Other accounts"}]}`),
		want: []string{"totp Shop|maria " + key10 + " SHA512 8 60s tags=Work star", "totp |joe " + key20 + " SHA1 6 30s"}, skips: []string{"Push (p): tap"},
	},
	{
		name: "1password", format: "1password", files: one(`{"accounts":[{"attrs":{"accountName":"Me"},"vaults":[{"attrs":{"name":"Private"},"items":[
		{"uuid":"1","favIndex":1,"state":"active","overview":{"title":"Shop","url":"https://shop.example","tags":["Work"]},"details":{"loginFields":[{"value":"maria","designation":"username"}],"notesPlain":"n",
		 "sections":[{"title":"","fields":[{"title":"one-time password","id":"TOTP_1","value":{"totp":"` + key10 + `"}},{"id":"TOTP_2","value":{"totp":"otpauth://totp/Second:joe?secret=` + key20 + `&issuer=Second"}},{"value":{"string":"x"}}]}]}},
		{"uuid":"2","state":"archived","overview":{"title":"Old"},"details":{"sections":[{"fields":[{"value":{"totp":"` + key20 + `"}}]}]}}]}]}]}`),
		want: []string{
			"totp Shop|maria " + key10 + " SHA1 6 30s tags=Work,Private star note=n url=https://shop.example", "totp Second|joe " + key20 + " SHA1 6 30s tags=Work,Private star note=n url=https://shop.example",
			"totp Old| " + key20 + " SHA1 6 30s tags=Private archived",
		},
	},
	{
		name: "1password table", format: "1password", files: one("Title,Url,Username,Password,OTPAuth,Favorite,Archived,Tags,Notes\nShop,https://shop.example,maria,p,otpauth://totp/x?secret=" + key10 + ",true,false,Work;Home,n\nNone,,,,,,,,\n"),
		want: []string{"totp Shop|x " + key10 + " SHA1 6 30s tags=Work,Home star note=n url=https://shop.example"},
	},
	{
		name: "apple", format: "apple", files: one("Title,URL,Username,Password,Notes,OTPAuth\n\"shop.example (maria)\",https://shop.example/,maria,p,,\"otpauth://totp/Shop:maria?secret=" + key10 + "&issuer=Shop\"\n"),
		want: []string{"totp Shop|maria " + key10 + " SHA1 6 30s url=https://shop.example/"},
	},
	{
		name: "keepassxc table, UTF-16", format: "keepass", files: one(inUTF16("\"Group\",\"Title\",\"Username\",\"Password\",\"URL\",\"Notes\",\"TOTP\",\"Icon\",\"Last Modified\",\"Created\"\r\n\"Root/Work\",\"Shöp\",\"maria\",\"p\",\"https://shop.example\",\"two\nlines\",\"otpauth://totp/Sh%C3%B6p:maria?secret=" + key10 + "&period=30&digits=6&issuer=Sh%C3%B6p\",\"0\",\"\",\"\"\r\n")),
		want: []string{"totp Shöp|maria " + key10 + " SHA1 6 30s tags=Work note=two/lines url=https://shop.example"},
	},
	{
		name: "proton pass table", format: "proton-pass", files: one("type,name,url,email,username,password,note,totp,createTime,modifyTime,vault\nlogin,Shop,https://shop.example,m@x.example,,p,,otpauth://totp/?secret=" + key10 + ",1,1,Personal\n"),
		want: []string{"totp Shop|m@x.example " + key10 + " SHA1 6 30s tags=Personal url=https://shop.example"},
	},
	{
		name: "any table", format: "csv", files: one("name;secret;issuer;type;counter;digits\nmaria;" + key10 + ";Shop;totp;;8\njoe;" + key20 + ";Bank;hotp;4;\n"),
		want: []string{"totp Shop|maria " + key10 + " SHA1 8 30s", "hotp Bank|joe " + key20 + " SHA1 6 #4"},
	},
	{
		name: "any json", format: "json", files: one(`[{"name":"maria","secret":"` + key10 + `","issuer":"Shop","type":"totp","counter":null,"url":"otpauth://totp/x?secret=` + key10 + `"},{"name":"h","secret":"` + key20 + `","issuer":"","type":"hotp","counter":4}]`),
		want: []string{"totp Shop|maria " + key10 + " SHA1 6 30s", "hotp |h " + key20 + " SHA1 6 #4"},
	},
	{
		name: "links in json", format: "json", files: one(`{"a":{"b":["otpauth://totp/Shop:maria?secret=` + key10 + `","https://x.example"]},"c":"steam://run/440"}`),
		want: []string{"totp Shop|maria " + key10 + " SHA1 6 30s"},
	},
	{
		name: "links after something", format: "otpauth-uri", files: one("1. Shop: \"otpauth://totp/Shop:maria?secret=" + key10 + "\",\napple-otpauth://totp/x?secret=" + key20 + "\n# otpauth://totp/no?secret=" + key20 + "\n"),
		want: []string{"totp Shop|maria " + key10 + " SHA1 6 30s", "totp |x " + key20 + " SHA1 6 30s"},
	},
	{name: "proton", files: one(protonJSON), format: "proton", want: protonWant, skips: []string{"entry 3: no key"}},
	{name: "proton encrypted", files: one(protonSealedFile()), pass: pass, format: "proton", want: protonWant, skips: []string{"entry 3: no key"}},
	{
		name: "proton pass", format: "proton-pass", files: one(`{"version":"1.0","vaults":{"v1":{"name":"Personal","items":[{"state":1,"pinned":true,"data":{"type":"login","metadata":{"name":"Shop","note":"n"},"content":{"itemUsername":"maria","itemEmail":"m@x.example","urls":["https://shop.example"],"totpUri":"otpauth://totp/Proton%20Pass?secret=` + key10 + `"},
		"extraFields":[{"fieldName":"second","type":"totp","data":{"totpUri":"` + key20 + `"}},{"fieldName":"t","type":"text","data":{"content":"x"}}]}},{"state":2,"data":{"type":"note","metadata":{"name":"x"},"content":{}}}]}}}`),
		want: []string{"totp Shop|maria " + key10 + " SHA1 6 30s tags=Personal star note=n url=https://shop.example", "totp Shop|maria " + key20 + " SHA1 6 30s tags=Personal star note=n url=https://shop.example"},
	},
	{
		name: "raivo", format: "raivo", files: one(`[{"issuer":"Shop","account":"maria","secret":"` + key10 + `","kind":"TOTP","algorithm":"SHA256","digits":"8","timer":"60","counter":"0","iconType":"","iconValue":"","pinned":"true"},
		{"issuer":"H","account":"h","secret":"` + key20 + `","kind":"HOTP","algorithm":"SHA1","digits":"6","timer":"30","counter":"5","pinned":"false"},{"issuer":"O","account":"o","secret":"` + key20 + `","kind":"TOTP","algorithm":"SHA384","digits":"6","timer":"30"}]`),
		want: []string{"totp Shop|maria " + key10 + " SHA256 8 60s star", "hotp H|h " + key20 + " SHA1 6 #5"}, skips: []string{"O (o): algorithm"},
	},
	{name: "steam app", format: "steam", files: one(`{"accounts":{"76":{"steamid":"76","shared_secret":"` + b64(raw20) + `","account_name":"gamer","revocation_code":"R12345"},"77":{"shared_secret":"","account_name":"x"}}}`), want: steamWant, skips: []string{"Steam (x): key"}},
	{name: "steam desktop authenticator", files: steamFiles(""), pass: pass, format: "steam", want: steamWant},
	{name: "steamguard-cli, legacy", files: steamFiles("LegacySdaCompatible"), pass: pass, format: "steam", want: steamWant},
	{name: "steamguard-cli, argon2", files: steamFiles("Argon2idAes256"), pass: pass, format: "steam", want: steamWant},
	{name: "steam manifest alone", files: steamFiles("")[:1], format: "steam", skips: []string{"1.maFile: not here"}},
	{name: "totp authenticator", files: one(totpAuthenticatorFile("TotpAuthenticator")), format: "totpauthenticator", want: totpAuthenticatorWant, skips: []string{"Bad (bad): key"}},
	{name: "totp authenticator, passphrase", files: one(totpAuthenticatorFile(pass) + "\n"), pass: pass, format: "totpauthenticator", want: totpAuthenticatorWant, skips: []string{"Bad (bad): key"}},
	{name: "totp authenticator, preferences", files: one(prefsXML("STATIC_TOTP_CODES_LIST", totpAuthenticatorJSON)), format: "totpauthenticator", want: totpAuthenticatorWant, skips: []string{"Bad (bad): key"}},
	{
		name: "winauth", format: "winauth", files: one("otpauth://totp/WinAuth:Shop?secret=" + key10 + "&digits=6&icon=WinAuth\r\n\r\notpauth://totp/Steam:gamer?secret=" + key10 + "&digits=5&deviceid=android:1&data=%7b%22shared_secret%22%3a%22" + strings.ReplaceAll(b64(raw20), "=", "%3d") + "%22%7d\r\n"),
		want: []string{"totp WinAuth|Shop " + key10 + " SHA1 6 30s", "steam Steam|gamer " + key20},
	},
	{
		name: "links", format: "otpauth-uri", files: one("# a comment\n// another\n\nOTPAUTH://totp/Shop:maria?secret=" + key10 + "\rotpauth://totp/x\rhttps://shop.example\notpauth://hotp/h?secret=" + key20 + "&counter=2\nsteam://" + key20 + "\nmotp://M:m?secret=0123456789abcdef0123\n" + key20 + "\n"),
		want: []string{"totp Shop|maria " + key10 + " SHA1 6 30s", "hotp |h " + key20 + " SHA1 6 #2", "steam | " + key20, "motp M|m 0123456789abcdef0123", "totp | " + key20 + " SHA1 6 30s"}, skips: []string{"line 5: no key", "line 6: neither"},
	},
}

// TestFormats reads a small file of every format, with what other versions of the apps write, and with entries that cannot be used.
func TestFormats(t *testing.T) {
	for _, c := range formatCases {
		t.Run(c.name, func(t *testing.T) { c.check(t) })
	}
}

func (c formatCase) check(t *testing.T) {
	t.Helper()
	im, err := Open(t.Context(), c.files)
	if err != nil {
		t.Fatal(err)
	}
	if im.Encrypted() != (c.pass != "") {
		t.Errorf("encrypted: %t", im.Encrypted())
	}
	r, err := im.Read(t.Context(), secret.FromString(c.pass))
	if err != nil {
		t.Fatal(err)
	}
	if r.Format != c.format {
		t.Errorf("format %q, want %q", r.Format, c.format)
	}
	var got []string
	for _, e := range r.Entries {
		got = append(got, line(e))
	}
	for i := range max(len(got), len(c.want)) {
		var g, w string
		if i < len(got) {
			g = got[i]
		}
		if i < len(c.want) {
			w = c.want[i]
		}
		if g != w {
			t.Errorf("account %d is\n%s, want\n%s", i, g, w)
		}
	}
	if len(r.Skipped) != len(c.skips) {
		t.Fatalf("skipped %v, want %v", r.Skipped, c.skips)
	}
	for i, s := range c.skips {
		what, why, _ := strings.Cut(s, ": ")
		if got := r.Skipped[i]; got.What != what || !strings.Contains(got.Why, why) {
			t.Errorf("skipped %q (%s), want %q (… %s …)", got.What, got.Why, what, why)
		}
	}
	for _, w := range c.warns {
		if !strings.Contains(strings.Join(r.Warnings, "\n"), w) {
			t.Errorf("warnings %q say nothing of %q", r.Warnings, w)
		}
	}
}

// TestAegisEncrypted also has passwords over 64 bytes, which old versions of Aegis took with zeros at the end.
func TestAegisEncrypted(t *testing.T) {
	long := strings.Repeat("long password ", 6)
	for _, c := range []struct {
		password string
		repaired bool
	}{{pass, true}, {pass, false}, {long, true}, {long, false}} {
		formatCase{
			name: "aegis", files: one(aegisSealed(t, c.password, c.repaired)), pass: c.password, format: "aegis", want: aegisWant, skips: aegisSkips,
		}.check(t)
	}
}

// TestBitwardenEncrypted covers both key derivations.
func TestBitwardenEncrypted(t *testing.T) {
	for _, argon := range []bool{false, true} {
		formatCase{name: "bitwarden", files: one(bitwardenSealed(t, argon)), pass: pass, format: "bitwarden", want: bitwardenWant, skips: []string{"Odd: key"}}.check(t)
	}
}

// TestEnteEncrypted opens an export that libsodium encrypted.
func TestEnteEncrypted(t *testing.T) {
	data, err := os.ReadFile("testdata/ente.json")
	if err != nil {
		t.Fatal(err)
	}
	formatCase{
		name: "ente", files: one(string(data)), pass: pass, format: "ente",
		want: []string{"totp Example|maria " + key10 + " SHA1 6 30s tags=work star note=a note", "steam Steam|maria " + key10},
	}.check(t)
}

// TestSecretstream compares with libsodium, over all lengths modulo the block sizes, and sees that every byte counts.
func TestSecretstream(t *testing.T) {
	data, err := os.ReadFile("testdata/secretstream.txt")
	if err != nil {
		t.Fatal(err)
	}
	key := make([]byte, 32)
	for i := range key {
		key[i] = byte(i)
	}
	count := 0
	lines(data, func(_ int, line string) bool {
		if strings.HasPrefix(line, "#") {
			return true
		}
		h, c, _ := strings.Cut(line, " ")
		header, sealed := must(hex.DecodeString(h)), must(hex.DecodeString(c))
		plain, err := openSecretstream(key, header, sealed)
		if err != nil || len(plain) != len(sealed)-17 {
			t.Fatalf("line of %d bytes: %d bytes, %v", len(sealed), len(plain), err)
		}
		for i, b := range plain {
			if b != byte(i*7) {
				t.Fatalf("byte %d of %d is wrong", i, len(plain))
			}
		}
		for i := range sealed {
			sealed[i] ^= 1
			if _, err := openSecretstream(key, header, sealed); err == nil {
				t.Fatalf("byte %d of %d can be changed", i, len(sealed))
			}
			sealed[i] ^= 1
		}
		count++
		return true
	})
	if count != 24 {
		t.Fatalf("%d vectors", count)
	}
}

// TestWrongPassphrase sees a wrong passphrase called that, and a change of the content never accepted: it is damage where the format can tell.
func TestWrongPassphrase(t *testing.T) {
	aegis, bitwarden := aegisSealed(t, pass, true), bitwardenSealed(t, false)
	ente, err := os.ReadFile("testdata/ente.json")
	if err != nil {
		t.Fatal(err)
	}
	// flip changes one character of base64 in the middle of a member's value.
	flip := func(text, member string) string {
		at := strings.Index(text, member) + len(member) + 40
		c := byte('A')
		if text[at] == 'A' {
			c = 'B'
		}
		return text[:at] + string(c) + text[at+1:]
	}
	for _, c := range []struct {
		name, text, changed string
		damaged             error
	}{
		{"aegis", aegis, flip(aegis, `"db":"`), ErrDamaged},
		{"2fas", twofasSealed(twofasServices), flip(twofasSealed(twofasServices), `"servicesEncrypted":"`), ErrDamaged},
		{"bitwarden", bitwarden, flip(bitwarden, `"data":"2.`), ErrDamaged},
		{"bitwarden, its MAC", bitwarden, bitwarden[:len(bitwarden)-12] + "AAAA" + bitwarden[len(bitwarden)-8:], ErrDamaged},
		{"proton", protonSealedFile(), flip(protonSealedFile(), `"content":"`), ErrPassphrase},
		{"ente", string(ente), flip(string(ente), `"encryptedData": "`), ErrPassphrase},
		{"andotp", andotpSealedFile(false), andotpSealedFile(false)[:80] + "x" + andotpSealedFile(false)[81:], ErrPassphrase},
		{"extension", extensionV3(), "", nil},
	} {
		for _, try := range []struct {
			text, pass string
			want       error
		}{{c.text, "incorrect horse", ErrPassphrase}, {c.text, "", ErrNeedsPass}, {c.changed, pass, c.damaged}, {c.text, pass, nil}} {
			if try.text == "" {
				continue
			}
			im, err := Open(t.Context(), one(try.text))
			if err != nil {
				t.Fatal(c.name, err)
			}
			r, err := im.Read(t.Context(), secret.FromString(try.pass))
			if !errors.Is(err, try.want) || try.want != nil && len(r.Entries) > 0 {
				t.Errorf("%s, passphrase %q: %v, want %v", c.name, try.pass, err, try.want)
			}
		}
	}
}
