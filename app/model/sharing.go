package model

import (
	"cmp"
	"context"
	"errors"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/secret"
	"github.com/tallystick/tallystick/vault/share"
	"github.com/tallystick/tallystick/vault/share/store"
	"github.com/tallystick/tallystick/vault/share/team"
)

// Mood is how good or bad something is; colour and icon of a view follow it.
type Mood int

// The moods.
const (
	MoodGood Mood = iota
	MoodQuiet
	MoodInfo
	MoodWarning
	MoodTrouble
)

// SharedVault is one shared vault as a person sees it.
type SharedVault struct {
	ID       ShareID
	Name     string
	Role     Role
	RoleWord string // "You are an admin."
	Mood     Mood
	Head     string   // "In step", "Offline", "The storage was rolled back"
	Text     string   // what that means; a sentence or two
	More     []string // everything else that was found, a sentence each
	Last     string   // "Last in step today 12:05."; "" = never
	Where    string   // where the storage is, as people say it, without credentials: "WebDAV: cloud.example/Team codes"
	Ready    bool     // a member with all keys
	Waiting  bool     // an admin has to confirm this device
	Out      bool     // removed, or left
	Broken   bool     // what is remembered cannot be read
	People   int
	Devices  int
	Accounts int
	Requests int
	Reenroll int
	Clashes  int  // accounts with a conflict
	Unsaid   bool // something written here waits for the storage
	Busy     bool // it is being synchronised
	Failing  bool // the storage answers, and not as it should: a password that was withdrawn, no room
	Redo     []SharedRedo
}

// SharedRedo is a change of members that lost against another one.
type SharedRedo struct {
	Text  string
	entry share.Hash
}

// Sharing is everything about shared vaults: how they stand, who is in them, and what a person does about that. It synchronises in the
// background: see beat. What it holds is dropped, and its secrets wiped, when the vault is locked.
type Sharing struct {
	s       *Session
	ctx     context.Context // of everything under way; ends with drop
	stop    context.CancelFunc
	epoch   uint64 // raised by drop
	list    []team.Status
	names   map[share.VaultID]map[share.DeviceID]string
	badges  map[string]team.Badge
	known   bool // list was read
	reading bool
	stale   bool // read again after the reading that is under way
	beats   map[share.VaultID]*beat

	at     share.VaultID // the shared vault that is looked at; "" = none
	detail detail
	listed map[vault.ID]ReenrollLine // what was on the re-enroll list since it was opened

	busy   string
	err    string
	round  uint64
	cancel context.CancelFunc
	join   joining
	invite invitation
	words  map[share.DeviceID]string

	changed listeners
}

func newSharing(s *Session) *Sharing {
	h := &Sharing{s: s}
	h.forget()
	return h
}

// Sharing is everything about shared vaults; always the same one.
func (s *Session) Sharing() *Sharing { return s.sharing }

// Available reports whether there can be shared vaults at all.
func (h *Sharing) Available() bool { return h.s.d.Teams != nil }

// OnChange registers fn to be called when anything of it changed.
func (h *Sharing) OnChange(fn func()) { h.changed.add(fn) }

// Busy says what is under way; "" = nothing.
func (h *Sharing) Busy() string { return h.busy }

// Error is the last sentence; "" = none.
func (h *Sharing) Error() string { return h.err }

// ClearError forgets it, as when another page is opened.
func (h *Sharing) ClearError() { h.err = "" }

func (h *Sharing) forget() {
	h.list, h.names, h.badges, h.known, h.reading, h.stale = nil, nil, nil, false, false, false
	h.beats = map[share.VaultID]*beat{}
	h.at, h.listed, h.words = "", nil, nil
	h.detail.wipe()
	h.join.wipe()
	h.invite.wipe()
	h.busy, h.err = "", ""
}

// opened starts when the vault is open.
func (h *Sharing) opened() {
	if h.s.d.Teams == nil {
		return
	}
	h.drop()
	h.ctx, h.stop = context.WithCancel(h.s.ctx)
	h.refresh()
}

// drop ends what is under way, and forgets and wipes everything.
func (h *Sharing) drop() {
	h.epoch++
	h.round++
	if h.stop != nil {
		h.stop()
		h.stop = nil
	}
	for _, b := range h.beats {
		b.halt()
	}
	h.forget()
}

