package vault_test

import (
	"bytes"
	"encoding/base64"
	"image"
	"image/color"
	"image/png"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/picture"
	"github.com/tallystick/tallystick/vault/vaulttest"
)

// drawn is a picture as a vault keeps it, in one colour.
func drawn(t testing.TB, c color.Color) string {
	t.Helper()
	img := image.NewNRGBA(image.Rect(0, 0, 24, 24))
	for i := range 24 * 24 {
		img.Set(i%24, i/24, c)
	}
	var out bytes.Buffer
	ok(t, png.Encode(&out, img))
	small, err := picture.Small(out.Bytes())
	ok(t, err)
	return small
}

// TestPictures: a picture is kept through saving, locking and unlocking; it is part of what is the same, and of what a backup would bring back.
func TestPictures(t *testing.T) {
	red, blue := drawn(t, color.NRGBA{200, 0, 0, 255}), drawn(t, color.NRGBA{0, 0, 200, 128})
	m := vaulttest.Open(t, vaulttest.Config(t.TempDir(), vaulttest.NewKeyring()))
	ok(t, m.Create(ctx, pass("")))
	list := vaulttest.Canonical()
	list[0].Picture = red
	vaulttest.Fill(t, m, list...)
	m.Lock()
	ok(t, m.Unlock(ctx, pass("")))
	var v *vault.Vault
	ok(t, m.Read(func(now *vault.Vault) error { v = now.Clone(); return nil }))
	a := v.Accounts()[0]
	if a.Picture != red || v.Accounts()[1].Picture != "" {
		t.Fatal("the picture was not kept")
	}
	other := v.Clone()
	a.Picture = blue
	ok(t, other.Put(a, vaulttest.Epoch))
	if v.Equal(other) {
		t.Error("another picture is no difference")
	}
	if d := v.Compare(other); len(d.Changed) != 1 || strings.Join(d.Changed[0].What, " ") != "icon" {
		t.Errorf("%+v", d)
	}
	_, replaced, err := v.Merge(other, []vault.ID{a.ID})
	ok(t, err)
	if now, _ := v.Account(a.ID); replaced != 1 || now.Picture != blue {
		t.Error("the picture does not come back from a copy")
	}
}

// TestStrangePictures: what another program wrote as a picture is kept, and does not stand in the way of another change; what is not even
// base64 is as any member of a wrong type.
func TestStrangePictures(t *testing.T) {
	read := func(member string) *vault.Vault {
		return vault.DecodeVault([][]byte{[]byte(`{"id":"00000000000000000000000000000001","kind":"manual","name":"x","picture":` + member + `}`)})
	}
	v := read(`"` + base64.StdEncoding.EncodeToString([]byte("GIF89a")) + `"`)
	a := v.Accounts()[0]
	if a.Picture != "GIF89a" {
		t.Fatalf("%q", a.Picture)
	}
	a.Note = "changed"
	ok(t, v.Put(a, vaulttest.Epoch))
	if again := vault.DecodeVault(vault.EncodeVault(v)); again.Accounts()[0].Picture != "GIF89a" {
		t.Error("not kept")
	}
	for _, member := range []string{`1`, `["R0lG"]`, `"R0lG\n"`, `"R0l"`, `"R0l="`, `"____"`} {
		if v := read(member); len(v.Broken()) != 1 {
			t.Errorf("%s is taken for a picture", member)
		}
	}
}
