package model

import (
	"slices"
	"strings"
	"time"

	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/otp"
	"github.com/tallystick/tallystick/vault/recovery"
)

// Sort is the order of the rows.
type Sort string

// The orders.
const (
	ByName Sort = "name" // as a dictionary would, numbers by their value
	ByUsed Sort = "used" // last used first, never used last
	ByOwn  Sort = "own"  // as the person arranged them
)

// Filter chooses rows besides the search text; all of it has to hold.
type Filter struct {
	Favourites bool
	Shared     bool   // only accounts of shared vaults
	Manual     bool   // only accounts that keep recovery keys and make no codes
	Tag        string // "" = any
}

// freshFor is how long a new row is highlighted.
const freshFor = 15 * time.Second

// Notice is a short sentence about what succeeded or failed.
type Notice struct {
	Text  string
	Error bool
	Undo  func() // nil = none
}

// List is the account list: search, filter, sort, selection, codes. It is empty
// unless the session is Open.
type List struct {
	s    *Session
	snap *snapshot // nil while nothing is open

	query  string
	words  []string // of query, folded
	filter Filter
	sort   Sort

	order    []int32 // every entry, in the order of sort
	stale    bool    // ByUsed: something was used since order was made
	rows     []int32 // what passes query and filter, as shown
	place    []int32 // of an entry in rows; -1 = filtered away
	selected vault.ID

	unlocked map[vault.ID]shown     // HOTP codes on show
	revealed map[vault.ID]time.Time // until when a hidden code is shown
	fresh    map[vault.ID]time.Time // until when a row is highlighted
	asking   map[vault.ID]bool      // HOTP codes being made
	used     map[vault.ID]time.Time // not yet saved
	stopSave func()                 // of the waiting save of used; nil when none waits
	removed  recovery.Sheet         // the sheet that was deleted last, to be put back

	changed, ticked listeners
	noticed         []func(Notice)
}

func newList(s *Session) *List {
	l := &List{s: s, sort: ByName}
	l.forget()
	return l
}

func (l *List) forget() {
	l.snap.wipe()
	l.snap = nil
	l.order, l.rows, l.place = nil, nil, nil
	l.unlocked, l.revealed, l.fresh = map[vault.ID]shown{}, map[vault.ID]time.Time{}, map[vault.ID]time.Time{}
	l.asking, l.used = map[vault.ID]bool{}, map[vault.ID]time.Time{}
	if l.stopSave != nil {
		l.stopSave()
		l.stopSave = nil
	}
}

// drop forgets every account, the query and the selection, and returns what was
// used and not yet saved.
func (l *List) drop() map[vault.ID]time.Time {
	used := l.used
	l.forget()
	l.removed.Wipe()
	l.removed = recovery.Sheet{}
	l.query, l.words, l.filter, l.selected = "", nil, Filter{}, ""
	l.changed.call()
	return used
}

// load takes a new snapshot over. With steady, rows keep their places as far as
// they can: what is loaded differs only by a time of use.
func (l *List) load(snap *snapshot, steady bool) {
	before := l.orderedIDs()
	l.snap.wipe()
	l.snap = snap
	for id, at := range l.used {
		if e := l.entry(id); e != nil && at.After(e.used) {
			e.used = at
		}
	}
	if l.selected != "" && l.entry(l.selected) == nil {
		l.selected = ""
	}
	if l.filter.Tag != "" && !slices.Contains(snap.tags, l.filter.Tag) {
		l.filter.Tag = ""
	}
	if !steady || !l.reuse(before) {
		l.arrange()
	}
	l.sieve()
	l.changed.call()
}

// print is the fingerprint of what is loaded; 0 = nothing.
func (l *List) print() uint64 {
	if l.snap == nil {
		return 0
	}
	return l.snap.print
}

func (l *List) orderedIDs() []vault.ID {
	ids := make([]vault.ID, 0, len(l.order))
	for _, i := range l.order {
		ids = append(ids, l.snap.entries[i].acc.ID)
	}
	return ids
}

