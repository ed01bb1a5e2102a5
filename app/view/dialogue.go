package view

import "fyne.io/fyne/v2/dialog"

// showFiles shows a dialogue for a file or folder, nearly as large as the window. It gets its size when it is there: before that the toolkit
// (2.8.1) looks at what it has not made yet, and ends the program.
func (r *Root) showFiles(d *dialog.FileDialog) {
	d.Show()
	d.Resize(r.dialogSize())
}
