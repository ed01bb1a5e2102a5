// Package store is where the devices of a shared vault exchange objects: storage a team already has.
//
// Purpose: one small interface, and what every implementation promises. Storage is not trusted: it may lose, delay, replay
// and change; vault/share notices. An implementation promises only what it can: never to overwrite, and to say whether it
// reached the storage.
//
// Who may import it: vault/share, its subpackages, app/model, app/cli. It imports the standard library.
//
// Concurrency: a Store may be used by many goroutines at once.
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

// Object is what a listing tells.
type Object struct {
	Name string // slash-separated, relative to the root the Store was made for
	Size int64  // bytes; -1 = the storage does not say
}

// Store holds immutable objects under names. Names are lower-case hex, digits, '-', '.', and '/' between parts.
type Store interface {
	// List gives every object whose name begins with prefix, in order of names. Foreign files may be among them. A prefix
	// nothing begins with gives an empty list.
	List(ctx context.Context, prefix string) ([]Object, error)
	// Get reads an object of at most max bytes: ErrNotFound, ErrTooLarge.
	Get(ctx context.Context, name string, max int64) ([]byte, error)
	// PutNew writes an object that is not there yet, whole or not at all as seen by others. If the name is taken: nil when
	// the bytes are equal, else ErrExists. It never overwrites where the storage gives a way not to.
	PutNew(ctx context.Context, name string, data []byte) error
	// Delete removes an object; that it is not there is no error.
	Delete(ctx context.Context, name string) error
}
