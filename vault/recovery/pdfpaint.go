package recovery

import (
	"context"
	"encoding/hex"
	"math"
	"strconv"
	"strings"

	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/model"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/types"
)

// matrix maps a point (x, y) to (ax+cy+e, bx+dy+f); ISO 32000-1, 8.3.3.
type matrix struct{ a, b, c, d, e, f float64 }

var identity = matrix{a: 1, d: 1}

// then is first m, then n.
func (m matrix) then(n matrix) matrix {
	return matrix{
		m.a*n.a + m.b*n.c, m.a*n.b + m.b*n.d,
		m.c*n.a + m.d*n.c, m.c*n.b + m.d*n.d,
		m.e*n.a + m.f*n.c + n.e, m.e*n.b + m.f*n.d + n.f,
	}
}

func (m matrix) apply(x, y float64) (float64, float64) {
	return m.a*x + m.c*y + m.e, m.b*x + m.d*y + m.f
}

// graphics is the part of the graphics state that says where text stands.
type graphics struct {
	ctm                    matrix
	font                   *pdfFont
	size, spacing, wordgap float64
	leading, rise, scale   float64
}

// painter follows what is drawn on a page.
type painter struct {
	ctx     context.Context
	doc     *model.XRefTable
	fonts   map[string]*pdfFont
	runs    []run
	strikes []stroke
	forms   int
}

func (p *painter) dict(o types.Object) types.Dict {
	if o == nil {
		return nil
	}
	d, err := p.doc.DereferenceDict(o)
	if err != nil {
		return nil
	}
	return d
}

func (p *painter) array(o types.Object) types.Array {
	if o == nil {
		return nil
	}
	a, err := p.doc.DereferenceArray(o)
	if err != nil {
		return nil
	}
	return a
}

func (p *painter) number(o types.Object) (float64, bool) {
	o, err := p.doc.Dereference(o)
	if err != nil {
		return 0, false
	}
	switch n := o.(type) {
	case types.Integer:
		return float64(n.Value()), true
	case types.Float:
		return n.Value(), true
	}
	return 0, false
}

func (p *painter) name(o types.Object) string {
	o, err := p.doc.Dereference(o)
	if err != nil {
		return ""
	}
	if n, ok := o.(types.Name); ok {
		return n.Value()
	}
	return ""
}

// stream unpacks a stream; nil when it cannot be.
func (p *painter) stream(o types.Object) ([]byte, types.Dict) {
	if o == nil {
		return nil, nil
	}
	sd, _, err := p.doc.DereferenceStreamDict(o)
	if err != nil || sd == nil {
		return nil, nil
	}
	if sd.Content == nil && sd.DecodeWithLimit(maxPDFDecoded) != nil {
		return nil, nil
	}
	return sd.Content, sd.Dict
}

// operand is a number, a string, a name, or a list of strings and numbers.
type operand struct {
	n    float64
	s    []byte
	name string
	list []operand
	kind byte // 'n' 's' '/' '['
}

