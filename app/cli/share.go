package cli

import (
	"cmp"
	"context"
	"errors"
	"os"
	"os/user"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/app/model"
	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/share"
	"github.com/tallystick/tallystick/vault/share/store"
	"github.com/tallystick/tallystick/vault/share/store/backend"
	"github.com/tallystick/tallystick/vault/share/team"
)

func (r *run) shareCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "share",
		Short: "Share accounts with other people, over storage nobody has to trust",
		Long: `Share accounts with other people, over storage nobody has to trust: a folder that is
synchronised, WebDAV, or an S3 bucket. What lies there is encrypted and signed; the
storage learns sizes, times and the number of devices.

VAULT is the name of a shared vault, its id, or the beginning of it (4 digits or more);
DEVICE and REQUEST are the id of a device or its beginning, or words of its name and its
person's. Only these commands use the network: what edit, remove or recovery change
about a shared account goes out with the next "share sync", or at once where a window
is open.

Exit status: 5 when the storage was not reached (what was changed is saved here and goes
out later), 6 when it is behind, rolled back or was tampered with.`,
		Args: cobra.ArbitraryArgs,
		RunE: func(*cobra.Command, []string) error {
			return usage("Say create, move, list, status, members, people, log, invite, join, requests, words, confirm, role, remove, rename, rotate, redo, leave, reenroll, conflicts, storage or sync.")
		},
	}
	cmd.AddCommand(
		r.shareCreate(), r.shareMove(), r.shareList(), r.shareStatus(), r.shareMembers(), r.shareLog(), r.shareInvite(), r.shareJoin(),
		r.shareRequests(), r.shareWords(), r.shareConfirm(), r.shareRole(), r.shareRemove(), r.shareRedo(), r.shareLeave(), r.shareReenroll(),
		r.shareConflicts(), r.shareStorage(), r.shareSync(), r.shareRename(), r.sharePeople(), r.shareRotate(),
	)
	return cmd
}

// openStorage opens a storage as patiently as somebody who waits at a terminal.
func openStorage(now func() time.Time) func(store.Location, backend.Access) (store.Store, error) {
	return func(l store.Location, a backend.Access) (store.Store, error) {
		s, err := backend.Open(l, a, backend.Config{Now: now, Retry: store.Policy{Attempts: 3, Timeout: time.Minute}})
		if err != nil {
			return nil, err
		}
		return s, nil
	}
}

// whoAmI is what the system calls the person and the device.
func whoAmI() share.Person {
	var p share.Person
	if u, err := user.Current(); err == nil {
		name := u.Username[strings.LastIndexByte(u.Username, '\\')+1:] // Windows puts the domain before it
		p.Name = cmp.Or(strings.TrimSpace(u.Name), name)
	}
	if host, err := os.Hostname(); err == nil {
		p.Device, _, _ = strings.Cut(host, ".")
	}
	return p
}

// teams opens the vault and what it shares. The caller closes the manager.
func (r *run) teams(ctx context.Context) (*vault.Manager, *team.Service, error) {
	m, err := r.open(ctx)
	if errors.Is(err, vault.ErrAbsent) {
		return nil, nil, because("no-vault", fail(statusNothing, "There is no vault here yet. `tallystick share create` makes one with its first shared vault, `tallystick share join -` with an invite."))
	}
	if err != nil {
		return nil, nil, err
	}
	return m, r.service(m), nil
}

func (r *run) service(m *vault.Manager) *team.Service {
	return team.New(team.Config{Vault: m, Now: r.env.Now, Open: r.env.OpenStorage})
}

// inShare opens the vault, finds the shared vault a word means, does something with it, and keeps what its storage told about the clock.
func (r *run) inShare(ctx context.Context, word string, do func(*team.Service, team.Status) error) error {
	m, s, err := r.teams(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = m.Close() }()
	st, err := r.oneShare(s, word)
	if err != nil {
		return err
	}
	err = do(s, st)
	r.keepClock(s)
	return err
}

// named is something a person can mean by a word: an id, or names that belong together.
type named struct {
	id    string
	names []string
}

// meant finds which of a list a word means, by the rules of accounts: a full id; then a name as it is; then the beginning of an id, or
// words that all occur in the names.
func meant(list []named, text string) []int {
	q := parseQuery(text)
	if q.all() {
		return nil
	}
	var exact, other []int
	for i, n := range list {
		if q.id != "" && n.id == q.id {
			return []int{i}
		}
		if slices.ContainsFunc(n.names, func(name string) bool { return name != "" && fold(name) == fold(strings.TrimSpace(text)) }) {
			exact = append(exact, i)
			continue
		}
		whole := fold(strings.Join(n.names, "\n"))
		if q.id != "" && strings.HasPrefix(n.id, q.id) || !slices.ContainsFunc(q.words, func(w string) bool { return !strings.Contains(whole, w) }) {
			other = append(other, i)
		}
	}
	if len(exact) > 0 {
		return exact
	}
	return other
}

