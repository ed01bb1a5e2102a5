package share

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tallystick/tallystick/vault/otp"
	"github.com/tallystick/tallystick/vault/recovery"
	"github.com/tallystick/tallystick/vault/secret"
	"github.com/tallystick/tallystick/vault/share/store"
)

// The model: a random team on a random storage, with whatever can go wrong, played by a seed. At the end the storage is healed, everybody
// synchronises until nothing moves, and then: all members have the same bytes, nothing that anybody wrote is lost, and every attack was
// reported by its name to whoever was shown it. Runs with the cheap keys are many, those with the real ones few; both play the same game.

// model is one run.
type model struct {
	t       testing.TB
	seed    uint64
	rng     *rand.Rand
	cfg     Config
	now     time.Time
	shelf   *shelf   // the storage, when it is one place
	folders []*shelf // what each device sees; all the same one, or folders that somebody synchronises between them
	devs    []*Replica
	saved   [][]byte // what each device would find after being killed
	skew    []time.Duration
	offline []bool
	tainted map[DeviceID]bool // removed or demoted at some time: what they wrote last may rightly be refused
	writes  []*written
	known   map[string]*written // by cell and version
	old     [][]byte            // snapshots to restore, per device; nil = none
	seen    map[Kind]int        // attacks that were reported
}

// written is one writing of a register.
type written struct {
	r       *Register
	parents []*Register // what stood there before, as far as its author knew
	over    bool        // somebody wrote over it, knowing it
}

func newModel(t testing.TB, seed uint64, cfg Config) *model {
	var s [32]byte
	binary.LittleEndian.PutUint64(s[:], seed)
	cfg = cfg.orDefault()
	cfg.Rand = rand.NewChaCha8(s)
	return &model{
		t: t, seed: seed, rng: rand.New(rand.NewPCG(seed, 7)), cfg: cfg, now: epoch, shelf: newShelf(), tainted: map[DeviceID]bool{},
		known: map[string]*written{}, seen: map[Kind]int{},
	}
}

func (m *model) fatalf(format string, args ...any) {
	m.t.Helper()
	m.t.Fatalf("run %d: %s", m.seed, fmt.Sprintf(format, args...))
}

func (m *model) must(err error) {
	m.t.Helper()
	if err != nil {
		m.fatalf("%v", err)
	}
}

func (m *model) clock(i int) time.Time { return m.now.Add(m.skew[i]) }

// begin makes the first device and lets others in. The storage is one place, or a folder for each device.
func (m *model) begin(devices int, folders bool) {
	first, err := Create(m.cfg, "Harbour", Person{Name: "Person 0"}, m.now)
	m.must(err)
	m.add(first, folders)
	m.round(0)
	for range devices - 1 {
		m.join(0, []Role{Admin, Admin, Editor, Editor, Editor, Viewer}[m.rng.IntN(6)], folders)
	}
}

func (m *model) add(r *Replica, folders bool) int {
	view := m.shelf
	if folders {
		view = newShelf()
	}
	m.folders = append(m.folders, view)
	m.devs = append(m.devs, r)
	m.skew = append(m.skew, time.Duration(m.rng.IntN(7200)-3600)*time.Second)
	m.offline = append(m.offline, false)
	m.old = append(m.old, nil)
	m.saved = append(m.saved, nil)
	i := len(m.devs) - 1
	m.save(i)
	return i
}

func (m *model) save(i int) {
	text, err := m.devs[i].Encode()
	m.must(err)
	m.saved[i] = text
	if m.devs[i].State() == Joined && m.rng.IntN(20) == 0 {
		m.old[i] = bytes.Clone(text)
	}
}

// revive is a start after a kill: what was saved last is all there is.
func (m *model) revive(i int) {
	r, err := Decode(m.cfg, m.saved[i])
	m.must(err)
	m.devs[i] = r
}

