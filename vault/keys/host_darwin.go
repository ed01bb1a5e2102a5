package keys

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os/exec"
)

// security is the tool go-keyring works through.
const security = "/usr/bin/security"

func platform() host {
	return host{name: "macOS Keychain", check: checkKeychain, classify: classifySecurity}
}

// checkKeychain asks for the default keychain, because go-keyring takes "a default
// keychain could not be found" for "the entry could not be found".
func checkKeychain(ctx context.Context) error {
	err := exec.CommandContext(ctx, security, "default-keychain").Run()
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return fmt.Errorf("%w: %w", ErrLocked, ctx.Err())
	}
	return fmt.Errorf("%w: there is no default keychain", ErrNone)
}

func classifySecurity(err error) error {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, exec.ErrNotFound) {
		return fmt.Errorf("%w: %s is not there", ErrNone, security)
	}
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		return fmt.Errorf("%w: it refused (status %d)", ErrLocked, exit.ExitCode())
	}
	return nil
}
