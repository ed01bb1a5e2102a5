package store

import (
	"errors"
	"time"
)

// Failure is the error of one request to a storage, with what the wrapper of Retry needs to know. It prints what was tried,
// what it means and a detail; implementations put no credentials and no addresses with credentials into the detail.
type Failure struct {
	Op     string        // what was tried: "PUT", "list", …
	Kind   error         // one of the errors of this package; errors.Is finds it
	Detail string        // for a log or a curious person; may be empty
	Status int           // of HTTP; 0 = none
	Again  bool          // trying again soon may help
	After  time.Duration // the storage asked to be left alone for so long; 0 = it did not
}

// Error says it in one line.
func (f *Failure) Error() string {
	text := f.Kind.Error()
	if f.Op != "" {
		text += ": " + f.Op
	}
	if f.Detail != "" {
		text += ": " + f.Detail
	}
	return text
}

// Unwrap gives the Kind.
func (f *Failure) Unwrap() error { return f.Kind }

// again reports whether err asks to be tried again, and when at the earliest.
func again(err error) (after time.Duration, ok bool) {
	if f := (*Failure)(nil); errors.As(err, &f) && f.Again {
		return f.After, true
	}
	return 0, false
}
