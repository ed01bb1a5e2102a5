package print

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	_ "image/png"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ledongthuc/pdf"
	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"

	"github.com/tallystick/tallystick/vault/secret"
)

var made = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

// pagesOf is the text of each page.
func pagesOf(t *testing.T, doc []byte) []string {
	t.Helper()
	r, err := pdf.NewReader(bytes.NewReader(doc), int64(len(doc)))
	if err != nil {
		t.Fatal(err)
	}
	var pages []string
	for i := range r.NumPage() {
		text, err := r.Page(i + 1).GetPlainText(nil)
		if err != nil {
			t.Fatal(err)
		}
		pages = append(pages, text)
	}
	return pages
}

func keys(texts ...string) []Key {
	var list []Key
	for _, text := range texts {
		list = append(list, Key{Text: secret.FromString(text)})
	}
	return list
}

func TestRecoveryPDFHoldsEveryKey(t *testing.T) {
	long := strings.Repeat("0123456789abcdef", 20) // wider than the page
	short := keys("aaaa-bbbb", "cccc-dddd", "eeee-ffff")
	short[1].Used = made
	var many []string
	for i := range 120 { // more than a page
		many = append(many, fmt.Sprintf("key-%03d-of-many", i))
	}
	var doc bytes.Buffer
	err := RecoveryPDF(&doc, made, []Sheet{
		{Title: "Bücher & mehr: maria@shop.example", About: "GitHub, codes.txt", Keys: short},
		{Title: "Long", Keys: keys(long)},
		{Title: "Many 漢字 \U0001F511", Keys: keys(many...)},
	})
	if err != nil {
		t.Fatal(err)
	}
	pages := pagesOf(t, doc.Bytes())
	if len(pages) < 2 {
		t.Errorf("%d pages", len(pages))
	}
	all := strings.Join(pages, "\n")
	joined := strings.ReplaceAll(all, "\n", "")
	for _, want := range append(many, "aaaa-bbbb", "cccc-dddd", "eeee-ffff", "Bücher & mehr: maria@shop.example", "GitHub, codes.txt",
		"used 2026-03-04", "Printed 2026-03-04", "page 2", long, "Many ?? ?") {
		if !strings.Contains(joined, want) {
			t.Errorf("%q is not in the text", want)
		}
	}
	if keep := os.Getenv("TALLYSTICK_KEEP"); keep != "" {
		_ = os.WriteFile(keep+"/recovery.pdf", doc.Bytes(), 0o600)
	}
}

// A key that cannot be printed as it is is refused: paper that shows another one is worse than none.
func TestUnprintableKeyIsRefused(t *testing.T) {
	for _, key := range []string{"漢字-key", "key-\U0001F511"} {
		var doc bytes.Buffer
		err := RecoveryPDF(&doc, made, []Sheet{{Title: "T", Keys: keys("good", key)}})
		if !errors.Is(err, ErrCharacter) || doc.Len() != 0 {
			t.Errorf("%v, %d bytes", err, doc.Len())
		}
		if strings.Contains(fmt.Sprint(err), "key-") || strings.Contains(fmt.Sprint(err), "-key") {
			t.Errorf("the error quotes the key: %v", err)
		}
	}
}

func testKit() Kit {
	k := Kit{Vault: "1A2B-3C4D", Made: made, QR: secret.FromString("TALLYSTICK-KIT:1:0123456789ABCDEF0123456789ABCDEF:AGE-SECRET-KEY-PQ-1" + strings.Repeat("Q", 58))}
	for i := range 24 {
		k.Words = append(k.Words, secret.FromString(fmt.Sprintf("wordy%c", 'a'+i)))
	}
	return k
}

