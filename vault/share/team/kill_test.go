package team_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/secret"
	"github.com/tallystick/tallystick/vault/share"
	"github.com/tallystick/tallystick/vault/share/store"
	"github.com/tallystick/tallystick/vault/share/store/backend"
	"github.com/tallystick/tallystick/vault/share/team"
	"github.com/tallystick/tallystick/vault/vaulttest"
)

var errKilled = errors.New("killed")

// deadly is a storage behind which the program dies after so many requests: the last one is done or not. What is saved on the way is saved between
// two requests, whole or not at all (see the tests of package vault that kill it there), so that a kill on either side of each request is one on either
// side of each save.
type deadly struct {
	*shelf
	left int // requests; below 0 = never
	done bool
}

func (d *deadly) die(request func() error) error {
	if d.left < 0 {
		return request()
	}
	if d.left--; d.left >= 0 {
		return request()
	}
	d.left = 0
	if d.done {
		_ = request()
	}
	runtime.Goexit() // nothing comes after it, not even what is done about an error; what is locked is let go, as with the end of a process
	return nil
}

// killed runs what a program does until it has ended or was killed.
func killed(do func() error) (err error) {
	err = errKilled
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		err = do()
	}()
	<-ended
	return err
}

func (d *deadly) List(ctx context.Context, prefix string) (list []store.Object, err error) {
	err = d.die(func() (err error) { list, err = d.shelf.List(ctx, prefix); return err })
	return list, err
}

func (d *deadly) Get(ctx context.Context, name string, limit int64) (data []byte, err error) {
	err = d.die(func() (err error) { data, err = d.shelf.Get(ctx, name, limit); return err })
	return data, err
}

func (d *deadly) PutNew(ctx context.Context, name string, data []byte) error {
	return d.die(func() error { return d.shelf.PutNew(ctx, name, data) })
}

func (d *deadly) Delete(ctx context.Context, name string) error {
	return d.die(func() error { return d.shelf.Delete(ctx, name) })
}

// mortal is a person whose program can be killed: all that stays is the directory.
type mortal struct {
	*person
	cfg vault.Config
	at  *deadly
}

func newMortal(t *testing.T, st *shelf, now *time.Time) *mortal {
	t.Helper()
	cfg := vaulttest.Config(t.TempDir(), vaulttest.NewKeyring())
	cfg.Now = func() time.Time { return *now }
	m := vaulttest.Open(t, cfg)
	if err := m.Create(ctx, secret.Bytes{}); err != nil {
		t.Fatal(err)
	}
	p := &mortal{person: &person{t: t, now: now, st: st}, cfg: cfg, at: &deadly{shelf: st, left: -1}}
	p.start(m)
	return p
}

func (p *mortal) start(m *vault.Manager) {
	p.m = m
	p.s = team.New(team.Config{
		Vault: m, Now: func() time.Time { *p.now = p.now.Add(time.Second); return *p.now },
		Open: func(store.Location, backend.Access) (store.Store, error) { return p.at, nil },
	})
}

// restart is a start after a kill.
func (p *mortal) restart() {
	p.t.Helper()
	p.must(p.m.Close())
	p.at.left = -1
	m := vaulttest.Open(p.t, p.cfg)
	p.must(m.Unlock(ctx, secret.Bytes{}))
	p.start(m)
}

