package keys

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sys/windows"
)

func platform() host {
	// The credential store is part of a signed-in session: there is nothing to ask.
	return host{name: "Windows Credential Manager", check: func(context.Context) error { return nil }, classify: classifyWindows}
}

func classifyWindows(err error) error {
	switch {
	case errors.Is(err, windows.ERROR_NO_SUCH_LOGON_SESSION):
		return fmt.Errorf("%w: this session has no credential store", ErrNone)
	case errors.Is(err, windows.ERROR_ACCESS_DENIED):
		return fmt.Errorf("%w: access denied", ErrLocked)
	}
	return nil
}
