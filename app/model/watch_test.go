package model_test

import (
	"image"
	"strings"
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

func TestNoWatchWhereEveryPictureIsAskedFor(t *testing.T) {
	inWorld(t, func(w *world) {
		w.body.Capture = func() string { return capture.MethodPortal }
		w.open("")
		if w.add.CanWatch() {
			t.Fatal("the person would be asked every second")
		}
		w.add.WatchScreen() // looks once instead
		w.loop.Settle()
		if w.add.Stage() != model.NothingFound {
			t.Errorf("stage %v", w.add.Stage())
		}
	})
}
