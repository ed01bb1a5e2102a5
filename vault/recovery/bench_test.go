package recovery_test

import (
	"context"
	"os"
	"testing"

	"github.com/tallystick/tallystick/vault/recovery"
)

func BenchmarkRead(b *testing.B) {
	text, err := os.ReadFile("testdata/sheets/Backup-codes-mara.txt")
	if err != nil {
		b.Fatal(err)
	}
	printed := sheetPDF(b, "Okta recovery codes", "Courier", 2, []string{"a1b2c-3d4e5", "f6a7b-8c9d0", "11aa2-2bb33"}, nil)
	for name, data := range map[string][]byte{"text": text, "pdf": printed} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			for b.Loop() {
				if d, err := recovery.ReadBytes(context.Background(), data, "a"); err != nil || len(d.Keys) == 0 {
					b.Fatal(err)
				}
			}
		})
	}
}
