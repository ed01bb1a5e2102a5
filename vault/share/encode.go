package share

import (
	"fmt"
	"strings"

	"github.com/tallystick/tallystick/vault/secret"
)

// replicaText is a replica as the vault of its owner keeps it. It holds keys and secrets.
type replicaText struct {
	Format    int                      `json:"format"`
	Vault     VaultID                  `json:"vault"`
	Genesis   Hash                     `json:"genesis"`
	Identity  string                   `json:"identity"`
	Signer    []byte                   `json:"signer"`
	Joining   *joiningText             `json:"joining,omitzero"`
	Left      bool                     `json:"left,omitzero"`
	Keys      []keyText                `json:"keys"`
	Chain     []string                 `json:"chain"` // stored bytes of entries
	Unsent    map[Hash]bool            `json:"unsent,omitempty"`
	Read      map[string]bool          `json:"read,omitempty"`
	Ring      map[Hash]bool            `json:"ring,omitempty"`
	Wrapped   map[string]Hash          `json:"wrapped,omitempty"`
	Clock     clockText                `json:"clock"`
	Registers []*Register              `json:"registers"`
	Held      map[DeviceID]Head        `json:"held,omitempty"`
	Told      map[DeviceID]toldText    `json:"told,omitempty"`
	Ahead     map[DeviceID]int64       `json:"ahead,omitempty"`
	Bad       map[string]Kind          `json:"bad,omitempty"`
	Mine      mineText                 `json:"mine"`
	Fresh     map[AccountID]bool       `json:"fresh,omitempty"`
	Dirty     bool                     `json:"dirty,omitzero"`
	Carry     map[string]bool          `json:"carry,omitempty"`
	By        map[string]DeviceID      `json:"by,omitempty"`
	Dropped   map[string]bool          `json:"dropped,omitempty"`
	Findings  []findingText            `json:"findings,omitempty"`
	Requests  map[DeviceID]requestKept `json:"requests,omitempty"`
	Verified  map[DeviceID]bool        `json:"verified,omitempty"`
	Log       []eventText              `json:"log,omitempty"`
	Undone    bool                     `json:"undone,omitzero"`
}

type joiningText struct {
	Invite  string `json:"invite"`
	Request []byte `json:"request"`
}

type toldText struct {
	N    int64    `json:"n"`
	Hash Hash     `json:"hash"`
	By   DeviceID `json:"by"`
}

type mineText struct {
	N      int64 `json:"n"`
	Hash   Hash  `json:"hash,omitzero"`
	Commit Hash  `json:"commit,omitzero"`
	Shown  bool  `json:"shown,omitzero"`
	Role   Role  `json:"role,omitzero"`
}

type requestKept struct {
	Person    Person   `json:"person"`
	Role      Role     `json:"role"`
	Invite    InviteID `json:"invite"`
	Time      int64    `json:"time"`
	Expires   int64    `json:"expires"`
	Public    []byte   `json:"public"`
	Recipient string   `json:"recipient"`
	Hash      Hash     `json:"hash"`
}

type findingText struct {
	Kind   Kind     `json:"kind"`
	Device DeviceID `json:"device,omitzero"`
	By     DeviceID `json:"by,omitzero"`
	Object string   `json:"object,omitzero"`
	Known  int64    `json:"known,omitzero"`
	Shown  int64    `json:"shown,omitzero"`
	Entry  Hash     `json:"entry,omitzero"`
	Since  int64    `json:"since"`
}

type eventText struct {
	Time    int64     `json:"time"`
	By      DeviceID  `json:"by"`
	Account AccountID `json:"account,omitzero"`
	What    string    `json:"what"`
	Device  DeviceID  `json:"device,omitzero"`
	Was     Person    `json:"was,omitzero"`
	Is      Person    `json:"is,omitzero"`
}

