package model

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/secret"
	"github.com/tallystick/tallystick/vault/share/pack"
	"github.com/tallystick/tallystick/vault/share/pack/shelf"
)

// PackKeeper keeps opened code packs beside the vault, and has the key that others encrypt packs to; shelf.Shelf is one.
type PackKeeper interface {
	Key() (string, error)
	Open(file []byte) (pack.Pack, error)
	Keep(ctx context.Context, p pack.Pack, now time.Time) (string, error)
	List(ctx context.Context, now time.Time) ([]shelf.Kept, error)
	Drop(id string) error
}

// PackSuffix is what the name of a file with a code pack ends in.
const PackSuffix = shelf.Suffix

// PackID names an opened code pack until the vault is locked.
type PackID int

// PackState is what a moment is to a code pack.
type PackState int

// The states.
const (
	PackRunning PackState = iota
	PackNotYet            // its first code is still to come
	PackOver              // it has run out
)

// GuestPack is an opened code pack as a person sees it. It holds no code.
type GuestPack struct {
	ID       PackID
	Title    string   // "Codes from Maria"; "Code pack" when nobody says who made it
	From     string   // what its maker calls themselves; "" = they did not say
	Accounts []string // shared: not to be changed
	State    PackState
	Mood     Mood
	Head     string // "Until 18:00 today"
	Text     string // "7 h 12 min left."
	Begins   string // "08:26 on 14 March"
	Ends     string // "17:26 on 14 March"
	Kept     bool   // it is there again after a restart, until it has run out
}

// guestPack is an opened code pack.
type guestPack struct {
	id   PackID
	kept string // its name on the shelf; "" = it is only in memory
	pack pack.Pack
	// What it is called and what its accounts are, safe to show. It is asked for every second.
	from  string
	names []string
}

// newGuestPack takes an opened pack over.
func newGuestPack(p pack.Pack, kept string) guestPack {
	o := guestPack{kept: kept, pack: p, from: shortened(clean(p.By), maxBy)}
	for _, c := range p.Accounts {
		o.names = append(o.names, title(clean(c.Issuer), clean(c.Name)))
	}
	return o
}

// Packs are the code packs somebody gave to this person: opened from files, shown until they have run out, and never part of the vault.
// They can be opened before there is a vault; then they are kept as soon as there is one.
type Packs struct {
	s        *Session
	list     []guestPack
	last     PackID
	asking   []byte // a file that waits for its passphrase
	name     string // what that file is called
	opened   PackID // not yet shown; 0 = none
	revealed map[vault.ID]time.Time
	reading  bool // what is kept
	busy     string
	err      string
	epoch    uint64 // raised by drop
	round    uint64 // raised by every piece of work, and by Stop
	stop     context.CancelFunc
	changed  listeners
}

// Packs are the code packs somebody gave to this person; always the same ones.
func (s *Session) Packs() *Packs { return s.packs }

// OnChange registers fn to be called when anything about them changed.
func (p *Packs) OnChange(fn func()) { p.changed.add(fn) }

// Busy and Error are what the page shows of the state of things.
func (p *Packs) Busy() string  { return p.busy }
func (p *Packs) Error() string { return p.err }

// ClearError forgets what went wrong.
func (p *Packs) ClearError() { p.err = "" }

// IsPack reports whether a file is a code pack, by its name or, where it is encrypted to somebody's key, by how it begins.
func IsPack(path string) bool {
	switch strings.ToLower(filepath.Ext(path)) {
	case PackSuffix:
		return true
	case ".age": // vaults, backups and exports
		return false
	}
	rest, is := strings.CutPrefix(string(headOf(path, 64)), "age-encryption.org/v1\n-> ")
	return is && (strings.HasPrefix(rest, "X25519 ") || strings.HasPrefix(rest, "mlkem768x25519 "))
}

// CanRead reports whether packs can be opened now: the vault is open, or there is none to be opened.
func (p *Packs) CanRead() bool {
	return p.s.state == Open || p.s.state == Setup || p.s.state == Trouble
}

