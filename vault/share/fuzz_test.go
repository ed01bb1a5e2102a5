package share

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/vault/otp"
	"github.com/tallystick/tallystick/vault/secret"
)

// ours reports whether an error is one of those a reader of hostile bytes may return.
func ours(err error) bool {
	return slices.ContainsFunc([]error{
		ErrFormat, ErrNewer, ErrTooLarge, ErrForeign, ErrForged, ErrSwapped, ErrDamaged, ErrNotPermitted, ErrUnknown, ErrInvite,
	}, func(e error) bool { return errors.Is(err, e) })
}

func FuzzName(f *testing.F) {
	v := VaultID(strings.Repeat("0a", 16))
	d := DeviceID(strings.Repeat("1b", 8))
	h := Hash(strings.Repeat("2c", 32))
	for _, name := range []string{
		ctlName(v, 0, h), ctlName(v, 12, h), keyName(v, 3, d, h), devName(v, d, 9, h), inboxName(v, InviteID(d), h), v.Folder() + "desktop.ini",
		v.Folder() + "dev/" + string(d) + "/01-" + string(h), v.Folder() + "ctl/1-" + string(h) + " (conflict)",
	} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		o, ok := parseName(v, name)
		if !ok {
			return
		}
		again := ""
		switch o.kind {
		case kindCtl:
			again = ctlName(v, o.n, o.hash)
		case kindKey:
			again = keyName(v, o.n, o.device, o.hash)
		case kindDev:
			again = devName(v, o.device, o.n, o.hash)
		case kindInbox:
			again = inboxName(v, o.invite, o.hash)
		}
		if again != name {
			t.Errorf("%q is read as %q", name, again)
		}
		for part := range strings.SplitSeq(name, "/") {
			if len(part) >= 90 {
				t.Errorf("a part of %d characters", len(part))
			}
		}
	})
}

// sample is a small team with something of everything, on cheap keys.
func sample(t testing.TB) *team {
	tm := newTeam(t, Config{Crypto: newToy(5)}, 5)
	b := tm.join(0, Editor)
	_, err := tm.devs[b].Put(account(1, "first key"), tm.now)
	tm.must(err)
	tm.settle()
	return tm
}

func FuzzEntry(f *testing.F) {
	tm := sample(f)
	r := tm.devs[0]
	for _, e := range r.chain.Entries() {
		f.Add(r.chain.Raw(e.Hash))
	}
	f.Add([]byte("AAAA\n{}"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		c := NewChain(r.cfg.Crypto, r.vault, r.chain.root)
		for _, e := range r.chain.Entries() {
			if _, err := c.Add(r.chain.Raw(e.Hash)); err != nil {
				t.Fatal(err)
			}
		}
		members := len(c.Standing().Members)
		added, err := c.Add(raw)
		if err != nil && !ours(err) {
			t.Errorf("%v", err)
		}
		if added || len(c.Standing().Members) != members {
			t.Error("bytes nobody signed changed the chain")
		}
	})
}

