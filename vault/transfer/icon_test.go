package transfer

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/vault/picture"
	"github.com/tallystick/tallystick/vault/secret"
)

// aegisWith is an Aegis export of accounts that have these icons.
func aegisWith(icons ...[]byte) []byte {
	var entries []string
	for i, icon := range icons {
		entries = append(entries, fmt.Sprintf(`{"type":"totp","uuid":"%d","name":"maria%d","issuer":"Shop","note":"","icon":"%s","icon_mime":"image/svg+xml","info":{"secret":"%s","algo":"SHA1","digits":6,"period":30}}`, i, i, b64(icon), key20))
	}
	return []byte(`{"version":1,"header":{"slots":null,"params":null},"db":{"version":3,"entries":[` + strings.Join(entries, ",") + `],"groups":[]}}`)
}

func readIcons(t *testing.T, file []byte) Result {
	t.Helper()
	im, err := Open(context.Background(), []File{{Data: file}})
	if err != nil {
		t.Fatal(err)
	}
	r, err := im.Read(context.Background(), secret.Bytes{})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestIconsBecomeSmall: whatever comes along is of the form a vault keeps, and what cannot be is counted; the accounts are there all the same.
func TestIconsBecomeSmall(t *testing.T) {
	img := image.NewRGBA(image.Rect(0, 0, 400, 300))
	for i := range 400 * 300 {
		img.Set(i%400, i/400, color.RGBA{20, 120, 60, 255})
	}
	var p, j bytes.Buffer
	if err := png.Encode(&p, img); err != nil {
		t.Fatal(err)
	}
	if err := jpeg.Encode(&j, img, nil); err != nil {
		t.Fatal(err)
	}
	head := append([]byte("IHDR\x00\x00\xff\xff\x00\x00\xff\xff\x08\x06"), 0, 0, 0)
	bomb := binary.BigEndian.AppendUint32(append([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0d"), head...), crc32.ChecksumIEEE(head))
	r := readIcons(t, aegisWith(p.Bytes(), j.Bytes(), []byte(`<svg xmlns="http://www.w3.org/2000/svg"></svg>`), bomb, p.Bytes()[:p.Len()/2], []byte("no picture at all, but long")))
	if len(r.Entries) != 6 || len(r.Skipped) != 0 {
		t.Fatalf("%d entries, %v", len(r.Entries), r.Skipped)
	}
	for i, e := range r.Entries {
		if want := i < 2; want != (e.Icon.MIME == "image/png") || want != (picture.Check(string(e.Icon.Data)) == nil) {
			t.Errorf("icon %d: %q, %d bytes", i, e.Icon.MIME, len(e.Icon.Data))
		}
		if len(e.Warnings) > 0 {
			t.Errorf("icon %d: %v", i, e.Warnings)
		}
	}
	if want := "The icon of one account is an SVG drawing, which is not kept. The icon of one account is too large, and not kept. The icon of one account cannot be read, and is not kept."; strings.Join(r.Warnings, " ") != want {
		t.Errorf("%q", r.Warnings)
	}
}

// TestFloodOfIcons: thousands of pictures that are small as files and large to decode end before they are work.
func TestFloodOfIcons(t *testing.T) {
	var p bytes.Buffer
	if err := png.Encode(&p, image.NewGray(image.Rect(0, 0, 2048, 2048))); err != nil {
		t.Fatal(err)
	}
	var icons [][]byte
	for i := range 400 {
		icons = append(icons, append(bytes.Clone(p.Bytes()), byte(i), byte(i>>8))) // another file, the same picture
	}
	r := readIcons(t, aegisWith(icons...))
	kept := 0
	for _, e := range r.Entries {
		if len(e.Icon.Data) > 0 {
			kept++
		}
	}
	if kept == 0 || kept > 8 || len(r.Entries) != 400 || len(r.Warnings) != 1 || !strings.Contains(r.Warnings[0], "too many") {
		t.Errorf("%d of %d kept, %v", kept, len(r.Entries), r.Warnings)
	}
}
