package model

import (
	"errors"
	"time"

	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/backup"
)

// BackupsFound is what a look at the backups brought.
type BackupsFound struct {
	Status   backup.Status
	Err      error       // of reading the status
	Newest   backup.Copy // what Keeper.Check opened; its Path is "" where there is none
	OpenErr  error       // of Keeper.Check; vault.ErrLocked where the vault is not open
	Accounts int         // in the vault now; -1 = not known
}

const makeBackup = "Make a new one: Menu → Backups, or: tallystick backup now"

// Check says how old the newest backup is and whether it opens. now is that of a person: its
// time zone is the one times are written in.
func (f BackupsFound) Check(now time.Time) Check {
	st := f.Status
	switch {
	case f.Err != nil:
		return Check{State: Ailing, Text: Sentence(f.Err), Todo: "Set them up again: Menu → Backups, or: tallystick backup set FOLDER"}
	case !st.Set && f.Accounts >= 0 && f.Accounts < backupWorth:
		return Check{Text: "None are made yet."}
	case !st.Set:
		return Check{
			State: Ailing, Text: "None are made. If this computer is lost, so are the accounts.",
			Todo: "Set them up: Menu → Backups, or: tallystick backup set FOLDER",
		}
	case !st.FolderThere:
		text := "The folder " + clean(st.Folder) + " is not there."
		if st.Last != nil {
			text += " The last one was made " + when(st.Last.Made, now) + "."
		}
		return Check{State: Ailing, Text: text, Todo: "Plug in or connect what it is on, or choose another folder."}
	}
	locked := errors.Is(f.OpenErr, vault.ErrLocked)
	newest := f.Newest
	if locked && st.Last != nil {
		newest = backup.Copy{Path: st.Last.File, Made: st.Last.Made, Accounts: st.Last.Accounts}
	}
	text := "The newest is of " + when(newest.Made, now)
	switch {
	case newest.Path == "" && f.OpenErr != nil && !locked:
		return Check{State: Ailing, Text: Sentence(f.OpenErr), Todo: "Look at the folder " + clean(st.Folder) + "."}
	case newest.Path == "":
		return Check{State: Ailing, Text: "There is none in " + clean(st.Folder) + ".", Todo: makeBackup}
	case f.OpenErr != nil && !locked:
		return Check{State: Ailing, Text: text + ", and does not open. " + Sentence(f.OpenErr), Todo: makeBackup}
	case locked:
		text += ", and opened after it was written. It was not tried now, because the vault is locked."
	default:
		text += ", has " + count(newest.Accounts, "account", "accounts") + ", and opens."
	}
	switch {
	case st.Failed != nil:
		return Check{State: Ailing, Text: text + " The attempt " + when(st.FailedAt, now) + " made none. " + Sentence(st.Failed), Todo: makeBackup}
	case now.Sub(newest.Made) >= backupOld:
		return Check{State: Ailing, Text: text + " That is more than a week ago.", Todo: makeBackup}
	}
	return Check{Text: text}
}
