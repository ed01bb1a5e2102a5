package model

import (
	"context"
	"errors"
	"hash/maphash"
	"time"

	"github.com/tallystick/tallystick/app/platform"
	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/keys"
	"github.com/tallystick/tallystick/vault/secret"
)

// State is which of the big screens is shown.
type State int

// The states.
const (
	Starting State = iota
	Setup          // no vault yet
	Locked         // a passphrase is asked for
	Trouble        // the vault is there but cannot be opened: Session.Problem says what and what can be done
	Open
)

// closeWait is how long Close waits for saves and for the clipboard.
const closeWait = 3 * time.Second

// Session is the root: it owns the other models, and knows whether the vault is open.
type Session struct {
	d      Deps
	ctx    context.Context // of everything slow; ends with Close
	cancel context.CancelFunc
	seed   maphash.Seed

	state   State
	status  vault.Status
	busy    int
	working int // jobs whose end has not been taken note of
	err     string
	problem Problem

	jobs     chain  // work on the vault
	epoch    uint64 // raised by lock and close: what was started before is stale
	closed   bool
	watching bool
	reading  bool // news from outside are being read
	unread   bool // and others came meanwhile
	probing  bool // and the protection is being looked at

	opener *vault.RecoveryKey // opens sealed recovery keys while they are shown; nil = closed

	list      *List
	add       *Add
	keep      *Keep
	doctor    *Doctor
	kits      *Kit
	backup    *Backup
	restore   *Restore
	export    *Export
	moveIn    *MoveIn
	printout  *Printout
	rescue    *Rescue
	sharing   *Sharing
	packs     *Packs
	packMaker *PackMaker
	settings  *Settings
	clip      *clip
	idle      autoLock
	changed   listeners
}

// NewSession makes the models. It reads the settings, and nothing else yet.
func NewSession(d Deps) *Session {
	s := &Session{d: d, seed: maphash.MakeSeed()}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.list = newList(s)
	s.settings = newSettings(&s.d, func(err error) {
		s.list.notify(Notice{Text: "The settings could not be saved. " + Sentence(err), Error: true})
	})
	s.list.sort = s.settings.prefs.Sort
	s.settings.OnChange(s.prefsChanged)
	s.add = newAdd(s)
	s.keep = &Keep{s: s}
	s.doctor = newDoctor(s)
	s.kits = &Kit{task: task{s: s}}
	s.backup, s.restore, s.export = &Backup{task: task{s: s}}, &Restore{task: task{s: s}}, &Export{task: task{s: s}}
	s.moveIn = &MoveIn{s: s}
	s.printout = &Printout{task: task{s: s}, chosen: map[vault.ID]bool{}}
	s.rescue = &Rescue{s: s}
	s.sharing = newSharing(s)
	s.packs, s.packMaker = &Packs{s: s}, &PackMaker{s: s}
	s.packs.drop()
	s.packMaker.drop()
	s.clip = &clip{s: s}
	s.idle = autoLock{s: s}
	return s
}

// Start looks at the vault, and opens it when no passphrase is needed. Everything
// slow ends when ctx does.
func (s *Session) Start(ctx context.Context) {
	s.cancel()
	s.ctx, s.cancel = context.WithCancel(ctx)
	s.examine()
}

// State is the screen to show.
func (s *Session) State() State { return s.state }

// Busy reports that slow work is under way on the current screen.
func (s *Session) Busy() bool { return s.busy > 0 }

// Error is the last sentence for the current screen; "" = none.
func (s *Session) Error() string { return s.err }

// Problem is what to show in Trouble.
func (s *Session) Problem() Problem { return s.problem }

// KeyringWorks decides whether Setup may do without a passphrase.
func (s *Session) KeyringWorks() bool { return s.status.KeyringErr == nil }

// KeyringSentence says in words why the keyring cannot be used; "" when it can.
func (s *Session) KeyringSentence() string { return keyringSentence(s.status.KeyringErr) }

// HasPassphrase reports whether there is something to lock with.
func (s *Session) HasPassphrase() bool {
	return s.status.Exists && s.status.Protection.NeedsPassphrase()
}

