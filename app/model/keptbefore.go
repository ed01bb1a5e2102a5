package model

import (
	"time"

	"github.com/tallystick/tallystick/vault/recovery"
)

// keptBefore says that a sealed sheet which stays valid beside fresh may be the same one; "" = none looks like it. What it holds
// cannot be compared without its passphrase: only where it came from, its date and how many keys it has.
func keptBefore(list recovery.Sheets, fresh recovery.Sheet, now time.Time) string {
	if fresh.Origin.File == "" && fresh.Printed.IsZero() {
		return "" // a number alone says nothing
	}
	for _, s := range list {
		if s.IsSealed() && s.Valid() && s.Total() == fresh.Total() && s.Origin == fresh.Origin && s.Printed.Equal(fresh.Printed) {
			return "A sheet that looks the same was kept " + when(s.Added, now) + ". If it is, its keys are counted twice now: look at them with the passphrase of the recovery keys."
		}
	}
	return ""
}
