// Package portal reads portal guides: how two-factor sign-in is turned on at one portal, step by step, as data.
//
// Purpose: parse and check guides, and find the one that belongs to an issuer. The guides of the program are the files
// in assets/portals; the format is described beside them.
//
// Who may import it: app, app/model, app/cli, app/rehearse. It imports nothing of ours.
//
// Concurrency: a Guide and a Set are immutable once made and may be shared.
//
// Ownership: slices handed out belong to the Set and are not to be changed.
package portal

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"unicode"

	"github.com/BurntSushi/toml"
)

// ErrGuide says that a guide is not as it has to be; the wrapped text says where.
var ErrGuide = errors.New("portal: guide is not valid")

// MaxGuide is how large a guide file may be, in bytes.
const MaxGuide = 256 << 10

// Text is a sentence by language (ISO 639-1). English is always there.
type Text map[string]string

// In is the sentence in the first of the languages it exists in, else in English. Languages may carry a region ("de-AT").
func (t Text) In(languages ...string) string {
	for _, l := range languages {
		base, _, _ := strings.Cut(strings.ReplaceAll(l, "_", "-"), "-")
		if s := t[strings.ToLower(base)]; s != "" {
			return s
		}
	}
	return t["en"]
}

// Kind of a way: how the code reaches the person.
type Kind string

// The kinds.
const (
	Authenticator Kind = "authenticator"
	Email         Kind = "email"
	SMS           Kind = "sms"
)

// Action is what Tallystick does at a step.
type Action string

// The actions. The empty one means that the step happens in the portal alone.
const (
	Scan     Action = "scan"     // read the QR code, or take the typed key
	Code     Action = "code"     // show the code to be typed
	Recovery Action = "recovery" // keep the recovery key
	Done     Action = "done"
)

// Step is one step of a way.
type Step struct {
	Text Text     `toml:"text"`
	Path []string `toml:"path"` // what to click, as the portal writes it
	Does Action   `toml:"does"`
}

// Way is one way a portal offers.
type Way struct {
	Kind   Kind     `toml:"kind"`
	Title  Text     `toml:"title"`
	Before []Text   `toml:"before"`
	Wants  []string `toml:"wants"` // besides the code: "password", "phone"
	Steps  []Step   `toml:"step"`
}

// HandsOutRecoveryKey reports whether a recovery key comes with this way.
func (w Way) HandsOutRecoveryKey() bool {
	return slices.ContainsFunc(w.Steps, func(s Step) bool { return s.Does == Recovery })
}

// Key is what a portal prescribes for typed keys. The zero Key prescribes nothing.
type Key struct {
	Kind      string `toml:"kind"`      // as vault/otp names kinds
	Algorithm string `toml:"algorithm"` // as vault/otp names algorithms
	Digits    int    `toml:"digits"`
	Period    int    `toml:"period"` // seconds
}

// Guide is one portal.
type Guide struct {
	ID             string   `toml:"id"`
	Name           string   `toml:"name"`
	Issuers        []string `toml:"issuers"`
	Before         []Text   `toml:"before"`
	Key            Key      `toml:"key"`
	Ways           []Way    `toml:"way"`
	NewRecoveryKey Step     `toml:"new_recovery_key"`
	Refusals       []Text   `toml:"refusal"`
}

// Way finds the way of that kind.
func (g Guide) Way(k Kind) (Way, bool) {
	i := slices.IndexFunc(g.Ways, func(w Way) bool { return w.Kind == k })
	if i < 0 {
		return Way{}, false
	}
	return g.Ways[i], true
}

// Parse reads one guide. ErrGuide says what is wrong with it, unknown members included.
func Parse(data []byte) (Guide, error) {
	var g Guide
	if len(data) > MaxGuide {
		return g, fmt.Errorf("%w: over %d bytes", ErrGuide, MaxGuide)
	}
	meta, err := toml.NewDecoder(bytes.NewReader(data)).Decode(&g)
	if err != nil {
		return g, fmt.Errorf("%w: %w", ErrGuide, err)
	}
	if unknown := meta.Undecoded(); len(unknown) > 0 {
		return g, fmt.Errorf("%w: unknown member %s", ErrGuide, unknown[0])
	}
	return g, g.check()
}