// List, Add and Settings are the other models; always the same ones.
func (s *Session) List() *List { return s.list }

// Add is the flow of adding an account.
func (s *Session) Add() *Add { return s.add }

// Settings is what the person chose about the window.
func (s *Session) Settings() *Settings { return s.settings }

// OnChange registers fn to be called after anything a screen shows changed: state,
// busy, error.
func (s *Session) OnChange(fn func()) { s.changed.add(fn) }

// job runs work after all work on the vault that was asked for before, off the
// models' goroutine, and then then on it, unless the vault was locked or closed
// meanwhile; in that case stale (which may be nil) runs instead.
func (s *Session) job(work func(ctx context.Context), then, stale func()) (done <-chan struct{}) {
	ctx, epoch := s.ctx, s.epoch
	s.working++
	return s.jobs.do(func() {
		work(ctx)
		s.d.Post(func() {
			s.working--
			if s.epoch == epoch && !s.closed {
				then()
			} else if stale != nil {
				stale()
			}
		})
	})
}

// Resting reports whether nothing is under way that may still change what the pages show: no job, and no first look at the
// shared vaults and the kept code packs. Whoever draws a page to keep it waits for that.
func (s *Session) Resting() bool {
	return s.working == 0 && s.busy == 0 && s.sharing.resting() && s.packs.resting()
}

// slow is job with the screen shown as busy meanwhile.
func (s *Session) slow(work func(ctx context.Context), then func()) {
	s.busy++
	s.err = ""
	s.job(work, func() {
		s.busy--
		then()
		s.changed.call()
	}, func() {
		s.busy--
		s.changed.call()
	})
	s.changed.call()
}

// opening is what an attempt to open the vault brought.
type opening struct {
	status      vault.Status
	snap        *snapshot
	generations []vault.Generation
	err         error
}

// open unlocks with pass, which it wipes, and reads the content. It runs off the
// models' goroutine.
func (s *Session) open(ctx context.Context, pass secret.Bytes) (o opening) {
	defer pass.Wipe()
	if o.status, o.err = s.d.Vault.Status(ctx); o.err != nil {
		return s.withGenerations(o)
	}
	if !o.status.Exists {
		o.err = vault.ErrAbsent
		return o
	}
	if !o.status.Unlocked {
		if o.status.Protection.NeedsPassphrase() && pass.IsEmpty() {
			o.err = vault.ErrNeedPass
			return o
		}
		if o.err = s.d.Vault.Unlock(ctx, pass); o.err != nil {
			return s.withGenerations(o)
		}
		o.status.Unlocked = true
	}
	o.snap, o.err = readSnapshot(s.d.Vault, s.seed, 0)
	return o
}

func (s *Session) withGenerations(o opening) opening {
	if restorable(o.err) {
		// Not being able to list them leaves none to offer; the trouble itself is told anyway.
		o.generations, _ = s.d.Vault.Generations()
	}
	return o
}

// examine finds out what there is and opens it where that needs nobody.
func (s *Session) examine() {
	if s.closed {
		return
	}
	s.state, s.problem = Starting, Problem{}
	var o opening
	s.slow(func(ctx context.Context) { o = s.open(ctx, secret.Bytes{}) }, func() {
		s.status = o.status
		switch {
		case o.err == nil:
			s.opened(o.snap)
		case errors.Is(o.err, vault.ErrAbsent) && !o.status.Exists && len(o.generations) == 0:
			s.state = Setup
		case errors.Is(o.err, vault.ErrNeedPass), errors.Is(o.err, vault.ErrLocked):
			s.state = Locked
			if o.status.KeyringErr != nil {
				s.err = lockedWithoutKeyring(o.status)
			}
		default:
			s.trouble(o)
		}
	})
}

func (s *Session) trouble(o opening) {
	s.state = Trouble
	s.problem = problemFor(o.err, o.generations, s.status.Protection.NeedsPassphrase())
}

