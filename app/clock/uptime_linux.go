package clock

import (
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// bootID is random for every start of the computer: random(4).
var bootID = sync.OnceValues(func() (string, error) {
	id, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	return strings.TrimSpace(string(id)), err
})

// Uptime says which start of the computer this is, and how long ago it was, times of
// sleep included. Setting the clock does not change it: CLOCK_BOOTTIME, clock_gettime(2).
func Uptime() (boot string, since time.Duration, err error) {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &ts); err != nil {
		return "", 0, err
	}
	boot, _ = bootID() // without one, the time since the start has to do
	return boot, time.Duration(ts.Nano()), nil
}
