package clock

import (
	"time"

	"golang.org/x/sys/windows"
)

// Uptime says how long ago the computer was started, times of sleep included
// (GetTickCount64). Windows has no name for a start; the moment of it has to do.
func Uptime() (boot string, since time.Duration, err error) {
	return "", windows.DurationSinceBoot(), nil
}
