package model

import (
	"fmt"
	"time"
)

// clockWord writes a time to come as people do: "18:00 today", "18:00 tomorrow", "18:00 on Friday", "18:00 on 3 June". Both are in the same
// time zone.
func clockWord(t, now time.Time) string {
	switch days := daysFrom(now, t); {
	case days == 0:
		return t.Format("15:04") + " today"
	case days == 1:
		return t.Format("15:04") + " tomorrow"
	case days > 1 && days < 7:
		return t.Format("15:04 on Monday")
	case t.Year() == now.Year():
		return t.Format("15:04 on 2 January")
	}
	return t.Format("15:04 on 2 January 2006")
}

// ranOut says when something was over.
func ranOut(t, now time.Time) string {
	switch days := daysFrom(now, t); {
	case days == 0:
		return "ran out at " + t.Format("15:04") + " today"
	case days == -1:
		return "ran out at " + t.Format("15:04") + " yesterday"
	case t.Year() == now.Year():
		return "ran out at " + t.Format("15:04 on 2 January")
	}
	return "ran out at " + t.Format("15:04 on 2 January 2006")
}

// daysFrom is how many midnights lie between two times in their time zone; negative when t is before now.
func daysFrom(now, t time.Time) int {
	day := func(t time.Time) time.Time { return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC) }
	return int(day(t).Sub(day(now)) / (24 * time.Hour))
}

// leftWord writes a time that is left: "less than a minute", "12 min", "7 h 12 min", "2 days 3 h".
func leftWord(d time.Duration) string {
	minutes := int(d / time.Minute)
	hours, days := minutes/60, minutes/(24*60)
	switch {
	case minutes < 1:
		return "less than a minute"
	case hours < 1:
		return fmt.Sprintf("%d min", minutes)
	case days < 2 && minutes%60 == 0:
		return fmt.Sprintf("%d h", hours)
	case days < 2:
		return fmt.Sprintf("%d h %d min", hours, minutes%60)
	case hours%24 == 0:
		return fmt.Sprintf("%d days", days)
	}
	return fmt.Sprintf("%d days %d h", days, hours%24)
}

// sizeWord writes how large a file is about: "about 12 kB".
func sizeWord(bytes int64) string {
	switch {
	case bytes < 9_500:
		return fmt.Sprintf("about %d kB", max(1, (bytes+500)/1_000))
	case bytes < 950_000:
		return fmt.Sprintf("about %d kB", (bytes+2_500)/5_000*5)
	}
	return fmt.Sprintf("about %.1f MB", float64(bytes)/1e6)
}
