package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"io"
	"math"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/app/model"
	"github.com/tallystick/tallystick/app/platform"
	"github.com/tallystick/tallystick/scanner"
	"github.com/tallystick/tallystick/scanner/clipimage"
	"github.com/tallystick/tallystick/scanner/pdf"
)

type scanOptions struct {
	screen, clipboard bool
	camera            string // which one; anyCamera = the first; "" = none
	wait              bool
	timeout           time.Duration
	add, json         bool
	replace, keepBoth bool
	tags              []string
}

func (r *run) scanCommand() *cobra.Command {
	var o scanOptions
	cmd := &cobra.Command{
		Use:   "scan [FILE…]",
		Short: "Find QR codes in pictures, on the screen, on the clipboard or with a camera",
		Long: `Find QR codes in picture files (PNG, JPEG, GIF, BMP, TIFF, WebP, PDF; "-" reads
one from standard input), on the screen, on the clipboard, or with a camera.
Without any of these, look at the screen.

--wait keeps looking at the screen or the clipboard until a code for an
authenticator is there, for portals that show it late. A camera is looked
through like that in any case.

What a QR code says is printed as it is. The code of a portal holds the key, so
treat the output like one; --add saves it without printing it.`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if o.timeout <= 0 {
				return usage("--timeout has to be longer than nothing, for instance 90s or 5m.")
			}
			if cmd.Flags().Changed("timeout") && !o.wait && o.camera == "" {
				return usage("--timeout goes with --wait or --camera.")
			}
			return r.scan(cmd.Context(), args, o)
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.BoolVar(&o.screen, "screen", false, "look at every screen")
	f.BoolVar(&o.clipboard, "clipboard", false, "look at the picture or the text on the clipboard")
	f.StringVar(&o.camera, "camera", "", "look through a camera: the first one, or the `DEVICE` that is named")
	f.Lookup("camera").NoOptDefVal = anyCamera
	f.BoolVar(&o.wait, "wait", false, "keep looking until a code for an authenticator appears")
	f.DurationVar(&o.timeout, "timeout", 5*time.Minute, "with --wait or --camera: how long to keep looking, like 90s")
	f.BoolVar(&o.add, "add", false, "add the accounts that are found")
	f.StringArrayVar(&o.tags, "tag", nil, "with --add: a `TAG`; may be given several times")
	f.BoolVar(&o.replace, "replace", false, "with --add, when the key is there already: take the new names and settings")
	f.BoolVar(&o.keepBoth, "keep-both", false, "with --add, when the key is there already: add it again")
	f.BoolVar(&o.json, "json", false, "print one JSON line per picture")
	return cmd
}

// look is what one picture gave: part of the contract in docs/cli.md.
type look struct {
	Source string     `json:"source"`
	Codes  []lookCode `json:"codes"`         // never null
	Reason string     `json:"reason"`        // why there are none; "" when there are
	Why    string     `json:"why,omitempty"` // what is wrong with one that was seen: scanner.Why
	MS     float64    `json:"ms"`            // milliseconds for reading and searching

	sentence string // Reason in words
	failed   bool   // the picture could not be looked at
}

type lookCode struct {
	Text    string       `json:"text"`
	Corners [][2]float64 `json:"corners"` // pixels: top left, top right, bottom right, bottom left; empty for text
}

// Words for reason besides the scanner's own.
const (
	reasonNotPicture = "not-a-picture"
	reasonDamaged    = "damaged"
	reasonTooLarge   = "too-large"
	reasonUnread     = "unread-picture" // of a PDF, in a way of packing that is not known
	reasonFailed     = "failed"         // could not be read or taken at all
)

func (r *run) scan(ctx context.Context, files []string, o scanOptions) error {
	general, err := duplicateChoice(o.replace, o.keepBoth)
	if err != nil {
		return err
	}
	if !o.add && (general != refuse || len(o.tags) > 0) {
		return usage("--replace, --keep-both and --tag go with --add.")
	}
	if len(files) == 0 && !o.clipboard && o.camera == "" {
		o.screen = true
	}
	switch {
	case o.wait && len(files) > 0:
		return usage("--wait is for the screen and the clipboard: a file does not change.")
	case o.camera != "" && (len(files) > 0 || o.screen || o.clipboard):
		return usage("--camera goes alone; another than the first is named like --camera=/dev/video2.")
	}
	s := &search{run: r, scanner: r.env.Scanner()}
	if o.wait || o.camera != "" {
		if err := s.wait(ctx, o); err != nil {
			return err
		}
		return r.scanned(ctx, s, general, o)
	}
	for _, file := range files {
		s.file(ctx, file)
	}
	if o.screen {
		s.screens(ctx)
	}
	if o.clipboard {
		s.clipboard(ctx)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return r.scanned(ctx, s, general, o)
}

// scanned prints or adds what was found.
func (r *run) scanned(ctx context.Context, s *search, general choice, o scanOptions) error {
	for _, l := range s.looks {
		if err := r.showLook(l, o); err != nil {
			return err
		}
	}
	if o.add && s.codes() > 0 {
		if err := r.addScanned(ctx, s.looks, general, o); err != nil {
			return err
		}
	}
	return s.status()
}

// search collects looks.
type search struct {
	run     *run
	scanner Scanner
	looks   []look
}

func (s *search) codes() (n int) {
	for _, l := range s.looks {
		n += len(l.Codes)
	}
	return n
}

// status is 1 when a picture could not be looked at, else 4 when none had a code. What
// went wrong was said with each picture.
func (s *search) status() error {
	for _, l := range s.looks {
		if l.failed {
			return errSaid(statusFailed)
		}
	}
	if s.codes() == 0 {
		return errSaid(statusNothing)
	}
	return nil
}

// file looks at one picture file.
func (s *search) file(ctx context.Context, name string) {
	start := s.run.env.Now()
	content, err := s.open(name)
	if err != nil {
		s.broken(name, err)
		return
	}
	defer func() { _ = content.Close() }()
	limits := scanner.DefaultLimits()
	data, err := io.ReadAll(io.LimitReader(content, limits.MaxBytes+1))
	if err != nil {
		s.broken(name, err)
		return
	}
	pictures, err := pdf.Pictures(ctx, data, limits)
	before, codes := len(s.looks), s.codes()
	for i, picture := range pictures {
		source := name
		if len(pictures) > 1 {
			source = fmt.Sprintf("%s#page=%d", name, i+1) // RFC 8118, section 3
		}
		s.picture(ctx, source, picture, start)
		start = s.run.env.Now()
	}
	if err != nil && s.codes() == codes { // also when pages came with it: the code may be on what could not be drawn
		s.looks = s.looks[:before]
		s.broken(name, err)
	}
}

func (s *search) open(name string) (io.ReadCloser, error) {
	if name != "-" {
		return os.Open(name)
	}
	if s.run.passphraseStdin {
		if _, err := s.run.passphraseLine(); err != nil {
			return nil, err
		}
	}
	return io.NopCloser(s.run.in), nil
}

// screens looks at every monitor.
func (s *search) screens(ctx context.Context) {
	shots, err := s.run.env.Screens(ctx)
	if err != nil {
		s.broken("screen", err)
		return
	}
	for _, shot := range shots {
		s.picture(ctx, shot.Name, shot.Image, s.run.env.Now())
	}
}

// clipboard looks at the picture on the clipboard, or takes an authenticator link that is
// there as text. Other text is nobody's business and is not repeated.
func (s *search) clipboard(ctx context.Context) {
	const source = "clipboard"
	start := s.run.env.Now()
	content, err := s.run.env.ClipboardPicture(ctx)
	if err == nil {
		picture, err := scanner.DecodePicture(bytes.NewReader(content), scanner.DefaultLimits())
		if err != nil {
			s.broken(source, err)
			return
		}
		if s.picture(ctx, source, picture, start); s.looks[len(s.looks)-1].Reason == "" || s.looks[len(s.looks)-1].failed {
			return
		}
		// Some programs copy a picture and a text at once; a link in the text is as good.
		if text, err := s.run.env.Clipboard().Text(ctx); err == nil {
			if codes := linksIn(text); len(codes) > 0 {
				s.looks[len(s.looks)-1] = look{Source: source, Codes: codes}
			}
		}
		return
	}
	if !errors.Is(err, clipimage.ErrEmpty) && !errors.Is(err, clipimage.ErrUnsupported) {
		s.broken(source, err)
		return
	}
	text, textErr := s.run.env.Clipboard().Text(ctx)
	if textErr != nil && !errors.Is(textErr, platform.ErrNoClipboard) {
		s.broken(source, textErr)
		return
	}
	l := look{Source: source, Codes: linksIn(text)}
	if len(l.Codes) == 0 {
		if errors.Is(err, clipimage.ErrUnsupported) || textErr != nil {
			s.broken(source, err)
			return
		}
		l.Reason = string(scanner.ReasonNoCode)
		l.sentence = "There is no picture and no authenticator link on the clipboard."
	}
	s.looks = append(s.looks, l)
}

// linksIn are the authenticator links among the lines of a text; never nil.
func linksIn(text string) []lookCode {
	codes := []lookCode{}
	for _, line := range lines([]byte(text)) {
		if model.ForAuthenticator(string(line)) {
			codes = append(codes, lookCode{Text: string(line), Corners: [][2]float64{}})
		}
	}
	return codes
}

// picture searches one picture; start is when reading it began.
func (s *search) picture(ctx context.Context, source string, picture image.Image, start time.Time) {
	result, err := s.scanner.Scan(ctx, picture)
	if err != nil {
		s.broken(source, err)
		return
	}
	l := look{
		Source: source, Codes: make([]lookCode, 0, len(result.Codes)), Reason: string(result.Reason),
		MS: tenth(float64(s.run.env.Now().Sub(start)) / float64(time.Millisecond)),
	}
	for _, c := range result.Codes {
		code := lookCode{Text: c.Text}
		for _, p := range c.Corners {
			code.Corners = append(code.Corners, [2]float64{tenth(p.X), tenth(p.Y)})
		}
		l.Codes = append(l.Codes, code)
	}
	if len(l.Codes) == 0 {
		l.sentence = reasonSentence(result)
		if result.Unread != nil {
			l.Why = string(result.Unread.Why)
		}
	}
	s.looks = append(s.looks, l)
}

func tenth(x float64) float64 { return math.Round(x*10) / 10 }

// broken notes a picture that could not be looked at.
func (s *search) broken(source string, err error) {
	l := look{Source: source, Codes: []lookCode{}, failed: true, sentence: model.Sentence(err)}
	switch {
	case errors.Is(err, scanner.ErrFormat):
		l.Reason = reasonNotPicture
	case errors.Is(err, scanner.ErrDamaged), errors.Is(err, pdf.ErrDamaged):
		l.Reason = reasonDamaged
	case errors.Is(err, pdf.ErrPicture):
		l.Reason = reasonUnread
	case errors.Is(err, scanner.ErrTooLarge), errors.Is(err, scanner.ErrTooManyByte), errors.Is(err, clipimage.ErrTooLarge):
		l.Reason = reasonTooLarge
	default:
		l.Reason = reasonFailed
	}
	s.looks = append(s.looks, l)
}

func reasonSentence(result scanner.Result) string {
	switch {
	case result.Reason == scanner.ReasonUnreadable && result.Unread != nil:
		return "There is a QR code, but it cannot be read: " + result.Unread.String() + "."
	case result.Reason == scanner.ReasonUnreadable:
		return "There seems to be a QR code, but it cannot be read: it may be cut off, covered or too small. Show all of it, larger."
	case result.Reason == scanner.ReasonTooSmall:
		return "The picture is too small to hold a QR code."
	}
	return "There is no QR code in it."
}

// showLook prints one picture's result. With --add, the texts of people's output are left
// out: they hold keys that nobody needs to see.
func (r *run) showLook(l look, o scanOptions) error {
	if o.json {
		return r.json(l)
	}
	source := clean(l.Source)
	if len(l.Codes) == 0 {
		r.note("%s: %s", source, l.sentence)
		return nil
	}
	for _, c := range l.Codes {
		where := ""
		if len(c.Corners) == 4 {
			where = fmt.Sprintf(" at %.0f,%.0f", c.Corners[0][0], c.Corners[0][1])
		}
		if o.add {
			r.note("%s: found a QR code%s", source, where)
			continue
		}
		r.print("%s%s: %s", source, where, clean(c.Text))
	}
	return nil
}

// addScanned adds every account that was found. A QR code that says something else is
// passed over with a word; when none says anything usable, that is a failure.
func (r *run) addScanned(ctx context.Context, looks []look, general choice, o scanOptions) error {
	var got found
	seen := map[string]bool{}
	for _, l := range looks {
		for _, c := range l.Codes {
			if seen[c.Text] {
				continue // one page on two screens
			}
			seen[c.Text] = true
			switch err := got.add(c.Text, false); {
			case errors.Is(err, errNothingUsable):
				r.note("%s: a QR code there is not for an authenticator: it is %s.", clean(l.Source), model.WhatItIs(c.Text))
			case err != nil:
				r.note("%s: %s", clean(l.Source), model.Sentence(err))
			}
		}
	}
	got.tell(r)
	entries := got.all()
	if len(entries) == 0 {
		return fail(statusNothing, "None of the QR codes is one that can be added.")
	}
	for i := range entries {
		for _, tag := range o.tags {
			entries[i].Tags = withTag(entries[i].Tags, tag)
		}
	}
	return r.addEntries(ctx, entries, general, func(out saved) error {
		for _, a := range out.accounts {
			line := fmt.Sprintf("Added %s (%s).", nameOr(a.Issuer, a.Name, ""), string(a.ID)[:8])
			if o.json {
				r.note("%s", line) // standard output is one JSON line per picture
			} else {
				r.print("%s", line)
			}
		}
		return nil
	})
}
