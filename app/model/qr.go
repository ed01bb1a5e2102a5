package model

import (
	"github.com/skip2/go-qrcode"

	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/otp"
	"github.com/tallystick/tallystick/vault/otpauth"
)

// QR gives the module matrix of the account's otpauth link, rows first, true =
// dark, with the quiet zone of four modules that readers need. sentence says why
// there is none. Call it only after Session.Confirm: the picture is the key.
func (l *List) QR(id vault.ID) (matrix [][]bool, sentence string) {
	e := l.entry(id)
	switch {
	case e == nil:
		return nil, Sentence(vault.ErrNoAccount)
	case e.broken != "":
		return nil, e.broken
	case e.acc.Params.Kind == otp.Manual:
		return nil, "The portal sends the codes of this account itself, so there is no QR code to show."
	}
	link, err := otpauth.Format(otpauth.Entry{Issuer: e.acc.Issuer, Name: e.acc.Name, Params: e.acc.Params})
	if err != nil {
		return nil, "This kind of account has no link that other apps read, so there is no QR code to show."
	}
	for _, level := range [...]qrcode.RecoveryLevel{qrcode.Medium, qrcode.Low} {
		if code, err := qrcode.New(link, level); err == nil {
			return code.Bitmap(), ""
		}
	}
	return nil, "The names of this account are too long for a QR code. Shorten them and try again."
}
