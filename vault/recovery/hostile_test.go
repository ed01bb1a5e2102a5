package recovery_test

import (
	"bytes"
	"compress/zlib"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/vault/recovery"
)

// onePage is the smallest PDF with a page whose content, packed, is given.
func onePage(t testing.TB, content []byte, more string) []byte {
	t.Helper()
	var packed bytes.Buffer
	z := zlib.NewWriter(&packed)
	if _, err := z.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	objects := []string{
		"<</Type/Catalog/Pages 2 0 R>>",
		"<</Type/Pages/Kids[3 0 R" + more + "]/Count 1>>",
		"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>/XObject<</X 6 0 R>>>>>>",
		fmt.Sprintf("<</Length %d/Filter/FlateDecode>>stream\n%s\nendstream", packed.Len(), packed.String()),
		"<</Type/Font/Subtype/Type1/BaseFont/Courier>>",
		"<</Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</X 6 0 R>>>>/Length 11>>stream\n/X Do /X Do\nendstream",
	}
	var b bytes.Buffer
	b.WriteString("%PDF-1.4\n")
	var at []int
	for i, o := range objects {
		at = append(at, b.Len())
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", i+1, o)
	}
	from := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(objects)+1)
	for _, o := range at {
		fmt.Fprintf(&b, "%010d 00000 n \n", o)
	}
	fmt.Fprintf(&b, "trailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n", len(objects)+1, from)
	return b.Bytes()
}

func TestTheSmallestPrintedSheet(t *testing.T) {
	d, err := recovery.ReadBytes(context.Background(), onePage(t, []byte("BT /F1 12 Tf 50 700 Td (Recovery key: ) Tj [(q7Rw2Zp9) 0 (LkT4vXc8Bn5M)] TJ ET"), ""), "")
	if err != nil || len(d.Keys) != 1 || string(d.Keys[0].Text.Reveal()) != "q7Rw2Zp9LkT4vXc8Bn5M" {
		t.Errorf("%v, %d keys", err, len(d.Keys))
	}
}

// Files made to take memory or time end at a limit, without keys.
func TestBombsEndAtALimit(t *testing.T) {
	if testing.Short() {
		t.Skip("minutes under the race detector; runs with all tests")
	}
	deepPDF := onePage(t, []byte(strings.Repeat("[", 500_000)+strings.Repeat("<<", 100_000)), "")
	for name, data := range map[string][]byte{
		"deep rtf":           []byte(`{\rtf1 ` + strings.Repeat(`{\b`, 2_000_000)),
		"rtf with bytes":     []byte(`{\rtf1 \bin2000000000 x}`),
		"deep html":          []byte("<html>" + strings.Repeat("<div><s>", 800_000)),
		"closing html":       []byte("<html>" + strings.Repeat("<b>", 1000) + strings.Repeat("</i>", 800_000)),
		"attributes":         []byte("<html><p " + strings.Repeat("a=b ", 1_000_000) + ">"),
		"one line":           bytes.Repeat([]byte("ab12-"), 1_000_000),
		"names of variables": bytes.Repeat([]byte("aB_"), 1_000_000),
		"letters":            bytes.Repeat([]byte("recovery codes\nabcdefgh\nabcdefg1\n"), 200_000),
		"used":               bytes.Repeat([]byte("used "), 1_000_000),
		"labels":             bytes.Repeat([]byte("recovery key "), 500_000),
		"uuids":              bytes.Repeat([]byte("5d3a9e11-77bc-4e0f-8c21-90ab12cd34ef "), 100_000),
		"many lines":         bytes.Repeat([]byte("x\n"), 3_000_000),
		"quotes":             []byte("code,used\n" + strings.Repeat("\"", 3_000_000)),
		"tildes":             bytes.Repeat([]byte("~~a"), 1_000_000),
		"wide":               append([]byte("\xff\xfe"), bytes.Repeat([]byte("\x00\xd8"), 2_000_000)...),
		"pdf, unpacked":      onePage(t, bytes.Repeat([]byte(" "), 200<<20), ""),
		"pdf, brackets":      deepPDF,
		"pdf, drawn in self": onePage(t, []byte("/X Do"), ""),
		"pdf, page in self":  onePage(t, []byte("BT ET"), strings.Repeat(" 2 0 R", 1000)),
		"pdf, deep object":   []byte("%PDF-1.4\n1 0 obj\n" + strings.Repeat("[", 3_000_000)),
		"pdf, size":          []byte("%PDF-1.4\n1 0 obj\n<</Type/Catalog/Pages 1 0 R>>\nendobj\nxref\n0 2\n0000000000 65535 f \n0000000009 00000 n \ntrailer\n<</Size 999999999999/Root 1 0 R>>\nstartxref\n55\n%%EOF\n"),
		"pdf, streams":       []byte("%PDF-1.4\n" + strings.Repeat("stream\n", 100_000)),
		"pdf, nothing":       []byte("%PDF-1.7"),
	} {
		t.Run(name, func(t *testing.T) {
			d, err := recovery.ReadBytes(context.Background(), data, "")
			if len(d.Keys) != 0 && name != "letters" {
				t.Errorf("%d keys", len(d.Keys))
			}
			if errors.Is(err, context.DeadlineExceeded) {
				return // Read's own limit of time is a limit, too: a busy machine comes to it first
			}
			if err != nil && !errors.Is(err, recovery.ErrDamaged) && !errors.Is(err, recovery.ErrTooLarge) && !errors.Is(err, recovery.ErrFormat) {
				t.Errorf("unexpected: %v", err)
			}
		})
	}
}

