package share

import (
	"cmp"
	"slices"
	"time"
)

// Event is one thing that somebody did.
type Event struct {
	Time    time.Time // by the clock of whoever did it
	By      DeviceID
	Account AccountID // Self: the vault. Empty: its members
	What    string    // the name of a register without what it is about, "restored", "kept", or the type of an entry
	Device  DeviceID  // whom an entry, or a name, is about
	Role    Role      // what an entry gave
	Was, Is Person    // the names of Device before and after: What is Named
}

// Named is what an event does that gives somebody, or a device, another name.
const Named = "person"

// maxEvents bounds the log.
const maxEvents = 1_000

// note keeps an event, unless the same one is there.
func (r *Replica) note(e Event) {
	e.Time = e.Time.UTC().Truncate(time.Millisecond)
	if e.Account == Self && e.What != regName && (e.What != Named || e.Was == e.Is) {
		return // who comes, and invites, show as entries of the chain
	}
	if slices.Contains(r.log[max(0, len(r.log)-50):], e) {
		return
	}
	r.log = append(r.log, e)
	if len(r.log) > maxEvents {
		r.log = slices.Clone(r.log[len(r.log)-maxEvents:])
	}
}

// Log returns who changed what and when, the last thing first: every change of members, and of accounts what this device saw happen, at most
// the last thousand.
func (r *Replica) Log() []Event {
	list := slices.Clone(r.log)
	for _, e := range r.chain.Standing().Path {
		list = append(list, Event{Time: e.When(), By: e.By, What: string(e.Type), Device: e.Device, Role: e.Role})
	}
	slices.SortStableFunc(list, func(a, b Event) int {
		return cmp.Or(b.Time.Compare(a.Time), cmp.Compare(a.Account, b.Account), cmp.Compare(a.What, b.What), cmp.Compare(a.By, b.By))
	})
	return slices.Compact(list)
}
