package appdb

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/sha1"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"modernc.org/sqlite"
)

// build makes a database of statements; they are tests' own, so it may be in memory only.
func build(t testing.TB, statements ...string) []byte {
	t.Helper()
	connector, err := sqlite.NewConnector("file::memory:")
	if err != nil {
		t.Fatal(err)
	}
	db := sql.OpenDB(connector)
	defer db.Close()
	conn, err := db.Conn(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for _, s := range statements {
		if _, err := conn.ExecContext(context.Background(), s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
	var data []byte
	err = conn.Raw(func(c any) error {
		data, err = c.(interface{ Serialize() ([]byte, error) }).Serialize()
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// rows reads two columns of a table as text.
func rows(t testing.TB, data []byte, table string, columns ...string) (string, error) {
	t.Helper()
	d, err := Open(context.Background(), data)
	if err != nil {
		return "", err
	}
	defer d.Close()
	var b strings.Builder
	err = d.Rows(context.Background(), table, columns, func(r Row) bool {
		for _, c := range columns {
			b.WriteString(r.Text(c) + "|")
		}
		b.WriteByte('\n')
		return true
	})
	return b.String(), err
}

func TestRows(t *testing.T) {
	data := build(t,
		`CREATE TABLE "Odd ""name""" (Email TEXT, secret BLOB, n INTEGER, r REAL, "select" TEXT)`,
		`INSERT INTO "Odd ""name""" VALUES ('ann', x'00ff', 7, 1.5, 'word'), (NULL, 'text', NULL, NULL, '')`,
		`CREATE TABLE bare (k TEXT PRIMARY KEY, v) WITHOUT ROWID`, `INSERT INTO bare VALUES ('a', 1)`,
	)
	got, err := rows(t, data, `ODD "NAME"`, "email", "SECRET", "n", "r", "select", "missing")
	if want := "ann|\x00\xff|7|1.5|word||\n|text|||||\n"; err != nil || got != want {
		t.Errorf("%q, %v, want %q", got, err, want)
	}
	if got, err := rows(t, data, "bare", "k", "v"); err != nil || got != "a|1|\n" {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := rows(t, data, "nowhere", "k"); !errors.Is(err, ErrNoTable) {
		t.Errorf("no table: %v", err)
	}
	if _, err := rows(t, data, "bare", "other"); !errors.Is(err, ErrNoTable) {
		t.Errorf("no column: %v", err)
	}
	d, err := Open(t.Context(), data)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := d.Rows(ended, "bare", []string{"k"}, func(Row) bool { return true }); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// TestNothingRuns: views, virtual tables and computed columns are not there, whatever they are called; triggers and
// functions in the schema are never reached.
func TestNothingRuns(t *testing.T) {
	data := build(t,
		"CREATE TABLE real_one (email TEXT, secret TEXT, bomb TEXT GENERATED ALWAYS AS (hex(zeroblob(100000000))) VIRTUAL, kept TEXT GENERATED ALWAYS AS (upper(email)) STORED)",
		"INSERT INTO real_one (email, secret) VALUES ('ann', 'key')",
		"CREATE INDEX bombs ON real_one (length(hex(email)), email, secret)",
		"CREATE VIEW accounts AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n) SELECT i AS email, randomblob(1000000000) AS secret FROM n",
		"CREATE VIRTUAL TABLE words USING fts5(email, secret)",
		"CREATE TRIGGER t AFTER INSERT ON real_one BEGIN DELETE FROM real_one; END",
	)
	for _, hidden := range []string{"accounts", "words", "sqlite_master", "pragma_database_list", "json_each"} {
		if got, err := rows(t, data, hidden, "email", "secret", "name", "file", "key"); !errors.Is(err, ErrNoTable) {
			t.Errorf("%s: %q, %v", hidden, got, err)
		}
	}
	if got, err := rows(t, data, "real_one", "email", "secret", "bomb", "kept"); err != nil || got != "ann|key|||\n" {
		t.Errorf("%q, %v", got, err)
	}
	d, err := Open(t.Context(), data)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	// Whatever a mistake of ours or of SQLite may let a schema ask for, the connection refuses.
	for _, statement := range []string{
		"SELECT * FROM accounts", "SELECT hex(email) FROM real_one", "SELECT bomb FROM real_one", "SELECT * FROM words", "DELETE FROM real_one",
		"ATTACH 'x' AS y", "PRAGMA journal_mode=WAL", "PRAGMA trusted_schema=ON", "SELECT * FROM pragma_table_list", "CREATE TEMP TABLE x (a)", "VACUUM INTO 'x'",
		"SELECT load_extension('x')", "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n) SELECT i FROM n",
	} {
		if r, err := d.conn.QueryContext(t.Context(), statement); err == nil {
			r.Next()
			if r.Err() == nil {
				t.Errorf("%s is let through", statement)
			}
			r.Close()
		}
	}
	if _, err := os.Stat("x"); err == nil {
		t.Error("a file was written")
	}
}

// TestDamage: cut off or with single bytes changed, a database gives rows or one of our errors.
func TestDamage(t *testing.T) {
	data := build(t, "PRAGMA page_size=512", "CREATE TABLE accounts (email TEXT, secret TEXT)",
		"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<60) INSERT INTO accounts SELECT 'name '||i, 'key '||i FROM n")
	check := func(name string, data []byte) {
		_, err := rows(t, data, "accounts", "email", "secret")
		for _, e := range []error{nil, ErrNotDatabase, ErrDamaged, ErrTooLarge, ErrNoTable} {
			if errors.Is(err, e) {
				return
			}
		}
		t.Errorf("%s: %v", name, err)
	}
	for n := 0; n < len(data); n += 13 {
		check(fmt.Sprintf("%d bytes", n), data[:n])
		changed := bytes.Clone(data)
		changed[n] ^= 0x5A
		check(fmt.Sprintf("byte %d changed", n), changed)
	}
	if _, err := rows(t, data[:len(data)/2], "accounts", "email"); !errors.Is(err, ErrDamaged) {
		t.Errorf("half a database: %v", err)
	}
}

// TestBombs are schemas and rows that are there to take memory or time.
func TestBombs(t *testing.T) {
	var many []string
	for i := range maxTables + 1 {
		many = append(many, fmt.Sprintf("CREATE TABLE t%d (a)", i))
	}
	loop := build(t, "PRAGMA page_size=512", "CREATE TABLE accounts (email TEXT, secret TEXT)",
		"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<20000) INSERT INTO accounts SELECT 'name '||i, 'key '||i FROM n")
	loop = pointBack(t, loop)
	for _, tc := range []struct {
		name string
		data []byte
		want error
	}{
		{"many tables", build(t, many...), ErrTooLarge},
		{"a long definition", build(t, "CREATE TABLE accounts (email TEXT, secret TEXT DEFAULT '"+strings.Repeat("x", maxSchema)+"')"), ErrTooLarge},
		{"a long row", build(t, "CREATE TABLE accounts (email TEXT, secret TEXT)", "INSERT INTO accounts VALUES (zeroblob(6000000), 1)"), ErrDamaged},
		{"the same pages again and again", loop, ErrTooLarge},
		{"a large file", append(build(t, "CREATE TABLE accounts (email TEXT)"), make([]byte, MaxFile)...), ErrTooLarge},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := rows(t, tc.data, "accounts", "email", "secret")
			runtime.ReadMemStats(&after)
			if !errors.Is(err, tc.want) {
				t.Errorf("%v, want %v", err, tc.want)
			}
			if used := after.TotalAlloc - before.TotalAlloc; used > 200<<20 {
				t.Errorf("%d MB of memory", used>>20)
			}
		})
	}
}

// pointBack makes a chain of the table's interior pages: all children of one are the next, so that the rows of one leaf come
// up more often than anybody can wait for.
func pointBack(t *testing.T, data []byte) []byte {
	t.Helper()
	const size = 512
	data = bytes.Clone(data)
	var wide []int // the table's first page, which comes first, is the root
	for at := size; at < len(data); at += size {
		if data[at] == interiorPage {
			wide = append(wide, at)
		}
	}
	if wide = wide[:min(len(wide), 10)]; len(wide) < 5 {
		t.Fatal("the table is not wide enough for the test")
	}
	leaf := binary.BigEndian.Uint32(data[wide[1]+int(binary.BigEndian.Uint16(data[wide[1]+12:])):])
	for i, at := range wide {
		child := leaf
		if i+1 < len(wide) {
			child = uint32(wide[i+1]/size) + 1
		}
		for n := range int(binary.BigEndian.Uint16(data[at+3:])) {
			binary.BigEndian.PutUint32(data[at+int(binary.BigEndian.Uint16(data[at+12+2*n:])):], child)
		}
		binary.BigEndian.PutUint32(data[at+8:], child)
	}
	return data
}

// TestMerge takes a database and its write-ahead log from a connection that is still open, as a copy of a phone has them.
func TestMerge(t *testing.T) {
	file := filepath.Join(t.TempDir(), "app.db")
	db, err := sql.Open("sqlite", "file:"+filepath.ToSlash(file))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	run := func(statements ...string) {
		for _, s := range statements {
			if _, err := db.Exec(s); err != nil {
				t.Fatalf("%s: %v", s, err)
			}
		}
	}
	load := func(suffix string) []byte {
		data, err := os.ReadFile(file + suffix)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	run("PRAGMA journal_mode=WAL", "PRAGMA wal_autocheckpoint=0", "CREATE TABLE accounts (email TEXT)", "INSERT INTO accounts VALUES ('old')", "PRAGMA wal_checkpoint(TRUNCATE)")
	base := load("")
	run("INSERT INTO accounts VALUES ('new')", "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<500) INSERT INTO accounts SELECT 'more '||i FROM n")
	first := load("-wal")
	run("UPDATE accounts SET email='newest' WHERE email='new'")
	log := load("-wal")
	if !bytes.Equal(load(""), base) || !HasLog(base) || !RecogniseLog(log) {
		t.Fatal("the test's database does not keep its changes in a log")
	}
	count := func(log []byte) (n int, text string) {
		t.Helper()
		merged, err := Merge(base, log)
		if err != nil {
			t.Fatal(err)
		}
		if text, err = rows(t, merged, "accounts", "email"); err != nil {
			t.Fatal(err)
		}
		return strings.Count(text, "\n"), text
	}
	if n, _ := count(nil); n != 1 {
		t.Errorf("without a log: %d rows", n)
	}
	if n, text := count(first); n != 502 || !strings.Contains(text, "new|") {
		t.Errorf("with the log: %d rows", n)
	}
	if n, text := count(log); n != 502 || !strings.Contains(text, "newest|") || strings.Contains(text, "new|") {
		t.Errorf("with the later log: %d rows", n)
	}
	// Cut off anywhere after its head, a log gives what was complete, never half a transaction.
	for cut := walHeader; cut < len(log); cut += 997 {
		if n, _ := count(log[:cut]); n != 1 && n != 2 && n != 502 {
			t.Errorf("%d bytes of the log: %d rows", cut, n)
		}
	}
	changed := bytes.Clone(log)
	changed[len(first)+walFrame+5] ^= 1
	if _, text := count(changed); strings.Contains(text, "newest|") {
		t.Error("a page with a wrong checksum was taken over")
	}
	other := build(t, "PRAGMA page_size=1024", "CREATE TABLE a (b)")
	for name, tc := range map[string]struct{ data, log []byte }{
		"of another database": {other, log}, "with another head": {base, append([]byte{log[0], log[1], log[2], log[3], 9}, log[5:]...)}, "that is none": {base, []byte("text")},
	} {
		if _, err := Merge(tc.data, tc.log); !errors.Is(err, ErrDamaged) {
			t.Errorf("a log %s: %v", name, err)
		}
	}
	// The connection that was left open must be able to go on: nothing of ours touched its files.
	run("INSERT INTO accounts VALUES ('last')")
}

// encrypt is the other direction of Decrypt. data has pages of 1024 bytes with 48 reserved.
func encrypt(t testing.TB, data []byte, passphrase string) []byte {
	t.Helper()
	salt := []byte("0123456789abcdef")
	key, err := pbkdf2.Key(sha1.New, passphrase, salt, CipherRounds, CipherKey)
	if err != nil {
		t.Fatal(err)
	}
	out := bytes.Clone(data)
	copy(out, salt)
	codes, err := codeKey(out, key)
	if err != nil {
		t.Fatal(err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	for at := 0; at < len(out); at += cipherPage {
		page, skip, end := out[at:at+cipherPage], 0, cipherPage-cipherReserve
		if at == 0 {
			skip = CipherSalt
		}
		iv := sha1.Sum(fmt.Appendf(nil, "page %d", at))
		copy(page[end:], iv[:16])
		cipher.NewCBCEncrypter(block, iv[:16]).CryptBlocks(page[skip:end], page[skip:end])
		mac := hmac.New(sha1.New, codes)
		mac.Write(page[skip : end+16])
		mac.Write(binary.LittleEndian.AppendUint32(nil, uint32(at/cipherPage)+1))
		copy(page[end+16:], mac.Sum(nil))
	}
	return out
}

// reserved is a database in SQLCipher's measure: SQLite leaves room at the end of pages when its header says so.
func reserved(t testing.TB, statements ...string) []byte {
	t.Helper()
	empty := build(t, "PRAGMA page_size=1024", "CREATE TABLE x (y)", "DROP TABLE x", "VACUUM")
	// A database of one page without tables: the reserved room can be written into its header.
	page := empty[:1024]
	page[20] = cipherReserve
	binary.BigEndian.PutUint32(page[28:], 1)
	binary.BigEndian.PutUint16(page[105:], 1024-cipherReserve)
	connector, err := sqlite.NewConnector("file::memory:")
	if err != nil {
		t.Fatal(err)
	}
	db := sql.OpenDB(connector)
	defer db.Close()
	conn, err := db.Conn(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	var data []byte
	if err := conn.Raw(func(c any) error { return c.(interface{ Deserialize([]byte) error }).Deserialize(page) }); err != nil {
		t.Fatal(err)
	}
	for _, s := range statements {
		if _, err := conn.ExecContext(context.Background(), s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
	if err := conn.Raw(func(c any) error {
		data, err = c.(interface{ Serialize() ([]byte, error) }).Serialize()
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return data
}

func TestSQLCipher(t *testing.T) {
	plain := reserved(t, "CREATE TABLE accounts (email TEXT, secret TEXT)",
		"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<100) INSERT INTO accounts SELECT 'name '||i, 'key '||i FROM n")
	if plain[20] != cipherReserve || len(plain) < 3*cipherPage {
		t.Fatalf("the test's database has %d reserved bytes and %d pages", plain[20], len(plain)/cipherPage)
	}
	sealed := encrypt(t, plain, "open sesame")
	derive := func(passphrase string) []byte {
		key, err := pbkdf2.Key(sha1.New, passphrase, sealed[:CipherSalt], CipherRounds, CipherKey)
		if err != nil {
			t.Fatal(err)
		}
		return key
	}
	key := derive("open sesame")
	if !MaybeSQLCipher(sealed) {
		t.Error("not recognised")
	}
	if _, err := Decrypt(sealed, derive("other")); !errors.Is(err, ErrKey) {
		t.Errorf("another key: %v", err)
	}
	open, err := Decrypt(sealed, key)
	if err != nil {
		t.Fatal(err)
	}
	want, err := rows(t, plain, "accounts", "email", "secret")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := rows(t, open, "accounts", "email", "secret"); err != nil || got != want || !strings.Contains(got, "name 100|key 100|") {
		t.Errorf("%v: other rows than those encrypted", err)
	}
	if _, err := Decrypt(sealed, derive("other")); !errors.Is(err, ErrKey) {
		t.Errorf("another passphrase: %v", err)
	}
	changed := bytes.Clone(sealed)
	changed[2*cipherPage+9] ^= 1
	if _, err := Decrypt(changed, key); !errors.Is(err, ErrDamaged) {
		t.Errorf("a changed page: %v", err)
	}
	swapped := bytes.Clone(sealed)
	copy(swapped[cipherPage:], sealed[2*cipherPage:3*cipherPage])
	copy(swapped[2*cipherPage:], sealed[cipherPage:2*cipherPage])
	if _, err := Decrypt(swapped, key); !errors.Is(err, ErrDamaged) {
		t.Errorf("pages that changed places: %v", err)
	}
}

func FuzzOpen(f *testing.F) {
	f.Add(build(f, "PRAGMA page_size=512", "CREATE TABLE accounts (email TEXT, secret TEXT)", "INSERT INTO accounts VALUES ('a', 'b')"), []byte(nil))
	f.Add([]byte(magic), []byte("\x37\x7f\x06\x82"))
	f.Fuzz(func(t *testing.T, data, log []byte) {
		if merged, err := Merge(data, log); err == nil {
			data = merged
		}
		if text, err := rows(t, data, "accounts", "email", "secret"); err == nil && len(text) > 2*len(data)+2<<20 {
			t.Fatal("more rows than the file can hold")
		}
	})
}

// BenchmarkRows reads a database of 10,000 accounts.
func BenchmarkRows(b *testing.B) {
	data := build(b, "CREATE TABLE accounts (email TEXT, secret TEXT)",
		"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<10000) INSERT INTO accounts SELECT 'name '||i, 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ' FROM n")
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := rows(b, data, "accounts", "email", "secret"); err != nil {
			b.Fatal(err)
		}
	}
}
