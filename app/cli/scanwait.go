package cli

import (
	"context"
	"hash/maphash"
	"slices"
	"strings"
	"time"

	"github.com/tallystick/tallystick/app/model"
	"github.com/tallystick/tallystick/scanner"
	"github.com/tallystick/tallystick/scanner/camera"
	"github.com/tallystick/tallystick/scanner/capture"
)

const (
	// waitEvery is how long the screen is left alone between two looks, as in the window.
	waitEvery = 700 * time.Millisecond
	// waitPortalEvery is the same where the desktop portal takes the pictures: each goes through a file, and some desktops flash.
	waitPortalEvery = 3 * time.Second
	// cameraHits is in how many pictures of a camera the same code has to be: one may be read wrongly from a trembling hand.
	cameraHits = 2
	// anyCamera is what --camera means without a device.
	anyCamera = "first"
)

// wait looks again and again until a code for an authenticator is seen, or the time is over. Codes for something else are
// passed over; what the looks hold at the end is the last one. A look that failed ends it: the person refused, the screen
// or the camera is gone.
func (s *search) wait(ctx context.Context, o scanOptions) error {
	within, stop := context.WithCancel(ctx)
	defer stop()
	over := s.run.env.After(o.timeout)
	go func() {
		select {
		case <-over:
			stop()
		case <-within.Done():
		}
	}()
	if o.camera != "" {
		s.film(within, o.camera)
	} else {
		s.run.note("Waiting for a code to appear. Ctrl+C stops.")
		s.watch(within, o)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if within.Err() != nil && s.codes() == 0 {
		s.run.note("No code for an authenticator appeared in %s.", strings.Replace(o.timeout.String(), "m0s", "m", 1))
		if len(s.looks) == 0 {
			source := "screen"
			if o.camera != "" {
				source = "camera"
			}
			s.looks = []look{{Source: source, Codes: []lookCode{}, Reason: string(scanner.ReasonNoCode), sentence: "There is no QR code for an authenticator in it."}}
		}
	}
	return nil
}

// watch looks at the screens and the clipboard until ctx ends.
func (s *search) watch(ctx context.Context, o scanOptions) {
	every := waitEvery
	if s.run.env.CaptureMethod() == capture.MethodPortal {
		every = waitPortalEvery
	}
	seed, seen := maphash.MakeSeed(), map[string]uint64{}
	var before []look // what was there when the screens looked the same
	for {
		// Aside, so that a look that is broken off leaves the last one.
		now := &search{run: s.run, scanner: s.scanner}
		if o.screen {
			now.again(ctx, seed, seen, before)
		}
		if o.clipboard {
			now.clipboard(ctx)
		}
		if ctx.Err() != nil {
			return
		}
		before = now.looks
		s.looks = forAuthenticator(now.looks)
		if s.codes() > 0 || !slices.ContainsFunc(s.looks, func(l look) bool { return !l.failed }) {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-s.run.env.After(every):
		}
	}
}

// again looks at the screens. One that shows the same as before says the same.
func (s *search) again(ctx context.Context, seed maphash.Seed, seen map[string]uint64, before []look) {
	shots, err := s.run.env.Screens(ctx)
	if err != nil {
		s.broken("screen", err)
		return
	}
	for _, shot := range shots {
		sum := maphash.Bytes(seed, shot.Image.Pix)
		last := slices.IndexFunc(before, func(l look) bool { return l.Source == shot.Name && !l.failed })
		if last >= 0 && seen[shot.Name] == sum {
			s.looks = append(s.looks, before[last])
		} else {
			s.picture(ctx, shot.Name, shot.Image, s.run.env.Now())
		}
		seen[shot.Name] = sum
		clear(shot.Image.Pix) // whatever else was on the screen is none of our business
	}
}

// forAuthenticator leaves out codes for something else.
func forAuthenticator(looks []look) []look {
	looks = slices.Clone(looks)
	for i := range looks {
		l := &looks[i]
		if len(l.Codes) == 0 {
			continue
		}
		first := l.Codes[0].Text
		l.Codes = slices.DeleteFunc(slices.Clone(l.Codes), func(c lookCode) bool { return !model.ForAuthenticator(c.Text) })
		if len(l.Codes) == 0 {
			l.Reason, l.sentence = string(scanner.ReasonNoCode), "There is no QR code for an authenticator in it: what is there is "+model.WhatItIs(first)+"."
		}
	}
	return looks
}

// film looks through a camera until ctx ends.
func (s *search) film(ctx context.Context, id string) {
	on, name, err := s.openCamera(id)
	if err != nil {
		s.broken("camera", err)
		return
	}
	defer on.Close()
	s.run.note("Looking through the camera%s. Hold the QR code up to it. Ctrl+C stops.", strings.TrimRight(" "+clean(name), " "))
	hits := map[string]int{}
	for {
		start := s.run.env.Now()
		frame, err := on.Frame(ctx)
		if ctx.Err() != nil {
			return
		}
		now := &search{run: s.run, scanner: s.scanner}
		if err != nil {
			now.broken("camera", err)
			s.looks = now.looks
			return
		}
		now.picture(ctx, "camera", frame, start)
		if ctx.Err() != nil {
			return
		}
		looks := forAuthenticator(now.looks)
		s.looks = nil
		for _, l := range looks {
			sure := slices.ContainsFunc(l.Codes, func(c lookCode) bool { hits[c.Text]++; return hits[c.Text] >= cameraHits })
			if len(l.Codes) > 0 && !sure {
				continue
			}
			s.looks = append(s.looks, l)
		}
		if s.codes() > 0 || len(looks) == 1 && looks[0].failed {
			return
		}
	}
}

// openCamera switches one on, and gives the name it has.
func (s *search) openCamera(id string) (model.Camera, string, error) {
	cameras := s.run.env.Cameras
	if cameras == nil {
		return nil, "", camera.ErrUnsupported
	}
	all, err := cameras.List()
	if err != nil {
		return nil, "", err
	}
	if id == anyCamera {
		if len(all) == 0 {
			return nil, "", camera.ErrNone
		}
		id = all[0].ID
	}
	name := id
	if i := slices.IndexFunc(all, func(i camera.Info) bool { return i.ID == id }); i >= 0 && all[i].Name != "" {
		name = all[i].Name
	}
	on, err := cameras.Open(id)
	return on, name, err
}
