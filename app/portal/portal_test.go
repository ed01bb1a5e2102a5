package portal_test

import (
	"errors"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/tallystick/tallystick/app/portal"
	"github.com/tallystick/tallystick/assets"
)

func guides(t testing.TB) *portal.Set {
	t.Helper()
	set, err := portal.Load(assets.Portals())
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// The five portals the program was conceived for are there, with what each of them offers.
func TestGuidesOfTheProgram(t *testing.T) {
	set := guides(t)
	for _, want := range []struct {
		id        string
		ways      []portal.Kind
		recovery  []portal.Kind // ways that hand out a recovery key
		password  bool
		prescribe bool
	}{
		{"b3networks", []portal.Kind{portal.Authenticator, portal.Email}, []portal.Kind{portal.Authenticator, portal.Email}, false, false},
		{"yeastar", []portal.Kind{portal.Authenticator}, nil, true, true},
		{"voip-admin-panel", []portal.Kind{portal.SMS, portal.Authenticator}, nil, false, false},
		{"qontak", []portal.Kind{portal.Authenticator, portal.Email}, []portal.Kind{portal.Email}, false, false},
		{"ringlogix", []portal.Kind{portal.Authenticator}, nil, true, false},
	} {
		g, ok := set.ByID(want.id)
		if !ok {
			t.Errorf("no guide for %s", want.id)
			continue
		}
		if len(g.Ways) != len(want.ways) {
			t.Errorf("%s has %d ways, want %d", want.id, len(g.Ways), len(want.ways))
		}
		for _, k := range want.ways {
			if _, ok := g.Way(k); !ok {
				t.Errorf("%s lacks the way %s", want.id, k)
			}
		}
		for _, k := range want.recovery {
			if w, _ := g.Way(k); !w.HandsOutRecoveryKey() {
				t.Errorf("%s by %s hands out a recovery key, the guide does not say so", want.id, k)
			}
		}
		if w, _ := g.Way(portal.Authenticator); (len(w.Wants) == 1 && w.Wants[0] == "password") != want.password {
			t.Errorf("%s wants %v", want.id, w.Wants)
		}
		if prescribes := (g.Key == portal.Key{Kind: "totp", Algorithm: "SHA1", Digits: 6, Period: 30}); prescribes != want.prescribe {
			t.Errorf("%s prescribes %+v", want.id, g.Key)
		}
		// Every text comes in every language the guides are written in.
		for _, w := range g.Ways {
			for i, s := range w.Steps {
				for _, lang := range []string{"en", "de", "id"} {
					if s.Text[lang] == "" {
						t.Errorf("%s, %s, step %d has no %s", want.id, w.Kind, i+1, lang)
					}
				}
			}
		}
	}
}

func TestForIssuer(t *testing.T) {
	set := guides(t)
	for issuer, id := range map[string]string{
		"B3Networks": "b3networks", "b3 networks": "b3networks", "YEASTAR P-Series": "yeastar", "Qontak": "qontak",
		"RingLogix": "ringlogix", "admin panel": "voip-admin-panel",
		"": "", "GitHub": "", "B3": "", "not qontak": "",
	} {
		g, ok := set.ForIssuer(issuer)
		if ok != (id != "") || g.ID != id {
			t.Errorf("%q → %q, want %q", issuer, g.ID, id)
		}
	}
}

const good = `id = "x"
name = "X"
issuers = ["X"]
[[way]]
kind = "authenticator"
[way.title]
en = "T"
[[way.step]]
does = "done"
[way.step.text]
en = "D"
de = "E"
`

func TestParse(t *testing.T) {
	g, err := portal.Parse([]byte(good))
	if err != nil {
		t.Fatal(err)
	}
	text := g.Ways[0].Steps[0].Text
	for _, c := range []struct {
		languages []string
		want      string
	}{{nil, "D"}, {[]string{"de_AT.UTF-8"}, "E"}, {[]string{"fr", "de-CH"}, "E"}, {[]string{"fr"}, "D"}} {
		if got := text.In(c.languages...); got != c.want {
			t.Errorf("%v → %q, want %q", c.languages, got, c.want)
		}
	}
	for name, change := range map[string][2]string{
		"unknown member": {`name = "X"`, "name = \"X\"\nnmae = \"Y\""},
		"no id":          {`id = "x"`, ""},
		"odd id":         {`id = "x"`, `id = "../x"`},
		"no name":        {`name = "X"`, ""},
		"no issuers":     {`issuers = ["X"]`, ""},
		"kind":           {`"authenticator"`, `"pigeon"`},
		"does":           {`does = "done"`, `does = "dance"`},
		"never done":     {`does = "done"`, `does = "scan"`},
		"no English":     {`en = "D"`, ""},
		"not TOML":       {`[[way]]`, `[[way`},
	} {
		if _, err := portal.Parse([]byte(strings.Replace(good, change[0], change[1], 1))); !errors.Is(err, portal.ErrGuide) {
			t.Errorf("%s: got %v, want ErrGuide", name, err)
		}
	}
	if _, err := portal.Parse(make([]byte, portal.MaxGuide+1)); !errors.Is(err, portal.ErrGuide) {
		t.Errorf("a huge file: got %v", err)
	}
}

func TestLoadRefusesTwoClaims(t *testing.T) {
	other := strings.Replace(good, `id = "x"`, `id = "y"`, 1)
	_, err := portal.Load(fstest.MapFS{"x.toml": {Data: []byte(good)}, "y.toml": {Data: []byte(other)}})
	if !errors.Is(err, portal.ErrGuide) {
		t.Errorf("two guides for one issuer: got %v", err)
	}
	_, err = portal.Load(fstest.MapFS{"z.toml": {Data: []byte(good)}})
	if !errors.Is(err, portal.ErrGuide) {
		t.Errorf("a file with another name than its id: got %v", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(good))
	f.Add([]byte("id = 1"))
	f.Fuzz(func(t *testing.T, data []byte) {
		g, err := portal.Parse(data)
		if err == nil && g.Ways[0].Steps[0].Text.In("xx") == "" {
			t.Error("a guide without English was accepted")
		}
	})
}
