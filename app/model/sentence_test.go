package model

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/keys"
	"github.com/tallystick/tallystick/vault/otp"
	"github.com/tallystick/tallystick/vault/seal"
)

// exportedSentinels reads the sources of every package below the given roots and
// returns "package.ErrName" for each exported package-level Err… variable.
func exportedSentinels(t *testing.T, roots ...string) []string {
	t.Helper()
	var found []string
	for _, root := range roots {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if d.IsDir() && (d.Name() == "testdata" || d.Name() == "vaulttest") {
				return fs.SkipDir
			}
			if d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return nil
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			for _, decl := range file.Decls {
				gen, ok := decl.(*ast.GenDecl)
				if !ok || gen.Tok != token.VAR {
					continue
				}
				for _, spec := range gen.Specs {
					for _, name := range spec.(*ast.ValueSpec).Names {
						if strings.HasPrefix(name.Name, "Err") {
							found = append(found, file.Name.Name+"."+name.Name)
						}
					}
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return found
}

// TestEverySentinelHasASentence compares the sentinels that the sources declare with
// the rows of the table, both by name: a new sentinel without a sentence fails here.
func TestEverySentinelHasASentence(t *testing.T) {
	source, err := os.ReadFile("sentence.go")
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^\t\{(\w+\.Err\w+), "`).FindAllStringSubmatch(string(source), -1) {
		rows[m[1]] = true
	}
	sentinels := exportedSentinels(t, "../../vault", "../../scanner", "../platform")
	if len(sentinels) < 40 {
		t.Fatalf("found only %d sentinels: the search is broken", len(sentinels))
	}
	for _, name := range sentinels {
		if !rows[name] {
			t.Errorf("%s has no sentence", name)
		}
	}
}

func TestSentencesReadWell(t *testing.T) {
	seen := map[error]bool{}
	for _, s := range append(append([]said{}, causes...), sentences...) {
		if seen[s.err] {
			t.Errorf("%v has two rows", s.err)
		}
		seen[s.err] = true
		if !regexp.MustCompile(`^[A-Z].*\.$`).MatchString(s.sentence) || strings.ContainsAny(s.sentence, "!%\n") {
			t.Errorf("not a plain sentence: %q", s.sentence)
		}
		if got := Sentence(fmt.Errorf("outer: %w", s.err)); !strings.HasPrefix(got, s.sentence) {
			t.Errorf("%v, wrapped: said %q, want %q", s.err, got, s.sentence)
		}
	}
}

func TestSentencePicksTheMostUseful(t *testing.T) {
	for _, c := range []struct {
		name string
		err  error
		want string // a part of it
	}{
		{"nil", nil, ""},
		{"invalid account names the parameter", fmt.Errorf("%w: %w", vault.ErrInvalid, otp.ErrDigits), "1 to 10 digits"},
		{"the vault's word before the keyring's", fmt.Errorf("%w: %w", vault.ErrKeyMissing, keys.ErrMissing), "no new key was made"},
		{"a full disk is named", fmt.Errorf("%w: %w", vault.ErrSave, &fs.PathError{Op: "write", Path: "x", Err: syscall.ENOSPC}), "disk is full"},
		{"and what it means is named too", fmt.Errorf("%w: %w", vault.ErrSave, syscall.ENOSPC), "as it was before"},
		{"damage without an older copy", &vault.Damage{File: "vault.age", What: "xyzzy"}, "Nothing was overwritten."},
		{"damage with an older copy", &vault.Damage{File: "vault.age", What: "xyzzy", Older: make([]vault.Generation, 1)}, "older copy can be restored"},
		{"a foreign key in the keyring", fmt.Errorf("%w: %w", vault.ErrDamaged, seal.ErrWrongKey), "damaged"},
		{"permission", &fs.PathError{Op: "open", Path: "x", Err: fs.ErrPermission}, "permissions"},
		{"no such file", &fs.PathError{Op: "open", Path: "x", Err: fs.ErrNotExist}, "no such file"},
		{"cancelled", context.Canceled, "Stopped"},
		{"unknown", errors.New("xyzzy"), Unexplained},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := Sentence(c.err)
			if !strings.Contains(got, c.want) || (c.want == "") != (got == "") {
				t.Errorf("said %q, want something with %q", got, c.want)
			}
			if strings.Contains(got, "xyzzy") {
				t.Error("the raw text of the error is in the sentence")
			}
		})
	}
	if Explained(errors.New("xyzzy")) || !Explained(vault.ErrBusy) {
		t.Error("Explained is wrong")
	}
}
