package vault_test

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/tallystick/tallystick/vault/keys"
	"github.com/tallystick/tallystick/vault/secret"
)

// Some tests need a process that can be killed, or a second one. The test binary then
// runs itself with the name of a scenario in the environment.
const (
	childVar = "TALLYSTICK_TEST_CHILD" // scenario
	dirVar   = "TALLYSTICK_TEST_DIR"   // holds "vault" and "keyring.json"
	stepVar  = "TALLYSTICK_TEST_STEP"  // the step to die at; 0 = none
	argVar   = "TALLYSTICK_TEST_ARG"
)

func TestMain(m *testing.M) {
	if name := os.Getenv(childVar); name != "" {
		step, err := strconv.Atoi(os.Getenv(stepVar))
		if err != nil {
			panic(err)
		}
		if err := children[name](os.Getenv(dirVar), step, os.Getenv(argVar)); err != nil {
			os.Stderr.WriteString(err.Error() + "\n")
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// childResult is how a child process ended.
type childResult struct {
	killed bool
	stdout string
}

// child starts one and does not wait for it.
func child(t testing.TB, scenario, dir string, step int, arg string) (wait func() childResult) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childVar+"="+scenario, dirVar+"="+dir, stepVar+"="+strconv.Itoa(step), argVar+"="+arg)
	var stdout, stderr strings.Builder
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	ok(t, cmd.Start())
	return func() childResult {
		t.Helper()
		err := cmd.Wait()
		if err == nil {
			return childResult{stdout: stdout.String()}
		}
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.Exited() {
			t.Fatalf("child %s at step %d: %v: %s", scenario, step, err, stderr.String())
		}
		return childResult{killed: true, stdout: stdout.String()}
	}
}

// quickDir is a directory where fsync costs nothing, if there is one: what a killed
// process leaves behind does not depend on it, and a hundred saves do.
func quickDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "tallystick-test-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// die ends this process as kill -9 does: no deferred call runs, no buffer is written.
func die() {
	p, err := os.FindProcess(os.Getpid())
	if err == nil {
		err = p.Kill()
	}
	if err != nil {
		panic(err)
	}
	select {} // until the signal is here
}

// fileRing is a keyring several processes share: a file that is replaced whole. before
// and after are called around each change.
type fileRing struct {
	path string
	mu   *sync.Mutex
	step func(op, account string) error
	gone bool
}

var _ keys.Keyring = fileRing{}

func newFileRing(dir string) fileRing {
	return fileRing{path: filepath.Join(dir, "keyring.json"), mu: new(sync.Mutex)}
}

func (r fileRing) values() (map[string]string, error) {
	v := map[string]string{}
	b, err := os.ReadFile(r.path)
	if errors.Is(err, fs.ErrNotExist) {
		return v, nil
	}
	if err != nil {
		return nil, err
	}
	return v, json.Unmarshal(b, &v)
}

func (r fileRing) change(op, account string, f func(map[string]string) error) error {
	if r.gone {
		return keys.ErrNone
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.step != nil {
		if err := r.step("keyring "+op, account); err != nil {
			return err
		}
	}
	v, err := r.values()
	if err != nil {
		return err
	}
	if err := f(v); err != nil {
		return err
	}
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	if err := os.WriteFile(r.path+".new", b, 0o600); err != nil {
		return err
	}
	if err := os.Rename(r.path+".new", r.path); err != nil {
		return err
	}
	if r.step != nil {
		return r.step("keyring "+op+" done", account)
	}
	return nil
}

func (r fileRing) Get(_ context.Context, account string) (secret.Bytes, error) {
	if r.gone {
		return secret.Bytes{}, keys.ErrNone
	}
	v, err := r.values()
	if err != nil {
		return secret.Bytes{}, err
	}
	s, there := v[account]
	if !there {
		return secret.Bytes{}, keys.ErrMissing
	}
	return secret.FromString(s), nil
}

func (r fileRing) Set(_ context.Context, account string, value secret.Bytes) error {
	return r.change("set", account, func(v map[string]string) error {
		v[account] = string(value.Reveal())
		return nil
	})
}

func (r fileRing) Delete(_ context.Context, account string) error {
	return r.change("delete", account, func(v map[string]string) error {
		if _, there := v[account]; !there {
			return keys.ErrMissing
		}
		delete(v, account)
		return nil
	})
}

func (r fileRing) Probe(context.Context) error {
	if r.gone {
		return keys.ErrNone
	}
	return nil
}

func (fileRing) Name() string { return "keyring in a file" }
