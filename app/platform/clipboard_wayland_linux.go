package platform

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"sync"
	"time"
)

// waylandClipboard uses the wl-clipboard tools where there is no X server to talk
// to. A Wayland client may set the clipboard only with a focused window or a
// protocol that not every desktop has; the tools know all the ways.
//
// Text goes to wl-copy by standard input, never as an argument, which every process
// of the machine could read. wl-copy stays behind and serves the text, so it
// survives this process; ClearIf takes it back.
type waylandClipboard struct {
	copyTool, pasteTool string // absolute paths

	once      sync.Once
	sensitive bool // this wl-copy knows --sensitive
}

func newWaylandClipboard() (*waylandClipboard, error) {
	w := &waylandClipboard{}
	var err error
	if w.copyTool, err = exec.LookPath("wl-copy"); err != nil {
		return nil, fmt.Errorf("wl-clipboard is not installed: %w", err)
	}
	if w.pasteTool, err = exec.LookPath("wl-paste"); err != nil {
		return nil, fmt.Errorf("wl-clipboard is not installed: %w", err)
	}
	return w, nil
}

func (w *waylandClipboard) SetSecret(ctx context.Context, text string) error {
	if err := checkCopy(text); err != nil {
		return err
	}
	w.once.Do(func() {
		// --sensitive adds the same mark as on X11. It came with version 2.3, and an
		// older wl-copy stops at an option that it does not know.
		help, _ := w.run(ctx, nil, w.copyTool, "--help")
		w.sensitive = strings.Contains(help, "--sensitive")
	})
	args := []string{"--type", "text/plain;charset=utf-8"}
	if w.sensitive {
		args = append(args, "--sensitive")
	}
	in := []byte(text)
	defer clear(in)
	_, err := w.run(ctx, in, w.copyTool, args...)
	return err
}

func (w *waylandClipboard) Text(ctx context.Context) (string, error) {
	out, err := w.run(ctx, nil, w.pasteTool, "--no-newline", "--type", "text")
	if err != nil {
		// wl-paste fails when there is nothing, or nothing that is text. What it
		// prints differs by version, its exit status 1 does not.
		var exit *exec.ExitError
		if errors.As(err, &exit) && exit.ExitCode() == 1 && !strings.Contains(string(exit.Stderr), "onnect") {
			return "", nil
		}
		return "", err
	}
	return strings.ToValidUTF8(out, "\uFFFD"), nil
}

func (w *waylandClipboard) ClearIf(ctx context.Context, text string) (bool, error) {
	if text == "" {
		return false, nil
	}
	got, err := w.Text(ctx)
	if errors.Is(err, ErrTextTooLong) {
		return false, nil
	}
	if err != nil || got != text {
		return false, err
	}
	_, err = w.run(ctx, nil, w.copyTool, "--clear")
	return err == nil, err
}

// run runs a tool to its end and returns what it printed. The part of wl-copy that
// stays behind inherits the output files, so waiting for their end would wait for
// ever: WaitDelay cuts that short once the tool itself is done.
func (w *waylandClipboard) run(ctx context.Context, in []byte, tool string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, clipboardTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, tool, args...)
	cmd.WaitDelay = 100 * time.Millisecond
	if in != nil {
		cmd.Stdin = bytes.NewReader(in)
	}
	out := &cappedBuffer{max: MaxPaste}
	fail := &cappedBuffer{max: 4 << 10}
	if in == nil { // only the copying call leaves a process behind
		cmd.Stdout, cmd.Stderr = out, fail
	}
	err := cmd.Run()
	var exit *exec.ExitError
	switch {
	case out.over:
		return "", fmt.Errorf("%w: more than %d bytes", ErrTextTooLong, MaxPaste)
	case err == nil || errors.Is(err, exec.ErrWaitDelay):
		return string(out.kept), nil
	case ctx.Err() != nil:
		return "", fmt.Errorf("%w: wl-clipboard does not answer: %w", ErrNoClipboard, ctx.Err())
	case errors.As(err, &exit):
		exit.Stderr = fail.kept
		return "", fmt.Errorf("%w: wl-clipboard: %w", ErrNoClipboard, exit)
	default:
		return "", fmt.Errorf("%w: wl-clipboard: %w", ErrNoClipboard, err)
	}
}