// join lets a device in, all parts working.
func (m *model) join(admin int, role Role, folders bool) int {
	a := m.devs[admin]
	id, err := a.Invite(role, inviteLife, m.clock(admin))
	if err != nil {
		return -1
	}
	m.round(admin)
	invite, err := a.InviteFor(id, "dir:/x")
	if errors.Is(err, ErrInvite) {
		return -1 // it lost against another entry
	}
	m.must(err)
	n := len(m.devs)
	r, err := Join(m.cfg, invite, Person{Name: fmt.Sprintf("Person %d", n)}, m.clock(admin))
	m.must(err)
	n = m.add(r, folders)
	m.spread(admin, n)
	m.round(n)
	m.spread(n, admin)
	m.round(admin)
	if len(a.Requests()) == 0 {
		return n
	}
	if err := a.Confirm(r.Me(), m.clock(admin)); err != nil {
		if a.Role() != Admin {
			return n
		}
		m.fatalf("confirm: %v", err)
	}
	m.round(admin)
	m.spread(admin, n)
	m.round(n)
	m.save(admin)
	m.save(n)
	return n
}

// spread copies everything from one folder to another, as a program that synchronises folders does in the end.
func (m *model) spread(from, to int) {
	if m.folders[from] == m.folders[to] {
		return
	}
	for name, data := range m.folders[from].objects {
		m.folders[to].objects[name] = data
	}
}

// trickle copies a part of it, in any order, and sometimes half of a file.
func (m *model) trickle(from, to int) {
	if m.folders[from] == m.folders[to] {
		return
	}
	for _, name := range sortedKeys(m.folders[from].objects) {
		data := m.folders[from].objects[name]
		switch m.rng.IntN(4) {
		case 0:
		case 1:
			if have := m.folders[to].objects[name]; len(have) == 0 && len(data) > 1 {
				m.folders[to].objects[name] = data[:m.rng.IntN(len(data))]
			}
		default:
			m.folders[to].objects[name] = data
		}
	}
}

// round is one synchronisation that works.
func (m *model) round(i int) Summary {
	m.t.Helper()
	m.now = m.now.Add(time.Duration(m.rng.IntN(5000)) * time.Millisecond)
	sum, err := m.devs[i].Sync(context.Background(), m.folders[i], m.clock(i), func() error { m.save(i); return nil })
	if err != nil {
		m.fatalf("device %d: %v", i, err)
	}
	return sum
}

var errKilled = errors.New("killed")

// killed is one that is killed after so many steps of any kind: requests and saves.
func (m *model) killed(i, after int) {
	steps := 0
	step := func(string, string) error {
		if steps++; steps > after {
			return errKilled
		}
		return nil
	}
	m.folders[i].fail = step
	_, err := m.devs[i].Sync(context.Background(), m.folders[i], m.clock(i), func() error {
		if err := step("", ""); err != nil {
			return err
		}
		m.save(i)
		return nil
	})
	m.folders[i].fail = nil
	if err != nil && !errors.Is(err, errKilled) {
		m.fatalf("device %d: %v", i, err)
	}
	if err != nil {
		m.revive(i)
	}
}

// tracked does something with a device and writes down what registers that made.
func (m *model) tracked(i int, fn func(r *Replica)) {
	r := m.devs[i]
	before := r.content
	snapshot := map[AccountID]map[string][]*Register{}
	for id, cells := range before.cells {
		snapshot[id] = map[string][]*Register{}
		for name, cell := range cells {
			snapshot[id][name] = cell
		}
	}
	fn(r)
	for id, cells := range r.content.cells {
		for name, cell := range cells {
			for _, reg := range cell {
				if reg.Author != r.Me() || slices.ContainsFunc(snapshot[id][name], reg.same) {
					continue
				}
				w := &written{r: reg, parents: snapshot[id][name]}
				m.writes = append(m.writes, w)
				m.known[cellKey(reg)] = w
				for _, p := range w.parents {
					if o := m.known[cellKey(p)]; o != nil {
						o.over = true
					}
				}
			}
		}
	}
	m.save(i) // as the vault saves every change before it is shown
}

func cellKey(r *Register) string {
	return fmt.Sprint(r.Account, " ", r.Name, " ", r.Author, " ", r.At)
}

