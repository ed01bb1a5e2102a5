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
	var said keepassXCSaid
	for range 3 {
		said, err = askKeePassXC(t, program)
		// KeePassXC 2.7 now and then fails on a database of its own, which has other keys and lengths each time.
		if err == nil || !strings.Contains(err.Error(), "Cannot process 0 length data") {
			break
		}
		t.Logf("once more: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	formatCase{
		name: "kdbx", files: []File{{"out.kdbx", said.database}}, pass: pass, format: "keepass", want: keepassWant, skips: keepassSkips,
	}.check(t)
	if said.merged[10] != 4 || said.database[10] != 3 {
		t.Errorf("versions %d and %d, want 3 and 4", said.database[10], said.merged[10])
	}
	im := must(Open(t.Context(), []File{{"four.kdbx", said.merged}}))
	r := must(im.Read(t.Context(), secret.FromString(pass)))
	var got []string
	for _, e := range r.Entries {
		got = append(got, line(e))
	}
	if want := slices.Sorted(slices.Values(keepassWant)); !slices.Equal(slices.Sorted(slices.Values(got)), want) {
		t.Errorf("version 4 holds\n%s, want\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	formatCase{name: "xml", files: []File{{"out.xml", said.exported}}, format: "keepass", want: keepassWant, skips: keepassSkips}.check(t)
}

// keepassXCSaid is what KeePassXC wrote.
type keepassXCSaid struct {
	database []byte // version 3.1
	merged   []byte // the same accounts, version 4
	exported []byte // XML
}

// askKeePassXC has KeePassXC make a database, merge it into another one, and export it.
func askKeePassXC(t *testing.T, program string) (said keepassXCSaid, err error) {
	t.Helper()
	dir := t.TempDir()
	run := func(input string, args ...string) (printed []byte) {
		if err != nil {
			return nil
		}
		cmd := exec.Command(program, args...)
		cmd.Dir, cmd.Stdin = dir, strings.NewReader(input)
		cmd.Env = append(os.Environ(), "HOME="+dir, "XDG_CONFIG_HOME="+dir, "QT_QPA_PLATFORM=offscreen")
		var out, complaint bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &complaint
		if failed := cmd.Run(); failed != nil {
			err = fmt.Errorf("keepassxc-cli %s: %w: %s", args[0], failed, complaint.String())
		}
		return out.Bytes()
	}
	read := func(name string) []byte {
		if err != nil {
			return nil
		}
		return must(os.ReadFile(filepath.Join(dir, name)))
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
	said.database = read("out.kdbx")
	// It saves a database in the version it had: what begins as one of version 4 stays one.
	if err := os.WriteFile(filepath.Join(dir, "four.kdbx"), keepassFile(t, nil, nil), 0o600); err != nil {
		t.Fatal(err)
	}
	run(pass+"\n", "merge", "-q", "-s", "four.kdbx", "out.kdbx")
	said.merged = read("four.kdbx")
	said.exported = run(pass+"\n", "export", "-q", "-f", "xml", "out.kdbx")
	return said, err
}
