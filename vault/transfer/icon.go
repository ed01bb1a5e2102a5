package transfer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/tallystick/tallystick/vault/picture"
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
	case bytes.HasPrefix(data, []byte("GIF8")):
		mime = "image/gif"
	case bytes.HasPrefix(data, []byte("BM")) && len(data) > 54:
		mime = "image/bmp"
	case strings.EqualFold(mime, "image/svg+xml") && bytes.Contains(data[:min(len(data), 4096)], []byte("<svg")):
		mime = "image/svg+xml"
	default:
		return Icon{}
	}
	return Icon{mime, data}
}

// smallIcons makes every picture the small one that a vault keeps. Those that cannot be are left out, and counted in a warning: an account
// is none the worse for it. Errors: the context's.
func (r *Result) smallIcons(ctx context.Context) error {
	var budget picture.Budget
	var drawings, large, damaged int
	for i := range r.Entries {
		e := &r.Entries[i]
		if len(e.Icon.Data) == 0 {
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		small, err := budget.Small(e.Icon.Data)
		e.Icon = Icon{}
		switch {
		case err == nil:
			e.Icon = Icon{MIME: "image/png", Data: []byte(small)}
		case errors.Is(err, picture.ErrDrawing):
			drawings++
		case errors.Is(err, picture.ErrTooLarge):
			large++
		default:
			damaged++
		}
	}
	for _, w := range []struct {
		n         int
		one, many string
	}{
		{drawings, "The icon of one account is an SVG drawing, which is not kept.", "The icons of %d accounts are SVG drawings, which are not kept."},
		{large, "The icon of one account is too large, and not kept.", "The icons of %d accounts are too large or too many, and not kept."},
		{damaged, "The icon of one account cannot be read, and is not kept.", "The icons of %d accounts cannot be read, and are not kept."},
	} {
		switch {
		case w.n == 1:
			r.Warnings = append(r.Warnings, w.one)
		case w.n > 1:
			r.Warnings = append(r.Warnings, fmt.Sprintf(w.many, w.n))
		}
	}
	return nil
}
