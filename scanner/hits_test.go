package scanner

import (
	"context"
	"fmt"
	"image"
	"image/color"
	"math"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"

	qrcode "github.com/skip2/go-qrcode"
)

// putThrough draws a code through any map: from takes a place of the picture to half sides of the code, where -1 to 1 is inside.
func putThrough(m *image.RGBA, code [][]bool, from func(x, y float64) (u, v float64)) {
	n := float64(len(code))
	const over = 3
	for y := range m.Rect.Dy() {
		for x := range m.Rect.Dx() {
			ink, cover := 0, 0
			for k := range over * over {
				u, v := from(float64(x)+(float64(k%over)+0.5)/over, float64(y)+(float64(k/over)+0.5)/over)
				iu, iv := floor((u+1)*n/2), floor((v+1)*n/2)
				if iu < -3 || iv < -3 || iu >= len(code)+3 || iv >= len(code)+3 {
					continue
				}
				cover++
				if iu >= 0 && iv >= 0 && iu < len(code) && iv < len(code) && code[iv][iu] {
					ink++
				}
			}
			if cover > 0 {
				old := int(m.RGBAAt(x, y).R)
				g := uint8(((cover-ink)*235 + ink*25 + (over*over-cover)*old) / (over * over))
				m.SetRGBA(x, y, color.RGBA{g, g, g, 255})
			}
		}
	}
}

// bottle puts a code around a cylinder that is seen by a camera six half sides away from it: size pixels per half side, thinness is half a side in
// radians of the cylinder, turn how its axis stands, lean how far it leans towards the camera, radians.
func bottle(m *image.RGBA, code [][]bool, size, thinness, turn, lean float64) {
	const away = 6
	sin, cos := math.Sincos(turn)
	sl, cl := math.Sincos(lean)
	putThrough(m, code, func(x, y float64) (float64, float64) {
		px, py := (x-float64(m.Rect.Dx())/2)/size/away, (y-float64(m.Rect.Dy())/2)/size/away
		px, py = cos*px+sin*py, cos*py-sin*px
		// The ray (px, py, 1) from (0, 0, -away), both turned by the lean about the x axis.
		dy, dz := cl*py-sl, sl*py+cl
		oy, oz := sl*away, -cl*away
		if thinness == 0 {
			d := -oz / dz
			return d * px, oy + d*dy
		}
		r := 1 / thinness
		cz := oz - r // from the axis
		a, b, c := px*px+dz*dz, cz*dz, cz*cz-r*r
		if b*b < a*c {
			return 9, 9
		}
		d := (-b - math.Sqrt(b*b-a*c)) / a
		return r * math.Atan2(d*px, -(cz+d*dz)), oy + d*dy
	})
}

// enlarged is m at times over by the mean of what it covers, or repeated.
func enlarged(m *image.RGBA, times, over int) *image.RGBA {
	out := image.NewRGBA(image.Rect(0, 0, m.Rect.Dx()*times/over, m.Rect.Dy()*times/over))
	for y := range out.Rect.Dy() {
		for x := range out.Rect.Dx() {
			sum := 0
			for k := range over * over {
				sum += int(m.RGBAAt((x*over+k%over)/times, (y*over+k/over)/times).R)
			}
			v := uint8(sum / (over * over))
			out.SetRGBA(x, y, color.RGBA{v, v, v, 255})
		}
	}
	return out
}

// roundFinders draws circles over the finders of an upright code of side modules, as portals with a style of their own do.
func roundFinders(m *image.RGBA, side int, s stamp) {
	const over = 4
	far := float64(side)/2 - 3.5
	for _, f := range [3]Point{{-far, -far}, {far, -far}, {-far, far}} {
		cx, cy, reach := s.x+f.X*s.px, s.y+f.Y*s.px, 3.5*s.px
		for y := floor(cy - reach); y <= floor(cy+reach); y++ {
			for x := floor(cx - reach); x <= floor(cx+reach); x++ {
				light, cover := 0, 0
				for k := range over * over {
					dx := (float64(x) + (float64(k%over)+0.5)/over - cx) / s.px
					dy := (float64(y) + (float64(k/over)+0.5)/over - cy) / s.px
					if max(math.Abs(dx), math.Abs(dy)) > 3.5 {
						continue
					}
					cover++
					if d := math.Hypot(dx, dy); d > 1.5 && d < 2.5 || d > 3.5 {
						light++
					}
				}
				v := uint8((255*light + (over*over-cover)*int(m.RGBAAt(x, y).R)) / (over * over))
				m.SetRGBA(x, y, color.RGBA{v, v, v, 255})
			}
		}
	}
}

