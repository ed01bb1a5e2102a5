package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/color"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	qrcode "github.com/skip2/go-qrcode"

	"github.com/tallystick/tallystick/app/apptest"
	"github.com/tallystick/tallystick/app/clock"
	"github.com/tallystick/tallystick/app/platform"
	"github.com/tallystick/tallystick/scanner"
	"github.com/tallystick/tallystick/scanner/capture"
	"github.com/tallystick/tallystick/scanner/clipimage"
	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/keys"
	"github.com/tallystick/tallystick/vault/secret"
	"github.com/tallystick/tallystick/vault/vaulttest"
)

// rig runs commands in this process, on a directory and a keyring that last as long as
// the test, as separate starts of the program would.
type rig struct {
	t         testing.TB
	dir       string
	keyring   *vaulttest.Keyring
	clipboard *apptest.FakeClipboard
	now       time.Time
	set       time.Duration  // how far the clock was set forward since moment
	clocks    []clock.Source // what the clock is compared with
	contacted []string       // who was to be asked for the time
	env       Env
	asked     []string           // prompts shown at the terminal
	sent      []platform.Request // what the window was asked
}

// moment is when the tests take place: 10 s into a period of 30 s.
var moment = time.Date(2026, 3, 4, 12, 0, 10, 0, time.UTC)

func newRig(t testing.TB) *rig {
	t.Helper()
	r := &rig{
		t:         t,
		dir:       filepath.Join(t.TempDir(), "data"),
		keyring:   vaulttest.NewKeyring(),
		clipboard: &apptest.FakeClipboard{},
		now:       moment,
	}
	r.env = Env{
		Now:     func() time.Time { return r.now },
		After:   func(time.Duration) <-chan time.Time { c := make(chan time.Time, 1); c <- r.now; return c },
		Version: "1.2.3",
		KDF:     vaulttest.CheapKDF(), KDFFloor: vaulttest.KDFFloor, Work: 2,
		DataDir:   func() (string, error) { return r.dir, nil },
		Keyring:   func() keys.Keyring { return r.keyring },
		Clipboard: func() platform.Clipboard { return r.clipboard },
		Send: func(_ context.Context, dir string, req platform.Request) (platform.Reply, error) {
			r.sent = append(r.sent, req)
			return platform.Reply{}, platform.ErrNotRunning
		},
		clockKept: func() clock.Kept { return clock.KeptRight },
		Uptime:    func() (string, time.Duration, error) { return "this start", r.now.Sub(moment) - r.set + time.Hour, nil },
		TimeSources: func(addresses []string, server string) ([]clock.Source, error) {
			r.contacted = append(r.contacted, addresses...)
			if server != "" {
				r.contacted = append(r.contacted, server)
			}
			if len(addresses) == 0 && server == "" {
				return nil, nil
			}
			return r.clocks, nil
		},
		Portal:           func(context.Context) (uint32, error) { return 0, platform.ErrNoDesktopPortal },
		Tray:             func(context.Context) bool { return true },
		Scanner:          func() Scanner { return scanner.New() },
		Screens:          func(context.Context) ([]capture.Shot, error) { return nil, capture.ErrNoDisplay },
		CaptureMethod:    func() string { return "none" },
		ClipboardPicture: func(context.Context) ([]byte, error) { return nil, clipimage.ErrEmpty },
	}
	return r
}

// age sets the time of every file to the time of the test: the disk has a clock of its own.
func (r *rig) age() {
	r.t.Helper()
	for _, name := range entries(r.t, r.dir) {
		if err := os.Chtimes(filepath.Join(r.dir, name), moment, moment); err != nil {
			r.t.Fatal(err)
		}
	}
}

// result is what one command left behind.
type result struct {
	status   int
	out, err string
}

// run carries out a command with nothing on standard input.
func (r *rig) run(args ...string) result { r.t.Helper(); return r.with("", args...) }

// with carries out a command with text on standard input.
func (r *rig) with(stdin string, args ...string) result {
	r.t.Helper()
	var out, errs bytes.Buffer
	env := r.env
	env.Stdin, env.Stdout, env.Stderr = strings.NewReader(stdin), &out, &errs
	status := Run(r.t.Context(), args, env)
	return result{status, out.String(), errs.String()}
}

// must carries out a command that has to end with status 0.
func (r *rig) must(stdin string, args ...string) result {
	r.t.Helper()
	got := r.with(stdin, args...)
	if got.status != statusDone {
		r.t.Fatalf("%q ended with %d: %s%s", args, got.status, got.out, got.err)
	}
	return got
}

// wants checks the status and that what was said on standard error holds a text.
func (got result) wants(t testing.TB, status int, said string) {
	t.Helper()
	if got.status != status {
		t.Errorf("status %d, want %d; out %q, err %q", got.status, status, got.out, got.err)
	}
	if !strings.Contains(got.err, said) {
		t.Errorf("said %q, want something with %q", got.err, said)
	}
	if status != statusDone && strings.TrimSpace(got.err) == "" {
		t.Error("failed without a word")
	}
}

