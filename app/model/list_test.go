package model_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tallystick/tallystick/app/model"
	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/otp"
)

func TestSearch(t *testing.T) {
	tagged := totp("Globex", "root", 5)
	tagged.Tags = []string{"Zürich office"}
	noted := totp("Hooli", "gavin", 6)
	noted.Note = "the spare login of the Müller project"
	accounts := []vault.Account{
		totp("Acme", "maria@shop.example", 1), totp("Yeastar P-Series", "superadmin", 2),
		totp("B3Networks", "maria@shop.example", 3), totp("Café Ångström", "łukasz", 4), tagged, noted,
		totp("", "nameless", 7), totp("ＦＵＬＬ Width", "x", 8), totp("Straße", "y", 9), totp("Macmearia", "z", 10),
	}
	for _, c := range []struct {
		query string
		want  []string
	}{
		{"", []string{"Acme maria@shop.example", "B3Networks maria@shop.example", "Café Ångström łukasz", "ＦＵＬＬ Width x", "Globex root", "Hooli gavin", "Macmearia z", "nameless", "Straße y", "Yeastar P-Series superadmin"}},
		{"acme", []string{"Acme maria@shop.example", "Macmearia z"}}, // a title's beginning before a substring
		{"ACME", []string{"Acme maria@shop.example", "Macmearia z"}},
		{"maria", []string{"Acme maria@shop.example", "B3Networks maria@shop.example"}},
		{"maria b3", []string{"B3Networks maria@shop.example"}}, // any order
		{"b3 maria", []string{"B3Networks maria@shop.example"}},
		{"  b3\t maria ", []string{"B3Networks maria@shop.example"}},
		{"shop.example", []string{"Acme maria@shop.example", "B3Networks maria@shop.example"}},
		{"cafe angstrom", []string{"Café Ångström łukasz"}},
		{"CAFÉ", []string{"Café Ångström łukasz"}},
		{"lukasz", []string{"Café Ångström łukasz"}},
		{"full", []string{"ＦＵＬＬ Width x"}},
		{"strasse", []string{"Straße y"}},
		{"zurich", []string{"Globex root"}},       // tag
		{"muller spare", []string{"Hooli gavin"}}, // note
		{"series", []string{"Yeastar P-Series superadmin"}},
		{"admin", []string{"Yeastar P-Series superadmin"}},
		{"nameless", []string{"nameless"}},
		{"acme yeastar", nil},
		{"example b3networks maria q", nil},
		{"office zurich globex", []string{"Globex root"}}, // words of different fields
		{"root zurich office", []string{"Globex root"}},
		{"rootzurich", nil}, // no match across fields
		{"root\nzürich", []string{"Globex root"}},
	} {
		t.Run(c.query, func(t *testing.T) {
			inWorld(t, func(w *world) {
				w.open("", accounts...)
				w.list.SetQuery(c.query)
				w.wantTitles(c.want...)
				if w.list.Query() != c.query {
					t.Errorf("query %q", w.list.Query())
				}
			})
		})
	}
}

// "pro": a title that begins with it, then a word that does, then the inside of one.
func TestSearchRanks(t *testing.T) {
	inWorld(t, func(w *world) {
		w.open("", totp("Approval", "a", 1), totp("Best Provider", "b", 2), totp("Provider", "c", 3), totp("Aardvark", "pro@x", 4))
		w.list.SetQuery("pro")
		w.wantTitles("Provider c", "Aardvark pro@x", "Best Provider b", "Approval a")
	})
}

func TestSelectionSurvivesSearch(t *testing.T) {
	inWorld(t, func(w *world) {
		ids := w.open("", totp("Acme", "a", 1), totp("Beta", "b", 2))
		w.list.Select(ids[0])
		w.list.SetQuery("beta")
		if id, ok := w.list.Selected(); !ok || id != ids[0] || w.list.Index(ids[0]) != -1 || w.list.Index(ids[1]) != 0 {
			t.Errorf("selected %v %v, places %d %d", id, ok, w.list.Index(ids[0]), w.list.Index(ids[1]))
		}
		w.list.SetQuery("")
		if w.list.Index(ids[0]) != 0 {
			t.Errorf("place %d", w.list.Index(ids[0]))
		}
		w.list.Select("")
		if _, ok := w.list.Selected(); ok {
			t.Error("still selected")
		}
		w.list.Select("no such account")
		if _, ok := w.list.Selected(); ok {
			t.Error("something that is not there is selected")
		}
	})
}

