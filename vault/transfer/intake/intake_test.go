package intake_test

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/png"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/otp"
	"github.com/tallystick/tallystick/vault/picture"
	"github.com/tallystick/tallystick/vault/secret"
	"github.com/tallystick/tallystick/vault/transfer"
	"github.com/tallystick/tallystick/vault/transfer/intake"
)

var now = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

// dice is randomness that is the same every time.
func dice() *rand.ChaCha8 { return rand.NewChaCha8([32]byte{1}) }

func entry(issuer, name, key string) transfer.Entry {
	return transfer.Entry{Issuer: issuer, Name: name, Params: otp.New(otp.TOTP, secret.FromString(key))}
}

func vaultOf(t testing.TB, random *rand.ChaCha8, entries ...transfer.Entry) *vault.Vault {
	t.Helper()
	v := vault.New()
	for _, e := range entries {
		if _, err := v.Add(intake.Becomes(e), random, now); err != nil {
			t.Fatal(err)
		}
	}
	return v
}

func verdicts(plan []intake.Item) string {
	var list []string
	for _, it := range plan {
		list = append(list, string(it.Verdict))
	}
	return strings.Join(list, " ")
}

func TestVerdicts(t *testing.T) {
	random := dice()
	hotp := entry("Counter", "c", "key of a counter")
	hotp.Params = otp.New(otp.HOTP, hotp.Params.Secret)
	hotp.Params.Counter = 5
	v := vaultOf(t, random, entry("Shop", "maria", "key 1"), entry("Bank", "joe", "key 2"), hotp)
	if err := v.Remove(v.Accounts()[1].ID, now); err != nil {
		t.Fatal(err)
	}
	longer := entry("Shop", "maria", "key 1")
	longer.Params.Digits = 8
	ahead := hotp
	ahead.Params.Counter = 9
	pin := transfer.Entry{Issuer: "P", Params: otp.New(otp.MOTP, secret.FromString("0123456789abcdef"))}
	plan := intake.Plan(v, []transfer.Entry{
		entry("Called otherwise", "x", "key 1"), // same key and settings
		entry(" shop", "MARIA ", "key 3"),       // same names
		longer,                                  // same names and key, other settings: other codes
		entry("New", "n", "key 4"),
		entry("New again", "n", "key 4"),
		entry("Bank", "joe", "key 2"), // in the trash
		ahead, pin,
	})
	if got := verdicts(plan); got != "same namesake namesake new twice same same pin" {
		t.Fatalf("%s", got)
	}
	if plan[0].There[0] != v.Accounts()[0].ID || plan[0].Trashed || plan[1].There[0] != v.Accounts()[0].ID {
		t.Errorf("%+v", plan[0].There)
	}
	if plan[4].Earlier != 3 || !plan[5].Trashed || !plan[6].Newer || plan[0].Newer {
		t.Errorf("%d, %t, %t", plan[4].Earlier, plan[5].Trashed, plan[6].Newer)
	}
	// One of two that are the same is enough.
	again, err := v.Add(intake.Becomes(entry("Twin", "t", "key 1")), random, now)
	if err != nil {
		t.Fatal(err)
	}
	if err := v.Remove(again.ID, now); err != nil {
		t.Fatal(err)
	}
	if it := intake.Plan(v, []transfer.Entry{entry("x", "", "key 1")})[0]; it.Trashed || len(it.There) != 2 {
		t.Errorf("%+v", it.There)
	}
	if live, _, _ := v.Count(); live != 2 {
		t.Error("planning changed the vault")
	}
}

// TestNothingIsOverwritten applies a plan and finds everything that was there as it was.
func TestNothingIsOverwritten(t *testing.T) {
	random := dice()
	v := vaultOf(t, random, entry("Shop", "maria", "key 1"))
	before := v.Clone()
	entries := []transfer.Entry{entry("Shop", "maria", "key 2"), entry("x", "y", "key 1"), entry("z", "", "key 3")}
	plan := intake.Plan(v, entries)
	var choices []intake.Choice
	for _, it := range plan {
		choices = append(choices, intake.Usual(it))
	}
	added, err := intake.Apply(v, plan, choices, random, now)
	if err != nil {
		t.Fatal(err)
	}
	if added[0].ID == "" || added[1].ID != "" || added[2].Issuer != "z" {
		t.Errorf("%v", added)
	}
	list := v.Accounts()
	if len(list) != 3 || !slices.Equal([]vault.ID{list[0].ID}, []vault.ID{before.Accounts()[0].ID}) || !list[0].Params.Same(before.Accounts()[0].Params) {
		t.Errorf("%v", list)
	}
	// The vault has keys of its own: wiping the import leaves them.
	r := transfer.Result{Entries: entries}
	r.Wipe()
	if v.Accounts()[1].Params.Secret.IsEmpty() {
		t.Error("wiping the import emptied an account")
	}
	// The same import again adds nothing.
	for _, it := range intake.Plan(v, []transfer.Entry{entry("Shop", "maria", "key 2"), entry("z", "", "key 3")}) {
		if it.Verdict.Adds() {
			t.Errorf("%s would be added again", it.Entry.Issuer)
		}
	}
}

