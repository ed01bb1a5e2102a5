package model

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/share"
	"github.com/tallystick/tallystick/vault/share/team"
)

// detail is what is known of the shared vault that is looked at.
type detail struct {
	id        share.VaultID
	me        share.DeviceID
	role      share.Role
	mine      string // the name of this device's person
	members   []share.Info
	gone      []share.Gone
	goneWho   []share.Person
	requests  []share.Request
	words     map[share.DeviceID]string // of requests, and of the inviter under ""
	log       []team.Event
	reenroll  []team.Exposed
	conflicts []team.Conflict
	invites   []share.Invite // that may still be used; none has its key
}

func (d *detail) wipe() {
	for _, c := range d.conflicts {
		for i := range c.Choices {
			c.Choices[i].Params.Secret.Wipe()
			c.Choices[i].Params.PIN.Wipe()
		}
	}
	*d = detail{}
}

// readDetail runs off the models' goroutine. What cannot be read is left out: the status of the shared vault says why.
func readDetail(teams Teams, st team.Status) detail {
	d := detail{id: st.ID, me: st.Me, role: st.Role, words: map[share.DeviceID]string{}}
	d.members, _ = teams.Members(st.ID)
	for _, m := range d.members {
		if m.Me {
			d.mine = m.Person.Name
		}
	}
	d.gone, d.goneWho, _ = teams.Gone(st.ID)
	d.log, _ = teams.Log(st.ID)
	if st.Reenroll > 0 {
		d.reenroll, _ = teams.Reenroll(st.ID)
	}
	if st.Conflicts > 0 {
		d.conflicts, _ = teams.Conflicts(st.ID)
	}
	if st.Role == share.Admin {
		d.invites, _ = teams.OpenInvites(st.ID)
	}
	if st.Requests > 0 {
		d.requests, _ = teams.Waiting(st.ID)
	}
	ask := []share.DeviceID{}
	for _, r := range d.requests {
		ask = append(ask, r.Device)
	}
	if st.State == share.Joining {
		ask = append(ask, "")
	}
	for _, who := range ask {
		if words, err := teams.Words(st.ID, who); err == nil {
			d.words[who] = words
		}
	}
	return d
}

// Open looks at one shared vault from now on; "" at none. What it shows comes with a change.
func (h *Sharing) Open(id ShareID) {
	if id != h.at {
		h.detail.wipe()
		h.at, h.listed, h.words = id, nil, nil
		h.invite.wipe()
		h.err = ""
	}
	h.refresh()
}

// At is the shared vault that is looked at; false before it was read.
func (h *Sharing) At() (v SharedVault, ok bool) {
	if h.at == "" {
		return v, false
	}
	return h.Vault(h.at)
}

// Looked reports whether what is shown of the shared vault that is looked at was read.
func (h *Sharing) Looked() bool { return h.at != "" && h.detail.id == h.at }

// SharedPerson is somebody with their devices.
type SharedPerson struct {
	Name    string
	Me      bool
	Devices []SharedDevice
}

// SharedDevice is a device of somebody.
type SharedDevice struct {
	ID       DeviceID
	Name     string
	Called   string // the name somebody gave it; "" = nobody did
	Role     Role
	Me       bool
	Verified bool   // its words were compared
	MayName  bool   // this device may say what it and its person are called
	About    string // "Added 3 June 2026 by Ben."
	Words    string // eight of them; "" until ShowWords
}

// People are those who are in it.
func (h *Sharing) People() []SharedPerson {
	var people []SharedPerson
	for _, m := range h.detail.members {
		name := cmp.Or(clean(m.Person.Name), "Somebody without a name")
		i := slices.IndexFunc(people, func(p SharedPerson) bool { return p.Name == name })
		if i < 0 {
			people = append(people, SharedPerson{Name: name})
			i = len(people) - 1
		}
		mine := m.Me || h.detail.mine != "" && strings.EqualFold(m.Person.Name, h.detail.mine)
		d := SharedDevice{
			MayName: h.detail.role == share.Admin || mine && h.detail.role.Writes(),
			Called:  clean(m.Person.Device),
			ID:      m.Device, Name: cmp.Or(clean(m.Person.Device), "A device"), Role: m.Role, Me: m.Me, Verified: m.Verified, Words: h.words[m.Device],
			About: "Added " + Day(m.Since),
		}
		if by := h.who(m.AddedBy); by != "" && m.AddedBy != m.Device {
			d.About += " by " + by
		}
		d.About += "."
		people[i].Me = people[i].Me || m.Me
		people[i].Devices = append(people[i].Devices, d)
	}
	slices.SortStableFunc(people, func(a, b SharedPerson) int {
		switch {
		case a.Me != b.Me && a.Me:
			return -1
		case a.Me != b.Me:
			return 1
		}
		return strings.Compare(fold(a.Name), fold(b.Name))
	})
	return people
}