func FuzzContribution(f *testing.F) {
	tm := sample(f)
	r, by := tm.devs[0], tm.devs[1]
	key, _ := r.current()
	recipient, err := r.cfg.Crypto.Recipient(key.Identity)
	if err != nil {
		f.Fatal(err)
	}
	for name, stored := range tm.st.objects {
		if o, ok := parseName(r.vault, name); ok && o.kind == kindDev {
			plain, err := r.cfg.Crypto.Open(key.Identity, stored)
			if err != nil {
				f.Fatal(err)
			}
			_, body, err := split(plain)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(body)
		}
	}
	f.Add([]byte(`{"format":1,"registers":[[]]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		// Truly signed, and anything: what a member with a broken program may send.
		plain, err := sign(r.cfg.Crypto, by.signer, signedContribution, body)
		if err != nil {
			t.Fatal(err)
		}
		stored, err := r.cfg.Crypto.Seal(recipient, plain)
		if err != nil {
			t.Fatal(err)
		}
		o, ok := parseName(r.vault, devName(r.vault, by.Me(), 5, hashOf(stored)))
		if !ok {
			t.Fatal("no name")
		}
		c, err := r.keepers().open(o, stored)
		if err != nil {
			if !ours(err) && !errors.Is(err, errOutdated) {
				t.Errorf("%v", err)
			}
			return
		}
		content := NewContent()
		for _, g := range c.Registers {
			content.Merge(g)
		}
		for _, id := range content.Accounts() {
			if _, ok := content.Account(id); !ok {
				t.Error("an account that cannot be put together")
			}
		}
		again, err := c.seal(r.cfg.Crypto, by.signer, key)
		if err != nil {
			t.Fatal(err)
		}
		o, _ = parseName(r.vault, devName(r.vault, by.Me(), 5, hashOf(again)))
		if _, err := r.keepers().open(o, again); err != nil {
			t.Errorf("what was read cannot be written: %v", err)
		}
	})
}

func FuzzKeys(f *testing.F) {
	tm := sample(f)
	r := tm.devs[1]
	f.Add([]byte(`{"format":1,"vault":"x","epoch":1,"device":"x","by":"x","time":0,"keys":[{"epoch":1,"identity":"x"}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		plain, err := sign(r.cfg.Crypto, tm.devs[0].signer, signedKeys, body)
		if err != nil {
			t.Fatal(err)
		}
		stored, err := r.cfg.Crypto.Seal(r.me.Recipient, plain)
		if err != nil {
			t.Fatal(err)
		}
		o, _ := parseName(r.vault, keyName(r.vault, 1, r.Me(), hashOf(stored)))
		if _, _, err := r.keepers().openKeys(o, stored, r.identity); err != nil && !ours(err) {
			t.Errorf("%v", err)
		}
	})
}

func FuzzInvite(f *testing.F) {
	tm := newTeam(f, Config{Crypto: newToy(6)}, 6)
	id, err := tm.devs[0].Invite(Editor, inviteLife, tm.now)
	tm.must(err)
	tm.sync(0)
	i, err := tm.devs[0].InviteFor(id, "s3:https://s3.example.com/bucket")
	tm.must(err)
	text, err := i.Text()
	tm.must(err)
	f.Add(text.Reveal())
	code, err := i.Code()
	tm.must(err)
	f.Add(code.Reveal())
	f.Add([]byte("TALLYSTICK-SHARE:2:e30"))
	f.Add([]byte(" tallystick-share:1:e30 "))
	f.Fuzz(func(t *testing.T, line []byte) {
		i, err := ParseInvite(secret.New(bytes.Clone(line)))
		if err != nil {
			if !ours(err) {
				t.Errorf("%v", err)
			}
			return
		}
		text, err := i.Text()
		if err != nil {
			t.Fatal(err)
		}
		code, err := i.Code()
		if err != nil {
			t.Fatal(err)
		}
		for _, written := range []secret.Bytes{text, code} {
			again, err := ParseInvite(written)
			if err != nil || again.ID != i.ID || !again.key.Equal(i.key) || again.Where != i.Where {
				t.Errorf("it came back as %v, %v", again, err)
			}
		}
	})
}

func FuzzRequest(f *testing.F) {
	tm := newTeam(f, Config{Crypto: newToy(7)}, 7)
	r := tm.devs[0]
	key, err := r.cfg.Crypto.NewIdentity()
	tm.must(err)
	recipient, err := r.cfg.Crypto.Recipient(key)
	tm.must(err)
	f.Add([]byte(`{"format":1,"vault":"x","invite":"x","device":"x","public":"","recipient":"","person":{"name":"x"},"time":0,"proof":""}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		plain, err := sign(r.cfg.Crypto, r.signer, signedRequest, body)
		if err != nil {
			t.Fatal(err)
		}
		stored, err := r.cfg.Crypto.Seal(recipient, plain)
		if err != nil {
			t.Fatal(err)
		}
		o, _ := parseName(r.vault, inboxName(r.vault, "0011223344556677", hashOf(stored)))
		_, err = openRequest(r.cfg.Crypto, r.vault, o, stored, key)
		switch {
		case err == nil:
			t.Error("a request without the one-time key was taken")
		case !ours(err):
			t.Errorf("%v", err)
		}
	})
}

func FuzzReplica(f *testing.F) {
	tm := sample(f)
	for _, r := range tm.devs {
		text, err := r.Encode()
		tm.must(err)
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := Decode(tm.cfg, text)
		if err != nil {
			if !ours(err) {
				t.Errorf("%v", err)
			}
			return
		}
		if _, err := r.Encode(); err != nil {
			t.Error(err)
		}
		r.State()
		r.Members()
		r.Log()
		r.Reenroll()
	})
}

// FuzzMerge merges registers in two orders and in two halves: the result has to be the same.
func FuzzMerge(f *testing.F) {
	f.Add(uint64(1), uint8(10))
	f.Add(uint64(2), uint8(200))
	f.Fuzz(func(t *testing.T, seed uint64, n uint8) {
		rng := rand.New(rand.NewPCG(seed, 3))
		list := make([]*Register, 0, n)
		for range n {
			list = append(list, randomRegister(t, rng))
		}
		one, two, left, right := NewContent(), NewContent(), NewContent(), NewContent()
		for i, r := range list {
			one.Merge(r)
			half := left
			if i%2 == 0 {
				half = right
			}
			half.Merge(r)
		}
		rng.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
		for _, r := range append(list, list...) {
			two.Merge(r)
		}
		for _, r := range right.Registers() {
			left.Merge(r)
		}
		for name, other := range map[string]*Content{"another order, and twice": two, "two halves": left} {
			if d := difference(one, other); d != "" {
				t.Fatalf("%s gives another result:\n%s", name, d)
			}
		}
	})
}

// randomRegister makes registers that meet: few accounts, authors and moments. Ancestors are older, as everywhere.
func randomRegister(t *testing.T, rng *rand.Rand) *Register {
	id := AccountID(strings.Repeat([]string{"a", "b"}[rng.IntN(2)], 32))
	by := DeviceID(strings.Repeat([]string{"1", "2", "3"}[rng.IntN(3)], 16))
	v := version{Clock{Wall: 100 + rng.Int64N(20), Tick: rng.Int64N(2)}, by}
	name := []string{regOTP, regOTP, regOTP, regIssuer, regDeleted, usedName(strings.Repeat("c", 32), 0), regCounter + strings.Repeat("d", 32)}[rng.IntN(7)]
	// One device writes one thing at one moment, however often it is drawn.
	rng = rand.New(rand.NewPCG(uint64(v.At.Wall*2+v.At.Tick)<<8|uint64(by[0]), uint64(len(name))<<8|uint64(id[0])))
	params := func(i int) otp.Params { return otp.New(otp.TOTP, secret.FromString(strings.Repeat("k", 1+i))) }
	var value []byte
	var err error
	switch plainName(name) {
	case regOTP:
		// Every value has its own moment, and knows all before it up to some moment: so is what people write.
		at := int(v.At.Wall-100)*6 + int(v.At.Tick)*3 + int(by[0]-'1')
		c := &code{params: params(at), epoch: 1}
		if since := rng.Int64N(20); rng.IntN(2) == 0 {
			c.horizon = Clock{Wall: min(100+since, v.At.Wall-1)}
		}
		value, err = encodeCode(c)
	case regIssuer:
		value, err = encodeText([]string{"x", "y"}[rng.IntN(2)])
	case regDeleted:
		value, err = marshal(deletedText{Gone: rng.IntN(2) == 0})
	case "used":
		u := usedText{Used: 1}
		if rng.IntN(2) == 0 {
			u = usedText{Undo: &versionText{Wall: v.At.Wall - 1 - rng.Int64N(5), Author: by}}
		}
		value, err = marshal(u)
	default:
		value = []byte([]string{"1", "2", "3"}[rng.IntN(3)])
	}
	if err != nil {
		t.Fatal(err)
	}
	r, err := newRegister(id, name, v, value)
	if err != nil {
		t.Fatal(err)
	}
	return r
}
