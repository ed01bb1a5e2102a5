package scanner

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/common/reedsolomon"
	"github.com/makiuchi-d/gozxing/qrcode/decoder"
	"github.com/makiuchi-d/gozxing/qrcode/encoder"
)

// segment is a value of so many bits in the data of a code (ISO/IEC 18004 §7.4).
type segment struct{ value, bits int }

func byteSegment(text string) []segment {
	out := []segment{{0b0100, 4}, {len(text), 8}}
	for _, c := range []byte(text) {
		out = append(out, segment{int(c), 8})
	}
	return out
}

// raw draws a code of version 3, level L, with any data, also what no encoder at hand writes.
func raw(t testing.TB, segments ...segment) [][]bool {
	t.Helper()
	const dataWords, correction = 55, 15
	bits := gozxing.NewEmptyBitArray()
	add := func(v, n int) {
		if err := bits.AppendBits(v, n); err != nil {
			t.Fatal(err)
		}
	}
	for _, s := range segments {
		add(s.value, s.bits)
	}
	add(0, min(4, dataWords*8-bits.GetSize()))
	add(0, (8-bits.GetSize()%8)%8)
	for i := 0; bits.GetSize() < dataWords*8; i++ {
		add([2]int{0xEC, 0x11}[i%2], 8)
	}
	words := make([]int, dataWords+correction)
	data := make([]byte, dataWords)
	bits.ToBytes(0, data, 0, dataWords)
	for i, b := range data {
		words[i] = int(b)
	}
	if err := reedsolomon.NewReedSolomonEncoder(reedsolomon.GenericGF_QR_CODE_FIELD_256).Encode(words, correction); err != nil {
		t.Fatal(err)
	}
	for _, w := range words[dataWords:] {
		add(w, 8)
	}
	version, err := decoder.Version_GetVersionForNumber(3)
	if err != nil {
		t.Fatal(err)
	}
	m := encoder.NewByteMatrix(29, 29)
	if err := encoder.MatrixUtil_buildMatrix(bits, decoder.ErrorCorrectionLevel_L, version, 3, m); err != nil {
		t.Fatal(err)
	}
	out := make([][]bool, 29)
	for y := range out {
		out[y] = make([]bool, 29)
		for x := range out[y] {
			out[y][x] = m.Get(x, y) == 1
		}
	}
	return out
}

// TestSegments: texts come out as they went in, whatever they were written with.
func TestSegments(t *testing.T) {
	join := func(parts ...[]segment) (out []segment) {
		for _, p := range parts {
			out = append(out, p...)
		}
		return out
	}
	cases := []struct {
		name, want string
		data       []segment
	}{
		{"UTF-8 without saying so", "otpauth://totp/Zoë:ÆØ?secret=AAAA", byteSegment("otpauth://totp/Zoë:ÆØ?secret=AAAA")},
		{"ECI 26, UTF-8", "Ключ: ключ", join([]segment{{0b0111, 4}, {26, 8}}, byteSegment("Ключ: ключ"))},
		{"ECI 3, ISO 8859-1", "Zoë", join([]segment{{0b0111, 4}, {3, 8}}, byteSegment("Zo\xEB"))},
		{"ECI 20, Shift JIS", "点", join([]segment{{0b0111, 4}, {20, 8}}, byteSegment("\x93\x5F"))},
		// The example of ISO/IEC 18004 §7.4.6.
		{"kanji", "点茗", []segment{{0b1000, 4}, {2, 8}, {0x0D9F, 13}, {0x1AAA, 13}}},
		{"numbers, then letters", "0123456AC-42", []segment{
			{0b0001, 4}, {7, 10}, {12, 10}, {345, 10}, {6, 4},
			{0b0010, 4}, {5, 9}, {10*45 + 12, 11}, {41*45 + 4, 11}, {2, 6},
		}},
		// What gozxing gives up on, as zxing-cpp reads it.
		{"ECI 10, ISO 8859-8", "שלום", join([]segment{{0b0111, 4}, {10, 8}}, byteSegment("\xF9\xEC\xE5\xED"))},
		{"ECI 32, GB 18030", "中文€", join([]segment{{0b0111, 4}, {32, 8}}, byteSegment("\xD6\xD0\xCE\xC4\xA2\xE3"))},
		{"ECI 33, UTF-16 with the low byte first", "Zoë", join([]segment{{0b0111, 4}, {33, 8}}, byteSegment("Z\x00o\x00\xEB\x00"))},
		{"ECI in two bytes and in three", "ab", join([]segment{{0b0111, 4}, {0x80AA, 16}}, byteSegment("a"), []segment{{0b0111, 4}, {0xC0001A, 24}}, byteSegment("b"))},
		{"a character in two segments", "Zoë", join([]segment{{0b0111, 4}, {26, 8}}, byteSegment("Zo\xC3"), byteSegment("\xAB"))},
		{"FNC1 in second position", "37AB%C", join([]segment{{0b1001, 4}, {37, 8}}, byteSegment("AB%C"))},
		{"FNC1 in second position, a letter", "aAB", join([]segment{{0b1001, 4}, {'a' + 100, 8}}, byteSegment("AB"))},
		{"FNC1 and a separator", "37A%\x1DB", join([]segment{{0b1001, 4}, {37, 8}, {0b0010, 4}, {5, 9}, {10*45 + 38, 11}, {38*45 + 38, 11}, {11, 6}})},
		{"no UTF-8 after all", "secret=AAAA&issuer=Zo\uFFFD", join([]segment{{0b0111, 4}, {26, 8}}, byteSegment("secret=AAAA&issuer=Zo\xEB"))},
		{"Windows without saying so", "€uro “q”", byteSegment("\x80uro \x93q\x94")},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			m := page(200, 200, white)
			put(m, raw(t, c.data...), stamp{x: 100, y: 100, px: 4, quiet: 4})
			r := mustScan(t, m)
			if len(r.Codes) != 1 || r.Codes[0].Text != c.want {
				t.Fatalf("%+v, want %q", r, c.want)
			}
			if k := r.Codes[0]; k.Version != 3 || k.Sure != 1 || k.Mirrored || k.Inverted || k.Part != nil {
				t.Errorf("%+v", k)
			}
		})
	}
}

