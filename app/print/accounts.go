package print

import (
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/skip2/go-qrcode"

	"github.com/tallystick/tallystick/vault/secret"
)

// Account is what is printed of one account.
type Account struct {
	Title string       // "Example: maria@shop.example"
	About string       // what has to be set by hand where the key is typed; "" = nothing
	Link  secret.Bytes // what the QR code says: at most 2,953 bytes
	Key   secret.Bytes // the key as it is typed: ASCII
}

const (
	accountCode = 44.0 // side of a QR code with its quiet zone
	accountGap  = 6.0
)

// AccountsPDF writes a PDF (A4, as many pages as it takes) with a QR code and the key of each
// account. made is the date at its head.
// Errors: ErrCharacter, and what w returns.
func AccountsPDF(w io.Writer, made time.Time, accounts []Account) error {
	p := newPDF("Account keys", made)
	a := &accountsPage{canvas: p, made: made}
	a.newPage()
	for i, account := range accounts {
		if err := a.account(account); err != nil {
			return fmt.Errorf("account %d: %w", i+1, err)
		}
	}
	return p.write(w)
}

// accountsPage knows how far down a page is written.
type accountsPage struct {
	canvas
	made time.Time
	y    float64 // the top of the next block
	n    int     // pages
}

func (a *accountsPage) newPage() {
	a.page()
	a.n++
	a.y = margin + 6
	if a.n > 1 {
		a.text(margin, a.y, smallStyle, "Account keys · "+day(a.made)+" · page "+strconv.Itoa(a.n))
		a.y += 6
		return
	}
	a.text(margin, a.y, titleStyle, "Account keys")
	a.y += 8
	a.y = paragraph(a, margin, a.y, pageWidth-2*margin, textStyle, "Printed "+day(a.made)+
		". Each QR code is the key of one account: whoever scans it, or types the key below the name, makes the same codes as you. "+
		"Keep this where you keep your passport.")
	a.y += 3
}

func (a *accountsPage) account(account Account) error {
	title, err := printable(semibold, account.Title)
	if err != nil {
		return err
	}
	about, err := printable(regular, account.About)
	if err != nil {
		return err
	}
	key, err := exact(account.Key.Reveal(), mono)
	if err != nil {
		return err
	}
	code, err := qrcode.New(string(account.Link.Reveal()), qrcode.Medium)
	if err != nil {
		code, err = qrcode.New(string(account.Link.Reveal()), qrcode.Low)
	}
	if err != nil {
		return fmt.Errorf("print: %d bytes are too many for a QR code", account.Link.Len())
	}
	x := margin + accountCode + accountGap
	wide := pageWidth - margin - x
	// A name of a thousand characters is cut on paper: the QR code has all of it.
	names := wrap(a, wide, headingStyle, title)
	if len(names) > 3 {
		names = append(names[:2], names[2]+" …")
	}
	keys := wrap(a, wide, keyStyle, fours(key))
	height := max(accountCode, 8+float64(len(names))*headingStyle.lineHeight()+float64(len(keys))*keyStyle.lineHeight()+12)
	if a.y+height > lowest && height < lowest-2*margin {
		a.newPage()
	}
	drawCode(a, margin, a.y, accountCode, code.Bitmap())
	y := a.y + 8
	for _, line := range names {
		a.text(x, y, headingStyle, line)
		y += headingStyle.lineHeight()
	}
	if about != "" {
		y = paragraph(a, x, y, wide, textStyle, about)
	}
	y += 2
	for _, line := range keys {
		if y > lowest {
			a.newPage()
			y = a.y + 8
		}
		a.text(x, y, keyStyle, line)
		y += keyStyle.lineHeight()
	}
	a.y = max(a.y+accountCode, y) + 3
	return nil
}

// fours puts a blank after every fourth character, for whoever types it.
func fours(key string) string {
	var out []byte
	for i := range len(key) {
		if i > 0 && i%4 == 0 {
			out = append(out, ' ')
		}
		out = append(out, key[i])
	}
	return string(out)
}
