package share

import (
	"cmp"
	"crypto/rand"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tallystick/tallystick/vault/secret"
)

// Config is what a replica gets from outside. The zero value is right for a program.
type Config struct {
	Crypto Crypto    // nil = Age{}
	Rand   io.Reader // ids; nil = crypto/rand.Reader
}

func (c Config) orDefault() Config {
	if c.Crypto == nil {
		c.Crypto = Age{}
	}
	if c.Rand == nil {
		c.Rand = rand.Reader
	}
	return c
}

// State says how a device stands to a vault.
type State string

// The states.
const (
	Joining  State = "joining" // asked to join, and waits for an admin
	Joined   State = "member"
	Left     State = "left"    // by its own will
	Expelled State = "removed" // an admin removed it
)

// Replica is what one device knows of one shared vault. See the package comment.
type Replica struct {
	cfg      Config
	vault    VaultID
	me       Member // keys only; the role is the chain's to say
	identity secret.Bytes
	signer   secret.Bytes
	joining  *pendingJoin
	left     bool

	chain    *Chain
	unsent   map[Hash]bool   // entries of our own that the storage neither took nor showed yet
	keys     []EpochKey      // the newest first
	readKeys map[string]bool // key objects that were read
	ring     map[Hash]bool   // the keys that came, or went out, with the current one: what all members have
	wrapped  map[string]Hash // key objects made here, and for which key
	content  *Content
	clock    Clock

	held     map[DeviceID]Head  // the latest contribution taken in
	told     map[DeviceID]saw   // the latest contribution others say they saw
	ahead    map[DeviceID]int64 // clocks that are ahead: the furthest wall
	bad      map[string]Kind    // objects that failed for ever
	mine     published
	fresh    map[AccountID]bool  // accounts whose otp was written here and not published
	dirty    bool                // something was written that is not published
	carry    map[string]bool     // registers of others that this device keeps on the storage
	by       map[string]DeviceID // registers of others, and who keeps them there
	dropped  map[string]bool     // registers that stand here and that their author says no more
	findings []Finding           // of the last look at the storage
	requests map[DeviceID]Request
	verified map[DeviceID]bool
	log      []Event
	undone   bool // a change was undone because this device is a viewer
}

// saw is a contribution somebody else says exists.
type saw struct {
	Head
	By DeviceID
}

// published is this device's own latest contribution.
type published struct {
	Head
	Commit Hash // of the key it is encrypted to
	Shown  bool // the storage took it, or showed it
	Role   Role // of this device, when it was made
}

type pendingJoin struct {
	invite  Invite
	request []byte // the stored bytes
}

// maxRemembered bounds what is remembered of objects that failed.
const maxRemembered = 1_000

func newReplica(cfg Config, vault VaultID, root Hash) *Replica {
	cfg = cfg.orDefault()
	return &Replica{
		cfg: cfg, vault: vault, chain: NewChain(cfg.Crypto, vault, root), content: NewContent(), unsent: map[Hash]bool{}, readKeys: map[string]bool{},
		held: map[DeviceID]Head{}, told: map[DeviceID]saw{}, ahead: map[DeviceID]int64{}, bad: map[string]Kind{}, fresh: map[AccountID]bool{},
		carry: map[string]bool{}, by: map[string]DeviceID{}, dropped: map[string]bool{}, ring: map[Hash]bool{}, wrapped: map[string]Hash{}, requests: map[DeviceID]Request{}, verified: map[DeviceID]bool{},
	}
}

// newDevice makes the keys of a device.
func (r *Replica) newDevice() error {
	c := r.cfg.Crypto
	var err error
	if r.identity, err = c.NewIdentity(); err != nil {
		return err
	}
	if r.signer, err = c.NewSigner(); err != nil {
		return err
	}
	return r.deriveMe()
}

func (r *Replica) deriveMe() error {
	public, err := r.cfg.Crypto.Public(r.signer)
	if err != nil {
		return err
	}
	recipient, err := r.cfg.Crypto.Recipient(r.identity)
	if err != nil {
		return err
	}
	r.me = Member{Device: deviceOf(public, recipient), Public: public, Recipient: recipient}
	return nil
}