// reuse orders the entries as ids; it reports false when they are not the same ones.
func (l *List) reuse(ids []vault.ID) bool {
	if len(ids) != len(l.snap.entries) {
		return false
	}
	order := make([]int32, len(ids))
	for n, id := range ids {
		i, ok := l.snap.byID[id]
		if !ok {
			return false
		}
		order[n] = i
	}
	l.order = order
	return true
}

// arrange puts every entry in the order of sort.
func (l *List) arrange() {
	l.stale = false
	if l.snap == nil {
		l.order = nil
		return
	}
	switch l.sort {
	case ByOwn:
		l.order = make([]int32, len(l.snap.entries))
		for i := range l.order {
			l.order[i] = int32(i)
		}
	case ByUsed:
		l.order = slices.Clone(l.snap.byName)
		slices.SortStableFunc(l.order, func(a, b int32) int {
			return l.snap.entries[b].used.Compare(l.snap.entries[a].used)
		})
	default:
		l.order = l.snap.byName
	}
}

// sieve works out the rows from query and filter.
func (l *List) sieve() {
	if l.snap == nil {
		l.rows, l.place = nil, nil
		return
	}
	l.rows = sift(l.snap.entries, l.order, l.words, l.passes, l.rows)
	if len(l.place) != len(l.snap.entries) {
		l.place = make([]int32, len(l.snap.entries))
	}
	for i := range l.place {
		l.place[i] = -1
	}
	for row, i := range l.rows {
		l.place[i] = int32(row)
	}
}

func (l *List) passes(e *entry) bool {
	if l.filter.Favourites && !e.acc.Favourite {
		return false
	}
	if l.filter.Shared && !l.isShared(e) {
		return false
	}
	if l.filter.Manual && (e.broken != "" || e.acc.Params.Kind != otp.Manual) {
		return false
	}
	return l.filter.Tag == "" || slices.ContainsFunc(e.tags, func(t string) bool { return strings.EqualFold(t, l.filter.Tag) })
}

// refine shows what a changed query, filter or order asks for.
func (l *List) refine() {
	if l.stale {
		l.arrange() // rows do not jump under the pointer that copies; now they may
	}
	l.sieve()
	l.changed.call()
}

func (l *List) entry(id vault.ID) *entry {
	if l.snap == nil {
		return nil
	}
	i, ok := l.snap.byID[id]
	if !ok {
		return nil
	}
	return &l.snap.entries[i]
}

// usable is entry for an account whose codes can be made and whose fields can be
// changed. It tells the person when there is none.
func (l *List) usable(id vault.ID) *entry {
	e := l.entry(id)
	switch {
	case e == nil:
		l.notify(Notice{Text: "That account is not there any more.", Error: true})
		return nil
	case e.broken != "":
		l.notify(Notice{Text: e.broken, Error: true})
		return nil
	}
	return e
}

// Len is the number of rows that pass the query and the filter.
func (l *List) Len() int { return len(l.rows) }

// Total is the number of live accounts, whatever the query and the filter,
// including entries that cannot be read.
func (l *List) Total() int {
	if l.snap == nil {
		return 0
	}
	return len(l.snap.entries)
}

// Row is the i-th row; the zero Row outside of 0 … Len()-1. It works out the code
// of that row only, once per step.
func (l *List) Row(i int) Row {
	if i < 0 || i >= len(l.rows) {
		return Row{}
	}
	return l.row(&l.snap.entries[l.rows[i]])
}

// Index is the place of an account in the rows; -1 when it is filtered away or gone.
func (l *List) Index(id vault.ID) int {
	if l.snap == nil {
		return -1
	}
	i, ok := l.snap.byID[id]
	if !ok {
		return -1
	}
	return int(l.place[i])
}

// Get is the row of an account, filtered away or not.
func (l *List) Get(id vault.ID) (Row, bool) {
	e := l.entry(id)
	if e == nil {
		return Row{}, false
	}
	return l.row(e), true
}

