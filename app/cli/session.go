package cli

import (
	"context"
	"errors"
	"io/fs"
	"os"

	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/backup"
	"github.com/tallystick/tallystick/vault/durable"
	"github.com/tallystick/tallystick/vault/secret"
)

// tries is how often a person at a terminal may type the passphrase.
const tries = 3

// manager prepares the vault of this command without opening it. Unless create is set,
// a directory that is not there stays that way: looking never makes anything.
func (r *run) manager(create bool) (*vault.Manager, string, error) {
	dir, err := r.place()
	if err != nil {
		return nil, "", err
	}
	if !create {
		if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
			return nil, dir, vault.ErrAbsent
		}
	}
	var backups *backup.Keeper
	m, err := vault.Open(vault.Config{
		Dir:      dir,
		Keyring:  r.env.Keyring(),
		KDF:      r.env.KDF,
		KDFFloor: r.env.KDFFloor,
		Now:      r.env.Now,
		Rand:     r.env.Rand,
		BeforeMigration: func(ctx context.Context, v *vault.Vault) error {
			return backups.BeforeMigration(ctx, v)
		},
	})
	backups = r.keeper(m, dir)
	return m, dir, err
}

// open gives the unlocked vault. The caller closes it.
func (r *run) open(ctx context.Context) (*vault.Manager, error) {
	m, _, err := r.manager(false)
	if err != nil {
		return nil, err
	}
	if err := r.unlock(ctx, m); err != nil {
		_ = m.Close()
		return nil, err
	}
	return m, nil
}

// openOrCreate is open, but makes a vault where there is none.
func (r *run) openOrCreate(ctx context.Context) (*vault.Manager, error) {
	m, dir, err := r.manager(true)
	if err != nil {
		return nil, err
	}
	err = r.unlock(ctx, m)
	if errors.Is(err, vault.ErrAbsent) {
		err = r.create(ctx, m, dir)
	}
	if err != nil {
		_ = m.Close()
		return nil, err
	}
	return m, nil
}

// unlock opens the vault, asking for the passphrase only where one is set.
func (r *run) unlock(ctx context.Context, m *vault.Manager) error {
	return r.withPassphrase(ctx, func(pass secret.Bytes) error { return m.Unlock(ctx, pass) })
}

// withPassphrase does what may need the passphrase. The first attempt goes without: a vault
// that needs none answers it, and one that does says so before any work is done.
func (r *run) withPassphrase(ctx context.Context, do func(secret.Bytes) error) error {
	r.denyInspection()
	err := do(secret.Bytes{})
	if !errors.Is(err, vault.ErrNeedPass) {
		return err
	}
	for try := 1; ; try++ {
		pass, err := r.passphrase(ctx, "Passphrase: ")
		if err != nil {
			return err
		}
		err = do(pass)
		if !errors.Is(err, vault.ErrPassphrase) || r.passphraseStdin || try == tries {
			return err
		}
		r.note("That passphrase is not right.")
	}
}

// denyInspection is called right before keys come into memory, and no earlier: on Wayland
// the desktop portal takes no pictures for a process that denies it.
func (r *run) denyInspection() {
	if r.env.DenyInspection != nil {
		_ = r.env.DenyInspection() // a second fence; the first, no core files, stands without it
	}
}

// create makes the vault. With a keyring nothing is asked; a passphrase on standard
// input protects the new vault as well. Without a keyring there is no vault without a
// passphrase.
func (r *run) create(ctx context.Context, m *vault.Manager, dir string) error {
	var pass secret.Bytes
	if r.passphraseStdin {
		line, err := r.passphraseLine()
		if err != nil {
			return err
		}
		pass = line
	}
	err := m.Create(ctx, pass)
	if errors.Is(err, vault.ErrNeedPass) {
		why := "There is no keyring on this computer"
		if errors.Is(err, vault.ErrKeyLocked) {
			why = "The keyring is locked or does not answer"
		}
		if r.passphraseStdin || r.env.Terminal == nil {
			return fail(statusLocked, "%s, so the vault needs a passphrase: run this at a terminal, or give --passphrase-stdin.", why)
		}
		r.note("%s, so the vault needs a passphrase. Without it nobody can open the vault.", why)
		if pass, err = r.newPassphrase(ctx); err != nil {
			return err
		}
		err = m.Create(ctx, pass)
	}
	if err != nil {
		return err
	}
	if pass.IsEmpty() {
		r.note("Made a new vault in %s. Its key is in the keyring.", clean(dir))
	} else {
		r.note("Made a new vault in %s, protected by the passphrase.", clean(dir))
	}
	return nil
}

