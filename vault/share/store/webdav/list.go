package webdav

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/tallystick/tallystick/vault/share/store"
	"github.com/tallystick/tallystick/vault/share/store/web"
)

// entry is what a server tells of one file or folder.
type entry struct {
	name   string // relative to the root of the Store, without a '/' at the end; "" = the root
	folder bool
	size   int64
	tag    string // changes with what is in a folder: its entity tag, else when it last changed; empty = not told
	old    bool   // last changed more than staleAfter before the reply
}

// List asks for the folder that the prefix names, and what lies below.
func (s *Store) List(ctx context.Context, prefix string) ([]store.Object, error) {
	if !store.ValidPrefix(prefix) {
		return nil, fmt.Errorf("%w: %.120q", store.ErrName, prefix)
	}
	start, _ := store.SplitPrefix(prefix)
	w := &walk{s: s, prefix: prefix}
	if err := w.tree(ctx, start); err != nil {
		// Some servers refuse, with various words, to list a file as if it were a folder.
		f := (*store.Failure)(nil)
		refused := start != "" && errors.As(err, &f) && f.Status >= 400 && f.Status < 500 && f.Status != http.StatusUnauthorized && !f.Again
		if refused && s.isFile(ctx, start) {
			return nil, nil
		}
		return nil, err
	}
	if w.missing {
		switch {
		case s.isThere(ctx, start):
			return nil, errDisturbed
		case start == "" || !s.isThere(ctx, ""):
			return nil, &store.Failure{Op: "PROPFIND", Kind: store.ErrStorage, Detail: "the folder is not there"}
		}
	}
	for _, temp := range w.stale {
		s.discard(ctx, temp)
	}
	slices.SortFunc(w.list, func(a, b store.Object) int { return strings.Compare(a.Name, b.Name) })
	// A hostile server may name one object twice.
	return slices.CompactFunc(w.list, func(a, b store.Object) bool { return a.Name == b.Name }), nil
}

// errDisturbed says that a server gave no listing of a folder that is there. Servers made with sabre/dav say 404 of a whole folder
// when one file in it goes while they list it; taken for an answer, what lies in it would be missing without a word.
var errDisturbed = &store.Failure{Op: "PROPFIND", Kind: store.ErrStorage, Detail: "a folder that is there is not listed", Again: true}

// isThere reports whether a folder is there, or may be; "" is that of the Store itself.
func (s *Store) isThere(ctx context.Context, folder string) bool {
	if folder != "" {
		folder += "/"
	}
	_, err := s.propfind(ctx, folder, "0")
	return !errors.Is(err, store.ErrNotFound)
}

// isFile reports whether a name is known to be that of a file.
func (s *Store) isFile(ctx context.Context, name string) bool {
	entries, err := s.propfind(ctx, name, "0")
	return err == nil && len(entries) == 1 && !entries[0].folder
}

// walk is one listing.
type walk struct {
	s      *Store
	prefix string

	seen    map[string]bool // folders that were asked for
	missing bool            // where it should begin, there is nothing

	mu    sync.Mutex
	list  []store.Object
	stale []string
}

// maxFolders bounds the requests of one listing.
const maxFolders = 20_000

// tree lists everything below a folder.
func (w *walk) tree(ctx context.Context, start string) error {
	w.seen = map[string]bool{start: true}
	var level []entry
	if !w.s.shallow.Load() {
		entries, err := w.ask(ctx, start, "infinity")
		switch {
		case errors.Is(err, store.ErrNotFound):
			w.missing = true
			return nil
		case errors.Is(err, errDepth):
			w.s.shallow.Store(true)
		case err != nil:
			return err
		default:
			if level, err = w.deep(start, entries); err != nil {
				return err
			}
		}
	}
	if w.s.shallow.Load() && level == nil {
		level = []entry{{name: start, folder: true}}
		clear(w.seen)
	}
	for len(level) > 0 {
		var err error
		if level, err = w.level(ctx, start, level); err != nil {
			return err
		}
	}
	return nil
}

// deep takes a reply to "Depth: infinity" in, and gives the folders it says nothing about what is in them: they are empty, or
// the server gave less than it was asked for.
func (w *walk) deep(start string, entries []entry) ([]entry, error) {
	filled := map[string]bool{start: true}
	for _, e := range entries {
		if parent, _ := store.SplitPrefix(e.name); e.name != start {
			filled[parent] = true
		}
	}
	var rest []entry
	for _, e := range entries {
		if e.folder && w.wanted(e.name) {
			if !filled[e.name] {
				rest = append(rest, e)
			}
			continue
		}
		if err := w.take(e); err != nil {
			return nil, err
		}
	}
	return rest, nil
}

