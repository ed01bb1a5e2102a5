package servers

import (
	"crypto/md5"
	"crypto/sha1"
	"encoding/base64"
	"encoding/hex"
	"os"
	"path/filepath"
	"strconv"
	"testing"
)

const (
	user     = "team"
	password = "pass word-öß:1"
	realm    = "test"
)

// basicFile is a file of users for basic authentication, in the form that Apache, nginx and lighttpd share.
func basicFile(t testing.TB, dir string) string {
	sum := sha1.Sum([]byte(password))
	return write(t, dir, "users", user+":{SHA}"+base64.StdEncoding.EncodeToString(sum[:])+"\n")
}

// digestFile is the same for digest authentication.
func digestFile(t testing.TB, dir string) string {
	sum := md5.Sum([]byte(user + ":" + realm + ":" + password))
	return write(t, dir, "digests", user+":"+realm+":"+hex.EncodeToString(sum[:])+"\n")
}

// modules is where a server's modules lie.
func modules(t testing.TB, candidates ...string) string {
	t.Helper()
	for _, pattern := range candidates {
		if found, _ := filepath.Glob(pattern); len(found) > 0 {
			return filepath.Dir(found[0])
		}
	}
	t.Fatalf("none of the modules is installed: %v", candidates)
	return ""
}

// ApacheTLS is Apache httpd with mod_dav, over TLS, with basic authentication; its folder is not the top of the server.
func ApacheTLS(t testing.TB) Server { return apache(t, true) }

// ApacheDigest is the same over plain HTTP, with digest authentication.
func ApacheDigest(t testing.TB) Server { return apache(t, false) }

func apache(t testing.TB, secure bool) Server {
	dir := folder(t, "apache")
	files, locks := sub(t, dir, "files"), sub(t, dir, "locks")
	sub(t, files, "team space")
	values := []string{
		"{dir}", dir, "{files}", files, "{locks}", locks, "{realm}", realm,
		"{modules}", modules(t, "/usr/lib/apache2/modules/mod_dav.so", "/usr/lib64/httpd/modules/mod_dav.so"),
	}
	auth, tls, scheme, ca := "AuthType Digest\nAuthDigestProvider file\nAuthUserFile "+digestFile(t, dir), "", "http", []byte(nil)
	if secure {
		cert, key, authority := certificate(t, dir)
		auth = "AuthType Basic\nAuthBasicProvider file\nAuthUserFile " + basicFile(t, dir)
		tls = "SSLEngine on\nSSLCertificateFile " + cert + "\nSSLCertificateKeyFile " + key
		scheme, ca = "https", authority
	}
	account := ""
	if os.Getuid() == 0 {
		account = "User www-data\nGroup www-data"
	}
	const conf = `
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
LoadModule auth_digest_module {modules}/mod_auth_digest.so
LoadModule dav_module {modules}/mod_dav.so
LoadModule dav_fs_module {modules}/mod_dav_fs.so
LoadModule socache_shmcb_module {modules}/mod_socache_shmcb.so
LoadModule ssl_module {modules}/mod_ssl.so
{account}
DefaultRuntimeDir {locks}
Mutex file:{locks}
DavLockDB {locks}/dav
DocumentRoot {files}
<Directory {files}>
	Require valid-user
	AuthName {realm}
	{auth}
	Dav On
</Directory>
{tls}
`
	port := start(t, "Apache", func(port int) *process {
		file := write(t, dir, "apache.conf", fill(conf, append(values, "{port}", strconv.Itoa(port), "{account}", account, "{auth}", auth, "{tls}", tls)...))
		return run(t, []string{filepath.Join(dir, "error.log")}, nil, "apache2", "-f", file, "-D", "FOREGROUND")
	}, answersHTTP(scheme, "/", ca))
	return Server{
		URL: scheme + "://127.0.0.1:" + strconv.Itoa(port) + "/team%20space/", User: user, Password: password, CA: ca,
		Files: filepath.Join(files, "team space"),
	}
}

