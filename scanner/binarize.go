package scanner

import "encoding/binary"

// The picture is thresholded by blocks of 8 × 8 pixels: one word wide, so eight pixels
// are compared at a time, and no larger than the finder patterns of the smallest codes that
// can be read (7 modules of a pixel or two).
const blockSide = 8

// look is how a picture is thresholded.
type look struct {
	// contrast between the darkest and the lightest pixel up to which a block says nothing about where
	// dark ends and light begins.
	contrast int
	// local: a block with contrast of its own is never made all dark or all light by its neighbours. A
	// pale code next to black text keeps its edges; in a photograph the noise inside large
	// modules would become a pattern.
	local bool
}

var (
	// lookNormal keeps the noise of photographs and the soft gradients of wallpapers out: JPEG ringing and
	// sensor noise stay under 24, ink on paper and text on a page are above.
	lookNormal = look{contrast: 24}
	// lookFaint is for when nothing was found: pale grey on white. Below 10 are dithering (up to
	// 8) and the steps of 8-bit gradients.
	lookFaint = look{contrast: 10, local: true}
)

// reach is how many blocks in every direction lend a block their threshold, weighted by
// their contrast: 5 × 5 blocks, 40 pixels, covers modules of up to 20 pixels, and the next
// level of the pyramid takes over from there.
const reach = 2

// levels is a binarized picture with what it came from.
type levels struct {
	grey plane
	bits *bitmap
	// limit is the threshold of every block, blocksW per row: a pixel that is not lighter is dark.
	limit   []uint8
	blocksW int
	// inverted: bits are flipped against limit.
	inverted bool
}

func (l *levels) invert() {
	l.bits.invert()
	l.inverted = !l.inverted
}

// binarize thresholds p, which is at least blockSide in each direction. Blocks without the
// contrast that how asks for count for nothing: taking their mean, as gozxing's does, turns flat areas into noise and pale codes into white.
func binarize(p plane, how look) *levels {
	bw, bh := (p.w+blockSide-1)/blockSide, (p.h+blockSide-1)/blockSide
	limits, weights, lows := blockLimits(p, bw, bh, how.contrast)
	l := &levels{grey: p, bits: newBitmap(p.w, p.h), blocksW: bw}
	l.limit = smooth(limits, weights, lows, bw, bh, how.local)
	threshold(l)
	return l
}

// Eight bytes in one word, compared lane by lane.
const (
	laneHigh = 0x8080808080808080
	laneLow  = 0x0101010101010101
	laneEven = 0x00FF00FF00FF00FF
)

// lanesGE has the high bit of every byte set where a's byte is at least b's.
func lanesGE(a, b uint64) uint64 {
	low := (a | laneHigh) - (b &^ laneHigh) // compares the lower seven bits; cannot borrow across lanes
	return ((a &^ b) | (^(a ^ b) & low)) & laneHigh
}

// spread turns high bits into full bytes.
func spread(m uint64) uint64 { return m<<1 - m>>7 }

func lanesMax(a, b uint64) uint64 { return b ^ (a^b)&spread(lanesGE(a, b)) }
func lanesMin(a, b uint64) uint64 { return a ^ (a^b)&spread(lanesGE(a, b)) }

// blockLimits gives every block a threshold, its contrast as weight (0 for a flat one) and its darkest pixel.
func blockLimits(p plane, bw, bh, contrast int) (limits, weights, lows []uint8) {
	limits, weights, lows = make([]uint8, bw*bh), make([]uint8, bw*bh), make([]uint8, bw*bh)
	bands(bh, p.w*p.h, func(from, to int) {
		for by := from; by < to; by++ {
			// The last blocks are moved in, so that each is whole.
			y := min(by*blockSide, p.h-blockSide)
			for bx := range bw {
				x := min(bx*blockSide, p.w-blockSide)
				var sum uint64 // four lanes of 16 bits; 16 bytes each, no overflow
				high, low := uint64(0), ^uint64(0)
				for r := range blockSide {
					v := binary.LittleEndian.Uint64(p.pix[(y+r)*p.stride+x:])
					sum += v&laneEven + v>>8&laneEven
					high, low = lanesMax(v, high), lanesMin(v, low)
				}
				mean := int(sum*0x0001000100010001>>48) / (blockSide * blockSide)
				for s := 32; s >= 8; s /= 2 {
					high, low = lanesMax(high, high>>s), lanesMin(low, low>>s)
				}
				hi, lo := int(high&0xFF), int(low&0xFF)
				if hi-lo <= contrast {
					continue
				}
				// Half way between the mean and the middle of the extremes: the mean alone leans to
				// whichever colour fills the block, the middle alone follows one stray pixel.
				limits[by*bw+bx] = uint8((mean + (hi+lo)/2) / 2)
				weights[by*bw+bx] = uint8(hi - lo)
				lows[by*bw+bx] = uint8(lo)
			}
		}
	})
	return limits, weights, lows
}

