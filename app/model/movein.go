package model

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/secret"
	"github.com/tallystick/tallystick/vault/transfer"
	"github.com/tallystick/tallystick/vault/transfer/intake"
)

// MoveInStage is a step of moving in.
type MoveInStage int

// The steps.
const (
	MoveInChoose  MoveInStage = iota // which files
	MoveInReading                    // MoveIn.Busy; Cancel stops it
	MoveInLocked                     // the export is encrypted: MoveIn.Unlock
	MoveInPreview                    // MoveIn.Items: what comes in
	MoveInDone                       // MoveIn.Summary
)

// MoveInItem is one account of another app's export.
type MoveInItem struct {
	Title        string
	About        string // what it is to the vault, and what was changed or guessed: sentences
	Kind         Kind
	Choosable    bool // it can be added
	Add          bool // it will be
	NeedsPIN     bool // before it can be added
	HasPIN       bool
	Renamable    bool // it is there under other names, which can be taken over
	Rename       bool
	Recovery     int // texts in its notes that look like recovery keys
	KeepRecovery bool
	Trouble      bool // About has something to look at
}

// MoveInLine says of one entry why it cannot come along.
type MoveInLine struct{ What, Why string }

// MoveIn is the flow of bringing accounts over from another app: files, passphrase, preview, done. What it holds is wiped
// when it ends, and when the vault is locked.
type MoveIn struct {
	s       *Session
	stage   MoveInStage
	busy    string
	err     string
	app     string
	files   []transfer.File
	im      *transfer.Import
	got     transfer.Result
	plan    []intake.Item
	choices []intake.Choice
	rename  map[int]bool
	summary []string
	round   uint64
	cancel  context.CancelFunc
	changed listeners
}

// MoveIn is the flow; always the same one.
func (s *Session) MoveIn() *MoveIn { return s.moveIn }

// OnChange registers fn to be called when anything of the flow changed.
func (m *MoveIn) OnChange(fn func()) { m.changed.add(fn) }

// Stage is the step to show; Busy what is under way; Error the last sentence.
func (m *MoveIn) Stage() MoveInStage { return m.stage }

// Busy says what is under way; "" = nothing.
func (m *MoveIn) Busy() string { return m.busy }

// Error is the last sentence; "" = none.
func (m *MoveIn) Error() string { return m.err }

// App is the name of the app that made the export; "" before it is known.
func (m *MoveIn) App() string { return m.app }

// Apps are the names of the apps whose exports can be read.
func (m *MoveIn) Apps() []string {
	var names []string
	for _, f := range transfer.Formats() {
		names = append(names, f.Name)
	}
	slices.SortFunc(names, func(a, b string) int { return strings.Compare(strings.ToLower(a), strings.ToLower(b)) })
	return slices.Compact(names)
}

// Begin → MoveInChoose, with everything from before dropped.
func (m *MoveIn) Begin() {
	m.drop()
	m.changed.call()
}

// Cancel ends the flow.
func (m *MoveIn) Cancel() { m.Begin() }

// drop forgets and wipes everything.
func (m *MoveIn) drop() {
	m.round++
	if m.cancel != nil {
		m.cancel()
		m.cancel = nil
	}
	m.wipe()
	m.stage, m.busy, m.err, m.app, m.summary = MoveInChoose, "", "", "", nil
}

func (m *MoveIn) wipe() {
	for _, f := range m.files {
		clear(f.Data)
	}
	// Behind a save that is under way: it takes the accounts out of these.
	got, choices := m.got, m.choices
	m.s.jobs.do(func() {
		for i := range choices {
			choices[i].PIN.Wipe()
		}
		got.Wipe()
	})
	m.files, m.im, m.got, m.plan, m.choices, m.rename = nil, nil, transfer.Result{}, nil, nil, nil
}

