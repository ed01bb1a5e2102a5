package backup

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
)

// Check opens the newest backup in the folder that was made with the passphrase of today, as
// it lies there now: a disk may have failed since it was written. It needs no passphrase, and
// changes nothing. The zero Copy, without an error, means that the folder has none.
//
// Errors: ErrNotSet, ErrSettings, vault.ErrLocked, ErrFolder; with the Copy of a backup that
// does not open, ErrDamaged, ErrNotBackup or ErrNewer.
func (k *Keeper) Check(ctx context.Context) (Copy, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	s, err := k.load()
	if err != nil {
		return Copy{}, err
	}
	key, err := k.key(s)
	if err != nil {
		return Copy{}, err
	}
	defer key.Wipe()
	list, err := k.list(s.Folder)
	if err != nil {
		return Copy{}, err
	}
	for _, c := range list {
		if ctx.Err() != nil {
			return Copy{}, ctx.Err()
		}
		if c.Vault != s.Vault[:shortLen] {
			continue
		}
		data, err := k.disk.ReadFile(c.Path, MaxFile)
		if err != nil {
			return c, fmt.Errorf("%w: %w", ErrDamaged, err)
		}
		f, err := Parse(filepath.Base(c.Path), data)
		if err != nil {
			return c, err
		}
		if !bytes.Equal(f.key, s.Key) {
			continue // made with a passphrase of before, which nobody has here
		}
		o, err := f.openWith(key)
		if err != nil {
			return c, err
		}
		live, _, _ := o.Vault.Count()
		o.Wipe()
		if c.Accounts = f.Accounts; live != f.Accounts {
			return c, fmt.Errorf("%w: it holds something else than it says", ErrDamaged)
		}
		return c, nil
	}
	return Copy{}, nil
}