// oneShare finds the one shared vault that a word means.
func (r *run) oneShare(s *team.Service, word string) (team.Status, error) {
	list, err := s.List()
	if err != nil {
		return team.Status{}, err
	}
	var names []named
	for _, st := range list {
		names = append(names, named{string(st.ID), []string{st.Name}})
	}
	found := meant(names, word)
	switch {
	case len(found) == 1:
		st := list[found[0]]
		if errors.Is(st.Err, team.ErrRecord) {
			return st, st.Err
		}
		return st, nil
	case len(found) == 0 && len(list) == 0:
		return team.Status{}, fail(statusNothing, "There is no shared vault here yet. `tallystick share create` makes one, `tallystick share join -` takes part in one.")
	case len(found) == 0:
		return team.Status{}, fail(statusNothing, "No shared vault matches.")
	}
	t := newTable("ID", "NAME")
	for _, i := range found {
		t.row(string(list[i].ID)[:8], list[i].Name)
	}
	t.write(r.env.Stderr)
	return team.Status{}, because("ambiguous", fail(statusFailed, "Several shared vaults match. Name one by its id."))
}

// party is a device: a member, or one that waits.
type party struct {
	device share.DeviceID
	person share.Person
	waits  bool
}

// oneParty finds the one device that a word means.
func (r *run) oneParty(list []party, word, nobody string) (party, error) {
	var names []named
	for _, p := range list {
		names = append(names, named{string(p.device), []string{p.person.Name, p.person.Device, p.person.Name + "/" + p.person.Device}})
	}
	found := meant(names, word)
	switch len(found) {
	case 1:
		return list[found[0]], nil
	case 0:
		return party{}, fail(statusNothing, "%s", nobody)
	}
	t := newTable("DEVICE", "PERSON", "NAME")
	for _, i := range found {
		t.row(string(list[i].device), list[i].person.Name, list[i].person.Device)
	}
	t.write(r.env.Stderr)
	return party{}, because("ambiguous", fail(statusFailed, "Several devices match. Name one by its id."))
}

func members(s *team.Service, id share.VaultID) ([]party, error) {
	infos, err := s.Members(id)
	var list []party
	for _, i := range infos {
		list = append(list, party{device: i.Device, person: i.Person})
	}
	return list, err
}

// callParty is how a device is called in a sentence.
func callParty(p share.Person, d share.DeviceID) string {
	switch {
	case p.Name != "" && p.Device != "":
		return clean(p.Name) + " (" + clean(p.Device) + ")"
	case p.Name != "" || p.Device != "":
		return clean(p.Name + p.Device)
	}
	return "device " + string(d)
}

// callShare is how a shared vault is called in a sentence.
func callShare(st team.Status) string { return clean(cmp.Or(st.Name, string(st.ID)[:8])) }

// shareRecord is how things stand with a shared vault, in JSON: part of the contract in docs/cli.md.
type shareRecord struct {
	ID        string          `json:"id"`
	Name      string          `json:"name"`
	State     string          `json:"state"` // joining, member, left, removed
	Ready     bool            `json:"ready"` // a member with all keys
	Role      string          `json:"role"`  // "" when no member
	Device    string          `json:"device"`
	Store     string          `json:"store"`
	People    int             `json:"people"`
	Devices   int             `json:"devices"`
	Accounts  int             `json:"accounts"`
	Conflicts int             `json:"conflicts"`
	Reenroll  int             `json:"reenroll"`
	Requests  int             `json:"requests"`
	Unsent    bool            `json:"unsent"`  // something written here is not on the storage yet
	Success   *string         `json:"success"` // last time the storage was reached, RFC 3339, UTC; null = never
	Findings  []findingRecord `json:"findings"`
}

// findingRecord is one thing that was found on the storage.
type findingRecord struct {
	Kind       string  `json:"kind"`
	Suspicious bool    `json:"suspicious"`
	Text       string  `json:"text"`
	Device     string  `json:"device"`
	Person     string  `json:"person"`
	By         string  `json:"by"`
	Object     string  `json:"object"`
	Known      int64   `json:"known"`
	Shown      int64   `json:"shown"`
	Entry      string  `json:"entry"`
	Since      *string `json:"since"` // RFC 3339, UTC
}

// syncRecord is a shareRecord with how a synchronisation ended.
type syncRecord struct {
	shareRecord
	Result  string `json:"result"` // in-step, offline, suspicious, failed
	Error   string `json:"error"`  // "" unless failed, or suspicious for what the storage answered
	Reason  string `json:"reason"` // the name of Error
	Offline bool   `json:"offline"`
	Gets    int    `json:"gets"`
	Puts    int    `json:"puts"`
	Deletes int    `json:"deletes"`
	Bytes   int64  `json:"bytes"`
}

// Results of a synchronisation.
const (
	inStep     = "in-step"
	offline    = "offline"
	suspicious = "suspicious"
	failed     = "failed"
)

