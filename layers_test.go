package main

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/tallystick/tallystick"

// room is what one package may know. A package that has no room of its own belongs to the one above it.
type room struct {
	dir string
	// may lists our packages it may import; a trailing /... means everything below as well. Its own room is always
	// allowed.
	may []string
	// fyne: the window toolkit, without fyne.io/fyne/v2/app.
	fyne bool
}

// rooms is the drawing of docs/architecture.md. A change here is a change of the design: make it there too.
//
//	main → app → {app/view → {app/model, app/widget, app/look}}; app/model → vault/**, scanner
var rooms = []room{
	{dir: ".", may: []string{"app", "app/cli", "app/clock", "app/look", "app/model", "app/platform", "assets", "scanner/...", "vault/..."}, fyne: true},
	{dir: "app", may: []string{"app/clock", "app/look", "app/model", "app/platform", "app/portal", "app/print", "app/view", "app/widget", "assets", "scanner/...", "vault/..."}, fyne: true},
	// vault/secret is no knowledge of the vault: it is the type a typed passphrase travels in, from the entry to the model.
	{dir: "app/view", may: []string{"app/look", "app/model", "app/widget", "vault/secret"}, fyne: true},
	{dir: "app/widget", may: []string{"app/look"}, fyne: true},
	{dir: "app/look", may: []string{"assets"}, fyne: true},
	// Of the scanner it knows types and errors: it turns what was seen into accounts, and errors into sentences.
	{dir: "app/model", may: []string{"app/clock", "app/platform", "app/portal", "app/print", "scanner/...", "vault/..."}},
	// It knows times, not accounts; its tests make codes to see that they are right.
	{dir: "app/clock", may: []string{"vault/durable", "vault/otp", "vault/secret"}},
	// Guides are data; only their tests read the ones of the program.
	{dir: "app/portal", may: []string{"assets"}},
	{dir: "app/platform", may: []string{"vault/secret"}},
	// What goes on paper: it knows keys as texts to draw, not what they belong to.
	{dir: "app/print", may: []string{"assets", "vault/secret"}},
	// The practice portals make and check codes by themselves; their tests compare that with ours.
	{dir: "app/rehearse", may: []string{"app/portal", "assets", "vault/otp", "vault/otpauth", "vault/recovery", "vault/secret"}},
	{dir: "app/cli", may: []string{"app/clock", "app/model", "app/platform", "app/portal", "app/print", "app/rehearse", "assets", "scanner/...", "vault/..."}},
	{dir: "app/apptest", may: []string{"app/clock", "app/model", "app/platform", "scanner/...", "vault/..."}},
	// The end-to-end tests reach the program the way a person does, and know nothing of its inside.
	{dir: "app/e2e"},
	{dir: "assets"},
	{dir: "scanner"},
	{dir: "vault"},
}

// onlyInTests are packages of fakes: nothing but _test.go files, and other such packages, may import them.
var onlyInTests = []string{"app/apptest", "vault/share/store/storetest", "vault/vaulttest"}

// onlyForTests is the desktop harness: for the end-to-end tests and the demonstration, both below app/e2e.
const onlyForTests = "app/e2e"

