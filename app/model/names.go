package model

import (
	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/otp"
)

// What views name of the vault. They know it through the models only, so that it can change without them.

// ID names an account.
type ID = vault.ID

// Generation is an older copy of the vault.
type Generation = vault.Generation

// Kind says how an account's code is made.
type Kind = otp.Kind

// The kinds.
const (
	TOTP   = otp.TOTP
	HOTP   = otp.HOTP
	Steam  = otp.Steam
	MOTP   = otp.MOTP
	Yandex = otp.Yandex
	Manual = otp.Manual
)

// Algorithm is the hash under a code.
type Algorithm = otp.Algorithm

// Algorithms are those a person can choose from, the usual one first.
func Algorithms() []string { return []string{string(otp.SHA1), string(otp.SHA256), string(otp.SHA512)} }

// TrashDays is how many days a removed account can be restored.
const TrashDays = vault.TrashDays
