package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
)

// waysOut are methods of the toolkit by which a text leaves the program, with what it has to go through instead.
var waysOut = map[string]string{
	"SendNotification": "nothing: what a notification says stands on the locked screen, in its history and on the session bus",
	"NewNotification":  "nothing: what a notification says stands on the locked screen, in its history and on the session bus",
	"Clipboard":        "model.Deps.Clipboard, which marks it as a password and takes it off again",
}

// docs/threat-model.md promises that secrets enter no notifications, and that what is copied is marked and removed. The toolkit offers both
// without that, so nothing that knows the toolkit may ask it.
func TestNothingLeavesThroughTheToolkit(t *testing.T) {
	looked := 0
	err := filepath.WalkDir(".", func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if e.IsDir() && path != "." && (strings.HasPrefix(e.Name(), ".") || e.Name() == "testdata" || e.Name() == "build") {
			return fs.SkipDir
		}
		if e.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		files := token.NewFileSet()
		file, err := parser.ParseFile(files, path, nil, 0)
		if err != nil {
			return err
		}
		knows := false
		for _, i := range file.Imports {
			knows = knows || strings.HasPrefix(i.Path.Value, `"fyne.io/`)
		}
		if !knows {
			return nil
		}
		looked++
		ast.Inspect(file, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok {
				if s, ok := call.Fun.(*ast.SelectorExpr); ok && waysOut[s.Sel.Name] != "" {
					t.Errorf("%s: %s; instead use %s", files.Position(call.Pos()), s.Sel.Name, waysOut[s.Sel.Name])
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if looked < 20 {
		t.Errorf("only %d files that know the toolkit were looked at", looked)
	}
}
