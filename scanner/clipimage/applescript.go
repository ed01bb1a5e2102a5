package clipimage

import (
	"bytes"
	"encoding/hex"
)

// appleData reads what osascript prints for binary data: «data PNGf89504E47…», four letters of type and hexadecimal
// digits between guillemets. Errors: ErrEmpty for anything else.
func appleData(out []byte) ([]byte, error) {
	out = bytes.TrimSpace(out)
	out, ok := bytes.CutPrefix(out, []byte("«data "))
	if !ok {
		return nil, ErrEmpty
	}
	out, ok = bytes.CutSuffix(out, []byte("»"))
	const typeLen = 4
	if !ok || len(out) <= typeLen {
		return nil, ErrEmpty
	}
	data := make([]byte, hex.DecodedLen(len(out)-typeLen))
	if _, err := hex.Decode(data, out[typeLen:]); err != nil {
		return nil, ErrEmpty
	}
	return data, nil
}