// paint follows one content stream; ISO 32000-1, 8.4 and 9.4.
func (p *painter) paint(content []byte, resources types.Dict, g graphics, depth int) {
	fonts, forms := p.dict(resources["Font"]), p.dict(resources["XObject"])
	s := contentScanner{data: content}
	var stack []graphics
	var args []operand
	tm, tlm := identity, identity
	var path []stroke // horizontal parts of the path that is being built
	var px, py float64
	num := func(i int) float64 {
		if i < len(args) {
			return args[i].n
		}
		return 0
	}
	newline := func(x, y float64) {
		tlm = matrix{a: 1, d: 1, e: x, f: y}.then(tlm)
		tm = tlm
	}
	show := func(text []byte) {
		if g.font == nil || len(p.runs) >= maxPDFRuns {
			return
		}
		at := matrix{a: g.size * g.scale, d: g.size, f: g.rise}.then(tm).then(g.ctm)
		x, y := at.apply(0, 0)
		var b strings.Builder
		width := 0.0
		for _, c := range g.font.decode(text) {
			b.WriteString(c.text)
			w := c.width*g.size + g.spacing
			if c.space {
				w += g.wordgap
			}
			width += w * g.scale
		}
		tm = matrix{a: 1, d: 1, e: width}.then(tm)
		endX, _ := matrix{a: 1, d: 1}.then(tm).then(g.ctm).apply(0, 0)
		size := math.Hypot(at.c, at.d)
		// Text that is turned is no line of a sheet.
		if math.Abs(at.b) > 0.2*math.Abs(at.a) || b.Len() == 0 || math.IsNaN(x+y+size) {
			return
		}
		p.runs = append(p.runs, run{x: x, y: y, end: endX, size: size, text: b.String()})
	}
	for ops := 0; ; ops++ {
		if ops%256 == 0 && p.ctx.Err() != nil {
			return
		}
		o, op, ok := s.next()
		if !ok {
			return
		}
		if op == "" {
			if len(args) < maxPDFOperands {
				args = append(args, o)
			}
			continue
		}
		switch op {
		case "q":
			if len(stack) < maxDeep {
				stack = append(stack, g)
			}
		case "Q":
			if n := len(stack); n > 0 {
				g, stack = stack[n-1], stack[:n-1]
			}
		case "cm":
			g.ctm = matrix{num(0), num(1), num(2), num(3), num(4), num(5)}.then(g.ctm)
		case "BT":
			tm, tlm = identity, identity
		case "Tf":
			if len(args) == 2 {
				g.font, g.size = p.font(args[0].name, fonts), num(1)
			}
		case "Tc":
			g.spacing = num(0)
		case "Tw":
			g.wordgap = num(0)
		case "Tz":
			g.scale = num(0) / 100
		case "TL":
			g.leading = num(0)
		case "Ts":
			g.rise = num(0)
		case "Td":
			newline(num(0), num(1))
		case "TD":
			g.leading = -num(1)
			newline(num(0), num(1))
		case "T*":
			newline(0, -g.leading)
		case "Tm":
			tlm = matrix{num(0), num(1), num(2), num(3), num(4), num(5)}
			tm = tlm
		case "Tj", "'", "\"":
			if op != "Tj" {
				newline(0, -g.leading)
			}
			if op == "\"" && len(args) == 3 {
				g.wordgap, g.spacing = num(0), num(1)
			}
			if n := len(args); n > 0 {
				show(args[n-1].s)
			}
		case "TJ":
			if len(args) > 0 {
				for _, part := range args[0].list {
					if part.kind == 's' {
						show(part.s)
					} else {
						tm = matrix{a: 1, d: 1, e: -part.n / 1000 * g.size * g.scale}.then(tm)
					}
				}
			}
		case "m":
			px, py = num(0), num(1)
		case "l":
			x, y := num(0), num(1)
			x0, y0 := g.ctm.apply(px, py)
			x1, y1 := g.ctm.apply(x, y)
			if math.Abs(y1-y0) < 0.5 && len(path) < maxPDFRuns {
				path = append(path, stroke{min(x0, x1), max(x0, x1), (y0 + y1) / 2})
			}
			px, py = x, y
		case "re":
			x0, y0 := g.ctm.apply(num(0), num(1))
			x1, y1 := g.ctm.apply(num(0)+num(2), num(1)+num(3))
			if math.Abs(y1-y0) < 2.5 && len(path) < maxPDFRuns {
				path = append(path, stroke{min(x0, x1), max(x0, x1), (y0 + y1) / 2})
			}
		case "S", "s", "f", "F", "f*", "B", "B*", "b", "b*":
			if len(p.strikes) < 2000 {
				p.strikes = append(p.strikes, path...)
			}
			path = path[:0]
		case "n":
			path = path[:0]
		case "Do":
			if len(args) == 1 && depth < 6 && p.forms < maxPDFForms {
				p.forms++
				p.form(args[0].name, forms, resources, g, depth)
			}
		}
		args = args[:0]
	}
}

// form follows a drawing that is used inside another.
func (p *painter) form(name string, forms, resources types.Dict, g graphics, depth int) {
	o, ok := forms[name]
	if !ok {
		return
	}
	// A picture is not unpacked.
	sd, _, err := p.doc.DereferenceStreamDict(o)
	if err != nil || sd == nil || p.name(sd.Dict["Subtype"]) != "Form" {
		return
	}
	content, head := p.stream(o)
	if own := p.dict(head["Resources"]); own != nil {
		resources = own
	}
	if m := p.array(head["Matrix"]); len(m) == 6 {
		var v [6]float64
		for i := range v {
			v[i], _ = p.number(m[i])
		}
		g.ctm = matrix{v[0], v[1], v[2], v[3], v[4], v[5]}.then(g.ctm)
	}
	p.paint(content, resources, g, depth+1)
}

// contentScanner takes a content stream or a character map into operands and operators;
// ISO 32000-1, 7.2.
type contentScanner struct {
	data []byte
	at   int
}

