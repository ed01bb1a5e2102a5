package app

import (
	"context"

	"fyne.io/fyne/v2"

	"github.com/tallystick/tallystick/app/model"
	"github.com/tallystick/tallystick/app/platform"
)

// What other processes ask of the window, and what it answers. `tallystick lock` sends and reads the same words.
const (
	commandShow = "show"
	commandOpen = "open"
	commandLock = "lock"
	commandPack = "pack" // its text is the absolute path of a code pack

	replyOK            = "ok"
	replyNothingToLock = "nothing-to-lock-with"
)

// request is what another process asks of this window, with the place for the answer.
type request struct {
	platform.Request
	reply chan<- platform.Reply
}

// hand passes r to the window and waits for its answer, or for the end of the window.
func hand(requests chan<- request, stop <-chan struct{}, r platform.Request) platform.Reply {
	reply := make(chan platform.Reply, 1)
	select {
	case requests <- request{r, reply}:
	case <-stop:
		return platform.Reply{}
	}
	select {
	case answer := <-reply:
		return answer
	case <-stop:
		return platform.Reply{}
	}
}

// serve answers the requests of other processes until ctx ends.
func serve(ctx context.Context, requests <-chan request, session *model.Session, w *window) {
	for {
		select {
		case <-ctx.Done():
			return
		case r := <-requests:
			fyne.Do(func() { answer(session, w, r.Request, func(a platform.Reply) { r.reply <- a }) })
		}
	}
}

// answer does what another process asks for, and calls reply once, possibly later.
func answer(session *model.Session, w *window, r platform.Request, reply func(platform.Reply)) {
	switch r.Command {
	case commandOpen:
		w.raise()
		w.root.OpenLink(r.Text)
	case commandPack:
		w.raise()
		w.root.OpenPack(string(r.Text.Reveal()))
	case commandLock:
		session.LockAsAsked(func(locked bool) {
			if !locked {
				reply(platform.Reply{Word: replyNothingToLock})
				return
			}
			reply(platform.Reply{Word: replyOK})
		})
		return
	default:
		w.raise()
	}
	reply(platform.Reply{Word: replyOK})
}
