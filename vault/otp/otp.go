// Package otp makes sign-in codes.
//
// Purpose: pure functions from (parameters, time) to a code, for every kind of
// account that generates one: TOTP and HOTP (RFC 6238, RFC 4226), Steam, mOTP and
// Yandex. HMAC, truncation and formatting of the first three are done by
// github.com/pquerna/otp; it is only ever called from [Params.Code] and
// [Params.Next], after [Params.Validate], because by itself it accepts what must
// not be accepted (see hotp.go).
//
// Who may import it: everything above vault. It imports vault/secret and nothing
// else of ours: no clock, no disk, no randomness.
//
// Concurrency: every function and method may be called from many goroutines at
// once; there is no state.
//
// Ownership: a Params shares the memory of its secrets with whoever made them.
// Making a code leaves copies of the key in memory that the garbage collector
// frees but does not wipe (pquerna takes the key as a string).
package otp

import (
	"errors"
	"time"

	"github.com/tallystick/tallystick/vault/secret"
)

// Kind says how an account's code is made. It is explicit data, never inferred
// from an issuer's name.
type Kind string

// The kinds.
const (
	TOTP   Kind = "totp"   // RFC 6238: changes with time
	HOTP   Kind = "hotp"   // RFC 4226: changes with every use
	Steam  Kind = "steam"  // TOTP written as five letters and digits
	MOTP   Kind = "motp"   // Mobile-OTP: MD5 over time, key and PIN
	Yandex Kind = "yandex" // TOTP over a key mixed with a PIN, written as eight letters
	Manual Kind = "manual" // nothing to generate: the portal sends the code by e-mail or SMS
)

// Rolling reports whether the code changes with time by itself.
func (k Kind) Rolling() bool {
	switch k {
	case TOTP, Steam, MOTP, Yandex:
		return true
	}
	return false
}

// NeedsPIN reports whether codes depend on a PIN besides the key.
func (k Kind) NeedsPIN() bool { return k == MOTP || k == Yandex }

// Algorithm is the hash under the HMAC.
type Algorithm string

// The algorithms. TOTP and HOTP take any of the SHA ones; the other kinds have
// exactly one each.
const (
	SHA1   Algorithm = "SHA1"
	SHA256 Algorithm = "SHA256"
	SHA512 Algorithm = "SHA512"
	MD5    Algorithm = "MD5" // mOTP only
)

// Limits of what Validate accepts.
const (
	MinDigits  = 1         // code characters
	MaxDigits  = 10        // code characters; a 31-bit number has no more
	MinPeriod  = 1         // seconds
	MaxPeriod  = 86400     // seconds, one day
	MaxSecret  = 1024      // bytes; portals hand out 10 to 64
	MaxCounter = 1<<63 - 1 // what exports and databases can store
)

// Params is everything a code depends on besides the time.
type Params struct {
	Kind      Kind
	Secret    secret.Bytes // raw key bytes; for mOTP the key as text (hex digits as typed)
	PIN       secret.Bytes // mOTP (4 digits) and Yandex (4 to 16 digits), as text
	Algorithm Algorithm
	Digits    int    // code characters
	Period    int    // seconds; 0 for HOTP
	Counter   uint64 // HOTP: the counter of the NEXT code
}

// What can be wrong. None of the errors of this package tells anything about a key or a PIN.
var (
	ErrKind      = errors.New("otp: unknown kind of code")
	ErrAlgorithm = errors.New("otp: unknown algorithm")
	ErrDigits    = errors.New("otp: number of digits out of range")
	ErrPeriod    = errors.New("otp: period out of range")
	ErrCounter   = errors.New("otp: counter out of range")
	ErrSecret    = errors.New("otp: missing or impossible key")
	ErrPIN       = errors.New("otp: missing or impossible PIN")
	ErrTime      = errors.New("otp: time before 1970")
	ErrNoCode    = errors.New("otp: this kind makes no codes") // Manual
)

