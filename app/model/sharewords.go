package model

import (
	"cmp"
	"net/url"
	"strconv"
	"strings"

	"github.com/tallystick/tallystick/vault/share"
	"github.com/tallystick/tallystick/vault/share/store"
	"github.com/tallystick/tallystick/vault/share/team"
)

// FindingSentence says in words what was found on the storage of a shared vault: who or what, and what to do. name gives the name of
// a device's person; "" makes it "a device". The sentence names no account and no object.
func FindingSentence(f share.Finding, name func(share.DeviceID) string) string {
	who := func(d share.DeviceID) string {
		if d == "" {
			return "somebody"
		}
		return cmp.Or(name(d), "a device ("+string(d)[:min(8, len(d))]+")")
	}
	count := func() string {
		return " (" + strconv.FormatInt(f.Shown, 10) + " instead of " + strconv.FormatInt(f.Known, 10) + ")"
	}
	const leak = " Ask whoever looks after the storage; your accounts here are as they were."
	switch f.Kind {
	case share.RolledBack:
		if f.Device == "" {
			return "The storage was rolled back: it shows an older list of members than before" + count() + "." + leak
		}
		return "The storage was rolled back: of " + who(f.Device) + " it shows an older state than before" + count() + "." + leak
	case share.Behind:
		if f.Device == "" {
			return "The storage is behind: it lacks changes of members that " + who(f.By) + " has seen" + count() + "."
		}
		return "The storage is behind: it lacks what " + who(f.By) + " has seen of " + who(f.Device) + count() + "."
	case share.Forked:
		return "The storage shows different people different things: there are two states of " + who(f.Device) + " under one number." + leak
	case share.Contested:
		return "Two admins changed the members at the same time: the change of " + who(f.By) + " counts, that of " + who(f.Device) + " does not, apart from removals."
	case share.Duplicated:
		return "Another copy of this vault writes under the name of this device. Use a backup or a copied folder on one computer only."
	case share.Restored:
		return "The vault on this device is older than what this device had written; what was missing was taken in again."
	case share.Forged:
		if f.Device == "" {
			return "The storage was tampered with: something there lacks the signature of anybody of this shared vault. It was not used." + leak
		}
		return "The storage was tampered with: something there has a signature that is not that of " + who(f.Device) + ". It was not used." + leak
	case share.Swapped:
		return "The storage was tampered with: something of " + who(f.Device) + " lies there under a false name. It was not used." + leak
	case share.Foreign:
		return "The storage was tampered with: something there was made for another vault, or by somebody without its key. It was not used." + leak
	case share.Damaged:
		what := "Something on the storage"
		if f.Device != "" {
			what = "What " + who(f.Device) + " put on the storage"
		}
		return what + " is damaged or cut off, or still on its way. It was not used, and is read again later."
	case share.Malformed:
		return "Something that " + who(f.Device) + " wrote cannot be right, though it is signed. It was not used."
	case share.NotPermitted:
		return "Something that " + who(f.Device) + " wrote is more than its role allows. It was not used."
	case share.Stranger:
		return "Something on the storage is under the name of a device that nobody added. It was not used." + leak
	case share.AfterRemoval:
		return "After " + who(f.Device) + " was removed, that device wrote to the storage. It was not used: withdraw its access to the storage."
	case share.ClockAhead:
		return "The clock of " + who(f.Device) + " is more than a day ahead. Ask them to set it."
	case share.Newer:
		return "Something that " + who(f.Device) + " wrote was made by a newer version of Tallystick. Update this one to read it."
	case share.KeyMissing:
		return "The key of the shared vault has not arrived at this device yet. It comes when an admin synchronises. If it never does, an admin makes another one with New keys."
	case share.RotationNeeded:
		return "Somebody who left knows the current key. An admin's program makes a new one at its next synchronisation."
	case share.Redo:
		return "A change of members lost against another one made at the same time. An admin may make it again."
	case share.InviteWasUsed:
		return "Somebody else used the invite of this device. Tell the admin who made it, and ask for a new one."
	case share.InviteWithdrawn:
		return "The invite of this device was withdrawn by " + who(f.Device) + ". Ask for a new one."
	case share.InviteTooOld:
		return "The invite of this device expired before an admin confirmed it. Ask for a new one."
	case share.NoPermission:
		return "This device may look and not change: what was changed here was undone."
	case share.TooMuch:
		return "There is more on the storage than a shared vault can have. Somebody may be filling it."
	}
	return "Something about the storage is not as it should be (" + string(f.Kind) + ")."
}

// whereWords says where a storage is, as people say it. That a connection is not encrypted stays to be seen.
func whereWords(l store.Location) string {
	server := func() string {
		u, err := url.Parse(l.URL)
		if err != nil {
			return l.URL
		}
		text := u.Host + strings.TrimSuffix(u.Path, "/")
		if u.Scheme != "https" {
			text = u.Scheme + "://" + text
		}
		return text
	}
	switch l.Kind {
	case store.Folder:
		return clean("Folder: " + l.Path)
	case store.WebDAV:
		return clean("WebDAV: " + server())
	case store.S3:
		text := "S3: bucket " + l.Bucket + " at " + server()
		if folder := strings.TrimSuffix(l.Prefix, "/"); folder != "" {
			text += ", folder " + folder
		}
		return clean(text)
	}
	return clean(l.String())
}

// readOnlySentence says why an account cannot be changed on this device, and whom to ask.
func readOnlySentence(e *team.ReadOnlyError) string {
	of := title(clean(e.Issuer), clean(e.Account)) + " belongs to the shared vault “" + cmp.Or(clean(e.Vault), "without a name") + "”, "
	if e.State != share.Joined {
		return of + "which this device is no longer in. Keep its accounts as your own first; then they can be changed. Nothing was changed."
	}
	return of + "where you are a viewer: you can change your own tags and favourites, and nothing else. " + askAdmins(e.Admins) + " Nothing was changed."
}

// askAdmins says whom a viewer asks for more.
func askAdmins(names []string) string {
	var who []string
	for _, n := range names {
		who = append(who, clean(n))
	}
	switch len(who) {
	case 0:
		return "An admin can make you an editor."
	case 1:
		return "Ask " + who[0] + ", who can make you an editor."
	case 2, 3:
		return "Ask " + strings.Join(who[:len(who)-1], ", ") + " or " + who[len(who)-1] + ", who can make you an editor."
	}
	return "Ask " + who[0] + ", " + who[1] + " or another admin, who can make you an editor."
}
