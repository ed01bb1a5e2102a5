//go:build e2e && linux

package e2e

import (
	"bytes"
	"context"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tallystick/tallystick/app/e2e/desktop"
)

// sizes are the numbers of accounts that everything is measured with.
var sizes = []int{10, 1_000, 10_000}

// watched is how long the processor share of an idle window is measured.
const watched = 10 * time.Second

// BenchmarkWindow starts the window with vaults of several sizes and reports, besides the time of a whole start:
//
//	ms/first-codes   from starting the process to the first frame with codes, as the program itself logs it
//	ms/on-screen     from starting the process to codes that can be seen on the screen, from outside
//	MB-PSS           memory: proportional set size, idle and visible
//	%CPU-visible     share of one core over some seconds, idle, on the screen, under software rendering
//	%CPU-hidden      the same, minimised
func BenchmarkWindow(b *testing.B) {
	for _, n := range sizes {
		b.Run(fmt.Sprintf("accounts=%d", n), func(b *testing.B) {
			d := newDesktop(b, desktop.Options{})
			a := newTally(b, d)
			fill(b, a, n)
			// Once, so that what the system keeps of the program is warm, and the window has a size.
			p, w := a.open()
			a.shows(w, "Portal 00000")
			a.quit(p, w)
			var logged, seen, pss, visible, hidden []float64
			for b.Loop() {
				logged1, seen1, p, w := start(b, a)
				logged, seen = append(logged, logged1), append(seen, seen1)
				// It has come to rest when it used next to nothing for a second.
				rest(b, p)
				pss = append(pss, proportionalSet(b, p))
				visible = append(visible, share(b, p, watched))
				if err := w.Minimise(); err != nil {
					b.Fatal(err)
				}
				if err := desktop.WaitFor(within(b, patience), "the window to be minimised", func() bool { return !w.Visible() }); err != nil {
					b.Fatal(err)
				}
				rest(b, p)
				hidden = append(hidden, share(b, p, watched))
				p.Stop()
			}
			b.ReportMetric(mean(logged), "ms/first-codes")
			b.ReportMetric(mean(seen), "ms/on-screen")
			b.ReportMetric(mean(pss), "MB-PSS")
			b.ReportMetric(mean(visible), "%CPU-visible")
			b.ReportMetric(mean(hidden), "%CPU-hidden")
			b.ReportMetric(0, "ns/op") // a whole round with its waits says nothing
		})
	}
}

// BenchmarkCommand runs `tallystick code` as a whole process, with the key in a real keyring: the windowed program, and
// the command line version where TALLYSTICK_CLI names it.
func BenchmarkCommand(b *testing.B) {
	for _, program := range []struct{ name, path string }{{"windowed", bin}, {"cli", os.Getenv("TALLYSTICK_CLI")}} {
		if program.path == "" {
			continue
		}
		for _, n := range sizes {
			b.Run(fmt.Sprintf("%s/accounts=%d", program.name, n), func(b *testing.B) {
				d := newDesktop(b, desktop.Options{})
				a := newTally(b, d)
				a.bin = program.path
				fill(b, a, n)
				const runs = 30
				for b.Loop() {
					start := time.Now()
					for range runs {
						res, err := d.Run(context.Background(), "", a.bin, "code", "00000")
						if err != nil || res.Exit != done {
							b.Fatalf("%v %s", err, res.Stderr)
						}
					}
					b.ReportMetric(float64(time.Since(start).Microseconds())/1000/runs, "ms/run")
				}
				b.ReportMetric(0, "ns/op")
			})
		}
	}
}

// fill makes a vault with n accounts.
func fill(b *testing.B, a *tally, n int) {
	b.Helper()
	const batch = 2_500 // links; standard input is capped at a megabyte
	for from := 0; from < n; from += batch {
		var links bytes.Buffer
		for i := from; i < min(n, from+batch); i++ {
			key := make([]byte, 20)
			binary.BigEndian.PutUint64(key, uint64(i)+1)
			fmt.Fprintf(&links, "otpauth://totp/Portal%%20%05d:user%d?secret=%s\n", i, i,
				base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(key))
		}
		a.exits(done, links.String(), "add", "-")
	}
}

var firstCodes = regexp.MustCompile(`first frame with codes.*\bms=(\d+)`)

// start starts the window and returns how many milliseconds passed until the first codes: by the program's own log, and
// by what the screen shows.
func start(b *testing.B, a *tally) (logged, seen float64, p *desktop.Process, w *desktop.Window) {
	b.Helper()
	ctx := within(b, patience)
	begin := time.Now()
	p, err := a.d.Start("tallystick", desktop.StartOptions{Env: []string{"TALLYSTICK_TRACE=startup"}}, a.bin)
	if err != nil {
		b.Fatal(err)
	}
	if w, err = a.d.WindowOf(ctx, p); err != nil {
		b.Fatal(err)
	}
	// The list is there when the window shows many colours: letters and marks, and not one plain ground.
	look := time.NewTicker(2 * time.Millisecond)
	defer look.Stop()
	for {
		img, err := w.Picture()
		if err == nil && busy(img.Pix) {
			break
		}
		select {
		case <-look.C:
		case <-ctx.Done():
			b.Fatal("the window never showed its list")
		}
	}
	seen = float64(time.Since(begin).Microseconds()) / 1000
	err = desktop.WaitFor(ctx, "the log of the first frame", func() bool { return firstCodes.MatchString(p.Output()) })
	if err != nil {
		b.Fatal(err, p.Output())
	}
	logged, _ = strconv.ParseFloat(firstCodes.FindStringSubmatch(p.Output())[1], 64)
	return logged, seen, p, w
}

// busy reports whether a picture has as many dark-light changes as a screen of text has.
func busy(pix []byte) bool {
	changes := 0
	for i := 4; i < len(pix); i += 4 {
		if d := int(pix[i+1]) - int(pix[i-3]); d > 60 || d < -60 {
			changes++
		}
	}
	return changes > 4000
}

// ticks is the processor time a program has used, all threads together.
func ticks(tb testing.TB, p *desktop.Process) time.Duration {
	tb.Helper()
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", p.Pid()))
	if err != nil || len(files) == 0 {
		tb.Fatalf("no threads of process %d: %v", p.Pid(), err)
	}
	var total time.Duration
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // the thread has ended
		}
		var ns int64
		fmt.Sscan(string(text), &ns)
		total += time.Duration(ns)
	}
	return total
}

// share is how much of one core a program uses over a time, in percent.
func share(tb testing.TB, p *desktop.Process, over time.Duration) float64 {
	tb.Helper()
	before, start := ticks(tb, p), time.Now()
	<-time.After(over)
	return 100 * float64(ticks(tb, p)-before) / float64(time.Since(start))
}

// rest waits until a program has come to rest after what it was made to do.
func rest(tb testing.TB, p *desktop.Process) {
	tb.Helper()
	before := share(tb, p, time.Second)
	for range 20 {
		now := share(tb, p, time.Second)
		if now < 10 && before < 10 {
			return
		}
		before = now
	}
	tb.Log("it never came to rest")
}

// proportionalSet is the memory a program uses, in MB: its own, and its part of what it shares.
func proportionalSet(tb testing.TB, p *desktop.Process) float64 {
	tb.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", p.Pid()))
	if err != nil {
		tb.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		var kb float64
		if n, _ := fmt.Sscanf(line, "Pss: %f kB", &kb); n == 1 {
			return kb / 1024
		}
	}
	tb.Fatal("smaps_rollup has no Pss")
	return 0
}

func mean(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	return sum / float64(max(1, len(values)))
}
