package platform

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// NewURIHandler returns the handler that starts executable, an absolute path; "" is
// the program that runs.
func NewURIHandler(executable string) URIHandler { return desktopHandler{executable} }

// RegistersPacks says whether a URIHandler makes code packs open Tallystick, too.
const RegistersPacks = true

// desktopHandler writes a desktop entry of the person's own, what the files of code packs
// are, and, for the default, the person's mimeapps.list. Nothing outside of the home
// directory is touched.
//
// Desktop Entry Specification 1.5; MIME Applications Associations 1.0.1; Shared MIME-info
// Database 0.22.
type desktopHandler struct{ executable string }

// desktopEntry is the name of the entry. It is not the program's own entry, which a
// package may bring: it is hidden from menus and only for links and code packs.
const desktopEntry = "tallystick-links.desktop"

// Code packs are known to desktops by the ending of their name alone: within, they are
// age files, which anything else may be.
const (
	packType     = "application/x-tallystick-pack"
	packTypeFile = "tallystick-packs.xml"
	packTypeText = `<?xml version="1.0" encoding="UTF-8"?>
<mime-info xmlns="http://www.freedesktop.org/standards/shared-mime-info">
  <mime-type type="` + packType + `">
    <comment>Tallystick code pack</comment>
    <icon name="tallystick"/>
    <glob pattern="*.tallypack"/>
  </mime-type>
</mime-info>
`
)

// mimeTypes are the types of the links and, last, that of code packs.
func mimeTypes() []string {
	types := linkTypes()
	return append(types, packType)
}

func linkTypes() []string {
	types := make([]string, len(uriSchemes))
	for i, s := range uriSchemes {
		types[i] = "x-scheme-handler/" + s
	}
	return types
}

// packTypePath is the file that says what code packs are, in the person's own database.
func packTypePath() (string, error) {
	data, err := xdgHome("XDG_DATA_HOME", ".local/share")
	if err != nil {
		return "", err
	}
	return filepath.Join(data, "mime", "packages", packTypeFile), nil
}

func entryPath() (string, error) {
	data, err := xdgHome("XDG_DATA_HOME", ".local/share")
	if err != nil {
		return "", err
	}
	return filepath.Join(data, "applications", desktopEntry), nil
}

func (h desktopHandler) Status(context.Context) (URIStatus, error) {
	path, err := entryPath()
	if err != nil {
		return URIStatus{}, err
	}
	var status URIStatus
	switch have, err := os.ReadFile(path); {
	case err == nil:
		status.Installed = true
		want, err := h.entry()
		if err != nil {
			return URIStatus{}, err
		}
		types, err := packTypePath()
		if err != nil {
			return URIStatus{}, err
		}
		packs, err := os.ReadFile(types)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return URIStatus{}, fmt.Errorf("platform: cannot read the description of code packs: %w", err)
		}
		status.Stale = string(have) != want || string(packs) != packTypeText
	case !errors.Is(err, fs.ErrNotExist):
		return URIStatus{}, fmt.Errorf("platform: cannot read the desktop entry: %w", err)
	}
	lists, err := mimeAppsLists()
	if err != nil {
		return URIStatus{}, err
	}
	status.Default = true
	for i, mime := range linkTypes() {
		chosen := ""
		for _, path := range lists {
			text, err := os.ReadFile(path)
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				return URIStatus{}, fmt.Errorf("platform: cannot read the list of default programs: %w", err)
			}
			if chosen = defaultApp(string(text), mime); chosen != "" {
				break
			}
		}
		status.Default = status.Default && chosen == desktopEntry
		if i == 0 && chosen != desktopEntry {
			status.Other = chosen
		}
	}
	return status, nil
}

func (h desktopHandler) Install(ctx context.Context, makeDefault bool) error {
	entry, err := h.entry()
	if err != nil {
		return err
	}
	path, err := entryPath()
	if err != nil {
		return err
	}
	types, err := packTypePath()
	if err != nil {
		return err
	}
	// What the type is comes before who opens it.
	if err := writeWhole(types, packTypeText, 0o644); err != nil {
		return err
	}
	if err := writeWhole(path, entry, 0o644); err != nil {
		return err
	}
	refreshDesktop(ctx, path, types)
	if !makeDefault {
		return nil
	}
	return editDefaults(func(text string) string {
		for _, mime := range mimeTypes() {
			text = addDefault(text, mime, desktopEntry)
		}
		return text
	}, false)
}

