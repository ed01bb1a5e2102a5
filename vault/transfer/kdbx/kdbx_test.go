package kdbx

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/tobischo/argon2"
	"github.com/tobischo/gokeepasslib/v3"
	wrap "github.com/tobischo/gokeepasslib/v3/wrappers"

	"github.com/tallystick/tallystick/vault/secret"
)

// testDocument is a small database: an entry with history and a protected attachment before the values that matter, groups before
// entries and the other way round, and a recycle bin. hide writes a protected value.
func testDocument(hide func(string) string) []byte {
	value := func(key, text string) string {
		return "<String><Key>" + key + `</Key><Value Protected="True">` + hide(text) + "</Value></String>"
	}
	return []byte(`<?xml version="1.0" encoding="utf-8" standalone="yes"?>
<KeePassFile><Meta><Generator>test</Generator><RecycleBinUUID>YmluYmluYmluYmluYmluYg==</RecycleBinUUID>
<CustomIcons><Icon><UUID>aWNvbmljb25pY29uaWNvbg==</UUID><Data>aWNvbg==</Data></Icon></CustomIcons>
<Binaries><Binary ID="0" Protected="True">` + hide("an attachment") + `</Binary></Binaries></Meta>
<Root><Group><UUID>cm9vdHJvb3Ryb290cm9vdA==</UUID><Name>Root</Name>
<Group><UUID>Z3JvdXBncm91cGdyb3VwZw==</UUID><Name>Internet</Name>
<Entry><UUID>ZW50cnkxZW50cnkxZW50cg==</UUID><CustomIconUUID>aWNvbmljb25pY29uaWNvbg==</CustomIconUUID><Tags>work;mail, old</Tags>
<String><Key>Title</Key><Value>One &amp; only</Value></String>` + value("Password", "hunter2") + value("otp", "otpauth://totp/a") + `
<History><Entry><UUID>ZW50cnkxZW50cnkxZW50cg==</UUID>` + value("otp", "an older key") + `</Entry></History></Entry>
<Group><Name>Deep</Name><Entry><String><Key>Title</Key><Value>Two</Value></String>` + value("TOTP Seed", "two") + `</Entry><UUID>ZGVlcGRlZXBkZWVwZGVlcA==</UUID></Group>
</Group>
<Entry><String><Key>Title</Key><Value>Three</Value></String>` + value("otp", "three") + `</Entry>
<Group><UUID>YmluYmluYmluYmluYmluYg==</UUID><Name>Recycle Bin</Name><Group><Name>x</Name><Entry>` + value("otp", "thrown away") + `</Entry></Group></Group>
<Entry>` + value("otp", "four") + `<String><Key>Notes</Key><Value/></String></Entry>
</Group></Root></KeePassFile>`)
}

// summary is what a test compares.
func summary(c Content) string {
	var b strings.Builder
	for _, e := range c.Entries {
		fmt.Fprintf(&b, "%s|%s|%s|", strings.Join(e.Groups, "/"), strings.Join(e.Tags, ","), e.Icon)
		for _, f := range e.Fields {
			fmt.Fprintf(&b, "%s=%s;", f.Name, f.Value.Reveal())
		}
		b.WriteByte('\n')
	}
	fmt.Fprintf(&b, "%d binned", c.Binned)
	return b.String()
}

const wantSummary = `Internet|work,mail,old|icon|Title=One & only;otp=otpauth://totp/a;
Internet/Deep|||Title=Two;TOTP Seed=two;
|||Title=Three;otp=three;
|||otp=four;
1 binned`

