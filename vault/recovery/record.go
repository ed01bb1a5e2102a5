package recovery

import (
	"fmt"
	"time"

	"github.com/tallystick/tallystick/vault/secret"
)

// Record is a sheet with its keys in the open: what goes, as JSON, into a payload
// that is encrypted as a whole. Nothing else may encode it. Times are UTC; absent
// means the zero time.
type Record struct {
	ID      string      `json:"id"`
	Service string      `json:"service,omitempty"`
	File    string      `json:"file,omitempty"`
	Account string      `json:"account,omitempty"`
	Printed *time.Time  `json:"printed,omitempty"`
	Added   time.Time   `json:"added"`
	Dead    *time.Time  `json:"dead,omitempty"`
	Keys    []KeyRecord `json:"keys"`
	Sealed  []byte      `json:"sealed,omitempty"`
}

// KeyRecord is one key of a Record.
type KeyRecord struct {
	Text string     `json:"text,omitempty"` // absent in a sealed sheet
	Used *time.Time `json:"used,omitempty"`
}

// Record reveals a sheet for the encoder of the vault.
func (s Sheet) Record() Record {
	r := Record{
		ID: s.ID, Service: s.Origin.Service, File: s.Origin.File, Account: s.Account,
		Printed: instant(s.Printed), Added: s.Added.UTC(), Dead: instant(s.Dead), Keys: make([]KeyRecord, len(s.Keys)), Sealed: s.Sealed,
	}
	for i, k := range s.Keys {
		r.Keys[i] = KeyRecord{Text: string(k.Text.Reveal()), Used: instant(k.Used)}
	}
	return r
}

// Sheet makes a sheet of a record. Fails with ErrInvalid when it holds more than a
// sheet may; the error names the place, never the text.
func (r Record) Sheet() (Sheet, error) {
	if len(r.Keys) > MaxKeys {
		return Sheet{}, fmt.Errorf("%w: %d keys", ErrInvalid, len(r.Keys))
	}
	s := Sheet{
		ID: r.ID, Origin: Origin{Service: r.Service, File: r.File}, Account: r.Account,
		Printed: moment(r.Printed), Added: r.Added.UTC(), Dead: moment(r.Dead), Keys: make([]Key, len(r.Keys)), Sealed: r.Sealed,
	}
	for i, k := range r.Keys {
		s.Keys[i] = Key{Text: secret.FromString(k.Text), Used: moment(k.Used)}
	}
	if err := s.Validate(); err != nil {
		s.Wipe()
		return Sheet{}, err
	}
	return s, nil
}

// Format keeps the keys out of every printed form of a record.
func (r Record) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "{%s %s}", r.ID, secret.Redacted) }

// Format keeps the key out of every printed form.
func (k KeyRecord) Format(f fmt.State, _ rune) { fmt.Fprint(f, secret.Redacted) }

func instant(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

func moment(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC()
}
