//go:build linux

package desktop

import (
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"

	"github.com/jezek/xgb/xproto"
)

// Picture takes a picture of the whole screen.
func (d *Desktop) Picture() (*image.RGBA, error) {
	return d.picture(image.Rect(0, 0, int(d.screen.WidthInPixels), int(d.screen.HeightInPixels)))
}

// Height of the screen in pixels.
func (d *Desktop) Height() int { return int(d.screen.HeightInPixels) }

func (d *Desktop) picture(r image.Rectangle) (*image.RGBA, error) {
	r = r.Intersect(image.Rect(0, 0, int(d.screen.WidthInPixels), int(d.screen.HeightInPixels)))
	if r.Empty() {
		return nil, fmt.Errorf("desktop: nothing of %v is on the screen", r)
	}
	reply, err := xproto.GetImage(d.x, xproto.ImageFormatZPixmap, xproto.Drawable(d.screen.Root),
		int16(r.Min.X), int16(r.Min.Y), uint16(r.Dx()), uint16(r.Dy()), 0xffffffff).Reply()
	if err != nil {
		return nil, fmt.Errorf("desktop: taking a picture: %w", err)
	}
	if len(reply.Data) < 4*r.Dx()*r.Dy() {
		return nil, fmt.Errorf("desktop: taking a picture: %d bytes for %v", len(reply.Data), r)
	}
	img := image.NewRGBA(image.Rect(0, 0, r.Dx(), r.Dy()))
	for i := 0; i < len(img.Pix); i += 4 { // the server gives blue, green, red, nothing
		img.Pix[i], img.Pix[i+1], img.Pix[i+2], img.Pix[i+3] = reply.Data[i+2], reply.Data[i+1], reply.Data[i], 0xff
	}
	return img, nil
}

// SavePicture takes a picture of the whole screen and saves it as NN-name.png in the artefacts. It returns the path.
func (d *Desktop) SavePicture(name string) (string, error) {
	img, err := d.Picture()
	if err != nil {
		return "", err
	}
	d.mu.Lock()
	d.pictures++
	n := d.pictures
	d.mu.Unlock()
	path := filepath.Join(d.Artefacts, fmt.Sprintf("%02d-%s.png", n, name))
	return path, WritePNG(path, img)
}

// WritePNG writes a picture to a file.
func WritePNG(path string, img image.Image) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	encoder := png.Encoder{CompressionLevel: png.BestSpeed}
	if err := encoder.Encode(f, img); err != nil {
		return err
	}
	return f.Close()
}

// Count says how many pixels of img have exactly this colour.
func Count(img *image.RGBA, c color.RGBA) int {
	n := 0
	for i := 0; i < len(img.Pix); i += 4 {
		if img.Pix[i] == c.R && img.Pix[i+1] == c.G && img.Pix[i+2] == c.B {
			n++
		}
	}
	return n
}