func TestFilters(t *testing.T) {
	fav := totp("Acme", "a", 1)
	fav.Favourite = true
	tagged := totp("Beta", "b", 2)
	tagged.Tags = []string{"Work", "home"}
	inWorld(t, func(w *world) {
		w.open("", fav, tagged, manual("Gamma", "c"))
		if got := w.list.Tags(); !slices.Equal(got, []string{"home", "Work"}) {
			t.Errorf("tags %q", got)
		}
		if !w.list.HasManual() {
			t.Error("the manual account is not seen")
		}
		for _, c := range []struct {
			f    model.Filter
			want []string
		}{
			{model.Filter{Favourites: true}, []string{"Acme a"}},
			{model.Filter{Manual: true}, []string{"Gamma c"}},
			{model.Filter{Tag: "work"}, []string{"Beta b"}},
			{model.Filter{Tag: "Work", Favourites: true}, nil},
			{model.Filter{}, []string{"Acme a", "Beta b", "Gamma c"}},
		} {
			w.list.SetFilter(c.f)
			if got := w.titles(); !slices.Equal(got, c.want) {
				t.Errorf("%+v: rows %q, want %q", c.f, got, c.want)
			}
		}
		w.list.SetFilter(model.Filter{Tag: "Work"})
		w.list.SetQuery("acme")
		if w.list.Len() != 0 || w.list.Total() != 3 {
			t.Errorf("%d of %d rows", w.list.Len(), w.list.Total())
		}
	})
}

func TestSortByName(t *testing.T) {
	inWorld(t, func(w *world) {
		w.open("", totp("item 10", "", 1), totp("Zebra", "", 2), totp("Item 2", "", 3), totp("Äpfel", "", 4), totp("Apfelbaum", "", 5),
			totp("", "Beta", 6), totp("Acme", "user10", 7), totp("Acme", "user9", 8), totp("Acme Inc", "a", 9))
		w.wantTitles("Acme user9", "Acme user10", "Acme Inc a", "Äpfel", "Apfelbaum", "Beta", "Item 2", "item 10", "Zebra")
	})
}

func TestSortByUseAndOwnOrder(t *testing.T) {
	a, b, c := totp("Alpha", "", 1), totp("Beta", "", 2), totp("Gamma", "", 3)
	c.Used = noon.Add(-time.Hour)
	inWorld(t, func(w *world) {
		ids := w.open("", b, a, c)
		w.list.SetSort(model.ByUsed)
		w.wantTitles("Gamma", "Alpha", "Beta")

		// Using one must not move rows under the pointer that copies …
		w.list.Copy(ids[0])
		w.loop.Settle()
		w.wantTitles("Gamma", "Alpha", "Beta")
		w.tick(60) // … nor when the time of use is saved …
		if w.vault.Calls("update") != 1 {
			t.Errorf("%d saves", w.vault.Calls("update"))
		}
		w.wantTitles("Gamma", "Alpha", "Beta")
		w.list.SetQuery("a") // … but with the next search
		w.list.SetQuery("")
		w.wantTitles("Beta", "Gamma", "Alpha")

		w.list.SetSort(model.ByOwn)
		w.wantTitles("Beta", "Alpha", "Gamma")
		w.list.Move(ids[2], ids[0])
		w.loop.Settle()
		w.wantTitles("Gamma", "Beta", "Alpha")
		w.list.Move(ids[2], "")
		w.loop.Settle()
		w.wantTitles("Beta", "Alpha", "Gamma")
		w.tick(2)
		if stored, _ := w.settings.Load(); stored.Sort != model.ByOwn || w.list.Sort() != model.ByOwn {
			t.Errorf("stored order %q", stored.Sort)
		}
	})
}