// Encode writes the replica as one JSON object: keys, registers, everything that is remembered. It is for the inside of an encrypted
// vault. Equal replicas have equal bytes.
func (r *Replica) Encode() ([]byte, error) {
	t := replicaText{
		Format: Format, Vault: r.vault, Genesis: r.chain.root, Identity: string(r.identity.Reveal()), Signer: r.signer.Reveal(), Left: r.left,
		Unsent: r.unsent, Read: r.readKeys, Ring: r.ring, Wrapped: r.wrapped, Clock: clockText{r.clock.Wall, r.clock.Tick}, Registers: r.content.Registers(), Held: r.held,
		Told: map[DeviceID]toldText{}, Ahead: r.ahead, Bad: r.bad, Fresh: r.fresh, Dirty: r.dirty, Carry: r.carry, By: r.by, Dropped: r.dropped,
		Requests: map[DeviceID]requestKept{}, Verified: r.verified, Undone: r.undone,
		Mine: mineText{r.mine.N, r.mine.Hash, r.mine.Commit, r.mine.Shown, r.mine.Role},
		Keys: []keyText{}, Chain: []string{},
	}
	if r.joining != nil {
		text, err := r.joining.invite.Text()
		if err != nil {
			return nil, err
		}
		t.Joining = &joiningText{string(text.Reveal()), r.joining.request}
		text.Wipe()
	}
	for _, k := range r.keys {
		t.Keys = append(t.Keys, keyText{k.Epoch, string(k.Identity.Reveal())})
	}
	for _, e := range r.chain.Entries() {
		t.Chain = append(t.Chain, string(r.chain.Raw(e.Hash)))
	}
	for d, s := range r.told {
		t.Told[d] = toldText{s.N, s.Hash, s.By}
	}
	for d, q := range r.requests {
		t.Requests[d] = requestKept{q.Person, q.Role, q.Invite, stampOf(q.Time), stampOf(q.Expires), q.public, q.recipient, q.hash}
	}
	for _, f := range r.findings {
		t.Findings = append(t.Findings, findingText{f.Kind, f.Device, f.By, f.Object, f.Known, f.Shown, f.Entry, stampOf(f.Since)})
	}
	for _, e := range r.log {
		t.Log = append(t.Log, eventText{millis(e.Time), e.By, e.Account, e.What, e.Device, e.Was, e.Is})
	}
	return marshal(t)
}

// Decode reads what Encode wrote. text is not kept. Errors: ErrFormat, ErrNewer, ErrTooLarge, and those of the chain.
func Decode(cfg Config, text []byte) (*Replica, error) {
	if err := formatOf(text); err != nil {
		return nil, err
	}
	var t replicaText
	if err := unmarshal(text, &t); err != nil {
		return nil, err
	}
	if !t.Vault.Valid() || !t.Genesis.Valid() || !(Clock{t.Clock.Wall, t.Clock.Tick}).valid() {
		return nil, fmt.Errorf("%w: a replica", ErrFormat)
	}
	r := newReplica(cfg, t.Vault, t.Genesis)
	r.identity, r.signer, r.left = secret.FromString(t.Identity), secret.New(t.Signer), t.Left
	if err := r.deriveMe(); err != nil {
		return nil, err
	}
	for _, raw := range t.Chain { // in the order of their places, so that parents come first
		if _, err := r.chain.Add([]byte(raw)); err != nil {
			return nil, fmt.Errorf("share: the chain of a replica: %w", err)
		}
	}
	for _, k := range t.Keys {
		identity := secret.FromString(k.Identity)
		r.keys = append(r.keys, EpochKey{k.Epoch, commitOf(identity), identity})
	}
	sortKeys(r.keys)
	for _, g := range t.Registers {
		if g == nil {
			return nil, fmt.Errorf("%w: a replica", ErrFormat)
		}
		r.content.Merge(g)
	}
	r.content.touched = nil
	if t.Joining != nil {
		text := secret.FromString(t.Joining.Invite)
		i, err := ParseInvite(text)
		text.Wipe()
		if err != nil {
			return nil, err
		}
		r.joining = &pendingJoin{invite: i, request: t.Joining.Request}
	}
	r.clock = Clock{t.Clock.Wall, t.Clock.Tick}
	r.mine = published{Head{t.Mine.N, t.Mine.Hash}, t.Mine.Commit, t.Mine.Shown, t.Mine.Role}
	r.dirty, r.undone = t.Dirty, t.Undone
	for d, s := range t.Told {
		r.told[d] = saw{Head{s.N, s.Hash}, s.By}
	}
	for d, q := range t.Requests {
		r.requests[d] = Request{
			Device: d, Person: q.Person, Role: q.Role, Invite: q.Invite, Time: timeOf(q.Time), Expires: timeOf(q.Expires),
			public: q.Public, recipient: q.Recipient, hash: q.Hash,
		}
	}
	for _, f := range t.Findings {
		r.findings = append(r.findings, Finding{f.Kind, f.Device, f.By, f.Object, f.Known, f.Shown, f.Entry, timeOf(f.Since)})
	}
	for _, e := range t.Log {
		r.log = append(r.log, Event{Time: timeOf(e.Time), By: e.By, Account: e.Account, What: strings.Clone(e.What), Device: e.Device, Was: e.Was.clone(), Is: e.Is.clone()})
	}
	keep(&r.unsent, t.Unsent)
	keep(&r.readKeys, t.Read)
	keep(&r.held, t.Held)
	keep(&r.ring, t.Ring)
	keep(&r.wrapped, t.Wrapped)
	keep(&r.ahead, t.Ahead)
	keep(&r.bad, t.Bad)
	keep(&r.fresh, t.Fresh)
	keep(&r.carry, t.Carry)
	keep(&r.by, t.By)
	keep(&r.dropped, t.Dropped)
	keep(&r.verified, t.Verified)
	return r, nil
}

// keep takes a map over, if there is one.
func keep[K comparable, V any](into *map[K]V, m map[K]V) {
	if m != nil {
		*into = m
	}
}
