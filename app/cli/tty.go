package cli

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"runtime"

	"golang.org/x/term"

	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/secret"
)

// tty is the terminal this process belongs to, which is not always its standard input:
// `echo LINK | tallystick add -` can still ask for a passphrase.
type tty struct{}

// maxLine is the longest line a person types, in bytes.
const maxLine = 4096

// Secret implements Terminal. When ctx ends while the person types, the terminal is put
// back as it was.
func (tty) Secret(ctx context.Context, prompt string) (secret.Bytes, error) {
	line, err := onTerminal(ctx, prompt, func(f *os.File) ([]byte, error) {
		return term.ReadPassword(int(f.Fd()))
	})
	_, _ = io.WriteString(os.Stderr, "\n") // the person's own Enter was not shown
	return secret.New(line), err
}

// Ask implements Terminal.
func (tty) Ask(ctx context.Context, prompt string) (string, error) {
	line, err := onTerminal(ctx, prompt, readLine)
	return string(line), err
}

// onTerminal shows prompt and runs read on the terminal. read cannot be interrupted, so
// it runs on a goroutine that is left behind when ctx ends: the process ends then too.
func onTerminal(ctx context.Context, prompt string, read func(*os.File) ([]byte, error)) ([]byte, error) {
	in, done, err := openTerminal()
	if err != nil {
		return nil, err
	}
	defer done()
	before, err := term.GetState(int(in.Fd()))
	if err != nil {
		return nil, vault.ErrNeedPass
	}
	if _, err := io.WriteString(os.Stderr, prompt); err != nil {
		return nil, err
	}
	type answer struct {
		line []byte
		err  error
	}
	answers := make(chan answer, 1)
	go func() {
		line, err := read(in)
		answers <- answer{line, err}
	}()
	select {
	case a := <-answers:
		return a.line, a.err
	case <-ctx.Done():
		_ = term.Restore(int(in.Fd()), before)
		return nil, ctx.Err()
	}
}

// openTerminal prefers standard input, so that a terminal that was given on purpose is used.
func openTerminal() (f *os.File, done func(), err error) {
	if term.IsTerminal(int(os.Stdin.Fd())) {
		return os.Stdin, func() {}, nil
	}
	name := "/dev/tty"
	if runtime.GOOS == "windows" {
		name = "CONIN$"
	}
	f, err = os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		return nil, nil, vault.ErrNeedPass // nobody is there to ask
	}
	return f, func() { _ = f.Close() }, nil
}

// readLine reads up to a line end, byte by byte: what comes after belongs to somebody else.
func readLine(f *os.File) ([]byte, error) {
	var line []byte
	for one := make([]byte, 1); len(line) < maxLine; {
		n, err := f.Read(one)
		if n == 1 {
			if one[0] == '\n' {
				break
			}
			line = append(line, one[0])
		}
		if errors.Is(err, io.EOF) && len(line) > 0 {
			break
		}
		if err != nil {
			return nil, err
		}
	}
	return bytes.TrimRight(line, "\r"), nil
}
