package cli

import (
	"context"
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/app/portal"
	"github.com/tallystick/tallystick/app/rehearse"
	"github.com/tallystick/tallystick/assets"
)

func (r *run) rehearseCommand() *cobra.Command {
	var (
		port   int
		asJSON bool
	)
	cmd := &cobra.Command{
		Use:   "rehearse [GUIDE]",
		Short: "Open practice portals, to try two-factor sign-in without risk",
		Long: `Open practice portals in the browser's reach, one for each guide or only the one
named: web pages on this computer that turn two-factor sign-in on, show a QR code,
hand out a recovery key and ask for all of it again. Nothing there is real, nothing
is kept, and no other computer can reach it. They end with Ctrl+C.

Accounts that are scanned from them go into the vault like any other; with
--profile practice they have a vault of their own.`,
		Args: maxArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return r.rehearse(cmd.Context(), args, port, asJSON) },
	}
	cmd.Flags().IntVar(&port, "port", 0, "answer at port `N` of 127.0.0.1 (default a free one)")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print a JSON object: guide to address")
	return cmd
}

func (r *run) rehearse(ctx context.Context, only []string, port int, asJSON bool) error {
	if port < 0 || port > 65535 {
		return usage("--port needs a number from 0 to 65535.")
	}
	guides, err := portal.Load(assets.Portals())
	if err != nil {
		return err
	}
	portals, err := rehearse.Start(ctx, rehearse.Config{Guides: guides, Only: only, Port: port, Now: r.env.Now, Rand: r.env.Rand})
	switch {
	case errors.Is(err, rehearse.ErrNoPortal):
		var ids []string
		for _, g := range guides.All() {
			ids = append(ids, g.ID)
		}
		return usage("There is no practice portal of that name. There are: %s.", strings.Join(ids, ", "))
	case errors.Is(err, rehearse.ErrPort):
		return fail(statusFailed, "Port %d is taken or not for everybody to use. Leave --port out and a free one is chosen.", port)
	case err != nil:
		return err
	}
	urls := portals.URLs()
	if asJSON {
		if err := r.json(urls); err != nil {
			return err
		}
	} else {
		t := newTable("PORTAL", "ADDRESS")
		for _, id := range portals.Listed() {
			g, _ := guides.ByID(id)
			t.row(g.Name, urls[id])
		}
		t.write(r.out)
	}
	// A script waits for the addresses, so they must not stay in the buffer while this waits.
	if err := r.out.Flush(); err != nil {
		return fail(statusFailed, "The output could not be written.")
	}
	r.note("Practice; nothing real. All of them: %s  Ctrl+C ends it.", portals.URL())
	return portals.Wait()
}
