package vault

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"

	"github.com/tallystick/tallystick/vault/keys"
	"github.com/tallystick/tallystick/vault/seal"
)

// deviceFormat is the version of device.json. What this format has, is all it has: a
// program that needs more raises the number.
const deviceFormat = 1

// maxDevice is the most bytes device.json may have.
const maxDevice = 64 << 10

// device is what lies in plain text beside the vault: which entry of the keyring holds
// the key and, where there is no keyring, the key itself under the passphrase.
type device struct {
	Format     int             `json:"format"`
	Device     string          `json:"device"` // 128 random bits, 32 lower-case hex digits
	Protection keys.Protection `json:"protection"`
	// Key is the fingerprint of the device key: tells another key from a damaged file.
	Key string `json:"key"`
	// Entry is the account name in the keyring; empty when protected by passphrase
	// alone. It changes with every change of protection, so that the old value stands
	// until this file names the new one.
	Entry string `json:"entry,omitempty"`
	// Stale are account names in the keyring that may be left from a change and are to
	// be deleted. Never Entry.
	Stale []string `json:"stale,omitempty"`
	// Pending is set until the first save of a new vault is done. While it is, a missing
	// vault file means that creating it was interrupted, not that it was lost.
	Pending bool       `json:"pending,omitempty"`
	Slot    *seal.Slot `json:"slot,omitempty"` // when protected by passphrase alone
}

var errDevice = errors.New("vault: device file does not parse")

// context is what a slot of this device is bound to.
func (d device) context() seal.Context {
	use := seal.InKeyring
	if d.Protection == keys.ByPassphrase {
		use = seal.OnDisk
	}
	return seal.Context{Device: d.Device, Use: use}
}

// newEntry returns a name for the keyring that was not used before.
func (d device) newEntry(random io.Reader) (string, error) {
	id, err := newID(random)
	if err != nil {
		return "", err
	}
	return d.Device + "." + string(id[:8]), nil
}

// withStale returns d with one more name to delete.
func (d device) withStale(entry string) device {
	if entry == "" || slices.Contains(d.Stale, entry) {
		return d
	}
	d.Stale = append(slices.Clone(d.Stale), entry)
	if len(d.Stale) > maxStale {
		d.Stale = d.Stale[len(d.Stale)-maxStale:]
	}
	return d
}

const maxStale = 16

const checkName = `  "check": "`

// encode writes the file: indented JSON whose last line but one is a checksum over all
// bytes before that line. Without it a flipped bit in a slot would look like a wrong
// passphrase. Every later format keeps that line, so that "newer" can be told from
// "damaged".
func (d device) encode() ([]byte, error) {
	text, err := json.MarshalIndent(d, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("vault: device file: %w", err)
	}
	text = append(bytes.TrimSuffix(text, []byte("\n}")), ",\n"...)
	return append(text, checkName+checksum(text)+"\"\n}\n"...), nil
}

func checksum(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:16])
}

// decodeDevice reads the file. Errors: ErrNewer, errDevice.
func decodeDevice(text []byte) (device, error) {
	bad := func(what string) (device, error) { return device{}, fmt.Errorf("%w: %s", errDevice, what) }
	if len(text) > maxDevice {
		return bad("too large")
	}
	if len(text) == 0 {
		return bad("empty")
	}
	at := bytes.LastIndex(text, []byte(checkName))
	if at < 0 || string(text[at:]) != checkName+checksum(text[:at])+"\"\n}\n" {
		return bad("its checksum does not fit")
	}
	var version struct {
		Format int `json:"format"`
	}
	if err := json.Unmarshal(text, &version); err != nil {
		return bad("not JSON")
	}
	if version.Format > deviceFormat {
		return device{}, fmt.Errorf("%w: the device file has format %d, this program knows %d", ErrNewer, version.Format, deviceFormat)
	}
	var full struct {
		device
		Check string `json:"check"`
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&full); err != nil {
		if errors.Is(err, seal.ErrNewer) {
			return device{}, fmt.Errorf("%w: %w", ErrNewer, err)
		}
		return bad("it holds something else than it should")
	}
	d := full.device
	switch {
	case d.Format != deviceFormat:
		return bad("it has no format")
	case !ID(d.Device).Valid():
		return bad("the device id is not one")
	case !ID(d.Key).Valid():
		return bad("the fingerprint is not one")
	}
	for _, name := range append([]string{d.Entry}, d.Stale...) {
		if name != "" && !strings.HasPrefix(name, d.Device+".") || len(name) > 64 {
			return bad("a keyring entry of another device")
		}
	}
	if len(d.Stale) > maxStale || slices.Contains(d.Stale, d.Entry) || slices.Contains(d.Stale, "") {
		return bad("the entries to delete cannot be right")
	}
	switch d.Protection {
	case keys.ByKeyring, keys.ByKeyringAndPassphrase:
		if d.Entry == "" || d.Slot != nil {
			return bad("protection and slot do not fit")
		}
	case keys.ByPassphrase:
		if d.Entry != "" || d.Slot == nil {
			return bad("protection and slot do not fit")
		}
	default:
		return bad("it names no known protection")
	}
	return d, nil
}

