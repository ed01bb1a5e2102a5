package clock

import (
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// bootID is random for every start of the computer.
var bootID = sync.OnceValues(func() (string, error) { return unix.Sysctl("kern.bootsessionuuid") })

// Uptime says which start of the computer this is, and how long ago it was, times of
// sleep included. Setting the clock does not change it: CLOCK_MONOTONIC on this system.
func Uptime() (boot string, since time.Duration, err error) {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts); err != nil {
		return "", 0, err
	}
	boot, _ = bootID() // without one, the time since the start has to do
	return boot, time.Duration(ts.Nano()), nil
}
