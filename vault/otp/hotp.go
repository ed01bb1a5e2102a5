package otp

import (
	"encoding/base32"
	"fmt"

	pquerna "github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
)

// Steam fixes both; see Params.Validate.
const (
	steamDigits = 5
	steamPeriod = 30 // seconds
)

// hotpCode is RFC 4226 at the counter, for TOTP, HOTP and Steam (whose code is the
// same 31-bit number in another alphabet). p has passed Validate.
//
// What pquerna v1.5.0 does with unchecked input, and why none of it gets there:
//   - no digits: makes six. Validate wants 1 to 10. Ten digits work: the number is
//     reduced as int64 and has 31 bits.
//   - an empty key: makes a code of nothing. Validate refuses.
//   - a key of a length base32 forbids: refuses it or, unpadded, has it guessed.
//     It is handed padded base32 that was made here of the raw bytes.
//   - an algorithm that is not in its list: panics (its own URI reader turns one
//     into SHA1 before that). The table below has only those Validate lets pass.
//   - its totp package divides the time as float64 and converts a negative one to
//     uint64, which Go leaves open. The step is made here, in integers.
func hotpCode(p Params, counter uint64) (string, error) {
	opts := hotp.ValidateOpts{Digits: pquerna.Digits(p.Digits)}
	switch p.Algorithm {
	case SHA1:
		opts.Algorithm = pquerna.AlgorithmSHA1
	case SHA256:
		opts.Algorithm = pquerna.AlgorithmSHA256
	case SHA512:
		opts.Algorithm = pquerna.AlgorithmSHA512
	default:
		return "", ErrAlgorithm
	}
	if p.Kind == Steam {
		opts.Encoder = pquerna.EncoderSteam
	}
	code, err := hotp.GenerateCodeCustom(base32.StdEncoding.EncodeToString(p.Secret.Reveal()), counter, opts)
	if err != nil {
		// Its errors carry no input, but that is its business to keep; ours is to not depend on it.
		return "", fmt.Errorf("%w: no code could be made of it", ErrSecret)
	}
	return code, nil
}