func (g Guide) check() error {
	wrong := func(format string, args ...any) error {
		return fmt.Errorf("%w: %s: %s", ErrGuide, g.ID, fmt.Sprintf(format, args...))
	}
	switch {
	case g.ID == "" || strings.ContainsFunc(g.ID, func(r rune) bool { return r != '-' && !unicode.IsDigit(r) && (r < 'a' || r > 'z') }):
		return wrong("id has to consist of a-z, 0-9 and -")
	case g.Name == "":
		return wrong("name is missing")
	case len(g.Issuers) == 0:
		return wrong("issuers is missing")
	case len(g.Ways) == 0:
		return wrong("there is no way")
	}
	texts := append(slices.Clone(g.Before), g.Refusals...)
	for i, w := range g.Ways {
		if !slices.Contains([]Kind{Authenticator, Email, SMS}, w.Kind) {
			return wrong("way %d: unknown kind %q", i+1, w.Kind)
		}
		for _, want := range w.Wants {
			if want != "password" && want != "phone" {
				return wrong("way %d: unknown wants %q", i+1, want)
			}
		}
		if len(w.Steps) == 0 || w.Steps[len(w.Steps)-1].Does != Done {
			return wrong("way %d: the last step has to be the one that is done", i+1)
		}
		texts = append(append(texts, w.Title), w.Before...)
		for n, s := range w.Steps {
			if !slices.Contains([]Action{"", Scan, Code, Recovery, Done}, s.Does) {
				return wrong("way %d: step %d: unknown does %q", i+1, n+1, s.Does)
			}
			texts = append(texts, s.Text)
		}
	}
	if g.NewRecoveryKey.Path != nil || g.NewRecoveryKey.Text != nil {
		texts = append(texts, g.NewRecoveryKey.Text)
	}
	for _, t := range texts {
		if t["en"] == "" {
			return wrong("a text has no English")
		}
	}
	return nil
}

// Set is a collection of guides.
type Set struct {
	guides []Guide
	byName map[string]int
}

// Load reads every *.toml file at the root of files. A file that is not valid, or two that claim one id or issuer, is an error:
// the guides come with the program.
func Load(files fs.FS) (*Set, error) {
	names, err := fs.Glob(files, "*.toml")
	if err != nil {
		return nil, err
	}
	s := &Set{byName: map[string]int{}}
	for _, name := range names {
		data, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, err
		}
		g, err := Parse(data)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if g.ID != strings.TrimSuffix(path.Base(name), ".toml") {
			return nil, fmt.Errorf("%s: %w: id %s is not the file's name", name, ErrGuide, g.ID)
		}
		for _, issuer := range append([]string{g.Name}, g.Issuers...) {
			key := fold(issuer)
			if other, taken := s.byName[key]; taken && other != len(s.guides) {
				return nil, fmt.Errorf("%s: %w: issuer %s belongs to %s", name, ErrGuide, issuer, s.guides[other].ID)
			}
			s.byName[key] = len(s.guides)
		}
		s.guides = append(s.guides, g)
	}
	return s, nil
}

// All are the guides, by name.
func (s *Set) All() []Guide {
	all := slices.Clone(s.guides)
	slices.SortFunc(all, func(a, b Guide) int { return strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)) })
	return all
}

// ByID finds a guide by its id.
func (s *Set) ByID(id string) (Guide, bool) {
	i := slices.IndexFunc(s.guides, func(g Guide) bool { return g.ID == id })
	if i < 0 {
		return Guide{}, false
	}
	return s.guides[i], true
}

// ForIssuer finds the guide for what a QR code says, comparing without case, spaces and signs. Only whole names match: a guide for
// the wrong portal is worse than none.
func (s *Set) ForIssuer(issuer string) (Guide, bool) {
	i, ok := s.byName[fold(issuer)]
	if !ok || fold(issuer) == "" {
		return Guide{}, false
	}
	return s.guides[i], true
}

// fold keeps letters and digits, in small letters.
func fold(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, s)
}
