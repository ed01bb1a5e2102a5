package platform

import (
	"context"
	"errors"

	"github.com/tallystick/tallystick/vault/secret"
)

// Instance is the running window of one data directory. A second start hands its arguments over and ends.
type Instance interface{ Close() error }

// Request is what a second start, or `tallystick lock`, asks of the running window.
type Request struct {
	Command string       // "show", "open" (an otpauth link), "lock"
	Text    secret.Bytes // the link for "open"
}

var ErrRunning = errors.New("platform: another window is using this directory") // the request was delivered

// Claim makes this process the window of dir, or delivers req to the one there is (ErrRunning). handle runs on a goroutine of its own.
func Claim(dir string, req Request, handle func(Request) Reply) (Instance, error) { panic("contract") }

// Send delivers req to the window of dir; ErrNotRunning when there is none.
func Send(ctx context.Context, dir string, req Request) (Reply, error) { panic("contract") }

// Reply is the window's answer: "" or a stable word ("ok", "nothing-to-lock-with", …).
type Reply struct{ Word string }

var ErrNotRunning = errors.New("platform: no window is running")

// Signals reports that the person left: the session was locked, the computer sleeps, or nobody touched it for a while.
type Signals interface {
	Watch(ctx context.Context, fn func(Signal)) error
}
type Signal string

const (
	SessionLocked Signal = "session-locked"
	Sleeping      Signal = "sleeping"
)

// Dirs says where data lies: DataDir honours XDG_DATA_HOME, %AppData%, ~/Library/Application Support.
func DataDir() (string, error)      { panic("contract") }
func DownloadsDir() (string, error) { panic("contract") }
