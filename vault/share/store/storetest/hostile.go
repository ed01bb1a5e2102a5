package storetest

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/tallystick/tallystick/vault/share/store"
)

// Hostile is a storage in memory that does to a shared vault whatever somebody could who runs it: withhold, roll back, replay,
// rename, swap, truncate, change, inject, show different things to different people. It starts honest. Everything that reaches it
// is recorded.
//
// A client is whoever uses one Store, one user of WebDAV, or one access key of S3. All see the same, unless Fork says otherwise.
type Hostile struct {
	mu       sync.Mutex
	main     *branch
	forks    map[string]*branch // by client
	archive  map[string][]byte  // every object there ever was, by name; the latest bytes
	withheld []func(client, name string) bool
	held     map[string][]held // what clients wrote, not shown to others yet; nil = Hold is off
	before   func(Op) error
	capture  capture
}

// branch is what some clients see.
type branch struct {
	objects map[string][]byte
	folders map[string]bool   // made with MKCOL
	scratch map[string][]byte // files of WebDAV that are no objects
}

// held is one write or deletion that others do not see yet.
type held struct {
	name string
	data []byte // nil = deleted
}

// Op is one operation that reached the storage.
type Op struct {
	Client string
	Verb   string // List, Get, PutNew, Delete
	Name   string // of the object, or the prefix
	Size   int    // bytes written or read
}

// NewHostile makes an empty, honest storage.
func NewHostile() *Hostile {
	return &Hostile{main: newBranch(), forks: map[string]*branch{}, archive: map[string][]byte{}}
}

func newBranch() *branch {
	return &branch{objects: map[string][]byte{}, folders: map[string]bool{}, scratch: map[string][]byte{}}
}

func (b *branch) clone() *branch {
	return &branch{objects: maps.Clone(b.objects), folders: maps.Clone(b.folders), scratch: map[string][]byte{}}
}

// Store gives a client access without a network.
func (h *Hostile) Store(client string) store.Store { return access{h, client} }

type access struct {
	h      *Hostile
	client string
}

// ---- what clients do

func (a access) List(ctx context.Context, prefix string) ([]store.Object, error) {
	if !store.ValidPrefix(prefix) {
		return nil, fmt.Errorf("%w: %.120q", store.ErrName, prefix)
	}
	if err := a.begin(ctx, "List", prefix, 0); err != nil {
		return nil, err
	}
	a.h.capture.add(a.client + " List " + prefix)
	list := a.h.list(a.client, prefix)
	for _, o := range list {
		a.h.capture.down(len(o.Name) + 10)
	}
	return list, nil
}

func (a access) Get(ctx context.Context, name string, max int64) ([]byte, error) {
	if err := store.CheckName(name); err != nil {
		return nil, err
	}
	if err := a.begin(ctx, "Get", name, 0); err != nil {
		return nil, err
	}
	a.h.capture.add(a.client + " Get " + name)
	data, ok := a.h.get(a.client, name)
	switch {
	case !ok:
		return nil, &store.Failure{Op: "get", Kind: store.ErrNotFound}
	case int64(len(data)) > max:
		return nil, &store.Failure{Op: "get", Kind: store.ErrTooLarge}
	}
	a.h.capture.down(len(data))
	return bytes.Clone(data), nil
}

func (a access) PutNew(ctx context.Context, name string, data []byte) error {
	if err := store.CheckName(name); err != nil {
		return err
	}
	if err := a.begin(ctx, "PutNew", name, len(data)); err != nil {
		return err
	}
	a.h.capture.add(a.client+" PutNew "+name, string(data))
	if !a.h.put(a.client, name, data) {
		return &store.Failure{Op: "put", Kind: store.ErrExists}
	}
	return nil
}

func (a access) Delete(ctx context.Context, name string) error {
	if err := store.CheckName(name); err != nil {
		return err
	}
	if err := a.begin(ctx, "Delete", name, 0); err != nil {
		return err
	}
	a.h.capture.add(a.client + " Delete " + name)
	a.h.remove(a.client, name)
	return nil
}

func (a access) begin(ctx context.Context, verb, name string, size int) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return a.h.begin(Op{a.client, verb, name, size})
}