// who is what a device is called, "" for one that nobody named.
func (h *Sharing) who(d share.DeviceID) string {
	if d == "" {
		return ""
	}
	if d == h.detail.me {
		return "you"
	}
	return h.names[h.detail.id][d]
}

// Former are the people and devices that are gone, the last one first: lines.
func (h *Sharing) Former() []string {
	var lines []string
	for i, g := range h.detail.gone {
		line := cmp.Or(personLine(h.detail.goneWho[i]), "A device") + ": "
		at := time.UnixMilli(g.Time)
		if g.RemovedBy == g.Device {
			line += "left on " + Day(at) + "."
		} else {
			line += "removed on " + Day(at)
			if by := h.who(g.RemovedBy); by != "" {
				line += " by " + by
			}
			line += "."
		}
		lines = append(lines, line)
	}
	return lines
}

// JoinRequest is a device that wants to be let in.
type JoinRequest struct {
	Device   DeviceID
	Name     string // of the person, as it says itself
	Computer string
	Role     Role
	About    string // when it asked
	Words    string // eight of them
}

// Requests are the devices that wait to be confirmed.
func (h *Sharing) Requests() []JoinRequest {
	var list []JoinRequest
	for _, r := range h.detail.requests {
		list = append(list, JoinRequest{
			Device: r.Device, Name: cmp.Or(clean(r.Person.Name), "Somebody without a name"), Computer: clean(r.Person.Device), Role: r.Role,
			About: "Asked " + when(r.Time, h.s.d.Now()) + ".", Words: h.detail.words[r.Device],
		})
	}
	return list
}

// OpenInvite is an invite that somebody may still answer.
type OpenInvite struct {
	ID    InviteID
	As    string // "As an editor"
	About string // "Good until 5 March 12:00. Made by you."
}

// OpenInvites are the invites that may still be used, for an admin; the one that lasts longest first.
func (h *Sharing) OpenInvites() []OpenInvite {
	var list []OpenInvite
	now := h.s.d.Now()
	for _, i := range h.detail.invites {
		if !now.Before(i.Expires) {
			continue
		}
		o := OpenInvite{ID: i.ID, As: "As " + roleNoun(i.Role), About: "Good until " + i.Expires.In(now.Location()).Format("2 January 15:04") + "."}
		if by := h.who(i.By); by != "" {
			o.About += " Made by " + by + "."
		}
		list = append(list, o)
	}
	return list
}

// Withdraw takes an open invite back, and every request that answers it. done is called when nobody can use it any more.
func (h *Sharing) Withdraw(i InviteID, done func()) {
	id, teams := h.at, h.s.d.Teams
	h.actThen("Withdrawing the invite", func(ctx context.Context) (team.Report, error) { return teams.Withdraw(ctx, id, i) }, "The invite cannot be used any more.", done)
}

// JoinWords are the words to compare with the admin, while this device waits to be let in; "" before they are known.
func (h *Sharing) JoinWords() string { return h.detail.words[""] }

// ShowWords works out the words of a member's device and this one.
func (h *Sharing) ShowWords(d DeviceID) {
	if h.words[d] != "" {
		delete(h.words, d)
		h.changed.call()
		return
	}
	id, teams := h.at, h.s.d.Teams
	var words string
	h.work("Working out the words", func(context.Context) (err error) {
		words, err = teams.Words(id, d)
		return err
	}, func(err error) {
		if err == nil && h.at == id {
			if h.words == nil {
				h.words = map[share.DeviceID]string{}
			}
			h.words[d] = words
		}
	}, nil)
}

