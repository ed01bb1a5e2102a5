package cli

import (
	"errors"
	"io"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/spf13/pflag"

	"github.com/tallystick/tallystick/vault/secret"
	"github.com/tallystick/tallystick/vault/share/pack/shelf"
)

// Window is what the command line asks of the window.
type Window struct {
	Dir     string       // --dir; "" = not given
	Profile string       // --profile; "" = the person's own
	Link    secret.Bytes // the link whose preview is to be shown; empty = none
	Pack    string       // the absolute path of the code pack to open; "" = none
}

// WantsWindow reports whether args (without the program's name) open the window rather
// than run a command: no command at all, or nothing but one authenticator link or one
// code pack, the way desktops pass what was opened with it. --dir and --profile go with both. Whatever it does not
// understand in full is left to Run, which says what is wrong.
func WantsWindow(args []string) (Window, bool) {
	var w Window
	flags := pflag.NewFlagSet("tallystick", pflag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.Usage = func() {}
	flags.SetInterspersed(true)
	flags.StringVar(&w.Dir, "dir", "", "")
	flags.StringVar(&w.Profile, "profile", "", "")
	if err := flags.Parse(args); err != nil {
		return Window{}, false
	}
	if CheckProfile(w.Profile) != nil {
		return Window{}, false
	}
	switch words := flags.Args(); {
	case len(words) == 0:
		return w, true
	case len(words) == 1 && isLink(words[0]):
		w.Link = secret.FromString(words[0])
		return w, true
	case len(words) == 1:
		w.Pack = packPath(words[0])
		return w, w.Pack != ""
	}
	return Window{}, false
}

// packPath is the absolute path of a code pack, which is known by its ending; "" when a
// word is none.
func packPath(word string) string {
	if len(word) >= len("file://") && strings.EqualFold(word[:len("file://")], "file://") {
		u, err := url.Parse(word)
		if err != nil || u.Host != "" && u.Host != "localhost" {
			return ""
		}
		word = filepath.FromSlash(u.Path)
	}
	if !strings.EqualFold(filepath.Ext(word), shelf.Suffix) {
		return ""
	}
	path, err := filepath.Abs(word)
	if err != nil {
		return ""
	}
	return path
}

// linkSchemes are the beginnings that make an argument a link, in small letters.
var linkSchemes = []string{"otpauth://", "otpauth-migration://", "apple-otpauth://", "motp://", "steam://"}

func isLink(word string) bool {
	for _, scheme := range linkSchemes {
		if len(word) >= len(scheme) && strings.EqualFold(word[:len(scheme)], scheme) {
			return true
		}
	}
	return false
}

// ErrProfile is returned for a profile name that cannot be the name of a folder on every system.
var ErrProfile = errors.New("cli: not a profile name")

// CheckProfile reports ErrProfile unless name is empty or 1 to 32 of a-z, 0-9, - and _,
// beginning with a letter or digit. Capital letters are left out because two profiles
// that differ only in them would be one folder on some systems.
func CheckProfile(name string) error {
	if name == "" {
		return nil
	}
	const alphanumeric = "abcdefghijklmnopqrstuvwxyz0123456789"
	if len(name) > 32 || !strings.Contains(alphanumeric, name[:1]) || strings.Trim(name, alphanumeric+"-_") != "" {
		return ErrProfile
	}
	// Names that Windows keeps for devices, in every folder.
	switch strings.TrimRight(name, "0123456789") {
	case "con", "prn", "aux", "nul", "com", "lpt":
		return ErrProfile
	}
	return nil
}

// Place is the directory that holds everything of one profile: the flag before
// TALLYSTICK_DIR before the system's place for data; a named profile in
// profiles/NAME below it. It touches no file. The window uses it too, so that both look
// at the same vault.
func Place(dir, profile string, getenv func(string) string, dataDir func() (string, error)) (string, error) {
	if err := CheckProfile(profile); err != nil {
		return "", err
	}
	if dir == "" {
		dir = getenv("TALLYSTICK_DIR")
	}
	if dir == "" {
		var err error
		if dir, err = dataDir(); err != nil {
			return "", err
		}
	}
	// Absolute, because the running window is found by the name of its directory.
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	if profile != "" {
		dir = filepath.Join(dir, "profiles", profile)
	}
	return dir, nil
}

func (r *run) globalFlags(f *pflag.FlagSet) {
	f.SortFlags = false
	f.StringVar(&r.dirFlag, "dir", "", "keep everything in `DIR` (instead of TALLYSTICK_DIR or the system's place)")
	f.StringVar(&r.profileFlag, "profile", "", "use the vault of the profile called `NAME`")
	f.BoolVar(&r.passphraseStdin, "passphrase-stdin", false, "take the passphrase from the first line of standard input")
}

// place is the directory this command works on.
func (r *run) place() (string, error) {
	dir, err := Place(r.dirFlag, r.profileFlag, r.env.Getenv, r.env.DataDir)
	if errors.Is(err, ErrProfile) {
		return "", usage("A profile's name has 1 to 32 small letters, digits, - and _, and begins with a letter or digit.")
	}
	return dir, err
}
