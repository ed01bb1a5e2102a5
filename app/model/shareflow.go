package model

import (
	"cmp"
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/skip2/go-qrcode"

	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/recovery"
	"github.com/tallystick/tallystick/vault/secret"
	"github.com/tallystick/tallystick/vault/share"
	"github.com/tallystick/tallystick/vault/share/store"
	"github.com/tallystick/tallystick/vault/share/store/backend"
	"github.com/tallystick/tallystick/vault/share/team"
)

// maxCA is the most a file with certificates may have, in bytes.
const maxCA = 1 << 20

// place makes of what a person said what a team.Service takes. It reads the file of certificates, so it runs off the models' goroutine.
func (p SharedPlace) place() (team.Place, error) {
	var text string
	trim := strings.TrimSpace
	switch p.Kind {
	case "":
		text = ""
	case store.Folder:
		text = "dir:" + p.Folder
	case store.WebDAV:
		text = "webdav:" + trim(p.URL)
	case store.S3:
		text = "s3:" + strings.TrimSuffix(trim(p.Endpoint), "/") + "/" + trim(p.Bucket)
		if prefix := strings.Trim(trim(p.Prefix), "/"); prefix != "" {
			text += "/" + prefix
		}
		if region := trim(p.Region); region != "" {
			text += "?region=" + region
		}
		if p.HostStyle {
			join := "?"
			if strings.Contains(text, "?") {
				join = "&"
			}
			text += join + "style=host"
		}
	}
	at := team.Place{Access: backend.Access{User: trim(p.User), Password: p.Password, PlainHTTP: p.PlainHTTP && p.OpenTo() != ""}, KeepPassword: p.HasPassword && p.Password.IsEmpty(), KeepCA: p.KeepCA && p.CAFile == ""}
	if text != "" {
		var err error
		if at.Where, err = store.ParseLocation(text); err != nil {
			return at, err
		}
	}
	if p.CAFile == "" {
		return at, nil
	}
	var err error
	at.Access.CA, err = readFile(p.CAFile, maxCA, errNoFile)
	return at, err
}

// NewShare is what a person says about a shared vault that is to be made.
type NewShare struct {
	Name     string
	Place    SharedPlace // its password is taken over and wiped
	Person   string      // who this device says it belongs to
	Computer string
	Accounts []ID // that are moved into it
}

// Create makes a shared vault, moves the chosen accounts into it, and then calls done with it.
func (h *Sharing) Create(n NewShare, done func(ShareID)) {
	switch problem := n.Place.problem(); {
	case strings.TrimSpace(n.Name) == "":
		h.refuse("Give the shared vault a name first.", n.Place)
		return
	case problem != "":
		h.refuse(problem, n.Place)
		return
	case strings.TrimSpace(n.Person) == "":
		h.refuse("Say what the others shall call you first.", n.Place)
		return
	}
	teams := h.s.d.Teams
	var id share.VaultID
	var moved error
	h.work("Making the shared vault", func(ctx context.Context) error {
		defer n.Place.Password.Wipe()
		at, err := n.Place.place()
		if err != nil {
			return err
		}
		id, err = teams.Create(ctx, strings.TrimSpace(n.Name), at, share.Person{Name: strings.TrimSpace(n.Person), Device: strings.TrimSpace(n.Computer)})
		if err == nil && len(n.Accounts) > 0 {
			_, moved = teams.Move(ctx, id, n.Accounts...)
		}
		return err
	}, func(err error) {
		switch {
		case errors.Is(err, store.ErrOffline) && n.Place.Kind == store.Folder:
			h.err = "That folder is not there, or cannot be reached now. Nothing was made."
		case errors.Is(err, store.ErrOffline): // nothing is tried again by itself
			h.err = "The storage was not reached, and nothing was made. Check the address and the connection."
		}
		if err != nil {
			return
		}
		if moved != nil {
			h.s.list.notify(Notice{Text: "The shared vault was made, but no accounts were moved into it. " + moveSentence(moved), Error: true})
		}
		h.Open(id)
		done(id)
	}, func() { n.Place.Password.Wipe() })
}

