package main

import (
	"bytes"
	"fmt"
	"image"
	"image/draw"
	"image/jpeg"
	"math"
	"math/rand/v2"

	qrcode "github.com/skip2/go-qrcode"
)

// photographs are codes as a camera sees them on paper, on bottles and on other screens: n of every kind, the same for the same seed.
func photographs(n int, seed uint64, each func(p picture, m *image.RGBA) error) error {
	for k, kind := range photographed {
		for i := range n {
			s := scene{rnd: rand.New(rand.NewPCG(seed, uint64(1000*k+i))), soft: 0.6, noise: 0.015, quality: 80}
			kind.arrange(&s)
			p := picture{Set: "photograph, " + kind.name, Image: fmt.Sprintf("photograph %s/%d", kind.name, i), Expected: s.texts}
			if err := each(p, s.take()); err != nil {
				return err
			}
		}
	}
	return nil
}

const photoWidth, photoHeight = 1024, 768

// scene is what stands before the camera. Lengths are half sides of the first code.
type scene struct {
	rnd    *rand.Rand
	labels []label
	texts  []string
	// tilt is how far the surface leans away, in the direction az; roll how the camera is turned; radians. bow is one by the radius of the bottle
	// it is wrapped around.
	tilt, az, roll, bow float64
	px                  float64 // pixels to a length, where the camera looks
	light               func(x, y float64) float64
	soft, noise         float64 // of the lens, in pixels, and of the sensor
	quality             int     // of the JPEG
	grid                float64 // of the pixels of a screen that is photographed, 0 for paper
	inverted            bool
}

type label struct {
	x, y float64
	code [][]bool
}

func (s *scene) between(a, b float64) float64 { return a + (b-a)*s.rnd.Float64() }

// label puts a code at (x, y); module is the pixels of one.
func (s *scene) label(x, y, module float64, more int) {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
	key := make([]byte, []int{16, 26, 32, 52}[s.rnd.IntN(4)]+more)
	for i := range key {
		key[i] = letters[s.rnd.IntN(len(letters))]
	}
	text := fmt.Sprintf("otpauth://totp/Example:person%d%%40example.org?secret=%s&issuer=Example", s.rnd.IntN(1000), key)
	q, err := qrcode.New(text, []qrcode.RecoveryLevel{qrcode.Low, qrcode.Medium}[s.rnd.IntN(2)])
	if err != nil {
		panic(err) // some hundred letters always fit
	}
	q.DisableBorder = true
	l := label{x, y, q.Bitmap()}
	s.labels, s.texts = append(s.labels, l), append(s.texts, text)
	if len(s.labels) == 1 {
		s.px = min(module*float64(len(l.code))/2, 0.36*photoHeight)
		s.az, s.roll = s.between(0, 2*math.Pi), s.between(-math.Pi, math.Pi)
		s.light = func(x, y float64) float64 { return 0.85 - 0.3*(x*x+y*y) }
	}
}

// module is the side of one of the first code, in pixels.
func (s *scene) module() float64 { return 2 * s.px / float64(len(s.labels[0].code)) }

// lit changes the light; x and y run from -1 to 1 across the picture.
func (s *scene) lit(by func(x, y, before float64) float64) {
	before := s.light
	s.light = func(x, y float64) float64 { return by(x, y, before(x, y)) }
}