// Verify notes that the words of a device were the same, or that they were not.
func (h *Sharing) Verify(d DeviceID, same bool) {
	id, teams := h.at, h.s.d.Teams
	h.work("Saving", func(ctx context.Context) error { return teams.Verify(ctx, id, d, same) }, func(err error) {
		delete(h.words, d)
		switch {
		case err != nil:
		case same:
			h.s.list.notify(Notice{Text: "Noted: the words are the same."})
		default:
			h.s.list.notify(Notice{Text: "Noted. If the words differ, somebody may stand between you: remove that device and invite again.", Error: true})
		}
	}, nil)
}

// Confirm lets a device in. compared: the words were read to each other.
func (h *Sharing) Confirm(d DeviceID, compared bool) {
	id, teams := h.at, h.s.d.Teams
	h.act("Letting the device in", func(ctx context.Context) (team.Report, error) { return teams.Confirm(ctx, id, d, compared) }, "The device is a member now.")
}

// Refuse forgets a request.
func (h *Sharing) Refuse(d DeviceID) {
	id, teams := h.at, h.s.d.Teams
	h.work("Refusing", func(ctx context.Context) error { return teams.Dismiss(ctx, id, d) }, func(error) {}, nil)
}

// SetRole gives a device another role.
func (h *Sharing) SetRole(d DeviceID, r Role) {
	id, teams := h.at, h.s.d.Teams
	h.act("Changing the role", func(ctx context.Context) (team.Report, error) { return teams.SetRole(ctx, id, d, r) }, "The role was changed.")
}

// Remove removes devices, lost or of somebody who left, one after the other.
func (h *Sharing) Remove(devices ...DeviceID) {
	id, teams := h.at, h.s.d.Teams
	h.act("Removing", func(ctx context.Context) (rep team.Report, err error) {
		for _, d := range devices {
			if rep, err = teams.Remove(ctx, id, d); err != nil {
				return rep, err
			}
		}
		return rep, nil
	}, "Removed. Work through the list of accounts to enroll again.")
}

// Rename gives the shared vault another name, for everybody.
func (h *Sharing) Rename(name string, done func()) {
	if name = strings.TrimSpace(name); name == "" {
		h.err = "Give the shared vault a name first."
		h.changed.call()
		return
	}
	id, teams := h.at, h.s.d.Teams
	h.actThen("Renaming", func(ctx context.Context) (team.Report, error) { return teams.Rename(ctx, id, name) }, "The shared vault has its new name, for everybody.", done)
}

// NamePerson says what a person is called, and each of the devices, for everybody. Devices that are not named stay what they are called.
func (h *Sharing) NamePerson(p SharedPerson, name string, devices map[DeviceID]string, done func()) {
	if name = strings.TrimSpace(name); name == "" {
		h.err = "Say what the others shall call " + either2(p.Me, "you", "them") + " first."
		h.changed.call()
		return
	}
	id, teams := h.at, h.s.d.Teams
	// This device last: an editor names devices of their own name, which is that of this device.
	list := slices.Clone(p.Devices)
	if at := slices.IndexFunc(list, func(d SharedDevice) bool { return d.Me }); at >= 0 {
		list = append(slices.Delete(list, at, at+1), p.Devices[at])
	}
	h.actThen("Renaming", func(ctx context.Context) (rep team.Report, err error) {
		for _, d := range list {
			called, given := devices[d.ID]
			if !given {
				called = d.Called
			}
			if rep, err = teams.SetPerson(ctx, id, d.ID, share.Person{Name: name, Device: strings.TrimSpace(called)}); err != nil {
				return rep, err
			}
		}
		return rep, nil
	}, "Everybody sees the new names.", done)
}

func either2(first bool, a, b string) string {
	if first {
		return a
	}
	return b
}

// Rotate makes a new key for everything that follows.
func (h *Sharing) Rotate(done func()) {
	id, teams := h.at, h.s.d.Teams
	h.actThen("Making new keys", func(ctx context.Context) (team.Report, error) { return teams.Rotate(ctx, id) }, "All that follows is encrypted with a new key.", done)
}

// Redo repeats a change of members that lost against another one.
func (h *Sharing) Redo(r SharedRedo) {
	id, teams := h.at, h.s.d.Teams
	h.act("Making the change again", func(ctx context.Context) (team.Report, error) { return teams.Redo(ctx, id, r.entry) }, "The change was made again.")
}

