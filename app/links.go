package app

import (
	"context"

	"fyne.io/fyne/v2"

	"github.com/tallystick/tallystick/app/model"
	"github.com/tallystick/tallystick/app/platform"
)

// linksOpenHere asks the system whether authenticator links are opened by this program. Asking may start other programs, so it is
// done off the window's goroutine.
func linksOpenHere(ctx context.Context, then func(on, possible bool)) {
	go func() {
		status, err := platform.NewURIHandler("").Status(ctx)
		fyne.Do(func() { then(status.Installed && status.Default && !status.Stale, err == nil) })
	}()
}

// openLinksHere makes this program the one that opens authenticator links, or gives them back to the one before.
func openLinksHere(ctx context.Context, on bool, then func(sentence string)) {
	go func() {
		handler := platform.NewURIHandler("")
		var err error
		if on {
			err = handler.Install(ctx, true)
		} else {
			err = handler.Remove(ctx)
		}
		fyne.Do(func() {
			if err != nil {
				then(model.Sentence(err))
				return
			}
			then("")
		})
	}()
}
