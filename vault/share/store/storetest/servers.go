package storetest

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"strings"
	"testing"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
	"golang.org/x/net/webdav"
)

// Bucket is the bucket of ServeS3.
const Bucket = "team"

// ServeWebDAV is the WebDAV handler of golang.org/x/net over a file system in memory.
func ServeWebDAV() (http.Handler, webdav.FileSystem) {
	fs := webdav.NewMemFS()
	return &webdav.Handler{FileSystem: fs, LockSystem: webdav.NewMemLS()}, fs
}

// PlantWebDAV writes a file into the file system of ServeWebDAV, and the folders above it.
func PlantWebDAV(t testing.TB, fs webdav.FileSystem, name string, data []byte) {
	t.Helper()
	ctx := context.Background()
	for i, c := range name {
		if c == '/' {
			_ = fs.Mkdir(ctx, name[:i], 0o777)
		}
	}
	f, err := fs.OpenFile(ctx, path.Clean("/"+name), os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o666)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// ServeS3 is gofakes3 over memory, with an empty bucket of the name Bucket.
func ServeS3(t testing.TB) (http.Handler, gofakes3.Backend) {
	t.Helper()
	backend := s3mem.New()
	if err := backend.CreateBucket(Bucket); err != nil {
		t.Fatal(err)
	}
	return gofakes3.New(backend, gofakes3.WithLogger(gofakes3.DiscardLog())).Server(), backend
}

// PlantS3 writes an object into the bucket of ServeS3.
func PlantS3(t testing.TB, backend gofakes3.Backend, key string, data []byte) {
	t.Helper()
	if _, err := backend.PutObject(Bucket, key, map[string]string{}, strings.NewReader(string(data)), int64(len(data)), nil); err != nil {
		t.Fatal(err)
	}
}

// Serve serves a handler on loopback until the test ends.
func Serve(t testing.TB, h http.Handler) *httptest.Server {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	return srv
}
