package apptest

import (
	"context"
	"image"
	"slices"
	"sync"
	"testing/synctest"
	"time"

	"github.com/tallystick/tallystick/app/model"
	"github.com/tallystick/tallystick/scanner"
	"github.com/tallystick/tallystick/scanner/capture"
	"github.com/tallystick/tallystick/scanner/clipimage"
	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/keys"
	"github.com/tallystick/tallystick/vault/otp"
	"github.com/tallystick/tallystick/vault/secret"
	"github.com/tallystick/tallystick/vault/vaulttest"
)

// Loop is the window's event loop and its clock, both moved by hand. What is posted
// runs only when the test says so, on the test's goroutine, which therefore owns the
// models.
type Loop struct {
	mu     sync.Mutex
	more   sync.Cond
	now    time.Time
	queue  []func()
	timers []*loopTimer
}

type loopTimer struct {
	at   time.Time
	fn   func()
	done bool
}

// NewLoop returns a loop whose clock shows start and stands still.
func NewLoop(start time.Time) *Loop {
	l := &Loop{now: start}
	l.more.L = &l.mu
	return l
}

// Now is model.Deps.Now.
func (l *Loop) Now() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.now
}

// Post is model.Deps.Post.
func (l *Loop) Post(fn func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.queue = append(l.queue, fn)
	l.more.Broadcast()
}

// After is model.Deps.After.
func (l *Loop) After(d time.Duration, fn func()) (stop func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	t := &loopTimer{at: l.now.Add(d), fn: fn}
	l.timers = append(l.timers, t)
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		t.done = true
	}
}

// Timers is how many timers wait.
func (l *Loop) Timers() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(slices.DeleteFunc(slices.Clone(l.timers), func(t *loopTimer) bool { return t.done }))
}

// Run runs what was posted, and what that posts, until nothing is left. It does not
// wait for goroutines.
func (l *Loop) Run() {
	for {
		l.mu.Lock()
		if len(l.queue) == 0 {
			l.mu.Unlock()
			return
		}
		fn := l.queue[0]
		l.queue = l.queue[1:]
		l.mu.Unlock()
		fn()
	}
}

// Settle runs until every goroutine has ended or waits for something that only the
// test can bring. Only inside synctest.Test.
func (l *Loop) Settle() {
	for {
		synctest.Wait()
		l.mu.Lock()
		idle := len(l.queue) == 0
		l.mu.Unlock()
		if idle {
			return
		}
		l.Run()
	}
}

// Until runs what is posted, waiting for it, until cond holds. For tests with real
// goroutines outside synctest.Test; a test that gets stuck here ends by go test's
// timeout.
func (l *Loop) Until(cond func() bool) {
	for {
		l.Run()
		if cond() {
			return
		}
		l.mu.Lock()
		for len(l.queue) == 0 {
			l.more.Wait()
		}
		l.mu.Unlock()
	}
}

// Advance moves the clock, stopping at every timer that is due on the way, and
// settles after each. Only inside synctest.Test.
func (l *Loop) Advance(d time.Duration) {
	l.Settle()
	l.mu.Lock()
	end := l.now.Add(d)
	l.mu.Unlock()
	for l.fire(end) {
		l.Settle()
	}
	l.Jump(end)
}

// Jump sets the clock without any timer running, as when the computer slept.
func (l *Loop) Jump(to time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.now = to
}

// fire posts the first timer due until end.
func (l *Loop) fire(end time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.timers = slices.DeleteFunc(l.timers, func(t *loopTimer) bool { return t.done })
	var first *loopTimer
	for _, t := range l.timers {
		if !t.at.After(end) && (first == nil || t.at.Before(first.at)) {
			first = t
		}
	}
	if first == nil {
		return false
	}
	first.done = true
	if first.at.After(l.now) {
		l.now = first.at
	}
	l.queue = append(l.queue, first.fn)
	l.more.Broadcast()
	return true
}

// Vault is a vault.Manager in memory, for tests of the models and the views: no
// disk, no key derivation. It can be made to fail and to wait.
type Vault struct {
	Clock func() time.Time // of HOTP uses; nil = the zero time

	mu         sync.Mutex
	content    *vault.Vault
	pass       string
	noRing     bool // made without a keyring
	open       bool
	keyring    error
	fail       map[string]error
	gates      map[string]chan struct{}
	calls      map[string]int
	watchers   map[int]func()
	watches    int
	older      []vault.Generation
	unreloaded bool
}

