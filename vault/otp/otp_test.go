package otp_test

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/tallystick/tallystick/vault/otp"
	"github.com/tallystick/tallystick/vault/secret"
)

func valid(kind otp.Kind) otp.Params {
	switch kind {
	case otp.MOTP:
		return params(kind, []byte("00112233445566ff"), func(p *otp.Params) { p.PIN = secret.FromString("1234") })
	case otp.Yandex:
		return params(kind, []byte("0123456789abcdef"), func(p *otp.Params) { p.PIN = secret.FromString("1234") })
	case otp.Manual:
		return otp.Params{Kind: otp.Manual}
	}
	return params(kind, []byte("0123456789"), nil)
}

var all = []otp.Kind{otp.TOTP, otp.HOTP, otp.Steam, otp.MOTP, otp.Yandex, otp.Manual}

func TestValidate(t *testing.T) {
	for _, kind := range all {
		if err := valid(kind).Validate(); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
	}
	for _, c := range []struct {
		kind   otp.Kind
		change func(*otp.Params)
		want   error
	}{
		{otp.TOTP, func(p *otp.Params) { p.Kind = "" }, otp.ErrKind},
		{otp.TOTP, func(p *otp.Params) { p.Kind = "TOTP" }, otp.ErrKind},
		{otp.TOTP, func(p *otp.Params) { p.Algorithm = "" }, otp.ErrAlgorithm},
		{otp.TOTP, func(p *otp.Params) { p.Algorithm = "sha1" }, otp.ErrAlgorithm},
		{otp.TOTP, func(p *otp.Params) { p.Algorithm = "SHA224" }, otp.ErrAlgorithm},
		{otp.TOTP, func(p *otp.Params) { p.Algorithm = otp.MD5 }, otp.ErrAlgorithm},
		{otp.HOTP, func(p *otp.Params) { p.Algorithm = otp.MD5 }, otp.ErrAlgorithm},
		{otp.TOTP, func(p *otp.Params) { p.Digits = 0 }, otp.ErrDigits},
		{otp.TOTP, func(p *otp.Params) { p.Digits = 11 }, otp.ErrDigits},
		{otp.TOTP, func(p *otp.Params) { p.Digits = -6 }, otp.ErrDigits},
		{otp.TOTP, func(p *otp.Params) { p.Digits = 1 }, nil},
		{otp.HOTP, func(p *otp.Params) { p.Digits = 10 }, nil},
		{otp.HOTP, func(p *otp.Params) { p.Digits = 11 }, otp.ErrDigits},
		{otp.TOTP, func(p *otp.Params) { p.Period = 0 }, otp.ErrPeriod},
		{otp.TOTP, func(p *otp.Params) { p.Period = -30 }, otp.ErrPeriod},
		{otp.TOTP, func(p *otp.Params) { p.Period = 86401 }, otp.ErrPeriod},
		{otp.TOTP, func(p *otp.Params) { p.Period = 86400 }, nil},
		{otp.TOTP, func(p *otp.Params) { p.Period = 1 }, nil},
		{otp.HOTP, func(p *otp.Params) { p.Period = 30 }, nil},
		{otp.HOTP, func(p *otp.Params) { p.Counter = math.MaxInt64 }, nil},
		{otp.HOTP, func(p *otp.Params) { p.Counter = math.MaxInt64 + 1 }, otp.ErrCounter},
		{otp.TOTP, func(p *otp.Params) { p.Secret = secret.Bytes{} }, otp.ErrSecret},
		{otp.TOTP, func(p *otp.Params) { p.Secret = secret.New(make([]byte, 1025)) }, otp.ErrSecret},
		{otp.TOTP, func(p *otp.Params) { p.Secret = secret.New(make([]byte, 1024)) }, nil},
		{otp.TOTP, func(p *otp.Params) { p.Secret = secret.New(make([]byte, 1)) }, nil},
		{otp.Steam, func(p *otp.Params) { p.Digits = 6 }, otp.ErrDigits},
		{otp.Steam, func(p *otp.Params) { p.Period = 60 }, otp.ErrPeriod},
		{otp.Steam, func(p *otp.Params) { p.Algorithm = otp.SHA256 }, otp.ErrAlgorithm},
		{otp.Steam, func(p *otp.Params) { p.Secret = secret.Bytes{} }, otp.ErrSecret},
		{otp.MOTP, func(p *otp.Params) { p.Algorithm = otp.SHA1 }, otp.ErrAlgorithm},
		{otp.MOTP, func(p *otp.Params) { p.Secret = secret.FromString("00112233445566f") }, otp.ErrSecret},
		{otp.MOTP, func(p *otp.Params) { p.Secret = secret.FromString("00112233445566fg") }, otp.ErrSecret},
		{otp.MOTP, func(p *otp.Params) { p.Secret = secret.FromString("00112233445566ffa") }, nil},
		{otp.MOTP, func(p *otp.Params) { p.PIN = secret.Bytes{} }, otp.ErrPIN},
		{otp.MOTP, func(p *otp.Params) { p.PIN = secret.FromString("12345") }, otp.ErrPIN},
		{otp.MOTP, func(p *otp.Params) { p.PIN = secret.FromString("12a4") }, otp.ErrPIN},
		{otp.MOTP, func(p *otp.Params) { p.PIN = secret.FromString("12/4") }, otp.ErrPIN},
		{otp.Yandex, func(p *otp.Params) { p.Digits = 6 }, otp.ErrDigits},
		{otp.Yandex, func(p *otp.Params) { p.Secret = secret.New(make([]byte, 15)) }, otp.ErrSecret},
		{otp.Yandex, func(p *otp.Params) { p.Secret = secret.New(make([]byte, 17)) }, otp.ErrSecret},
		{otp.Yandex, func(p *otp.Params) { p.Secret = secret.New(make([]byte, 26)) }, nil}, // remainder of nothing is 0
		{otp.Yandex, func(p *otp.Params) { p.Secret = secret.New(append(make([]byte, 25), 1)) }, otp.ErrSecret},
		{otp.Yandex, func(p *otp.Params) { p.PIN = secret.Bytes{} }, otp.ErrPIN},
		{otp.Yandex, func(p *otp.Params) { p.PIN = secret.FromString("123") }, otp.ErrPIN},
		{otp.Yandex, func(p *otp.Params) { p.PIN = secret.FromString("12345678901234567") }, otp.ErrPIN},
		{otp.Yandex, func(p *otp.Params) { p.PIN = secret.FromString("1234567890123456") }, nil},
		{otp.Yandex, func(p *otp.Params) { p.PIN = secret.FromString("١٢٣٤") }, otp.ErrPIN}, // digits, but not these
	} {
		p := valid(c.kind)
		c.change(&p)
		err := p.Validate()
		if !errors.Is(err, c.want) {
			t.Errorf("%s %s, %d digits, %d s, key of %d: got %v, want %v", p.Kind, p.Algorithm, p.Digits, p.Period, p.Secret.Len(), err, c.want)
		}
		// What Validate refuses makes no code, and what it accepts makes one.
		code, codeErr := p.Code(time.Unix(1_700_000_000, 0))
		if (codeErr == nil) != (err == nil) || codeErr != nil && code != "" || codeErr == nil && len(code) != p.Digits {
			t.Errorf("%s: Validate says %v, Code %q, %v", p.Kind, err, code, codeErr)
		}
	}
}

