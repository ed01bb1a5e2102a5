package store_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/vault/share/store"
)

func TestLocations(t *testing.T) {
	for text, want := range map[string]store.Location{
		"webdav:https://cloud.example/remote.php/dav/files/ann/Team%20keys": {Kind: store.WebDAV, URL: "https://cloud.example/remote.php/dav/files/ann/Team%20keys/"},
		"webdav:https://Cloud.Example:8443/":                                {Kind: store.WebDAV, URL: "https://cloud.example:8443/"},
		"webdav:cloud.example":                                              {Kind: store.WebDAV, URL: "https://cloud.example/"},
		"webdav:cloud.example:8443/dav":                                     {Kind: store.WebDAV, URL: "https://cloud.example:8443/dav/"},
		"webdav:127.0.0.1:8080/dav/":                                        {Kind: store.WebDAV, URL: "http://127.0.0.1:8080/dav/"},
		"webdav:http://nas/dav":                                             {Kind: store.WebDAV, URL: "http://nas/dav/"},
		" webdav:https://[::1]:99/x \n":                                     {Kind: store.WebDAV, URL: "https://[::1]:99/x/"},
		"s3:s3.eu-central-1.amazonaws.com/team-vaults":                      {Kind: store.S3, URL: "https://s3.eu-central-1.amazonaws.com", Bucket: "team-vaults"},
		"s3:https://fsn1.your-objectstorage.com/bucket/some/prefix/":        {Kind: store.S3, URL: "https://fsn1.your-objectstorage.com", Bucket: "bucket", Prefix: "some/prefix/"},
		"s3:http://127.0.0.1:9000/bucket":                                   {Kind: store.S3, URL: "http://127.0.0.1:9000", Bucket: "bucket"},
		"s3:localhost:9000/bucket/p":                                        {Kind: store.S3, URL: "http://localhost:9000", Bucket: "bucket", Prefix: "p/"},
		"s3:minio.example:9000/bucket?region=eu-1&style=host":               {Kind: store.S3, URL: "https://minio.example:9000", Bucket: "bucket", Region: "eu-1", Style: "host"},
		"s3:garage.example/b.with.dots/x?region=garage":                     {Kind: store.S3, URL: "https://garage.example", Bucket: "b.with.dots", Prefix: "x/", Region: "garage"},
	} {
		got, err := store.ParseLocation(text)
		if err != nil || got != want {
			t.Errorf("%q: %+v, %v, want %+v", text, got, err, want)
			continue
		}
		if again, err := store.ParseLocation(got.String()); err != nil || again != got {
			t.Errorf("%q: written %q, read %+v, %v", text, got.String(), again, err)
		}
		if !got.NeedsCredentials() || got.Plain() != strings.HasPrefix(want.URL, "http://") {
			t.Errorf("%q: %v, %v", text, got.NeedsCredentials(), got.Plain())
		}
	}
	wd, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("HOME", t.TempDir())
	t.Setenv("USERPROFILE", os.Getenv("HOME"))
	for text, want := range map[string]string{"dir:~/Nextcloud/team": filepath.Join(os.Getenv("HOME"), "Nextcloud", "team"), "dir:~": os.Getenv("HOME"), "dir:~x": filepath.Join(wd, "~x"), "dir:team": filepath.Join(wd, "team"), "dir:" + t.TempDir(): "", "dir:a/../b": filepath.Join(wd, "b"), "dir:a: b": filepath.Join(wd, "a: b")} {
		got, err := store.ParseLocation(text)
		if err != nil || got.Kind != store.Folder || want != "" && got.Path != want || !filepath.IsAbs(got.Path) || got.NeedsCredentials() {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
		if again, err := store.ParseLocation(got.String()); err != nil || again != got {
			t.Errorf("%q: read again %+v, %v", text, again, err)
		}
	}
}

func TestNoLocations(t *testing.T) {
	for _, text := range []string{
		"", "dir:", "webdav:", "s3:", "team", "/tmp/team", "ftp:x", "https://cloud.example/", "dir:a\x00b",
		"webdav:https://ann:hunter2@cloud.example/", "webdav:ann:hunter2@cloud.example/", "webdav:https://ann@cloud.example/", "webdav:https://cloud.example/?p=hunter2", "webdav:https://cloud.example/#hunter2",
		"webdav:https:///hunter2", "webdav:ftp://cloud.example/", "webdav:https://cloud.example/a/../b", "webdav:https://cloud.example/a//b", "webdav:https://cloud.example/%2e%2e/b", "webdav:https://cloud.example/%zz",
		"webdav:https://clo ud/", "webdav:https://cloud.example/a%0ab", "webdav:https://über.example/", "webdav:file:///etc", "webdav:https://cloud.example/" + strings.Repeat("a", 3000),
		"s3:host", "s3:host/", "s3:host/b", "s3:host/bucket?region=a&region=b", "s3:host/bucket?region=", "s3:host/bucket?style=x", "s3:host/bucket?key=hunter2", "s3:host/bu cket", "s3:host/buc..ket",
		"s3:host/bucket/a b", "s3:host/bucket/a/../b", "s3:AKIA:hunter2@host/bucket", "s3:https://host/bucket#x", "s3:host/bucket/pré",
	} {
		got, err := store.ParseLocation(text)
		if !errors.Is(err, store.ErrLocation) || got != (store.Location{}) {
			t.Errorf("%q: %+v, %v, want ErrLocation", text, got, err)
		}
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: the error repeats it: %v", text, err)
		}
	}
}

func TestLoopback(t *testing.T) {
	for host, want := range map[string]bool{
		"localhost": true, "LOCALHOST": true, "127.0.0.1": true, "127.9.9.9": true, "::1": true, "::ffff:127.0.0.1": true,
		"": false, "localhost.example": false, "128.0.0.1": false, "0.0.0.0": false, "::": false, "127.0.0.1.example": false, "nas": false, "2130706433": false,
	} {
		if got := store.IsLoopback(host); got != want {
			t.Errorf("%q: %v", host, got)
		}
	}
}

// Reading what was written gives the same, and nothing that was read holds credentials.
func FuzzLocation(f *testing.F) {
	for _, text := range []string{
		"dir:/tmp/team", "webdav:https://cloud.example/a%20b/", "s3:host:9000/bucket/p/q?region=x&style=path", "webdav:ann:pw@host", "s3:[::1]:9/bucket", "webdav:https://h/%2F", "dir:C:\\team", "webdav:https://h/a;b@c",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		l, err := store.ParseLocation(text)
		if err != nil {
			if !errors.Is(err, store.ErrLocation) || l != (store.Location{}) {
				t.Errorf("%q: %+v, %v", text, l, err)
			}
			return
		}
		again, err := store.ParseLocation(l.String())
		if err != nil || again != l {
			t.Errorf("%q: %+v, written %q, read %+v, %v", text, l, l.String(), again, err)
		}
		if host, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(l.URL, "https://"), "http://"), "/"); strings.Contains(host, "@") {
			t.Errorf("%q: somebody's name in %q", text, l.URL)
		}
	})
}
