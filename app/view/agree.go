package view

import "github.com/tallystick/tallystick/app/widget"

// agree reports whether a new passphrase was typed, twice the same. Otherwise banner says what is missing, and the keyboard goes to
// first.
func (r *Root) agree(banner *widget.Banner, first, again *widget.PassphraseEntry) bool {
	var missing string
	switch {
	case first.IsEmpty():
		missing = "Type a passphrase first."
	case !first.Same(again):
		missing = "The two passphrases are not the same. Type them again."
		first.Clear()
		again.Clear()
	default:
		return true
	}
	banner.Set(widget.Trouble, "", missing)
	r.focusOn(first.Focusable())
	return false
}
