package transfer

import (
	"bytes"
	"fmt"
	"html"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/vault/secret"
)

// TestKeePassXC lets KeePassXC itself write a database, where it is installed: from an XML file of ours, so its export of that
// database is read as well.
func TestKeePassXC(t *testing.T) {
	program, err := exec.LookPath("keepassxc-cli")
	if err != nil {
		t.Skip("keepassxc-cli is not installed")
	}
	dir := t.TempDir()
	run := func(input string, args ...string) []byte {
		t.Helper()
		cmd := exec.Command(program, args...)
		cmd.Dir, cmd.Stdin = dir, strings.NewReader(input)
		cmd.Env = append(os.Environ(), "HOME="+dir, "XDG_CONFIG_HOME="+dir, "QT_QPA_PLATFORM=offscreen")
		var out, complaint bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &complaint
		if err := cmd.Run(); err != nil {
			t.Fatalf("%v: %s", err, complaint.String())
		}
		return out.Bytes()
	}
	var xml strings.Builder
	uuid := byte(0)
	entry := func(fields keepassFields) {
		uuid++
		fmt.Fprintf(&xml, "<Entry><UUID>%s</UUID>", b64(bytes.Repeat([]byte{uuid}, 16)))
		for i := 0; i < len(fields); i += 2 {
			if fields[i] == "tags" {
				fmt.Fprintf(&xml, "<Tags>%s</Tags>", html.EscapeString(fields[i+1]))
				continue
			}
			fmt.Fprintf(&xml, `<String><Key>%s</Key><Value ProtectInMemory="True">%s</Value></String>`, html.EscapeString(fields[i]), html.EscapeString(fields[i+1]))
		}
		xml.WriteString("</Entry>")
	}
	group := func(name string) {
		uuid++
		fmt.Fprintf(&xml, "<Group><UUID>%s</UUID><Name>%s</Name>", b64(bytes.Repeat([]byte{uuid}, 16)), name)
	}
	xml.WriteString(`<?xml version="1.0" encoding="utf-8"?><KeePassFile><Meta><Generator>test</Generator></Meta><Root>`)
	group("Root")
	for _, f := range keepassTop {
		entry(f)
	}
	group("Work")
	group("Mail")
	for _, f := range keepassGroup {
		entry(f)
	}
	xml.WriteString("</Group></Group></Group></Root></KeePassFile>")
	if err := os.WriteFile(filepath.Join(dir, "in.xml"), []byte(xml.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	run(pass+"\n"+pass+"\n", "import", "-q", "-p", "-t", "100", "in.xml", "out.kdbx")
	database := must(os.ReadFile(filepath.Join(dir, "out.kdbx")))
	formatCase{
		name: "kdbx", files: []File{{"out.kdbx", database}}, pass: pass, format: "keepass", want: keepassWant, skips: keepassSkips,
	}.check(t)
	// It saves a database in the version it had: what begins as one of version 4 stays one.
	if err := os.WriteFile(filepath.Join(dir, "four.kdbx"), keepassFile(t, nil, nil), 0o600); err != nil {
		t.Fatal(err)
	}
	run(pass+"\n", "merge", "-q", "-s", "four.kdbx", "out.kdbx")
	merged := must(os.ReadFile(filepath.Join(dir, "four.kdbx")))
	if merged[10] != 4 || database[10] != 3 {
		t.Errorf("versions %d and %d, want 3 and 4", database[10], merged[10])
	}
	im := must(Open(t.Context(), []File{{"four.kdbx", merged}}))
	r := must(im.Read(t.Context(), secret.FromString(pass)))
	var got []string
	for _, e := range r.Entries {
		got = append(got, line(e))
	}
	if want := slices.Sorted(slices.Values(keepassWant)); !slices.Equal(slices.Sorted(slices.Values(got)), want) {
		t.Errorf("version 4 holds\n%s, want\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	exported := run(pass+"\n", "export", "-q", "-f", "xml", "out.kdbx")
	formatCase{name: "xml", files: []File{{"out.xml", exported}}, format: "keepass", want: keepassWant, skips: keepassSkips}.check(t)
}
