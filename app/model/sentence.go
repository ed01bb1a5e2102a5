package model

import (
	"context"
	"errors"
	"io/fs"
	"strconv"
	"strings"
	"syscall"

	"github.com/tallystick/tallystick/app/clock"
	"github.com/tallystick/tallystick/app/platform"
	"github.com/tallystick/tallystick/scanner"
	"github.com/tallystick/tallystick/scanner/camera"
	"github.com/tallystick/tallystick/scanner/capture"
	"github.com/tallystick/tallystick/scanner/clipimage"
	"github.com/tallystick/tallystick/scanner/pdf"
	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/backup"
	"github.com/tallystick/tallystick/vault/keys"
	"github.com/tallystick/tallystick/vault/kit"
	"github.com/tallystick/tallystick/vault/otp"
	"github.com/tallystick/tallystick/vault/otpauth"
	"github.com/tallystick/tallystick/vault/picture"
	"github.com/tallystick/tallystick/vault/recovery"
	"github.com/tallystick/tallystick/vault/seal"
	"github.com/tallystick/tallystick/vault/secret"
	"github.com/tallystick/tallystick/vault/share"
	"github.com/tallystick/tallystick/vault/share/pack"
	"github.com/tallystick/tallystick/vault/share/pack/shelf"
	"github.com/tallystick/tallystick/vault/share/store"
	"github.com/tallystick/tallystick/vault/share/store/web"
	"github.com/tallystick/tallystick/vault/share/team"
	"github.com/tallystick/tallystick/vault/transfer"
	"github.com/tallystick/tallystick/vault/transfer/appdb"
	"github.com/tallystick/tallystick/vault/transfer/exports"
	"github.com/tallystick/tallystick/vault/transfer/kdbx"
	"github.com/tallystick/tallystick/vault/transfer/sealedzip"
)

// Unexplained is what Sentence says about an error it has no words for.
const Unexplained = "Something unexpected went wrong; nothing was changed that was not already saved."

// said is one row of the table: whoever carries the sentinel is told the sentence.
type said struct {
	err      error
	sentence string
}

// causes are the reasons behind a failed read or save. They say more than the
// sentinel that wraps them, so Sentence appends them to it.
var causes = []said{
	{syscall.ENOSPC, "The disk is full: free some space and try again."},
	{fs.ErrPermission, "The system does not allow it: check who owns the folder and its permissions."},
	{syscall.EROFS, "The disk is read-only: make it writable and try again."},
}

