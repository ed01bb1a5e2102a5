package kdbx

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/tallystick/tallystick/vault/secret"
)

// Limits of a document.
const (
	MaxEntries = 50_000   // entries of one database, without old versions of them
	maxKept    = 64 << 20 // bytes of what Content holds
	maxDepth   = 512      // elements inside each other; KeePass stops at 126 groups
	maxText    = 32 << 20 // bytes of one text: an attachment of version 3.1
	maxTag     = 64 << 10 // bytes of one tag
	perField   = 96       // bytes a field takes besides its text, roughly
)

// Content is what a database holds.
type Content struct {
	Entries []Entry
	Binned  int // entries in the recycle bin, which are left out
	Locked  int // values of an XML file that are encrypted, and left out with their fields

	headerHash string
}

// Wipe overwrites every value.
func (c Content) Wipe() {
	for _, e := range c.Entries {
		for _, f := range e.Fields {
			f.Value.Wipe()
		}
	}
}

// Entry is one entry as it is now; old versions of it are not read.
type Entry struct {
	UUID   string   // as written: base64
	Groups []string // names of the groups it is in, without the outermost
	Tags   []string
	Fields []Field // in the order of the document, without the password and without empty ones
	Icon   []byte  // a picture of the person's own; nil = none. Entries may share its memory
}

// Get is the value of the first field of that name, whatever its case; empty when there is none.
func (e Entry) Get(name string) secret.Bytes {
	for _, f := range e.Fields {
		if strings.EqualFold(f.Name, name) {
			return f.Value
		}
	}
	return secret.Bytes{}
}

// Field is one field of an entry: Title, UserName, URL, Notes, and what the person added.
type Field struct {
	Name  string
	Value secret.Bytes
}

// RecogniseXML reports whether data begins as an XML file of KeePass does.
func RecogniseXML(data []byte) bool {
	head := bytes.TrimPrefix(data[:min(len(data), 1<<10)], []byte("\xEF\xBB\xBF"))
	return bytes.HasPrefix(bytes.TrimLeft(head, " \t\r\n"), []byte("<")) && bytes.Contains(head, []byte("<KeePassFile"))
}

// ReadXML reads what KeePass and KeePassXC write as XML, which is not encrypted. Errors: ErrDamaged, ErrTooLarge, and the
// context's.
func ReadXML(ctx context.Context, data []byte) (Content, error) {
	return readXML(ctx, bytes.NewReader(data), maxXML, nil, false)
}

// group is a group of the document. Its name may come after its entries.
type group struct {
	uuid, name string
	parent     *group
}

// document is what is being read.
type document struct {
	ctx       context.Context
	stream    keystream
	encrypted bool // protected values are base64, and hidden where there is a stream

	path    []string
	text    []byte
	hidden  bool // the element that is open now says it is protected
	group   *group
	entry   *entryAt
	history int // depth of History elements
	key     string
	value   secret.Bytes
	hasVal  bool

	entries []*entryAt
	bin     string
	iconID  string
	icons   map[string][]byte
	kept    int
	locked  int
	hash    string
}

// entryAt is an entry with where it is.
type entryAt struct {
	Entry
	group *group
	icon  string
}

