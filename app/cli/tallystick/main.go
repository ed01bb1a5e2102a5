// Command tallystick without a window: what `make cli` builds, for machines that have
// no display or no C compiler. The windowed program at the root of the module runs the
// same commands.
package main

import (
	"os"

	"github.com/tallystick/tallystick/app/cli"
	"github.com/tallystick/tallystick/app/platform"
)

// version is set by the linker (-X main.version=…).
var version string

func main() {
	_ = platform.Harden() // best effort
	os.Exit(cli.Main(os.Args[1:], version))
}
