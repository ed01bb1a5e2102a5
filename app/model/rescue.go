package model

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"image"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/tallystick/tallystick/scanner"
	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/keys"
	"github.com/tallystick/tallystick/vault/kit"
	"github.com/tallystick/tallystick/vault/recovery"
	"github.com/tallystick/tallystick/vault/secret"
)

// Protection is how a vault is protected.
type Protection = keys.Protection

// The protections.
const (
	ByKeyring              = keys.ByKeyring
	ByKeyringAndPassphrase = keys.ByKeyringAndPassphrase
	ByPassphrase           = keys.ByPassphrase
)

// Rescue opens a vault with its recovery kit: when the passphrase is forgotten, or when the keyring has no key. The kit is typed,
// or read from a picture, a PDF or the screen; it is held against the vault; and only then a person chooses how the vault is to be
// protected from now on. Nothing is written before that, and the key of another vault is never replaced.
type Rescue struct {
	s      *Session
	active bool
	busy   string
	err    string
	round  uint64

	kit  kit.Kit // held against the vault
	fits bool
	left leftover // what was copied, to be taken off the clipboard once the vault is open

	changed listeners
}

// Rescue is the way in with a recovery kit; always the same one.
func (s *Session) Rescue() *Rescue { return s.rescue }

// OffersKit reports whether a recovery kit is a way in now.
func (s *Session) OffersKit() bool {
	return s.d.Kits != nil && (s.state == Locked || s.state == Trouble && s.problem.CanRetry)
}

// OnChange registers fn to be called when anything of the way in changed.
func (r *Rescue) OnChange(fn func()) { r.changed.add(fn) }

// Active reports whether the way in was begun.
func (r *Rescue) Active() bool { return r.active }

// Busy says what is under way; "" = nothing.
func (r *Rescue) Busy() string { return r.busy }

// Error is the last sentence; "" = none.
func (r *Rescue) Error() string { return r.err }

// Fits reports that a kit was read and opens this vault: what is left is to choose the protection.
func (r *Rescue) Fits() bool { return r.fits }

// Vault is the short name of the vault, as printed on its kit; "" before Fits.
func (r *Rescue) Vault() string {
	if !r.fits {
		return ""
	}
	return r.kit.Short()
}

// Begin opens the way in.
func (r *Rescue) Begin() {
	if !r.s.OffersKit() {
		return
	}
	r.drop()
	r.active = true
	r.changed.call()
}

// Close leaves it and wipes what it holds.
func (r *Rescue) Close() {
	r.drop()
	r.changed.call()
}

// Again asks for another kit.
func (r *Rescue) Again() { r.Begin() }

func (r *Rescue) drop() {
	r.round++
	r.kit.Wipe()
	r.kit, r.fits, r.active, r.busy, r.err, r.left = kit.Kit{}, false, false, "", "", leftover{}
}

// Typed says how far the words that are being typed got, and which of them cannot be right.
func (r *Rescue) Typed(text string) (progress string, doubts []string) {
	typed := secret.FromString(text)
	defer typed.Wipe()
	t := kit.Look(typed)
	if t.Code {
		return "That is what the QR code says.", nil
	}
	if t.Words > 0 {
		progress = strconv.Itoa(t.Words) + " of " + strconv.Itoa(kit.Words) + " words"
	}
	for i, d := range t.Doubts {
		if i == maxDoubts {
			doubts = append(doubts, "And "+count(len(t.Doubts)-i, "more word is", "more words are")+" not in the list.")
			break
		}
		line := "Word " + strconv.Itoa(d.Place) + " is not in the list of words."
		if len(d.Near) > 0 {
			line += " Did you mean " + orList(d.Near) + "?"
		}
		doubts = append(doubts, line)
	}
	return progress, doubts
}

// maxDoubts is how many doubtful words are named one by one: more is not a slip, but another text.
const maxDoubts = 4

// orList joins words: “a”, “b” or “c”.
func orList(words []string) string {
	var b strings.Builder
	for i, w := range words {
		switch {
		case i > 0 && i == len(words)-1:
			b.WriteString(" or ")
		case i > 0:
			b.WriteString(", ")
		}
		b.WriteString("“" + w + "”")
	}
	return b.String()
}

