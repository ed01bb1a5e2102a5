// Package servers starts other people's storage servers for tests: on loopback, on free ports, in a folder of their own, without
// a service manager, as root or not. Each is ready when its function returns, and ends with the test.
//
// A server that is not installed fails the test: these tests say what they cannot do.
package servers

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Server is a server that runs.
type Server struct {
	URL            string // of the folder, or of the endpoint
	User, Password string
	CA             []byte // PEM; nil for plain HTTP
	Files          string // the folder on the disk that it serves
}

// readyIn is how long a server may take to start on a busy machine.
const readyIn = 60 * time.Second

// program finds a program, also where only root's path leads.
func program(t testing.TB, name string) string {
	t.Helper()
	if path, err := exec.LookPath(name); err == nil {
		return path
	}
	for _, dir := range []string{"/usr/sbin", "/usr/local/sbin", "/sbin"} {
		if path, err := exec.LookPath(filepath.Join(dir, name)); err == nil {
			return path
		}
	}
	t.Fatalf("%s is not installed; `make stores` installs it on Debian and Ubuntu", name)
	return ""
}

// folder makes a folder that servers that give up root can reach. t.TempDir is closed to them.
func folder(t testing.TB, name string) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "tallystick-"+name+"-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Logf("left behind: %v", err)
		}
	})
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// sub makes a folder that everybody can write to.
func sub(t testing.TB, dir, name string) string {
	t.Helper()
	d := filepath.Join(dir, name)
	if err := os.MkdirAll(d, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(d, 0o777); err != nil {
		t.Fatal(err)
	}
	return d
}

func write(t testing.TB, dir, name, text string) string {
	t.Helper()
	file := filepath.Join(dir, name)
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

// freePort asks the system for a port that nobody has. Somebody may take it before the server does; start tries again then.
func freePort(t testing.TB) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// process is a program that runs until the test ends.
type process struct {
	cmd  *exec.Cmd
	out  *bytes.Buffer // only to be read when done is closed
	done chan struct{}
	err  error
}

// run starts a program; its output, and the given log files, are shown when the test fails.
func run(t testing.TB, logs []string, env []string, name string, args ...string) *process {
	t.Helper()
	p := &process{cmd: exec.Command(program(t, name), args...), out: &bytes.Buffer{}, done: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = p.out, p.out
	p.cmd.Env = append(os.Environ(), env...)
	// A group of its own, so that children end with it.
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	p.cmd.WaitDelay = 5 * time.Second
	if err := p.cmd.Start(); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.done)
	}()
	t.Cleanup(func() {
		p.stop()
		if t.Failed() {
			t.Logf("%s said:\n%s", name, tail(p.out.Bytes()))
			for _, file := range logs {
				if data, err := os.ReadFile(file); err == nil && len(data) > 0 {
					t.Logf("%s:\n%s", file, tail(data))
				}
			}
		}
	})
	return p
}

// stop ends the program and waits for its end.
func (p *process) stop() {
	group := -p.cmd.Process.Pid
	_ = syscall.Kill(group, syscall.SIGTERM)
	select {
	case <-p.done:
	case <-time.After(5 * time.Second):
	}
	_ = syscall.Kill(group, syscall.SIGKILL)
	<-p.done
}

func tail(data []byte) string {
	if len(data) > 6000 {
		data = append([]byte("…"), data[len(data)-6000:]...)
	}
	return string(data)
}

// until asks again and again whether something is so; the program ending, or the time, is a failure.
func (p *process) until(t testing.TB, what string, ready func(context.Context) error) {
	t.Helper()
	if err := p.wait(ready); err != nil {
		t.Fatalf("waiting for %s: %v", what, err)
	}
}

func (p *process) wait(ready func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), readyIn)
	defer cancel()
	tick := time.NewTicker(30 * time.Millisecond)
	defer tick.Stop()
	for {
		err := ready(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-p.done:
			return fmt.Errorf("it ended: %v\n%s", p.err, tail(p.out.Bytes()))
		case <-ctx.Done():
			return fmt.Errorf("not within %v: %w", readyIn, err)
		case <-tick.C:
		}
	}
}

// start runs a server that listens on a port of our choice, with another port when that one was taken.
func start(t testing.TB, what string, begin func(port int) *process, answers func(port int) func(context.Context) error) int {
	t.Helper()
	var err error
	for range 3 {
		port := freePort(t)
		p := begin(port)
		if err = p.wait(answers(port)); err == nil {
			return port
		}
		p.stop()
	}
	t.Fatalf("starting %s: %v", what, err)
	return 0
}

// answers is ready when a server answers with anything below 500.
func answersHTTP(scheme, path string, ca []byte) func(port int) func(context.Context) error {
	conf := &tls.Config{}
	if ca != nil {
		conf.RootCAs = x509.NewCertPool()
		conf.RootCAs.AppendCertsFromPEM(ca)
	}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: conf, DisableKeepAlives: true}, Timeout: 5 * time.Second}
	return func(port int) func(context.Context) error {
		return func(ctx context.Context) error {
			req, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("%s://127.0.0.1:%d%s", scheme, port, path), nil)
			if err != nil {
				return err
			}
			res, err := client.Do(req)
			if err != nil {
				return err
			}
			defer res.Body.Close()
			if res.StatusCode >= 500 {
				return fmt.Errorf("status %d", res.StatusCode)
			}
			return nil
		}
	}
}

// certificate makes a certificate for loopback, signed by an authority of its own.
func certificate(t testing.TB, dir string) (certFile, keyFile string, ca []byte) {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	now := time.Now()
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(err)
	caCert := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Test authority"}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	caDER, err := x509.CreateCertificate(rand.Reader, caCert, caCert, &caKey.PublicKey, caKey)
	must(err)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(err)
	cert := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "localhost"}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(24 * time.Hour),
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, cert, caCert, &key.PublicKey, caKey)
	must(err)
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	must(err)
	certFile = write(t, dir, "cert.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
	keyFile = write(t, dir, "key.pem", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})))
	return certFile, keyFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: caDER})
}

// fill puts values into a configuration: {name}.
func fill(text string, values ...string) string { return strings.NewReplacer(values...).Replace(text) }
