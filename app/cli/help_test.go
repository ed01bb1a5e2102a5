package cli

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden help texts anew")

// TestHelp holds the help texts, which are part of what docs/cli.md describes.
func TestHelp(t *testing.T) {
	r := newRig(t)
	for name, args := range map[string][]string{
		"tallystick": {"help"}, "code": {"help", "code"}, "list": {"list", "--help"}, "add": {"add", "-h"}, "scan": {"help", "scan"},
		"edit": {"help", "edit"}, "remove": {"help", "remove"}, "restore": {"help", "restore"}, "qr": {"help", "qr"}, "lock": {"help", "lock"},
		"passphrase": {"help", "passphrase"}, "doctor": {"help", "doctor"}, "rehearse": {"help", "rehearse"}, "version": {"help", "version"},
		"recovery": {"help", "recovery"}, "recovery-parse": {"help", "recovery", "parse"}, "recovery-add": {"help", "recovery", "add"},
		"recovery-list": {"help", "recovery", "list"}, "recovery-use": {"help", "recovery", "use"}, "recovery-undo": {"help", "recovery", "undo"},
		"recovery-export": {"help", "recovery", "export"}, "recovery-remove": {"help", "recovery", "remove"}, "recovery-passphrase": {"help", "recovery", "passphrase"}, "kit": {"help", "kit"}, "kit-create": {"help", "kit", "create"},
		"vault": {"help", "vault"}, "vault-generations": {"help", "vault", "generations"}, "vault-restore": {"help", "vault", "restore"},
		"export": {"help", "export"}, "import": {"help", "import"}, "backup": {"help", "backup"}, "backup-set": {"help", "backup", "set"}, "backup-now": {"help", "backup", "now"},
		"backup-list": {"help", "backup", "list"}, "backup-restore": {"help", "backup", "restore"}, "backup-off": {"help", "backup", "off"},
		"share": {"help", "share"}, "share-create": {"help", "share", "create"}, "share-move": {"help", "share", "move"}, "share-list": {"help", "share", "list"}, "share-status": {"help", "share", "status"}, "share-members": {"help", "share", "members"}, "share-log": {"help", "share", "log"},
		"share-invite": {"help", "share", "invite"}, "share-join": {"help", "share", "join"}, "share-requests": {"help", "share", "requests"}, "share-words": {"help", "share", "words"}, "share-confirm": {"help", "share", "confirm"}, "share-role": {"help", "share", "role"},
		"share-remove": {"help", "share", "remove"}, "share-redo": {"help", "share", "redo"}, "share-leave": {"help", "share", "leave"}, "share-reenroll": {"help", "share", "reenroll"}, "share-conflicts": {"help", "share", "conflicts"}, "share-storage": {"help", "share", "storage"}, "share-sync": {"help", "share", "sync"}, "share-rename": {"help", "share", "rename"}, "share-people": {"help", "share", "people"}, "share-rotate": {"help", "share", "rotate"},
		"pack": {"help", "pack"}, "pack-make": {"help", "pack", "make"}, "pack-open": {"help", "pack", "open"}, "pack-key": {"help", "pack", "key"},
		"kit-check": {"help", "kit", "check"}, "kit-restore": {"help", "kit", "restore"},
	} {
		t.Run(name, func(t *testing.T) {
			got := r.must("", args...)
			path := filepath.Join("testdata", "help", name+".txt")
			if *update {
				if err := os.WriteFile(path, []byte(got.out), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if got.out != strings.ReplaceAll(string(want), "\r\n", "\n") {
				t.Errorf("help changed; go test ./app/cli -run TestHelp -update writes it anew. Now:\n%s", got.out)
			}
			for i, line := range strings.Split(got.out, "\n") {
				if columns(line) > 110 {
					t.Errorf("line %d is wide: %q", i+1, line)
				}
			}
		})
	}
	if got := r.must("", "--help"); got.err != "" || !strings.HasPrefix(got.out, "Codes for signing in") {
		t.Errorf("%+v", got)
	}
}

// TestEveryFlagIsDocumented compares the commands with docs/cli.md.
func TestEveryFlagIsDocumented(t *testing.T) {
	doc, err := os.ReadFile(filepath.Join("..", "..", "docs", "cli.md"))
	if err != nil {
		t.Fatal(err)
	}
	text := string(doc)
	root := (&run{env: Env{}.withDefaults()}).root()
	all := root.Commands()
	for _, cmd := range root.Commands() {
		if sub := cmd.Commands(); cmd.Name() != "passphrase" && cmd.Name() != "completion" { // those are named as words of one line
			all = append(all, sub...)
		}
	}
	for _, cmd := range all {
		if path := strings.TrimPrefix(cmd.CommandPath(), root.Name()+" "); !strings.Contains(text, "\n  "+path) {
			t.Errorf("docs/cli.md does not name the command %s", path)
		}
		for _, line := range strings.Split(cmd.LocalFlags().FlagUsages(), "\n") {
			if _, rest, is := strings.Cut(line, "--"); is {
				name, _, _ := strings.Cut(rest, " ")
				if name != "help" && !strings.Contains(text, "--"+name) {
					t.Errorf("docs/cli.md does not name --%s of %s", name, cmd.Name())
				}
			}
		}
	}
}

func TestUsageErrors(t *testing.T) {
	r := newRig(t)
	for _, c := range []struct {
		args []string
		said string
	}{
		{[]string{}, "tallystick help"},
		{[]string{"cod"}, "no such command"},
		{[]string{"https://example.com"}, "no such command"},
		{[]string{linkRFC}, "opened by the window"},
		{[]string{"code", "a", "b"}, "too many words"},
		{[]string{"code", "--frobnicate"}, "no flag --frobnicate"},
		{[]string{"code", "--mfrggzdfmztwq2lknnwg23tpobyxe43u"}, "a flag that is not known"},
		{[]string{"code", "-x"}, "a flag that is not known"},
		{[]string{"code", "--at"}, "--at needs a value"},
		{[]string{"add", "--digits", "six", "-"}, "--digits needs a whole number"},
		{[]string{"add", "--counter", "-1", "-"}, "--counter needs a whole number"},
		{[]string{"code", "--copy=perhaps"}, "--copy needs a true or false"},
		{[]string{"passphrase", "st"}, "set, change or remove"},
		{[]string{"version", "x"}, "too many words"},
	} {
		got := r.run(c.args...)
		got.wants(t, statusUsage, c.said)
		if got.out != "" {
			t.Errorf("%q printed %q", c.args, got.out)
		}
	}
	if snapshot(t, r.dir) != "" {
		t.Error("something was made")
	}
}

func TestVersionAndCompletion(t *testing.T) {
	r := newRig(t)
	if out := r.must("", "version", "--licences").out; !strings.Contains(out, "SIL OPEN FONT LICENSE") || !strings.Contains(out, "ISC License") {
		t.Errorf("%d bytes of licences", len(out))
	}
	if out := r.must("", "version").out; !strings.HasPrefix(out, "tallystick 1.2.3 (go") {
		t.Errorf("%q", out)
	}
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		if out := r.must("", "completion", shell).out; !strings.Contains(out, "tallystick") {
			t.Errorf("%s: %q", shell, out)
		}
	}
	// What a shell asks when Tab is pressed: commands and flags, and never a passphrase.
	if out := r.must("", "__complete", "co").out; !strings.Contains(out, "code") {
		t.Errorf("%q", out)
	}
	before := r.keyring.Calls()
	r.run("__complete", "code", "")
	if r.keyring.Calls() != before {
		t.Error("completing opened the vault")
	}
}