// work runs something slow, off the models' goroutine and not in the way of saving.
func (m *MoveIn) work(busy string, do func(ctx context.Context) error, then func(err error), stale func()) {
	if m.cancel != nil {
		m.cancel()
	}
	m.round++
	before := m.stage
	m.stage, m.busy, m.err = MoveInReading, busy, ""
	ctx, cancel := context.WithCancel(m.s.ctx)
	m.cancel = cancel
	round := m.round
	go func() {
		defer cancel()
		err := do(ctx)
		m.s.d.Post(func() {
			if m.round != round {
				stale()
				return
			}
			m.busy, m.cancel, m.stage = "", nil, before
			then(err)
			m.changed.call()
		})
	}()
	m.changed.call()
}

// Open reads files that another app wrote: → MoveInPreview, MoveInLocked, or MoveInChoose with Error.
func (m *MoveIn) Open(paths []string) {
	if m.s.state != Open || len(paths) == 0 {
		return
	}
	m.drop()
	d := m.s.d
	var files []transfer.File
	var im *transfer.Import
	m.work("Reading the files", func(ctx context.Context) (err error) {
		if files, err = (ExportFiles{Scan: d.Scanner}).Read(ctx, paths); err == nil {
			im, err = transfer.Open(ctx, files)
		}
		return err
	}, func(err error) {
		m.files = files
		if err != nil {
			m.wipe()
			m.err = exportSentence(err)
			return
		}
		m.im, m.app = im, im.App()
		if im.Encrypted() {
			m.stage = MoveInLocked
			return
		}
		m.read(secret.Bytes{})
	}, func() {
		for _, f := range files {
			clear(f.Data)
		}
	})
}

// CostLine announces what opening the export asks for; "" when that is nothing to speak of.
func (m *MoveIn) CostLine() string {
	const much = 256 << 20 // bytes: less is nothing on a computer that runs a browser
	if m.im == nil || m.im.Cost().Memory < much {
		return ""
	}
	return fmt.Sprintf("This file asks for %d MB of memory to be opened, and for some seconds.", m.im.Cost().Memory>>20)
}

// Unlock tries a passphrase: MoveInLocked → MoveInPreview, or back with Error. The passphrase is wiped.
func (m *MoveIn) Unlock(passphrase secret.Bytes) {
	if m.stage != MoveInLocked || m.im == nil {
		passphrase.Wipe()
		return
	}
	m.read(passphrase)
}

func (m *MoveIn) read(passphrase secret.Bytes) {
	im, d := m.im, m.s.d
	var got transfer.Result
	var plan []intake.Item
	m.work("Opening the export", func(ctx context.Context) (err error) {
		defer passphrase.Wipe()
		if got, err = im.Read(ctx, passphrase); err != nil {
			return err
		}
		return d.Vault.Read(func(v *vault.Vault) error {
			plan = intake.Plan(v, got.Entries)
			return nil
		})
	}, func(err error) {
		switch {
		case err != nil && m.stage == MoveInLocked:
			m.err = exportSentence(err)
			return
		case err != nil:
			m.wipe()
			m.err = exportSentence(err)
			return
		}
		m.got, m.plan, m.rename, m.stage = got, plan, map[int]bool{}, MoveInPreview
		m.choices = make([]intake.Choice, len(plan))
		for i, it := range plan {
			m.choices[i] = intake.Usual(it)
		}
	}, func() { got.Wipe() })
}

// Items are the accounts of the export, in its order.
func (m *MoveIn) Items() []MoveInItem {
	items := make([]MoveInItem, len(m.plan))
	for i := range m.plan {
		items[i] = m.Item(i)
	}
	return items
}

// Len is how many accounts the export has.
func (m *MoveIn) Len() int { return len(m.plan) }

