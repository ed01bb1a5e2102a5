package share

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tallystick/tallystick/vault/recovery"
	"github.com/tallystick/tallystick/vault/secret"
)

// TestRegistersThatAreRefused: every member of a vault can write what it likes, signed and encrypted as it should be. Each of these is wrong in
// one thing; the ones that are right show that nothing else is wrong with the others.
func TestRegistersThatAreRefused(t *testing.T) {
	sheet, digest := strings.Repeat("ab", 16), strings.Repeat("cd", 16)
	author := authorOne
	code := func(more string) string { // a key, and what else is said of it
		return `{"kind":"totp","secret":"MTIzNDU2Nzg5MDEyMzQ1Njc4OTA=","algorithm":"SHA1","digits":6,"period":30,` + more + `}`
	}
	knows := func(n int, digest string) string {
		one := `{"digest":"` + digest + `","wall":1}`
		return `[` + strings.Repeat(one+",", n-1) + one + `]`
	}
	past := func(n int, what string) string { return `[` + strings.Repeat(what+",", n-1) + what + `]` }
	former := func(epoch int64, by DeviceID, wall int64) string {
		return fmt.Sprintf(`{"kind":"totp","secret":"MTIzNDU2Nzg5MDEyMzQ1Njc4OTA=","algorithm":"SHA1","digits":6,"period":30,"epoch":%d,"by":"%s","wall":%d}`, epoch, by, wall)
	}
	tags := func(n int) string {
		var list []string
		for i := range n {
			list = append(list, fmt.Sprintf(`"t%d"`, i))
		}
		return `[` + strings.Join(list, ",") + `]`
	}
	long := func(n int) string { return `"` + strings.Repeat("ü", n) + `"` }
	for _, c := range []struct {
		account     AccountID
		name, value string
		want        error
	}{
		{accountOne, regOTP, code(`"epoch":1`), nil},
		{accountOne, regOTP, code(`"epoch":0`), ErrFormat},
		{accountOne, regOTP, code(fmt.Sprintf(`"epoch":%d`, maxEntries+1)), ErrFormat},
		{accountOne, regOTP, code(`"epoch":1,"more":1`), ErrFormat},
		{accountOne, regOTP + "/x", code(`"epoch":1`), ErrFormat},
		{accountOne, regOTP, code(`"epoch":1,"knows":` + knows(maxKnows, digest)), nil},
		{accountOne, regOTP, code(`"epoch":1,"knows":` + knows(maxKnows+1, digest)), ErrFormat},
		{accountOne, regOTP, code(`"epoch":1,"knows":` + knows(1, digest[2:])), ErrFormat},
		{accountOne, regOTP, code(`"epoch":1,"knows":[{"digest":"` + digest + `","wall":-1}]`), ErrFormat},
		{accountOne, regOTP, code(`"epoch":1,"horizon":{"wall":1}`), nil},
		{accountOne, regOTP, code(`"epoch":1,"horizon":{"wall":-1}`), ErrFormat},
		{accountOne, regOTP, code(`"epoch":1,"past":` + past(MaxPast, former(1, author, 1))), nil},
		{accountOne, regOTP, code(`"epoch":1,"past":` + past(MaxPast+1, former(1, author, 1))), ErrFormat},
		{accountOne, regOTP, code(`"epoch":1,"past":` + past(1, former(0, author, 1))), ErrFormat},
		{accountOne, regOTP, code(`"epoch":1,"past":` + past(1, former(maxEntries+1, author, 1))), ErrFormat},
		{accountOne, regOTP, code(`"epoch":1,"past":` + past(1, former(1, "x", 1))), ErrFormat},
		{accountOne, regOTP, code(`"epoch":1,"past":` + past(1, former(1, author, -1))), ErrFormat},
		{accountOne, regOTP, `{"kind":"manual","epoch":1}`, nil},
		{accountOne, regOTP, `{"kind":"manual","secret":"MTIz","epoch":1}`, ErrFormat},
		{accountOne, regOTP, `{"kind":"manual","pin":"1","epoch":1}`, ErrFormat},
		{accountOne, regOTP, `{"kind":"manual","algorithm":"SHA1","epoch":1}`, ErrFormat},
		{accountOne, regOTP, `{"kind":"manual","digits":6,"epoch":1}`, ErrFormat},
		{accountOne, regOTP, `{"kind":"manual","period":30,"epoch":1}`, ErrFormat},
		{accountOne, regOTP, `{"kind":"hotp","secret":"MTIzNDU2Nzg5MDEyMzQ1Njc4OTA=","algorithm":"SHA1","digits":6,"epoch":1}`, nil},
		{accountOne, regOTP, `{"kind":"hotp","secret":"MTIzNDU2Nzg5MDEyMzQ1Njc4OTA=","algorithm":"SHA1","digits":6,"period":30,"epoch":1}`, ErrFormat},
		{accountOne, regName, long(MaxLabel), nil},
		{accountOne, regName, long(MaxLabel + 1), ErrTooLarge},
		{accountOne, regIssuer, long(MaxLabel + 1), ErrTooLarge},
		{accountOne, regIcon, long(MaxIcon + 1), ErrTooLarge},
		{accountOne, regNote, long(MaxNote + 1), ErrTooLarge},
		{accountOne, regURL, long(MaxURL + 1), ErrTooLarge},
		{accountOne, regName, `7`, ErrFormat},
		{accountOne, regTags, tags(MaxTags), nil},
		{accountOne, regTags, tags(MaxTags + 1), ErrTooLarge},
		{accountOne, regTags, `["work","Work"]`, ErrFormat},
		{accountOne, regTags, `[" work"]`, ErrFormat},
		{accountOne, regTags, `[""]`, ErrFormat},
		{accountOne, regTags, `[` + long(MaxTag+1) + `]`, ErrTooLarge},
		{accountOne, regDeleted, `{"gone":true,"saw":{"name":{"wall":1,"author":"` + string(author) + `"}}}`, nil},
		{accountOne, regDeleted, `{"gone":true,"saw":{"NAME":{"wall":1,"author":"` + string(author) + `"}}}`, ErrFormat},
		{accountOne, regDeleted, `{"gone":true,"saw":{"name":{"wall":-1,"author":"` + string(author) + `"}}}`, ErrFormat},
		{accountOne, regDeleted, `{"gone":true,"saw":{"name":{"wall":1,"author":"x"}}}`, ErrFormat},
		{accountOne, regDeleted, `true`, ErrFormat},
		{accountOne, regUsed + sheet + "/0", `{"used":1}`, nil},
		{accountOne, regUsed + sheet + fmt.Sprintf("/%d", recovery.MaxKeys-1), `{"used":1}`, nil},
		{accountOne, regUsed + sheet + fmt.Sprintf("/%d", recovery.MaxKeys), `{"used":1}`, ErrFormat},
		{accountOne, regUsed + sheet + "/-1", `{"used":1}`, ErrFormat},
		{accountOne, regUsed + sheet + "/00", `{"used":1}`, ErrFormat},
		{accountOne, regUsed + sheet, `{"used":1}`, ErrFormat},
		{accountOne, regUsed + sheet[2:] + "/0", `{"used":1}`, ErrFormat},
		{accountOne, regUsed + sheet + "/0", `{"used":-1}`, ErrFormat},
		{accountOne, regUsed + sheet + "/0", `{}`, ErrFormat},
		{accountOne, regUsed + sheet + "/0", `{"used":1,"undo":{"wall":1,"author":"` + string(author) + `"}}`, ErrFormat},
		{accountOne, regUsed + sheet + "/0", `{"undo":{"wall":1,"author":"x"}}`, ErrFormat},
		{accountOne, regCounter + digest, `9223372036854775807`, nil},
		{accountOne, regCounter + digest, `9223372036854775808`, ErrFormat},
		{accountOne, regCounter + digest, `-1`, ErrFormat},
		{accountOne, regCounter + digest, `01`, ErrFormat},
		{accountOne, regCounter + digest[2:], `1`, ErrFormat},
		{accountOne, "sheet/" + sheet, `{"service":"s","added":1,"keys":["kq7mx-2vbnc"]}`, nil},
		{accountOne, "sheet/" + sheet, `{"gone":true}`, nil},
		{accountOne, "sheet/" + sheet, `{"gone":true,"keys":["kq7mx-2vbnc"]}`, ErrFormat},
		{accountOne, "sheet/" + sheet[2:], `{"gone":true}`, ErrFormat},
		{accountOne, "sheet/" + sheet, `{"service":"s","added":1}`, ErrFormat},
		{accountOne, "sheet/" + sheet, `{"service":"s","printed":-1,"added":1,"keys":["kq7mx-2vbnc"]}`, ErrFormat},
		{accountOne, "sheet/" + sheet, `{"service":` + long(MaxLabel+1) + `,"added":1,"keys":["kq7mx-2vbnc"]}`, ErrTooLarge},
		{Self, "person/" + string(author), `{"name":"Maria"}`, nil},
		{Self, "person/x", `{"name":"Maria"}`, ErrFormat},
		{Self, "person/" + string(author), `{"name":` + long(MaxLabel+1) + `}`, ErrTooLarge},
		{Self, "person/" + string(author), `{"name":"Maria","device":` + long(MaxLabel+1) + `}`, ErrTooLarge},
		{Self, "invite/0011223344556677", `{"key":"k","role":"editor","expires":1}`, nil},
		{Self, "invite/x", `{"key":"k","role":"editor","expires":1}`, ErrFormat},
		{Self, "invite/0011223344556677", `{"role":"owner","expires":1}`, ErrFormat},
		{Self, "invite/0011223344556677", `{"role":"editor","expires":-1}`, ErrFormat},
		{Self, "invite/0011223344556677", fmt.Sprintf(`{"role":"editor","expires":%d}`, maxWall), ErrFormat},
		{Self, "invite/0011223344556677", `{"key":"` + strings.Repeat("k", maxRecipient+1) + `","role":"editor","expires":1}`, ErrFormat},
		{accountOne, "later-one/2", `1`, nil},
		{accountOne, "later{", `1`, ErrFormat},
		{accountOne, "later.", `1`, ErrFormat},
		{accountOne, "later", `{"anything":[1]}`, nil}, // kept for programs that know it
		{accountOne, "Later", `1`, ErrFormat},
		{accountOne, "", `1`, ErrFormat},
		{accountOne, strings.Repeat("n", maxRegName+1), `1`, ErrFormat},
		{"x", regName, `"n"`, ErrFormat},
		{accountOne, "later", `"` + strings.Repeat("x", maxValue) + `"`, ErrTooLarge},
	} {
		if _, err := newRegister(c.account, c.name, version{Clock{Wall: 5}, author}, []byte(c.value)); !errors.Is(err, c.want) || err == nil && c.want != nil {
			t.Errorf("%.60s of %s = %.90s: %v, want %v", c.name, c.account, c.value, err, c.want)
		}
	}
	for _, v := range []version{{Clock{Wall: -1}, author}, {Clock{Wall: 1, Tick: -1}, author}, {Clock{Wall: maxWall}, author}, {Clock{Wall: 1}, "x"}} {
		if _, err := newRegister(accountOne, regName, v, []byte(`"n"`)); !errors.Is(err, ErrFormat) {
			t.Errorf("written at %+v by %s: %v", v.At, v.Author, err)
		}
	}
}

