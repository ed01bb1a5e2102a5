package model

import (
	"bytes"
	"fmt"
	"hash/maphash"
	"slices"
	"time"

	"golang.org/x/text/collate"
	"golang.org/x/text/language"

	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/secret"
)

// snapshot is a copy of the vault's content made for showing it. It is built off
// the models' goroutine and owned by it afterwards. Its secrets are its own, so
// that wiping it touches nothing else.
type snapshot struct {
	entries []entry // in the person's own order; broken ones last
	byID    map[vault.ID]int32
	byName  []int32 // collated, "Item 2" before "Item 10"
	tags    []string
	trash   []vault.Account // newest first
	sealed  bool            // the recovery keys have a passphrase of their own
	print   uint64          // equal for equal content, within one process
}

// entry is one account and what was worked out for it.
type entry struct {
	acc          vault.Account
	issuer, name string // safe to show
	tags         []string
	note, url    string
	about        string // once it was asked for
	broken       string // sentence; "" = usable
	key          string // what search looks at
	used         time.Time

	// The code of the step it was last asked for, and the next one once it was needed.
	step       uint64
	cached     bool
	code, next string
}

// readSnapshot copies the content of v. It returns nil when the content's
// fingerprint is unless: most news from the vault are our own changes coming back,
// and those need no second copy.
func readSnapshot(v Vault, seed maphash.Seed, unless uint64) (*snapshot, error) {
	s := &snapshot{}
	same := false
	err := v.Read(func(content *vault.Vault) error {
		accounts, broken, trash := content.Accounts(), content.Broken(), content.Trash()
		s.sealed = content.RecoverySealed()
		s.print = fingerprint(seed, accounts, broken, trash, s.sealed)
		if same = s.print == unless; same {
			return nil
		}
		s.entries = make([]entry, 0, len(accounts)+len(broken))
		for _, a := range accounts {
			s.entries = append(s.entries, entry{acc: ownSecrets(a)})
		}
		for i, b := range broken {
			// Two broken entries may have lost their ids, and a row needs one of its own.
			id := b.ID
			if id == "" {
				id = vault.ID(fmt.Sprintf("broken-%d", i))
			}
			a := vault.Account{ID: id, Issuer: b.Issuer, Name: b.Name}
			s.entries = append(s.entries, entry{acc: a, broken: brokenSentence(b.Err)})
		}
		for _, a := range trash {
			s.trash = append(s.trash, ownSecrets(a))
		}
		s.tags = tidyTags(content.Tags())
		return nil
	})
	switch {
	case err != nil:
		s.wipe()
		return nil, err
	case same:
		return nil, nil
	}
	s.index()
	return s, nil
}

func brokenSentence(err error) string {
	if err == nil || !Explained(err) {
		return "This entry cannot be read. It is kept as it is."
	}
	return "This entry cannot be used and is kept as it is. " + Sentence(err)
}

func ownSecrets(a vault.Account) vault.Account {
	return a.Clone()
}

// index works out everything that searching and sorting need.
func (s *snapshot) index() {
	s.byID = make(map[vault.ID]int32, len(s.entries))
	s.byName = make([]int32, len(s.entries))
	names := make([][]byte, len(s.entries))
	order := collate.New(language.Und, collate.Numeric)
	var buf collate.Buffer
	for i := range s.entries {
		e := &s.entries[i]
		e.issuer, e.name = clean(e.acc.Issuer), clean(e.acc.Name)
		e.note = cleanNote(e.acc.Note)
		e.url, _ = webAddress(e.acc.URL) // an address that is none is not offered to be opened
		e.tags = tidyTags(e.acc.Tags)
		e.key = searchKey(e.issuer, e.name, e.tags, e.note)
		e.used = e.acc.Used
		s.byID[e.acc.ID] = int32(i)
		s.byName[i] = int32(i)

		first, second := e.issuer, e.name
		if first == "" {
			first, second = e.name, ""
		}
		// 0 ends the title: in a collation key it is below every weight.
		key := append(slices.Clone(order.KeyFromString(&buf, first)), 0, 0, 0)
		buf.Reset()
		names[i] = append(key, order.KeyFromString(&buf, second)...)
		buf.Reset()
	}
	slices.SortStableFunc(s.byName, func(a, b int32) int { return bytes.Compare(names[a], names[b]) })
}

// fingerprint is equal for equal content, with the same seed. It is never 0.
func fingerprint(seed maphash.Seed, accounts []vault.Account, broken []vault.Broken, trash []vault.Account, sealed bool) uint64 {
	var h maphash.Hash
	h.SetSeed(seed)
	number := func(n int64) { maphash.WriteComparable(&h, n) }
	text := func(parts ...string) {
		for _, p := range parts {
			number(int64(len(p)))
			_, _ = h.WriteString(p) // never fails
		}
	}
	hidden := func(b secret.Bytes) {
		number(int64(b.Len()))
		_, _ = h.Write(b.Reveal()) // never fails
	}
	account := func(a *vault.Account) {
		text(string(a.ID), a.Issuer, a.Name, a.Note, a.URL, a.Icon, a.Picture, string(a.Params.Kind), string(a.Params.Algorithm))
		number(int64(len(a.Tags)))
		text(a.Tags...)
		hidden(a.Params.Secret)
		hidden(a.Params.PIN)
		number(int64(a.Params.Digits))
		number(int64(a.Params.Period))
		number(int64(a.Params.Counter))
		number(a.Created.Unix())
		number(a.Used.Unix())
		number(a.Trashed.Unix())
		text(a.Portal, string(a.Pending), a.Shared)
		number(int64(len(a.History)))
		for i := range a.History {
			hidden(a.History[i].Params.Secret)
			number(a.History[i].Retired.Unix())
		}
		number(int64(len(a.Recovery)))
		for _, s := range a.Recovery {
			text(s.ID, string(s.Sealed))
			number(s.Dead.Unix())
			number(int64(len(s.Keys)))
			for _, k := range s.Keys {
				number(k.Used.Unix())
			}
		}
		maphash.WriteComparable(&h, a.Favourite)
	}
	number(int64(len(accounts)))
	for i := range accounts {
		account(&accounts[i])
	}
	for _, b := range broken {
		text(string(b.ID), b.Issuer, b.Name)
	}
	number(int64(len(broken)))
	for i := range trash {
		account(&trash[i])
	}
	maphash.WriteComparable(&h, sealed)
	return h.Sum64() | 1
}

// wipe overwrites the secrets and lets go of everything else.
func (s *snapshot) wipe() {
	if s == nil {
		return
	}
	for i := range s.entries {
		wipeAccount(&s.entries[i].acc)
	}
	for i := range s.trash {
		wipeAccount(&s.trash[i])
	}
	*s = snapshot{}
}

// wipeAccount overwrites every secret of an account that is nobody else's.
func wipeAccount(a *vault.Account) {
	a.Params.Secret.Wipe()
	a.Params.PIN.Wipe()
	for i := range a.History {
		a.History[i].Params.Secret.Wipe()
		a.History[i].Params.PIN.Wipe()
	}
	a.Recovery.Wipe()
}
