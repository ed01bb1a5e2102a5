package print

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/vault/secret"
)

func TestAccountsPDFHoldsEveryKey(t *testing.T) {
	var accounts []Account
	for i := range 12 { // more than a page
		key := fmt.Sprintf("GEZDGNBVGY3TQOJQ%04dAAAA", i)
		accounts = append(accounts, Account{
			Title: fmt.Sprintf("Bücher %d 漢: maria@shop.example", i), About: "8 digits, SHA256",
			Link: secret.FromString("otpauth://totp/x?secret=" + key), Key: secret.FromString(key),
		})
	}
	long := strings.Repeat("ABCD", 410) // the longest key there can be, as base32
	accounts = append(accounts, Account{Title: strings.Repeat("name ", 200), Link: secret.FromString("otpauth://totp/x?secret=" + long), Key: secret.FromString(long)})
	var doc bytes.Buffer
	if err := AccountsPDF(&doc, made, accounts); err != nil {
		t.Fatal(err)
	}
	pages := pagesOf(t, doc.Bytes())
	text := strings.ReplaceAll(strings.Join(pages, ""), "\n", "")
	if len(pages) < 3 {
		t.Errorf("%d pages", len(pages))
	}
	for i, a := range accounts[:12] {
		for _, want := range []string{fours(string(a.Key.Reveal())), fmt.Sprintf("Bücher %d ?: maria@shop.example", i)} {
			if !strings.Contains(text, want) {
				t.Errorf("%q is not in the text", want)
			}
		}
	}
	if n := strings.Count(text, "ABCD"); n != 410 {
		t.Errorf("%d of 410 groups of the long key", n)
	}
	if keep := os.Getenv("TALLYSTICK_KEEP"); keep != "" {
		_ = os.WriteFile(keep+"/accounts.pdf", doc.Bytes(), 0o600)
	}
	if err := AccountsPDF(&doc, made, []Account{{Link: secret.FromString(strings.Repeat("x", 3000)), Key: secret.FromString("A")}}); err == nil {
		t.Error("a QR code of 3,000 bytes was drawn")
	}
	if err := AccountsPDF(&doc, made, []Account{{Link: secret.FromString("x"), Key: secret.FromString("漢")}}); !errors.Is(err, ErrCharacter) {
		t.Error(err)
	}
}