// Read opens a code pack from a file. Afterwards Asking tells that it needs its passphrase, TakeOpened that it is open, or Error why it is not.
func (p *Packs) Read(path string) {
	if !p.CanRead() || p.busy != "" {
		return
	}
	p.forgetFile()
	keeper, open, now := p.s.d.Packs, p.s.state == Open, p.s.d.codeTime()
	var file []byte
	var opened pack.Pack
	var kept string
	var keepErr error
	p.work("Reading the code pack", func(ctx context.Context) (err error) {
		if file, err = readPack(path); err != nil || pack.NeedsPassphrase(file) {
			return err
		}
		if keeper == nil || !open {
			return errNoKeyYet
		}
		if opened, err = keeper.Open(file); err == nil {
			kept, keepErr = keepPack(ctx, keeper, opened, now)
		}
		return err
	}, func(err error) {
		switch {
		case errors.Is(err, errNoKeyYet):
			p.err = "This code pack is encrypted to one person's key, and there is no key here yet. If it is for you, open it where you copied your key."
		case errors.Is(err, pack.ErrWrongKey):
			p.err = "This code pack is encrypted to the key of somebody else, or to a key you had before, or it was cut off on its way. Send your key to whoever made it, and ask for another one."
		case err != nil:
		case pack.NeedsPassphrase(file):
			p.asking, p.name = file, clean(filepath.Base(path))
		default:
			p.take(newGuestPack(opened, kept), keepErr)
		}
	}, func() { opened.Wipe() })
}

var errNoKeyYet = errors.New("model: no key yet")

func readPack(path string) ([]byte, error) {
	file, err := readFile(path, pack.MaxFile, pack.ErrDamaged)
	if err == nil && len(file) > pack.MaxFile {
		err = pack.ErrTooLarge
	}
	if err == nil && len(file) == 0 {
		err = pack.ErrDamaged
	}
	return file, err
}

// keepPack puts a pack on the shelf, unless it has run out.
func keepPack(ctx context.Context, keeper PackKeeper, p pack.Pack, now time.Time) (string, error) {
	if keeper == nil || !now.Before(p.Until) {
		return "", nil
	}
	return keeper.Keep(ctx, p, now)
}

// Asking is the name of the file that waits for its passphrase; ok is false when none does.
func (p *Packs) Asking() (name string, ok bool) { return p.name, p.asking != nil }

// Unlock opens the pack that waits, with its passphrase, which is taken over and wiped. Capitals and spaces of words that were read to
// somebody do not matter.
func (p *Packs) Unlock(pass secret.Bytes) {
	if p.asking == nil || p.busy != "" || !p.CanRead() {
		pass.Wipe()
		return
	}
	keeper, file, open, now := p.s.d.Packs, p.asking, p.s.state == Open, p.s.d.codeTime()
	var opened pack.Pack
	var kept string
	var keepErr error
	p.work("Opening the code pack", func(ctx context.Context) (err error) {
		defer pass.Wipe()
		for _, each := range spellings(pass) {
			defer each.Wipe()
			if opened, err = pack.OpenPassphrase(file, each); !errors.Is(err, pack.ErrWrongKey) || ctx.Err() != nil {
				break
			}
		}
		if err == nil && open {
			kept, keepErr = keepPack(ctx, keeper, opened, now)
		}
		return err
	}, func(err error) {
		switch {
		case errors.Is(err, pack.ErrWrongKey):
			p.err = "That is not its passphrase. Check the spelling, the keyboard layout and Caps Lock."
		case err == nil:
			p.forgetFile()
			p.take(newGuestPack(opened, kept), keepErr)
		}
	}, func() { opened.Wipe() })
}

// spellings are what a passphrase that was typed can have been meant to be, the likeliest first, for each takes a second to try: as it is, and
// as the app writes the words that it makes up.
func spellings(pass secret.Bytes) []secret.Bytes {
	words := strings.FieldsFunc(strings.ToLower(string(pass.Reveal())), func(r rune) bool { return !unicode.IsLetter(r) })
	plain := secret.FromString(strings.Join(words, " "))
	switch {
	case plain.Equal(pass) || plain.IsEmpty():
		return []secret.Bytes{pass.Clone()}
	case len(words) == packWords:
		return []secret.Bytes{plain, pass.Clone()}
	}
	return []secret.Bytes{pass.Clone()}
}

// CancelAsking forgets the file that waits for its passphrase.
func (p *Packs) CancelAsking() {
	p.Stop()
	p.forgetFile()
	p.err = ""
	p.changed.call()
}

func (p *Packs) forgetFile() { p.asking, p.name = nil, "" }

