package pdf

import (
	"bytes"

	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/model"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/types"
)

// maxInlineHead is how long the description of a picture within the stream may be, in bytes: a table of 256 colours in
// hexadecimal digits fits.
const maxInlineHead = 16 << 10

// short are the names that are shorter within a stream; ISO 32000-1, 8.9.7.
var short = map[string]string{
	"BPC": "BitsPerComponent", "CS": "ColorSpace", "D": "Decode", "DP": "DecodeParms", "F": "Filter", "H": "Height",
	"IM": "ImageMask", "W": "Width",
	"AHx": "ASCIIHexDecode", "A85": "ASCII85Decode", "LZW": "LZWDecode", "Fl": "FlateDecode", "RL": "RunLengthDecode",
	"CCF": "CCITTFaxDecode", "DCT": "DCTDecode",
}

func long(name string) string {
	if l, ok := short[name]; ok {
		return l
	}
	return name
}

// inline reads a picture within the stream; the reader stands behind its BI, and is put behind its EI. nil when it is none.
func (r *reader) inline() *types.StreamDict {
	head := r.inlineHead()
	if head == nil {
		return nil
	}
	text := "<<" + string(head) + ">>"
	o, err := model.ParseObject(&text)
	d, ok := o.(types.Dict)
	if err != nil || !ok {
		r.inlineEnd(0)
		return nil
	}
	sd := &types.StreamDict{Dict: types.Dict{}}
	for key, value := range d {
		sd.Dict[long(key)] = value
	}
	filters, params := listed(sd.Dict["Filter"]), listed(sd.Dict["DecodeParms"])
	for i, f := range filters {
		name, ok := f.(types.Name)
		if !ok {
			r.inlineEnd(0)
			return nil
		}
		one := types.PDFFilter{Name: long(name.Value())}
		if i < len(params) {
			one.DecodeParms, _ = params[i].(types.Dict)
		}
		sd.FilterPipeline = append(sd.FilterPipeline, one)
	}
	sd.Raw = r.inlineEnd(rawLength(sd))
	return sd
}

// listed is a list, or one thing as a list of it.
func listed(o types.Object) types.Array {
	switch v := o.(type) {
	case nil:
		return nil
	case types.Array:
		return v
	}
	return types.Array{o}
}

// rawLength is how many bytes a picture has that is not packed, as far as can be told from its description; 0 for others. An
// end is not looked for among them: any bytes may be there.
func rawLength(sd *types.StreamDict) int {
	w, okW := sd.Dict["Width"].(types.Integer)
	h, okH := sd.Dict["Height"].(types.Integer)
	bits, okB := sd.Dict["BitsPerComponent"].(types.Integer)
	if sd.Dict["ImageMask"] == types.Boolean(true) {
		bits, okB = 1, true
	}
	if len(sd.FilterPipeline) > 0 || !okW || !okH || !okB || w < 1 || h < 1 || bits < 1 || w > maxSide || h > maxSide || bits > 16 {
		return 0
	}
	parts := 1
	if name, ok := sd.Dict["ColorSpace"].(types.Name); ok {
		switch name.Value() {
		case "RGB", "DeviceRGB":
			parts = 3
		case "CMYK", "DeviceCMYK":
			parts = 4
		}
	}
	return h.Value() * ((w.Value()*bits.Value()*parts + 7) / 8)
}

// inlineHead gives what stands between BI and ID.
func (r *reader) inlineHead() []byte {
	from := r.at
	for r.at-from < maxInlineHead {
		before := r.at
		t, ok := r.next()
		if !ok {
			return nil
		}
		if t.kind == operator && t.text == "ID" {
			head := r.data[from:before]
			r.at++ // one white character belongs to the operator
			return head
		}
	}
	return nil
}

// inlineEnd gives what stands before the EI that is alone, at least so many bytes, and goes behind it.
func (r *reader) inlineEnd(least int) []byte {
	from := min(r.at, len(r.data))
	for at := min(from+least, len(r.data)); ; at++ {
		i := bytes.Index(r.data[min(at, len(r.data)):], []byte("EI"))
		if i < 0 {
			r.at = len(r.data)
			return r.data[from:]
		}
		at += i
		if (at == from || isSpace(r.data[at-1]) || at == from+least) && continues(r.data[at+2:]) {
			r.at = at + 2
			return r.data[from:at]
		}
	}
}

// continues reports whether this can be what follows a picture: operators, and not bytes of a packed one.
func continues(rest []byte) bool {
	if len(rest) == 0 {
		return true
	}
	if !isSpace(rest[0]) {
		return false
	}
	for _, c := range rest[:min(len(rest), 12)] {
		if !isSpace(c) && (c < ' ' || c > '~') || c == 0 {
			return false
		}
	}
	return true
}