func (h *Sharing) refuse(sentence string, p SharedPlace) {
	p.Password.Wipe()
	h.err = sentence
	h.changed.call()
}

func moveSentence(err error) string {
	if errors.Is(err, vault.ErrRecoverySealed) {
		return "The recovery keys of an account are sealed under your own passphrase. Share it from its own page, where that is asked for: the others could not open them otherwise."
	}
	return Sentence(err)
}

// HasSealed reports whether recovery keys of an account are sealed under a passphrase of their own, so that it can be shared only after
// Session.OpenRecovery.
func (h *Sharing) HasSealed(id ID) bool {
	e := h.s.list.entry(id)
	return e != nil && slices.ContainsFunc(e.acc.Recovery, func(s recovery.Sheet) bool { return s.IsSealed() })
}

// MoveInto moves accounts of this vault into a shared one, for good. Recovery keys that are sealed have to be open: see HasSealed.
func (h *Sharing) MoveInto(id ShareID, done func(), accounts ...ID) {
	teams := h.s.d.Teams
	opened := map[vault.ID]recovery.Sheets{}
	wipe := func() {
		for _, sheets := range opened {
			sheets.Wipe()
		}
	}
	for _, account := range accounts {
		e := h.s.list.entry(account)
		if e == nil {
			continue
		}
		for _, sealed := range e.acc.Recovery {
			if !sealed.IsSealed() {
				continue
			}
			open, err := h.s.opener.Open(sealed)
			if err != nil {
				wipe()
				h.err = moveSentence(err)
				h.changed.call()
				return
			}
			opened[account] = append(opened[account], open)
		}
	}
	var rep team.Report
	h.work("Moving it", func(ctx context.Context) (err error) {
		defer wipe()
		rep, err = teams.MoveOpened(ctx, id, opened, accounts...)
		return err
	}, func(err error) {
		if err != nil {
			h.err = moveSentence(err)
			return
		}
		text := "It is shared now."
		if rep.Offline {
			text += " The storage was not reached; the others get it later."
		}
		h.s.list.notify(Notice{Text: text})
		done()
	}, wipe)
}

// Targets are the shared vaults that accounts can be moved into.
func (h *Sharing) Targets() []SharedVault {
	return slices.DeleteFunc(h.Vaults(), func(v SharedVault) bool { return !v.Ready || !v.Role.Writes() })
}

// CanMove reports whether an account is this vault's own and there is a shared one to move it to.
func (h *Sharing) CanMove(id ID) bool {
	row, ok := h.s.list.Get(id)
	return ok && row.Broken == "" && row.SharedWith == 0 && len(h.Targets()) > 0
}

// SetPlace changes where the storage is, or the credentials for it. The password of p is taken over and wiped.
func (h *Sharing) SetPlace(p SharedPlace, done func()) {
	if problem := p.problem(); problem != "" {
		h.refuse(problem, p)
		return
	}
	id, teams := h.at, h.s.d.Teams
	was := h.Place(id).where()
	h.work("Trying the storage", func(ctx context.Context) error {
		defer p.Password.Wipe()
		at, err := p.place()
		if err != nil {
			return err
		}
		if at.KeepPassword && at.Where.NeedsCredentials() && !team.SameServer(was, at.Where) {
			return errOtherServer
		}
		if err := teams.SetPlace(ctx, id, at); err != nil {
			return err
		}
		_, err = teams.Sync(ctx, id)
		return err
	}, func(err error) {
		if err == nil {
			done()
		}
	}, func() { p.Password.Wipe() })
}

// Place is where the storage of the shared vault is now, without credentials, to be changed.
func (h *Sharing) Place(id ShareID) SharedPlace {
	for _, st := range h.list {
		if st.ID == id {
			p := placeOf(st.Where)
			p.User, p.HasPassword, p.HasCA, p.KeepCA, p.PlainHTTP = st.User, st.Password, st.CA, st.CA, st.PlainHTTP
			return p
		}
	}
	return SharedPlace{Kind: store.Folder}
}

