package model

import (
	"errors"
	"fmt"
	"time"

	"github.com/tallystick/tallystick/app/clock"
)

const (
	// fineOff is how far a clock may be off without anybody noticing.
	fineOff = 5 * time.Second
	// badOff is from where portals refuse codes, most of them.
	badOff = 25 * time.Second
)

const setTheClock = "Switch on setting the time from the network in the system's settings. Codes are wrong when the clock is more than half a minute off."

// clock says what is known about the clock: from the comparison just made, else from the
// last one, else from what the system says itself.
func (b Body) clock(found *clock.Finding) Check {
	now, s := b.Now(), b.Clock.Status()
	shown := "The clock shows " + now.UTC().Format("2006-01-02 15:04:05 UTC")
	if !clock.Plausible(now) {
		return Check{State: Broken, Text: shown + ", which cannot be right.", Todo: setTheClock}
	}
	switch {
	case found != nil && found.Sure, s.Known: // known better than by the time of a file
	case b.saved().After(now.Add(2 * time.Minute)):
		return Check{State: Broken, Text: shown + ", but the vault was saved later than that.", Todo: setTheClock}
	}
	switch {
	case found != nil && found.Answered > 0 && !found.Sure:
		return Check{
			State: Ailing, Text: "The clocks that were asked do not agree: " + disagreement(found.Readings) + ".",
			Todo: "Ask again, with a time server of your choice as well.",
		}
	case found != nil && found.Answered > 0:
		return judge(found.Sample, s, "")
	case found != nil:
		c := b.offline(shown, s)
		c.Text = "Nobody told the time" + whyNot(found.Readings) + " " + c.Text
		c.State = max(c.State, Ailing)
		if c.Todo == "" {
			c.Todo = "Check the connection to the network, or name a time server."
		}
		return c
	}
	return b.offline(shown, s)
}

// offline is what the clock is known to be without asking anybody.
func (b Body) offline(shown string, s clock.Status) Check {
	kept := clock.KeptUnknown
	if b.ClockKept != nil {
		kept = b.ClockKept()
	}
	if s.Known {
		return judge(s.Off, s, " That is what the comparison of "+moment(s.Measured)+" comes to by now.")
	}
	jump := ""
	if s.Jump != 0 {
		jump = " It was set " + jumpWords(s.Jump) + " while Tallystick was running."
	}
	switch {
	case s.Use == clock.Restarted || s.Use == clock.Old || s.Use == clock.ClockSet:
		return Check{State: Ailing, Text: shown + "." + jump + " " + UnusedCorrection(s), Todo: "Compare the clock again."}
	case kept == clock.KeptByNobody:
		return Check{State: Ailing, Text: shown + ". The system does not keep it right by itself." + jump, Todo: setTheClock}
	case kept == clock.KeptRight:
		return Check{Text: shown + " and is kept right by the system." + jump}
	}
	return Check{Text: shown + "." + jump}
}

// judge says how bad an offset is, and what of it is corrected. because ends the text.
func judge(off clock.Sample, s clock.Status, because string) Check {
	c := Check{Text: "The clock is " + clock.Words(off) + "."}
	rest := off.Offset // what codes are off by
	if s.Use == clock.Used {
		rest -= s.Correction
	}
	size := max(rest.Abs()-off.Error, 0) // at the least
	exact := off.Error <= fineOff
	if exact {
		size = rest.Abs()
	}
	switch {
	case size > badOff:
		c.State = Broken
	case size > fineOff:
		c.State = Ailing
	}
	switch {
	case s.Use == clock.Used && c.State == Healthy:
		c.Text += " Codes are corrected for it."
	case s.Use == clock.Used:
		c.Text += " Codes are corrected by " + correctionWords(s.Correction) + ", which no longer fits."
		c.Todo = "Correct codes anew, or forget the correction."
	case c.State == Healthy:
	case off.Offset.Abs() > clock.MaxCorrection:
		c.Todo = "Set the clock in the system's settings. It is too far off to correct codes for it."
	default:
		c.Todo = "Set the clock in the system's settings, or let codes be corrected."
	}
	if s.Use > clock.Used {
		c.Text += " " + UnusedCorrection(s)
	}
	c.Text += because
	return c
}

// UnusedCorrection says why codes do not follow a correction that was agreed to; "" when
// they do or there is none.
func UnusedCorrection(s clock.Status) string {
	switch s.Use {
	case clock.ClockSet:
		return "Codes are no longer corrected by " + correctionWords(s.Correction) + ", because the clock was set."
	case clock.Restarted:
		return "Codes are no longer corrected by " + correctionWords(s.Correction) + ", because the computer was started anew and nobody can tell whether it still fits."
	case clock.Old:
		return "Codes are no longer corrected by " + correctionWords(s.Correction) + ", because that was found more than a week ago."
	}
	return ""
}

// correctionWords writes a correction as it is, however small: "47 s".
func correctionWords(d time.Duration) string {
	return fmt.Sprintf("%d s", d.Abs().Round(time.Second)/time.Second)
}

func jumpWords(d time.Duration) string {
	direction := "forward"
	if d < 0 {
		direction = "back"
	}
	return direction + " by " + clock.Span(d.Abs())
}

// moment writes when something was found: "3 March, 12:05".
func moment(t time.Time) string { return t.Local().Format("2 January, 15:04") }

// disagreement lists what each source said.
func disagreement(readings []clock.Reading) string {
	var parts []string
	for _, r := range readings {
		if r.Err == nil {
			parts = append(parts, "by "+clean(r.Source)+" it is "+clock.Words(r.Sample))
		}
	}
	return join(parts)
}

// whyNot says why no source answered: the one reason of all of them, or none in particular.
func whyNot(readings []clock.Reading) string {
	if len(readings) == 0 {
		return ": there is nobody to ask. Give accounts the web address where you sign in, or name a time server."
	}
	for _, r := range readings {
		if !errors.Is(r.Err, clock.ErrCertificateTime) {
			return "."
		}
	}
	return ": by this clock their certificates are not valid now, so it may be off by months."
}

// SourceLine is what one source said, in words.
type SourceLine struct {
	Name string // a host, "time server …"
	Text string // "47 s fast", or why there was no answer
	Good bool   // it answered, and agrees with the others
}

// SourceLines writes one line for each source that was asked.
func SourceLines(readings []clock.Reading) []SourceLine {
	lines := make([]SourceLine, 0, len(readings))
	for _, r := range readings {
		l := SourceLine{Name: clean(r.Source), Good: r.Err == nil && r.Agrees}
		switch {
		case r.Err != nil:
			l.Text = Sentence(r.Err)
		case r.Agrees:
			l.Text = sentenceCase(clock.Words(r.Sample)) + "."
		default:
			l.Text = sentenceCase(clock.Words(r.Sample)) + ", unlike the others."
		}
		lines = append(lines, l)
	}
	return lines
}
