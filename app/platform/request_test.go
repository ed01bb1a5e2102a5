package platform

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/vault/secret"
)

// FuzzRequest: whatever arrives on the socket is a request that can be written back
// byte for byte, or is refused; it never makes us reserve more than the limit.
func FuzzRequest(f *testing.F) {
	for _, r := range []Request{{Command: "show"}, {Command: "open", Text: secret.FromString("otpauth://totp/a?secret=MFRGG")}} {
		var b bytes.Buffer
		if err := writeRequest(&b, r); err != nil {
			f.Fatal(err)
		}
		f.Add(b.Bytes())
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		in := bytes.NewReader(data)
		r, err := readRequest(in)
		if err != nil {
			if !errors.Is(err, ErrRequest) {
				t.Fatal(err)
			}
			return
		}
		if r.Text.Len() > MaxRequestText || r.check() != nil {
			t.Fatalf("accepted %q with %d bytes", r.Command, r.Text.Len())
		}
		var b bytes.Buffer
		if err := writeRequest(&b, r); err != nil {
			t.Fatal(err)
		}
		if read := data[:len(data)-in.Len()]; !bytes.Equal(b.Bytes(), read) {
			t.Fatalf("% x came back as % x", read, b.Bytes())
		}
	})
}

func TestReplies(t *testing.T) {
	for _, want := range []string{"", "ok", "nothing-to-lock-with", strings.Repeat("x", maxReply)} {
		var b bytes.Buffer
		if err := writeReply(&b, Reply{Word: want}); err != nil {
			t.Fatal(err)
		}
		if got, err := readReply(&b); err != nil || got.Word != want {
			t.Errorf("%q, %v; want %q", got.Word, err, want)
		}
	}
	// A handler that answers with a sentence, or a secret, is kept from doing so.
	for _, bad := range []string{"It is done", "JBSWY3DP", strings.Repeat("x", maxReply+1)} {
		var b bytes.Buffer
		if err := writeReply(&b, Reply{Word: bad}); err != nil || b.String() != "\x00" {
			t.Errorf("%q travelled as %q", bad, b.String())
		}
	}
	for _, bad := range []string{"", "\x02o", "\x02Ok", "\x41" + strings.Repeat("x", 65)} {
		if got, err := readReply(strings.NewReader(bad)); err == nil {
			t.Errorf("%q read as %q", bad, got.Word)
		}
	}
}

func TestRequestErrorsHoldNoText(t *testing.T) {
	var b bytes.Buffer
	if err := writeRequest(&b, Request{Command: "open", Text: secret.FromString("JBSWY3DPEHPK3PXP")}); err != nil {
		t.Fatal(err)
	}
	for n := range b.Len() {
		_, err := readRequest(io.LimitReader(bytes.NewReader(b.Bytes()), int64(n)))
		if !errors.Is(err, ErrRequest) {
			t.Fatalf("cut after %d bytes: %v", n, err)
		}
		if strings.Contains(fmt.Sprintf("%+v", err), "JBSW") {
			t.Fatalf("cut after %d bytes: %v", n, err)
		}
	}
}
