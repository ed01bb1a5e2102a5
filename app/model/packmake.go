package model

import (
	"context"
	"encoding/binary"
	"io"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tyler-smith/go-bip39/wordlists"

	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/otp"
	"github.com/tallystick/tallystick/vault/secret"
	"github.com/tallystick/tallystick/vault/share/pack"
)

const (
	// packSlack is how long before now the codes of a new pack begin, for a guest whose clock is behind the maker's. Codes of the past open nothing.
	packSlack = 10 * time.Minute
	// packWords is how many words a made-up passphrase has: 66 bits, which scrypt makes dear to guess.
	packWords = 6
	// maxBy is how long the name of a maker may be, in code points.
	maxBy = 60
	// maxPackKey is the most a file with a key may have, in bytes.
	maxPackKey = 1 << 16
)

// PackLock is what a code pack is encrypted under.
type PackLock int

// The locks.
const (
	PackByWords      PackLock = iota // words made up here
	PackByPassphrase                 // a passphrase the person chose
	PackByKey                        // the key of one guest
)

// PackLives are for how long a code pack can last, to choose from; the usual one is the third.
func PackLives() []time.Duration {
	const day = 24 * time.Hour
	return []time.Duration{time.Hour, 4 * time.Hour, 8 * time.Hour, day, 3 * day, 7 * day, 30 * day}
}

// ParsePackLife reads a number of hours or days that was typed. problem says what is wrong with it; "" = nothing.
func ParsePackLife(number string, days bool) (life time.Duration, problem string) {
	n, err := strconv.ParseUint(strings.TrimSpace(number), 10, 16)
	unit := time.Hour
	if days {
		unit = 24 * time.Hour
	}
	switch life = time.Duration(n) * unit; {
	case strings.TrimSpace(number) == "":
		return 0, "Type for how long."
	case err != nil || n == 0:
		return 0, "Type a whole number."
	case life > pack.MaxLife:
		return 0, "A code pack lasts at most 31 days."
	}
	return life, ""
}

// PackChoice is an account that codes could be given of.
type PackChoice struct {
	ID     vault.ID
	Title  string
	Chosen bool
	Why    string // why it cannot be in a pack; "" = it can
	Shared string // the shared vault it belongs to; "" = none
}

// PackPlan is what would be made.
type PackPlan struct {
	Accounts int
	Says     string // what the guest gets and does not get, in a sentence or two
	Shared   string // what is to be known about accounts of shared vaults; "" = nothing
	Size     string // of the file: "about 12 kB"
	Problem  string // why nothing can be made yet; "" = it can
}

// PackMaker is the flow of making a code pack: the accounts, for how long, under what, and then a file.
type PackMaker struct {
	s       *Session
	order   []vault.ID // chosen, in the order in which they were
	words   []string   // of the search
	life    time.Duration
	made    secret.Bytes // the words made up for this pack
	busy    bool
	err     string
	saved   string
	lock    PackLock // of what was saved
	until   time.Time
	round   uint64
	changed listeners
}

// PackMaker is the flow of making a code pack; always the same one.
func (s *Session) PackMaker() *PackMaker { return s.packMaker }

// OnChange registers fn to be called when anything of the flow changed.
func (m *PackMaker) OnChange(fn func()) { m.changed.add(fn) }

// Busy and Error are what the page shows of the state of things.
func (m *PackMaker) Busy() bool    { return m.busy }
func (m *PackMaker) Error() string { return m.err }

// Begin starts anew, with these accounts chosen. One that cannot be in a pack is refused with a sentence.
func (m *PackMaker) Begin(ids ...vault.ID) {
	m.drop()
	m.made = m.makeUp()
	for _, id := range ids {
		e := m.s.list.entry(id)
		if e == nil {
			continue
		}
		if why := packless(e); why != "" {
			m.err = title(e.issuer, e.name) + " " + why
			continue
		}
		m.order = append(m.order, id)
	}
	m.changed.call()
}

