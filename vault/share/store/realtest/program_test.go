package realtest

import (
	"bufio"
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base32"
	"encoding/binary"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fsnotify/fsnotify"

	"github.com/tallystick/tallystick/vault/share/store/realtest/servers"
)

// This file plays a whole team with the real program: every command is a process of its own, three directories are three devices, and
// the key of each lies in a real keyring. Other people's programs say what the codes have to be.

// What commands end with, and how long one may take.
const (
	statusOffline = 5
	patience      = 60 * time.Second // for one command, on a machine that is busy
)

// programDir is where the program was built; "" = it was not.
var programDir string

// program builds the command line program, as people get it: in its own module.
var program = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "tallystick-program-")
	if err != nil {
		return "", err
	}
	programDir = dir
	path := filepath.Join(dir, "tallystick")
	cmd := exec.Command("go", "build", "-trimpath", "-o", path, "./app/cli/tallystick")
	cmd.Dir = filepath.Join("..", "..", "..", "..")
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "GOFLAGS=") {
			cmd.Env = append(cmd.Env, v)
		}
	}
	cmd.Env = append(cmd.Env, "CGO_ENABLED=0", "GOFLAGS=")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w\n%s", err, out)
	}
	return path, nil
})

func TestMain(m *testing.M) {
	status := m.Run()
	if programDir != "" {
		_ = os.RemoveAll(programDir)
	}
	os.Exit(status)
}

// session is a session bus with an unlocked keyring, until the test ends. It gives the environment of programs in it.
func session(t *testing.T) []string {
	t.Helper()
	for _, tool := range []string{"dbus-run-session", "gnome-keyring-daemon", "oathtool"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Fatalf("%s is not installed; `make stores` installs it on Debian and Ubuntu", tool)
		}
	}
	home := t.TempDir()
	env := []string{"HOME=" + home, "XDG_RUNTIME_DIR=" + home, "PATH=" + os.Getenv("PATH")}
	cmd := exec.Command("dbus-run-session", "--", "sh", "-c",
		`printf x | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1 || exit 1; echo "$DBUS_SESSION_BUS_ADDRESS"; cat >/dev/null`)
	cmd.Env = env
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = in.Close(); _ = cmd.Wait() })
	address, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("the keyring did not start: %v", err)
	}
	return append(env, "DBUS_SESSION_BUS_ADDRESS="+strings.TrimSpace(address))
}

// place is where a team keeps its shared vault: how each device reaches it, and how that is cut, or stopped in the middle.
type place struct {
	where, user, password string
	ca                    string // a file
	gate                  *gate  // nil: a folder
	folder                string // "": a server
}

// device is a directory of the program, and its way to the storage.
type device struct {
	t    *testing.T
	name string
	dir  string
	path string
	env  []string
	at   place
}

type outcome struct {
	status   int
	out, err string
}

func (d *device) command(ctx context.Context, stdin string, args ...string) (*exec.Cmd, *bytes.Buffer, *bytes.Buffer) {
	cmd := exec.CommandContext(ctx, d.path, append([]string{"--dir", d.dir}, args...)...)
	var out, errs bytes.Buffer
	cmd.Env, cmd.Stdin, cmd.Stdout, cmd.Stderr = d.env, strings.NewReader(stdin), &out, &errs
	return cmd, &out, &errs
}

func (d *device) run(stdin string, args ...string) outcome {
	d.t.Helper()
	ctx, cancel := context.WithTimeout(d.t.Context(), patience)
	defer cancel()
	cmd, out, errs := d.command(ctx, stdin, args...)
	if err := cmd.Run(); err != nil && (cmd.ProcessState == nil || ctx.Err() != nil) {
		d.t.Fatalf("%s: %q: %v\n%s", d.name, args, err, errs)
	}
	return outcome{cmd.ProcessState.ExitCode(), out.String(), errs.String()}
}

