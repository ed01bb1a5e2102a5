package app

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestAProgramThatHangsEndsAnyway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		left := 0
		e := &ending{log: slog.New(slog.NewTextHandler(&log, nil)), exit: func(int) { left++ }}
		time.Sleep(time.Hour) // while the window is open nothing happens
		e.begin()
		e.begin() // quit from the tray as well
		e.at("the vault")
		time.Sleep(endWait - time.Second)
		synctest.Wait()
		if left != 0 {
			t.Fatal("it was not given the time")
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if left != 1 || !strings.Contains(log.String(), "the vault") {
			t.Errorf("left %d times, log %q", left, log.String())
		}
	})
}

func TestAProgramThatEndsIsLeftAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &ending{log: slog.New(slog.DiscardHandler), exit: func(int) { t.Error("it was ended") }}
		e.done()
		e.begin()
		e.done()
		time.Sleep(time.Hour)
		synctest.Wait()
	})
}
