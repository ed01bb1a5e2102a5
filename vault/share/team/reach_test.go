package team_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/tallystick/tallystick/vault/secret"
	"github.com/tallystick/tallystick/vault/share"
	"github.com/tallystick/tallystick/vault/share/store"
	"github.com/tallystick/tallystick/vault/share/store/backend"
	"github.com/tallystick/tallystick/vault/share/team"
	"github.com/tallystick/tallystick/vault/vaulttest"
)

// door is a storage that says when it was closed, and lets a request wait.
type door struct {
	*shelf
	access backend.Access
	closed bool
	hold   chan struct{} // nil = nothing waits
	asked  chan struct{} // told when a request waits
}

func (d *door) Close() { d.closed = true }

func (d *door) List(ctx context.Context, prefix string) ([]store.Object, error) {
	if d.hold != nil {
		d.asked <- struct{}{}
		<-d.hold
		if d.closed || d.access.Password.IsEmpty() {
			return nil, store.ErrDenied
		}
	}
	return d.shelf.List(ctx, prefix)
}

// What a storage is reached with is kept between synchronisations, and goes with LetGo, with another password, and when the shared vault is
// forgotten. A request that is under way is not cut off from its password.
func TestLettingGoOfStorages(t *testing.T) {
	now := vaulttest.Epoch.Add(time.Hour)
	st := &shelf{objects: map[string][]byte{}}
	a := newPerson(t, st, &now)
	var mu sync.Mutex
	var doors []*door
	var hold chan struct{}
	asked := make(chan struct{}, 10)
	a.s = team.New(team.Config{Vault: a.m, Now: a.clock, Open: func(_ store.Location, access backend.Access) (store.Store, error) {
		mu.Lock()
		defer mu.Unlock()
		doors = append(doors, &door{shelf: st, access: access, hold: hold, asked: asked})
		return doors[len(doors)-1], nil
	}})
	given := []secret.Bytes{place.Access.Password, secret.FromString("another key secret")} // stay the caller's
	open := func() *door {
		t.Helper()
		var found []*door
		for _, d := range doors {
			switch {
			case !d.closed:
				found = append(found, d)
			case !d.access.Password.IsEmpty() && !slices.Contains(given, d.access.Password):
				t.Error("a storage that is closed still has its password")
			}
		}
		if len(found) > 1 {
			t.Fatalf("%d storages are open", len(found))
		}
		if len(found) == 0 {
			return nil
		}
		return found[0]
	}

	id, err := a.s.Create(ctx, "Harbour desk", place, share.Person{Name: "Anna", Device: "laptop"})
	a.must(err)
	first := open()
	if first == nil || first.access.Password.IsEmpty() {
		t.Fatal("nothing is open after the first synchronisation")
	}
	a.sync(id)
	if open() != first {
		t.Error("a second synchronisation opened the storage again")
	}

	// Another password.
	other := place
	other.Access.Password = given[1]
	a.must(a.s.SetPlace(ctx, id, other))
	a.sync(id)
	second := open()
	if second == first || !first.closed || !first.access.Password.IsEmpty() {
		t.Error("the storage as it was reached before is still there")
	}
	if string(second.access.Password.Reveal()) != "another key secret" {
		t.Error("the new password is not used")
	}

	// Let go, while somebody waits for the storage.
	a.must(a.s.LetGo(ctx))
	if open() != nil || !second.access.Password.IsEmpty() {
		t.Error("something is left after letting go")
	}
	hold = make(chan struct{})
	result := make(chan error, 1)
	go func() {
		_, err := a.s.Sync(ctx, id)
		result <- err
	}()
	<-asked
	gone := make(chan error, 1)
	go func() { gone <- a.s.LetGo(ctx) }()
	cut, cancel := context.WithCancel(ctx)
	cancel()
	if err := a.s.LetGo(cut); err == nil {
		t.Error("letting go did not wait for a request that is under way")
	}
	close(hold)
	a.must(<-result)
	a.must(<-gone)
	if open() != nil || !doors[len(doors)-1].access.Password.IsEmpty() {
		t.Error("something is left after a request that was under way")
	}

	hold = nil
	a.sync(id)
	last := open()
	if last == nil || string(last.access.Password.Reveal()) != "another key secret" {
		t.Fatal("the storage is not opened anew")
	}
	a.must(a.s.Forget(ctx, id, true))
	if open() != nil || !last.access.Password.IsEmpty() {
		t.Error("something is left of a shared vault that was forgotten")
	}
}
