package vault

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// What this device knows of the vaults it shares with others lies in the vault beside the accounts: one record for each, which
// only vault/share reads. Accounts of a shared vault are ordinary accounts with a mark; what somebody changes about them here is found by
// comparing them with the record. docs/format.md describes both.

// sharesMember is the member of the payload that holds the records.
const sharesMember = "shares"

// shares is that member, and never changed, only replaced.
type shares struct {
	records map[string][]byte // by the id of the shared vault: one JSON object
	purged  map[string][]ID   // accounts that went out of the trash before the record knew they were in it
	member  []byte            // as found, when it could not be read: kept, and no share can be used
}

type sharesJSON struct {
	Records map[string]json.RawMessage `json:"records"`
	Purged  map[string][]ID            `json:"purged,omitempty"`
}

// takeShares finds the records among the members of a payload, and returns the others.
func takeShares(extra [][]byte) (*shares, [][]byte) {
	for i, x := range extra {
		value, is := memberValue(x, sharesMember)
		if !is {
			continue
		}
		s := &shares{}
		if !s.read(value) {
			s = &shares{member: bytes.Clone(x)}
		}
		return s, append(append([][]byte(nil), extra[:i]...), extra[i+1:]...)
	}
	return nil, extra
}

func (s *shares) read(value []byte) bool {
	var j sharesJSON
	dec := json.NewDecoder(bytes.NewReader(value))
	dec.DisallowUnknownFields()
	if dec.Decode(&j) != nil {
		return false
	}
	s.records, s.purged = map[string][]byte{}, j.Purged
	for id, record := range j.Records {
		if !ID(id).Valid() || !isObject(record) {
			return false
		}
		s.records[id] = bytes.Clone(record)
	}
	return true
}

func isObject(text []byte) bool {
	text = bytes.TrimSpace(text)
	return len(text) > 1 && text[0] == '{' && json.Valid(text)
}

// members are what a payload holds of the records.
func (s *shares) members() [][]byte {
	switch {
	case s == nil:
		return nil
	case s.member != nil:
		return [][]byte{s.member}
	case len(s.records) == 0:
		return nil
	}
	// By hand: the library would copy and check megabytes that were checked when they came.
	out := []byte(`"` + sharesMember + `":{"records":{`)
	for i, id := range slices.Sorted(maps.Keys(s.records)) {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(append(append(out, '"'), id...), `":`...)
		out = append(out, s.records[id]...)
	}
	out = append(out, '}')
	if len(s.purged) > 0 {
		text, err := json.Marshal(s.purged)
		if err != nil {
			panic("vault: ids that cannot be written")
		}
		out = append(append(out, `,"purged":`...), text...)
	}
	return [][]byte{append(out, '}')}
}

func (s *shares) same(o *shares) bool {
	if s == nil || o == nil {
		return len(s.members()) == 0 && len(o.members()) == 0
	}
	return bytes.Equal(s.member, o.member) && maps.EqualFunc(s.records, o.records, bytes.Equal) && maps.EqualFunc(s.purged, o.purged, slices.Equal)
}

func (s *shares) wipe() {
	if s == nil {
		return
	}
	clear(s.member)
	for _, record := range s.records {
		clear(record)
	}
}

// copied is a value of its own, with room for changes; deep copies the records too.
func (s *shares) copied(deep bool) *shares {
	c := &shares{records: map[string][]byte{}, purged: map[string][]ID{}}
	if s == nil {
		return c
	}
	c.member = bytes.Clone(s.member)
	for id, record := range s.records {
		if deep {
			record = bytes.Clone(record)
		}
		c.records[id] = record
	}
	for id, list := range s.purged {
		c.purged[id] = slices.Clone(list)
	}
	return c
}

// Shares returns the ids of the shared vaults this vault has a record of, sorted.
func (v *Vault) Shares() []string {
	if v.shares == nil {
		return nil
	}
	return slices.Sorted(maps.Keys(v.shares.records))
}

// Share returns the record of a shared vault, one JSON object that is not to be changed; false when there is none.
func (v *Vault) Share(id string) ([]byte, bool) {
	if v.shares == nil {
		return nil, false
	}
	record, ok := v.shares.records[id]
	return record, ok
}

// SetShare keeps the record of a shared vault, which it takes over. Errors: ErrInvalid unless id is one and record one JSON object;
// ErrNewer when the records in the file are of a form this program does not know, and were left as they are.
func (v *Vault) SetShare(id string, record []byte) error {
	if !ID(id).Valid() || !isObject(record) {
		return fmt.Errorf("%w: the record of a shared vault", ErrInvalid)
	}
	if v.shares != nil && v.shares.member != nil {
		return fmt.Errorf("%w: the records of shared vaults", ErrNewer)
	}
	if was, ok := v.Share(id); ok && bytes.Equal(was, record) {
		return nil
	}
	v.shares = v.shares.copied(false)
	v.shares.records[id] = record
	v.changed = true
	return nil
}

// DropShare forgets a shared vault. Its accounts lose their mark, and are this vault's own from then on; who does not want them removes
// them first.
func (v *Vault) DropShare(id string) {
	if _, ok := v.Share(id); !ok {
		return
	}
	v.shares = v.shares.copied(false)
	delete(v.shares.records, id)
	delete(v.shares.purged, id)
	v.changed = true
	for i, e := range v.entries {
		if e.broken == nil && e.account.Shared == id {
			next := *e
			next.account.Shared = ""
			v.entries[i] = &next
		}
	}
}

// IsShared reports whether an account is one of a shared vault this vault has a record of.
func (v *Vault) IsShared(a Account) bool {
	_, ok := v.Share(a.Shared)
	return ok
}

// Purged returns the accounts of a shared vault that left the trash for ever since ForgetPurged.
func (v *Vault) Purged(id string) []ID {
	if v.shares == nil {
		return nil
	}
	return slices.Clone(v.shares.purged[id])
}

// ForgetPurged empties that list.
func (v *Vault) ForgetPurged(id string) {
	if len(v.Purged(id)) == 0 {
		return
	}
	v.shares = v.shares.copied(false)
	delete(v.shares.purged, id)
	v.changed = true
}

// notePurged keeps the ids of shared accounts that go for ever.
func (v *Vault) notePurged(e *entry) {
	if e.broken != nil || !v.IsShared(e.account) {
		return
	}
	v.shares = v.shares.copied(false)
	v.shares.purged[e.account.Shared] = append(v.shares.purged[e.account.Shared], e.account.ID)
}

// Adopt adds an account that has its id, and its times, from a shared vault. The key is copied. Errors: ErrInvalid (the id is none, or
// taken), ErrTooLong, ErrTooMany.
func (v *Vault) Adopt(a Account) error {
	if len(v.entries) >= MaxAccounts {
		return fmt.Errorf("%w: %d", ErrTooMany, len(v.entries))
	}
	if _, taken := v.index[a.ID]; taken || !a.ID.Valid() {
		return fmt.Errorf("%w: its id", ErrInvalid)
	}
	a.Created, a.Changed, a.Trashed = stamp(a.Created), stamp(a.Changed), stamp(a.Trashed)
	a, err := a.normal()
	if err == nil {
		err = a.checkPicture()
	}
	if err != nil {
		return err
	}
	open := a.Recovery
	if a.Recovery, err = v.sealed(open); err != nil {
		return err
	}
	v.append(&entry{account: a.Clone()})
	return nil
}