// Close ends the flow and wipes what it holds.
func (m *PackMaker) Close() {
	m.drop()
	m.changed.call()
}

func (m *PackMaker) drop() {
	m.round++
	m.made.Wipe()
	m.order, m.words, m.life, m.made = nil, nil, PackLives()[2], secret.Bytes{}
	m.busy, m.err, m.saved, m.lock, m.until = false, "", "", PackByWords, time.Time{}
}

// packless says why an account cannot be in a pack: the end of a sentence that begins with its name; "" = it can.
func packless(e *entry) string {
	switch {
	case e.broken != "":
		return "cannot be read."
	case e.acc.Params.Kind == otp.HOTP:
		return "counts instead of following the clock, so its codes cannot be worked out beforehand. Give your guest one code at a time."
	case !e.acc.Params.Kind.Rolling():
		return "has no codes of its own: the portal sends them."
	}
	return ""
}

// SetQuery looks for accounts by words, as in the list.
func (m *PackMaker) SetQuery(query string) {
	m.words = queryWords(query)
	m.changed.call()
}

// Choices are the accounts that match, in the order of the list, or the best match first.
func (m *PackMaker) Choices() []PackChoice {
	l := m.s.list
	if l.snap == nil {
		return nil
	}
	var out []PackChoice
	for _, i := range sift(l.snap.entries, l.snap.byName, m.words, func(*entry) bool { return true }, nil) {
		e := &l.snap.entries[i]
		c := PackChoice{ID: e.acc.ID, Title: title(e.issuer, e.name), Chosen: slices.Contains(m.order, e.acc.ID)}
		if why := packless(e); why != "" {
			c.Why = sentenceCase(why)
		}
		if b, ok := m.s.sharing.badges[e.acc.Shared]; ok && e.acc.Shared != "" {
			c.Shared = clean(b.Name)
		}
		out = append(out, c)
	}
	return out
}

// Choose takes an account in, or leaves it out.
func (m *PackMaker) Choose(id vault.ID, on bool) {
	m.err = ""
	m.order = slices.DeleteFunc(m.order, func(have vault.ID) bool { return have == id })
	if e := m.s.list.entry(id); on && e != nil && packless(e) == "" {
		m.order = append(m.order, id)
	}
	m.changed.call()
}

// Life is for how long there are to be codes.
func (m *PackMaker) Life() time.Duration { return m.life }

// SetLife chooses that; 0 = not yet known.
func (m *PackMaker) SetLife(d time.Duration) {
	m.err, m.life = "", d
	m.changed.call()
}

// chosen are the chosen accounts that are still there, as the list has them.
func (m *PackMaker) chosen() []*entry {
	var list []*entry
	for _, id := range m.order {
		if e := m.s.list.entry(id); e != nil && packless(e) == "" {
			list = append(list, e)
		}
	}
	return list
}

// Plan is what would be made now.
func (m *PackMaker) Plan() PackPlan {
	chosen := m.chosen()
	p := PackPlan{Accounts: len(chosen)}
	switch {
	case len(chosen) == 0:
		p.Problem = "Choose at least one account."
		return p
	case m.life == 0:
		p.Problem = "Choose for how long."
		return p
	}
	now := m.s.d.codeTime()
	var accounts []pack.Account
	var titles, teams []string
	for i, e := range chosen {
		accounts = append(accounts, pack.Account{Issuer: e.acc.Issuer, Name: e.acc.Name, Params: e.acc.Params})
		if i < 3 {
			titles = append(titles, title(e.issuer, e.name))
		}
		if b, ok := m.s.sharing.badges[e.acc.Shared]; ok && e.acc.Shared != "" && !slices.Contains(teams, "“"+clean(b.Name)+"”") {
			teams = append(teams, "“"+clean(b.Name)+"”")
		}
	}
	if more := len(chosen) - len(titles); more > 0 {
		titles = append(titles, strconv.Itoa(more)+" more")
	}
	size, err := pack.Size(accounts, now, m.life)
	if err != nil {
		p.Problem = Sentence(err)
		return p
	}
	here := m.s.d.Now().Location()
	p.Size = sizeWord(size)
	p.Says = "Your guest gets the codes of " + join(titles) + " until " + clockWord(now.Add(m.life).In(here), now.In(here)) +
		". They get no key and no recovery keys, and cannot make the time longer. You cannot take it back before that, and they could pass it on."
	if len(teams) > 0 {
		p.Shared = "Accounts of " + join(teams) + " are among them. The others in it are not told that you give away codes."
	}
	return p
}

