package print

import (
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/skip2/go-qrcode"

	"github.com/tallystick/tallystick/vault/secret"
)

// Kit is the recovery kit of a vault on one page.
type Kit struct {
	Vault string // short id of the vault, for people: "1A2B-3C4D"
	Made  time.Time
	Words []secret.Bytes // in order
	QR    secret.Bytes   // what the QR code says
}

// KitPDF writes the kit as a PDF of one page (A4). Errors: ErrCharacter, and what w returns.
func KitPDF(w io.Writer, k Kit) error {
	p := newPDF("Tallystick recovery kit", k.Made)
	if err := k.draw(p); err != nil {
		return err
	}
	return p.write(w)
}

// KitPNG writes the same page as a grey PNG of 1654 × 2339 pixels (200 a inch).
// Errors: as KitPDF.
func KitPNG(w io.Writer, k Kit) error {
	p, err := newPicture()
	if err != nil {
		return err
	}
	if err := k.draw(p); err != nil {
		return err
	}
	return p.write(w)
}

const (
	wordColumns = 4
	wordRow     = 9.0
	codeSide    = 62.0 // of the QR code with its quiet zone
)

func (k Kit) draw(c canvas) error {
	texts := make([]string, len(k.Words))
	for i, w := range k.Words {
		var err error
		if texts[i], err = exact(w.Reveal(), mono); err != nil {
			return fmt.Errorf("word %d: %w", i+1, err)
		}
	}
	// The library has an error only for text that is too long for any code.
	code, err := qrcode.New(string(k.QR.Reveal()), qrcode.High)
	if err != nil {
		return fmt.Errorf("print: the QR code of the kit holds too much: %d bytes", k.QR.Len())
	}

	const wide = pageWidth - 2*margin
	c.page()
	y := margin + 6.0
	c.text(margin, y, titleStyle, "Tallystick recovery kit")
	y += 8
	c.text(margin, y, headingStyle, "Vault "+k.Vault+" · made "+day(k.Made))
	y += 8
	y = paragraph(c, margin, y, wide, textStyle,
		"This page opens your vault when the computer that has the key is lost, broken or set up anew. It is the key: whoever has this page "+
			"and a copy of the vault file can make your codes. Keep it on paper, where you keep your passport, and not beside the computer. "+
			"It stays valid when you add accounts or change your passphrase.")
	y += 5

	c.text(margin, y, headingStyle, "The words")
	y += 4
	rows := (len(texts) + wordColumns - 1) / wordColumns
	column := wide / wordColumns
	c.box(margin, y, wide, float64(rows)*wordRow+4, 0xf2)
	y += 2
	for i, word := range texts {
		x := margin + 3 + float64(i/rows)*column
		at := y + float64(i%rows)*wordRow + 6
		number := strconv.Itoa(i + 1)
		c.text(x+6-c.width(smallStyle, number), at, smallStyle, number)
		c.text(x+8, at, keyStyle, word)
	}
	y += float64(rows)*wordRow + 12

	c.text(margin, y, headingStyle, "The same as a QR code")
	y += 4
	drawCode(c, margin, y, codeSide, code.Bitmap())

	x := margin + codeSide + 8
	at := y + 5
	for _, line := range []struct {
		how  style
		text string
	}{
		{headingStyle, "To get your accounts back"},
		{textStyle, "1. Install Tallystick."},
		{textStyle, "2. Put a copy of your vault file, vault.age, into its folder (see below). It is in the same folder of the old computer, or of a backup. This page holds the key, not the accounts."},
		{textStyle, "3. Start Tallystick. Choose “I have a recovery kit”, and show it this page or type the words. The first four letters of each are enough. The same helps when the passphrase is forgotten or the keyring is lost."},
		{textStyle, "In a terminal: tallystick kit restore, and with --picture FILE from a photo of this page."},
		{smallStyle, "Folder: ~/.local/share/tallystick, on Windows %AppData%\\Tallystick, on a Mac ~/Library/Application Support/Tallystick."},
		{smallStyle, "Without Tallystick: the text of the QR code after its last colon is an age identity. age -d -i FILE vault.age shows the accounts."},
	} {
		at = paragraph(c, x, at, pageWidth-margin-x, line.how, line.text) + 2
	}
	c.text(margin, pageHeight-margin, smallStyle, "If somebody else has seen this page, ask your portals for new keys: the page cannot be called back.")
	return nil
}

// drawCode fills a square with a matrix of modules, true = dark.
func drawCode(c canvas, x, y, side float64, m [][]bool) {
	c.box(x, y, side, side, 0xff)
	module := side / float64(len(m))
	for row := range m {
		for col := 0; col < len(m[row]); col++ {
			if !m[row][col] {
				continue
			}
			run := 1 // one box for neighbours: some viewers show hairlines between boxes
			for col+run < len(m[row]) && m[row][col+run] {
				run++
			}
			c.box(x+float64(col)*module, y+float64(row)*module, float64(run)*module, module, 0)
			col += run
		}
	}
}
