package servers

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// Bucket is the bucket that S3 makes.
const Bucket = "team-vaults"

// S3 is versitygw, over TLS, in a process of its own. Files is the folder of the bucket.
func S3(t testing.TB) Server {
	dir := folder(t, "s3")
	binary := filepath.Join(dir, "s3server")
	build := exec.Command("go", "build", "-o", binary, "github.com/tallystick/tallystick/vault/share/store/realtest/s3server")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building the S3 server: %v\n%s", err, out)
	}
	cert, key, ca := certificate(t, dir)
	id, secret := "AKIATESTTESTTESTTEST", "secret/"+strings.Repeat("k+", 16)
	port := start(t, "versitygw", func(port int) *process {
		env := []string{"TALLYSTICK_TEST_S3_ID=" + id, "TALLYSTICK_TEST_S3_KEY=" + secret}
		return run(t, nil, env, binary, "-dir", dir, "-listen", "127.0.0.1:"+strconv.Itoa(port), "-cert", cert, "-key", key, "-bucket", Bucket)
	}, answersHTTP("https", "/health", ca))
	return Server{URL: "https://127.0.0.1:" + strconv.Itoa(port), User: id, Password: secret, CA: ca, Files: filepath.Join(dir, "buckets", Bucket)}
}
