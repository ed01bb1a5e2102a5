package otp

import "fmt"

// Validate reports the first thing that makes the parameters unusable: one of the
// sentinels, wrapped with what would be right. Fields that a kind does not use (a
// period on HOTP, anything on Manual) are not looked at; those it fixes (Steam's
// five characters) must have that value. A missing PIN is reported last, so
// ErrPIN means that nothing but the PIN is wrong.
func (p Params) Validate() error {
	switch p.Kind {
	case Manual:
		return nil
	case TOTP, HOTP:
		switch p.Algorithm {
		case SHA1, SHA256, SHA512:
		default:
			return fmt.Errorf("%w: SHA1, SHA256 or SHA512 can be used", ErrAlgorithm)
		}
		if p.Digits < MinDigits || p.Digits > MaxDigits {
			return fmt.Errorf("%w: %d to %d can be used", ErrDigits, MinDigits, MaxDigits)
		}
		if p.Kind == TOTP && !periodOK(p.Period) {
			return fmt.Errorf("%w: %d to %d seconds can be used", ErrPeriod, MinPeriod, MaxPeriod)
		}
		if p.Kind == HOTP && p.Counter > MaxCounter {
			return fmt.Errorf("%w: at most %d can be used", ErrCounter, uint64(MaxCounter))
		}
	case Steam, MOTP, Yandex:
		fixed := New(p.Kind, p.Secret)
		if p.Algorithm != fixed.Algorithm {
			return fmt.Errorf("%w: this kind uses %s", ErrAlgorithm, fixed.Algorithm)
		}
		if p.Digits != fixed.Digits {
			return fmt.Errorf("%w: this kind uses %d", ErrDigits, fixed.Digits)
		}
		if p.Period != fixed.Period {
			return fmt.Errorf("%w: this kind uses %d seconds", ErrPeriod, fixed.Period)
		}
	default:
		return ErrKind
	}
	if p.Secret.IsEmpty() {
		return fmt.Errorf("%w: the key is empty", ErrSecret)
	}
	if p.Secret.Len() > MaxSecret {
		return fmt.Errorf("%w: a key has at most %d bytes", ErrSecret, MaxSecret)
	}
	switch p.Kind {
	case MOTP:
		return validateMOTP(p)
	case Yandex:
		return validateYandex(p)
	}
	return nil
}

func periodOK(seconds int) bool { return seconds >= MinPeriod && seconds <= MaxPeriod }

// digitsOnly reports whether b is a PIN of minimum to maximum ASCII digits.
func digitsOnly(b []byte, minimum, maximum int) bool {
	if len(b) < minimum || len(b) > maximum {
		return false
	}
	for _, c := range b {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}
