package scanner

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// sharedPictures is where the pictures of other readers' test sets lie; they are not part of this repository.
const sharedPictures = "../../shared/qr/zxing"

// plain keeps what the index keeps of a text: visible ASCII.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if r <= ' ' || r > '~' {
			return -1
		}
		return r
	}, s)
}

// TestSharedPictures reads photographs and scans that were not drawn by us. The floor is what was measured; it may only rise.
func TestSharedPictures(t *testing.T) {
	const floor = 178 // of 180
	if testing.Short() {
		t.Skip("half a minute of photographs")
	}
	f, err := os.Open(filepath.Join(sharedPictures, "index.jsonl"))
	if err != nil {
		t.Skip("no shared pictures beside the repository: ", err)
	}
	defer f.Close()
	s := New()
	read, readable, none := 0, 0, 0
	sc := bufio.NewScanner(f)
	sc.Buffer(nil, 1<<20)
	for sc.Scan() {
		var e struct {
			Image, Truth string
			Texts        []string
		}
		if err := json.Unmarshal(sc.Bytes(), &e); err != nil {
			t.Fatal(err)
		}
		p, err := os.Open(filepath.Join(sharedPictures, e.Image))
		if err != nil {
			t.Fatal(err)
		}
		m, err := DecodePicture(p, DefaultLimits())
		p.Close()
		if err != nil {
			t.Fatalf("%s: %v", e.Image, err)
		}
		r, err := s.Scan(context.Background(), m)
		if err != nil {
			t.Fatalf("%s: %v", e.Image, err)
		}
		if e.Truth == "negative" {
			none++
			if len(r.Codes) > 0 {
				t.Errorf("%s: a text where there is none", e.Image)
			}
			continue
		}
		readable++
		got := map[string]bool{}
		for _, c := range r.Codes {
			got[plain(c.Text)] = true
		}
		hits := 0
		for _, want := range e.Texts {
			if got[plain(want)] {
				hits++
			}
		}
		// "expected" lists spellings of one text; otherwise every text is a code of its own.
		if hits == len(e.Texts) || e.Truth == "expected" && hits > 0 {
			read++
		} else {
			t.Logf("%s: not read (%q)", e.Image, r.Reason)
		}
	}
	if err := sc.Err(); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d of %d read, %d without a code", read, readable, none)
	if read < floor || readable < 180 || none < 111 {
		t.Errorf("%d of %d read, floor is %d; %d without a code", read, readable, floor, none)
	}
}

// TestDesktopSet measures a set drawn by qrgen (shared/qr/gen); it is several gigabytes, so it runs only where asked for:
// TALLYSTICK_QR_SET=directory go test -run DesktopSet -v ./scanner
func TestDesktopSet(t *testing.T) {
	dir := os.Getenv("TALLYSTICK_QR_SET")
	if dir == "" {
		t.Skip("TALLYSTICK_QR_SET names no directory of drawn desktops")
	}
	f, err := os.Open(filepath.Join(dir, "index.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	type tally struct{ pictures, whole, codes, read, invented int }
	sets := map[string]*tally{}
	sc := bufio.NewScanner(f)
	sc.Buffer(nil, 1<<20)
	for sc.Scan() {
		var e struct {
			Set, Image string
			Expected   []string
		}
		if err := json.Unmarshal(sc.Bytes(), &e); err != nil {
			t.Fatal(err)
		}
		p, err := os.Open(filepath.Join(dir, e.Image))
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		m, err := DecodePicture(p, DefaultLimits())
		p.Close()
		if err != nil {
			t.Fatal(err)
		}
		left := map[string]int{}
		for _, c := range mustScan(t, m).Codes {
			left[c.Text]++
		}
		hits := 0
		for _, want := range e.Expected {
			if left[want] > 0 {
				left[want]--
				hits++
			}
		}
		for _, name := range []string{e.Set, "all"} {
			if sets[name] == nil {
				sets[name] = &tally{}
			}
			n := sets[name]
			n.codes += len(e.Expected)
			n.read += hits
			for _, k := range left {
				n.invented += k
			}
			if len(e.Expected) > 0 {
				n.pictures++
				if hits == len(e.Expected) {
					n.whole++
				}
			}
		}
	}
	for name, n := range sets {
		t.Logf("%-22s %d of %d pictures, %d of %d codes, %d invented", name, n.whole, n.pictures, n.read, n.codes, n.invented)
	}
	if sets["all"].invented > 0 {
		t.Error("texts were invented")
	}
}
