package platform

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// DataDir is where the vault lies unless the person says otherwise: an absolute
// path that need not exist yet. $XDG_DATA_HOME/tallystick, by default
// ~/.local/share/tallystick (XDG Base Directory Specification 0.8).
func DataDir() (string, error) {
	base, err := xdgHome("XDG_DATA_HOME", ".local/share")
	if err != nil {
		return "", err
	}
	return filepath.Join(base, "tallystick"), nil
}

// DownloadsDir is where browsers put files: an absolute path that need not exist.
// From user-dirs.dirs (xdg-user-dirs), by default ~/Downloads.
func DownloadsDir() (string, error) {
	home, err := homeDir()
	if err != nil {
		return "", err
	}
	config, err := xdgHome("XDG_CONFIG_HOME", ".config")
	if err != nil {
		return "", err
	}
	if f, err := os.Open(filepath.Join(config, "user-dirs.dirs")); err == nil {
		defer f.Close()
		text, err := io.ReadAll(io.LimitReader(f, 64<<10))
		if err == nil {
			if dir, ok := userDir(string(text), "XDG_DOWNLOAD_DIR", home); ok {
				return dir, nil
			}
		}
	}
	return filepath.Join(home, "Downloads"), nil
}

// xdgHome is the directory a variable of the base directory specification names. It
// says that a relative path is invalid and to be ignored.
func xdgHome(variable, standard string) (string, error) {
	if dir := os.Getenv(variable); filepath.IsAbs(dir) {
		return filepath.Clean(dir), nil
	}
	home, err := homeDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(home, standard), nil
}

var errNoHome = errors.New("platform: no home directory")

func homeDir() (string, error) {
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("%w: %w", errNoHome, err)
	}
	if !filepath.IsAbs(home) {
		return "", fmt.Errorf("%w: HOME is not an absolute path", errNoHome)
	}
	return filepath.Clean(home), nil
}

// userDir finds a directory in user-dirs.dirs. That is a shell script by design, but
// one in which only lines of the form NAME="$HOME/relative" and NAME="/absolute"
// count, with \ before special characters (user-dirs.dirs(5)). The last line wins,
// as it would in a shell.
func userDir(text, name, home string) (dir string, ok bool) {
	for line := range strings.Lines(text) {
		value, found := strings.CutPrefix(strings.TrimSpace(line), name)
		if !found {
			continue
		}
		value, found = strings.CutPrefix(strings.TrimLeft(value, " \t"), "=")
		if !found {
			continue
		}
		value, found = unquote(strings.TrimLeft(value, " \t"))
		if !found {
			continue
		}
		rest, relative := strings.CutPrefix(value, "$HOME")
		switch {
		case relative && (rest == "" || rest[0] == '/'):
			dir, ok = filepath.Join(home, rest), true
		case filepath.IsAbs(value):
			dir, ok = filepath.Clean(value), true
		}
	}
	return dir, ok
}

// unquote takes a double-quoted shell word apart, as far as user-dirs.dirs goes.
func unquote(s string) (string, bool) {
	s, found := strings.CutPrefix(s, `"`)
	if !found || strings.Contains(s, "\x00") { // no path has a zero in it
		return "", false
	}
	var out strings.Builder
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '"':
			return out.String(), true
		case '\\':
			if i++; i == len(s) {
				return "", false
			}
		}
		out.WriteByte(s[i])
	}
	return "", false
}