// letGo ends the connections to the storages and wipes their passwords. It is for when the vault was locked, and after drop, which ended what
// is under way; it waits for the end of that on a goroutine of its own, because a network folder may take its time.
func (h *Sharing) letGo() {
	if teams := h.s.d.Teams; teams != nil {
		go func() { _ = teams.LetGo(context.Background()) }()
	}
}

func (h *Sharing) running() bool { return h.stop != nil && h.s.state == Open }

// seen is what one look at the shared vaults brought.
type seen struct {
	list   []team.Status
	badges map[string]team.Badge
	names  map[share.VaultID]map[share.DeviceID]string
	detail detail
	err    error
}

// refresh reads again how everything stands. It asks no storage.
func (h *Sharing) refresh() {
	if !h.running() {
		return
	}
	if h.reading {
		h.stale = true
		return
	}
	h.reading = true
	teams, at, epoch := h.s.d.Teams, h.at, h.epoch
	go func() {
		got := lookAtShares(teams, at)
		h.s.d.Post(func() {
			if h.epoch != epoch {
				got.detail.wipe()
				return
			}
			h.reading = false
			h.take(got)
		})
	}()
}

func lookAtShares(teams Teams, at share.VaultID) (got seen) {
	if got.list, got.err = teams.List(); got.err != nil {
		return got
	}
	got.badges, got.err = teams.Badges()
	got.names = map[share.VaultID]map[share.DeviceID]string{}
	for _, st := range got.list {
		if len(st.Findings) > 0 || st.ID == at {
			got.names[st.ID] = deviceNames(teams, st.ID)
		}
		if st.ID == at && at != "" {
			got.detail = readDetail(teams, st)
		}
	}
	return got
}

// deviceNames are the names of people by their devices, of those that are gone too.
func deviceNames(teams Teams, id share.VaultID) map[share.DeviceID]string {
	names := map[share.DeviceID]string{}
	members, _ := teams.Members(id)
	for _, m := range members {
		names[m.Device] = personLine(m.Person)
	}
	gone, people, _ := teams.Gone(id)
	for i, g := range gone {
		names[g.Device] = personLine(people[i])
	}
	return names
}

func (h *Sharing) take(got seen) {
	if got.err != nil {
		got.detail.wipe()
		if !errors.Is(got.err, vault.ErrLocked) {
			h.err = Sentence(got.err)
		}
		h.changed.call()
		return
	}
	h.list, h.badges, h.names, h.known = got.list, got.badges, got.names, true
	if got.detail.id == h.at {
		h.detail.wipe()
		h.detail = got.detail
		h.tickOff()
	} else {
		got.detail.wipe()
		h.stale = h.stale || h.at != ""
	}
	h.keepBeats()
	h.s.list.changed.call() // rows show people
	h.changed.call()
	if h.stale {
		h.stale = false
		h.refresh()
	}
}

// resting reports whether nothing is being read or synchronised.
func (h *Sharing) resting() bool {
	if !h.running() {
		return true
	}
	for _, b := range h.beats {
		if b.busy {
			return false
		}
	}
	return h.known && !h.reading
}

// Known reports whether it is known what shared vaults there are.
func (h *Sharing) Known() bool { return h.known }

// Vaults are the shared vaults of this device, by name.
func (h *Sharing) Vaults() []SharedVault {
	list := make([]SharedVault, 0, len(h.list))
	for _, st := range h.list {
		list = append(list, h.vault(st))
	}
	slices.SortStableFunc(list, func(a, b SharedVault) int { return strings.Compare(fold(a.Name), fold(b.Name)) })
	return list
}

// Vault is one of them.
func (h *Sharing) Vault(id ShareID) (SharedVault, bool) {
	for _, st := range h.list {
		if st.ID == id {
			return h.vault(st), true
		}
	}
	return SharedVault{}, false
}