// Words are the words that were made up to lock the pack.
func (m *PackMaker) Words() string { return string(m.made.Reveal()) }

// makeUp draws words for a passphrase.
func (m *PackMaker) makeUp() secret.Bytes {
	draw := make([]byte, 2*packWords)
	if _, err := io.ReadFull(m.s.d.random(), draw); err != nil {
		return secret.Bytes{} // Save refuses an empty passphrase
	}
	var words []byte
	for two := range slices.Chunk(draw, 2) {
		if len(words) > 0 {
			words = append(words, ' ')
		}
		words = append(words, wordlists.English[int(binary.BigEndian.Uint16(two))%len(wordlists.English)]...)
	}
	clear(draw)
	return secret.New(words)
}

// FileName is what the file may be called. It says nothing of the accounts.
func (m *PackMaker) FileName() string {
	return "codes-until-" + m.s.d.codeTime().Add(m.life).In(m.s.d.Now().Location()).Format("2006-01-02") + PackSuffix
}

// Me is what the person calls themselves, to begin with.
func (m *PackMaker) Me() string {
	name, _ := m.s.sharing.Me()
	return name
}

// tidyKey takes out what mail programs put into a long line.
func tidyKey(text string) string { return strings.Join(strings.Fields(text), "") }

// CheckKey says what a text is that was pasted as a guest's key: check is for both people to compare, problem what is wrong. Both are "" for
// an empty text.
func (m *PackMaker) CheckKey(text string) (check, problem string) {
	key := tidyKey(text)
	if key == "" {
		return "", ""
	}
	if !pack.IsKey(key) {
		return "", Sentence(pack.ErrRecipient)
	}
	return keyCheck(key), ""
}

// ReadKey reads a guest's key from a file, and calls then with it.
func (m *PackMaker) ReadKey(path string, then func(key string)) {
	var key string
	m.slow(func(context.Context) error {
		text, err := readFile(path, maxPackKey, pack.ErrRecipient)
		if err != nil {
			return err
		}
		var b strings.Builder
		for line := range strings.Lines(string(text)) {
			if !strings.HasPrefix(line, "#") {
				b.WriteString(tidyKey(line))
			}
		}
		if key = b.String(); !utf8.ValidString(key) || !pack.IsKey(key) {
			return pack.ErrRecipient
		}
		return nil
	}, func(err error) {
		if err == nil {
			then(key)
		}
	}, nil)
}

// NewPack is how a pack is to be made.
type NewPack struct {
	By   string // what the maker calls themselves
	Lock PackLock
	Pass secret.Bytes // for PackByPassphrase; taken over and wiped
	Key  string       // for PackByKey
}

