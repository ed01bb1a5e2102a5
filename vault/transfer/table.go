package transfer

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"strings"
)

// table is a text with values separated by commas, semicolons or tabs, whose first line names the columns.
type table struct {
	comma   rune
	columns map[string]int // place by lower-case name
	text    []byte
}

// maxColumns is how many columns are looked at.
const maxColumns = 200

// readHeader looks at the first line; nil when it names less than two columns.
func readHeader(text []byte) *table {
	first, _, _ := bytes.Cut(bytes.TrimLeft(text, "\r\n"), []byte("\n"))
	if len(first) > 8<<10 || bytes.Contains(first, []byte("://")) {
		return nil
	}
	t := &table{comma: ',', text: text}
	most := 0
	for _, c := range ",;\t" {
		if n := strings.Count(string(first), string(c)); n > most {
			most, t.comma = n, c
		}
	}
	if most == 0 {
		return nil
	}
	record, err := t.reader().Read()
	if err != nil || len(record) > maxColumns {
		return nil
	}
	t.columns = map[string]int{}
	for i, name := range record {
		name = strings.ToLower(strings.TrimSpace(name))
		if _, ok := t.columns[name]; !ok && name != "" {
			t.columns[name] = i
		}
	}
	if len(t.columns) < 2 {
		return nil
	}
	return t
}

func (t *table) reader() *csv.Reader {
	r := csv.NewReader(bytes.NewReader(t.text))
	r.Comma = t.comma
	r.FieldsPerRecord = -1 // Bitwarden Authenticator writes more cells than headers
	r.LazyQuotes = true
	return r
}

// named reports whether the table has all of these columns.
func (in *input) named(columns ...string) bool {
	if in.table == nil {
		return false
	}
	for _, c := range columns {
		if _, ok := in.table.columns[c]; !ok {
			return false
		}
	}
	return true
}

// row is one record. get returns the first of the named cells that is there and not blank.
type row struct {
	t     *table
	cells []string
}

func (r row) get(columns ...string) string {
	for _, c := range columns {
		if i, ok := r.t.columns[c]; ok && i < len(r.cells) {
			if v := strings.TrimSpace(r.cells[i]); v != "" {
				return v
			}
		}
	}
	return ""
}

// count is about how many records there are, for making room.
func (t *table) count() int { return bytes.Count(t.text, []byte("\n")) }

// rows calls each for every record that is not blank, until it returns false.
func (t *table) rows(each func(row) bool) error {
	r := t.reader()
	for first := true; ; first = false {
		cells, err := r.Read()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return ErrDamaged
		case first || blank(cells):
			continue
		}
		if !each(row{t, cells}) {
			return nil
		}
	}
}

func blank(cells []string) bool {
	for _, c := range cells {
		if strings.TrimSpace(c) != "" {
			return false
		}
	}
	return true
}
