package share

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tallystick/tallystick/vault/otp"
	"github.com/tallystick/tallystick/vault/recovery"
)

// Content is what a set of registers comes to: for every register of every account the value that stands, or for otp the values
// of which none knew the other. Merging is a pure function: whatever the order and however often registers arrive, equal sets of
// registers give equal contents. It belongs to one goroutine.
type Content struct {
	cells map[AccountID]map[string][]*Register
	of    map[DeviceID]map[*Register]bool // what stands, by author

	touched map[AccountID]bool // what Merge changed since the content was made or read
}

// NewContent returns an empty content.
func NewContent() *Content {
	return &Content{cells: map[AccountID]map[string][]*Register{}, of: map[DeviceID]map[*Register]bool{}}
}

// Merge adds one register, and reports whether that changed anything.
func (c *Content) Merge(r *Register) bool {
	cell := c.cells[r.Account][r.Name]
	for _, e := range cell {
		if e.same(r) || e.beats(r) {
			return false
		}
	}
	kept := make([]*Register, 0, len(cell)+1)
	for _, e := range cell {
		if r.beats(e) {
			delete(c.of[e.Author], e)
		} else {
			kept = append(kept, e)
		}
	}
	kept = append(kept, r)
	c.index(r)
	slices.SortFunc(kept, compareRegisters)
	account := c.cells[r.Account]
	if account == nil {
		account = map[string][]*Register{}
		c.cells[r.Account] = account
	}
	account[r.Name] = kept
	if c.touched == nil {
		c.touched = map[AccountID]bool{}
	}
	c.touched[r.Account] = true
	return true
}

func (c *Content) index(r *Register) {
	if c.of[r.Author] == nil {
		c.of[r.Author] = map[*Register]bool{}
	}
	c.of[r.Author][r] = true
}

// standing reports whether exactly this writing stands.
func (c *Content) standing(r *Register) bool {
	return slices.ContainsFunc(c.cells[r.Account][r.Name], r.same)
}

func compareRegisters(a, b *Register) int {
	return cmp.Or(cmp.Compare(a.Account, b.Account), cmp.Compare(a.Name, b.Name), a.version.compare(b.version), bytes.Compare(a.value.Reveal(), b.value.Reveal()))
}

// Registers returns everything that stands, in order: account, name, time, author.
func (c *Content) Registers() []*Register {
	var all []*Register
	for _, account := range c.cells {
		for _, cell := range account {
			all = append(all, cell...)
		}
	}
	slices.SortFunc(all, compareRegisters)
	return all
}

// Encode writes the content: equal contents have equal bytes.
func (c *Content) Encode() ([]byte, error) { return marshal(c.Registers()) }

// wipe overwrites all values.
func (c *Content) wipe() {
	for _, account := range c.cells {
		for _, cell := range account {
			for _, r := range cell {
				r.value.Wipe()
				if r.code != nil {
					wipeParams(r.code.params)
					for _, p := range r.code.past {
						wipeParams(p.Params)
					}
				}
			}
		}
	}
	*c = *NewContent()
}

func wipeParams(p otp.Params) {
	p.Secret.Wipe()
	p.PIN.Wipe()
}

// latest is the value to show of a register: of several, the one written last.
func (c *Content) latest(a AccountID, name string) *Register {
	cell := c.cells[a][name]
	if len(cell) == 0 {
		return nil
	}
	return cell[len(cell)-1]
}

func (c *Content) text(a AccountID, name string) string {
	r := c.latest(a, name)
	if r == nil {
		return ""
	}
	s, err := decodeText(r.value.Reveal())
	if err != nil {
		return "" // newRegister read it, so it can only be one of a later program
	}
	return s
}