// must wants status 0, and gives standard output.
func (d *device) must(stdin string, args ...string) string {
	d.t.Helper()
	got := d.run(stdin, args...)
	if got.status != 0 {
		d.t.Fatalf("%s: %q ended with %d: %s%s", d.name, args, got.status, got.out, got.err)
	}
	return got.out
}

func (d *device) list(args ...string) []map[string]any {
	d.t.Helper()
	var list []map[string]any
	if err := json.Unmarshal([]byte(d.must("", append(args, "--json")...)), &list); err != nil {
		d.t.Fatal(err)
	}
	return list
}

// killed runs a command and kills it when the gate, or the folder, says so. false: it ended before.
func (d *device) killed(reached <-chan struct{}, args ...string) bool {
	d.t.Helper()
	ctx, cancel := context.WithTimeout(d.t.Context(), patience)
	defer cancel()
	cmd, _, errs := d.command(ctx, "", args...)
	if err := cmd.Start(); err != nil {
		d.t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	select {
	case <-reached:
		_ = cmd.Process.Kill() // SIGKILL
		<-done
		return true
	case err := <-done:
		if err != nil {
			d.t.Fatalf("%s: %q: %v: %s", d.name, args, err, errs)
		}
		return false
	}
}

// gate is a server in front of the storage that one device goes through.
type gate struct {
	mu      sync.Mutex
	shut    bool
	count   int  // of requests until one is held; 0 = none is
	after   bool // hold the answer of that request, not the request
	reached chan struct{}
	let     chan struct{} // closed when what is held is let go
}

// stall makes the nth request from now on, or its answer, stop half-way.
func (g *gate) stall(n int, after bool) <-chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.count, g.after, g.reached, g.let = n, after, make(chan struct{}), make(chan struct{})
	return g.reached
}

func (g *gate) open() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.count, g.shut = 0, false
	if g.let != nil {
		close(g.let)
		g.let = nil
	}
}

func (g *gate) close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.shut = true
}

// enter says of one request whether it is refused, and whether it or its answer is held.
func (g *gate) enter() (shut, before, after bool, reached, let chan struct{}) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.count > 0 {
		if g.count--; g.count == 0 {
			return g.shut, !g.after, g.after, g.reached, g.let
		}
	}
	return g.shut, false, false, nil, nil
}

// front puts a gate before a server.
func front(t *testing.T, srv servers.Server) (*gate, string, []byte) {
	t.Helper()
	inner, err := url.Parse(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(srv.CA)
	g := &gate{}
	proxy := &httputil.ReverseProxy{
		Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}},
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL.Scheme, r.Out.URL.Host = inner.Scheme, inner.Host
			r.Out.Host = r.In.Host // it is signed
		},
		ErrorLog: log.New(io.Discard, "", 0),
	}
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		shut, before, after, reached, let := g.enter()
		if shut {
			panic(http.ErrAbortHandler)
		}
		if before {
			close(reached)
			<-let // whoever made the request is dead by then
			panic(http.ErrAbortHandler)
		}
		if after {
			rec := httptest.NewRecorder()
			// The request goes on although the one who made it is gone: the storage has it.
			body, _ := io.ReadAll(r.Body)
			again := r.Clone(context.WithoutCancel(r.Context()))
			again.Body = io.NopCloser(bytes.NewReader(body))
			proxy.ServeHTTP(rec, again)
			close(reached)
			<-let // whoever made the request is dead by then
			panic(http.ErrAbortHandler)
		}
		proxy.ServeHTTP(w, r)
	}))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	t.Cleanup(g.open) // before that: nothing may be held
	return g, s.URL + inner.EscapedPath(), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
}

// offline cuts a device off, and back brings it back.
func (d *device) offline() (back func()) {
	d.t.Helper()
	if d.at.gate != nil {
		d.at.gate.close()
		return d.at.gate.open
	}
	// The folder is not mounted: what is there is another path now.
	away := d.at.folder + ".away"
	if err := os.Rename(d.at.folder, away); err != nil {
		d.t.Fatal(err)
	}
	return func() {
		if err := os.Rename(away, d.at.folder); err != nil {
			d.t.Fatal(err)
		}
	}
}

