package exports

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/tallystick/tallystick/vault/vaulttest"
)

func TestRemindersLastAsLongAsTheFile(t *testing.T) {
	r := Reminders{Dir: t.TempDir()}
	if list, err := r.List(); err != nil || len(list) != 0 {
		t.Fatalf("%v %v", list, err)
	}
	stick := filepath.Join(t.TempDir(), "stick")
	ok(t, os.Mkdir(stick, 0o700))
	here, there := filepath.Join(t.TempDir(), "a.json"), filepath.Join(stick, "b.txt")
	for _, p := range []string{here, there} {
		ok(t, os.WriteFile(p, nil, 0o600))
	}
	ok(t, r.Add(Aegis, vaulttest.Epoch, here))
	ok(t, r.Add(URIs, vaulttest.Epoch, there, there))
	list, err := r.List()
	ok(t, err)
	if len(list) != 2 || list[0] != (Left{here, Aegis, vaulttest.Epoch}) || list[1].Path != there {
		t.Fatalf("%+v", list)
	}
	ok(t, os.Rename(stick, stick+".away")) // pulled out
	if list, _ := r.List(); len(list) != 1 || list[0].Path != here {
		t.Errorf("%+v", list)
	}
	ok(t, os.Rename(stick+".away", stick))
	if list, _ := r.List(); len(list) != 2 {
		t.Errorf("the file on the stick is forgotten: %+v", list)
	}
	ok(t, os.Remove(here))
	ok(t, os.Remove(there))
	if list, _ := r.List(); len(list) != 0 {
		t.Errorf("%+v", list)
	}
	if _, err := os.Stat(r.path()); err == nil {
		t.Error("nothing to remember, and still a file")
	}
	ok(t, os.WriteFile(r.path(), []byte("{damaged"), 0o600))
	if list, err := r.List(); err != nil || len(list) != 0 {
		t.Errorf("%v %v", list, err)
	}
	ok(t, r.Add(PDF, vaulttest.Epoch, here))
	ok(t, r.Forget())
}
