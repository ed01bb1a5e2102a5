package share

import (
	"errors"
	"testing"

	"github.com/tallystick/tallystick/vault/secret"
)

// TestContributionsThatAreRefused: each is encrypted with a key of the vault and signed by a member who misuses it, or whose object somebody
// put elsewhere, and each is wrong in one thing.
func TestContributionsThatAreRefused(t *testing.T) {
	tm, a, b, _, d := admins(t, 23)
	old := a.keys[0]
	tm.must(a.Rotate(tm.now))
	tm.settle()
	k := a.keepers()
	good := func() contribution {
		r, err := newRegister(Self, regName, version{Clock{Wall: millis(tm.now)}, b.Me()}, []byte(`"another name"`))
		tm.must(err)
		return contribution{
			Format: Format, Vault: a.vault, Epoch: a.keys[0].Epoch, Device: b.Me(), Seq: 50, Head: a.chain.Standing().Head, Time: millis(tm.now),
			Seen: map[DeviceID]Head{}, Registers: []*Register{r},
		}
	}
	// read opens what is said by a signer under a key, in the place of a device.
	read := func(c contribution, by *Replica, key EpochKey, device DeviceID, seq int64) error {
		t.Helper()
		stored, err := c.seal(tm.cfg.Crypto, by.signer, key)
		tm.must(err)
		name, ok := parseName(a.vault, devName(a.vault, device, seq, hashOf(stored)))
		if !ok {
			t.Fatal("no name")
		}
		_, err = k.open(name, stored)
		return err
	}
	if err := read(good(), b, a.keys[0], b.Me(), 50); err != nil {
		t.Fatalf("one in which all is right: %v", err)
	}
	for what, x := range map[string]struct {
		change func(*contribution)
		by     *Replica
		key    EpochKey
		at     DeviceID
		seq    int64
		want   error
	}{
		"another vault":               {change: func(c *contribution) { c.Vault = VaultID("0123456789abcdef0123456789abcdef") }, want: ErrSwapped},
		"another epoch than its key":  {change: func(c *contribution) { c.Epoch = old.Epoch }, want: ErrSwapped},
		"an old key":                  {key: old, want: ErrSwapped},
		"another device than signed":  {change: func(c *contribution) { c.Device = d.Me() }, want: ErrSwapped},
		"the place of another device": {at: d.Me(), want: ErrSwapped},
		"another number":              {seq: 51, want: ErrSwapped},
		"signed by another member":    {by: d, want: ErrSwapped},
		"signed by nobody":            {by: &Replica{signer: mustSigner(t, tm)}, want: ErrForged},
		"a head nobody knows":         {change: func(c *contribution) { c.Head.Hash = hashOf([]byte("x")) }, want: ErrUnknown},
		"an author nobody knows": {change: func(c *contribution) {
			c.Registers[0].Author = DeviceID("00112233445566ff")
		}, want: ErrUnknown},
		"a later format": {change: func(c *contribution) { c.Format = Format + 1 }, want: ErrNewer},
		"no time":        {change: func(c *contribution) { c.Time = -1 }, want: ErrFormat},
	} {
		c := good()
		if x.change != nil {
			x.change(&c)
		}
		by, key, at, seq := b, a.keys[0], b.Me(), int64(50)
		if x.by != nil {
			by = x.by
		}
		if x.key.Commit != "" {
			key = x.key
		}
		if x.at != "" {
			at = x.at
		}
		if x.seq != 0 {
			seq = x.seq
		}
		if err := read(c, by, key, at, seq); !errors.Is(err, x.want) || err == nil && x.want != nil {
			t.Errorf("%s: %v, want %v", what, err, x.want)
		}
	}
	// Before and after the role of its author changed: what knows of the change is not permitted, what does not is of no use.
	before := good()
	tm.must(a.SetRole(b.Me(), Viewer, tm.now))
	if err := read(before, b, a.keys[0], b.Me(), 50); !errors.Is(err, errOutdated) {
		t.Errorf("written before its author became a viewer: %v", err)
	}
	if err := read(good(), b, a.keys[0], b.Me(), 50); !errors.Is(err, ErrNotPermitted) {
		t.Errorf("written as a viewer: %v", err)
	}
	was := a.keys[0]
	tm.must(a.Remove(b.Me(), tm.now))
	k = a.keepers()
	if err := read(before, b, was, b.Me(), 50); !errors.Is(err, ErrNotPermitted) {
		t.Errorf("of a removed device, after the last one that counts: %v", err)
	}
	last := k.chain.Standing().Gone[b.Me()].Seq
	for n, want := range map[int64]error{last: nil, last + 1: ErrNotPermitted} {
		c := before
		c.Seq = n
		if err := read(c, b, was, b.Me(), n); !errors.Is(err, want) || err == nil && want != nil {
			t.Errorf("number %d of a removed device, of which %d count: %v, want %v", n, last, err, want)
		}
	}
}

func mustSigner(t *testing.T, tm *team) secret.Bytes {
	t.Helper()
	s, err := tm.cfg.Crypto.NewSigner()
	tm.must(err)
	return s
}

// TestKeysThatAreRefused is the same for wrapped keys.
func TestKeysThatAreRefused(t *testing.T) {
	tm, a, b, _, d := admins(t, 29)
	key := a.keys[0]
	stranger, err := a.newEpochKey(key.Epoch)
	tm.must(err)
	good := func() keyring {
		return keyring{Format: Format, Vault: a.vault, Epoch: key.Epoch, Device: b.Me(), By: a.Me(), Time: millis(tm.now), Keys: []keyText{{key.Epoch, string(key.Identity.Reveal())}}}
	}
	for what, x := range map[string]struct {
		change func(*keyring)
		by     *Replica
		want   error
		keys   int
	}{
		"all right":               {keys: 1},
		"another vault":           {change: func(r *keyring) { r.Vault = VaultID("0123456789abcdef0123456789abcdef") }, want: ErrSwapped},
		"another device":          {change: func(r *keyring) { r.Device = d.Me() }, want: ErrSwapped},
		"another epoch":           {change: func(r *keyring) { r.Epoch++ }, want: ErrSwapped},
		"a key of another epoch":  {change: func(r *keyring) { r.Keys[0].Epoch++ }, want: ErrSwapped},
		"signed by somebody else": {by: d, want: ErrForged},
		"by nobody of the vault":  {change: func(r *keyring) { r.By = DeviceID("00112233445566ff") }, want: ErrUnknown},
		"no keys":                 {change: func(r *keyring) { r.Keys = []keyText{} }, want: ErrFormat},
		"a key the chain does not know of": {change: func(r *keyring) {
			r.Keys = append(r.Keys, keyText{key.Epoch, string(stranger.Identity.Reveal())})
		}, keys: 1},
	} {
		ring, by := good(), a
		if x.change != nil {
			x.change(&ring)
		}
		if x.by != nil {
			by = x.by
		}
		stored, err := sealKeys(tm.cfg.Crypto, by.signer, ring, b.me.Recipient)
		tm.must(err)
		name, _ := parseName(a.vault, keyName(a.vault, key.Epoch, b.Me(), hashOf(stored)))
		keys, all, err := b.keepers().openKeys(name, stored, b.identity)
		if all != (x.want == nil && what == "all right") {
			t.Errorf("%s: all of them are known: %v", what, all)
		}
		if !errors.Is(err, x.want) || err == nil && x.want != nil || len(keys) != x.keys {
			t.Errorf("%s: %d keys, %v, want %v", what, len(keys), err, x.want)
		}
	}
}
