// Package exports writes accounts in the forms that other apps read, and in Tallystick's own.
//
// Purpose: from accounts to the bytes of files, and, before anything is written, what each
// form cannot hold: [Format.Losses] is asked first, and [Format.Write] leaves out exactly what
// it named. Reading is the business of vault/transfer, which knows accounts before they have
// an id; this package is one below it because it knows everything that an account of a vault
// has, and has to say what of it stays behind.
//
// Who may import it: app/model, app/cli. It imports vault, vault/otp, vault/otpauth,
// vault/seal, vault/secret and libraries. It opens no file and no network connection, and asks
// no clock.
//
// Concurrency: the functions may be called from many goroutines; a vault that is handed in
// must not be changed meanwhile.
//
// Ownership: nothing that is handed in is kept or changed. What comes out holds every key: the
// caller wipes it. Keys exist as strings while a file is made; those cannot be wiped.
//
// Errors and sentences name accounts and never hold a key, a PIN or a passphrase.
package exports

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/seal"
	"github.com/tallystick/tallystick/vault/secret"
)

// Format is a form of export, by the name it has on the command line.
type Format string

// The forms.
const (
	Tallystick Format = "tallystick" // an age file with a passphrase: everything a vault has
	Aegis      Format = "aegis"      // JSON, plain or encrypted
	TwoFAS     Format = "2fas"       // JSON, plain or encrypted
	Bitwarden  Format = "bitwarden"  // JSON, plain or encrypted with a password
	URIs       Format = "uris"       // otpauth links, one a line
	Google     Format = "google"     // Google Authenticator's QR codes, as pictures: Pages
	PDF        Format = "pdf"        // to print, with QR codes: PaperCodes
)

// Info is what a person chooses a form by.
type Info struct {
	Format  Format
	App     string // what reads it: "Aegis"
	About   string // one sentence
	Suffix  string // of the file: ".json"
	Sealed  bool   // it can be encrypted under a passphrase, and is unless asked otherwise
	Plain   bool   // it can be in the open
	Several bool   // it is pictures, or paper: not made by Write
}

// Formats is every form, the one that loses nothing first.
func Formats() []Info {
	return []Info{
		{Tallystick, "Tallystick", "Everything, encrypted under a passphrase; the age tool opens it as well.", ".age", true, false, false},
		{Aegis, "Aegis", "For Aegis on Android, and the apps that read its exports.", ".json", true, true, false},
		{TwoFAS, "2FAS", "For 2FAS on Android and iOS.", ".2fas", true, true, false},
		{Bitwarden, "Bitwarden", "For Bitwarden, Vaultwarden and the apps that read its exports.", ".json", true, true, false},
		{URIs, "most authenticators", "One link a line, which most authenticators and password managers read.", ".txt", false, true, false},
		{Google, "Google Authenticator", "QR codes to scan with a phone: Google Authenticator, and most others.", ".png", false, true, true},
		{PDF, "paper", "A PDF to print, with a QR code and the key of each account.", ".pdf", false, true, true},
	}
}

// Lookup finds a form by its name on the command line.
func Lookup(name string) (Info, bool) {
	for _, i := range Formats() {
		if string(i.Format) == name {
			return i, true
		}
	}
	return Info{}, false
}

// What can be wrong.
var (
	// ErrFormat: no such form, or not one that this function makes.
	ErrFormat = errors.New("exports: no such form of export")
	// ErrNoPassphrase: an encrypted export needs a passphrase.
	ErrNoPassphrase = errors.New("exports: a passphrase is needed")
	// ErrNotPlain: this form is always encrypted.
	ErrNotPlain = errors.New("exports: this form is never written in the open")
	// ErrNotSealed: this form cannot be encrypted.
	ErrNotSealed = errors.New("exports: this form cannot be encrypted")
	// ErrNothing: none of the accounts can be held by this form, or there are none.
	ErrNothing = errors.New("exports: no account to write")
	// ErrTooLarge: more than a file, or a passphrase, may have.
	ErrTooLarge = errors.New("exports: too large")
)

// Options is what an export is made with.
type Options struct {
	// Passphrase encrypts the export; empty = in the open. At most seal.MaxPassphrase bytes.
	Passphrase secret.Bytes
	Now        time.Time
	Rand       io.Reader // keys, salts and nonces
	Work       int       // of the scrypt in Tallystick's and Aegis' form, as 2^Work; 0 = what the form usually has. Less is for tests
}

// Write writes the accounts of v, live ones in their order, as one file: every form but Google
// and PDF. What [Format.Losses] says is left out is left out. Tallystick's own form takes all
// of v: the trash, and entries that cannot be read, as well.
//
// Errors: ErrFormat, ErrNoPassphrase, ErrNotPlain, ErrNotSealed, ErrNothing, ErrTooLarge, and
// what o.Rand returns.
func (f Format) Write(v *vault.Vault, o Options) ([]byte, error) {
	info, ok := Lookup(string(f))
	switch {
	case !ok || info.Several:
		return nil, ErrFormat
	case o.Passphrase.IsEmpty() && !info.Plain:
		return nil, ErrNoPassphrase
	case !o.Passphrase.IsEmpty() && !info.Sealed:
		return nil, ErrNotSealed
	case o.Passphrase.Len() > seal.MaxPassphrase:
		return nil, fmt.Errorf("%w: the passphrase", ErrTooLarge)
	}
	if f == Tallystick {
		return own(v, o)
	}
	held := f.held(v.Accounts())
	if len(held) == 0 {
		return nil, ErrNothing
	}
	switch f {
	case Aegis:
		return aegis(held, o)
	case TwoFAS:
		return twofas(held, o)
	case Bitwarden:
		return bitwarden(held, o)
	}
	return uris(held)
}

// held is the accounts that the form can hold.
func (f Format) held(accounts []vault.Account) []vault.Account {
	var held []vault.Account
	for _, a := range accounts {
		if f.leftOut(a) == "" {
			held = append(held, a)
		}
	}
	return held
}

// own is the content of a vault file in an age file with a passphrase.
func own(v *vault.Vault, o Options) ([]byte, error) {
	if live, trashed, broken := v.Count(); live+trashed+broken == 0 {
		return nil, ErrNothing
	}
	text, err := vault.EncodeContent(v, o.Now)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrTooLarge, err)
	}
	defer clear(text)
	file, err := seal.EncryptPassphrase(text, o.Passphrase, o.Work)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrTooLarge, err)
	}
	return file, nil
}
