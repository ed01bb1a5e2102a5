//go:build linux

package desktop

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/image/draw"
)

// Word is a piece of text that can be read on the screen, and where.
type Word struct {
	Text string
	Box  image.Rectangle // in pixels of the window
	line string          // block, paragraph and line: words that belong together
}

// readScale enlarges the picture before reading: text recognition is trained on print at 300 dots per inch.
const readScale = 3

// Read reads what the window shows, as a person would: with text recognition on a picture of it. A window of this
// toolkit tells nobody what it shows, and a test that asked the program itself would trust what it is to check.
func (w *Window) Read(ctx context.Context) ([]Word, error) {
	_, words, err := w.look(ctx)
	return words, err
}

// look is Read together with the picture that was read.
func (w *Window) look(ctx context.Context) (*image.RGBA, []Word, error) {
	img, err := w.Picture()
	if err != nil {
		return nil, nil, err
	}
	words, err := w.d.read(ctx, img)
	return img, words, err
}

func (d *Desktop) read(ctx context.Context, img *image.RGBA) ([]Word, error) {
	b := img.Bounds()
	big := image.NewGray(image.Rect(0, 0, b.Dx()*readScale, b.Dy()*readScale))
	draw.CatmullRom.Scale(big, big.Bounds(), ink(img), b, draw.Src, nil)
	f, err := os.CreateTemp(d.runtime, "read-*.png")
	if err != nil {
		return nil, err
	}
	f.Close()
	defer os.Remove(f.Name())
	if err := WritePNG(f.Name(), big); err != nil {
		return nil, err
	}
	// One thread: its threads wait for each other in busy loops, which costs three times the time where other programs run too.
	res, err := d.Run(ctx, "", "env", "OMP_THREAD_LIMIT=1", "tesseract", f.Name(), "stdout", "--psm", "11", "--dpi", "300", "tsv")
	if err != nil {
		return nil, err
	}
	if res.Exit != 0 {
		return nil, fmt.Errorf("desktop: reading %s: %s", filepath.Base(f.Name()), res.Stderr)
	}
	return parseWords(res.Stdout), nil
}

// block is the side of the squares whose background is measured, in pixels: about a line of text.
const block = 20

// ink turns what a screen shows into what a printer would: black on white everywhere, also where the screen has light
// letters on dark, or a dark page has a light button. The background of a square is the value most of its neighbourhood
// has; what differs from it is ink.
func ink(img *image.RGBA) *image.Gray {
	b := img.Bounds()
	grey := image.NewGray(b)
	draw.Draw(grey, b, img, b.Min, draw.Src)
	out := image.NewGray(b)
	for y := 0; y < b.Dy(); y += block {
		for x := 0; x < b.Dx(); x += block {
			var histogram [64]int
			around := image.Rect(x-block/2, y-block/2, x+block+block/2, y+block+block/2).Intersect(b)
			for py := around.Min.Y; py < around.Max.Y; py++ {
				for px := around.Min.X; px < around.Max.X; px++ {
					histogram[grey.Pix[py*grey.Stride+px]/4]++
				}
			}
			ground := 0
			for value, n := range histogram {
				if n > histogram[ground] {
					ground = value
				}
			}
			square := image.Rect(x, y, x+block, y+block).Intersect(b)
			for py := square.Min.Y; py < square.Max.Y; py++ {
				for px := square.Min.X; px < square.Max.X; px++ {
					v := int(grey.Pix[py*grey.Stride+px]) - (4*ground + 2)
					out.Pix[py*out.Stride+px] = uint8(255 - min(255, max(v, -v)*3/2))
				}
			}
		}
	}
	eraseLines(out)
	return out
}

// lineLength is how long a straight stroke may be in a letter, in pixels. What is longer is a frame.
const lineLength = 64

// eraseLines takes frames and rules out: text recognition takes what is in a frame for a drawing.
func eraseLines(img *image.Gray) {
	size := img.Bounds().Size()
	erase := func(lines, length, step, next int) {
		for line := range lines {
			for i, run := 0, 0; i <= length; i++ {
				if i < length && img.Pix[line*next+i*step] < 200 {
					run++
					continue
				}
				if run >= lineLength {
					for j := i - run; j < i; j++ {
						img.Pix[line*next+j*step] = 255
					}
				}
				run = 0
			}
		}
	}
	erase(size.Y, size.X, 1, img.Stride)
	erase(size.X, size.Y, img.Stride, 1)
}

