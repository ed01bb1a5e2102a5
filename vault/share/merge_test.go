package share

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tallystick/tallystick/vault/otp"
	"github.com/tallystick/tallystick/vault/recovery"
	"github.com/tallystick/tallystick/vault/secret"
)

var (
	accountOne = AccountID(strings.Repeat("a1", 16))
	authorOne  = DeviceID(strings.Repeat("0b", 8))
	authorTwo  = DeviceID(strings.Repeat("0c", 8))
)

func at(second int64) Clock { return Clock{Wall: second * 1000} }

func register(t *testing.T, name string, at Clock, by DeviceID, value string) *Register {
	t.Helper()
	r, err := newRegister(accountOne, name, version{at, by}, []byte(value))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return r
}

// stands merges two registers in both orders, and wants one of them to stand.
func stands(t *testing.T, want, other *Register) {
	t.Helper()
	for _, order := range [][]*Register{{want, other}, {other, want}, {want, other, want}} {
		c := NewContent()
		for _, r := range order {
			c.Merge(r)
		}
		if got := c.cells[accountOne][want.Name]; len(got) != 1 || !got[0].same(want) {
			t.Errorf("%s: %d stand, and not %s", want.Name, len(got), want.value.Reveal())
		}
	}
}

func TestWhichRegisterStands(t *testing.T) {
	digest := strings.Repeat("ab", 16)
	sheet := strings.Repeat("5e", 16)
	// The later one, whatever it says; at one moment the greater device, whatever the order.
	stands(t, register(t, regName, at(2), authorOne, `"a"`), register(t, regName, at(1), authorTwo, `"b"`))
	stands(t, register(t, regName, at(1), authorTwo, `"a"`), register(t, regName, at(1), authorOne, `"b"`))
	stands(t, register(t, regName, Clock{1000, 1}, authorOne, `"a"`), register(t, regName, Clock{1000, 0}, authorTwo, `"b"`))
	// A counter never goes back, however late the lower one was written.
	stands(t, register(t, regCounter+digest, at(1), authorOne, "9"), register(t, regCounter+digest, at(5), authorTwo, "8"))
	stands(t, register(t, regCounter+digest, at(1), authorOne, "100"), register(t, regCounter+digest, at(5), authorTwo, "99"))
	// That a recovery key was used wins over taking back another use of it, earlier or later, and only the use that is meant is taken back.
	used := func(second int64, by DeviceID) *Register {
		return register(t, regUsed+sheet+"/0", at(second), by, `{"used":`+strconv.FormatInt(second*1000, 10)+`}`)
	}
	undo := func(second, of int64, author DeviceID) *Register {
		return register(t, regUsed+sheet+"/0", at(second), authorOne, fmt.Sprintf(`{"undo":{"wall":%d,"author":"%s"}}`, of*1000, author))
	}
	stands(t, undo(9, 1, authorTwo), used(1, authorTwo))
	stands(t, used(5, authorTwo), undo(9, 1, authorTwo))
	if _, err := newRegister(accountOne, regUsed+sheet+"/0", version{at(1), authorOne}, []byte(fmt.Sprintf(`{"undo":{"wall":5000,"author":"%s"}}`, authorTwo))); !errors.Is(err, ErrFormat) {
		t.Errorf("a use that is still to come was taken back: %v", err)
	}
	// A secret that does not know the other: both; one that knows it, also by its time alone.
	code := func(second int64, by DeviceID, secretByte string, more string) *Register {
		return register(t, regOTP, at(second), by, `{"kind":"totp","secret":"`+secretByte+`","algorithm":"SHA1","digits":6,"period":30,"epoch":1`+more+`}`)
	}
	one := code(1, authorOne, "MDEyMzQ1Njc4OQ==", "")
	c := NewContent()
	c.Merge(one)
	c.Merge(code(2, authorTwo, "OTg3NjU0MzIxMA==", ""))
	if len(c.cells[accountOne][regOTP]) != 2 {
		t.Error("of two secrets that do not know each other one is lost")
	}
	stands(t, code(2, authorTwo, "OTg3NjU0MzIxMA==", `,"knows":[{"digest":"`+one.code.digest+`","wall":1000}]`), one)
	stands(t, code(2, authorTwo, "OTg3NjU0MzIxMA==", `,"horizon":{"wall":1000}`), one)
}

