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
	limit            []uint8
	blocksW, blocksH int
	// What the blocks are like, measured once for every look: the darkest and the lightest pixel, and a threshold
	// of each block's own.
	low, high, own []uint8
	// looked: the bits are those of a look. The next one says where it changed them, and keeps the finders of this one.
	looked bool
	news   *tiles
	seen   [2][]finder
	room   *buffers
}

// inverse is l with dark and light exchanged.
func (l *levels) inverse() *levels {
	c := *l
	c.bits = l.bits.inverse()
	return &c
}

// inverted reports whether dark stands for light.
func (l *levels) inverted() bool { return l.bits.flip != 0 }

// binarize thresholds p, which is at least blockSide in each direction. Blocks without the
// contrast that how asks for count for nothing: taking their mean, as gozxing's does, turns flat areas into noise and pale codes into white.
func binarize(p plane, how look) *levels {
	l := new(levels)
	l.measure(p, new(buffers))
	l.apply(how)
	return l
}

// measure looks at the blocks of p, once for all looks. What l needs room for is taken from b.
func (l *levels) measure(p plane, b *buffers) {
	bw, bh := (p.w+blockSide-1)/blockSide, (p.h+blockSide-1)/blockSide
	n := bw * bh
	*l = levels{grey: p, blocksW: bw, blocksH: bh, room: b}
	l.low, l.high, l.own = room(&b.low, n), room(&b.high, n), room(&b.own, n)
	l.limit = room(&b.limit, n)
	stride := (p.w + 63) / 64
	l.bits = &bitmap{w: p.w, h: p.h, stride: stride, words: room(&b.words, stride*p.h)}
	bands(bh, p.w*p.h, l.measureRows)
}

// apply thresholds the picture in the given way.
func (l *levels) apply(how look) {
	pixels := l.grey.w * l.grey.h
	bands(l.blocksH, pixels, func(from, to int) { l.smooth(from, to, how) })
	l.fillFlat()
	l.news = nil
	if l.looked {
		l.news = newTiles(l.bits, l.room)
	}
	bands(l.blocksH, pixels, l.threshold)
	if l.news != nil {
		l.news.widen(&l.room.near)
	}
	l.looked = true
}

// Eight pixels in one word, compared lane by lane. The lowest bit of a pixel decides nothing, and without it there is room
// in every lane for the result of a subtraction: three operations compare eight pixels.
const (
	laneHigh = 0x8080808080808080
	laneLow  = 0x0101010101010101
	laneEven = 0x00FF00FF00FF00FF
	laneMost = 0x7F7F7F7F7F7F7F7F
)

// lanesGE has the high bit of every lane set where a's is at least b's. The high bits of a and b are not set.
func lanesGE(a, b uint64) uint64 { return ((a | laneHigh) - b) & laneHigh }

// lanesMax is the larger of a and b in every lane.
func lanesMax(a, b uint64) uint64 {
	m := lanesGE(a, b)
	return b ^ (a^b)&(m-m>>7) // m - m>>7 turns a high bit into a full lane
}

// measureRows fills low, high and own for the block rows [from, to).
func (l *levels) measureRows(from, to int) {
	p := l.grey
	for by := from; by < to; by++ {
		// The last blocks are moved in, so that each is whole.
		rows := p.pix[min(by*blockSide, p.h-blockSide)*p.stride:]
		low, high, own := l.low[by*l.blocksW:][:l.blocksW], l.high[by*l.blocksW:][:l.blocksW], l.own[by*l.blocksW:][:l.blocksW]
		for bx := range low {
			o := min(bx*blockSide, p.w-blockSide)
			var sum uint64 // four lanes of 16 bits; 16 pixels each, no overflow
			hi, lo := uint64(0), uint64(laneMost)
			for range blockSide / 2 {
				a := binary.LittleEndian.Uint64(rows[o:]) >> 1 & laneMost
				b := binary.LittleEndian.Uint64(rows[o+p.stride:]) >> 1 & laneMost
				o += 2 * p.stride
				s := a + b
				sum += s&laneEven + s>>8&laneEven
				top := lanesMax(a, b)
				hi = lanesMax(hi, top)
				bottom := a ^ b ^ top
				m := lanesGE(bottom, lo)
				lo = bottom ^ (bottom^lo)&(m-m>>7)
			}
			mean := int(sum * 0x0001000100010001 >> 48) // 64 pixels of half their value
			// The eight lanes become one, for both ends at once: the complement of the least is the most.
			lo = laneMost ^ lo
			hi, lo = lanesMax(hi, hi>>32), lanesMax(lo, lo>>32)
			both := hi&0xFFFFFFFF | lo<<32
			both = lanesMax(both, both>>16)
			both = lanesMax(both, both>>8&laneMost)
			h, d := int(both&0x7F)*2+1, int(0x7F-both>>32&0x7F)*2
			low[bx], high[bx] = uint8(d), uint8(h)
			// Half way between the mean and the middle of the extremes: the mean alone leans to
			// whichever colour fills the block, the middle alone follows one stray pixel.
			own[bx] = uint8((mean/(blockSide*blockSide/2) + (h+d)/2) / 2)
		}
	}
}