func (h desktopHandler) Remove(ctx context.Context) error {
	// The default goes first: pointing at an entry that is gone would be worse than
	// an entry that nothing points at.
	err := editDefaults(func(text string) string {
		for _, mime := range mimeTypes() {
			text = dropDefault(text, mime, desktopEntry)
		}
		return text
	}, true)
	if err != nil {
		return err
	}
	path, err := entryPath()
	if err != nil {
		return err
	}
	types, err := packTypePath()
	if err != nil {
		return err
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("platform: cannot remove the desktop entry: %w", err)
	}
	switch err := os.Remove(types); {
	case err == nil:
	case errors.Is(err, fs.ErrNotExist):
		types = "" // an earlier version did not write it
	default:
		return fmt.Errorf("platform: cannot remove the description of code packs: %w", err)
	}
	refreshDesktop(ctx, path, types)
	return nil
}

// entry is the text of the desktop entry.
func (h desktopHandler) entry() (string, error) {
	executable, err := ownExecutable(h.executable)
	if err != nil {
		return "", err
	}
	word, err := execWord(executable)
	if err != nil {
		return "", err
	}
	return "[Desktop Entry]\n" +
		"Type=Application\n" +
		"Version=1.5\n" +
		"Name=Tallystick\n" +
		"Comment=Open authenticator links and code packs\n" +
		"Icon=tallystick\n" +
		"Exec=" + word + " %u\n" +
		"Terminal=false\n" +
		"NoDisplay=true\n" +
		"MimeType=" + strings.Join(mimeTypes(), ";") + ";\n", nil
}

// execWord writes a path as the first word of an Exec line. Quotes come only where
// they must: xdg-open on plain window managers does not understand them.
func execWord(path string) (string, error) {
	for _, r := range path {
		if r < ' ' || r == 0x7f {
			return "", fmt.Errorf("platform: the program's path has control characters")
		}
	}
	word := strings.ReplaceAll(path, "%", "%%") // field codes
	if strings.ContainsAny(word, " \"'\\><~|&;$*?#()`=") {
		word = `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "`", "\\`", `$`, `\$`).Replace(word) + `"`
	}
	// The line is a string value, which has escapes of its own.
	return strings.ReplaceAll(word, `\`, `\\`), nil
}

// refreshDesktop rebuilds the indexes of who opens what and of what is what, where
// desktops have them. If it cannot be done the entry is found at the next login. types is
// empty when what is what did not change.
func refreshDesktop(ctx context.Context, entry, types string) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if types != "" {
		_ = exec.CommandContext(ctx, "update-mime-database", filepath.Dir(filepath.Dir(types))).Run()
	}
	_ = exec.CommandContext(ctx, "update-desktop-database", filepath.Dir(entry)).Run()
}

// mimeAppsLists are the person's own lists of default programs, the one that wins first.
func mimeAppsLists() ([]string, error) {
	config, err := xdgHome("XDG_CONFIG_HOME", ".config")
	if err != nil {
		return nil, err
	}
	var lists []string
	for desktop := range strings.SplitSeq(strings.ToLower(os.Getenv("XDG_CURRENT_DESKTOP")), ":") {
		if desktop != "" && !strings.ContainsAny(desktop, "/\x00") {
			lists = append(lists, filepath.Join(config, desktop+"-mimeapps.list"))
		}
	}
	return append(lists, filepath.Join(config, "mimeapps.list")), nil
}

// editDefaults changes the person's lists of default programs. Adding goes to the
// general list and to those of the desktop that exist, which would win over it.
func editDefaults(edit func(string) string, existingOnly bool) error {
	lists, err := mimeAppsLists()
	if err != nil {
		return err
	}
	for i, path := range lists {
		if real, err := filepath.EvalSymlinks(path); err == nil {
			path = real // a list kept among somebody's dotfiles stays there
		}
		have, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			if existingOnly || i < len(lists)-1 {
				continue
			}
		} else if err != nil {
			return fmt.Errorf("platform: cannot read the list of default programs: %w", err)
		}
		if want := edit(string(have)); want != string(have) {
			if err := writeWhole(path, want, 0o644); err != nil {
				return err
			}
		}
	}
	return nil
}

// writeWhole replaces a file so that nobody ever reads half of it. An existing file
// keeps its permissions: these are the desktop's files, which others read, and not the
// private ones that vault/durable writes.
func writeWhole(path, text string, perm fs.FileMode) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("platform: cannot write %s: %w", filepath.Base(path), err)
		}
	}()
	if info, err := os.Stat(path); err == nil {
		perm = info.Mode().Perm()
	}
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, "."+filepath.Base(path)+"-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.WriteString(text)
	err = errors.Join(err, f.Chmod(perm), f.Sync(), f.Close())
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
