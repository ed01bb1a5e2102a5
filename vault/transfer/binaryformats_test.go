package transfer

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"database/sql"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/tobischo/gokeepasslib/v3"
	wrap "github.com/tobischo/gokeepasslib/v3/wrappers"
	"golang.org/x/crypto/argon2"
	"howett.net/plist"
	"modernc.org/sqlite"

	"github.com/tallystick/tallystick/vault/otp"
	"github.com/tallystick/tallystick/vault/secret"
	"github.com/tallystick/tallystick/vault/transfer/kdbx"
)

// sqliteFile makes a database of statements, in memory.
func sqliteFile(t testing.TB, statements ...string) []byte {
	t.Helper()
	db := sql.OpenDB(must(sqlite.NewConnector("file::memory:")))
	defer db.Close()
	conn := must(db.Conn(context.Background()))
	defer conn.Close()
	for _, s := range statements {
		if _, err := conn.ExecContext(context.Background(), s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
	var data []byte
	err := conn.Raw(func(c any) (err error) {
		data, err = c.(interface{ Serialize() ([]byte, error) }).Serialize()
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// keepassFields is the fields of one entry: name and value in turn.
type keepassFields []string

func keepassEntry(fields keepassFields) gokeepasslib.Entry {
	e := gokeepasslib.NewEntry()
	for i := 0; i < len(fields); i += 2 {
		if fields[i] == "tags" {
			e.Tags = fields[i+1]
			continue
		}
		protected := fields[i] != "Title" && fields[i] != "UserName" && fields[i] != "URL"
		e.Values = append(e.Values, gokeepasslib.ValueData{Key: fields[i], Value: gokeepasslib.V{Content: fields[i+1], Protected: wrap.NewBoolWrapper(protected)}})
	}
	return e
}

// keepassFile is a KDBX 4 database: entries beside each other, and some in the group Work/Mail.
func keepassFile(t testing.TB, top []keepassFields, inGroup []keepassFields) []byte {
	t.Helper()
	db := gokeepasslib.NewDatabase(gokeepasslib.WithDatabaseKDBXVersion4())
	h := db.Header.FileHeaders
	h.KdfParameters.Memory, h.KdfParameters.Iterations = 1<<20, 1
	root, work, mail := gokeepasslib.NewGroup(), gokeepasslib.NewGroup(), gokeepasslib.NewGroup()
	root.Name, work.Name, mail.Name = "Root", "Work", "Mail"
	for _, f := range top {
		root.Entries = append(root.Entries, keepassEntry(f))
	}
	for _, f := range inGroup {
		mail.Entries = append(mail.Entries, keepassEntry(f))
	}
	work.Groups = []gokeepasslib.Group{mail}
	root.Groups = []gokeepasslib.Group{work}
	db.Content.Root = &gokeepasslib.RootData{Groups: []gokeepasslib.Group{root}}
	db.Credentials = gokeepasslib.NewPasswordCredentials(pass)
	if err := db.LockProtectedEntries(); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := gokeepasslib.NewEncoder(&out).Encode(db); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// keepassTop and keepassGroup are all the ways in which KeePass's family writes an account down.
var (
	keepassTop = []keepassFields{
		{"Title", "XC", "UserName", "maria", "URL", "https://xc.example", "tags", "one;Favorite", "otp", "otpauth://totp/XC:maria?secret=" + key10 + "&period=30&digits=6&issuer=XC"},
		{"Title", "Steam", "UserName", "s", "otp", "otpauth://totp/Steam:s?secret=" + key20 + "&period=30&digits=5&issuer=Steam&encoder=steam"},
		{"Title", "KeeOtp", "UserName", "k", "otp", "key=" + key10 + "%3d%3d&size=8&step=25&otpHashMode=Sha256"},
		{"Title", "KeeOtp2", "UserName", "k", "otp", "key=48656c6c6f21deadbeef&encoding=Hex&type=Hotp&counter=3"},
		{"Title", "Tray", "UserName", "t", "TOTP Seed", "jbsw y3dp ehpk 3pxp", "TOTP Settings", "60;8;https://time.example"},
		{"Title", "Tray Steam", "TOTP Seed", key20, "TOTP Settings", "30;S"},
		{"Title", "Bare", "otp", key10},
		{"Title", "Nothing", "UserName", "n", "Notes", "no account in it"},
		{"Title", "Bad", "UserName", "b", "otp", "otpauth://totp/x?secret=1"},
		{"Title", "Bad hex", "TimeOtp-Secret-Hex", "xyz"},
	}
	keepassGroup = []keepassFields{
		{"Title", "Text", "TimeOtp-Secret", "12345678901234567890"},
		{"Title", "Hex", "TimeOtp-Secret-Hex", "48 65 6c 6c 6f 21 de ad be ef", "TimeOtp-Algorithm", "HMAC-SHA-512", "TimeOtp-Length", "8", "TimeOtp-Period", "45"},
		{"Title", "B32", "TimeOtp-Secret-Base32", key10},
		{"Title", "B64", "TimeOtp-Secret-Base64", "SGVsbG8h3q2+7w=="},
		{"Title", "Counter", "HmacOtp-Secret-Base32", key10, "HmacOtp-Counter", "9"},
		{"Title", "Twice", "UserName", "w", "Notes", "a note", "otp", "otpauth://totp/Twice:w?secret=" + key10 + "&issuer=Twice", "TimeOtp-Secret-Base32", key10},
		{"Title", "Two", "UserName", "w", "Notes", "a note", "otp", "otpauth://totp/Two:w?secret=" + key10 + "&issuer=Two", "TimeOtp-Secret-Base32", key20},
		{"Title", "Kept", "UserName", "w", "otp", key10, "Recovery codes", "a1b2c-d3e4f\n5g6h7-8i9j0", "second", "otpauth://totp/Other:o?secret=" + key20},
	}
	keepassWant = []string{
		"totp XC|maria " + key10 + " SHA1 6 30s tags=one star url=https://xc.example",
		"steam Steam|s " + key20,
		"totp KeeOtp|k " + key10 + " SHA256 8 25s",
		"hotp KeeOtp2|k " + key10 + " SHA1 6 #3",
		"totp Tray|t " + key10 + " SHA1 8 60s",
		"steam Tray Steam| " + key20,
		"totp Bare| " + key10 + " SHA1 6 30s",
		"totp Text| " + key20 + " SHA1 6 30s tags=Work/Mail",
		"totp Hex| " + key10 + " SHA512 8 45s tags=Work/Mail",
		"totp B32| " + key10 + " SHA1 6 30s tags=Work/Mail",
		"totp B64| " + key10 + " SHA1 6 30s tags=Work/Mail",
		"hotp Counter| " + key10 + " SHA1 6 #9 tags=Work/Mail",
		"totp Twice|w " + key10 + " SHA1 6 30s tags=Work/Mail note=a note",
		"totp Two|w " + key10 + " SHA1 6 30s tags=Work/Mail note=a note",
		"totp Two|w " + key20 + " SHA1 6 30s tags=Work/Mail",
		"totp Kept|w " + key10 + " SHA1 6 30s tags=Work/Mail key=a1b2c-d3e4f key=5g6h7-8i9j0",
		"totp Other|o " + key20 + " SHA1 6 30s tags=Work/Mail",
	}
	keepassSkips = []string{"Bad (b): key", "Bad hex: key"}
)

func TestKeePass(t *testing.T) {
	formatCase{
		name: "keepass", files: one(string(keepassFile(t, keepassTop, keepassGroup))), pass: pass, format: "keepass", want: keepassWant, skips: keepassSkips,
	}.check(t)
}

func TestKeePassXML(t *testing.T) {
	file := `<?xml version="1.0" encoding="utf-8"?><KeePassFile><Meta><RecycleBinUUID>YmluYmluYmluYmluYmluYg==</RecycleBinUUID></Meta><Root><Group><Name>Root</Name>
<Entry><String><Key>Title</Key><Value>Shop</Value></String><String><Key>otp</Key><Value ProtectInMemory="True">` + key10 + `</Value></String></Entry>
<Group><UUID>YmluYmluYmluYmluYmluYg==</UUID><Name>Bin</Name><Entry><String><Key>otp</Key><Value>` + key20 + `</Value></String></Entry></Group>
</Group></Root></KeePassFile>`
	for _, data := range []string{file, "\xef\xbb\xbf" + file, inUTF16(file)} {
		formatCase{name: "xml", files: one(data), format: "keepass", want: []string{"totp Shop| " + key10 + " SHA1 6 30s"}, warns: []string{"recycle bin"}}.check(t)
	}
}

// TestKeePassReferences: names that stand in another entry.
func TestKeePassReferences(t *testing.T) {
	entry := func(fields ...string) string {
		s := "<Entry><UUID>" + fields[0] + "</UUID>"
		for i := 1; i < len(fields); i += 2 {
			s += "<String><Key>" + fields[i] + "</Key><Value>" + fields[i+1] + "</Value></String>"
		}
		return s + "</Entry>"
	}
	file := "<KeePassFile><Root><Group><Name>Root</Name>" +
		entry("AQEBAQEBAQEBAQEBAQEBAQ==", "Title", "Shop", "UserName", "maria") +
		entry("AgICAgICAgICAgICAgICAg==", "Title", "{REF:T@I:01010101010101010101010101010101} app", "UserName", "{ref:u@i:01010101010101010101010101010101}", "otp", key10) +
		entry("AwMDAwMDAwMDAwMDAwMDAw==", "Title", "{REF:T@I:0F0F0F0F0F0F0F0F0F0F0F0F0F0F0F0F}", "otp", key20) +
		"</Group></Root></KeePassFile>"
	formatCase{name: "references", files: one(file), format: "keepass", want: []string{
		"totp Shop app|maria " + key10 + " SHA1 6 30s", "totp {REF:T@I:0F0F0F0F0F0F0F0F0F0F0F0F0F0F0F0F}| " + key20 + " SHA1 6 30s",
	}}.check(t)
}

// TestKeePassManyReferences: a text of nothing but references to a long one does not become very long.
func TestKeePassManyReferences(t *testing.T) {
	ref := "{REF:N@I:01010101010101010101010101010101}"
	refs := keePassRefs([]kdbx.Entry{{UUID: "AQEBAQEBAQEBAQEBAQEBAQ==", Fields: []kdbx.Field{{Name: "Notes", Value: secret.FromString(strings.Repeat("n", 1<<20))}}}})
	for _, n := range []int{1, 40, 10_000} {
		if got := followRef(strings.Repeat(ref, n), refs); len(got) > n*len(ref) {
			t.Errorf("%d references became %d bytes", n, len(got))
		}
	}
}

func TestDatabases(t *testing.T) {
	for _, c := range []formatCase{
		{
			name: "google", format: "google",
			files: one(string(sqliteFile(t,
				"CREATE TABLE accounts (_id INTEGER PRIMARY KEY, email TEXT NOT NULL, secret TEXT NOT NULL, counter INTEGER DEFAULT 0, type INTEGER, provider INTEGER, issuer TEXT, original_name TEXT, isencrypted INTEGER DEFAULT 0)",
				"INSERT INTO accounts (email, secret, counter, type, issuer, isencrypted) VALUES ('Shop:maria', '"+key10+"', 0, 0, 'Shop', 0), ('m', '"+key20+"', 7, 1, NULL, 0), ('sealed', 'x', 0, 0, 'S', 1), ('odd', '"+key10+"', 0, 9, 'O', 0), ('', '!', 0, 0, '', 0)"))),
			want:  []string{"totp Shop|Shop:maria " + key10 + " SHA1 6 30s", "hotp |m " + key20 + " SHA1 6 #7"},
			skips: []string{"S (sealed): Transfer accounts", "O (odd): kind", "entry 5: key"},
		}, {
			name: "google, an old version", format: "google",
			files: one(string(sqliteFile(t, "CREATE TABLE accounts (email TEXT, secret TEXT, counter INTEGER, type INTEGER)", "INSERT INTO accounts VALUES ('maria', '"+key10+"', 0, 0)"))),
			want:  []string{"totp |maria " + key10 + " SHA1 6 30s"},
		}, {
			name: "microsoft", format: "microsoft",
			files: one(string(sqliteFile(t,
				"CREATE TABLE accounts (name TEXT, username TEXT, oath_secret_key TEXT, account_type INTEGER, encrypted_oath_secret_key TEXT)",
				"INSERT INTO accounts VALUES ('Shop', 'maria', '"+key10+"', 0, ''), ('Microsoft', 'm@example.com', 'MTIzNDU2Nzg5MDEyMzQ1Njc4OTA=', 1, ''), ('Work', 'w', '', 2, ''), ('Own', 'o', '', 1, ''), ('Sealed', 's', '', 0, 'x')"))),
			want:  []string{"totp Shop|maria " + key10 + " SHA1 6 30s", "totp Microsoft|m@example.com " + key20 + " SHA1 8 30s"},
			skips: []string{"Work (w): approvals", "Own (o): approvals", "Sealed (s): encrypted by the phone"},
		}, {
			name: "stratum", format: "stratum",
			files: one(string(sqliteFile(t,
				"CREATE TABLE authenticator (type integer, icon varchar, issuer varchar, username varchar, secret varchar primary key, pin varchar, algorithm integer, digits integer, period integer, counter integer, ranking integer)",
				"CREATE TABLE category (id varchar, name varchar, ranking integer)", "CREATE TABLE authenticatorcategory (categoryId varchar, authenticatorSecret varchar)", "CREATE TABLE customicon (id varchar, data blob)",
				"INSERT INTO authenticator VALUES (2, '@i', 'Shop', 'maria', '"+key10+"', NULL, 2, 8, 60, 0, 0), (1, NULL, 'Bank', 'm', '"+key20+"', NULL, 0, 6, 30, 7, 1), (3, NULL, 'M', 'm', '0102030405060708', '1234', 0, 6, 10, 0, 2), (9, NULL, 'New', 'n', 'x', NULL, 0, 6, 30, 0, 3)",
				"INSERT INTO category VALUES ('c', 'Work', 0)", "INSERT INTO authenticatorcategory VALUES ('c', '"+key10+"')",
				fmt.Sprintf("INSERT INTO customicon VALUES ('i', x'%x')", png1)))),
			want: []string{
				"totp Shop|maria " + key10 + " SHA512 8 60s tags=Work icon=image/png", "hotp Bank|m " + key20 + " SHA1 6 #7", "motp M|m 0102030405060708 pin=1234",
			},
			skips: []string{"New (n): kind"},
		}, {
			name: "authplus", format: "authplus",
			// Written by sqlcipher 3.4.1.
			files: []File{{Data: must(os.ReadFile("testdata/authplus.db"))}}, pass: pass,
			want: []string{
				"totp Shop|maria " + key10 + " SHA1 6 30s tags=Work", "hotp Bank|maria " + key20 + " SHA1 6 #7",
				"totp Blizzard|EU-1234 " + key20 + " SHA1 8 30s", "totp Old|peter " + key10 + " SHA1 6 30s",
			},
			skips: []string{"Bad (bad): key"},
		},
	} {
		t.Run(c.name, func(t *testing.T) { c.check(t) })
	}
	gnome := sqliteFile(t, "CREATE TABLE providers (id INTEGER, name TEXT)", "CREATE TABLE accounts (id INTEGER, name TEXT, token_id TEXT, provider_id INTEGER)")
	if _, err := Open(t.Context(), one(string(gnome))); !errors.Is(err, ErrRestricted) {
		t.Errorf("GNOME's own database: %v", err)
	}
	other := sqliteFile(t, "CREATE TABLE moz_places (id INTEGER, url TEXT)")
	if _, err := Open(t.Context(), one(string(other))); !errors.Is(err, ErrUnknown) {
		t.Errorf("a database of something else: %v", err)
	}
}

// TestWriteAheadLog: what an app wrote last is in a file beside its database.
func TestWriteAheadLog(t *testing.T) {
	file := filepath.Join(t.TempDir(), "databases")
	db := must(sql.Open("sqlite", "file:"+filepath.ToSlash(file)))
	defer db.Close()
	db.SetMaxOpenConns(1)
	for _, s := range []string{
		"PRAGMA journal_mode=WAL", "CREATE TABLE accounts (email TEXT, secret TEXT, counter INTEGER, type INTEGER)", "PRAGMA wal_checkpoint(TRUNCATE)",
		"INSERT INTO accounts VALUES ('maria', '" + key10 + "', 0, 0)",
	} {
		if _, err := db.Exec(s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
	base, log := File{"databases", must(os.ReadFile(file))}, File{"databases-wal", must(os.ReadFile(file + "-wal"))}
	shm := File{"databases-shm", must(os.ReadFile(file + "-shm"))}
	want := []string{"totp |maria " + key10 + " SHA1 6 30s"}
	formatCase{name: "both", files: []File{base, log}, format: "google", want: want}.check(t)
	formatCase{name: "all three", files: []File{log, shm, base}, format: "google", want: want}.check(t)
	formatCase{name: "under other names", files: []File{{"copy", base.Data}, {"copy of the log", log.Data}}, format: "google", want: want}.check(t)
	formatCase{name: "packed", files: []File{zipOf(t, map[string]string{"x/databases": string(base.Data), "x/databases-wal": string(log.Data)})}, format: "google", want: want}.check(t)
	formatCase{name: "without", files: []File{base}, format: "google", warns: []string{"ends in -wal"}}.check(t)
	formatCase{name: "with an empty one", files: []File{base, {Name: "databases-wal"}}, format: "google"}.check(t)
	if _, err := Open(t.Context(), []File{log}); !errors.Is(err, ErrUnknown) || !strings.Contains(err.Error(), "together with the database") {
		t.Errorf("the log alone: %v", err)
	}
	other := sqliteFile(t, "PRAGMA page_size=1024", "CREATE TABLE accounts (email TEXT, secret TEXT, counter INTEGER, type INTEGER)")
	if _, err := Open(t.Context(), []File{{"databases", other}, log}); !errors.Is(err, ErrDamaged) {
		t.Errorf("the log of another database: %v", err)
	}
}

// javaMapFile is what Java writes of a HashMap of strings; fields is how many fields the class has (1 or 2).
func javaMapFile(fields int, pairs ...string) []byte {
	out := bytes.Clone(javaMap)
	out = append(out, "\x05\x07\xda\xc1\xc3\x16\x60\xd1\x03\x00"...)
	out = append(out, byte(fields))
	out = append(out, "F\x00\x0aloadFactor"...)
	if fields == 2 {
		out = append(out, "I\x00\x09threshold"...)
	}
	out = append(out, "xp\x3f\x40\x00\x00"...)
	if fields == 2 {
		out = append(out, 0, 0, 0, 12)
	}
	out = binary.BigEndian.AppendUint32(append(out, "w\x08\x00\x00\x00\x10"...), uint32(len(pairs)/2))
	for _, s := range pairs {
		s = strings.ReplaceAll(s, "\x00", "\xc0\x80")
		if len(s) > 0xFFFF {
			out = binary.BigEndian.AppendUint64(append(out, javaLongString), uint64(len(s)))
		} else {
			out = binary.BigEndian.AppendUint16(append(out, javaString), uint16(len(s)))
		}
		out = append(out, s...)
	}
	return append(out, javaEnd)
}

// freeotp2File is a backup; algorithm is Java's name of the key derivation.
func freeotp2File(algorithm string, fields int, bareNonce bool) []byte {
	salt, nonce := bytes.Repeat([]byte{0xF1}, 32), []byte("twelve bytes")
	var key []byte
	if strings.HasSuffix(algorithm, "SHA1") {
		key = must(pbkdf2.Key(sha1.New, pass, salt, 1000, 32))
	} else {
		key = must(pbkdf2.Key(sha512.New, pass, salt, 1000, 32))
	}
	parameters := append([]byte{4, 12}, nonce...)
	if !bareNonce {
		parameters = append(append([]byte{0x30, 0x11}, parameters...), 2, 1, 16)
	}
	sealed := func(with, plain []byte, token string) string {
		return fmt.Sprintf(`{"mCipher":"AES\/GCM\/NoPadding","mCipherText":%s,"mParameters":%s,"mToken":"%s"}`,
			signedArray(sealGCM(with, nonce, plain, []byte(token))), signedArray(parameters), token)
	}
	master := bytes.Repeat([]byte{0xAA}, 32)
	account := func(raw []byte, token string) string {
		return asJSON(map[string]string{"key": sealed(master, raw, token)})
	}
	return javaMapFile(fields,
		"a-token", `{"algo":"SHA256","digits":8,"period":60,"counter":0,"issuerExt":"Shop","issuerInt":"Shop","label":"marïa","type":"TOTP"}`,
		"a", account(raw10, "HmacSHA256"),
		"b", account(raw20, "HmacSHA1"),
		"b-token", `{"algo":null,"digits":null,"period":null,"counter":7,"issuerInt":"Bank","label":"m","type":"HOTP"}`,
		"c-token", `{"counter":0,"issuerExt":"Hash","label":"from the key","type":"TOTP"}`, "c", account(raw20, "HmacSHA512"),
		"d-token", `{"issuerExt":"Steam","label":"s","type":"TOTP"}`, "d", account(raw10, "HmacSHA1"),
		"e-token", `{"issuerExt":"Gone","label":"e","type":"TOTP"}`,
		"f-token", `{"issuerExt":"Odd","label":"f","type":"NEW"}`, "f", account(raw10, "HmacSHA1"),
		"masterKey", fmt.Sprintf(`{"mAlgorithm":"%s","mIterations":1000,"mSalt":%s,"mEncryptedKey":%s}`, algorithm, signedArray(salt), sealed(key, master, "AES")),
		"g", account(raw10, "HmacSHA1"), "g-token", `{`,
	)
}

func TestFreeOTP2(t *testing.T) {
	for _, data := range [][]byte{freeotp2File("PBKDF2withHmacSHA512", 2, false), freeotp2File("PBKDF2withHmacSHA1", 1, true)} {
		formatCase{
			name: "freeotp", files: one(string(data)), pass: pass, format: "freeotp",
			want: []string{
				"totp Shop|marïa " + key10 + " SHA256 8 60s", "hotp Bank|m " + key20 + " SHA1 6 #7", "totp Hash|from the key " + key20 + " SHA512 6 30s", "steam Steam|s " + key10,
			},
			skips: []string{"Gone (e): missing", "Odd (f): kind", "entry 7: damaged"},
		}.check(t)
		for n := range data {
			if _, err := Open(t.Context(), one(string(data[:n]))); n > 4 && err == nil {
				t.Fatalf("%d of %d bytes were taken for a backup", n, len(data))
			}
		}
	}
}

func TestJavaText(t *testing.T) {
	for in, want := range map[string]string{
		"abc": "abc", "\xc0\x80": "\x00", "\xc3\xa4": "ä", "\xe2\x82\xac": "€", "\xed\xa0\xbd\xed\xb8\x80": "😀",
	} {
		if got, ok := fromJavaText([]byte(in)); !ok || got != want {
			t.Errorf("%q is %q, %t", in, got, ok)
		}
	}
	for _, bad := range []string{"\xc3", "\xe2\x82", "\xf0\x9f\x98\x80", "\x80", "\xc3a"} {
		if got, ok := fromJavaText([]byte(bad)); ok {
			t.Errorf("%q is %q", bad, got)
		}
	}
	long := strings.Repeat("x", 70_000)
	if _, values, err := readJavaMap(javaMapFile(2, "long", long)); err != nil || values["long"] != long {
		t.Errorf("a string of 70,000 bytes: %v", err)
	}
	// The second "same" is a reference to the first.
	twice := javaMapFile(2, "a", "same", "b")
	twice = append(twice[:len(twice)-1], javaReference, 0, 0x7E, 0, 3, javaEnd)
	twice[bytes.Index(twice, []byte("w\x08"))+9] = 2
	if _, values, err := readJavaMap(twice); err != nil || values["b"] != "same" {
		t.Errorf("a reference: %v, %v", values, err)
	}
}

// keyedArchive is NSKeyedArchiver as far as the tests need it: every value in its own place, dictionaries with their keys.
type keyedArchive struct{ objects []any }

func (k *keyedArchive) put(v any) plist.UID {
	k.objects = append(k.objects, v)
	return plist.UID(len(k.objects) - 1)
}

func (k *keyedArchive) dictionary(pairs ...any) plist.UID {
	id := k.put(nil)
	var keys, values []any
	for i := 0; i < len(pairs); i += 2 {
		keys, values = append(keys, k.put(pairs[i])), append(values, k.value(pairs[i+1]))
	}
	k.objects[id] = map[string]any{"NS.keys": keys, "NS.objects": values}
	return id
}

func (k *keyedArchive) value(v any) any {
	switch v := v.(type) {
	case plist.UID:
		return v
	case []byte:
		return k.put(map[string]any{"NS.data": v})
	}
	return k.put(v)
}

func (k *keyedArchive) list(items ...any) plist.UID {
	return k.put(map[string]any{"NS.objects": items})
}

// object is an archived object: its fields are references or numbers.
func (k *keyedArchive) object(fields map[string]any) plist.UID {
	o := map[string]any{}
	for name, v := range fields {
		switch v := v.(type) {
		case int:
			o[name] = v
		default:
			o[name] = k.value(v)
		}
	}
	return k.put(o)
}

func (k *keyedArchive) write(root plist.UID) []byte {
	return must(plist.Marshal(map[string]any{"$archiver": "NSKeyedArchiver", "$version": 100000, "$top": map[string]any{"root": root}, "$objects": k.objects}, plist.BinaryFormat))
}

// otpauthFile is a backup (or one account) of OTP Auth in the old encryption or the new one.
func otpauthFile(word, field string, old bool, inner []byte) []byte {
	outer := &keyedArchive{objects: []any{"$null"}}
	var root plist.UID
	if old {
		key, iv := sha256.Sum256([]byte("a salt-"+pass)), sha1.Sum([]byte("an iv"))
		root = outer.dictionary("Version", 1.0, field, sealCBC(key[:], iv[:16], inner), "Salt", "a salt", "IV", "an iv")
	} else {
		out := append([]byte{3, 1}, "salt....salt2...sixteen bytes iv"...)
		key, macKey := must(pbkdf2.Key(sha1.New, pass, out[2:10], rncryptorRounds, 32)), must(pbkdf2.Key(sha1.New, pass, out[10:18], rncryptorRounds, 32))
		out = append(out, sealCBC(key, out[18:34], inner)...)
		mac := hmac.New(sha256.New, macKey)
		mac.Write(out)
		root = outer.dictionary("Version", 1.2, field, mac.Sum(out))
	}
	key := sha256.Sum256([]byte(word))
	return sealCBC(key[:], make([]byte, 16), outer.write(root))
}

func TestOTPAuth(t *testing.T) {
	backup := &keyedArchive{objects: []any{"$null"}}
	account := func(k *keyedArchive, fields map[string]any) plist.UID { return k.object(fields) }
	folders := backup.list(
		backup.object(map[string]any{"name": "Accounts", "accounts": backup.list(
			account(backup, map[string]any{"label": "maria", "issuer": "Shop", "secret": raw10, "type": 2, "algorithm": 0, "digits": 0, "period": 0, "counter": 0}),
			account(backup, map[string]any{"label": "m", "issuer": "Bank", "secret": raw20, "type": 1, "algorithm": 0, "digits": 0, "counter": 7}),
			account(backup, map[string]any{"label": "x", "issuer": "MD5", "secret": raw20, "type": 2, "algorithm": 4}),
			account(backup, map[string]any{"label": "none", "issuer": "Keyless", "type": 2}),
		)}),
		backup.object(map[string]any{"name": "Work", "accounts": backup.list(
			account(backup, map[string]any{"label": "w", "issuer": "Odd", "secret": raw20, "type": 2, "algorithm": 3, "digits": 8, "period": 60}),
			account(backup, map[string]any{"label": "n", "issuer": "New", "secret": raw20, "type": 7}),
		)}),
	)
	content := backup.write(backup.dictionary("Folders", folders, "DeletedAccountIDs", backup.list()))
	single := &keyedArchive{objects: []any{"$null"}}
	alone := single.write(single.dictionary("label", "maria", "issuer", "Shop", "secret", raw10, "type", 2, "algorithm", 2, "digits", 8, "period", 60))
	want := []string{"totp Shop|maria " + key10 + " SHA1 6 30s", "hotp Bank|m " + key20 + " SHA1 6 #7", "totp Odd|w " + key20 + " SHA512 8 60s tags=Work"}
	skips := []string{"MD5 (x): algorithm", "Keyless (none): missing", "New (n): kind"}
	for _, old := range []bool{true, false} {
		data := otpauthFile("Authenticator", "WrappedData", old, content)
		formatCase{name: "backup", files: one(string(data)), pass: pass, format: "otpauth-ios", want: want, skips: skips}.check(t)
		one1 := otpauthFile("OTPAuth", "Data", old, alone)
		formatCase{name: "account", files: one(string(one1)), pass: pass, format: "otpauth-ios", want: []string{"totp Shop|maria " + key10 + " SHA256 8 60s"}}.check(t)
		im := must(Open(t.Context(), one(string(data))))
		for n := range 20 {
			if _, err := im.Read(t.Context(), secret.FromString(fmt.Sprint("wrong ", n))); !errors.Is(err, ErrPassphrase) {
				t.Errorf("wrong passphrase: %v", err)
			}
		}
	}
}

// TestRNCryptor: no byte of the content can be another.
func TestRNCryptor(t *testing.T) {
	sealed := append([]byte{3, 1}, "salt....salt2...sixteen bytes iv"...)
	key, macKey := must(pbkdf2.Key(sha1.New, pass, sealed[2:10], rncryptorRounds, 32)), must(pbkdf2.Key(sha1.New, pass, sealed[10:18], rncryptorRounds, 32))
	sealed = append(sealed, sealCBC(key, sealed[18:34], []byte("forty bytes of text, which nobody reads."))...)
	mac := hmac.New(sha256.New, macKey)
	mac.Write(sealed)
	sealed = mac.Sum(sealed)
	keys := must(rncryptorKeys(sealed))
	open := func(data []byte) (string, error) {
		text, err := openRNCryptor(t.Context(), data, keys, secret.FromString(pass))
		return string(text), err
	}
	if text, err := open(sealed); err != nil || text != "forty bytes of text, which nobody reads." {
		t.Errorf("%q, %v", text, err)
	}
	for _, n := range []int{18, 40, 60, len(sealed) - 1} {
		changed := bytes.Clone(sealed)
		changed[n] ^= 1
		if _, err := open(changed); !errors.Is(err, errSealed) {
			t.Errorf("byte %d changed: %v", n, err)
		}
	}
}

// TestPropertyLists are lists that the library would write out without end, or until the stack is full.
func TestPropertyLists(t *testing.T) {
	// Each object is an array of two times the next one: 2^40 objects written out.
	var laughs []byte
	var offsets []byte
	const levels = 40
	for i := range levels {
		offsets = append(offsets, byte(8+len(laughs)))
		laughs = append(laughs, 0xA2, byte(i+1), byte(i+1))
	}
	offsets = append(offsets, byte(8+len(laughs)))
	laughs = append(laughs, 0x09)
	// The same where the library looks for an archive's objects.
	inside, insideOffsets := []byte{0xD1, 1, 2, 0x58}, []byte{8, 11}
	inside = append(inside, "$objects"...)
	for i := range levels {
		insideOffsets = append(insideOffsets, byte(8+len(inside)))
		inside = append(inside, 0xA2, byte(i+3), byte(i+3))
	}
	insideOffsets = append(insideOffsets, byte(8+len(inside)))
	inside = append(inside, 0x09)
	build := func(objects, offsets []byte, offsetSize, count int) []byte {
		out := append([]byte(plistMagic), objects...)
		table := len(out)
		out = append(out, offsets...)
		out = append(out, 0, 0, 0, 0, 0, 0, byte(offsetSize), byte(1+offsetSize/4))
		out = binary.BigEndian.AppendUint64(out, uint64(count))
		out = binary.BigEndian.AppendUint64(out, 0)
		return binary.BigEndian.AppendUint64(out, uint64(table))
	}
	var deep, deepOffsets []byte
	const depth = 300_000
	for i := range depth {
		deepOffsets = binary.BigEndian.AppendUint32(deepOffsets, uint32(8+len(deep)))
		deep = append(deep, 0xA1)
		deep = append(deep, byte((i+1)>>8), byte(i+1))
	}
	shallow := build(laughs, offsets, 1, levels+1)
	self := build([]byte{0xA1, 0}, []byte{8}, 1, 1)
	for name, data := range map[string][]byte{
		"written out": shallow, "written out inside": build(inside, insideOffsets, 1, levels+3), "deep": build(deep, deepOffsets, 4, 65_000), "in itself": self, "nothing": {}, "cut off": shallow[:20],
		"a list longer than the file": build([]byte{0xAF, 0x13, 0, 0, 0, 1, 0, 0, 0, 0}, []byte{8}, 1, 1),
	} {
		if smallPlist(data) {
			t.Errorf("%s: let through", name)
		}
		if _, err := readArchive(data); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: %v", name, err)
		}
	}
	k := &keyedArchive{objects: []any{"$null"}}
	good := k.write(k.dictionary("Version", 1.0, "many", k.list(k.put("a"), k.put("b"))))
	if a, err := readArchive(good); err != nil || a.float(a.root()["Version"]) != 1 || len(a.list(a.root()["many"])) != 2 {
		t.Errorf("a good one: %v", err)
	}
	for n := range good {
		changed := bytes.Clone(good)
		changed[n] ^= 0x11
		if _, err := readArchive(changed); err != nil && !errors.Is(err, ErrDamaged) {
			t.Errorf("byte %d changed: %v", n, err)
		}
	}
}

// otpclientFile is a database in one of the three versions.
func otpclientFile(version int, passphrase, entries string) []byte {
	iv, salt := []byte("sixteen bytes iv"), bytes.Repeat([]byte{0xE1}, otpclientSalt)
	var header, key []byte
	switch version {
	case 1:
		header = append(append(header, iv...), salt...)
		key = must(pbkdf2.Key(sha512.New, passphrase, salt, otpclientRounds, 32))
	default:
		order := binary.AppendByteOrder(binary.BigEndian)
		header = append(header, otpclientName...)
		if version == 2 {
			order = binary.LittleEndian
			header = append(header, 0, 0, 0)
		}
		header = order.AppendUint32(header, uint32(version))
		header = append(append(header, iv...), salt...)
		header = order.AppendUint32(order.AppendUint32(order.AppendUint32(header, 1), 64), 2)
		key = argon2.IDKey([]byte(passphrase), salt, 1, 64, 2, 32)
	}
	gcm := must(cipher.NewGCMWithNonceSize(must(aes.NewCipher(key)), len(iv)))
	return append(header, gcm.Seal(nil, iv, []byte(entries), header)...)
}

const otpclientEntries = `[{"type":"TOTP","label":"maria","issuer":"Shop","secret":"` + key10 + `","digits":8,"algo":"SHA256","period":60,"group":"Work"},
{"type":"HOTP","label":"m","issuer":"Bank","secret":"` + key20 + `","digits":6,"algo":"SHA1","counter":7},
{"type":"TOTP","label":"s","issuer":"steam","secret":"` + key20 + `","digits":5,"algo":"SHA1","period":30},
{"type":"NEW","label":"n","issuer":"New"}]`

func TestOTPClient(t *testing.T) {
	want := []string{"totp Shop|maria " + key10 + " SHA256 8 60s tags=Work", "hotp Bank|m " + key20 + " SHA1 6 #7", "steam steam|s " + key20}
	for version := 1; version <= 3; version++ {
		data := otpclientFile(version, pass, otpclientEntries)
		c := formatCase{name: "otpclient", files: []File{{"NewDatabase.enc", data}}, pass: pass, format: "otpclient", want: want, skips: []string{"New (n): kind"}}
		t.Run(fmt.Sprint("version ", version), func(t *testing.T) {
			c.check(t)
			// Old versions counted characters and took as many bytes of the passphrase.
			c.files[0].Data, c.pass = otpclientFile(version, "grüße"[:5], otpclientEntries), "grüße"
			c.check(t)
			c.files[0].Name = "a file without a telling name"
			c.check(t)
			im := must(Open(t.Context(), c.files))
			if _, err := im.Read(t.Context(), secret.FromString("wrong")); !errors.Is(err, ErrPassphrase) {
				t.Errorf("wrong passphrase: %v", err)
			}
		})
	}
	newer := otpclientFile(3, pass, "[]")
	newer[len(otpclientName)+3] = 4
	if _, err := Open(t.Context(), one(string(newer))); !errors.Is(err, ErrNewer) {
		t.Errorf("version 4: %v", err)
	}
	costly := otpclientFile(3, pass, "[]")
	copy(costly[len(otpclientName)+4+otpclientIV+otpclientSalt:], "\x00\x00\x00\x01\x7f\xff\xff\xff")
	if _, err := Open(t.Context(), one(string(costly))); !errors.Is(err, ErrTooCostly) {
		t.Errorf("2 TiB of memory: %v", err)
	}
	if _, err := Open(t.Context(), one(otpclientName+"\x00\x00\x00\x03")); !errors.Is(err, ErrDamaged) {
		t.Errorf("a header cut off: %v", err)
	}
}

func TestStratumEncrypted(t *testing.T) {
	text := `{"Authenticators":[{"Type":2,"Issuer":"Shop","Username":"maria","Secret":"` + key10 + `","Algorithm":0,"Digits":6,"Period":30,"Counter":0}],"Categories":null}`
	salt, nonce := []byte("0123456789abcdef0123"), []byte("twelve bytes")
	strong := append(append([]byte(stratumStrong), salt[:16]...), nonce...)
	strong = append(strong, sealGCM(argon2.IDKey([]byte(pass), salt[:16], 3, 64<<10, 4, 32), nonce, []byte(text), nil)...)
	iv := []byte("sixteen bytes iv")
	legacy := append(append([]byte(stratumLegacy), salt...), iv...)
	legacy = append(legacy, sealCBC(must(pbkdf2.Key(sha1.New, pass, salt, 64_000, 32)), iv, []byte(text))...)
	for name, data := range map[string][]byte{"strong": strong, "legacy": legacy} {
		t.Run(name, func(t *testing.T) {
			formatCase{name: name, files: one(string(data)), pass: pass, format: "stratum", want: []string{"totp Shop|maria " + key10 + " SHA1 6 30s"}}.check(t)
			im := must(Open(t.Context(), one(string(data))))
			if _, err := im.Read(t.Context(), secret.FromString("wrong")); !errors.Is(err, ErrPassphrase) {
				t.Errorf("wrong passphrase: %v", err)
			}
			if _, err := Open(t.Context(), one(string(data[:40]))); !errors.Is(err, ErrDamaged) {
				t.Errorf("cut off: %v", err)
			}
		})
	}
}

// TestEncryptedZIP reads files that zip (-P) and 7z (-tzip -mem=AES256 -mm=Copy) wrote.
func TestEncryptedZIP(t *testing.T) {
	for _, c := range []formatCase{
		{name: "raivo", want: []string{"totp Shop|maria " + key10 + " SHA256 8 60s star", "hotp Bank|maria " + key20 + " SHA1 6 #7"}},
		{name: "authplus", want: []string{"totp Shop|maria " + key10 + " SHA1 6 30s", "hotp Bank|maria " + key20 + " SHA1 6 #7"}},
		{name: "winauth", want: []string{"totp WinAuth|Shop " + key10 + " SHA1 6 30s"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.files, c.pass, c.format = []File{{Data: must(os.ReadFile("testdata/" + c.name + ".zip"))}}, pass, c.name
			c.check(t)
			im := must(Open(t.Context(), c.files))
			if _, err := im.Read(t.Context(), secret.FromString("wrong")); !errors.Is(err, ErrPassphrase) {
				t.Errorf("wrong passphrase: %v", err)
			}
		})
	}
}

// TestBinaryBombs: what is small in the file and large or slow in memory is refused, and costs next to nothing until then.
func TestBinaryBombs(t *testing.T) {
	zeros := strings.Repeat("\x00", 100<<20)
	manySmall := map[string]string{}
	for i := range maxLoose + 1 {
		manySmall[fmt.Sprint(i, ".txt")] = "x"
	}
	for _, tc := range []struct {
		name string
		file File
		want error
	}{
		{"a ZIP file of zeros", zipOf(t, map[string]string{"a.json": zeros}), ErrTooLarge},
		{"a ZIP file of 8 MB of zeros", zipOf(t, map[string]string{"a.json": zeros[:8<<20]}), ErrTooLarge},
		{"a ZIP file of many files", zipOf(t, manySmall), ErrTooLarge},
		{"a ZIP file in a ZIP file", zipOf(t, map[string]string{"a.zip": string(zipOf(t, map[string]string{"a.txt": "otpauth://totp/a?secret=" + key10}).Data)}), ErrUnknown},
		{"an empty ZIP file", zipOf(t, nil), ErrUnknown},
		{"a Java map of four billion strings", File{Data: slices.Concat(javaMapFile(2)[:len(javaMapFile(2))-5], []byte{0xFF, 0xFF, 0xFF, 0xFF}, make([]byte, 1000))}, ErrTooLarge},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			im, err := Open(t.Context(), []File{tc.file})
			if err == nil {
				_, err = im.Read(t.Context(), secret.FromString(pass))
			}
			runtime.ReadMemStats(&after)
			if !errors.Is(err, tc.want) {
				t.Errorf("%v, want %v", err, tc.want)
			}
			if used := after.TotalAlloc - before.TotalAlloc; used > 100<<20 {
				t.Errorf("%d bytes took %d MB of memory", len(tc.file.Data), used>>20)
			}
		})
	}
}

func TestZIP(t *testing.T) {
	link := "otpauth://totp/Shop:maria?secret=" + key10 + "&issuer=Shop"
	want := []string{"totp Shop|maria " + key10 + " SHA1 6 30s"}
	formatCase{
		name: "with other things", files: []File{zipOf(t, map[string]string{"a/links.txt": link, "a/photo.bin": "\x00\x01\x02", "__MACOSX/a/._links.txt": "\x00", ".hidden": link})},
		format: "otpauth-uri", want: want, warns: []string{"passed over"},
	}.check(t)
	if _, err := Open(t.Context(), []File{zipOf(t, map[string]string{"data.pgp": "\x85\x01"})}); !errors.Is(err, ErrRestricted) {
		t.Errorf("PGP: %v", err)
	}
	if _, err := Open(t.Context(), []File{zipOf(t, map[string]string{"x.bin": "\x00\x01"})}); !errors.Is(err, ErrUnknown) {
		t.Errorf("nothing in it: %v", err)
	}
	// A maFile's manifest is found beside it.
	files := map[string]string{}
	for _, f := range steamFiles("") {
		files["maFiles/"+f.Name] = string(f.Data)
	}
	im, err := Open(t.Context(), []File{zipOf(t, files)})
	if err != nil {
		t.Fatal(err)
	}
	r, err := im.Read(t.Context(), secret.FromString(pass))
	if err != nil || len(r.Entries) == 0 || r.Entries[0].Params.Kind != otp.Steam {
		t.Errorf("Steam's files in a ZIP file: %v, %v", r.Entries, err)
	}
}

// FuzzBinary gives everything that is told by its first bytes, or by nothing, to the reader.
func FuzzBinary(f *testing.F) {
	f.Add(freeotp2File("PBKDF2withHmacSHA1", 1, true))
	f.Add(otpclientFile(3, pass, "[]"))
	f.Add([]byte(stratumLegacy + base64.StdEncoding.EncodeToString(make([]byte, 64))))
	f.Add(must(os.ReadFile("testdata/winauth.zip")))
	k := &keyedArchive{objects: []any{"$null"}}
	f.Add(otpauthFile("OTPAuth", "Data", true, k.write(k.dictionary("label", "maria", "secret", raw10))))
	f.Fuzz(func(t *testing.T, data []byte) {
		im, err := Open(context.Background(), []File{{"x.enc", data}})
		if err != nil || im.Cost().Iterations > 10_000 || im.Cost().Memory > 1<<20 {
			return
		}
		if r, err := im.Read(context.Background(), secret.FromString(pass)); err == nil {
			r.Wipe()
		}
	})
}

// FuzzArchive is what is under OTP Auth's encryptions, and FuzzJavaMap FreeOTP's file.
func FuzzArchive(f *testing.F) {
	k := &keyedArchive{objects: []any{"$null"}}
	f.Add(k.write(k.dictionary("Folders", k.list(k.object(map[string]any{"name": "x", "accounts": k.list(k.object(map[string]any{"secret": raw10, "type": 2}))})))), false)
	f.Add(k.write(k.dictionary("label", "maria", "secret", raw10)), true)
	f.Fuzz(func(t *testing.T, data []byte, account bool) {
		if r, err := readOTPAuth(context.Background(), data, account); err == nil {
			r.Wipe()
		}
	})
}

func FuzzJavaMap(f *testing.F) {
	f.Add(javaMapFile(2, "a", "b", "c", "d\x00é"))
	f.Add(javaMapFile(1))
	f.Fuzz(func(t *testing.T, data []byte) {
		names, values, err := readJavaMap(data)
		if err == nil && (len(names) != len(values) || len(names) > len(data)) {
			t.Fatalf("%d names, %d values", len(names), len(values))
		}
	})
}