var _ model.Vault = (*Vault)(nil)

// NewVault returns a store without a vault in it yet.
func NewVault() *Vault {
	return &Vault{
		fail: map[string]error{}, gates: map[string]chan struct{}{}, calls: map[string]int{}, watchers: map[int]func(){},
	}
}

// Fill makes the vault, locked, with these accounts in it, and returns their ids in
// order. pass may be empty.
func (v *Vault) Fill(pass string, accounts ...vault.Account) []vault.ID {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.content, v.pass, v.open = vault.New(), pass, false
	ids := make([]vault.ID, len(accounts))
	for i, a := range accounts {
		made, err := v.content.Add(a, counting{byte(i), byte(i >> 8)}, time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
		if err != nil {
			panic(err) // a mistake in the test
		}
		ids[i] = made.ID
	}
	return ids
}

// counting is a source of ids that differ and sort in order.
type counting [2]byte

func (c counting) Read(p []byte) (int, error) {
	clear(p)
	if len(p) > 1 {
		p[0], p[1] = c[1], c[0]
	}
	return len(p), nil
}

// Fail makes every later call of op ("update", "unlock", …) return err; nil heals it.
func (v *Vault) Fail(op string, err error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.fail[op] = err
}

// Hold makes the next calls of op wait, before they do anything, until release.
func (v *Vault) Hold(op string) (release func()) {
	v.mu.Lock()
	defer v.mu.Unlock()
	gate := make(chan struct{})
	v.gates[op] = gate
	return func() {
		v.mu.Lock()
		delete(v.gates, op)
		v.mu.Unlock()
		close(gate)
	}
}

// Calls is how often op was called.
func (v *Vault) Calls(op string) int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.calls[op]
}

// Keyring makes the keyring answer with err.
func (v *Vault) Keyring(err error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.keyring = err
}

// Older are the generations there are.
func (v *Vault) Older(g ...vault.Generation) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.older = g
}

// Unlocked reports whether the keys are in memory.
func (v *Vault) Unlocked() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.open
}

// Content calls fn with the content, whatever the lock.
func (v *Vault) Content(fn func(*vault.Vault)) {
	v.mu.Lock()
	defer v.mu.Unlock()
	fn(v.content)
}

// Outside changes the content as another process would, and tells the watchers.
func (v *Vault) Outside(fn func(*vault.Vault)) {
	v.mu.Lock()
	next := v.content.Clone()
	fn(next)
	v.content, v.unreloaded = next, true
	v.mu.Unlock()
	v.notify()
}

// OutsidePassphrase sets another passphrase as another process would.
func (v *Vault) OutsidePassphrase(pass string) {
	v.mu.Lock()
	v.pass = pass
	v.mu.Unlock()
	v.notify()
}

// OutsideLock locks as if something else had.
func (v *Vault) OutsideLock() {
	v.mu.Lock()
	v.open = false
	v.mu.Unlock()
	v.notify()
}

func (v *Vault) notify() {
	v.mu.Lock()
	fns := make([]func(), 0, len(v.watchers))
	for _, fn := range v.watchers {
		fns = append(fns, fn)
	}
	v.mu.Unlock()
	for _, fn := range fns {
		fn()
	}
}

