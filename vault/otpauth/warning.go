package otpauth

// Warning is one thing that was changed, guessed or ignored. Code is stable and
// testable, Text a plain sentence without any part of the input.
type Warning struct {
	Code WarningCode
	Text string
}

// WarningCode names a kind of warning.
type WarningCode string

// The warnings.
const (
	WarnIssuerDiffers     WarningCode = "issuer-differs"     // label prefix and issuer parameter disagree
	WarnLabelGuessed      WarningCode = "label-guessed"      // which of several encoded colons ends the issuer
	WarnLabelCleaned      WarningCode = "label-cleaned"      // control characters and the like were taken out
	WarnLabelCut          WarningCode = "label-cut"          // longer than MaxLabel, or too many tags
	WarnCounterMissing    WarningCode = "counter-missing"    // hotp without a counter: 0
	WarnOddDigits         WarningCode = "odd-digits"         // fewer than 6 or more than 8
	WarnAlgorithmSpelling WarningCode = "algorithm-spelling" // HmacSHA256, SHA-1 …
	WarnRepeated          WarningCode = "parameter-repeated" // given twice, differently
	WarnIgnored           WarningCode = "parameter-ignored"  // contradicts what the kind fixes
	WarnAmpersand         WarningCode = "ampersand-guessed"  // & missing, not encoded, or written &amp;
	WarnFragment          WarningCode = "fragment-dropped"   // #… at the end was cut off
	WarnShortKey          WarningCode = "short-key"          // under 80 bits
	WarnKeyLength         WarningCode = "key-length"         // a length base32 cannot have
	WarnKeyForm           WarningCode = "key-form"           // not written as this kind's keys usually are
	WarnPINMissing        WarningCode = "pin-missing"        // the kind needs one and the link has none
	WarnBareKey           WarningCode = "bare-key"           // no link, a key alone
	WarnSteamIssuer       WarningCode = "steam-issuer"       // called Steam, but an ordinary link
	WarnNewerExport       WarningCode = "newer-export"       // migration version above 2
)

var warningTexts = map[WarningCode]string{
	WarnIssuerDiffers:     "The link names two different issuers. The one meant for programs was taken, the other one is kept in the account name.",
	WarnLabelGuessed:      "It is not certain where the issuer ends and the account name begins.",
	WarnLabelCleaned:      "Invisible or damaged characters were taken out of the names.",
	WarnLabelCut:          "Very long names were cut.",
	WarnCounterMissing:    "The link has no counter. Counting starts at 0.",
	WarnOddDigits:         "Codes of this length are unusual.",
	WarnAlgorithmSpelling: "The algorithm is spelled unusually. Check that the first code is accepted.",
	WarnRepeated:          "A setting is given twice with different values. The last one was taken.",
	WarnIgnored:           "A setting that this kind of code does not have was ignored.",
	WarnAmpersand:         "The link is badly joined and was repaired. Check the names.",
	WarnFragment:          "Something that does not belong to the link was cut off its end.",
	WarnShortKey:          "The key is very short. Check that all of it was copied.",
	WarnKeyLength:         "The key has an unusual length. Check that all of it was copied.",
	WarnKeyForm:           "The key is written in an unusual form and was converted. Check that the first code is accepted.",
	WarnPINMissing:        "Codes also depend on your PIN, which is not in the link.",
	WarnBareKey:           "This is a key without settings. The usual ones were taken: a new code of 6 digits every 30 seconds.",
	WarnSteamIssuer:       "The issuer is called Steam, but the link is an ordinary one. If Steam expects five letters and digits, change the kind.",
	WarnNewerExport:       "The export was made by a newer version than this app knows.",
}

// warnings collects; each code at most once.
type warnings []Warning

func (w *warnings) add(code WarningCode) {
	for _, have := range *w {
		if have.Code == code {
			return
		}
	}
	*w = append(*w, Warning{code, warningTexts[code]})
}

func (w *warnings) addIf(condition bool, code WarningCode) {
	if condition {
		w.add(code)
	}
}
