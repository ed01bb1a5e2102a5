package vault

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Generation is one older copy of the vault file.
type Generation struct {
	Path  string
	Saved time.Time // when its content was saved; UTC
	Bytes int64

	revision uint64
}

// How many older copies are kept.
const (
	keepLatest = 5 // the last ones, and
	keepDays   = 7 // the last one of each of the last days that have any
	keepBad    = 3 // files that did not open and were replaced by an older copy
)

const (
	generationPrefix = "vault-"
	damagedPrefix    = "damaged-"
	generationSuffix = ".age"
	generationTime   = "20060102T150405.000Z"
)

// generationName is where the copy of one save goes: "vault-20260304T050607.089Z-12.age",
// its time of saving and its revision.
func generationName(saved time.Time, revision uint64) string {
	return generationPrefix + saved.UTC().Format(generationTime) + "-" + strconv.FormatUint(revision, 10) + generationSuffix
}

func parseGeneration(name string) (Generation, bool) {
	rest, ok1 := strings.CutPrefix(name, generationPrefix)
	rest, ok2 := strings.CutSuffix(rest, generationSuffix)
	saved, rest, ok3 := strings.Cut(rest, "-")
	number, _, _ := strings.Cut(rest, "-") // after it: a second copy of the same name
	at, err1 := time.Parse(generationTime, saved)
	revision, err2 := strconv.ParseUint(number, 10, 64)
	return Generation{Saved: at, revision: revision}, ok1 && ok2 && ok3 && err1 == nil && err2 == nil
}

// Generations lists the older copies of the vault file, newest first. Whether they
// open is not known without the key.
func (m *Manager) Generations() ([]Generation, error) {
	dir := m.path(generationsDir)
	files, err := m.fs.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("vault: older copies: %w", err)
	}
	var list []Generation
	for _, f := range files {
		g, ok := parseGeneration(f.Name())
		if !ok {
			continue
		}
		info, err := f.Info()
		if err != nil || !info.Mode().IsRegular() {
			continue
		}
		g.Path, g.Bytes = filepath.Join(dir, f.Name()), info.Size()
		list = append(list, g)
	}
	slices.SortFunc(list, func(a, b Generation) int {
		if c := b.Saved.Compare(a.Saved); c != 0 {
			return c
		}
		if a.revision != b.revision {
			if a.revision > b.revision {
				return -1
			}
			return 1
		}
		return strings.Compare(b.Path, a.Path)
	})
	return list, nil
}

// keepCurrent gives the vault file that is about to be replaced a second name. stamp,
// saved and revision are those of the file as loaded.
func (m *Manager) keepCurrent(was fileStamp, saved time.Time, revision uint64) error {
	return m.keep(m.path(vaultFile), was, generationName(saved, revision))
}

// keep links path into the generations under name, or copies it where the file system
// has no links. A copy with the same bytes that is there already will do.
func (m *Manager) keep(path string, is fileStamp, name string) error {
	dir := m.path(generationsDir)
	if err := m.fs.MkdirAll(dir); err != nil {
		return err
	}
	base := strings.TrimSuffix(name, generationSuffix)
	for n := 1; ; n++ {
		to := filepath.Join(dir, name)
		if there, err := stampFile(m.fs, to); err == nil {
			if there.sameBytes(is) {
				return nil
			}
			if n == 100 {
				return fmt.Errorf("%s: %w", name, fs.ErrExist)
			}
			name = base + "-" + strconv.Itoa(n+1) + generationSuffix
			continue
		}
		if m.fs.Link(path, to) == nil {
			return nil
		}
		data, _, err := readFile(m.fs, path, is.size)
		if err != nil {
			return err
		}
		return writeFile(m.fs, to, data, func(back []byte) error {
			if string(back) != string(data) {
				return errReadBack
			}
			return nil
		}, nil)
	}
}

// prune removes the copies that are not kept. Failing does no harm.
func (m *Manager) prune() {
	list, err := m.Generations()
	if err != nil {
		return
	}
	for _, g := range superfluous(list) {
		_ = m.fs.Remove(g.Path)
	}
	files, err := m.fs.ReadDir(m.path(generationsDir)) // sorted by name, so by time
	if err != nil {
		return
	}
	files = slices.DeleteFunc(files, func(f fs.DirEntry) bool { return !strings.HasPrefix(f.Name(), damagedPrefix) })
	for _, f := range files[:max(0, len(files)-keepBad)] {
		_ = m.fs.Remove(filepath.Join(m.path(generationsDir), f.Name()))
	}
}

// superfluous chooses from copies, newest first, those that nobody needs: not among
// the latest, and not the last of one of the last days.
func superfluous(list []Generation) []Generation {
	var out []Generation
	days := make(map[string]bool, keepDays)
	for i, g := range list {
		day := g.Saved.Format(time.DateOnly)
		lastOfDay := !days[day] && len(days) < keepDays
		if lastOfDay {
			days[day] = true
		}
		if i >= keepLatest && !lastOfDay {
			out = append(out, g)
		}
	}
	return out
}
