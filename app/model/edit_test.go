package model_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/tallystick/tallystick/app/model"
	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/otp"
)

// save hands the form in and returns the problems.
func (w *world) save(e model.Edit) map[string]string {
	w.Helper()
	called := 0
	var problems map[string]string
	w.list.SaveEdit(e, func(p map[string]string) { called++; problems = p })
	w.loop.Settle()
	if called != 1 {
		w.Fatalf("done was called %d times", called)
	}
	return problems
}

func TestEdit(t *testing.T) {
	inWorld(t, func(w *world) {
		ids := w.open("", totp("Acme", "maria", 1))
		e := w.list.Edit(ids[0])
		if e.Issuer != "Acme" || e.Digits != "6" || e.Period != "30" || e.Algorithm != otp.SHA1 || e.Counter != "" {
			t.Fatalf("form %+v", e)
		}
		e.Issuer, e.Name, e.Note, e.URL = " Acme\u202e GmbH ", "maria@shop.example", "first line\nsecond", "portal.example/login"
		e.Tags, e.Favourite, e.Digits, e.Period = []string{" work ", "Work", "", "home"}, true, "8", "60"
		if p := w.save(*e); p != nil {
			t.Fatalf("problems %v", p)
		}
		r := w.row(ids[0])
		if r.Issuer != "Acme GmbH" || r.Name != "maria@shop.example" || r.Note != "first line\nsecond" || r.URL != "https://portal.example/login" ||
			!slices.Equal(r.Tags, []string{"work", "home"}) || !r.Favourite || r.Digits != 8 || r.Period != 60 {
			t.Errorf("row %+v", r)
		}
	})
}

func TestEditProblems(t *testing.T) {
	for name, c := range map[string]struct {
		change func(e *model.Edit)
		fields []string
	}{
		"no names":       {func(e *model.Edit) { e.Issuer, e.Name = " ", "" }, []string{"issuer"}},
		"too many":       {func(e *model.Edit) { e.Digits, e.Period = "11", "86401" }, []string{"digits", "period"}},
		"not numbers":    {func(e *model.Edit) { e.Digits, e.Period = "six", "" }, []string{"digits", "period"}},
		"algorithm":      {func(e *model.Edit) { e.Algorithm = "SHA3" }, []string{"algorithm"}},
		"script address": {func(e *model.Edit) { e.URL = "javascript://x/%0aalert(1)" }, []string{"url"}},
		"file address":   {func(e *model.Edit) { e.URL = "file:///etc/passwd" }, []string{"url"}},
		"no address":     {func(e *model.Edit) { e.URL = "my portal" }, []string{"url"}},
		"text key":       {func(e *model.Edit) { e.Kind = otp.MOTP }, []string{"kind"}},
		"no such kind":   {func(e *model.Edit) { e.Kind = "morse" }, []string{"kind"}},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				ids := w.open("", totp("Acme", "maria", 1))
				e := *w.list.Edit(ids[0])
				c.change(&e)
				p := w.save(e)
				if got := slices.Sorted(maps.Keys(p)); !slices.Equal(got, c.fields) {
					t.Errorf("problems %v, want with %q", p, c.fields)
				}
				if w.vault.Calls("update") != 0 {
					t.Error("the vault was touched")
				}
			})
		})
	}
}

func TestEditCounter(t *testing.T) {
	counter := func(w *world, id vault.ID) (n uint64) {
		w.vault.Content(func(v *vault.Vault) { a, _ := v.Account(id); n = a.Params.Counter })
		return n
	}
	inWorld(t, func(w *world) {
		ids := w.open("", hotp("Acme", "maria", 1))
		e := *w.list.Edit(ids[0])
		if e.Counter != "0" {
			t.Fatalf("form %+v", e)
		}
		w.list.NextHOTP(ids[0])
		w.loop.Settle()
		e.Note = "changed"
		if p := w.save(e); p != nil || counter(w, ids[0]) != 1 {
			t.Errorf("problems %v; a counter that nobody typed went back to %d", p, counter(w, ids[0]))
		}
		e = *w.list.Edit(ids[0])
		e.Counter = "99"
		if p := w.save(e); p != nil || counter(w, ids[0]) != 99 {
			t.Errorf("problems %v, counter %d", p, counter(w, ids[0]))
		}
		e = *w.list.Edit(ids[0])
		e.Counter = "-1"
		if p := w.save(e); p["counter"] == "" {
			t.Errorf("problems %v", p)
		}
	})
}

// Two windows change different fields of one account: both changes stay.
func TestEditMergesWithChangeFromOutside(t *testing.T) {
	inWorld(t, func(w *world) {
		ids := w.open("", totp("Acme", "maria", 1))
		e := *w.list.Edit(ids[0])
		w.vault.Outside(func(v *vault.Vault) {
			a, _ := v.Account(ids[0])
			a.Note = "from the other window"
			if err := v.Put(a, noon); err != nil {
				t.Error(err)
			}
		})
		w.loop.Settle()
		e.Name = "maria@shop.example"
		if p := w.save(e); p != nil {
			t.Fatalf("problems %v", p)
		}
		if r := w.row(ids[0]); r.Note != "from the other window" || r.Name != "maria@shop.example" {
			t.Errorf("row %+v", r)
		}
	})
}

func TestEditKind(t *testing.T) {
	inWorld(t, func(w *world) {
		ids := w.open("", totp("Steam", "maria", 1))
		e := *w.list.Edit(ids[0])
		e.Kind = otp.Steam
		if p := w.save(e); p != nil {
			t.Fatalf("problems %v", p)
		}
		if r := w.row(ids[0]); r.Kind != otp.Steam || len(r.Code) != 5 {
			t.Errorf("row %+v", r)
		}
		e = *w.list.Edit(ids[0])
		e.Kind = otp.Manual
		if p := w.save(e); p != nil {
			t.Fatalf("problems %v", p)
		}
		w.vault.Content(func(v *vault.Vault) {
			if a, _ := v.Account(ids[0]); a.Params.Kind != otp.Manual || !a.Params.Secret.IsEmpty() {
				t.Error("an account that makes no codes keeps its key")
			}
		})
	})
}

func TestEditOfGoneAccount(t *testing.T) {
	inWorld(t, func(w *world) {
		ids := w.open("", totp("Acme", "maria", 1))
		e := *w.list.Edit(ids[0])
		w.list.Remove(ids[0])
		w.loop.Settle()
		if w.list.Edit(ids[0]) != nil {
			t.Error("a form on what is in the trash")
		}
		if p := w.save(e); p[""] == "" {
			t.Errorf("problems %v", p)
		}
	})
}

func TestEditThatCannotBeSaved(t *testing.T) {
	inWorld(t, func(w *world) {
		ids := w.open("", totp("Acme", "maria", 1))
		w.vault.Fail("update", vault.ErrSave)
		e := *w.list.Edit(ids[0])
		e.Name = "other"
		if p := w.save(e); p[""] != model.Sentence(vault.ErrSave) {
			t.Errorf("problems %v", p)
		}
	})
}
