package share

import (
	"cmp"
	"slices"
	"time"
)

// Kind names what was found on the storage, or about this device.
type Kind string

// The kinds. The first group says that the storage shows less than it should, or something else.
const (
	RolledBack Kind = "rolled-back" // shows less than this device has seen there: of Device, or of the chain when Device is empty
	Behind     Kind = "behind"      // lacks what By says it saw: of Device, or of the chain
	Forked     Kind = "forked"      // two different contributions of Device under one number
	Duplicated Kind = "duplicated"  // this device's own name is used by another copy of this vault file
	Restored   Kind = "restored"    // this device's own file is older than what it wrote: taken in again

	Forged       Kind = "forged"        // a signature that does not fit
	Swapped      Kind = "swapped"       // a true object under a false name
	Foreign      Kind = "foreign"       // made for another vault, or by somebody without its key
	Damaged      Kind = "damaged"       // cut short or changed; or still on its way
	Malformed    Kind = "malformed"     // truly signed, and not what it should be
	NotPermitted Kind = "not-permitted" // truly signed by a device whose role does not allow it
	Stranger     Kind = "stranger"      // under the name of a device nobody added
	AfterRemoval Kind = "after-removal" // by a device that was removed, after that
	ClockAhead   Kind = "clock-ahead"   // by a device whose clock is more than MaxAhead ahead
	Newer        Kind = "newer"         // by a later program than this one

	KeyMissing      Kind = "key-missing"      // the current key has not arrived at this device
	RotationNeeded  Kind = "rotation-needed"  // somebody who left knows the current key, and this device cannot make another
	Contested       Kind = "contested"        // two admins changed the members at the same time: the entry of By stands, that of Device does not
	Redo            Kind = "redo"             // a membership entry lost against another one: an admin may do it again
	InviteWasUsed   Kind = "invite-used"      // somebody else used the invite of this device
	InviteTooOld    Kind = "invite-expired"   // the invite of this device expired before it was confirmed
	InviteWithdrawn Kind = "invite-withdrawn" // Device took the invite of this device back
	NoPermission    Kind = "read-only"        // this device is a viewer, and changes made on it were undone
	TooMuch         Kind = "too-much"         // more objects than a vault can have
)

// Suspicious reports whether the storage, or somebody who can write to it, may have tampered. What is incomplete or late counts,
// for nobody can tell the two apart.
func (k Kind) Suspicious() bool {
	switch k {
	case RolledBack, Behind, Forked, Duplicated, Forged, Swapped, Foreign, Damaged, Malformed, NotPermitted, Stranger, AfterRemoval, TooMuch:
		return true
	}
	return false
}

// Finding is one thing that was found: data, not words.
type Finding struct {
	Kind   Kind
	Device DeviceID  // whose object it is, or says it is; empty: the chain, or nobody's
	By     DeviceID  // behind: who saw more. forked: who says so. contested: whose entry won
	Object string    // its name on the storage; empty where none can be named
	Known  int64     // rolled-back, behind: the number that is known of
	Shown  int64     // rolled-back, behind: the number that is shown, or held
	Entry  Hash      // redo: names the entry. contested: the entry that lost
	Since  time.Time // when it was noticed first
}

func (f Finding) key() string {
	return string(f.Kind) + " " + string(f.Device) + " " + f.Object + " " + string(f.Entry)
}

func sortFindings(list []Finding) []Finding {
	slices.SortFunc(list, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Device, b.Device), cmp.Compare(a.Object, b.Object), cmp.Compare(a.Entry, b.Entry), cmp.Compare(a.By, b.By))
	})
	return slices.CompactFunc(list, func(a, b Finding) bool { return a.key() == b.key() })
}
