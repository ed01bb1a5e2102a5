package share

import (
	"context"
	"fmt"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/tallystick/tallystick/vault/otp"
	"github.com/tallystick/tallystick/vault/secret"
	"github.com/tallystick/tallystick/vault/share/store"
	"github.com/tallystick/tallystick/vault/share/store/s3"
	"github.com/tallystick/tallystick/vault/share/store/storetest"
)

// costTeam is a team with real keys on an S3 server that counts. Two of its devices are real, the others have written one contribution
// each, as they do when they have read everything.
type costTeam struct {
	b       *testing.B
	storage *storetest.Hostile
	st      store.Store
	now     time.Time
	admin   *Replica
	other   *Replica
	open    int // invites made so far
}

func newCostTeam(b *testing.B, devices, accounts int) *costTeam {
	b.Helper()
	h := storetest.NewHostile()
	srv := httptest.NewServer(h.S3("desk/"))
	b.Cleanup(srv.Close)
	st, err := s3.New(s3.Config{Endpoint: srv.URL, Bucket: storetest.Bucket, Prefix: "desk/", KeyID: "key", Key: secret.FromString("secret")})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(st.Close)
	t := &costTeam{b: b, storage: h, st: st, now: time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)}
	t.admin, err = Create(Config{}, "Harbour desk", Person{Name: "Anna"}, t.now)
	t.must(err)
	for i := range accounts {
		_, err := t.admin.Put(costAccount(t.admin, i), t.now)
		t.must(err)
	}
	t.round(t.admin)
	const batch = 50 // as many requests as one look takes up
	for done := 1; done < devices; {
		n := min(batch, devices-done)
		asked := t.ask(n)
		t.round(t.admin)
		for _, r := range asked {
			t.must(t.admin.Confirm(r.Me(), t.now))
		}
		t.round(t.admin)
		for i, r := range asked {
			if t.other == nil {
				t.other = r
				continue
			}
			t.speak(r, done+i)
		}
		done += n
	}
	for range 3 {
		t.round(t.other)
		t.round(t.admin)
	}
	return t
}

func (t *costTeam) must(err error) {
	t.b.Helper()
	if err != nil {
		t.b.Fatal(err)
	}
}

// ask makes devices that ask to be let in.
func (t *costTeam) ask(n int) []*Replica {
	var invites []InviteID
	for range n {
		id, err := t.admin.Invite(Editor, time.Hour, t.now)
		t.must(err)
		invites = append(invites, id)
	}
	t.round(t.admin)
	var asked []*Replica
	for i, id := range invites {
		invite, err := t.admin.InviteFor(id, "s3:s3.example/desk")
		t.must(err)
		r, err := Join(Config{}, invite, Person{Name: fmt.Sprint("Person ", t.open+i)}, t.now)
		t.must(err)
		t.must(t.storage.Store("").PutNew(context.Background(), inboxName(r.vault, id, hashOf(r.joining.request)), r.joining.request))
		asked = append(asked, r)
	}
	t.open += n
	return asked
}

// speak writes the contribution of a device that has read everything: what it saw, and no registers.
func (t *costTeam) speak(r *Replica, n int) {
	key, _ := t.admin.current()
	c := contribution{
		Format: Format, Vault: r.vault, Epoch: key.Epoch, Device: r.Me(), Seq: 1, Head: t.admin.chain.Standing().Head, Time: millis(t.now), Seen: map[DeviceID]Head{}, Registers: []*Register{},
	}
	for d, h := range t.admin.held {
		c.Seen[d] = h
	}
	c.Seen[t.admin.Me()] = t.admin.mine.Head
	stored, err := c.seal(Age{}, r.signer, key)
	t.must(err)
	t.must(t.storage.Store("").PutNew(context.Background(), devName(r.vault, r.Me(), 1, hashOf(stored)), stored))
}

func costAccount(r *Replica, i int) Account {
	id, err := randomHex(r.cfg.Rand, 16)
	if err != nil {
		panic(err)
	}
	return Account{
		ID: AccountID(id), Issuer: fmt.Sprintf("Portal %d", i), Name: fmt.Sprintf("admin%d@shop.example", i), URL: "https://portal.example/login",
		Params: otp.New(otp.TOTP, secret.FromString(fmt.Sprintf("%020d", i))),
	}
}

// round synchronises, and wants the storage to be as it should.
func (t *costTeam) round(r *Replica) Summary {
	t.b.Helper()
	t.now = t.now.Add(time.Second)
	sum, err := r.Sync(context.Background(), t.st, t.now, func() error { return nil })
	t.must(err)
	if !sum.InStep() {
		t.b.Fatalf("not in step: %+v", sum.Findings)
	}
	return sum
}

// cost is what was sent and received since the last time.
type cost struct{ requests, up, down float64 }

func (c *cost) add(h *storetest.Hostile) {
	got := h.Cost()
	c.requests, c.up, c.down = c.requests+float64(got.Requests), c.up+float64(got.Up), c.down+float64(got.Down)
	h.Forget()
}

func (c cost) report(b *testing.B, what string) {
	n := float64(b.N)
	b.ReportMetric(c.requests/n, what+"req/op")
	b.ReportMetric(c.up/n, what+"up-B/op")
	b.ReportMetric(c.down/n, what+"down-B/op")
}

// BenchmarkCost is what a team of a size costs its storage, S3 over HTTP with bodies, paths and the headers a client chose: a look with nothing new; a
// change of one account by somebody who wrote nothing else, and by the one who brought in all accounts; the same read by
// another device; and a newcomer's first synchronisation.
func BenchmarkCost(b *testing.B) {
	for _, size := range []struct{ devices, accounts int }{{10, 100}, {10, 10_000}, {100, 100}, {100, 10_000}, {1_000, 100}, {1_000, 10_000}} {
		b.Run(fmt.Sprintf("devices=%d/accounts=%d", size.devices, size.accounts), func(b *testing.B) {
			t := newCostTeam(b, size.devices, size.accounts)
			ids := t.admin.Accounts()
			edit := func(r *Replica, i int) {
				a, _ := r.Account(ids[0])
				a.Note = fmt.Sprintf("change %d at %d", i, t.now.Unix())
				_, err := r.Put(a, t.now)
				t.must(err)
			}
			b.Run("idle", func(b *testing.B) {
				var c cost
				for range b.N {
					t.storage.Forget()
					t.round(t.other)
					c.add(t.storage)
				}
				c.report(b, "")
			})
			for name, pair := range map[string][2]*Replica{"change": {t.other, t.admin}, "change-by-owner": {t.admin, t.other}} {
				b.Run(name, func(b *testing.B) {
					var write, read cost
					for i := range b.N {
						edit(pair[0], i)
						t.storage.Forget()
						t.round(pair[0])
						write.add(t.storage)
						t.round(pair[1])
						read.add(t.storage)
					}
					write.report(b, "write-")
					read.report(b, "read-")
				})
			}
			b.Run("first-join", func(b *testing.B) {
				var c cost
				for range b.N {
					b.StopTimer()
					r := t.ask(1)[0]
					t.round(t.admin)
					t.must(t.admin.Confirm(r.Me(), t.now))
					t.round(t.admin)
					t.storage.Forget()
					b.StartTimer()
					t.round(r)
					c.add(t.storage)
					if !r.Ready() || len(r.Accounts()) != size.accounts {
						b.Fatal("it has not everything")
					}
				}
				c.report(b, "")
			})
		})
	}
}
