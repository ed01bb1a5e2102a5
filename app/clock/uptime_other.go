//go:build !linux && !darwin && !windows

package clock

import (
	"crypto/rand"
	"time"
)

// Where nothing else is known, time counts from the start of this process, and what was
// found in another one cannot be compared.
var (
	processStart = time.Now()
	processName  = rand.Text()
)

// Uptime says how long this process has been running, by Go's monotonic clock.
func Uptime() (boot string, since time.Duration, err error) {
	return processName, time.Since(processStart), nil
}
