package seal

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"slices"
	"strconv"

	"filippo.io/age"
	"golang.org/x/text/unicode/norm"

	"github.com/tallystick/tallystick/vault/secret"
)

// A passphrase file is an age file whose one recipient is a passphrase (scrypt), the form in
// which something leaves this computer: the stock age tool opens it with nothing but the
// passphrase. It is for exports and for the key of a backup; the vault itself uses a Slot.

// Work factors of a passphrase file: the memory is 2^factor KiB.
const (
	DefaultWork = 18 // 256 MiB, about a second: what the age tool itself takes
	MaxWork     = 20 // 1 GiB: more is refused before it is spent
	workBlock   = 128 * 8
	bigWork     = 16
)

// EncryptPassphrase returns payload as an age file for a passphrase of 1 to MaxPassphrase
// bytes. work is the work factor; 0 = DefaultWork, less is for tests. The passphrase goes in
// as typed, so that the age tool takes the same keys. Errors: ErrTooLarge, ErrPassphrase for
// an empty one.
func EncryptPassphrase(payload []byte, passphrase secret.Bytes, work int) ([]byte, error) {
	switch {
	case passphrase.IsEmpty():
		return nil, fmt.Errorf("%w: it is empty", ErrPassphrase)
	case passphrase.Len() > MaxPassphrase:
		return nil, fmt.Errorf("%w: a passphrase of %d bytes, at most %d are allowed", ErrTooLarge, passphrase.Len(), MaxPassphrase)
	case len(payload) > MaxFile-len(payload)/4096-4096:
		return nil, fmt.Errorf("%w: %d bytes of content", ErrTooLarge, len(payload))
	}
	r, err := age.NewScryptRecipient(string(passphrase.Reveal()))
	if err != nil {
		return nil, fmt.Errorf("seal: encrypt: %w", err)
	}
	if work == 0 {
		work = DefaultWork
	}
	r.SetWorkFactor(work)
	defer giveBack(work)
	var out bytes.Buffer
	out.Grow(len(payload) + len(payload)/4096 + 4096)
	w, err := age.Encrypt(&out, r)
	if err == nil {
		_, err = w.Write(payload)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		return nil, fmt.Errorf("seal: encrypt: %w", err)
	}
	return out.Bytes(), nil
}

// PassphraseWork is the work factor that a passphrase file asks for. ok is false for
// anything else, such as a vault file. Nothing is spent, and nothing is authenticated yet.
func PassphraseWork(file []byte) (work int, ok bool) {
	rest, ok := bytes.CutPrefix(file, []byte(intro+"-> scrypt "))
	if !ok {
		return 0, false
	}
	line, _, ok := bytes.Cut(rest[:min(len(rest), 100)], []byte("\n"))
	if !ok {
		return 0, false
	}
	_, number, ok := bytes.Cut(line, []byte(" "))
	if !ok || len(number) == 0 || number[0] == '0' || number[0] == '+' || number[0] == '-' {
		return 0, false
	}
	n, err := strconv.Atoi(string(number))
	return n, err == nil && n > 0
}

// WorkMemory is the memory, in bytes, that a work factor asks for.
func WorkMemory(work int) int64 {
	if work > 40 {
		return 1 << 62
	}
	return workBlock << work
}

// DecryptPassphrase returns the payload of a passphrase file. All of it is authenticated, or
// none is returned. Where a passphrase can be written in several ways (an umlaut as one
// character or as two), the others are tried after the one that was typed.
//
// Errors: ErrTooLarge, ErrDamaged, ErrKDF for a work factor over MaxWork, ErrPassphrase. A
// file whose first lines were changed cannot be told from a wrong passphrase.
func DecryptPassphrase(file []byte, passphrase secret.Bytes) ([]byte, error) {
	if len(file) > MaxFile {
		return nil, fmt.Errorf("%w: %d bytes, at most %d are allowed", ErrTooLarge, len(file), MaxFile)
	}
	work, ok := PassphraseWork(file)
	switch {
	case !ok:
		return nil, fmt.Errorf("%w: it does not begin like an age file with a passphrase", ErrDamaged)
	case work > MaxWork:
		return nil, fmt.Errorf("%w: work factor %d, at most %d is allowed", ErrKDF, work, MaxWork)
	case passphrase.IsEmpty():
		return nil, fmt.Errorf("%w: it is empty", ErrPassphrase)
	case passphrase.Len() > MaxPassphrase:
		return nil, fmt.Errorf("%w: a passphrase of %d bytes, at most %d are allowed", ErrTooLarge, passphrase.Len(), MaxPassphrase)
	}
	defer giveBack(work)
	typed := passphrase.Reveal()
	tries := [][]byte{typed}
	for _, form := range []norm.Form{norm.NFC, norm.NFD, norm.NFKC} {
		other := form.Bytes(typed)
		if !slices.ContainsFunc(tries, func(t []byte) bool { return bytes.Equal(t, other) }) {
			tries = append(tries, other)
		}
	}
	var payload []byte
	var err error
	for i, try := range tries {
		payload, err = decryptTry(file, try)
		if i > 0 {
			clear(try)
		}
		if !errors.Is(err, ErrPassphrase) {
			break
		}
	}
	return payload, err
}

func decryptTry(file, passphrase []byte) ([]byte, error) {
	id, err := age.NewScryptIdentity(string(passphrase))
	if err != nil {
		return nil, fmt.Errorf("%w: it is empty", ErrPassphrase)
	}
	id.SetMaxWorkFactor(MaxWork)
	r, err := age.Decrypt(bytes.NewReader(file), id)
	if err != nil {
		var noMatch *age.NoIdentityMatchError
		switch {
		case errors.As(err, &noMatch):
			return nil, ErrPassphrase
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			return nil, fmt.Errorf("%w: cut short after %d bytes, in its header", ErrDamaged, len(file))
		}
		return nil, fmt.Errorf("%w: its header was changed", ErrDamaged)
	}
	return readPayload(r, len(file))
}

// giveBack returns hundreds of megabytes to the system at once, not in some minutes.
func giveBack(work int) {
	if work >= bigWork {
		debug.FreeOSMemory()
	}
}
