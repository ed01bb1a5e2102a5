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
	line, err := onTerminal(ctx, prompt, true, func(f *os.File) ([]byte, error) {
		return term.ReadPassword(int(f.Fd()))
	})
	return secret.New(line), err
}

// Ask implements Terminal.
func (tty) Ask(ctx context.Context, prompt string) (string, error) {
	line, err := onTerminal(ctx, prompt, false, readLine)
	return string(line), err
}

// onTerminal shows prompt, runs read on the terminal, and leaves the terminal as it was.
// read cannot be interrupted, so it runs on a goroutine that is left behind when ctx ends:
// the process ends then too.
func onTerminal(ctx context.Context, prompt string, hidden bool, read func(*os.File) ([]byte, error)) ([]byte, error) {
	in, out, done, err := openTerminal()
	if err != nil {
		return nil, err
	}
	defer done()
	before, err := term.GetState(int(in.Fd()))
	if err != nil {
		return nil, vault.ErrNeedPass
	}
	defer func() { _ = term.Restore(int(in.Fd()), before) }()
	if hidden {
		hideTyping(int(in.Fd()))
		defer func() { _, _ = io.WriteString(out, "\n") }() // the person's own Enter is not shown
	}
	if _, err := io.WriteString(out, prompt); err != nil {
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
		return nil, ctx.Err()
	}
}

// openTerminal is the terminal itself where the system has a name for it, so that prompts
// are seen whatever standard output and standard error go to; else standard input.
func openTerminal() (in, out *os.File, done func(), err error) {
	if runtime.GOOS != "windows" {
		if f, err := os.OpenFile("/dev/tty", os.O_RDWR, 0); err == nil {
			return f, f, func() { _ = f.Close() }, nil
		}
	}
	if term.IsTerminal(int(os.Stdin.Fd())) {
		return os.Stdin, os.Stderr, func() {}, nil
	}
	if runtime.GOOS == "windows" {
		if f, err := os.OpenFile("CONIN$", os.O_RDWR, 0); err == nil {
			return f, os.Stderr, func() { _ = f.Close() }, nil
		}
	}
	return nil, nil, nil, vault.ErrNeedPass // nobody is there to ask
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
