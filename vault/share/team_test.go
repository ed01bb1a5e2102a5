package share

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tallystick/tallystick/vault/otp"
	"github.com/tallystick/tallystick/vault/secret"
	"github.com/tallystick/tallystick/vault/share/store"
)

var epoch = time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)

const inviteLife = 24 * time.Hour

// toy is a Crypto that costs nothing and has the properties the rules rest on: only the identity opens what was sealed to its
// recipient, every change is noticed, only the signer signs. It hides nothing from an attacker who knows it, and no test asks it to.
type toy struct {
	mu  *sync.Mutex
	rng io.Reader
}

func newToy(seed uint64) toy {
	var s [32]byte
	binary.LittleEndian.PutUint64(s[:], seed)
	return toy{&sync.Mutex{}, rand.NewChaCha8(s)}
}

func (t toy) random(n int) []byte {
	t.mu.Lock()
	defer t.mu.Unlock()
	b := make([]byte, n)
	_, _ = io.ReadFull(t.rng, b)
	return b
}

func toyHash(parts ...[]byte) []byte {
	h := sha256.New()
	for _, p := range parts {
		h.Write(p)
		h.Write([]byte{0})
	}
	return h.Sum(nil)
}

func (t toy) NewIdentity() (secret.Bytes, error) {
	return secret.FromString("TOY-" + hex.EncodeToString(t.random(16))), nil
}

func (toy) Recipient(identity secret.Bytes) (string, error) {
	return "toy1" + hex.EncodeToString(toyHash([]byte("recipient"), identity.Reveal())[:16]), nil
}

func (t toy) Seal(recipient string, plain []byte) ([]byte, error) {
	nonce := t.random(8)
	sum := toyHash([]byte(recipient), nonce, plain)[:16]
	return slices.Concat([]byte("toy sealed\n"), nonce, sum, plain), nil
}

func (t toy) Open(identity secret.Bytes, sealed []byte) ([]byte, error) {
	recipient, _ := t.Recipient(identity)
	body, ok := bytes.CutPrefix(sealed, []byte("toy sealed\n"))
	if !ok || len(body) < 24 || !bytes.Equal(toyHash([]byte(recipient), body[:8], body[24:])[:16], body[8:24]) {
		return nil, ErrForeign
	}
	return bytes.Clone(body[24:]), nil
}

func (t toy) NewSigner() (secret.Bytes, error) { return secret.New(t.random(32)), nil }

func (toy) Public(signer secret.Bytes) ([]byte, error) {
	return toyHash([]byte("public"), signer.Reveal()), nil
}

func (t toy) Sign(signer secret.Bytes, message []byte) ([]byte, error) {
	public, _ := t.Public(signer)
	mac := hmac.New(sha256.New, public)
	mac.Write(message)
	return append(mac.Sum(nil), make([]byte, 32)...), nil
}

func (toy) Verify(public, message, signature []byte) bool {
	mac := hmac.New(sha256.New, public)
	mac.Write(message)
	return len(signature) == 64 && hmac.Equal(signature, append(mac.Sum(nil), make([]byte, 32)...)) // as with Ed25519, one body has one signature
}

// shelf is a store in memory.
type shelf struct {
	objects map[string][]byte
	lists   int
	gets    int
	puts    int
	deletes int
	fail    func(op, name string) error
}

func newShelf() *shelf { return &shelf{objects: map[string][]byte{}} }

func (s *shelf) failing(op, name string) error {
	if s.fail == nil {
		return nil
	}
	return s.fail(op, name)
}

func (s *shelf) List(_ context.Context, prefix string) ([]store.Object, error) {
	s.lists++
	if err := s.failing("list", prefix); err != nil {
		return nil, err
	}
	var list []store.Object
	for _, name := range sortedKeys(s.objects) {
		if strings.HasPrefix(name, prefix) {
			list = append(list, store.Object{Name: name, Size: int64(len(s.objects[name]))})
		}
	}
	return list, nil
}

func (s *shelf) Get(_ context.Context, name string, limit int64) ([]byte, error) {
	s.gets++
	if err := s.failing("get", name); err != nil {
		return nil, err
	}
	data, ok := s.objects[name]
	if !ok {
		return nil, store.ErrNotFound
	}
	if int64(len(data)) > limit {
		return nil, store.ErrTooLarge
	}
	return bytes.Clone(data), nil
}

