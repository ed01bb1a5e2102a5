package view

import (
	"testing"

	"github.com/tallystick/tallystick/app/look"
)

// The dialogues for files and folders come up, as large as the window has room for. The toolkit fails where one gets its size before it is
// shown.
func TestFileDialoguesComeUp(t *testing.T) {
	s := newStage(t, phone, look.Config{}, openVault)
	for name, ask := range map[string]func(){
		"a picture": s.root.openPicture,
		"a file":    func() { s.root.chooseFile(func(string) {}) },
		"to save":   func() { s.root.saveFile("x.txt", func(string) {}) },
	} {
		ask()
		top := s.win.Canvas().Overlays().Top()
		if top == nil {
			t.Errorf("%s: no dialogue", name)
			continue
		}
		s.win.Canvas().Overlays().Remove(top)
	}
}
