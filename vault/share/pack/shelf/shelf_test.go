package shelf_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/otp"
	"github.com/tallystick/tallystick/vault/secret"
	"github.com/tallystick/tallystick/vault/share/pack"
	"github.com/tallystick/tallystick/vault/share/pack/shelf"
	"github.com/tallystick/tallystick/vault/vaulttest"
)

var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

const marker = "TALLYshelfKEYmarker1"

func made(t *testing.T, issuer string, life time.Duration) pack.Pack {
	t.Helper()
	p, err := pack.Make([]pack.Account{{Issuer: issuer, Name: "anna", Params: otp.New(otp.TOTP, secret.FromString(marker))}}, noon, life)
	if err != nil {
		t.Fatal(err)
	}
	p.By = "Maria"
	return p
}

// rig is a shelf beside a vault of its own.
func rig(t *testing.T) (shelf.Shelf, *vault.Manager) {
	t.Helper()
	m, cfg := vaulttest.Create(t, "")
	return shelf.Shelf{Dir: cfg.Dir, Vault: m}, m
}

func list(t *testing.T, s shelf.Shelf, now time.Time) []shelf.Kept {
	t.Helper()
	kept, err := s.List(t.Context(), now)
	if err != nil {
		t.Fatal(err)
	}
	return kept
}

func files(t *testing.T, s shelf.Shelf) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(s.Dir, shelf.Folder))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestKeptUntilItHasRunOut(t *testing.T) {
	s, _ := rig(t)
	if got := list(t, s, noon); len(got) != 0 || len(files(t, s)) != 0 {
		t.Errorf("a new shelf has %d packs", len(got))
	}
	late, soon := made(t, "Late", 48*time.Hour), made(t, "Soon", 8*time.Hour)
	ids := map[string]string{}
	for _, p := range []pack.Pack{late, soon} {
		id, err := s.Keep(t.Context(), p, noon)
		if err != nil {
			t.Fatal(err)
		}
		ids[p.Accounts[0].Issuer] = id
	}
	// The same one again, as when a guest opens the file a second time.
	if id, err := s.Keep(t.Context(), soon, noon); err != nil || id != ids["Soon"] {
		t.Errorf("kept twice: %s %v", id, err)
	}
	kept := list(t, s, noon)
	if len(kept) != 2 || kept[0].ID != ids["Soon"] || !kept[0].Pack.Same(soon) || !kept[1].Pack.Same(late) || kept[0].Pack.By != "Maria" {
		t.Fatalf("%v", kept)
	}
	want, _, err := soon.Accounts[0].Code(noon.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	if got, _, err := kept[0].Pack.Accounts[0].Code(noon.Add(time.Hour)); err != nil || got != want {
		t.Errorf("%s %v, want %s", got, err, want)
	}
	// Run out, and still there to say so; then gone.
	if got := list(t, s, soon.Until.Add(shelf.After-time.Second)); len(got) != 2 {
		t.Errorf("%d packs a week later", len(got))
	}
	if got := list(t, s, soon.Until.Add(shelf.After)); len(got) != 1 || got[0].ID != ids["Late"] {
		t.Errorf("%v", got)
	}
	if got := files(t, s); len(got) != 1 {
		t.Errorf("files %v", got)
	}
	if err := s.Drop(ids["Late"]); err != nil {
		t.Error(err)
	}
	if err := s.Drop(ids["Late"]); err != nil {
		t.Errorf("a second time: %v", err)
	}
	if got := files(t, s); len(got) != 0 {
		t.Errorf("files %v", got)
	}
	for _, id := range []string{"", "../vault", strings.Repeat("g", 32), "..", strings.Repeat("a", 31) + "/"} {
		if err := s.Drop(id); err == nil {
			t.Errorf("%q was dropped", id)
		}
	}
}

func TestOnlyItsVaultReadsIt(t *testing.T) {
	s, m := rig(t)
	p := made(t, "Harbour PBX", 8*time.Hour)
	if _, err := s.Keep(t.Context(), p, noon); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(s.Dir, shelf.Folder, files(t, s)[0])
	raw, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	code, _, err := p.Accounts[0].Code(noon)
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range []string{"Harbour", "anna", "Maria", code, marker} {
		if bytes.Contains(raw, []byte(word)) {
			t.Errorf("%s stands in the file", word)
		}
	}
	if info, err := os.Stat(name); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info.Mode(), err)
	}
	if _, err := s.Open(raw); err != nil {
		t.Error(err)
	}
	other, _ := rig(t)
	if _, err := other.Open(raw); !errors.Is(err, pack.ErrWrongKey) {
		t.Errorf("another vault: %v", err)
	}
	other.Dir = s.Dir
	if got := list(t, other, noon); len(got) != 0 || len(files(t, s)) != 1 {
		t.Errorf("%v: %v", got, files(t, s))
	}
	// A vault that is closed keeps and shows nothing, and loses nothing.
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	if got := list(t, s, noon); len(got) != 0 || len(files(t, s)) != 1 {
		t.Errorf("%v: %v", got, files(t, s))
	}
	if _, err := s.Keep(t.Context(), p, noon); !errors.Is(err, vault.ErrLocked) {
		t.Errorf("a closed vault keeps: %v", err)
	}
	// What nobody opens goes when no pack of that age can be good.
	if got := list(t, other, time.Now().Add(pack.MaxLife+shelf.After+time.Hour)); len(got) != 0 || len(files(t, s)) != 0 {
		t.Errorf("%v: %v", got, files(t, s))
	}
}

func TestStrangeThingsOnTheShelf(t *testing.T) {
	s, _ := rig(t)
	p := made(t, "Harbour PBX", time.Hour)
	if _, err := s.Keep(t.Context(), p, noon); err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(s.Dir, shelf.Folder)
	// Damaged, begun by somebody who is writing it, one whose name is no id, and something of the person's own.
	for _, name := range []string{strings.Repeat("b", 32) + shelf.Suffix, ".tallynew-1.tmp", "mine" + shelf.Suffix, "notes.txt"} {
		name = filepath.Join(folder, name)
		if err := os.WriteFile(name, []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(name, noon, noon); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(folder, strings.Repeat("c", 32)+shelf.Suffix), 0o700); err != nil {
		t.Fatal(err)
	}
	if got := list(t, s, noon); len(got) != 1 {
		t.Errorf("%v", got)
	}
	if got := files(t, s); len(got) != 6 {
		t.Errorf("left are %v: nothing that is not a pack is taken away, nor a pack before its time", got)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.List(ended, noon); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

func TestNoMoreThanMaxKept(t *testing.T) {
	s, _ := rig(t)
	for i := range shelf.MaxKept {
		if _, err := s.Keep(t.Context(), made(t, "Portal", time.Hour+time.Duration(i)*time.Second), noon); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Keep(t.Context(), made(t, "One more", time.Hour), noon); !errors.Is(err, shelf.ErrFull) {
		t.Errorf("%v", err)
	}
}