// readXML reads at most limit bytes.
func readXML(ctx context.Context, r io.Reader, limit int64, stream keystream, encrypted bool) (_ Content, err error) {
	d := &document{ctx: ctx, stream: stream, encrypted: encrypted, icons: make(map[string][]byte)}
	defer func() {
		if err != nil {
			for _, e := range d.entries {
				Content{Entries: []Entry{e.Entry}}.Wipe()
			}
		}
	}()
	guarded := &tagGuard{r: &io.LimitedReader{R: r, N: limit + 1}}
	tokens := xml.NewDecoder(guarded)
	tokens.CharsetReader = func(charset string, input io.Reader) (io.Reader, error) { return nil, errCharset }
	for n := 0; ; n++ {
		if n%1024 == 0 && ctx.Err() != nil {
			return Content{}, ctx.Err()
		}
		token, err := tokens.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			if guarded.tooLarge || guarded.r.N <= 0 {
				return Content{}, ErrTooLarge
			}
			// What the decoder says may quote the file.
			return Content{}, fmt.Errorf("%w: its XML", ErrDamaged)
		}
		switch t := token.(type) {
		case xml.StartElement:
			if len(d.path) == 0 && t.Name.Local != "KeePassFile" {
				return Content{}, fmt.Errorf("%w: its XML is of something else", ErrDamaged)
			}
			if err := d.open(t); err != nil {
				return Content{}, err
			}
		case xml.CharData:
			d.text = append(d.text, t...)
		case xml.EndElement:
			if err := d.close(); err != nil {
				return Content{}, err
			}
			if len(d.path) == 0 {
				return d.content(), nil // what follows is padding
			}
		}
	}
	return Content{}, fmt.Errorf("%w: it holds no XML", ErrDamaged)
}

var errCharset = errors.New("kdbx: XML of another character set")

func (d *document) open(t xml.StartElement) error {
	if len(d.path) >= maxDepth {
		return fmt.Errorf("%w: its XML is too deep", ErrDamaged)
	}
	name := t.Name.Local
	d.path = append(d.path, name)
	d.text, d.hidden = d.text[:0], false
	for _, a := range t.Attr {
		if a.Name.Local == "Protected" && strings.EqualFold(a.Value, "true") {
			d.hidden = true
		}
	}
	switch {
	case name == "History":
		d.history++
	case d.history > 0:
	case name == "Group":
		d.group = &group{parent: d.group}
	case name == "Entry":
		if len(d.entries) >= MaxEntries {
			return fmt.Errorf("%w: more than %d entries", ErrTooLarge, MaxEntries)
		}
		d.entry = &entryAt{group: d.group}
		d.entries = append(d.entries, d.entry)
		d.kept += perField
	case name == "String":
		d.key, d.value, d.hasVal = "", secret.Bytes{}, false
	}
	return nil
}

// parent is the name of the element around the one that is open now.
func (d *document) parent() string {
	if len(d.path) < 2 {
		return ""
	}
	return d.path[len(d.path)-2]
}

// value of the element that ends, decrypted where it is protected: every protected value moves the stream on, also those
// that nobody wants.
func (d *document) reveal() (value []byte, locked bool, err error) {
	if !d.hidden {
		return d.text, false, nil
	}
	if !d.encrypted {
		return nil, true, nil
	}
	if d.stream == nil {
		return d.text, false, nil
	}
	text := bytes.Map(func(r rune) rune {
		if r == ' ' || r == '\n' || r == '\r' || r == '\t' {
			return -1
		}
		return r
	}, d.text)
	n, err := base64.StdEncoding.Decode(text, text)
	if err != nil {
		return nil, false, fmt.Errorf("%w: a protected value", ErrDamaged)
	}
	d.stream.XORKeyStream(text[:n], text[:n])
	return text[:n], false, nil
}

