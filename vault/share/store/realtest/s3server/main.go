// Command s3server is a real S3 server, versitygw, over a folder: for tests that need one in a process of its own.
//
//	s3server -dir FOLDER -listen 127.0.0.1:PORT [-cert FILE -key FILE] [-bucket NAME]
//
// The access key is read from TALLYSTICK_TEST_S3_ID and TALLYSTICK_TEST_S3_KEY. It serves until it is killed.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/versity/versitygw/backend/meta"
	"github.com/versity/versitygw/backend/posix"
	"github.com/versity/versitygw/embedgw"
)

func main() {
	if err := serve(); err != nil {
		fmt.Fprintln(os.Stderr, "s3server:", err)
		os.Exit(1)
	}
}

func serve() error {
	dir := flag.String("dir", "", "folder for everything")
	listen := flag.String("listen", "", "address to listen on")
	cert := flag.String("cert", "", "certificate, PEM; empty = plain HTTP")
	key := flag.String("key", "", "private key, PEM")
	bucket := flag.String("bucket", "", "bucket to make")
	flag.Parse()
	root, err := filepath.Abs(*dir)
	if err != nil {
		return err
	}
	buckets, sidecar := filepath.Join(root, "buckets"), filepath.Join(root, "sidecar")
	for _, d := range []string{filepath.Join(buckets, *bucket), sidecar} {
		if err := os.MkdirAll(d, 0o700); err != nil {
			return err
		}
	}
	// Beside the files, not in extended attributes: not every file system of a build machine has those.
	attributes, err := meta.NewSideCar(sidecar)
	if err != nil {
		return err
	}
	backend, err := posix.New(buckets, attributes, posix.PosixOpts{SideCarDir: sidecar})
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return embedgw.RunVersityGW(ctx, backend, &embedgw.Config{
		RootUserAccess:    os.Getenv("TALLYSTICK_TEST_S3_ID"),
		RootUserSecret:    os.Getenv("TALLYSTICK_TEST_S3_KEY"),
		Ports:             []string{*listen},
		MaxConnections:    1000,
		MaxRequests:       500,
		MultipartMaxParts: 10_000,
		CertFile:          *cert,
		KeyFile:           *key,
		KeepAlive:         true,
		HealthPath:        "/health",
		Quiet:             true,
	})
}