// smooth gives every block the mean of the thresholds around it, weighted by contrast: a block
// across a sharp edge knows where dark ends, a nearly flat one does not. Where
// everything around is flat, the neighbour to the left decides, so that the inside
// of a large module takes the threshold of its edge. local is that of look.
func smooth(limits, weights, lows []uint8, bw, bh int, local bool) []uint8 {
	out := make([]uint8, bw*bh)
	sums, counts := make([]int32, bw), make([]int32, bw)
	for by := range bh {
		clear(sums)
		clear(counts)
		for y := max(0, by-reach); y <= min(bh-1, by+reach); y++ {
			wrow := weights[y*bw:][:bw]
			for i, l := range limits[y*bw:][:bw] {
				w := int32(wrow[i])
				sums[i] += w * int32(l)
				counts[i] += w
			}
		}
		row := out[by*bw:][:bw]
		var s, n int32
		for i := range min(reach, bw) {
			s, n = s+sums[i], n+counts[i]
		}
		for i := range row {
			if j := i + reach; j < bw {
				s, n = s+sums[j], n+counts[j]
			}
			if j := i - reach - 1; j >= 0 {
				s, n = s-sums[j], n-counts[j]
			}
			switch {
			case n > 0:
				mean := s / n
				// An eighth of the contrast is left on both sides, for noise.
				own, low := int32(weights[by*bw+i]), int32(lows[by*bw+i])
				if local && own > 0 && (mean < low+own/8 || mean > low+own-own/8) {
					mean = int32(limits[by*bw+i])
				}
				row[i] = uint8(mean)
			case i > 0:
				row[i] = row[i-1]
			case by > 0:
				row[i] = out[(by-1)*bw]
			default:
				row[i] = 127 // nothing to go by: the middle of grey
			}
		}
	}
	return out
}

// threshold fills l.bits, eight pixels at a time.
func threshold(l *levels) {
	p := l.grey
	whole := p.w / blockSide
	bands(p.h, p.w*p.h, func(from, to int) {
		for y := from; y < to; y++ {
			limit := l.limit[y/blockSide*l.blocksW:][:l.blocksW]
			src := p.pix[y*p.stride:][:p.w]
			dst := l.bits.words[y*l.bits.stride:][:l.bits.stride]
			for i := range whole {
				dark := lanesGE(uint64(limit[i])*laneLow, binary.LittleEndian.Uint64(src[i*8:]))
				// The multiplication gathers the eight high bits into the top byte, in order.
				dst[i>>3] |= (dark >> 7) * 0x0102040810204080 >> 56 << (uint(i) & 7 * 8)
			}
			for x := whole * blockSide; x < p.w; x++ {
				if src[x] <= limit[whole] {
					dst[x>>6] |= 1 << (uint(x) & 63)
				}
			}
		}
	})
}

// dark reports whether the module around (x, y) is dark. With area it compares the mean of
// nine pixels with the local threshold, which survives noise and dots instead of squares; without,
// it takes the one pixel.
func (l *levels) dark(x, y float64, area bool) bool {
	ix, iy := floor(x), floor(y)
	if !area {
		return l.bits.at(ix, iy)
	}
	if !l.bits.inside(ix, iy) {
		return false
	}
	sum, n := 0, 0
	for yy := max(iy-1, 0); yy <= min(iy+1, l.bits.h-1); yy++ {
		for xx := max(ix-1, 0); xx <= min(ix+1, l.bits.w-1); xx++ {
			sum += int(l.grey.pix[yy*l.grey.stride+xx])
			n++
		}
	}
	limit := int(l.limit[iy/blockSide*l.blocksW+ix/blockSide])
	return (sum <= limit*n) != l.inverted
}
