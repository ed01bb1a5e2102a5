package model

import (
	"fmt"
	"time"

	"github.com/tallystick/tallystick/vault/otp"
)

// About says in one line what kind of code an account makes.
func About(p otp.Params) string {
	switch p.Kind {
	case otp.TOTP:
		return fmt.Sprintf("A new code of %s every %s%s", digits(p.Digits), seconds(p.Period), hashNote(p))
	case otp.HOTP:
		return fmt.Sprintf("A new code of %s each time you ask for one%s", digits(p.Digits), hashNote(p))
	case otp.Steam:
		return "Steam Guard: five letters and digits, new every 30 seconds"
	case otp.MOTP:
		return "Mobile-OTP: a key and a PIN, a new code every 10 seconds"
	case otp.Yandex:
		return "Yandex: a key and a PIN, eight letters, new every 30 seconds"
	case otp.Manual:
		return "The portal sends the codes itself, by e-mail or text message"
	}
	return ""
}

// oddities says in one plain line each what is unlike most accounts: not a mistake,
// but the first thing to look at when a portal refuses the code.
func oddities(p otp.Params) []string {
	var lines []string
	if p.Kind == otp.TOTP || p.Kind == otp.HOTP {
		if p.Digits != 6 {
			lines = append(lines, "This code has "+digits(p.Digits)+" instead of the usual 6.")
		}
		if p.Algorithm != otp.SHA1 {
			lines = append(lines, "It is made with "+string(p.Algorithm)+" instead of the usual SHA1.")
		}
	}
	switch {
	case p.Kind == otp.HOTP:
		lines = append(lines, "The code does not change with the time. You ask for a new one each time you sign in.")
	case p.Kind == otp.TOTP && p.Period != 30:
		lines = append(lines, "A code lasts "+seconds(p.Period)+" instead of the usual 30.")
	case p.Kind == otp.Steam, p.Kind == otp.MOTP, p.Kind == otp.Yandex:
		lines = append(lines, About(p)+".")
	}
	return lines
}

func digits(n int) string  { return count(n, "digit", "digits") }
func seconds(n int) string { return count(n, "second", "seconds") }

func hashNote(p otp.Params) string {
	if p.Algorithm == otp.SHA1 {
		return ""
	}
	return ", made with " + string(p.Algorithm)
}

// Day writes a date as people do: "3 June 2026", in the time zone of this computer;
// "never" for the zero time.
func Day(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return t.Local().Format("2 January 2006")
}