// Every bit of a typed Yandex key is under the checksum, except that a flip in the
// checksum itself has to be noticed too.
func TestYandexChecksumNoticesEveryFlippedBit(t *testing.T) {
	key := make([]byte, 26)
	r := rand.New(rand.NewPCG(7, 7))
	for i := range key {
		key[i] = byte(r.Uint32())
	}
	p := valid(otp.Yandex)
	good := 0
	for sum := range 1 << 12 { // the one right checksum is found by trying all
		key[24], key[25] = key[24]&0xf0|byte(sum>>8), byte(sum)
		if p.Secret = secret.New(key); p.Validate() == nil {
			good++
			for bit := range 26 * 8 {
				flipped := append([]byte(nil), key...)
				flipped[bit/8] ^= 1 << (bit % 8)
				p.Secret = secret.New(flipped)
				if err := p.Validate(); !errors.Is(err, otp.ErrSecret) {
					t.Errorf("bit %d flipped: got %v", bit, err)
				}
			}
		}
	}
	if good != 1 {
		t.Errorf("%d of 4096 checksums are right, want 1", good)
	}
}

func TestManualMakesNothing(t *testing.T) {
	p := otp.New(otp.Manual, secret.Bytes{})
	if err := p.Validate(); err != nil {
		t.Errorf("Validate: %v", err)
	}
	for _, f := range []func(time.Time) (string, error){p.Code, p.Next} {
		if code, err := f(time.Unix(100, 0)); code != "" || !errors.Is(err, otp.ErrNoCode) {
			t.Errorf("got %q, %v", code, err)
		}
	}
	if _, ok := p.Step(time.Unix(100, 0)); ok || p.Remaining(time.Unix(100, 0)) != 0 || otp.Manual.Rolling() {
		t.Error("a manual account has no step")
	}
}

