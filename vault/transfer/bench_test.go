package transfer

import (
	"bytes"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/vault/secret"
)

// manyOf is files with n accounts, by format.
func manyOf(n int) map[string]string {
	join := func(sep, format string) string {
		var b strings.Builder
		for i := range n {
			if i > 0 {
				b.WriteString(sep)
			}
			fmt.Fprintf(&b, format, i)
		}
		return b.String()
	}
	return map[string]string{
		"aegis":         `{"version":1,"header":{"slots":null,"params":null},"db":{"version":3,"entries":[` + join(",\n", `{"type":"totp","uuid":"3ae6f1ad-2e65-4ed2-a953-1ec0dff2386d","name":"maria%d@shop.example","issuer":"Shop","note":"","favorite":false,"icon":null,"groups":[],"info":{"secret":"`+key20+`","algo":"SHA1","digits":6,"period":30}}`) + `],"groups":[]}}`,
		"2fas":          `{"services":[` + join(",\n", `{"name":"Shop","secret":"`+key20+`","updatedAt":1,"otp":{"account":"maria%d","issuer":"Shop","digits":6,"period":30,"algorithm":"SHA1","tokenType":"TOTP","source":"Manual"},"order":{"position":0}}`) + `],"groups":[],"schemaVersion":4}`,
		"otpauth-uri":   join("\n", "otpauth://totp/Shop:maria%d?secret="+key20+"&issuer=Shop&algorithm=SHA1&digits=6&period=30"),
		"bitwarden":     `{"encrypted":false,"folders":[],"items":[` + join(",\n", `{"id":"ffdea2cc-923d-47a0-be99-ae7800fd51e4","type":1,"name":"Shop %d","notes":"my bank, the one at the corner","favorite":false,"login":{"uris":[{"uri":"https://shop.example"}],"username":"maria","password":"p","totp":"`+key20+`"}}`) + `]}`,
		"andotp":        `[` + join(",\n", `{"secret":"`+key20+`","issuer":"Shop","label":"maria%d","digits":6,"type":"TOTP","algorithm":"SHA1","thumbnail":"Default","last_used":0,"used_frequency":0,"period":30,"tags":[]}`) + `]`,
		"apple":         "Title,URL,Username,Password,Notes,OTPAuth\n" + join("\n", `Shop,https://shop.example/,maria%d,p,,otpauth://totp/Shop:maria?secret=`+key20+`&issuer=Shop`),
		"authenticator": `{` + join(",\n", `"id%d":{"account":"maria","issuer":"Shop","secret":"`+key20+`","type":"totp","encrypted":false,"hash":"x","index":0}`) + `}`,
		"freeotp":       "<?xml version='1.0' encoding='utf-8' standalone='yes' ?>\n<map>\n" + join("\n", `<string name="maria%d">{&quot;algo&quot;:&quot;SHA1&quot;,&quot;digits&quot;:6,&quot;label&quot;:&quot;m&quot;,&quot;period&quot;:30,&quot;secret&quot;:`+signedArray(raw20)+`,&quot;type&quot;:&quot;TOTP&quot;}</string>`) + "</map>",
		"stratum":       `{"Authenticators":[` + join(",\n", `{"Type":2,"Icon":null,"Issuer":"Shop","Username":"maria%d","Secret":"`+key20+`","Pin":null,"Algorithm":0,"Digits":6,"Period":30,"Counter":0,"Ranking":0}`) + `],"Categories":[],"AuthenticatorCategories":[],"CustomIcons":[]}`,
	}
}

// BenchmarkImport reads 10,000 accounts, and says how much memory was in use at most, as a multiple of the file.
func BenchmarkImport(b *testing.B) {
	for format, text := range manyOf(10_000) {
		b.Run(format, func(b *testing.B) {
			files := one(text)
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				im, err := Open(b.Context(), files)
				if err != nil {
					b.Fatal(err)
				}
				r, err := im.Read(b.Context(), secret.Bytes{})
				if err != nil || len(r.Entries) != 10_000 || r.Format != format {
					b.Fatal(err, len(r.Entries), r.Format)
				}
			}
			b.StopTimer()
			b.ReportMetric(float64(peak(b, files))/float64(len(text)), "×file")
		})
	}
}

// peak is how many bytes of an import are in use at its end, while nothing of it can be given back, besides the file itself.
func peak(tb testing.TB, files []File) int64 {
	tb.Helper()
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	im, err := Open(tb.Context(), files)
	if err != nil {
		tb.Fatal(err)
	}
	r, err := im.Read(tb.Context(), secret.Bytes{})
	if err != nil {
		tb.Fatal(err)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	runtime.KeepAlive(im)
	runtime.KeepAlive(r)
	runtime.KeepAlive(bytes.NewReader(files[0].Data))
	return int64(after.HeapAlloc) - int64(before.HeapAlloc)
}

// TestMemory holds what an import of 10,000 accounts keeps in memory against four times the file. What is short in the file, a line of a list,
// shows whether a name keeps the line it was a piece of.
func TestMemory(t *testing.T) {
	for format, text := range manyOf(10_000) {
		if used := peak(t, one(text)); used > 4*int64(len(text)) {
			t.Errorf("%s: %d KB for a file of %d KB", format, used>>10, len(text)>>10)
		}
	}
}