func TestReadStops(t *testing.T) {
	if _, err := recovery.ReadBytes(context.Background(), make([]byte, recovery.MaxFile+1), ""); !errors.Is(err, recovery.ErrTooLarge) {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for _, data := range []string{"Recovery key: q7Rw2Zp9LkT4vXc8", "%PDF-1.4\n"} {
		if d, err := recovery.ReadBytes(ctx, []byte(data), ""); !errors.Is(err, context.Canceled) || len(d.Keys) > 0 {
			t.Error(err)
		}
	}
}

func TestOtherFilesAreNamed(t *testing.T) {
	for _, c := range []struct {
		data string
		want error
	}{
		{"\x89PNG\r\n\x1a\n", recovery.ErrPicture},
		{"\xff\xd8\xff\xe0", recovery.ErrPicture},
		{"GIF89a", recovery.ErrPicture},
		{"RIFF\x00\x00\x00\x00WEBPVP8 ", recovery.ErrPicture},
		{"\x00\x00\x00\x18ftypheic\x00\x00", recovery.ErrPicture},
		{"<svg xmlns=\"http://www.w3.org/2000/svg\"/>", recovery.ErrPicture},
		{"PK\x03\x04 docx", recovery.ErrFormat},
		{"\x1f\x8b\x08", recovery.ErrFormat},
		{"-----BEGIN PGP MESSAGE-----\n", recovery.ErrFormat},
		{"a\x00b\x01c\x02", recovery.ErrFormat},
	} {
		if _, err := recovery.ReadBytes(context.Background(), []byte(c.data), "recovery-codes.txt"); !errors.Is(err, c.want) {
			t.Errorf("%q: %v", c.data, err)
		}
	}
	// A sheet that only begins like a picture is a sheet.
	if d, err := recovery.ReadBytes(context.Background(), []byte("BMW account recovery key: q7Rw2Zp9LkT4vXc8Bn5M"), ""); err != nil || len(d.Keys) != 1 {
		t.Errorf("%v, %d keys", err, len(d.Keys))
	}
}

func TestErrorsNeverQuoteTheFile(t *testing.T) {
	good := sheetPDF(t, "Okta recovery codes", "Courier", 2, []string{"mk4rk-er8xx", "mk5rk-er9xx", "mk6rk-er7xx"}, nil)
	for i := 0; i < len(good); i += max(1, len(good)/60) {
		for _, data := range [][]byte{good[:i], append(bytes.Clone(good[:i]), append([]byte(" mk4rk-er8xx "), good[i:]...)...)} {
			_, err := recovery.ReadBytes(context.Background(), data, "mk4rk.pdf")
			if err != nil && strings.Contains(fmt.Sprintf("%+v", err), "mk4rk") {
				t.Fatalf("the error quotes the file: %v", err)
			}
		}
	}
}

// The same sheet in every encoding that editors save in.
func TestEncodings(t *testing.T) {
	text := "Schlüsselbund: Wiederherstellungscodes\r\n\r\na1b2c-3d4e5\r\nf6a7b-8c9d0\r\n11aa2-2bb33\r\n"
	latin, little, big := []byte{}, []byte("\xff\xfe"), []byte("\xfe\xff")
	for _, r := range text {
		latin = append(latin, byte(r))
		little = append(little, byte(r), 0)
		big = append(big, 0, byte(r))
	}
	for name, data := range map[string][]byte{"UTF-8": []byte(text), "with mark": []byte("\xef\xbb\xbf" + text), "Windows-1252": latin, "UTF-16 LE": little, "UTF-16 BE": big, "no mark": []byte(little[2:])} {
		d, err := recovery.ReadBytes(context.Background(), data, `C:\Users\ada\codes.txt`)
		if err != nil || len(d.Keys) != 3 || d.Ignored != 1 || d.Origin.File != "codes.txt" {
			t.Errorf("%s: %v, %d keys, %d ignored, %q", name, err, len(d.Keys), d.Ignored, d.Origin.File)
		}
	}
}
