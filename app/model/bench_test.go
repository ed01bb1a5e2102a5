package model_test

import (
	"fmt"
	"testing"

	"github.com/tallystick/tallystick/app/apptest"
	"github.com/tallystick/tallystick/app/model"
	"github.com/tallystick/tallystick/vault/vaulttest"
)

// benchList opens a session on n accounts in memory.
func benchList(b *testing.B, n int) (*model.List, *apptest.Loop) {
	b.Helper()
	v := apptest.NewVault()
	v.Fill("", vaulttest.Many(n)...)
	return benchSession(b, v, n)
}

func benchSession(b *testing.B, v *apptest.Vault, n int) (*model.List, *apptest.Loop) {
	b.Helper()
	loop := apptest.NewLoop(noon)
	screens, picture := &apptest.Screens{}, &apptest.Picture{}
	s := model.NewSession(model.Deps{
		Vault: v, Scanner: &apptest.Scanner{}, Screens: screens.Take, ClipboardPicture: picture.Read, Clipboard: &apptest.FakeClipboard{},
		Settings: &apptest.Settings{}, Now: loop.Now, Post: loop.Post, After: loop.After, Hide: screens.Hide,
	})
	b.Cleanup(s.Close)
	s.Start(b.Context())
	loop.Until(func() bool { return s.State() == model.Open })
	if s.List().Len() != n {
		b.Fatalf("%d rows of %d", s.List().Len(), n)
	}
	return s.List(), loop
}

var sizes = []int{10, 1_000, 10_000}

// BenchmarkSearch is one keystroke: a query of one, two and three words in turn.
func BenchmarkSearch(b *testing.B) {
	for _, n := range sizes {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			list, _ := benchList(b, n)
			queries := []string{"p", "po", "portal 0", "person", "portal 00042 example", "5", "zzz", "com 7 work"}
			for i := 0; b.Loop(); i++ {
				list.SetQuery(queries[i%len(queries)])
			}
		})
	}
}

// BenchmarkSort is choosing another order.
func BenchmarkSort(b *testing.B) {
	for _, n := range sizes {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			list, _ := benchList(b, n)
			orders := []model.Sort{model.ByUsed, model.ByOwn, model.ByName}
			for i := 0; b.Loop(); i++ {
				list.SetSort(orders[i%len(orders)])
			}
		})
	}
}

// BenchmarkRow is drawing the 15 rows of a window: within one step, and with new codes.
func BenchmarkRow(b *testing.B) {
	for _, n := range sizes {
		list, loop := benchList(b, n)
		visible := min(15, list.Len())
		draw := func() {
			for i := range visible {
				list.Row(i)
			}
		}
		b.Run(fmt.Sprintf("%d/same-step", n), func(b *testing.B) {
			for b.Loop() {
				draw()
			}
		})
		b.Run(fmt.Sprintf("%d/new-step", n), func(b *testing.B) {
			at := noon
			for b.Loop() {
				at = at.Add(30e9)
				loop.Jump(at)
				draw()
			}
		})
	}
}

// BenchmarkOpen is everything between an unlocked vault and the first row: copying,
// folding and collating, off the window's goroutine.
func BenchmarkOpen(b *testing.B) {
	for _, n := range sizes {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			v := apptest.NewVault()
			v.Fill("", vaulttest.Many(n)...)
			for b.Loop() {
				benchSession(b, v, n)
			}
		})
	}
}