// changes tells when the nth thing has happened in a folder from now on: a file made, given its name, or taken away.
func changes(t *testing.T, ctx context.Context, folder string, n int) <-chan struct{} {
	t.Helper()
	w, err := fsnotify.NewWatcher()
	if err != nil {
		t.Fatal(err)
	}
	context.AfterFunc(ctx, func() { _ = w.Close() })
	if err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		return w.Add(path)
	}); err != nil {
		t.Fatal(err)
	}
	reached := make(chan struct{})
	go func() {
		for seen := 0; ; {
			event, more := <-w.Events
			if !more {
				return
			}
			if event.Has(fsnotify.Create) || event.Has(fsnotify.Remove) || event.Has(fsnotify.Rename) || event.Has(fsnotify.Write) {
				if seen++; seen == n {
					close(reached)
					return
				}
			}
		}
	}()
	return reached
}

// totp is RFC 6238, for a key in base32, of a test that trusts nobody.
func totp(key string, newHash func() hash.Hash, digits, period int, at time.Time) string {
	raw, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(key)
	if err != nil {
		panic(err)
	}
	mac := hmac.New(newHash, raw)
	_ = binary.Write(mac, binary.BigEndian, at.Unix()/int64(period))
	sum := mac.Sum(nil)
	o := sum[len(sum)-1] & 15
	n := binary.BigEndian.Uint32(sum[o:]) & 0x7fffffff
	text := fmt.Sprintf("%010d", n)
	return text[len(text)-digits:]
}

// oathtool asks the program of that name.
func oathtool(t *testing.T, args ...string) string {
	t.Helper()
	out, err := exec.Command("oathtool", args...).Output()
	if err != nil {
		t.Fatalf("oathtool: %v", err)
	}
	return strings.TrimSpace(string(out))
}

const (
	keyOne   = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
	keyTwo   = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
	keyThree = "KRUGKIDROVUWG2ZAMJZG653OEBTG66BA"
	keyFour  = "MFRGGZDFMZTWQ2LKNNWG23TPOBYXE43U"
)

// keysOf are the keys of the two accounts that follow the clock.
type keysOf struct{ reseller, switchboard string }

// codes wants the codes of everybody to be those of oathtool, and ours.
func codes(t *testing.T, k keysOf, devices ...*device) {
	t.Helper()
	for _, at := range []time.Time{time.Unix(1_111_111_111, 0).UTC(), time.Date(2031, 7, 1, 12, 0, 29, 0, time.UTC)} {
		stamp := at.Format(time.RFC3339)
		now := "--now=" + at.Format("2006-01-02 15:04:05 UTC")
		want := map[string]string{
			"reseller":    oathtool(t, "--totp=sha1", "-b", now, k.reseller),
			"switchboard": oathtool(t, "--totp=sha256", "-b", "-d", "8", "-s", "60s", now, k.switchboard),
		}
		if a, b := totp(k.reseller, sha1.New, 6, 30, at), totp(k.switchboard, sha256.New, 8, 60, at); a != want["reseller"] || b != want["switchboard"] {
			t.Fatalf("oathtool says %v, we compute %s and %s", want, a, b)
		}
		for _, d := range devices {
			for query, code := range want {
				if got := strings.TrimSpace(d.must("", "code", query, "--at", stamp)); got != code {
					t.Errorf("%s: the code of %s at %s is %s, want %s", d.name, query, stamp, got, code)
				}
			}
		}
	}
}

func TestTeamInAFolder(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "team")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	playTeam(t, func() place { return place{where: "dir:" + folder, folder: folder} })
}

func TestTeamOverS3(t *testing.T) {
	t.Parallel()
	srv := servers.S3(t)
	playTeam(t, func() place { return behind(t, srv, "s3:", "/"+servers.Bucket+"/desk") })
}

func TestTeamOverWebDAV(t *testing.T) {
	t.Parallel()
	srv := servers.ApacheTLS(t)
	playTeam(t, func() place { return behind(t, srv, "webdav:", "") })
}