func newShareRecord(s *team.Service, st team.Status) shareRecord {
	rec := shareRecord{
		ID: string(st.ID), Name: st.Name, State: string(st.State), Ready: st.Ready, Role: string(st.Role), Device: string(st.Me), Store: st.Where.String(),
		People: st.People, Devices: st.Devices, Accounts: st.Accounts, Conflicts: st.Conflicts, Reenroll: st.Reenroll, Requests: st.Requests,
		Unsent: st.Unsaid, Success: moment3339(st.Success), Findings: []findingRecord{},
	}
	name := namesOf(s, st.ID)
	for _, f := range st.Findings {
		rec.Findings = append(rec.Findings, findingRecord{
			Kind: string(f.Kind), Suspicious: f.Kind.Suspicious(), Text: model.FindingSentence(f, name), Device: string(f.Device), Person: name(f.Device),
			By: string(f.By), Object: f.Object, Known: f.Known, Shown: f.Shown, Entry: string(f.Entry), Since: moment3339(f.Since),
		})
	}
	return rec
}

// moment3339 is a time as JSON shows it; null for none.
func moment3339(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	text := rfc3339(t)
	return &text
}

// namesOf gives the names of the people of a shared vault, former members included.
func namesOf(s *team.Service, id share.VaultID) func(share.DeviceID) string {
	names := map[share.DeviceID]string{}
	if list, err := s.Members(id); err == nil {
		for _, m := range list {
			names[m.Device] = personOr(m.Person)
		}
	}
	if gone, people, err := s.Gone(id); err == nil {
		for i, g := range gone {
			names[g.Device] = personOr(people[i])
		}
	}
	return func(d share.DeviceID) string { return names[d] }
}

// personOr is what a person is called who may have given no name.
func personOr(p share.Person) string { return cmp.Or(p.Name, p.Device) }

// say tells of what was found on the storage and of what waits, after something else was done.
func (r *run) say(s *team.Service, rep team.Report) {
	st, err := s.Status(rep.ID)
	if err != nil {
		return
	}
	if rep.Offline {
		r.note("The storage of %s was not reached. It is saved here, and goes out with the next `tallystick share sync`.", callShare(st))
	}
	name := namesOf(s, rep.ID)
	for _, f := range rep.Findings {
		r.note("%s", clean(model.FindingSentence(f, name)))
	}
}

// shareDone prints how a shared vault stands after something was done to it: as JSON, or the sentence given.
func (r *run) shareDone(s *team.Service, rep team.Report, asJSON bool, format string, args ...any) error {
	if !asJSON {
		r.print(format, args...)
		_ = r.out.Flush() // what is noted comes after it; an error comes again at the end
		r.say(s, rep)
		return nil
	}
	rec, err := r.syncRecord(s, rep, nil)
	if err != nil {
		return err
	}
	return r.json(rec)
}

func (r *run) syncRecord(s *team.Service, rep team.Report, failure error) (syncRecord, error) {
	st, err := s.Status(rep.ID)
	if err != nil {
		return syncRecord{}, err
	}
	rec := syncRecord{shareRecord: newShareRecord(s, st), Offline: rep.Offline, Gets: rep.Gets, Puts: rep.Puts, Deletes: rep.Deletes, Bytes: rep.Bytes}
	switch {
	case failure != nil:
		rec.Result, rec.Reason = failed, reasonOf(failure)
		_, rec.Error, _ = explain(failure)
		if untrustworthy(failure) {
			rec.Result = suspicious
		}
	case rep.Offline:
		rec.Result, rec.Reason = offline, "offline"
	case !rep.InStep():
		rec.Result = suspicious
	default:
		rec.Result = inStep
	}
	return rec, nil
}

// untrustworthy reports whether an error says that the storage, or somebody on the way to it, did what it should not.
func untrustworthy(err error) bool {
	return errors.Is(err, store.ErrStorage) || errors.Is(err, store.ErrUntrusted) || errors.Is(err, store.ErrTooLarge) || errors.Is(err, store.ErrExists)
}

// vaultWord asks for exactly one word that names a shared vault.
func vaultWord(_ *cobra.Command, args []string) error {
	if len(args) != 1 || strings.TrimSpace(args[0]) == "" {
		return usage("Name one shared vault, by its name or its id. Put a name with spaces in quotes.")
	}
	return nil
}

// vaultAndDevice asks for two words, the second of which names a device.
func vaultAndDevice(_ *cobra.Command, args []string) error {
	if len(args) != 2 || strings.TrimSpace(args[0]) == "" || strings.TrimSpace(args[1]) == "" {
		return usage("Name one shared vault and one device. Put a name with spaces in quotes.")
	}
	return nil
}

func jsonFlag(cmd *cobra.Command, to *bool, what string) {
	cmd.Flags().SortFlags = false
	cmd.Flags().BoolVar(to, "json", false, "print a JSON "+what)
}
