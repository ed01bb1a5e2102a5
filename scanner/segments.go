package scanner

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"
)

// gozxing reads the data segments of nearly all codes. This reads those it gives up on: character sets it does not know, a
// character whose bytes lie in two segments, FNC1 in second position, and bytes that are in no set it tries.

// Modes of segments, ISO/IEC 18004 table 2; hanzi is of GB/T 18284.
const (
	modeEnd          = 0b0000
	modeNumeric      = 0b0001
	modeAlphanumeric = 0b0010
	modeAppend       = 0b0011
	modeByte         = 0b0100
	modeFNC1First    = 0b0101
	modeECI          = 0b0111
	modeKanji        = 0b1000
	modeFNC1Second   = 0b1001
	modeHanzi        = 0b1101
)

// countBits is how many bits the number of characters has, for versions up to 9, up to 26, and larger; ISO/IEC 18004 table 3.
var countBits = map[int][3]int{
	modeNumeric: {10, 12, 14}, modeAlphanumeric: {9, 11, 13}, modeByte: {8, 16, 16}, modeKanji: {8, 10, 12}, modeHanzi: {8, 10, 12},
}

const alphanumerics = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"

// characterSets are those of AIM's Extended Channel Interpretations, by number. UTF-8 (26) and plain ASCII (27, 170) are not here: they
// need no table.
var characterSets = map[int]encoding.Encoding{
	0: charmap.CodePage437, 1: charmap.ISO8859_1, 2: charmap.CodePage437, 3: charmap.ISO8859_1, 4: charmap.ISO8859_2, 5: charmap.ISO8859_3,
	6: charmap.ISO8859_4, 7: charmap.ISO8859_5, 8: charmap.ISO8859_6, 9: charmap.ISO8859_7, 10: charmap.ISO8859_8, 11: charmap.ISO8859_9,
	12: charmap.ISO8859_10, 13: charmap.Windows874, 15: charmap.ISO8859_13, 16: charmap.ISO8859_14, 17: charmap.ISO8859_15,
	18: charmap.ISO8859_16, 20: japanese.ShiftJIS, 21: charmap.Windows1250, 22: charmap.Windows1251, 23: charmap.Windows1252,
	24: charmap.Windows1256, 25: unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM), 28: traditionalchinese.Big5,
	29: simplifiedchinese.GBK, 30: korean.EUCKR, 31: simplifiedchinese.GBK, 32: simplifiedchinese.GB18030,
	33: unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM), 34: utf32.UTF32(utf32.BigEndian, utf32.IgnoreBOM),
	35: utf32.UTF32(utf32.LittleEndian, utf32.IgnoreBOM),
}

// Numbers of interpretations with a meaning of their own here.
const (
	eciNone  = -1 // no segment said
	eciUTF8  = 26
	eciASCII = 27
	eciISO   = 170 // the invariant part of ISO 646: ASCII without what differs from country to country
)

// bitSource is a stream of bits.
type bitSource struct {
	data []byte
	at   int
}

func (s *bitSource) left() int { return 8*len(s.data) - s.at }

// read takes the next n bits, at most 24. Past the end ok is false.
func (s *bitSource) read(n int) (v int, ok bool) {
	if n > s.left() {
		return 0, false
	}
	for range n {
		v = v<<1 | int(s.data[s.at/8]>>(7-s.at%8)&1)
		s.at++
	}
	return v, true
}

// segmentText is the text of a code while its segments are read.
type segmentText struct {
	out   strings.Builder
	bytes []byte // not decoded yet: a character may go on in the next segment
	eci   int
	fnc1  bool
}

// segmentsText reads the data segments of a code of the given version. ok: all of it was understood, and there is a text.
func segmentsText(data []byte, version int) (text string, ok bool) {
	size := 0
	if version > 9 {
		size = 1
	}
	if version > 26 {
		size = 2
	}
	t := segmentText{eci: eciNone}
	src := &bitSource{data: data}
	for src.left() >= 4 {
		mode, _ := src.read(4)
		if mode == modeEnd {
			break
		}
		if !t.segment(src, mode, size) {
			return "", false
		}
	}
	if !t.flush() {
		return "", false
	}
	return t.out.String(), t.out.Len() > 0
}

