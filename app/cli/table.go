package cli

import (
	"io"
	"strings"
	"unicode"

	"golang.org/x/text/width"
)

// table lines up columns of text for people. Scripts use --json.
type table struct {
	rows [][]string // the first one is the head
}

func newTable(head ...string) *table { return &table{rows: [][]string{head}} }

// row appends a row; harmful characters are made harmless here, so that no caller can forget it.
func (t *table) row(cells ...string) {
	for i, c := range cells {
		cells[i] = clean(c)
	}
	t.rows = append(t.rows, cells)
}

// write pads every column but the last to its widest cell.
func (t *table) write(w io.Writer) {
	wide := make([]int, len(t.rows[0]))
	for _, row := range t.rows {
		for i, cell := range row {
			wide[i] = max(wide[i], columns(cell))
		}
	}
	var b strings.Builder
	for _, row := range t.rows {
		var line strings.Builder
		for i, cell := range row {
			line.WriteString(cell)
			if i < len(row)-1 {
				line.WriteString(strings.Repeat(" ", wide[i]-columns(cell)+2))
			}
		}
		b.WriteString(strings.TrimRight(line.String(), " "))
		b.WriteByte('\n')
	}
	_, _ = io.WriteString(w, b.String()) // Run reports a broken standard output when it flushes
}

// columns is how many places text takes on a terminal.
func columns(text string) int {
	n := 0
	for _, c := range text {
		switch {
		case unicode.In(c, unicode.Mn, unicode.Me, unicode.Cf):
		case isWide(c):
			n += 2
		default:
			n++
		}
	}
	return n
}

func isWide(c rune) bool {
	switch width.LookupRune(c).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return true
	}
	return false
}
