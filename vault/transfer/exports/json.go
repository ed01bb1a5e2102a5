package exports

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
)

// indent writes v as people and other apps like to see JSON.
func indent(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		return nil, fmt.Errorf("exports: %w", err)
	}
	return b.Bytes(), nil
}

// uuidOf writes 32 hex digits as a UUID of version 4 (RFC 9562), so that exporting twice names
// the same accounts alike.
func uuidOf(id string) string {
	b, err := hex.DecodeString(id)
	if err != nil || len(b) != 16 {
		b = make([]byte, 16)
	}
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	h := hex.EncodeToString(b)
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

func newUUID(random io.Reader) (string, error) {
	b := make([]byte, 16)
	if _, err := io.ReadFull(random, b); err != nil {
		return "", fmt.Errorf("exports: no randomness: %w", err)
	}
	return uuidOf(hex.EncodeToString(b)), nil
}