func isSpaceByte(c byte) bool {
	return c <= ' ' && (c == ' ' || c == '\n' || c == '\r' || c == '\t' || c == '\f' || c == 0)
}

func isDelimiter(c byte) bool { return strings.IndexByte("()<>[]{}/%", c) >= 0 }

// next returns an operand, or the name of an operator; false at the end.
func (s *contentScanner) next() (o operand, op string, ok bool) {
	for s.at < len(s.data) {
		switch c := s.data[s.at]; {
		case isSpaceByte(c):
			s.at++
		case c == '%':
			for s.at < len(s.data) && s.data[s.at] != '\n' && s.data[s.at] != '\r' {
				s.at++
			}
		case c == '(':
			return operand{kind: 's', s: s.literal()}, "", true
		case c == '<':
			if s.at+1 < len(s.data) && s.data[s.at+1] == '<' {
				s.at += 2 // of a dictionary only the entries are passed over
				continue
			}
			return operand{kind: 's', s: s.hexString()}, "", true
		case c == '[':
			s.at++
			return operand{kind: '[', list: s.list()}, "", true
		case c == '/':
			s.at++
			return operand{kind: '/', name: s.word()}, "", true
		case isDelimiter(c):
			s.at++
		default:
			w := s.word()
			if n, err := strconv.ParseFloat(w, 64); err == nil && !math.IsInf(n, 0) && !math.IsNaN(n) {
				return operand{kind: 'n', n: n}, "", true
			}
			if w == "ID" { // a picture in line: its bytes are no operators
				s.skipPicture()
				continue
			}
			return operand{}, w, true
		}
	}
	return operand{}, "", false
}

func (s *contentScanner) word() string {
	from := s.at
	for s.at < len(s.data) && !isSpaceByte(s.data[s.at]) && !isDelimiter(s.data[s.at]) {
		s.at++
	}
	return string(s.data[from:s.at])
}

func (s *contentScanner) skipPicture() {
	for ; s.at+3 < len(s.data); s.at++ {
		if isSpaceByte(s.data[s.at]) && s.data[s.at+1] == 'E' && s.data[s.at+2] == 'I' && isSpaceByte(s.data[s.at+3]) {
			s.at += 3
			return
		}
	}
	s.at = len(s.data)
}

// list reads the strings, numbers and names up to the closing bracket; lists in lists
// do not occur in what shows text, and are read as one.
func (s *contentScanner) list() []operand {
	var out []operand
	for s.at < len(s.data) {
		switch c := s.data[s.at]; {
		case c == ']':
			s.at++
			return out
		case isSpaceByte(c) || c == '[':
			s.at++
			continue
		}
		before := s.at
		o, op, ok := s.next()
		if !ok {
			return out
		}
		if op == "" && len(out) < maxPDFRuns {
			out = append(out, o)
		}
		if s.at == before {
			s.at++
		}
	}
	return out
}

func (s *contentScanner) hexString() []byte {
	s.at++
	var digits []byte
	for s.at < len(s.data) && s.data[s.at] != '>' {
		if c := s.data[s.at]; !isSpaceByte(c) {
			digits = append(digits, c)
		}
		s.at++
	}
	s.at++
	if len(digits)%2 == 1 {
		digits = append(digits, '0')
	}
	out := make([]byte, len(digits)/2)
	n, _ := hex.Decode(out, digits)
	return out[:n]
}

func (s *contentScanner) literal() []byte {
	s.at++
	var out []byte
	depth := 1
	for s.at < len(s.data) {
		c := s.data[s.at]
		s.at++
		switch c {
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return out
			}
		case '\\':
			if s.at >= len(s.data) {
				return out
			}
			c = s.data[s.at]
			s.at++
			switch c {
			case 'n':
				c = '\n'
			case 'r':
				c = '\r'
			case 't':
				c = '\t'
			case 'b':
				c = '\b'
			case 'f':
				c = '\f'
			case '\n':
				continue
			case '\r':
				if s.at < len(s.data) && s.data[s.at] == '\n' {
					s.at++
				}
				continue
			default:
				if c >= '0' && c <= '7' {
					v := int(c - '0')
					for k := 0; k < 2 && s.at < len(s.data) && s.data[s.at] >= '0' && s.data[s.at] <= '7'; k++ {
						v = v*8 + int(s.data[s.at]-'0')
						s.at++
					}
					c = byte(v)
				}
			}
		}
		out = append(out, c)
	}
	return out
}