// sentences is ordered from the particular to the general: the first sentinel that
// errors.Is finds wins, so a sentinel that wraps another stands above it.
var sentences = []said{
	{context.Canceled, "Stopped before it was finished."},
	{errNoFile, "That is a folder, and not a file."},

	// Opening the vault.
	{vault.ErrPassphrase, "That passphrase is not right. Check the keyboard layout and Caps Lock, and try again."},
	{vault.ErrNeedPass, "A passphrase is needed."},
	{vault.ErrLocked, "The vault is locked. Unlock it with your passphrase first."},
	{vault.ErrNoLock, "No passphrase is set, so there is nothing to lock with. Set one first."},
	{vault.ErrAbsent, "There are no accounts here yet. Add one first."},
	{vault.ErrExists, "There is a vault here already, and it was left as it is."},
	{vault.ErrDamaged, "The vault file is damaged. Nothing was overwritten."},
	{vault.ErrNewer, "The vault was made by a newer version of Tallystick, and was left as it is. Update Tallystick to open it."},
	{vault.ErrKeyMissing, "The key to the vault is not in the keyring. Sign in as the person who made the vault, or restore that keyring; no new key was made."},
	{vault.ErrKeyLocked, "The keyring is locked or did not answer. Unlock it and try again."},
	{vault.ErrNoKeyring, "No keyring is running on this computer. Start it and try again; no new key was made."},
	{vault.ErrBusy, "Another program is using the vault. Try again in a moment."},
	{vault.ErrSave, "The change could not be saved, and the vault is as it was before."},

	// The passphrase of the recovery keys.
	{vault.ErrOlderUnsealed, "The change is made, but an older copy of the vault could not be changed with it, and still holds the recovery keys as they were. Change their passphrase once more, to the same one, to mend that."},
	{vault.ErrRecoverySealed, "The recovery keys are sealed under a passphrase of their own. Type it to open them."},
	{vault.ErrNoRecoveryLock, "No passphrase is set for the recovery keys."},

	{vault.ErrClosed, "The vault was closed while it was still needed. Try again."},

	// Accounts.
	{vault.ErrNoAccount, "There is no such account."},
	{vault.ErrTooMany, "The vault is full. Remove accounts that are no longer used."},
	{picture.ErrDrawing, "The picture is an SVG drawing, which is not kept. Choose a PNG, JPEG, WebP, GIF or BMP file."},
	{picture.ErrUnknown, "The file is no picture. Choose a PNG, JPEG, WebP, GIF or BMP file."},
	{picture.ErrTooLarge, "The picture is too large. Choose one of at most 2 MB and 2048 by 2048 pixels; a WebP of at most 512 by 512."},
	{picture.ErrDamaged, "The picture is damaged. Choose another one."},
	{vault.ErrTooLong, "A name, tag, note or address is too long. Make it shorter."},

	// Parameters: above vault.ErrInvalid, which wraps them.
	{otp.ErrKind, "This kind of code is not known. Known are totp, hotp, steam, motp, yandex and manual."},
	{otp.ErrAlgorithm, "The algorithm is not one that this kind of code uses. Known are SHA1, SHA256 and SHA512."},
	{otp.ErrDigits, "A code has 1 to 10 digits."},
	{otp.ErrPeriod, "A code lasts from 1 second to 86400 seconds."},
	{otp.ErrSecret, "The key is missing or cannot be right. Copy it from the portal again, in full."},
	{otp.ErrPIN, "The PIN is missing or cannot be right."},
	{otp.ErrTime, "The time lies outside what codes are made for. Check the clock of this computer."},
	{otp.ErrCounter, "The counter is past the last one there can be. Ask the portal for a new QR code."},
	{otp.ErrNoCode, "The portal sends the codes of this account itself; there is nothing to show."},
	{vault.ErrInvalid, "The account has a value that cannot be right. Check it and try again."},

	// Links.
	{otpauth.ErrNotURI, "This is not an authenticator link or key."},
	{otpauth.ErrNoSecret, "The link has no key in it. Ask the portal for the QR code again."},
	{otpauth.ErrSecret, "The key has characters that cannot be part of a key. Copy it again; the digits 0, 1, 8 and 9 never occur in one."},
	{otpauth.ErrType, "The link asks for a kind of code that is not known here."},
	{otpauth.ErrParameter, "The link asks for something impossible (algorithm, digits, period or counter). Ask the portal for the QR code again."},
	{otpauth.ErrMigration, "The export is damaged or cut off. Scan its QR code again."},
	{otpauth.ErrOtherBatch, "This QR code is part of another export. Finish one export first."},
	{otpauth.ErrTooLong, "The text is too long for an authenticator link."},

	// Pictures.
	{scanner.ErrTooLarge, "The picture has too many pixels. Cut out the part with the QR code and try that."},
	{scanner.ErrTooManyByte, "The picture file is too large. Cut out the part with the QR code and try that."},
	{scanner.ErrFormat, "This is not a picture of a kind that can be read (PNG, JPEG, GIF, BMP, TIFF, WebP, PDF). A photograph in HEIC can be sent from the phone as JPEG."},
	{scanner.ErrDamaged, "The picture is damaged, cut off, or of a rare kind. Save it again, as PNG, and try that."},
	{errWebAddress, "That is an address on the web, not a file. Save the picture first and drop that, or scan the screen."},
	{pdf.ErrEncrypted, "The PDF is protected with a password. Open it in another program, and scan the screen."},
	{pdf.ErrDamaged, "The PDF cannot be read. Open it in another program, and scan the screen."},
	{pdf.ErrPicture, "The PDF holds a picture of a kind that cannot be read here. Open it in another program, and scan the screen."},
	{camera.ErrNone, "There is no camera that pictures could be taken with."},
	{camera.ErrUnsupported, "Cameras cannot be used on this system."},
	{camera.ErrDenied, "The system does not let this program use the camera. On Linux, your user may have to be in the group “video”."},
	{camera.ErrBusy, "The camera is in use by another program. Close that one, and try again."},
	{camera.ErrFormat, "The camera gives pictures of a kind that cannot be read."},
	{camera.ErrGone, "The camera stopped giving pictures. If it was unplugged, plug it in and try again."},
	{capture.ErrNoDisplay, "There is no screen to look at here. Give a picture file instead."},
	{capture.ErrDenied, "The system refused a picture of the screen. Allow it in the privacy settings, or give a picture file instead."},
	{capture.ErrCancelled, "The picture of the screen was cancelled."},
	{capture.ErrFailed, "No picture of the screen could be taken. Save one with another program and give that file."},
	{clipimage.ErrEmpty, "There is no picture on the clipboard. Copy one first."},
	{clipimage.ErrUnsupported, "Pictures on the clipboard cannot be read here. Save the picture and give that file."},
	{clipimage.ErrNoAnswer, "The program that holds the clipboard does not answer. Copy the picture again."},
	{clipimage.ErrTooLarge, "The picture on the clipboard is too large. Cut out the part with the QR code and copy that."},

	// Keyring, below the vault's own words for the same states.
	{keys.ErrLocked, "The keyring is locked or did not answer. Unlock it and try again."},
	{keys.ErrMissing, "The key is not in the keyring."},
	{keys.ErrNone, "No keyring is running on this computer."},
	{keys.ErrBroken, "The keyring gave back something else than was stored in it. Do not rely on it; use a passphrase instead."},
	{keys.ErrTooBig, "The keyring does not take what has to be stored in it. Use a passphrase instead."},

	// Files, below the vault's own words for the same states.
	{seal.ErrPassphrase, "That passphrase is not right. Check the keyboard layout and Caps Lock, and try again."},
	{seal.ErrWrongKey, "The key in the keyring does not open this vault: it belongs to another one. Nothing was changed."},
	{seal.ErrKey, "The key in the keyring is not one of Tallystick's. Nothing was changed."},
	{seal.ErrNewer, "The file was made by a newer version of Tallystick, and was left as it is. Update Tallystick to open it."},
	{seal.ErrKDF, "The file asks for more memory or time than is reasonable to check a passphrase, and was refused."},
	{seal.ErrTooLarge, "The file or the passphrase is far larger than it can be."},
	{seal.ErrDamaged, "The file is damaged. Nothing was overwritten."},

	// The desktop.
	{platform.ErrNoClipboard, "There is no clipboard here."},
	{platform.ErrTextTooLong, "The text is too long for the clipboard."},
	{platform.ErrNoAnswer, "The Tallystick window does not answer. Close it and try again."},
	{platform.ErrRequest, "The Tallystick window was asked for something that it does not know. Update both to the same version."},
	{platform.ErrURLRefused, "That is not the address of a web page, so it was not opened."},
	{platform.ErrNoURIHandler, "Links cannot be set up to open here by the program itself."},
	{platform.ErrNoSignals, "The system does not tell when the session is locked, so the vault cannot lock with it."},
	{platform.ErrRunning, "Tallystick is open already; its window has taken over."},
	{platform.ErrNotRunning, "No Tallystick window is open."},

	{platform.ErrNoDesktopPortal, "There is no desktop portal that takes pictures of the screen."},

	// The clock.
	{clock.ErrAddress, "That is not the address of a time server. It looks like pool.ntp.org, or like an address in your own network."},
	{clock.ErrCertificateTime, "Its certificate is not valid at the time this computer shows."},
	{clock.ErrUntrusted, "Its certificate is not trusted, so its time is not either."},
	{clock.ErrNoTime, "It answered without a time that can be used."},
	{clock.ErrJumped, "The clock was set while it was being compared. Try again."},
	{clock.ErrNoAnswer, "It did not answer."},
	{clock.ErrTooFar, "The clock is more than five minutes off. That is too much to correct codes for: set the clock in the system's settings."},
	{clock.ErrRight, "The clock is right, so there is nothing to correct."},
	{clock.ErrUnsure, "It is not known well enough how wrong the clock is. Compare it again."},
	{clock.ErrMoved, "The clock was set since it was compared. Compare it again."},

	// Moving in. What one format's reader says is wrapped in what every reader says.
	{transfer.ErrNeedsPass, "The export is encrypted: it needs its passphrase."},
	{transfer.ErrPassphrase, "That is not the passphrase of the export. Check the keyboard layout and Caps Lock, and try again."},
	{transfer.ErrRestricted, "This export can only be opened by the app and the account that made it."},
	{transfer.ErrNewer, "This export was made by a newer version of the other app than Tallystick knows."},
	{transfer.ErrDamaged, "The export is damaged. Make it once more in the other app."},
	{transfer.ErrTooLarge, "The export is too large to be one."},
	{transfer.ErrTooCostly, "The export asks for more work or memory than is allowed."},
	{transfer.ErrUnknown, "This is no export that Tallystick knows. Nothing was changed."},
	{kdbx.ErrPassphrase, "That is not the passphrase of the database, or it has a key file as well. Export without one, and try again."},
	{kdbx.ErrOld, "This database was made by a KeePass older than 2.20. Save it with a newer one, and try again."},
	{kdbx.ErrNewer, "This database was made by a newer KeePass than Tallystick knows."},
	{kdbx.ErrNotKDBX, "This is no database of KeePass."},
	{kdbx.ErrDamaged, "The database is damaged."},
	{kdbx.ErrTooLarge, "The database is too large to be one."},
	{kdbx.ErrTooCostly, "The database asks for more work or memory than is allowed."},
	{sealedzip.ErrPassphrase, "That is not the passphrase of the ZIP file."},
	{sealedzip.ErrMethod, "The ZIP file is packed in a way that cannot be read here. Unpack it with its own program."},
	{sealedzip.ErrNotZIP, "This is no ZIP file."},
	{sealedzip.ErrDamaged, "The ZIP file is damaged."},
	{sealedzip.ErrTooLarge, "The ZIP file is too large to be an export."},
	{appdb.ErrKey, "That is not the passphrase of the database."},
	{appdb.ErrNoTable, "The database holds no accounts of an app that Tallystick knows."},
	{appdb.ErrNotDatabase, "This is no database."},
	{appdb.ErrDamaged, "The database is damaged."},
	{appdb.ErrTooLarge, "The database is too large to be an export."},

	// Backups and exports.
	{backup.ErrPassphrase, "That is not the passphrase this backup was made with. Check the keyboard layout and Caps Lock. Older backups keep the passphrase they were made with."},
	{backup.ErrNewer, "The backup was made by a newer version of Tallystick, and was left as it is. Update Tallystick to open it."},
	{backup.ErrNotBackup, "That is not a backup of Tallystick, nor an export of it. What another app wrote can be imported."},
	{backup.ErrReadBack, "What was written could not be opened again, so it does not count as a backup and was taken away. The ones before are untouched. Try another folder: the disk may be failing."},
	{backup.ErrFolder, "The folder for the backups is not there. Plug in or connect what it is on, or choose another one. The backups before are untouched."},
	{backup.ErrSettings, "The settings of the backups are damaged, or belong to another vault. Choose folder and passphrase again; backups that were made stay."},
	{backup.ErrNotSet, "No backups are set up here yet. Choose a folder and a passphrase for them first."},
	{backup.ErrFailed, "No backup was made. The ones before are untouched."},
	{backup.ErrDamaged, "The backup is damaged: it was cut off or changed since it was written. Take another one, if you can an older copy of the same file. Nothing was changed."},
	{exports.ErrNothing, "None of the accounts can be written in this form. Choose another one."},
	{exports.ErrNoPassphrase, "An encrypted export needs a passphrase."},
	{exports.ErrNotPlain, "This form is never written in the open. Give it a passphrase."},
	{exports.ErrNotSealed, "This form cannot be encrypted. Choose another one, or write it in the open."},
	{exports.ErrFormat, "There is no such form of export."},
	{exports.ErrTooLarge, "That is more than a file of this form, or a passphrase, may have."},

	// The recovery kit.
	{vault.ErrOtherKit, "That recovery kit belongs to another vault. The short name printed on it says to which."},
	{vault.ErrKeyBack, "The key is back, but the file with your accounts is damaged. Restore an older copy."},
	{vault.ErrOtherKey, "The folder also has the key of another vault, and that was left as it is. Put the vault file into an empty folder, and start Tallystick with --dir and that folder."},
	{vault.ErrKeyThere, "There is a key here already, and it was left as it is."},
	{kit.ErrWord, "One of the words is not in the list of words. Look at each again; four letters are enough."},
	{kit.ErrCount, "A recovery kit has 24 words. Type all of them, in their order."},
	{kit.ErrChecksum, "The words do not belong together: one was taken for another, or two changed places. Look at each again."},
	{kit.ErrDamaged, "The text of the kit's QR code is damaged or cut. Scan it again, or type the words."},
	{kit.ErrNewer, "The kit was made by a newer version of Tallystick. Update it first."},
	{kit.ErrNotKit, "That is not a recovery kit: neither its words nor what its QR code says."},

	// Recovery keys.
	{recovery.ErrPicture, "That is a picture without a QR code. Type the keys as you see them in it, one on each line."},
	{recovery.ErrEncrypted, "The file is protected with a password. Open it with its own program, and paste the keys."},
	{recovery.ErrFormat, "That kind of file cannot be read here. Open it with its own program, and paste the keys."},
	{recovery.ErrDamaged, "The file is damaged. Download it again from the portal."},
	{recovery.ErrTooLarge, "The file is far larger than a sheet of recovery keys. Open it with its own program, and paste the keys."},
	{recovery.ErrNoneLeft, "No recovery key is left. Get a new sheet from the portal while you can still sign in."},
	{recovery.ErrNotFound, "That recovery key is no longer there."},
	{recovery.ErrDead, "That sheet was replaced by a newer one; the portal no longer takes its keys."},
	{recovery.ErrValid, "The portal still takes the keys of that sheet, so it is kept. Only a sheet that was replaced can be deleted."},
	{recovery.ErrSealed, "The recovery keys are sealed under a passphrase of their own. Type it to open them."},
	{recovery.ErrInvalid, "That is not a sheet of recovery keys that can be kept."},

	// Shared vaults. What one layer says may be wrapped in what a higher one says.
	{share.ErrNewer, "That was made by a newer version of Tallystick. Update this one to take part."},
	{share.ErrInviteUsed, "This invite was used already. Ask for a new one."},
	{share.ErrInviteWithdrawn, "This invite was withdrawn. Ask for a new one."},
	{share.ErrInviteExpired, "This invite has expired. Ask for a new one."},
	{share.ErrInvite, "That is not an invite, or a part of it is missing. Copy it again, in full."},
	{share.ErrLastAdmin, "The last admin cannot leave or give up the role: make somebody else an admin first."},
	{share.ErrNotPermitted, "Your role in this shared vault does not allow that."},
	{share.ErrNotMember, "That device is not a member of this shared vault."},
	{share.ErrNoRequest, "Nobody asked to join under that name. Ask them to synchronise, and look again."},
	{share.ErrNoKey, "The key of the shared vault has not arrived at this device yet. Synchronise again in a moment."},
	{share.ErrNoAccount, "There is no such account or value in the shared vault."},
	{share.ErrUnknown, "That refers to something that has not arrived yet. Synchronise again in a moment."},
	{share.ErrForeign, "What lies on the storage was not encrypted for this shared vault."},
	{share.ErrForged, "What lies on the storage has a signature that does not fit. It was not used."},
	{share.ErrSwapped, "What lies on the storage has a false name. It was not used."},
	{share.ErrDamaged, "What lies on the storage is damaged or has not arrived in full. It was not used."},
	{share.ErrTooLarge, "That is larger than a shared vault can hold. Make names and notes shorter."},
	{share.ErrFormat, "That is not written as a shared vault needs it."},
	{team.ErrNoShare, "There is no such shared vault on this device."},
	{team.ErrHere, "This device is in that shared vault already."},
	{team.ErrShared, "That account belongs to a shared vault already."},
	{errOtherServer, "This is another server than before, or another way to it: type the password for it."},
	{team.ErrReadOnly, "You may only look at that account: it belongs to a shared vault in which you are a viewer."},
	{team.ErrNotReady, "This device is not a member of the shared vault yet, or its keys have not arrived. Synchronise again when an admin has confirmed it."},
	{store.ErrLocation, "That is not the address of a storage. It looks like dir:PATH, webdav:URL or s3:ENDPOINT/BUCKET, without a name or password in it."},
	{team.ErrRecord, "What this device remembers of the shared vault cannot be read. Ask to be invited again; the others have everything."},
	{store.ErrOffline, "The storage was not reached. Everything goes on working here; it is tried again later."},
	{store.ErrDenied, "The storage refused the user name, the password or the key, or does not let them write. Check them, and type the password again."},
	{store.ErrUntrusted, "The connection to the storage cannot be trusted: its certificate does not hold, or it is not encrypted. Nothing was sent. If your company signs certificates itself, give the file of its authority."},
	{store.ErrFull, "The storage has no room left. Somebody has to make some; what was changed here is kept until then."},
	{store.ErrExists, "The storage holds something else under a name of ours. It was left as it is."},
	{store.ErrNotFound, "That is not on the storage."},
	{store.ErrTooLarge, "The storage sent more than there can be. It was refused."},
	{store.ErrName, "That name cannot be used on a storage."},
	{web.ErrLimit, "The storage sent more than was asked for. It was refused."},
	{store.ErrStorage, "The storage answered in a way it should not. Nothing of it was used. Check that the address leads to the folder or bucket itself, and not to a web page."},

	// Code packs.
	{pack.ErrKind, "The codes of this account do not follow the time, so they cannot be worked out beforehand."},
	{pack.ErrLife, "A code pack lasts from a minute to 31 days."},
	{pack.ErrTooLarge, "That is more than a code pack can hold. Take fewer accounts, or a shorter time."},
	{pack.ErrNewer, "This code pack was made by a newer version of Tallystick. Update this one to open it."},
	{pack.ErrWrongKey, "That does not open this code pack. Check the passphrase, the keyboard layout and Caps Lock; or it was made for the key of somebody else."},
	{pack.ErrRecipient, "That is not the key of somebody to encrypt for. It begins with age1."},
	{pack.ErrDamaged, "That is no code pack, or it was cut off or changed."},
	{pack.ErrNotYet, "The first code of this pack is still to come. Check the clock of this computer."},
	{shelf.ErrFull, "Too many code packs are kept already. Remove some that you no longer need."},
	{pack.ErrOver, "This code pack has run out. Ask for another one."},

	// Last: what took too long is said by a sentinel above, where there is one.
	{context.DeadlineExceeded, "It took too long and was stopped. Try again."},

	{secret.ErrNotPrintable, "A secret was about to be written out, and that was refused."},
}

