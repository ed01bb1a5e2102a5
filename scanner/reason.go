package scanner

// looksLikeCode reports whether two of the finders have a timing pattern between them. A single
// finder is no evidence: icons, radio buttons and the letter O look like one; three of
// them in a right angle are not either, on a desktop with rows of icons. Two are enough,
// so that a code that is cut off or half covered is seen too.
func looksLikeCode(l *levels, k *links) bool {
	fs := k.fs
	for i, a := range fs {
		for j := i + 1; j < len(fs); j++ {
			c := fs[j]
			// Corners of one code are of one size; a third covers perspective.
			if ratio(a.module, c.module) > 0.35 {
				continue
			}
			along, distance := unit(a, c)
			m := (a.module + c.module) / 2 * tilt(along)
			if distance < 13*m || distance > 175*m { // versions 1 to 40, as in joinTriples
				continue
			}
			across := Point{-along.Y, along.X}
			if k.along(i, j) != 0 && joined(l, a, c, along, across, distance) ||
				k.along(j, i) != 0 && joined(l, a, c, along, Point{-across.X, -across.Y}, distance) {
				return true
			}
		}
	}
	return false
}