func TestKitPDFIsOnePageWithAllWords(t *testing.T) {
	var doc bytes.Buffer
	k := testKit()
	if err := KitPDF(&doc, k); err != nil {
		t.Fatal(err)
	}
	pages := pagesOf(t, doc.Bytes())
	if len(pages) != 1 {
		t.Fatalf("%d pages", len(pages))
	}
	text := strings.ReplaceAll(pages[0], "\n", "")
	for i, w := range k.Words {
		if want := fmt.Sprintf("%d%s", i+1, w.Reveal()); !strings.Contains(text, want) {
			t.Errorf("word %d does not stand after its number", i+1)
		}
	}
	for _, want := range []string{"Vault 1A2B-3C4D", "made 2026-03-04", "tallystick kit restore"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in the text", want)
		}
	}
	if keep := os.Getenv("TALLYSTICK_KEEP"); keep != "" {
		_ = os.WriteFile(keep+"/kit.pdf", doc.Bytes(), 0o600)
	}
}

func TestKitPNGCodeIsReadBack(t *testing.T) {
	var doc bytes.Buffer
	k := testKit()
	if err := KitPNG(&doc, k); err != nil {
		t.Fatal(err)
	}
	if keep := os.Getenv("TALLYSTICK_KEEP"); keep != "" {
		_ = os.WriteFile(keep+"/kit.png", doc.Bytes(), 0o600)
	}
	img, _, err := image.Decode(&doc)
	if err != nil {
		t.Fatal(err)
	}
	if img.Bounds().Dx() != 1654 || img.Bounds().Dy() != 2339 {
		t.Errorf("size %v", img.Bounds())
	}
	bitmap, err := gozxing.NewBinaryBitmapFromImage(img)
	if err != nil {
		t.Fatal(err)
	}
	res, err := qrcode.NewQRCodeReader().Decode(bitmap, nil)
	if err != nil {
		t.Fatal(err)
	}
	if res.GetText() != string(k.QR.Reveal()) {
		t.Errorf("read %d characters, something else than was drawn", len(res.GetText()))
	}
}

func TestWrapLosesNothing(t *testing.T) {
	p := newPDF("", made)
	for _, text := range []string{"", "a", "one two three four five six seven", strings.Repeat("x", 400), "short " + strings.Repeat("y", 300) + " end", "ends with a blank "} {
		got := wrap(p, 40, textStyle, text)
		if joined := strings.ReplaceAll(strings.Join(got, ""), " ", ""); joined != strings.ReplaceAll(text, " ", "") {
			t.Errorf("%q became %q", text, got)
		}
		for _, line := range got {
			if len([]rune(line)) > 1 && p.width(textStyle, strings.TrimRight(line, " ")) > 40 {
				t.Errorf("%q is too wide", line)
			}
		}
	}
}

// Keys are drawn in memory: without any directory for temporary files, and without a home, every document is made all the same.
func TestNothingIsKeptWhileDrawing(t *testing.T) {
	nowhere := filepath.Join(t.TempDir(), "nowhere")
	for _, name := range []string{"TMPDIR", "TMP", "TEMP", "HOME", "USERPROFILE", "XDG_CACHE_HOME"} {
		t.Setenv(name, nowhere)
	}
	t.Chdir(t.TempDir())
	k := testKit()
	for name, draw := range map[string]func(w io.Writer) error{
		"recovery keys": func(w io.Writer) error { return RecoveryPDF(w, made, []Sheet{{Title: "t", Keys: keys("kq7mx-2vbnc")}}) },
		"accounts": func(w io.Writer) error {
			return AccountsPDF(w, made, []Account{{Title: "t", Link: secret.FromString("l"), Key: secret.FromString("K")}})
		},
		"kit": func(w io.Writer) error { return KitPDF(w, k) }, "kit as a picture": func(w io.Writer) error { return KitPNG(w, k) },
	} {
		var doc bytes.Buffer
		if err := draw(&doc); err != nil || doc.Len() < 1000 {
			t.Errorf("%s: %d bytes, %v", name, doc.Len(), err)
		}
	}
	if left, err := os.ReadDir("."); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	if _, err := os.Lstat(nowhere); !os.IsNotExist(err) {
		t.Errorf("a directory was made: %v", err)
	}
}
