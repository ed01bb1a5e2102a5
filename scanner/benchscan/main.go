// Benchscan holds the scanner against zxing-cpp and zbar: the same pictures, the same grey bytes, in one run.
//
//	benchscan -reader BINARY [-repetitions N] [-draw N] [-write FILE] [NAME=DIRECTORY…]
//
// BINARY is native/reader.cpp, compiled (make bench-scan does). Screens are drawn on the spot, -draw of every case; and a
// DIRECTORY holds pictures and an index.jsonl with one object per line: "image" is the file, "expected" or "texts" what is to be read, "truth" is "negative" where nothing is,
// "expected" where the texts are spellings of one.
//
// Every decoder is timed around its decode call, with the picture as grey bytes in its memory. They take turns, a few
// repetitions each, so that whatever else the machine does in these seconds is in everybody's times; the
// median of all repetitions counts. Ours is timed once more from a colour picture, as a screen capture gives it.
//
// Who may import it: nobody, it is a program for the Makefile. It belongs to no build of the product. It runs in one
// goroutine; the native reader is a process of its own that is asked one picture at a time, so that the decoders
// never compete for the processors.
package main

import (
	"bufio"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"image"
	"image/draw"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tallystick/tallystick/scanner"
)

func main() {
	reader := flag.String("reader", "", "the native reader")
	repetitions := flag.Int("repetitions", 15, "how often each picture is read; the median counts")
	write := flag.String("write", "", "a Markdown `FILE` whose tables between the bench-scan marks are replaced")
	match := flag.String("match", "", "only pictures whose name contains this")
	each := flag.Bool("each", false, "print every picture with its times")
	misses := flag.Bool("misses", false, "name the pictures that were not read by ours")
	zbar := flag.Bool("zbar", true, "run zbar, the slowest, too")
	parts := flag.Bool("parts", false, "a directory's sub-sets one by one, too")
	draw := flag.Int("draw", 8, "how many pictures of every case are drawn")
	seed := flag.Uint64("seed", 1, "the same seed draws the same pictures")
	flag.Parse()
	b := bench{repetitions: *repetitions, match: *match, misses: *misses, each: *each, zbar: *zbar, parts: *parts, draw: *draw, seed: *seed, ours: scanner.New()}
	if err := b.run(*reader, *write, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "benchscan:", err)
		os.Exit(1)
	}
}

// The decoders, in the order of the tables.
const (
	ours = iota
	oursRGBA
	zxing
	zbar
	decoders
)

var names = [decoders]string{"Tallystick", "Tallystick, from colour", "zxing-cpp", "zbar"}

// picture is one line of an index.
type picture struct {
	Set, Image, Truth string
	Expected, Texts   []string
}

// score is what one decoder did on one set.
type score struct {
	pictures, codes, invented int
	took                      []time.Duration // the median of each picture
	ratios                    []float64       // the same by that of zxing-cpp
}

func (s *score) total() (sum time.Duration) {
	for _, d := range s.took {
		sum += d
	}
	return sum
}

func (s *score) median() time.Duration {
	if len(s.took) == 0 {
		return 0
	}
	return median(s.took)
}

// tally is a set and how everybody did on it.
type tally struct {
	name                     string
	pictures, negative, code int
	by                       [decoders]score
}

type bench struct {
	repetitions  int
	draw         int
	seed         uint64
	match        string
	misses, zbar bool
	parts, each  bool
	ours         *scanner.Scanner
	native       *native
}

func (b *bench) run(reader, write string, sets []string) error {
	n, err := start(reader)
	if err != nil {
		return err
	}
	defer n.stop()
	b.native = n
	var all []*tally
	if b.draw > 0 {
		for _, d := range []struct {
			name string
			draw func(n int, seed uint64, each func(p picture, m *image.RGBA) error) error
		}{{"drawn here", drawn}, {"photographs drawn here", photographs}} {
			ts, err := b.drawn(d.name, d.draw)
			if err != nil {
				return err
			}
			all = append(all, ts...)
		}
	}
	for _, set := range sets {
		name, dir, ok := strings.Cut(set, "=")
		if !ok {
			return fmt.Errorf("%q is not NAME=DIRECTORY", set)
		}
		ts, err := b.set(name, dir)
		if err != nil {
			return err
		}
		all = append(all, ts...)
	}
	text := table(all, n.version, b.repetitions)
	fmt.Print(text)
	if write == "" {
		return nil
	}
	return replace(write, text)
}