// TestHitRate holds what is read where it becomes hard: every kind grows harder until nothing can be read any more, and how far
// it gets is what the thresholds are worth. A threshold that is moved the wrong way loses some of these. The floors are
// what was measured; they may only rise.
func TestHitRate(t *testing.T) {
	random := func(i int) *rand.Rand { return rand.New(rand.NewPCG(77, uint64(i))) }
	text := func(i int) string { return fmt.Sprintf("otpauth://totp/Example:a%d?secret=JBSWY3DPEHPK3PXP", i) }
	grey := func(v int) color.RGBA { return color.RGBA{uint8(v), uint8(v), uint8(v), 255} }
	upright := func(s stamp, level qrcode.RecoveryLevel, i, w, h int) *image.RGBA {
		m := page(w, h, white)
		s.x, s.y = float64(w)/2+0.3*float64(i%4), float64(h)/2+0.2*float64(i%3)
		put(m, modules(t, text(i), level), s)
		return m
	}
	cases := []struct {
		name  string
		n     int
		floor int
		draw  func(i int) *image.RGBA
	}{
		{"smaller and smaller", 16, 14, func(i int) *image.RGBA {
			return upright(stamp{px: 2.6 - 0.1*float64(i), quiet: 4}, qrcode.Medium, i, 240, 240)
		}},
		{"smaller and smaller on a screen", 12, 12, func(i int) *image.RGBA {
			return upright(stamp{px: 2.5 - 0.1*float64(i), quiet: 4}, qrcode.Medium, i, 1400, 800)
		}},
		{"softer and softer", 12, 8, func(i int) *image.RGBA {
			return blurred(upright(stamp{px: 5, quiet: 4}, qrcode.Medium, i, 300, 300), i/2)
		}},
		{"noisier and noisier", 16, 12, func(i int) *image.RGBA {
			return noisy(upright(stamp{px: 4, quiet: 4, dark: grey(60), light: grey(200)}, qrcode.Medium, i, 300, 300), 10+12*i, random(i))
		}},
		{"paler and paler", 20, 16, func(i int) *image.RGBA {
			return upright(stamp{px: 5, quiet: 4, dark: grey(255 - 42 + 2*i), light: white}, qrcode.Medium, i, 300, 300)
		}},
		{"pale on a noisy screen", 12, 10, func(i int) *image.RGBA {
			m := noisy(page(800, 600, grey(128)), 12, random(i))
			put(m, modules(t, text(i), qrcode.Medium), stamp{x: 400, y: 300, px: 4, quiet: 4, dark: grey(190 + 4*i), light: grey(240)})
			return m
		}},
		{"more and more bent", 16, 7, func(i int) *image.RGBA {
			by := 0.01 * float64(i)
			m := page(320, 320, grey(90))
			putThrough(m, modules(t, text(i), qrcode.Low), func(x, y float64) (float64, float64) {
				u, v := (x-160)/105, (y-160)/105
				return u + by*math.Sin(3*v+0.5), v + by*math.Sin(3*u)
			})
			return m
		}},
		{"large and more and more bent", 10, 9, func(i int) *image.RGBA {
			by := 0.008 * float64(i)
			m := page(420, 420, grey(90))
			long := text(i) + "&issuer=A+name+that+is+long+enough+to+make+the+code+larger+than+version+six+for+certain+and+then+some+more"
			putThrough(m, modules(t, long, qrcode.Medium), func(x, y float64) (float64, float64) {
				u, v := (x-210)/160, (y-210)/160
				return u + by*math.Sin(2*v+0.5), v + by*math.Cos(2*u)
			})
			return m
		}},
		{"leaning more and more", 16, 7, func(i int) *image.RGBA {
			a := 0.04 * float64(i)
			m := page(400, 400, grey(90))
			putThrough(m, modules(t, text(i), qrcode.Low), func(x, y float64) (float64, float64) {
				u, v := (x-200)/120, (y-200)/120
				w := 1 - a*u + a/2*v
				if w < 0.05 {
					return 9, 9
				}
				return u / w, v / w
			})
			return m
		}},
		{"through a camera, leaning more and more", 14, 6, func(i int) *image.RGBA {
			a := 0.03 * float64(i)
			m := page(480, 480, grey(90))
			long := text(i) + "&issuer=A+name+that+is+long+enough+to+make+the+code+larger+than+version+six"
			putThrough(m, modules(t, long, qrcode.Medium), func(x, y float64) (float64, float64) {
				u, v := (x-240)/150, (y-240)/150
				u, v = 0.97*u-0.24*v, 0.24*u+0.97*v
				w := 1 - a*u - 0.8*a*v
				if w < 0.05 {
					return 9, 9
				}
				return u / w, v / w
			})
			return noisy(blurred(m, 1), 30, random(i))
		}},
		{"a growing stain", 14, 11, func(i int) *image.RGBA {
			m := upright(stamp{px: 5, quiet: 4}, qrcode.Highest, i, 360, 360)
			z := 10 * i
			box(m, image.Rect(180-z/2, 180-z/2, 180-z/2+z, 180-z/2+z), grey(120))
			return m
		}},
		{"a growing stain on a timing pattern", 12, 12, func(i int) *image.RGBA {
			m := upright(stamp{px: 5, quiet: 4}, qrcode.Highest, i, 360, 360)
			z := 8 * i
			left := 180 - len(modules(t, text(i), qrcode.Highest))*5/2
			box(m, image.Rect(180-z/2, left+28, 180-z/2+z, left+38), white)
			return m
		}},
		{"one finder in three gnawed", 12, 12, func(i int) *image.RGBA {
			m := upright(stamp{px: 6, quiet: 4}, qrcode.High, i, 420, 420)
			half := len(modules(t, text(i), qrcode.High)) * 3
			box(m, image.Rect(210-half-8, 210-half-8, 210-half+3*i, 210-half+3*i), white)
			return m
		}},
		{"a growing thumb on a corner", 16, 16, func(i int) *image.RGBA {
			m := upright(stamp{px: 5, quiet: 4}, qrcode.High, i, 420, 420)
			half := float64(len(modules(t, text(i), qrcode.High))) * 2.5
			at := [3]Point{{210 - half, 210 - half}, {210 + half, 210 - half}, {210 - half, 210 + half}}[i%3]
			reach := float64(18 + 4*i)
			for y := range 420 {
				for x := range 420 {
					if math.Hypot(float64(x)-at.X, (float64(y)-at.Y)/1.3) < reach {
						m.SetRGBA(x, y, [3]color.RGBA{{205, 150, 125, 255}, black, {120, 120, 120, 255}}[i/3%3])
					}
				}
			}
			return m
		}},
		{"turned and smaller and smaller on a large screen", 20, 20, func(i int) *image.RGBA {
			m := page(640, 1600, white) // too large to be looked at in double size
			put(m, modules(t, text(i), qrcode.Medium), stamp{x: 200 + 0.3*float64(i%4), y: 700 + 0.7*float64(i), px: 3 - 0.05*float64(i), quiet: 4, turn: 22 + 7*float64(i%5)})
			return m
		}},
		{"round finders, smaller and smaller", 20, 20, func(i int) *image.RGBA {
			s := stamp{x: 150 + 0.3*float64(i%4), y: 150 + 0.2*float64(i%3), px: 3.6 - 0.1*float64(i), quiet: 4}
			code := modules(t, text(i), qrcode.Medium)
			m := page(1100, 950, white) // too large to be looked at in double size
			put(m, code, s)
			roundFinders(m, len(code), s)
			return m
		}},
		{"around a thinner and thinner bottle", 14, 13, func(i int) *image.RGBA {
			m := page(480, 480, grey(90))
			code := modules(t, text(i)+"&issuer=Example+Company&algorithm=SHA1&digits=6", qrcode.Medium)
			bottle(m, code, 150, 0.08*float64(i), 0.45, 0.35)
			return m
		}},
		{"large, around a thinner and thinner bottle", 10, 7, func(i int) *image.RGBA {
			m := page(560, 560, grey(90))
			code := modules(t, text(i)+strings.Repeat("&more=words+for+a+larger+code", 10), qrcode.Low)
			bottle(m, code, 200, 0.1*float64(i), 0.4, -0.2)
			return m
		}},
		{"turned and leaning further and further", 14, 8, func(i int) *image.RGBA {
			// A camera three half sides away from a code that is turned by 30° and leans by more and more degrees.
			m := page(480, 480, grey(90))
			lean := float64(20+4*i) * math.Pi / 180
			sin, cos := math.Sincos(lean)
			putThrough(m, modules(t, text(i), qrcode.Medium), func(x, y float64) (float64, float64) {
				px, py := (x-240)/480, (y-240)/480
				d := 3 / (cos - px*sin)
				if d < 0 {
					return 9, 9
				}
				u, v := d*px, d*py*cos
				return 0.87*u - 0.5*v, 0.5*u + 0.87*v
			})
			return m
		}},
		{"under darker and darker blinds", 12, 6, func(i int) *image.RGBA {
			m := upright(stamp{px: 5, quiet: 4, light: grey(230), dark: grey(30)}, qrcode.Medium, i, 300, 300)
			for y := range 300 {
				for x := range 300 {
					// A third of all is lit; the shadow ends within two pixels.
					k := min(1, max(0, 0.5+8*(math.Sin(float64(x+2*y)/16)-0.4)/2))
					v := float64(m.RGBAAt(x, y).R) * (k + (1-k)*(0.75-0.05*float64(i)))
					m.SetRGBA(x, y, grey(int(v)))
				}
			}
			return m
		}},
		{"softer and softer, small modules", 12, 10, func(i int) *image.RGBA {
			return enlarged(blurred(enlarged(upright(stamp{px: 3, quiet: 4}, qrcode.Low, i, 150, 150), 3, 1), 2+i/2), 1, 3)
		}},
		{"text shining through more and more", 14, 13, func(i int) *image.RGBA {
			m := upright(stamp{px: 9, quiet: 4, light: grey(235), dark: grey(160)}, qrcode.Medium, i, 480, 480)
			ink := page(480, 480, white)
			scribble(ink, ink.Rect, black, random(i))
			for y := range 480 {
				for x := range 480 {
					v := int(m.RGBAAt(x, y).R)
					m.SetRGBA(x, y, grey(v-(255-int(ink.RGBAAt(x, y).R))*(10+6*i)/255))
				}
			}
			return m
		}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			hits, pattern := 0, ""
			for i := range c.n {
				r := mustScan(t, c.draw(i))
				mark := "."
				if len(r.Codes) == 1 {
					if len(r.Codes[0].Text) < 10 || r.Codes[0].Text[:len(text(i))] != text(i) {
						t.Errorf("%d: read %q", i, r.Codes[0].Text)
					}
					hits++
					mark = "#"
				}
				pattern += mark
			}
			t.Logf("%2d of %d  %s", hits, c.n, pattern)
			if hits < c.floor {
				t.Errorf("%d of %d read, floor is %d", hits, c.n, c.floor)
			}
		})
	}
}

// TestMemory: a frame costs less than twice its grey size, and the next frame of a stream next to nothing.
func TestMemory(t *testing.T) {
	m := desktop(3840, 2160, white, black)
	put(m, modules(t, secretText, qrcode.Medium), stamp{x: 2400, y: 1000, px: 8, quiet: 4})
	work := new(workspace)
	frame := func() uint64 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		sc := &scan{ctx: context.Background(), work: work, reader: newReader()}
		if err := sc.run(m); err != nil || len(sc.codes) != 1 {
			t.Fatal(err, len(sc.codes))
		}
		runtime.ReadMemStats(&after)
		return after.TotalAlloc - before.TotalAlloc
	}
	const grey = 3840 * 2160
	if n := frame(); n > 2*grey {
		t.Errorf("the first frame allocates %d bytes", n)
	}
	if n := frame(); n > grey/16 {
		t.Errorf("the second frame allocates %d bytes", n)
	}
	work.wipe()
	if work.grey[grey/2] != 0 || work.sizes[0].words[20000] != 0 || work.sizes[1].half[100000] != 0 {
		t.Error("the picture is still there")
	}
}
