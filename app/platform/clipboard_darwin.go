package platform

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// NewClipboard returns the general pasteboard, through the pbcopy and pbpaste
// commands that come with macOS.
//
// The mark for passwords, org.nspasteboard.ConcealedType, can only be set through
// AppKit, which needs C. So a clipboard manager may keep a copied code in its
// history here; a code is worthless after a minute, a recovery key is not, and the
// documentation says so.
func NewClipboard() Clipboard { return pasteboard{} }

type pasteboard struct{}

func (pasteboard) SetSecret(ctx context.Context, text string) error {
	if err := checkCopy(text); err != nil {
		return err
	}
	in := []byte(text)
	defer clear(in)
	_, err := pasteboardTool(ctx, in, "/usr/bin/pbcopy")
	return err
}

func (pasteboard) Text(ctx context.Context) (string, error) {
	out, err := pasteboardTool(ctx, nil, "/usr/bin/pbpaste", "-Prefer", "txt")
	return strings.ToValidUTF8(out, "\uFFFD"), err
}

func (p pasteboard) ClearIf(ctx context.Context, text string) (bool, error) {
	if text == "" {
		return false, nil
	}
	got, err := p.Text(ctx)
	if errors.Is(err, ErrTextTooLong) {
		return false, nil
	}
	if err != nil || got != text {
		return false, err
	}
	_, err = pasteboardTool(ctx, []byte{}, "/usr/bin/pbcopy")
	return err == nil, err
}

// pasteboardTool runs a tool with in as its standard input; the text is never an
// argument. Without a UTF-8 locale, which a program started from the Dock does not
// have, the tools assume Mac Roman.
func pasteboardTool(ctx context.Context, in []byte, tool string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, clipboardTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, tool, args...)
	cmd.Env = append(os.Environ(), "LC_CTYPE=UTF-8", "LC_ALL=en_US.UTF-8")
	cmd.Stdin = bytes.NewReader(in)
	out := &cappedBuffer{max: MaxPaste}
	cmd.Stdout = out
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("%w: %s: %w", ErrNoClipboard, tool, err)
	}
	if out.over {
		return "", fmt.Errorf("%w: more than %d bytes", ErrTextTooLong, MaxPaste)
	}
	return string(out.kept), nil
}
