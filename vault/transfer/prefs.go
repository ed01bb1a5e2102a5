package transfer

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
)

// prefs is a preferences file of an Android app: <map><string name="…">…</string>…</map>, in the order of the file.
type prefs struct {
	names  []string
	values map[string]string
	err    error // the file is damaged from some place on; values are those before
}

// maxDepth is how deep the elements of an XML file may be nested.
const maxDepth = 64

// readPrefs reads a preferences file; nil when it is none.
func readPrefs(text []byte) *prefs {
	p := &prefs{values: map[string]string{}}
	dec := newXML(text)
	depth := 0
	name, inside := "", false
	var value []byte
	for {
		token, err := dec.Token()
		if err != nil {
			if !errors.Is(err, io.EOF) {
				p.err = err
			}
			break
		}
		switch t := token.(type) {
		case xml.StartElement:
			if depth == 0 && t.Name.Local != "map" {
				return nil
			}
			if depth++; depth > maxDepth {
				return nil
			}
			if depth != 2 {
				continue
			}
			name, value, inside = "", nil, t.Name.Local == "string"
			for _, a := range t.Attr {
				switch a.Name.Local {
				case "name":
					name = a.Value
				case "value":
					value = append(value, a.Value...) // <int name="…" value="1" />
				}
			}
		case xml.CharData:
			if depth == 2 && inside {
				value = append(value, t...)
			}
		case xml.EndElement:
			if depth == 2 && name != "" {
				if _, ok := p.values[name]; !ok {
					p.names = append(p.names, name)
				}
				p.values[name] = string(value)
			}
			depth--
		}
	}
	if depth == 0 && len(p.names) == 0 && p.err != nil {
		return nil
	}
	return p
}

// newXML is a decoder that resolves nothing: no entities but XML's own five, no document types, no character sets but UTF-8, which
// readText has made of everything.
func newXML(text []byte) *xml.Decoder {
	dec := xml.NewDecoder(bytes.NewReader(text))
	dec.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil }
	return dec
}

// pref returns a value of a preferences file whose name is one of names.
func (in *input) pref(names ...string) (string, bool) {
	if in.prefs == nil {
		return "", false
	}
	for _, n := range names {
		if v, ok := in.prefs.values[n]; ok {
			return v, true
		}
	}
	return "", false
}
