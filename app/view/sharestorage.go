package view

import (
	"path/filepath"

	"fyne.io/fyne/v2"

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
	keepCA   bool // the authority that is trusted already
	was      model.SharedPlace
	plain    *widget.Check
	host     *widget.Check
	open     string // the server that was warned of
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
		root: r, changed: changed, kind: at.Kind, folder: widget.NewEntry(folderExample()), was: at, keepCA: at.KeepCA,
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
	f.user.SetText(at.User)
	if at.HasPassword {
		f.password, f.key = widget.NewPassphraseEntry("Stays as it is"), widget.NewPassphraseEntry("Stays as it is")
	}
	f.plain = widget.NewCheck("Use it without encryption all the same", at.PlainHTTP, nil)
	f.host = widget.NewCheck("The bucket is a part of the server's name", at.HostStyle, nil)
	f.open = f.place().OpenTo()
	typed := func(string) {
		if open := f.place().OpenTo(); open != f.open { // something to agree to, or no longer
			f.open = open
			f.plain.SetOn(false)
			f.changed()
		}
	}
	f.url.OnChanged, f.endpoint.OnChanged = typed, typed
	return f
}

// place is what was typed, without the password.
func (f *storageForm) place() model.SharedPlace {
	p := model.SharedPlace{Kind: f.kind, CAFile: f.ca, KeepCA: f.keepCA, PlainHTTP: f.plain.On()}
	switch f.kind {
	case model.StoreFolder:
		p.Folder = f.folder.Text
	case model.StoreWebDAV:
		p.URL, p.User, p.HasPassword = f.url.Text, f.user.Text, f.was.HasPassword
	case model.StoreS3:
		p.Endpoint, p.Bucket, p.Prefix, p.Region, p.HostStyle = f.endpoint.Text, f.bucket.Text, f.prefix.Text, f.region.Text, f.host.On()
		p.User, p.HasPassword = f.user.Text, f.was.HasPassword
	}
	return p
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
	p := f.place()
	switch f.kind {
	case model.StoreWebDAV:
		p.Password = secret.New(f.password.Take())
	case model.StoreS3:
		p.Password = secret.New(f.key.Take())
	}
	return p
}

func (f *storageForm) objects() []fyne.CanvasObject {
	objects := []fyne.CanvasObject{widget.NewFormField("Where it lies", selectOf(storageKinds, f.kind, func(kind string) {
		f.kind, f.open = kind, ""
		f.open = f.place().OpenTo()
		f.changed()
		f.begin()
	}), "")}
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
			widget.NewFormField("Address of the folder", f.url, "On Nextcloud: Files, Settings at the lower left, WebDAV; then the folder you share with the team."))
		objects = append(objects, f.openObjects("everybody on the way to "+f.open+" can read your user name and password there, and take away or put back what lies there.")...)
		objects = append(objects,
			widget.NewFormField("Your user name there", f.user, ""),
			widget.NewFormField("App password", f.password, "Make one for this: on Nextcloud under Settings, Security. It is kept in your vault."))
	default:
		objects = append(objects,
			widget.NewFormField("Endpoint", f.endpoint, "The host your provider names."))
		objects = append(objects, f.openObjects("everybody on the way to "+f.open+" can see which objects come and go, and change what arrives. The secret access key itself is not sent.")...)
		objects = append(objects,
			widget.NewFormField("Bucket", f.bucket, ""),
			widget.NewFormField("Folder in the bucket", f.prefix, "May stay empty."),
			widget.NewFormField("Region", f.region, "May stay empty where the endpoint says it."),
			f.host,
			widget.NewFormField("Access key ID", f.user, ""),
			widget.NewFormField("Secret access key", f.key, "One that may list, read, write and delete in this bucket, and nothing else. It is kept in your vault."))
	}
	return append(objects, f.authority())
}

// openObjects ask whether a server is to be used that would be reached without encryption.
func (f *storageForm) openObjects(then string) []fyne.CanvasObject {
	if f.open == "" {
		return nil
	}
	warning := widget.NewBanner()
	warning.Set(widget.Warning, "http:// is not encrypted on the way", "If you use it, "+then+" What is shared stays encrypted all the same, and tampering is noticed. Use https:// unless this is a network you trust.")
	return []fyne.CanvasObject{warning, f.plain}
}

// authority chooses a certificate that is trusted besides those of the system.
func (f *storageForm) authority() fyne.CanvasObject {
	choose := widget.NewButton(widget.Quiet, "Choose a certificate", look.IconFile, func() {
		f.root.chooseFile(func(path string) {
			f.ca = path
			f.changed()
		})
	})
	flow, hint := widget.NewFlow(look.Space2, choose), "Only where the server has a certificate of your own company. The file is PEM, often named .pem or .crt."
	if f.ca != "" || f.keepCA {
		which := "the one chosen before"
		if f.ca != "" {
			which = filepath.Base(f.ca)
		}
		hint = "Trusted besides those of this computer: " + which + "."
		flow.Add(widget.NewButton(widget.Quiet, "Trust it no longer", look.IconClear, func() {
			f.ca, f.keepCA = "", false
			f.changed()
		}))
	}
	return widget.NewFormField("Certificate of an own authority", flow, hint)
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
	p.end, p.form = form.clear, true
	p.open()
}