// TestRequestsThatAreRefused: whoever has an invite can put anything there, sealed and proved as it should be.
func TestRequestsThatAreRefused(t *testing.T) {
	tm := newTeam(t, Config{Crypto: newToy(89)}, 89)
	crypto, r := tm.cfg.Crypto, tm.devs[0]
	id, err := r.Invite(Editor, time.Hour, tm.now)
	tm.must(err)
	tm.sync(0)
	invite, err := r.InviteFor(id, "dir:/x")
	tm.must(err)
	guest := newReplica(tm.cfg, r.vault, r.chain.root)
	tm.must(guest.newDevice())
	for what, x := range map[string]struct {
		change func(*requestText)
		want   error
	}{
		"all right":                       {change: func(*requestText) {}},
		"for another vault":               {func(q *requestText) { q.Vault = VaultID(strings.Repeat("0a", 16)) }, ErrSwapped},
		"for another invite":              {func(q *requestText) { q.Invite = "0011223344556677" }, ErrSwapped},
		"of a later form":                 {func(q *requestText) { q.Format++ }, ErrNewer},
		"of no form":                      {func(q *requestText) { q.Format = 0 }, ErrFormat},
		"a device that is not of the key": {func(q *requestText) { q.Device = r.Me() }, ErrFormat},
		"another key to encrypt to":       {func(q *requestText) { q.Recipient = r.me.Recipient }, ErrFormat},
		"a person without end":            {func(q *requestText) { q.Person.Name = strings.Repeat("n", MaxLabel+1) }, ErrFormat},
		"a device without end":            {func(q *requestText) { q.Person.Device = strings.Repeat("n", MaxLabel+1) }, ErrFormat},
		"a time before 1970":              {func(q *requestText) { q.Time = -1 }, ErrFormat},
		"a time after all":                {func(q *requestText) { q.Time = maxWall }, ErrFormat},
		"a key of another device":         {func(q *requestText) { q.Public = r.me.Public }, ErrForged},
		"a recipient without end": {func(q *requestText) {
			q.Recipient = strings.Repeat("r", maxRecipient+1)
			q.Device = deviceOf(q.Public, q.Recipient)
		}, ErrFormat},
	} {
		q := requestText{
			Format: Format, Vault: r.vault, Invite: id, Device: guest.Me(), Public: guest.me.Public, Recipient: guest.me.Recipient,
			Person: Person{Name: "Guest"}, Time: millis(tm.now),
		}
		x.change(&q)
		stored, err := sealRequest(crypto, invite, guest.signer, q)
		tm.must(err)
		name, _ := parseName(r.vault, inboxName(r.vault, id, hashOf(stored)))
		got, err := openRequest(crypto, r.vault, name, stored, invite.key)
		if !errors.Is(err, x.want) || err == nil && (x.want != nil || got.Device != guest.Me()) {
			t.Errorf("%s: %v, want %v", what, err, x.want)
		}
	}
}

