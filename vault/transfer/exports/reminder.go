package exports

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/tallystick/tallystick/vault/durable"
)

// Left is a file with keys in the open that an export left on the disk.
type Left struct {
	Path    string    `json:"path"` // absolute
	Format  Format    `json:"format"`
	Written time.Time `json:"written"`
}

// Reminders remembers exports in the open until they are gone, in a file beside the vault. It
// holds paths, nothing of what is in them.
type Reminders struct{ Dir string }

const (
	remindersFile = "exports.json"
	maxReminders  = 1 << 20 // bytes
	maxLeft       = 500     // files; the oldest are forgotten
)

func (r Reminders) path() string { return filepath.Join(r.Dir, remindersFile) }

type remindersJSON struct {
	Format int    `json:"format"`
	Left   []Left `json:"left"`
}

// load reads the file. One that is not there or damaged is an empty one: nothing depends on it.
func (r Reminders) load() ([]Left, error) {
	f, err := os.Open(r.path())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("exports: reminders: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxReminders))
	if err != nil {
		return nil, fmt.Errorf("exports: reminders: %w", err)
	}
	var list remindersJSON
	if json.Unmarshal(data, &list) != nil {
		return nil, nil
	}
	return list.Left, nil
}

func (r Reminders) save(list []Left) error {
	if len(list) == 0 {
		if err := os.Remove(r.path()); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("exports: reminders: %w", err)
		}
		return nil
	}
	data, err := json.MarshalIndent(remindersJSON{1, list[max(0, len(list)-maxLeft):]}, "", "  ")
	if err != nil {
		return fmt.Errorf("exports: reminders: %w", err)
	}
	if err := durable.Replace(r.path(), append(data, '\n')); err != nil {
		return fmt.Errorf("exports: reminders: %w", err)
	}
	return nil
}

// Add remembers files, which may be named relative to where the process is.
func (r Reminders) Add(form Format, now time.Time, paths ...string) error {
	list, err := r.load()
	if err != nil {
		return err
	}
	for _, p := range paths {
		if p, err = filepath.Abs(p); err != nil {
			return fmt.Errorf("exports: reminders: %w", err)
		}
		list = slices.DeleteFunc(list, func(l Left) bool { return l.Path == p })
		list = append(list, Left{p, form, now.UTC().Truncate(time.Second)})
	}
	return r.save(list)
}

// List is the files that are still there, the oldest first, and forgets those that are gone.
// One whose folder is gone as well may be on a stick that is not plugged in: it is remembered,
// and not listed.
func (r Reminders) List() ([]Left, error) {
	all, err := r.load()
	if err != nil {
		return nil, err
	}
	var there, known []Left
	for _, l := range all {
		switch _, err := os.Lstat(l.Path); {
		case err == nil:
			there, known = append(there, l), append(known, l)
		case !errors.Is(err, fs.ErrNotExist):
			known = append(known, l) // nobody can tell
		default:
			if _, err := os.Stat(filepath.Dir(l.Path)); err != nil {
				known = append(known, l)
			}
		}
	}
	if len(known) < len(all) {
		_ = r.save(known) // else the next time
	}
	return there, nil
}

// Forget says that the person wants to keep the files that are there now.
func (r Reminders) Forget() error { return r.save(nil) }
