package model

import (
	"strings"

	"github.com/tallystick/tallystick/vault/otpauth"
)

// NotASheet says what texts are that were given as a sheet of recovery keys and hold none: what
// QR codes of a picture say (where codes is true), or a pasted text. It is one sentence, and repeats
// nothing of the texts but the host of a web address. The empty string when there is nothing to name.
func NotASheet(texts []string, codes bool) string {
	subject := "This text is "
	if codes {
		subject = "The QR code is "
	}
	var first string
	for _, t := range texts {
		t = strings.TrimSpace(t)
		link := strings.Contains(t, ":") && !strings.ContainsAny(t, " \n")
		switch form := otpauth.Recognise(t); {
		case form == otpauth.URI, form == otpauth.Migration:
			return subject + "that of an authenticator account, not a sheet of recovery keys. Add it as an account instead."
		case t == "", !codes && !link:
			// Prose, of which there is nothing to say.
		case first == "":
			first = strings.Replace(foreign(t), "not an authenticator key", "not a sheet of recovery keys", 1)
		}
	}
	if first == "" {
		return ""
	}
	return subject + strings.TrimSuffix(first, ".") + "."
}