func TestWhatComesAlong(t *testing.T) {
	random := dice()
	e := entry("GitHub", "GitHub: maria", "key 1")
	e.Tags, e.Favourite, e.Note, e.URL, e.Archived, e.Used = []string{"Work"}, true, "a note", "https://x.example", true, now
	e.Recovery = []secret.Bytes{secret.FromString("4kq7-m2xv"), secret.FromString("4KQ7 M2XV"), secret.FromString("9bn3-c8zt")}
	v := vault.New()
	plan := intake.Plan(v, []transfer.Entry{e})
	added, err := intake.Apply(v, plan, []intake.Choice{{Add: true, Recovery: true}}, random, now)
	if err != nil {
		t.Fatal(err)
	}
	a := added[0]
	if a.Issuer != "GitHub" || a.Name != "maria" || !a.Favourite || a.Note != "a note" || a.URL != e.URL || !a.Used.Equal(now) || !slices.Equal(a.Tags, []string{"Work", intake.ArchiveTag}) {
		t.Errorf("%+v", a)
	}
	if len(a.Recovery) != 1 || a.Recovery[0].Left() != 2 || a.Recovery[0].Origin.Service != "GitHub" {
		t.Errorf("%d sheets", len(a.Recovery))
	}
	if !slices.Equal(e.Tags, []string{"Work"}) {
		t.Error("the entry's tags were changed")
	}
}

// shade is a picture as a vault keeps it.
func shade(t *testing.T, n int) transfer.Icon {
	t.Helper()
	img := image.NewNRGBA(image.Rect(0, 0, 90, 90))
	r := rand.New(rand.NewPCG(uint64(n), 1))
	for i := range img.Pix {
		img.Pix[i] = byte(r.Uint32())
	}
	var out bytes.Buffer
	if err := png.Encode(&out, img); err != nil {
		t.Fatal(err)
	}
	return transfer.Icon{MIME: "image/png", Data: out.Bytes()}
}

// TestPictures: an icon becomes the account's picture, unless it is of no form a vault keeps, or the vault has so many that its file would
// become too large.
func TestPictures(t *testing.T) {
	random := dice()
	v := vault.New()
	icon := shade(t, 0)
	if len(icon.Data) > picture.MaxBytes {
		t.Fatalf("%d bytes", len(icon.Data))
	}
	var entries []transfer.Entry
	for i := range intake.MaxPictures/len(icon.Data) + 3 {
		e := entry("Shop", fmt.Sprint(i), fmt.Sprint("key ", i))
		e.Icon = icon
		entries = append(entries, e)
	}
	strange := entry("Strange", "x", "another key")
	strange.Icon = transfer.Icon{MIME: "image/gif", Data: []byte("GIF89a")}
	entries = append([]transfer.Entry{strange}, entries...)
	plan := intake.Plan(v, entries)
	var choices []intake.Choice
	for _, it := range plan {
		choices = append(choices, intake.Usual(it))
	}
	added, err := intake.Apply(v, plan, choices, random, now)
	if err != nil {
		t.Fatal(err)
	}
	kept, all := 0, 0
	for i, a := range added {
		all += len(a.Picture)
		if a.Picture != "" {
			kept++
		} else if i > 0 && (len(plan[i].Entry.Warnings) != 1 || len(entries[i].Warnings) != 0) {
			t.Error("a picture is lost and nothing said")
		}
	}
	if added[0].Picture != "" || added[1].Picture != string(icon.Data) || kept != len(added)-4 || all > intake.MaxPictures {
		t.Errorf("%d of %d pictures kept, %d bytes", kept, len(added), all)
	}
}

