package transfer

import (
	"context"
	"slices"

	"github.com/tallystick/tallystick/vault/secret"
)

// source is one shape of one app's export. There is one file of this package for every app.
//
// sniff says from the content whether an input is of this shape. It is asked for every input, so it looks at what input
// already knows, is cheap, and keeps nothing. It says yes to a damaged or a newer file of its shape, and leaves the verdict to open.
//
// open reads as far as it can without a passphrase. It returns quickly: what takes long belongs into opened.read.
//
// together, if set, is called instead of open with all inputs of one import that this source knows: the parts of
// an export that come in several files.
type source struct {
	id       string // as in Result.Format, such as "aegis"; several sources may share one
	name     string // what the app calls itself
	sniff    func(*input) bool
	open     func(context.Context, *input) (opened, error)
	together func(context.Context, []*input) (opened, error)
	// any says that several apps write this shape: it is considered whichever format is asked for.
	any bool
}

// opened is an export that has been recognised.
type opened struct {
	format, app string // instead of the source's id and name, when the content tells more; empty = the source's
	encrypted   bool   // read needs a passphrase
	cost        Cost   // of read's key derivation
	// read gives what is in the export. It is called at most once at a time, and again after a wrong passphrase. The
	// passphrase stays the caller's.
	read func(ctx context.Context, passphrase secret.Bytes) (Result, error)
}

// plain is an export without a passphrase.
func plain(read func(context.Context) (Result, error)) opened {
	return opened{read: func(ctx context.Context, _ secret.Bytes) (Result, error) { return read(ctx) }}
}

// sources is every shape there is, in the order in which they are asked: what begins with a certain magic number first, then
// what can be told from names inside the text, at last what has no mark at all and has to be tried.
func sources() []source {
	return slices.Concat(binarySources(), textSources(), guessedSources())
}

// Format is an app whose exports can be read.
type Format struct {
	ID   string // as in Result.Format
	Name string // the app
}

// hidden reports whether a shape is only a wrapping: what is inside has a format of its own.
func (s source) hidden() bool { return s.id == "" }

// Formats is every app whose exports can be read, by id.
func Formats() []Format {
	var list []Format
	for _, s := range sources() {
		if s.hidden() || slices.ContainsFunc(list, func(f Format) bool { return f.ID == s.id }) {
			continue
		}
		list = append(list, Format{s.id, s.name})
	}
	slices.SortFunc(list, func(a, b Format) int { return compareText(a.ID, b.ID) })
	return list
}
