package scanner

import (
	"strings"
	"unicode/utf8"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/common/reedsolomon"
	"github.com/makiuchi-d/gozxing/qrcode/decoder"
)

// reader turns modules into text: error correction and the data segments of ISO/IEC 18004 §7, by gozxing.
// One per scan: gozxing does not say that a decoder may be shared.
type reader struct {
	rs *reedsolomon.ReedSolomonDecoder
}

func newReader() *reader {
	return &reader{reedsolomon.NewReedSolomonDecoder(reedsolomon.GenericGF_QR_CODE_FIELD_256)}
}

// reading is what modules say.
type reading struct {
	text     string
	version  int
	mirrored bool
	sure     float64
	part     *Part
}

// read returns what the modules in m say. It changes m.
func (r *reader) read(m *gozxing.BitMatrix) (got reading, ok bool) {
	// A grid that is not a code may lead gozxing anywhere. What it does not like costs this attempt,
	// not the scan.
	defer func() {
		if recover() != nil {
			got, ok = reading{}, false
		}
	}()
	p, err := decoder.NewBitMatrixParser(m)
	if err != nil {
		return reading{}, false
	}
	if got, ok = r.straight(p); ok {
		return got, true
	}
	// Seen in a mirror, or through a sheet of glass from behind.
	p.Remask()
	p.SetMirror(true)
	if _, err := p.ReadVersion(); err != nil {
		return reading{}, false
	}
	if _, err := p.ReadFormatInformation(); err != nil {
		return reading{}, false
	}
	p.Mirror()
	got, ok = r.straight(p)
	got.mirrored = true
	return got, ok
}

// straight reads what p holds as it stands.
func (r *reader) straight(p *decoder.BitMatrixParser) (reading, bool) {
	version, err := p.ReadVersion()
	if err != nil {
		return reading{}, false
	}
	format, err := p.ReadFormatInformation()
	if err != nil {
		return reading{}, false
	}
	words, err := p.ReadCodewords()
	if err != nil {
		return reading{}, false
	}
	level := format.GetErrorCorrectionLevel()
	blocks, err := decoder.DataBlock_GetDataBlocks(words, version, level)
	if err != nil {
		return reading{}, false
	}
	got := reading{version: version.GetVersionNumber(), sure: 1}
	var data []byte
	for _, b := range blocks {
		words, n := b.GetCodewords(), b.GetNumDataCodewords()
		ints := make([]int, len(words))
		for i, w := range words {
			ints[i] = int(w)
		}
		if err := r.rs.Decode(ints, len(words)-n); err != nil {
			return reading{}, false
		}
		wrong := 0
		for i, w := range words {
			if ints[i] != int(w) {
				wrong++
			}
			if i < n {
				data = append(data, byte(ints[i]))
			}
		}
		// Two words correct one. The block with the most errors decides.
		got.sure = min(got.sure, 1-float64(wrong)/float64((len(words)-n)/2))
	}
	res, err := decoder.DecodedBitStreamParser_Decode(data, version, level, nil)
	if err != nil || strings.ContainsRune(res.GetText(), utf8.RuneError) {
		// What was corrected is right; only what it means is not known there.
		text, ok := segmentsText(data, got.version)
		if !ok && err != nil {
			return reading{}, false
		}
		if ok {
			got.text = text
			got.part = partOf(data)
			return got, true
		}
	}
	if res.GetText() == "" {
		// An all-light grid is a valid code word without a text; nobody can use it.
		return reading{}, false
	}
	got.text = res.GetText()
	if res.HasStructuredAppend() {
		got.part = partOfSequence(res.GetStructuredAppendSequenceNumber(), res.GetStructuredAppendParity())
	}
	return got, true
}

// partOf is which part of a text the data of a code are, nil when they are all of it. It stands before everything else.
func partOf(data []byte) *Part {
	src := bitSource{data: data}
	if mode, _ := src.read(4); mode != modeAppend {
		return nil
	}
	sequence, _ := src.read(8)
	parity, ok := src.read(8)
	if !ok {
		return nil
	}
	return partOfSequence(sequence, parity)
}

// partOfSequence understands ISO/IEC 18004 §8.2: four bits of position, four bits of the number of symbols less one.
func partOfSequence(sequence, parity int) *Part {
	return &Part{Index: sequence >> 4 & 15, Total: sequence&15 + 1, Parity: uint8(parity)}
}
