package model

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"image"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/image/draw"

	"github.com/tallystick/tallystick/scanner"
	"github.com/tallystick/tallystick/scanner/clipimage"
	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/recovery"
	"github.com/tallystick/tallystick/vault/secret"
)

// recentWithin is how long after it appeared a download is offered: long enough for a slow person, short enough that nothing else is.
const recentWithin = 10 * time.Minute

// Keep is the step of keeping recovery keys: what a portal handed out is pasted, dropped, opened or picked from the downloads, shown
// as it was understood, corrected, and saved. The add flow ends with it; an account's details lead to it, too.
type Keep struct {
	s      *Session
	id     vault.ID
	active bool
	round  uint64
	busy   string
	err    string

	keys    []string // as understood and corrected; one a line
	used    []usedMark
	origin  recovery.Origin
	account string    // as printed on the sheet
	date    time.Time // of the sheet
	ignored int
	notes   []string
	picture image.Image // with keys to be typed from it, held here alone; nil = none
	file    string      // the loose file the keys came from; "" = none
	left    leftover    // what was copied, to be taken off the clipboard once it is kept
	saved   int         // keys kept by the last Save
	recent  []Download
	looking bool // at the downloads
	ticks   int

	changed listeners
}

// Download is a file that appeared in Downloads a moment ago.
type Download struct {
	Path, Name string
	Ago        time.Duration
}

// usedMark is what a sheet says of the use of a key.
type usedMark struct {
	used bool
	on   time.Time // zero = it does not say
}

// KeepLine is one recovery key as it was understood.
type KeepLine struct {
	Text string
	Used bool // struck out or marked as used
}

// Keep is the step of keeping recovery keys; always the same one.
func (s *Session) Keep() *Keep { return s.keep }

// OnChange registers fn to be called when anything of the step changed.
func (k *Keep) OnChange(fn func()) { k.changed.add(fn) }

// Active reports whether the step is on the screen, and Account for which account.
func (k *Keep) Active() bool { return k.active }

// Account is the account whose keys are kept.
func (k *Keep) Account() vault.ID { return k.id }

// Busy says what is under way; "" = nothing.
func (k *Keep) Busy() string { return k.busy }

// Error is the last sentence; "" = none.
func (k *Keep) Error() string { return k.err }

// Lines are the keys as they would be saved.
func (k *Keep) Lines() []KeepLine {
	out := make([]KeepLine, len(k.keys))
	for i := range k.keys {
		out[i] = KeepLine{k.keys[i], k.used[i].used}
	}
	return out
}

// Source says where the keys came from, as far as is known.
func (k *Keep) Source() string { return sourceOf(k.origin) }

// PrintedFor is the account that the sheet says it is for; "" = it does not say.
func (k *Keep) PrintedFor() string { return clean(k.account) }

// Ignored is how many lines held no key and were passed over.
func (k *Keep) Ignored() int { return k.ignored }

// MarkUsed says of the i-th line that the key was used already, or that it was not.
func (k *Keep) MarkUsed(i int, used bool) {
	if i < 0 || i >= len(k.used) || k.used[i].used == used {
		return
	}
	k.used[i] = usedMark{used: used}
	k.changed.call()
}

// Beside reports whether the account has keys that the portal takes, so that new ones may replace them or stand beside them.
func (k *Keep) Beside() bool {
	e := k.s.list.entry(k.id)
	return k.active && e != nil && e.acc.Recovery.Total() > 0
}

// Picture is a picture without anything a program could read: the person types the keys from it. It is painted over as soon as
// it is no longer needed; nobody keeps it. Nil = none.
func (k *Keep) Picture() image.Image { return k.picture }

// DropPicture takes the picture away.
func (k *Keep) DropPicture() {
	k.blankPicture()
	k.changed.call()
}

func (k *Keep) blankPicture() {
	if k.picture != nil {
		blank(k.picture)
		k.picture = nil
	}
}

// Notes are lines on what was left out.
func (k *Keep) Notes() []string { return slices.Clone(k.notes) }

// LooseFile is the name of the file the saved keys came from, which still lies there readable; "" = none.
func (k *Keep) LooseFile() string {
	if k.saved == 0 || k.file == "" {
		return ""
	}
	return filepath.Base(k.file)
}

// Saved is how many keys the last Save kept.
func (k *Keep) Saved() int { return k.saved }

// Recent are the files that appeared in Downloads in the last ten minutes, newest first. Look refreshes them.
func (k *Keep) Recent() []Download { return slices.Clone(k.recent) }

// Begin opens the step for an account.
func (k *Keep) Begin(id vault.ID) {
	if k.s.state != Open || k.s.list.entry(id) == nil || k.s.sharing.mayNot(id) {
		return
	}
	k.reset()
	k.id, k.active = id, true
	k.Look()
	k.changed.call()
}