// Save makes the pack of the chosen accounts and writes it to a file, which only its owner reads. Files that are there are never replaced, but
// for an empty one that a dialogue has just made.
func (m *PackMaker) Save(path string, n NewPack) {
	refuse := func(text string) {
		n.Pass.Wipe()
		m.err = text
		m.changed.call()
	}
	plan := m.Plan()
	key, pass := tidyKey(n.Key), n.Pass
	if n.Lock == PackByWords {
		n.Pass.Wipe()
		pass = m.made.Clone()
	}
	n.Pass = pass
	switch {
	case m.s.state != Open || m.busy:
		n.Pass.Wipe()
		return
	case plan.Problem != "":
		refuse(plan.Problem)
		return
	case n.Lock == PackByKey && key == "":
		refuse("Paste the key of your guest, or open the file with it.")
		return
	case n.Lock == PackByKey && !pack.IsKey(key):
		refuse(Sentence(pack.ErrRecipient))
		return
	case n.Lock != PackByKey && pass.IsEmpty():
		refuse("Type a passphrase first.")
		return
	}
	var ids []vault.ID
	for _, e := range m.chosen() {
		ids = append(ids, e.acc.ID)
	}
	now, life := m.s.d.codeTime(), m.life
	by := firstRunes(clean(n.By), maxBy)
	var saved string
	m.slow(func(ctx context.Context) error {
		defer pass.Wipe()
		p, err := packOf(m.s.d.Vault, ids, now, life)
		if err != nil {
			return err
		}
		defer p.Wipe()
		p.By = by
		var file []byte
		if n.Lock == PackByKey {
			file, err = p.SealTo(key)
		} else {
			file, err = p.SealPassphrase(pass)
		}
		if err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		saved, err = saveAs(path, PackSuffix, file)
		return err
	}, func(err error) {
		if err == nil {
			m.saved, m.lock, m.until = saved, n.Lock, now.Add(life)
		}
	}, func() { pass.Wipe() })
}

// packOf works out the codes of accounts. It begins a little before now, for a guest whose clock is behind.
func packOf(v Vault, ids []vault.ID, now time.Time, life time.Duration) (pack.Pack, error) {
	var accounts []pack.Account
	defer func() {
		for _, a := range accounts {
			a.Params.Secret.Wipe()
			a.Params.PIN.Wipe()
		}
	}()
	err := v.Read(func(content *vault.Vault) error {
		for _, id := range ids {
			a, ok := content.Account(id)
			if !ok {
				return vault.ErrNoAccount
			}
			accounts = append(accounts, pack.Account{Issuer: a.Issuer, Name: a.Name, Params: a.Clone().Params})
		}
		return nil
	})
	if err != nil {
		return pack.Pack{}, err
	}
	slack := min(packSlack, pack.MaxLife-life)
	return pack.Make(accounts, now.Add(-slack), life+slack)
}

// shortened is a text of at most n code points, with a sign where something was cut off.
func shortened(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	return firstRunes(s, n-1) + "…"
}

func firstRunes(s string, n int) string {
	for i := range s {
		if n == 0 {
			return s[:i]
		}
		n--
	}
	return s
}

// PackSaved is a pack that was written.
type PackSaved struct {
	File   string // its name
	Folder string // the name of the folder it is in
	Until  string // "18:00 today"
	Lock   PackLock
}

// Saved is the file that was written; ok is false before.
func (m *PackMaker) Saved() (s PackSaved, ok bool) {
	if m.saved == "" {
		return s, false
	}
	here := m.s.d.Now()
	return PackSaved{
		File: filepath.Base(m.saved), Folder: filepath.Base(filepath.Dir(m.saved)), Lock: m.lock,
		Until: clockWord(m.until.In(here.Location()), here),
	}, true
}

// slow runs work off the models' goroutine and not in the way of saving: a pack of millions of codes takes seconds. stale may be nil.
func (m *PackMaker) slow(work func(ctx context.Context) error, then func(err error), stale func()) {
	if m.busy {
		if stale != nil {
			stale()
		}
		return
	}
	m.busy, m.err = true, ""
	m.round++
	round, ctx := m.round, m.s.ctx
	go func() {
		err := work(ctx)
		m.s.d.Post(func() {
			if m.round != round || m.s.closed {
				if stale != nil {
					stale()
				}
				return
			}
			m.busy = false
			m.err = Sentence(err)
			then(err)
			m.changed.call()
		})
	}()
	m.changed.call()
}
