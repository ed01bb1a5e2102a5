package recovery_test

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/go-pdf/fpdf"

	"github.com/tallystick/tallystick/vault/recovery"
)

// sheetPDF is a printed sheet: keys in cells, every one of struck crossed out.
func sheetPDF(t testing.TB, title string, font string, columns int, keys, struck []string, prose ...string) []byte {
	t.Helper()
	p := fpdf.New("P", "mm", "A4", "")
	p.SetCompression(true)
	p.AddPage()
	p.SetFont("Helvetica", "B", 16)
	p.Cell(0, 10, title)
	p.Ln(14)
	p.SetFont("Helvetica", "", 11)
	for _, line := range prose {
		p.MultiCell(0, 6, line, "", "L", false)
	}
	p.Ln(4)
	for i, k := range keys {
		style := ""
		for _, s := range struck {
			if s == k {
				style = "S"
			}
		}
		p.SetFont(font, style, 12)
		p.CellFormat(60, 8, k, "1", 0, "L", false, 0, "")
		if (i+1)%columns == 0 {
			p.Ln(8)
		}
	}
	p.Ln(12)
	p.SetFont("Helvetica", "", 9)
	p.Cell(0, 6, "Page 1 of 1, printed 3 May 2026")
	var b bytes.Buffer
	if err := p.Output(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestPrintedSheetsAreReadRight(t *testing.T) {
	codes := []string{"a1b2c-3d4e5", "f6a7b-8c9d0", "11aa2-2bb33", "4c4dd-5e5ff", "66a7b-7c8d8", "99e0f-a1b1c"}
	for _, c := range []struct {
		name, title, font string
		columns           int
		keys, struck      []string
		prose             []string
	}{
		{"GitLab, one column", "GitLab recovery codes", "Courier", 1, codes, nil, nil},
		{"Dropbox, three columns", "Dropbox backup codes", "Helvetica", 3, codes, nil, []string{"Keep this page. Call +49 30 1234567 if you lose it."}},
		{"Okta, some used", "Okta recovery codes", "Times", 2, codes, codes[1:3], []string{"Codes that are crossed out are used."}},
		{"Google, groups", "Google backup codes", "Courier", 2, []string{"1234 5678", "2468 1357", "9081 7263", "5544 3321", "7102 9384"}, nil, nil},
		{"Yeastar, digits", "Yeastar PBX: recovery codes", "Helvetica", 3, []string{"80417263", "55120987", "33904412", "71829304"}, nil, nil},
		{"Qontak, one key", "Qontak Recovery Key", "Courier", 1, []string{"q7Rw2Zp9LkT4vXc8Bn5MdGh3"}, nil, []string{"Treat the Recovery Key with the same care as your password."}},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, err := recovery.ReadBytes(context.Background(), sheetPDF(t, c.title, c.font, c.columns, c.keys, c.struck, c.prose...), "sheet.pdf")
			if err != nil {
				t.Fatal(err)
			}
			var want strings.Builder
			service, _, _ := strings.Cut(c.title, " ")
			want.WriteString("service " + service + "\ndate 2026-05-03\n")
			for _, k := range c.keys {
				used := false
				for _, s := range c.struck {
					used = used || s == k
				}
				if used {
					want.WriteString("used - " + k + "\n")
				} else {
					want.WriteString("key " + k + "\n")
				}
			}
			if got := shown(d, ""); got != want.String() {
				t.Errorf("read\n%s\nwant\n%s", got, want.String())
			}
		})
	}
}

func TestProtectedPDFAsksForItsPassword(t *testing.T) {
	p := fpdf.New("P", "mm", "A4", "")
	p.SetProtection(0, "moss", "lichen")
	p.AddPage()
	p.SetFont("Courier", "", 12)
	p.Cell(0, 10, "Recovery key: q7Rw2Zp9LkT4vXc8Bn5MdGh3")
	var b bytes.Buffer
	if err := p.Output(&b); err != nil {
		t.Fatal(err)
	}
	if _, err := recovery.ReadBytes(context.Background(), b.Bytes(), ""); err != recovery.ErrEncrypted {
		t.Errorf("got %v", err)
	}
}
