package share

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/tallystick/tallystick/vault/secret"
)

// EpochKey is the key of one epoch: what members write is encrypted to its public half, which is never published, so that nobody
// else can even make an object that opens.
type EpochKey struct {
	Epoch    int64
	Commit   Hash // what the chain says of it
	Identity secret.Bytes
}

// commitOf is what the chain says of a key: it tells the right one from a wrong one, and nothing else.
func commitOf(identity secret.Bytes) Hash {
	text := append([]byte("tallystick share key 1\n"), identity.Reveal()...)
	defer clear(text)
	return hashOf(text)
}

// contribution is what a device has to say now.
type contribution struct {
	Format    int               `json:"format"`
	Vault     VaultID           `json:"vault"`
	Epoch     int64             `json:"epoch"`
	Device    DeviceID          `json:"device"`
	Seq       int64             `json:"seq"`
	Head      Head              `json:"head"` // of the chain
	Time      int64             `json:"time"` // milliseconds since 1970
	Seen      map[DeviceID]Head `json:"seen"` // the latest contribution known of every other device
	Registers []*Register       `json:"registers"`
}

// maxRegisters bounds one contribution.
const maxRegisters = 2_000_000

// errOutdated is a contribution from a time when its author might write, seen when that is over: no offence, and of no use.
var errOutdated = errors.New("share: written before the role changed")

// keepers are the keys a reader has.
type keepers struct {
	crypto Crypto
	vault  VaultID
	keys   []EpochKey // the newest first
	chain  *Chain
}

// open reads a stored contribution and checks it in the order of docs/format.md. Errors: ErrDamaged, ErrForeign, ErrForged, ErrSwapped, ErrUnknown,
// ErrNotPermitted, ErrFormat, ErrNewer, ErrTooLarge, errOutdated.
func (k keepers) open(name object, stored []byte) (contribution, error) {
	var c contribution
	if hashOf(stored) != name.hash {
		return c, ErrDamaged
	}
	var plain []byte
	var with EpochKey
	err := error(ErrForeign)
	for _, key := range k.keys {
		if plain, err = k.crypto.Open(key.Identity, stored); err == nil {
			with = key
			break
		}
	}
	if err != nil {
		return c, err
	}
	defer clear(plain)
	sig, body, err := split(plain)
	if err != nil {
		return c, err
	}
	member, known := k.chain.Introduced(name.device)
	if !known {
		return c, fmt.Errorf("%w: its device", ErrUnknown)
	}
	if !k.crypto.Verify(member.Public, append([]byte(signedContribution), body...), sig) {
		// Whoever else of the vault signed it: then it is a true one in a false place.
		for _, other := range k.chain.Standing().Members {
			if other.Device != name.device && k.crypto.Verify(other.Public, append([]byte(signedContribution), body...), sig) {
				return c, fmt.Errorf("%w: it is %s's", ErrSwapped, other.Device)
			}
		}
		return c, fmt.Errorf("%w: a contribution", ErrForged)
	}
	if err := formatOf(body); err != nil {
		return c, err
	}
	if err := unmarshal(body, &c); err != nil {
		return c, err
	}
	if c.Vault != k.vault || c.Epoch != with.Epoch || c.Device != name.device || c.Seq != name.n {
		return c, fmt.Errorf("%w: a contribution", ErrSwapped)
	}
	if err := c.shape(); err != nil {
		return c, err
	}
	then, err := k.chain.RoleAt(c.Head.Hash, c.Device)
	switch {
	case errors.Is(err, ErrUnknown):
		return c, err
	case err != nil, len(c.Registers) > 0 && !then.Writes(), c.Format < k.chain.minimumAt(c.Head.Hash):
		return c, fmt.Errorf("%w: a contribution", ErrNotPermitted)
	}
	authors := map[DeviceID]bool{c.Device: true}
	for _, r := range c.Registers {
		if !authors[r.Author] {
			if _, known := k.chain.Introduced(r.Author); !known {
				return c, fmt.Errorf("%w: who wrote a register", ErrUnknown)
			}
			authors[r.Author] = true
		}
	}
	s := k.chain.Standing()
	if now, ok := s.Members[c.Device]; ok && len(c.Registers) > 0 && !now.Role.Writes() {
		return c, errOutdated
	} else if !ok && c.Seq > s.Gone[c.Device].Seq {
		return c, fmt.Errorf("%w: after its removal", ErrNotPermitted)
	}
	return c, nil
}

