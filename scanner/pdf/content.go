package pdf

import "strconv"

// token is one piece of a content stream; ISO 32000-1, 7.8.2.
type token struct {
	kind tokenKind
	n    float64
	text string // of an operator or a name
}

type tokenKind uint8

const (
	number tokenKind = iota
	name
	operator
	other // a string, a bracket: nothing a code is made of
)

// reader takes a content stream apart.
type reader struct {
	data []byte
	at   int
}

func isSpace(c byte) bool {
	return c == ' ' || c == '\n' || c == '\r' || c == '\t' || c == '\f' || c == 0
}

func isDelimiter(c byte) bool {
	switch c {
	case '(', ')', '<', '>', '[', ']', '{', '}', '/', '%':
		return true
	}
	return false
}

// next gives the next token; false at the end.
func (r *reader) next() (token, bool) {
	for r.at < len(r.data) && (isSpace(r.data[r.at]) || r.data[r.at] == '%') {
		if r.data[r.at] == '%' {
			for r.at < len(r.data) && r.data[r.at] != '\n' && r.data[r.at] != '\r' {
				r.at++
			}
			continue
		}
		r.at++
	}
	if r.at >= len(r.data) {
		return token{}, false
	}
	switch c := r.data[r.at]; {
	case c == '(':
		r.string()
		return token{kind: other}, true
	case c == '<' && r.at+1 < len(r.data) && r.data[r.at+1] != '<':
		for r.at < len(r.data) && r.data[r.at] != '>' {
			r.at++
		}
		r.at++
		return token{kind: other}, true
	case c == '/':
		r.at++
		return token{kind: name, text: r.word()}, true
	case isDelimiter(c):
		r.at++
		return token{kind: other}, true
	}
	word := r.word()
	if n, err := strconv.ParseFloat(word, 64); err == nil && word[0] != 'i' && word[0] != 'I' && word[0] != 'n' && word[0] != 'N' {
		return token{kind: number, n: n}, true
	}
	return token{kind: operator, text: word}, true
}

func (r *reader) word() string {
	from := r.at
	for r.at < len(r.data) && !isSpace(r.data[r.at]) && !isDelimiter(r.data[r.at]) {
		r.at++
	}
	return string(r.data[from:r.at])
}

func (r *reader) string() {
	for depth := 0; r.at < len(r.data); r.at++ {
		switch r.data[r.at] {
		case '\\':
			r.at++
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				r.at++
				return
			}
		}
	}
}
