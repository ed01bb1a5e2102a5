package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"time"

	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/app/model"
	"github.com/tallystick/tallystick/app/platform"
	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/keys"
	"github.com/tallystick/tallystick/vault/secret"
)

func (r *run) doctorCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Check what Tallystick needs, and say what to do about it",
		Long: `Check what Tallystick needs: its folder, the keyring, the vault, the clock, the
screen, the clipboard. Looks only: it makes and changes nothing, and prints no
secrets. With --passphrase-stdin a vault with a passphrase is opened as well.

Fails when something keeps Tallystick from working; a warning does not.`,
		Args: maxArgs(0),
		RunE: func(cmd *cobra.Command, _ []string) error { return r.doctor(cmd.Context(), asJSON) },
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print a JSON array")
	return cmd
}

// finding is what one check says: part of the contract in docs/cli.md.
type finding struct {
	Name  string `json:"name"`
	State string `json:"state"` // ok, warn or fail
	Text  string `json:"text"`
	Todo  string `json:"todo"` // what to do; "" when nothing
}

const (
	ok   = "ok"
	warn = "warn"
	bad  = "fail"
)

// checkTime bounds one check: a keyring or a clipboard that hangs is a finding too.
const checkTime = 5 * time.Second

// patient is what the checks look at.
type patient struct {
	*run
	dir    string
	exists bool // the directory is there
}

// checks run in this order. Each looks at one thing and stands alone, so that one that
// fails takes none of the others with it.
var checks = []struct {
	name string
	look func(*patient, context.Context) finding
}{
	{"folder", (*patient).folder},
	{"keyring", (*patient).keyring},
	{"vault", (*patient).vault},
	{"older copies", (*patient).generations},
	{"clock", (*patient).clock},
	{"screen", (*patient).screen},
	{"clipboard", (*patient).clipboard},
	{"version", (*patient).version},
}

func (r *run) doctor(ctx context.Context, asJSON bool) error {
	dir, err := r.place()
	if err != nil {
		return err
	}
	p := &patient{run: r, dir: dir}
	if info, err := os.Stat(dir); err == nil {
		p.exists = info.IsDir()
	}
	findings := make([]finding, 0, len(checks))
	failed := false
	for _, c := range checks {
		checkCtx, cancel := context.WithTimeout(ctx, checkTime)
		f := c.look(p, checkCtx)
		cancel()
		f.Name = c.name
		failed = failed || f.State == bad
		findings = append(findings, f)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if asJSON {
		if err := r.json(findings); err != nil {
			return err
		}
	} else {
		r.showFindings(findings)
	}
	if failed {
		return errSaid(statusFailed)
	}
	return nil
}

func (r *run) showFindings(findings []finding) {
	for _, f := range findings {
		r.print("%-5s %-13s %s", f.State, f.Name, clean(f.Text))
		if f.Todo != "" {
			r.print("%-19s → %s", "", clean(f.Todo))
		}
	}
}

func (p *patient) folder(context.Context) finding {
	info, err := os.Stat(p.dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return finding{State: ok, Text: p.dir + " is not there yet; the first account makes it."}
	case err != nil:
		return finding{State: bad, Text: p.dir + " cannot be looked at. " + model.Sentence(err), Todo: "Check who owns it and its permissions."}
	case !info.IsDir():
		return finding{State: bad, Text: p.dir + " is a file, not a folder.", Todo: "Move it away, or give another folder with --dir."}
	}
	if !writable(p.dir) {
		return finding{State: bad, Text: p.dir + " cannot be written to: changes cannot be saved.", Todo: "Check who owns it, its permissions, and whether the disk is read-only."}
	}
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
		return finding{State: warn, Text: p.dir + " is open to other people on this computer.", Todo: "chmod 700 " + p.dir}
	}
	return finding{State: ok, Text: p.dir}
}

func (p *patient) keyring(ctx context.Context) finding {
	k := p.env.Keyring()
	switch err := k.Probe(ctx); {
	case err == nil:
		return finding{State: ok, Text: k.Name()}
	case errors.Is(err, keys.ErrNone):
		return finding{State: warn, Text: "There is none on this computer.", Todo: "A vault needs a passphrase here. On Linux, gnome-keyring, KWallet or KeePassXC gives a keyring."}
	default:
		return finding{State: bad, Text: model.Sentence(err), Todo: "Unlock the keyring, usually by signing in to the desktop again."}
	}
}

