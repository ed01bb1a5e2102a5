package model

import (
	"context"
	"fmt"
	"time"

	"github.com/tallystick/tallystick/app/clock"
	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/otp"
)

const (
	// measureTime bounds one comparison of the clock; each source gets less.
	measureTime = 15 * time.Second
	// typedFor is how long ago a portal may have taken a code when somebody says that it
	// did.
	typedFor = 10 * time.Second
	// reloadEvery is how often the window looks whether another process corrected codes.
	reloadEvery = 10 // seconds
)

// Doctor is the check-up: what works, and how wrong the clock is. Nothing is asked over
// the network but by Measure.
type Doctor struct {
	s      *Session
	checks []Check
	busy   string
	found  *clock.Finding // the last comparison; nil = none, or none that still holds
	lines  []SourceLine
	err    string
	use    clock.Use // at the last look, to see a change
	round  uint64    // raised when what is under way is no longer wanted
	stop   context.CancelFunc

	changed listeners
}

func newDoctor(s *Session) *Doctor { return &Doctor{s: s, stop: func() {}} }

// Doctor is the check-up; always the same one.
func (s *Session) Doctor() *Doctor { return s.doctor }

// OnChange registers fn to be called after anything of the check-up changed.
func (d *Doctor) OnChange(fn func()) { d.changed.add(fn) }

// Checks is what was found, in the order in which it was looked at. One of them is
// called "clock".
func (d *Doctor) Checks() []Check { return d.checks }

// Busy says what is under way; "" = nothing.
func (d *Doctor) Busy() string { return d.busy }

// Error is why the last thing that was asked for could not be done; "" = it was.
func (d *Doctor) Error() string { return d.err }

// Begin looks at everything, and asks nobody on the network.
func (d *Doctor) Begin() {
	body := d.body()
	found := d.found
	var checks []Check
	d.slow("Looking…", func(ctx context.Context) string {
		if body.Clock != nil {
			body.Clock.Reload()
		}
		checks = body.CheckUp(ctx, found)
		return ""
	}, func() { d.checks = checks })
}

// Leave ends what is under way and forgets what was found.
func (d *Doctor) Leave() {
	d.round++
	d.stop()
	d.checks, d.busy, d.found, d.lines, d.err = nil, "", nil, nil, ""
}

// body is what to look at, made ready for another goroutine.
func (d *Doctor) body() Body {
	b, s := d.s.d.Body, d.s
	state := d.vaultCheck()
	b.Vault = func(context.Context) Check { return state }
	b.Older, b.Now, b.Clock, b.Clipboard = s.d.Vault.Generations, s.d.Now, s.d.Clock, s.d.Clipboard
	if keeper := s.d.Backups; keeper != nil && s.state == Open {
		accounts := s.list.Total()
		b.Backups = func(ctx context.Context) (f BackupsFound) {
			f.Accounts = accounts
			f.Status, f.Err = keeper.Status()
			f.Newest, f.OpenErr = keeper.Check(ctx)
			return f
		}
	}
	return b
}

func (d *Doctor) vaultCheck() Check {
	s := d.s
	switch {
	case s.state == Open:
		unreadable := 0
		for i := range s.list.snap.entries {
			if s.list.snap.entries[i].broken != "" {
				unreadable++
			}
		}
		return VaultOpen(len(s.list.snap.entries)-unreadable, len(s.list.snap.trash), unreadable, s.HasPassphrase())
	case s.status.Exists:
		return Check{Text: "It is there, and not open."}
	}
	return Check{Text: "There is none yet."}
}

// slow runs work off the models' goroutine, and then then on it, unless the check-up was
// left meanwhile. What work returns is the sentence of Error.
func (d *Doctor) slow(busy string, work func(ctx context.Context) string, then func()) {
	d.round++
	d.stop()
	ctx, cancel := context.WithTimeout(d.s.ctx, measureTime)
	d.stop = cancel
	round := d.round
	d.busy, d.err = busy, ""
	post := d.s.d.Post
	go func() {
		defer cancel()
		sentence := work(ctx)
		post(func() {
			if d.round != round || d.s.closed {
				return
			}
			d.busy, d.err = "", sentence
			then()
			d.look()
			d.changed.call()
		})
	}()
	d.changed.call()
}

