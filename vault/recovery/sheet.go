package recovery

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/tallystick/tallystick/vault/secret"
)

// What can be wrong with a sheet or a change of it.
var (
	ErrNoneLeft = errors.New("recovery: no unused key left")
	ErrNotFound = errors.New("recovery: no such key")
	ErrDead     = errors.New("recovery: the sheet was replaced by a newer one")
	ErrInvalid  = errors.New("recovery: not a valid sheet")
	ErrValid    = errors.New("recovery: the portal still takes the keys of the sheet")
	ErrSealed   = errors.New("recovery: the keys of the sheet are sealed")
)

// Key is one recovery key of a sheet.
type Key struct {
	Text secret.Bytes // as the portal printed it; empty while the sheet is sealed
	Used time.Time    // when; zero = unused
}

// Sheet is what a portal handed out at one time. Keys stay in the order in which
// they were printed.
type Sheet struct {
	ID      string // 32 lower-case hex digits, random
	Origin  Origin
	Account string    // as printed on the sheet; may be empty
	Printed time.Time // the date on the sheet; zero = none
	Added   time.Time
	Dead    time.Time // when a newer sheet replaced it; zero = valid
	Keys    []Key
	Sealed  []byte // the texts of the keys, encrypted: see Seal; nil = they are in Keys
}

// Sheet makes a sheet to keep of a draft. Texts are copied. A key that is marked as
// used without a day counts as used at now. Fails with ErrInvalid when there is no
// key, or one that is empty, too long or there twice, and when random fails.
func (d Draft) Sheet(random io.Reader, now time.Time) (Sheet, error) {
	var id [16]byte
	if _, err := io.ReadFull(random, id[:]); err != nil {
		return Sheet{}, fmt.Errorf("recovery: no randomness: %w", err)
	}
	s := Sheet{ID: hex.EncodeToString(id[:]), Origin: d.Origin, Account: d.Account, Printed: d.Date, Added: now}
	for _, f := range d.Keys {
		k := Key{Text: f.Text.Clone()}
		if f.Used {
			if k.Used = f.UsedOn; k.Used.IsZero() {
				k.Used = now
			}
		}
		s.Keys = append(s.Keys, k)
	}
	if err := s.Validate(); err != nil {
		s.Wipe()
		return Sheet{}, err
	}
	return s, nil
}

// Validate holds a sheet against the limits. Fails with ErrInvalid.
func (s Sheet) Validate() error {
	if id, err := hex.DecodeString(s.ID); err != nil || len(id) != 16 {
		return fmt.Errorf("%w: bad id", ErrInvalid)
	}
	if len(s.Keys) == 0 || len(s.Keys) > MaxKeys {
		return fmt.Errorf("%w: %d keys", ErrInvalid, len(s.Keys))
	}
	if s.IsSealed() {
		return s.validSealed()
	}
	seen := make(map[string]bool, len(s.Keys))
	for i, k := range s.Keys {
		norm := string(Normalise(k.Text.Reveal()))
		switch {
		case norm == "" || k.Text.Len() > MaxKey:
			return fmt.Errorf("%w: key %d is empty or too long", ErrInvalid, i+1)
		case seen[norm]:
			return fmt.Errorf("%w: key %d is there twice", ErrInvalid, i+1)
		}
		seen[norm] = true
	}
	return nil
}

// Valid reports whether the portal still takes the keys of this sheet.
func (s Sheet) Valid() bool { return s.Dead.IsZero() }

// Total is the number of keys, used or not.
func (s Sheet) Total() int { return len(s.Keys) }

// Left is the number of keys that can still be used; 0 for a dead sheet.
func (s Sheet) Left() int {
	if !s.Valid() {
		return 0
	}
	n := 0
	for _, k := range s.Keys {
		if k.Used.IsZero() {
			n++
		}
	}
	return n
}

// Next is the place of the first unused key. Fails with ErrDead and ErrNoneLeft.
func (s Sheet) Next() (int, error) {
	if !s.Valid() {
		return 0, ErrDead
	}
	for i, k := range s.Keys {
		if k.Used.IsZero() {
			return i, nil
		}
	}
	return 0, ErrNoneLeft
}

// UseAt marks the key at place i as used at now; one that is used already keeps its
// time. Fails with ErrNotFound.
func (s *Sheet) UseAt(i int, now time.Time) error {
	if i < 0 || i >= len(s.Keys) {
		return ErrNotFound
	}
	if s.Keys[i].Used.IsZero() {
		s.Keys[i].Used = now
	}
	return nil
}

// Undo makes the key at place i unused again. Fails with ErrNotFound.
func (s *Sheet) Undo(i int) error {
	if i < 0 || i >= len(s.Keys) {
		return ErrNotFound
	}
	s.Keys[i].Used = time.Time{}
	return nil
}