// Leave takes this device out. keep: the accounts stay here as this vault's own. done is called when it is out.
func (h *Sharing) Leave(keep bool, done func()) {
	id, teams := h.at, h.s.d.Teams
	h.work("Leaving", func(ctx context.Context) error { return teams.Leave(ctx, id, keep) }, func(err error) {
		if err == nil {
			h.Open("")
			done()
		}
	}, nil)
}

// ForgetVault drops a shared vault from this device without telling anybody.
func (h *Sharing) ForgetVault(keep bool, done func()) {
	id, teams := h.at, h.s.d.Teams
	h.work("Forgetting", func(ctx context.Context) error { return teams.Forget(ctx, id, keep) }, func(err error) {
		if err == nil {
			h.Open("")
			done()
		}
	}, nil)
}

// LastAdmin reports whether this device is the only admin among several.
func (h *Sharing) LastAdmin() bool {
	admins, mine := 0, false
	for _, m := range h.detail.members {
		if m.Role == share.Admin {
			admins++
			mine = mine || m.Me
		}
	}
	return mine && admins == 1 && len(h.detail.members) > 1
}

// ReenrollLine is an account whose secret somebody knows who is no longer a member.
type ReenrollLine struct {
	ID    ID
	Title string
	Who   string // "Ben, laptop knew its key."
	Done  bool   // the key was changed since the list was opened
}

// Reenroll is the list of accounts to enroll again, those of one portal beside each other.
func (h *Sharing) Reenroll() []ReenrollLine {
	var lines []ReenrollLine
	for _, l := range h.listed {
		lines = append(lines, l)
	}
	slices.SortFunc(lines, func(a, b ReenrollLine) int {
		return cmp.Or(strings.Compare(fold(a.Title), fold(b.Title)), strings.Compare(string(a.ID), string(b.ID)))
	})
	return lines
}

// tickOff notes what is on the list, and what no longer is.
func (h *Sharing) tickOff() {
	if h.listed == nil {
		h.listed = map[vault.ID]ReenrollLine{}
	}
	for id, l := range h.listed {
		l.Done = true
		h.listed[id] = l
	}
	for _, x := range h.detail.reenroll {
		var who []string
		for _, p := range x.To {
			who = append(who, cmp.Or(personLine(p), "a removed device"))
		}
		slices.Sort(who)
		h.listed[x.Local] = ReenrollLine{ID: x.Local, Title: title(clean(x.Issuer), clean(x.Name)), Who: sentenceCase(join(slices.Compact(who))) + " knew its key."}
	}
}

// SharedClash is an account of which people set different keys without knowing of each other.
type SharedClash struct {
	ID      ID
	Title   string
	Choices []ClashChoice
}

// ClashChoice is one of the keys.
type ClashChoice struct {
	ID    string
	Who   string // who set it
	When  string
	About string // the kind of code
	Code  string // now; "" where the kind has none that follows the time
	Shown bool   // what the account shows meanwhile
}

// Clashes are the conflicts to be decided.
func (h *Sharing) Clashes() []SharedClash {
	var list []SharedClash
	at := h.s.d.codeTime()
	for _, c := range h.detail.conflicts {
		clash := SharedClash{ID: c.Local, Title: title(clean(c.Issuer), clean(c.Name))}
		for i, o := range c.Choices {
			choice := ClashChoice{ID: o.ID, Who: cmp.Or(personLine(o.Who), "Somebody"), When: when(o.At, h.s.d.Now()), About: About(o.Params), Shown: i == len(c.Choices)-1}
			if o.By == h.detail.me {
				choice.Who = "You"
			}
			if o.Params.Kind.Rolling() {
				choice.Code, _ = o.Params.Code(at)
			}
			clash.Choices = append(clash.Choices, choice)
		}
		list = append(list, clash)
	}
	return list
}

// Keep ends a conflict for everybody.
func (h *Sharing) Keep(account ID, choice string) {
	id, teams := h.at, h.s.d.Teams
	h.act("Keeping it", func(ctx context.Context) (team.Report, error) { return teams.Keep(ctx, id, account, choice) }, "Kept, for everybody. The other one stays in the account's history.")
}