// enter counts, waits and fails; without an error v.mu is held after it.
func (v *Vault) enter(ctx context.Context, op string) error {
	v.mu.Lock()
	v.calls[op]++
	gate := v.gates[op]
	v.mu.Unlock()
	if gate != nil {
		select {
		case <-gate:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	v.mu.Lock()
	if err := v.fail[op]; err != nil {
		v.mu.Unlock()
		return err
	}
	return nil
}

func (v *Vault) protectionLocked() keys.Protection {
	switch {
	case v.content == nil:
		return ""
	case v.pass == "":
		return keys.ByKeyring
	case v.noRing:
		return keys.ByPassphrase
	}
	return keys.ByKeyringAndPassphrase
}

// Status implements model.Vault.
func (v *Vault) Status(ctx context.Context) (vault.Status, error) {
	err := v.enter(ctx, "status")
	if err != nil {
		return vault.Status{Exists: true}, err
	}
	defer v.mu.Unlock()
	return vault.Status{Exists: v.content != nil, Protection: v.protectionLocked(), Unlocked: v.open, KeyringErr: v.keyring}, nil
}

// Create implements model.Vault.
func (v *Vault) Create(ctx context.Context, pass secret.Bytes) error {
	if err := v.enter(ctx, "create"); err != nil {
		return err
	}
	defer v.mu.Unlock()
	switch {
	case v.content != nil:
		return vault.ErrExists
	case pass.IsEmpty() && v.keyring != nil:
		return vault.ErrNeedPass
	}
	v.content, v.pass, v.noRing, v.open = vault.New(), string(pass.Reveal()), v.keyring != nil, true
	return nil
}

// Unlock implements model.Vault.
func (v *Vault) Unlock(ctx context.Context, pass secret.Bytes) error {
	if err := v.enter(ctx, "unlock"); err != nil {
		return err
	}
	defer v.mu.Unlock()
	switch {
	case v.content == nil:
		return vault.ErrAbsent
	case v.keyring != nil && !v.noRing:
		return v.keyring
	case v.pass != "" && pass.IsEmpty():
		return vault.ErrNeedPass
	case v.pass != string(pass.Reveal()) && v.pass != "":
		return vault.ErrPassphrase
	}
	v.open = true
	return nil
}

// Lock implements model.Vault.
func (v *Vault) Lock() error {
	if err := v.enter(context.Background(), "lock"); err != nil {
		return err
	}
	defer v.mu.Unlock()
	if v.pass == "" {
		return vault.ErrNoLock
	}
	v.open = false
	return nil
}

// Read implements model.Vault.
func (v *Vault) Read(fn func(*vault.Vault) error) error {
	if err := v.enter(context.Background(), "read"); err != nil {
		return err
	}
	defer v.mu.Unlock()
	if !v.open {
		return vault.ErrLocked
	}
	return fn(v.content)
}

// Update implements model.Vault.
func (v *Vault) Update(ctx context.Context, fn func(*vault.Vault) error) error {
	if err := v.enter(ctx, "update"); err != nil {
		return err
	}
	err := func() error {
		defer v.mu.Unlock()
		if !v.open {
			return vault.ErrLocked
		}
		next := v.content.Clone()
		if err := fn(next); err != nil {
			return err
		}
		v.content = next
		return nil
	}()
	if err == nil {
		v.notify()
	}
	return err
}

// NextHOTP implements model.Vault.
func (v *Vault) NextHOTP(ctx context.Context, id vault.ID) (code string, err error) {
	if err := v.enter(ctx, "hotp"); err != nil {
		return "", err
	}
	v.mu.Unlock()
	now := time.Time{}
	if v.Clock != nil {
		now = v.Clock()
	}
	err = v.Update(ctx, func(content *vault.Vault) error {
		a, ok := content.Account(id)
		if !ok {
			return vault.ErrNoAccount
		}
		if a.Params.Kind != otp.HOTP {
			return vault.ErrInvalid
		}
		if code, err = a.Params.Code(now); err != nil {
			return err
		}
		a.Params.Counter++
		return content.Put(a, now)
	})
	return code, err
}

// Reload implements model.Vault.
func (v *Vault) Reload(ctx context.Context) (bool, error) {
	if err := v.enter(ctx, "reload"); err != nil {
		return false, err
	}
	defer v.mu.Unlock()
	if !v.open {
		return false, vault.ErrLocked
	}
	changed := v.unreloaded
	v.unreloaded = false
	return changed, nil
}

// Watch implements model.Vault.
func (v *Vault) Watch(ctx context.Context, fn func()) error {
	if err := v.enter(ctx, "watch"); err != nil {
		return err
	}
	v.watches++
	id := v.watches
	v.watchers[id] = fn
	v.mu.Unlock()
	context.AfterFunc(ctx, func() {
		v.mu.Lock()
		defer v.mu.Unlock()
		delete(v.watchers, id)
	})
	return nil
}

// Verify implements model.Vault.
func (v *Vault) Verify(ctx context.Context, pass secret.Bytes) error {
	if err := v.enter(ctx, "verify"); err != nil {
		return err
	}
	defer v.mu.Unlock()
	switch {
	case v.pass == "":
		return vault.ErrNoLock
	case v.pass != string(pass.Reveal()):
		return vault.ErrPassphrase
	}
	return nil
}

// SetPassphrase implements model.Vault.
func (v *Vault) SetPassphrase(ctx context.Context, old, next secret.Bytes) error {
	if err := v.enter(ctx, "passphrase"); err != nil {
		return err
	}
	defer v.mu.Unlock()
	switch {
	case v.pass != string(old.Reveal()):
		return vault.ErrPassphrase
	case next.IsEmpty() && v.keyring != nil:
		return vault.ErrNeedPass
	}
	v.pass = string(next.Reveal())
	return nil
}

// OpenRecovery is that of vault.Manager, with a KDF that costs nothing.
func (v *Vault) OpenRecovery(ctx context.Context, pass secret.Bytes) (*vault.RecoveryKey, error) {
	if err := v.enter(ctx, "open recovery"); err != nil {
		return nil, err
	}
	defer v.mu.Unlock()
	if !v.open {
		return nil, vault.ErrLocked
	}
	return v.content.OpenRecovery(pass, vaulttest.KDFFloor)
}

// SetRecoveryPassphrase is that of vault.Manager.
func (v *Vault) SetRecoveryPassphrase(ctx context.Context, old, next secret.Bytes) error {
	if err := v.enter(ctx, "set recovery passphrase"); err != nil {
		return err
	}
	if !v.open {
		v.mu.Unlock()
		return vault.ErrLocked
	}
	changed := v.content.Clone()
	err := changed.SetRecoveryPassphrase(old, next, vaulttest.CheapKDF(), vaulttest.KDFFloor, vaulttest.Random(11))
	if err == nil {
		v.content = changed
	}
	v.mu.Unlock()
	if err == nil {
		v.notify()
	}
	return err
}

// SealRecovery sets a passphrase of the recovery keys before the test begins.
func (v *Vault) SealRecovery(pass string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if err := v.content.SetRecoveryPassphrase(secret.Bytes{}, secret.FromString(pass), vaulttest.CheapKDF(), vaulttest.KDFFloor, vaulttest.Random(11)); err != nil {
		panic(err) // a mistake in the test
	}
}

// Generations implements model.Vault.
func (v *Vault) Generations() ([]vault.Generation, error) {
	if err := v.enter(context.Background(), "generations"); err != nil {
		return nil, err
	}
	defer v.mu.Unlock()
	return slices.Clone(v.older), nil
}

// RestoreGeneration implements model.Vault: it heals every fault and leaves the
// vault unlocked with what Fill put in.
func (v *Vault) RestoreGeneration(ctx context.Context, g vault.Generation, pass secret.Bytes) error {
	if err := v.enter(ctx, "restore"); err != nil {
		return err
	}
	defer v.mu.Unlock()
	if v.pass != string(pass.Reveal()) {
		return vault.ErrPassphrase
	}
	if !slices.Contains(v.older, g) {
		return vault.ErrInvalid
	}
	clear(v.fail)
	v.open = true
	return nil
}

// Scanner is a scanner that finds what it is told to.
type Scanner struct {
	mu   sync.Mutex
	see  func(img image.Image) (scanner.Result, error)
	gate chan struct{}
	seen []image.Image
}

// See sets what is found in a picture. Without it, nothing is.
func (s *Scanner) See(fn func(img image.Image) (scanner.Result, error)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.see = fn
}

// SeeTexts makes every picture hold these codes, side by side.
func (s *Scanner) SeeTexts(texts ...string) {
	s.See(func(img image.Image) (scanner.Result, error) { return Codes(img, texts...), nil })
}

// Hold makes scans wait until release.
func (s *Scanner) Hold() (release func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	gate := make(chan struct{})
	s.gate = gate
	return func() {
		s.mu.Lock()
		s.gate = nil
		s.mu.Unlock()
		close(gate)
	}
}

// Seen are the pictures that were looked at.
func (s *Scanner) Seen() []image.Image {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.seen)
}

// Scan implements model.Scanner.
func (s *Scanner) Scan(ctx context.Context, img image.Image) (scanner.Result, error) {
	s.mu.Lock()
	s.seen = append(s.seen, img)
	see, gate := s.see, s.gate
	s.mu.Unlock()
	if gate != nil {
		select {
		case <-gate:
		case <-ctx.Done():
			return scanner.Result{}, ctx.Err()
		}
	}
	if see == nil {
		return scanner.Result{Reason: scanner.ReasonNoCode}, nil
	}
	return see(img)
}

// Codes is a result with these texts in squares of 40 pixels, side by side in img.
func Codes(img image.Image, texts ...string) scanner.Result {
	r := scanner.Result{}
	at := img.Bounds().Min
	for i, text := range texts {
		x, y := float64(at.X+20+60*i), float64(at.Y+20)
		r.Codes = append(r.Codes, scanner.Code{Text: text, Corners: [4]scanner.Point{
			{X: x, Y: y}, {X: x + 40, Y: y}, {X: x + 40, Y: y + 40}, {X: x, Y: y + 40},
		}})
	}
	if len(texts) == 0 {
		r.Reason = scanner.ReasonNoCode
	}
	return r
}

// Screens are the monitors, and the own window in front of them.
type Screens struct {
	// Ask is called before each picture, as by a system that asks the person; nil = nobody is asked.
	Ask func()

	mu     sync.Mutex
	shots  []capture.Shot
	err    error
	hidden int
	events []string
}

// Set makes these screens be there.
func (s *Screens) Set(names ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shots, s.err = nil, nil
	for i, name := range names {
		r := image.Rect(0, 0, 320+i, 200) // of different sizes, so that tests can tell them apart
		s.shots = append(s.shots, capture.Shot{Name: name, Bounds: r, Image: image.NewRGBA(r)})
	}
}

// Put makes these pictures be what is on the screens.
func (s *Screens) Put(shots ...capture.Shot) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shots, s.err = shots, nil
}