// Create makes the vault: Setup → Open. pass is taken over and wiped; it may be
// empty where the keyring works.
func (s *Session) Create(pass secret.Bytes) {
	if s.state != Setup || s.busy > 0 {
		pass.Wipe()
		return
	}
	if pass.IsEmpty() && !s.KeyringWorks() {
		s.err = s.KeyringSentence()
		s.changed.call()
		return
	}
	var o opening
	s.slow(func(ctx context.Context) {
		if o.err = s.d.Vault.Create(ctx, pass); o.err != nil {
			pass.Wipe()
			// Whatever Create found may have changed what can be done now.
			if st, err := s.d.Vault.Status(ctx); err == nil {
				o.status = st
			}
			return
		}
		o = s.open(ctx, pass)
	}, func() {
		switch {
		case o.err == nil:
			s.status = o.status
			s.opened(o.snap)
		case errors.Is(o.err, vault.ErrExists):
			s.examine() // somebody else made one meanwhile: open that
		default:
			if o.status.KeyringErr != nil {
				s.status.KeyringErr = o.status.KeyringErr
			}
			s.err = Sentence(o.err)
		}
	})
}

// Unlock opens the vault: Locked → Open. pass is taken over and wiped.
func (s *Session) Unlock(pass secret.Bytes) {
	if s.state != Locked || s.busy > 0 {
		pass.Wipe()
		return
	}
	var o opening
	s.slow(func(ctx context.Context) { o = s.open(ctx, pass) }, func() {
		s.status = orStatus(o.status, s.status)
		switch {
		case o.err == nil:
			s.opened(o.snap)
		case errors.Is(o.err, vault.ErrPassphrase), errors.Is(o.err, vault.ErrNeedPass), errors.Is(o.err, vault.ErrBusy),
			errors.Is(o.err, context.Canceled), errors.Is(o.err, context.DeadlineExceeded):
			s.err = Sentence(o.err)
		default:
			s.trouble(o)
		}
	})
}

// orStatus keeps what was known when nothing new could be learned.
func orStatus(now, before vault.Status) vault.Status {
	if now == (vault.Status{}) {
		return before
	}
	return now
}

// lockedWithoutKeyring is what the lock screen says when the keyring does not
// answer: without it a passphrase alone may not be enough.
func lockedWithoutKeyring(st vault.Status) string {
	if st.Protection != keys.ByKeyringAndPassphrase {
		return ""
	}
	if errors.Is(st.KeyringErr, vault.ErrKeyLocked) {
		return "This computer's keyring is locked or did not answer. Unlock it first: it holds the other half of the key."
	}
	return "This computer's keyring is not running. Start it first: it holds the other half of the key."
}

// Retry looks again: Trouble → anything.
func (s *Session) Retry() {
	if s.busy == 0 && (s.state == Trouble || s.state == Setup || s.state == Locked) {
		s.examine()
	}
}

// RestoreGeneration puts an older copy of the vault in place and opens it:
// Trouble → Open. pass is taken over and wiped; it may be empty where none is set.
func (s *Session) RestoreGeneration(g vault.Generation, pass secret.Bytes) {
	if s.state != Trouble || s.busy > 0 {
		pass.Wipe()
		return
	}
	var o opening
	s.slow(func(ctx context.Context) {
		if o.err = s.d.Vault.RestoreGeneration(ctx, g, pass); o.err != nil {
			pass.Wipe()
			o = s.withGenerations(o)
			return
		}
		o = s.open(ctx, pass)
	}, func() {
		s.status = orStatus(o.status, s.status)
		switch {
		case o.err == nil:
			s.opened(o.snap)
		case errors.Is(o.err, vault.ErrNeedPass) && o.status.Exists:
			s.state, s.problem = Locked, Problem{} // restored; the passphrase is asked for next
		default:
			s.err = Sentence(o.err)
		}
	})
}

// opened takes the content over and shows it.
func (s *Session) opened(snap *snapshot) {
	s.state, s.err, s.problem = Open, "", Problem{}
	s.rescue.drop()
	s.list.load(snap, false)
	s.idle.restart()
	s.watch()
	s.list.purgeOld()
	s.add.opened()
	s.doctor.opened()
	s.backup.opened()
	s.export.opened()
	s.sharing.opened()
	s.packs.sessionOpened()
}

