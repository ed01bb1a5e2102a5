package scanner

import (
	"math"
	"testing"

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
		join([]Code{{Text: got.text, Part: got.part}, {Text: got.text, Part: got.part}})
	})
}