func placeOf(l store.Location) SharedPlace {
	return SharedPlace{
		Kind: l.Kind, Folder: l.Path, URL: cmp.Or(l.URL, ""), Endpoint: l.URL, Bucket: l.Bucket, Prefix: strings.TrimSuffix(l.Prefix, "/"), Region: l.Region,
		HostStyle: l.Style == "host",
	}
}

// where is the address without what it takes to reach it; the zero Location when it is none.
func (p SharedPlace) where() store.Location {
	at, err := SharedPlace{Kind: p.Kind, Folder: p.Folder, URL: p.URL, Endpoint: p.Endpoint, Bucket: p.Bucket, Prefix: p.Prefix, Region: p.Region, HostStyle: p.HostStyle}.place()
	if err != nil {
		return store.Location{}
	}
	return at.Where
}

// errOtherServer: a password that was kept for one server does not go to another.
var errOtherServer = errors.New("model: the kept password is for another server")

// invitation is an invite that was made and is shown.
type invitation struct {
	text    secret.Bytes
	code    secret.Bytes // the same, as its QR code holds it
	role    share.Role
	expires time.Time
	folder  bool
	saved   string
}

func (i *invitation) wipe() {
	i.text.Wipe()
	i.code.Wipe()
	*i = invitation{}
}

// Invite makes an invite for one device.
func (h *Sharing) Invite(r Role, life time.Duration) {
	id, teams := h.at, h.s.d.Teams
	var made invitation
	h.work("Making the invite", func(ctx context.Context) error {
		i, err := teams.Invite(ctx, id, r, life)
		if err != nil {
			return err
		}
		made = invitation{role: i.Role, expires: i.Expires, folder: strings.HasPrefix(i.Where, store.Folder+":")}
		if made.code, err = i.Code(); err != nil {
			return err
		}
		made.text, err = i.Text()
		return err
	}, func(err error) {
		h.invite.wipe()
		if errors.Is(err, store.ErrOffline) {
			h.err = "The storage was not reached, and an invite is noted there. Make it again when the storage is there."
		}
		if err == nil {
			h.invite = made
			if b := h.beats[id]; b != nil {
				b.expect()
			}
		}
	}, func() { made.wipe() })
}

// Invited reports whether there is an invite to show, and what to say of it.
func (h *Sharing) Invited() (about string, ok bool) {
	if h.invite.text.IsEmpty() {
		return "", false
	}
	about = "Good for one device, as " + roleNoun(h.invite.role) + ", until " + h.invite.expires.In(h.s.d.Now().Location()).Format("2 January 15:04") + "."
	if h.invite.folder {
		about += " They also need the folder, on their own computer."
	} else {
		about += " They also need a user name and password, or keys, of their own for the storage: the invite has none."
	}
	return about, true
}

// InviteCode is the QR code of the invite: its modules, rows first, true = dark; nil when it is too long for one.
func (h *Sharing) InviteCode() [][]bool {
	if h.invite.text.IsEmpty() {
		return nil
	}
	code, err := qrcode.New(string(h.invite.code.Reveal()), qrcode.Low)
	if err != nil {
		return nil
	}
	return code.Bitmap()
}

// CopyInvite puts the invite on the clipboard, for as long as a code stays there.
func (h *Sharing) CopyInvite() {
	if h.invite.text.IsEmpty() {
		return
	}
	h.s.clip.copy("", string(h.invite.text.Reveal()), func(err error) {
		if err != nil {
			h.s.list.notify(Notice{Text: "The invite could not be copied. " + Sentence(err), Error: true})
			return
		}
		h.s.list.notify(Notice{Text: "Copied. Paste it where only the one who is invited reads it; it is taken off the clipboard again in " + count(h.s.settings.prefs.ClearSeconds, "second", "seconds") + "."})
	})
}

// SaveInvite writes the invite into a file that only its owner reads. It replaces nothing.
func (h *Sharing) SaveInvite(path string) {
	if h.invite.text.IsEmpty() {
		return
	}
	text := h.invite.text.Clone()
	h.work("Saving", func(context.Context) error {
		defer text.Wipe()
		data := append(slices.Clone(text.Reveal()), '\n')
		defer clear(data)
		var err error
		path, err = saveAs(path, ".txt", data)
		return err
	}, func(err error) {
		if err == nil {
			h.invite.saved = path
			h.s.list.notify(Notice{Text: "Saved as " + filepath.Base(path) + ". Delete it when it was used."})
		}
	}, func() { text.Wipe() })
}

