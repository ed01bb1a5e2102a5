//go:build linux

package desktop

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// grace is how long a program may take to end by itself after it was asked to.
const grace = 5 * time.Second

// Process is a program that runs on the desktop, the leader of a process group of its own.
type Process struct {
	Name string
	// Log is the file its standard output and standard error go to.
	Log string

	cmd  *exec.Cmd
	done chan struct{}
	err  error // valid after done is closed
}

// StartOptions says how to start a program. The zero value is fine.
type StartOptions struct {
	Stdin io.Reader
	Env   []string // added to Desktop.Env
	Dir   string   // "" = Desktop.Home
	Extra []*os.File
}

// Start runs a program in the background. name names its log file.
func (d *Desktop) Start(name string, opt StartOptions, program string, args ...string) (*Process, error) {
	path, err := exec.LookPath(program)
	if err != nil {
		return nil, fmt.Errorf("desktop: %s is not installed: %w", program, err)
	}
	log, err := d.createLog(name)
	if err != nil {
		return nil, err
	}
	defer log.Close() // the child has its own
	cmd := exec.Command(path, args...)
	cmd.Env = append(d.Env(), opt.Env...)
	cmd.Dir = opt.Dir
	if cmd.Dir == "" {
		cmd.Dir = d.Home
	}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = opt.Stdin, log, log
	cmd.ExtraFiles = opt.Extra
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("desktop: starting %s: %w", name, err)
	}
	p := &Process{Name: name, Log: log.Name(), cmd: cmd, done: make(chan struct{})}
	d.reaper.watch(p.Pid())
	go func() {
		p.err = cmd.Wait()
		close(p.done)
	}()
	d.mu.Lock()
	d.processes = append(d.processes, p)
	d.mu.Unlock()
	return p, nil
}

// createLog makes NAME.log in the artefacts, or NAME-2.log when that is taken, and so on.
func (d *Desktop) createLog(name string) (*os.File, error) {
	for n := 1; ; n++ {
		file := name + ".log"
		if n > 1 {
			file = fmt.Sprintf("%s-%d.log", name, n)
		}
		f, err := os.OpenFile(filepath.Join(d.Artefacts, file), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		if errors.Is(err, os.ErrExist) {
			continue
		}
		return f, err
	}
}

// Dump makes a Go program that hangs write where all its goroutines are to its log, and end.
func (p *Process) Dump() {
	_ = syscall.Kill(p.Pid(), syscall.SIGQUIT)
	select {
	case <-p.done:
	case <-time.After(grace):
	}
}

// Pid is the process id, and the id of its process group.
func (p *Process) Pid() int { return p.cmd.Process.Pid }

// Done is closed when the program has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Running reports whether the program has not ended yet.
func (p *Process) Running() bool {
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}

// Output is what the program has written so far.
func (p *Process) Output() string {
	b, err := os.ReadFile(p.Log)
	if err != nil {
		return ""
	}
	return string(b)
}

// Signal sends a signal to the program itself, not to its children.
func (p *Process) Signal(s syscall.Signal) error { return p.cmd.Process.Signal(s) }

// Wait waits for the program to end and returns its exit status; -1 when a signal ended it.
func (p *Process) Wait(ctx context.Context) (int, error) {
	select {
	case <-p.done:
		return p.cmd.ProcessState.ExitCode(), nil
	case <-ctx.Done():
		return 0, fmt.Errorf("desktop: %s has not ended: %w", p.Name, ctx.Err())
	}
}

// Stop asks the program to end, and its whole process group with it; what has not ended after a few seconds is killed.
func (p *Process) Stop() {
	group := -p.Pid()
	_ = syscall.Kill(group, syscall.SIGTERM)
	select {
	case <-p.done:
	case <-time.After(grace):
	}
	_ = syscall.Kill(group, syscall.SIGKILL) // children that outlived their parent
	<-p.done
}

// Result is what a program that ran to its end left behind.
type Result struct {
	Stdout, Stderr string
	Exit           int // exit status; -1 when it was killed
}

// Run runs a program on the desktop to its end, with stdin as its standard input. A non-zero exit status is no error.
func (d *Desktop) Run(ctx context.Context, stdin string, program string, args ...string) (Result, error) {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Env = d.Env()
	cmd.Dir = d.Home
	cmd.Stdin = bytes.NewReader([]byte(stdin))
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = grace
	err := cmd.Run()
	res := Result{Stdout: stdout.String(), Stderr: stderr.String(), Exit: -1}
	if cmd.ProcessState != nil {
		res.Exit = cmd.ProcessState.ExitCode()
	}
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || ctx.Err() != nil) {
		return res, fmt.Errorf("desktop: %s: %w", filepath.Base(program), err)
	}
	return res, nil
}

// reaper kills what a Desktop started when the process that started it dies without a word: a test that ran into its
// time limit, or Ctrl+C. It is a shell at the other end of a pipe; when the pipe closes, it kills the groups it was told.
type reaper struct {
	pipe io.WriteCloser
	cmd  *exec.Cmd
}

func startReaper() (*reaper, error) {
	cmd := exec.Command("/bin/sh", "-c", `
		while read -r word; do
			[ "$word" = done ] && exit 0
			groups="$groups $word"
		done
		for g in $groups; do kill -9 -- "-$g" 2>/dev/null; done`)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl+C in the terminal must not reach it
	pipe, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("desktop: starting the reaper: %w", err)
	}
	return &reaper{pipe: pipe, cmd: cmd}, nil
}

func (r *reaper) watch(group int) { fmt.Fprintln(r.pipe, group) }

// dismiss ends the reaper after everything was stopped in order: the numbers may belong to somebody else by now.
func (r *reaper) dismiss() {
	fmt.Fprintln(r.pipe, "done")
	r.pipe.Close()
	_ = r.cmd.Wait()
}

// inGroup reports whether a process belongs to the group that leader leads.
func (d *Desktop) inGroup(pid, leader int) bool {
	if pid <= 0 {
		return false
	}
	group, err := syscall.Getpgid(pid)
	return err == nil && group == leader
}