// TestSegmentsNobodyUnderstands: what is in no known set of characters is not read at all. (Single bytes that are no character of their set are,
// with U+FFFD in their place: a name may be misspelt where the key is right.)
func TestSegmentsNobodyUnderstands(t *testing.T) {
	for name, data := range map[string][]segment{
		"ECI 999":                append([]segment{{0b0111, 4}, {0x8000 | 999, 16}}, byteSegment("secret")...),
		"half a character":       append([]segment{{0b0111, 4}, {33, 8}}, byteSegment("abc")...),
		"an unknown mode":        append(byteSegment("abc"), segment{0b1110, 4}),
		"more than there is":     {{0b0100, 4}, {200, 8}},
		"FNC1 of nobody":         append([]segment{{0b1001, 4}, {120, 8}}, byteSegment("abc")...),
		"a thousand in 3 digits": {{0b0001, 4}, {3, 10}, {1000, 10}},
	} {
		m := page(200, 200, white)
		put(m, raw(t, data...), stamp{x: 100, y: 100, px: 4, quiet: 4})
		if r := mustScan(t, m); len(r.Codes) > 0 {
			t.Errorf("%s: %q", name, r.Codes[0].Text)
		}
	}
}

// TestSegmentsAgree: what gozxing reads, the reader beside it reads the same way, in all three sizes of counts.
func TestSegmentsAgree(t *testing.T) {
	rnd := rand.New(rand.NewPCG(5, 6))
	for i := range 2000 {
		number := []int{1 + rnd.IntN(9), 10 + rnd.IntN(17), 27 + rnd.IntN(14)}[i%3]
		bits := gozxing.NewEmptyBitArray()
		add := func(v, n int) {
			if err := bits.AppendBits(v, n); err != nil {
				t.Fatal(err)
			}
		}
		for range 1 + rnd.IntN(4) {
			mode := []int{modeNumeric, modeAlphanumeric, modeByte, modeKanji, modeECI, modeFNC1First, modeHanzi}[rnd.IntN(7)]
			add(mode, 4)
			if mode == modeHanzi {
				add(1, 4)
			}
			if mode == modeECI {
				add([]int{3, 7, 20, 26}[rnd.IntN(4)], 8)
			}
			n := rnd.IntN(9)
			if count, ok := countBits[mode]; ok {
				add(n, count[i%3])
			}
			switch mode {
			case modeNumeric:
				for ; n >= 3; n -= 3 {
					add(rnd.IntN(1000), 10)
				}
				if n > 0 {
					add(rnd.IntN([]int{0, 10, 100}[n]), []int{0, 4, 7}[n])
				}
			case modeAlphanumeric:
				for ; n >= 2; n -= 2 {
					add(rnd.IntN(45*45), 11)
				}
				if n > 0 {
					add(rnd.IntN(45), 6)
				}
			case modeByte:
				for range n {
					add('a'+rnd.IntN(26), 8)
				}
			case modeKanji: // the first kanji of JIS X 0208
				for range n {
					add(0x81F+rnd.IntN(80), 13)
				}
			case modeHanzi: // and of GB 2312
				for range n {
					add(0x0FA0+rnd.IntN(50), 13)
				}
			}
		}
		data := make([]byte, bits.GetSizeInBytes()+2)
		bits.ToBytes(0, data, 0, bits.GetSizeInBytes())
		version, err := decoder.Version_GetVersionForNumber(number)
		if err != nil {
			t.Fatal(err)
		}
		res, err := decoder.DecodedBitStreamParser_Decode(data, version, decoder.ErrorCorrectionLevel_L, nil)
		if err != nil || strings.ContainsRune(res.GetText(), utf8.RuneError) {
			continue // then there is nothing to agree with
		}
		if got, ok := segmentsText(data, number); got != res.GetText() || ok != (got != "") {
			t.Fatalf("version %d, %x: %q, gozxing %q", number, data, got, res.GetText())
		}
	}
}

