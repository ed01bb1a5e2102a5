package share

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tallystick/tallystick/vault/otp"
	"github.com/tallystick/tallystick/vault/recovery"
	"github.com/tallystick/tallystick/vault/secret"
)

var updateVectors = flag.Bool("update-vectors", false, "make testdata/v1 anew; what it held before has to stay readable as well")

// vector is what testdata/v1/vector.json says, for another implementer: what a reader needs, and what has to come out. The storage
// it reads lies beside it, as objects under their names. Everything in it is for tests: the keys are published here.
type vector struct {
	Comment  string
	Vault    VaultID
	Genesis  Hash
	Reader   vectorDevice // the device whose keys open the storage
	Devices  []vectorDevice
	Epochs   []vectorEpoch
	Head     Head
	Words    map[string]string // of two devices
	Members  map[DeviceID]Role
	Gone     map[DeviceID]int64 // the last contribution that counts
	Content  json.RawMessage    // all registers that stand
	Accounts []vectorAccount
	Invite   string // one that was used
	Now      time.Time
}

type vectorDevice struct {
	Device    DeviceID
	Signer    []byte `json:",omitempty"` // Ed25519 seed
	Identity  string `json:",omitempty"` // age
	Public    []byte
	Recipient string
}

type vectorEpoch struct {
	Epoch    int64
	Identity string
	Commit   Hash
}

type vectorAccount struct {
	ID       AccountID
	Issuer   string
	Name     string
	Code     string // at Now
	Deleted  bool
	Conflict int
	Digest   string // of its value of otp
}

const vectorDir = "testdata/v1"

