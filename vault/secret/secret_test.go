package secret

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

type holder struct {
	Name string
	Key  Bytes
	Ptr  *Bytes
}

// Every printed form of a struct that holds a secret must be free of it: as text,
// as hex and as a list of decimal numbers.
func TestNothingPrintsASecret(t *testing.T) {
	const marker = "hunter2-marker"
	s := FromString(marker)
	h := holder{"n", s, &s}
	hexed := fmt.Sprintf("%x", marker)
	decimals := strings.Trim(fmt.Sprint([]byte(marker)), "[]")

	var out []string
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%b", "%o", "%c", "%U", "% x", "%08v", "%t", "%e"} {
		for _, v := range []any{s, &s, h, &h, []Bytes{s}, map[string]Bytes{"k": s}} {
			out = append(out, fmt.Sprintf(verb, v))
		}
	}
	var buf bytes.Buffer
	for _, handler := range []slog.Handler{slog.NewTextHandler(&buf, nil), slog.NewJSONHandler(&buf, nil)} {
		slog.New(handler).Info("m", "s", s, "p", &s, "h", h, "hp", &h)
	}
	j, err := json.Marshal(h)
	if err != nil {
		t.Fatal(err)
	}
	x, err := xml.Marshal(h)
	if err != nil {
		t.Fatal(err)
	}
	out = append(out, buf.String(), string(j), string(x), s.String(), s.GoString())
	for _, text := range out {
		for _, form := range []string{marker, hexed, strings.ToUpper(hexed), decimals} {
			if strings.Contains(text, form) {
				t.Errorf("a secret came out in %q", text)
			}
		}
	}
	if err := gob.NewEncoder(&buf).Encode(h); !errors.Is(err, ErrNotPrintable) {
		t.Errorf("gob: got %v, want ErrNotPrintable", err)
	}
}

func TestNeverReadBackFromAPrintedForm(t *testing.T) {
	var h holder
	if err := json.Unmarshal([]byte(`{"Key":"[secret]"}`), &h); !errors.Is(err, ErrNotPrintable) {
		t.Errorf("got %v, want ErrNotPrintable", err)
	}
	var s Bytes
	for form, err := range map[string]error{
		"text": s.UnmarshalText([]byte(Redacted)), "gob": s.GobDecode([]byte(Redacted)), "XML": xml.Unmarshal([]byte("<Bytes>"+Redacted+"</Bytes>"), &s),
	} {
		if !errors.Is(err, ErrNotPrintable) || !s.IsEmpty() {
			t.Errorf("from %s: got %v, want ErrNotPrintable", form, err)
		}
	}
}

func TestWipeReachesEveryCopy(t *testing.T) {
	b := []byte("abc")
	s := New(b)
	c, own := s, s.Clone()
	s.Wipe()
	if !bytes.Equal(b, []byte{0, 0, 0}) || !c.IsEmpty() || !s.IsEmpty() {
		t.Error("wiping left bytes behind")
	}
	if string(own.Reveal()) != "abc" {
		t.Error("a clone must have memory of its own")
	}
	s.Wipe() // a second time does nothing
	Bytes{}.Wipe()
}

func TestEqual(t *testing.T) {
	a, b := FromString("x"), FromString("x")
	if !a.Equal(b) || a.Equal(FromString("y")) || a.Equal(Bytes{}) || !(Bytes{}).Equal(New(nil)) {
		t.Error("Equal is wrong")
	}
}