// passphrase is the passphrase of this command: the first line of standard input, or
// typed. vault.ErrNeedPass where neither gives one.
func (r *run) passphrase(ctx context.Context, prompt string) (secret.Bytes, error) {
	if r.passphraseStdin {
		line, err := r.passphraseLine()
		if err == nil && line.IsEmpty() {
			err = vault.ErrNeedPass
		}
		return line, err
	}
	if r.env.Terminal == nil {
		return secret.Bytes{}, vault.ErrNeedPass
	}
	pass, err := r.env.Terminal.Secret(ctx, prompt)
	if err == nil && pass.IsEmpty() {
		err = vault.ErrNeedPass
	}
	r.wipe = append(r.wipe, pass)
	return pass, err
}

// newPassphrase asks twice at the terminal.
func (r *run) newPassphrase(ctx context.Context) (secret.Bytes, error) {
	pass, err := r.passphrase(ctx, "New passphrase: ")
	if err != nil {
		return secret.Bytes{}, err
	}
	again, err := r.passphrase(ctx, "The same again: ")
	if err != nil {
		return secret.Bytes{}, err
	}
	if !pass.Equal(again) {
		return secret.Bytes{}, fail(statusFailed, "The two passphrases differ. Nothing was changed.")
	}
	return pass, nil
}

// oneEntry finds the one account among list that query means, or says why not.
func oneEntry(list []vault.Account, query string) (vault.Account, error) {
	found := parseQuery(query).filter(list)
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return vault.Account{}, fail(statusNothing, "No account matches.")
	}
	return vault.Account{}, &severalError{found: found}
}

// severalError is returned when one account is needed and several match.
type severalError struct{ found []vault.Account }

func (*severalError) Error() string { return "cli: several accounts match" }

// one is oneEntry with the candidates listed on standard error.
func (r *run) one(list []vault.Account, query string) (vault.Account, error) {
	a, err := oneEntry(list, query)
	var several *severalError
	if errors.As(err, &several) {
		t := newTable("ID", "ISSUER", "NAME")
		ids := shortIDs(list)
		for _, a := range several.found {
			t.row(ids[a.ID], a.Issuer, a.Name)
		}
		t.write(r.env.Stderr)
		err = fail(statusFailed, "Several accounts match. Name one by its id.")
	}
	return a, err
}

// readClosing opens the vault, runs fn on its content, and closes it.
func (r *run) readClosing(ctx context.Context, fn func(*vault.Vault) error) error {
	m, err := r.open(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = m.Close() }()
	return m.Read(func(v *vault.Vault) error {
		r.noteBroken(v)
		return fn(v)
	})
}

// updateClosing opens the vault, runs fn on a copy that is then saved, and closes it.
func (r *run) updateClosing(ctx context.Context, fn func(*vault.Vault) error) error {
	m, err := r.open(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = m.Close() }()
	return r.update(ctx, m, fn)
}

// noteBroken tells of entries that can no longer be read, so that nobody takes them for gone.
func (r *run) noteBroken(v *vault.Vault) {
	for _, b := range v.Broken() {
		r.note("An entry cannot be read and is kept as it is: %s", nameOr(b.Issuer, b.Name, string(b.ID)))
	}
}

// nameOr is how an account is called in a sentence.
func nameOr(issuer, name, otherwise string) string {
	switch {
	case issuer != "" && name != "":
		return clean(issuer) + ": " + clean(name)
	case issuer != "":
		return clean(issuer)
	case name != "":
		return clean(name)
	case otherwise != "":
		return clean(otherwise)
	}
	return "(no name)"
}

// writePrivate writes a file that only its owner can read. Unless replace is set, whatever is
// there stays.
func writePrivate(path string, content []byte, replace bool) error {
	if replace {
		return durable.Replace(path, content)
	}
	return durable.New(path, content)
}