func (h *Sharing) vault(st team.Status) SharedVault {
	now := h.s.d.Now()
	v := SharedVault{
		ID: st.ID, Name: clean(st.Name), Role: st.Role, RoleWord: roleSentence(st.Role), Where: whereWords(st.Where), Ready: st.Ready,
		Waiting: st.State == share.Joining, Out: st.State == share.Expelled || st.State == share.Left, People: st.People, Devices: st.Devices,
		Accounts: st.Accounts, Requests: st.Requests, Reenroll: st.Reenroll, Clashes: st.Conflicts, Unsaid: st.Unsaid,
	}
	if v.Name == "" {
		v.Name = nameless
	}
	if b := h.beats[st.ID]; b != nil {
		v.Busy = b.busy
	}
	if !st.Success.IsZero() {
		v.Last = "Last in step " + when(st.Success, now) + "."
	}
	name := func(d share.DeviceID) string { return h.names[st.ID][d] }
	var worst *share.Finding
	for i, f := range st.Findings {
		text := FindingSentence(f, name)
		if !f.Since.IsZero() {
			text += " Since " + when(f.Since, now) + "."
		}
		if f.Kind == share.Redo {
			v.Redo = append(v.Redo, SharedRedo{text, f.Entry})
			continue
		}
		v.More = append(v.More, text)
		if worst == nil || findingRank(f.Kind) > findingRank(worst.Kind) {
			worst, v.Text = &st.Findings[i], text
		}
	}
	switch {
	case errors.Is(st.Err, team.ErrRecord):
		v.Broken, v.Mood, v.Head, v.Text = true, MoodTrouble, "Cannot be read", Sentence(st.Err)
	case v.Waiting:
		v.Mood, v.Head, v.Text = MoodInfo, "Waiting to be let in", "An admin has to confirm this device. Read the eight words to each other first."
	case st.State == share.Expelled:
		v.Mood, v.Head, v.Text = MoodWarning, "No longer a member", "An admin removed this device. What it had is still here; nothing new arrives."
	case st.State == share.Left:
		v.Mood, v.Head, v.Text = MoodInfo, "Left", "This device left. The others learn of it when the storage is reached."
	case worst != nil && findingRank(worst.Kind) > 1:
		v.Mood, v.Head = MoodTrouble, findingHead(worst.Kind)
	case st.Err != nil && !st.Offline:
		v.Failing = true
		v.Mood, v.Head, v.Text = MoodWarning, "Not in step", Sentence(st.Err)
	case st.Offline:
		v.Mood, v.Head, v.Text = MoodQuiet, "Offline", "The storage was not reached. Everything goes on working here, and it is tried again by itself."
		if st.Unsaid {
			v.Text += " What was changed here goes out then."
		}
	case worst != nil:
		v.Mood, v.Head = MoodWarning, findingHead(worst.Kind)
	case st.Tried.IsZero():
		v.Mood, v.Head, v.Text = MoodQuiet, "Not asked yet", "The storage has not been asked since Tallystick was started."
	case !st.Ready:
		v.Mood, v.Head, v.Text = MoodInfo, "On the way", "The keys of the shared vault have not all arrived yet. They come when an admin synchronises."
	default:
		v.Mood, v.Head, v.Text = MoodGood, "In step", "The storage showed everything it should."
	}
	if b := h.beats[st.ID]; b != nil && b.slow && v.Mood == MoodGood {
		v.Mood, v.Head, v.Text = MoodQuiet, "Waiting for the storage", "It is slow to answer. Everything goes on working here."
		v.Busy = false
	}
	v.More = slices.DeleteFunc(v.More, func(s string) bool { return s == v.Text })
	return v
}

// nameless is what a shared vault is called that has no name.
const nameless = "A shared vault without a name"

// findingRank orders what was found: 3 and 2 are a storage that cannot be believed, 1 is to be looked at.
func findingRank(k share.Kind) int {
	switch {
	case k == share.RolledBack, k == share.Forged, k == share.Swapped, k == share.Foreign, k == share.Stranger, k == share.AfterRemoval:
		return 3
	case k == share.Duplicated, k.Suspicious():
		return 2
	}
	return 1
}

func findingHead(k share.Kind) string {
	switch k {
	case share.RolledBack:
		return "The storage was rolled back"
	case share.Behind:
		return "The storage is behind"
	case share.Forked:
		return "The storage shows two states"
	case share.Forged, share.Swapped, share.Foreign, share.Stranger, share.AfterRemoval, share.NotPermitted:
		return "Somebody tampered with the storage"
	case share.Damaged, share.Malformed:
		return "Something on the storage is damaged"
	case share.Duplicated:
		return "Two copies of this vault"
	}
	return "Something to look at"
}