// New returns the parameters a kind has when nothing else is said: SHA1, 6 digits
// and 30 seconds, or what the kind fixes. An unknown kind gives Params that
// Validate refuses. The key is shared, not copied.
func New(kind Kind, key secret.Bytes) Params {
	p := Params{Kind: kind, Secret: key}
	switch kind {
	case TOTP:
		p.Algorithm, p.Digits, p.Period = SHA1, 6, 30
	case HOTP:
		p.Algorithm, p.Digits = SHA1, 6
	case Steam:
		p.Algorithm, p.Digits, p.Period = SHA1, steamDigits, steamPeriod
	case MOTP:
		p.Algorithm, p.Digits, p.Period = MD5, motpDigits, motpPeriod
	case Yandex:
		p.Algorithm, p.Digits, p.Period = SHA256, yandexDigits, yandexPeriod
	}
	return p
}

// Code returns the code at t; for HOTP the code at p.Counter, whatever t is.
// Errors: what Validate returns, ErrTime for a rolling kind before 1970, ErrNoCode
// for Manual.
//
// A HOTP counter has to be on disk, moved on, before its code is shown to anybody:
// that is the caller's part.
func (p Params) Code(t time.Time) (string, error) { return p.code(t, 0) }

// Next returns the code of the step after the one t is in; for HOTP the code at
// p.Counter+1. Errors as Code.
func (p Params) Next(t time.Time) (string, error) { return p.code(t, 1) }

func (p Params) code(t time.Time, ahead uint64) (string, error) {
	if err := p.Validate(); err != nil {
		return "", err
	}
	switch p.Kind {
	case Manual:
		return "", ErrNoCode
	case HOTP:
		return hotpCode(p, p.Counter+ahead) // MaxCounter leaves room for one more
	}
	step, ok := p.Step(t)
	if !ok {
		return "", ErrTime
	}
	step += ahead
	switch p.Kind {
	case MOTP:
		return motpCode(p, step), nil
	case Yandex:
		return yandexCode(p, step), nil
	default: // TOTP, Steam
		return hotpCode(p, step)
	}
}

// Step is the number of whole periods since 1970. ok is false for a kind without
// one, for a period out of range and before 1970.
func (p Params) Step(t time.Time) (step uint64, ok bool) {
	unix := t.Unix()
	if !p.Kind.Rolling() || !periodOK(p.Period) || unix < 0 {
		return 0, false
	}
	return uint64(unix) / uint64(p.Period), true
}

// Remaining is the time until Code changes: more than 0, at most one period.
// It is 0 where Step has no answer.
func (p Params) Remaining(t time.Time) time.Duration {
	if _, ok := p.Step(t); !ok {
		return 0
	}
	into := time.Duration(t.Unix()%int64(p.Period))*time.Second + time.Duration(t.Nanosecond())
	return time.Duration(p.Period)*time.Second - into
}

// Same reports whether two parameter sets make the same codes: same kind, same
// key, and the same of whatever else that kind's codes depend on. A HOTP counter
// does not count: it is where somebody stands in the same row of codes. Two Manual
// ones are never the same, because they make none.
func (p Params) Same(q Params) bool {
	if p.Kind != q.Kind || p.Secret.IsEmpty() {
		return false
	}
	switch p.Kind {
	case TOTP:
		return p.Secret.Equal(q.Secret) && p.Algorithm == q.Algorithm && p.Digits == q.Digits && p.Period == q.Period
	case HOTP:
		return p.Secret.Equal(q.Secret) && p.Algorithm == q.Algorithm && p.Digits == q.Digits
	case Steam:
		return p.Secret.Equal(q.Secret)
	case MOTP:
		return p.Secret.Equal(q.Secret) && p.PIN.Equal(q.PIN)
	case Yandex:
		return yandexSameKey(p.Secret, q.Secret) && p.PIN.Equal(q.PIN)
	}
	return false
}
