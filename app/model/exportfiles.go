package model

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/tallystick/tallystick/scanner"
	"github.com/tallystick/tallystick/scanner/pdf"
	"github.com/tallystick/tallystick/vault/transfer"
)

// ExportFiles reads the files of another app's export, for the window and the command line alike.
type ExportFiles struct {
	Scan  Scanner   // for pictures of QR codes
	Stdin io.Reader // what the path "-" stands for; nil = a file of that name
}

// ExportProblem is a file of an export that could not be read. It holds nothing of the file's content.
type ExportProblem struct {
	Path   string         // as it was given; of a file that was found beside it, its own
	Reason scanner.Reason // why a picture has no text; "" = Err says what happened
	Err    error
}

// Error implements error.
func (p *ExportProblem) Error() string { return "model: a file of an export could not be read" }

// Unwrap implements errors.
func (p *ExportProblem) Unwrap() error { return p.Err }

var (
	errHugeExport    = errors.New("model: too large for an export")
	errManyToMoveIn  = errors.New("model: too many files for an export")
	errNoCodeInThere = errors.New("model: no QR code in a picture of an export")
)

// Sentence says it to a person; name is what the file is called there.
func (p *ExportProblem) Sentence(name string) string {
	name = clean(name)
	switch {
	case errors.Is(p.Err, errManyToMoveIn):
		return fmt.Sprintf("These are more than %d files, which no export is.", transfer.MaxFiles)
	case errors.Is(p.Err, errNoFile):
		return name + " is not a file."
	case errors.Is(p.Err, errHugeExport):
		return fmt.Sprintf("%s is larger than %d MB, which no export is.", name, transfer.MaxFile>>20)
	case errors.Is(p.Err, os.ErrNotExist):
		return "There is no file " + name + "."
	case p.Reason == scanner.ReasonUnreadable:
		return "There seems to be a QR code in " + name + ", but it cannot be read: it may be cut off, covered or too small. Show all of it, larger."
	case p.Reason != "":
		return "There is no QR code in " + name + "."
	}
	return name + " cannot be read. " + Sentence(p.Err)
}

// Read reads the files at paths, and those beside them without which they cannot be opened. Of a picture or a PDF, the texts of its
// QR codes are the file. The caller wipes what it gets; on an error, an *ExportProblem or that of ctx, everything is wiped.
func (e ExportFiles) Read(ctx context.Context, paths []string) (files []transfer.File, err error) {
	if len(paths) > transfer.MaxFiles {
		return nil, &ExportProblem{Err: errManyToMoveIn}
	}
	defer func() {
		if err != nil {
			for _, f := range files {
				clear(f.Data)
			}
			files = nil
		}
	}()
	have := map[string]bool{}
	for _, path := range paths {
		have[filepath.Clean(path)] = true
	}
	for _, path := range paths {
		f, err := e.file(ctx, path)
		if err != nil {
			return files, err
		}
		files = append(files, f)
		if e.isStdin(path) {
			continue
		}
		for _, other := range transfer.Beside(f) {
			beside := filepath.Join(filepath.Dir(path), other)
			if info, err := os.Stat(beside); have[beside] || err != nil || !info.Mode().IsRegular() || len(files) >= transfer.MaxFiles {
				continue
			}
			have[beside] = true
			f, err := e.file(ctx, beside)
			if err != nil {
				return files, err
			}
			files = append(files, f)
		}
	}
	return files, nil
}

func (e ExportFiles) isStdin(path string) bool { return path == "-" && e.Stdin != nil }

func (e ExportFiles) file(ctx context.Context, path string) (transfer.File, error) {
	name := filepath.Base(path)
	data, err := e.bytes(path)
	if err != nil {
		clear(data)
		return transfer.File{}, &ExportProblem{Path: path, Err: err}
	}
	if !isPicture(data) {
		return transfer.File{Name: name, Data: data}, nil
	}
	defer clear(data)
	texts, reason, err := codesOf(ctx, e.Scan, data)
	switch {
	case ctx.Err() != nil:
		return transfer.File{}, ctx.Err()
	case err != nil:
		return transfer.File{}, &ExportProblem{Path: path, Reason: reason, Err: err}
	}
	return transfer.File{Name: name, Data: texts}, nil
}

func (e ExportFiles) bytes(path string) ([]byte, error) {
	in := e.Stdin
	if !e.isStdin(path) {
		info, err := os.Stat(path)
		switch {
		case err != nil:
			return nil, err
		case info.IsDir():
			return nil, errNoFile
		}
		f, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		defer func() { _ = f.Close() }() // read only: nothing can be lost
		in = f
	}
	data, err := io.ReadAll(io.LimitReader(in, transfer.MaxFile+1))
	if err == nil && len(data) > transfer.MaxFile {
		err = errHugeExport
	}
	return data, err
}

// codesOf is the texts of the QR codes in a picture, a line each, or the reason why there are none.
func codesOf(ctx context.Context, scan Scanner, data []byte) ([]byte, scanner.Reason, error) {
	pictures, unread := pdf.Pictures(ctx, data, scanner.DefaultLimits())
	if len(pictures) == 0 && unread != nil {
		return nil, "", unread
	}
	var texts bytes.Buffer
	reason := scanner.ReasonNoCode
	for _, p := range pictures {
		found, err := scan.Scan(ctx, p)
		blank(p)
		if err != nil {
			return nil, "", err
		}
		if found.Reason != "" {
			reason = found.Reason
		}
		for _, c := range found.Codes {
			texts.WriteString(strings.Join(strings.Fields(c.Text), " ") + "\n")
		}
	}
	switch {
	case texts.Len() == 0 && unread != nil:
		return nil, "", unread
	case texts.Len() == 0:
		return nil, reason, errNoCodeInThere
	}
	return texts.Bytes(), "", nil
}

// isPicture reports whether a file is a picture or a PDF, by its first bytes.
func isPicture(data []byte) bool {
	for _, magic := range []string{"\x89PNG\r\n", "\xff\xd8\xff", "GIF8", "II*\x00", "MM\x00*"} {
		if bytes.HasPrefix(data, []byte(magic)) {
			return true
		}
	}
	return pdf.Is(data) || len(data) > 12 && bytes.HasPrefix(data, []byte("RIFF")) && string(data[8:12]) == "WEBP" ||
		len(data) > 26 && bytes.HasPrefix(data, []byte("BM")) && string(data[6:10]) == "\x00\x00\x00\x00"
}

// IsExport reports whether a file is something to move in from, and no picture to look for a code in: what was dropped on the
// window shows that in its first bytes. What cannot be read is no export.
func IsExport(path string) bool {
	head := headOf(path, 1024)
	return len(head) > 0 && !isPicture(head)
}
