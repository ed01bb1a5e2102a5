package scanner

import (
	"math/rand/v2"
	"testing"
)

// TestWalkSeesWhatIsThere: the short way of a walk inside the picture and the careful one at its edges see the same pixels, in both polarities.
func TestWalkSeesWhatIsThere(t *testing.T) {
	rnd := rand.New(rand.NewPCG(5, 8))
	b := newBitmap(150, 90)
	for i := range b.words {
		b.words[i] = rnd.Uint64()
	}
	inside := 0
	for range 4000 {
		place := func() Point { return Point{rnd.Float64()*170 - 10, rnd.Float64()*110 - 10} }
		from, to, view := place(), place(), b
		if rnd.IntN(2) == 0 {
			view = b.inverse()
		}
		n := 2 + rnd.IntN(63)
		w := view.walk(from, to, n)
		if w.inside {
			inside++
		}
		careful := w
		careful.inside = false
		first, seen := w.look(1), w.look(n)
		if want, more := careful.look(1), careful.look(n); first != want || seen != more {
			t.Fatalf("from %v to %v in %d: %b %b, not %b %b", from, to, n, first, seen, want, more)
		}
		if w.x != careful.x || w.y != careful.y {
			t.Fatalf("from %v to %v in %d: ends elsewhere", from, to, n)
		}
	}
	if inside < 1000 || inside > 3900 {
		t.Errorf("%d of the ways are inside", inside)
	}
}

// TestRunsInWholeNumbers: rows are looked through in whole numbers for what finderRuns says of them.
func TestRunsInWholeNumbers(t *testing.T) {
	const smallest = 4
	var s rowScan
	var runs [5]int
	looked := 0
	for n := range 9 * 9 * 14 * 9 * 9 {
		runs[0], runs[1], runs[2], runs[3], runs[4] = n%9+1, n/9%9+1, n/81%14+1, n/1134%9+1, n/10206+1
		b := newBitmap(64, 1)
		x := 3
		for i, r := range runs {
			if i%2 == 0 {
				b.words[0] |= (1<<r - 1) << x
			}
			x += r
		}
		b.words[0] |= 1 << 63 // the last run of light is none of a finder: nothing ends it but this
		s.grid[0].reset(64, 1)
		s.grid[1].reset(64, 1)
		s.found = [2][]finder{}
		views := [2]*bitmap{b, b.inverse()}
		got := s.stretch(b, &views, 0, 0, 1, smallest, 1) == 0
		want := false
		turns, _ := b.turns(0, 0, 1, nil)
		for k := 0; k+5 < len(turns); k++ {
			var r [5]float64
			for i := range r {
				r[i] = float64(turns[k+i+1] - turns[k+i])
			}
			if _, ok := finderRuns(r, 0.5); ok && r[1]+r[2]+r[3] >= smallest {
				want = true
			}
		}
		if got != want {
			t.Fatalf("runs of %v: looked at closely %v, should be %v", runs, got, want)
		}
		if got {
			looked++
		}
	}
	if looked < 1000 {
		t.Errorf("only %d of the rows were looked at", looked)
	}
}
