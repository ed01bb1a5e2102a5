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
	root *Root
	body *fyne.Container
	sure model.ID // the account a person is asked about once more before it goes for ever
}

func (r *Root) openTrash() { r.show(&trashPage{root: r, body: container.NewStack()}) }

func (p *trashPage) content() fyne.CanvasObject { return p.body }
func (p *trashPage) escape()                    { p.root.home() }

func (p *trashPage) update() {
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
	p.body.Objects = []fyne.CanvasObject{sheet("Trash", p.root.home, objects...)}
	p.body.Refresh()
}

func (p *trashPage) row(row model.TrashRow) fyne.CanvasObject {
	list := p.root.session.List()
	mark := widget.NewIssuerMark()
	mark.Set(row.Issuer, row.Name, p.root.marks.of(row.ID, row.Picture))
	left := fmt.Sprintf("Goes for ever in %d days", row.DaysLeft)
	if row.DaysLeft == 1 {
		left = "Goes for ever tomorrow"
	}
	text := widget.NewColumn(0,
		widget.NewText(widget.Strong, either(row.Issuer, row.Name)),
		widget.NewText(widget.Caption, left))
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
	return widget.NewSection("",
		container.NewBorder(nil, nil, widget.NewPadded(look.Space2, 0, mark), nil, text),
		widget.NewFlow(look.Space2, restore, purge))
}
