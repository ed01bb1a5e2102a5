package print

import (
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/tallystick/tallystick/vault/secret"
)

// Sheet is what is printed of one sheet of recovery keys.
type Sheet struct {
	Title string // the account: "Example: maria@shop.example"
	About string // a line below it: where the keys came from and when; may be empty
	Keys  []Key
}

// Key is one recovery key on paper.
type Key struct {
	Text secret.Bytes // at most some hundred bytes, UTF-8, one line
	Used time.Time    // when; zero = unused. A used key is printed struck out
}

// RecoveryPDF writes a PDF (A4, as many pages as it takes) of the recovery keys of one or
// more accounts. made is the date at its head.
// Errors: ErrCharacter, and what w returns.
func RecoveryPDF(w io.Writer, made time.Time, sheets []Sheet) error {
	p := newPDF("Recovery keys", made)
	r := &recoveryPage{canvas: p, made: made}
	r.newPage()
	for _, s := range sheets {
		if err := r.sheet(s); err != nil {
			return err
		}
	}
	return p.write(w)
}

// recoveryPage knows how far down a page is written.
type recoveryPage struct {
	canvas
	made time.Time
	y    float64 // the next baseline
	n    int     // pages
}

const lowest = pageHeight - margin

func (r *recoveryPage) newPage() {
	r.page()
	r.n++
	r.y = margin + 6
	if r.n > 1 {
		r.text(margin, r.y, smallStyle, "Recovery keys · "+day(r.made)+" · page "+strconv.Itoa(r.n))
		r.y += 10
		return
	}
	r.text(margin, r.y, titleStyle, "Recovery keys")
	r.y += 8
	r.y = paragraph(r, margin, r.y, pageWidth-2*margin, textStyle, "Printed "+day(r.made)+
		". Each key signs in once, without a code. Whoever has this page can use them: keep it where you keep your passport, and cross out what you have used.")
	r.y += 5
}

// need begins a page when less than height is left of this one.
func (r *recoveryPage) need(height float64) {
	if r.y+height > lowest {
		r.newPage()
	}
}

const (
	tick      = 3.2 // side of the box to tick
	gutter    = 6.0
	keyIndent = 6.0
	rowHeight = 7.0
)

func (r *recoveryPage) sheet(s Sheet) error {
	title, err := printable(semibold, s.Title)
	if err != nil {
		return err
	}
	about, err := printable(regular, s.About)
	if err != nil {
		return err
	}
	texts := make([]string, len(s.Keys))
	column := (pageWidth - 2*margin - gutter) / 2
	columns := 2
	for i, k := range s.Keys {
		if texts[i], err = exact(k.Text.Reveal(), mono); err != nil {
			return fmt.Errorf("key %d: %w", i+1, err)
		}
		if r.width(keyStyle, texts[i]) > column-keyIndent {
			columns = 1
		}
	}
	r.need(4 * rowHeight) // a heading is not left alone at the foot of a page
	r.y = paragraph(r, margin, r.y, pageWidth-2*margin, headingStyle, title)
	if about != "" {
		r.y = paragraph(r, margin, r.y, pageWidth-2*margin, smallStyle, about)
	}
	r.box(margin, r.y-2.5, pageWidth-2*margin, 0.2, 0xb0)
	r.y += 3.5
	if columns == 2 {
		for i := 0; i < len(texts); i += 2 {
			r.need(rowHeight)
			for j := i; j < min(i+2, len(texts)); j++ {
				r.key(margin+float64(j-i)*(column+gutter), texts[j:j+1], s.Keys[j].Used)
			}
			r.y += rowHeight
		}
	} else {
		for i, text := range texts {
			lines := wrap(r, pageWidth-2*margin-keyIndent, keyStyle, text)
			r.need(float64(len(lines)) * rowHeight)
			r.key(margin, lines, s.Keys[i].Used)
			r.y += float64(len(lines)) * rowHeight
		}
	}
	r.y += 6
	return nil
}

// key draws a box to tick and the lines of a key, the first at r.y.
func (r *recoveryPage) key(x float64, lines []string, used time.Time) {
	how := keyStyle
	if !used.IsZero() {
		how = usedStyle
	}
	r.box(x, r.y-tick+0.2, tick, tick, 0x60)
	if used.IsZero() {
		r.box(x+0.25, r.y-tick+0.45, tick-0.5, tick-0.5, 0xff)
	}
	for i, line := range lines {
		y := r.y + float64(i)*rowHeight
		r.text(x+keyIndent, y, how, line)
		if used.IsZero() {
			continue
		}
		wide := r.width(how, line)
		r.box(x+keyIndent, y-1.4, wide, 0.25, 0x40)
		if i == 0 && len(lines) == 1 {
			r.text(x+keyIndent+wide+2, y, smallStyle, "used "+day(used))
		}
	}
}
