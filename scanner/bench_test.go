package scanner

import (
	"context"
	"fmt"
	"image"
	"maps"
	"runtime"
	"slices"
	"strings"
	"testing"

	qrcode "github.com/skip2/go-qrcode"
)

func BenchmarkScan(b *testing.B) {
	for _, size := range []struct {
		name string
		w, h int
		px   float64
	}{{"1080p", 1920, 1080, 5}, {"4K", 3840, 2160, 10}} {
		for _, code := range []bool{true, false} {
			m := desktop(size.w, size.h, white, black)
			if code {
				put(m, modules(b, secretText, qrcode.Medium), stamp{x: float64(size.w) * 0.62, y: float64(size.h) / 2, px: size.px, quiet: 4})
			}
			b.Run(fmt.Sprintf("%s/code=%v", size.name, code), func(b *testing.B) {
				s := New()
				b.ReportAllocs()
				for b.Loop() {
					r, err := s.Scan(context.Background(), m)
					if err != nil || (len(r.Codes) == 1) != code {
						b.Fatal(r, err)
					}
				}
			})
		}
	}
}

func BenchmarkGrey(b *testing.B) {
	for _, size := range [][2]int{{1920, 1080}, {3840, 2160}} {
		m := desktop(size[0], size[1], white, black)
		b.Run(fmt.Sprintf("%dx%d", size[0], size[1]), func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(m.Pix)))
			var pix []byte
			for b.Loop() {
				grey(m, onWhite, &pix)
			}
		})
	}
}

func BenchmarkStages(b *testing.B) {
	m := desktop(3840, 2160, white, black)
	p, _ := grey(m, onWhite, new([]byte))
	l := binarize(p, lookNormal)
	b.Run("half", func(b *testing.B) {
		var pix []byte
		for b.Loop() {
			half(p, &pix)
		}
	})
	b.Run("measure", func(b *testing.B) {
		var room buffers
		for b.Loop() {
			l.measure(p, &room)
		}
	})
	b.Run("threshold", func(b *testing.B) {
		for b.Loop() {
			l.apply(lookNormal)
		}
	})
	b.Run("finders", func(b *testing.B) {
		var scans [2]rowScan
		for b.Loop() {
			findFinders(l.bits, nil, lookNormal, 1, &scans, &effort{})
		}
	})
}

// BenchmarkNoise is the worst ordinary picture: everything looks a little like a finder.
func BenchmarkNoise(b *testing.B) {
	m := image.NewRGBA(image.Rect(0, 0, 1920, 1080))
	for i := range m.Pix {
		m.Pix[i] = uint8(i * i >> 7)
	}
	s := New()
	for b.Loop() {
		if _, err := s.Scan(context.Background(), m); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkHostile is every picture that was made to take long, at full HD.
func BenchmarkHostile(b *testing.B) {
	pictures := hostile(b)
	for _, name := range slices.Sorted(maps.Keys(pictures)) {
		m := pictures[name]()
		b.Run(strings.ReplaceAll(name, " ", "-"), func(b *testing.B) {
			s := New()
			for b.Loop() {
				if _, err := s.Scan(context.Background(), m); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkFrames is a screen of 4K, once and then as the next frame of a stream: what is allocated, beside the size of its grey.
func BenchmarkFrames(b *testing.B) {
	m := desktop(3840, 2160, white, black)
	put(m, modules(b, secretText, qrcode.Medium), stamp{x: 2400, y: 1000, px: 8, quiet: 4})
	const grey = 3840 * 2160
	for _, next := range []bool{false, true} {
		b.Run(map[bool]string{false: "first", true: "next"}[next], func(b *testing.B) {
			b.ReportAllocs()
			s := New()
			if _, err := s.Scan(context.Background(), m); err != nil {
				b.Fatal(err)
			}
			var before, after runtime.MemStats
			var sum uint64
			for b.Loop() {
				if !next {
					s = New()
				}
				runtime.ReadMemStats(&before)
				if _, err := s.Scan(context.Background(), m); err != nil {
					b.Fatal(err)
				}
				runtime.ReadMemStats(&after)
				sum += after.TotalAlloc - before.TotalAlloc
			}
			b.ReportMetric(float64(sum)/float64(b.N)/grey, "greys/op")
		})
	}
}
