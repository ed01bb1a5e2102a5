package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/app/clock"
	"github.com/tallystick/tallystick/app/model"
	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/keys"
	"github.com/tallystick/tallystick/vault/secret"
)

type doctorOptions struct {
	json     bool
	online   bool
	sntp     string
	accepted string
	apply    bool
	forget   bool
}

func (r *run) doctorCommand() *cobra.Command {
	var o doctorOptions
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Check what Tallystick needs, and say what to do about it",
		Long: `Check what Tallystick needs: its folder, the keyring, the vault, the clock, the
screen, the clipboard. Looks only, asks nobody on the network, and prints no
secrets. With --passphrase-stdin a vault with a passphrase is opened as well.

Codes are wrong when the clock is. --online compares it with the web servers
where your accounts sign in, --sntp with a time server, --accepted with what a
portal did. Then --apply-clock corrects codes for it, and only codes, by up to
300 seconds, until the clock is set or the computer started anew.

Fails when something keeps Tallystick from working; a warning does not.`,
		Args: maxArgs(0),
		RunE: func(cmd *cobra.Command, _ []string) error { return r.doctor(cmd.Context(), o) },
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.BoolVar(&o.json, "json", false, "print a JSON array")
	f.BoolVar(&o.online, "online", false, "ask the web servers of your accounts' addresses for the time")
	f.StringVar(&o.sntp, "sntp", "", "ask the time server called `SERVER` (host or host:port)")
	f.StringVar(&o.accepted, "accepted", "", "a portal just took `WHICH` code, previous or next, instead of the present one")
	f.BoolVar(&o.apply, "apply-clock", false, "correct codes by what the comparison found")
	f.BoolVar(&o.forget, "forget-clock", false, "no longer correct codes")
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

var healthWords = map[model.Health]string{model.Healthy: ok, model.Ailing: warn, model.Broken: bad}

// clockFinding is the check of the clock, with numbers.
type clockFinding struct {
	finding
	Offset     *float64        `json:"offset"`     // seconds the clock is fast; null = not known
	Margin     *float64        `json:"margin"`     // seconds by which offset may be wrong
	Correction float64         `json:"correction"` // seconds by which codes are corrected
	Sources    []sourceFinding `json:"sources"`
}

// sourceFinding is what one source said.
type sourceFinding struct {
	Name   string   `json:"name"`
	Offset *float64 `json:"offset"`
	Margin *float64 `json:"margin"`
	Agrees bool     `json:"agrees"`
	Text   string   `json:"text"`
}

func (o doctorOptions) check() error {
	measures := o.online || o.sntp != "" || o.accepted != ""
	switch {
	case o.accepted != "" && o.accepted != "previous" && o.accepted != "next":
		return usage("--accepted is previous or next.")
	case o.apply && o.forget:
		return usage("--apply-clock and --forget-clock do not go together.")
	case o.forget && measures:
		return usage("--forget-clock goes alone.")
	}
	return nil
}

// doctor looks at everything. Only --online, --sntp, --apply-clock and --forget-clock
// change something: the file with what is known about the clock.
func (r *run) doctor(ctx context.Context, o doctorOptions) error {
	if err := o.check(); err != nil {
		return err
	}
	dir, err := r.place()
	if err != nil {
		return err
	}
	p := &patient{run: r, dir: dir, clock: r.openClock(dir), backups: model.BackupsFound{Accounts: -1}}
	if info, err := os.Stat(dir); err == nil {
		p.exists = info.IsDir()
	}
	vaultCtx, cancel := context.WithTimeout(ctx, openTime)
	vaultCheck := p.openVault(vaultCtx)
	cancel()
	found, err := p.measure(ctx, o)
	if err != nil {
		return err
	}
	if err := p.change(o, found); err != nil {
		return err
	}
	body := p.body()
	body.Vault = func(context.Context) model.Check { return vaultCheck }
	checks := body.CheckUp(ctx, found)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	failed := false
	for _, c := range checks {
		failed = failed || c.State == model.Broken
	}
	if o.json {
		if err := r.json(p.records(checks, found)); err != nil {
			return err
		}
	} else {
		r.showChecks(checks, found)
	}
	if failed {
		return errSaid(statusFailed)
	}
	return nil
}

// patient is what the checks look at.
type patient struct {
	*run
	dir       string
	exists    bool // the directory is there
	clock     *clock.Clock
	addresses []string // where accounts sign in
	backups   model.BackupsFound
}

func (p *patient) body() model.Body {
	e := p.env
	b := model.Body{
		Dir: p.dir, Version: e.Version, Keyring: e.Keyring(), Now: e.Now, Clock: p.clock, ClockKept: e.clockKept,
		Capture: e.CaptureMethod, Portal: e.Portal, Tray: e.Tray, Clipboard: e.Clipboard(),
		Older: func() ([]vault.Generation, error) {
			if !p.exists {
				return nil, vault.ErrAbsent
			}
			m, _, err := p.manager(false)
			if err != nil {
				return nil, err
			}
			defer func() { _ = m.Close() }()
			return m.Generations()
		},
	}
	if p.exists {
		b.Backups = func(context.Context) model.BackupsFound { return p.backups }
	}
	if runtime.GOOS != "linux" {
		b.Portal = nil
	}
	return b
}

// openVault looks whether the vault opens, where its accounts sign in, and whether the newest backup opens.
func (p *patient) openVault(ctx context.Context) model.Check {
	if !p.exists {
		return model.Check{Text: "There is none yet."}
	}
	m, _, err := p.manager(false)
	if err != nil {
		p.backups.Status, p.backups.Err = p.keeper(nil, p.dir).Status()
		p.backups.OpenErr = vault.ErrLocked
		return model.VaultTrouble(err)
	}
	defer func() { _ = m.Close() }()
	k := p.keeper(m, p.dir)
	defer func() {
		p.backups.Status, p.backups.Err = k.Status()
		p.backups.Newest, p.backups.OpenErr = k.Check(ctx)
	}()
	status, err := m.Status(ctx)
	if err != nil {
		return model.VaultTrouble(err)
	}
	if !status.Exists {
		p.backups.Accounts = 0
		return model.Check{Text: "There is none yet."}
	}
	var pass secret.Bytes
	if status.Protection.NeedsPassphrase() {
		if !p.passphraseStdin {
			return model.Check{Text: "It is there and asks for its passphrase; it was not opened.", Todo: "To check what is in it: tallystick --passphrase-stdin doctor"}
		}
		if pass, err = p.passphraseLine(); err != nil {
			return model.VaultTrouble(err)
		}
	}
	if err := m.Unlock(ctx, pass); err != nil {
		return model.VaultTrouble(err)
	}
	var c model.Check
	err = m.Read(func(v *vault.Vault) error {
		for _, a := range v.Accounts() {
			if a.URL != "" {
				p.addresses = append(p.addresses, a.URL)
			}
		}
		p.backups.Accounts = v.Len()
		c = model.VaultOpen(v.Len(), len(v.Trash()), len(v.Broken()), status.Protection != keys.ByKeyring)
		return nil
	})
	if err != nil {
		return model.VaultTrouble(err)
	}
	return c
}

// openTime bounds the opening of the vault: a keyring that hangs is a finding too.
const openTime = 5 * time.Second

// typedFor is how long ago a portal may have taken a code when somebody says that it did.
const typedFor = 10 * time.Second

// measure compares the clock with what the options name; nil when they name nothing.
func (p *patient) measure(ctx context.Context, o doctorOptions) (*clock.Finding, error) {
	if !o.online && o.sntp == "" && o.accepted == "" {
		return nil, nil
	}
	var addresses []string
	if o.online {
		addresses = p.addresses
	}
	sources, err := p.env.TimeSources(addresses, o.sntp)
	if errors.Is(err, clock.ErrAddress) {
		return nil, usage("--sntp needs the name of a time server, such as pool.ntp.org.")
	}
	if err != nil {
		return nil, err
	}
	if o.accepted != "" {
		const period = 30 // what nearly every account has
		now := p.env.Now()
		step := now.Unix()/period - 1
		if o.accepted == "next" {
			step += 2
		}
		sources = append([]clock.Source{clock.Accepted(now.Add(-typedFor), now, period*time.Second, step)}, sources...)
	}
	f := p.clock.Measure(ctx, sources)
	if p.exists {
		if err := p.clock.Keep(f); err != nil {
			_, sentence, _ := explain(err)
			p.note("What was found about the clock could not be kept. %s", sentence)
		}
	}
	return &f, nil
}

// change does what a person agreed to.
func (p *patient) change(o doctorOptions, found *clock.Finding) error {
	switch {
	case o.forget:
		return p.clock.Forget()
	case !o.apply:
		return nil
	}
	f, ok := clock.Finding{}, false
	if found != nil {
		f, ok = *found, true
	} else if f, ok = p.clock.Recall(); !ok {
		return usage("Compare the clock first: --apply-clock goes with --online, --sntp or --accepted.")
	}
	err := p.clock.Apply(f)
	if errors.Is(err, clock.ErrRight) || errors.Is(err, clock.ErrUnsure) {
		p.note("%s", model.Sentence(err))
		return nil // the check says the rest
	}
	return err
}

func (r *run) showChecks(checks []model.Check, found *clock.Finding) {
	for _, c := range checks {
		r.print("%-5s %-13s %s", healthWords[c.State], c.Name, clean(c.Text))
		if c.Name == "clock" && found != nil {
			for _, l := range model.SourceLines(found.Readings) {
				r.print("%-19s - %s: %s", "", clean(l.Name), clean(l.Text))
			}
		}
		if c.Todo != "" {
			r.print("%-19s → %s", "", clean(c.Todo))
		}
	}
}

// records is what --json prints.
func (p *patient) records(checks []model.Check, found *clock.Finding) []any {
	list := make([]any, 0, len(checks))
	for _, c := range checks {
		f := finding{Name: c.Name, State: healthWords[c.State], Text: c.Text, Todo: c.Todo}
		if c.Name == "clock" {
			list = append(list, p.clockRecord(f, found))
		} else {
			list = append(list, f)
		}
	}
	return list
}

func (p *patient) clockRecord(f finding, found *clock.Finding) clockFinding {
	c, s := clockFinding{finding: f, Sources: []sourceFinding{}}, p.clock.Status()
	switch {
	case found != nil && found.Answered > 0 && found.Sure:
		c.Offset, c.Margin = inSeconds(found.Sample)
	case found == nil && s.Known:
		c.Offset, c.Margin = inSeconds(s.Off)
	}
	if s.Use == clock.Used {
		c.Correction = round(s.Correction.Seconds())
	}
	if found == nil {
		return c
	}
	lines := model.SourceLines(found.Readings)
	for i, r := range found.Readings {
		source := sourceFinding{Name: r.Source, Agrees: r.Agrees, Text: lines[i].Text}
		if r.Err == nil {
			source.Offset, source.Margin = inSeconds(r.Sample)
		}
		c.Sources = append(c.Sources, source)
	}
	return c
}

func inSeconds(s clock.Sample) (offset, margin *float64) {
	o, m := round(s.Offset.Seconds()), round(s.Error.Seconds())
	return &o, &m
}

// round leaves milliseconds.
func round(seconds float64) float64 {
	return float64(time.Duration(seconds*float64(time.Second)).Round(time.Millisecond)) / float64(time.Second)
}

// openClock reads what is known about the clock. It makes nothing.
func (r *run) openClock(dir string) *clock.Clock {
	return clock.Open(clock.Config{Path: filepath.Join(dir, clock.File), Now: r.env.Now, Uptime: r.env.Uptime})
}

// codeTime is the time that codes are made for. It tells when a correction that a person
// agreed to no longer holds: codes that were right would otherwise be wrong without a word.
func (r *run) codeTime() (time.Time, error) {
	dir, err := r.place()
	if err != nil {
		return time.Time{}, err
	}
	c := r.openClock(dir)
	if text := model.UnusedCorrection(c.Status()); text != "" {
		r.note("%s", fmt.Sprintf("%s `tallystick doctor --online` compares the clock again, `tallystick doctor --forget-clock` ends this message.", text))
	}
	return c.Now(), nil
}