// take adds an opened pack, or finds that it is there already.
func (p *Packs) take(o guestPack, keepErr error) {
	if keepErr != nil {
		p.s.list.notify(Notice{Text: "The code pack is open, but could not be kept for the next start. " + Sentence(keepErr), Error: true})
	}
	for i := range p.list {
		if have := &p.list[i]; have.pack.Same(o.pack) {
			o.pack.Wipe()
			have.kept = cmp.Or(o.kept, have.kept)
			p.opened = have.id
			return
		}
	}
	p.opened = p.add(o)
}

// add gives a pack its id and its place.
func (p *Packs) add(o guestPack) PackID {
	p.last++
	o.id = p.last
	p.list = append(p.list, o)
	p.arrange()
	return o.id
}

func (p *Packs) arrange() {
	slices.SortStableFunc(p.list, func(a, b guestPack) int { return a.pack.Until.Compare(b.pack.Until) })
}

// TakeOpened is the pack that was opened since it was asked last; ok is false when none was.
func (p *Packs) TakeOpened() (id PackID, ok bool) {
	id, p.opened = p.opened, 0
	return id, id != 0
}

// List are the opened packs, the one that ends first first, and after them those that have run out.
func (p *Packs) List() []GuestPack {
	list := make([]GuestPack, len(p.list))
	for i := range p.list {
		list[i] = p.describe(&p.list[i])
	}
	slices.SortStableFunc(list, func(a, b GuestPack) int {
		switch {
		case a.State != PackOver && b.State == PackOver:
			return -1
		case a.State == PackOver && b.State != PackOver:
			return 1
		}
		return 0
	})
	return list
}

// Get is one of them; ok is false when it is gone.
func (p *Packs) Get(id PackID) (g GuestPack, ok bool) {
	if o := p.find(id); o != nil {
		return p.describe(o), true
	}
	return g, false
}

// Running is the pack with codes that ends first, for a banner over the list; others is how many more there are. ok is false when there is none.
func (p *Packs) Running() (g GuestPack, others int, ok bool) {
	for _, each := range p.List() {
		switch {
		case each.State != PackRunning:
		case !ok:
			g, ok = each, true
		default:
			others++
		}
	}
	return g, others, ok
}

func (p *Packs) find(id PackID) *guestPack {
	for i := range p.list {
		if p.list[i].id == id {
			return &p.list[i]
		}
	}
	return nil
}

func (p *Packs) describe(o *guestPack) GuestPack {
	g := GuestPack{ID: o.id, From: o.from, Accounts: o.names, Kept: o.kept != ""}
	if g.Title = "Code pack"; g.From != "" {
		g.Title = "Codes from " + g.From
	}
	at, here := p.s.d.codeTime(), p.s.d.Now().Location()
	from, until := o.pack.From.In(here), o.pack.Until.In(here)
	g.Begins, g.Ends = from.Format("15:04 on 2 January 2006"), until.Format("15:04 on 2 January 2006")
	left, err := o.pack.Left(at)
	switch {
	case errors.Is(err, pack.ErrNotYet):
		g.State, g.Mood = PackNotYet, MoodWarning
		g.Head = "Not yet: from " + clockWord(from, at.In(here))
		g.Text = "This computer's clock shows " + at.In(here).Format("15:04 on 2 January 2006") + ", which is before the first code. Packs begin when they are made, so most likely the clock is wrong."
	case err != nil:
		g.State, g.Mood = PackOver, MoodQuiet
		g.Head = sentenceCase(ranOut(until, at.In(here)))
		g.Text = "There are no codes in it any longer. Ask for another one if you still need to sign in; if it should still be good, check the clock of this computer."
	default:
		g.Mood = MoodInfo
		g.Head = "Until " + clockWord(until, at.In(here))
		g.Text = sentenceCase(leftWord(left)) + " left."
		if o.kept == "" {
			g.Text += " It is not kept: open the file again after a restart."
		}
	}
	return g
}

// Len is how many accounts a pack has codes of now: none outside its time.
func (p *Packs) Len(id PackID) int {
	if o := p.running(id); o != nil {
		return len(o.pack.Accounts)
	}
	return 0
}

// running is a pack within its time.
func (p *Packs) running(id PackID) *guestPack {
	o := p.find(id)
	if o == nil {
		return nil
	}
	if _, err := o.pack.Left(p.s.d.codeTime()); err != nil {
		return nil
	}
	return o
}

