package seal

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestDocumentRoundTrip(t *testing.T) {
	at := time.Date(2026, 3, 4, 5, 6, 7, 89e6, time.UTC)
	for _, d := range []Document{
		{Revision: 1, Saved: at},
		{Revision: 1<<64 - 1, Saved: at, Entries: [][]byte{[]byte(`{"id":"a"}`), []byte(`7`), []byte(`[1,{"x":null}]`)}},
		{Revision: 2, Saved: at, Extra: [][]byte{[]byte(`"later":{"a":[1, 2]}`), []byte(`"ü":"x"`)}, Entries: [][]byte{[]byte(`{}`)}},
	} {
		text, err := d.Encode()
		if err != nil {
			t.Fatal(err)
		}
		got, err := Decode(text)
		if err != nil {
			t.Fatalf("%v in %s", err, text)
		}
		if !reflect.DeepEqual(got, d) {
			t.Errorf("got %+v, want %+v", got, d)
		}
		again, err := got.Encode()
		if err != nil || !bytes.Equal(again, text) {
			t.Errorf("the second text differs from the first: %s", again)
		}
	}
}

// One entry that is bad by the rules of entries must not take the others with it.
func TestBadEntriesStayEntries(t *testing.T) {
	entries := []string{`{"a":1,"a":2}`, "{\"n\":\"\xff\"}", `"text"`, `null`, `{"n":"\ud800"}`}
	text := `{"format":1,"revision":3,"saved":"2026-01-01T00:00:00.000Z","accounts":[` + strings.Join(entries, " , ") + `]}`
	d, err := Decode([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	for i, e := range entries {
		if string(d.Entries[i]) != e {
			t.Errorf("entry %d came back as %q", i, d.Entries[i])
		}
	}
}

func TestDocumentRefused(t *testing.T) {
	const head = `{"format":1,"revision":1,"saved":"2026-01-01T00:00:00.000Z"`
	const tail = `"revision":1,"saved":"2026-01-01T00:00:00.000Z","accounts":[]}`
	for text, want := range map[string]error{
		`{"format":1,` + tail:                       nil,
		`{` + tail[:13] + `"format":1,` + tail[13:]: ErrDamaged, // all is there, but not in its order
		`{"format":0,` + tail:                       ErrDamaged,
		`{"format":"1",` + tail:                     ErrDamaged,
		`{"format":1.5,` + tail:                     ErrDamaged,
		`{"format":1,"revision":-1,` + tail[13:]:    ErrDamaged,
		`{"format":1,"revision":"1",` + tail[13:]:   ErrDamaged,
		``:                                     ErrDamaged,
		`null`:                                 ErrDamaged,
		`[]`:                                   ErrDamaged,
		`{}`:                                   ErrDamaged,
		`{"revision":1,"format":1}`:            ErrDamaged,
		`{"format":0}`:                         ErrDamaged,
		`{"format":"1"}`:                       ErrDamaged,
		`{"format":1.5}`:                       ErrDamaged,
		`{"format":2,"x":[{`:                   ErrNewer, // whatever follows, it is newer
		`{"format":4294967295}`:                ErrNewer,
		head + `}`:                             ErrDamaged,
		head + `,"accounts":{}}`:               ErrDamaged,
		head + `,"accounts":[}`:                ErrDamaged,
		head + `,"accounts":[1,]}`:             ErrDamaged,
		head + `,"accounts":[`:                 ErrDamaged,
		head + `,"accounts":[]`:                ErrDamaged,
		head + `,"accounts":[]}x`:              ErrDamaged,
		head + `,"accounts":[]}{}`:             ErrDamaged,
		head + `,"format":1,"accounts":[]}`:    ErrDamaged,
		head + `,"accounts":[],"accounts":[]}`: ErrDamaged,
		head + `,"x":1,"x":2,"accounts":[]}`:   ErrDamaged,
		`{"format":1,"revision":-1,"saved":"","accounts":[]}`:             ErrDamaged,
		`{"format":1,"revision":1,"saved":"yesterday","accounts":[]}`:     ErrDamaged,
		head + `,"accounts":[` + strings.Repeat("1,", MaxEntries) + `1]}`: ErrTooLarge,
		head + `,"accounts":` + strings.Repeat("[", 100_000):              ErrDamaged,
	} {
		_, err := Decode([]byte(text))
		if !errors.Is(err, want) {
			t.Errorf("%.60s: got %v, want %v", text, err, want)
		}
	}
	huge := [][]byte{make([]byte, MaxFile)}
	for name, d := range map[string]Document{"many entries": {Entries: make([][]byte, MaxEntries+1)}, "a huge entry": {Entries: huge}, "a huge member": {Extra: huge}} {
		if _, err := d.Encode(); !errors.Is(err, ErrTooLarge) {
			t.Errorf("%s: got %v, want ErrTooLarge", name, err)
		}
	}
	members := func(n int) []byte { // format, revision, saved and accounts are four
		var extra strings.Builder
		for i := range n - 4 {
			fmt.Fprintf(&extra, `,"m%d":0`, i)
		}
		return []byte(head + extra.String() + `,"accounts":[]}`)
	}
	if _, err := Decode(members(64)); err != nil {
		t.Errorf("64 members: %v", err)
	}
	if _, err := Decode(members(65)); !errors.Is(err, ErrTooLarge) {
		t.Errorf("65 members: got %v, want ErrTooLarge", err)
	}
}

// An error about content says where, and never quotes it.
func TestDocumentErrorsQuoteNothing(t *testing.T) {
	for _, text := range []string{
		`{"format":1,"revision":HUNTER2}`,
		`{"format":1,"saved":"HUNTER2"}`,
		`{"format":1,"revision":1,"HUNTER2":1,"HUNTER2":2}`,
		`{"format":1,"accounts":[{"secret":"HUNTER2"`,
		`{"format":1,"accounts":[{"secret":"HUNTER2"}}`,
	} {
		if _, err := Decode([]byte(text)); err == nil || strings.Contains(err.Error(), "HUNTER2") {
			t.Errorf("%s: %v", text, err)
		}
	}
}
