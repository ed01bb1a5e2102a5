package backup

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/seal"
	"github.com/tallystick/tallystick/vault/secret"
)

// Format is the version of the backup file this program writes. A file with a higher one is
// ErrNewer.
const Format = 1

// The members of a backup, all of them stored as they are.
const (
	readmeMember   = "README.txt"
	aboutMember    = "about.json"
	keyMember      = "key.age"
	accountsMember = "accounts.age"
)

const readme = `This is a backup of Tallystick, made %s.

To get the accounts back, open this file with Tallystick: Settings, Backup, Restore; or, in a
terminal:  tallystick backup restore FILE

Without Tallystick: unpack this file, and with age 1.3 or later (https://age-encryption.org) run

    age -d -i key.age accounts.age

It asks for the backup passphrase. What it prints is described in Tallystick's docs/format.md:
one line per account, and "secret" is the key as every authenticator takes it.
`

// about is what a backup says in the open.
type about struct {
	Format   int       `json:"format"`
	Made     time.Time `json:"made"`
	Vault    string    `json:"vault"` // fingerprint of the vault's key
	Key      string    `json:"key"`   // fingerprint of the backup's key
	Accounts int       `json:"accounts"`
	Trashed  int       `json:"trashed,omitempty"`
	Broken   int       `json:"broken,omitempty"`
}

// build writes a backup. key and accounts are age files.
func build(a about, key, accounts []byte) ([]byte, error) {
	plain, err := json.MarshalIndent(a, "", "  ")
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	out.Grow(len(key) + len(accounts) + 4096)
	z := zip.NewWriter(&out)
	for _, m := range []struct {
		name string
		data []byte
	}{
		{readmeMember, fmt.Appendf(nil, readme, a.Made.UTC().Format("2006-01-02 15:04 UTC"))},
		{aboutMember, append(plain, '\n')}, {keyMember, key}, {accountsMember, accounts},
	} {
		w, err := z.CreateHeader(&zip.FileHeader{Name: m.name, Method: zip.Store, Modified: a.Made.UTC()})
		if err == nil {
			_, err = w.Write(m.data)
		}
		if err != nil {
			return nil, err
		}
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// File is a backup, or an export of Tallystick, that was taken apart and not opened yet.
type File struct {
	// Export: it is what `export --format tallystick` writes, not a backup.
	Export   bool
	Made     time.Time // zero for an export
	Accounts int       // live ones, as the file says in the open; -1 for an export

	about         about
	key, accounts []byte
}

// Parse takes the bytes of a backup or of an export of Tallystick apart; name is its base
// name, or empty. The bytes stay in use. Nothing is decrypted, and nothing that costs memory
// is done: [File.Memory] says what Open will take.
//
// Errors: ErrNotBackup, ErrDamaged, ErrNewer.
func Parse(name string, data []byte) (*File, error) {
	_, ours := parseName(name)
	switch _, export := seal.PassphraseWork(data); {
	case len(data) > MaxFile:
		return nil, fmt.Errorf("%w: %d bytes, at most %d are read", ErrNotBackup, len(data), MaxFile)
	case export:
		return &File{Export: true, Accounts: -1, accounts: data}, nil
	case len(data) == 0:
		return nil, fmt.Errorf("%w: it is empty", ErrDamaged)
	case !bytes.HasPrefix(data, []byte("PK\x03\x04")):
		if ours {
			return nil, fmt.Errorf("%w: its beginning was changed", ErrDamaged)
		}
		return nil, ErrNotBackup
	}
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		if ours || bytes.Contains(data[:min(len(data), 100)], []byte(readmeMember)) {
			return nil, fmt.Errorf("%w: cut short or changed", ErrDamaged)
		}
		return nil, ErrNotBackup
	}
	f, err := parseMembers(z, len(data))
	if errors.Is(err, ErrNotBackup) && ours {
		return nil, fmt.Errorf("%w: a part of it is missing", ErrDamaged)
	}
	return f, err
}

func parseMembers(z *zip.Reader, size int) (*File, error) {
	members := map[string]*zip.File{}
	for i, m := range z.File {
		if i == 100 {
			return nil, ErrNotBackup
		}
		if _, twice := members[m.Name]; twice {
			return nil, fmt.Errorf("%w: a part of it is there twice", ErrDamaged)
		}
		members[m.Name] = m
	}
	if members[aboutMember] == nil {
		return nil, ErrNotBackup
	}
	f := &File{}
	text, err := readMember(members[aboutMember], size)
	if err != nil {
		return nil, err
	}
	// The number alone first: of what a newer program writes nothing else is judged.
	var version struct {
		Format int `json:"format"`
	}
	if err := json.Unmarshal(text, &version); err != nil || version.Format < 1 {
		return nil, fmt.Errorf("%w: %s is not what it should be", ErrDamaged, aboutMember)
	}
	if version.Format > Format {
		return nil, fmt.Errorf("%w: it has format %d, this program knows %d", ErrNewer, version.Format, Format)
	}
	if members[keyMember] == nil || members[accountsMember] == nil {
		return nil, ErrNotBackup
	}
	if err := json.Unmarshal(text, &f.about); err != nil {
		return nil, fmt.Errorf("%w: %s is not what it should be", ErrDamaged, aboutMember)
	}
	f.Made, f.Accounts = f.about.Made.UTC(), f.about.Accounts
	if f.key, err = readMember(members[keyMember], size); err != nil {
		return nil, err
	}
	if f.accounts, err = readMember(members[accountsMember], size); err != nil {
		return nil, err
	}
	if _, ok := seal.PassphraseWork(f.key); !ok {
		return nil, fmt.Errorf("%w: %s is not what it should be", ErrDamaged, keyMember)
	}
	return f, nil
}

// readMember reads a member, and holds it against its checksum: without that, a flipped bit in
// the wrapped key would be called a wrong passphrase for ever.
func readMember(m *zip.File, size int) ([]byte, error) {
	if m.Method != zip.Store || m.UncompressedSize64 != m.CompressedSize64 || m.UncompressedSize64 > uint64(size) {
		return nil, fmt.Errorf("%w: %s is not stored as it should be", ErrDamaged, m.Name)
	}
	r, err := m.Open()
	if err != nil {
		return nil, fmt.Errorf("%w: %s cannot be read", ErrDamaged, m.Name)
	}
	defer func() { _ = r.Close() }()
	data, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("%w: %s was changed or cut short", ErrDamaged, m.Name)
	}
	return data, nil
}

