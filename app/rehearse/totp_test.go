package rehearse

import (
	"testing"
	"time"

	"github.com/tallystick/tallystick/vault/otp"
	"github.com/tallystick/tallystick/vault/secret"
)

// RFC 6238, appendix B, the last six of its eight digits.
func TestTOTPVectors(t *testing.T) {
	for at, want := range map[int64]string{
		59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037", 20000000000: "353130",
	} {
		if got := totp([]byte("12345678901234567890"), at/period); got != want {
			t.Errorf("%d: %s, want %s", at, got, want)
		}
	}
}

// The portals and the program make the same codes, each in its own way.
func TestTOTPIsOurs(t *testing.T) {
	for n := range 500 {
		key := make([]byte, keyBytes)
		for i := range key {
			key[i] = byte(n*31 + i*17)
		}
		at := time.Unix(int64(n)*4_000_037, 0)
		ours, err := otp.New(otp.TOTP, secret.FromString(string(key))).Code(at)
		if err != nil {
			t.Fatal(err)
		}
		if theirs := totp(key, at.Unix()/period); theirs != ours {
			t.Fatalf("%v: %s here, %s in vault/otp", at, theirs, ours)
		}
	}
}

func TestCheck(t *testing.T) {
	a := &authenticator{key: []byte("12345678901234567890"), used: map[int64]bool{}}
	at := time.Unix(1111111111, 0)
	here := at.Unix() / period
	for _, c := range []struct {
		away  int64
		want  verdict
		drift int
	}{{-2, wrong, 0}, {2, wrong, 0}, {1, accepted, 1}, {1, reused, 0}, {0, accepted, 0}, {0, reused, 0}, {-1, accepted, -1}, {-1, reused, 0}} {
		if got, drift := a.check(totp(a.key, here+c.away), at); got != c.want || drift != c.drift {
			t.Errorf("%d away: %v %d, want %v %d", c.away, got, drift, c.want, c.drift)
		}
	}
	for _, bad := range []string{"", "0", "12345", "0504710", "05047l", "050471 "} {
		if got, _ := a.check(bad, at); got != wrong {
			t.Errorf("%q: %v", bad, got)
		}
	}
	// The step after is used already when its time comes; and what is long past is not kept.
	if got, _ := a.check(totp(a.key, here+1), at.Add(period*time.Second)); got != reused {
		t.Errorf("%v", got)
	}
	a.check("000000", at.Add(time.Hour))
	if len(a.used) != 0 {
		t.Errorf("%d used steps are kept", len(a.used))
	}
}
