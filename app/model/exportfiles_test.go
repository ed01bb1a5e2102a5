package model_test

import (
	"context"
	"errors"
	"image"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/app/model"
	"github.com/tallystick/tallystick/scanner"
	"github.com/tallystick/tallystick/vault/transfer"
)

// seesNothing is a scanner that finds no code, and says why.
type seesNothing scanner.Reason

func (r seesNothing) Scan(context.Context, image.Image) (scanner.Result, error) {
	return scanner.Result{Reason: scanner.Reason(r)}, nil
}

// Each file that cannot be read is named, with its own sentence.
func TestExportFilesThatCannotBeRead(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, data []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	fine, picture := write("fine.txt", []byte("otpauth://totp/a")), write("photo", smallPNG(t))
	many := make([]string, transfer.MaxFiles+1)
	for _, c := range []struct {
		what  string
		paths []string
		sees  scanner.Reason
		says  string
	}{
		{"a folder", []string{fine, dir}, "", "X is not a file."},
		{"nothing", []string{filepath.Join(dir, "absent")}, "", "There is no file X."},
		{"a picture of a cat", []string{picture}, scanner.ReasonNoCode, "There is no QR code in X."},
		{"a blurred picture", []string{fine, picture}, scanner.ReasonUnreadable, "There seems to be a QR code in X, but"},
		{"too much", many, "", "more than 200 files"},
	} {
		files, err := model.ExportFiles{Scan: seesNothing(c.sees)}.Read(t.Context(), c.paths)
		p, ok := errors.AsType[*model.ExportProblem](err)
		if !ok || files != nil {
			t.Errorf("%s: %v, %d files", c.what, err, len(files))
			continue
		}
		if said := p.Sentence("X"); !strings.Contains(said, c.says) || p.Reason != c.sees {
			t.Errorf("%s: %q (%q), want %q", c.what, said, p.Reason, c.says)
		}
	}
}

// "-" is standard input where there is one, and a file of that name elsewhere.
func TestExportFilesFromStandardInput(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.WriteFile("-", []byte("a file"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		files model.ExportFiles
		want  string
	}{{model.ExportFiles{Stdin: strings.NewReader("typed")}, "typed"}, {model.ExportFiles{}, "a file"}} {
		got, err := c.files.Read(t.Context(), []string{"-"})
		if err != nil || len(got) != 1 || string(got[0].Data) != c.want {
			t.Errorf("%v, %v, want %q", got, err, c.want)
		}
	}
}