// TestKilledAtEveryRequest kills an admin's program at every request of everything it does with the storage, with the request done
// and not done, starts it again, and looks whether all went on as if nothing had been.
func TestKilledAtEveryRequest(t *testing.T) {
	now := vaulttest.Epoch.Add(time.Hour)
	st := &shelf{objects: map[string][]byte{}}
	a, b := newMortal(t, st, &now), newMortal(t, st, &now)
	id, err := a.s.Create(ctx, "Harbour desk", place, share.Person{Name: "Anna"})
	a.must(err)
	join := func(p *mortal, name string) share.DeviceID {
		t.Helper()
		invite, err := a.s.Invite(ctx, id, share.Editor, time.Hour)
		a.must(err)
		text, err := invite.Text()
		a.must(err)
		_, err = p.s.Join(ctx, text, team.Place{}, share.Person{Name: name})
		p.must(err)
		list, err := a.s.Requests(ctx, id)
		a.must(err)
		if len(list) != 1 {
			t.Fatalf("%d requests", len(list))
		}
		return list[0].Device
	}
	confirmed := join(b, "Ben")
	_, err = a.s.Confirm(ctx, id, confirmed, true)
	a.must(err)
	b.sync(id)
	vaulttest.Fill(t, a.m, vaulttest.Canonical()[0])
	_, err = a.s.Move(ctx, id, a.named("Harbour PBX").ID)
	a.must(err)
	b.sync(id)

	n := 0
	for _, what := range []struct {
		name string
		do   func(c *mortal) error // by Anna; c is a third device that waits to be let in
		ok   func(c *mortal) string
	}{
		{"an edit", func(*mortal) error {
			a.edit("Harbour PBX", func(x *vault.Account) { x.Note = fmt.Sprint("note ", n) })
			_, err := a.s.Sync(ctx, id)
			return err
		}, func(*mortal) string { return b.named("Harbour PBX").Note }},
		{"letting somebody in", func(c *mortal) error {
			var waiting share.DeviceID
			list, err := a.s.Requests(ctx, id)
			for _, r := range list {
				waiting = r.Device
			}
			if err != nil || waiting == "" {
				return errKilled // before it could
			}
			_, err = a.s.Confirm(ctx, id, waiting, true)
			if errors.Is(err, share.ErrNoRequest) {
				return errKilled
			}
			return err
		}, nil},
		{"removing somebody", func(*mortal) error {
			for _, m := range a.members(id) {
				if m.Person.Name == "Cleo" {
					_, err := a.s.Remove(ctx, id, m.Device)
					return err
				}
			}
			return nil
		}, nil},
	} {
		if testing.Short() && what.name != "an edit" {
			continue
		}
		for left := 0; ; left++ {
			ended := false
			for _, done := range []bool{false, true} {
				n++
				c := newMortal(t, st, &now)
				if what.name != "an edit" {
					join(c, "Cleo")
				}
				if what.name == "removing somebody" {
					list, err := a.s.Requests(ctx, id)
					a.must(err)
					_, err = a.s.Confirm(ctx, id, list[0].Device, false)
					a.must(err)
					c.sync(id)
				}
				a.at.left, a.at.done = left, done
				err := killed(func() error { return what.do(c) })
				if err != nil && !errors.Is(err, errKilled) {
					t.Fatalf("%s, killed at request %d: %v", what.name, left, err)
				}
				ended = err == nil && a.at.left > 0
				a.restart()
				for range 2 {
					a.sync(id)
					b.sync(id)
				}
				// What was not begun is done now, what was begun has to be there.
				switch what.name {
				case "an edit":
					if got := what.ok(c); got != fmt.Sprint("note ", n) {
						t.Fatalf("an edit, killed at request %d (done %v): %q arrived", left, done, got)
					}
				case "letting somebody in":
					if list, err := a.s.Requests(ctx, id); err == nil && len(list) == 1 {
						_, err = a.s.Confirm(ctx, id, list[0].Device, true)
						a.must(err)
					}
					c.sync(id)
					if got := c.named("Harbour PBX"); got.Note != a.named("Harbour PBX").Note {
						t.Fatalf("letting in, killed at request %d (done %v): %q", left, done, got.Note)
					}
				}
				// Whoever was let in goes again, so that every turn begins the same.
				for _, m := range a.members(id) {
					if m.Person.Name == "Cleo" {
						_, err := a.s.Remove(ctx, id, m.Device)
						a.must(err)
					}
				}
				b.sync(id)
				a.edit("Harbour PBX", func(x *vault.Account) { x.Name = fmt.Sprint("after ", n) })
				a.sync(id)
				for _, p := range []*mortal{a, b} {
					if rep := p.sync(id); !rep.InStep() || p.named("Harbour PBX").Name != fmt.Sprint("after ", n) {
						t.Fatalf("%s, killed at request %d (done %v): afterwards %+v", what.name, left, done, rep.Findings)
					}
				}
				if what.name != "an edit" {
					c.sync(id)
					if st, err := c.s.Status(id); err != nil || st.State != share.Expelled {
						t.Fatalf("%s, killed at request %d (done %v): the removed one is %s, %v", what.name, left, done, st.State, err)
					}
					if c.named("Harbour PBX").Name == fmt.Sprint("after ", n) {
						t.Fatal("a removed device reads on")
					}
				}
			}
			if ended {
				break
			}
			if left > 40 {
				t.Fatal("it never ends")
			}
		}
	}
	t.Logf("killed %d times", n)
}