// TestParts: a text that was spread over several codes is one text when all are there, and says which part it is otherwise.
func TestParts(t *testing.T) {
	texts := []string{"otpauth://totp/a?sec", "ret=JBSWY3DPEHPK3PXP", "&issuer=Example"}
	const parity = 0x5A
	part := func(i, total int) [][]bool {
		return raw(t, append([]segment{{0b0011, 4}, {i<<4 | (total - 1), 8}, {parity, 8}}, byteSegment(texts[i])...)...)
	}
	draw := func(which ...int) Result {
		m := page(700, 300, white)
		for k, i := range which {
			put(m, part(i, 3), stamp{x: 120 + 220*float64(k), y: 150, px: 5, quiet: 4})
		}
		return mustScan(t, m)
	}
	r := draw(2, 0, 1) // in whatever order they stand
	if len(r.Codes) != 1 || r.Codes[0].Text != texts[0]+texts[1]+texts[2] || r.Codes[0].Part != nil {
		t.Fatalf("%+v", r)
	}
	if x := r.Codes[0].middle().X; math.Abs(x-340) > 5 {
		t.Errorf("the text stands at %.0f, its first part at 340", x)
	}
	r = draw(1, 2)
	if len(r.Codes) != 2 || r.Codes[0].Text != texts[1] || *r.Codes[0].Part != (Part{1, 3, parity}) || *r.Codes[1].Part != (Part{2, 3, parity}) {
		t.Fatalf("%+v", r)
	}
	if r = draw(1, 1, 2); len(r.Codes) != 3 {
		t.Fatalf("one part twice and one missing: %+v", r)
	}
}

// FuzzSegments: whatever the data of a code say, reading it ends, and gives a text or nothing.
func FuzzSegments(f *testing.F) {
	f.Add([]byte("\x40\x56hello"))
	f.Add([]byte("\x71\xA4\x25A"))
	f.Add([]byte("\x30\x25\xA4\x11"))
	f.Add([]byte{0x80, 0x26, 0xCF, 0xD5, 0x54})
	f.Fuzz(func(t *testing.T, data []byte) {
		var s []segment
		for _, b := range data[:min(len(data), 55)] {
			s = append(s, segment{int(b), 8})
		}
		code := raw(t, s...)
		m, err := gozxing.NewSquareBitMatrix(len(code))
		if err != nil {
			t.Fatal(err)
		}
		for y := range code {
			for x := range code {
				if code[y][x] {
					m.Set(x, y)
				}
			}
		}
		got, ok := newReader().read(m)
		if ok != (got.text != "") || ok && got.part != nil && (got.part.Total < 1 || got.part.Total > 16) {
			t.Fatalf("%+v, %v", got, ok)
		}
		for _, version := range []int{3, 20, 40} {
			if text, ok := segmentsText(data, version); ok != (text != "") || !utf8.ValidString(text) {
				t.Fatalf("version %d: %q, %v", version, text, ok)
			}
		}
		join([]Code{{Text: got.text, Part: got.part}, {Text: got.text, Part: got.part}})
	})
}
