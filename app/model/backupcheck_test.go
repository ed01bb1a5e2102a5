package model_test

import (
	"strings"
	"testing"
	"time"

	"github.com/tallystick/tallystick/app/model"
	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/backup"
)

// What the check-up says of backups: every way they can stand.
func TestBackupsFound(t *testing.T) {
	made := noon.Add(-time.Hour)
	newest := backup.Copy{Path: "x.zip", Made: made, Accounts: 3}
	set := backup.Status{Set: true, Folder: "/media/stick", FolderThere: true, Last: &backup.Last{File: "x.zip", Made: made, Accounts: 3}}
	with := func(change func(*backup.Status)) backup.Status {
		st := set
		change(&st)
		return st
	}
	for _, c := range []struct {
		found model.BackupsFound
		state model.Health
		says  string
	}{
		{model.BackupsFound{Accounts: 1}, model.Healthy, "None are made yet."},
		{model.BackupsFound{Accounts: 2}, model.Ailing, "None are made. If"},
		{model.BackupsFound{Accounts: -1}, model.Ailing, "None are made. If"},
		{model.BackupsFound{Err: backup.ErrSettings}, model.Ailing, "settings of the backups are damaged"},
		{model.BackupsFound{Status: with(func(s *backup.Status) { s.FolderThere = false })}, model.Ailing, "/media/stick is not there. The last one was made today 11:00."},
		{model.BackupsFound{Status: set, OpenErr: backup.ErrFolder}, model.Ailing, "not there"},
		{model.BackupsFound{Status: set}, model.Ailing, "There is none in /media/stick"},
		{model.BackupsFound{Status: set, Newest: newest, OpenErr: backup.ErrDamaged}, model.Ailing, "of today 11:00, and does not open. The backup is damaged"},
		{model.BackupsFound{Status: set, Newest: newest}, model.Healthy, "of today 11:00, has 3 accounts, and opens."},
		{model.BackupsFound{Status: set, OpenErr: vault.ErrLocked}, model.Healthy, "opened after it was written"},
		{model.BackupsFound{Status: with(func(s *backup.Status) { s.Last = nil }), OpenErr: vault.ErrLocked}, model.Ailing, "There is none in"},
		{model.BackupsFound{Status: with(func(s *backup.Status) { s.Failed, s.FailedAt = backup.ErrReadBack, noon }), Newest: newest}, model.Ailing, "The attempt today 12:00 made none."},
		{model.BackupsFound{Status: set, Newest: backup.Copy{Path: "x.zip", Made: noon.AddDate(0, 0, -8)}}, model.Ailing, "more than a week ago"},
	} {
		got := c.found.Check(noon)
		if got.State != c.state || !strings.Contains(got.Text, c.says) || (got.Todo != "") != (c.state != model.Healthy) {
			t.Errorf("%+v, want %q", got, c.says)
		}
	}
}