// edit is something a person does to an account.
func (m *model) edit(i int) {
	r := m.devs[i]
	if !r.Ready() || !r.Role().Writes() {
		return
	}
	ids := r.Accounts()
	now := m.clock(i)
	if len(ids) == 0 || m.rng.IntN(6) == 0 {
		text, err := randomHex(m.cfg.Rand, 16)
		m.must(err)
		a := Account{ID: AccountID(text), Issuer: "Issuer " + text[:4], Name: "Name", Params: m.params()}
		if m.rng.IntN(2) == 0 {
			a.Sheets = recovery.Sheets{{ID: text, Added: epoch, Keys: []recovery.Key{{Text: secret.FromString("one-1111")}, {Text: secret.FromString("two-2222")}}}}
		}
		m.tracked(i, func(r *Replica) { _, err := r.Put(a, now); m.must(err) })
		return
	}
	id := ids[m.rng.IntN(len(ids))]
	a, ok := r.Account(id)
	if !ok {
		m.fatalf("account %s is listed and not there", id)
	}
	m.tracked(i, func(r *Replica) {
		switch m.rng.IntN(9) {
		case 0:
			m.must(r.Delete(id, now))
			return
		case 1:
			m.must(r.Restore(id, now))
			return
		case 2, 3:
			a.Params = m.params()
		case 4:
			a.Issuer = fmt.Sprint("Issuer ", m.rng.IntN(1000))
		case 5:
			a.Note = fmt.Sprint("Note for ", m.rng.IntN(1000))
			a.Tags = []string{fmt.Sprint("tag ", m.rng.IntN(10))}
		case 6:
			if a.Params.Kind == otp.HOTP {
				a.Params.Counter += uint64(1 + m.rng.IntN(3))
			}
		case 7:
			if len(a.Sheets) > 0 {
				k := &a.Sheets[0].Keys[m.rng.IntN(2)]
				if k.Used.IsZero() || m.rng.IntN(3) > 0 {
					k.Used = now
				} else {
					k.Used = time.Time{}
				}
			}
		case 8:
			if c := a.Conflict; len(c) > 1 {
				m.must(r.Keep(id, c[m.rng.IntN(len(c))].ID, now))
				return
			}
		}
		_, err := r.Put(a, now)
		m.must(err)
	})
}

func (m *model) params() otp.Params {
	key := make([]byte, 10)
	for i := range key {
		key[i] = byte(m.rng.IntN(256))
	}
	kind := otp.TOTP
	if m.rng.IntN(4) == 0 {
		kind = otp.HOTP
	}
	return otp.New(kind, secret.New(key))
}

// people is something an admin does.
func (m *model) people(i int, folders bool) {
	r := m.devs[i]
	if !r.Ready() || r.Role() != Admin || len(m.devs) >= 12 && m.rng.IntN(2) == 0 {
		return
	}
	members := r.Members()
	d := members[m.rng.IntN(len(members))].Device
	now := m.clock(i)
	quiet := func(err error) {
		if err != nil && !errors.Is(err, ErrLastAdmin) && !errors.Is(err, ErrNotMember) && !errors.Is(err, ErrNotPermitted) {
			m.fatalf("%v", err)
		}
	}
	switch m.rng.IntN(9) {
	case 0, 8:
		if d != r.Me() && len(members) > 2 {
			m.tracked(i, func(r *Replica) { quiet(r.Remove(d, now)) })
			m.tainted[d] = true
		}
	case 1:
		if d != r.Me() {
			role := []Role{Admin, Editor, Viewer}[m.rng.IntN(3)]
			m.tracked(i, func(r *Replica) { quiet(r.SetRole(d, role, now)) })
			if role == Viewer {
				m.tainted[d] = true
			}
		}
	case 2:
		m.tracked(i, func(r *Replica) { quiet(r.Rotate(now)) })
	case 3, 4:
		if len(m.devs) < 12 && !m.offline[i] {
			m.join(i, []Role{Admin, Editor, Viewer}[m.rng.IntN(3)], folders)
		}
	case 6:
		if open := r.OpenInvites(now); len(open) > 0 {
			m.tracked(i, func(r *Replica) { quiet(r.Withdraw(open[m.rng.IntN(len(open))].ID, now)) })
		}
	case 5:
		if len(members) > 3 && !m.offline[i] {
			// Whoever leaves has said everything before.
			m.round(i)
			m.round(i)
			m.tracked(i, func(r *Replica) {
				if err := r.Leave(now); err == nil {
					m.tainted[r.Me()] = true
				}
			})
		}
	default:
		for _, l := range r.Lost() {
			m.tracked(i, func(r *Replica) { quiet(r.Redo(l.Hash, now)) })
		}
	}
}