func (s *shelf) PutNew(_ context.Context, name string, data []byte) error {
	s.puts++
	if err := s.failing("put", name); err != nil {
		return err
	}
	if have, ok := s.objects[name]; ok && !bytes.Equal(have, data) {
		return store.ErrExists
	}
	s.objects[name] = bytes.Clone(data)
	return nil
}

func (s *shelf) Delete(_ context.Context, name string) error {
	s.deletes++
	if err := s.failing("delete", name); err != nil {
		return err
	}
	delete(s.objects, name)
	return nil
}

// team plays people and their devices.
type team struct {
	t    testing.TB
	cfg  Config
	st   *shelf
	now  time.Time
	rng  *rand.Rand
	devs []*Replica
}

func newTeam(t testing.TB, cfg Config, seed uint64) *team {
	t.Helper()
	var s [32]byte
	binary.LittleEndian.PutUint64(s[:], seed)
	if cfg.Rand == nil {
		cfg.Rand = rand.NewChaCha8(s)
	}
	tm := &team{t: t, cfg: cfg, st: newShelf(), now: epoch, rng: rand.New(rand.NewPCG(seed, 1))}
	first, err := Create(cfg, "Harbour desk", Person{Name: "Person 0", Device: "laptop"}, tm.now)
	if err != nil {
		t.Fatal(err)
	}
	tm.devs = append(tm.devs, first)
	tm.sync(0)
	return tm
}

// sync does a round, through the form in which a replica is kept.
func (tm *team) sync(i int) Summary {
	tm.t.Helper()
	tm.now = tm.now.Add(time.Second)
	sum, err := tm.devs[i].Sync(context.Background(), tm.st, tm.now, func() error { return nil })
	if err != nil {
		tm.t.Fatalf("device %d: %v", i, err)
	}
	return sum
}

// reload puts a device through its kept form.
func (tm *team) reload(i int) {
	tm.t.Helper()
	text, err := tm.devs[i].Encode()
	if err != nil {
		tm.t.Fatal(err)
	}
	r, err := Decode(tm.cfg, text)
	if err != nil {
		tm.t.Fatalf("device %d: %v", i, err)
	}
	again, err := r.Encode()
	if err != nil {
		tm.t.Fatal(err)
	}
	if !bytes.Equal(text, again) {
		tm.t.Fatalf("device %d is another one after it was kept:\n%s\n%s", i, text, again)
	}
	tm.devs[i] = r
}

func (tm *team) must(err error) {
	tm.t.Helper()
	if err != nil {
		tm.t.Fatal(err)
	}
}

// join lets another device in and returns its place.
func (tm *team) join(admin int, role Role) int {
	tm.t.Helper()
	id, err := tm.devs[admin].Invite(role, inviteLife, tm.now)
	tm.must(err)
	tm.sync(admin)
	invite, err := tm.devs[admin].InviteFor(id, "dir:/x")
	tm.must(err)
	text, err := invite.Text()
	tm.must(err)
	invite, err = ParseInvite(text)
	tm.must(err)
	n := len(tm.devs)
	r, err := Join(tm.cfg, invite, Person{Name: fmt.Sprintf("Person %d", n), Device: "laptop"}, tm.now)
	tm.must(err)
	tm.devs = append(tm.devs, r)
	tm.sync(n)
	tm.sync(admin)
	list := tm.devs[admin].Requests()
	if len(list) != 1 || list[0].Device != r.Me() {
		tm.t.Fatalf("requests: %+v", list)
	}
	tm.must(tm.devs[admin].Confirm(r.Me(), tm.now))
	tm.sync(admin)
	tm.sync(n)
	if !r.Ready() || r.Role() != role {
		tm.t.Fatalf("joined as %q, ready %v, state %s", r.Role(), r.Ready(), r.State())
	}
	return n
}

func (tm *team) settle() {
	tm.t.Helper()
	for range 3 {
		for i := range tm.devs {
			tm.sync(i)
		}
	}
}

// same fails unless all members share the same bytes.
func (tm *team) same() {
	tm.t.Helper()
	var want []byte
	from := -1
	for i, r := range tm.devs {
		if r.State() != Joined {
			continue
		}
		text, err := r.content.Encode()
		tm.must(err)
		if from < 0 {
			want, from = text, i
		} else if !bytes.Equal(text, want) {
			tm.t.Fatalf("devices %d and %d differ:\n%s\n%s", from, i, want, text)
		}
	}
}

