package cli

import (
	"runtime"

	"github.com/spf13/cobra"
)

func (r *run) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  maxArgs(0),
		RunE: func(*cobra.Command, []string) error {
			r.print("tallystick %s (%s, %s/%s)", r.env.Version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
			return nil
		},
	}
}