// deviceState is the device file as found; copies of it are cheap.
type deviceState struct {
	device
	// fromCopy: the file itself is missing or damaged, and the copy beside it was taken.
	fromCopy bool
}

// loadDevice reads the device file, or the copy where the file is missing or damaged.
// Errors: ErrAbsent when there is no vault at all, ErrDamaged, ErrNewer, or what
// the disk says.
func (m *Manager) loadDevice() (deviceState, error) {
	d, err := m.readDevice(deviceFile)
	if err == nil || errors.Is(err, ErrNewer) {
		return deviceState{device: d}, err
	}
	if !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, errDevice) {
		return deviceState{}, err // the disk failed: nothing is known, so nothing is concluded
	}
	d, errCopy := m.readDevice(deviceCopy)
	switch {
	case errCopy == nil:
		return deviceState{device: d, fromCopy: true}, nil
	case errors.Is(errCopy, ErrNewer):
		return deviceState{}, errCopy
	case !errors.Is(errCopy, fs.ErrNotExist) && !errors.Is(errCopy, errDevice):
		return deviceState{}, errCopy
	}
	missing := errors.Is(err, fs.ErrNotExist)
	if missing && errors.Is(errCopy, fs.ErrNotExist) {
		there, errStat := m.vaultThere()
		if errStat != nil {
			return deviceState{}, errStat
		}
		if !there {
			return deviceState{}, ErrAbsent
		}
	}
	what := "it is missing, and so is its copy; it says where the key of the vault is"
	if !missing {
		what = strings.TrimPrefix(err.Error(), errDevice.Error()+": ") + ", and its copy is no better; it says where the key of the vault is"
	}
	// Older copies of the vault are no help here: they need the same key.
	return deviceState{}, &Damage{File: deviceFile, What: what}
}

func (m *Manager) readDevice(name string) (device, error) {
	text, _, err := readFile(m.fs, m.path(name), maxDevice)
	if errors.Is(err, errTooLarge) {
		return device{}, fmt.Errorf("%w: too large", errDevice)
	}
	if err != nil {
		return device{}, err
	}
	return decodeDevice(text)
}

// saveDevice writes the device file and then its copy. Once the first is written the
// change stands, so what happens to the second is no error: a copy that cannot be
// written is taken away, and mend writes it another time.
func (m *Manager) saveDevice(d device) error {
	text, err := d.encode()
	if err != nil {
		return err
	}
	if err := m.writeDevice(deviceFile, text); err != nil {
		return saveError("device file", err)
	}
	if err := m.writeDevice(deviceCopy, text); err != nil {
		_ = m.fs.Remove(m.path(deviceCopy))
	}
	return nil
}

func (m *Manager) writeDevice(name string, text []byte) error {
	return writeFile(m.fs, m.path(name), text, func(back []byte) error {
		if !bytes.Equal(back, text) {
			return errReadBack
		}
		_, err := decodeDevice(back) // by the rules of the next start
		return err
	}, nil)
}

// copyIsOld reports whether the copy of the device file differs from the file.
func (m *Manager) copyIsOld() bool {
	file, _, err1 := readFile(m.fs, m.path(deviceFile), maxDevice)
	copied, _, err2 := readFile(m.fs, m.path(deviceCopy), maxDevice)
	return err1 != nil || err2 != nil || !bytes.Equal(file, copied)
}