// Memory is how many bytes opening takes to check the passphrase.
func (f *File) Memory() int64 {
	file := f.key
	if f.Export {
		file = f.accounts
	}
	work, _ := seal.PassphraseWork(file)
	return seal.WorkMemory(work)
}

// Opened is the content of a backup or an export.
type Opened struct {
	Vault *vault.Vault
	Saved time.Time // when it was made, as the encrypted part says
}

// Wipe overwrites the keys in it.
func (o *Opened) Wipe() {
	if o != nil && o.Vault != nil {
		o.Vault.Wipe()
	}
}

// Open decrypts with the backup passphrase, or the one of the export. It takes a second and
// [File.Memory].
//
// Errors: ErrPassphrase, ErrDamaged, ErrNewer, ErrNotBackup for an age file of something else,
// seal.ErrKDF when it asks for more than 1 GiB.
func (f *File) Open(passphrase secret.Bytes) (*Opened, error) {
	if f.Export {
		text, err := seal.DecryptPassphrase(f.accounts, passphrase)
		if err != nil {
			return nil, sealError(err)
		}
		defer clear(text)
		if !bytes.HasPrefix(bytes.TrimLeft(text, " \t\r\n"), []byte(`{"format"`)) {
			return nil, ErrNotBackup
		}
		return content(text)
	}
	text, err := seal.DecryptPassphrase(f.key, passphrase)
	if err != nil {
		return nil, sealError(err)
	}
	key, err := seal.ParseKey(secret.New(text))
	clear(text)
	if err != nil {
		return nil, fmt.Errorf("%w: %s does not hold a key", ErrDamaged, keyMember)
	}
	defer key.Wipe()
	return f.openWith(key)
}

func (f *File) openWith(key *seal.Key) (*Opened, error) {
	text, err := seal.Decrypt(f.accounts, key)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %v", ErrDamaged, accountsMember, err)
	}
	defer clear(text)
	return content(text)
}

func content(text []byte) (*Opened, error) {
	v, saved, err := vault.DecodeContent(text)
	switch {
	case errors.Is(err, vault.ErrNewer):
		return nil, fmt.Errorf("%w: %v", ErrNewer, err) // those of the vault say something else to a person
	case err != nil:
		return nil, fmt.Errorf("%w: %v", ErrDamaged, err)
	}
	return &Opened{Vault: v, Saved: saved}, nil
}

// sealError puts our sentinel around an error of a passphrase file.
func sealError(err error) error {
	switch {
	case errors.Is(err, seal.ErrPassphrase):
		return ErrPassphrase
	case errors.Is(err, seal.ErrDamaged), errors.Is(err, seal.ErrTooLarge):
		return fmt.Errorf("%w: %s", ErrDamaged, strings.TrimPrefix(err.Error(), seal.ErrDamaged.Error()+": "))
	}
	return err
}