func TestRowShowsCodes(t *testing.T) {
	a := totp("Acme", "maria", 1)
	inWorld(t, func(w *world) {
		ids := w.open("", a)
		check := func(at int, remaining int, next bool) {
			t.Helper()
			r := w.row(ids[0])
			now := noon.Add(time.Duration(at) * time.Second)
			if r.Code != codeAt(t, a, now) || r.Remaining != remaining || r.Period != 30 {
				t.Errorf("at %d s: code right %v, remaining %d, period %d", at, r.Code == codeAt(t, a, now), r.Remaining, r.Period)
			}
			want := ""
			if next {
				want = codeAt(t, a, now.Add(30*time.Second))
			}
			if r.Next != want {
				t.Errorf("at %d s: next %q, want %q", at, r.Next, want)
			}
		}
		check(0, 30, false)
		w.loop.Jump(noon.Add(19 * time.Second))
		check(19, 11, false)
		w.loop.Jump(noon.Add(20 * time.Second))
		check(20, 10, true)
		w.loop.Jump(noon.Add(29*time.Second + 999*time.Millisecond))
		check(29, 1, true)
		w.loop.Jump(noon.Add(30 * time.Second))
		check(30, 30, false)
		w.loop.Jump(noon.Add(300 * time.Second)) // not the step after
		check(300, 30, false)
		w.loop.Jump(noon.Add(-3600 * time.Second)) // the clock was set back
		check(-3600, 30, false)
	})
}

func TestRowOfKinds(t *testing.T) {
	short := vault.Account{Issuer: "Motp", Params: otp.New(otp.MOTP, pass("0123456789abcdef"))}
	short.Params.PIN = pass("1234")
	inWorld(t, func(w *world) {
		ids := w.open("", manual("Bank", "x"), hotp("Counter", "y", 1), short)
		if r := w.row(ids[0]); r.Code != "" || r.Hidden || r.Remaining != 0 || r.Kind != otp.Manual {
			t.Errorf("manual: %+v", r)
		}
		if r := w.row(ids[1]); r.Code != "" || r.Hidden || r.Period != 0 {
			t.Errorf("hotp: %+v", r)
		}
		if r := w.row(ids[2]); r.Code == "" || r.Period != 10 || r.Next != "" {
			t.Errorf("motp right after a change: code there %v, period %d, next %q", r.Code != "", r.Period, r.Next)
		}
		w.loop.Jump(noon.Add(7 * time.Second))
		if w.row(ids[2]).Next == "" {
			t.Error("motp in the last third shows no next code")
		}
		if got := w.list.Row(99); !slices.Equal([]string{string(got.ID), got.Issuer}, []string{"", ""}) {
			t.Errorf("row out of range: %+v", got)
		}
	})
}

func TestHiddenCodes(t *testing.T) {
	a := totp("Acme", "maria", 1)
	inWorld(t, func(w *world) {
		ids := w.open("", a)
		p := w.s.Settings().Prefs()
		p.HideCodes = true
		w.s.Settings().Set(p)
		w.loop.Jump(noon.Add(25 * time.Second))
		if r := w.row(ids[0]); !r.Hidden || r.Code != "" || r.Next != "" || r.Remaining != 5 || r.Digits != 6 {
			t.Errorf("hidden row %+v", r)
		}
		w.list.Copy(ids[0])
		w.loop.Settle()
		if w.clipboard() != codeAt(t, a, noon) || w.row(ids[0]).Code != "" {
			t.Error("a hidden code is copied without being shown")
		}
		w.list.Reveal(ids[0])
		if r := w.row(ids[0]); r.Hidden || r.Code == "" || r.Next == "" {
			t.Errorf("revealed row %+v", r)
		}
		w.tick(29)
		if w.row(ids[0]).Hidden {
			t.Error("hidden again too early")
		}
		w.tick(1)
		if !w.row(ids[0]).Hidden {
			t.Error("still shown after 30 s")
		}
	})
}

// What a QR code's author puts into a name must not change how the list reads.
func TestNamesOfStrangers(t *testing.T) {
	inWorld(t, func(w *world) {
		a := totp("Ac\u202eme\u2066\u0007", "ma\nria\u200b\u00ad\ufeff", 1)
		ids := w.open("", a)
		w.vault.Outside(func(v *vault.Vault) {})
		w.loop.Settle()
		r := w.row(ids[0])
		if r.Issuer != "Acme" || strings.ContainsAny(r.Name, "\n\u200b\u00ad\ufeff") {
			t.Errorf("row %q %q", r.Issuer, r.Name)
		}
	})
}