// rowID is what the clipboard and the hiding of codes call one row.
func rowID(id PackID, i int) vault.ID {
	return vault.ID("pack " + strconv.Itoa(int(id)) + " " + strconv.Itoa(i))
}

// Row is what the list shows of the i-th account of a pack, as of an account of the vault; the zero Row when there is no code now.
func (p *Packs) Row(id PackID, i int) Row {
	o := p.running(id)
	if o == nil || i < 0 || i >= len(o.pack.Accounts) {
		return Row{}
	}
	c, now, at := o.pack.Accounts[i], p.s.d.Now(), p.s.d.codeTime()
	r := Row{ID: rowID(id, i), Issuer: clean(c.Issuer), Name: clean(c.Name), Kind: c.Kind, Digits: c.Digits(), Period: c.Period, ReadOnly: true}
	r.ClearsIn = p.s.clip.secondsLeft(r.ID, now)
	r.Copied = r.ClearsIn > 0
	code, left, err := c.Code(at)
	if err != nil {
		return r
	}
	r.Remaining = ceilSeconds(left)
	if p.s.settings.prefs.HideCodes && !now.Before(p.revealed[r.ID]) {
		r.Hidden = true
		return r
	}
	r.Code = code
	if left <= lastPart(c.Period, nextWithin) {
		r.Next, _, _ = c.Code(at.Add(left)) // none after the last one
	}
	return r
}

// Reveal shows a hidden code for a while.
func (p *Packs) Reveal(id PackID, i int) {
	p.revealed[rowID(id, i)] = p.s.d.Now().Add(revealFor)
	p.changed.call()
}

// Copy puts a code on the clipboard: the next one when fewer than 3 s remain. It is taken off again like that of an account.
func (p *Packs) Copy(id PackID, i int) { p.copyCode(id, i, false) }

// CopyNext puts the next code on the clipboard.
func (p *Packs) CopyNext(id PackID, i int) { p.copyCode(id, i, true) }

func (p *Packs) copyCode(id PackID, i int, next bool) {
	o := p.running(id)
	if o == nil || i < 0 || i >= len(o.pack.Accounts) {
		return
	}
	c, at := o.pack.Accounts[i], p.s.d.codeTime()
	code, left, err := c.Code(at)
	if err == nil && (next || left < lastPart(c.Period, copyNextWithin)) {
		switch following, _, over := c.Code(at.Add(left)); {
		case over == nil:
			code = following
		case next:
			err = over
		}
	}
	if err != nil {
		p.s.list.notify(Notice{Text: "There is no code after this one: the code pack runs out.", Error: true})
		return
	}
	p.s.clip.copy(rowID(id, i), code, func(err error) {
		if err != nil {
			p.s.list.notify(Notice{Text: "The code could not be copied. " + Sentence(err), Error: true})
		}
		p.changed.call()
	})
}

// Remove takes a pack away. Nothing but its file opens it again.
func (p *Packs) Remove(id PackID) {
	o := p.find(id)
	if o == nil || p.busy != "" {
		return
	}
	keeper, kept := p.s.d.Packs, o.kept
	if kept == "" || keeper == nil {
		p.forgetPack(id)
		p.changed.call()
		return
	}
	p.work("Removing the code pack", func(context.Context) error { return keeper.Drop(kept) }, func(err error) {
		if err == nil {
			p.forgetPack(id)
		}
	}, nil)
}

func (p *Packs) forgetPack(id PackID) {
	p.list = slices.DeleteFunc(p.list, func(o guestPack) bool {
		if o.id == id {
			o.pack.Wipe()
		}
		return o.id == id
	})
}

// Key is what others encrypt packs to that only this vault opens; "" when there is none. Check is what two people compare to know that it
// arrived as it was sent.
func (p *Packs) Key() (key, check string) {
	if p.s.state != Open || p.s.d.Packs == nil {
		return "", ""
	}
	key, err := p.s.d.Packs.Key()
	if err != nil {
		return "", ""
	}
	return key, keyCheck(key)
}

// keyCheck is 80 bits of the hash of a key, as five groups.
func keyCheck(key string) string {
	sum := sha256.Sum256([]byte("tallystick pack key 1\n" + key))
	digits := hex.EncodeToString(sum[:10])
	groups := make([]string, 0, 5)
	for g := range slices.Chunk([]byte(digits), 4) {
		groups = append(groups, string(g))
	}
	return strings.Join(groups, " ")
}

