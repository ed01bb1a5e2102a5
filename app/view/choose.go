package view

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/storage"
)

// chooseFolder asks for a folder.
func (r *Root) chooseFolder(then func(path string)) {
	d := dialog.NewFolderOpen(func(folder fyne.ListableURI, err error) {
		if err == nil && folder != nil {
			then(folder.Path())
		}
	}, r.win)
	r.showFiles(d)
}

// chooseFile asks for a file that is there; only for those with one of the endings, where any are given.
func (r *Root) chooseFile(then func(path string), endings ...string) {
	d := dialog.NewFileOpen(func(file fyne.URIReadCloser, err error) {
		if err != nil || file == nil {
			return
		}
		path := file.URI().Path()
		_ = file.Close() // it is opened again where it is read
		then(path)
	}, r.win)
	if len(endings) > 0 {
		d.SetFilter(storage.NewExtensionFileFilter(endings))
	}
	r.showFiles(d)
}

// saveFile asks where to write a file, and proposes a name for it. There is an empty file at path then.
func (r *Root) saveFile(name string, then func(path string)) {
	d := dialog.NewFileSave(func(file fyne.URIWriteCloser, err error) {
		if err != nil || file == nil {
			return
		}
		path := file.URI().Path()
		_ = file.Close() // it is written by whoever makes the content
		then(path)
	}, r.win)
	d.SetFileName(name)
	r.showFiles(d)
}
