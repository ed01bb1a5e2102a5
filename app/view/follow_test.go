package view

import (
	"testing"

	"fyne.io/fyne/v2"

	"github.com/tallystick/tallystick/app/look"
	"github.com/tallystick/tallystick/app/widget"
)

// What the tab key goes to is brought into sight, downwards and up again; a page that was only opened stays where it is.
func TestPageFollowsTheKeyboard(t *testing.T) {
	s := newStage(t, phone, look.Config{}, openVault)
	making(s)
	driver := fyne.CurrentApp().Driver()
	column := func() (top, bottom float32) {
		scroll := scrollOf(s.root.current.content().(*fyne.Container).Objects[0])
		top = driver.AbsolutePositionForObject(scroll).Y
		return top, top + scroll.Size().Height
	}
	inSight := func(o fyne.CanvasObject) bool {
		top, bottom := column()
		y := driver.AbsolutePositionForObject(o).Y
		return y >= top && y+o.Size().Height <= bottom
	}
	s.root.Tick()
	if scroll := scrollOf(s.root.current.content().(*fyne.Container).Objects[0]); scroll.Offset.Y != 0 {
		t.Errorf("a page that was opened moved by %v", scroll.Offset.Y)
	}
	save := s.button("Save the code pack")
	if inSight(save) {
		t.Fatal("the window is too large for this test")
	}
	focused := func() fyne.CanvasObject { o, _ := s.win.Canvas().Focused().(fyne.CanvasObject); return o }
	for i := 0; focused() != fyne.CanvasObject(save); i++ {
		if i == 40 {
			t.Fatal("the tab key never comes to the button")
		}
		s.win.Canvas().FocusNext()
		s.root.Tick()
		if _, back := focused().(*widget.Button); !back && !inSight(focused()) {
			t.Errorf("%T has the keyboard out of sight", focused())
		}
	}
	if !inSight(save) {
		t.Error("the button has the keyboard out of sight")
	}
	for range 4 {
		s.win.Canvas().FocusPrevious()
		s.root.Tick()
	}
	if o := focused(); !inSight(o) {
		t.Errorf("on the way back %T has the keyboard out of sight", o)
	}
}
