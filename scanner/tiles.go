package scanner

// The second look at a picture, for pale codes, changes nothing on most of a screen: black text stays black, and a wallpaper
// flat. What it shows that the first did not show lies where bits changed, and only there finders are looked for again.

// tiles are the parts of a bitmap, each a word wide and a block high, that another look changed; and those around them.
type tiles struct {
	w, h          int
	stride        int // words per row of the bitmap
	changed, near []bool
	any           bool
}

// newTiles has none. The memory is that of b.
func newTiles(bits *bitmap, b *buffers) *tiles {
	t := &tiles{w: bits.stride, h: (bits.h + blockSide - 1) / blockSide, stride: bits.stride}
	t.changed = room(&b.changed, t.w*t.h)
	clear(t.changed)
	return t
}

// compare marks tile (x, y) if its rows are not what they were. words begins with the first of them. A nil t marks nothing.
func (t *tiles) compare(y, x int, words, before []uint64) {
	if t == nil {
		return
	}
	var diff uint64
	for r, was := range before {
		diff |= was ^ words[r*t.stride]
	}
	if diff != 0 {
		t.changed[y*t.w+x] = true
	}
}

// How far around a change finders are looked for, in tiles. All of a pale finder changed, so that this is for its edges.
const (
	nearWords  = 1
	nearBlocks = 2
)

// widen marks what is near a change.
func (t *tiles) widen(into *[]bool) {
	t.near = room(into, t.w*t.h)
	clear(t.near)
	for i, c := range t.changed {
		if !c {
			continue
		}
		t.any = true
		x, y := i%t.w, i/t.w
		for yy := max(0, y-nearBlocks); yy <= min(t.h-1, y+nearBlocks); yy++ {
			for xx := max(0, x-nearWords); xx <= min(t.w-1, x+nearWords); xx++ {
				t.near[yy*t.w+xx] = true
			}
		}
	}
}

// next is the next stretch of tiles near a change in the row of pixels y, from tile x on; from is t.w when there is none. Of a
// nil t all tiles of a row of n are one stretch.
func (t *tiles) next(x, y, n int) (from, to int) {
	if t == nil {
		return x, n
	}
	row := t.near[y/blockSide*t.w:][:t.w]
	for x < t.w && !row[x] {
		x++
	}
	to = x
	for to < t.w && row[to] {
		to++
	}
	return x, to
}

// at reports whether the pixel (x, y) lies where something changed. Everything is new to a nil t.
func (t *tiles) at(x, y float64) bool {
	if t == nil {
		return true
	}
	i, j := floor(x)/64, floor(y)/blockSide
	return i >= 0 && j >= 0 && i < t.w && j < t.h && t.changed[j*t.w+i]
}

// carry adds to the finders of this look those of the look before that still stand where nothing changed.
func (t *tiles) carry(fs, before []finder, least float64) []finder {
	n := len(fs)
next:
	for _, f := range before {
		if f.module < least || t.at(f.x, f.y) {
			continue
		}
		for _, g := range fs[:n] {
			if max(f.x-g.x, g.x-f.x, f.y-g.y, g.y-f.y) < f.module {
				continue next
			}
		}
		f.known = true
		fs = append(fs, f)
	}
	return fs
}