// Create makes a new shared vault with this device as its admin. who names the person and the device to the other members.
// Errors: what the system's randomness returns, ErrTooLarge for names over MaxLabel.
func Create(cfg Config, name string, who Person, now time.Time) (*Replica, error) {
	cfg = cfg.orDefault()
	id, err := randomHex(cfg.Rand, 16)
	if err != nil {
		return nil, err
	}
	r := newReplica(cfg, VaultID(id), "")
	if err := r.newDevice(); err != nil {
		return nil, err
	}
	key, err := r.newEpochKey(1)
	if err != nil {
		return nil, err
	}
	raw, err := r.signEntry(Entry{
		Type: Genesis, Device: r.me.Device, Public: r.me.Public, Recipient: r.me.Recipient, Epoch: 1, Commit: key.Commit, MinFormat: Format,
	}, now)
	if err != nil {
		return nil, err
	}
	r.chain.root = hashOf(raw)
	if _, err := r.chain.Add(raw); err != nil {
		return nil, err
	}
	r.unsent[r.chain.root] = true
	r.keys = []EpochKey{key}
	r.ring = ringOf(r.keys)
	if err := r.setSelf(regName, name, now); err != nil {
		return nil, err
	}
	return r, r.setPerson(r.me.Device, who, now)
}

// Join makes the replica of a device that was invited. Nothing is on the storage before Decide and Push. Errors: ErrInviteExpired, ErrTooLarge.
func Join(cfg Config, invite Invite, who Person, now time.Time) (*Replica, error) {
	if now.After(invite.Expires) {
		return nil, ErrInviteExpired
	}
	r := newReplica(cfg, invite.Vault, invite.Genesis)
	if err := r.newDevice(); err != nil {
		return nil, err
	}
	request, err := sealRequest(r.cfg.Crypto, invite, r.signer, requestText{
		Format: Format, Vault: r.vault, Invite: invite.ID, Device: r.me.Device, Public: r.me.Public, Recipient: r.me.Recipient, Person: who, Time: millis(now),
	})
	if err != nil {
		return nil, err
	}
	r.joining = &pendingJoin{invite: invite, request: request}
	if invite.Seen.N > 0 {
		r.told[invite.By] = saw{invite.Seen, invite.By}
	}
	return r, nil
}

// Format prints which vault it is of, under every verb, and nothing of what is in it.
func (r *Replica) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "replica of %s on %s", r.vault, r.me.Device)
}

// Wipe overwrites keys and registers.
func (r *Replica) Wipe() {
	r.identity.Wipe()
	r.signer.Wipe()
	for _, k := range r.keys {
		k.Identity.Wipe()
	}
	if r.joining != nil {
		r.joining.invite.key.Wipe()
	}
	r.keys = nil
	r.content.wipe()
}

// ID is the vault's id.
func (r *Replica) ID() VaultID { return r.vault }

// Me is this device's pseudonym.
func (r *Replica) Me() DeviceID { return r.me.Device }

// Name is the name of the vault; of one that is being joined, what the invite called it.
func (r *Replica) Name() string {
	if n := r.content.Name(); n != "" || r.joining == nil {
		return n
	}
	return r.joining.invite.Name
}

// State says how this device stands to the vault.
func (r *Replica) State() State {
	s := r.chain.Standing()
	_, member := s.Members[r.me.Device]
	gone, was := s.Gone[r.me.Device]
	switch {
	case r.left, was && gone.RemovedBy == r.me.Device:
		return Left
	case member:
		return Joined
	case was:
		return Expelled
	}
	return Joining
}

// Role is this device's role; empty when it is no member.
func (r *Replica) Role() Role { return r.chain.Standing().Members[r.me.Device].Role }

// Ready reports whether this device is a member and has the current key: it can read and write.
func (r *Replica) Ready() bool {
	_, ok := r.current()
	return ok && r.State() == Joined
}

// current is the key of the current epoch.
func (r *Replica) current() (EpochKey, bool) {
	commit := r.chain.Standing().Commit
	i := slices.IndexFunc(r.keys, func(k EpochKey) bool { return k.Commit == commit })
	if i < 0 {
		return EpochKey{}, false
	}
	return r.keys[i], true
}

func (r *Replica) newEpochKey(epoch int64) (EpochKey, error) {
	identity, err := r.cfg.Crypto.NewIdentity()
	if err != nil {
		return EpochKey{}, err
	}
	return EpochKey{Epoch: epoch, Commit: commitOf(identity), Identity: identity}, nil
}

// outdated reports whether the vault is for later programs only: this one reads what it can, and writes nothing.
func (r *Replica) outdated() bool { return r.chain.Standing().MinFormat > Format }

// signEntry fills in place, author and time, and signs.
func (r *Replica) signEntry(e Entry, now time.Time) ([]byte, error) {
	e.Format, e.Vault, e.By, e.Time = Format, r.vault, r.me.Device, millis(now)
	if e.Type != Genesis {
		head := r.chain.Standing().Head
		e.N, e.Prev = head.N+1, head.Hash
	}
	body, err := marshal(e)
	if err != nil {
		return nil, err
	}
	return sign(r.cfg.Crypto, r.signer, signedEntry, body)
}

