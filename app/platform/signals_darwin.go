package platform

import (
	"context"
	"fmt"
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
