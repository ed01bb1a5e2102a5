package platform

import (
	"fmt"
	"os"
	"path/filepath"
)

// DataDir is where the vault lies unless the person says otherwise: an absolute
// path that need not exist yet. ~/Library/Application Support/Tallystick.
func DataDir() (string, error) {
	base, err := os.UserConfigDir()
	if err != nil {
		return "", fmt.Errorf("platform: no data directory: %w", err)
	}
	return filepath.Join(base, "Tallystick"), nil
}

// DownloadsDir is where browsers put files: an absolute path that need not exist.
func DownloadsDir() (string, error) {
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("platform: no downloads directory: %w", err)
	}
	return filepath.Join(home, "Downloads"), nil
}