// TestInvitesThatAreRefused: each says one thing that cannot be.
func TestInvitesThatAreRefused(t *testing.T) {
	good := inviteText{
		Format: Format, Vault: VaultID(strings.Repeat("0a", 16)), Name: "Harbour", Genesis: hashOf([]byte("g")), Head: Head{3, hashOf([]byte("h"))},
		By: authorOne, Seen: Head{2, hashOf([]byte("s"))}, Where: "dir:/x", Invite: "0011223344556677", Role: Editor, Expires: millis(epoch), Key: "key",
	}
	for what, change := range map[string]func(*inviteText){
		"":                        func(*inviteText) {},
		"no vault":                func(i *inviteText) { i.Vault = "x" },
		"no beginning":            func(i *inviteText) { i.Genesis = "" },
		"no head":                 func(i *inviteText) { i.Head.Hash = "" },
		"a head before all":       func(i *inviteText) { i.Head.N = -1 },
		"nobody who invites":      func(i *inviteText) { i.By = "x" },
		"no id":                   func(i *inviteText) { i.Invite = "x" },
		"no role":                 func(i *inviteText) { i.Role = "owner" },
		"an end before 1970":      func(i *inviteText) { i.Expires = -1 },
		"an end after all":        func(i *inviteText) { i.Expires = maxWall },
		"seen less than nothing":  func(i *inviteText) { i.Seen.N = -1 },
		"seen more than there is": func(i *inviteText) { i.Seen.N = maxNumber + 1 },
		"seen it knows not what":  func(i *inviteText) { i.Seen.Hash = "x" },
		"no key":                  func(i *inviteText) { i.Key = "" },
		"a key without end":       func(i *inviteText) { i.Key = strings.Repeat("k", 257) },
		"a name without end":      func(i *inviteText) { i.Name = strings.Repeat("n", MaxLabel+1) },
		"a place without end":     func(i *inviteText) { i.Where = strings.Repeat("w", 4097) },
	} {
		i := good
		change(&i)
		body, err := marshal(i)
		if err != nil {
			t.Fatal(err)
		}
		_, err = ParseInvite(secret.FromString(InvitePrefix + base64.RawURLEncoding.EncodeToString(body)))
		if what == "" && err != nil {
			t.Errorf("one in which all is right: %v", err)
		} else if what != "" && !errors.Is(err, ErrInvite) {
			t.Errorf("%s: %v", what, err)
		}
	}
}
