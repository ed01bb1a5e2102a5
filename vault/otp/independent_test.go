package otp_test

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"math/big"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tallystick/tallystick/vault/otp"
	"github.com/tallystick/tallystick/vault/secret"
)

// The second implementation, written from the documents with the standard library
// alone. It shares nothing with the package under test, and is as plain as it can
// be: no byte tricks where a number will do.

// rfc4226 is sections 5.3 and 5.4.
func rfc4226(newHash func() hash.Hash, key []byte, counter uint64) int64 {
	message := make([]byte, 8)
	for i := range message {
		message[7-i] = byte(counter >> (8 * i))
	}
	mac := hmac.New(newHash, key)
	mac.Write(message)
	hs := mac.Sum(nil)
	offset := int(hs[len(hs)-1]) % 16
	return new(big.Int).SetBytes(hs[offset:offset+4]).Int64() % (1 << 31)
}

func hashOf(a otp.Algorithm) func() hash.Hash {
	return map[otp.Algorithm]func() hash.Hash{otp.SHA1: sha1.New, otp.SHA256: sha256.New, otp.SHA512: sha512.New}[a]
}

func decimal(number int64, digits int) string {
	s := fmt.Sprint(number)
	if len(s) < digits {
		s = strings.Repeat("0", digits-len(s)) + s
	}
	return s[len(s)-digits:]
}

func independentSteam(key []byte, step uint64) string {
	const alphabet = "23456789BCDFGHJKMNPQRTVWXY"
	v := rfc4226(sha1.New, key, step)
	code := ""
	for range 5 {
		code += string(alphabet[v%26])
		v /= 26
	}
	return code
}

func independentMOTP(key, pin string, unix int64) string {
	return fmt.Sprintf("%x", md5.Sum([]byte(fmt.Sprint(unix/10)+key+pin)))[:6]
}

func independentYandex(key []byte, pin string, unix int64) string {
	sum := sha256.Sum256(append([]byte(pin), key[:16]...))
	k := sum[:]
	if k[0] == 0 {
		k = k[1:]
	}
	mac := hmac.New(sha256.New, k)
	_ = binary.Write(mac, binary.BigEndian, unix/30)
	hs := mac.Sum(nil)
	offset := int(hs[31]) % 16
	n := new(big.Int).SetBytes(hs[offset : offset+8])
	n.SetBit(n, 63, 0)
	code := []byte{}
	rest := new(big.Int)
	for range 8 {
		n.DivMod(n, big.NewInt(26), rest)
		code = append([]byte{byte('a' + rest.Int64())}, code...)
	}
	return string(code)
}

func independent(p otp.Params, t time.Time) string {
	key, pin := p.Secret.Reveal(), string(p.PIN.Reveal())
	switch p.Kind {
	case otp.TOTP:
		return decimal(rfc4226(hashOf(p.Algorithm), key, uint64(t.Unix())/uint64(p.Period)), p.Digits)
	case otp.HOTP:
		return decimal(rfc4226(hashOf(p.Algorithm), key, p.Counter), p.Digits)
	case otp.Steam:
		return independentSteam(key, uint64(t.Unix())/30)
	case otp.MOTP:
		return independentMOTP(string(key), pin, t.Unix())
	case otp.Yandex:
		return independentYandex(key, pin, t.Unix())
	}
	panic("no such kind")
}