// begin records an operation and asks the test whether it may go on.
func (h *Hostile) begin(op Op) error {
	h.capture.op(op)
	h.mu.Lock()
	before := h.before
	h.mu.Unlock()
	if before != nil {
		return before(op)
	}
	return nil
}

// view is the branch that a client sees. The caller holds the lock.
func (h *Hostile) view(client string) *branch {
	if b, ok := h.forks[client]; ok {
		return b
	}
	return h.main
}

// see finds what a client sees under a name. The caller holds the lock.
func (h *Hostile) see(client, name string) ([]byte, bool) {
	for _, hide := range h.withheld {
		if hide(client, name) {
			return nil, false
		}
	}
	data, ok := h.view(client).objects[name]
	for _, w := range h.held[client] {
		if w.name == name {
			data, ok = w.data, w.data != nil
		}
	}
	return data, ok
}

func (h *Hostile) list(client, prefix string) []store.Object {
	h.mu.Lock()
	defer h.mu.Unlock()
	names := map[string]bool{}
	for name := range h.view(client).objects {
		names[name] = true
	}
	for _, w := range h.held[client] {
		names[w.name] = true
	}
	var list []store.Object
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if data, ok := h.see(client, name); ok && strings.HasPrefix(name, prefix) {
			list = append(list, store.Object{Name: name, Size: int64(len(data))})
		}
	}
	return list
}

func (h *Hostile) get(client, name string) ([]byte, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.see(client, name)
}

// put writes for a client: false when other bytes have the name.
func (h *Hostile) put(client, name string, data []byte) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if there, ok := h.see(client, name); ok {
		return bytes.Equal(there, data)
	}
	data = append([]byte{}, data...)
	h.archive[name] = data
	if h.held != nil {
		h.held[client] = append(h.held[client], held{name, data})
		return true
	}
	h.view(client).objects[name] = data
	return true
}

func (h *Hostile) remove(client, name string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.held != nil {
		h.held[client] = append(h.held[client], held{name, nil})
		return
	}
	delete(h.view(client).objects, name)
}

// ---- what the attacker does

// Names gives the names of all objects in the branch that everybody sees, sorted, of those that match.
func (h *Hostile) Names(match func(name string) bool) []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	var names []string
	for _, name := range slices.Sorted(maps.Keys(h.main.objects)) {
		if match == nil || match(name) {
			names = append(names, name)
		}
	}
	return names
}

// Bytes gives the bytes of an object, as everybody sees them; nil when it is not there.
func (h *Hostile) Bytes(name string) []byte {
	h.mu.Lock()
	defer h.mu.Unlock()
	return bytes.Clone(h.main.objects[name])
}

// Everything gives the names and bytes of every object there ever was, also of those that were deleted.
func (h *Hostile) Everything() map[string][]byte {
	h.mu.Lock()
	defer h.mu.Unlock()
	return maps.Clone(h.archive)
}

// Mark remembers the state of a moment, for Rollback.
type Mark struct{ b *branch }

// Mark remembers what everybody sees now.
func (h *Hostile) Mark() Mark {
	h.mu.Lock()
	defer h.mu.Unlock()
	return Mark{h.main.clone()}
}

// Rollback shows the state of the mark again, to everybody who was not forked off. What was written since is gone.
func (h *Hostile) Rollback(m Mark) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.main = m.b.clone()
}

// Withhold hides the objects that match from a client; "" is every client. Until Honest.
func (h *Hostile) Withhold(client string, match func(name string) bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.withheld = append(h.withheld, func(c, name string) bool { return (client == "" || c == client) && match(name) })
}

// Fork gives a client a branch of its own: it sees what was there, and from now on neither others' writes, nor others its.
func (h *Hostile) Fork(client string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.forks[client] = h.main.clone()
}

// ForkAt is Fork with the state of a mark.
func (h *Hostile) ForkAt(client string, m Mark) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.forks[client] = m.b.clone()
}

// Hold keeps what clients write from the others until Release: a storage that is slow to show.
func (h *Hostile) Hold() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.held == nil {
		h.held = map[string][]held{}
	}
}

