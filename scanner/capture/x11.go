//go:build linux || freebsd || openbsd || netbsd || dragonfly

package capture

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"math/bits"
	"slices"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xinerama"
	"github.com/jezek/xgb/xproto"

	"github.com/tallystick/tallystick/scanner/internal/x11"
)

// On X11 the root window is read here and not through kbinani/screenshot. That library copies the screen through a
// shared memory segment of mode 0777, which every user of the machine may attach to while it exists, and the screen
// shows a secret; it fails on forwarded displays, knows no context and only 24-bit colours. A plain GetImage
// needs some 20 ms for 4K on a local socket.

// x11Screens reads every monitor of $DISPLAY.
func x11Screens(ctx context.Context) ([]Shot, error) {
	shots, err := x11.Do(ctx, readRoot)
	switch {
	case err == nil:
		return shots, nil
	case errors.Is(err, x11.ErrNoDisplay):
		return nil, ErrNoDisplay
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.Is(err, ErrFailed):
		return nil, err
	}
	return nil, fmt.Errorf("%w: %w", ErrFailed, err)
}

func readRoot(c *xgb.Conn) ([]Shot, error) {
	setup := xproto.Setup(c)
	screen := setup.DefaultScreen(c)
	layout, err := layoutOf(setup, screen)
	if err != nil {
		return nil, err
	}
	var shots []Shot
	for _, r := range monitors(c, screen) {
		reply, err := xproto.GetImage(c, xproto.ImageFormatZPixmap, xproto.Drawable(screen.Root),
			int16(r.Min.X), int16(r.Min.Y), uint16(r.Dx()), uint16(r.Dy()), ^uint32(0)).Reply()
		if err != nil {
			return nil, fmt.Errorf("%w: reading the root window: %w", ErrFailed, err)
		}
		m, err := layout.image(reply.Data, r.Dx(), r.Dy())
		if err != nil {
			return nil, err
		}
		shots = append(shots, Shot{Name: fmt.Sprintf("screen %d", len(shots)+1), Bounds: r, Image: m})
	}
	if len(shots) == 0 {
		return nil, fmt.Errorf("%w: the display has no monitor", ErrFailed)
	}
	return shots, nil
}

// monitors lists where the monitors lie on the root window, each place once (mirrored ones share theirs). Where the server does
// not say, the whole root window is one.
func monitors(c *xgb.Conn, screen *xproto.ScreenInfo) []image.Rectangle {
	root := image.Rect(0, 0, int(screen.WidthInPixels), int(screen.HeightInPixels))
	if xinerama.Init(c) != nil {
		return []image.Rectangle{root}
	}
	reply, err := xinerama.QueryScreens(c).Reply()
	if err != nil {
		return []image.Rectangle{root}
	}
	var out []image.Rectangle
	for _, s := range reply.ScreenInfo {
		r := image.Rect(int(s.XOrg), int(s.YOrg), int(s.XOrg)+int(s.Width), int(s.YOrg)+int(s.Height)).Intersect(root)
		if !r.Empty() && !slices.Contains(out, r) {
			out = append(out, r)
		}
	}
	if len(out) == 0 {
		return []image.Rectangle{root}
	}
	return out
}

// layout is how the server writes a pixel (X11 protocol, "Connection Setup": pixmap formats and visuals).
type layout struct {
	order            binary.ByteOrder
	bytes            int // per pixel: 2, 3 or 4
	pad              int // rows are multiples of so many bytes
	red, green, blue uint32
}

func layoutOf(setup *xproto.SetupInfo, screen *xproto.ScreenInfo) (layout, error) {
	l := layout{order: binary.LittleEndian}
	if setup.ImageByteOrder == xproto.ImageOrderMSBFirst {
		l.order = binary.BigEndian
	}
	for _, f := range setup.PixmapFormats {
		if f.Depth == screen.RootDepth {
			l.bytes, l.pad = int(f.BitsPerPixel)/8, int(f.ScanlinePad)/8
		}
	}
	for _, d := range screen.AllowedDepths {
		for _, v := range d.Visuals {
			if v.VisualId == screen.RootVisual && (v.Class == xproto.VisualClassTrueColor || v.Class == xproto.VisualClassDirectColor) {
				l.red, l.green, l.blue = v.RedMask, v.GreenMask, v.BlueMask
			}
		}
	}
	if l.bytes < 2 || l.bytes > 4 || l.pad < 1 || l.red == 0 || l.green == 0 || l.blue == 0 {
		return l, fmt.Errorf("%w: a display with %d colour bits", ErrFailed, screen.RootDepth)
	}
	return l, nil
}

// image turns the rows of the server into a picture.
func (l layout) image(data []byte, w, h int) (*image.RGBA, error) {
	stride := (w*l.bytes + l.pad - 1) / l.pad * l.pad
	if len(data) < stride*h {
		return nil, fmt.Errorf("%w: %d bytes for %d × %d pixels", ErrFailed, len(data), w, h)
	}
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	// Nearly every server writes blue, green, red and a byte of nothing.
	usual := l.bytes == 4 && l.order == binary.LittleEndian && l.red == 0xFF0000 && l.green == 0xFF00 && l.blue == 0xFF
	for y := range h {
		src, dst := data[y*stride:][:w*l.bytes], m.Pix[y*m.Stride:][:4*w]
		if usual {
			for i := 0; i < len(dst); i += 4 {
				v := binary.LittleEndian.Uint32(src[i:])
				binary.LittleEndian.PutUint32(dst[i:], v>>16&0xFF|v&0xFF00|v&0xFF<<16|0xFF000000)
			}
			continue
		}
		for x := range w {
			v := l.pixel(src[x*l.bytes:])
			dst[4*x], dst[4*x+1], dst[4*x+2], dst[4*x+3] = channel(v, l.red), channel(v, l.green), channel(v, l.blue), 0xFF
		}
	}
	return m, nil
}

func (l layout) pixel(b []byte) uint32 {
	switch l.bytes {
	case 2:
		return uint32(l.order.Uint16(b))
	case 3:
		if l.order == binary.LittleEndian {
			return uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16
		}
		return uint32(b[2]) | uint32(b[1])<<8 | uint32(b[0])<<16
	}
	return l.order.Uint32(b)
}

// channel is the part of v under mask, stretched to 0 to 255.
func channel(v, mask uint32) uint8 {
	shift := bits.TrailingZeros32(mask)
	return uint8(uint64(v&mask>>shift) * 255 / uint64(mask>>shift))
}
