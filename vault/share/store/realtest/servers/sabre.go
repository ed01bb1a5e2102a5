package servers

import (
	_ "embed"
	"path/filepath"
	"strconv"
	"testing"
)

//go:embed sabre.php
var sabreFront string

// Sabre is a server made with sabre/dav, the library that Nextcloud and ownCloud are built on, with basic authentication, at an
// address as Nextcloud has it. With tags its folders have entity tags, as Nextcloud's; else only times.
func Sabre(t testing.TB, tags bool) Server {
	const base = "/remote.php/dav/files/team/"
	dir := folder(t, "sabre")
	files := sub(t, dir, "files")
	front := write(t, dir, "front.php", sabreFront)
	env := []string{
		"DAV_FILES=" + files, "DAV_LOCKS=" + filepath.Join(dir, "locks"), "DAV_BASE=" + base,
		"DAV_REALM=" + realm, "DAV_USER=" + user, "DAV_PASSWORD=" + password,
		"PHP_CLI_SERVER_WORKERS=4",
	}
	if tags {
		env = append(env, "DAV_TAGS=1")
	}
	port := start(t, "sabre/dav", func(port int) *process {
		return run(t, nil, env, "php", "-q", "-S", "127.0.0.1:"+strconv.Itoa(port), "-t", dir, front)
	}, answersHTTP("http", base, nil))
	return Server{URL: "http://127.0.0.1:" + strconv.Itoa(port) + base, User: user, Password: password, Files: files}
}