func TestGroup(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "1": "1", "12345": "12345", "492039": "492 039", "1234567": "123 4567", "12345678": "1234 5678",
		"123456789": "123 456 789", "1234567890": "123 456 7890", "R4B5Q": "R4B5Q", "abcdefgh": "abcdefgh", "a1b2c3": "a1b2c3",
		"12345678901": "12345678901",
	} {
		if got := model.Group(in); got != want {
			t.Errorf("Group(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestNextHOTP(t *testing.T) {
	a := hotp("Acme", "maria", 1)
	inWorld(t, func(w *world) {
		ids := w.open("", a)
		release := w.vault.Hold("hotp")
		w.list.NextHOTP(ids[0])
		w.list.NextHOTP(ids[0]) // a double click
		w.loop.Settle()
		if w.row(ids[0]).Code != "" {
			t.Fatal("the code is shown before the counter is on disk")
		}
		release()
		w.loop.Settle()
		counter := func() (n uint64) {
			w.vault.Content(func(v *vault.Vault) { a, _ := v.Account(ids[0]); n = a.Params.Counter })
			return n
		}
		if got := w.row(ids[0]).Code; got != codeAt(t, a, noon) || counter() != 1 {
			t.Errorf("code right %v, counter %d", got == codeAt(t, a, noon), counter())
		}
		w.list.Copy(ids[0])
		w.loop.Settle()
		if w.clipboard() != codeAt(t, a, noon) || counter() != 1 {
			t.Errorf("copying the code on show moved the counter to %d", counter())
		}
		w.tick(29)
		if w.row(ids[0]).Code == "" {
			t.Error("gone too early")
		}
		w.tick(2)
		if w.row(ids[0]).Code != "" {
			t.Error("still on show")
		}
		w.list.Copy(ids[0]) // none on show: the next one
		w.loop.Settle()
		a.Params.Counter = 1
		if w.clipboard() != codeAt(t, a, noon) || counter() != 2 {
			t.Errorf("clipboard right %v, counter %d", w.clipboard() == codeAt(t, a, noon), counter())
		}
	})
}

func TestNextHOTPThatCannotBeSaved(t *testing.T) {
	inWorld(t, func(w *world) {
		ids := w.open("", hotp("Acme", "maria", 1))
		w.vault.Fail("hotp", vault.ErrSave)
		w.list.NextHOTP(ids[0])
		w.loop.Settle()
		if w.row(ids[0]).Code != "" || !w.notice().Error {
			t.Errorf("code %q, notice %+v", w.row(ids[0]).Code, w.notice())
		}
		w.vault.Fail("hotp", nil)
		w.list.NextHOTP(ids[0])
		w.loop.Settle()
		if w.row(ids[0]).Code == "" {
			t.Error("no code after the trouble was over")
		}
	})
}

func TestRemoveUndoRestorePurge(t *testing.T) {
	inWorld(t, func(w *world) {
		ids := w.open("", totp("Acme", "a", 1), totp("Beta", "b", 2), totp("Gamma", "c", 3))
		w.list.Select(ids[1])
		w.list.Remove(ids[1])
		w.loop.Settle()
		w.wantTitles("Acme a", "Gamma c")
		if id, _ := w.list.Selected(); id != ids[2] {
			t.Errorf("selected %q, want the row below", id)
		}
		n := w.notice()
		wantText(t, "notice", n.Text, "Removed Beta (b)", "30 days")
		if n.Undo == nil {
			t.Fatal("no undo")
		}
		if got := w.list.Trash(); len(got) != 1 || got[0].DaysLeft != 30 || got[0].Issuer != "Beta" {
			t.Errorf("trash %+v", got)
		}
		n.Undo()
		w.loop.Settle()
		w.wantTitles("Acme a", "Beta b", "Gamma c")
		if id, _ := w.list.Selected(); id != ids[1] || len(w.list.Trash()) != 0 {
			t.Errorf("selected %q, trash %+v", id, w.list.Trash())
		}

		w.list.Select(ids[2])
		w.list.Remove(ids[2])
		w.loop.Settle()
		if id, _ := w.list.Selected(); id != ids[1] {
			t.Errorf("selected %q, want the row above", id)
		}
		w.loop.Jump(noon.Add(29*24*time.Hour + time.Hour))
		if got := w.list.Trash(); len(got) != 1 || got[0].DaysLeft != 1 {
			t.Errorf("trash %+v", got)
		}
		w.list.Purge(ids[2])
		w.loop.Settle()
		if len(w.list.Trash()) != 0 {
			t.Errorf("trash %+v", w.list.Trash())
		}
		w.list.Restore(ids[2])
		w.loop.Settle()
		if !w.notice().Error {
			t.Errorf("restoring what is gone for ever: %+v", w.notice())
		}
	})
}

func TestOldTrashGoesAtStart(t *testing.T) {
	inWorld(t, func(w *world) {
		ids := w.vault.Fill("", totp("Acme", "a", 1), totp("Beta", "b", 2))
		w.vault.Content(func(v *vault.Vault) {
			for i, days := range []int{31, 3} {
				if err := v.Remove(ids[i], noon.Add(-time.Duration(days)*24*time.Hour)); err != nil {
					t.Fatal(err)
				}
			}
		})
		w.begin()
		if got := w.list.Trash(); len(got) != 1 || got[0].Issuer != "Beta" || got[0].DaysLeft != 27 {
			t.Errorf("trash %+v", got)
		}
	})
}

func TestFailedChangeIsTold(t *testing.T) {
	inWorld(t, func(w *world) {
		ids := w.open("", totp("Acme", "a", 1))
		w.vault.Fail("update", fmt.Errorf("disk: %w", vault.ErrSave))
		w.list.Remove(ids[0])
		w.list.SetFavourite(ids[0], true)
		w.loop.Settle()
		if len(w.notices) != 2 || !w.notice().Error {
			t.Errorf("notices %+v", w.notices)
		}
		w.wantTitles("Acme a")
		w.list.Remove("no such account")
		wantText(t, "notice", w.notice().Text, "not there any more")
	})
}

// Changes asked for one after the other happen in that order.
func TestChangesKeepTheirOrder(t *testing.T) {
	inWorld(t, func(w *world) {
		ids := w.open("", totp("Acme", "a", 1))
		release := w.vault.Hold("update")
		w.list.SetFavourite(ids[0], true)
		for i := range 20 {
			e := *w.list.Edit(ids[0])
			e.Note = fmt.Sprint(i)
			w.list.SaveEdit(e, func(map[string]string) {})
		}
		release()
		w.loop.Settle()
		if got := w.row(ids[0]).Note; got != "19" {
			t.Errorf("note %q, want the last one", got)
		}
	})
}

func TestQR(t *testing.T) {
	inWorld(t, func(w *world) {
		ids := w.open("", totp("Acme", "maria", 1), manual("Bank", "x"))
		m, sentence := w.list.QR(ids[0])
		if sentence != "" || len(m) < 21+8 {
			t.Fatalf("%d modules, %q", len(m), sentence)
		}
		for i, row := range m {
			if len(row) != len(m) {
				t.Fatalf("row %d has %d modules of %d", i, len(row), len(m))
			}
		}
		// A quiet zone of four, then the corner of a finder pattern.
		if m[3][4] || m[4][3] || !m[4][4] || !m[4][10] || m[5][5] {
			t.Error("the matrix is not a QR code with a quiet zone")
		}
		if m, sentence := w.list.QR(ids[1]); m != nil || sentence == "" {
			t.Errorf("manual: %d modules, %q", len(m), sentence)
		}
		if m, sentence := w.list.QR("gone"); m != nil || sentence == "" {
			t.Errorf("gone: %d modules, %q", len(m), sentence)
		}
	})
}

func TestCopy(t *testing.T) {
	a := totp("Acme", "maria", 1)
	inWorld(t, func(w *world) {
		ids := w.open("", a)
		w.list.Copy(ids[0])
		w.loop.Settle()
		if w.clipboard() != codeAt(t, a, noon) {
			t.Fatalf("clipboard %q", w.clipboard())
		}
		if r := w.row(ids[0]); !r.Copied || r.ClearsIn != 30 || !r.Used.Equal(noon) {
			t.Errorf("row %+v", r)
		}
		w.tick(29)
		if r := w.row(ids[0]); r.ClearsIn != 1 || w.clipboard() == "" {
			t.Errorf("after 29 s: clears in %d, clipboard %q", r.ClearsIn, w.clipboard())
		}
		w.tick(1)
		if r := w.row(ids[0]); r.Copied || w.clipboard() != "" {
			t.Errorf("after 30 s: %+v, clipboard %q", r, w.clipboard())
		}
	})
}

// A window that is not on the screen does not tick; what was copied goes all the same.
func TestCopyIsClearedWithoutATick(t *testing.T) {
	inWorld(t, func(w *world) {
		ids := w.open("", totp("Acme", "maria", 1))
		w.list.Copy(ids[0])
		w.loop.Settle()
		w.loop.Advance(29 * time.Second)
		w.loop.Settle()
		if w.clipboard() == "" {
			t.Error("cleared too early")
		}
		w.loop.Advance(time.Second)
		w.loop.Settle()
		if got := w.clipboard(); got != "" {
			t.Errorf("after 30 s the clipboard holds %q", got)
		}
	})
}

func TestCopyNearTheEnd(t *testing.T) {
	a := totp("Acme", "maria", 1)
	for _, c := range []struct {
		at   time.Duration
		step time.Duration
	}{{26 * time.Second, 0}, {27 * time.Second, 0}, {27*time.Second + time.Millisecond, 30 * time.Second}, {29 * time.Second, 30 * time.Second}} {
		inWorld(t, func(w *world) {
			ids := w.open("", a)
			w.loop.Jump(noon.Add(c.at))
			w.list.Copy(ids[0])
			w.loop.Settle()
			if w.clipboard() != codeAt(t, a, noon.Add(c.step)) {
				t.Errorf("at %v: not the code of %v", c.at, c.step)
			}
		})
	}
	inWorld(t, func(w *world) {
		ids := w.open("", a)
		w.list.CopyNext(ids[0])
		w.loop.Settle()
		if w.clipboard() != codeAt(t, a, noon.Add(30*time.Second)) {
			t.Error("CopyNext did not copy the next code")
		}
	})
}

func TestClipboardOfOthersIsLeftAlone(t *testing.T) {
	inWorld(t, func(w *world) {
		ids := w.open("", totp("Acme", "maria", 1))
		w.list.Copy(ids[0])
		w.loop.Settle()
		w.clip.CopyElsewhere("a shopping list")
		w.tick(31)
		if w.clipboard() != "a shopping list" {
			t.Errorf("clipboard %q", w.clipboard())
		}
	})
}

func TestSecondCopyStartsAnew(t *testing.T) {
	inWorld(t, func(w *world) {
		ids := w.open("", totp("Acme", "maria", 1), totp("Beta", "maria", 2))
		w.list.Copy(ids[0])
		w.tick(20)
		w.list.Copy(ids[1])
		w.loop.Settle()
		if w.row(ids[0]).Copied || !w.row(ids[1]).Copied {
			t.Error("the first row still says copied")
		}
		w.tick(15)
		if w.clipboard() == "" {
			t.Error("the first timer cleared the second code")
		}
		w.tick(16)
		if w.clipboard() != "" {
			t.Error("the second code was not cleared")
		}
	})
}

// Two copies at once: only the second one is on the clipboard, and counts.
func TestOvertakenCopy(t *testing.T) {
	inWorld(t, func(w *world) {
		ids := w.open("", totp("Acme", "maria", 1), totp("Beta", "maria", 2))
		w.list.Copy(ids[0])
		w.list.Copy(ids[1])
		w.loop.Settle()
		if w.clipboard() != w.row(ids[1]).Code || !w.row(ids[0]).Used.IsZero() || w.row(ids[1]).Used.IsZero() {
			t.Errorf("clipboard right %v, used %v and %v", w.clipboard() == w.row(ids[1]).Code, w.row(ids[0]).Used, w.row(ids[1]).Used)
		}
	})
}

func TestClearSeconds(t *testing.T) {
	inWorld(t, func(w *world) {
		ids := w.open("", totp("Acme", "maria", 1))
		p := w.s.Settings().Prefs()
		p.ClearSeconds = 10
		w.s.Settings().Set(p)
		w.list.Copy(ids[0])
		w.tick(9)
		if w.clipboard() == "" {
			t.Error("cleared too early")
		}
		w.tick(1)
		if w.clipboard() != "" {
			t.Error("not cleared")
		}
	})
}

// A computer that slept with a code on the clipboard clears it when it wakes.
func TestClipboardAfterSleep(t *testing.T) {
	inWorld(t, func(w *world) {
		ids := w.open("", totp("Acme", "maria", 1))
		w.list.Copy(ids[0])
		w.loop.Settle()
		w.loop.Jump(noon.Add(time.Hour))
		w.list.Tick()
		w.loop.Settle()
		if w.clipboard() != "" {
			t.Error("not cleared")
		}
	})
}

func TestClipboardThatFails(t *testing.T) {
	broken := errors.New("no answer")
	inWorld(t, func(w *world) {
		ids := w.open("", totp("Acme", "maria", 1))
		w.clip.Fail(broken)
		w.list.Copy(ids[0])
		w.loop.Settle()
		if r := w.row(ids[0]); r.Copied || !r.Used.IsZero() {
			t.Errorf("row %+v", r)
		}
		if n := w.notice(); !n.Error || strings.Contains(n.Text, "no answer") {
			t.Errorf("notice %+v", n)
		}
		w.clip.Fail(nil)
		w.list.Copy(ids[0])
		w.loop.Settle()
		w.clip.Fail(broken)
		w.tick(30)
		wantText(t, "notice", w.notice().Text, "could not be taken off")
	})
}

// A lock that overtakes a copy still takes the code off again.
func TestLockWhileCopying(t *testing.T) {
	inWorld(t, func(w *world) {
		ids := w.open("open sesame", totp("Acme", "maria", 1))
		w.list.Copy(ids[0])
		w.s.Lock() // before the copy had a chance to run
		w.loop.Settle()
		if len(w.clip.History()) != 1 || w.clipboard() != "" {
			t.Errorf("copied %d times, clipboard %q", len(w.clip.History()), w.clipboard())
		}
	})
}

// Twenty copies are one save.
func TestUsesAreSavedTogether(t *testing.T) {
	inWorld(t, func(w *world) {
		ids := w.open("open sesame", totp("Acme", "maria", 1), totp("Beta", "maria", 2))
		for i := range 20 {
			w.list.Copy(ids[i%2])
			w.loop.Settle()
		}
		if n := w.vault.Calls("update"); n != 0 {
			t.Errorf("%d saves before the delay", n)
		}
		w.tick(25)
		if n := w.vault.Calls("update"); n != 1 {
			t.Errorf("%d saves, want 1", n)
		}
		w.list.Copy(ids[0])
		w.loop.Settle()
		later := w.loop.Now()
		w.s.Lock()
		w.loop.Settle()
		w.vault.Content(func(v *vault.Vault) {
			a, _ := v.Account(ids[0])
			b, _ := v.Account(ids[1])
			if !a.Used.Equal(later) || !b.Used.Equal(noon) {
				t.Errorf("used %v and %v", a.Used, b.Used)
			}
			if a.Changed.After(noon.Add(-time.Hour)) {
				t.Error("a use counts as a change of the account")
			}
		})
	})
}

func TestUseIsSavedAgainAfterFailure(t *testing.T) {
	inWorld(t, func(w *world) {
		ids := w.open("open sesame", totp("Acme", "maria", 1))
		w.vault.Fail("update", vault.ErrBusy)
		w.list.Copy(ids[0])
		w.tick(25)
		w.vault.Fail("update", nil)
		w.s.Lock()
		w.loop.Settle()
		w.vault.Content(func(v *vault.Vault) {
			if a, _ := v.Account(ids[0]); !a.Used.Equal(noon) {
				t.Errorf("used %v", a.Used)
			}
		})
	})
}