// Alarm is the worst there is to say of the storages, for a banner over the list; ok is false when there is nothing.
func (h *Sharing) Alarm() (v SharedVault, ok bool) {
	for _, each := range h.Vaults() {
		if each.Mood == MoodTrouble && (!ok || each.Mood > v.Mood) {
			v, ok = each, true
		}
	}
	return v, ok
}

// Asking is the first shared vault in which somebody waits to be confirmed by this device.
func (h *Sharing) Asking() (v SharedVault, ok bool) {
	for _, each := range h.Vaults() {
		if each.Requests > 0 && each.Role == Admin {
			return each, true
		}
	}
	return v, false
}

// Failing is the first shared vault whose storage will not have this device until somebody does something about it.
func (h *Sharing) Failing() (v SharedVault, ok bool) {
	for _, each := range h.Vaults() {
		if each.Failing {
			return each, true
		}
	}
	return v, false
}

// Torn is the first shared vault with an account that has several keys, of which somebody who may change accounts has to choose one.
func (h *Sharing) Torn() (v SharedVault, ok bool) {
	for _, each := range h.Vaults() {
		if each.Clashes > 0 && each.Role.Writes() && !each.Out {
			return each, true
		}
	}
	return v, false
}

// Of is the shared vault an account belongs to; "" = none.
func (h *Sharing) Of(id ID) ShareID {
	if e := h.s.list.entry(id); e != nil && h.s.list.isShared(e) {
		return h.badges[e.acc.Shared].ID
	}
	return ""
}

// WhyReadOnly says why this device may not change a shared account, and whom to ask; "" when it may.
func (h *Sharing) WhyReadOnly(id ID) string {
	e := h.s.list.entry(id)
	if e == nil || e.acc.Shared == "" {
		return ""
	}
	b, ok := h.badges[e.acc.Shared]
	if !ok || b.Writes {
		return ""
	}
	if b.State != share.Joined {
		return "This device is no longer in “" + cmp.Or(clean(b.Name), nameless) + "”. Keep its accounts as your own first; then they can be changed."
	}
	return "You are a viewer in “" + cmp.Or(clean(b.Name), nameless) + "”: your own tags, favourite and picture can be changed, and nothing else. " + askAdmins(b.Admins)
}

// mayNot tells the person when this device may not change an account, and reports that.
func (h *Sharing) mayNot(id ID) bool {
	why := h.WhyReadOnly(id)
	if why == "" {
		return false
	}
	h.s.list.notify(Notice{Text: why, Error: true})
	return true
}

// IsOffline reports whether a storage was not reached: a quiet sign.
func (h *Sharing) IsOffline() bool {
	return slices.ContainsFunc(h.list, func(st team.Status) bool { return st.Offline })
}

func roleSentence(r share.Role) string {
	switch r {
	case share.Admin:
		return "You are an admin."
	case share.Editor:
		return "You may change accounts."
	case share.Viewer:
		return "You may see codes and change nothing."
	}
	return ""
}

// RoleWord is what a role is called, with what it means.
func RoleWord(r Role) string {
	switch r {
	case share.Admin:
		return "Admin: also says who belongs to it"
	case share.Editor:
		return "Editor: adds and changes accounts"
	case share.Viewer:
		return "Viewer: sees codes, changes nothing"
	}
	return string(r)
}

// personLine is "Ben" or "Ben, laptop".
func personLine(p share.Person) string {
	name, device := clean(p.Name), clean(p.Device)
	switch {
	case name == "":
		return device
	case device == "":
		return name
	}
	return name + ", " + device
}

// work runs something slow about a shared vault, off the models' goroutine and not in the way of saving; one at a time.
func (h *Sharing) work(busy string, do func(ctx context.Context) error, then func(err error), stale func()) {
	if !h.running() || h.busy != "" {
		if stale != nil {
			stale()
		}
		return
	}
	h.round++
	h.busy, h.err = busy, ""
	ctx, cancel := context.WithCancel(h.ctx)
	h.cancel = cancel
	round, epoch := h.round, h.epoch
	go func() {
		defer cancel()
		err := do(ctx)
		h.s.d.Post(func() {
			if h.epoch != epoch || h.round != round {
				if stale != nil {
					stale()
				}
				return
			}
			h.busy, h.cancel = "", nil
			h.err = Sentence(err)
			then(err)
			h.refresh()
			h.s.news()
			h.changed.call()
		})
	}()
	h.changed.call()
}

