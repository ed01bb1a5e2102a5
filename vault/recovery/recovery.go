// Package recovery reads the sheets of recovery keys that portals hand out, and
// keeps count of which keys are used.
//
// Purpose: [ReadBytes] takes a downloaded file apart and [Parse] a pasted text; both
// give a [Draft], which a person looks at and corrects before it becomes a
// [Sheet]. A Sheet knows which keys are left; [Record] is its form on disk. How a
// sheet is read, and why, is in docs/decisions/0004-reading-recovery-sheets.md.
//
// Who may import it: package vault, and what may import the vault. Of ours it
// imports only vault/secret. It reads no files, opens no network connection and
// asks no clock; the caller passes bytes, randomness and time.
//
// Concurrency: the functions may be called from many goroutines. A Sheet or a
// Draft belongs to one goroutine at a time.
//
// Ownership: a Draft and a Sheet own the texts of their keys; Wipe them when done.
// Draft.Sheet copies. Errors and notes never hold a part of what was read. The
// text that is being read is an ordinary string while it is read, and cannot be
// wiped; only what comes out is held as a secret.
package recovery

import (
	"errors"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/tallystick/tallystick/vault/secret"
)

// What Read can say. No error holds any part of the input.
var (
	ErrPicture   = errors.New("recovery: a picture: show it, or look for a code in it")
	ErrTooLarge  = errors.New("recovery: too large for a sheet of recovery keys")
	ErrFormat    = errors.New("recovery: a kind of file this cannot read")
	ErrDamaged   = errors.New("recovery: the file is damaged")
	ErrEncrypted = errors.New("recovery: the file asks for a password")
)

// Limits of what is read; beyond them Read answers with ErrTooLarge and Parse reads
// only as far as they go.
const (
	MaxFile  = 8 << 20   // bytes of a file
	MaxText  = 256 << 10 // bytes of text in it
	MaxLines = 5_000     // lines of text
	MaxKeys  = 500       // keys of one sheet
	MaxKey   = 512       // bytes of one key
	maxLine  = 64 << 10  // bytes of one line; the rest of the line is not read
	maxDeep  = 200       // nested elements, groups, objects
	maxPages = 50        // of a PDF
)

// Note is something the person should know about what was read, with a stable name.
type Note string

// The notes.
const (
	// NoteSetupKey: the text also holds the key for an authenticator (an otpauth link,
	// or a text labelled as such). It was left out: it is no recovery key.
	NoteSetupKey Note = "setup-key"
	// NoteCut: the text was longer than what is read.
	NoteCut Note = "cut"
	// NoteRepeated: the same key stood there more than once.
	NoteRepeated Note = "repeated"
)

// Origin is where a sheet came from. Either may be empty.
type Origin struct {
	Service string // the portal's name, as guessed: "GitHub"
	File    string // the name of the file, without its directory
}

// Found is one key as it was read.
type Found struct {
	Text   secret.Bytes // as the portal printed it, UTF-8, one line
	Used   bool         // struck out, ticked or marked as used
	UsedOn time.Time    // the day it says it was used, midnight UTC; zero when it does not say
}

// Draft is what was understood of a text, before a person has agreed to it.
type Draft struct {
	Keys    []Found
	Ignored int       // lines that are not blank and held no key
	Origin  Origin    // guessed
	Date    time.Time // of the sheet, midnight UTC; zero when it has none
	Account string    // the account's name, if printed
	Notes   []Note    // each at most once
}

// Used counts the keys that are marked as used.
func (d Draft) Used() int {
	n := 0
	for _, k := range d.Keys {
		if k.Used {
			n++
		}
	}
	return n
}

// Wipe overwrites all keys.
func (d *Draft) Wipe() {
	for _, k := range d.Keys {
		k.Text.Wipe()
	}
	d.Keys = nil
}

func (d *Draft) note(n Note) {
	for _, have := range d.Notes {
		if have == n {
			return
		}
	}
	d.Notes = append(d.Notes, n)
}

// Parse reads pasted text: plain, Markdown, JSON or comma separated. A text that
// holds no recovery keys gives a Draft without keys; it never fails.
func Parse(text string) Draft {
	return parse(text, "")
}

func parse(text, name string) Draft {
	clean, cut := sanitise(text)
	d := understand(markdown(commaSeparated(clean)), name)
	if cut {
		d.note(NoteCut)
	}
	return d
}

// Normalise is the form in which two keys are compared: without spaces, dashes and
// underscores, in lower case. Portals take keys in any of these spellings.
func Normalise(key []byte) []byte {
	out := make([]byte, 0, len(key))
	for _, r := range strings.ToLower(string(key)) {
		if unicode.IsSpace(r) || unicode.Is(unicode.Pd, r) || r == '_' {
			continue
		}
		out = append(out, string(r)...)
	}
	return out
}

// The marks that the readers of formats put into a text. sanitise has taken out
// whatever of them was in the input.
const (
	strikeOn  = '\x0e'
	strikeOff = '\x0f'
	usedMark  = '\x10' // a ticked box
	maskMark  = '\x11' // a byte of something recognised that is no key
)

// sanitise brings a text into the form that everything below expects: UTF-8, lines
// ended by \n, plain spaces, plain dashes, no control or invisible characters, no
// more than MaxText bytes and MaxLines lines.
func sanitise(text string) (string, bool) {
	cut := false
	if len(text) > MaxText {
		text, cut = text[:MaxText], true
	}
	var b strings.Builder
	b.Grow(len(text))
	lines, width := 1, 0
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		i += size
		switch {
		case r == '\r' && i < len(text) && text[i] == '\n':
			continue
		case r == '\n' || r == '\r' || r == '\f' || r == '\v' || r == '\u0085' || r == '\u2028' || r == '\u2029':
			r = '\n'
			if lines++; lines > MaxLines {
				return b.String(), true
			}
			width = -1
		case r == '\t':
		case unicode.Is(unicode.Zs, r):
			if r != ' ' {
				r = ' '
			}
		case unicode.Is(unicode.Pd, r), r == '\u2212':
			r = '-'
		case r >= '\uff01' && r <= '\uff5e': // full width forms
			r -= '\uff01' - '!'
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r), r == unicode.ReplacementChar && size == 1:
			continue
		}
		if width++; width > maxLine {
			cut = true
			continue
		}
		b.WriteRune(r)
	}
	return b.String(), cut
}