// TestSixteenAncestorsAndFivePasts: somebody changes a secret over and over, and each time somebody else had not heard of it.
func TestSixteenAncestorsAndFivePasts(t *testing.T) {
	tm, a, b, _, _ := admins(t, 31)
	params := func(n int) otp.Params { return otp.New(otp.TOTP, secret.FromString(fmt.Sprintf("secret %013d", n))) }
	put := func(r *Replica, n int) {
		t.Helper()
		account, ok := r.Account(accountOne)
		if !ok {
			account = Account{ID: accountOne, Issuer: "x"}
		}
		account.Params = params(n)
		tm.now = tm.now.Add(time.Minute)
		_, err := r.Put(account, tm.now)
		tm.must(err)
	}
	who := func(n int) *Replica { return []*Replica{a, b}[n%2] }
	for n := range 24 {
		put(who(n), n)
		written := tm.now
		tm.sync(slices.Index(tm.devs, who(n)))
		tm.sync(slices.Index(tm.devs, who(n+1)))
		got, _ := a.Account(accountOne)
		if len(got.Past) != min(n, 5) || len(got.Conflict) != 0 {
			t.Fatalf("after %d changes: %d former values, %d in conflict", n, len(got.Past), len(got.Conflict))
		}
		for i, p := range got.Past {
			if digestOf(p.Params) != digestOf(params(n-1-i)) || p.By != who(n-1-i).Me() || written.Sub(p.At) < time.Minute {
				t.Errorf("after %d changes: former value %d is by %s of %s", n, i, p.By, p.At)
			}
		}
		cell := who(n).content.cells[accountOne][regOTP][0].code
		if len(cell.knows) != min(n, 16) || (cell.horizon != Clock{}) != (n > 16) {
			t.Errorf("after %d changes: %d ancestors, horizon %v", n, len(cell.knows), cell.horizon)
		}
	}
	// Somebody who was away since the third of them comes back with that: it is known, by its time.
	old := a.content.cells[accountOne][regOTP][0]
	value, err := encodeCode(&code{params: params(2), epoch: 1})
	tm.must(err)
	late, err := newRegister(accountOne, regOTP, version{Clock{Wall: 1}, b.Me()}, value)
	tm.must(err)
	if a.content.Merge(late) || len(a.content.cells[accountOne][regOTP]) != 1 || a.content.cells[accountOne][regOTP][0] != old {
		t.Error("a value from before all ancestors came back")
	}
}

// TestDeletedAccounts: what the deleter knew stays deleted, what it did not know brings the account back, and a spent code does not.
func TestDeletedAccounts(t *testing.T) {
	tm, a, b, _, _ := admins(t, 37)
	account := Account{ID: accountOne, Issuer: "x", Params: otp.New(otp.HOTP, secret.FromString("0123456789")),
		Sheets: recovery.Sheets{{ID: strings.Repeat("5e", 16), Added: epoch, Keys: []recovery.Key{{Text: secret.FromString("one-1111")}}}}}
	_, err := a.Put(account, tm.now)
	tm.must(err)
	tm.settle()
	deleted := func(r *Replica) bool {
		t.Helper()
		got, ok := r.Account(accountOne)
		if !ok {
			t.Fatal("the account is not there at all")
		}
		return !got.Deleted.IsZero()
	}
	for _, x := range []struct {
		name string
		edit func(*Account)
		back bool
	}{
		{"a code was used", func(a *Account) { a.Params.Counter += 3 }, false},
		{"a recovery key was used", func(a *Account) { a.Sheets[0].Keys[0].Used = tm.now }, false},
		{"it was renamed", func(a *Account) { a.Name = "new name" }, true},
		{"another secret", func(a *Account) { a.Params.Secret = secret.FromString("9876543210") }, true},
		{"other tags", func(a *Account) { a.Tags = []string{"tag"} }, true},
	} {
		tm.now = tm.now.Add(time.Minute)
		tm.must(a.Delete(accountOne, tm.now))
		got, _ := b.Account(accountOne)
		x.edit(&got)
		_, err := b.Put(got, tm.now.Add(-30*time.Second)) // before it was deleted, and without having heard of that
		tm.must(err)
		tm.settle()
		if deleted(a) == x.back || deleted(b) == x.back {
			t.Errorf("%s: deleted %v and %v", x.name, deleted(a), deleted(b))
		}
		if deleted(a) {
			tm.must(b.Restore(accountOne, tm.now))
		}
		tm.settle()
		if deleted(a) || deleted(b) {
			t.Fatalf("%s: it was not brought back", x.name)
		}
		tm.same()
	}
	// Known, and deleted after it: gone for everybody, and kept.
	tm.must(a.Delete(accountOne, tm.now.Add(time.Hour)))
	tm.settle()
	if !deleted(b) {
		t.Error("deleted, and still there")
	}
}

