package model

import (
	"errors"

	"github.com/tallystick/tallystick/vault"
)

// Problem is what a person reads when the vault is there but cannot be opened, and
// the ways out. Making a new vault is never one of them.
type Problem struct {
	Title, Text    string
	CanRetry       bool
	Generations    []vault.Generation // older copies that may be restored; newest first
	NeedPassphrase bool               // restoring asks for the passphrase
}

// problems says what each state of a vault that does not open means for a person.
var problems = []struct {
	err         error
	title, text string
	final       bool // trying again cannot help
}{
	{
		err: vault.ErrKeyLocked, title: "The keyring is locked",
		text: "The key to your accounts is in this computer's keyring, and the keyring is locked or did not answer. " +
			"Your accounts are safe where they are. Unlock the keyring, or sign out of the computer and in again, and try once more.",
	},
	{
		err: vault.ErrKeyMissing, title: "The key is not in the keyring",
		text: "Your accounts are here, but the key that opens them is not in this computer's keyring. " +
			"This happens when the keyring was reset, or when the files were copied from another computer or another person. " +
			"Sign in as the person who made them, or bring the old keyring back, and try once more. Nothing was changed and no new key was made.",
	},
	{
		err: vault.ErrNoKeyring, title: "There is no keyring",
		text: "The key to your accounts is in this computer's keyring, and no keyring is running. " +
			"Your accounts are safe where they are. Start the keyring, or sign in to the desktop as usual, and try once more. No new key was made.",
	},
	{
		err: vault.ErrNewer, title: "Made by a newer Tallystick",
		text:  "Your accounts were last saved by a newer version of Tallystick, which this one cannot read. Nothing was touched. Update Tallystick to open them.",
		final: true,
	},
	{
		err: vault.ErrDamaged, title: "The file with your accounts is damaged",
		text: "Nothing was overwritten. An older copy can be restored; what was added or changed after it was made is then missing.",
	},
	{
		err: vault.ErrBusy, title: "Another program is using your accounts",
		text: "Tallystick is open a second time, or a backup program is reading the file. Close it, or wait a moment, and try once more.",
	},
	{
		err: vault.ErrAbsent, title: "The file with your accounts is gone",
		text: "It was there before. Bring it back from a backup, or restore an older copy, and try once more.",
	},
}

func problemFor(err error, generations []vault.Generation, needPass bool) Problem {
	p := Problem{
		Title: "Your accounts cannot be opened", Text: Sentence(err), CanRetry: true,
		Generations: generations, NeedPassphrase: needPass,
	}
	for _, known := range problems {
		if errors.Is(err, known.err) {
			p.Title, p.Text, p.CanRetry = known.title, known.text, !known.final
			// "The file is damaged" and "the disk is failing" are different advice.
			if cause := find(causes, err); cause != "" {
				p.Text += " " + cause
			}
			break
		}
	}
	if len(generations) == 0 && errors.Is(err, vault.ErrDamaged) {
		p.Text = "Nothing was overwritten. There is no older copy beside it: bring the file back from a backup and try once more."
	}
	return p
}

// restorable reports whether an older copy of the file could help. Where the key
// is the trouble it could not, and where a newer version wrote the file an older
// copy would throw away what that version saved.
func restorable(err error) bool {
	return errors.Is(err, vault.ErrDamaged) || errors.Is(err, vault.ErrAbsent)
}

// keyringSentence says why keys cannot be kept in the keyring; "" when they can.
func keyringSentence(err error) string {
	switch {
	case err == nil:
		return ""
	case errors.Is(err, vault.ErrKeyLocked):
		return "This computer's keyring is locked or did not answer. Unlock it and try again, " +
			"or choose a passphrase: Tallystick then asks for it at every start."
	}
	return "This computer has no keyring to keep the key in. Choose a passphrase instead: Tallystick asks for it at every start."
}
