package backup

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// How many backups are kept: the last one of each of the latest days, weeks (Monday to
// Sunday) and months, of those that have any at all. So a clock that once ran ahead, or a
// computer that was off for a year, costs nothing. The very latest are kept even when they are
// of one day: one of them may have been made before something went wrong an hour ago.
const (
	KeepLatest = 3
	KeepDays   = 7
	KeepWeeks  = 5
	KeepMonths = 12
)

// Superfluous chooses from backups of one vault, in any order, those that nobody needs any
// longer, oldest first. The newest is never among them. Days are those of UTC.
func Superfluous(list []Copy) []Copy {
	newest := slices.Clone(list)
	slices.SortStableFunc(newest, compareNewest)
	rules := []struct {
		most int
		name func(time.Time) string
		seen map[string]bool
	}{
		{KeepDays, func(t time.Time) string { return t.Format(time.DateOnly) }, map[string]bool{}},
		{KeepWeeks, func(t time.Time) string { y, w := t.ISOWeek(); return fmt.Sprint(y, "-", w) }, map[string]bool{}},
		{KeepMonths, func(t time.Time) string { return t.Format("2006-01") }, map[string]bool{}},
	}
	var out []Copy
	for i, c := range newest {
		keep := i < KeepLatest
		for _, r := range rules {
			if name := r.name(c.Made.UTC()); !r.seen[name] && len(r.seen) < r.most {
				r.seen[name], keep = true, true
			}
		}
		if !keep {
			out = append(out, c)
		}
	}
	slices.Reverse(out)
	return out
}

// compareNewest puts the newest first; of the same second, the one with the higher number.
func compareNewest(a, b Copy) int {
	if c := b.Made.Compare(a.Made); c != 0 {
		return c
	}
	if len(a.Path) != len(b.Path) {
		return len(b.Path) - len(a.Path)
	}
	return strings.Compare(b.Path, a.Path)
}

// Due reports whether a daily backup is to be made: the last one (zero = none) is not of this
// day, in the time zone of now. A clock that was set back makes one more, not one less.
func Due(last, now time.Time) bool {
	if last.IsZero() {
		return true
	}
	y, m, d := last.In(now.Location()).Date()
	y2, m2, d2 := now.Date()
	return y != y2 || m != m2 || d != d2
}