// TestWhatToEnrollAgain: only another secret takes an account off the list, and the one that was known puts it back on.
func TestWhatToEnrollAgain(t *testing.T) {
	tm, a, b, c, _ := admins(t, 47)
	one, two := secret.FromString("the first secret"), secret.FromString("another secret!!")
	set := func(r *Replica, change func(*otp.Params)) {
		t.Helper()
		account, ok := r.Account(accountOne)
		if !ok {
			account = Account{ID: accountOne, Issuer: "x", Params: otp.New(otp.TOTP, one.Clone())}
		}
		change(&account.Params)
		tm.now = tm.now.Add(time.Minute)
		_, err := r.Put(account, tm.now)
		tm.must(err)
		tm.settle()
	}
	listed := func(what string, want bool) {
		t.Helper()
		for _, r := range []*Replica{a, b} {
			list := r.Reenroll()
			if (len(list) == 1) != want || want && (len(list[0].To) != 1 || list[0].To[0] != c.Me() || list[0].Account != accountOne) {
				t.Errorf("%s: %+v", what, list)
			}
		}
	}
	set(a, func(*otp.Params) {})
	listed("nobody left", false)
	tm.must(a.Remove(c.Me(), tm.now))
	tm.settle()
	listed("one was removed", true)
	set(b, func(p *otp.Params) { p.Digits = 8 })
	listed("the same secret with eight digits", true)
	set(b, func(p *otp.Params) { p.Secret = two.Clone() })
	listed("another secret", false)
	set(a, func(p *otp.Params) { p.Secret = one.Clone() })
	listed("the first one again", true)
	set(b, func(p *otp.Params) { p.Secret = secret.FromString("a third secret!!") })
	listed("a third one", false)
	// Forth and back before anybody else heard of it.
	tm.must(a.Remove(b.Me(), tm.now))
	tm.settle()
	account, _ := a.Account(accountOne)
	known := account.Params.Secret.Clone()
	for i, s := range []secret.Bytes{two, known} {
		account.Params.Secret = s.Clone()
		_, err := a.Put(account, tm.now.Add(time.Duration(i+1)*time.Minute))
		tm.must(err)
	}
	tm.settle()
	if list := a.Reenroll(); len(list) != 1 || !slices.Contains(list[0].To, b.Me()) {
		t.Errorf("forth and back: %+v", list)
	}
	tm.must(a.Delete(accountOne, tm.now.Add(time.Hour)))
	tm.settle()
	if list := a.Reenroll(); len(list) != 0 {
		t.Errorf("deleted: %+v", list)
	}
}

// TestASecretNobodyHeardOf: one that was set before somebody was removed, and went out after that, is not on the list.
func TestASecretNobodyHeardOf(t *testing.T) {
	tm, a, _, c, _ := admins(t, 53)
	account := Account{ID: accountOne, Issuer: "x", Params: otp.New(otp.TOTP, secret.FromString("0123456789"))}
	_, err := a.Put(account, tm.now)
	tm.must(err)
	tm.must(a.Remove(c.Me(), tm.now))
	account.Params.Digits = 8
	_, err = a.Put(account, tm.now.Add(time.Minute))
	tm.must(err)
	tm.settle()
	if list := a.Reenroll(); len(list) != 0 {
		t.Errorf("to enroll again: %+v", list)
	}
}
