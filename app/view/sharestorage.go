package view

import (
	"path/filepath"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/dialog"

	"github.com/tallystick/tallystick/app/look"
	"github.com/tallystick/tallystick/app/model"
	"github.com/tallystick/tallystick/app/widget"
	"github.com/tallystick/tallystick/vault/secret"
)

var storageKinds = []choice[string]{
	{"A folder: synchronised, or a network share", model.StoreFolder},
	{"Nextcloud or another WebDAV server", model.StoreWebDAV},
	{"An S3 bucket", model.StoreS3},
}

// storageForm asks where a storage is, and how to reach it.
type storageForm struct {
	root     *Root
	changed  func()
	kind     string
	folder   *widget.Entry
	ca       string
	plain    bool
	fixed    bool // the kind is given
	url      *widget.Entry
	user     *widget.Entry
	endpoint *widget.Entry
	bucket   *widget.Entry
	prefix   *widget.Entry
	region   *widget.Entry
	password *widget.PassphraseEntry
	key      *widget.PassphraseEntry
}

func newStorageForm(r *Root, at model.SharedPlace, changed func()) *storageForm {
	f := &storageForm{
		root: r, changed: changed, kind: at.Kind, folder: widget.NewEntry(folderExample()),
		url: widget.NewEntry("https://cloud.example/…"), user: widget.NewEntry(""),
		endpoint: widget.NewEntry("s3.eu-central-1.amazonaws.com"), bucket: widget.NewEntry("team-codes"), prefix: widget.NewEntry(""), region: widget.NewEntry(""),
		password: widget.NewPassphraseEntry("App password"), key: widget.NewPassphraseEntry("Secret access key"),
	}
	if f.kind == "" {
		f.kind = model.StoreFolder
	}
	f.folder.SetText(at.Folder)
	if at.Kind == model.StoreWebDAV {
		f.url.SetText(at.URL)
	}
	if at.Kind == model.StoreS3 {
		f.endpoint.SetText(at.Endpoint)
	}
	f.bucket.SetText(at.Bucket)
	f.prefix.SetText(at.Prefix)
	f.region.SetText(at.Region)
	return f
}

// folderExample is what the path of a folder on a network share looks like here.
func folderExample() string {
	if filepath.Separator == '\\' {
		return `\\nas\team\codes`
	}
	return "/mnt/team/codes"
}

// begin puts the keyboard on the first field of the kind of storage that was chosen.
func (f *storageForm) begin() {
	switch f.kind {
	case model.StoreFolder:
		f.root.focusOn(f.folder)
	case model.StoreWebDAV:
		f.root.focusOn(f.url)
	default:
		f.root.focusOn(f.endpoint)
	}
}

// submits lets Enter in its last field do what the button below it does.
func (f *storageForm) submits(b *widget.Button) {
	do := func() {
		if !b.Disabled() {
			b.OnTapped()
		}
	}
	f.password.OnSubmitted, f.key.OnSubmitted = do, do
}

// clear drops what is secret.
func (f *storageForm) clear() {
	f.password.Clear()
	f.key.Clear()
}

// take hands out what was typed; the password belongs to whoever takes it.
func (f *storageForm) take() model.SharedPlace {
	p := model.SharedPlace{Kind: f.kind, CAFile: f.ca, PlainHTTP: f.plain}
	switch f.kind {
	case model.StoreFolder:
		p.Folder = f.folder.Text
	case model.StoreWebDAV:
		p.URL, p.User, p.Password = f.url.Text, f.user.Text, secret.New(f.password.Take())
	case model.StoreS3:
		p.Endpoint, p.Bucket, p.Prefix, p.Region = f.endpoint.Text, f.bucket.Text, f.prefix.Text, f.region.Text
		p.User, p.Password = f.user.Text, secret.New(f.key.Take())
	}
	return p
}

func (f *storageForm) objects() []fyne.CanvasObject {
	var objects []fyne.CanvasObject
	if !f.fixed {
		objects = append(objects, widget.NewFormField("Where it lies", selectOf(storageKinds, f.kind, func(kind string) {
			f.kind = kind
			f.changed()
			f.begin()
		}), ""))
	}
	switch f.kind {
	case model.StoreFolder:
		choose := widget.NewButton(widget.Secondary, "Choose a folder", look.IconFolder, func() {
			f.root.chooseFolder(func(path string) {
				f.folder.SetText(path)
			})
		})
		return append(objects, widget.NewFormField("Folder", f.folder, "One that a program keeps in step on everybody's computer, or one on a network share."),
			widget.NewFlow(look.Space2, choose))
	case model.StoreWebDAV:
		objects = append(objects,
			widget.NewFormField("Address of the folder", f.url, "On Nextcloud: Files, Settings at the lower left, WebDAV; then the folder you share with the team."),
			widget.NewFormField("Your user name there", f.user, ""),
			widget.NewFormField("App password", f.password, "Make one for this: on Nextcloud under Settings, Security. It is kept in your vault."))
	default:
		objects = append(objects,
			widget.NewFormField("Endpoint", f.endpoint, "The host your provider names."),
			widget.NewFormField("Bucket", f.bucket, ""),
			widget.NewFormField("Folder in the bucket", f.prefix, "May stay empty."),
			widget.NewFormField("Region", f.region, "May stay empty where the endpoint says it."),
			widget.NewFormField("Access key ID", f.user, ""),
			widget.NewFormField("Secret access key", f.key, "One that may list, read, write and delete in this bucket, and nothing else. It is kept in your vault."))
	}
	ca := widget.NewFlow(look.Space2, widget.NewButton(widget.Quiet, "Certificate of an own authority", look.IconFile, func() {
		f.root.chooseFile(func(path string) {
			f.ca = path
			f.changed()
		})
	}))
	if f.ca != "" {
		ca.Add(widget.NewText(widget.Muted, filepath.Base(f.ca)))
	}
	return append(objects, ca)
}

// chooseFolder asks for a folder.
func (r *Root) chooseFolder(then func(path string)) {
	d := dialog.NewFolderOpen(func(folder fyne.ListableURI, err error) {
		if err == nil && folder != nil {
			then(folder.Path())
		}
	}, r.win)
	r.showFiles(d)
}

// chooseFile asks for a file that is there.
func (r *Root) chooseFile(then func(path string)) {
	d := dialog.NewFileOpen(func(file fyne.URIReadCloser, err error) {
		if err != nil || file == nil {
			return
		}
		path := file.URI().Path()
		_ = file.Close() // it is opened again where it is read
		then(path)
	}, r.win)
	r.showFiles(d)
}

// openStorage changes where the storage of the shared vault is, or the credentials for it.
func (r *Root) openStorage() {
	id := r.currentShare()
	back := func() { r.openShared(id) }
	var p *sharePage
	form := newStorageForm(r, r.session.Sharing().Place(id), func() { p.update() })
	p = newSharePage(r, "Storage", back, func(p *sharePage) []fyne.CanvasObject {
		save := p.button(widget.Primary, "Use this storage", look.IconCheck, func() { p.h.SetPlace(form.take(), back) })
		p.first = save
		form.submits(save)
		objects := []fyne.CanvasObject{widget.NewText(widget.Body, "Where this device finds what the team shares. Changing it moves nothing: the objects have to lie there already, or everybody has to change it.")}
		return append(append(objects, form.objects()...), widget.NewFlow(look.Space2, save, widget.NewButton(widget.Quiet, "Cancel", "", back)))
	})
	p.end = form.clear
	p.open()
}
