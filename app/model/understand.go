package model

import (
	"context"
	"errors"
	"fmt"
	"image"
	"slices"
	"strconv"
	"strings"

	"github.com/tallystick/tallystick/scanner"
	"github.com/tallystick/tallystick/scanner/capture"
	"github.com/tallystick/tallystick/scanner/clipimage"
	"github.com/tallystick/tallystick/vault/otpauth"
	"github.com/tallystick/tallystick/vault/secret"
	"github.com/tallystick/tallystick/vault/share"
)

// export is one Google Authenticator export, of which some parts were seen.
type export struct {
	parts otpauth.Collector
	seen  []exportPart // by index
}

type exportPart struct {
	otpauth.Part
	where  string
	cutout image.Image
}

func (e *export) wipe() {
	for _, p := range e.seen {
		for i := range p.Entries {
			p.Entries[i].Params.Secret.Wipe()
			p.Entries[i].Params.PIN.Wipe()
		}
		blank(p.cutout)
	}
	*e = export{}
}

// take makes a stage of what was seen.
func (a *Add) take(l look) {
	a.leaveResults()
	a.stage, a.left = Choose, l.left
	moreOfExport := false
	for _, f := range l.findings {
		if a.s.sharing.Available() && share.IsInvite([]byte(f.text)) {
			l.wipe()
			a.Cancel()
			a.s.sharing.ReadInvite(secret.FromString(f.text))
			return
		}
		moreOfExport = a.understand(f, &l) || moreOfExport
	}
	if moreOfExport {
		a.takeExports()
	}
	a.tidyCandidates()
	usable := 0
	for _, c := range a.candidates {
		if c.Problem == "" {
			usable++
		}
	}
	missing := a.MissingParts()
	switch {
	case usable == 0 && l.text && len(l.findings) == 1 && a.typable(l.findings[0].text):
		f := newForm()
		f.Key = l.findings[0].text
		a.leaveResults()
		a.openForm(f)
		return
	case usable == 0 && !moreOfExport:
		a.reason = a.explain(l)
		a.stage = NothingFound
	case usable == 1 && missing == "":
		a.pick(slices.IndexFunc(a.candidates, func(c Candidate) bool { return c.Problem == "" }))
		return
	default:
		a.stage = Several
	}
	a.changed.call()
}

// typable reports that a text given as such is a key to be completed in the form.
func (a *Add) typable(text string) bool { return otpauth.Recognise(text) == otpauth.BareKey }

// understand makes candidates of one text. It reports whether it was part of an export.
func (a *Add) understand(f finding, l *look) (partOfExport bool) {
	subject := "The QR code " + l.in() + f.where
	if l.text {
		subject = "This text"
	}
	unusable := func(problem string) {
		a.candidates = append(a.candidates, Candidate{Where: f.where, Cutout: f.cutout, Problem: problem})
	}
	switch form := otpauth.Recognise(f.text); {
	case form == otpauth.Migration:
		part, err := otpauth.ParseMigration(f.text)
		if err == nil {
			err = a.addPart(part, f)
		}
		if err != nil {
			unusable(Sentence(err))
			return false
		}
		return true
	case form == otpauth.URI, form == otpauth.BareKey && !l.text:
		entry, err := otpauth.Parse(f.text)
		if err != nil {
			unusable(subject + " is an authenticator key that cannot be used. " + Sentence(err))
			return false
		}
		a.candidates = append(a.candidates, Candidate{Draft: draftOf(entry), Where: f.where, Cutout: f.cutout, Chosen: true})
	case form == otpauth.BareKey:
		// A text that somebody typed or copied: it goes into the form, see take.
	default:
		unusable(subject + " is " + foreign(f.text) + ".")
	}
	return false
}

// addPart files one part of an export.
func (a *Add) addPart(part otpauth.Part, f finding) error {
	var err error
	for _, e := range a.exports {
		// A version-2 export has no number of its own, so that a part may fit more than one.
		if err = e.add(part, f); err == nil {
			return nil
		}
	}
	e := &export{}
	if err := e.add(part, f); err != nil {
		return err
	}
	a.exports = append(a.exports, e)
	return nil
}

func (e *export) add(part otpauth.Part, f finding) error {
	if err := e.parts.Add(part); err != nil {
		return err
	}
	known := func(p exportPart) bool { return p.Index == part.Index }
	if !slices.ContainsFunc(e.seen, known) {
		e.seen = append(e.seen, exportPart{part, f.where, f.cutout})
		slices.SortFunc(e.seen, func(x, y exportPart) int { return x.Index - y.Index })
	}
	return nil
}

// takeExports makes candidates of everything seen of every export.
func (a *Add) takeExports() {
	for _, e := range a.exports {
		for _, p := range e.seen {
			for _, entry := range p.Entries {
				// Clones: candidates are wiped when the stage is left, the export stays for its
				// missing parts.
				entry.Params.Secret, entry.Params.PIN = entry.Params.Secret.Clone(), entry.Params.PIN.Clone()
				a.candidates = append(a.candidates, Candidate{Draft: draftOf(entry), Where: p.where, Cutout: cloneCutout(p.cutout), Chosen: true})
			}
			for _, s := range p.Skipped {
				a.candidates = append(a.candidates, Candidate{
					Where: p.where, Cutout: cloneCutout(p.cutout),
					Problem: title(clean(s.Issuer), clean(s.Name)) + " cannot be used. " + Sentence(s.Err),
				})
			}
		}
	}
}

func cloneCutout(img image.Image) image.Image {
	rgba, ok := img.(*image.RGBA)
	if !ok {
		return nil
	}
	c := *rgba
	c.Pix = slices.Clone(rgba.Pix)
	return &c
}

