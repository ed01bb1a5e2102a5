package backup

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
	"time"

	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/seal"
	"github.com/tallystick/tallystick/vault/secret"
)

// settingsFile lies beside the vault file. Nothing in it is secret: the key of the backups is
// in it twice, once under the backup passphrase, as it goes into every backup, and once under
// the key of the vault, so that backups can be made and checked without asking.
const (
	settingsFile   = "backup.json"
	settingsFormat = 1
	maxSettings    = 1 << 20
)

type settings struct {
	Format int      `json:"format"`
	Folder string   `json:"folder"`
	Vault  string   `json:"vault"`  // fingerprint of the vault's key
	Key    []byte   `json:"key"`    // key.age of every backup
	Sealed []byte   `json:"sealed"` // see sealedKey, encrypted to the vault's key
	Last   *Last    `json:"last,omitempty"`
	Failed *failure `json:"failed,omitempty"`
}

// Last is the last backup that was written and then opened again.
type Last struct {
	File     string    `json:"file"` // base name
	Made     time.Time `json:"made"`
	Accounts int       `json:"accounts"` // live ones
	Bytes    int64     `json:"bytes"`
}

type failure struct {
	At  time.Time `json:"at"`
	Why string    `json:"why"`
}

// reasons are the words for failures in the settings.
var reasons = []struct {
	word string
	err  error
}{
	{"folder", ErrFolder}, {"readback", ErrReadBack}, {"full", syscall.ENOSPC}, {"denied", fs.ErrPermission},
	{"settings", ErrSettings}, {"other", ErrFailed},
}

func newFailure(at time.Time, err error) *failure {
	for _, r := range reasons {
		if errors.Is(err, r.err) {
			return &failure{At: at, Why: r.word}
		}
	}
	return &failure{At: at, Why: "other"}
}

func (f *failure) err() error {
	if f == nil {
		return nil
	}
	for _, r := range reasons {
		if r.word == f.Why {
			return fmt.Errorf("%w: %w", ErrFailed, r.err)
		}
	}
	return ErrFailed
}

// sealedKey is what is encrypted to the vault's key: the identity that opens backups, and the
// hash of the wrapped key that belongs to it.
func sealedKey(identity secret.Bytes, wrapped []byte) secret.Bytes {
	sum := sha256.Sum256(wrapped)
	text := append(append([]byte(nil), identity.Reveal()...), '\n')
	return secret.New(append(text, hex.EncodeToString(sum[:])...))
}

// openKey is the inverse of sealedKey. ErrSettings when the wrapped key is another one: every
// backup would then be one that its passphrase does not open.
func openKey(text secret.Bytes, wrapped []byte) (*seal.Key, error) {
	line, sum, ok := bytes.Cut(text.Reveal(), []byte("\n"))
	is := sha256.Sum256(wrapped)
	if !ok || string(sum) != hex.EncodeToString(is[:]) {
		return nil, fmt.Errorf("%w: the wrapped key was changed", ErrSettings)
	}
	key, err := seal.ParseKey(secret.New(bytes.Clone(line)))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSettings, err)
	}
	return key, nil
}

// key opens the key of the backups; the caller wipes it. Errors: vault.ErrLocked, ErrSettings.
func (k *Keeper) key(s settings) (*seal.Key, error) {
	name, err := k.vault.Fingerprint()
	if err != nil {
		return nil, err
	}
	inner, err := k.vault.OpenBeside(s.Sealed)
	if errors.Is(err, vault.ErrLocked) {
		return nil, err
	}
	if err != nil || name != s.Vault {
		return nil, fmt.Errorf("%w: they belong to another vault, or were changed", ErrSettings)
	}
	defer inner.Wipe()
	return openKey(inner, s.Key)
}

// load reads the settings. Errors: ErrNotSet, ErrSettings, ErrNewer, or what the disk says.
func (k *Keeper) load() (settings, error) {
	var s settings
	text, err := k.disk.ReadFile(k.settingsPath(), maxSettings)
	if errors.Is(err, fs.ErrNotExist) {
		return s, ErrNotSet
	}
	if err != nil {
		return s, fmt.Errorf("%w: %w", ErrSettings, err)
	}
	var version struct {
		Format int `json:"format"`
	}
	if err := json.Unmarshal(text, &version); err != nil || version.Format < 1 {
		return s, ErrSettings
	}
	if version.Format > settingsFormat {
		return s, fmt.Errorf("%w: the settings have format %d", ErrNewer, version.Format)
	}
	if err := json.Unmarshal(text, &s); err != nil || s.Folder == "" || len(s.Key) == 0 || len(s.Sealed) == 0 || len(s.Vault) < shortLen {
		return s, ErrSettings
	}
	return s, nil
}

func (k *Keeper) save(s settings) error {
	s.Format = settingsFormat
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	text = append(text, '\n')
	return writeFile(k.disk, k.settingsPath(), text, func(back []byte) error {
		if !bytes.Equal(back, text) {
			return ErrReadBack
		}
		return nil
	})
}

// Off forgets folder and passphrase. Backups that were made stay where they are.
func (k *Keeper) Off() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if err := k.disk.Remove(k.settingsPath()); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}
