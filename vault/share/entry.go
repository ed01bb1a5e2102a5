package share

import (
	"fmt"
	"time"
)

// Role is what a device may do.
type Role string

// The roles. An editor changes accounts; an admin changes who belongs to the vault as well.
const (
	Admin  Role = "admin"
	Editor Role = "editor"
	Viewer Role = "viewer"
)

// Valid reports whether it is one of the three.
func (r Role) Valid() bool { return r == Admin || r == Editor || r == Viewer }

// Writes reports whether a device of this role changes accounts.
func (r Role) Writes() bool { return r == Admin || r == Editor }

// EntryType says what an entry of the membership chain does.
type EntryType string

// The types of entries.
const (
	Genesis    EntryType = "genesis"     // the first: the device that made the vault is its admin
	Invited    EntryType = "invite"      // somebody may join once, until a time
	InviteUsed EntryType = "invite-used" // by this device; the entry after it adds it
	Added      EntryType = "add"
	Removed    EntryType = "remove"
	RoleSet    EntryType = "role"
	Rotated    EntryType = "rotate" // a new key for all that follows
)

// Entry is one entry of the membership chain. Members that a type does not use are empty. Everything in it is public.
type Entry struct {
	Format    int       `json:"format"`
	Vault     VaultID   `json:"vault"`
	N         int64     `json:"n"`                   // the place in the chain; the genesis has 0
	Prev      Hash      `json:"prev,omitzero"`       // of the stored bytes of entry N-1
	Type      EntryType `json:"type"`                //
	By        DeviceID  `json:"by"`                  // who signed
	Time      int64     `json:"time"`                // milliseconds since 1970, by the clock of By
	Device    DeviceID  `json:"device,omitzero"`     // whom it is about
	Public    []byte    `json:"public,omitempty"`    // genesis, add: the key that verifies, 32 bytes
	Recipient string    `json:"recipient,omitzero"`  // genesis, add: the key to encrypt for
	Role      Role      `json:"role,omitzero"`       // invite, add, role
	Invite    InviteID  `json:"invite,omitzero"`     // invite, invite-used, add
	Check     Hash      `json:"check,omitzero"`      // invite: of the one-time key
	Expires   int64     `json:"expires,omitzero"`    // invite: milliseconds since 1970
	Seq       int64     `json:"seq,omitzero"`        // remove: the last contribution of Device that counts
	Epoch     int64     `json:"epoch,omitzero"`      // genesis, rotate: number of the key
	Commit    Hash      `json:"commit,omitzero"`     // genesis, rotate: of the text of the key
	MinFormat int       `json:"min_format,omitzero"` // genesis, rotate: programs that know less keep out
}

// limits of entries
const (
	maxRecipient = 4096
	maxEntries   = 100_000
)

// shape reports ErrFormat unless exactly the members of its type are there.
func (e Entry) shape() error {
	bad := func(what string) error { return fmt.Errorf("%w: an entry of the chain: %s", ErrFormat, what) }
	switch {
	case e.Format != Format:
		return bad("format")
	case !e.Vault.Valid() || !e.By.Valid():
		return bad("vault or author")
	case e.N < 0 || e.N > maxEntries || e.Time < 0 || e.Time >= maxWall || e.Expires < 0 || e.Expires >= maxWall:
		return bad("a number")
	case (e.N == 0) != (e.Type == Genesis) || (e.Prev == "") != (e.Type == Genesis) || e.Prev != "" && !e.Prev.Valid():
		return bad("its place")
	}
	want := map[EntryType]string{
		Genesis: "dpreM", Invited: "oicx", InviteUsed: "di", Added: "dpro", Removed: "d", RoleSet: "do", Rotated: "eM",
	}[e.Type]
	if want == "" {
		return bad("its type")
	}
	for _, m := range []struct {
		mark     rune
		set, ok  bool
		optional bool
	}{
		{'d', e.Device != "", e.Device.Valid(), false},
		{'p', len(e.Public) > 0, len(e.Public) == 32, false},
		{'r', e.Recipient != "", len(e.Recipient) <= maxRecipient, false},
		{'o', e.Role != "", e.Role.Valid(), false},
		{'i', e.Invite != "", e.Invite.Valid(), e.Type == Added},
		{'c', e.Check != "", e.Check.Valid(), false},
		{'x', e.Expires != 0, true, false},
		{'s', e.Seq != 0, e.Seq > 0 && e.Seq <= maxNumber, e.Type == Removed},
		{'e', e.Epoch != 0 || e.Commit != "", e.Epoch > 0 && e.Epoch <= maxEntries && e.Commit.Valid(), false},
		{'M', e.MinFormat != 0, e.MinFormat > 0 && e.MinFormat < 1<<20, false},
	} {
		wanted := false
		for _, r := range want {
			wanted = wanted || r == m.mark
		}
		if m.set && (!wanted && !m.optional || !m.ok) || wanted && !m.set {
			return bad("its members")
		}
	}
	if e.Public != nil && e.Device != deviceOf(e.Public, e.Recipient) {
		return bad("a device that does not belong to its keys")
	}
	if e.Type == Genesis && (e.By != e.Device || e.Epoch != 1) {
		return bad("who made it")
	}
	return nil
}

// When is the time of the entry by its author's clock.
func (e Entry) When() time.Time { return time.UnixMilli(e.Time).UTC() }

// parseEntry reads the stored bytes of an entry: shape only, the signature is the chain's to check.
func parseEntry(raw []byte) (e Entry, sig, body []byte, err error) {
	if len(raw) > maxCtl {
		return e, nil, nil, fmt.Errorf("%w: an entry of %d bytes", ErrTooLarge, len(raw))
	}
	if sig, body, err = split(raw); err != nil {
		return e, nil, nil, err
	}
	if err = formatOf(body); err != nil {
		return e, nil, nil, err
	}
	if err = unmarshal(body, &e); err != nil {
		return e, nil, nil, err
	}
	return e, sig, body, e.shape()
}