// appendEntry adds an entry of our own to the chain. Errors as of Chain.Add.
func (r *Replica) appendEntry(e Entry, now time.Time) error {
	if r.outdated() {
		return ErrNewer
	}
	raw, err := r.signEntry(e, now)
	if err != nil {
		return err
	}
	if _, err := r.chain.Add(raw); err != nil {
		return err
	}
	r.unsent[hashOf(raw)] = true
	return nil
}

// ---- accounts

func (r *Replica) writer(id AccountID, wall time.Time) (writer, error) {
	if r.State() != Joined {
		return writer{}, ErrNotMember
	}
	if !r.Role().Writes() {
		return writer{}, ErrNotPermitted
	}
	if r.outdated() {
		return writer{}, ErrNewer
	}
	key, ok := r.current()
	if !ok {
		return writer{}, ErrNoKey
	}
	floor := int64(-1)
	for _, cell := range r.content.cells[id] {
		for _, c := range cell {
			floor = max(floor, c.At.Wall)
		}
	}
	return writer{r.content, r.me.Device, key.Epoch, millis(wall), &r.clock, floor, new(int64), r.fresh}, nil
}

// wrote notes that registers of an account were written here.
func (r *Replica) wrote(id AccountID, changed bool, what string, wall time.Time) {
	if !changed {
		return
	}
	r.dirty = true
	r.note(Event{Time: wall.UTC(), By: r.me.Device, Account: id, What: what})
}

// Accounts returns the ids of all accounts, deleted ones too, in order.
func (r *Replica) Accounts() []AccountID { return r.content.Accounts() }

// Account returns a copy of an account, deleted or not.
func (r *Replica) Account(id AccountID) (Account, bool) { return r.content.Account(id) }

// Put writes what is new about an account; wall is when a person changed it. An account nobody has is a new one. Conflict,
// Deleted and Changed of a are not looked at, and Past only for a new one. It reports whether anything was new. Errors: ErrNotMember, ErrNotPermitted, ErrNoKey,
// ErrFormat, ErrTooLarge.
func (r *Replica) Put(a Account, wall time.Time) (bool, error) {
	w, err := r.writer(a.ID, wall)
	if err != nil {
		return false, err
	}
	if !a.ID.Valid() || a.ID == Self {
		return false, fmt.Errorf("%w: the id of an account", ErrFormat)
	}
	before := r.content.versions(a.ID)
	changed, err := w.put(a)
	for _, name := range r.content.changedSince(a.ID, before) {
		r.wrote(a.ID, true, name, wall)
	}
	return changed, err
}

// Delete deletes an account for everybody; it is kept and can be brought back. Errors as of Put, and ErrNoAccount.
func (r *Replica) Delete(id AccountID, wall time.Time) error { return r.setDeleted(id, true, wall) }

// Restore brings a deleted account back. Errors as of Delete.
func (r *Replica) Restore(id AccountID, wall time.Time) error { return r.setDeleted(id, false, wall) }

func (r *Replica) setDeleted(id AccountID, gone bool, wall time.Time) error {
	w, err := r.writer(id, wall)
	if err != nil {
		return err
	}
	if _, ok := r.content.Account(id); !ok {
		return ErrNoAccount
	}
	changed, err := w.remove(id, gone)
	what := regDeleted
	if !gone {
		what = "restored"
	}
	r.wrote(id, changed, what, wall)
	return err
}

// Conflicts returns the accounts of which two people set another secret without knowing of each other.
func (r *Replica) Conflicts() []Account {
	var list []Account
	for id, cells := range r.content.cells {
		if len(cells[regOTP]) > 1 {
			if a, ok := r.content.Account(id); ok {
				list = append(list, a)
			}
		}
	}
	slices.SortFunc(list, func(a, b Account) int { return cmp.Compare(a.ID, b.ID) })
	return list
}

// Keep ends a conflict: choice is the ID of one of its values. The others stay in the account's history. Errors as of Put, ErrNoAccount.
func (r *Replica) Keep(id AccountID, choice string, wall time.Time) error {
	w, err := r.writer(id, wall)
	if err != nil {
		return err
	}
	changed, err := w.keep(id, choice)
	r.wrote(id, changed, "kept", wall)
	return err
}

// Rename gives the vault another name. Errors as of Put.
func (r *Replica) Rename(name string, wall time.Time) error {
	if name == r.content.Name() {
		return nil
	}
	if err := r.setSelf(regName, name, wall); err != nil {
		return err
	}
	r.wrote(Self, true, regName, wall)
	return nil
}

