package view

import (
	"slices"

	"fyne.io/fyne/v2"

	"github.com/tallystick/tallystick/app/look"
	"github.com/tallystick/tallystick/app/widget"
)

// ways are the large choices of how an account comes in: what an empty list shows, and what "add" offers.
type ways struct {
	cards []*widget.ChoiceCard
	body  fyne.CanvasObject
}

func newWays(r *Root) *ways {
	add := r.session.Add()
	w := &ways{cards: []*widget.ChoiceCard{
		widget.NewChoiceCard(look.IconScan, "Scan my screen", "The portal's QR code is visible in another window", add.ScanScreen),
		widget.NewChoiceCard(look.IconPicture, "Open or drop a picture", "A screenshot or photo of the QR code", r.openPicture),
		widget.NewChoiceCard(look.IconClipboard, "From the clipboard", "A copied picture, link or key", add.ScanClipboard),
		widget.NewChoiceCard(look.IconKey, "Type the key", "The portal shows letters and digits, or sends the code itself", add.TypeKey),
		widget.NewChoiceCard(look.IconHelp, "Show me how at my portal", "Step by step, beside the portal's window", r.openGuides),
		widget.NewChoiceCard(look.IconMoveIn, "Move in from another app", "Its export, encrypted or not: Google Authenticator, Aegis, Bitwarden, KeePass and many more", r.openMoveIn),
	}}
	if r.session.Sharing().Available() {
		w.cards = append(w.cards, widget.NewChoiceCard(look.IconShare, joinTitle, "Somebody invited you: a text, a QR code or a file", r.openJoin))
	}
	if add.CanFilm() {
		w.cards = slices.Insert(w.cards, 3, widget.NewChoiceCard(look.IconCamera, "Hold it up to the camera", "A QR code on paper or on another screen", func() { add.OpenCamera("") }))
	}
	objects := make([]fyne.CanvasObject, len(w.cards))
	for i, c := range w.cards {
		objects[i] = c
	}
	w.body = widget.NewColumn(look.Space3, objects...)
	return w
}

// emptyState is what the list shows while there is no account.
type emptyState struct {
	ways *ways
	body fyne.CanvasObject
}

func newEmptyState(r *Root) *emptyState {
	e := &emptyState{ways: newWays(r)}
	e.ways.cards[0].SetRecommended(true)
	e.body = centred(
		widget.NewText(widget.Title, "Add your first account"),
		widget.NewText(widget.Muted, "Sign in to the portal and go to where it shows a QR code. Then choose:"),
		e.ways.body,
		widget.NewFlow(0, widget.NewButton(widget.Quiet, sentPack, look.IconFile, func() { r.chooseFile(r.OpenPack) })),
	)
	return e
}

func (e *emptyState) first() fyne.Focusable { return e.ways.cards[0] }

// pictureTypes are the endings a picture file may have.
var pictureTypes = []string{".png", ".jpg", ".jpeg", ".gif", ".bmp", ".tif", ".tiff", ".webp", ".pdf"}

// openPicture asks for a picture file and reads it.
func (r *Root) openPicture() {
	r.chooseFile(func(path string) { r.session.Add().ReadFiles([]string{path}) }, pictureTypes...)
}

// dialogSize is nearly all of the window.
func (r *Root) dialogSize() fyne.Size {
	window := r.win.Canvas().Size()
	return fyne.NewSize(max(look.MinWidth, window.Width*0.95), window.Height*0.9)
}

// leaveAdd goes back to the ways of adding, or to the list when no adding is under way.
func (r *Root) leaveAdd() {
	if r.session.Add().Active() {
		r.show(newAddPage(r))
		return
	}
	r.show(r.main)
}
