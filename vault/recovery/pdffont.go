package recovery

import (
	"strconv"
	"strings"
	"unicode/utf16"

	"github.com/pdfcpu/pdfcpu/pkg/font"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/types"
	"golang.org/x/text/encoding/charmap"
)

// pdfFont says what the bytes of a shown string mean and how wide they are drawn.
type pdfFont struct {
	wide    bool // two bytes each
	runes   [256]rune
	widths  map[int]float64 // in parts of the size
	missing float64
	cmap    *charMap
}

type glyph struct {
	text  string
	width float64
	space bool // the single byte 32, to which word spacing applies
}

func (f *pdfFont) decode(s []byte) []glyph {
	var out []glyph
	step := 1
	if f.wide {
		step = 2
	}
	for i := 0; i+step <= len(s); i += step {
		code := int(s[i])
		if f.wide {
			code = code<<8 | int(s[i+1])
		}
		g := glyph{width: f.missing, space: !f.wide && code == ' '}
		if w, ok := f.widths[code]; ok {
			g.width = w
		}
		if text, ok := f.cmap.lookup(uint32(code)); ok {
			g.text = text
		} else if !f.wide && f.runes[code] != 0 {
			g.text = string(f.runes[code])
		}
		out = append(out, g)
	}
	return out
}

// font reads a font of the resources; ISO 32000-1, 9.6 to 9.10.
func (p *painter) font(name string, fonts types.Dict) *pdfFont {
	o, ok := fonts[name]
	if !ok {
		return nil
	}
	cacheKey := ""
	if ref, ok := o.(types.IndirectRef); ok {
		cacheKey = ref.String()
		if f := p.fonts[cacheKey]; f != nil {
			return f
		}
	}
	d := p.dict(o)
	if d == nil {
		return nil
	}
	f := &pdfFont{widths: map[int]float64{}, missing: 0.5}
	if data, _ := p.stream(d["ToUnicode"]); data != nil {
		f.cmap = readCharMap(data)
	}
	if p.name(d["Subtype"]) == "Type0" {
		f.wide, f.missing = true, 1
		if below := p.array(d["DescendantFonts"]); len(below) > 0 {
			cid := p.dict(below[0])
			if w, ok := p.number(cid["DW"]); ok {
				f.missing = w / 1000
			}
			p.cidWidths(p.array(cid["W"]), f)
		}
	} else {
		p.simple(d, f)
	}
	if cacheKey != "" && len(p.fonts) < 1000 {
		p.fonts[cacheKey] = f
	}
	return f
}

func (p *painter) cidWidths(w types.Array, f *pdfFont) {
	for i := 0; i+1 < len(w) && len(f.widths) < 70_000; {
		first, ok := p.number(w[i])
		if !ok {
			return
		}
		if each := p.array(w[i+1]); each != nil {
			for k, o := range each {
				if v, ok := p.number(o); ok {
					f.widths[int(first)+k] = v / 1000
				}
			}
			i += 2
			continue
		}
		if i+2 >= len(w) {
			return
		}
		last, _ := p.number(w[i+1])
		v, _ := p.number(w[i+2])
		for k := int(first); k <= int(last) && k < 65536 && len(f.widths) < 70_000; k++ {
			f.widths[k] = v / 1000
		}
		i += 3
	}
}

func (p *painter) simple(d types.Dict, f *pdfFont) {
	base := p.name(d["BaseFont"])
	encoding := p.name(d["Encoding"])
	var differences types.Array
	if e := p.encoding(d["Encoding"]); e != nil {
		encoding, differences = p.name(e["BaseEncoding"]), p.array(e["Differences"])
	}
	table := charmap.Windows1252
	if encoding == "MacRomanEncoding" {
		table = charmap.Macintosh
	}
	for c := range f.runes {
		if c >= 32 {
			f.runes[c] = table.DecodeByte(byte(c))
		}
	}
	code := 0
	for _, o := range differences {
		if n, ok := p.number(o); ok {
			code = int(n)
		} else if name := p.name(o); name != "" {
			if code >= 0 && code < 256 {
				f.runes[code] = glyphRune(name)
			}
			code++
		}
	}
	if font.IsCoreFont(base) {
		for c, r := range f.runes {
			if w, err := font.CharWidth(base, r); err == nil && r != 0 {
				f.widths[c] = float64(w) / 1000
			}
		}
	}
	first, _ := p.number(d["FirstChar"])
	for i, o := range p.array(d["Widths"]) {
		if v, ok := p.number(o); ok && i < 256 {
			f.widths[int(first)+i] = v / 1000
		}
	}
	if descriptor := p.dict(d["FontDescriptor"]); descriptor != nil {
		if v, ok := p.number(descriptor["MissingWidth"]); ok && v > 0 {
			f.missing = v / 1000
		}
	}
}