// TestRead reads every combination our writer makes.
func TestRead(t *testing.T) {
	argon2d := kdf{kind: kdfArgon2d, iterations: 1, memory: 64 << 10, lanes: 2}
	argon2id := kdf{kind: kdfArgon2id, iterations: 2, memory: 64 << 10, lanes: 1}
	attachment := append(binary.LittleEndian.AppendUint32([]byte{3}, 6), "\x00bytes"...)
	for _, s := range []sealed{
		{major: 3, cipher: cipherAES, stream: streamSalsa20, kdf: testKDF},
		{major: 3, cipher: cipherAES, stream: streamSalsa20, kdf: testKDF, plain: true},
		{major: 3, cipher: cipherChaCha20, stream: streamSalsa20, kdf: testKDF},
		{major: 4, cipher: cipherAES, stream: streamChaCha20, kdf: testKDF},
		{major: 4, cipher: cipherAES, stream: streamChaCha20, kdf: argon2d, inner: attachment},
		{major: 4, cipher: cipherChaCha20, stream: streamChaCha20, kdf: argon2id, plain: true},
		{major: 4, cipher: cipherChaCha20, stream: streamSalsa20, kdf: argon2id, inner: attachment},
	} {
		t.Run(fmt.Sprintf("%d cipher %d stream %d kdf %d", s.major, s.cipher, s.stream, s.kdf.kind), func(t *testing.T) {
			s.xml = testDocument(hide(t, s.stream))
			data := s.write(t)
			d, err := Parse(data)
			if err != nil {
				t.Fatal(err)
			}
			if memory, iterations := d.Cost(); memory != int64(s.kdf.memory) || iterations != int64(s.kdf.iterations) {
				t.Errorf("cost %d bytes, %d passes", memory, iterations)
			}
			c, err := d.Read(t.Context(), secret.FromString(testPassphrase))
			if err != nil {
				t.Fatal(err)
			}
			if got := summary(c); got != wantSummary {
				t.Errorf("got\n%s\nwant\n%s", got, wantSummary)
			}
			if _, err := d.Read(t.Context(), secret.FromString("wrong")); !errors.Is(err, ErrPassphrase) {
				t.Errorf("wrong passphrase: %v", err)
			}
			ended, cancel := context.WithCancel(t.Context())
			cancel()
			if _, err := d.Read(ended, secret.FromString(testPassphrase)); !errors.Is(err, context.Canceled) {
				t.Errorf("cancelled: %v", err)
			}
		})
	}
}

