package view

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"fyne.io/fyne/v2"

	"github.com/tallystick/tallystick/app/look"
	"github.com/tallystick/tallystick/app/model"
)

// otherApp writes what another app might export: some accounts, one that is there, one of the same names, one that needs a
// PIN, one with texts like recovery keys, and one that cannot be read.
func otherApp(s *stage) string {
	s.t.Helper()
	row := s.session.List().Row(0)
	lines := []string{
		"otpauth://totp/Nextcloud:maria?secret=JBSWY3DPEHPK3PXPJBSWY3DP&issuer=Nextcloud",
		"otpauth://totp/Hetzner:maria@shop.example?secret=KRUGKIDROVUWG2ZAMJZG653O&issuer=Hetzner",
		fmt.Sprintf("otpauth://totp/%s:%s?secret=MFRGGZDFMZTWQ2LKNNWG23TP&issuer=%s", strings.ReplaceAll(row.Issuer, " ", "%20"), row.Name, strings.ReplaceAll(row.Issuer, " ", "%20")),
		"motp://Intranet:maria?secret=0123456789abcdef",
		"otpauth://totp/Old%20server:root?secret=1890&issuer=Old%20server",
	}
	path := filepath.Join(s.t.TempDir(), "export.txt")
	if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")), 0o600); err != nil {
		s.t.Fatal(err)
	}
	return path
}

// movingIn drops the export on the window.
func movingIn(s *stage) {
	s.root.Dropped([]string{otherApp(s)})
	s.until(func() bool { return s.session.MoveIn().Stage() == model.MoveInPreview })
}

func TestMoveInPage(t *testing.T) {
	s := newStage(t, phone, look.Config{}, openVault)
	before := s.session.List().Total()
	movingIn(s)
	p, ok := s.root.current.(*moveInPage)
	if !ok {
		t.Fatalf("an export dropped on the window leads to %T", s.root.current)
	}
	s.press(fyne.KeyReturn) // the button has the keyboard
	s.until(func() bool { return s.session.MoveIn().Stage() == model.MoveInDone })
	if n := s.session.List().Total(); n != before+3 {
		t.Errorf("%d accounts, want %d", n, before+3)
	}
	s.press(fyne.KeyReturn)
	if s.root.current == page(p) {
		t.Error("the page stays")
	}

	// Escape goes back to the files, and then away; what was read is gone.
	movingIn(s)
	s.press(fyne.KeyEscape)
	if s.session.MoveIn().Len() != 0 {
		t.Error("left, the export is still in memory")
	}
	s.press(fyne.KeyEscape)
	if _, still := s.root.current.(*moveInPage); still {
		t.Error("Escape does not leave")
	}
}