// encoding returns an encoding that is written out; nil for one that has a name only.
func (p *painter) encoding(o types.Object) types.Dict {
	if o == nil || p.name(o) != "" {
		return nil
	}
	return p.dict(o)
}

// glyphRune reads the names of glyphs that keys are made of; Adobe Glyph List.
func glyphRune(name string) rune {
	if len(name) == 1 {
		return rune(name[0])
	}
	if r, ok := glyphNames[name]; ok {
		return r
	}
	if h, ok := strings.CutPrefix(name, "uni"); ok && len(h) >= 4 {
		if v, err := strconv.ParseUint(h[:4], 16, 16); err == nil {
			return rune(v)
		}
	}
	return 0
}

var glyphNames = map[string]rune{
	"zero": '0', "one": '1', "two": '2', "three": '3', "four": '4', "five": '5', "six": '6', "seven": '7', "eight": '8', "nine": '9',
	"space": ' ', "hyphen": '-', "minus": '-', "period": '.', "comma": ',', "colon": ':', "semicolon": ';', "slash": '/', "parenleft": '(', "parenright": ')',
	"underscore": '_', "plus": '+', "equal": '=', "at": '@', "numbersign": '#', "asterisk": '*', "bullet": '•', "exclam": '!', "question": '?', "quotesingle": '\'',
	"quotedbl": '"', "ampersand": '&', "percent": '%', "dollar": '$', "bar": '|', "bracketleft": '[', "bracketright": ']', "endash": '-', "emdash": '-',
	"quoteright": '\'', "quoteleft": '\'', "fi": 'ﬁ', "fl": 'ﬂ',
	"adieresis": 'ä', "odieresis": 'ö', "udieresis": 'ü', "Adieresis": 'Ä', "Odieresis": 'Ö', "Udieresis": 'Ü', "germandbls": 'ß', "eacute": 'é', "egrave": 'è',
	"checkmark": '✓',
}

// charMap is a ToUnicode map: ISO 32000-1, 9.10.3.
type charMap struct {
	single map[uint32]string
	ranges []charRange
}

type charRange struct {
	from, to uint32
	first    []uint16
}

const maxMapped = 70_000

func readCharMap(data []byte) *charMap {
	m := &charMap{single: map[uint32]string{}}
	s := contentScanner{data: data}
	var args []operand
	for {
		o, op, ok := s.next()
		if !ok {
			return m
		}
		if op == "" {
			if len(args) < 3*maxMapped {
				args = append(args, o)
			}
			continue
		}
		switch op {
		case "endbfchar":
			for i := 0; i+1 < len(args) && len(m.single) < maxMapped; i += 2 {
				m.single[codeOf(args[i].s)] = string(utf16.Decode(unitsOf(args[i+1].s)))
			}
		case "endbfrange":
			for i := 0; i+2 < len(args) && len(m.ranges) < maxMapped; i += 3 {
				r := charRange{from: codeOf(args[i].s), to: codeOf(args[i+1].s)}
				if args[i+2].kind == '[' {
					for k, each := range args[i+2].list {
						if code := r.from + uint32(k); code <= r.to && len(m.single) < maxMapped {
							m.single[code] = string(utf16.Decode(unitsOf(each.s)))
						}
					}
					continue
				}
				r.first = unitsOf(args[i+2].s)
				m.ranges = append(m.ranges, r)
			}
		}
		args = args[:0]
	}
}

func (m *charMap) lookup(code uint32) (string, bool) {
	if m == nil {
		return "", false
	}
	if t, ok := m.single[code]; ok {
		return t, true
	}
	for _, r := range m.ranges {
		if code >= r.from && code <= r.to && len(r.first) > 0 {
			units := append([]uint16(nil), r.first...)
			units[len(units)-1] += uint16(code - r.from)
			return string(utf16.Decode(units)), true
		}
	}
	return "", false
}

func codeOf(s []byte) uint32 {
	v := uint32(0)
	for _, c := range s[:min(len(s), 4)] {
		v = v<<8 | uint32(c)
	}
	return v
}

func unitsOf(s []byte) []uint16 {
	out := make([]uint16, min(len(s)/2, 8))
	for i := range out {
		out[i] = uint16(s[2*i])<<8 | uint16(s[2*i+1])
	}
	return out
}
