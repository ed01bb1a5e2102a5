package view

import (
	"time"

	"github.com/tallystick/tallystick/app/widget"
)

// A deliberate hold takes a second and a half: longer than a slip, shorter than a nuisance.
const (
	holdStep  = 100 * time.Millisecond
	holdSteps = 15
)

// newHold makes a hold button that is stepped while it is held.
func newHold(r *Root, label string, done func()) *widget.HoldButton {
	hold := widget.NewHoldButton(label, holdSteps, done)
	stop := func() {}
	var step func()
	step = func() {
		hold.Step()
		if hold.Holding() {
			stop = r.env.After(holdStep, step)
		}
	}
	hold.OnHold = func() { stop = r.env.After(holdStep, step) }
	hold.OnRelease = func() { stop() }
	return hold
}
