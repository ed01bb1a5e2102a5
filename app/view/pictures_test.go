package view

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"fyne.io/fyne/v2"

	"github.com/tallystick/tallystick/app/look"
	"github.com/tallystick/tallystick/app/model"
	"github.com/tallystick/tallystick/vault/picture"
)

// emblem is a made-up picture of an account: a wave on a square, or in nothing.
func emblem(t testing.TB, ground, ink color.NRGBA) []byte {
	t.Helper()
	img := image.NewNRGBA(image.Rect(0, 0, 96, 96))
	for y := range 96 {
		for x := range 96 {
			img.SetNRGBA(x, y, ground)
			if d := y - 48 - (x%32-16)*(x%32-16)/16; d > -14 && d < 6 && x > 12 && x < 84 {
				img.SetNRGBA(x, y, ink)
			}
		}
	}
	var out bytes.Buffer
	if err := png.Encode(&out, img); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func shrunk(t testing.TB, data []byte) string {
	t.Helper()
	s, err := picture.Small(data)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

var (
	sea, sand = color.NRGBA{18, 92, 128, 255}, color.NRGBA{246, 214, 150, 255}
	leaf      = color.NRGBA{40, 130, 70, 255}
)

// picturedVault has accounts with pictures of their own: one that fills its square, one on nothing, and a white one on nothing.
func picturedVault(s *stage) {
	list := accounts()
	list[0].Picture = shrunk(s.t, emblem(s.t, sea, sand))
	list[2].Picture = shrunk(s.t, emblem(s.t, color.NRGBA{}, leaf))
	list[3].Picture = shrunk(s.t, emblem(s.t, color.NRGBA{}, color.NRGBA{255, 255, 255, 255}))
	s.vault.Fill("", list...)
}

// TestPicturesAreMadeOnce: a tick makes nothing anew, and no more are kept than a few screens need.
func TestPicturesAreMadeOnce(t *testing.T) {
	var p pictures
	text := shrunk(t, emblem(t, sea, sand))
	first := p.of("a", text)
	if first == nil || p.of("a", text) != first {
		t.Error("it is made twice")
	}
	if p.of("a", shrunk(t, emblem(t, sand, sea))) == first {
		t.Error("another picture of the same account is not noticed")
	}
	if p.of("b", "") != nil || p.of("c", "GIF89a") != nil {
		t.Error("there is a picture where there is none")
	}
	for i := range 2 * maxPictures {
		p.of(model.ID(fmt.Sprint(i)), text)
	}
	if len(p.made) != maxPictures || len(p.order) != maxPictures {
		t.Errorf("%d pictures are kept, %d in order", len(p.made), len(p.order))
	}
}

// TestEditPicture chooses a picture from a file and takes it away again.
func TestEditPicture(t *testing.T) {
	s := newStage(t, phone, look.Config{}, openVault)
	file, drawing := filepath.Join(t.TempDir(), "emblem.png"), filepath.Join(t.TempDir(), "emblem.svg")
	if err := os.WriteFile(file, emblem(t, sea, sand), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(drawing, []byte(`<svg xmlns="http://www.w3.org/2000/svg"/>`), 0o600); err != nil {
		t.Fatal(err)
	}
	id := s.session.List().Row(0).ID
	edit := func(do func(p *editPage)) string {
		t.Helper()
		s.root.openEdit(id)
		p := s.root.current.(*editPage)
		do(p)
		p.submit()
		s.until(func() bool { return s.root.current == page(s.root.main) })
		row, _ := s.session.List().Get(id)
		return row.Picture
	}
	if got := edit(func(p *editPage) {
		p.takePicture(drawing)
		s.until(func() bool { return p.fields["picture"].Problem() != "" })
		p.takePicture(file)
		s.until(func() bool { return p.form.Picture != "" })
	}); got != shrunk(t, emblem(t, sea, sand)) {
		t.Errorf("the account has a picture of %d bytes", len(got))
	}
	i := s.session.List().Index(id)
	if s.root.main.rowState(i).Picture == nil {
		t.Error("the row does not show it")
	}
	if got := edit(func(p *editPage) { p.name.SetText("renamed") }); got == "" {
		t.Error("another change takes the picture away")
	}
	if got := edit(func(p *editPage) { p.noPicture.Tapped(&fyne.PointEvent{}) }); got != "" {
		t.Error("it was not taken away")
	}
}