// Account is an account as the members of a vault share it. Params, Past and Sheets are copies.
type Account struct {
	ID                            AccountID
	Issuer, Name, Icon, Note, URL string
	Tags                          []string
	Params                        otp.Params
	Past                          []Past // the values it had before, the last one first; at most MaxPast
	Sheets                        recovery.Sheets
	Deleted                       time.Time // zero = live
	// Conflict: several people set another secret without knowing of each other, and a person has to choose. Params is the one written
	// last, and among them.
	Conflict  []Choice
	Changed   time.Time // of the last register
	ChangedBy DeviceID
}

// Choice is one of several values in a conflict.
type Choice struct {
	ID     string // names it in Keep
	Params otp.Params
	By     DeviceID
	At     time.Time
}

// Clone returns an account that shares no memory with this one.
func (a Account) Clone() Account {
	a.Tags = slices.Clone(a.Tags)
	a.Params = cloneParams(a.Params)
	a.Past = slices.Clone(a.Past)
	for i := range a.Past {
		a.Past[i].Params = cloneParams(a.Past[i].Params)
	}
	a.Conflict = slices.Clone(a.Conflict)
	for i := range a.Conflict {
		a.Conflict[i].Params = cloneParams(a.Conflict[i].Params)
	}
	a.Sheets = a.Sheets.Clone()
	return a
}

func cloneParams(p otp.Params) otp.Params {
	p.Secret, p.PIN = p.Secret.Clone(), p.PIN.Clone()
	return p
}