func (d *document) close() error {
	name, parent := d.path[len(d.path)-1], d.parent()
	value, locked, err := d.reveal()
	if err != nil {
		return err
	}
	d.path, d.hidden = d.path[:len(d.path)-1], false
	defer func() { clear(d.text); d.text = d.text[:0] }()
	if name == "History" {
		d.history--
		return nil
	}
	if d.history > 0 {
		return nil
	}
	if locked {
		d.locked++
		value = nil
	}
	keep := func() string {
		d.kept += len(value)
		return string(value)
	}
	switch name {
	case "Group":
		if d.group != nil {
			d.group = d.group.parent
		}
	case "Entry":
		d.entry = nil
	case "UUID":
		switch {
		case parent == "Entry" && d.entry != nil:
			d.entry.UUID = keep()
		case parent == "Group" && d.group != nil:
			d.group.uuid = keep()
		case parent == "Icon":
			d.iconID = keep()
		}
	case "Name":
		if parent == "Group" && d.group != nil {
			d.group.name = keep()
		}
	case "Tags":
		if parent == "Entry" && d.entry != nil {
			d.entry.Tags = splitTags(keep())
		}
	case "CustomIconUUID":
		if parent == "Entry" && d.entry != nil {
			d.entry.icon = keep()
		}
	case "Data":
		if parent == "Icon" && d.iconID != "" {
			if data, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(value))); err == nil {
				d.icons[d.iconID] = data
				d.kept += len(data)
			}
			d.iconID = ""
		}
	case "RecycleBinUUID":
		d.bin = keep()
	case "HeaderHash":
		d.hash = strings.TrimSpace(keep())
	case "Key":
		if parent == "String" {
			d.key = keep()
		}
	case "Value":
		// Passwords are nobody's business here.
		if parent == "String" && d.entry != nil && len(value) > 0 && d.key != "Password" {
			d.value, d.hasVal = secret.New(bytes.Clone(value)), true
			d.kept += len(value) + perField
		}
	case "String":
		if d.entry == nil || !d.hasVal {
			break
		}
		if d.key == "Password" || d.key == "" {
			d.value.Wipe()
			break
		}
		d.entry.Fields = append(d.entry.Fields, Field{Name: d.key, Value: d.value})
	}
	if d.kept > maxKept {
		return ErrTooLarge
	}
	return nil
}

// splitTags takes a list of tags apart; both signs are in use.
func splitTags(text string) []string {
	tags := strings.FieldsFunc(text, func(r rune) bool { return r == ';' || r == ',' })
	kept := tags[:0]
	for _, t := range tags {
		if t = strings.TrimSpace(t); t != "" {
			kept = append(kept, t)
		}
	}
	return kept
}

// noUUID is the UUID that stands for none.
const noUUID = "AAAAAAAAAAAAAAAAAAAAAA=="

// content leaves out what is in the recycle bin, and says which groups the others are in.
func (d *document) content() Content {
	c := Content{Entries: make([]Entry, 0, len(d.entries)), Locked: d.locked, headerHash: d.hash}
	for _, e := range d.entries {
		binned := false
		for g := e.group; g != nil; g = g.parent {
			if d.bin != "" && d.bin != noUUID && g.uuid == d.bin {
				binned = true
			}
			if g.parent != nil {
				e.Groups = append(e.Groups, g.name)
			}
		}
		if binned {
			c.Binned++
			Content{Entries: []Entry{e.Entry}}.Wipe()
			continue
		}
		for i, j := 0, len(e.Groups)-1; i < j; i, j = i+1, j-1 {
			e.Groups[i], e.Groups[j] = e.Groups[j], e.Groups[i]
		}
		e.Icon = d.icons[e.icon]
		c.Entries = append(c.Entries, e.Entry)
	}
	return c
}

// tagGuard ends a document with a tag or a text that is larger than any real one, before the decoder has it in memory.
type tagGuard struct {
	r        *io.LimitedReader
	inTag    bool
	since    int // bytes since the tag or text began
	tooLarge bool
}

// Read reads, and counts between the angle brackets.
func (g *tagGuard) Read(p []byte) (int, error) {
	n, err := g.r.Read(p)
	for rest := p[:n]; len(rest) > 0; {
		sign, most := byte('<'), maxText
		if g.inTag {
			sign, most = '>', maxTag
		}
		i := bytes.IndexByte(rest, sign)
		if i < 0 {
			g.since += len(rest)
			rest = nil
		} else {
			g.since += i
			rest = rest[i+1:]
		}
		if g.since > most {
			g.tooLarge = true
			return 0, ErrTooLarge
		}
		if i >= 0 {
			g.inTag, g.since = !g.inTag, 0
		}
	}
	if g.r.N <= 0 {
		g.tooLarge = true
		return 0, ErrTooLarge
	}
	return n, err
}
