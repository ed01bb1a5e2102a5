package backup

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

func at(times ...time.Time) []Copy {
	var list []Copy
	for _, t := range times {
		list = append(list, Copy{Path: copyName("00000000", t, 1), Made: t})
	}
	return list
}

func kept(list []Copy) []time.Time {
	out := Superfluous(list)
	var left []time.Time
	for _, c := range list {
		if !slices.Contains(out, c) {
			left = append(left, c.Made)
		}
	}
	slices.SortFunc(left, func(a, b time.Time) int { return b.Compare(a) })
	return left
}

func TestSuperfluousOfThreeYears(t *testing.T) {
	end := time.Date(2026, 7, 15, 18, 0, 0, 0, time.UTC) // a Wednesday
	var list []Copy
	for d := range 3 * 365 {
		list = append(list, at(end.AddDate(0, 0, -d))...)
	}
	var want []time.Time
	for d := range 7 { // 15 to 9 July
		want = append(want, end.AddDate(0, 0, -d))
	}
	// Sundays: of this week and the one before the last days are in already: 12 July is; then 5 July, 28 June, 21 June.
	want = append(want, time.Date(2026, 7, 5, 18, 0, 0, 0, time.UTC), time.Date(2026, 6, 30, 18, 0, 0, 0, time.UTC),
		time.Date(2026, 6, 28, 18, 0, 0, 0, time.UTC), time.Date(2026, 6, 21, 18, 0, 0, 0, time.UTC))
	for m := 5; m > 5-10; m-- { // the last days of May 2026 and back to August 2025
		want = append(want, time.Date(2026, time.Month(m+1), 0, 18, 0, 0, 0, time.UTC))
	}
	if got := kept(list); !slices.Equal(got, want) {
		t.Errorf("kept\n%v\nwant\n%v", got, want)
	}
}

func TestSuperfluousKeepsTheLastOfADay(t *testing.T) {
	day := time.Date(2026, 3, 3, 0, 0, 0, 0, time.UTC)
	next := day.AddDate(0, 0, 1)
	list := at(day.Add(8*time.Hour), day.Add(20*time.Hour), day.Add(12*time.Hour),
		next.Add(8*time.Hour), next.Add(9*time.Hour), next.Add(10*time.Hour), next.Add(11*time.Hour))
	want := []time.Time{next.Add(11 * time.Hour), next.Add(10 * time.Hour), next.Add(9 * time.Hour), day.Add(20 * time.Hour)}
	if got := kept(list); !slices.Equal(got, want) {
		t.Errorf("%v", got)
	}
	if got := Superfluous(nil); len(got) != 0 {
		t.Errorf("%v", got)
	}
}

// A computer that was off for a year, and a clock that once ran ahead: what was there stays.
func TestSuperfluousWithGaps(t *testing.T) {
	list := at(time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2024, 1, 9, 0, 0, 0, 0, time.UTC),
		time.Date(2026, 3, 4, 0, 0, 0, 0, time.UTC), time.Date(2045, 1, 1, 0, 0, 0, 0, time.UTC))
	if got := Superfluous(list); len(got) != 0 {
		t.Errorf("%v", got)
	}
}

// Whatever the times are: the newest is kept, at most as many as the rules allow, and doing it
// again after each backup ends where doing it once does not lose anything more.
func TestSuperfluousAlways(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		var times []time.Time
		for range random.IntN(80) {
			times = append(times, time.Unix(1_700_000_000+random.Int64N(86400*500), 0).UTC())
		}
		list := at(times...)
		left := kept(list)
		if len(times) > 0 && !slices.ContainsFunc(left, func(t time.Time) bool { return t.Equal(slices.MaxFunc(times, time.Time.Compare)) }) {
			t.Fatal("the newest is gone")
		}
		if len(left) > KeepLatest+KeepDays+KeepWeeks+KeepMonths {
			t.Fatalf("%d are kept", len(left))
		}
		if again := Superfluous(at(left...)); len(again) != 0 {
			t.Fatalf("a second time takes %v", again)
		}
	}
}

func TestDue(t *testing.T) {
	zone := time.FixedZone("x", 2*3600)
	now := time.Date(2026, 3, 4, 9, 0, 0, 0, zone)
	for last, want := range map[time.Time]bool{
		{}:                       true,
		now.Add(-8 * time.Hour):  false,
		now.Add(-10 * time.Hour): true, // yesterday evening, here; today in UTC
		now.Add(24 * time.Hour):  true, // the clock was set back
	} {
		if got := Due(last, now); got != want {
			t.Errorf("%v: %v", last, got)
		}
	}
}

func TestNamesRoundTrip(t *testing.T) {
	made := time.Date(2026, 3, 4, 18, 2, 0, 0, time.UTC)
	for _, n := range []int{1, 2, 17} {
		if c, ok := parseName(copyName("1a2b3c4d", made, n)); !ok || c.Vault != "1a2b3c4d" || !c.Made.Equal(made) {
			t.Errorf("%v %v", c, ok)
		}
	}
	for _, name := range []string{"", "x.zip", "tallystick-backup-1A2B3C4D-20260304T180200Z.zip", "tallystick-backup-1a2b3c4d-20260304T180200Z-1.zip",
		"tallystick-backup-1a2b3c4d-20260304T180200Z-02.zip", "tallystick-backup-1a2b3c4d-20260304T180200Z.zip.part", "tallystick-backup-1a2b3c4d.zip"} {
		if _, ok := parseName(name); ok {
			t.Errorf("%q is taken for a backup", name)
		}
	}
}