// Accounts returns the ids of all accounts whose secret is known, deleted ones too, in order.
func (c *Content) Accounts() []AccountID {
	var ids []AccountID
	for id, cells := range c.cells {
		if id != Self && len(cells[regOTP]) > 0 {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// Account returns an account, deleted or not. An account whose secret has not arrived is not there yet.
func (c *Content) Account(id AccountID) (Account, bool) {
	r := c.latest(id, regOTP)
	if r == nil || id == Self {
		return Account{}, false
	}
	a := Account{
		ID: id, Issuer: c.text(id, regIssuer), Name: c.text(id, regName), Icon: c.text(id, regIcon), Note: c.text(id, regNote), URL: c.text(id, regURL),
		Params: r.code.params,
	}
	if t := c.latest(id, regTags); t != nil {
		a.Tags, _ = decodeTags(t.value.Reveal())
	}
	if a.Params.Kind == otp.HOTP {
		if n := c.latest(id, regCounter+r.code.digest); n != nil {
			a.Params.Counter = n.count
		}
	}
	a.Past = r.code.past
	if cell := c.cells[id][regOTP]; len(cell) > 1 {
		for _, o := range cell {
			a.Conflict = append(a.Conflict, Choice{o.code.digest, o.code.params, o.Author, o.At.Time()})
		}
	}
	a.Sheets = c.sheets(id)
	if d, gone := c.deleted(id); gone {
		a.Deleted = d.At.Time()
	}
	last := r
	for _, cell := range c.cells[id] {
		for _, o := range cell {
			if o.version.compare(last.version) > 0 {
				last = o
			}
		}
	}
	a.Changed, a.ChangedBy = last.At.Time(), last.Author
	return a.Clone(), true
}

// sheets puts the sheets of an account together, oldest first; of more than MaxSheets the newest.
func (c *Content) sheets(id AccountID) recovery.Sheets {
	var list recovery.Sheets
	for name, cell := range c.cells[id] {
		sheetID, ok := strings.CutPrefix(name, regSheet)
		if !ok {
			continue
		}
		s, gone, err := decodeSheet(sheetID, cell[len(cell)-1].value.Reveal())
		if err != nil || gone {
			continue
		}
		for i := range s.Keys {
			if u := c.latest(id, usedName(sheetID, i)); u != nil {
				t, _ := decodeUsed(u.value.Reveal())
				s.Keys[i].Used = timeOf(t.Used)
			}
		}
		list = append(list, s)
	}
	slices.SortFunc(list, func(a, b recovery.Sheet) int { return cmp.Or(a.Added.Compare(b.Added), cmp.Compare(a.ID, b.ID)) })
	return list[max(0, len(list)-MaxSheets):]
}

func usedName(sheet string, i int) string { return regUsed + sheet + "/" + strconv.Itoa(i) }

// deleted reports whether an account is gone: it was deleted, and nothing of it was written that the deleter did not know.
func (c *Content) deleted(id AccountID) (*Register, bool) {
	d := c.latest(id, regDeleted)
	if d == nil {
		return nil, false
	}
	t, err := decodeDeleted(d.value.Reveal())
	if err != nil || !t.Gone {
		return nil, false
	}
	saw := c.seenOf(id)
	for name, v := range saw {
		if known, ok := t.Saw[name]; !ok || v.version().compare(known.version()) > 0 {
			return nil, false
		}
	}
	return d, true
}

// seenOf lists what there is of an account that matters to whoever deletes it. A code that was used or a recovery key that was spent
// is no reason to bring an account back.
func (c *Content) seenOf(id AccountID) map[string]versionText {
	saw := map[string]versionText{}
	for name, cell := range c.cells[id] {
		if name == regDeleted || strings.HasPrefix(name, regUsed) || strings.HasPrefix(name, regCounter) {
			continue
		}
		for _, r := range cell {
			key := name
			if r.code != nil {
				key = regOTP + "/" + r.code.digest
			}
			saw[key] = versionText{r.At.Wall, r.At.Tick, r.Author}
		}
	}
	return saw
}

// writer makes registers: it knows who writes, when, and under which key.
type writer struct {
	content *Content
	by      DeviceID
	epoch   int64
	wall    int64
	clock   *Clock             // of the device, moved on by every register
	floor   int64              // the latest millisecond in which anything of the account was written, as far as is known; -1 = none
	ticks   *int64             // of what was written above the floor
	fresh   map[AccountID]bool // secrets that were set here and that nobody else has seen
}

// set writes one register unless it has that value.
func (w writer) set(a AccountID, name string, value []byte) (bool, error) {
	was := w.content.latest(a, name)
	if was != nil && len(w.content.cells[a][name]) == 1 && bytes.Equal(was.value.Reveal(), value) {
		return false, nil
	}
	r, err := newRegister(a, name, w.next(a, name), value)
	if err != nil {
		return false, err
	}
	return w.content.Merge(r), nil
}

// next is a version after everything this device knows, and after what stands in the register, however wrong the clock of its author.
func (w writer) next(a AccountID, name string) version {
	at := w.clock.after(w.wall)
	if at.Wall <= w.floor && w.floor < maxWall-1 {
		// Whoever compares times of change sees that there is something new, also where this clock is behind the one before.
		at = Clock{w.floor + 1, *w.ticks}
		*w.ticks++
	}
	for _, r := range w.content.cells[a][name] {
		if r.At.Compare(at) >= 0 {
			at = r.At.after(0)
		}
		if r.rank.At.Compare(at) >= 0 {
			at = r.rank.At.after(0)
		}
	}
	if at.Wall <= max(w.wall, w.clock.Wall)+1 { // a far future is not made our own
		*w.clock = at
	} else {
		*w.clock = w.clock.after(w.wall)
	}
	return version{at, w.by}
}

// put brings the registers of an account to what a says. Conflict, Deleted and Changed of a are not looked at, and Past only for a new one.
func (w writer) put(a Account) (bool, error) {
	any, have := false, false
	var was Account
	if was, have = w.content.Account(a.ID); !have {
		was = Account{ID: a.ID}
	}
	note := func(changed bool, err error) error { any = any || changed; return err }
	if !have || digestOf(was.Params) != digestOf(a.Params) {
		var before []Past
		if !have {
			before = a.Past
		}
		if err := note(w.putCode(a.ID, a.Params, before)); err != nil {
			return any, err
		}
	}
	if a.Params.Kind == otp.HOTP && (a.Params.Counter > was.Params.Counter || digestOf(was.Params) != digestOf(a.Params)) && a.Params.Counter > 0 {
		if err := note(w.set(a.ID, regCounter+digestOf(a.Params), strconv.AppendUint(nil, a.Params.Counter, 10))); err != nil {
			return any, err
		}
	}
	for _, t := range []struct{ name, now, was string }{
		{regIssuer, a.Issuer, was.Issuer}, {regName, a.Name, was.Name}, {regIcon, a.Icon, was.Icon}, {regNote, a.Note, was.Note}, {regURL, a.URL, was.URL},
	} {
		if t.now == t.was {
			continue
		}
		value, err := encodeText(t.now)
		if err == nil {
			err = note(w.set(a.ID, t.name, value))
		}
		if err != nil {
			return any, err
		}
	}
	if !slices.Equal(a.Tags, was.Tags) {
		value, err := marshal(append([]string{}, a.Tags...))
		if err == nil {
			err = note(w.set(a.ID, regTags, value))
		}
		if err != nil {
			return any, err
		}
	}
	err := note(w.putSheets(a.ID, was.Sheets, a.Sheets))
	return any, err
}

// putCode writes a value of otp that knows all that stand.
func (w writer) putCode(id AccountID, p otp.Params, before []Past) (bool, error) {
	p = cloneParams(p)
	p.Counter = 0
	c := &code{params: p, epoch: w.epoch}
	cell := w.content.cells[id][regOTP]
	var knows []ancestor
	mine, own, known := digestOf(p), w.fresh[id], false
	for _, old := range before {
		c.past = append(c.past, Past{cloneParams(old.Params), w.by, old.At, w.epoch})
	}
	inherit := func(old otp.Params, unseen bool, epoch int64) {
		// Who knows the secret from before it was set again, still knows it.
		if sameSecret(old, p) && !unseen {
			c.epoch, known = min(c.epoch, epoch), true
		}
	}
	for _, r := range slices.Backward(cell) {
		knows = append(knows, ancestor{r.code.digest, r.At})
		inherit(r.code.params, own && r.Author == w.by, r.code.epoch)
		if r.code.digest != mine { // else one of several was chosen
			c.past = append(c.past, Past{r.code.params, r.Author, r.At.Time(), r.code.epoch})
		}
		if r.code.horizon.Compare(c.horizon) > 0 {
			c.horizon = r.code.horizon
		}
	}
	for _, r := range slices.Backward(cell) {
		knows = append(knows, r.code.knows...)
		c.past = append(c.past, r.code.past...)
		for _, old := range r.code.past {
			inherit(old.Params, false, old.epoch)
		}
	}
	seen := map[string]bool{}
	for _, a := range knows {
		switch {
		case seen[a.digest]:
		case len(c.knows) < maxKnows:
			seen[a.digest] = true
			c.knows = append(c.knows, a)
		case a.at.Compare(c.horizon) > 0:
			c.horizon = a.at
		}
	}
	c.past = distinct(c.past)
	c.past = c.past[:min(len(c.past), MaxPast)]
	value, err := encodeCode(c)
	if err != nil {
		return false, err
	}
	r, err := newRegister(id, regOTP, w.next(id, regOTP), value)
	if err != nil {
		return false, err
	}
	if known {
		delete(w.fresh, id)
	} else {
		w.fresh[id] = true
	}
	return w.content.Merge(r), nil
}

// distinct keeps each writing of a value once, the last one first.
func distinct(list []Past) []Past {
	slices.SortStableFunc(list, func(a, b Past) int { return b.At.Compare(a.At) })
	var out []Past
	for _, o := range list {
		twice := slices.ContainsFunc(out, func(p Past) bool {
			return p.At.Equal(o.At) && p.By == o.By && digestOf(p.Params) == digestOf(o.Params)
		})
		if !twice && o.Params.Kind != otp.Manual {
			out = append(out, o)
		}
	}
	return out
}

func sameSecret(a, b otp.Params) bool {
	return a.Kind == b.Kind && a.Secret.Equal(b.Secret) && a.PIN.Equal(b.PIN)
}

func (w writer) putSheets(id AccountID, was, now recovery.Sheets) (bool, error) {
	any := false
	for _, s := range now {
		value, err := encodeSheet(s)
		if err != nil {
			return any, err
		}
		i := slices.IndexFunc(was, func(o recovery.Sheet) bool { return o.ID == s.ID })
		var old recovery.Sheet
		if i >= 0 {
			old = was[i]
		}
		oldValue, err := encodeSheet(old)
		if err != nil {
			return any, err
		}
		if i < 0 || !bytes.Equal(value, oldValue) {
			changed, err := w.set(id, regSheet+s.ID, value)
			if err != nil {
				return any, err
			}
			any = any || changed
		}
		for k, key := range s.Keys {
			var before time.Time
			if k < len(old.Keys) {
				before = old.Keys[k].Used
			}
			if stampOf(before) == stampOf(key.Used) {
				continue
			}
			changed, err := w.use(id, usedName(s.ID, k), key.Used)
			if err != nil {
				return any, err
			}
			any = any || changed
		}
	}
	for _, s := range was {
		if slices.ContainsFunc(now, func(o recovery.Sheet) bool { return o.ID == s.ID }) {
			continue
		}
		value, err := marshal(sheetText{Gone: true})
		if err != nil {
			return any, err
		}
		changed, err := w.set(id, regSheet+s.ID, value)
		if err != nil {
			return any, err
		}
		any = any || changed
	}
	return any, nil
}

// use notes that a recovery key was used, or that it was not after all.
func (w writer) use(id AccountID, name string, at time.Time) (bool, error) {
	t := usedText{Used: stampOf(at)}
	if at.IsZero() {
		was := w.content.latest(id, name)
		if was == nil || was.final {
			return false, nil // it is unused
		}
		t.Undo = &versionText{was.At.Wall, was.At.Tick, was.Author}
	}
	value, err := marshal(t)
	if err != nil {
		return false, err
	}
	return w.set(id, name, value)
}

// remove deletes an account, or brings it back.
func (w writer) remove(id AccountID, gone bool) (bool, error) {
	if _, is := w.content.deleted(id); is == gone {
		return false, nil
	}
	t := deletedText{Gone: gone}
	if gone {
		t.Saw = w.content.seenOf(id)
	}
	value, err := marshal(t)
	if err != nil {
		return false, err
	}
	return w.set(id, regDeleted, value)
}

// keep ends a conflict in favour of one value. ErrNoAccount.
func (w writer) keep(id AccountID, choice string) (bool, error) {
	cell := w.content.cells[id][regOTP]
	i := slices.IndexFunc(cell, func(r *Register) bool { return r.code.digest == choice })
	if i < 0 {
		return false, fmt.Errorf("%w: or no such value to keep", ErrNoAccount)
	}
	if len(cell) == 1 {
		return false, nil
	}
	return w.putCode(id, cell[i].code.params, nil)
}

// Person returns who a device belongs to, as it was let in or named since; empty when nobody said.
func (c *Content) Person(d DeviceID) Person {
	r := c.latest(Self, regPerson+string(d))
	if r == nil {
		return Person{}
	}
	p, _ := decodePerson(r.value.Reveal())
	return p
}

// Name is the name of the vault.
func (c *Content) Name() string { return c.text(Self, regName) }

// openInvites returns the invites whose one-time key admins hold.
func (c *Content) openInvites() map[InviteID]openInvite {
	open := map[InviteID]openInvite{}
	for name, cell := range c.cells[Self] {
		id, ok := strings.CutPrefix(name, regInvite)
		if !ok {
			continue
		}
		if i, err := decodeOpenInvite(cell[len(cell)-1].value.Reveal()); err == nil && i.Key != "" {
			open[InviteID(id)] = i
		}
	}
	return open
}