// Cancel leaves the step; what is saved stays.
func (k *Keep) Cancel() {
	if !k.active {
		return
	}
	k.reset()
	k.changed.call()
}

func (k *Keep) reset() {
	k.round++
	k.id, k.active, k.busy, k.err = "", false, "", ""
	k.forget()
	k.file, k.saved, k.recent, k.left = "", 0, nil, leftover{}
}

// forget drops what was understood.
func (k *Keep) forget() {
	k.keys, k.used, k.origin, k.ignored, k.notes = nil, nil, recovery.Origin{}, 0, nil
	k.account, k.date = "", time.Time{}
	k.blankPicture()
}

// drop ends the step because the vault is locked.
func (k *Keep) drop() {
	was := k.active
	k.reset()
	if was {
		k.changed.call()
	}
}

// Look reads the directory of downloads for files that appeared a moment ago.
func (k *Keep) Look() {
	if k.s.d.Downloads == nil || k.looking {
		return
	}
	k.looking = true
	now, list, round := k.s.d.Now(), k.s.d.Downloads, k.round
	var found []Download
	k.s.job(func(context.Context) { found = recentFiles(list(), now) }, func() {
		k.looking = false
		if k.round != round || slices.EqualFunc(k.recent, found, Download.same) {
			return
		}
		k.recent = found
		k.changed.call()
	}, func() { k.looking = false })
}

// lookEvery is how many seconds lie between two looks at the downloads while the step waits for keys.
const lookEvery = 3

// Tick looks for new downloads every few seconds: the file that the portal hands out comes while the step is on the screen.
func (k *Keep) Tick() {
	if !k.active || k.busy != "" || k.saved > 0 || len(k.keys) > 0 {
		return
	}
	if k.ticks++; k.ticks%lookEvery == 0 {
		k.Look()
	}
}

// same reports that two say the same on the screen.
func (d Download) same(o Download) bool {
	return d.Path == o.Path && int(d.Ago.Minutes()) == int(o.Ago.Minutes())
}

// recentFiles lists regular files in dir that changed in the last ten minutes.
func recentFiles(dir string, now time.Time) []Download {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil // no such directory, nothing to offer
	}
	var out []Download
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || !info.Mode().IsRegular() || info.Size() == 0 || info.Size() > recovery.MaxFile {
			continue
		}
		if ago := now.Sub(info.ModTime()); ago >= -time.Minute && ago < recentWithin {
			out = append(out, Download{Path: filepath.Join(dir, e.Name()), Name: clean(e.Name()), Ago: max(ago, 0)})
		}
	}
	slices.SortFunc(out, func(a, b Download) int { return int(a.Ago - b.Ago) })
	return out[:min(len(out), 5)]
}

// ReadText takes pasted text.
func (k *Keep) ReadText(text string) {
	if !k.active {
		return
	}
	k.file, k.left = "", leftover{}
	k.take(recovery.Parse(text), nil, nil)
	k.name(text)
	k.changed.call()
}

// ReadClipboard takes what was copied: a text, else a picture. Once the keys are kept it is taken off the clipboard.
func (k *Keep) ReadClipboard() {
	if !k.active {
		return
	}
	var d recovery.Draft
	var picture image.Image
	var left leftover
	deps := k.s.d
	k.see("Looking at what you copied…", func(ctx context.Context) (err error) {
		if text, err := deps.Clipboard.Text(ctx); err == nil && strings.TrimSpace(text) != "" {
			left.text = text
			d = recovery.Parse(text)
			return nil
		}
		data, err := deps.ClipboardPicture(ctx)
		if errors.Is(err, clipimage.ErrEmpty) {
			return errNothingCopied
		}
		if err != nil {
			return err
		}
		defer clear(data)
		left.picture = sha256.Sum256(data)
		d, picture, err = readPictureOfSheet(ctx, deps.Scanner, data, "")
		return err
	}, func(err error) {
		k.file, k.left = "", left
		k.take(d, picture, err)
		k.name(left.text)
	}, func() { blank(picture) })
}

// ReadFile takes a file: text, HTML, RTF, CSV, PDF, or a picture.
func (k *Keep) ReadFile(path string) {
	if !k.active {
		return
	}
	var d recovery.Draft
	var picture image.Image
	scan := k.s.d.Scanner
	k.see("Reading "+filepath.Base(path)+"…", func(ctx context.Context) (err error) {
		d, picture, err = readSheet(ctx, scan, path)
		return err
	}, func(err error) {
		k.file, k.left = path, leftover{}
		k.take(d, picture, err)
	}, func() { blank(picture) })
}

