//go:build e2e && linux

package e2e

import (
	"crypto/sha1"
	"encoding/base64"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tallystick/tallystick/app/e2e/desktop"
)

// davPassword is what everybody needs to reach the WebDAV server.
const davPassword = "app-password-71"

// webdav is Apache httpd with mod_dav and passwords, on this computer.
type webdav struct {
	t       testing.TB
	d       *desktop.Desktop
	dir     string
	port    int
	process *desktop.Process
}

const apacheConf = `
ServerRoot {dir}
PidFile {dir}/pid
Listen 127.0.0.1:{port}
ServerName localhost
ErrorLog {dir}/error.log
LogLevel warn
LoadModule mpm_event_module {modules}/mod_mpm_event.so
LoadModule authn_core_module {modules}/mod_authn_core.so
LoadModule authn_file_module {modules}/mod_authn_file.so
LoadModule authz_core_module {modules}/mod_authz_core.so
LoadModule authz_user_module {modules}/mod_authz_user.so
LoadModule auth_basic_module {modules}/mod_auth_basic.so
LoadModule dav_module {modules}/mod_dav.so
LoadModule dav_fs_module {modules}/mod_dav_fs.so
{account}
DefaultRuntimeDir {dir}/locks
Mutex file:{dir}/locks
DavLockDB {dir}/locks/dav
DocumentRoot {dir}/files
<Directory {dir}/files>
	Require valid-user
	AuthName team
	AuthType Basic
	AuthBasicProvider file
	AuthUserFile {dir}/users
	Dav On
</Directory>
`

// startWebDAV starts the server; it ends with the desktop. users may use it with davPassword.
func startWebDAV(t testing.TB, d *desktop.Desktop, users ...string) *webdav {
	t.Helper()
	var modules string
	for _, pattern := range []string{"/usr/lib/apache2/modules/mod_dav.so", "/usr/lib*/httpd/modules/mod_dav.so"} {
		if found, _ := filepath.Glob(pattern); len(found) > 0 {
			modules = filepath.Dir(found[0])
		}
	}
	if modules == "" {
		t.Fatal("Apache's mod_dav is not installed; `.ci/install build run test` brings it")
	}
	// Apache gives up root, and cannot reach what only its owner may.
	dir, err := os.MkdirTemp("", "tallystick-dav-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(os.Chmod(dir, 0o755))
	for _, name := range []string{"files", "locks", "files/team codes"} {
		must(os.Mkdir(filepath.Join(dir, name), 0o777))
		must(os.Chmod(filepath.Join(dir, name), 0o777))
	}
	sum := sha1.Sum([]byte(davPassword))
	var passwords strings.Builder
	for _, user := range users {
		passwords.WriteString(user + ":{SHA}" + base64.StdEncoding.EncodeToString(sum[:]) + "\n")
	}
	must(os.WriteFile(filepath.Join(dir, "users"), []byte(passwords.String()), 0o644))
	free, err := net.Listen("tcp", "127.0.0.1:0")
	must(err)
	s := &webdav{t: t, d: d, dir: dir, port: free.Addr().(*net.TCPAddr).Port}
	free.Close()
	account := ""
	if os.Getuid() == 0 {
		account = "User www-data\nGroup www-data"
	}
	conf := strings.NewReplacer("{dir}", dir, "{port}", strconv.Itoa(s.port), "{modules}", modules, "{account}", account).Replace(apacheConf)
	must(os.WriteFile(filepath.Join(dir, "apache.conf"), []byte(conf), 0o644))
	s.start()
	return s
}

// URL is the address of the folder for the team.
func (s *webdav) URL() string { return "http://127.0.0.1:" + strconv.Itoa(s.port) + "/team%20codes/" }

// start starts it, again after stop, and waits until it answers.
func (s *webdav) start() {
	s.t.Helper()
	os.Remove(filepath.Join(s.dir, "pid"))
	program := "apache2"
	if _, err := exec.LookPath(program); err != nil {
		program = "/usr/sbin/apache2" // not everybody looks for programs there
	}
	p, err := s.d.Start("apache", desktop.StartOptions{}, program, "-f", filepath.Join(s.dir, "apache.conf"), "-D", "FOREGROUND")
	if err != nil {
		s.t.Fatal(err)
	}
	s.process = p
	client := http.Client{Timeout: 5 * time.Second}
	err = desktop.Wait(within(s.t, patience), "the WebDAV server", func() error {
		res, err := client.Get(s.URL())
		if err == nil {
			res.Body.Close()
		}
		return err
	})
	if err != nil {
		log, _ := os.ReadFile(filepath.Join(s.dir, "error.log"))
		s.t.Fatalf("%v\n%s\n%s", err, p.Output(), log)
	}
}

// hang makes it take questions and never answer, until it is stopped.
func (s *webdav) hang() { _ = syscall.Kill(-s.process.Pid(), syscall.SIGSTOP) }

// stop ends it: nobody answers.
func (s *webdav) stop() {
	_ = syscall.Kill(-s.process.Pid(), syscall.SIGKILL)
	s.process.Stop()
}