// An account that is there gets the picture it lacks, and nothing else of it changes; one that has a picture, lies in the trash or
// belongs to a shared vault stays as it is.
func TestPictureForAnAccountThatIsThere(t *testing.T) {
	random := dice()
	small := func(shade uint8) []byte {
		img := image.NewNRGBA(image.Rect(0, 0, 4, 4))
		img.Pix[0], img.Pix[3] = shade, 255
		var out bytes.Buffer
		if err := png.Encode(&out, img); err != nil {
			t.Fatal(err)
		}
		s, err := picture.Small(out.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		return []byte(s)
	}
	with := func(e transfer.Entry, shade uint8) transfer.Entry {
		e.Icon.Data = small(shade)
		return e
	}
	names := []string{"bare", "dressed", "trashed", "shared"}
	v := vaultOf(t, random, entry("bare", "a", "key 1"), with(entry("dressed", "a", "key 2"), 1), entry("trashed", "a", "key 3"), entry("shared", "a", "key 4"))
	before := v.Accounts()
	if err := v.Remove(before[2].ID, now); err != nil {
		t.Fatal(err)
	}
	of := before[3]
	of.Shared = strings.Repeat("ab", 16)
	if err := v.Put(of, now); err != nil {
		t.Fatal(err)
	}
	var entries []transfer.Entry
	for i := range names {
		entries = append(entries, with(entry("called otherwise", "x", fmt.Sprint("key ", i+1)), 9))
	}
	for _, take := range []bool{false, true} {
		plan := intake.Plan(v, entries)
		choices := make([]intake.Choice, len(plan))
		for i, it := range plan {
			if (it.Bare != "") != (i == 0) || it.Verdict != intake.Same {
				t.Errorf("%s: %q, %s", names[i], it.Bare, it.Verdict)
			}
			if take {
				choices[i] = intake.Usual(it)
			}
		}
		if _, err := intake.Apply(v, plan, choices, random, now); err != nil {
			t.Fatal(err)
		}
		got, _ := v.Account(before[0].ID)
		if (got.Picture == string(small(9))) != take || got.Issuer != "bare" || got.Name != "a" {
			t.Errorf("taken over: %v; %q %q has a picture of %d bytes", take, got.Issuer, got.Name, len(got.Picture))
		}
		if other, _ := v.Account(before[1].ID); other.Picture != before[1].Picture {
			t.Error("a picture was written over")
		}
	}
	if len(intake.Plan(v, entries)[0].Bare) != 0 {
		t.Error("offered again")
	}
}

func TestPINs(t *testing.T) {
	random := dice()
	e := transfer.Entry{Issuer: "P", Params: otp.New(otp.MOTP, secret.FromString("0123456789abcdef"))}
	v := vault.New()
	plan := intake.Plan(v, []transfer.Entry{e})
	if intake.Usual(plan[0]).Add {
		t.Error("it would be added without its PIN")
	}
	if _, err := intake.Apply(v, plan, []intake.Choice{{Add: true}}, random, now); !errors.Is(err, vault.ErrInvalid) {
		t.Errorf("%v", err)
	}
	if _, err := intake.Apply(v, plan, []intake.Choice{{Add: true, PIN: secret.FromString("1234")}}, random, now); err != nil {
		t.Error(err)
	}
	if !e.Params.PIN.IsEmpty() {
		t.Error("the entry got the PIN")
	}
}

// TestPlanAgreesWithTheVault compares the index with what the vault says one by one.
func TestPlanAgreesWithTheVault(t *testing.T) {
	random := dice()
	r := rand.New(random)
	some := func() transfer.Entry {
		e := entry(fmt.Sprint("i", r.IntN(5)), fmt.Sprint("n", r.IntN(5)), fmt.Sprint("key ", r.IntN(30)))
		e.Params.Digits = 6 + r.IntN(2)
		if r.IntN(4) == 0 {
			e.Params = otp.New(otp.Steam, e.Params.Secret)
		}
		return e
	}
	for range 50 {
		v := vault.New()
		for range r.IntN(20) {
			if _, err := v.Add(intake.Becomes(some()), random, now); err != nil {
				t.Fatal(err)
			}
		}
		var entries []transfer.Entry
		for range 20 {
			entries = append(entries, some())
		}
		for i, it := range intake.Plan(v, entries) {
			same := len(v.SameKey(it.Account.Params)) > 0
			if same != (it.Verdict == intake.Same) {
				t.Fatalf("%s, and the vault says %t", it.Verdict, same)
			}
			earlier := slices.IndexFunc(entries[:i], func(e transfer.Entry) bool { return e.Params.Same(entries[i].Params) })
			if !same && (earlier >= 0) != (it.Verdict == intake.Twice) || it.Verdict == intake.Twice && it.Earlier != earlier {
				t.Fatalf("%s of %d, and the earlier one is %d", it.Verdict, it.Earlier, earlier)
			}
			if it.Verdict == intake.Namesake != (!same && earlier < 0 && len(v.SameNames(it.Account.Issuer, it.Account.Name)) > 0) {
				t.Fatalf("%s", it.Verdict)
			}
		}
	}
}

func BenchmarkPlan(b *testing.B) {
	random := dice()
	v := vault.New()
	var entries []transfer.Entry
	for i := range 10_000 {
		if _, err := v.Add(intake.Becomes(entry("Shop", fmt.Sprint(i), fmt.Sprint("key ", i))), random, now); err != nil {
			b.Fatal(err)
		}
		entries = append(entries, entry("Shop", fmt.Sprint(i+5_000), fmt.Sprint("key ", i+5_000)))
	}
	for b.Loop() {
		intake.Plan(v, entries)
	}
}