// step is one thing that happens.
func (m *model) step(folders, attacks bool) {
	m.now = m.now.Add(time.Duration(m.rng.IntN(60_000)) * time.Millisecond)
	i := m.rng.IntN(len(m.devs))
	switch k := m.rng.IntN(20); {
	case k < 7:
		m.edit(i)
	case k < 12:
		if !m.offline[i] {
			m.round(i)
			m.save(i)
		}
	case k == 12:
		m.offline[i] = !m.offline[i]
	case k == 13:
		if !m.offline[i] {
			m.killed(i, m.rng.IntN(8))
		}
	case k == 14:
		m.revive(i) // a restart
	case k == 15:
		m.trickle(i, m.rng.IntN(len(m.devs)))
	case k == 16 && m.rng.IntN(2) == 0:
		m.spread(i, m.rng.IntN(len(m.devs)))
	case k == 16, k == 17:
		m.people(i, folders)
	case k == 18:
		if m.rng.IntN(4) == 0 {
			m.skew[i] = time.Duration(m.rng.IntN(96)-48) * time.Hour
		}
	default:
		if attacks {
			m.attack()
		}
	}
}

// heal ends all attacks and partitions, and lets everybody synchronise until nothing moves.
func (m *model) heal() {
	all := newShelf()
	for _, f := range m.folders {
		for name, data := range f.objects {
			if o, ok := parseName(m.devs[0].vault, name); ok && hashOf(data) == o.hash {
				all.objects[name] = data
			}
		}
	}
	m.shelf = all
	for i := range m.devs {
		m.folders[i], m.offline[i] = all, false
	}
	quiet := 0
	for n := 0; quiet < len(m.devs); n++ {
		if n > 60*len(m.devs) {
			for i := range m.devs {
				sum := m.round(i)
				m.t.Logf("device %d (%s %s): %d GET %d PUT %d DELETE %+v", i, m.devs[i].State(), m.devs[i].Role(), sum.Gets, sum.Puts, sum.Deletes, sum.Findings)
			}
			m.fatalf("it never comes to rest")
		}
		i := n % len(m.devs)
		sum := m.round(i)
		if sum.Puts+sum.Deletes == 0 {
			quiet++
		} else {
			quiet = 0
		}
	}
}

// check holds the end against what has to be true.
func (m *model) check() {
	var want []byte
	var first *Replica
	at := -1
	for i, r := range m.devs {
		if r.State() != Joined {
			continue
		}
		if !r.Ready() {
			m.fatalf("device %d has no key", i)
		}
		text, err := r.content.Encode()
		m.must(err)
		if first == nil {
			first, want, at = r, text, i
			continue
		}
		if h := r.chain.Standing().Head; h != first.chain.Standing().Head {
			m.fatalf("devices %d and %d stand at %v and %v", at, i, first.chain.Standing().Head, h)
		}
		if !bytes.Equal(text, want) {
			m.fatalf("devices %d (%s) and %d (%s) differ:\n%s", at, first.Role(), i, r.Role(), difference(first.content, r.content))
		}
	}
	if first == nil {
		m.fatalf("nobody is left")
	}
	m.nothingLost(first)
	m.secretsStaySo()
}

// difference lists what only one of two contents has.
func difference(a, b *Content) string {
	var out strings.Builder
	for i, pair := range [][2]*Content{{a, b}, {b, a}} {
		for _, r := range pair[0].Registers() {
			if !pair[1].standing(r) {
				fmt.Fprintf(&out, "only in %d: %s %s %v by %s: %s\n", i+1, r.Account, r.Name, r.At, r.Author, r.value.Reveal())
			}
		}
	}
	return out.String()
}

// nothingLost compares the end with everything that was written.
func (m *model) nothingLost(r *Replica) {
	for _, w := range m.writes {
		member, is := r.chain.Standing().Members[w.r.Author]
		if w.over || !is || !member.Role.Writes() || m.tainted[w.r.Author] || w.r.Account == Self {
			continue // its author knows better by now, or is none of those who may write
		}
		cell := r.content.cells[w.r.Account][w.r.Name]
		if len(cell) == 0 {
			m.fatalf("%v is lost", w.r)
		}
		ok := slices.ContainsFunc(cell, func(e *Register) bool {
			switch {
			case e.same(w.r), e.version == w.r.version:
				return true
			case w.r.code != nil: // two secrets set apart are both kept
				return e.code.digest == w.r.code.digest || e.code.knowsOf(w.r) && e.version.compare(w.r.version) > 0
			case strings.HasPrefix(w.r.Name, regCounter):
				return e.count >= w.r.count
			case strings.HasPrefix(w.r.Name, regUsed):
				return !e.final || w.r.final || e.rank.compare(w.r.rank) >= 0
			}
			return e.beats(w.r)
		})
		if !ok {
			m.fatalf("%v %s by %s at %v is lost; there stand %d", w.r, w.r.value.Reveal(), w.r.Author, w.r.At, len(cell))
		}
		if w.r.code == nil && w.r.Name != regDeleted && !strings.Contains(w.r.Name, "/") {
			// An edit made without knowing of a deletion brings the account back.
			if d, gone := r.content.deleted(w.r.Account); gone {
				t, err := decodeDeleted(d.value.Reveal())
				m.must(err)
				if saw, ok := t.Saw[w.r.Name]; !ok || w.r.version.compare(saw.version()) > 0 {
					m.fatalf("%v is gone with an account whose deleter had not seen it", w.r)
				}
			}
		}
	}
}