// level asks for folders, several at once, and gives the folders in them.
func (w *walk) level(ctx context.Context, start string, folders []entry) ([]entry, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var (
		next  []entry
		first error
		group sync.WaitGroup
		slots = make(chan struct{}, parallel)
	)
	for _, folder := range folders {
		if w.seen[folder.name] {
			continue
		}
		if w.seen[folder.name] = true; len(w.seen) > maxFolders {
			w.mu.Lock()
			first = &store.Failure{Op: "PROPFIND", Kind: store.ErrStorage, Detail: "too many folders"}
			w.mu.Unlock()
			cancel()
			break
		}
		slots <- struct{}{}
		group.Go(func() {
			defer func() { <-slots }()
			entries, err := w.folder(ctx, folder)
			if errors.Is(err, store.ErrNotFound) && folder.name != start && w.s.isThere(ctx, folder.name) {
				err = errDisturbed
			}
			w.mu.Lock()
			defer w.mu.Unlock()
			if errors.Is(err, store.ErrNotFound) {
				w.missing = w.missing || folder.name == start // others are gone since
				return
			}
			if err != nil {
				if first == nil {
					first = err
					cancel()
				}
				return
			}
			for _, e := range entries {
				if e.folder {
					if e.name != folder.name && w.wanted(e.name) {
						next = append(next, e)
					}
				} else if err := w.take(e); err != nil && first == nil {
					first = err
					cancel()
				}
			}
		})
	}
	group.Wait()
	// What "Depth: infinity" left out shows that the server does not honour it.
	if first == nil && len(next) > 0 && !w.s.shallow.Load() {
		w.s.shallow.Store(true)
	}
	return next, first
}

// folder asks for one folder, unless it has not changed.
func (w *walk) folder(ctx context.Context, folder entry) ([]entry, error) {
	if known, ok := w.s.cache.get(folder.name, folder.tag); ok {
		return known, nil
	}
	entries, err := w.ask(ctx, folder.name, "1")
	if err != nil {
		return nil, err
	}
	w.s.cache.put(folder.name, entries)
	return entries, nil
}

// wanted reports whether a folder can hold anything the prefix begins.
func (w *walk) wanted(folder string) bool {
	return store.CheckName(folder) == nil && (strings.HasPrefix(folder, w.prefix) || strings.HasPrefix(w.prefix, folder+"/"))
}

// take adds a file to the listing.
func (w *walk) take(e entry) error {
	if e.folder {
		return nil
	}
	if isTemp(e.name) {
		if e.old && len(w.stale) < 20 {
			w.stale = append(w.stale, e.name)
		}
		return nil
	}
	if !strings.HasPrefix(e.name, w.prefix) || store.CheckName(e.name) != nil {
		return nil
	}
	if w.list = append(w.list, store.Object{Name: e.name, Size: e.size}); len(w.list) > store.MaxObjects {
		return &store.Failure{Op: "PROPFIND", Kind: store.ErrStorage, Detail: "too many files"}
	}
	return nil
}

func isTemp(name string) bool {
	_, last := store.SplitPrefix(name)
	return strings.HasPrefix(last, tempPrefix) && strings.HasSuffix(last, tempSuffix)
}

// ask asks for a folder by its name.
func (w *walk) ask(ctx context.Context, folder, depth string) ([]entry, error) {
	if folder != "" {
		folder += "/"
	}
	return w.s.propfind(ctx, folder, depth)
}

const propfindBody = `<?xml version="1.0" encoding="utf-8"?>` +
	`<propfind xmlns="DAV:"><prop><resourcetype/><getcontentlength/><getetag/><getlastmodified/></prop></propfind>`