// Lock closes the vault behind a passphrase. locked is false, with a sentence that
// says why, when there is nothing to lock or nothing to lock with.
func (s *Session) Lock() (sentence string, locked bool) {
	switch {
	case s.state == Locked:
		return "", true
	case s.state != Open:
		return "Nothing is open, so there is nothing to lock.", false
	case !s.HasPassphrase():
		return Sentence(vault.ErrNoLock), false
	}
	s.lockNow()
	return "", true
}

// LockAsAsked is Lock for another process, which may have set the passphrase a moment ago: where none is known yet, it is asked
// for first. then is called once, on the models' goroutine, before it returns or later.
func (s *Session) LockAsAsked(then func(locked bool)) {
	if s.state != Open || s.HasPassphrase() {
		_, locked := s.Lock()
		then(locked)
		return
	}
	ctx, epoch := s.ctx, s.epoch
	go func() { // not a job: a keyring may take its time to answer
		st, err := s.d.Vault.Status(ctx)
		s.d.Post(func() {
			if err == nil && !s.closed && s.epoch == epoch {
				s.status = st
			}
			_, locked := s.Lock()
			then(locked)
		})
	}()
}

// lockNow drops everything at once, and then lets the vault wipe its keys after
// the saves that are under way.
func (s *Session) lockNow() {
	used := s.drop()
	s.state, s.err = Locked, ""
	epoch := s.epoch
	var err error
	s.job(func(ctx context.Context) {
		markUsed(ctx, s.d.Vault, used)
		err = s.d.Vault.Lock()
		s.sharing.letGo()
	}, func() {
		if s.epoch == epoch && err != nil && s.state == Locked && s.busy == 0 {
			s.examine() // the passphrase was taken away by another process: what holds now?
		}
	}, nil)
	s.changed.call()
}

// drop forgets every account, and returns which were used but not yet saved as used.
func (s *Session) drop() map[vault.ID]time.Time {
	s.epoch++
	s.reading = false
	s.idle.stop()
	s.clip.clear()
	s.add.drop()
	s.keep.drop()
	s.doctor.Leave()
	s.kits.drop()
	s.backup.drop()
	s.restore.drop()
	s.export.drop()
	s.moveIn.drop()
	s.rescue.drop()
	s.printout.drop()
	s.sharing.drop()
	s.packs.drop()
	s.packMaker.drop()
	s.CloseRecovery()
	return s.list.drop()
}

// Confirm asks who sits there, before something that shows a key. done gets true at
// once when no passphrase is set. pass is taken over and wiped.
func (s *Session) Confirm(pass secret.Bytes, done func(ok bool, sentence string)) {
	if s.state != Open {
		pass.Wipe()
		done(false, Sentence(vault.ErrLocked))
		return
	}
	if !s.HasPassphrase() {
		pass.Wipe()
		done(true, "")
		return
	}
	var err error
	s.slow(func(ctx context.Context) {
		err = s.d.Vault.Verify(ctx, pass)
		pass.Wipe()
	}, func() {
		if errors.Is(err, vault.ErrNoLock) {
			err = nil // taken away meanwhile: nothing is set, as above
		}
		done(err == nil, Sentence(err))
	})
}

// SetPassphrase sets, changes or (with an empty new) removes the app lock. done
// gets "" when it is done. Both are taken over and wiped.
func (s *Session) SetPassphrase(old, new secret.Bytes, done func(sentence string)) {
	if s.state != Open {
		old.Wipe()
		new.Wipe()
		done(Sentence(vault.ErrLocked))
		return
	}
	var err, statusErr error
	var st vault.Status
	s.slow(func(ctx context.Context) {
		err = s.d.Vault.SetPassphrase(ctx, old, new)
		old.Wipe()
		new.Wipe()
		st, statusErr = s.d.Vault.Status(ctx)
	}, func() {
		if statusErr == nil {
			s.status = st
		}
		s.idle.restart()
		sentence := Sentence(err)
		if errors.Is(err, vault.ErrNeedPass) && !s.KeyringWorks() {
			sentence = "Without a keyring the passphrase is what protects your accounts, so it cannot be removed."
		}
		done(sentence)
	})
}