func behind(t *testing.T, srv servers.Server, scheme, path string) place {
	t.Helper()
	g, address, ca := front(t, srv)
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, ca, 0o600); err != nil {
		t.Fatal(err)
	}
	return place{where: scheme + strings.TrimSuffix(address, "/") + path, user: srv.User, password: srv.Password, ca: file, gate: g}
}

func playTeam(t *testing.T, at func() place) {
	path, err := program()
	if err != nil {
		t.Fatalf("building the program: %v", err)
	}
	env := session(t)
	person := func(name string) *device {
		return &device{t: t, name: name, dir: filepath.Join(t.TempDir(), "data"), path: path, env: env, at: at()}
	}
	anna, ben, cleo := person("anna"), person("ben"), person("cleo")

	// Create, move.
	anna.must("otpauth://totp/Reseller:super?issuer=Reseller&secret="+keyOne+"\n"+
		"otpauth://totp/Switchboard:admin?issuer=Switchboard&algorithm=SHA256&digits=8&period=60&secret="+keyTwo+"\n"+
		"otpauth://hotp/Counter:joe?issuer=Counter&counter=0&secret="+keyOne, "add", "-")
	anna.must(credentials(anna.at), withCA(anna.at, "share", "create", "Harbour desk", "--store", anna.at.where, "--as", "Anna")...)
	anna.must("", "share", "move", "reseller", "switchboard", "counter", "--to", "harbour")

	// Invite, join, verify. Each reaches the storage in a way of its own.
	for _, d := range []*device{ben, cleo} {
		invite := anna.must("", "share", "invite", "harbour")
		d.must(invite+credentials(d.at), withCA(d.at, "share", "join", "-", "--as", d.name, "--store", d.at.where)...)
		theirs, ours := d.must("", "share", "words", "harbour"), anna.must("", "share", "words", "harbour", d.name)
		if theirs != ours || len(strings.Fields(ours)) != 8 {
			t.Fatalf("words %q and %q", ours, theirs)
		}
		anna.must("", "share", "confirm", "harbour", d.name)
		if d == cleo {
			killNewcomer(t, d)
		}
		d.must("", "share", "sync")
	}
	keys := keysOf{keyOne, keyTwo}
	codes(t, keys, anna, ben, cleo)

	// One goes away, edits, and returns.
	back := ben.offline()
	if got := ben.run("", "share", "sync"); got.status != statusOffline {
		t.Errorf("away: %+v", got)
	}
	ben.must("", "edit", "reseller", "--name", "written-while-away")
	ben.must("otpauth://totp/x?secret="+keyThree, "add", "-", "--over", "reseller")
	keys.reseller = keyThree
	if ben.at.gate != nil {
		anna.must("", "edit", "switchboard", "--name", "meanwhile")
		anna.must("", "share", "sync")
	}
	back()
	if ben.at.gate == nil {
		anna.must("", "edit", "switchboard", "--name", "meanwhile")
		anna.must("", "share", "sync")
	}
	for _, d := range []*device{ben, anna, cleo} {
		d.must("", "share", "sync")
	}
	for _, d := range []*device{anna, ben, cleo} {
		d.must("", "code", "written-while-away")
		d.must("", "code", "meanwhile")
	}
	codes(t, keys, anna, ben, cleo)

	killEverywhere(t, ben, anna)

	// One is removed: nothing that follows is for her.
	anna.must("", "share", "remove", "harbour", "cleo")
	anna.must("otpauth://totp/x?secret="+keyFour, "add", "-", "--over", "reseller")
	anna.must("", "share", "sync")
	ben.must("", "share", "sync")
	cleo.must("", "share", "sync")
	codes(t, keysOf{keyFour, keyTwo}, anna, ben)
	codes(t, keys, cleo)
	keys.reseller = keyFour
	var st map[string]any
	if err := json.Unmarshal([]byte(cleo.must("", "share", "status", "harbour", "--json")), &st); err != nil || st["state"] != "removed" {
		t.Errorf("cleo is %v (%v)", st["state"], err)
	}
	left := map[string]bool{}
	for _, x := range ben.list("share", "reenroll", "harbour") {
		left[x["issuer"].(string)] = true
	}
	if len(left) != 2 || !left["Switchboard"] || !left["Counter"] {
		t.Errorf("to enroll again: %v", left)
	}
	ben.must("otpauth://totp/x?algorithm=SHA256&digits=8&period=60&secret="+keyThree, "add", "-", "--over", "switchboard")
	ben.must("otpauth://hotp/x?counter=0&secret="+keyThree, "add", "-", "--over", "counter")
	keys.switchboard = keyThree
	ben.must("", "share", "sync")
	anna.must("", "share", "sync")
	if got := anna.list("share", "reenroll", "harbour"); len(got) != 0 {
		t.Errorf("still to enroll again: %v", got)
	}
	codes(t, keys, anna, ben)
	if a, b := strings.TrimSpace(anna.must("", "code", "counter joe")), oathtool(t, "--hotp", "-b", "-c", "0", keyThree); a != b {
		t.Errorf("the first code of the counter is %s, want %s", a, b)
	}
}