func (c contribution) shape() error {
	bad := func(what string) error { return fmt.Errorf("%w: a contribution: %s", ErrFormat, what) }
	if c.Format != Format || !c.Head.Hash.Valid() || c.Head.N < 0 || c.Time < 0 || c.Time >= maxWall || c.Seq < 1 {
		return bad("its head")
	}
	if len(c.Seen) > maxEntries || len(c.Registers) > maxRegisters {
		return fmt.Errorf("%w: a contribution", ErrTooLarge)
	}
	for d, h := range c.Seen {
		if !d.Valid() || !h.Hash.Valid() || h.N < 1 || h.N > maxNumber {
			return bad("what it saw")
		}
	}
	if slices.Contains(c.Registers, nil) {
		return bad("a register")
	}
	return nil
}

// seal signs and encrypts a contribution.
func (c contribution) seal(crypto Crypto, signer secret.Bytes, key EpochKey) ([]byte, error) {
	slices.SortFunc(c.Registers, compareRegisters)
	body, err := marshal(c)
	if err != nil {
		return nil, err
	}
	defer clear(body)
	plain, err := sign(crypto, signer, signedContribution, body)
	if err != nil {
		return nil, err
	}
	defer clear(plain)
	recipient, err := crypto.Recipient(key.Identity)
	if err != nil {
		return nil, err
	}
	stored, err := crypto.Seal(recipient, plain)
	if err == nil && len(stored) > MaxContribution {
		return nil, fmt.Errorf("%w: what this device has to say", ErrTooLarge)
	}
	return stored, err
}

// keyring is the content of a key object: all keys up to an epoch, for one device.
type keyring struct {
	Format int       `json:"format"`
	Vault  VaultID   `json:"vault"`
	Epoch  int64     `json:"epoch"`
	Device DeviceID  `json:"device"`
	By     DeviceID  `json:"by"`
	Time   int64     `json:"time"`
	Keys   []keyText `json:"keys"`
}

type keyText struct {
	Epoch    int64  `json:"epoch"`
	Identity string `json:"identity"`
}

// sealKeys wraps all keys for one device.
func sealKeys(crypto Crypto, signer secret.Bytes, ring keyring, recipient string) ([]byte, error) {
	body, err := marshal(ring)
	if err != nil {
		return nil, err
	}
	defer clear(body)
	plain, err := sign(crypto, signer, signedKeys, body)
	if err != nil {
		return nil, err
	}
	defer clear(plain)
	return crypto.Seal(recipient, plain)
}

// openKeys reads a key object that is for the holder of identity. all says that the chain knows each key in it; else it may be of more use when
// the entry has come that it arrived before. Errors as of open.
func (k keepers) openKeys(name object, stored []byte, identity secret.Bytes) (keys []EpochKey, all bool, err error) {
	if hashOf(stored) != name.hash {
		return nil, false, ErrDamaged
	}
	plain, err := k.crypto.Open(identity, stored)
	if err != nil {
		return nil, false, err
	}
	defer clear(plain)
	sig, body, err := split(plain)
	if err != nil {
		return nil, false, err
	}
	if err := formatOf(body); err != nil {
		return nil, false, err
	}
	var ring keyring
	if err := unmarshal(body, &ring); err != nil {
		return nil, false, err
	}
	by, known := k.chain.Introduced(ring.By)
	if !known {
		return nil, false, fmt.Errorf("%w: who wrapped the keys", ErrUnknown)
	}
	if !k.crypto.Verify(by.Public, append([]byte(signedKeys), body...), sig) {
		return nil, false, fmt.Errorf("%w: wrapped keys", ErrForged)
	}
	if ring.Vault != k.vault || ring.Device != name.device || ring.Epoch != name.n {
		return nil, false, fmt.Errorf("%w: wrapped keys", ErrSwapped)
	}
	if ring.Format != Format || len(ring.Keys) == 0 || len(ring.Keys) > maxEntries {
		return nil, false, fmt.Errorf("%w: wrapped keys", ErrFormat)
	}
	epochs := k.chain.Epochs()
	all = true
	for _, t := range ring.Keys {
		key := EpochKey{Epoch: t.Epoch, Identity: secret.FromString(t.Identity)}
		key.Commit = commitOf(key.Identity)
		epoch, known := epochs[key.Commit]
		switch {
		case !known:
			all = false // of a branch that has not been seen, or a lie: not used either way
			continue
		case epoch != t.Epoch:
			return nil, false, fmt.Errorf("%w: wrapped keys", ErrSwapped)
		}
		keys = append(keys, key)
	}
	return keys, all, nil
}

func sortKeys(keys []EpochKey) {
	slices.SortFunc(keys, func(a, b EpochKey) int { return cmp.Or(cmp.Compare(b.Epoch, a.Epoch), cmp.Compare(a.Commit, b.Commit)) })
}
