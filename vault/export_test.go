package vault

// What tests outside the package need of its inside.
type (
	Disk        = disk
	ReadHandle  = readHandle
	WriteHandle = writeHandle
)

// WithDisk puts another disk under a vault.
func WithDisk(cfg Config, d Disk) Config { cfg.disk = d; return cfg }

// OSDisk is the real one.
func OSDisk() Disk { return osDisk{} }

const (
	VaultFile      = vaultFile
	DeviceFile     = deviceFile
	DeviceCopy     = deviceCopy
	GenerationsDir = generationsDir
	LockFile       = lockFile
)

// Superfluous, ParseGeneration and GenerationName are the policy of older copies.
var (
	Superfluous     = superfluous
	ParseGeneration = parseGeneration
	GenerationName  = generationName
)

// DecodeDevice parses a device file and writes it again.
func DecodeDevice(text []byte) ([]byte, error) {
	d, err := decodeDevice(text)
	if err != nil {
		return nil, err
	}
	return d.encode()
}

// ErrDevice is why a device file does not parse.
var ErrDevice = errDevice

// Same compares the contents of two vaults.
func Same(a, b *Vault) bool { return a.same(b) }

// DecodeVault and EncodeVault are the codec of entries.
func DecodeVault(entries [][]byte) *Vault { return decodeVault(entries) }

// EncodeVault returns copies that are not wiped.
func EncodeVault(v *Vault) [][]byte {
	entries, wipe := v.encode()
	defer wipe()
	return cloneRaw(entries)
}

// WithChecksum ends a device file.
func WithChecksum(text []byte) []byte {
	return append(append([]byte(nil), text...), checkName+checksum(text)+"\"\n}\n"...)
}

// PretendOlder makes the content of an unlocked vault look as though it came from a file of an
// older format, which there is none of yet.
func PretendOlder(m *Manager) {
	m.mu.Lock()
	defer m.mu.Unlock()
	o := *m.open
	o.older = 1
	m.open = &o
}

// SameAccount compares two accounts.
func SameAccount(a, b *Account) bool { return a.same(b) }