// Stop gives up what is under way.
func (h *Sharing) Stop() {
	if h.cancel == nil {
		return
	}
	h.cancel()
	h.round++
	h.busy, h.cancel = "", nil
	h.refresh()
	h.changed.call()
}

// act is work that changes a shared vault and has nothing to show but that.
func (h *Sharing) act(busy string, do func(ctx context.Context) (team.Report, error), done string) {
	h.actThen(busy, do, done, func() {})
}

// actThen is act that calls then when it went well.
func (h *Sharing) actThen(busy string, do func(ctx context.Context) (team.Report, error), done string, then func()) {
	var rep team.Report
	h.work(busy, func(ctx context.Context) (err error) {
		rep, err = do(ctx)
		return err
	}, func(err error) {
		switch {
		case err != nil:
			return
		case rep.Offline:
			h.s.list.notify(Notice{Text: done + " The storage was not reached; the others learn of it later."})
		default:
			h.s.list.notify(Notice{Text: done})
		}
		then()
	}, nil)
}

// personal is who this device says it belongs to, unless the person says something else.
func (h *Sharing) Me() (name, device string) {
	if h.s.d.Who == nil {
		return "", ""
	}
	p := h.s.d.Who()
	return clean(p.Name), clean(p.Device)
}

// SharedPlace is what a person says about a storage.
type SharedPlace struct {
	Kind      string // "dir", "webdav", "s3"; "" = as the invite says
	Folder    string
	URL       string // of the WebDAV folder
	Endpoint  string // of S3: a host, or an address
	Bucket    string
	Prefix    string
	Region    string
	User      string       // or the access key ID
	Password  secret.Bytes // or the secret access key
	CAFile    string       // a file with the certificate of an authority; "" = those of the system
	PlainHTTP bool         // insisted on
	HostStyle bool         // S3: the bucket is a part of the server's name

	// Of a place that is changed: what there is already.
	HasPassword, HasCA bool
	// KeepCA leaves the authority that is trusted already.
	KeepCA bool
}

// OpenTo is the server that would be reached without encryption, so that the person has to insist; "" = none.
func (p SharedPlace) OpenTo() string {
	address := strings.TrimSpace(p.URL)
	if p.Kind == store.S3 {
		address = strings.TrimSpace(p.Endpoint)
	}
	if p.Kind != store.WebDAV && p.Kind != store.S3 || !strings.HasPrefix(strings.ToLower(address), "http://") {
		return ""
	}
	host, _, _ := strings.Cut(address[len("http://"):], "/")
	if _, after, ok := strings.Cut(host, "@"); ok {
		host = after
	}
	u, err := url.Parse("http://" + host)
	if err != nil || u.Hostname() == "" || store.IsLoopback(u.Hostname()) {
		return ""
	}
	return clean(u.Hostname())
}

// The kinds of storage, for SharedPlace.Kind.
const (
	StoreFolder = store.Folder
	StoreWebDAV = store.WebDAV
	StoreS3     = store.S3
)

// problem says what is missing; "" = nothing.
func (p SharedPlace) problem() string {
	switch {
	case p.Kind == store.Folder && strings.TrimSpace(p.Folder) == "":
		return "Choose the folder first."
	case p.Kind == store.Folder && !wholePath(p.Folder):
		return "Type the whole path of the folder, from its beginning, or choose it."
	case p.Kind == store.WebDAV && strings.TrimSpace(p.URL) == "":
		return "Type the address of the folder first."
	case p.Kind == store.S3 && (strings.TrimSpace(p.Endpoint) == "" || strings.TrimSpace(p.Bucket) == ""):
		return "Type the address of the S3 storage and the name of the bucket first."
	case p.OpenTo() != "" && !p.PlainHTTP:
		return "The address begins with http://, so the connection to " + p.OpenTo() + " would not be encrypted. Use https://, or say below that it is to be used all the same."
	}
	return ""
}

// wholePath reports whether a path leads to the same folder wherever this program was started.
func wholePath(path string) bool {
	return filepath.IsAbs(path) || path == "~" || strings.HasPrefix(path, "~/")
}

// lives are for how long an invite can be good.
var lives = []time.Duration{time.Hour, 24 * time.Hour, 7 * 24 * time.Hour}

// InviteLives are for how long an invite can be good, the usual one second.
func InviteLives() []time.Duration { return slices.Clone(lives) }
