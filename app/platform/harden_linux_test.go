package platform_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/tallystick/tallystick/app/platform"
)

// hardenedChild does as told, in order, in a process of its own.
func hardenedChild(args []string) int {
	for _, arg := range args {
		var err error
		switch arg {
		case "harden":
			err = platform.Harden()
		case "deny":
			err = platform.DenyInspection()
		case "crash": // as the runtime does under GOTRACEBACK=crash
			_ = syscall.Kill(os.Getpid(), syscall.SIGQUIT)
			select {}
		case "self": // what the runtime, the toolkit and benchmarks read of themselves
			for _, name := range []string{"maps", "status", "stat", "smaps_rollup", "cgroup", "exe"} {
				f, openErr := os.Open("/proc/self/" + name)
				if openErr == nil {
					_, openErr = io.Copy(io.Discard, io.LimitReader(f, 1<<20))
					openErr = errors.Join(openErr, f.Close())
				}
				err = errors.Join(err, openErr)
			}
			_, exeErr := os.Executable()
			_, dirErr := os.ReadDir("/proc/self/fd")
			err = errors.Join(err, exeErr, dirErr)
		case "wait":
			fmt.Println("ready")
			_, _ = io.Copy(io.Discard, os.Stdin)
		}
		if err != nil {
			fmt.Println(arg, err)
			return 1
		}
	}
	return 0
}

// crash runs a process that crashes with core files allowed, and reports whether the
// kernel wrote one.
func crash(t *testing.T, args ...string) bool {
	t.Helper()
	dir := t.TempDir()
	script := `ulimit -c unlimited 2>/dev/null; exec "$0" "$@"`
	cmd := exec.Command("/bin/sh", append([]string{"-c", script, os.Args[0], "as-child", "hardened"}, args...)...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOTRACEBACK=crash")
	err := cmd.Run()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || !exit.Sys().(syscall.WaitStatus).Signaled() {
		t.Fatalf("it should have crashed: %v", err)
	}
	files, _ := filepath.Glob(filepath.Join(dir, "*"))
	return exit.Sys().(syscall.WaitStatus).CoreDump() || len(files) > 0
}

func TestHardenedProcessLeavesNoCore(t *testing.T) {
	if !crash(t, "crash") {
		t.Skip("SKIPPED: core files are off on this machine, so nothing was shown")
	}
	if crash(t, "harden", "crash") {
		t.Error("a hardened process left a core file")
	}
}

func TestHardenSetsEveryBarrier(t *testing.T) {
	p := startHardened(t, nil, "harden", "wait")
	limits, err := os.ReadFile(fmt.Sprintf("/proc/%d/limits", p))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(limits)) {
		if rest, ok := strings.CutPrefix(line, "Max core file size"); ok {
			if soft := strings.Fields(rest)[0]; soft != "1" {
				t.Errorf("core limit is %s", soft)
			}
		}
	}
	filter, err := os.ReadFile(fmt.Sprintf("/proc/%d/coredump_filter", p))
	if err != nil || strings.Trim(string(filter), "0\n") != "" {
		t.Errorf("core filter is %s, %v", filter, err)
	}
}

// startHardened starts a child that waits, and returns its process id.
func startHardened(t *testing.T, attr *syscall.SysProcAttr, args ...string) int {
	t.Helper()
	cmd := exec.Command(publicBinary(t), append([]string{"as-child", "hardened"}, args...)...)
	cmd.SysProcAttr = attr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = in.Close(); _ = cmd.Wait() })
	said := make([]byte, 500)
	n, _ := out.Read(said)
	if string(said[:n]) != "ready\n" {
		t.Fatalf("the child said %q", said[:n])
	}
	return cmd.Process.Pid
}

// publicBinary is a copy of this test that every person may run.
func publicBinary(t *testing.T) string {
	t.Helper()
	dir := shortDir(t)
	data, err := os.ReadFile(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "test")
	if err := errors.Join(os.WriteFile(path, data, 0o755), os.Chmod(dir, 0o755)); err != nil {
		t.Fatal(err)
	}
	return path
}

// asPerson is an ordinary person where the test runs as root, since root may read
// everything anyway.
func asPerson() *syscall.SysProcAttr {
	if os.Geteuid() != 0 {
		return nil
	}
	return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
}

func TestDenyInspection(t *testing.T) {
	readBy := func(pid int) error {
		cmd := exec.Command("cat", fmt.Sprintf("/proc/%d/environ", pid))
		cmd.SysProcAttr = asPerson()
		return cmd.Run()
	}
	if err := readBy(startHardened(t, asPerson(), "harden", "self", "wait")); err != nil {
		t.Errorf("without denying, the same person could not look: the test shows nothing: %v", err)
	}
	pid := startHardened(t, asPerson(), "harden", "deny", "self", "wait")
	if err := readBy(pid); err == nil {
		t.Error("the same person can look into a process that denies it")
	}
	// What a benchmark run by root reads stays readable.
	if os.Geteuid() == 0 {
		if got, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid)); err != nil || !strings.Contains(string(got), "Pss:") {
			t.Errorf("%s %v", got, err)
		}
	}
}