// MissingParts says which parts of an export were not seen yet, and what to do;
// "" = none are missing.
func (a *Add) MissingParts() string {
	for _, e := range a.exports {
		gaps := e.parts.Missing()
		if len(gaps) == 0 {
			continue
		}
		numbers := make([]string, len(gaps))
		for i, g := range gaps {
			numbers[i] = strconv.Itoa(g + 1)
		}
		what, is := "Part ", " is missing. Show it and scan again, or go on without it."
		if len(gaps) > 1 {
			what, is = "Parts ", " are missing. Show them and scan again, or go on without them."
		}
		return what + join(numbers) + " of " + strconv.Itoa(e.parts.Size()) + is
	}
	return ""
}

// tidyCandidates drops what was seen twice, tells what is there already, and puts
// what can be used first.
func (a *Add) tidyCandidates() {
	var tidy, unusable []Candidate
	for _, c := range a.candidates {
		if c.Problem != "" {
			if !slices.ContainsFunc(unusable, func(o Candidate) bool { return o.Problem == c.Problem }) {
				unusable = append(unusable, c)
			}
			continue
		}
		twice := func(o Candidate) bool {
			return o.Draft.Params.Same(c.Draft.Params) && o.Draft.Issuer == c.Draft.Issuer && o.Draft.Name == c.Draft.Name
		}
		if slices.ContainsFunc(tidy, twice) {
			c.Draft.wipe() // on two screens that show the same, or in two pictures
			continue
		}
		a.s.list.compare(&c.Draft)
		c.Chosen = c.Draft.Same == nil && c.usable()
		tidy = append(tidy, c)
	}
	a.candidates = append(tidy, unusable...)
}

// explain says why nothing was found, where it was looked, and what to try.
func (a *Add) explain(l look) string {
	if l.err != nil {
		return explainError(l.err)
	}
	var said []string
	if l.waited {
		said = append(said, "No code for an authenticator appeared in five minutes.")
	}
	if l.asked {
		said = append(said, "Your desktop asks before every picture of the screen, so that a code cannot be waited for. Scan again when it is there.")
	}
	for _, c := range a.candidates {
		said = append(said, c.Problem)
	}
	if l.text {
		return strings.Join(said, " ")
	}
	said = append(said, explainBlanks(l.blanks, l.in())...)
	if l.screen {
		said = append(said, "Make the whole QR code visible with some white around it, enlarge the page if it is small, and scan again. "+
			"Or type the key that the portal shows as text.")
	} else {
		said = append(said, "Take a picture that shows the whole QR code with some white around it, or type the key that the portal shows as text.")
	}
	return strings.Join(said, " ")
}

// explainBlanks says what was looked at in vain, pictures with the same answer
// together.
func explainBlanks(blanks []blankPicture, in string) []string {
	var empty, unreadable, small, said []string
	for _, b := range blanks {
		switch {
		case errors.Is(b.err, context.Canceled):
		case b.err != nil:
			said = append(said, sentenceCase(b.where)+": "+Sentence(b.err))
		case b.reason == scanner.ReasonUnreadable && b.unread != nil:
			said = append(said, "There is a QR code "+in+b.where+", but it cannot be read: "+b.unread.String()+".")
		case b.reason == scanner.ReasonUnreadable:
			unreadable = append(unreadable, b.where)
		case b.reason == scanner.ReasonTooSmall:
			small = append(small, b.where)
		default:
			empty = append(empty, b.where)
		}
	}
	if len(empty) > 0 {
		said = append(said, "There is no QR code "+in+alternatives(empty)+".")
	}
	if len(unreadable) > 0 {
		said = append(said, "There is a QR code "+in+join(unreadable)+", but it cannot be read: it may be cut off at an edge, covered, or too small.")
	}
	if len(small) > 0 {
		said = append(said, fmt.Sprintf("Too small to hold a QR code: %s.", join(small)))
	}
	return said
}

// alternatives writes "a", "a or b", "a, b or c".
func alternatives(parts []string) string {
	if len(parts) < 2 {
		return join(parts)
	}
	return strings.Join(parts[:len(parts)-1], ", ") + " or " + parts[len(parts)-1]
}

// explainError says why there was nothing to look at.
func explainError(err error) string {
	const otherWays = " You can also save a screenshot as a picture and open it here, or copy it and use the clipboard."
	switch {
	case errors.Is(err, capture.ErrDenied):
		return "The system did not allow a picture of the screen. Allow it for Tallystick in the privacy settings of the system, and scan again." + otherWays
	case errors.Is(err, capture.ErrCancelled):
		return "The question about sharing the screen was answered with no, so no picture was taken. Scan again and share the screen that shows the QR code." + otherWays
	case errors.Is(err, capture.ErrNoDisplay):
		return "There is no screen that a picture could be taken of." + otherWays
	case errors.Is(err, capture.ErrFailed):
		return "No picture of the screen could be taken." + otherWays
	case errors.Is(err, errNothingCopied):
		return "There is neither a picture nor a text on the clipboard. Copy the QR code, the link or the key, and try again."
	case errors.Is(err, clipimage.ErrUnsupported):
		return "Pictures on the clipboard cannot be read here, and there is no text on it. Save the picture and open it instead."
	case errors.Is(err, errTooManyFiles):
		return fmt.Sprintf("These are more than %d files. Choose only the pictures with QR codes.", maxFiles)
	}
	if said := explainCamera(err); said != "" {
		return said
	}
	return Sentence(err)
}