func (r *Replica) setSelf(register, text string, wall time.Time) error {
	value, err := encodeText(text)
	if err != nil {
		return err
	}
	return r.setSelfValue(register, value, wall)
}

func (r *Replica) setSelfValue(register string, value []byte, wall time.Time) error {
	w, err := r.writer(Self, wall)
	if err != nil {
		return err
	}
	changed, err := w.set(Self, register, value)
	r.dirty = r.dirty || changed
	return err
}

func (r *Replica) setPerson(d DeviceID, who Person, wall time.Time) error {
	value, err := marshal(who)
	if err != nil {
		return err
	}
	return r.setSelfValue(regPerson+string(d), value, wall)
}

// Digest is a hash over everything members share: equal on all devices that have seen the same.
func (r *Replica) Digest() (Hash, error) {
	text, err := r.content.Encode()
	if err != nil {
		return "", err
	}
	defer clear(text)
	return hashOf(text), nil
}

// versions and changedSince tell which registers of an account were written in between.
func (c *Content) versions(id AccountID) map[string]version {
	v := map[string]version{}
	for name, cell := range c.cells[id] {
		v[name] = cell[len(cell)-1].version
	}
	return v
}

func (c *Content) changedSince(id AccountID, was map[string]version) []string {
	var names []string
	for name, v := range c.versions(id) {
		if was[name] != v {
			names = append(names, plainName(name))
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// plainName is the kind of a register, without what it is about.
func plainName(name string) string {
	kind, _, _ := strings.Cut(name, "/")
	return kind
}

// key of a register in carry and by.
func (r *Register) key() string {
	k := string(r.Account) + " " + r.Name
	if r.code != nil {
		k += " " + r.code.digest
	}
	// The value belongs to it: after an older copy of a vault file was brought back there may be two of one writing.
	sum := fnv.New64a()
	_, _ = sum.Write(r.value.Reveal())
	return k + " " + string(r.Author) + " " + strconv.FormatInt(r.At.Wall, 10) + " " + strconv.FormatInt(r.At.Tick, 10) + " " + strconv.FormatUint(sum.Sum64(), 16)
}

// writes reports whether a device is a member that may write.
func (r *Replica) writes(d DeviceID) bool { return r.chain.Standing().Members[d].Role.Writes() }

// remember keeps a verdict on an object, unless there are too many already.
func (r *Replica) remember(name string, k Kind) {
	if len(r.bad) < maxRemembered {
		r.bad[name] = k
	}
}

// kindOf is the name of a failure.
func kindOf(err error) Kind {
	switch {
	case errors.Is(err, ErrDamaged):
		return Damaged
	case errors.Is(err, ErrForeign):
		return Foreign
	case errors.Is(err, ErrForged):
		return Forged
	case errors.Is(err, ErrSwapped):
		return Swapped
	case errors.Is(err, ErrNotPermitted):
		return NotPermitted
	case errors.Is(err, ErrNewer):
		return Newer
	case errors.Is(err, ErrUnknown):
		return Behind
	}
	return Malformed
}

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }

// Findings returns what the last look at the storage showed.
func (r *Replica) Findings() []Finding { return slices.Clone(r.findings) }

// Touched reports whether anything about an account was written or merged since this replica was made or decoded. Times do not tell that: of
// two changes at once the earlier one may arrive later.
func (r *Replica) Touched(id AccountID) bool { return r.content.touched[id] }

// Tags returns the tags of an account that everybody sees.
func (r *Replica) Tags(id AccountID) []string {
	t := r.content.latest(id, regTags)
	if t == nil {
		return nil
	}
	tags, _ := decodeTags(t.value.Reveal())
	return tags
}

// Brief tells of an account, without putting it together, when it was changed last, whether it is deleted, and its counter.
func (r *Replica) Brief(id AccountID) (changed time.Time, deleted bool, counter uint64, ok bool) {
	o := r.content.latest(id, regOTP)
	if o == nil || id == Self {
		return time.Time{}, false, 0, false
	}
	last := o
	for _, cell := range r.content.cells[id] {
		for _, c := range cell {
			if c.version.compare(last.version) > 0 {
				last = c
			}
		}
	}
	if n := r.content.latest(id, regCounter+o.code.digest); n != nil {
		counter = n.count
	}
	_, deleted = r.content.deleted(id)
	return last.At.Time(), deleted, counter, true
}

// Unsaid reports whether something written here is not on the storage yet, as far as is known.
func (r *Replica) Unsaid() bool {
	return r.dirty || len(r.unsent) > 0 || r.State() == Joined && !r.mine.Shown
}
