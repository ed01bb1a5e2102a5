package exports

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"

	"github.com/skip2/go-qrcode"

	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/otpauth"
	"github.com/tallystick/tallystick/vault/secret"
)

// uris writes one link a line.
func uris(accounts []vault.Account) ([]byte, error) {
	var b bytes.Buffer
	for _, a := range accounts {
		link, err := otpauth.Format(entryOf(a))
		if err != nil {
			return nil, fmt.Errorf("exports: %w", err)
		}
		b.WriteString(link)
		b.WriteByte('\n')
	}
	return b.Bytes(), nil
}

// maxQRText is the most bytes that go into one QR code here. A symbol can hold 2,953, but a
// phone does not read one of that many modules off a screen.
const maxQRText = 1400

// Page is one QR code of a Google Authenticator export.
type Page struct {
	Number, Of int // from 1
	Accounts   int // in this one
	Link       secret.Bytes
}

// Wipe overwrites the link.
func (p Page) Wipe() { p.Link.Wipe() }

// Pages makes the QR codes that Google Authenticator scans one after the other, at most ten
// accounts in each, and fewer where names are long. What Google.Losses says is left out is left
// out. Errors: ErrNothing, and what random returns.
func Pages(accounts []vault.Account, random io.Reader) ([]Page, error) {
	held := Google.held(accounts)
	if len(held) == 0 {
		return nil, ErrNothing
	}
	var entries []otpauth.Entry
	for _, a := range held {
		entries = append(entries, otpauth.Entry{Issuer: a.Issuer, Name: a.Name, Params: a.Params})
	}
	var b [4]byte
	if _, err := io.ReadFull(random, b[:]); err != nil {
		return nil, fmt.Errorf("exports: no randomness: %w", err)
	}
	batch := int32(binary.LittleEndian.Uint32(b[:]) >> 1)
	parts, counts, err := otpauth.FormatMigration(entries, batch, maxQRText)
	if err != nil {
		return nil, fmt.Errorf("exports: %w", err)
	}
	var pages []Page
	for i, part := range parts {
		pages = append(pages, Page{Number: i + 1, Of: len(parts), Accounts: counts[i], Link: secret.FromString(part)})
	}
	return pages, nil
}

// moduleSize is the width of a module in a picture, in pixels: large enough for a camera.
const moduleSize = 8

// PNG draws a QR code with its quiet zone. Errors: ErrTooLarge.
func PNG(link secret.Bytes) ([]byte, error) {
	code, err := symbol(link)
	if err != nil {
		return nil, err
	}
	return code.PNG(-moduleSize)
}

// Matrix is the modules of a QR code, rows first, true = dark, with the quiet zone that
// readers need. Errors: ErrTooLarge.
func Matrix(link secret.Bytes) ([][]bool, error) {
	code, err := symbol(link)
	if err != nil {
		return nil, err
	}
	return code.Bitmap(), nil
}

// symbol takes as much error correction as the length allows for.
func symbol(link secret.Bytes) (*qrcode.QRCode, error) {
	for _, level := range [...]qrcode.RecoveryLevel{qrcode.Medium, qrcode.Low} {
		if code, err := qrcode.New(string(link.Reveal()), level); err == nil {
			return code, nil
		}
	}
	return nil, fmt.Errorf("%w: %d bytes for a QR code", ErrTooLarge, link.Len())
}

// PaperCode is one account as it is printed.
type PaperCode struct {
	Issuer, Name string
	Kind         string       // in words, with what is unusual about it
	Link         secret.Bytes // of the QR code
	Key          secret.Bytes // as it is typed: base32, hex digits for mOTP
	Settings     string       // "8 digits, new every 60 seconds, SHA256"; "" = the usual ones
}

// Wipe overwrites the keys.
func (c PaperCode) Wipe() {
	c.Link.Wipe()
	c.Key.Wipe()
}

// PaperCodes is what goes on paper of each account. What PDF.Losses says is left out is left
// out. Errors: ErrNothing.
func PaperCodes(accounts []vault.Account) ([]PaperCode, error) {
	var list []PaperCode
	for _, a := range PDF.held(accounts) {
		link, err := otpauth.Format(otpauth.Entry{Issuer: a.Issuer, Name: a.Name, Params: a.Params})
		if err != nil {
			return nil, fmt.Errorf("exports: %w", err)
		}
		list = append(list, PaperCode{
			Issuer: a.Issuer, Name: a.Name, Kind: kindName(a.Params.Kind), Link: secret.FromString(link),
			Key: typedKey(a.Params), Settings: settings(a.Params),
		})
	}
	if len(list) == 0 {
		return nil, ErrNothing
	}
	return list, nil
}