// randomParams is a valid account of any kind that makes codes.
func randomParams(r *rand.Rand) otp.Params {
	bytes := func(n int) secret.Bytes {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(r.Uint32())
		}
		return secret.New(b)
	}
	pin := func(n int) secret.Bytes {
		b := make([]byte, n)
		for i := range b {
			b[i] = '0' + byte(r.IntN(10))
		}
		return secret.New(b)
	}
	algorithms := []otp.Algorithm{otp.SHA1, otp.SHA256, otp.SHA512}
	switch r.IntN(10) {
	case 0:
		return otp.New(otp.Steam, bytes(1+r.IntN(64)))
	case 1:
		text := hex.EncodeToString(bytes(8 + r.IntN(8)).Reveal())
		if r.IntN(2) == 0 {
			text = strings.ToUpper(text)
		}
		p := otp.New(otp.MOTP, secret.FromString(text))
		p.PIN = pin(4)
		return p
	case 2:
		p := otp.New(otp.Yandex, bytes(16))
		p.PIN = pin(4 + r.IntN(13))
		return p
	case 3, 4, 5:
		p := otp.New(otp.HOTP, bytes(1+r.IntN(200)))
		p.Algorithm, p.Digits = algorithms[r.IntN(3)], 1+r.IntN(10)
		p.Counter = r.Uint64() >> (1 + r.IntN(63))
		return p
	default:
		p := otp.New(otp.TOTP, bytes(1+r.IntN(200)))
		p.Algorithm, p.Digits = algorithms[r.IntN(3)], 1+r.IntN(10)
		p.Period = 1 + r.IntN(86400)
		if r.IntN(2) == 0 {
			p.Period = 30
		}
		return p
	}
}

func randomTime(r *rand.Rand) time.Time {
	switch r.IntN(8) {
	case 0:
		return time.Unix(r.Int64N(100), r.Int64N(1e9))
	case 1:
		return time.Unix(r.Int64N(1<<50), r.Int64N(1e9)) // far future
	default:
		return time.Unix(r.Int64N(1<<32), r.Int64N(1e9))
	}
}

// A million codes agree with the second implementation (a tenth under -short). The
// seed is fixed and printed, so a failure can be repeated.
func TestAMillionAgreeWithAnIndependentImplementation(t *testing.T) {
	const seed, workers = 20260101, 8
	total := 1_000_000
	if testing.Short() {
		total /= 10
	}
	var kinds [workers]map[otp.Kind]int
	var wg sync.WaitGroup
	for w := range workers {
		kinds[w] = map[otp.Kind]int{}
		wg.Go(func() {
			r := rand.New(rand.NewPCG(seed, uint64(w)))
			for range total / workers {
				p, at := randomParams(r), randomTime(r)
				got, err := p.Code(at)
				if want := independent(p, at); err != nil || got != want {
					t.Errorf("seed %d/%d: %s %s %d digits %d s, key %x, counter %d, at %d: got %q (%v), want %q",
						seed, w, p.Kind, p.Algorithm, p.Digits, p.Period, p.Secret.Reveal(), p.Counter, at.Unix(), got, err, want)
					return
				}
				kinds[w][p.Kind]++
			}
		})
	}
	wg.Wait()
	sum := map[otp.Kind]int{}
	for _, k := range kinds {
		for kind, n := range k {
			sum[kind] += n
		}
	}
	t.Logf("seed %d, compared: %v", seed, sum)
	for _, kind := range []otp.Kind{otp.TOTP, otp.HOTP, otp.Steam, otp.MOTP, otp.Yandex} {
		if !t.Failed() && sum[kind] < total/20 {
			t.Errorf("only %d of kind %s were compared", sum[kind], kind)
		}
	}
}

// One leading zero byte of Yandex's hash is dropped; one hash in 256 has it, so it
// is searched for on purpose.
func TestYandexLeadingZeroOfTheHash(t *testing.T) {
	key := []byte("0123456789abcdef")
	seen := 0
	for n := range 3000 {
		pin := fmt.Sprintf("%04d", n)
		if sum := sha256.Sum256(append([]byte(pin), key...)); sum[0] != 0 {
			continue
		}
		seen++
		p := otp.New(otp.Yandex, secret.New(key))
		p.PIN = secret.FromString(pin)
		at := time.Unix(1_700_000_000, 0)
		if got, err := p.Code(at); err != nil || got != independentYandex(key, pin, at.Unix()) {
			t.Errorf("PIN %s: got %q, %v", pin, got, err)
		}
	}
	if seen == 0 {
		t.Fatal("no PIN gave a leading zero; the test proves nothing")
	}
}
