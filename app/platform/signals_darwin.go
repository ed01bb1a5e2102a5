package platform

import (
	"context"
	"fmt"
	"time"
)

// NewSignals returns a Signals that has nothing to tell: macOS announces sleep
// through IOKit and NSWorkspace, and the locked screen through the distributed
// notification center. All three are C interfaces, and this package is built
// without C.
func NewSignals() Signals { return noSignals{} }

type noSignals struct{}

func (noSignals) Watch(context.Context, func(Signal)) error {
	return fmt.Errorf("%w: on macOS they come through AppKit, which this program is built without", ErrNoSignals)
}

// NewIdle returns an Idle that does not know: the idle time is kept by IOKit.
func NewIdle() Idle { return noIdle{} }

type noIdle struct{}

func (noIdle) Since(context.Context) (time.Duration, error) {
	return 0, fmt.Errorf("%w: on macOS it comes from IOKit, which this program is built without", ErrNoIdle)
}