// records reads the JSON array a command printed.
func (r *rig) records(got result) []map[string]any {
	r.t.Helper()
	var list []map[string]any
	if err := json.Unmarshal([]byte(got.out), &list); err != nil {
		r.t.Fatalf("not a JSON array: %v: %q", err, got.out)
	}
	return list
}

// add puts accounts in from links and returns their ids, in order.
func (r *rig) add(links ...string) []string {
	r.t.Helper()
	var ids []string
	for _, rec := range r.records(r.must(strings.Join(links, "\n"), "add", "-", "--json")) {
		ids = append(ids, rec["id"].(string))
	}
	return ids
}

// at puts a person in front of the terminal who types the answers, one for each prompt.
func (r *rig) at(answers ...string) *rig {
	r.env.StdinTerminal, r.env.StdoutTerminal = true, true
	r.env.Terminal = &typist{rig: r, answers: answers}
	return r
}

type typist struct {
	rig     *rig
	answers []string
}

var errNoMoreAnswers = errors.New("asked more often than expected")

func (p *typist) Ask(_ context.Context, prompt string) (string, error) {
	p.rig.asked = append(p.rig.asked, prompt)
	if len(p.answers) == 0 {
		return "", errNoMoreAnswers
	}
	answer := p.answers[0]
	p.answers = p.answers[1:]
	return answer, nil
}

func (p *typist) Secret(ctx context.Context, prompt string) (secret.Bytes, error) {
	answer, err := p.Ask(ctx, prompt)
	return secret.FromString(answer), err
}

// The key of RFC 6238's test vectors, and links made with it and with others.
const (
	rfcKey    = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
	otherKey  = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
	thirdKey  = "KRUGKIDROVUWG2ZAMJZG653OEBTG66BA"
	fourthKey = "MFRGGZDFMZTWQ2LKNNWG23TPOBYXE43U"
	linkRFC   = "otpauth://totp/Example:maria%40shop.example?secret=" + rfcKey + "&issuer=Example"
	linkOther = "otpauth://totp/Yeastar:superadmin?secret=" + otherKey + "&issuer=Yeastar"
	linkHOTP  = "otpauth://hotp/Counter:joe?secret=" + rfcKey + "&issuer=Counter&counter=0"
	linkSteam = "otpauth://steam/Steam:gamer?secret=" + thirdKey + "&issuer=Steam"
)

// picture draws links as QR codes below each other.
func picture(t testing.TB, links ...string) image.Image {
	t.Helper()
	var codes []image.Image
	width, height := 0, 0
	for _, link := range links {
		code, err := qrcode.New(link, qrcode.Medium)
		if err != nil {
			t.Fatal(err)
		}
		img := code.Image(-4)
		codes = append(codes, img)
		width, height = max(width, img.Bounds().Dx()), height+img.Bounds().Dy()
	}
	all := image.NewRGBA(image.Rect(0, 0, max(width, 64), max(height, 64)))
	for i := range all.Pix {
		all.Pix[i] = 0xff
	}
	y := 0
	for _, img := range codes {
		for yy := range img.Bounds().Dy() {
			for x := range img.Bounds().Dx() {
				all.Set(x, y+yy, color.GrayModel.Convert(img.At(x, yy)))
			}
		}
		y += img.Bounds().Dy()
	}
	return all
}

// snapshot is every file below a directory with its content, to see that nothing changed.
func snapshot(t testing.TB, dir string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		fmt.Fprintf(&b, "%s %v\n", path, d.Type())
		if d.Type().IsRegular() {
			content, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			fmt.Fprintf(&b, "%x\n", content)
		}
		return nil
	})
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return b.String()
}

// accounts reads the vault itself, for what no command prints.
func (r *rig) accounts() []vault.Account {
	r.t.Helper()
	m, err := vault.Open(vaulttest.Config(r.dir, r.keyring))
	if err != nil {
		r.t.Fatal(err)
	}
	defer func() { _ = m.Close() }()
	if err := m.Unlock(r.t.Context(), secret.Bytes{}); err != nil {
		r.t.Fatal(err)
	}
	var list []vault.Account
	if err := m.Read(func(v *vault.Vault) error {
		for _, a := range v.Accounts() {
			list = append(list, a.Clone())
		}
		return nil
	}); err != nil {
		r.t.Fatal(err)
	}
	return list
}

// fill adds n accounts past the commands.
func (r *rig) fill(n int) {
	r.t.Helper()
	m, err := vault.Open(vaulttest.Config(r.dir, r.keyring))
	if err != nil {
		r.t.Fatal(err)
	}
	defer func() { _ = m.Close() }()
	if err := m.Unlock(r.t.Context(), secret.Bytes{}); err != nil {
		r.t.Fatal(err)
	}
	vaulttest.Fill(r.t, m, vaulttest.Many(n)...)
}
