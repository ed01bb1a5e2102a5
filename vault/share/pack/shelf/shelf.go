// Package shelf keeps opened code packs beside a vault until they have run out, so that a guest types the passphrase of a pack once.
//
// Purpose: a folder of packs, each encrypted to the key of the vault beside it. A kept pack is no part of the vault: it is in no copy, no
// backup and no export, and goes by itself. docs/format.md describes the folder.
//
// Who may import it: app, app/model (its types), tests. It imports vault/durable, vault/secret and vault/share/pack; the vault is an interface.
//
// Concurrency: a Shelf has no state of its own and may be used by several goroutines and processes at once. Everything but Key
// touches the disk.
//
// Ownership: packs handed in stay the caller's; packs handed out are the caller's, who wipes them.
package shelf

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/tallystick/tallystick/vault/durable"
	"github.com/tallystick/tallystick/vault/secret"
	"github.com/tallystick/tallystick/vault/share/pack"
)

// Suffix is what the name of a file with a code pack ends in.
const Suffix = ".tallypack"

const (
	// Folder is the name of the folder, inside the directory of the vault.
	Folder = "packs"
	// After is how long a pack stays to be shown as run out, so that a guest who comes back learns why there is no code.
	After = 7 * 24 * time.Hour
	// MaxKept is how many packs are kept at once.
	MaxKept = 50
)

// ErrFull says that MaxKept packs are kept already.
var ErrFull = errors.New("shelf: too many code packs")

// Vault is what a shelf needs of a vault.Manager.
type Vault interface {
	Recipient() (string, error)
	OpenBeside(file []byte) (secret.Bytes, error)
}

// Shelf is the folder of kept packs of one vault.
type Shelf struct {
	Dir   string // the directory of the vault
	Vault Vault
}

// Kept is a pack on the shelf.
type Kept struct {
	ID   string // 32 lower-case hex digits, random
	Pack pack.Pack
}

// Key is what others encrypt packs to that this vault opens: an age recipient, about 1,960 bytes. Errors: those of Vault.Recipient.
func (s Shelf) Key() (string, error) { return s.Vault.Recipient() }

// Open opens a pack that is encrypted to Key. Errors: pack.ErrWrongKey when it is not, or was changed; pack.ErrDamaged, pack.ErrNewer,
// pack.ErrTooLarge.
func (s Shelf) Open(file []byte) (pack.Pack, error) {
	if len(file) > pack.MaxFile {
		return pack.Pack{}, pack.ErrTooLarge
	}
	text, err := s.Vault.OpenBeside(file)
	if err != nil {
		return pack.Pack{}, pack.ErrWrongKey
	}
	defer text.Wipe()
	return pack.Decode(text.Reveal())
}

// Keep puts a pack on the shelf and returns its id. A pack that is there already is not kept twice. Errors: ErrFull, those of Key, and what the
// disk says.
func (s Shelf) Keep(ctx context.Context, p pack.Pack, now time.Time) (string, error) {
	kept, err := s.List(ctx, now)
	if err != nil {
		return "", err
	}
	defer func() {
		for i := range kept {
			kept[i].Pack.Wipe()
		}
	}()
	for _, k := range kept {
		if k.Pack.Same(p) {
			return k.ID, nil
		}
	}
	if len(kept) >= MaxKept {
		return "", ErrFull
	}
	key, err := s.Key()
	if err != nil {
		return "", err
	}
	file, err := p.SealTo(key)
	if err != nil {
		return "", err
	}
	var id [16]byte
	if _, err := rand.Read(id[:]); err != nil {
		return "", err
	}
	name := hex.EncodeToString(id[:])
	if err := os.MkdirAll(s.folder(), 0o700); err != nil {
		return "", err
	}
	return name, durable.New(filepath.Join(s.folder(), name+Suffix), file)
}

func (s Shelf) folder() string { return filepath.Join(s.Dir, Folder) }

// List returns all kept packs, the one that ends first first, and takes away those that ran out After ago. What cannot be opened, because
// it belongs to another vault or is damaged, is left out, and taken away when any pack of its age would have been. Errors: what the disk says of
// the folder, and those of ctx.
func (s Shelf) List(ctx context.Context, now time.Time) (list []Kept, err error) {
	entries, err := os.ReadDir(s.folder())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if err := ctx.Err(); err != nil {
			for i := range list {
				list[i].Pack.Wipe()
			}
			return nil, err
		}
		path := filepath.Join(s.folder(), e.Name())
		info, err := e.Info()
		if err != nil || !info.Mode().IsRegular() {
			continue
		}
		id, is := strings.CutSuffix(e.Name(), Suffix)
		if !is || !valid(id) {
			continue
		}
		p, err := s.read(path)
		switch {
		case err == nil && now.Before(p.Until.Add(After)):
			list = append(list, Kept{id, p})
			continue
		case err == nil:
			p.Wipe()
		case now.Sub(info.ModTime()) < pack.MaxLife+After:
			continue
		}
		_ = os.Remove(path)
	}
	slices.SortStableFunc(list, func(a, b Kept) int { return a.Pack.Until.Compare(b.Pack.Until) })
	return list, nil
}

func (s Shelf) read(path string) (pack.Pack, error) {
	f, err := os.Open(path)
	if err != nil {
		return pack.Pack{}, err
	}
	defer func() { _ = f.Close() }()
	data, err := io.ReadAll(io.LimitReader(f, pack.MaxFile+1))
	if err != nil {
		return pack.Pack{}, err
	}
	return s.Open(data)
}

// Drop takes a pack off the shelf. One that is not there is no error.
func (s Shelf) Drop(id string) error {
	if !valid(id) {
		return fmt.Errorf("shelf: not a pack: %w", fs.ErrInvalid)
	}
	err := os.Remove(filepath.Join(s.folder(), id+Suffix))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

func valid(id string) bool {
	return len(id) == 32 && strings.Trim(id, "0123456789abcdef") == ""
}