// drawn tallies the pictures that draw draws.
func (b *bench) drawn(name string, draw func(n int, seed uint64, each func(p picture, m *image.RGBA) error) error) ([]*tally, error) {
	whole := &tally{name: "**" + name + "**"}
	out := []*tally{whole}
	err := draw(b.draw, b.seed, func(p picture, m *image.RGBA) error {
		if !strings.Contains(p.Image, b.match) {
			return nil
		}
		if last := out[len(out)-1]; last.name != p.Set {
			out = append(out, &tally{name: p.Set})
		}
		return b.read(p, m, []*tally{whole, out[len(out)-1]})
	})
	return out, err
}

// set reads a directory. Its pictures are tallied together and by the sub-set the index names.
func (b *bench) set(name, dir string) ([]*tally, error) {
	f, err := os.Open(filepath.Join(dir, "index.jsonl"))
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // read only
	whole := &tally{name: "**" + name + "**"}
	out := []*tally{whole}
	parts := map[string]*tally{}
	sc := bufio.NewScanner(f)
	sc.Buffer(nil, 1<<20)
	for sc.Scan() {
		var p picture
		if err := json.Unmarshal(sc.Bytes(), &p); err != nil {
			return nil, fmt.Errorf("%s: %w", dir, err)
		}
		if !strings.Contains(p.Image, b.match) {
			continue
		}
		part := parts[p.Set]
		if part == nil {
			part = &tally{name: p.Set}
			parts[p.Set] = part
			out = append(out, part)
		}
		if err := b.picture(filepath.Join(dir, p.Image), p, []*tally{whole, part}); err != nil {
			return nil, fmt.Errorf("%s: %w", p.Image, err)
		}
	}
	if len(parts) < 2 || !b.parts {
		out = out[:1]
	}
	return out, sc.Err()
}

func (b *bench) picture(path string, p picture, into []*tally) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	m, err := scanner.DecodePicture(f, scanner.DefaultLimits())
	_ = f.Close()
	if err != nil {
		return err
	}
	return b.read(p, m, into)
}

// read has everybody read m.
func (b *bench) read(p picture, m image.Image, into []*tally) error {
	r := image.Rect(0, 0, m.Bounds().Dx(), m.Bounds().Dy())
	grey, colour := image.NewGray(r), image.NewRGBA(r)
	draw.Draw(grey, r, m, m.Bounds().Min, draw.Src)
	draw.Draw(colour, r, m, m.Bounds().Min, draw.Src)
	want := p.Expected
	if want == nil {
		want = p.Texts
	}
	if err := b.native.load(grey); err != nil {
		return err
	}
	runtime.GC() // of the picture files: not part of what is timed
	var texts [decoders][]string
	var times [decoders][]time.Duration
	for done := 0; done < b.repetitions; done += turn {
		n := min(turn, b.repetitions-done)
		for who := range names {
			var took []time.Duration
			var err error
			switch {
			case who == zbar && (!b.zbar || done > 0): // so slow that once says enough
				continue
			case who == zbar:
				texts[who], took, err = b.native.read("zbar", 1)
			case who == zxing:
				texts[who], took, err = b.native.read("zxing", n)
			case who == ours:
				texts[who], took, err = b.own(grey, n)
			default:
				texts[who], took, err = b.own(colour, n)
			}
			if err != nil {
				return err
			}
			times[who] = append(times[who], took...)
		}
	}
	for who := range names {
		if times[who] == nil {
			continue
		}
		took := median(times[who])
		hits, read, invented := judge(texts[who], want, p.Truth)
		for _, t := range into {
			s := &t.by[who]
			s.codes += hits
			s.invented += invented
			s.took = append(s.took, took)
			s.ratios = append(s.ratios, float64(took)/float64(median(times[zxing])))
			if read {
				s.pictures++
			}
		}
		if b.misses && len(want) > 0 && !read && who != oursRGBA {
			fmt.Printf("%s: %s read %d of %d\n", p.Image, names[who], hits, len(want))
		}
		if b.misses && invented > 0 && who != oursRGBA {
			fmt.Printf("%s: %s read %d that are not there\n", p.Image, names[who], invented)
		}
	}
	if b.each {
		fmt.Printf("%-40s", p.Image)
		for who := range names {
			if times[who] != nil {
				fmt.Printf("  %8s", ms(median(times[who])))
			}
		}
		fmt.Printf("  × %.2f\n", float64(median(times[ours]))/float64(median(times[zxing])))
	}
	for _, t := range into {
		if len(want) == 0 {
			t.negative++
			continue
		}
		t.pictures++
		if p.Truth == "expected" {
			t.code++
		} else {
			t.code += len(want)
		}
	}
	return nil
}