// segment reads one segment behind its mode.
func (t *segmentText) segment(src *bitSource, mode, size int) bool {
	switch mode {
	case modeAppend: // read by the caller
		_, ok := src.read(16)
		return ok
	case modeFNC1First:
		t.fnc1 = true
		return true
	case modeFNC1Second:
		// The application, two digits or a letter and 100, stands before the text (§7.4.8.3).
		v, ok := src.read(8)
		if !ok || v > 99 && (v < 165 || v > 190) && (v < 197 || v > 222) || !t.flush() {
			return false
		}
		t.fnc1 = true
		if v < 100 {
			t.out.WriteByte(byte('0' + v/10))
			t.out.WriteByte(byte('0' + v%10))
		} else {
			t.out.WriteByte(byte(v - 100))
		}
		return true
	case modeECI:
		return t.interpretation(src)
	case modeHanzi:
		if set, ok := src.read(4); !ok || set != 1 { // GB 2312, the only one there is
			return false
		}
	}
	bits, known := countBits[mode]
	if !known {
		return false
	}
	n, ok := src.read(bits[size])
	if !ok {
		return false
	}
	switch mode {
	case modeByte:
		for range n {
			v, ok := src.read(8)
			if !ok {
				return false
			}
			t.bytes = append(t.bytes, byte(v))
		}
		return true
	case modeNumeric:
		return t.flush() && t.digits(src, n)
	case modeAlphanumeric:
		return t.flush() && t.letters(src, n)
	}
	return t.flush() && t.pairs(src, n, mode)
}

// interpretation reads the number of one; ISO/IEC 18004 §7.4.2.
func (t *segmentText) interpretation(src *bitSource) bool {
	v, ok := src.read(8)
	switch {
	case !ok:
		return false
	case v&0x80 == 0:
	case v&0xC0 == 0x80:
		low, more := src.read(8)
		v, ok = v&0x3F<<8|low, more
	case v&0xE0 == 0xC0:
		low, more := src.read(16)
		v, ok = v&0x1F<<16|low, more
	default:
		return false
	}
	if v != t.eci {
		if !t.flush() {
			return false
		}
		t.eci = v
	}
	return ok
}

// digits are three to ten bits.
func (t *segmentText) digits(src *bitSource, n int) bool {
	for n > 0 {
		k := min(n, 3)
		v, ok := src.read([4]int{0, 4, 7, 10}[k])
		if !ok || v >= [4]int{0, 10, 100, 1000}[k] {
			return false
		}
		for i := k; i > 0; i-- {
			t.out.WriteByte(byte('0' + v/[4]int{0, 1, 10, 100}[i]%10))
		}
		n -= k
	}
	return true
}

// letters are two to eleven bits. With FNC1, % is a separator and %% is %; §7.4.8.2.
func (t *segmentText) letters(src *bitSource, n int) bool {
	var got []byte
	for n > 0 {
		k, bits := 2, 11
		if n == 1 {
			k, bits = 1, 6
		}
		v, ok := src.read(bits)
		if !ok || v >= 45*45 || k == 1 && v >= 45 {
			return false
		}
		if k == 2 {
			got = append(got, alphanumerics[v/45])
		}
		got = append(got, alphanumerics[v%45])
		n -= k
	}
	if t.fnc1 {
		got = bytes.ReplaceAll(got, []byte("%%"), []byte{0})
		got = bytes.ReplaceAll(got, []byte("%"), []byte{0x1D})
		got = bytes.ReplaceAll(got, []byte{0}, []byte("%"))
	}
	t.out.Write(got)
	return true
}

// pairs are characters of two bytes in thirteen bits: Shift JIS (§7.4.6) or GB 2312.
func (t *segmentText) pairs(src *bitSource, n, mode int) bool {
	set, got := encoding.Encoding(japanese.ShiftJIS), make([]byte, 0, 2*n)
	if mode == modeHanzi {
		set = simplifiedchinese.GBK
	}
	for range n {
		v, ok := src.read(13)
		if !ok {
			return false
		}
		if mode == modeKanji {
			if v = v/0xC0<<8 | v%0xC0; v < 0x1F00 {
				v += 0x8140
			} else {
				v += 0xC140
			}
		} else {
			if v = v/0x60<<8 | v%0x60; v < 0xA00 {
				v += 0xA1A1
			} else {
				v += 0xA6A1
			}
		}
		got = append(got, byte(v>>8), byte(v))
	}
	return t.decoded(got, set)
}

// flush turns the bytes that were gathered into text.
func (t *segmentText) flush() bool {
	raw := t.bytes
	t.bytes = nil
	switch {
	case len(raw) == 0:
		// Nothing, so that no character set has to be known either.
		return true
	case t.eci == eciNone && utf8.Valid(raw), t.eci == eciUTF8 && utf8.Valid(raw):
		t.out.Write(raw)
		return true
	case t.eci == eciNone:
		// The standard says ISO 8859-1; those who leave its upper controls to letters mean Windows.
		return t.decoded(raw, charmap.Windows1252)
	case t.eci == eciASCII, t.eci == eciISO:
		t.out.Write(raw)
		return bytes.IndexFunc(raw, func(r rune) bool { return r >= utf8.RuneSelf }) < 0
	}
	set, known := characterSets[t.eci]
	return known && t.decoded(raw, set)
}

// decoded appends raw. What the set has no characters for is not guessed at.
func (t *segmentText) decoded(raw []byte, set encoding.Encoding) bool {
	got, err := set.NewDecoder().Bytes(raw)
	if err != nil || bytes.ContainsRune(got, utf8.RuneError) {
		return false
	}
	t.out.Write(got)
	return true
}