// About says in one line what kind of code an account makes; "" when it is gone or
// cannot be read.
func (l *List) About(id vault.ID) string {
	if e := l.entry(id); e != nil {
		return e.describe()
	}
	return ""
}

// Query is the search text as typed.
func (l *List) Query() string { return l.query }

// SetQuery searches: every word has to occur in issuer, name, a tag or the note, in
// any order, whatever its case and accents. Best matches come first.
func (l *List) SetQuery(q string) {
	if q == l.query {
		return
	}
	l.query, l.words = q, queryWords(q)
	l.refine()
}

// Filter is what the rows are chosen by besides the query.
func (l *List) Filter() Filter { return l.filter }

// SetFilter chooses rows besides the query.
func (l *List) SetFilter(f Filter) {
	if f == l.filter {
		return
	}
	l.filter = f
	l.refine()
}

// Tags are those in use, sorted.
func (l *List) Tags() []string {
	if l.snap == nil {
		return nil
	}
	return slices.Clone(l.snap.tags)
}

// HasManual reports whether any account makes no codes, so that Filter.Manual has
// something to show.
func (l *List) HasManual() bool {
	return l.snap != nil && slices.ContainsFunc(l.snap.entries, func(e entry) bool {
		return e.broken == "" && e.acc.Params.Kind == otp.Manual
	})
}

// HasShared reports whether any account belongs to a shared vault, so that Filter.Shared has something to show.
func (l *List) HasShared() bool {
	return l.snap != nil && slices.ContainsFunc(l.snap.entries, func(e entry) bool { return l.isShared(&e) })
}

func (l *List) isShared(e *entry) bool {
	_, ok := l.s.sharing.badges[e.acc.Shared]
	return ok && e.acc.Shared != ""
}

// Sort is the order of the rows.
func (l *List) Sort() Sort { return l.sort }

// SetSort orders the rows, now and in the next session.
func (l *List) SetSort(s Sort) {
	p := l.s.settings.prefs
	p.Sort = s
	l.s.settings.Set(p) // comes back through prefsChanged
}

// prefsChanged follows the settings.
func (l *List) prefsChanged(p Prefs) {
	if p.Sort != l.sort || l.stale {
		l.sort = p.Sort
		l.arrange()
	}
	l.sieve()
	l.changed.call()
}

// Selected is the account that the detail pane shows.
func (l *List) Selected() (vault.ID, bool) { return l.selected, l.selected != "" }

// Select chooses the account of the detail pane; "" = none. It stays chosen while
// searches come and go, until it is removed or the vault is locked.
func (l *List) Select(id vault.ID) {
	if id != "" && l.entry(id) == nil {
		return
	}
	if id == l.selected {
		return
	}
	l.selected = id
	l.changed.call()
}

// Tick brings everything that depends on the time up to date. The view calls it
// once a second, aligned to the second, while something is visible.
func (l *List) Tick() {
	now := l.s.d.Now()
	if l.s.idle.check() {
		return // locked: there is nothing left to tick
	}
	l.s.clip.tick(now)
	for id, c := range l.unlocked {
		if !now.Before(c.until) {
			delete(l.unlocked, id)
		}
	}
	for _, times := range [...]map[vault.ID]time.Time{l.revealed, l.fresh} {
		for id, until := range times {
			if !now.Before(until) {
				delete(times, id)
			}
		}
	}
	l.ticked.call()
}

// OnChange registers fn: rows, order or selection changed, read everything again.
func (l *List) OnChange(fn func()) { l.changed.add(fn) }

// OnTick registers fn: only codes and times changed.
func (l *List) OnTick(fn func()) { l.ticked.add(fn) }

// OnNotice registers fn for short sentences about what succeeded or failed.
func (l *List) OnNotice(fn func(Notice)) {
	if fn == nil {
		l.noticed = nil
		return
	}
	l.noticed = append(l.noticed, fn)
}

func (l *List) notify(n Notice) {
	for _, fn := range l.noticed {
		fn(n)
	}
}