var photographed = []struct {
	name    string
	arrange func(s *scene)
}{
	{"by hand", func(s *scene) { s.label(0, 0, s.between(3, 9), 0); s.tilt = s.between(0, 0.45) }},
	{"from the side", func(s *scene) { s.label(0, 0, s.between(5, 10), 0); s.tilt = s.between(0.6, 1) }},
	{"far away", func(s *scene) { s.label(0, 0, s.between(1.7, 2.6), 0); s.soft = 0.4 }},
	{"out of focus", func(s *scene) { s.label(0, 0, s.between(4, 9), 0); s.soft = s.between(0.3, 0.55) * s.module() }},
	{"in the dark", func(s *scene) {
		s.label(0, 0, s.between(4, 9), 0)
		k := s.between(0.06, 0.2)
		s.lit(func(_, _, l float64) float64 { return k * l })
		s.noise = 0.02
	}},
	{"with glare", func(s *scene) {
		s.label(0, 0, s.between(4, 9), 0)
		gx, gy, r := s.between(-0.2, 0.2), s.between(-0.2, 0.2), s.between(0.1, 0.3)
		s.lit(func(x, y, l float64) float64 { return l + 1.5*math.Exp(-((x-gx)*(x-gx)+(y-gy)*(y-gy))/(r*r)) })
	}},
	{"under blinds", func(s *scene) {
		s.label(0, 0, s.between(4, 9), 0)
		turn, period, k := s.between(0, 6), s.between(0.08, 0.25), s.between(0.3, 0.6)
		s.lit(func(x, y, l float64) float64 {
			edge := 6 * math.Sin((x*math.Cos(turn)+y*math.Sin(turn))/period*2*math.Pi)
			return l * (k + (1-k)/(1+math.Exp(-edge)))
		})
	}},
	{"on a bottle", func(s *scene) {
		s.label(0, 0, s.between(5, 10), 0)
		s.tilt, s.bow = s.between(0, 0.4), s.between(0.45, 0.8)
	}},
	{"on a screen", func(s *scene) {
		s.label(0, 0, s.between(4, 10), 0)
		s.tilt, s.inverted = s.between(0, 0.4), s.rnd.IntN(2) == 0
		s.grid = 2 / float64(len(s.labels[0].code)) / float64(2+s.rnd.IntN(4))
		bands := s.between(0, 0.5)
		s.lit(func(_, y, l float64) float64 { return l * (1 - bands*(0.5+0.5*math.Sin(13*y))) })
	}},
	{"large", func(s *scene) { s.label(0, 0, s.between(5, 8), 300); s.tilt = s.between(0, 0.35) }},
	{"a page of labels", func(s *scene) {
		for i := range 28 {
			s.label(2.7*float64(i%7-3), 2.7*(float64(i/7)-1.5), 1, 0)
		}
		s.px, s.roll, s.soft = 52, s.between(-0.1, 0.1), 0.4
	}},
	{"nothing", func(s *scene) { s.label(0, 0, 9, 0); s.labels, s.texts = nil, nil }},
}

// ink is how light the surface is at (x, y), 0 to 1: the codes on paper or a screen, on a table with other papers.
func (s *scene) ink(x, y float64, papers []label) float64 {
	dark, light := 0.08, 0.92
	if s.inverted {
		dark, light = light, dark
	}
	for _, l := range s.labels {
		n := float64(len(l.code))
		u, v := floor((x-l.x+1)*n/2), floor((y-l.y+1)*n/2)
		switch {
		case u < -4 || v < -4 || u >= len(l.code)+4 || v >= len(l.code)+4:
			continue
		case u < 0 || v < 0 || u >= len(l.code) || v >= len(l.code) || !l.code[v][u]:
			return light
		}
		return dark
	}
	if math.Abs(x) < 1.7 && math.Abs(y) < 1.7 {
		return 0.95 * light
	}
	for i, p := range papers {
		if dx, dy := x-p.x, y-p.y; math.Abs(dx+0.3*dy) < 0.7 && math.Abs(dy-0.3*dx) < 0.5 {
			if i%2 == 0 && math.Mod(math.Abs(dy), 0.1) < 0.05 && math.Sin(40*dx)+math.Sin(90*dx+7*math.Floor(10*dy)) > 0 {
				return 0.2
			}
			return 0.3 + 0.6*math.Mod(0.37*float64(i), 1)
		}
	}
	return 0.45
}

func floor(v float64) int { return int(math.Floor(v)) }

