package view

import (
	"fyne.io/fyne/v2"

	"github.com/tallystick/tallystick/app/look"
	"github.com/tallystick/tallystick/app/model"
	"github.com/tallystick/tallystick/app/widget"
)

// filmPane is what is seen through the camera, until a code is found.
type filmPane struct {
	page   *addPage
	add    *model.Add
	finder *widget.Viewfinder
	said   *widget.Banner
	choice *widget.Select
	ids    []string // of the cameras the choice offers
}

func (p *addPage) filming() fyne.CanvasObject {
	f := &filmPane{page: p, add: p.add, finder: widget.NewViewfinder(), said: widget.NewBanner()}
	f.choice = widget.NewSelect(nil, f.choose)
	f.choice.Hide()
	p.film = f
	cancel := widget.NewButton(widget.Secondary, "Stop the camera", look.IconClose, p.back)
	p.first = cancel
	f.update()
	return sheet("Hold it up to the camera", p.back,
		widget.NewText(widget.Muted, "Hold the QR code still, flat, and large in the picture. It is taken by itself."),
		f.finder, f.said, f.choice, cancel)
}

// update shows the newest picture.
func (f *filmPane) update() {
	film := f.add.Film()
	marker := make([]fyne.Position, len(film.Marker))
	for i, at := range film.Marker {
		marker[i] = fyne.NewPos(float32(at.X), float32(at.Y))
	}
	f.finder.Set(film.Picture, marker)
	if f.said.Text() != film.Said {
		f.said.Set(widget.Warning, "", film.Said)
		f.page.body.Refresh()
	}
	if len(film.Cameras) < 2 || len(film.Cameras) == len(f.ids) {
		return
	}
	f.ids = nil
	names := make([]string, len(film.Cameras))
	for i, c := range film.Cameras {
		names[i] = c.Name
		if names[i] == "" {
			names[i] = c.ID
		}
		f.ids = append(f.ids, c.ID)
		if c.ID == film.Camera {
			f.choice.Selected = names[i]
		}
	}
	f.choice.Options = names
	f.choice.Show()
	f.choice.Refresh()
	f.page.body.Refresh()
}

// choose goes on with another camera.
func (f *filmPane) choose(name string) {
	for i, option := range f.choice.Options {
		if option == name && f.ids[i] != f.add.Film().Camera {
			f.add.OpenCamera(f.ids[i])
			return
		}
	}
}
