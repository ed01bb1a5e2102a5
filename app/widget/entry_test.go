package widget

import (
	"testing"

	"fyne.io/fyne/v2"
)

// The tab key leaves every field, those of several lines too: nobody without a mouse is kept in one.
func TestTabLeavesAField(t *testing.T) {
	for name, field := range map[string]fyne.Focusable{
		"one line": NewEntry(""), "several lines": NewMultiLineEntry("", 4), "key": NewKeyEntry("").Focusable(),
		"passphrase": NewPassphraseEntry("").Focusable(), "search": NewSearchEntry("", nil),
	} {
		if f, ok := field.(fyne.Tabbable); ok && f.AcceptsTab() {
			t.Errorf("%s keeps the tab key for itself", name)
		}
	}
}
