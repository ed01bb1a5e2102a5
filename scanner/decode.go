package scanner

import (
	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode/decoder"
)

// reader turns modules into text: error correction and the data segments of ISO/IEC 18004 §7, by gozxing.
// One per scan: gozxing does not say that a decoder may be shared.
type reader struct{ d *decoder.Decoder }

func newReader() *reader { return &reader{decoder.NewDecoder()} }

// read returns the text of the modules in m, and whether the code was seen in a mirror.
func (r *reader) read(m *gozxing.BitMatrix) (text string, mirrored, ok bool) {
	// A grid that is not a code may lead gozxing anywhere. What it does not like costs this attempt,
	// not the scan.
	defer func() {
		if recover() != nil {
			text, mirrored, ok = "", false, false
		}
	}()
	res, err := r.d.Decode(m, nil)
	if err != nil || res == nil || res.GetText() == "" {
		// An all-light grid is a valid code word without a text; nobody can use it.
		return "", false, false
	}
	if meta, is := res.GetOther().(*decoder.QRCodeDecoderMetaData); is {
		mirrored = meta.IsMirrored()
	}
	return res.GetText(), mirrored, true
}