// Item is one of them.
func (m *MoveIn) Item(i int) MoveInItem {
	it, c := &m.plan[i], &m.choices[i]
	out := MoveInItem{
		Title: title(it.Account.Issuer, it.Account.Name), Kind: it.Account.Params.Kind, Recovery: len(it.Entry.Recovery), KeepRecovery: c.Recovery,
		Add: c.Add, NeedsPIN: it.Verdict == intake.NeedsPIN, HasPIN: !c.PIN.IsEmpty(),
	}
	if out.Title == "" {
		out.Title = "An account without a name"
	}
	var said []string
	switch it.Verdict {
	case intake.New:
		out.Choosable = true
	case intake.Namesake:
		out.Choosable, out.Trouble = true, true
		said = append(said, "You have an account of these names with another key. Both are kept, side by side.")
	case intake.Same:
		said = append(said, m.there(it))
		if c.Picture {
			said = append(said, "It gets the picture of the export, as it has none.")
		}
		out.Renamable, out.Rename = m.otherNames(it), m.rename[i]
	case intake.Twice:
		said = append(said, "The same account as “"+m.Item(it.Earlier).Title+"” above.")
	case intake.NeedsPIN:
		out.Choosable, out.Trouble = out.HasPIN, !out.HasPIN
		said = append(said, "Its codes need a PIN, which no export holds. Type it to add the account.")
	}
	if it.Entry.Archived {
		said = append(said, "It was in the other app's archive or trash; it gets the tag “"+intake.ArchiveTag+"”.")
	}
	for _, w := range it.Entry.Warnings {
		if out.NeedsPIN && strings.Contains(w, "PIN") {
			continue // that is said
		}
		said = append(said, sentenceCase(strings.TrimSuffix(w, "."))+".")
		out.Trouble = true
	}
	out.About = strings.Join(said, " ")
	return out
}

// there says where the account is that the export has as well.
func (m *MoveIn) there(it *intake.Item) string {
	switch {
	case it.Trashed:
		return "You have it already, in the trash. Put it back from there."
	case it.Newer:
		return "You have it already. The other app is ahead with its counter: if a code is refused, ask for the next one."
	}
	return "You have it already."
}

// otherNames reports whether the account that is there is called something else.
func (m *MoveIn) otherNames(it *intake.Item) bool {
	if it.Trashed || len(it.There) == 0 {
		return false
	}
	row, ok := m.s.list.Get(it.There[0])
	return ok && (row.Issuer != it.Account.Issuer || row.Name != it.Account.Name) && it.Account.Issuer+it.Account.Name != ""
}

func (m *MoveIn) at(i int) bool {
	return m.stage == MoveInPreview && m.busy == "" && i >= 0 && i < len(m.plan)
}

// Choose says whether the i-th account comes in.
func (m *MoveIn) Choose(i int, add bool) {
	if m.at(i) && m.Item(i).Choosable && m.choices[i].Add != add {
		m.choices[i].Add = add
		m.changed.call()
	}
}

// ChooseAll takes all that can be added, or none.
func (m *MoveIn) ChooseAll(add bool) {
	if !m.at(0) {
		return
	}
	for i := range m.plan {
		if m.Item(i).Choosable {
			m.choices[i].Add = add
		}
		m.choices[i].Picture = add && m.plan[i].Bare != ""
	}
	m.changed.call()
}

// KeepRecovery says whether what looks like recovery keys in the i-th account's notes is kept as such.
func (m *MoveIn) KeepRecovery(i int, keep bool) {
	if m.at(i) {
		m.choices[i].Recovery = keep
		m.changed.call()
	}
}

// Rename says whether the account that is there takes over the names of the export.
func (m *MoveIn) Rename(i int, on bool) {
	if m.at(i) && m.Item(i).Renamable {
		m.rename[i] = on
		m.changed.call()
	}
}

// SetPIN gives the PIN of the i-th account, which is then added. An empty one takes it back. The PIN belongs to the flow.
func (m *MoveIn) SetPIN(i int, pin secret.Bytes) {
	if !m.at(i) || m.plan[i].Verdict != intake.NeedsPIN {
		pin.Wipe()
		return
	}
	m.choices[i].PIN.Wipe()
	m.choices[i].PIN, m.choices[i].Add = pin, !pin.IsEmpty()
	m.changed.call()
}

// Adding is how many accounts will be added.
func (m *MoveIn) Adding() int {
	n := 0
	for _, c := range m.choices {
		if c.Add {
			n++
		}
	}
	return n
}

