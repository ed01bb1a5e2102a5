package model_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/tallystick/tallystick/app/model"
	"github.com/tallystick/tallystick/vault/secret"
)

// The page of a kit is its owner's alone, replaces nothing but the empty file of a dialogue, and is what the name says.
func TestTheKitIsWritten(t *testing.T) {
	r := locksOut(t, "", nil)
	k := r.s.Kit()
	k.Begin(secret.Bytes{})
	r.until(func() bool { return !k.Busy() })
	dir := r.TempDir()
	for name, begins := range map[string]string{"kit.pdf": "%PDF-", "kit.PNG": "\x89PNG", "kit": "%PDF-"} {
		path := filepath.Join(dir, name)
		written := path
		if name == "kit" { // as somebody types it who knows of no suffixes
			written = path + "2.pdf"
			path += "2"
		}
		if err := os.WriteFile(path, nil, 0o644); err != nil {
			t.Fatal(err)
		}
		save := func() []byte {
			k.Save(path)
			r.until(func() bool { return !k.Busy() })
			data, err := os.ReadFile(written)
			if err != nil {
				t.Fatal(err)
			}
			return data
		}
		first := save()
		if info, err := os.Stat(written); err != nil || info.Mode().Perm() != 0o600 || !bytes.HasPrefix(first, []byte(begins)) {
			t.Errorf("%s: %v, %v, %.8q", name, info.Mode(), err, first)
		}
		if k.Saved() != written || k.Error() != "" {
			t.Errorf("%s: saved %q, error %q", name, k.Saved(), k.Error())
		}
		if second := save(); k.Error() == "" || !bytes.Equal(second, first) {
			t.Errorf("%s: written twice, error %q", name, k.Error())
		}
	}
	if list, err := os.ReadDir(dir); err != nil || len(list) != 3 {
		t.Errorf("left are %v (%v)", list, err)
	}
}

// Locking closes what shows a key, or could write one down, wherever the person was.
func TestLockClosesKitAndCodes(t *testing.T) {
	r := locksOut(t, "open sesame", nil)
	r.s.Unlock(pass("open sesame"))
	r.until(func() bool { return r.s.State() == model.Open && !r.s.Busy() })
	k, x := r.s.Kit(), r.s.Export()
	k.Begin(pass("open sesame"))
	x.Begin()
	x.Choose("google", false)
	x.ShowCodes()
	r.until(func() bool { return !k.Busy() && !x.Busy() })
	if matrix, _, _, accounts := x.Code(); !k.Active() || len(k.Places()) == 0 || len(matrix) == 0 || accounts != 1 {
		t.Fatalf("nothing to close: kit %v (%s), %d modules of %d accounts (%s)", k.Active(), k.Error(), len(matrix), accounts, x.Error())
	}
	if _, locked := r.s.Lock(); !locked {
		t.Fatal("not locked")
	}
	matrix, _, _, _ := x.Code()
	_, chosen := x.Chosen()
	if k.Active() || len(k.Places()) > 0 || len(matrix) > 0 || chosen {
		t.Errorf("after a lock: kit %v, places %v, %d modules, export %v", k.Active(), k.Places(), len(matrix), chosen)
	}
	path := filepath.Join(t.TempDir(), "kit.pdf")
	k.Save(path)
	x.Save(path, secret.Bytes{})
	r.until(func() bool { return !k.Busy() && !x.Busy() && !r.s.Busy() })
	if _, err := os.Lstat(path); err == nil {
		t.Error("something was written after a lock")
	}
}
