package view

import (
	"context"
	"image"
	"image/color"
	"math"
	"testing"

	"fyne.io/fyne/v2"

	"github.com/tallystick/tallystick/app/look"
	"github.com/tallystick/tallystick/app/model"
	"github.com/tallystick/tallystick/scanner"
	"github.com/tallystick/tallystick/scanner/camera"
)

// webcams are two cameras that see a hand's breadth of a poster; nothing moves.
type webcams struct{ open int }

func (*webcams) List() ([]camera.Info, error) {
	return []camera.Info{{ID: "/dev/video0", Name: "Built-in camera"}, {ID: "/dev/video2", Name: "Document camera"}}, nil
}

func (w *webcams) Open(string) (model.Camera, error) {
	w.open++
	return &webcam{of: w}, nil
}

type webcam struct {
	of    *webcams
	given bool
}

func (c *webcam) Frame(ctx context.Context) (image.Image, error) {
	if c.given {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	c.given = true
	m := image.NewRGBA(image.Rect(0, 0, 640, 400))
	for y := range 400 {
		for x := range 640 {
			light := 0.55 + 0.3*math.Sin(float64(x)/210)*math.Cos(float64(y)/170)
			m.Set(x, y, color.RGBA{uint8(190 * light), uint8(178 * light), uint8(160 * light), 255})
		}
	}
	for dy := range 150 {
		for dx := range 150 {
			shade := color.RGBA{225, 222, 214, 255}
			if dx > 12 && dy > 12 && dx < 138 && dy < 138 && (dx/6*7+dy/6*13+dx/6*dy/6)%3 == 0 {
				shade = color.RGBA{40, 38, 36, 255}
			}
			m.Set(230+dx+dy/9, 120+dy-dx/9, shade)
		}
	}
	return m, nil
}

func (c *webcam) Close() { c.of.open-- }

func withCamera(s *stage) {
	openVault(s)
	s.cameras = &webcams{}
}

// filming looks at a code that is for something else.
func filming(s *stage) {
	s.scanner.See(func(image.Image) (scanner.Result, error) {
		return scanner.Result{Codes: []scanner.Code{{Text: "https://portal.example/help", Corners: [4]scanner.Point{
			{X: 243, Y: 132}, {X: 369, Y: 118}, {X: 383, Y: 242}, {X: 257, Y: 257},
		}}}}, nil
	})
	s.session.Add().OpenCamera("")
	s.until(func() bool { return s.session.Add().Film().Picture != nil })
}

func TestCameraPage(t *testing.T) {
	s := newStage(t, phone, look.Config{}, withCamera)
	s.session.Add().Begin()
	s.loop.Run()
	filming(s)
	p := s.root.current.(*addPage)
	if !p.film.finder.Marked() || p.film.said.Text() == "" {
		t.Errorf("marked %v, said %q", p.film.finder.Marked(), p.film.said.Text())
	}
	if !p.film.choice.Visible() || p.film.choice.Selected != "Built-in camera" {
		t.Errorf("the choice of cameras: %v %q", p.film.choice.Visible(), p.film.choice.Selected)
	}
	p.film.choice.SetSelected("Document camera")
	s.until(func() bool { return s.session.Add().Film().Camera == "/dev/video2" })
	s.press(fyne.KeyEscape)
	s.loop.Run()
	if s.session.Add().Stage() == model.Filming {
		t.Error("Escape leaves the camera on")
	}
}