// readSheet reads a file. Of a picture it gives the keys in its QR codes, or else the picture itself.
func readSheet(ctx context.Context, scan Scanner, path string) (recovery.Draft, image.Image, error) {
	data, err := readFile(path, scanner.DefaultLimits().MaxBytes, recovery.ErrFormat)
	if err != nil {
		return recovery.Draft{}, nil, err
	}
	defer clear(data)
	// Only the beginning is needed to know a picture, and photographs are larger than any sheet.
	d, err := recovery.ReadBytes(ctx, data[:min(len(data), recovery.MaxFile)], filepath.Base(path))
	switch {
	case errors.Is(err, recovery.ErrPicture):
		return readPictureOfSheet(ctx, scan, data, filepath.Base(path))
	case len(data) > recovery.MaxFile:
		d.Wipe()
		return recovery.Draft{}, nil, recovery.ErrTooLarge
	}
	return d, nil, err
}

// readPictureOfSheet reads the QR codes of a picture. When they hold no keys, the picture comes back to be typed from.
func readPictureOfSheet(ctx context.Context, scan Scanner, data []byte, name string) (recovery.Draft, image.Image, error) {
	img, err := scanner.DecodePicture(bytes.NewReader(data), scanner.DefaultLimits())
	if err != nil {
		return recovery.Draft{}, nil, err
	}
	defer blank(img)
	result, err := scan.Scan(ctx, img)
	if err != nil {
		return recovery.Draft{}, nil, err
	}
	var texts []string
	for _, c := range result.Codes {
		texts = append(texts, c.Text)
	}
	d := recovery.Parse(strings.Join(texts, "\n"))
	d.Origin.File = name
	if len(d.Keys) > 0 {
		return d, nil, nil
	}
	return d, toTypeFrom(img), nil
}

// maxTyping is the longest side of a picture to type from, in pixels: enough to read the print of a whole page.
const maxTyping = 3000

// toTypeFrom is a copy of a picture, made smaller where it is larger than anybody needs to read it.
func toTypeFrom(img image.Image) image.Image {
	size := img.Bounds().Size()
	if longest := max(size.X, size.Y); longest > maxTyping {
		size = image.Pt(max(size.X*maxTyping/longest, 1), max(size.Y*maxTyping/longest, 1))
	}
	out := image.NewRGBA(image.Rectangle{Max: size})
	if size == img.Bounds().Size() {
		draw.Copy(out, image.Point{}, img, img.Bounds(), draw.Src, nil)
	} else {
		draw.CatmullRom.Scale(out, out.Rect, img, img.Bounds(), draw.Src, nil)
	}
	return out
}

// take shows what was understood, and the picture when nothing was.
func (k *Keep) take(d recovery.Draft, picture image.Image, err error) {
	k.forget()
	defer d.Wipe()
	if err != nil {
		blank(picture)
		k.err = Sentence(err)
		if errors.Is(err, errNothingCopied) {
			k.err = "Nothing was copied. Copy the keys, or a picture of them, and try again."
		}
		return
	}
	k.err = ""
	k.origin, k.ignored, k.picture, k.account, k.date = d.Origin, d.Ignored, picture, d.Account, d.Date
	for _, f := range d.Keys {
		k.keys = append(k.keys, string(f.Text.Reveal()))
		k.used = append(k.used, usedMark{f.Used, f.UsedOn})
	}
	if len(k.keys) == 0 && picture == nil {
		k.err = "No recovery keys were found in it. Type or paste them below, one on each line."
	}
	if slices.Contains(d.Notes, recovery.NoteSetupKey) {
		k.notes = append(k.notes, "The text also holds the key for an authenticator. It was left out: it is no recovery key.")
	}
	if slices.Contains(d.Notes, recovery.NoteCut) {
		k.notes = append(k.notes, "The text is very long; only its beginning was read.")
	}
	if slices.Contains(d.Notes, recovery.NoteRepeated) {
		k.notes = append(k.notes, "A key stands there more than once. It was taken once.")
	}
}

// name says what a text is that holds no keys, where that has a name.
func (k *Keep) name(text string) {
	if len(k.keys) > 0 || k.picture != nil || len(text) > 4096 {
		return
	}
	if what := NotASheet([]string{text}, false); what != "" {
		k.err = what
	}
}

// Correct replaces what was understood by what the person typed, one key a line. Marks of use are kept for lines that did not change.
func (k *Keep) Correct(text string) {
	if !k.active {
		return
	}
	was := map[string]usedMark{}
	for i, key := range k.keys {
		was[key] = k.used[i]
	}
	k.keys, k.used = nil, nil
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" && len(line) <= recovery.MaxKey && len(k.keys) < recovery.MaxKeys {
			k.keys = append(k.keys, line)
			k.used = append(k.used, was[line])
		}
	}
	k.err = ""
	k.changed.call()
}

