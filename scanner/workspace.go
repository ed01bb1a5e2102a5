package scanner

// workspace is the memory of one scan: the picture in all its sizes and everything that is made of it. A Scanner keeps
// one from scan to scan, so that the second frame of a stream allocates next to nothing.
type workspace struct {
	grey    []byte    // the picture, when it has to be converted
	double  []byte    // the picture enlarged
	sizes   []buffers // by level of the pyramid
	enlarge buffers
	finders [2]rowScan // by half of the picture
}

// buffers is the memory of one level of the pyramid.
type buffers struct {
	half           []byte // the pixels; not of the first level
	low, high, own []uint8
	limit          []uint8
	words          []uint64
	changed, near  []bool      // tiles of the second look
	seen           [2][]finder // of the first
	measured       levels
}

// room gives n elements of *s, which grows when it is too small. What they hold is left over from before.
func room[T any](s *[]T, n int) []T {
	if cap(*s) < n {
		*s = make([]T, n)
	}
	*s = (*s)[:n]
	return *s
}

// level is the memory for level i.
func (w *workspace) level(i int) *buffers {
	for len(w.sizes) <= i {
		w.sizes = append(w.sizes, buffers{})
	}
	return &w.sizes[i]
}

// wipe clears everything that shows the picture: a screen with a code on it holds a key, and the memory outlives the scan.
func (w *workspace) wipe() {
	clear(w.grey)
	clear(w.double)
	for i := range w.sizes {
		w.sizes[i].wipe()
	}
	w.enlarge.wipe()
}

func (b *buffers) wipe() {
	clear(b.half)
	clear(b.words)
	b.measured = levels{} // its plane may be the caller's
}
