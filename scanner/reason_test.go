package scanner

import (
	"fmt"
	"image"
	"image/color"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	qrcode "github.com/skip2/go-qrcode"
)

// TestUnread: what is said about a code that was seen and not read is true.
func TestUnread(t *testing.T) {
	code := modules(t, secretText, qrcode.Low)
	const px = 5
	side := len(code) * px
	left, top := 1000-side/2, 450-side/2
	whole := func() *image.RGBA {
		m := desktop(1600, 900, white, black)
		put(m, code, stamp{x: 1000, y: 450, px: px, quiet: 4})
		return m
	}
	cut := func(r image.Rectangle) func() image.Image {
		return func() image.Image { return whole().SubImage(r) }
	}
	covered := func(r image.Rectangle) func() image.Image {
		return func() image.Image {
			m := whole()
			box(m, r.Add(image.Pt(left, top)), color.RGBA{200, 60, 60, 255})
			return m
		}
	}
	type partial struct {
		name  string
		m     func() image.Image
		why   Why
		edges []string
		words string
	}
	cases := []partial{
		{"the right third is missing", cut(image.Rect(0, 0, left+side*2/3, 900)), CutOff, []string{"right"}, "right edge"},
		{"the lower third is missing", cut(image.Rect(0, 0, 1600, top+side*2/3)), CutOff, []string{"bottom"}, "bottom edge"},
		{"the left third is missing", cut(image.Rect(left+side/3, 0, 1600, 900)), CutOff, []string{"left"}, "left edge"},
		{"the upper third is missing", cut(image.Rect(0, top+side/3, 1600, 900)), CutOff, []string{"top"}, "top edge"},
		{"the middle is covered", covered(image.Rect(side/5, side/5, side*4/5, side*4/5)), Damaged, nil, "covered"},
		{"a corner is covered", covered(image.Rect(side*3/5, -20, side+20, side/2)), Covered, nil, "corner"},
		{"the other corner is covered", covered(image.Rect(-20, side*3/5, side/2, side+20)), Covered, nil, "corner"},
		{"the corner between them is covered", covered(image.Rect(-20, -20, side*9/20, side*9/20)), Covered, nil, "corner"},
		{"the corner between them is covered, turned", func() image.Image {
			m := desktop(1600, 900, white, black)
			c := put(m, code, stamp{x: 1000, y: 450, px: px, quiet: 4, turn: 35})
			box(m, image.Rect(int(c[0].X)-50, int(c[0].Y)-50, int(c[0].X)+60, int(c[0].Y)+85), color.RGBA{200, 60, 60, 255})
			return m
		}, Covered, nil, "corner"},
	}
	// One corner is left, turned by so many degrees, and a timing pattern that runs out of the picture.
	for _, turn := range []float64{8, 20, 33, 45, 58, 72, 85} {
		cases = append(cases, partial{fmt.Sprintf("turned by %g°, one corner is left", turn), func() image.Image {
			m := desktop(1600, 900, white, black)
			c := put(m, code, stamp{x: 1000, y: 450, px: px, quiet: 4, turn: turn})
			const half = 95 // of the code
			return m.SubImage(image.Rect(int(c[0].X)-half, int(c[0].Y)-half, int(c[0].X)+half, int(c[0].Y)+half))
		}, CutOff, nil, "edge"})
	}
	cases = append(cases, partial{"two thirds are covered", covered(image.Rect(-20, side*2/5, side+20, side+20)), Covered, nil, "corner"})
	cases = append(cases, partial{"all but one corner and the way to the next is covered", func() image.Image {
		m := whole()
		box(m, image.Rect(left-20, top+10*px, left+side+20, top+side+20), color.RGBA{200, 60, 60, 255})
		box(m, image.Rect(left+side-9*px, top-20, left+side+20, top+side), color.RGBA{200, 60, 60, 255})
		return m
	}, Covered, nil, "corner"})
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			r := mustScan(t, c.m())
			if r.Reason != ReasonUnreadable || r.Unread == nil {
				t.Fatalf("%+v", r)
			}
			u := r.Unread
			if u.Why != c.why || c.edges != nil && !slices.Equal(u.Edges, c.edges) || !strings.Contains(u.String(), c.words) {
				t.Errorf("%q: %+v", u, *u)
			}
			if u.Module < px*0.8 || u.Module > px*1.2 {
				t.Errorf("%.1f pixels per module, drawn with %d", u.Module, px)
			}
		})
	}
	// What is cut off at two edges says so.
	u := verdict(newBitmap(100, 100), Unread{Module: 4, Corners: [4]Point{{-50, -50}, {50, -50}, {50, 50}, {-50, 50}}}, 1)
	if u.String() != "it is cut off at the left and the top edge" {
		t.Error(u)
	}
	for scale, want := range map[float64]Why{0.5: TooSmall, 1: Damaged} {
		if u := verdict(newBitmap(100, 100), Unread{Why: Damaged, Module: 2, Corners: [4]Point{{10, 10}, {90, 10}, {90, 90}, {10, 90}}}, scale); u.Why != want {
			t.Errorf("two pixels at scale %g: %q", scale, u)
		}
	}
}

// TestNothingThere: screens without a code are not said to have one, however much on them looks like a part of one.
func TestNothingThere(t *testing.T) {
	rnd := rand.New(rand.NewPCG(8, 1))
	for i := range 6 {
		m := desktop(1280, 720, white, black)
		// Radio buttons with rulers and text beside them, up to the edge.
		for range 40 {
			x, y, px := rnd.IntN(1200), rnd.IntN(700), 2+rnd.IntN(4)
			decoy(m, x, y, px)
			for k := x + 6*px; k < 1280 && i%2 == 0; k += 3 + rnd.IntN(9) {
				box(m, image.Rect(k, y+2*px, k+1+rnd.IntN(5), y+4*px), black)
			}
		}
		if r := mustScan(t, m); r.Reason != ReasonNoCode || r.Unread != nil {
			t.Errorf("%d: %q, %v", i, r.Reason, r.Unread)
		}
	}
}