// Release shows what was held, client by client in the order of the names given, then the others.
func (h *Hostile) Release(order ...string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, client := range append(order, slices.Sorted(maps.Keys(h.held))...) {
		b := h.view(client)
		for _, w := range h.held[client] {
			if w.data == nil {
				delete(b.objects, w.name)
			} else if _, taken := b.objects[w.name]; !taken {
				b.objects[w.name] = w.data
			}
		}
		delete(h.held, client)
	}
	h.held = nil
}

// Honest ends Withhold, Fork and Hold: all branches flow together, the main one wins where names collide.
func (h *Hostile) Honest() {
	h.Release()
	h.mu.Lock()
	defer h.mu.Unlock()
	h.withheld = nil
	for _, client := range slices.Sorted(maps.Keys(h.forks)) {
		for name, data := range h.forks[client].objects {
			if _, taken := h.main.objects[name]; !taken {
				h.main.objects[name] = data
			}
		}
		delete(h.forks, client)
	}
}

// Change puts other bytes under a name, for everybody: whatever change gives for what is there. Nil removes the object.
func (h *Hostile) Change(name string, change func(data []byte) []byte) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, b := range h.branches() {
		data, ok := b.objects[name]
		if !ok {
			continue
		}
		if data = change(bytes.Clone(data)); data == nil {
			delete(b.objects, name)
		} else {
			b.objects[name] = data
		}
	}
}

func (h *Hostile) branches() []*branch {
	all := []*branch{h.main}
	for _, b := range h.forks {
		all = append(all, b)
	}
	return all
}

// Remove deletes an object behind everybody's back.
func (h *Hostile) Remove(name string) { h.Change(name, func([]byte) []byte { return nil }) }

// Truncate cuts an object to its first n bytes.
func (h *Hostile) Truncate(name string, n int) {
	h.Change(name, func(data []byte) []byte { return data[:min(n, len(data))] })
}

// Flip changes one bit of an object: that of the byte at a place, counted from the end when negative.
func (h *Hostile) Flip(name string, at int) {
	h.Change(name, func(data []byte) []byte {
		if len(data) > 0 {
			data[((at%len(data))+len(data))%len(data)] ^= 0x01
		}
		return data
	})
}

// Swap exchanges the bytes of two objects.
func (h *Hostile) Swap(a, b string) {
	one, two := h.Bytes(a), h.Bytes(b)
	h.Change(a, func([]byte) []byte { return two })
	h.Change(b, func([]byte) []byte { return one })
}

// Copy puts the bytes of an object under another name as well.
func (h *Hostile) Copy(from, to string) { h.Inject(to, h.Bytes(from)) }

// Rename gives an object another name.
func (h *Hostile) Rename(from, to string) {
	h.Copy(from, to)
	h.Remove(from)
}

// Inject puts an object of the attacker's there, over whatever is.
func (h *Hostile) Inject(name string, data []byte) {
	h.mu.Lock()
	defer h.mu.Unlock()
	data = append([]byte{}, data...)
	for _, b := range h.branches() {
		b.objects[name] = data
	}
	h.archive[name] = data
}

// Replay brings back every object that was ever there and matches, as it was.
func (h *Hostile) Replay(match func(name string) bool) (brought []string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, name := range slices.Sorted(maps.Keys(h.archive)) {
		if _, there := h.main.objects[name]; !there && (match == nil || match(name)) {
			h.main.objects[name] = h.archive[name]
			brought = append(brought, name)
		}
	}
	return brought
}

// Before is asked before every operation; an error is what the client gets (over HTTP: store.ErrOffline is status 503,
// store.ErrDenied 403, store.ErrFull 507, anything else 500). Nil asks nobody. It may call the attacks.
func (h *Hostile) Before(ask func(Op) error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.before = ask
}

// Offline is an answer for Before: the storage is not reached by a client; "" is every client.
func Offline(client string) func(Op) error {
	return func(op Op) error {
		if client == "" || op.Client == client {
			return &store.Failure{Op: strings.ToLower(op.Verb), Kind: store.ErrOffline, Detail: "unplugged"}
		}
		return nil
	}
}
