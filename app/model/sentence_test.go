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
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/keys"
	"github.com/tallystick/tallystick/vault/otp"
	"github.com/tallystick/tallystick/vault/seal"
)

// module is the import path of the repository.
const module = "github.com/tallystick/tallystick/"

// sourcesBelow are the files of every package of vault, scanner and app/platform that the
// program is made of: a package nobody uses yet cannot fail in front of a person.
func sourcesBelow(t *testing.T) (files []string) {
	t.Helper()
	cmd := exec.Command("go", "list", "-deps", "-tags", "ci,migrated_fynedo", "-f", `{{.ImportPath}}{{range .GoFiles}}
{{$.Dir}}/{{.}}{{end}}`, module+"app", module+"app/cli")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	ours := false
	for _, line := range strings.Split(string(out), "\n") {
		if !strings.HasSuffix(line, ".go") {
			rest, in := strings.CutPrefix(line, module)
			top, _, _ := strings.Cut(rest, "/")
			ours = in && (top == "vault" || top == "scanner" || rest == "app/platform" || rest == "app/clock") && !strings.Contains(rest, "internal/")
		} else if ours {
			files = append(files, line)
		}
	}
	return files
}

// exportedSentinels returns "package.ErrName" for each exported package-level Err… variable.
func exportedSentinels(t *testing.T) (found []string) {
	t.Helper()
	for _, path := range sourcesBelow(t) {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
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
	sentinels := exportedSentinels(t)
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
