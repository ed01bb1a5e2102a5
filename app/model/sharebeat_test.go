package model_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tallystick/tallystick/app/apptest"
	"github.com/tallystick/tallystick/app/model"
	"github.com/tallystick/tallystick/vault/share"
	"github.com/tallystick/tallystick/vault/share/store"
	"github.com/tallystick/tallystick/vault/share/team"
)

// counted counts synchronisations, which end as the test says.
type counted struct {
	*apptest.Teams
	syncs   atomic.Int64
	offline atomic.Bool
}

func (c *counted) Sync(_ context.Context, id share.VaultID) (team.Report, error) {
	c.syncs.Add(1)
	return team.Report{ID: id, Summary: share.Summary{Offline: c.offline.Load()}}, nil
}

// A shared vault on a server is looked at at the start, ever less often while nothing happens, at once when the window comes to the
// front, and soon after a change; never after the lock.
func TestTheBeatSlowsDownAndWakesUp(t *testing.T) {
	inWorld(t, func(w *world) {
		c := &counted{Teams: &apptest.Teams{Status: []team.Status{{
			ID: "11112222333344445555666677778888", Name: "Desk", State: share.Joined, Ready: true, Role: share.Editor,
			Where: store.Location{Kind: store.WebDAV, URL: "https://cloud.example/x/"},
		}}}}
		w.teams = c
		ids := w.open("open sesame", totp("Acme", "maria", 1))
		prefs := w.s.Settings().Prefs()
		prefs.AutoLockMinutes = 0
		w.s.Settings().Set(prefs)
		during := func(d time.Duration) int64 {
			before := c.syncs.Load()
			w.loop.Advance(d)
			return c.syncs.Load() - before
		}
		if n := c.syncs.Load(); n != 1 {
			t.Fatalf("%d synchronisations at the start", n)
		}
		c.offline.Store(true)
		if n := during(time.Hour); n < 4 || n > 8 {
			t.Errorf("%d attempts in the first quiet hour", n)
		}
		if n := during(2 * time.Hour); n < 7 || n > 9 {
			t.Errorf("%d attempts in two hours after that, want one every quarter of an hour", n)
		}
		before := c.syncs.Load()
		w.s.Sharing().Front()
		w.s.Sharing().Front()
		w.loop.Settle()
		if n := c.syncs.Load() - before; n > 2 || n < 1 {
			t.Errorf("%d when the window came to the front", n)
		}
		before = c.syncs.Load()
		w.list.SetFavourite(ids[0], true)
		w.loop.Settle()
		w.loop.Advance(5 * time.Second)
		if n := c.syncs.Load() - before; n < 1 || n > 2 {
			t.Errorf("%d after a change", n)
		}
		if _, locked := w.s.Lock(); !locked {
			t.Fatal("not locked")
		}
		w.loop.Settle()
		if n := during(time.Hour); n != 0 {
			t.Errorf("%d while locked", n)
		}
		if w.loop.Timers() != 0 {
			t.Errorf("%d timers are left", w.loop.Timers())
		}
	})
}

var _ model.Teams = (*counted)(nil)

// desk is a shared vault on a server, with one account's worth of nothing.
func desk(state share.State) team.Status {
	return team.Status{
		ID: "11112222333344445555666677778888", Name: "Desk", State: state, Ready: state == share.Joined, Role: share.Admin,
		Where: store.Location{Kind: store.WebDAV, URL: "https://cloud.example/x/"}, Success: noon, Tried: noon,
	}
}

// Two people on the telephone do not wait for a clock: while an invite is out, or this device waits to be let in, the storage is
// looked at often. Not for ever.
func TestTheBeatIsQuickWhileSomebodyIsWaitedFor(t *testing.T) {
	for name, state := range map[string]share.State{"waiting to be let in": share.Joining, "an invite is out": share.Joined} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				c := &counted{Teams: &apptest.Teams{Status: []team.Status{desk(state)}}}
				w.teams = c
				w.open("", totp("Acme", "maria", 1))
				during := func(d time.Duration) int64 {
					before := c.syncs.Load()
					w.loop.Advance(d)
					return c.syncs.Load() - before
				}
				if state == share.Joined {
					if n := during(time.Minute); n > 1 {
						t.Fatalf("%d in a minute before there is an invite", n)
					}
					w.s.Sharing().Open(c.Status[0].ID)
					w.s.Sharing().Invite(model.Editor, time.Hour)
					w.loop.Settle()
				}
				if n := during(time.Minute); n < 10 || n > 13 {
					t.Errorf("%d synchronisations in the first minute, want one every five seconds", n)
				}
				during(10 * time.Minute)
				during(time.Hour)
				if n := during(time.Hour); n > 5 {
					t.Errorf("%d an hour later, want one every quarter of an hour", n)
				}
			})
		})
	}
}

// stuck is a storage that takes a question and never answers, until it is let go.
type stuck struct {
	*apptest.Teams
	free chan struct{}
}

func (s *stuck) Sync(ctx context.Context, id share.VaultID) (team.Report, error) {
	select {
	case <-s.free:
	case <-ctx.Done():
	}
	return team.Report{ID: id}, ctx.Err()
}

// A storage that hangs is not called "in step" for minutes.
func TestAStorageThatHangsIsSaidToBeSlow(t *testing.T) {
	inWorld(t, func(w *world) {
		s := &stuck{&apptest.Teams{Status: []team.Status{desk(share.Joined)}}, make(chan struct{})}
		w.teams = s
		w.open("", totp("Acme", "maria", 1))
		w.loop.Settle()
		says := func(want string, mood model.Mood) {
			t.Helper()
			if v, ok := w.s.Sharing().Vault(s.Status[0].ID); !ok || v.Head != want || v.Mood != mood {
				t.Errorf("it says %q (mood %d), want %q", v.Head, v.Mood, want)
			}
		}
		w.loop.Advance(15 * time.Second)
		says("In step", model.MoodGood)
		w.loop.Advance(10 * time.Second)
		says("Waiting for the storage", model.MoodQuiet)
		close(s.free)
		w.loop.Settle()
		says("In step", model.MoodGood)
	})
}
