package transfer

import (
	"github.com/tallystick/tallystick/vault/otp"
)

// Account is what the entry becomes when it is added to a vault. Issuer, Name and Params are as the export has them; where that
// is known to read badly or to be off by one, this is better:
//
//   - A name that begins with the issuer and a colon, as Authy and Google Authenticator write it, is shortened to the rest.
//   - andOTP's old "Issuer - Name" is taken apart.
//   - FreeOTP 1 and FreeOTP+ store the counter of the last code of HOTP; an account keeps the one of the next.
//
// The secrets are shared with the entry.
func (e Entry) Account() (issuer, name string, p otp.Params) {
	issuer, name, p = e.Issuer, e.Name, e.Params
	if e.better != nil {
		issuer, name = e.better.issuer, e.better.name
	}
	if rest := afterIssuer(name, issuer); rest != "" {
		name = rest
	}
	if e.lastCounter && p.Counter < otp.MaxCounter {
		p.Counter++
	}
	return issuer, name, p
}