// Lighttpd is lighttpd with mod_webdav, with basic authentication.
func Lighttpd(t testing.TB) Server {
	dir := folder(t, "lighttpd")
	files := sub(t, dir, "files")
	const conf = `
server.document-root = "{files}"
server.bind = "127.0.0.1"
server.port = {port}
server.errorlog = "{dir}/error.log"
server.pid-file = "{dir}/pid"
server.upload-dirs = ( "{uploads}" )
server.modules = ( "mod_auth", "mod_authn_file", "mod_webdav" )
mimetype.assign = ( "" => "application/octet-stream" )
webdav.activate = "enable"
auth.backend = "htpasswd"
auth.backend.htpasswd.userfile = "{users}"
auth.require = ( "/" => ( "method" => "basic", "realm" => "{realm}", "require" => "valid-user" ) )
`
	modules(t, "/usr/lib/lighttpd/mod_webdav.so", "/usr/lib64/lighttpd/mod_webdav.so")
	values := []string{"{dir}", dir, "{files}", files, "{realm}", realm, "{users}", basicFile(t, dir), "{uploads}", sub(t, dir, "uploads")}
	port := start(t, "lighttpd", func(port int) *process {
		file := write(t, dir, "lighttpd.conf", fill(conf, append(values, "{port}", strconv.Itoa(port))...))
		return run(t, []string{filepath.Join(dir, "error.log")}, nil, "lighttpd", "-D", "-f", file)
	}, answersHTTP("http", "/", nil))
	return Server{URL: "http://127.0.0.1:" + strconv.Itoa(port) + "/", User: user, Password: password, Files: files}
}

// Nginx is nginx with its own WebDAV module and dav-ext, with basic authentication.
func Nginx(t testing.TB) Server {
	dir := folder(t, "nginx")
	files := sub(t, dir, "files")
	// One process, in the foreground.
	const conf = `
load_module {modules}/ngx_http_dav_ext_module.so;
daemon off;
worker_processes 2;
pid {dir}/pid;
error_log {dir}/error.log warn;
{account}
events { worker_connections 256; }
http {
	access_log off;
	client_body_temp_path {dir}/body;
	proxy_temp_path {dir}/proxy;
	fastcgi_temp_path {dir}/fastcgi;
	uwsgi_temp_path {dir}/uwsgi;
	scgi_temp_path {dir}/scgi;
	client_max_body_size 64m;
	dav_ext_lock_zone zone=locks:1m;
	server {
		listen 127.0.0.1:{port};
		root {files};
		location / {
			auth_basic {realm};
			auth_basic_user_file {users};
			dav_methods PUT DELETE MKCOL COPY MOVE;
			dav_ext_methods PROPFIND OPTIONS LOCK UNLOCK;
			dav_ext_lock zone=locks;
		}
	}
}
`
	account := ""
	if os.Getuid() == 0 {
		account = "user root;" // its files are ours to remove
	}
	values := []string{
		"{dir}", dir, "{files}", files, "{realm}", realm, "{users}", basicFile(t, dir), "{account}", account,
		"{modules}", modules(t, "/usr/lib/nginx/modules/ngx_http_dav_ext_module.so", "/usr/lib64/nginx/modules/ngx_http_dav_ext_module.so"),
	}
	port := start(t, "nginx", func(port int) *process {
		file := write(t, dir, "nginx.conf", fill(conf, append(values, "{port}", strconv.Itoa(port))...))
		return run(t, []string{filepath.Join(dir, "error.log")}, nil, "nginx", "-p", dir, "-e", filepath.Join(dir, "error.log"), "-c", file)
	}, answersHTTP("http", "/", nil))
	return Server{URL: "http://127.0.0.1:" + strconv.Itoa(port) + "/", User: user, Password: password, Files: files}
}

// Rclone is rclone serve webdav, over TLS, with basic authentication.
func Rclone(t testing.TB) Server {
	dir := folder(t, "rclone")
	files := sub(t, dir, "files")
	cert, key, ca := certificate(t, dir)
	port := start(t, "rclone", func(port int) *process {
		env := []string{"RCLONE_USER=" + user, "RCLONE_PASS=" + password, "RCLONE_CONFIG=" + filepath.Join(dir, "none.conf"), "XDG_CACHE_HOME=" + filepath.Join(dir, "cache")}
		return run(t, nil, env, "rclone", "serve", "webdav", files, "--addr", "127.0.0.1:"+strconv.Itoa(port), "--cert", cert, "--key", key,
			"--vfs-cache-mode", "off", "--dir-cache-time", "1s")
	}, answersHTTP("https", "/", ca))
	return Server{URL: "https://127.0.0.1:" + strconv.Itoa(port) + "/", User: user, Password: password, CA: ca, Files: files}
}