// TestReadOthers reads what a library we did not write makes: both versions with every cipher it has, and Twofish.
func TestReadOthers(t *testing.T) {
	for _, tc := range []struct {
		version  int
		cipher   []byte
		iv       int
		kdf      []byte
		unpacked bool
	}{
		{3, gokeepasslib.CipherAES, 16, nil, false},
		{3, gokeepasslib.CipherTwoFish, 16, nil, false},
		{3, gokeepasslib.CipherAES, 16, nil, true},
		{4, gokeepasslib.CipherAES, 16, gokeepasslib.KdfArgon2, false},
		{4, gokeepasslib.CipherChaCha20, 12, gokeepasslib.KdfArgon2, false},
		{4, gokeepasslib.CipherTwoFish, 16, gokeepasslib.KdfArgon2, false},
		{4, gokeepasslib.CipherAES, 16, gokeepasslib.KdfAES4, true},
	} {
		t.Run(fmt.Sprintf("%d %x %x", tc.version, tc.cipher[:2], tc.kdf), func(t *testing.T) {
			option := gokeepasslib.WithDatabaseKDBXVersion3()
			if tc.version == 4 {
				option = gokeepasslib.WithDatabaseKDBXVersion4()
			}
			db := gokeepasslib.NewDatabase(option)
			h := db.Header.FileHeaders
			h.CipherID, h.EncryptionIV = tc.cipher, bytes.Repeat([]byte{1}, tc.iv)
			if tc.unpacked {
				h.CompressionFlags = gokeepasslib.NoCompressionFlag
			}
			if tc.version == 4 {
				h.KdfParameters.UUID, h.KdfParameters.Rounds, h.KdfParameters.Memory, h.KdfParameters.Iterations = tc.kdf, 10, 1<<20, 2
			}
			entry := func(title, key string) gokeepasslib.Entry {
				e := gokeepasslib.NewEntry()
				e.Values = []gokeepasslib.ValueData{
					{Key: "Title", Value: gokeepasslib.V{Content: title}},
					{Key: "Password", Value: gokeepasslib.V{Content: "hunter2", Protected: wrap.NewBoolWrapper(true)}},
					{Key: "otp", Value: gokeepasslib.V{Content: key, Protected: wrap.NewBoolWrapper(true)}},
				}
				return e
			}
			old := entry("One", "before")
			one := entry("One", "now")
			one.Histories = []gokeepasslib.History{{Entries: []gokeepasslib.Entry{old}}}
			root, sub := gokeepasslib.NewGroup(), gokeepasslib.NewGroup()
			root.Name, sub.Name = "Root", "Sub"
			root.Entries = []gokeepasslib.Entry{one}
			sub.Entries = []gokeepasslib.Entry{entry("Two", "second, über")}
			root.Groups = []gokeepasslib.Group{sub}
			db.Content.Root = &gokeepasslib.RootData{Groups: []gokeepasslib.Group{root}}
			db.Credentials = gokeepasslib.NewPasswordCredentials(testPassphrase)
			if err := db.LockProtectedEntries(); err != nil {
				t.Fatal(err)
			}
			var out bytes.Buffer
			if err := gokeepasslib.NewEncoder(&out).Encode(db); err != nil {
				t.Fatal(err)
			}
			c, err := read(t, out.Bytes())
			if err != nil {
				t.Fatal(err)
			}
			if got, want := summary(c), "|||Title=One;otp=now;\nSub|||Title=Two;otp=second, über;\n0 binned"; got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// TestDamage cuts a database off everywhere and turns single bits over: whatever comes is an error of this package, and a
// wrong passphrase is only blamed for what the passphrase decides.
func TestDamage(t *testing.T) {
	for _, major := range []uint16{3, 4} {
		s := sealed{major: major, cipher: cipherAES, stream: streamSalsa20, kdf: testKDF}
		s.xml = testDocument(hide(t, s.stream))
		data := s.write(t)
		d, err := Parse(data)
		if err != nil {
			t.Fatal(err)
		}
		header := len(d.header)
		known := func(err error) bool {
			for _, e := range []error{ErrNotKDBX, ErrOld, ErrNewer, ErrDamaged, ErrPassphrase, ErrTooLarge, ErrTooCostly} {
				if errors.Is(err, e) {
					return true
				}
			}
			return false
		}
		for n := range data {
			if _, err := read(t, data[:n]); !known(err) {
				t.Fatalf("version %d, %d of %d bytes: %v", major, n, len(data), err)
			}
			changed := bytes.Clone(data)
			changed[n] ^= 1
			_, err := read(t, changed)
			if n < header {
				if err != nil && !known(err) {
					t.Fatalf("version %d, byte %d of the header changed: %v", major, n, err)
				}
				continue
			}
			if !known(err) {
				t.Fatalf("version %d, byte %d changed: %v", major, n, err)
			}
			if major == 4 && n >= header+64 && !errors.Is(err, ErrDamaged) {
				t.Fatalf("byte %d of the content changed: %v, want damage", n, err)
			}
		}
	}
}

// TestHeaderHash: version 3.1 has no code over its header, but its checksum among what is encrypted.
func TestHeaderHash(t *testing.T) {
	s := sealed{major: 3, cipher: cipherAES, stream: streamSalsa20, kdf: testKDF, xml: []byte("<KeePassFile/>")}
	d, err := Parse(s.write(t))
	if err != nil {
		t.Fatal(err)
	}
	right := d.headerSum() // does not depend on what is inside
	for sum, want := range map[[32]byte]error{right: nil, {1}: ErrDamaged} {
		s.xml = []byte("<KeePassFile><Meta><HeaderHash>" + base64.StdEncoding.EncodeToString(sum[:]) + "</HeaderHash></Meta></KeePassFile>")
		if _, err := read(t, s.write(t)); !errors.Is(err, want) {
			t.Errorf("%v, want %v", err, want)
		}
	}
}

func TestVersions(t *testing.T) {
	data := sealed{major: 4, cipher: cipherAES, kdf: testKDF, xml: []byte("<KeePassFile/>")}.write(t)
	set := func(at int, b ...byte) []byte {
		c := bytes.Clone(data)
		copy(c[at:], b)
		return c
	}
	for _, tc := range []struct {
		name string
		data []byte
		want error
	}{
		{"KeePass 1", set(4, 0x65), ErrOld},
		{"a preview of KeePass 2", set(4, 0x66), ErrOld},
		{"version 2", set(10, 2), ErrOld},
		{"version 5", set(10, 5), ErrNewer},
		{"another file", set(0, 0), ErrNotKDBX},
		{"nothing", nil, ErrNotKDBX},
	} {
		if _, err := Parse(tc.data); !errors.Is(err, tc.want) {
			t.Errorf("%s: %v, want %v", tc.name, err, tc.want)
		}
	}
	if Recognise([]byte("PK\x03\x04 and so on")) {
		t.Error("a ZIP file is recognised as a database")
	}
}

// TestCost refuses what nobody should wait for before any of it is spent.
func TestCost(t *testing.T) {
	for _, tc := range []struct {
		name string
		kdf  kdf
		want error
	}{
		{"2 GiB", kdf{kind: kdfArgon2id, iterations: 1, memory: 2 << 30, lanes: 1}, ErrTooCostly},
		{"all memory there is", kdf{kind: kdfArgon2d, iterations: 1, memory: 1 << 63, lanes: 1}, ErrTooCostly},
		{"a billion passes", kdf{kind: kdfArgon2d, iterations: 1 << 30, memory: 1 << 20, lanes: 1}, ErrTooCostly},
		{"passes that do not fit 32 bits", kdf{kind: kdfArgon2d, iterations: 1<<32 + 1, memory: 8 << 10, lanes: 1}, ErrTooCostly},
		{"a thousand lanes", kdf{kind: kdfArgon2d, iterations: 1, memory: 1 << 20, lanes: 1000}, ErrTooCostly},
		{"no passes", kdf{kind: kdfArgon2d, memory: 1 << 20, lanes: 1}, ErrDamaged},
		{"no lanes", kdf{kind: kdfArgon2d, iterations: 1, memory: 1 << 20}, ErrDamaged},
		{"next to no memory", kdf{kind: kdfArgon2d, iterations: 1, memory: 1, lanes: 1}, ErrDamaged},
		{"AES for hours", kdf{kind: kdfAES, iterations: 1 << 40}, ErrTooCostly},
		{"1 GiB", kdf{kind: kdfArgon2id, iterations: 4, memory: 1 << 30, lanes: 4}, nil},
	} {
		tc.kdf.salt = make([]byte, 32)
		cheap := sealed{major: 4, cipher: cipherAES, kdf: testKDF, xml: []byte("<KeePassFile/>"), header: map[byte][]byte{fieldKDF: tc.kdf.write()}}
		if _, err := Parse(cheap.write(t)); !errors.Is(err, tc.want) {
			t.Errorf("%s: %v, want %v", tc.name, err, tc.want)
		}
	}
	old := sealed{major: 3, cipher: cipherAES, kdf: testKDF, xml: []byte("<KeePassFile/>"), header: map[byte][]byte{
		fieldTransRounds: binary.LittleEndian.AppendUint64(nil, 1<<63),
	}}
	if _, err := Parse(old.write(t)); !errors.Is(err, ErrTooCostly) {
		t.Errorf("version 3 with 2^63 rounds: %v", err)
	}
}

// TestCancelled: the context ends the derivation, however long it would take.
func TestCancelled(t *testing.T) {
	s := sealed{major: 4, cipher: cipherAES, kdf: testKDF, xml: []byte("<KeePassFile/>")}
	s.header = map[byte][]byte{fieldKDF: kdf{kind: kdfAES, iterations: MaxRounds, salt: make([]byte, 32)}.write()}
	d, err := Parse(s.write(t))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	result := make(chan error)
	go func() {
		_, err := d.Read(ctx, secret.FromString("x"))
		result <- err
	}()
	cancel()
	if err := <-result; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// TestBombs are files of some hundred kilobytes that would become gigabytes, or take the stack.
func TestBombs(t *testing.T) {
	zeros := bytes.Repeat([]byte("A"), 200<<20)
	for _, tc := range []struct {
		name string
		seal sealed
		want error
	}{
		{"much text", sealed{xml: append([]byte("<KeePassFile>"), zeros...)}, ErrTooLarge},
		{"one long tag", sealed{xml: append([]byte("<KeePassFile a='"), zeros[:3<<20]...)}, ErrTooLarge},
		{"many attributes", sealed{xml: append([]byte("<KeePassFile "), bytes.Repeat([]byte("a='' "), 500_000)...)}, ErrTooLarge},
		{"deep", sealed{xml: fmt.Appendf(nil, "<KeePassFile>%s%s</KeePassFile>", bytes.Repeat([]byte("<Group>"), 200_000), bytes.Repeat([]byte("</Group>"), 200_000))}, ErrDamaged},
		{"many entries", sealed{xml: append([]byte("<KeePassFile><Root><Group>"), bytes.Repeat([]byte("<Entry/>"), 500_000)...)}, ErrTooLarge},
		{"a long inner header", sealed{inner: append([]byte{2, 0xFF, 0xFF, 0xFF, 0x7F}, zeros[:1<<20]...)}, ErrDamaged},
		{"an attachment that never ends", sealed{inner: append([]byte{3, 0xFF, 0xFF, 0xFF, 0x7F}, zeros[:1<<20]...)}, ErrDamaged},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := tc.seal
			s.major, s.cipher, s.kdf, s.stream = 4, cipherAES, testKDF, streamChaCha20
			data := s.write(t)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := read(t, data)
			runtime.ReadMemStats(&after)
			if !errors.Is(err, tc.want) {
				t.Errorf("%d bytes: %v, want %v", len(data), err, tc.want)
			}
			if used := after.TotalAlloc - before.TotalAlloc; used > 200<<20 {
				t.Errorf("%d bytes took %d MB of memory", len(data), used>>20)
			}
		})
	}
}

// TestXML reads what KeePass writes as XML.
func TestXML(t *testing.T) {
	plain := []byte(strings.ReplaceAll(string(testDocument(func(s string) string { return s })), `Protected="True"`, `ProtectInMemory="True"`))
	if !RecogniseXML(plain) || !RecogniseXML(append([]byte("\xEF\xBB\xBF\n"), plain...)) || RecogniseXML([]byte("<html><KeePassFil")) {
		t.Error("not told from other XML")
	}
	c, err := ReadXML(t.Context(), plain)
	if err != nil {
		t.Fatal(err)
	}
	if got := summary(c); got != wantSummary {
		t.Errorf("got\n%s\nwant\n%s", got, wantSummary)
	}
	locked, err := ReadXML(t.Context(), testDocument(hide(t, streamSalsa20)))
	if err != nil {
		t.Fatal(err)
	}
	if locked.Locked == 0 || !locked.Entries[0].Get("otp").IsEmpty() {
		t.Errorf("values that are encrypted are taken for what they say: %d", locked.Locked)
	}
	for _, bad := range []string{"", "<KeePassFile>", "<other/>", "<KeePassFile><a></b></KeePassFile>", "<KeePassFile>\x01</KeePassFile>"} {
		if _, err := ReadXML(t.Context(), []byte(bad)); !errors.Is(err, ErrDamaged) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// TestSalsaStream: the stream over many values is the stream over all of them.
func TestSalsaStream(t *testing.T) {
	whole, _ := newKeystream(streamSalsa20, []byte("key"))
	parts, _ := newKeystream(streamSalsa20, []byte("key"))
	want := make([]byte, 1000)
	whole.XORKeyStream(want, want)
	got := make([]byte, 1000)
	for at, n := 0, 0; at < len(got); at, n = at+n, n+7 {
		n = min(n, len(got)-at)
		parts.XORKeyStream(got[at:at+n], got[at:at+n])
	}
	if !bytes.Equal(got, want) {
		t.Error("another stream")
	}
	// The first vector of ECRYPT's set for keys of 256 bits: key 80 00 …, nonce 0.
	vector := make([]byte, 208)
	(&salsaStream{key: [32]byte{0x80}}).XORKeyStream(vector, vector)
	for at, want := range map[int]string{0: "e3be8fdd8beca2e3ea8ef9475b29a6e7", 192: "57be81f47b17d9ae7c4ff15429a73e10"} {
		if got := hex.EncodeToString(vector[at : at+16]); got != want {
			t.Errorf("stream at %d: %s, want %s", at, got, want)
		}
	}
}

// TestArgon2d compares with the reference program: echo -n password | argon2 somesalt -d -t 2 -m 16 -p 1 -l 32 -r.
func TestArgon2d(t *testing.T) {
	for _, tc := range []struct {
		passes, memory uint32
		lanes          uint8
		want           string
	}{
		{2, 1 << 16, 1, "955e5d5b163a1b60bba35fc36d0496474fba4f6b59ad53628666f07fb2f93eaf"},
		{3, 1 << 12, 4, "a5477328022b5ce7d712b97d6ff6ee7476091b7e57d2062d08180d693b3a8f6e"},
	} {
		got := argon2.DKey([]byte("password"), []byte("somesalt"), tc.passes, tc.memory, tc.lanes, 32)
		if hex.EncodeToString(got) != tc.want {
			t.Errorf("%d passes: %x", tc.passes, got)
		}
	}
}

func BenchmarkAESKDF(b *testing.B) {
	k := kdf{kind: kdfAES, iterations: 1_000_000, salt: make([]byte, 32)}
	for b.Loop() {
		if _, err := k.derive(b.Context(), [32]byte{}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkRead reads a database of 10,000 accounts, without the derivation.
func BenchmarkRead(b *testing.B) {
	h := hide(b, streamChaCha20)
	var xml bytes.Buffer
	xml.WriteString("<KeePassFile><Root><Group><Name>Root</Name>")
	for i := range 10_000 {
		fmt.Fprintf(&xml, `<Entry><String><Key>Title</Key><Value>Service %d</Value></String><String><Key>otp</Key><Value Protected="True">%s</Value></String></Entry>`,
			i, h("otpauth://totp/Service:ann?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Service"))
	}
	xml.WriteString("</Group></Root></KeePassFile>")
	data := sealed{major: 4, cipher: cipherAES, stream: streamChaCha20, kdf: testKDF, xml: xml.Bytes()}.write(b)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		c, err := read(b, data)
		if err != nil || len(c.Entries) != 10_000 {
			b.Fatal(err)
		}
	}
}