// Sources are the hosts that Measure asks: those of the sign-in addresses of accounts.
func (d *Doctor) Sources() []string {
	var names []string
	for _, s := range (clock.Web{}).Sources(d.addresses()) {
		if len(names) == clock.MaxSources {
			break
		}
		names = append(names, clean(s.Name()))
	}
	return names
}

// addresses are the web addresses of live accounts, in the person's own order.
func (d *Doctor) addresses() []string {
	var list []string
	if d.s.state == Open {
		for i := range d.s.list.snap.entries {
			if u := d.s.list.snap.entries[i].url; u != "" {
				list = append(list, u)
			}
		}
	}
	return list
}

// Measure compares the clock with the web servers of [Doctor.Sources] and with a time
// server, when a person named one. It is the one thing here that goes to the network.
func (d *Doctor) Measure(server string) {
	if d.s.d.Clock == nil || d.busy != "" {
		return
	}
	sources, err := d.sources(d.addresses(), server)
	if err != nil {
		d.err = Sentence(err)
		d.changed.call()
		return
	}
	d.compare("Comparing the clock…", sources)
}

func (d *Doctor) sources(addresses []string, server string) ([]clock.Source, error) {
	if d.s.d.TimeSources != nil {
		return d.s.d.TimeSources(addresses, server)
	}
	return TimeSources(addresses, server, d.s.d.Now)
}

// TimeSources makes the real sources: the web servers of addresses, and the time server
// a person named ("" = none), which is never left out. clock.ErrAddress when it cannot be one.
func TimeSources(addresses []string, server string, now func() time.Time) ([]clock.Source, error) {
	var list []clock.Source
	if server != "" {
		s, err := clock.TimeServer(server, now)
		if err != nil {
			return nil, err
		}
		list = append(list, s)
	}
	return append(list, clock.Web{Now: now}.Sources(addresses)...), nil
}

// compare asks sources and shows what they say. What was found is kept, for when there
// is no network.
func (d *Doctor) compare(busy string, sources []clock.Source) {
	body := d.body()
	var found clock.Finding
	var check Check
	d.slow(busy, func(ctx context.Context) string {
		found = body.Clock.Measure(ctx, sources)
		err := body.Clock.Keep(found)
		check = body.clock(&found)
		return Sentence(err)
	}, func() {
		d.found, d.lines = &found, SourceLines(found.Readings)
		d.replace(check)
	})
}

// replace shows a new check of the clock.
func (d *Doctor) replace(check Check) {
	check.Name = "clock"
	for i := range d.checks {
		if d.checks[i].Name == check.Name {
			d.checks[i] = check
		}
	}
}

// Readings is what each source said in the last comparison, in words.
func (d *Doctor) Readings() []SourceLine { return d.lines }

// CanApply says by how much codes would be corrected ("47 s"), or why they cannot be;
// both "" when nothing was found, or when there is nothing to correct.
func (d *Doctor) CanApply() (by, whyNot string) {
	f, ok := d.applicable()
	if !ok || d.busy != "" {
		return "", ""
	}
	if s := d.s.d.Clock.Status(); s.Use == clock.Used && (s.Correction-f.Offset).Abs() <= f.Error+time.Second {
		return "", "" // it is
	}
	switch err := f.Fits(); err {
	case nil:
		return correctionWords(f.Offset), ""
	case clock.ErrRight:
		return "", ""
	default:
		return "", Sentence(err)
	}
}

// applicable is what codes would be corrected by: what was just found, or what was
// found a while ago.
func (d *Doctor) applicable() (clock.Finding, bool) {
	switch {
	case d.s.d.Clock == nil:
		return clock.Finding{}, false
	case d.found != nil:
		return *d.found, d.found.Answered > 0
	}
	return d.s.d.Clock.Recall()
}

// Apply corrects codes by what was found: the person agreed.
func (d *Doctor) Apply() {
	f, ok := d.applicable()
	if !ok || d.busy != "" {
		return
	}
	d.change("Correcting codes…", func(c *clock.Clock) error { return c.Apply(f) })
}

// CanForget reports whether something is kept about the clock.
func (d *Doctor) CanForget() bool {
	return d.s.d.Clock != nil && d.s.d.Clock.Status().Use != clock.None
}