// propfind asks for a folder; errDepth when it refuses the depth.
func (s *Store) propfind(ctx context.Context, folder, depth string) ([]entry, error) {
	res, err := s.send(ctx, "PROPFIND", folder, []byte(propfindBody), store.MaxListingBytes,
		"Depth", depth, "Content-Type", "application/xml; charset=utf-8")
	if err != nil {
		return nil, err
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusMultiStatus {
		// RFC 4918 section 9.1: 403 with propfind-finite-depth. Others say 400, 409, 501, or 403 with nothing; so whatever is
		// no sign of absence or a passing fault, is tried with depth 1 before it counts.
		f := web.Status("PROPFIND", res)
		web.Drop(res)
		if depth == "infinity" && !f.Again && res.StatusCode != http.StatusNotFound && res.StatusCode != http.StatusUnauthorized {
			return nil, errDepth
		}
		if f.Kind == store.ErrStorage && res.StatusCode < 300 || res.StatusCode == http.StatusMethodNotAllowed {
			f.Detail = "that is no WebDAV folder (status " + strconv.Itoa(res.StatusCode) + ")"
			f.Kind, f.Again = store.ErrStorage, false
		}
		return nil, f
	}
	entries, err := s.parse(res.Body, folder, res.Header.Get("Date"))
	if err != nil {
		return nil, s.client.Failed(ctx, "PROPFIND", err)
	}
	return entries, nil
}

// response is one element of a reply (RFC 4918 section 14.24).
type response struct {
	Href   string `xml:"DAV: href"`
	Status string `xml:"DAV: status"`
	Props  []struct {
		Status string `xml:"DAV: status"`
		Prop   struct {
			Type struct {
				Collection *struct{} `xml:"DAV: collection"`
			} `xml:"DAV: resourcetype"`
			Length   string `xml:"DAV: getcontentlength"`
			Tag      string `xml:"DAV: getetag"`
			Modified string `xml:"DAV: getlastmodified"`
		} `xml:"DAV: prop"`
	} `xml:"DAV: propstat"`
}

// settled is how long ago a folder has to have changed for the time of it to say that it did not since.
const settled = 3 * time.Second

// parse reads a multistatus, response by response. Whatever lies outside the folder is left out: a server may not name files
// elsewhere.
func (s *Store) parse(body io.Reader, folder, date string) ([]entry, error) {
	bad := func(why string) error {
		return &store.Failure{Op: "PROPFIND", Kind: store.ErrStorage, Detail: why}
	}
	now, _ := http.ParseTime(date)
	source := &noticing{Reader: body}
	d := xml.NewDecoder(source)
	d.Strict = true
	var entries []entry
	root := false
	for {
		token, err := d.Token()
		if err == io.EOF {
			if !root {
				return nil, bad("the reply is no list")
			}
			return entries, nil
		}
		if err != nil {
			return nil, source.failed(bad)
		}
		element, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		if !root {
			if element.Name.Space != "DAV:" || element.Name.Local != "multistatus" {
				return nil, bad("the reply is no list")
			}
			root = true
			continue
		}
		if element.Name.Space != "DAV:" || element.Name.Local != "response" {
			if err := d.Skip(); err != nil {
				return nil, source.failed(bad)
			}
			continue
		}
		var r response
		if err := d.DecodeElement(&r, &element); err != nil {
			return nil, source.failed(bad)
		}
		e, ok := s.entry(r, folder)
		if !ok {
			continue
		}
		if m, err := http.ParseTime(r.modified()); err == nil && !now.IsZero() {
			e.old = m.Year() >= dated && now.Sub(m) > staleAfter
			// To the second: a change in the second of the last one would not show. So it counts when that is over.
			if e.tag == "" && now.Sub(m) > settled {
				e.tag = r.modified()
			}
		}
		if entries = append(entries, e); len(entries) > store.MaxObjects {
			return nil, bad("too many files")
		}
	}
}

// noticing is a reader that remembers why it ended.
type noticing struct {
	io.Reader
	err error
}

func (n *noticing) Read(p []byte) (int, error) {
	k, err := n.Reader.Read(p)
	if err != nil && err != io.EOF {
		n.err = err
	}
	return k, err
}

// failed tells a connection that was lost from a reply that is no XML.
func (n *noticing) failed(bad func(string) error) error {
	if n.err != nil {
		return n.err
	}
	return bad("the reply is no proper XML")
}

func (r response) modified() string {
	for _, p := range r.Props {
		if p.Prop.Modified != "" {
			return p.Prop.Modified
		}
	}
	return ""
}

// entry reads one response; false when it is not of the folder.
func (s *Store) entry(r response, folder string) (entry, bool) {
	u, err := url.Parse(strings.TrimSpace(r.Href))
	if err != nil || r.Status != "" && !strings.Contains(r.Status, " 200") {
		return entry{}, false
	}
	// Some servers write their own idea of scheme and host, others a path: only the path counts.
	name, ok := strings.CutPrefix(u.Path, s.base.Path+folder)
	if !ok {
		if u.Path+"/" != s.base.Path+folder {
			return entry{}, false
		}
		name = "" // the folder itself, written without its '/'
	}
	name = strings.TrimSuffix(folder+name, "/")
	e := entry{name: name, size: -1, folder: strings.HasSuffix(u.Path, "/")}
	for _, p := range r.Props {
		if p.Status != "" && !strings.Contains(p.Status, " 200") {
			continue
		}
		if p.Prop.Type.Collection != nil {
			e.folder = true
		}
		if n, err := strconv.ParseInt(strings.TrimSpace(p.Prop.Length), 10, 64); err == nil && n >= 0 {
			e.size = n
		}
		if len(p.Prop.Tag) <= 256 {
			e.tag = strings.TrimSpace(p.Prop.Tag)
		}
	}
	if e.folder {
		e.size = 0
	}
	return e, true
}