// Chosen is how many accounts will be added, renamed, or get a picture.
func (m *MoveIn) Chosen() int {
	n := 0
	for i := range m.choices {
		if m.choices[i].Add || m.choices[i].Picture || m.rename[i] {
			n++
		}
	}
	return n
}

// Skipped are the entries that cannot come along, with the reasons.
func (m *MoveIn) Skipped() []MoveInLine {
	lines := make([]MoveInLine, len(m.got.Skipped))
	for i, s := range m.got.Skipped {
		lines[i] = MoveInLine{sentenceCase(clean(s.What)), clean(s.Why)}
	}
	return lines
}

// Warnings are about the export as a whole: sentences.
func (m *MoveIn) Warnings() []string { return slices.Clone(m.got.Warnings) }

// Save puts what was chosen into the vault, in one write: MoveInPreview → MoveInDone.
func (m *MoveIn) Save() {
	if !m.at(0) || m.Chosen() == 0 {
		return
	}
	plan, choices, rename := m.plan, m.choices, m.rename
	random, now := m.s.d.random(), m.s.d.Now()
	m.busy, m.err = "Adding the accounts", ""
	round := m.round
	var added []vault.Account
	m.s.list.change(func(v *vault.Vault) (err error) {
		if added, err = intake.Apply(v, plan, choices, random, now); err != nil {
			return err
		}
		for i := range plan {
			if !rename[i] {
				continue
			}
			a, ok := v.Account(plan[i].There[0])
			if !ok {
				continue // deleted meanwhile
			}
			a.Issuer, a.Name = plan[i].Account.Issuer, plan[i].Account.Name
			if err := v.Put(a, now); err != nil {
				return err
			}
		}
		return nil
	}, func(err error) {
		if m.round != round {
			return
		}
		m.busy = ""
		if err != nil {
			m.err = Sentence(err)
			m.changed.call()
			return
		}
		m.summary = m.summarise(added)
		var ids []vault.ID
		for _, a := range added {
			if a.ID != "" {
				ids = append(ids, a.ID)
			}
		}
		m.wipe()
		m.stage = MoveInDone
		m.s.list.welcome(ids)
		m.changed.call()
	})
	m.changed.call()
}

// Summary says in MoveInDone what became of the export, a sentence each.
func (m *MoveIn) Summary() []string { return slices.Clone(m.summary) }

func (m *MoveIn) summarise(added []vault.Account) []string {
	in, had, left, renamed, dressed := 0, 0, 0, 0, 0
	for i, it := range m.plan {
		if m.choices[i].Picture {
			dressed++
		}
		switch {
		case i < len(added) && added[i].ID != "":
			in++
		case m.rename[i]:
			renamed++
		case it.Verdict == intake.Same || it.Verdict == intake.Twice:
			had++
		default:
			left++
		}
	}
	said := []string{count(in, "account was", "accounts were") + " added."}
	if renamed > 0 {
		said = append(said, count(renamed, "account has its name", "accounts have their names")+" from the export now.")
	}
	if dressed > 0 {
		said = append(said, count(dressed, "account has its picture", "accounts have their pictures")+" from the export now.")
	}
	if had > 0 {
		said = append(said, count(had, "account was", "accounts were")+" there already.")
	}
	if left > 0 {
		said = append(said, count(left, "account was", "accounts were")+" left out, as you chose.")
	}
	if n := len(m.got.Skipped); n > 0 {
		said = append(said, count(n, "entry", "entries")+" could not be read.")
	}
	return said
}

// exportSentence is Sentence, with what is particular to this file.
func exportSentence(err error) string {
	if p, ok := errors.AsType[*ExportProblem](err); ok {
		return p.Sentence(filepath.Base(p.Path))
	}
	text := Sentence(err)
	if detail := transfer.Detail(err); detail != "" {
		text += " " + sentenceCase(strings.TrimSuffix(detail, ".")) + "."
	}
	return text
}