// Sentence says an error in words that a person can act on: one or two plain
// sentences, never the raw text of the error, never a secret. The empty string for
// nil, Unexplained for an error that has no row here. It is a pure function of the
// chain of err, safe from any goroutine, and shared by the window and the command
// line, so that both say the same.
func Sentence(err error) string {
	if err == nil {
		return ""
	}
	text := find(sentences, err)
	if counted := kitSentence(err); counted != "" {
		text = counted
	}
	if refused := (*team.ReadOnlyError)(nil); errors.As(err, &refused) {
		text = readOnlySentence(refused)
	}
	if d := (*vault.Damage)(nil); errors.As(err, &d) && len(d.Older) > 0 {
		text += " An older copy can be restored."
	}
	cause := find(causes, err)
	switch {
	case text == "" && cause == "":
		if errors.Is(err, fs.ErrNotExist) {
			return "There is no such file or folder."
		}
		return Unexplained
	case text == "":
		return cause
	case cause == "":
		return text
	}
	return text + " " + cause
}

// kitSentence says where and how many, when the words of a kit are not right: by their places, never the words.
func kitSentence(err error) string {
	var wrong *kit.WordError
	var number *kit.CountError
	switch {
	case errors.As(err, &wrong) && len(wrong.Places) == 1:
		return "Word " + strconv.Itoa(wrong.Places[0]) + " is not in the list of words. Look at it again; four letters are enough."
	case errors.As(err, &wrong) && len(wrong.Places) > 1:
		places := make([]string, len(wrong.Places))
		for i, n := range wrong.Places {
			places[i] = strconv.Itoa(n)
		}
		last := len(places) - 1
		return "Words " + strings.Join(places[:last], ", ") + " and " + places[last] + " are not in the list of words. Look at them again; four letters are enough."
	case errors.As(err, &number):
		return "A recovery kit has " + strconv.Itoa(kit.Words) + " words; these are " + strconv.Itoa(number.Words) + ". Type all of them, in their order."
	}
	return ""
}

// Explained reports whether Sentence has words of its own for err.
func Explained(err error) bool { return Sentence(err) != Unexplained }

func find(table []said, err error) string {
	for _, s := range table {
		if errors.Is(err, s.err) {
			return s.sentence
		}
	}
	return ""
}
