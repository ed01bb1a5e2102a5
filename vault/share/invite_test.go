package share

import (
	"bytes"
	"compress/flate"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/tallystick/tallystick/vault/secret"
)

// TestInviteCode: what a QR code holds says the same as the text, in fewer and denser signs, and nothing else passes for it.
func TestInviteCode(t *testing.T) {
	i := Invite{
		Vault: "631d56944df76916a3f4db7e637234e2", Name: "Büro Süd", Genesis: Hash(strings.Repeat("4a", 32)), Head: Head{3, hashOf([]byte("head"))}, By: "4dfebd85722709b1",
		Seen: Head{2, hashOf([]byte("seen"))}, Where: "webdav:https://cloud.example.org/remote.php/dav/files/maria/Team%20codes/", ID: "a4602d5b529737a5", Role: Editor,
		Expires: time.UnixMilli(1795437867733), key: secret.FromString("AGE-SECRET-KEY-PQ-1NK6GS7XAR7W5S3L6G8D2UMHDMQCWU8UEVWY8AWTW8FGXN2KFMQXQMGW2V2"),
	}
	text, err := i.Text()
	if err != nil {
		t.Fatal(err)
	}
	code, err := i.Code()
	if err != nil {
		t.Fatal(err)
	}
	line := string(code.Reveal())
	if rest, ok := strings.CutPrefix(line, InvitePrefix); !ok || strings.Trim(rest, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") != "" {
		t.Errorf("%q is not of signs that a QR code has a dense form for", line)
	}
	if dense, plain := len(line)*11/2, text.Len()*8; dense*3 > plain*2 {
		t.Errorf("%d bits instead of %d: no third less", dense, plain)
	}
	for _, written := range []string{line, " " + line[:60] + "\r\n" + line[60:] + "\n", string(text.Reveal())} {
		got, err := ParseInvite(secret.FromString(written))
		if err != nil || !got.key.Equal(i.key) || !got.Expires.Equal(i.Expires) {
			t.Fatalf("%v: %v", got, err)
		}
		got.key, got.Expires = i.key, i.Expires
		if again, err := got.Text(); err != nil || !again.Equal(text) {
			t.Errorf("it came back as another one: %v", err)
		}
	}

	packed := func(body string) string {
		var b bytes.Buffer
		w, _ := flate.NewWriter(&b, flate.BestCompression)
		_, _ = w.Write([]byte(body))
		_ = w.Close()
		return InvitePrefix + codeSigns.EncodeToString(b.Bytes())
	}
	if _, err := ParseInvite(secret.FromString(packed("{\"format\":2}"))); !errors.Is(err, ErrNewer) {
		t.Errorf("of a later format: %v", err)
	}
	short, _ := codeSigns.DecodeString(line[len(InvitePrefix):])
	for what, bad := range map[string]string{
		"cut off": line[:len(line)-9], "cut off early": line[:len(InvitePrefix)+40], "empty": InvitePrefix, "more behind it": InvitePrefix + codeSigns.EncodeToString(append(short, 0)),
		"a sign changed": line[:80] + string('A'+(line[80]-'A'+1)%26) + line[81:], "no end of it": packed(strings.Repeat(" ", 4<<20)), "nothing": packed(""),
	} {
		if _, err := ParseInvite(secret.FromString(bad)); !errors.Is(err, ErrInvite) {
			t.Errorf("%s: %v", what, err)
		}
	}
}