// For random accounts and times: the code holds within its step and Next is the code
// at the first moment of the following one, exactly at its boundary.
func TestStepsAndBoundaries(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		p, at := randomParams(r), randomTime(r)
		next, err := p.Next(at)
		if err != nil {
			t.Fatal(err)
		}
		if p.Kind == otp.HOTP {
			ahead := p
			ahead.Counter++
			if code, err := ahead.Code(at); err != nil || code != next {
				t.Fatalf("HOTP next: %q, %v, want %q", code, err, next)
			}
			if p.Remaining(at) != 0 {
				t.Fatal("HOTP remains")
			}
			continue
		}
		period := time.Duration(p.Period) * time.Second
		left := p.Remaining(at)
		if left <= 0 || left > period {
			t.Fatalf("Remaining %v of %v", left, period)
		}
		boundary := at.Add(left)
		if boundary.Nanosecond() != 0 || boundary.Unix()%int64(p.Period) != 0 || p.Remaining(boundary) != period {
			t.Fatalf("%v + %v is no boundary of %v", at.Unix(), left, period)
		}
		step, ok := p.Step(at)
		before, _ := p.Step(boundary.Add(-1))
		after, _ := p.Step(boundary)
		if !ok || before != step || after != step+1 {
			t.Fatalf("steps %d %d %d", step, before, after)
		}
		code, _ := p.Code(at)
		last, _ := p.Code(boundary.Add(-1))
		first, _ := p.Code(boundary)
		if code != last || first != next {
			t.Fatalf("%s: %q holds until %q, then %q, next said %q", p.Kind, code, last, first, next)
		}
	}
}

func TestTimesAtTheEnds(t *testing.T) {
	for _, kind := range all {
		p := valid(kind)
		if !kind.Rolling() {
			continue
		}
		for _, early := range []time.Time{time.Unix(-1, 0), time.Unix(0, -1), time.Unix(-1, 999_999_999), {}, time.Unix(math.MinInt64, 0)} {
			if code, err := p.Code(early); code != "" || !errors.Is(err, otp.ErrTime) {
				t.Errorf("%s at %v: %q, %v", kind, early.Unix(), code, err)
			}
			if _, ok := p.Step(early); ok || p.Remaining(early) != 0 {
				t.Errorf("%s at %v has a step", kind, early.Unix())
			}
		}
		for _, unix := range []int64{0, 1, 1 << 31, 1 << 32, 253402300800, 1<<53 + 1, 1 << 60} {
			want(t, p, unix, independent(p, time.Unix(unix, 0)))
		}
		// The very last second of a float64-sized step: rounding up would show the next code.
		p.Period = max(p.Period, 1)
		edge := int64(p.Period)*(1<<52) - 1
		if step, _ := p.Step(time.Unix(edge, 0)); step != 1<<52-1 {
			t.Errorf("%s: step %d at %d", kind, step, edge)
		}
	}
	// The zone of a time is nothing to a code.
	p := valid(otp.TOTP)
	a, _ := p.Code(time.Unix(1e9, 0).UTC())
	b, _ := p.Code(time.Unix(1e9, 0).In(time.FixedZone("", 5*3600)))
	if a != b {
		t.Error("the time zone changes the code")
	}
}