// secretsStaySo looks for secrets where everybody can read.
func (m *model) secretsStaySo() {
	for name, data := range m.shelf.objects { // a space is not in base64, where four letters come together by chance
		if strings.Contains(name, "/"+kindCtl+"/") {
			for _, word := range []string{"Harbour", "Person ", "Issuer ", "Note for "} {
				if bytes.Contains(data, []byte(word)) {
					m.fatalf("%s says %s to everybody", name, word)
				}
			}
		}
	}
}

// play is a whole run.
func (m *model) play(devices, steps int, folders, attacks bool) {
	m.begin(devices, folders)
	for range steps {
		m.step(folders, attacks)
	}
	for i := range m.devs { // what is being done when the lights come on is finished first
		m.revive(i)
	}
	m.heal()
	m.check()
}

// runs is how many runs of each sort a test plays: SHARE_MODEL_RUNS says otherwise, and SHARE_MODEL_SEED from where.
func runs(t *testing.T, usual, short int) (from, n uint64) {
	t.Helper()
	from, n = 1, uint64(usual)
	if testing.Short() {
		n = uint64(short)
	}
	for name, into := range map[string]*uint64{"SHARE_MODEL_RUNS": &n, "SHARE_MODEL_SEED": &from} {
		if text := os.Getenv(name); text != "" {
			v, err := strconv.ParseUint(text, 10, 63)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			*into = v
		}
	}
	return from, n
}

func sized(rng *rand.Rand) (devices, steps int) {
	switch rng.IntN(20) {
	case 0:
		return 8 + rng.IntN(5), 80 + rng.IntN(60)
	case 1, 2, 3:
		return 5 + rng.IntN(3), 60
	}
	return 2 + rng.IntN(3), 20 + rng.IntN(40)
}

func TestModel(t *testing.T) {
	const parts = 4
	from, n := runs(t, 10_000, 150)
	reported := [parts]map[Kind]int{}
	t.Run("runs", func(t *testing.T) {
		for part := range uint64(parts) {
			t.Run(fmt.Sprint(part), func(t *testing.T) {
				t.Parallel()
				reported[part] = map[Kind]int{}
				for seed := from + part; seed < from+n; seed += parts {
					m := newModel(t, seed, Config{Crypto: newToy(seed)})
					devices, steps := sized(m.rng)
					m.play(devices, steps, m.rng.IntN(3) == 0, m.rng.IntN(3) > 0)
					for k, c := range m.seen {
						reported[part][k] += c
					}
				}
			})
		}
	})
	total := map[Kind]int{}
	for _, r := range reported {
		for k, c := range r {
			total[k] += c
		}
	}
	t.Logf("attacks that were made and reported: %v", total)
	if n < 5_000 {
		return
	}
	for _, k := range []Kind{
		RolledBack, Behind, Forked, Restored, Forged, Swapped, Foreign, Damaged, Malformed, NotPermitted, Stranger, AfterRemoval, ClockAhead, Newer,
	} {
		if total[k] == 0 {
			t.Errorf("no attack ended as %s: the model does not play it", k)
		}
	}
}

func TestModelWithRealKeys(t *testing.T) {
	from, n := runs(t, 200, 5)
	for seed := from; seed < from+min(n, 2_000); seed++ {
		m := newModel(t, seed, Config{})
		m.play(2+m.rng.IntN(3), 15+m.rng.IntN(20), m.rng.IntN(3) == 0, m.rng.IntN(2) == 0)
	}
}

var _ store.Store = (*shelf)(nil)