// CloseInvite wipes the invite that is shown.
func (h *Sharing) CloseInvite() {
	h.invite.wipe()
	h.changed.call()
}

// joining is an invite that was read and not yet answered.
type joining struct {
	text   secret.Bytes
	invite share.Invite
	place  SharedPlace
}

func (j *joining) wipe() {
	j.text.Wipe()
	j.place.Password.Wipe()
	*j = joining{}
}

// ReadInvite takes the text of an invite: pasted, or out of a QR code. The text is taken over. It reports whether it was one.
func (h *Sharing) ReadInvite(text secret.Bytes) bool {
	i, err := share.ParseInvite(text)
	if err == nil && h.s.d.Now().After(i.Expires) {
		err = share.ErrInviteExpired
	}
	if err != nil || !h.running() {
		text.Wipe()
		h.err = Sentence(err)
		h.changed.call()
		return false
	}
	h.join.wipe()
	h.err = ""
	h.join = joining{text: text, invite: i}
	if where, err := store.ParseLocation(i.Where); err == nil {
		h.join.place = placeOf(where)
		if where.Kind == store.Folder {
			h.join.place.Folder = "" // it lies elsewhere on every computer
		}
	}
	h.changed.call()
	return true
}

// ReadInviteFile reads an invite from a text file.
func (h *Sharing) ReadInviteFile(path string) {
	var text secret.Bytes
	h.work("Reading the file", func(context.Context) error {
		data, err := readFile(path, share.MaxInvite, share.ErrInvite)
		text = secret.New(data)
		return err
	}, func(err error) {
		if err != nil {
			text.Wipe()
			return
		}
		h.ReadInvite(text)
	}, func() { text.Wipe() })
}

// JoinPlan is what an invite says.
type JoinPlan struct {
	Vault   string
	About   string
	Storage SharedPlace
}

// Plan is what the invite says that was read; ok is false when there is none.
func (h *Sharing) Plan() (p JoinPlan, ok bool) {
	if h.join.text.IsEmpty() {
		return p, false
	}
	i := h.join.invite
	return JoinPlan{
		Vault: cmp.Or(clean(i.Name), "A shared vault"), Storage: h.join.place,
		About: "You join as " + roleNoun(i.Role) + ". The invite is good until " + i.Expires.In(h.s.d.Now().Location()).Format("2 January 15:04") + ".",
	}, true
}

// CancelJoin forgets the invite that was read.
func (h *Sharing) CancelJoin() {
	h.join.wipe()
	h.err = ""
	h.changed.call()
}

// Join answers the invite that was read. The password of p is taken over and wiped. done is called when the answer lies on the storage,
// or waits here to be brought there.
func (h *Sharing) Join(p SharedPlace, person, computer string, done func(ShareID)) {
	if h.join.text.IsEmpty() {
		p.Password.Wipe()
		return
	}
	if problem := p.problem(); problem != "" {
		h.refuse(problem, p)
		return
	}
	if strings.TrimSpace(person) == "" {
		h.refuse("Say what the others shall call you first.", p)
		return
	}
	teams, text := h.s.d.Teams, h.join.text.Clone()
	var id share.VaultID
	h.work("Asking to be let in", func(ctx context.Context) error {
		defer p.Password.Wipe()
		defer text.Wipe()
		at, err := p.place()
		if err != nil {
			return err
		}
		id, err = teams.Join(ctx, text, at, share.Person{Name: strings.TrimSpace(person), Device: strings.TrimSpace(computer)})
		return err
	}, func(err error) {
		if err != nil && (id == "" || !errors.Is(err, store.ErrOffline)) {
			return
		}
		h.join.wipe()
		h.Open(id)
		h.err = Sentence(err)
		done(id)
	}, func() {
		p.Password.Wipe()
		text.Wipe()
	})
}