func TestVector(t *testing.T) {
	if *updateVectors {
		makeVector(t)
	}
	text, err := os.ReadFile(filepath.Join(vectorDir, "vector.json"))
	if err != nil {
		t.Fatal(err)
	}
	var v vector
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	st := newShelf()
	root := filepath.Join(vectorDir, "storage")
	err = filepath.WalkDir(root, func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		data, err := os.ReadFile(path)
		st.objects[filepath.ToSlash(name)] = data
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	// A reader that has nothing but its keys, the id and the genesis.
	r := newReplica(Config{}, v.Vault, v.Genesis)
	r.identity, r.signer = secret.FromString(v.Reader.Identity), secret.New(v.Reader.Signer)
	if err := r.deriveMe(); err != nil {
		t.Fatal(err)
	}
	if r.Me() != v.Reader.Device {
		t.Errorf("the keys are those of %s, want %s", r.Me(), v.Reader.Device)
	}
	view, err := r.Pull(context.Background(), st, v.Now)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range view.Findings {
		if f.Kind != Restored { // it has forgotten what it wrote itself
			t.Errorf("found: %+v", f)
		}
	}
	s := r.chain.Standing()
	if s.Head != v.Head {
		t.Errorf("head %v, want %v", s.Head, v.Head)
	}
	if len(s.Members) != len(v.Members) || len(s.Gone) != len(v.Gone) {
		t.Errorf("%d members, %d gone", len(s.Members), len(s.Gone))
	}
	for d, role := range v.Members {
		if s.Members[d].Role != role {
			t.Errorf("%s is %q, want %q", d, s.Members[d].Role, role)
		}
	}
	for d, seq := range v.Gone {
		if s.Gone[d].Seq != seq {
			t.Errorf("%s counts up to %d, want %d", d, s.Gone[d].Seq, seq)
		}
	}
	var keys []vectorEpoch
	for _, k := range slices.Backward(r.keys) {
		keys = append(keys, vectorEpoch{k.Epoch, string(k.Identity.Reveal()), commitOf(k.Identity)})
	}
	if !slices.Equal(keys, v.Epochs) {
		t.Errorf("epoch keys differ")
	}
	content, err := r.content.Encode()
	if err != nil {
		t.Fatal(err)
	}
	var want bytes.Buffer
	if err := json.Compact(&want, v.Content); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(content, want.Bytes()) {
		t.Errorf("content:\n%s\nwant\n%s", content, want.Bytes())
	}
	for i, id := range r.Accounts() {
		a, _ := r.Account(id)
		w := v.Accounts[i]
		code, err := a.Params.Code(v.Now)
		if err != nil || a.ID != w.ID || a.Issuer != w.Issuer || a.Name != w.Name || code != w.Code || a.Deleted.IsZero() == w.Deleted ||
			len(a.Conflict) != w.Conflict || digestOf(withoutCounter(a.Params)) != w.Digest {
			t.Errorf("account %s %s: %s, want %+v (%v)", id, a.Issuer, code, w, err)
		}
	}
	device := map[DeviceID]Member{}
	for _, d := range v.Devices {
		device[d.Device] = Member{Public: d.Public, Recipient: d.Recipient}
		if got := deviceOf(d.Public, d.Recipient); got != d.Device {
			t.Errorf("device %s, want %s", got, d.Device)
		}
	}
	for pair, words := range v.Words {
		a, b, _ := strings.Cut(pair, " ")
		for _, got := range []string{Words(v.Vault, device[DeviceID(a)], device[DeviceID(b)]), Words(v.Vault, device[DeviceID(b)], device[DeviceID(a)])} {
			if got != words {
				t.Errorf("words %q, want %q", got, words)
			}
		}
	}
	if i, err := ParseInvite(secret.FromString(v.Invite)); err != nil || i.Vault != v.Vault || i.Genesis != v.Genesis {
		t.Errorf("invite %v, %v", i, err)
	}
}

func withoutCounter(p otp.Params) otp.Params {
	p.Counter = 0
	return p
}

// makeVector plays a small team and writes down everything.
func makeVector(t *testing.T) {
	t.Helper()
	tm := newTeam(t, Config{}, 11)
	editor := tm.join(0, Editor)
	admin := tm.join(0, Admin)
	tm.settle()
	v := vector{
		Comment: "A small team of format 1. The reader has its two keys, the vault's id and the hash of its genesis; it reads storage/ and has to arrive at content. All keys are published, and of no use.",
		Vault:   tm.devs[0].vault, Genesis: tm.devs[0].chain.root, Words: map[string]string{}, Members: map[DeviceID]Role{}, Gone: map[DeviceID]int64{},
	}
	a := account(1, "first key of account")
	a.Note, a.Tags, a.URL = "Ä „note“\nof two lines", []string{"phones", "desk"}, "https://pbx.example.com/"
	a.Sheets = recovery.Sheets{{ID: strings.Repeat("5c", 16), Origin: recovery.Origin{Service: "Harbour"}, Added: epoch, Keys: []recovery.Key{
		{Text: secret.FromString("aaaa-1111")}, {Text: secret.FromString("bbbb-2222"), Used: epoch.Add(time.Hour)},
	}}}
	hotp := account(2, "second key of a list")
	hotp.Params = otp.New(otp.HOTP, secret.FromString("second key of a list"))
	hotp.Params.Counter = 41
	for _, x := range []Account{a, hotp, account(3, "third key of account")} {
		_, err := tm.devs[editor].Put(x, tm.now)
		tm.must(err)
	}
	tm.settle()
	// A conflict.
	for i, key := range map[int]string{0: "one person's new key", admin: "another one's, later"} {
		x, _ := tm.devs[i].Account(a.ID)
		x.Params = otp.New(otp.TOTP, secret.FromString(key))
		_, err := tm.devs[i].Put(x, tm.now)
		tm.must(err)
	}
	tm.must(tm.devs[admin].Delete(account(3, "").ID, tm.now))
	tm.settle()
	// Somebody goes, and a key with him.
	tm.must(tm.devs[0].Remove(tm.devs[editor].Me(), tm.now))
	tm.settle()
	hotp.Params.Counter = 45
	_, err := tm.devs[0].Put(hotp, tm.now)
	tm.must(err)
	id, err := tm.devs[0].Invite(Viewer, time.Hour, tm.now)
	tm.must(err)
	tm.settle()
	invite, err := tm.devs[0].InviteFor(id, "s3:https://s3.example.com/desk")
	tm.must(err)
	text, err := invite.Text()
	tm.must(err)
	v.Invite = string(text.Reveal())

	r := tm.devs[admin]
	v.Now = tm.now.UTC().Truncate(time.Second)
	v.Head = r.chain.Standing().Head
	for i, d := range tm.devs {
		x := vectorDevice{Device: d.Me(), Public: d.me.Public, Recipient: d.me.Recipient}
		v.Devices = append(v.Devices, x)
		if i == admin {
			x.Signer, x.Identity = d.signer.Reveal(), string(d.identity.Reveal())
			v.Reader = x
		}
	}
	for _, k := range slices.Backward(r.keys) {
		v.Epochs = append(v.Epochs, vectorEpoch{k.Epoch, string(k.Identity.Reveal()), k.Commit})
	}
	v.Words[string(tm.devs[0].Me())+" "+string(r.Me())], err = r.Words(tm.devs[0].Me())
	tm.must(err)
	for d, m := range r.chain.Standing().Members {
		v.Members[d] = m.Role
	}
	for d, g := range r.chain.Standing().Gone {
		v.Gone[d] = g.Seq
	}
	if v.Content, err = r.content.Encode(); err != nil {
		t.Fatal(err)
	}
	for _, id := range r.Accounts() {
		a, _ := r.Account(id)
		code, err := a.Params.Code(v.Now)
		tm.must(err)
		v.Accounts = append(v.Accounts, vectorAccount{id, a.Issuer, a.Name, code, !a.Deleted.IsZero(), len(a.Conflict), digestOf(withoutCounter(a.Params))})
	}
	out, err := json.MarshalIndent(v, "", " ")
	tm.must(err)
	tm.must(os.RemoveAll(vectorDir))
	tm.must(os.MkdirAll(vectorDir, 0o755))
	tm.must(os.WriteFile(filepath.Join(vectorDir, "vector.json"), append(out, '\n'), 0o644))
	for name, data := range tm.st.objects {
		path := filepath.Join(vectorDir, "storage", filepath.FromSlash(name))
		tm.must(os.MkdirAll(filepath.Dir(path), 0o755))
		tm.must(os.WriteFile(path, data, 0o644))
	}
}
