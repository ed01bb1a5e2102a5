//go:build linux || freebsd || openbsd || netbsd || dragonfly

package clipimage

import (
	"context"
	"errors"
	"os/exec"
	"strings"
	"time"
)

// typeListLimit, in bytes: programs offer some dozens of types.
const typeListLimit = 64 << 10

// readWayland asks wl-paste, from the wl-clipboard package, which knows how to get at the clipboard of each compositor. Only names
// of types are arguments; the picture comes on its standard output.
func readWayland(ctx context.Context, limit int64) ([]byte, error) {
	path, err := exec.LookPath("wl-paste")
	if err != nil {
		return nil, ErrUnsupported
	}
	list, err := output(ctx, typeListLimit, path, "--list-types")
	if err != nil {
		return nil, err
	}
	kind, ok := choose(strings.Fields(string(list)))
	if !ok {
		return nil, ErrEmpty
	}
	data, err := output(ctx, limit, path, "--no-newline", "--type", kind)
	if err != nil {
		return nil, err
	}
	return finish(kind, data, limit)
}

// output runs a program and returns up to limit bytes of what it writes. wl-paste fails where there is nothing on
// the clipboard.
func output(ctx context.Context, limit int64, name string, args ...string) ([]byte, error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.WaitDelay = time.Second // a child of its own that keeps the pipe open does not keep us
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, ErrUnsupported
	}
	if err := cmd.Start(); err != nil {
		return nil, ErrUnsupported
	}
	data, err := readLimited(out, limit)
	if errors.Is(err, ErrTooLarge) {
		stop() // it would wait for the rest to be read
	}
	failed := cmd.Wait()
	switch {
	case errors.Is(err, ErrTooLarge):
		return nil, err
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case err != nil:
		return nil, err
	case failed != nil:
		return nil, ErrEmpty
	}
	return data, nil
}