// Forget ends the correction.
func (d *Doctor) Forget() {
	if d.s.d.Clock == nil || d.busy != "" {
		return
	}
	d.change("Forgetting the correction…", (*clock.Clock).Forget)
}

// change changes what is kept about the clock, and looks at it again.
func (d *Doctor) change(busy string, fn func(*clock.Clock) error) {
	body, found := d.body(), d.found
	var check Check
	d.slow(busy, func(context.Context) string {
		err := fn(body.Clock)
		check = body.clock(found)
		return Sentence(err)
	}, func() {
		d.replace(check)
		d.s.list.ticked.call() // codes may be others now
	})
}

// TrialCode is one of the codes around now, to find out which one a portal takes.
type TrialCode struct {
	Code   string
	When   string // "now", "half a minute ago" …
	step   int64
	period time.Duration
}

// Triable are the accounts that Trial has codes of, by name.
func (d *Doctor) Triable() []Row {
	if d.s.state != Open || d.s.d.Clock == nil {
		return nil
	}
	var rows []Row
	for _, i := range d.s.list.snap.byName {
		if e := &d.s.list.snap.entries[i]; e.broken == "" && e.acc.Params.Kind == otp.TOTP {
			rows = append(rows, Row{ID: e.acc.ID, Issuer: e.issuer, Name: e.name})
		}
	}
	return rows
}

// Trial is the codes of an account around the time of the system clock, the earliest
// first, to be typed into a portal that refuses the present one; nil for accounts whose
// codes do not follow the time. The portal taking one of them tells how wrong the clock
// is, without a network.
func (d *Doctor) Trial(id vault.ID) []TrialCode {
	e := d.s.list.entry(id)
	if e == nil || e.broken != "" || e.acc.Params.Kind != otp.TOTP || d.s.d.Clock == nil {
		return nil
	}
	now, p := d.s.d.Clock.System(), e.acc.Params
	var list []TrialCode
	for n := -2; n <= 2; n++ {
		at := now.Add(time.Duration(n*p.Period) * time.Second)
		code, err := p.Code(at)
		if err != nil {
			return nil
		}
		list = append(list, TrialCode{Code: code, When: ago(n * p.Period), step: at.Unix() / int64(p.Period), period: time.Duration(p.Period) * time.Second})
	}
	return list
}

// ago writes a distance in seconds to now.
func ago(n int) string {
	if n == 0 {
		return "now"
	}
	size := seconds(max(n, -n))
	switch max(n, -n) {
	case 30:
		size = "half a minute"
	case 60:
		size = "a minute"
	case 120:
		size = "two minutes"
	}
	if n < 0 {
		return size + " ago"
	}
	return "in " + size
}

// Took says that the portal just took a code of Trial.
func (d *Doctor) Took(code TrialCode) {
	if d.s.d.Clock == nil || d.busy != "" {
		return
	}
	now := d.s.d.Clock.System()
	d.compare("Working it out…", []clock.Source{clock.Accepted(now.Add(-typedFor), now, code.period, code.step)})
}

// Tick notices when codes stop being corrected, or start to be by another process. The
// view calls it once a second.
func (d *Doctor) Tick() {
	c := d.s.d.Clock
	if c == nil || d.s.state != Open {
		return
	}
	d.look()
	if d.s.d.Now().Unix()%reloadEvery == 0 {
		post, round := d.s.d.Post, d.round
		go func() {
			c.Reload()
			post(func() {
				if d.round == round && !d.s.closed {
					d.look()
				}
			})
		}()
	}
}

// look tells when codes are no longer corrected: what was right a moment ago would
// otherwise be wrong without a word.
func (d *Doctor) look() {
	if d.s.d.Clock == nil || d.s.state != Open {
		return
	}
	s := d.s.d.Clock.Status()
	if before := d.use; s.Use != before {
		d.use = s.Use
		if text := UnusedCorrection(s); text != "" {
			d.s.list.notify(Notice{Text: fmt.Sprintf("%s Compare the clock again in the check-up.", text), Error: true})
		}
		d.s.list.ticked.call()
	}
}

// opened says what has to be said about the clock when the vault was opened, once the
// screen that says it is there.
func (d *Doctor) opened() { d.s.d.Post(d.look) }
