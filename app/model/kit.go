package model

import (
	"bytes"
	"context"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/tallystick/tallystick/app/print"
	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/kit"
	"github.com/tallystick/tallystick/vault/secret"
)

// KitKeeper is what the window needs of a vault.Manager for recovery kits.
type KitKeeper interface {
	Kit(ctx context.Context, passphrase secret.Bytes) (kit.Kit, error)
	FitsKit(ctx context.Context, k kit.Kit) error
	RestoreKitAs(ctx context.Context, k kit.Kit, to vault.KitPlace) error
}

// rehearsed is how many words of the page a person types to show that they have it.
const rehearsed = 3

// Kit is the recovery kit of the vault itself: the page is saved to be printed, and the person shows that they have it.
type Kit struct {
	task
	active bool

	kit    kit.Kit
	saved  string // where the page lies; "" = not saved yet
	places []int  // of the words to be typed, from 1
	passed bool
}

// Kit is the flow of making a recovery kit; always the same one.
func (s *Session) Kit() *Kit { return s.kits }

// CanKit reports whether recovery kits can be made here.
func (s *Session) CanKit() bool { return s.d.Kits != nil }

// Active reports that the flow is open.
func (k *Kit) Active() bool { return k.active }

// Saved is the file the page was written to; "" = none yet.
func (k *Kit) Saved() string { return k.saved }

// Places are the numbers of the words that the rehearsal asks for.
func (k *Kit) Places() []int { return k.places }

// Passed reports that the rehearsal was passed.
func (k *Kit) Passed() bool { return k.passed }

// Vault is the short name of the vault the kit belongs to, as printed on it.
func (k *Kit) Vault() string { return k.kit.Short() }

// Begin opens the flow with the passphrase, which may be empty where none is set.
func (k *Kit) Begin(pass secret.Bytes) {
	if k.s.state != Open || k.s.d.Kits == nil {
		pass.Wipe()
		return
	}
	k.drop()
	k.active = true
	var made kit.Kit
	var places []int
	k.slow(func(ctx context.Context) (err error) {
		defer pass.Wipe()
		if made, err = k.s.d.Kits.Kit(ctx, pass); err == nil {
			places, err = kit.Places(rehearsed, k.s.d.random())
		}
		return err
	}, func(err error) {
		if err != nil {
			made.Wipe()
			k.active = false
			return
		}
		k.kit, k.places = made, places
	}, func() { made.Wipe() })
}

// Save writes the page as a PDF, or as a PNG when the name ends so. It never replaces a file,
// but for an empty one that a dialogue has just made.
func (k *Kit) Save(path string) {
	if !k.active || k.busy {
		return
	}
	made := k.kit.Clone()
	now := k.s.d.Now()
	k.slow(func(context.Context) error {
		defer made.Wipe()
		page := print.Kit{Vault: made.Short(), Made: now, Words: made.Words(), QR: made.QRText()}
		defer page.QR.Wipe()
		write := print.KitPDF
		if strings.EqualFold(filepath.Ext(path), ".png") {
			write = print.KitPNG
		}
		var doc bytes.Buffer
		defer func() { clear(doc.Bytes()) }()
		if err := write(&doc, page); err != nil {
			return err
		}
		var err error
		path, err = saveAs(path, ".pdf", doc.Bytes())
		return err
	}, func(err error) {
		if err == nil {
			k.saved = path
		}
	}, nil)
}

// Check compares the words the person typed, in the order of Places.
func (k *Kit) Check(words []string) {
	if !k.active || len(words) != len(k.places) {
		return
	}
	k.err = ""
	for i, place := range k.places {
		word := secret.FromString(strings.TrimSpace(words[i]))
		if !k.kit.Check(place, word) {
			k.err = "Word " + strconv.Itoa(place) + " is not the one on the page. Look again: the words are numbered."
		}
		word.Wipe()
	}
	k.passed = k.err == ""
	k.changed.call()
}

// Close ends the flow and wipes what it holds.
func (k *Kit) Close() {
	k.drop()
	k.changed.call()
}

func (k *Kit) drop() {
	k.leave()
	k.kit.Wipe()
	k.kit, k.active, k.saved, k.places, k.passed = kit.Kit{}, false, "", nil, false
}
