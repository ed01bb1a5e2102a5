package clock

import (
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/tallystick/tallystick/vault/durable"
)

// maxRecord is the largest file that is read, in bytes. Ours has two hundred.
const maxRecord = 4 << 10

// maxKept is the largest offset that is written down.
const maxKept = 24 * time.Hour

// record is what was found and whether codes follow it: the file clock.json. It says
// how many sources there were, not which: they are the portals somebody uses.
type record struct {
	Offset, Error time.Duration
	Measured      time.Time // by the system clock
	Sources       int
	Applied       bool
	Boot          string
	Started       time.Time
}

// fileRecord is record as it is written: whole milliseconds.
type fileRecord struct {
	Version    int       `json:"version"` // 1
	OffsetMS   int64     `json:"offsetMs"`
	ErrorMS    int64     `json:"errorMs"`
	MeasuredAt time.Time `json:"measured"`
	Sources    int       `json:"sources"`
	Applied    bool      `json:"applied"`
	Boot       string    `json:"boot"`
	StartedMS  int64     `json:"startedMs"` // the computer's start, by the system clock, since 1970
}

func (f Finding) record(applied bool) *record {
	return &record{
		Offset: f.Offset.Round(time.Millisecond), Error: f.Error.Round(time.Millisecond), Measured: f.At,
		Sources: f.Agreeing, Applied: applied, Boot: f.mark.Boot, Started: f.mark.Started,
	}
}

func (r *record) mark() mark { return mark{Boot: r.Boot, Started: r.Started, ok: true} }

// same reports whether two records are of the same finding, used the same way.
func (r *record) same(o *record) bool {
	if r == nil || o == nil {
		return r == o
	}
	return r.file() == o.file()
}

func (r *record) file() fileRecord {
	return fileRecord{
		Version: 1, OffsetMS: r.Offset.Milliseconds(), ErrorMS: r.Error.Milliseconds(), MeasuredAt: r.Measured.UTC().Truncate(time.Millisecond),
		Sources: r.Sources, Applied: r.Applied, Boot: r.Boot, StartedMS: r.Started.UnixMilli(),
	}
}

// readRecord reads the file; nil when there is none, or none that makes sense.
func readRecord(path string) *record {
	file, err := os.Open(path)
	if err != nil {
		return nil
	}
	data, err := io.ReadAll(io.LimitReader(file, maxRecord+1))
	_ = file.Close() // read only: nothing can be lost
	if err != nil || len(data) > maxRecord {
		return nil
	}
	return parseRecord(data)
}

// parseRecord is strict: codes follow what it returns.
func parseRecord(data []byte) *record {
	var f fileRecord
	if json.Unmarshal(data, &f) != nil || f.Version != 1 || len(f.Boot) > 100 {
		return nil
	}
	limit := maxKept.Milliseconds()
	if f.Applied {
		limit = MaxCorrection.Milliseconds()
	}
	// Compared before they are multiplied: a number out of a file overflows.
	if f.OffsetMS < -limit || f.OffsetMS > limit || f.ErrorMS < 0 || f.ErrorMS > maxKept.Milliseconds() {
		return nil
	}
	if f.StartedMS < -1<<45 || f.StartedMS > 1<<45 || f.Sources < 0 {
		return nil
	}
	return &record{
		Offset: time.Duration(f.OffsetMS) * time.Millisecond, Error: time.Duration(f.ErrorMS) * time.Millisecond,
		Measured: f.MeasuredAt, Sources: f.Sources, Applied: f.Applied, Boot: f.Boot, Started: time.UnixMilli(f.StartedMS),
	}
}

// writeRecord replaces the file.
func writeRecord(path string, r *record) error {
	data, err := json.Marshal(r.file())
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return durable.Replace(path, append(data, '\n'))
}

func removeRecord(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
