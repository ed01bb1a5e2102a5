// Package store is where the devices of a shared vault exchange objects: storage a team already has.
//
// Purpose: one small interface, what every implementation promises, and what all of them share: names, addresses, errors,
// the wrapper that waits, tries again and gives up. Storage is not trusted: it may lose, delay, replay and change;
// vault/share notices. An implementation promises only what it can: never to overwrite, and to say whether it reached the
// storage. The implementations are store/dir, store/webdav and store/s3; store/backend opens whichever an address names.
//
// Who may import it: vault/share, its subpackages, app/model, app/cli. It imports the standard library.
//
// Concurrency: a Store may be used by many goroutines at once.
//
// Ownership: bytes given to PutNew are only read, and not after it returned; bytes from Get belong to the caller.
package store

import (
	"context"
	"errors"
)

// Errors of a Store; everything it returns wraps one of these or the context's error.
var (
	// ErrOffline says that the storage was not reached or did not answer in time: a normal state, try again later.
	ErrOffline = errors.New("store: storage not reached")
	// ErrDenied says that the storage refused the credentials or the access.
	ErrDenied = errors.New("store: access refused")
	// ErrNotFound says that there is no such object now.
	ErrNotFound = errors.New("store: no such object")
	// ErrExists says that another object already has the name. Names end in a hash of the bytes, so equal bytes are no error.
	ErrExists = errors.New("store: name taken by other bytes")
	// ErrTooLarge says that the object is larger than the caller's cap.
	ErrTooLarge = errors.New("store: object larger than allowed")
	// ErrFull says that the storage has no room.
	ErrFull = errors.New("store: storage full")
	// ErrName says that a name is not one an object can have.
	ErrName = errors.New("store: impossible name")
	// ErrUntrusted says that the server's certificate cannot be trusted, or that it speaks plain HTTP where that was not allowed.
	ErrUntrusted = errors.New("store: connection cannot be trusted")
	// ErrStorage says that the storage answered with something it should not.
	ErrStorage = errors.New("store: storage misbehaves")
)

// Bounds on what is believed of a storage. They stop a hostile one from filling the memory; a real team is far below.
const (
	MaxObjects      = 100_000   // of one listing
	MaxListingBytes = 128 << 20 // of the answers that one listing takes
)

// Object is what a listing tells.
type Object struct {
	Name string // slash-separated, relative to the root the Store was made for; passes CheckName
	Size int64  // bytes; -1 = the storage does not say
}

// Store holds immutable objects under names that pass CheckName; for any other name the answer is ErrName.
type Store interface {
	// List gives every object whose name begins with prefix, in order of names. Foreign files may be among them, as far
	// as their names could be those of objects. A prefix nothing begins with gives an empty list. The prefix "" is the
	// whole storage; any other is the beginning of a name. It is cheapest where it ends in '/'.
	List(ctx context.Context, prefix string) ([]Object, error)
	// Get reads an object of at most max bytes: ErrNotFound, ErrTooLarge.
	Get(ctx context.Context, name string, max int64) ([]byte, error)
	// PutNew writes an object that is not there yet, whole or not at all as seen by others. If the name is taken: nil when
	// the bytes are equal, else ErrExists. It never overwrites where the storage gives a way not to.
	PutNew(ctx context.Context, name string, data []byte) error
	// Delete removes an object; that it is not there is no error.
	Delete(ctx context.Context, name string) error
}

// Watcher is a Store that can tell, before anybody asks, that something may have changed.
type Watcher interface {
	// Watch sends on the channel after something below prefix may have changed, until ctx ends; then it closes the channel.
	// Several changes at once are one message, and a message may be about nothing.
	Watch(ctx context.Context, prefix string) (<-chan struct{}, error)
}

// Watch watches s if it, or what it wraps, is a Watcher; otherwise the channel is nil, which blocks for ever.
func Watch(ctx context.Context, s Store, prefix string) (<-chan struct{}, error) {
	if w, ok := as[Watcher](s); ok {
		return w.Watch(ctx, prefix)
	}
	return nil, nil
}

// as finds the first of s and the stores it wraps that is a T.
func as[T any](s Store) (T, bool) {
	for s != nil {
		if t, ok := s.(T); ok {
			return t, true
		}
		w, ok := s.(interface{ Unwrap() Store })
		if !ok {
			break
		}
		s = w.Unwrap()
	}
	var none T
	return none, false
}