// ReadWords takes the typed words, or the text of the QR code. It takes text over and wipes it.
func (r *Rescue) ReadWords(text secret.Bytes) {
	r.read("Looking whether it fits…", func(context.Context) (kit.Kit, error) {
		defer text.Wipe()
		return kit.Parse(text)
	}, text.Wipe)
}

// ReadFile takes a picture of the page with its QR code, or the PDF it was printed from.
func (r *Rescue) ReadFile(path string) {
	scan := r.s.d.Scanner
	r.read("Reading "+clean(filepath.Base(path))+"…", func(ctx context.Context) (kit.Kit, error) {
		return kitFile(ctx, scan, path)
	}, func() {})
}

// ScanScreen looks for the QR code of the page on the screen, with the own window out of the way.
func (r *Rescue) ScanScreen() {
	d := r.s.d
	r.read("Looking at your screen…", func(ctx context.Context) (kit.Kit, error) {
		shots, err := takeScreens(ctx, &d)
		if err != nil {
			return kit.Kit{}, err
		}
		var found kit.Kit
		err = errNoKitSeen
		for _, shot := range shots {
			if err != nil {
				if k, e := kitPicture(ctx, d.Scanner, shot.Image); e == nil || !errors.Is(e, errNoKitSeen) {
					found, err = k, e
				}
			}
			clear(shot.Image.Pix)
		}
		return found, err
	}, func() {})
}

// ReadClipboard takes what was copied: words, the text of the QR code, or a picture of the page. Once the vault is open it is
// taken off the clipboard.
func (r *Rescue) ReadClipboard() {
	d := r.s.d
	var left leftover
	r.readAnd("Looking at what you copied…", func(ctx context.Context) (kit.Kit, error) {
		if data, err := d.ClipboardPicture(ctx); err == nil {
			defer clear(data)
			left.picture = sha256.Sum256(data)
			img, err := scanner.DecodePicture(bytes.NewReader(data), scanner.DefaultLimits())
			if err != nil {
				return kit.Kit{}, err
			}
			defer blank(img)
			return kitPicture(ctx, d.Scanner, img)
		}
		text, err := d.Clipboard.Text(ctx)
		if err != nil {
			return kit.Kit{}, err
		}
		if strings.TrimSpace(text) == "" {
			return kit.Kit{}, errNothingCopied
		}
		left.text = text
		words := secret.FromString(text)
		defer words.Wipe()
		return kit.Parse(words)
	}, func() {}, func() { r.left = left })
}

// errNoKitSeen: a picture was looked at, and has no QR code in it.
var errNoKitSeen = errors.New("model: no QR code of a recovery kit in the picture")

// kitFile reads the kit of a picture or a PDF.
func kitFile(ctx context.Context, scan Scanner, path string) (kit.Kit, error) {
	limits := scanner.DefaultLimits()
	data, err := readFile(path, limits.MaxBytes, scanner.ErrFormat)
	if err != nil {
		return kit.Kit{}, err
	}
	defer clear(data)
	text, err := recovery.PDFText(ctx, data[:min(len(data), recovery.MaxFile)])
	switch {
	case err == nil:
		page := secret.FromString(text)
		defer page.Wipe()
		return kit.FromPage(page)
	case !errors.Is(err, recovery.ErrFormat):
		return kit.Kit{}, err
	}
	img, err := scanner.DecodePicture(bytes.NewReader(data), limits)
	if err != nil {
		return kit.Kit{}, err
	}
	defer blank(img)
	return kitPicture(ctx, scan, img)
}

// kitPicture finds the kit's code in a picture, beside whatever other codes there are. Errors: errNoKitSeen, and those of kit.Parse
// when there are only others.
func kitPicture(ctx context.Context, scan Scanner, img image.Image) (kit.Kit, error) {
	result, err := scan.Scan(ctx, img)
	if err != nil {
		return kit.Kit{}, err
	}
	err = errNoKitSeen
	for _, c := range result.Codes {
		var k kit.Kit
		text := secret.FromString(c.Text)
		k, err = kit.Parse(text)
		text.Wipe()
		if err == nil {
			return k, nil
		}
	}
	return kit.Kit{}, err
}

