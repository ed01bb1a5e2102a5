package model

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/tallystick/tallystick/vault/durable"
)

// maxSettings is the largest settings file that is read, in bytes. Ours has a few hundred.
const maxSettings = 1 << 20

// ErrSettings is returned beside the defaults when the settings could not be read.
var ErrSettings = errors.New("model: settings cannot be read")

// FileSettings stores Prefs as JSON in the file path.
//
// Load returns the defaults when there is no file. A file that is not JSON is
// renamed to path+".damaged" (for whoever wants to look) and the defaults are
// returned with ErrSettings: nothing in here is worth refusing to start. Fields
// that this version does not know survive a Save, so that an older version run once
// does not undo the choices made in a newer one. Save replaces the file atomically,
// mode 0600.
func FileSettings(path string) SettingsStore { return fileSettings{path} }

type fileSettings struct{ path string }

func (f fileSettings) Load() (Prefs, error) {
	fields, err := f.fields()
	p := DefaultPrefs()
	if err != nil || fields == nil {
		return p, err
	}
	// Field by field: one value of the wrong type costs that value, not all of them.
	for name, target := range prefFields(&p) {
		if raw, ok := fields[name]; ok {
			if json.Unmarshal(raw, target) != nil {
				continue
			}
		}
	}
	return p.Clamped(), nil
}

func (f fileSettings) Save(p Prefs) error {
	fields, err := f.fields()
	if err != nil && !errors.Is(err, ErrSettings) {
		return err
	}
	if fields == nil {
		fields = map[string]json.RawMessage{}
	}
	p = p.Clamped()
	for name, value := range prefFields(&p) {
		raw, err := json.Marshal(value)
		if err != nil {
			return fmt.Errorf("settings: %w", err)
		}
		fields[name] = raw
	}
	data, err := json.MarshalIndent(fields, "", "  ") // maps are written in the order of their keys
	if err != nil {
		return fmt.Errorf("settings: %w", err)
	}
	err = os.MkdirAll(filepath.Dir(f.path), 0o700)
	if err == nil {
		err = durable.Replace(f.path, append(data, '\n'))
	}
	if err != nil {
		return fmt.Errorf("settings: %w", err)
	}
	return nil
}

// prefFields names every field of p as it is called in the file.
func prefFields(p *Prefs) map[string]any {
	return map[string]any{
		"theme": &p.Theme, "textScale": &p.TextScale, "hideCodes": &p.HideCodes,
		"autoLockMinutes": &p.AutoLockMinutes, "lockOnSleep": &p.LockOnSleep, "clearSeconds": &p.ClearSeconds,
		"sort": &p.Sort, "closeToTray": &p.CloseToTray,
		"windowWidth": &p.WindowWidth, "windowHeight": &p.WindowHeight, "backupAskAfter": &p.BackupAskAfter,
	}
}

// fields reads the file; nil without an error when there is none. What is not JSON
// is moved aside.
func (f fileSettings) fields() (map[string]json.RawMessage, error) {
	file, err := os.Open(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSettings, err)
	}
	data, err := io.ReadAll(io.LimitReader(file, maxSettings+1))
	_ = file.Close() // read only: nothing can be lost
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSettings, err)
	}
	var fields map[string]json.RawMessage
	if len(data) > maxSettings {
		err = errors.New("file too large")
	} else {
		err = json.Unmarshal(data, &fields)
	}
	if err != nil {
		if aside := os.Rename(f.path, f.path+".damaged"); aside != nil {
			return nil, fmt.Errorf("%w: %w", ErrSettings, aside)
		}
		return nil, ErrSettings
	}
	return fields, nil
}
