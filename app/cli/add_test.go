package cli

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/vault/otp"
	"github.com/tallystick/tallystick/vault/otpauth"
	"github.com/tallystick/tallystick/vault/secret"
)

func TestAddMakesTheVault(t *testing.T) {
	r := newRig(t)
	got := r.must(linkRFC+"\n", "add", "-")
	if !strings.Contains(got.out, "Added Example: maria@shop.example (") || !strings.Contains(got.err, "Made a new vault in "+r.dir) {
		t.Errorf("%+v", got)
	}
	// The second one finds it.
	if got := r.must(linkOther, "add", "-"); strings.Contains(got.err, "Made") {
		t.Errorf("made another vault: %+v", got)
	}
	if n := len(r.accounts()); n != 2 {
		t.Errorf("%d accounts", n)
	}
}

func TestAddFromAnArgument(t *testing.T) {
	r := newRig(t)
	rec := r.records(r.must("", "add", linkRFC, "--json", "--issuer", "Portal", "--name", "joe", "--tag", "work", "--tag", "Work", "--tag", "home"))[0]
	checkFields(t, rec, recordFields)
	if rec["issuer"] != "Portal" || rec["name"] != "joe" || fmt.Sprint(rec["tags"]) != "[work home]" {
		t.Errorf("added %v", rec)
	}
}

func TestAddRefuses(t *testing.T) {
	for _, c := range []struct {
		name   string
		stdin  string
		args   []string
		status int
		said   string
	}{
		{"nothing", "", []string{"add"}, statusUsage, "Give a link"},
		{"empty input", "\n\n", []string{"add", "-"}, statusFailed, "no link on standard input"},
		{"a web address", "", []string{"add", "https://example.com/"}, statusFailed, "not an authenticator link"},
		{"a bare key", rfcKey, []string{"add", "-"}, statusFailed, "--manual"},
		{"no key in it", "", []string{"add", "otpauth://totp/x"}, statusFailed, "no key"},
		{"digits out of range", "", []string{"add", "otpauth://totp/x?digits=99&secret=" + rfcKey}, statusFailed, ""},
		{"the good ones are not added without the bad", linkRFC + "\nhttps://example.com", []string{"add", "-"}, statusFailed, "not an authenticator link"},
		{"settings of a link", "", []string{"add", "--digits", "8", linkRFC}, statusUsage, "--manual"},
		{"both ways", "", []string{"add", "--replace", "--keep-both", linkRFC}, statusUsage, "exclude"},
		{"two words", "", []string{"add", linkRFC, "x"}, statusUsage, "too many words"},
		{"names for several", linkRFC + "\n" + linkOther, []string{"add", "--name", "x", "-"}, statusUsage, "go with one account"},
		{"too much", strings.Repeat("x", maxInput+1), []string{"add", "-"}, statusFailed, "far more"},
		{"manual without a name", rfcKey, []string{"add", "--manual", "-"}, statusUsage, "--issuer"},
		{"manual, unknown kind", rfcKey, []string{"add", "--manual", "--issuer", "x", "--kind", "sms", "-"}, statusUsage, "--kind is one of"},
		{"manual, key as an argument", "", []string{"add", "--manual", "--issuer", "x", rfcKey}, statusUsage, "standard input"},
		{"manual, no key", "", []string{"add", "--manual", "--issuer", "x", "-"}, statusFailed, "no key on standard input"},
		{"manual, impossible key", "0189", []string{"add", "--manual", "--issuer", "x", "-"}, statusFailed, "key"},
		{"manual, two lines", rfcKey + "\nmore", []string{"add", "--manual", "--issuer", "x", "-"}, statusFailed, "more than one line"},
		{"manual, no PIN", "e3152afee62599c8", []string{"add", "--manual", "--kind", "motp", "--issuer", "x", "-"}, statusFailed, "PIN on the next"},
		{"manual, algorithm", rfcKey, []string{"add", "--manual", "--issuer", "x", "--algorithm", "GOST", "-"}, statusFailed, "algorithm"},
		{"manual, digits", rfcKey, []string{"add", "--manual", "--issuer", "x", "--digits", "11", "-"}, statusFailed, "1 to 10 digits"},
		{"manual, period", rfcKey, []string{"add", "--manual", "--issuer", "x", "--period", "86401", "-"}, statusFailed, "86400 seconds"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t)
			r.with(c.stdin, c.args...).wants(t, c.status, c.said)
			if snapshot(t, r.dir) != "" {
				t.Error("something was made")
			}
		})
	}
}

