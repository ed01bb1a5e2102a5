package platform_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/app/platform"
)

func TestOpenURLRefuses(t *testing.T) {
	t.Setenv("PATH", t.TempDir()) // should one get through, it starts nothing
	for _, address := range []string{
		"", "portal.example", "//portal.example", "/etc/passwd", "file:///etc/passwd", "javascript:alert(1)",
		"otpauth://totp/a?secret=JBSWY3DPEHPK3PXP", "--help", "http:", "https://", "https:portal.example", "https://:443/",
		"https://maria:JBSWY3DPEHPK3PXP@portal.example", "https://maria@portal.example",
		"https://portal.example/?secret=JBSWY3DPEHPK3PXP", "https://portal.example/?a=1&SECRET=JBSWY3DPEHPK3PXP",
		"https://portal.example/?a=1;secret=JBSWY3DPEHPK3PXP", "https://portal.example/?s%65cret=JBSWY3DPEHPK3PXP",
		"https://portal.example/#secret=JBSWY3DPEHPK3PXP", "https://portal.example/%zzJBSWY3DPEHPK3PXP",
		"https://portal.example/\nX", "https://portal.example/a b", "https://portal.example/\x00",
		"https://portal.example/" + strings.Repeat("x", 9000),
	} {
		err := platform.OpenURL(t.Context(), address)
		if !errors.Is(err, platform.ErrURLRefused) {
			t.Errorf("%q: %v", address, err)
		}
		if err != nil && strings.Contains(err.Error(), "JBSWY3DP") {
			t.Errorf("the error repeats a secret: %v", err)
		}
	}
}
