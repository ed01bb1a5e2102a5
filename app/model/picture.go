package model

import (
	"image"

	"github.com/tallystick/tallystick/vault/picture"
)

// DecodePicture is the picture of an account; nil when it cannot be shown. It takes a fraction of a millisecond: keep what it returns.
func DecodePicture(text string) image.Image {
	if text == "" {
		return nil
	}
	img, err := picture.Decode(text)
	if err != nil {
		return nil // another program wrote it; the letters do
	}
	return img
}

// ReadPicture makes the picture of an account from a file: PNG, JPEG, WebP, GIF or BMP. done gets it, or a sentence. It is not called when the
// vault is locked meanwhile.
func (l *List) ReadPicture(path string, done func(small, problem string)) {
	go func() {
		small, err := pictureIn(path)
		l.s.d.Post(func() {
			if l.s.state == Open {
				done(small, Sentence(err))
			}
		})
	}()
}

func pictureIn(path string) (string, error) {
	data, err := readFile(path, picture.MaxSource, picture.ErrUnknown)
	if err != nil {
		return "", err
	}
	return picture.Small(data)
}