func TestSame(t *testing.T) {
	for _, kind := range all {
		p := valid(kind)
		q := p
		q.Secret, q.PIN = p.Secret.Clone(), p.PIN.Clone()
		if p.Same(q) != (kind != otp.Manual) {
			t.Errorf("%s: an equal copy: %v", kind, p.Same(q))
		}
		q.Counter = 7
		if p.Same(q) != (kind != otp.Manual) {
			t.Errorf("%s: the counter counts", kind)
		}
	}
	for _, c := range []struct {
		kind   otp.Kind
		change func(*otp.Params)
		same   bool
	}{
		{otp.TOTP, func(p *otp.Params) { p.Kind = otp.HOTP }, false},
		{otp.TOTP, func(p *otp.Params) { p.Secret = secret.FromString("other") }, false},
		{otp.TOTP, func(p *otp.Params) { p.Algorithm = otp.SHA256 }, false},
		{otp.TOTP, func(p *otp.Params) { p.Digits = 8 }, false},
		{otp.TOTP, func(p *otp.Params) { p.Period = 60 }, false},
		{otp.TOTP, func(p *otp.Params) { p.PIN = secret.FromString("1111") }, true},
		{otp.HOTP, func(p *otp.Params) { p.Period = 60 }, true},
		{otp.HOTP, func(p *otp.Params) { p.Digits = 8 }, false},
		{otp.HOTP, func(p *otp.Params) { p.Secret = secret.FromString("other") }, false},
		{otp.HOTP, func(p *otp.Params) { p.Algorithm = otp.SHA256 }, false},
		{otp.Steam, func(p *otp.Params) { p.Secret = secret.FromString("other") }, false},
		{otp.TOTP, func(p *otp.Params) { p.Secret = secret.Bytes{} }, false},
		{otp.MOTP, func(p *otp.Params) { p.PIN = secret.FromString("1111") }, false},
		{otp.MOTP, func(p *otp.Params) { p.Secret = secret.FromString("00112233445566FF") }, false},
		{otp.Yandex, func(p *otp.Params) { p.PIN = secret.FromString("1111") }, false},
		{otp.Yandex, func(p *otp.Params) { p.Secret = secret.FromString("0123456789abcdef and ten b") }, true},
		{otp.Yandex, func(p *otp.Params) { p.Secret = secret.FromString("1123456789abcdef") }, false},
		{otp.Yandex, func(p *otp.Params) { p.Secret = secret.FromString("0123") }, false},
	} {
		p, q := valid(c.kind), valid(c.kind)
		c.change(&q)
		if p.Same(q) != c.same || q.Same(p) != c.same {
			t.Errorf("%s and %s %s %d digits %d s: %v", p.Kind, q.Kind, q.Algorithm, q.Digits, q.Period, !c.same)
		}
	}
}

func TestNeitherErrorsNorParamsPrintAKey(t *testing.T) {
	const marker = "fedcba9876543210fedcba98"
	p := params(otp.MOTP, []byte(marker+"!"), func(p *otp.Params) { p.PIN = secret.FromString("98765") })
	_, err := p.Code(time.Unix(0, 0))
	_, base32Err := otp.DecodeBase32(strings.ToUpper(marker))
	for _, text := range []string{fmt.Sprint(err), fmt.Sprint(base32Err), fmt.Sprintf("%+v %#v", p, p)} {
		if strings.Contains(strings.ToLower(text), marker[:6]) || strings.Contains(text, "98765") {
			t.Errorf("a key is in %q", text)
		}
	}
}

func BenchmarkCode(b *testing.B) {
	for _, kind := range all[:5] {
		b.Run(string(kind), func(b *testing.B) {
			p := valid(kind)
			at := time.Unix(1_700_000_000, 0)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := p.Code(at); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "codes/s")
		})
	}
}

// What a list of 10,000 accounts costs when every row is drawn once.
func BenchmarkTenThousandAccounts(b *testing.B) {
	r := rand.New(rand.NewPCG(3, 3))
	accounts := make([]otp.Params, 10_000)
	for i := range accounts {
		accounts[i] = randomParams(r)
	}
	at := time.Unix(1_700_000_000, 0)
	for b.Loop() {
		for i := range accounts {
			if _, err := accounts[i].Code(at); err != nil {
				b.Fatal(err)
			}
		}
	}
}
