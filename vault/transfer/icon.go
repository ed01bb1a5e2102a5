package transfer

import (
	"bytes"
	"strings"
)

// iconOf is a picture in base64, or in a data: address. What kind of picture it is shows in its first bytes; where it does not, mime
// decides. It is the zero Icon for what is no picture.
func iconOf(mime, base64Text string) Icon {
	if len(base64Text) < 16 || len(base64Text) > 2*maxIcon {
		return Icon{}
	}
	if head, body, ok := strings.Cut(base64Text, ","); ok && strings.HasPrefix(head, "data:") {
		if !strings.HasSuffix(head, ";base64") {
			return Icon{}
		}
		mime, base64Text = strings.TrimSuffix(strings.TrimPrefix(head, "data:"), ";base64"), body
	}
	data, err := fromBase64(base64Text)
	if err != nil {
		return Icon{}
	}
	return iconFrom(mime, data)
}

// iconFrom is iconOf for the picture's bytes.
func iconFrom(mime string, data []byte) Icon {
	if len(data) == 0 || len(data) > maxIcon {
		return Icon{}
	}
	switch {
	case bytes.HasPrefix(data, []byte("\x89PNG\r\n\x1a\n")):
		mime = "image/png"
	case bytes.HasPrefix(data, []byte("\xff\xd8\xff")):
		mime = "image/jpeg"
	case bytes.HasPrefix(data, []byte("RIFF")) && len(data) > 12 && string(data[8:12]) == "WEBP":
		mime = "image/webp"
	case strings.EqualFold(mime, "image/svg+xml") && bytes.Contains(data[:min(len(data), 4096)], []byte("<svg")):
		mime = "image/svg+xml"
	default:
		return Icon{}
	}
	return Icon{mime, data}
}