// smooth gives every block of the rows [from, to) the mean of the thresholds around it, weighted by contrast: a block
// across a sharp edge knows where dark ends, a nearly flat one does not. Where
// everything around is flat, the neighbour to the left decides, so that the inside
// of a large module takes the threshold of its edge; 0 stands where there is no such neighbour.
func (l *levels) smooth(from, to int, how look) {
	w, h := l.blocksW, l.blocksH
	// Sums over the five rows around, column by column. They follow the row: one comes in, one goes out.
	sums, counts := make([]int32, w), make([]int32, w)
	add := func(y int, sign int32) {
		if y < 0 || y >= h {
			return
		}
		low, high, own := l.low[y*w:][:w], l.high[y*w:][:w], l.own[y*w:][:w]
		for i := range low {
			// One more than measured: the lowest bit is unknown.
			if c := int32(high[i]) - int32(low[i]); c > int32(how.contrast)+1 {
				c *= sign
				sums[i] += c * int32(own[i])
				counts[i] += c
			}
		}
	}
	for y := from - reach; y < from+reach; y++ {
		add(y, 1)
	}
	for by := from; by < to; by++ {
		add(by+reach, 1)
		if by > from {
			add(by-reach-1, -1)
		}
		row := l.limit[by*w:][:w]
		var s, n int32
		for i := range min(reach, w) {
			s, n = s+sums[i], n+counts[i]
		}
		last := uint8(0)
		for i := range row {
			if j := i + reach; j < w {
				s, n = s+sums[j], n+counts[j]
			}
			if j := i - reach - 1; j >= 0 {
				s, n = s-sums[j], n-counts[j]
			}
			if n > 0 {
				mean := s / n
				if how.local {
					// An eighth of the contrast is left on both sides, for noise.
					low, high := int32(l.low[by*w+i]), int32(l.high[by*w+i])
					if c := high - low; c > int32(how.contrast)+1 && (mean < low+c/8 || mean > high-c/8) {
						mean = int32(l.own[by*w+i])
					}
				}
				last = uint8(mean) | 1
			}
			row[i] = last
		}
	}
}

// fillFlat gives the blocks at the left edge without a neighbour the threshold of the row above; and where there is none,
// the middle of grey.
func (l *levels) fillFlat() {
	last := uint8(127)
	for by := range l.blocksH {
		row := l.limit[by*l.blocksW:][:l.blocksW]
		for i := 0; i < len(row) && row[i] == 0; i++ {
			row[i] = last
		}
		last = row[0]
	}
}

// threshold makes the bits of the block rows [from, to), 64 pixels at a time.
func (l *levels) threshold(from, to int) {
	p, stride := l.grey, l.bits.stride
	for by := from; by < to; by++ {
		o := by * l.blocksW
		limit, low, high := l.limit[o:][:l.blocksW], l.low[o:][:l.blocksW], l.high[o:][:l.blocksW]
		y := by * blockSide
		rows := min(blockSide, p.h-y)
		for i := range stride {
			bits := l.bits.words[y*stride+i:]
			first := i * 8
			n := min(8, l.blocksW-first)
			// Where a whole word is far from its threshold, as nearly everywhere on a screen, no
			// pixel needs to be looked at.
			var dark, mixed uint64
			var limits [8]uint64
			for k := range n {
				t := limit[first+k]
				limits[k] = uint64(t>>1)*laneLow | laneHigh
				if high[first+k] <= t {
					dark |= 0xFF << (8 * k)
				} else if low[first+k] <= t {
					mixed = 1
				}
			}
			var before [blockSide]uint64
			if l.news != nil {
				for r := range rows {
					before[r] = bits[r*stride]
				}
			}
			if mixed == 0 && p.w-64*i >= 64 {
				for r := range rows {
					bits[r*stride] = dark
				}
				l.news.compare(by, i, bits, before[:rows])
				continue
			}
			src := p.pix[y*p.stride+64*i:]
			if p.w-64*i < 64 {
				for r := range rows {
					var word uint64
					for x, v := range src[r*p.stride:][:p.w-64*i] {
						if v <= limit[first+x/blockSide] {
							word |= 1 << x
						}
					}
					bits[r*stride] = word
				}
				l.news.compare(by, i, bits, before[:rows])
				continue
			}
			for r := range rows {
				s := src[r*p.stride:][:64]
				// Lane by lane the subtraction leaves the high bit where the pixel is not above its
				// limit; the multiplication gathers the eight high bits in the top byte.
				const gather = 0x0002040810204081
				word := (limits[0] - binary.LittleEndian.Uint64(s)>>1&laneMost) & laneHigh * gather >> 56
				word |= (limits[1] - binary.LittleEndian.Uint64(s[8:])>>1&laneMost) & laneHigh * gather >> 56 << 8
				word |= (limits[2] - binary.LittleEndian.Uint64(s[16:])>>1&laneMost) & laneHigh * gather >> 56 << 16
				word |= (limits[3] - binary.LittleEndian.Uint64(s[24:])>>1&laneMost) & laneHigh * gather >> 56 << 24
				word |= (limits[4] - binary.LittleEndian.Uint64(s[32:])>>1&laneMost) & laneHigh * gather >> 56 << 32
				word |= (limits[5] - binary.LittleEndian.Uint64(s[40:])>>1&laneMost) & laneHigh * gather >> 56 << 40
				word |= (limits[6] - binary.LittleEndian.Uint64(s[48:])>>1&laneMost) & laneHigh * gather >> 56 << 48
				word |= (limits[7] - binary.LittleEndian.Uint64(s[56:])>>1&laneMost) & laneHigh * gather >> 56 << 56
				bits[r*stride] = word
			}
			l.news.compare(by, i, bits, before[:rows])
		}
	}
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
	return (sum <= limit*n) != l.inverted()
}