// place is what the camera sees at the pixel (px, py); ok is false past the edge of the surface.
func (s *scene) place(px, py float64) (x, y float64, ok bool) {
	const focus = 835.0 // pixels: a view of 63° from edge to edge
	away := focus / s.px
	px, py = (px-photoWidth/2)/focus, (py-photoHeight/2)/focus
	sin, cos := math.Sincos(s.roll)
	turned := func(v [3]float64) [3]float64 {
		st, ct := math.Sincos(s.tilt)
		sa, ca := math.Sincos(s.az)
		a, b := ca*v[0]+sa*v[1], ca*v[1]-sa*v[0]
		b, c := ct*b-st*v[2], st*b+ct*v[2]
		return [3]float64{ca*a - sa*b, sa*a + ca*b, c}
	}
	d, o := turned([3]float64{cos*px + sin*py, cos*py - sin*px, 1}), turned([3]float64{0, 0, -away})
	if s.bow == 0 {
		t := -o[2] / d[2]
		return o[0] + t*d[0], o[1] + t*d[1], d[2] > 1e-6
	}
	r := 1 / s.bow
	oz := o[2] - r
	a, b, c := d[0]*d[0]+d[2]*d[2], o[0]*d[0]+oz*d[2], o[0]*o[0]+oz*oz-r*r
	if b*b < a*c {
		return 0, 0, false
	}
	t := (-b - math.Sqrt(b*b-a*c)) / a
	return r * math.Atan2(o[0]+t*d[0], -(oz+t*d[2])), o[1] + t*d[1], true
}

// take presses the button.
func (s *scene) take() *image.RGBA {
	var papers []label
	for range 16 {
		papers = append(papers, label{x: s.between(-5, 5), y: s.between(-4, 4)})
	}
	seen := make([]float64, photoWidth*photoHeight)
	const over = 3
	for i := range seen {
		x, y := i%photoWidth, i/photoWidth
		for k := range over * over {
			u, v, ok := s.place(float64(x)+(float64(k%over)+0.5)/over, float64(y)+(float64(k/over)+0.5)/over)
			if !ok {
				continue
			}
			value := s.ink(u, v, papers)
			if s.grid > 0 { // dark gaps between the lines and the colours of the screen's pixels
				if a := v / s.grid; a-math.Floor(a) < 0.2 {
					value *= 0.5
				}
				if a := 3 * u / s.grid; a-math.Floor(a) < 0.3 {
					value *= 0.7
				}
			}
			seen[i] += value / (over * over)
		}
		seen[i] *= s.light(2*float64(x)/photoWidth-1, 2*float64(y)/photoHeight-1)
	}
	seen = softened(softened(seen, s.soft, 1, photoWidth), s.soft, photoWidth, photoHeight)
	m := image.NewGray(image.Rect(0, 0, photoWidth, photoHeight))
	for i, v := range seen {
		m.Pix[i] = uint8(255*min(1, max(0, v+s.noise*s.rnd.NormFloat64())) + 0.5)
	}
	out := image.NewRGBA(m.Rect)
	var file bytes.Buffer
	if err := jpeg.Encode(&file, m, &jpeg.Options{Quality: s.quality}); err != nil {
		panic(err) // into memory
	}
	saved, err := jpeg.Decode(&file)
	if err != nil {
		panic(err) // just written
	}
	draw.Draw(out, out.Rect, saved, image.Point{}, draw.Src)
	return out
}

// softened is in through a lens that blurs by so many pixels, along rows (stride 1) or columns, which are length long.
func softened(in []float64, by float64, stride, length int) []float64 {
	reach := int(math.Ceil(3 * by))
	weights, sum := make([]float64, 2*reach+1), 0.0
	for i := range weights {
		d := float64(i-reach) / by
		weights[i] = math.Exp(-d * d / 2)
		sum += weights[i]
	}
	out := make([]float64, len(in))
	for i := range in {
		at := i / stride % length
		for k, w := range weights {
			out[i] += w / sum * in[i+stride*(min(max(at+k-reach, 0), length-1)-at)]
		}
	}
	return out
}