// Find is the place of a key, whichever way it is spelled. Fails with ErrNotFound and
// ErrSealed.
func (s Sheet) Find(text secret.Bytes) (int, error) {
	if s.IsSealed() {
		return 0, ErrSealed
	}
	for i, k := range s.Keys {
		if Same(k.Text, text) {
			return i, nil
		}
	}
	return 0, ErrNotFound
}

// Same reports whether two texts are the same key in different spellings.
func Same(a, b secret.Bytes) bool {
	return bytes.Equal(Normalise(a.Reveal()), Normalise(b.Reveal()))
}

// Equal reports whether two sheets hold the same keys, in any order and spelling.
// Where they came from and what is used makes no difference. What a sealed sheet holds
// is not known: it equals only itself.
func (s Sheet) Equal(o Sheet) bool {
	if s.IsSealed() || o.IsSealed() {
		return s.ID == o.ID
	}
	if len(s.Keys) != len(o.Keys) {
		return false
	}
	have := make(map[string]int, len(s.Keys))
	for _, k := range s.Keys {
		have[string(Normalise(k.Text.Reveal()))]++
	}
	for _, k := range o.Keys {
		norm := string(Normalise(k.Text.Reveal()))
		if have[norm] == 0 {
			return false
		}
		have[norm]--
	}
	return true
}

// Clone returns a sheet that shares no memory with this one.
func (s Sheet) Clone() Sheet {
	keys := make([]Key, len(s.Keys))
	for i, k := range s.Keys {
		keys[i] = Key{Text: k.Text.Clone(), Used: k.Used}
	}
	s.Keys = keys
	s.Sealed = bytes.Clone(s.Sealed)
	return s
}

// Wipe overwrites all keys and empties the sheet.
func (s *Sheet) Wipe() {
	for _, k := range s.Keys {
		k.Text.Wipe()
	}
	s.Keys, s.Sealed = nil, nil
}

// Sheets are all sheets of one account, oldest first. At most one is valid once they
// went through Replace; several are valid when sheets were added beside each other.
type Sheets []Sheet

// Replace adds a new sheet and marks all others dead at now. Their keys are kept: a
// portal that says it made new keys has been seen to take the old ones. A sheet that
// has the same keys as a valid one (the same file again) changes nothing, and Replace
// reports false; of a sealed one that cannot be known.
func (ss Sheets) Replace(fresh Sheet, now time.Time) (Sheets, bool) {
	if ss.has(fresh) {
		return ss, false
	}
	out := make(Sheets, 0, len(ss)+1)
	for _, s := range ss {
		if s.Valid() {
			s.Dead = now
		}
		out = append(out, s)
	}
	return append(out, fresh), true
}

// Add adds a sheet beside the others, for portals that hand out keys of several
// kinds. The same keys again change nothing, and Add reports false.
func (ss Sheets) Add(fresh Sheet) (Sheets, bool) {
	if ss.has(fresh) {
		return ss, false
	}
	return append(append(make(Sheets, 0, len(ss)+1), ss...), fresh), true
}

// Remove takes out the sheet with an id, which has to be dead: keys that the portal
// takes are not thrown away. Fails with ErrNotFound and ErrValid.
func (ss Sheets) Remove(id string) (Sheets, error) {
	for i, s := range ss {
		switch {
		case s.ID != id:
		case s.Valid():
			return ss, ErrValid
		default:
			return append(append(make(Sheets, 0, len(ss)-1), ss[:i]...), ss[i+1:]...), nil
		}
	}
	return ss, ErrNotFound
}

func (ss Sheets) has(fresh Sheet) bool {
	for _, s := range ss {
		if s.Valid() && s.Equal(fresh) {
			return true
		}
	}
	return false
}

// Left is the number of keys that can still be used.
func (ss Sheets) Left() int {
	n := 0
	for _, s := range ss {
		n += s.Left()
	}
	return n
}

// Total is the number of keys of the valid sheets, used or not.
func (ss Sheets) Total() int {
	n := 0
	for _, s := range ss {
		if s.Valid() {
			n += s.Total()
		}
	}
	return n
}

// Next is the sheet and the place of the next key to use: of the valid sheet that was
// added last and has one. Fails with ErrNoneLeft.
func (ss Sheets) Next() (sheet, key int, err error) {
	for i := len(ss) - 1; i >= 0; i-- {
		if k, err := ss[i].Next(); err == nil {
			return i, k, nil
		}
	}
	return 0, 0, ErrNoneLeft
}

// Clone returns sheets that share no memory with these.
func (ss Sheets) Clone() Sheets {
	if ss == nil {
		return nil
	}
	out := make(Sheets, len(ss))
	for i, s := range ss {
		out[i] = s.Clone()
	}
	return out
}

// Wipe overwrites all keys.
func (ss Sheets) Wipe() {
	for i := range ss {
		ss[i].Wipe()
	}
}
