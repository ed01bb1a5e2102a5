package model

import (
	"context"
	"time"

	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/recovery"
	"github.com/tallystick/tallystick/vault/secret"
	"github.com/tallystick/tallystick/vault/share"
	"github.com/tallystick/tallystick/vault/share/store"
	"github.com/tallystick/tallystick/vault/share/team"
)

// ShareID names a shared vault, DeviceID a device in it.
type (
	ShareID  = share.VaultID
	DeviceID = share.DeviceID
	InviteID = share.InviteID
)

// Role is what a device may do in a shared vault.
type Role = share.Role

// The roles, the one that may do most first.
const (
	Admin  = share.Admin
	Editor = share.Editor
	Viewer = share.Viewer
)

// Teams is what the window needs of a team.Service, which says what each of them does. All are called off the models' goroutine.
type Teams interface {
	List() ([]team.Status, error)
	Badges() (map[string]team.Badge, error)
	Members(id share.VaultID) ([]share.Info, error)
	Gone(id share.VaultID) ([]share.Gone, []share.Person, error)
	Waiting(id share.VaultID) ([]share.Request, error)
	Log(id share.VaultID) ([]team.Event, error)
	Reenroll(id share.VaultID) ([]team.Exposed, error)
	Conflicts(id share.VaultID) ([]team.Conflict, error)
	Words(id share.VaultID, device share.DeviceID) (string, error)
	Clock() (store.ClockReading, bool)
	Watch(ctx context.Context, id share.VaultID) (<-chan struct{}, error)
	LetGo(ctx context.Context) error

	// Guard and PutTags belong into Manager.Update: see team.Service.
	Guard(change func(*vault.Vault) error) func(*vault.Vault) error
	PutTags(v *vault.Vault, account vault.ID, tags []string) error

	Sync(ctx context.Context, id share.VaultID) (team.Report, error)
	Create(ctx context.Context, name string, at team.Place, who share.Person) (share.VaultID, error)
	Move(ctx context.Context, id share.VaultID, accounts ...vault.ID) (team.Report, error)
	MoveOpened(ctx context.Context, id share.VaultID, opened map[vault.ID]recovery.Sheets, accounts ...vault.ID) (team.Report, error)
	OpenInvites(id share.VaultID) ([]share.Invite, error)
	Withdraw(ctx context.Context, id share.VaultID, invite share.InviteID) (team.Report, error)
	Invite(ctx context.Context, id share.VaultID, role share.Role, life time.Duration) (share.Invite, error)
	Join(ctx context.Context, invite secret.Bytes, at team.Place, who share.Person) (share.VaultID, error)
	Confirm(ctx context.Context, id share.VaultID, request share.DeviceID, compared bool) (team.Report, error)
	Dismiss(ctx context.Context, id share.VaultID, request share.DeviceID) error
	Verify(ctx context.Context, id share.VaultID, device share.DeviceID, same bool) error
	SetRole(ctx context.Context, id share.VaultID, device share.DeviceID, role share.Role) (team.Report, error)
	Remove(ctx context.Context, id share.VaultID, device share.DeviceID) (team.Report, error)
	Rename(ctx context.Context, id share.VaultID, name string) (team.Report, error)
	SetPerson(ctx context.Context, id share.VaultID, device share.DeviceID, who share.Person) (team.Report, error)
	Rotate(ctx context.Context, id share.VaultID) (team.Report, error)
	Redo(ctx context.Context, id share.VaultID, entry share.Hash) (team.Report, error)
	Keep(ctx context.Context, id share.VaultID, account vault.ID, choice string) (team.Report, error)
	SetPlace(ctx context.Context, id share.VaultID, at team.Place) error
	Leave(ctx context.Context, id share.VaultID, keep bool) error
	Forget(ctx context.Context, id share.VaultID, keep bool) error
}

var _ Teams = (*team.Service)(nil)