func TestAddByKey(t *testing.T) {
	for _, c := range []struct {
		name  string
		stdin string
		args  []string
		at    string
		code  string // from shared/fixtures/vectors/otp-vectors.json or the RFCs
	}{
		{"totp", rfcKey, nil, "1970-01-01T00:00:59Z", "287082"},
		{"totp as people write it", "gezd gnbv-gy3t qojq gezd gnbv gy3t qojq\n", nil, "1970-01-01T00:00:59Z", "287082"},
		{"totp, 8 digits", rfcKey, []string{"--digits", "8"}, "2005-03-18T01:58:29Z", "07081804"},
		{"totp, sha-256", "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZA", []string{"--digits", "8", "--algorithm", "sha-256"}, "1970-01-01T00:00:59Z", "46119246"},
		{"hotp", rfcKey, []string{"--kind", "hotp", "--counter", "5"}, "", "254676"},
		{"steam", "63BEDWCQZKTQWPESARIERL5DTTQFCJTK", []string{"--kind", "Steam"}, "2011-08-23T16:27:44Z", ""},
		{"motp", "e3152afee62599c8\n1234\n", []string{"--kind", "motp"}, "1975-04-05T01:11:38Z", "e7d8b6"},
		{"yandex", "6SB2IKNM6OBZPAVBVTOHDKS4FAAAAAAADFUTQMBTRY\r\n5239\r\n", []string{"--kind", "yandex"}, "2022-01-07T12:47:28Z", "umozdicq"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t)
			r.must(c.stdin, append(append([]string{"add", "--manual", "--issuer", "Portal", "--name", "joe"}, c.args...), "-")...)
			args := []string{"code", "portal"}
			if c.at != "" {
				args = append(args, "--at", c.at)
			}
			got := strings.TrimSpace(r.must("", args...).out)
			if c.code != "" && got != c.code {
				t.Errorf("code %q, want %q", got, c.code)
			}
			if c.code == "" && len(got) != 5 {
				t.Errorf("code %q", got)
			}
		})
	}
}

