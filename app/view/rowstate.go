package view

import (
	"fmt"

	"github.com/tallystick/tallystick/app/model"
	"github.com/tallystick/tallystick/app/widget"
)

// rowState puts a model's row into the words of the widget.
func rowState(r model.Row, selected bool) widget.CodeRowState {
	s := widget.CodeRowState{
		Issuer: r.Issuer, Name: r.Name,
		Code: r.Code, Next: r.Next, Hidden: r.Hidden, Digits: r.Digits,
		Seconds: r.Remaining, Period: r.Period,
		Notice:    notice(r),
		Favourite: r.Favourite, Fresh: r.Fresh, Selected: selected, Shared: r.SharedWith,
	}
	switch {
	case r.Broken != "":
		s.Kind, s.Note = widget.RowBroken, r.Broken
	case r.Kind == model.Manual:
		s.Kind, s.Note = widget.RowManual, "The portal sends the code"
	case r.Kind == model.HOTP:
		s.Kind = widget.RowCounter
	default:
		s.Kind = widget.RowRolling
	}
	return s
}

// notice is what a row says in the place of its name for a while.
func notice(r model.Row) string {
	switch {
	case r.Copied && r.ClearsIn > 0:
		return fmt.Sprintf("Copied, clears in %d s", r.ClearsIn)
	case r.Copied:
		return "Copied"
	}
	return ""
}

// title is what an account is called where one line has to do.
func title(issuer, name string) string {
	switch {
	case issuer == "":
		return name
	case name == "":
		return issuer
	}
	return issuer + " (" + name + ")"
}
