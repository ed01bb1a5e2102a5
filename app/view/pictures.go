package view

import (
	"image"

	"github.com/tallystick/tallystick/app/model"
	"github.com/tallystick/tallystick/app/widget"
)

// maxPictures is how many pictures are kept ready: some screens full, 10 MB.
const maxPictures = 256

// pictures are the accounts' own pictures as marks show them, made when they are first seen. A second's tick asks for those on the screen.
type pictures struct {
	made  map[model.ID]madePicture
	order []model.ID // the one that was made first in front
}

type madePicture struct {
	text string
	img  image.Image // nil: it cannot be shown
}

// of is the picture of an account; nil when it has none.
func (p *pictures) of(id model.ID, text string) image.Image {
	if text == "" {
		return nil
	}
	m, there := p.made[id]
	if there && m.text == text { // the same memory, mostly: no comparison of bytes
		return m.img
	}
	m = madePicture{text: text}
	if img := model.DecodePicture(text); img != nil {
		m.img = widget.Round(img)
	}
	if p.made == nil {
		p.made = map[model.ID]madePicture{}
	}
	if !there {
		if len(p.order) >= maxPictures {
			delete(p.made, p.order[0])
			p.order = p.order[1:]
		}
		p.order = append(p.order, id)
	}
	p.made[id] = m
	return m.img
}

// forget drops all of them: the vault is locked.
func (p *pictures) forget() { p.made, p.order = nil, nil }