// Fail makes taking pictures fail.
func (s *Screens) Fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = err
}

// Take is model.Deps.Screens.
func (s *Screens) Take(ctx context.Context) ([]capture.Shot, error) {
	if s.Ask != nil {
		s.Ask()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.hidden == 0 {
		s.events = append(s.events, "taken with the window in the way")
	} else {
		s.events = append(s.events, "taken")
	}
	return s.shots, s.err
}

// Hide is model.Deps.Hide.
func (s *Screens) Hide(context.Context) (show func()) {
	s.note("hidden", 1)
	return func() { s.note("shown", -1) }
}

func (s *Screens) note(event string, by int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.events = append(s.events, event)
	s.hidden += by
}

// Events is what happened so far: "hidden", "taken", "shown".
func (s *Screens) Events() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.events)
}

// Picture is the picture on the clipboard. The zero value is none.
type Picture struct {
	mu   sync.Mutex
	data []byte
	err  error
}

// Set puts an encoded picture there.
func (p *Picture) Set(data []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.data, p.err = data, nil
}

// Fail makes reading fail.
func (p *Picture) Fail(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.err = err
}

// Read is model.Deps.ClipboardPicture.
func (p *Picture) Read(context.Context) ([]byte, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.err != nil:
		return nil, p.err
	case len(p.data) == 0:
		return nil, clipimage.ErrEmpty
	}
	return slices.Clone(p.data), nil
}

// Settings is a settings store in memory. The zero value holds the defaults.
type Settings struct {
	mu    sync.Mutex
	prefs *model.Prefs
	saves int
	err   error
}

// Load implements model.SettingsStore.
func (s *Settings) Load() (model.Prefs, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.prefs == nil {
		return model.DefaultPrefs(), s.err
	}
	return *s.prefs, s.err
}

// Save implements model.SettingsStore.
func (s *Settings) Save(p model.Prefs) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.saves++
	if s.err != nil {
		return s.err
	}
	s.prefs = &p
	return nil
}

// Fail makes loading and saving fail.
func (s *Settings) Fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = err
}

// Saves is how often something was saved.
func (s *Settings) Saves() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.saves
}
