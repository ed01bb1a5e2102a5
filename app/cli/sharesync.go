package cli

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/app/clock"
	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/share"
	"github.com/tallystick/tallystick/vault/share/store"
	"github.com/tallystick/tallystick/vault/share/team"
)

func (r *run) shareSync() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "sync [VAULT]",
		Short: "Bring shared vaults in step with their storage",
		Long: `Bring a shared vault in step with its storage, or all of them: read and check what is new
there, and write what is new here.

Exit status 0: in step. 5: not reached; everything goes on working here. 6: the storage is
behind, was rolled back or tampered with, or cannot be trusted; what is wrong is said, and
nothing of it was used.`,
		Args: maxArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return r.sync(cmd.Context(), first(args), asJSON) },
	}
	jsonFlag(cmd, &asJSON, "array")
	return cmd
}

func (r *run) sync(ctx context.Context, word string, asJSON bool) error {
	m, s, err := r.teams(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = m.Close() }()
	ids, err := s.IDs()
	if err != nil {
		return err
	}
	if strings.TrimSpace(word) != "" {
		st, err := r.oneShare(s, word)
		if err != nil {
			return err
		}
		ids = []share.VaultID{st.ID}
	}
	records := make([]syncRecord, 0, len(ids))
	worst := statusDone
	for _, id := range ids {
		rep, err := s.Sync(ctx, id)
		rep.ID = id
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if errors.Is(err, vault.ErrLocked) {
			return err
		}
		if err == nil && !rep.Offline {
			err = refusal(rep)
		}
		rec, recErr := r.syncRecord(s, rep, err)
		if recErr != nil {
			if err == nil {
				err = recErr
			}
			rec = syncRecord{shareRecord: shareRecord{ID: string(id), Findings: []findingRecord{}}, Result: failed, Reason: reasonOf(err)}
			_, rec.Error, _ = explain(err)
		}
		records = append(records, rec)
		worst = worse(worst, syncStatus(rec.Result))
		if !asJSON {
			r.showSync(rec)
		}
	}
	r.keepClock(s)
	if asJSON {
		if err := r.json(records); err != nil {
			return err
		}
	} else if len(ids) == 0 {
		r.note("There is no shared vault here.")
	}
	if worst != statusDone {
		return errSaid(worst)
	}
	return nil
}

// refusal is why a device that waits to be let in will wait in vain; nil while it may still be let in.
func refusal(rep team.Report) error {
	if rep.State != share.Joining {
		return nil
	}
	for _, f := range rep.Findings {
		switch f.Kind {
		case share.InviteWasUsed:
			return because("invite-used", fail(statusFailed, "Another device used the invite of this one, which is not let in. Tell the admin who made it, and ask for a new one."))
		case share.InviteWithdrawn:
			return because("invite-withdrawn", fail(statusFailed, "The invite of this device was withdrawn. Ask for a new one."))
		case share.InviteTooOld:
			return because("invite-expired", fail(statusFailed, "The invite of this device expired before an admin confirmed it. Ask for a new one."))
		}
	}
	return nil
}

// syncStatus is the exit status for the result of one synchronisation.
func syncStatus(result string) int {
	switch result {
	case suspicious:
		return statusSuspicious
	case offline:
		return statusOffline
	case failed:
		return statusFailed
	}
	return statusDone
}

// worse is the status that matters more: tampering, then failure, then being offline.
func worse(a, b int) int {
	rank := map[int]int{statusDone: 0, statusOffline: 1, statusFailed: 2, statusSuspicious: 3}
	if rank[b] > rank[a] {
		return b
	}
	return a
}

func (r *run) showSync(rec syncRecord) {
	called := clean(rec.Name)
	if called == "" {
		called = rec.ID[:8]
	}
	switch {
	case rec.Error != "":
		r.note("%s: %s", called, rec.Error)
	case rec.Result == offline:
		r.note("%s: the storage was not reached. Everything goes on working here; what was changed goes out later.", called)
	case rec.State == string(share.Joining):
		r.print("%s: waits for an admin to confirm this device.", called)
	case rec.State == string(share.Expelled):
		r.print("%s: this device was removed. `tallystick share leave` puts it away here.", called)
	case rec.Result == suspicious:
		r.note("%s: the storage is not as it should be.", called)
	default:
		r.print("%s: in step.", called)
	}
	_ = r.out.Flush() // what was found comes after it; an error comes again at the end
	if rec.Requests > 0 {
		r.note("  %s to be let in: `tallystick share requests`.", amount(rec.Requests, "device"))
	}
	if rec.Conflicts > 0 {
		r.note("  %s with several secrets to choose from: `tallystick share conflicts`.", amount(rec.Conflicts, "account"))
	}
	for _, f := range rec.Findings {
		if rec.Error == "" || f.Kind != rec.Reason {
			r.note("  %s", clean(f.Text))
		}
	}
}

// keepClock keeps what the replies of storages said about the clock, for the doctor. A storage knows the time to a second at best, and
// nobody vouches for it: it never corrects codes by itself, and does not speak against a correction that a person agreed to.
func (r *run) keepClock(s *team.Service) {
	reading, ok := s.Clock()
	if !ok {
		return
	}
	dir, err := r.place()
	if err != nil {
		return
	}
	c := r.openClock(dir)
	st, told := c.Status(), sampleOf(reading)
	if st.Use == clock.Used || st.Known && (st.Off.Offset-told.Offset).Abs() <= st.Off.Error+told.Error {
		return
	}
	_ = c.Keep(c.Measure(context.Background(), []clock.Source{storageTime(told)})) // only a hint: nothing is lost when it cannot be kept
}

// sampleOf turns what a storage said about the clock around: there it is the true time minus the local one, here the local one minus
// the true one.
func sampleOf(c store.ClockReading) clock.Sample {
	return clock.Sample{Offset: -(c.Low + c.High) / 2, Error: max((c.High-c.Low)/2, time.Millisecond)}
}

// storageTime is a source that was asked already.
type storageTime clock.Sample

// Name says for people what was asked.
func (storageTime) Name() string { return "shared storage" }

// Measure gives what the replies said.
func (t storageTime) Measure(context.Context) (clock.Sample, error) { return clock.Sample(t), nil }