// CopyKey puts the key on the clipboard, where it stays: it is no secret.
func (p *Packs) CopyKey() {
	key, _ := p.Key()
	if key == "" {
		return
	}
	clipboard, ctx := p.s.d.Clipboard, p.s.ctx
	p.s.clip.clear()
	p.work("Copying", func(context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, clipWait)
		defer cancel()
		return clipboard.SetSecret(ctx, key)
	}, func(err error) {
		if err == nil {
			p.s.list.notify(Notice{Text: "Your key is copied. Send it to whoever makes code packs for you; it is no secret."})
		}
	}, nil)
}

// SaveKey writes the key into a file. It replaces nothing but an empty file, which is what a dialogue for saving leaves.
func (p *Packs) SaveKey(path string) {
	key, _ := p.Key()
	if key == "" {
		return
	}
	p.work("Saving", func(context.Context) error {
		_, err := saveAs(path, ".txt", []byte("# The key to encrypt Tallystick code packs to. It is no secret.\n"+key+"\n"))
		return err
	}, func(err error) {
		if err == nil {
			p.s.list.notify(Notice{Text: "Saved. Send it to whoever makes code packs for you; it is no secret."})
		}
	}, nil)
}

// Stop gives up what is under way.
func (p *Packs) Stop() {
	if p.stop == nil {
		return
	}
	p.stop()
	p.round++
	p.busy, p.stop = "", nil
	p.changed.call()
}

// opened is called when the vault is open: it keeps what was opened before there was one, and shows what was kept before.
func (p *Packs) sessionOpened() {
	keeper := p.s.d.Packs
	if keeper == nil {
		return
	}
	type unkept struct {
		id   PackID
		pack pack.Pack
		kept string
	}
	var waiting []unkept
	for _, o := range p.list {
		if o.kept == "" {
			waiting = append(waiting, unkept{id: o.id, pack: o.pack.Clone()})
		}
	}
	ctx, epoch, now := p.s.ctx, p.epoch, p.s.d.codeTime()
	var kept []shelf.Kept
	p.reading = true
	go func() {
		for i := range waiting {
			// A pack that cannot be kept is shown all the same, and its file is still there.
			waiting[i].kept, _ = keepPack(ctx, keeper, waiting[i].pack, now)
			waiting[i].pack.Wipe()
		}
		kept, _ = keeper.List(ctx, now)
		p.s.d.Post(func() {
			if p.epoch != epoch || p.s.closed {
				for i := range kept {
					kept[i].Pack.Wipe()
				}
				return
			}
			p.reading = false
			for _, w := range waiting {
				if o := p.find(w.id); o != nil {
					o.kept = w.kept
				}
			}
			for _, k := range kept {
				if slices.ContainsFunc(p.list, func(o guestPack) bool { return o.kept == k.ID }) {
					k.Pack.Wipe()
					continue
				}
				p.add(newGuestPack(k.Pack, k.ID))
			}
			p.changed.call()
		})
	}()
}

// resting reports that nothing is under way that may still change what is shown.
func (p *Packs) resting() bool { return !p.reading && p.busy == "" }

// drop forgets every code.
func (p *Packs) drop() {
	p.epoch++
	p.round++
	if p.stop != nil {
		p.stop()
	}
	for i := range p.list {
		p.list[i].pack.Wipe()
	}
	p.forgetFile()
	p.list, p.opened, p.reading, p.busy, p.err, p.stop = nil, 0, false, "", "", nil
	p.revealed = map[vault.ID]time.Time{}
}

// work runs something slow off the models' goroutine, and not in the way of saving; one at a time. stale may be nil.
func (p *Packs) work(busy string, do func(ctx context.Context) error, then func(err error), stale func()) {
	if p.busy != "" {
		if stale != nil {
			stale()
		}
		return
	}
	p.round++
	p.busy, p.err = busy, ""
	ctx, cancel := context.WithCancel(p.s.ctx)
	p.stop = cancel
	round := p.round
	go func() {
		defer cancel()
		err := do(ctx)
		p.s.d.Post(func() {
			if p.round != round || p.s.closed {
				if stale != nil {
					stale()
				}
				return
			}
			p.busy, p.stop = "", nil
			p.err = Sentence(err)
			then(err)
			p.changed.call()
		})
	}()
	p.changed.call()
}
