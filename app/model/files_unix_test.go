//go:build unix

package model_test

import (
	"path/filepath"
	"syscall"
	"testing"
)

// A pipe, which would never end, and a folder are no files: whatever is asked to read them says so, and goes on working.
func TestNoFiles(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Skip(err)
	}
	for what, path := range map[string]string{"a pipe": pipe, "a folder": t.TempDir()} {
		t.Run(what, func(t *testing.T) {
			inWorld(t, func(w *world) {
				ids := w.open("", totp("Acme", "maria", 1))
				keep := w.s.Keep()
				keep.Begin(ids[0])
				w.loop.Settle()
				keep.ReadFile(path)
				w.loop.Settle()
				wantText(t, "recovery keys", keep.Error(), "That kind of file cannot be read here")

				w.s.Packs().Read(path)
				w.loop.Settle()
				wantText(t, "a code pack", w.s.Packs().Error(), "no code pack")

				w.s.PackMaker().ReadKey(path, func(string) { t.Error("a key was read") })
				w.loop.Settle()
				wantText(t, "a guest's key", w.s.PackMaker().Error(), "age1")
			})
		})
	}
}
