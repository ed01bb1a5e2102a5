package vault_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/vaulttest"
)

// The stock age tool, built from the module this program uses, opens the vault with what
// lies in the keyring: nobody is locked in.
func TestStockAgeOpensTheVault(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the age tool")
	}
	dir := t.TempDir()
	tool := filepath.Join(dir, "age")
	if runtime.GOOS == "windows" {
		tool += ".exe"
	}
	build := exec.Command("go", "build", "-o", tool, "filippo.io/age/cmd/age")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("cannot build the age tool: %v: %s", err, out)
	}
	m, cfg := vaulttest.Create(t, "", vaulttest.Canonical()...)
	ok(t, m.Close())
	ring := cfg.Keyring.(*vaulttest.Keyring)
	key := filepath.Join(dir, "key.txt")
	ok(t, os.WriteFile(key, []byte(ring.Values()[ring.Accounts()[0]]), 0o600))
	cmd := exec.Command(tool, "-d", "-i", key, filepath.Join(cfg.Dir, vault.VaultFile))
	out, err := cmd.Output()
	ok(t, err)
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	if len(lines) != 8 || !strings.HasPrefix(lines[0], `{"format":1,`) {
		t.Fatalf("%d lines, of which the first is %s", len(lines), lines[0])
	}
	// The key of the TOTP account, in base32 as any other app takes it.
	if !strings.Contains(lines[1], `"secret":"KRAUYTCZORXXI4CLIVMW2YLSNNSXEMBR"`) {
		t.Error(lines[1])
	}
}