// parseWords reads tesseract's table: level, page, block, paragraph, line, word, left, top, width, height, confidence, text.
func parseWords(tsv string) []Word {
	var words []Word
	for line := range strings.Lines(tsv) {
		f := strings.Split(strings.TrimRight(line, "\r\n"), "\t")
		if len(f) != 12 || f[0] != "5" || strings.TrimSpace(f[11]) == "" {
			continue
		}
		var n [4]int
		for i := range n {
			n[i], _ = strconv.Atoi(f[6+i])
		}
		box := image.Rect(n[0]/readScale, n[1]/readScale, (n[0]+n[2])/readScale, (n[1]+n[3])/readScale)
		words = append(words, Word{Text: f[11], Box: box, line: strings.Join(f[2:5], ".")})
	}
	return words
}

// Find looks for a phrase among words that stand in one line, ignoring case and punctuation at word ends, and how words are parted: text
// recognition reads "Invite somebody" as one word on some buttons.
func Find(words []Word, phrase string) (image.Rectangle, bool) {
	want := strings.ReplaceAll(fold(phrase), " ", "")
	for i := range words {
		if fold(words[i].Text) == "" {
			continue // a stroke of something, not the beginning of a phrase
		}
		box, have := words[i].Box, ""
		for _, w := range words[i:] {
			if w.line != words[i].line {
				break
			}
			box, have = box.Union(w.Box), have+fold(w.Text)
			if have == want {
				return box, true
			}
			if !strings.HasPrefix(want, have) {
				break
			}
		}
	}
	return image.Rectangle{}, false
}

// fold makes what was read and what is looked for comparable.
func fold(s string) string {
	fields := strings.Fields(strings.ToLower(s))
	for i, f := range fields {
		fields[i] = strings.Trim(f, ".,:;!?…\"'’‘“”()[]|»«·•")
	}
	return strings.Join(fields, " ")
}

// Text joins words to lines, for messages.
func Text(words []Word) string {
	var b strings.Builder
	for i, w := range words {
		if i > 0 && w.line != words[i-1].line {
			b.WriteString(" / ")
		} else if i > 0 {
			b.WriteString(" ")
		}
		b.WriteString(w.Text)
	}
	return b.String()
}

// WaitText waits until the window shows one of the phrases, and returns which, and where it is.
func (w *Window) WaitText(ctx context.Context, phrases ...string) (string, image.Rectangle, error) {
	var (
		phrase string
		box    image.Rectangle
	)
	seen := "nothing that can be read"
	err := Wait(ctx, fmt.Sprintf("the window to show one of %q", phrases), func() error {
		words, err := w.Read(ctx)
		if err != nil {
			return fmt.Errorf("it last showed: %s: %w", seen, err)
		}
		for _, p := range phrases {
			if r, ok := Find(words, p); ok {
				phrase, box = p, r
				return nil
			}
		}
		seen = Text(words)
		return fmt.Errorf("it shows: %s", seen)
	})
	return phrase, box, err
}

// around is how much of a phrase's surroundings has to be unchanged before it is clicked on, in pixels.
const around = 8

// ClickText clicks on a phrase that the window shows. Reading takes long enough for a page to move meanwhile: it clicks
// only where the phrase still is.
func (w *Window) ClickText(ctx context.Context, phrase string) error {
	return Wait(ctx, fmt.Sprintf("%q to stand still", phrase), func() error {
		img, words, err := w.look(ctx)
		if err != nil {
			return err
		}
		box, ok := Find(words, phrase)
		if !ok {
			return fmt.Errorf("it shows: %s", Text(words))
		}
		if err := w.Activate(ctx); err != nil {
			return err
		}
		now, err := w.Picture()
		if err != nil {
			return err
		}
		if !same(img, now, box.Inset(-around)) {
			return errors.New("it moved while it was read")
		}
		return w.Click(ctx, (box.Min.X+box.Max.X)/2, (box.Min.Y+box.Max.Y)/2)
	})
}

// same reports whether two pictures of a window show the same in a part of it.
func same(a, b *image.RGBA, part image.Rectangle) bool {
	if a.Bounds() != b.Bounds() {
		return false
	}
	part = part.Intersect(a.Bounds())
	for y := part.Min.Y; y < part.Max.Y; y++ {
		from, to := a.PixOffset(part.Min.X, y), a.PixOffset(part.Max.X, y)
		if !bytes.Equal(a.Pix[from:to], b.Pix[from:to]) {
			return false
		}
	}
	return true
}
