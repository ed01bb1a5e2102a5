package cli

import (
	"runtime"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/assets"
)

func (r *run) versionCommand() *cobra.Command {
	var licences bool
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  maxArgs(0),
		RunE: func(*cobra.Command, []string) error {
			if licences {
				r.print("Typeface: IBM Plex\n\n%s\n\nIcons\n\n%s", strings.TrimSpace(assets.FontLicence()), strings.TrimSpace(assets.IconLicence()))
				return nil
			}
			r.print("tallystick %s (%s, %s/%s)", r.env.Version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
			return nil
		},
	}
	cmd.Flags().BoolVar(&licences, "licences", false, "print the licences of the typeface and the icons that are part of the program")
	return cmd
}