// TestLayers reads the imports of every file, whatever system or build tag it is for, and holds them against rooms.
func TestLayers(t *testing.T) {
	files, fset := 0, token.NewFileSet()
	err := filepath.WalkDir(".", func(file string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := e.Name()
		if e.IsDir() {
			if name != "." && (name[0] == '.' || name == "testdata" || name == "build" || name == "dist") {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") {
			return nil
		}
		files++
		parsed, err := parser.ParseFile(fset, file, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, spec := range parsed.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			if why := forbidden(filepath.ToSlash(file), imported); why != "" {
				t.Errorf("%s imports %s: %s", fset.Position(spec.Pos()), imported, why)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 20 {
		t.Fatalf("only %d Go files seen: the test runs in the wrong place", files)
	}
}

// forbidden says why a file may not import a package; "" when it may.
func forbidden(file, imported string) string {
	dir, test := path.Dir(file), strings.HasSuffix(file, "_test.go")
	r, ok := roomOf(dir)
	if !ok {
		return "no room in the list is made for " + dir
	}
	if imported == "fyne.io/fyne/v2/app" {
		if dir == "." {
			return ""
		}
		return "only main starts the window toolkit"
	}
	if strings.HasPrefix(imported, "fyne.io/") {
		if r.fyne {
			return ""
		}
		return r.dir + " knows no window toolkit"
	}
	if imported != module && !strings.HasPrefix(imported, module+"/") {
		return ""
	}
	ours := strings.TrimPrefix(strings.TrimPrefix(imported, module), "/")
	if ours == "" {
		ours = "."
	}
	fake := slices.Contains(onlyInTests, ours)
	switch {
	case fake && !test && !slices.Contains(onlyInTests, r.dir) && !slices.Contains(onlyInTests, dir):
		return "fakes are for _test.go files"
	case fake:
		return ""
	case within(ours, onlyForTests) && !within(dir, onlyForTests):
		return "the desktop harness is for the end-to-end tests"
	case ours == r.dir || within(ours, r.dir) && mustRoom(ours).dir == r.dir:
		return ""
	}
	if test && r.dir == "app/model" && ours == "assets" {
		return "" // its tests follow the guides of the program
	}
	if test && r.dir == "app/view" && (within(ours, "vault") || within(ours, "scanner")) {
		return "" // its tests put accounts and pictures into the fakes
	}
	if r.allows(ours) || test && slices.ContainsFunc(reach(r), func(below room) bool { return below.dir == mustRoom(ours).dir || below.allows(ours) }) {
		return ""
	}
	return r.dir + " may know only " + strings.Join(r.may, ", ")
}

// allows reports whether a room may know a package directly.
func (r room) allows(ours string) bool {
	for _, allowed := range r.may {
		if below, ok := strings.CutSuffix(allowed, "/..."); ok && within(ours, below) || ours == allowed {
			return true
		}
	}
	return false
}

// reach is every room that a room rests on, directly or through others: a test builds its room on the real rooms below,
// and may know them for that.
func reach(r room) []room {
	var all []room
	for todo := []room{r}; len(todo) > 0; todo = todo[1:] {
		for _, allowed := range todo[0].may {
			below := mustRoom(strings.TrimSuffix(allowed, "/..."))
			if !slices.ContainsFunc(all, func(known room) bool { return known.dir == below.dir }) {
				all, todo = append(all, below), append(todo, below)
			}
		}
	}
	return all
}

// roomOf finds the innermost room a directory lies in.
func roomOf(dir string) (room, bool) {
	best, found := room{}, false
	for _, r := range rooms {
		if r.dir == dir || r.dir != "." && within(dir, r.dir) {
			if !found || len(r.dir) > len(best.dir) || best.dir == "." {
				best, found = r, true
			}
		}
	}
	return best, found
}

func mustRoom(dir string) room {
	r, _ := roomOf(dir)
	return r
}

// within reports whether a directory is another one or lies below it.
func within(dir, of string) bool { return dir == of || strings.HasPrefix(dir, of+"/") }

// TestForbidden holds the judge to cases whose verdict is known: a test of the layers that lets everything through
// would pass for ever.
func TestForbidden(t *testing.T) {
	for _, c := range []struct {
		file, imported string
		ok             bool
	}{
		{"main.go", "fyne.io/fyne/v2/app", true},
		{"app/app.go", "fyne.io/fyne/v2/app", false},
		{"app/app.go", "fyne.io/fyne/v2", true},
		{"app/view/list.go", module + "/app/model", true},
		{"app/view/list.go", module + "/vault", false},
		{"app/view/list_test.go", module + "/vault", true},
		{"app/view/list_test.go", module + "/app", false},
		{"app/widget/ring_test.go", module + "/vault", false},
		{"vault/vault_test.go", module + "/app/model", false},
		{"app/model/list_test.go", "fyne.io/fyne/v2/test", false},
		{"app/widget/ring.go", module + "/app/model", false},
		{"app/widget/ring.go", module + "/vault/otp", false},
		{"app/model/list.go", "fyne.io/fyne/v2", false},
		{"app/model/list.go", module + "/vault/otpauth", true},
		{"app/cli/cli.go", "fyne.io/fyne/v2/data/binding", false},
		{"app/cli/tallystick/main.go", module + "/app/cli", true},
		{"app/cli/cli.go", module + "/app/view", false},
		{"app/cli/rehearse.go", module + "/app/rehearse", true},
		{"app/view/guide.go", module + "/app/rehearse", false},
		{"app/rehearse/server.go", module + "/app/model", false},
		{"app/rehearse/server.go", "fyne.io/fyne/v2", false},
		{"app/cli/kit.go", module + "/app/print", true},
		{"app/print/kit.go", module + "/vault", false},
		{"vault/vault.go", module + "/vault/seal", true},
		{"vault/vault.go", module + "/scanner", false},
		{"vault/keys/keys.go", "fyne.io/fyne/v2", false},
		{"vault/keys/keys.go", module + "/assets", false},
		{"scanner/scanner.go", module + "/vault", false},
		{"scanner/scanner.go", module + "/vault/secret", false},
		{"scanner/capture/x11.go", module + "/scanner", true},
		{"assets/assets.go", module + "/app/look", false},
		{"vault/vault.go", module + "/vault/vaulttest", false},
		{"vault/vault_test.go", module + "/vault/vaulttest", true},
		{"app/model/list_test.go", module + "/app/apptest", true},
		{"app/model/list.go", module + "/app/apptest", false},
		{"app/e2e/desktop/desktop.go", module + "/vault", false},
		{"app/e2e/demo/main.go", module + "/app/e2e/desktop", true},
		{"main.go", module + "/app/e2e/desktop", false},
		{"app/model/deps.go", module + "/app/clock", true},
		{"app/clock/clock.go", module + "/vault", false},
		{"vault/otp/otp.go", module + "/app/clock", false},
		{"newroom/x.go", "fmt", false},
	} {
		if why := forbidden(c.file, c.imported); (why == "") != c.ok {
			t.Errorf("%s imports %s: allowed %v, want %v (%s)", c.file, c.imported, why == "", c.ok, why)
		}
	}
}

// TestCommandLineHasNoWindow asks the go tool what the command line program is linked with, through every library:
// no window toolkit may come in by a back door.
func TestCommandLineHasNoWindow(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "./app/cli/tallystick").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	deps := strings.Fields(string(out))
	if !slices.Contains(deps, module+"/app/cli") {
		t.Fatal("the command line program is not there")
	}
	for _, dep := range deps {
		if strings.HasPrefix(dep, "fyne.io/") || strings.Contains(dep, "go-gl/") {
			t.Errorf("the command line program is linked with %s", dep)
		}
	}
}