// turn is how often one reads before it is the next one's turn: the first time what the other left in the processor's
// memory has to make room, and the median is one of the others, as in a stream of frames.
const turn = 3

// own reads with our scanner, again and again.
func (b *bench) own(m image.Image, repetitions int) (texts []string, took []time.Duration, err error) {
	var res scanner.Result
	for range repetitions {
		start := time.Now()
		res, err = b.ours.Scan(context.Background(), m)
		took = append(took, time.Since(start))
		if err != nil {
			return nil, nil, err
		}
	}
	for _, c := range res.Codes {
		texts = append(texts, c.Text)
	}
	return texts, took, nil
}

func median(ds []time.Duration) time.Duration {
	ds = slices.Clone(ds)
	slices.Sort(ds)
	return ds[len(ds)/2]
}

// plain keeps visible ASCII: the spelling of other characters differs between decoders and indexes.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if r <= ' ' || r > '~' {
			return -1
		}
		return r
	}, s)
}

// judge counts which texts were wanted. read: everything that was wanted is there.
func judge(texts, want []string, truth string) (hits int, read bool, invented int) {
	left := map[string]int{}
	for _, t := range texts {
		left[plain(t)]++
	}
	for _, w := range want {
		if left[plain(w)] > 0 {
			left[plain(w)]--
			hits++
		}
	}
	if len(want) == 0 {
		return 0, false, len(texts)
	}
	if truth == "expected" {
		return min(hits, 1), hits > 0, 0
	}
	return hits, hits == len(want), 0
}

// native is the other decoders' process.
type native struct {
	cmd     *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Scanner
	version string
	file    string // the picture it is given
}

func start(path string) (*native, error) {
	cmd := exec.Command(path)
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	n := &native{cmd: cmd, in: in, out: bufio.NewScanner(out)}
	n.out.Buffer(nil, 1<<20)
	if !n.out.Scan() {
		return nil, errors.New("the native reader does not answer")
	}
	n.version = n.out.Text()
	f, err := os.CreateTemp("", "benchscan-*.pgm")
	if err != nil {
		return nil, err
	}
	n.file = f.Name()
	return n, f.Close()
}

func (n *native) stop() {
	_ = n.in.Close()
	_ = n.cmd.Wait()
	_ = os.Remove(n.file)
}

// load gives the other decoders a picture.
func (n *native) load(m *image.Gray) error {
	pgm := fmt.Appendf(nil, "P5\n%d %d\n255\n", m.Rect.Dx(), m.Rect.Dy())
	if err := os.WriteFile(n.file, append(pgm, m.Pix...), 0o600); err != nil {
		return err
	}
	answer, err := n.ask("load", n.file)
	if err == nil && answer != "ok" {
		err = errors.New("the native reader could not load the picture")
	}
	return err
}

// ask sends one line and waits for the answer.
func (n *native) ask(words ...any) (string, error) {
	if _, err := fmt.Fprintln(n.in, words...); err != nil {
		return "", err
	}
	if !n.out.Scan() {
		return "", errors.New("the native reader ended")
	}
	return n.out.Text(), nil
}

// read has a decoder read the picture so many times.
func (n *native) read(decoder string, repetitions int) (texts []string, took []time.Duration, err error) {
	answer, err := n.ask(decoder, repetitions)
	if err != nil {
		return nil, nil, err
	}
	words := strings.Fields(answer)
	if len(words) < 2 {
		return nil, nil, errors.New("the native reader could not read the picture")
	}
	for _, w := range strings.Split(words[0], ",") {
		ns, err := strconv.ParseInt(w, 10, 64)
		if err != nil {
			return nil, nil, err
		}
		took = append(took, time.Duration(ns))
	}
	for _, w := range words[2:] {
		t, err := hex.DecodeString(strings.TrimPrefix(w, "-"))
		if err != nil {
			return nil, nil, err
		}
		texts = append(texts, string(t))
	}
	return texts, took, nil
}