// Touch says that the person did something: it puts the auto-lock off.
func (s *Session) Touch() { s.idle.touch() }

// Left says that the person went away: the session of the computer was locked, or
// it sleeps. The clipboard is cleared either way; the vault is locked when the
// settings say so and a passphrase is set.
func (s *Session) Left(platform.Signal) {
	if s.state != Open {
		return
	}
	if s.settings.prefs.LockOnSleep && s.HasPassphrase() {
		s.lockNow()
		return
	}
	s.clip.clear()
	s.list.conceal()
}

// Close ends the session: it takes a copied code off the clipboard, saves what is
// not saved, and lets the vault wipe its keys. It waits for that, at most
// closeWait. Nothing is called back afterwards.
func (s *Session) Close() {
	if s.closed {
		return
	}
	s.closed = true
	used := s.drop()
	// The app's context may have ended already, and that must not cost the last save.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(s.ctx), closeWait)
	defer cancel()
	locked := s.jobs.do(func() {
		markUsed(ctx, s.d.Vault, used)
		_ = s.d.Vault.Lock() // without a passphrase there is nothing to lock; whoever owns the vault closes it
		s.sharing.letGo()
	})
	for _, done := range []<-chan struct{}{s.clip.done(), s.settings.save(), locked} {
		select {
		case <-done:
		case <-ctx.Done():
		}
	}
	s.cancel()
}

// watch starts to listen for changes from outside, once.
func (s *Session) watch() {
	if s.watching {
		return
	}
	s.watching = true
	ctx := s.ctx
	go func() {
		// When watching is not possible (a network file system, no watches left), every
		// save still sees the other process's change before it writes.
		_ = s.d.Vault.Watch(ctx, func() { s.d.Post(s.news) })
		s.d.Post(s.news) // what changed after the reading and before the watching
	}()
}

// news reads the vault again after something, perhaps we ourselves, changed it.
func (s *Session) news() {
	if s.state != Open || s.closed {
		return
	}
	if s.reading {
		s.unread = true
		return
	}
	s.reading, s.unread = true, false
	s.probe()
	var snap *snapshot
	var err error
	known := s.list.print()
	s.job(func(ctx context.Context) {
		if _, err = s.d.Vault.Reload(ctx); err == nil {
			snap, err = readSnapshot(s.d.Vault, s.seed, known)
		}
	}, func() {
		s.reading = false
		switch {
		case errors.Is(err, vault.ErrLocked), errors.Is(err, vault.ErrNeedPass), errors.Is(err, vault.ErrPassphrase):
			// Locked, or given another passphrase, from outside.
			s.drop()
			s.sharing.letGo()
			s.state = Starting
			s.examine()
		case err != nil:
			s.list.notify(Notice{Text: "Another program changed the file with your accounts, and it cannot be read now. " + Sentence(err), Error: true})
		case snap != nil && snap.print == s.list.print():
			snap.wipe()
		case snap != nil:
			s.list.load(snap, false)
			s.sharing.vaultChanged()
		}
		if s.unread {
			s.news()
		}
	}, func() { snap.wipe() })
}

// probe finds out whether the protection is still what it was: another process may
// have set a passphrase. Not a job, because a keyring may take its time to answer,
// and saves should not wait for it.
func (s *Session) probe() {
	if s.probing {
		return
	}
	s.probing = true
	ctx, epoch := s.ctx, s.epoch
	go func() {
		st, err := s.d.Vault.Status(ctx)
		s.d.Post(func() {
			s.probing = false
			if err != nil || s.closed || s.epoch != epoch || st.Protection == s.status.Protection {
				return
			}
			s.status = st
			s.idle.restart()
			s.changed.call()
		})
	}()
}

// prefsChanged lets a changed preference take effect.
func (s *Session) prefsChanged() {
	s.idle.restart()
	s.list.prefsChanged(s.settings.prefs)
}
