package cli

import (
	"bytes"
	"context"
	"errors"
	"io"

	"github.com/tallystick/tallystick/vault/secret"
)

// passphraseLine is the first line of standard input, without its line end, read once
// and remembered.
func (r *run) passphraseLine() (secret.Bytes, error) {
	if r.passRead {
		return r.pass, nil
	}
	line, err := r.inputLine()
	if err != nil {
		return secret.Bytes{}, err
	}
	r.passRead, r.pass = true, line
	return line, nil
}

// inputLine is the next line of standard input, without its line end; empty at the end.
func (r *run) inputLine() (secret.Bytes, error) {
	var line []byte
	for {
		b, err := r.in.ReadByte()
		if errors.Is(err, io.EOF) || b == '\n' && err == nil {
			break
		}
		if err != nil {
			return secret.Bytes{}, err
		}
		if line = append(line, b); len(line) > maxLine {
			return secret.Bytes{}, errTooMuchInput
		}
	}
	s := secret.New(bytes.TrimSuffix(line, []byte("\r")))
	r.wipe = append(r.wipe, s)
	return s, nil
}

// body is what standard input holds besides the passphrase. At a terminal the person is
// asked for one line that is not shown, because it is a key.
func (r *run) body(ctx context.Context, prompt string) (secret.Bytes, error) {
	if r.env.StdinTerminal && r.env.Terminal != nil && !r.passphraseStdin {
		s, err := r.env.Terminal.Secret(ctx, prompt)
		r.wipe = append(r.wipe, s)
		return s, err
	}
	b, err := r.bodyBytes(maxInput)
	s := secret.New(b)
	r.wipe = append(r.wipe, s)
	return s, err
}

// bodyBytes is the rest of standard input after the passphrases, up to max bytes.
func (r *run) bodyBytes(max int64) ([]byte, error) {
	if r.passphraseStdin {
		if _, err := r.passphraseLine(); err != nil {
			return nil, err
		}
	}
	if r.recoveryStdin {
		if _, err := r.recoveryLine(); err != nil {
			return nil, err
		}
	}
	return readCapped(r.in, max)
}

// lines splits text into its lines, without line ends and blanks around them, leaving
// out empty ones.
func lines(text []byte) [][]byte {
	var out [][]byte
	for _, line := range bytes.Split(text, []byte("\n")) {
		if line = bytes.TrimSpace(line); len(line) > 0 {
			out = append(out, line)
		}
	}
	return out
}