func TestAddTheSameKeyAgain(t *testing.T) {
	again := "otpauth://totp/Renamed:maria?secret=" + rfcKey + "&issuer=Renamed"

	t.Run("is refused, and the rest is added", func(t *testing.T) {
		r := newRig(t)
		id := r.add(linkRFC)[0]
		got := r.with(again+"\n"+linkOther, "add", "-")
		got.wants(t, statusFailed, "there already, as Example: maria@shop.example ("+id[:8]+")")
		if !strings.Contains(got.out, "Added Yeastar") || strings.Contains(got.out, "Renamed") {
			t.Errorf("%+v", got)
		}
	})
	t.Run("refused alone, nothing is written", func(t *testing.T) {
		r := newRig(t)
		r.add(linkRFC)
		before := snapshot(t, r.dir)
		r.with(again, "add", "-").wants(t, statusFailed, "--keep-both")
		if snapshot(t, r.dir) != before {
			t.Error("the directory changed")
		}
	})
	t.Run("keep both", func(t *testing.T) {
		r := newRig(t)
		r.add(linkRFC)
		r.must(again, "add", "-", "--keep-both")
		if n := len(r.accounts()); n != 2 {
			t.Errorf("%d accounts", n)
		}
	})
	t.Run("replace keeps what the person made of it", func(t *testing.T) {
		r := newRig(t)
		id := r.add(linkRFC)[0]
		r.must("a note", "edit", id, "--tag", "work", "--favourite", "--note-stdin")
		rec := r.records(r.must(again, "add", "-", "--replace", "--json", "--tag", "new"))[0]
		if rec["id"] != id || rec["issuer"] != "Renamed" || rec["favourite"] != true || fmt.Sprint(rec["tags"]) != "[work new]" {
			t.Errorf("became %v", rec)
		}
		if a := r.accounts(); len(a) != 1 || a[0].Note != "a note" {
			t.Errorf("accounts: %d", len(a))
		}
	})
	t.Run("a counter never goes back", func(t *testing.T) {
		r := newRig(t)
		r.add(linkHOTP)
		r.must("", "code", "counter")
		r.must("", "code", "counter")
		if rec := r.records(r.must(linkHOTP, "add", "-", "--replace", "--json"))[0]; rec["counter"] != 2.0 {
			t.Errorf("counter %v", rec["counter"])
		}
	})
	t.Run("in the trash", func(t *testing.T) {
		r := newRig(t)
		id := r.add(linkRFC)[0]
		r.must("", "remove", id)
		r.with(again, "add", "-").wants(t, statusFailed, "tallystick restore "+id[:8])
		r.must(again, "add", "-", "--replace")
		if a := r.accounts(); len(a) != 1 || string(a[0].ID) != id || a[0].Issuer != "Renamed" {
			t.Errorf("accounts: %v", len(a))
		}
	})
	t.Run("twice in one go", func(t *testing.T) {
		r := newRig(t)
		r.with(linkRFC+"\n"+again, "add", "-").wants(t, statusFailed, "there already")
		if n := len(r.accounts()); n != 1 {
			t.Errorf("%d accounts", n)
		}
	})
	for answer, want := range map[string]int{"k": 2, "r": 1, "": 1, "l": 1, "nonsense": 1} {
		t.Run("at a terminal, answered "+answer, func(t *testing.T) {
			r := newRig(t)
			r.add(linkRFC)
			r.at(again, answer)
			got := r.with("", "add", "-")
			if len(r.asked) != 2 || !strings.Contains(r.asked[1], "Replace it") {
				t.Errorf("asked %q", r.asked)
			}
			a := r.accounts()
			if len(a) != want {
				t.Errorf("%d accounts, want %d", len(a), want)
			}
			if (a[0].Issuer == "Renamed") != (answer == "r") {
				t.Errorf("issuer is %q", a[0].Issuer)
			}
			if left := answer != "k" && answer != "r"; (got.status == statusFailed) != left {
				t.Errorf("status %d", got.status)
			}
		})
	}
}

// export is a Google Authenticator export of n accounts, as the links of its QR codes.
func export(t *testing.T, n int) []string {
	t.Helper()
	var entries []otpauth.Entry
	for i := range n {
		key := []byte(fmt.Sprintf("recognisable key %03d", i))
		entries = append(entries, otpauth.Entry{Issuer: fmt.Sprintf("Portal %02d", i), Name: "joe", Params: otp.New(otp.TOTP, secret.New(key))})
	}
	links, _, err := otpauth.FormatMigration(entries, 4711, otpauth.MaxMigrationText)
	if err != nil {
		t.Fatal(err)
	}
	return links
}

func TestAddAnExport(t *testing.T) {
	links := export(t, 23)
	if len(links) != 3 {
		t.Fatalf("%d parts", len(links))
	}
	t.Run("all parts, in any order, one twice", func(t *testing.T) {
		r := newRig(t)
		got := r.must(strings.Join([]string{links[2], links[0], links[2], links[1]}, "\n"), "add", "-")
		if strings.Contains(got.err, "missing") {
			t.Error(got.err)
		}
		a := r.accounts()
		if len(a) != 23 || a[0].Issuer != "Portal 00" || a[22].Issuer != "Portal 22" {
			t.Errorf("%d accounts", len(a))
		}
	})
	t.Run("a part is missing", func(t *testing.T) {
		r := newRig(t)
		got := r.must(links[1], "add", "-")
		if !strings.Contains(got.err, "has 3 QR codes. Still missing: 1, 3.") {
			t.Error(got.err)
		}
		if n := len(r.accounts()); n != 10 {
			t.Errorf("%d accounts", n)
		}
	})
	t.Run("damaged", func(t *testing.T) {
		newRig(t).run("add", "otpauth-migration://offline?data=AAAA").wants(t, statusFailed, "")
	})
}

