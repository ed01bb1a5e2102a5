package apptest

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/tallystick/tallystick/app/model"
	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/recovery"
	"github.com/tallystick/tallystick/vault/secret"
	"github.com/tallystick/tallystick/vault/share"
	"github.com/tallystick/tallystick/vault/share/store"
	"github.com/tallystick/tallystick/vault/share/team"
)

// Teams is a team.Service that shows what it was given, and remembers what was asked of it. Set the fields before it is used.
type Teams struct {
	Status    []team.Status
	People    []share.Info
	Former    []share.Gone
	FormerWho []share.Person
	Asking    []share.Request
	Invites   []share.Invite // that may still be used
	Events    []team.Event
	Exposed   []team.Exposed
	Clashes   []team.Conflict
	Safety    string // the words of every pair
	Made      share.Invite
	Admins    []string              // whom a viewer asks
	Tags      map[vault.ID][]string // that everybody sees
	Fails     error                 // of everything that changes

	mu    sync.Mutex
	calls []string
}

var _ model.Teams = (*Teams)(nil)

func (t *Teams) call(name string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.calls = append(t.calls, name)
	return t.Fails
}

// Calls are the names of what was asked for, in order, without what only reads.
func (t *Teams) Calls() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return append([]string(nil), t.calls...)
}

// List implements model.Teams, as all methods below do.
func (t *Teams) List() ([]team.Status, error) { return t.Status, nil }

// Badges are made of Status.
func (t *Teams) Badges() (map[string]team.Badge, error) {
	badges := map[string]team.Badge{}
	for _, s := range t.Status {
		badges[string(s.ID)] = team.Badge{ID: s.ID, Name: s.Name, People: s.People, Writes: s.Role.Writes(), State: s.State, Admins: t.Admins, Tags: t.Tags}
	}
	return badges, nil
}

// Members gives People.
func (t *Teams) Members(share.VaultID) ([]share.Info, error) { return t.People, nil }

// Gone gives Former.
func (t *Teams) Gone(share.VaultID) ([]share.Gone, []share.Person, error) {
	return t.Former, t.FormerWho, nil
}

// Waiting gives Asking.
func (t *Teams) Waiting(share.VaultID) ([]share.Request, error) { return t.Asking, nil }

// Log gives Events.
func (t *Teams) Log(share.VaultID) ([]team.Event, error) { return t.Events, nil }

// Reenroll gives Exposed.
func (t *Teams) Reenroll(share.VaultID) ([]team.Exposed, error) { return t.Exposed, nil }

// Conflicts gives copies of Clashes, for the caller to wipe.
func (t *Teams) Conflicts(share.VaultID) ([]team.Conflict, error) {
	var list []team.Conflict
	for _, c := range t.Clashes {
		var choices []team.Choice
		for _, o := range c.Choices {
			o.Params.Secret, o.Params.PIN = o.Params.Secret.Clone(), o.Params.PIN.Clone()
			choices = append(choices, o)
		}
		c.Choices = choices
		list = append(list, c)
	}
	return list, nil
}

// Words gives Safety.
func (t *Teams) Words(share.VaultID, share.DeviceID) (string, error) { return t.Safety, nil }

// Clock knows nothing.
func (t *Teams) Clock() (store.ClockReading, bool) { return store.ClockReading{}, false }

// Watch never tells.
func (t *Teams) Watch(context.Context, share.VaultID) (<-chan struct{}, error) { return nil, nil }

// LetGo has nothing to let go of.
func (t *Teams) LetGo(context.Context) error { return nil }

// Guard refuses accounts of shared vaults in which this device is a viewer to be removed or called otherwise: enough for a window.
func (t *Teams) Guard(change func(*vault.Vault) error) func(*vault.Vault) error {
	return func(v *vault.Vault) error {
		before := v.Accounts()
		if err := change(v); err != nil {
			return err
		}
		for _, s := range t.Status {
			for _, was := range before {
				is, ok := v.Account(was.ID)
				if was.Shared == string(s.ID) && !s.Role.Writes() && (!ok || !is.Trashed.IsZero() || is.Issuer != was.Issuer || is.Name != was.Name || is.Note != was.Note) {
					return &team.ReadOnlyError{Vault: s.Name, Issuer: was.Issuer, Account: was.Name, State: s.State, Admins: t.Admins}
				}
			}
		}
		return nil
	}
}

