// Package print draws what people put on paper: a sheet of recovery keys as PDF, and
// the recovery kit of the vault as PDF or as a picture.
//
// Purpose: layout, and nothing else. It decides neither what is printed nor where it
// is kept; it gets titles, names and keys and writes the bytes of a document. Both
// kinds of document are drawn once, on a canvas in millimetres, so that the PDF and
// the picture cannot differ.
//
// Who may import it: app, app/model and app/cli. Of ours it imports assets
// (the typeface) and vault/secret, no window toolkit.
//
// Concurrency: the functions may be called from many goroutines.
//
// Ownership: nothing that is handed in is kept or changed. The PDF library takes
// strings, so keys exist as strings while a document is drawn; those cannot be wiped.
// What is written is readable by everybody who has it: that is what paper is for.
// Errors never hold a key or a word.
package print

import (
	"errors"
	"fmt"
	"time"

	"golang.org/x/image/font/sfnt"

	"github.com/tallystick/tallystick/assets"
)

// ErrCharacter: a key or word has a character that the typeface does not have. Drawing
// something else in its place would make paper that lies.
var ErrCharacter = errors.New("print: a key has a character that cannot be printed")

// The page is A4, upright. A printer with Letter paper shrinks it by 6 %.
const (
	pageWidth  = 210.0 // millimetres, like every length here
	pageHeight = 297.0
	margin     = 20.0
)

// style is how a text is set.
type style struct {
	face face
	size float64 // points
	grey uint8   // 0 = black
}

// face is one of the three faces of the program.
type face int

const (
	regular face = iota
	semibold
	mono
)

var faces = [...]struct {
	name string
	file func() []byte
}{
	regular:  {"Sans", assets.FontRegular},
	semibold: {"SansSemiBold", assets.FontSemiBold},
	mono:     {"Mono", assets.FontMono},
}

var (
	titleStyle   = style{semibold, 22, 0}
	headingStyle = style{semibold, 12, 0}
	textStyle    = style{regular, 10, 0x20}
	smallStyle   = style{regular, 9, 0x50}
	keyStyle     = style{mono, 11, 0}
	usedStyle    = style{mono, 11, 0x90}
)

// canvas is a page, or several. x grows to the right and y downwards from the upper left corner.
type canvas interface {
	width(s style, text string) float64
	// text puts the baseline of text at y.
	text(x, y float64, s style, text string)
	// box fills a rectangle with a grey.
	box(x, y, w, h float64, grey uint8)
	page()
}

const (
	pointMM = 25.4 / 72 // a point in millimetres
	leading = 1.4       // of lines, in text sizes
)

func (s style) lineHeight() float64 { return s.size * pointMM * leading }

// paragraph sets text in lines of at most width and returns the y of the baseline after
// the last one. y is the first baseline.
func paragraph(c canvas, x, y, width float64, s style, text string) float64 {
	for _, line := range wrap(c, width, s, text) {
		c.text(x, y, s, line)
		y += s.lineHeight()
	}
	return y
}

// wrap breaks text at blanks, and within a word that is wider than the line. Nothing but
// blanks at which it broke is lost.
func wrap(c canvas, width float64, s style, text string) []string {
	var lines []string
	line := []rune{}
	blank := -1 // in line: where it can break
	for _, r := range text {
		line = append(line, r)
		if r == ' ' {
			blank = len(line) - 1
			continue
		}
		if len(line) == 1 || c.width(s, string(line)) <= width {
			continue
		}
		if blank > 0 {
			lines = append(lines, string(line[:blank]))
			line = append([]rune{}, line[blank+1:]...)
		} else {
			lines = append(lines, string(line[:len(line)-1]))
			line = append([]rune{}, r)
		}
		blank = -1
	}
	return append(lines, string(line))
}

// printable replaces in a title what the typeface does not have: titles are names that
// strangers made, and a name with a gap is better than no sheet.
func printable(f face, text string) (string, error) {
	var out []rune
	var buffer sfnt.Buffer
	parsed, err := sfnt.Parse(faces[f].file())
	if err != nil {
		return "", fmt.Errorf("print: typeface: %w", err)
	}
	for _, r := range text {
		if glyph, err := parsed.GlyphIndex(&buffer, r); err != nil || glyph == 0 || r > 0xFFFF {
			r = '?'
		}
		out = append(out, r)
	}
	return string(out), nil
}

// exact is the text of a key as a string, for a face that has every character of it.
func exact(text []byte, f face) (string, error) {
	key := string(text)
	same, err := printable(f, key)
	if err != nil {
		return "", err
	}
	if same != key {
		return "", ErrCharacter
	}
	return key, nil
}

func day(t time.Time) string { return t.Format("2006-01-02") }