// SharedEvent is one line of who changed what and when.
type SharedEvent struct{ When, Text string }

// Log is who changed what and when, the last thing first.
func (h *Sharing) Log() []SharedEvent { return h.events(func(team.Event) bool { return true }) }

// events are lines about some of what happened. What somebody did in one go is one line: to make an account sets all there is about it.
func (h *Sharing) events(which func(team.Event) bool) []SharedEvent {
	type act struct {
		by      share.DeviceID
		account share.AccountID
		at      int64
	}
	did := map[act]map[string]bool{}
	of := func(e team.Event) act { return act{e.By, e.Event.Account, e.Time.UnixMilli()} }
	whole := func(e team.Event) bool { w := did[of(e)]; return w["otp"] && (w["issuer"] || w["name"]) }
	for _, e := range h.detail.log {
		if e.Event.Account == "" {
			continue
		}
		if did[of(e)] == nil {
			did[of(e)] = map[string]bool{}
		}
		did[of(e)][e.What] = true
	}
	var list []SharedEvent
	said := map[act]map[string]bool{}
	for _, e := range h.detail.log {
		if !which(e) {
			continue
		}
		text := h.eventLine(e)
		if e.Event.Account != "" && e.Event.Account != share.Self {
			if whole(e) {
				text = h.eventBy(e) + " put in " + title(clean(e.Issuer), clean(e.Account)) + "."
			}
			if said[of(e)] == nil {
				said[of(e)] = map[string]bool{}
			}
			if said[of(e)][text] {
				continue
			}
			said[of(e)][text] = true
		}
		list = append(list, SharedEvent{When: when(e.Time, h.s.d.Now()), Text: text})
	}
	return list
}

// AccountLog is who changed one account and when, the last thing first, of the shared vault that is looked at.
func (h *Sharing) AccountLog(account ID) []SharedEvent {
	return h.events(func(e team.Event) bool { return account != "" && e.Local == account })
}

// eventWords are what was done to an account, by the name of its register.
var eventWords = map[string]string{
	"otp": "set the key of", "issuer": "renamed", "name": "renamed", "tags": "changed the tags of", "icon": "changed the picture of",
	"note": "changed the note of", "url": "changed the sign-in address of", "sheet": "changed the recovery keys of",
	"used": "used a recovery key of", "counter": "used a code of", "deleted": "deleted", "restored": "brought back", "kept": "decided the conflict of",
}

// eventBy is who did something, at the beginning of a sentence.
func (h *Sharing) eventBy(e team.Event) string {
	return cmp.Or(sentenceCase(h.who(e.By)), personLine(e.Who), "Somebody")
}

func (h *Sharing) eventLine(e team.Event) string {
	who := h.eventBy(e)
	if e.Event.Account == share.Self && e.What == share.Named {
		if was := personLine(e.Was); was != "" {
			return who + " renamed “" + was + "” to “" + personLine(e.Is) + "”."
		}
		return who + " gave a device the name “" + personLine(e.Is) + "”."
	}
	whom := cmp.Or(h.who(e.Device), personLine(e.Whom), "a device")
	if e.Event.Account != "" && e.Event.Account != share.Self {
		what := eventWords[e.What]
		if what == "" {
			what = "changed"
		}
		return who + " " + what + " " + title(clean(e.Issuer), clean(e.Account)) + "."
	}
	switch share.EntryType(e.What) {
	case share.Genesis:
		return who + " made the shared vault."
	case share.Invited:
		return who + " made an invite."
	case share.InviteUsed:
		if e.By == e.Event.Device {
			return who + " withdrew an invite."
		}
		return who + " took the answer to an invite."
	case share.Added:
		return who + " let " + whom + " in."
	case share.Removed:
		if e.By == e.Event.Device {
			return who + " left."
		}
		return who + " removed " + whom + "."
	case share.RoleSet:
		return who + " made " + whom + " " + roleNoun(e.Role) + "."
	case share.Rotated:
		return who + " made a new key for all that follows."
	}
	return who + " gave the shared vault its name."
}

func roleNoun(r share.Role) string {
	switch r {
	case share.Admin:
		return "an admin"
	case share.Editor:
		return "an editor"
	case share.Viewer:
		return "a viewer"
	}
	return "a member"
}
