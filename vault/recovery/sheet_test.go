package recovery_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/tallystick/tallystick/vault/recovery"
	"github.com/tallystick/tallystick/vault/secret"
)

var clock = time.Date(2026, 5, 3, 12, 0, 0, 0, time.UTC)

func sheetOf(t testing.TB, id byte, text string) recovery.Sheet {
	t.Helper()
	d := recovery.Parse("Recovery codes\n" + text)
	s, err := d.Sheet(bytes.NewReader(bytes.Repeat([]byte{id}, 16)), clock)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestKeysAreUsedInOrderUntilNoneIsLeft(t *testing.T) {
	s := sheetOf(t, 1, "1111-2a34\n2222-3b45 used\n3333-4c56\n")
	if s.ID != strings.Repeat("01", 16) || s.Total() != 3 || s.Left() != 2 || !s.Keys[1].Used.Equal(clock) {
		t.Fatalf("%+v", s)
	}
	later := clock.Add(time.Hour)
	for _, want := range []int{0, 2} {
		i, err := s.Next()
		if err != nil || i != want {
			t.Fatalf("next is %d, %v; want %d", i, err, want)
		}
		if err := s.UseAt(i, later); err != nil || !s.Keys[i].Used.Equal(later) {
			t.Fatalf("used %d, %v", i, err)
		}
	}
	if _, err := s.Next(); !errors.Is(err, recovery.ErrNoneLeft) || s.Left() != 0 {
		t.Fatalf("%v, %d left", err, s.Left())
	}
	if err := s.Undo(2); err != nil || s.Left() != 1 {
		t.Fatalf("%v, %d left", err, s.Left())
	}
	if i, err := s.Next(); err != nil || i != 2 {
		t.Fatalf("next is %d, %v", i, err)
	}
	for _, i := range []int{-1, 3} {
		if !errors.Is(s.Undo(i), recovery.ErrNotFound) || !errors.Is(s.UseAt(i, later), recovery.ErrNotFound) {
			t.Errorf("no key at %d", i)
		}
	}
	if err := s.UseAt(1, later); err != nil || !s.Keys[1].Used.Equal(clock) {
		t.Error("a used key got another time")
	}
}

func TestANewSheetReplacesAndKeepsTheOld(t *testing.T) {
	old, fresh := sheetOf(t, 1, "1111-2a34\n2222-3b45\n3333-4c56\n"), sheetOf(t, 2, "4444-2a34\n5555-3b45\n6666-4c56\n")
	all, ok := recovery.Sheets{}.Replace(old, clock)
	if !ok {
		t.Fatal("the first sheet was not taken")
	}
	before := all.Clone()
	later := clock.Add(time.Hour)
	all, ok = all.Replace(fresh, later)
	if !ok || len(all) != 2 || all[0].Valid() || !all[0].Dead.Equal(later) || all[0].Total() != 3 || all[0].Left() != 0 || all.Left() != 3 || all.Total() != 3 {
		t.Fatalf("%+v", all)
	}
	if before[0].Dead != (time.Time{}) {
		t.Error("the caller's sheets were changed")
	}
	if _, err := all[0].Next(); !errors.Is(err, recovery.ErrDead) {
		t.Errorf("a dead sheet: %v", err)
	}
	if sheet, key, err := all.Next(); err != nil || sheet != 1 || key != 0 {
		t.Errorf("next is %d %d, %v", sheet, key, err)
	}
	// The same file again, in another spelling.
	if same, ok := all.Replace(sheetOf(t, 3, "6666 4C56\n5555 3B45\n4444 2A34\n"), later); ok || len(same) != 2 || !same[1].Valid() {
		t.Error("the same sheet replaced itself")
	}
	if both, ok := all.Add(sheetOf(t, 4, "7777-2a34\n8888-3b45\n9999-4c56\n")); !ok || both.Left() != 6 || len(all) != 2 {
		t.Error("a second sheet was not added beside the first")
	}
	if _, _, err := (recovery.Sheets{}).Next(); !errors.Is(err, recovery.ErrNoneLeft) {
		t.Error(err)
	}
}

func TestSpellingMakesNoDifference(t *testing.T) {
	s := sheetOf(t, 1, "1111-2a34\n2222-3b45\n3333-4c56\n")
	for _, spelled := range []string{"2222-3b45", "2222 3B45", "22223b45", " 2222\u20113b45\n"} {
		if i, err := s.Find(secret.FromString(spelled)); err != nil || i != 1 {
			t.Errorf("%q: %d, %v", spelled, i, err)
		}
	}
	if _, err := s.Find(secret.FromString("2222-3b46")); !errors.Is(err, recovery.ErrNotFound) {
		t.Error(err)
	}
	other := s.Clone()
	other.Keys[0].Text = secret.FromString("1111-2a35")
	if s.Equal(other) || !s.Equal(s.Clone()) {
		t.Error("Equal")
	}
}

func TestInvalidSheetsAreRefused(t *testing.T) {
	good := sheetOf(t, 1, "1111-2a34\n2222-3b45\n3333-4c56\n").Record()
	for name, spoil := range map[string]func(r *recovery.Record){
		"id":       func(r *recovery.Record) { r.ID = "marker-id" },
		"no keys":  func(r *recovery.Record) { r.Keys = nil },
		"empty":    func(r *recovery.Record) { r.Keys[1].Text = " - " },
		"twice":    func(r *recovery.Record) { r.Keys[1].Text = "11112A34" },
		"long":     func(r *recovery.Record) { r.Keys[1].Text = strings.Repeat("marker", 200) },
		"too many": func(r *recovery.Record) { r.Keys = make([]recovery.KeyRecord, recovery.MaxKeys+1) },
	} {
		r := good
		r.Keys = append([]recovery.KeyRecord(nil), good.Keys...)
		spoil(&r)
		s, err := r.Sheet()
		if !errors.Is(err, recovery.ErrInvalid) || s.Total() != 0 {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil && (strings.Contains(err.Error(), "marker") || strings.Contains(err.Error(), "2a34")) {
			t.Errorf("%s: the error quotes the sheet", name)
		}
	}
	d := recovery.Parse("Recovery codes\n1111-2a34\n2222-3b45\n3333-4c56\n")
	broken := errors.New("broken")
	if _, err := d.Sheet(iotest.ErrReader(broken), clock); !errors.Is(err, broken) {
		t.Error(err)
	}
	if _, err := (recovery.Draft{}).Sheet(bytes.NewReader(make([]byte, 16)), clock); !errors.Is(err, recovery.ErrInvalid) {
		t.Error(err)
	}
}

func TestRecordsKeepEverything(t *testing.T) {
	s := sheetOf(t, 1, "1111-2a34\n2222-3b45 used 1 May 2026\n3333-4c56\n")
	s.Origin, s.Account, s.Printed, s.Dead = recovery.Origin{Service: "Okta", File: "a.txt"}, "ada", clock.AddDate(0, 0, -3), clock.AddDate(0, 0, 3)
	data, err := json.Marshal(s.Record())
	if err != nil {
		t.Fatal(err)
	}
	var r recovery.Record
	if err := json.Unmarshal(data, &r); err != nil {
		t.Fatal(err)
	}
	back, err := r.Sheet()
	if err != nil {
		t.Fatal(err)
	}
	again, err := json.Marshal(back.Record())
	if err != nil || !bytes.Equal(data, again) || !back.Keys[1].Used.Equal(clock.AddDate(0, 0, -2).Truncate(24*time.Hour)) {
		t.Errorf("%s\n%s %v", data, again, err)
	}
}

func TestKeysAreNeverPrinted(t *testing.T) {
	d := recovery.Parse("Recovery codes\nmk4rk-er8xx\nmk5rk-er9xx\nmk6rk-er7xx\n")
	if len(d.Keys) != 3 {
		t.Fatal("the sheet was not read")
	}
	s, err := d.Sheet(bytes.NewReader(make([]byte, 16)), clock)
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "draft", d, "sheet", s)
	said := log.String()
	for _, v := range []any{d, &d, d.Keys, s, &s, s.Keys[0], s.Record(), s.Record().Keys} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
			said += fmt.Sprintf(verb, v)
		}
	}
	if strings.Contains(said, "mk4rk") || strings.Contains(said, "er8xx") {
		t.Errorf("a key is printed: %s", said)
	}
}

func TestWipeLeavesNothing(t *testing.T) {
	d := recovery.Parse("Recovery codes\nmk4rk-er8xx\nmk5rk-er9xx\nmk6rk-er7xx\n")
	s, err := d.Sheet(bytes.NewReader(make([]byte, 16)), clock)
	if err != nil {
		t.Fatal(err)
	}
	drafted, kept := d.Keys[0].Text.Reveal(), s.Keys[0].Text.Reveal()
	d.Wipe()
	if string(kept) != "mk4rk-er8xx" || string(drafted) == "mk4rk-er8xx" || len(d.Keys) != 0 {
		t.Error("a draft and its sheet share memory, or the draft was not wiped")
	}
	s.Wipe()
	if string(kept) == "mk4rk-er8xx" || s.Total() != 0 {
		t.Error("the sheet was not wiped")
	}
}