// read gets a kit and holds it against the vault. unused runs instead when nothing is begun.
func (r *Rescue) read(busy string, get func(ctx context.Context) (kit.Kit, error), unused func()) {
	r.readAnd(busy, get, unused, func() {})
}

// readAnd is read with something to do on the models' goroutine when the kit fits.
func (r *Rescue) readAnd(busy string, get func(ctx context.Context) (kit.Kit, error), unused, fits func()) {
	if !r.active || r.busy != "" || !r.s.OffersKit() {
		unused()
		return
	}
	r.kit.Wipe()
	r.kit, r.fits, r.busy, r.err, r.left = kit.Kit{}, false, busy, "", leftover{}
	round, keeper := r.round, r.s.d.Kits
	var got kit.Kit
	var err error
	late := func() { got.Wipe() }
	r.s.job(func(ctx context.Context) {
		if got, err = get(ctx); err == nil {
			err = keeper.FitsKit(ctx, got)
		}
	}, func() {
		if r.round != round {
			late()
			return
		}
		r.busy = ""
		if err != nil {
			r.err = rescueSentence(err, got)
			got.Wipe()
		} else {
			r.kit, r.fits = got, true
			fits()
		}
		r.changed.call()
	}, late)
	r.changed.call()
}

func rescueSentence(err error, k kit.Kit) string {
	switch {
	case errors.Is(err, errNothingCopied):
		return "Nothing was copied. Copy the words, or a picture of the page, and try again."
	case errors.Is(err, errNoKitSeen):
		return "No QR code was found in it. Show the whole page, sharp and upright, or type its words."
	case errors.Is(err, vault.ErrOtherKit):
		return "The kit was read right, but it is that of another vault: " + k.Short() + ". Nothing was changed."
	case errors.Is(err, scanner.ErrFormat):
		return "That is neither a picture nor a PDF of the page. Type its words instead."
	}
	return Sentence(err)
}

// Ways are the protections that can be chosen, the one to propose first.
func (r *Rescue) Ways() []Protection {
	if !r.s.KeyringWorks() {
		return []Protection{ByPassphrase}
	}
	return []Protection{ByKeyring, ByKeyringAndPassphrase, ByPassphrase}
}

// Restore puts the key back and opens the vault: Locked or Trouble → Open. pass is taken over and wiped; it is empty for ByKeyring.
// Whatever opened this vault before no longer does; the kit still does.
func (r *Rescue) Restore(how Protection, pass secret.Bytes) {
	if !r.active || !r.fits || r.busy != "" || !r.s.OffersKit() || r.s.busy > 0 {
		pass.Wipe()
		return
	}
	s := r.s
	r.busy, r.err = "Bringing your accounts back…", ""
	made, keeper, round := r.kit.Clone(), s.d.Kits, r.round
	var o opening
	var err error
	s.slow(func(ctx context.Context) {
		defer made.Wipe()
		defer pass.Wipe()
		err = keeper.RestoreKitAs(ctx, made, vault.KitPlace{Protection: how, Passphrase: pass, Replace: vault.ReplaceSameKey})
		if err == nil {
			o = s.open(ctx, secret.Bytes{})
		}
	}, func() {
		if r.round == round {
			r.busy = ""
		}
		switch {
		case err == nil && o.err == nil:
			s.status = o.status
			s.clip.removeLeftover(r.left)
			s.opened(o.snap)
			s.list.notify(Notice{Text: "Your accounts are back. The recovery kit stays valid."})
		case errors.Is(err, vault.ErrKeyBack), err == nil:
			r.drop()
			s.examine() // the key is in its place; what is wrong now is said by the page for that
		default:
			r.err = Sentence(err)
			if errors.Is(err, vault.ErrNoKeyring) || errors.Is(err, vault.ErrKeyLocked) {
				s.status.KeyringErr = err // offers a passphrase alone
			}
		}
		r.changed.call()
	})
	r.changed.call()
}
