package model_test

import (
	"image"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tallystick/tallystick/app/model"
	"github.com/tallystick/tallystick/scanner"
	"github.com/tallystick/tallystick/scanner/capture"
)

// screenOf is a screen that shows one colour, so that two of them can be told apart.
func screenOf(shade uint8) capture.Shot {
	m := image.NewRGBA(image.Rect(0, 0, 320, 200))
	for i := range m.Pix {
		m.Pix[i] = shade
	}
	return capture.Shot{Name: "screen 1", Bounds: m.Rect, Image: m}
}

func TestWatchTakesACodeThatComesLate(t *testing.T) {
	inWorld(t, func(w *world) {
		w.open("")
		w.screens.Put(screenOf(0))
		w.scanner.SeeTexts("https://portal.example/")
		w.add.WatchScreen()
		if w.add.Stage() != model.Working || !w.add.Watching() {
			t.Fatalf("stage %v, busy %q", w.add.Stage(), w.add.Busy())
		}
		time.Sleep(20 * time.Second)
		synctest.Wait()
		if w.add.Stage() != model.Working {
			t.Fatal("a web address ended the wait")
		}
		looked := len(w.scanner.Seen())
		if looked != 1 {
			t.Errorf("a screen on which nothing changed was looked at %d times", looked)
		}
		w.screens.Put(screenOf(2))
		w.scanner.SeeTexts("https://portal.example/", link("Acme", "maria", 1))
		time.Sleep(time.Second)
		synctest.Wait()
		w.loop.Settle()
		if w.add.Stage() != model.Found || w.add.Draft().Issuer == "" || w.add.Watching() {
			t.Fatalf("stage %v: %q", w.add.Stage(), w.add.Reason())
		}
		for _, e := range w.screens.Events() {
			if strings.Contains(e, "hidden") {
				t.Errorf("the window was hidden, and could not be used to stop: %q", w.screens.Events())
			}
		}
	})
}

func TestWatchEnds(t *testing.T) {
	inWorld(t, func(w *world) {
		w.open("")
		w.screens.Put(screenOf(0))
		w.scanner.See(func(image.Image) (scanner.Result, error) {
			return scanner.Result{Reason: scanner.ReasonUnreadable}, nil
		})
		w.add.WatchScreen()
		time.Sleep(4 * time.Minute)
		synctest.Wait()
		if w.add.Stage() != model.Working {
			t.Fatal("it gave up early")
		}
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		w.loop.Settle()
		if w.add.Stage() != model.NothingFound || !strings.Contains(w.add.Reason(), "five minutes") {
			t.Fatalf("stage %v: %q", w.add.Stage(), w.add.Reason())
		}

		// Stopped by the person, nothing goes on.
		w.add.WatchScreen()
		w.add.Cancel()
		before := len(w.scanner.Seen())
		w.screens.Put(screenOf(9))
		time.Sleep(time.Minute)
		synctest.Wait()
		if len(w.scanner.Seen()) > before+1 {
			t.Error("it looked on after it was stopped")
		}
	})
}

// On Wayland the desktop portal takes the pictures: less often, and not for long where it asks the person for each.
func TestWatchThroughThePortal(t *testing.T) {
	start := func(w *world, took func(n int) time.Duration) (pictures func() int) {
		var n atomic.Int32
		w.body.Capture = func() string { return capture.MethodPortal }
		w.screens.Put(screenOf(0))
		w.screens.Ask = func() { time.Sleep(took(int(n.Add(1)))) }
		w.open("")
		w.add.WatchScreen()
		return func() int { synctest.Wait(); return int(n.Load()) }
	}
	t.Run("by itself", func(t *testing.T) {
		inWorld(t, func(w *world) {
			pictures := start(w, func(int) time.Duration { return 400 * time.Millisecond })
			time.Sleep(31 * time.Second)
			if n := pictures(); n < 9 || n > 12 {
				t.Errorf("%d pictures in half a minute", n)
			}
			w.screens.Put(screenOf(1))
			w.scanner.SeeTexts(link("Acme", "maria", 1))
			time.Sleep(4 * time.Second)
			synctest.Wait()
			w.loop.Settle()
			if w.add.Stage() != model.Found {
				t.Fatalf("stage %v: %q", w.add.Stage(), w.add.Reason())
			}
		})
	})
	t.Run("asking once", func(t *testing.T) {
		inWorld(t, func(w *world) {
			pictures := start(w, func(n int) time.Duration {
				if n == 1 {
					return 9 * time.Second // a person reads the question
				}
				return 300 * time.Millisecond
			})
			time.Sleep(40 * time.Second)
			if n := pictures(); n < 8 || w.add.Stage() != model.Working {
				t.Errorf("%d pictures, stage %v: %q", n, w.add.Stage(), w.add.Reason())
			}
			w.add.Cancel()
		})
	})
	t.Run("asking each time", func(t *testing.T) {
		inWorld(t, func(w *world) {
			pictures := start(w, func(int) time.Duration { return 4 * time.Second })
			time.Sleep(time.Minute)
			n := pictures()
			w.loop.Settle()
			if n != 2 || w.add.Stage() != model.NothingFound || !strings.Contains(w.add.Reason(), "asks before every picture") {
				t.Errorf("%d pictures, stage %v: %q", n, w.add.Stage(), w.add.Reason())
			}
		})
	})
	t.Run("refused", func(t *testing.T) {
		inWorld(t, func(w *world) {
			pictures := start(w, func(int) time.Duration { return time.Second })
			w.screens.Fail(capture.ErrCancelled)
			time.Sleep(time.Minute)
			n := pictures()
			w.loop.Settle()
			if n != 1 || w.add.Stage() != model.NothingFound || !strings.Contains(w.add.Reason(), "answered with no") {
				t.Errorf("%d pictures, stage %v: %q", n, w.add.Stage(), w.add.Reason())
			}
		})
	})
}