func credentials(at place) string {
	if at.user == "" {
		return ""
	}
	return at.user + "\n" + at.password + "\n"
}

func withCA(at place, args ...string) []string {
	if at.ca == "" {
		return args
	}
	return append(args, "--ca", at.ca)
}

// maxSteps is more requests than any one command makes; a loop that gets there goes round in circles.
const maxSteps = 60

// stops are the moments at which a command is killed: before each of its requests and after, or at each change of the folder.
func (d *device) stops(ctx context.Context, n int, after bool) <-chan struct{} {
	if d.at.gate != nil {
		return d.at.gate.stall(n, after)
	}
	return changes(d.t, ctx, d.at.folder, n)
}

// killNewcomer kills the first synchronisations of a device at one step after the other. Each goes on where the one before got to.
func killNewcomer(t *testing.T, d *device) {
	t.Helper()
	for n := 1; ; n++ {
		if n > maxSteps {
			t.Fatal("it never ends by itself")
		}
		ctx, cancel := context.WithCancel(t.Context())
		killed := d.killed(d.stops(ctx, n, n%2 == 0), "share", "sync")
		cancel()
		if d.at.gate != nil {
			d.at.gate.open()
		}
		if !killed {
			return
		}
	}
}

// killEverywhere kills the synchronisation of an edit before and after each of its requests. Nothing is lost: the edit is there, and at
// the next try it is there for everybody.
func killEverywhere(t *testing.T, d, other *device) {
	t.Helper()
	kills := 0
	for n := 1; ; n++ {
		if n > maxSteps {
			t.Fatal("it never ends by itself")
		}
		ended := false
		for _, after := range []bool{false, true} {
			name := "edit-" + strconv.Itoa(n) + "-" + strconv.FormatBool(after)
			d.must("", "edit", "switchboard", "--name", name)
			ctx, cancel := context.WithCancel(t.Context())
			killed := d.killed(d.stops(ctx, n, after), "share", "sync")
			cancel()
			if d.at.gate != nil {
				d.at.gate.open()
			}
			if killed {
				kills++
			} else {
				ended = true
			}
			d.must("", "code", name) // nothing is lost here
			// Somebody else looks at what the kill left behind, before it is mended.
			if got := other.run("", "share", "sync"); got.status != 0 {
				t.Errorf("%s killed at step %d (%t): %s sees %+v", d.name, n, after, other.name, got)
			}
			d.must("", "share", "sync")
			other.must("", "share", "sync")
			other.must("", "code", name)
		}
		if ended {
			break
		}
	}
	if d.at.gate != nil && kills < 4 || kills < 2 { // a folder is faster than whoever watches it
		t.Errorf("only %d kills: the steps were missed", kills)
	}
	t.Logf("killed %d times in the middle of a synchronisation", kills)
}