// Save keeps the keys with the account. The portal's newest sheet replaces the ones before, which are kept and marked dead; with
// beside, all stay valid.
func (k *Keep) Save(beside bool) {
	if !k.active || k.busy != "" {
		return
	}
	if len(k.keys) == 0 {
		k.err = "There is nothing to keep yet."
		k.changed.call()
		return
	}
	d := recovery.Draft{Origin: k.origin, Account: k.account, Date: k.date}
	for i, key := range k.keys {
		d.Keys = append(d.Keys, recovery.Found{Text: secret.FromString(key), Used: k.used[i].used, UsedOn: k.used[i].on})
	}
	now, random, id, n := k.s.d.Now(), k.s.d.random(), k.id, len(d.Keys)
	sheet, err := d.Sheet(random, now)
	d.Wipe()
	if err != nil {
		k.err = sheetSentence(err)
		k.changed.call()
		return
	}
	k.busy, k.err = savingText, ""
	round := k.round
	same, alike := false, ""
	k.s.list.change(func(v *vault.Vault) error {
		a, ok := v.Account(id)
		if !ok {
			return vault.ErrNoAccount
		}
		var fresh bool
		if beside {
			alike = keptBefore(a.Recovery, sheet, now)
			a.Recovery, fresh = a.Recovery.Clone().Add(sheet)
		} else {
			a.Recovery, fresh = a.Recovery.Clone().Replace(sheet, now)
		}
		same = !fresh
		if a.Pending == vault.PendingRecovery {
			a.Pending = vault.PendingNothing
		}
		return v.Put(a, now)
	}, func(err error) {
		if k.round != round {
			k.s.list.failed(err)
			return
		}
		k.busy = ""
		switch {
		case err != nil:
			k.err = sheetSentence(err)
		case same:
			k.kept(n)
			k.notes = []string{"These keys were kept already."}
		default:
			k.kept(n)
			if alike != "" {
				k.notes = []string{alike}
			}
		}
		k.changed.call()
	})
	k.changed.call()
}

// sheetSentence says why a sheet could not be kept.
func sheetSentence(err error) string {
	switch {
	case errors.Is(err, vault.ErrTooLong):
		return "An account keeps at most " + strconv.Itoa(vault.MaxSheets) + " sheets of recovery keys. Delete some that were replaced, where the recovery keys are shown."
	case errors.Is(err, recovery.ErrInvalid):
		return "These cannot be kept: a key stands there twice, or there are more than a sheet can have. Correct them below."
	}
	return Sentence(err)
}

// kept drops what was understood, here and on the clipboard, because n keys are with the account now.
func (k *Keep) kept(n int) {
	k.saved = n
	k.forget()
	k.s.clip.removeLeftover(k.left)
	k.left = leftover{}
}

// RemoveLooseFile overwrites and deletes the file the saved keys came from, and says honestly what that achieves.
func (k *Keep) RemoveLooseFile() {
	if k.LooseFile() == "" {
		return
	}
	path := k.file
	k.slow("Deleting…", func(context.Context) error { return shred(path) }, func(err error) {
		if err != nil {
			k.err = "The file could not be deleted. Delete it by hand: " + filepath.Base(path)
			return
		}
		k.file = ""
		k.notes = []string{"The file was overwritten and deleted. SSDs, backups and synced folders may still keep a copy."}
	})
}

// shred overwrites a regular file and deletes it. It follows no link.
func shred(path string) error {
	info, err := os.Lstat(path)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return os.ErrInvalid
	}
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.Write(make([]byte, info.Size()))
	err = errors.Join(err, f.Sync(), f.Close())
	return errors.Join(err, os.Remove(path))
}

// slow runs work off the models' goroutine; its outcome is dropped when the step moved on meanwhile.
func (k *Keep) slow(busy string, work func(ctx context.Context) error, then func(err error)) {
	k.see(busy, work, then, func() {})
}

// see is slow for work whose outcome has to be wiped when it is not wanted any more.
func (k *Keep) see(busy string, work func(ctx context.Context) error, then func(err error), unwanted func()) {
	if k.busy != "" && busy != "" {
		return
	}
	k.busy = busy
	round := k.round
	var err error
	k.s.job(func(ctx context.Context) { err = work(ctx) }, func() {
		if k.round != round {
			unwanted()
			return
		}
		if busy != "" {
			k.busy = ""
		}
		then(err)
		k.changed.call()
	}, unwanted)
	k.changed.call()
}
