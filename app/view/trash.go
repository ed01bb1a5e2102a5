package view

import (
	"fmt"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"github.com/tallystick/tallystick/app/look"
	"github.com/tallystick/tallystick/app/model"
	"github.com/tallystick/tallystick/app/widget"
)

// trashPage lists removed accounts for as long as they can be restored.
type trashPage struct {
	basePage
	root  *Root
	body  *fyne.Container
	sure  model.ID       // the account a person is asked about once more before it goes for ever
	first *widget.Button // where the keyboard begins; nil = nothing is in the trash
}

func (r *Root) openTrash() { r.show(&trashPage{root: r, body: container.NewStack()}) }

func (p *trashPage) content() fyne.CanvasObject { return p.body }
func (p *trashPage) escape()                    { p.root.home() }

func (p *trashPage) focus() fyne.Focusable {
	if p.first == nil {
		return nil
	}
	return p.first
}

func (p *trashPage) update() {
	p.first = nil
	rows := p.root.session.List().Trash()
	var objects []fyne.CanvasObject
	if len(rows) == 0 {
		objects = append(objects, widget.NewText(widget.Muted, "The trash is empty."))
	} else {
		objects = append(objects, widget.NewText(widget.Muted, fmt.Sprintf("Removed accounts stay here for %d days.", model.TrashDays)))
	}
	for _, row := range rows {
		objects = append(objects, p.row(row))
	}
	p.root.rebuild(p, p.body, sheet("Trash", p.root.home, objects...))
}

func (p *trashPage) row(row model.TrashRow) fyne.CanvasObject {
	list := p.root.session.List()
	mark := widget.NewIssuerMark()
	mark.Set(row.Issuer, row.Name, p.root.marks.of(row.ID, row.Picture))
	text := widget.NewColumn(0, widget.NewText(widget.Strong, either(row.Issuer, row.Name)))
	if row.Issuer != "" && row.Name != "" {
		text.Add(widget.NewText(widget.Muted, row.Name))
	}
	text.Add(widget.NewText(widget.Caption, goes(row.DaysLeft)))
	switch {
	case row.ReadOnly:
		text.Add(widget.NewText(widget.Caption, "Deleted for everybody in “"+row.SharedIn+"”. An editor can bring it back."))
	case row.SharedIn != "":
		text.Add(widget.NewText(widget.Caption, "Deleted for everybody in “"+row.SharedIn+"”; restoring brings it back for everybody."))
	}
	restore := widget.NewButton(widget.Secondary, "Restore", look.IconRestore, func() { list.Restore(row.ID) })
	purge := widget.NewButton(widget.Quiet, "Delete", look.IconDelete, func() {
		p.sure = row.ID
		p.update()
	})
	if p.sure == row.ID {
		purge = widget.NewButton(widget.Danger, "Delete for ever", look.IconDelete, func() {
			p.sure = ""
			list.Purge(row.ID)
		})
	}
	if row.ReadOnly {
		restore.Hide()
	} else if p.first == nil || p.sure == row.ID { // not the one that deletes: a key pressed twice deletes nothing
		p.first = restore
	}
	return widget.NewSection("",
		container.NewBorder(nil, nil, widget.NewPadded(look.Space2, 0, mark), nil, text),
		widget.NewFlow(look.Space2, restore, purge))
}

// goes says when an account of the trash is deleted.
func goes(days int) string {
	switch days {
	case 0:
		return "Goes for ever today"
	case 1:
		return "Goes for ever tomorrow"
	}
	return fmt.Sprintf("Goes for ever in %d days", days)
}