func TestAddAtATerminalShowsNothing(t *testing.T) {
	r := newRig(t)
	r.at(linkRFC)
	got := r.with("this is not read", "add", "-")
	got.wants(t, statusDone, "Made a new vault")
	if len(r.asked) != 1 || !strings.Contains(r.asked[0], "not shown") {
		t.Errorf("asked %q", r.asked)
	}
	r.at("e3152afee62599c8", "1234")
	r.asked = nil
	r.must("", "add", "--manual", "--kind", "motp", "--issuer", "Old", "-")
	if len(r.asked) != 2 || !strings.Contains(r.asked[1], "PIN") {
		t.Errorf("asked %q", r.asked)
	}
}

// TestAddALinkWithoutItsPIN: a motp link never holds the PIN.
func TestAddALinkWithoutItsPIN(t *testing.T) {
	const link = "motp://Old:joe?secret=e3152afee62599c8"
	code := func(r *rig) string {
		return strings.TrimSpace(r.must("", "code", "old", "--at", "1975-04-05T01:11:38Z").out)
	}
	t.Run("on the next line", func(t *testing.T) {
		r := newRig(t)
		r.must(linkRFC+"\n"+link+"\n1234\n"+linkOther+"\n", "add", "-")
		if got := code(r); got != "e7d8b6" || len(r.accounts()) != 3 {
			t.Errorf("code %q, %d accounts", got, len(r.accounts()))
		}
	})
	t.Run("asked for", func(t *testing.T) {
		r := newRig(t)
		r.at(link, "1234").must("", "add", "-")
		if got := code(r); got != "e7d8b6" || len(r.asked) != 2 || r.asked[1] != "PIN of Old: joe: " {
			t.Errorf("code %q, asked %q", got, r.asked)
		}
		newRig(t).at(link, "").run("add", "-").wants(t, statusFailed, "PIN")
	})
	t.Run("nobody to ask", func(t *testing.T) {
		r := newRig(t)
		r.run("add", link).wants(t, statusFailed, "does not hold the PIN")
		if snapshot(t, r.dir) != "" {
			t.Error("a vault was made for nothing")
		}
		r.run("scan", "--add", save(t, picture(t, linkRFC, link))).wants(t, statusFailed, "does not hold the PIN")
		if n := len(r.accounts()); n != 1 {
			t.Errorf("%d accounts", n)
		}
	})
}

func TestAddHarmlessNames(t *testing.T) {
	r := newRig(t)
	link := "otpauth://totp/x?issuer=%1b%5D0%3Bowned%07%1b%5B31mRed%C2%9B31m%E2%80%AEdeR&secret=" + rfcKey
	printed := []result{r.must(link, "add", "-"), r.must("", "list"), r.must("", "code", "--json")}
	// The parser of links strips some of it; names can be typed as well.
	const name = "\x1b]0;owned\x07\u009b31m\u202eevil\u2069\nline"
	r.must("", "edit", "red", "--name", name)
	if got := r.records(r.must("", "list", "--json"))[0]["name"]; got != name {
		t.Errorf("JSON changed the name to %q", got)
	}
	printed = append(printed, r.must("", "list"), r.must("", "code", "--json"), r.must("", "remove", "red"), r.must("", "list", "--trash"))
	for _, p := range printed {
		text := p.out + p.err
		if i := strings.IndexFunc(strings.ReplaceAll(text, "\n", ""), func(c rune) bool { return harmful(c) && c != '\uFFFD' }); i >= 0 {
			t.Errorf("a harmful character is printed: %q", text)
		}
	}
}
