package clock

import (
	"fmt"
	"time"
)

// Words says an offset as people do: "47 s fast", "about half a minute slow", "right to
// within a second". It fits behind "The clock is".
func Words(s Sample) string {
	exact := s.Error <= 2*time.Second
	size := s.Offset.Abs()
	switch {
	case s.Error+size <= 1100*time.Millisecond: // a tenth for the way there and back
		return "right to within a second"
	case exact && (size < time.Second || size <= s.Error):
		return "right to within a few seconds"
	case !exact && s.low() <= 0 && s.high() >= 0:
		return "right to within " + about(max(s.high(), -s.low()))
	}
	direction := "fast"
	if s.Offset < 0 {
		direction = "slow"
	}
	if exact {
		return precise(size) + " " + direction
	}
	return about(size) + " " + direction
}

// Span writes a length of time as Words does: "47 s", "3 min 20 s", "about a day".
func Span(d time.Duration) string { return precise(d) }

// precise writes a duration to the second: "47 s", "3 min 20 s"; from an hour on to the
// minute, from a day on to the hour, because nobody reads more.
func precise(d time.Duration) string {
	d = d.Round(time.Second)
	switch {
	case d < 2*time.Minute:
		return fmt.Sprintf("%d s", d/time.Second)
	case d < time.Hour:
		return two(d, time.Minute, "min", time.Second, "s")
	case d < 24*time.Hour:
		return two(d.Round(time.Minute), time.Hour, "h", time.Minute, "min")
	}
	return about(d)
}

func two(d, unit time.Duration, name string, part time.Duration, partName string) string {
	text := fmt.Sprintf("%d %s", d/unit, name)
	if rest := d % unit / part; rest > 0 {
		text += fmt.Sprintf(" %d %s", rest, partName)
	}
	return text
}

// about writes a duration that is not known to the second.
func about(d time.Duration) string {
	day := 24 * time.Hour
	switch {
	case d < 8*time.Second:
		return "a few seconds"
	case d < 25*time.Second:
		return fmt.Sprintf("about %d s", d.Round(10*time.Second)/time.Second)
	case d < 38*time.Second:
		return "about half a minute"
	case d < 50*time.Second:
		return "about three quarters of a minute"
	case d < 80*time.Second:
		return "about a minute"
	case d < 105*time.Second:
		return "about a minute and a half"
	case d < 55*time.Minute:
		return fmt.Sprintf("about %d minutes", int(d.Round(time.Minute)/time.Minute))
	case d < 90*time.Minute:
		return "about an hour"
	case d < 22*time.Hour:
		return fmt.Sprintf("about %d hours", int(d.Round(time.Hour)/time.Hour))
	case d < 36*time.Hour:
		return "about a day"
	case d < 50*day:
		return fmt.Sprintf("about %d days", int(d.Round(day)/day))
	case d < 548*day:
		return fmt.Sprintf("about %d months", int((d+15*day)/(30*day)))
	}
	return fmt.Sprintf("about %d years", int((d+182*day)/(365*day)))
}
