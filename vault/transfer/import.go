package transfer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tallystick/tallystick/vault/secret"
)

// Import is one or several files that were recognised and not yet read.
type Import struct {
	parts []part
	notes []string // about the files, for Result.Warnings
}

// part is one export of an import.
type part struct {
	source source
	opened opened
}

// Open says what the files are. Files of one export belong into one call: the pictures of a Google export, a
// manifest.json of Steam with its maFiles. The files' bytes must not change until the Import was read.
//
// Fails with ErrUnknown when a file is no known export, ErrRestricted, ErrNewer, ErrDamaged, ErrTooLarge, ErrTooCostly, or the
// context's error.
func Open(ctx context.Context, files []File) (*Import, error) { return OpenAs(ctx, "", files) }

// OpenAs is Open for files that are said to be of one format (an id of Formats). Then what every file is still shows in its
// content, but nothing else is considered. An empty format is any.
func OpenAs(ctx context.Context, format string, files []File) (*Import, error) {
	if format != "" && !slices.ContainsFunc(Formats(), func(f Format) bool { return f.ID == format }) {
		return nil, fmt.Errorf("%w: %q is no format that can be read", ErrUnknown, format)
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("%w: there is no file", ErrUnknown)
	}
	if len(files) > MaxFiles {
		return nil, fmt.Errorf("%w: %d files, at most %d are read at once", ErrTooLarge, len(files), MaxFiles)
	}
	inputs := make([]*input, len(files))
	for i, f := range files {
		if len(f.Data) > MaxFile {
			return nil, fmt.Errorf("%w: %s has more than %d MB", ErrTooLarge, f.label(i), MaxFile>>20)
		}
		if len(f.Data) == 0 && !strings.HasSuffix(f.Name, "-wal") {
			return nil, fmt.Errorf("%w: %s is empty", ErrUnknown, f.label(i))
		}
		inputs[i] = newInput(f, i)
	}
	return openInputs(ctx, format, inputs)
}

// openInputs is OpenAs for what is in memory already; containers call it for what they hold.
func openInputs(ctx context.Context, format string, inputs []*input) (*Import, error) {
	im := &Import{}
	inputs, err := im.joinLogs(inputs)
	if err != nil {
		return nil, err
	}
	for _, in := range inputs {
		in.others = inputs
	}
	joined := map[string][]*input{} // by id, for sources that read several at once
	for _, in := range inputs {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		s, ok := recognise(in, format)
		if !ok {
			return nil, fmt.Errorf("%w: %s", ErrUnknown, in.unknown())
		}
		if s.together != nil {
			if joined[s.id] == nil {
				im.parts = append(im.parts, part{source: s})
			}
			joined[s.id] = append(joined[s.id], in)
			continue
		}
		o, err := s.open(ctx, in)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.name, err)
		}
		im.parts = append(im.parts, part{s, o})
	}
	for i, p := range im.parts {
		if p.source.together == nil {
			continue
		}
		o, err := p.source.together(ctx, joined[p.source.id])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p.source.name, err)
		}
		im.parts[i].opened = o
	}
	return im, nil
}

// recognise finds the source of an input.
func recognise(in *input, format string) (source, bool) {
	for _, s := range sources() {
		if (format == "" || s.id == format || s.any) && s.sniff(in) {
			return s, true
		}
	}
	return source{}, false
}

// Format is the id of what was recognised: "aegis". Of files from different apps it is all of them, joined by +.
func (im *Import) Format() string {
	return im.join(func(p part) string { return cmp.Or(p.opened.format, p.source.id) }, "+")
}

// App is the name of the app that made the export.
func (im *Import) App() string {
	return im.join(func(p part) string { return cmp.Or(p.opened.app, p.source.name) }, ", ")
}

func (im *Import) join(what func(part) string, between string) string {
	var list []string
	for _, p := range im.parts {
		if s := what(p); !slices.Contains(list, s) {
			list = append(list, s)
		}
	}
	return strings.Join(list, between)
}

// Encrypted reports whether Read needs a passphrase.
func (im *Import) Encrypted() bool {
	return slices.ContainsFunc(im.parts, func(p part) bool { return p.opened.encrypted })
}

// Cost is what Read asks for to derive the key: the most memory and all rounds.
func (im *Import) Cost() Cost {
	var c Cost
	for _, p := range im.parts {
		c.Memory = max(c.Memory, p.opened.cost.Memory)
		c.Iterations += p.opened.cost.Iterations
	}
	return c
}

// Read reads the accounts. It may be called again, for another try of the passphrase. A passphrase that is not needed is
// not looked at; one passphrase is for all files of the import. It takes as long as the key derivation, which cannot be broken off inside: when ctx ends, Read returns at
// once and the derivation runs on until it is through, its result unused.
//
// Fails with ErrNeedsPass, ErrPassphrase, ErrDamaged, ErrNewer, ErrTooLarge, ErrTooCostly, or the context's error.
// An export without accounts is no error.
func (im *Import) Read(ctx context.Context, passphrase secret.Bytes) (Result, error) {
	var all Result
	for i, p := range im.parts {
		if p.opened.encrypted && passphrase.IsEmpty() {
			all.Wipe()
			return Result{}, ErrNeedsPass
		}
		r, err := p.opened.read(ctx, passphrase)
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			r.Wipe()
			all.Wipe()
			if errors.Is(err, ctx.Err()) && ctx.Err() != nil {
				return Result{}, ctx.Err()
			}
			return Result{}, fmt.Errorf("%s: %w", cmp.Or(p.opened.app, p.source.name), err)
		}
		if r.Format != "" { // it could only be told now
			im.parts[i].opened.format, im.parts[i].opened.app = r.Format, appNamed(r.Format)
		}
		if len(im.parts) == 1 {
			all.Entries = r.Entries // as they are: there may be many
		} else {
			all.Entries = append(all.Entries, r.Entries...)
		}
		all.Skipped = append(all.Skipped, r.Skipped...)
		all.Warnings = append(all.Warnings, r.Warnings...)
		if len(all.Entries)+len(all.Skipped) > MaxEntries {
			all.Wipe()
			return Result{}, fmt.Errorf("%w: more than %d accounts", ErrTooLarge, MaxEntries)
		}
	}
	if err := all.smallIcons(ctx); err != nil {
		all.Wipe()
		return Result{}, err
	}
	all.Format = im.Format()
	all.Warnings = append(all.Warnings, im.notes...)
	return all, nil
}

// Wipe overwrites every key of the result.
func (r *Result) Wipe() {
	for i := range r.Entries {
		e := &r.Entries[i]
		e.Params.Secret.Wipe()
		e.Params.PIN.Wipe()
		for _, k := range e.Recovery {
			k.Wipe()
		}
	}
	*r = Result{}
}

// label is how a file is called in a message.
func (f File) label(place int) string {
	if f.Name == "" {
		return fmt.Sprintf("file %d", place+1)
	}
	return f.Name
}

func compareText(a, b string) int { return cmp.Compare(a, b) }
