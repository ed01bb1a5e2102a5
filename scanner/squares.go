package scanner

// Of the modules of three finders so many may be wrong.
const (
	// strayModules is how many of the 49 modules of a finder are looked at: all but those in the corners of its rings, which round
	// finders have otherwise.
	strayModules = 49 - 16
	// squaresWrong for a map that takes long to make: a quarter, as many as a grid that is decoded may have in the end. Four in five of what
	// lies at right angles by chance have more.
	squaresWrong = 3 * strayModules / 4
	// timedWrong is the same where both timing patterns were seen, as with few by chance: under blinds a third of a finder lies in the
	// shadow.
	timedWrong = 3 * strayModules / 3
	// bentWrong for a map that is bent from its finders outwards, which takes longest: a fifth.
	bentWrong = 3 * strayModules / 5
)

// astray counts the modules of the finders of t that do not have the colour they have in squares that are turned as a code with these
// corners would be. Letters and rings of other things have the proportions of a finder along rows and columns, and its sides
// along those of a code nearly never. Each is measured by its own core, so that it may be as much nearer or farther than
// the others as it likes, and nothing between them needs to be seen.
func astray(b *bitmap, t triple, f frame) (wrong int) {
	for _, at := range [3]finder{t.tl, t.tr, t.bl} {
		// A core with a scratch across it has no size of its own; then that of its rows and columns will do.
		guess := at.module * tilt(f.right)
		right, ok := coreModule(b, at, f.right)
		if !ok {
			right = guess
		}
		down, ok := coreModule(b, at, f.down)
		if !ok {
			down = guess
		}
		if wrong += strays(b, at, f.right, f.down, right, down); wrong > timedWrong {
			break // it does not matter how many more
		}
	}
	return wrong
}

// strays counts which of the modules of f do not have the colour they have in a finder. right and down are how large a
// module is in these directions, in pixels.
func strays(b *bitmap, f finder, toRight, toDown Point, right, down float64) int {
	same := 0
	for v := -3; v <= 3; v++ {
		for u := -3; u <= 3; u++ {
			if min(max(u, -u), max(v, -v)) > 1 {
				continue
			}
			p := Point{f.x, f.y}.plus(float64(u)*right, toRight, float64(v)*down, toDown)
			dark := int(b.bit(floor(p.X), floor(p.Y)))
			if max(u, -u, v, -v) == 2 {
				dark = 1 - dark
			}
			same += dark
		}
	}
	return strayModules - same
}

// likely reports whether so many wrong modules of t's finders are few enough for a map that takes long to make.
func (t triple) likely(wrong int) bool {
	return wrong <= squaresWrong || wrong <= timedWrong && t.top != 0 && t.left != 0
}
