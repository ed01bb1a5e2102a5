package platform

// cappedBuffer keeps the first max bytes written to it and remembers whether there
// were more. It never refuses a write, so the writing process does not get stuck.
//
// It does not embed bytes.Buffer: io.Copy would find that type's ReadFrom and pass
// the cap by.
type cappedBuffer struct {
	kept []byte
	max  int
	over bool
}

func (b *cappedBuffer) Write(p []byte) (int, error) {
	n := len(p)
	if room := b.max - len(b.kept); n > room {
		b.over = true
		p = p[:room]
	}
	b.kept = append(b.kept, p...)
	return n, nil
}
