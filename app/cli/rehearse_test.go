package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
)

// rehearsal runs the command in the background; what it prints can be read while it runs.
type rehearsal struct {
	out    *io.PipeReader
	errs   bytes.Buffer
	status chan int
	stop   context.CancelFunc
}

func (r *rig) rehearse(args ...string) *rehearsal {
	r.t.Helper()
	out, in := io.Pipe()
	h := &rehearsal{out: out, status: make(chan int, 1)}
	ctx, stop := context.WithCancel(r.t.Context())
	h.stop = stop
	r.t.Cleanup(stop)
	env := r.env
	env.Stdin, env.Stdout, env.Stderr = strings.NewReader(""), in, &h.errs
	go func() {
		h.status <- Run(ctx, append([]string{"rehearse"}, args...), env)
		_ = in.Close()
	}()
	return h
}

// end presses Ctrl+C and returns what was said on standard error.
func (h *rehearsal) end(t testing.TB) string {
	t.Helper()
	h.stop()
	if status := <-h.status; status != statusDone {
		t.Errorf("status %d: %s", status, h.errs.String())
	}
	return h.errs.String()
}

func get(t testing.TB, url string) string {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s %v", url, resp.Status, err)
	}
	return string(body)
}

func TestRehearse(t *testing.T) {
	r := newRig(t)
	h := r.rehearse("--json")
	var urls map[string]string
	if err := json.NewDecoder(h.out).Decode(&urls); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"b3networks", "yeastar", "voip-admin-panel", "qontak", "ringlogix"} {
		if !regexp.MustCompile(`^http://127\.0\.0\.1:\d+/` + id + `/$`).MatchString(urls[id]) {
			t.Errorf("%s is at %q", id, urls[id])
		}
		if page := get(t, urls[id]); !strings.Contains(page, "Nothing here is real.") || !strings.Contains(page, `id="sign-in"`) {
			t.Errorf("%s: %s", id, page)
		}
	}
	if len(urls) != 5 {
		t.Errorf("%v", urls)
	}
	if said := h.end(t); !strings.Contains(said, "nothing real") {
		t.Errorf("said %q", said)
	}
	if _, err := http.Get(urls["yeastar"]); err == nil {
		t.Error("it answers after its end")
	}
	if snapshot(t, r.dir) != "" || r.keyring.Calls() > 0 {
		t.Error("something was made, or the keyring was asked")
	}
}

func TestRehearseOne(t *testing.T) {
	r := newRig(t)
	h := r.rehearse("yeastar")
	said := make([]byte, 4096)
	n, err := h.out.Read(said)
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`Yeastar PBX +(http://127\.0\.0\.1:(\d+)/yeastar/)\n`).FindStringSubmatch(string(said[:n]))
	if m == nil || strings.Contains(string(said[:n]), "RingLogix") {
		t.Fatalf("%q", said[:n])
	}
	get(t, m[1])
	r.run("rehearse", "--port", m[2]).wants(t, statusFailed, "Port "+m[2]+" is taken")
	h.end(t)

	r.run("rehearse", "github").wants(t, statusUsage, "There are: b3networks, qontak, ringlogix")
	r.run("rehearse", "--port", "70000").wants(t, statusUsage, "0 to 65535")
	r.run("rehearse", "--port", "http").wants(t, statusUsage, "whole number")
	r.run("rehearse", "yeastar", "qontak").wants(t, statusUsage, "too many words")
}
