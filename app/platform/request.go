package platform

import (
	"fmt"
	"io"

	"github.com/tallystick/tallystick/vault/secret"
)

// Limits of the wire form, in bytes.
const (
	MaxRequestText = 64 << 10 // a migration link of ten accounts is under 2 KiB
	maxCommand     = 32
	maxReply       = 64
)

// requestMagic starts a request and numbers the wire form:
//
//	"TSW1"  command length (1)  text length (4, big endian)  command  text
//
// and an answer is a length (1) and the word. Text is bytes rather than JSON so that
// the link never becomes a string that cannot be wiped.
const requestMagic = "TSW1"

func (r Request) check() error {
	if r.Command == "" || len(r.Command) > maxCommand || !isWord(r.Command) {
		return fmt.Errorf("%w: odd command", ErrRequest)
	}
	if r.Text.Len() > MaxRequestText {
		return fmt.Errorf("%w: its text has %d bytes, at most %d", ErrRequest, r.Text.Len(), MaxRequestText)
	}
	return nil
}

func isWord(s string) bool {
	for _, c := range []byte(s) {
		if (c < 'a' || c > 'z') && c != '-' {
			return false
		}
	}
	return true
}

func writeRequest(w io.Writer, r Request) error {
	n := r.Text.Len()
	frame := make([]byte, 0, len(requestMagic)+5+len(r.Command)+n)
	defer func() { clear(frame) }()
	frame = append(frame, requestMagic...)
	frame = append(frame, byte(len(r.Command)), byte(n>>24), byte(n>>16), byte(n>>8), byte(n))
	frame = append(frame, r.Command...)
	frame = append(frame, r.Text.Reveal()...)
	_, err := w.Write(frame)
	return err
}

func readRequest(r io.Reader) (Request, error) {
	var head [len(requestMagic) + 5]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return Request{}, fmt.Errorf("%w: %w", ErrRequest, err)
	}
	if string(head[:len(requestMagic)]) != requestMagic {
		return Request{}, fmt.Errorf("%w: unknown form", ErrRequest)
	}
	lengths := head[len(requestMagic):]
	commandLen := int(lengths[0])
	textLen := uint32(lengths[1])<<24 | uint32(lengths[2])<<16 | uint32(lengths[3])<<8 | uint32(lengths[4])
	if commandLen > maxCommand || textLen > MaxRequestText {
		return Request{}, fmt.Errorf("%w: too long", ErrRequest)
	}
	command, text := make([]byte, commandLen), make([]byte, textLen)
	if _, err := io.ReadFull(r, command); err != nil {
		return Request{}, fmt.Errorf("%w: %w", ErrRequest, err)
	}
	if _, err := io.ReadFull(r, text); err != nil {
		clear(text)
		return Request{}, fmt.Errorf("%w: %w", ErrRequest, err)
	}
	req := Request{Command: string(command), Text: secret.New(text)}
	if err := req.check(); err != nil {
		req.Text.Wipe()
		return Request{}, err
	}
	return req, nil
}

func writeReply(w io.Writer, r Reply) error {
	if len(r.Word) > maxReply || !isWord(r.Word) {
		r.Word = "" // a handler's mistake must not travel
	}
	_, err := w.Write(append([]byte{byte(len(r.Word))}, r.Word...))
	return err
}

func readReply(r io.Reader) (Reply, error) {
	var n [1]byte
	if _, err := io.ReadFull(r, n[:]); err != nil {
		return Reply{}, err
	}
	if n[0] > maxReply {
		return Reply{}, fmt.Errorf("%w: answer too long", ErrRequest)
	}
	word := make([]byte, n[0])
	if _, err := io.ReadFull(r, word); err != nil {
		return Reply{}, err
	}
	if !isWord(string(word)) {
		return Reply{}, fmt.Errorf("%w: odd answer", ErrRequest)
	}
	return Reply{Word: string(word)}, nil
}
