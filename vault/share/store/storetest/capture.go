package storetest

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
)

// capture is everything that reached a Hostile, and what it cost.
type capture struct {
	mu       sync.Mutex
	texts    []string
	ops      []Op
	requests int
	up, sent int64
}

// Cost is what clients used of the storage.
type Cost struct {
	Ops      map[string]int // by verb
	Requests int            // over HTTP; 0 without
	Up, Down int64          // bytes: without HTTP names and objects, with HTTP bodies, paths and the headers a client chose
}

func (c *capture) op(op Op) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ops = append(c.ops, op)
}

func (c *capture) add(texts ...string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, t := range texts {
		c.texts = append(c.texts, t)
		c.up += int64(len(t))
	}
}

func (c *capture) down(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sent += int64(n)
}

func (c *capture) request(req *http.Request, body []byte) {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s\n", req.Method, req.URL.RequestURI())
	for name, values := range req.Header {
		fmt.Fprintf(&b, "%s: %s\n", name, strings.Join(values, ", "))
	}
	c.add(b.String(), string(body))
	c.mu.Lock()
	defer c.mu.Unlock()
	c.requests++
}

// Ops gives all operations so far.
func (h *Hostile) Ops() []Op {
	h.capture.mu.Lock()
	defer h.capture.mu.Unlock()
	return slices.Clone(h.capture.ops)
}

// Cost gives what was used since the beginning or the last call of Forget.
func (h *Hostile) Cost() Cost {
	h.capture.mu.Lock()
	defer h.capture.mu.Unlock()
	cost := Cost{Ops: map[string]int{}, Requests: h.capture.requests, Up: h.capture.up, Down: h.capture.sent}
	for _, op := range h.capture.ops {
		cost.Ops[op.Verb]++
	}
	return cost
}

// Forget drops what was recorded.
func (h *Hostile) Forget() {
	h.capture.mu.Lock()
	defer h.capture.mu.Unlock()
	h.capture.texts, h.capture.ops, h.capture.requests, h.capture.up, h.capture.sent = nil, nil, 0, 0, 0
}

// Leaks looks for words in everything that was sent to the storage, and in every object that was ever there, also in other letter
// cases and in the usual encodings (percent, base64, hexadecimal, UTF-16). It gives what it found, one line each. Words under four
// bytes are found by chance, and refused.
func (h *Hostile) Leaks(words ...string) []string {
	h.capture.mu.Lock()
	texts := slices.Clone(h.capture.texts)
	h.capture.mu.Unlock()
	for name, data := range h.Everything() {
		texts = append(texts, name+"\n"+string(data))
	}
	all := strings.Join(texts, "\x00\n")
	lower := strings.ToLower(all)
	var found []string
	for _, word := range words {
		if len(word) < 4 {
			found = append(found, fmt.Sprintf("%q is too short to look for", word))
			continue
		}
		for form, text := range map[string]string{
			"as it is": strings.ToLower(word), "percent-encoded": strings.ToLower(url.PathEscape(word)), "hexadecimal": hex.EncodeToString([]byte(word)), "UTF-16": strings.ToLower(utf16le(word)),
		} {
			if strings.Contains(lower, text) {
				found = append(found, fmt.Sprintf("%q, %s", word, form))
			}
		}
		for _, text := range inBase64(word) {
			if strings.Contains(all, text) {
				found = append(found, fmt.Sprintf("%q, in base64", word))
			}
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

func utf16le(text string) string {
	var b strings.Builder
	for _, r := range text {
		b.WriteByte(byte(r))
		b.WriteByte(byte(r >> 8))
	}
	return b.String()
}

// inBase64 gives what is always the same of a word in base64, for each of the three places it can begin at.
func inBase64(word string) []string {
	var forms []string
	for shift := range 3 {
		padded := append(make([]byte, shift), word...)
		for _, enc := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
			text := enc.EncodeToString(padded)
			first := (shift*8 + 5) / 6  // the letters before hold other bits as well
			last := len(padded) * 8 / 6 // so do those after
			if text = text[first:last]; len(text) >= 5 {
				forms = append(forms, text)
			}
		}
	}
	return forms
}
