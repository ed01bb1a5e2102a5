package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func (r *rig) older(args ...string) []generationRecord {
	r.t.Helper()
	var list []generationRecord
	if err := json.Unmarshal([]byte(r.must("", append([]string{"vault", "generations", "--json"}, args...)...).out), &list); err != nil {
		r.t.Fatal(err)
	}
	return list
}

// A damaged vault comes back from an older copy, by its number or its time; what was damaged is kept.
func TestVaultRestore(t *testing.T) {
	r := newRig(t)
	for _, args := range [][]string{{"vault", "generations"}, {"vault", "restore", "1"}} {
		if got := r.run(args...); got.status != statusNothing {
			t.Errorf("%v without a vault: %+v", args, got)
		}
	}
	for i, name := range []string{"one", "two", "three"} {
		r.now = moment.Add(time.Duration(i) * time.Minute)
		r.add("otpauth://totp/Acme:" + name + "?secret=JBSWY3DPEHPK3PXP" + strings.Repeat("A", 8*i) + "&issuer=Acme")
	}
	list := r.older()
	if len(list) != 3 || list[0].Number != 1 || !list[0].Saved.After(list[1].Saved) || list[0].Bytes == 0 {
		t.Fatalf("%+v", list)
	}
	if plain := r.must("", "vault", "generations").out; strings.Count(plain, "\n") != 3 || !strings.Contains(plain, "4 March 2026, 12:01:10") {
		t.Errorf("%s", plain)
	}

	file := filepath.Join(r.dir, "vault.age")
	if err := os.WriteFile(file, []byte("not a vault"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := r.run("list"); got.status != statusFailed || !strings.Contains(got.err, "tallystick vault generations") {
		t.Fatalf("a damaged vault: %+v", got)
	}
	r.now = moment.Add(time.Hour)
	got := r.must("", "vault", "restore", "1", "--json").out
	var restored struct {
		Saved    time.Time
		Accounts int
	}
	if err := json.Unmarshal([]byte(got), &restored); err != nil || restored.Accounts != 2 || !restored.Saved.Equal(list[0].Saved) {
		t.Fatalf("%s, %v", got, err)
	}
	if n := len(r.accounts()); n != 2 {
		t.Errorf("%d accounts", n)
	}
	if kept, _ := filepath.Glob(filepath.Join(r.dir, "generations", "damaged-*")); len(kept) != 1 {
		t.Errorf("what was damaged is not kept: %v", kept)
	}

	// By time, and what it replaced is an older copy itself.
	saved := list[1].Saved.Format(time.RFC3339Nano)
	if got := r.must("", "vault", "restore", saved); !strings.Contains(got.out, "One account") && !strings.Contains(got.out, "1 account") {
		t.Errorf("%+v", got)
	}
	if n := len(r.accounts()); n != 1 {
		t.Errorf("%d accounts", n)
	}
	if got := r.older(); len(got) < 3 {
		t.Errorf("%+v", got)
	}
	for args, status := range map[string]int{"0": statusNothing, "99": statusNothing, "2001-01-01T00:00:00Z": statusNothing, "newest": statusUsage, "../vault.age": statusUsage} {
		if got := r.run("vault", "restore", args); got.status != status {
			t.Errorf("restore %s: %+v", args, got)
		}
	}
	if got := r.run("vault", "restore"); got.status != statusUsage {
		t.Errorf("%+v", got)
	}
}

// The passphrase is asked for where one is set, and a wrong one changes nothing.
func TestVaultRestoreAsksForThePassphrase(t *testing.T) {
	r := newRig(t)
	r.add("otpauth://totp/Acme:one?secret=JBSWY3DPEHPK3PXP&issuer=Acme")
	r.must("pass\n", "passphrase", "set", "--passphrase-stdin")
	before := snapshot(t, r.dir)
	if got := r.run("vault", "restore", "1"); got.status != statusLocked {
		t.Errorf("%+v", got)
	}
	if got := r.with("wrong\n", "vault", "restore", "1", "--passphrase-stdin"); got.status != statusLocked {
		t.Errorf("%+v", got)
	}
	if snapshot(t, r.dir) != before {
		t.Error("something was changed")
	}
	r.older() // needs none
	r.must("pass\n", "vault", "restore", "1", "--passphrase-stdin")
}
