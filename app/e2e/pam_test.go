//go:build e2e && linux

package e2e

import (
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tallystick/tallystick/app/e2e/desktop"
)

// The other side is somebody else's: Debian's google-authenticator draws its QR code in a terminal window, and its PAM
// module, which guards real sign-ins, decides whether our code is right.
func TestGoogleAuthenticator(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("SKIPPED: PAM reads its services from /etc/pam.d, so this needs root")
	}
	d := newDesktop(t, desktop.Options{})
	a := newTally(t, d)
	ctx := within(t, 3*patience)
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(d.Home, ".google_authenticator")

	term, win, err := d.Terminal(ctx, desktop.StartOptions{}, "110x62+5+5", "sh", "-c",
		"google-authenticator --time-based --force --disallow-reuse --no-rate-limit --window-size=3 --no-confirm"+
			" --qr-mode=UTF8 --emergency-codes=5 --issuer='Debian box' --label=root@box --secret="+file+"; echo; echo finished; cat")
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := win.WaitText(ctx, "finished"); err != nil {
		t.Fatalf("%v\n%s", err, term.Output())
	}
	picture(t, d, "google-authenticator")

	a.exits(done, "", "scan", "--screen", "--add", "--json")
	accounts := a.list("--show-secrets")
	if len(accounts) != 1 || accounts[0].Issuer != "Debian box" || accounts[0].Name != "root@box" {
		t.Fatalf("accounts: %+v", accounts)
	}
	saved, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if key, _, _ := strings.Cut(string(saved), "\n"); key != accounts[0].Secret {
		t.Fatal("the key that was scanned is not the key that google-authenticator saved")
	}

	service := pamService(t, file, me.Username)
	code := func() string { return strings.TrimSpace(a.exits(done, "", "code", "Debian box").Stdout) }

	// A wrong code first, so that a service that lets everybody in is noticed.
	wrong := fmt.Sprintf("%06d", (atoi(t, code())+500000)%1e6)
	if ok, out := pam(t, d, service, me.Username, wrong); ok {
		t.Fatalf("PAM accepted a wrong code: %s", out)
	}
	right, at := sameSecond(t, code)
	if ok, out := pam(t, d, service, me.Username, right); !ok {
		t.Fatalf("PAM refused our code %s of %s: %s", right, at.UTC().Format(time.TimeOnly), out)
	}
	if ok, out := pam(t, d, service, me.Username, right); ok {
		t.Fatalf("PAM accepted a code twice: %s", out)
	}
	agrees(t, d, accounts[0].Secret, "the command line", code)

	// One of the emergency codes: it works once.
	emergency := emergencyCodes(string(saved))
	if len(emergency) != 5 {
		t.Fatalf("%d emergency codes in google-authenticator's file, want 5", len(emergency))
	}
	if ok, out := pam(t, d, service, me.Username, emergency[0]); !ok {
		t.Fatalf("PAM refused an emergency code: %s", out)
	}
	if ok, out := pam(t, d, service, me.Username, emergency[0]); ok {
		t.Fatalf("PAM accepted an emergency code twice: %s", out)
	}
}

// pamService makes a PAM service that asks for nothing but the code, and removes it after the test.
func pamService(t *testing.T, file, user string) string {
	t.Helper()
	name := fmt.Sprintf("tallystick-e2e-%d", os.Getpid())
	path := filepath.Join("/etc/pam.d", name)
	text := fmt.Sprintf("auth required pam_google_authenticator.so secret=%s user=%s\naccount required pam_permit.so\n", file, user)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Remove(path) })
	return name
}

// pam signs in with a code.
func pam(t *testing.T, d *desktop.Desktop, service, user, code string) (ok bool, out string) {
	t.Helper()
	res, err := d.Run(within(t, patience), code+"\n", "pamtester", service, user, "authenticate")
	if err != nil {
		t.Fatal(err)
	}
	return res.Exit == 0, res.Stdout + res.Stderr
}

// emergencyCodes are the lines of eight digits at the end of google-authenticator's file.
func emergencyCodes(file string) []string {
	var codes []string
	for line := range strings.Lines(file) {
		if line = strings.TrimSpace(line); len(line) == 8 && strings.Trim(line, "0123456789") == "" {
			codes = append(codes, line)
		}
	}
	return codes
}

func atoi(t *testing.T, s string) int {
	t.Helper()
	var n int
	if _, err := fmt.Sscanf(s, "%d", &n); err != nil {
		t.Fatalf("%q is no code", s)
	}
	return n
}
