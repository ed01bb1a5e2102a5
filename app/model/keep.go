package model

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/tallystick/tallystick/scanner"
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
	used    []bool
	origin  recovery.Origin
	ignored int
	notes   []string
	file    string // the loose file the keys came from; "" = none
	saved   int    // keys kept by the last Save
	recent  []Download

	changed listeners
}

// Download is a file that appeared in Downloads a moment ago.
type Download struct {
	Path, Name string
	Ago        time.Duration
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
		out[i] = KeepLine{k.keys[i], k.used[i]}
	}
	return out
}

// Source says where the keys came from, as far as is known.
func (k *Keep) Source() string { return sourceOf(k.origin) }

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
	if k.s.state != Open || k.s.list.entry(id) == nil {
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
	k.file, k.saved, k.recent = "", 0, nil
}

// forget drops what was understood.
func (k *Keep) forget() {
	k.keys, k.used, k.origin, k.ignored, k.notes = nil, nil, recovery.Origin{}, 0, nil
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
	if k.s.d.Downloads == nil {
		return
	}
	now, list := k.s.d.Now(), k.s.d.Downloads
	var found []Download
	k.slow("", func(ctx context.Context) error {
		found = recentFiles(list(), now)
		return nil
	}, func(error) { k.recent = found })
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
	k.file = ""
	d := recovery.Parse(text)
	k.take(d, nil)
	k.changed.call()
}

// ReadFile takes a file: text, HTML, RTF, CSV, PDF, or a picture with a QR code.
func (k *Keep) ReadFile(path string) {
	if !k.active {
		return
	}
	var d recovery.Draft
	scan := k.s.d.Scanner
	k.slow("Reading "+filepath.Base(path)+"…", func(ctx context.Context) (err error) {
		d, err = readSheet(ctx, scan, path)
		return err
	}, func(err error) {
		k.file = path
		k.take(d, err)
	})
}

// readSheet reads a file; of a picture, the text of its QR codes.
func readSheet(ctx context.Context, scan Scanner, path string) (recovery.Draft, error) {
	f, err := os.Open(path)
	if err != nil {
		return recovery.Draft{}, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, recovery.MaxFile+1))
	if err != nil {
		return recovery.Draft{}, err
	}
	defer clear(data)
	d, err := recovery.ReadBytes(ctx, data, filepath.Base(path))
	if !errors.Is(err, recovery.ErrPicture) {
		return d, err
	}
	img, pictureErr := scanner.DecodePicture(bytes.NewReader(data), scanner.DefaultLimits())
	if pictureErr != nil {
		return recovery.Draft{}, pictureErr
	}
	result, scanErr := scan.Scan(ctx, img)
	if scanErr != nil {
		return recovery.Draft{}, scanErr
	}
	var texts []string
	for _, c := range result.Codes {
		texts = append(texts, c.Text)
	}
	if len(texts) == 0 {
		return recovery.Draft{}, err // a picture without a code: its text has to be typed
	}
	d = recovery.Parse(strings.Join(texts, "\n"))
	d.Origin.File = filepath.Base(path)
	return d, nil
}

// take shows what was understood.
func (k *Keep) take(d recovery.Draft, err error) {
	k.forget()
	defer d.Wipe()
	if err != nil {
		k.err = Sentence(err)
		return
	}
	k.err = ""
	k.origin, k.ignored = d.Origin, d.Ignored
	for _, f := range d.Keys {
		k.keys = append(k.keys, string(f.Text.Reveal()))
		k.used = append(k.used, f.Used)
	}
	if len(k.keys) == 0 {
		k.err = "No recovery keys were found in it. Type or paste them below, one on each line."
	}
	if slices.Contains(d.Notes, recovery.NoteSetupKey) {
		k.notes = append(k.notes, "The text also holds the key for an authenticator. It was left out: it is no recovery key.")
	}
	if slices.Contains(d.Notes, recovery.NoteCut) {
		k.notes = append(k.notes, "The text is very long; only its beginning was read.")
	}
}

// Correct replaces what was understood by what the person typed, one key a line. Marks of use are kept for lines that did not change.
func (k *Keep) Correct(text string) {
	if !k.active {
		return
	}
	was := map[string]bool{}
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
	d := recovery.Draft{Origin: k.origin}
	for i, key := range k.keys {
		d.Keys = append(d.Keys, recovery.Found{Text: secret.FromString(key), Used: k.used[i]})
	}
	now, random, id, n := k.s.d.Now(), k.s.d.random(), k.id, len(d.Keys)
	sheet, err := d.Sheet(random, now)
	d.Wipe()
	if err != nil {
		k.err = Sentence(err)
		k.changed.call()
		return
	}
	k.busy, k.err = savingText, ""
	round := k.round
	same := false
	k.s.list.change(func(v *vault.Vault) error {
		a, ok := v.Account(id)
		if !ok {
			return vault.ErrNoAccount
		}
		var fresh bool
		if beside {
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
			k.err = Sentence(err)
		case same:
			k.saved = n
			k.forget()
			k.notes = []string{"These keys were kept already."}
		default:
			k.saved = n
			k.forget()
		}
		k.changed.call()
	})
	k.changed.call()
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
	if k.busy != "" && busy != "" {
		return
	}
	k.busy = busy
	round := k.round
	var err error
	k.s.job(func(ctx context.Context) { err = work(ctx) }, func() {
		if k.round != round {
			return
		}
		if busy != "" {
			k.busy = ""
		}
		then(err)
		k.changed.call()
	}, nil)
	k.changed.call()
}