// TestKilledWhileReading kills a device that takes in what another one wrote, with a change of its own to say, at every request; and one that makes
// a shared vault. One that joins is killed in the tests with real programs.
func TestKilledWhileReading(t *testing.T) {
	now := vaulttest.Epoch.Add(time.Hour)
	st := &shelf{objects: map[string][]byte{}}
	a, b := newMortal(t, st, &now), newMortal(t, st, &now)
	id, err := a.s.Create(ctx, "Harbour desk", place, share.Person{Name: "Anna"})
	a.must(err)
	vaulttest.Fill(t, a.m, vaulttest.Canonical()[0])
	_, err = a.s.Move(ctx, id, a.named("Harbour PBX").ID)
	a.must(err)
	n := 0
	everywhere := func(what string, p func() *mortal, do func(p *mortal) error, after func(p *mortal, killed string)) {
		t.Helper()
		kills := 0
		for left, ended := 0, false; !ended; left++ {
			for _, done := range []bool{false, true} {
				n++
				who := p()
				who.at.left, who.at.done = left, done
				err := killed(func() error { return do(who) })
				if err != nil && !errors.Is(err, errKilled) {
					t.Fatalf("%s, killed at request %d: %v", what, left, err)
				}
				if ended = err == nil; !ended {
					kills++
				}
				who.restart()
				after(who, fmt.Sprintf("%s, killed at request %d (done %v)", what, left, done))
			}
		}
		t.Logf("%s: killed %d times", what, kills)
		if kills < 4 {
			t.Errorf("%s was killed %d times only", what, kills)
		}
	}

	i, err := a.s.Invite(ctx, id, share.Editor, time.Hour)
	a.must(err)
	text, err := i.Text()
	a.must(err)
	_, err = b.s.Join(ctx, text, team.Place{}, share.Person{Name: "Cleo"})
	b.must(err)
	list, err := a.s.Requests(ctx, id)
	a.must(err)
	_, err = a.s.Confirm(ctx, id, list[0].Device, true)
	a.must(err)
	b.sync(id)
	everywhere("an edit that meets another one", func() *mortal {
		b.edit("Harbour PBX", func(x *vault.Account) { x.Name = fmt.Sprint("name ", n) })
		b.sync(id)
		return a
	}, func(*mortal) error {
		a.edit("Harbour PBX", func(x *vault.Account) { x.Note = fmt.Sprint("note ", n) })
		_, err := a.s.Sync(ctx, id)
		return err
	}, func(_ *mortal, when string) {
		for range 2 {
			a.sync(id)
			b.sync(id)
		}
		for _, p := range []*mortal{a, b} {
			if got, rep := p.named("Harbour PBX"), p.sync(id); got.Name != fmt.Sprint("name ", n) || got.Note != fmt.Sprint("note ", n) || !rep.InStep() {
				t.Fatalf("%s: %q, %q, %+v", when, got.Name, got.Note, rep.Findings)
			}
		}
	})

	everywhere("making a shared vault", func() *mortal { return newMortal(t, st, &now) }, func(c *mortal) error {
		_, err := c.s.Create(ctx, "Another desk", place, share.Person{Name: "Dan"})
		return err
	}, func(c *mortal, when string) {
		ids, err := c.s.IDs()
		c.must(err)
		for _, made := range ids {
			if rep := c.sync(made); !rep.InStep() {
				t.Fatalf("%s: %+v", when, rep.Findings)
			}
			if rep := c.sync(made); !rep.InStep() || rep.Puts != 0 {
				t.Fatalf("%s: not at rest: %+v", when, rep)
			}
		}
	})
}

func (p *person) members(id share.VaultID) []share.Info {
	p.t.Helper()
	list, err := p.s.Members(id)
	p.must(err)
	return list
}