// PutTags remembers.
func (t *Teams) PutTags(_ *vault.Vault, account vault.ID, tags []string) error {
	if err := t.call("tags " + strings.Join(tags, ", ")); err != nil {
		return err
	}
	if t.Tags == nil {
		t.Tags = map[vault.ID][]string{}
	}
	t.Tags[account] = tags
	return nil
}

// Rename remembers.
func (t *Teams) Rename(_ context.Context, _ share.VaultID, name string) (team.Report, error) {
	return team.Report{}, t.call("rename " + name)
}

// SetPerson remembers.
func (t *Teams) SetPerson(_ context.Context, _ share.VaultID, d share.DeviceID, who share.Person) (team.Report, error) {
	return team.Report{}, t.call("name " + string(d) + " " + who.Name + "/" + who.Device)
}

// Rotate remembers.
func (t *Teams) Rotate(context.Context, share.VaultID) (team.Report, error) {
	return team.Report{}, t.call("rotate")
}

// Sync finds nothing new.
func (t *Teams) Sync(_ context.Context, id share.VaultID) (team.Report, error) {
	return team.Report{ID: id}, nil
}

// Create remembers.
func (t *Teams) Create(context.Context, string, team.Place, share.Person) (share.VaultID, error) {
	err := t.call("create")
	if err != nil || len(t.Status) == 0 {
		return "", err
	}
	return t.Status[0].ID, nil
}

// Move remembers.
func (t *Teams) Move(context.Context, share.VaultID, ...vault.ID) (team.Report, error) {
	return team.Report{}, t.call("move")
}

// MoveOpened remembers.
func (t *Teams) MoveOpened(_ context.Context, _ share.VaultID, opened map[vault.ID]recovery.Sheets, _ ...vault.ID) (team.Report, error) {
	if len(opened) > 0 {
		return team.Report{}, t.call("move opened")
	}
	return team.Report{}, t.call("move")
}

// OpenInvites gives Invites.
func (t *Teams) OpenInvites(share.VaultID) ([]share.Invite, error) { return t.Invites, nil }

// Withdraw remembers.
func (t *Teams) Withdraw(_ context.Context, _ share.VaultID, i share.InviteID) (team.Report, error) {
	return team.Report{}, t.call("withdraw " + string(i))
}

// Invite gives Made.
func (t *Teams) Invite(context.Context, share.VaultID, share.Role, time.Duration) (share.Invite, error) {
	return t.Made, t.call("invite")
}

// Join remembers.
func (t *Teams) Join(context.Context, secret.Bytes, team.Place, share.Person) (share.VaultID, error) {
	return "", t.call("join")
}

// Confirm remembers.
func (t *Teams) Confirm(_ context.Context, _ share.VaultID, _ share.DeviceID, compared bool) (team.Report, error) {
	if compared {
		return team.Report{}, t.call("confirm compared")
	}
	return team.Report{}, t.call("confirm")
}

// Dismiss remembers.
func (t *Teams) Dismiss(context.Context, share.VaultID, share.DeviceID) error {
	return t.call("dismiss")
}

// Verify remembers.
func (t *Teams) Verify(_ context.Context, _ share.VaultID, _ share.DeviceID, same bool) error {
	if !same {
		return t.call("not the same")
	}
	return t.call("verify")
}

// SetRole remembers.
func (t *Teams) SetRole(_ context.Context, _ share.VaultID, _ share.DeviceID, r share.Role) (team.Report, error) {
	return team.Report{}, t.call("role " + string(r))
}

// Remove remembers.
func (t *Teams) Remove(_ context.Context, _ share.VaultID, d share.DeviceID) (team.Report, error) {
	return team.Report{}, t.call("remove " + string(d))
}

// Redo remembers.
func (t *Teams) Redo(context.Context, share.VaultID, share.Hash) (team.Report, error) {
	return team.Report{}, t.call("redo")
}

// Keep remembers.
func (t *Teams) Keep(_ context.Context, _ share.VaultID, _ vault.ID, choice string) (team.Report, error) {
	return team.Report{}, t.call("keep " + choice)
}

// SetPlace remembers.
func (t *Teams) SetPlace(context.Context, share.VaultID, team.Place) error { return t.call("place") }

// Leave remembers.
func (t *Teams) Leave(_ context.Context, _ share.VaultID, keep bool) error {
	if keep {
		return t.call("leave and keep")
	}
	return t.call("leave")
}

// Forget remembers.
func (t *Teams) Forget(context.Context, share.VaultID, bool) error { return t.call("forget") }
