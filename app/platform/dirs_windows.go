package platform

import (
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/windows"
)

// DataDir is where the vault lies unless the person says otherwise: an absolute
// path that need not exist yet. %AppData%\Tallystick.
func DataDir() (string, error) {
	base, err := os.UserConfigDir()
	if err != nil {
		return "", fmt.Errorf("platform: no data directory: %w", err)
	}
	return filepath.Join(base, "Tallystick"), nil
}

// DownloadsDir is where browsers put files: an absolute path that need not exist.
// People move it to another drive, so the system is asked.
func DownloadsDir() (string, error) {
	dir, err := windows.KnownFolderPath(windows.FOLDERID_Downloads, windows.KF_FLAG_DONT_VERIFY)
	if err != nil {
		return "", fmt.Errorf("platform: no downloads directory: %w", err)
	}
	return dir, nil
}