func (p *patient) vault(ctx context.Context) finding {
	if !p.exists {
		return finding{State: ok, Text: "There is none yet."}
	}
	m, _, err := p.manager(false)
	if err != nil {
		return p.broken(err)
	}
	defer func() { _ = m.Close() }()
	status, err := m.Status(ctx)
	if err != nil {
		return p.broken(err)
	}
	if !status.Exists {
		return finding{State: ok, Text: "There is none yet."}
	}
	var pass secret.Bytes
	if status.Protection.NeedsPassphrase() {
		if !p.passphraseStdin {
			return finding{State: ok, Text: "It is there and asks for its passphrase; it was not opened.", Todo: "To check what is in it: tallystick --passphrase-stdin doctor"}
		}
		if pass, err = p.passphraseLine(); err != nil {
			return p.broken(err)
		}
	}
	if err := m.Unlock(ctx, pass); err != nil {
		return p.broken(err)
	}
	var live, trashed, unreadable int
	err = m.Read(func(v *vault.Vault) error {
		live, trashed, unreadable = v.Len(), len(v.Trash()), len(v.Broken())
		return nil
	})
	if err != nil {
		return p.broken(err)
	}
	text := fmt.Sprintf("It opens. Accounts: %d, in the trash: %d.", live, trashed)
	if unreadable > 0 {
		return finding{
			State: warn, Text: text + fmt.Sprintf(" Entries that cannot be read: %d.", unreadable),
			Todo: "They are kept as they are. A newer version of Tallystick may know them.",
		}
	}
	if status.Protection == keys.ByKeyring {
		text += " No passphrase is set."
	}
	return finding{State: ok, Text: text}
}

func (p *patient) broken(err error) finding {
	f := finding{State: bad, Text: model.Sentence(err)}
	switch {
	case errors.Is(err, vault.ErrDamaged):
		f.Todo = "Open the window: it offers the older copies."
	case errors.Is(err, vault.ErrNewer):
		f.Todo = "Install the newer version."
	case errors.Is(err, vault.ErrKeyMissing):
		f.Todo = "Restore the keyring from a backup, or sign in as the person who made the vault."
	}
	return f
}

func (p *patient) generations(context.Context) finding {
	if !p.exists {
		return finding{State: ok, Text: "There is no vault yet."}
	}
	m, _, err := p.manager(false)
	if err != nil {
		return p.broken(err)
	}
	defer func() { _ = m.Close() }()
	older, err := m.Generations()
	switch {
	case err != nil:
		return p.broken(err)
	case len(older) == 0:
		return finding{State: ok, Text: "There are none yet; every change keeps one."}
	}
	return finding{State: ok, Text: fmt.Sprintf("There are %d, the newest of %s.", len(older), older[0].Saved.Local().Format("2006-01-02 15:04"))}
}

// earliest is before anybody ran this program: a clock that shows less is wrong.
var earliest = time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)

// clock looks for a clock that makes wrong codes: one that is far off, or that the system
// itself says is not kept right. It asks nobody on the network.
func (p *patient) clock(context.Context) finding {
	const todo = "Switch on setting the time from the network in the system's settings. Codes are wrong when the clock is more than half a minute off."
	now := p.env.Now()
	shown := now.UTC().Format("2006-01-02 15:04:05 UTC")
	if now.Before(earliest) {
		return finding{State: bad, Text: "The clock shows " + shown + ", which cannot be right.", Todo: todo}
	}
	if newest := p.newestFile(); newest.After(now.Add(2 * time.Minute)) {
		return finding{State: bad, Text: "The clock shows " + shown + ", but the vault was saved later than that.", Todo: todo}
	}
	switch p.env.clock() {
	case clockDrifts:
		return finding{State: warn, Text: "The clock shows " + shown + ". The system does not keep it right by itself.", Todo: todo}
	case clockKept:
		return finding{State: ok, Text: "The clock shows " + shown + " and is kept right by the system."}
	}
	return finding{State: ok, Text: "The clock shows " + shown + "."}
}

// newestFile is when anything in the directory was last written; zero when nothing is there.
func (p *patient) newestFile() (newest time.Time) {
	entries, err := os.ReadDir(p.dir)
	if err != nil {
		return newest
	}
	for _, e := range entries {
		if info, err := e.Info(); err == nil && info.Mode().IsRegular() && info.ModTime().After(newest) {
			newest = info.ModTime()
		}
	}
	return newest
}

func (p *patient) screen(context.Context) finding {
	switch method := p.env.CaptureMethod(); method {
	case "none", "":
		return finding{State: warn, Text: "There is no screen to take a picture of.", Todo: "Scan picture files instead, or start this in a desktop session."}
	case "portal":
		return finding{State: ok, Text: "Pictures are taken through the desktop portal, which asks first."}
	default:
		return finding{State: ok, Text: "Pictures are taken with " + method + "."}
	}
}

// clipboard asks whether there is one. What is on it is dropped unseen.
func (p *patient) clipboard(ctx context.Context) finding {
	switch _, err := p.env.Clipboard().Text(ctx); {
	case err == nil || errors.Is(err, platform.ErrTextTooLong):
		return finding{State: ok, Text: "It answers."}
	case errors.Is(err, platform.ErrNoClipboard):
		return finding{State: warn, Text: "There is none.", Todo: "Codes can be typed. On Wayland, install wl-clipboard."}
	default:
		return finding{State: warn, Text: "It does not answer. " + model.Sentence(err), Todo: "Close the program that holds the clipboard, or copy something anew."}
	}
}

func (p *patient) version(context.Context) finding {
	return finding{State: ok, Text: fmt.Sprintf("%s, %s/%s", p.env.Version, runtime.GOOS, runtime.GOARCH)}
}