func account(n byte, key string) Account {
	return Account{
		ID: AccountID(strings.Repeat(fmt.Sprintf("%02x", n), 16)), Issuer: fmt.Sprintf("Portal %d", n), Name: "anna@example.com",
		Params: otp.New(otp.TOTP, secret.FromString(key)),
	}
}

func TestATeam(t *testing.T) {
	tm := newTeam(t, Config{Crypto: newToy(1)}, 1)
	b := tm.join(0, Editor)
	c := tm.join(0, Viewer)
	tm.settle()
	a := account(1, "first key")
	_, err := tm.devs[b].Put(a, tm.now)
	tm.must(err)
	sum := tm.sync(b)
	if sum.Gets != 0 || sum.Puts != 1 {
		t.Errorf("a change cost its author %d GET and %d PUT", sum.Gets, sum.Puts)
	}
	for _, i := range []int{0, c} {
		lists := tm.st.lists
		sum = tm.sync(i)
		if sum.Gets != 1 || sum.Puts != 0 || sum.Deletes != 0 || tm.st.lists != lists+1 {
			t.Errorf("a change cost device %d %d GET, %d PUT, %d DELETE, %d LIST", i, sum.Gets, sum.Puts, sum.Deletes, tm.st.lists-lists)
		}
		if !sum.InStep() || len(sum.Findings) > 0 {
			t.Errorf("findings: %+v", sum.Findings)
		}
		got, ok := tm.devs[i].Account(a.ID)
		if !ok || !got.Params.Same(a.Params) || got.Issuer != a.Issuer || got.ChangedBy != tm.devs[b].Me() {
			t.Errorf("device %d has %+v", i, got)
		}
	}
	for i := range tm.devs {
		tm.sync(i)
		if sum := tm.sync(i); sum.Gets+sum.Puts+sum.Deletes != 0 {
			t.Errorf("nothing new cost device %d %+v", i, sum)
		}
		tm.reload(i)
	}
	tm.same()
	if _, err := tm.devs[c].Put(account(2, "no"), tm.now); err != ErrNotPermitted {
		t.Errorf("a viewer writes: %v", err)
	}
	// Words are the same on both sides.
	w1, err := tm.devs[0].Words(tm.devs[b].Me())
	tm.must(err)
	w2, err := tm.devs[b].Words(tm.devs[0].Me())
	tm.must(err)
	if w1 != w2 || len(strings.Fields(w1)) != WordCount {
		t.Errorf("words %q and %q", w1, w2)
	}
	// Removing.
	tm.must(tm.devs[0].Remove(tm.devs[b].Me(), tm.now))
	tm.sync(0)
	tm.sync(c)
	if got := tm.devs[c].Reenroll(); len(got) != 1 || got[0].Account != a.ID || got[0].To[0] != tm.devs[b].Me() {
		t.Errorf("to enroll again: %+v", got)
	}
	a.Params = otp.New(otp.TOTP, secret.FromString("second key"))
	_, err = tm.devs[0].Put(a, tm.now)
	tm.must(err)
	tm.settle()
	if got := tm.devs[c].Reenroll(); len(got) != 0 {
		t.Errorf("to enroll again, still: %+v", got)
	}
	if tm.devs[b].State() != Expelled {
		t.Errorf("the removed device is %s", tm.devs[b].State())
	}
	if got, _ := tm.devs[b].Account(a.ID); got.Params.Same(a.Params) {
		t.Error("the removed device has the new key")
	}
	if got, _ := tm.devs[c].Account(a.ID); !got.Params.Same(a.Params) || len(got.Past) != 1 {
		t.Errorf("a member has %+v", got)
	}
	tm.same()
}

func TestATeamWithRealKeys(t *testing.T) {
	tm := newTeam(t, Config{}, 2)
	b := tm.join(0, Admin)
	_, err := tm.devs[b].Put(account(1, "first key"), tm.now)
	tm.must(err)
	tm.settle()
	tm.same()
	for i := range tm.devs {
		tm.reload(i)
	}
	tm.must(tm.devs[b].Remove(tm.devs[0].Me(), tm.now))
	tm.settle()
	if tm.devs[0].State() != Expelled || !tm.devs[b].Ready() {
		t.Errorf("%s %s", tm.devs[0].State(), tm.devs[b].State())
	}
}
