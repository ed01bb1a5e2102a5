package assets

import (
	"bytes"
	"encoding/xml"
	"image"
	_ "image/png"
	"io/fs"
	"os"
	"strings"
	"testing"

	"golang.org/x/image/font"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
)

// Codes change every 30 seconds; with digits of unequal width they would jump.
func TestDigitsHaveEqualWidth(t *testing.T) {
	for name, data := range map[string][]byte{"regular": FontRegular(), "semibold": FontSemiBold(), "mono": FontMono()} {
		face, err := sfnt.Parse(data)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		advance := func(r rune) fixed.Int26_6 {
			var buf sfnt.Buffer
			g, err := face.GlyphIndex(&buf, r)
			if err != nil || g == 0 {
				t.Fatalf("%s: no glyph for %q: %v", name, r, err)
			}
			a, err := face.GlyphAdvance(&buf, g, fixed.I(1000), font.HintingNone)
			if err != nil {
				t.Fatal(err)
			}
			return a
		}
		for r := '1'; r <= '9'; r++ {
			if advance(r) != advance('0') {
				t.Errorf("%s: %c is %v wide, 0 is %v", name, r, advance(r), advance('0'))
			}
		}
	}
}

// The interface is written in Latin and names come from everywhere; what the typeface lacks, the
// toolkit takes from fonts of the system, which not every machine has.
func TestFontsCoverScripts(t *testing.T) {
	want := "AZaz09 ÄÖÜßéñçøåł őŽțĞ ΑΩαω АЯая Ёё •…→←↑↓·–—“”€№"
	for name, data := range map[string][]byte{"regular": FontRegular(), "semibold": FontSemiBold()} {
		face, err := sfnt.Parse(data)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, r := range want {
			if g, err := face.GlyphIndex(nil, r); err != nil || g == 0 {
				t.Errorf("%s: no glyph for %q: %v", name, r, err)
			}
		}
	}
}

func TestIconsAreOneColourlessOutline(t *testing.T) {
	names := IconNames()
	if len(names) < 40 {
		t.Fatalf("only %d icons", len(names))
	}
	for _, n := range names {
		var svg struct {
			ViewBox string `xml:"viewBox,attr"`
			Paths   []struct {
				D      string `xml:"d,attr"`
				Fill   string `xml:"fill,attr"`
				Stroke string `xml:"stroke,attr"`
			} `xml:"path"`
			Other []struct {
				XMLName xml.Name
			} `xml:",any"`
		}
		if err := xml.Unmarshal(Icon(n), &svg); err != nil {
			t.Errorf("%s: %v", n, err)
			continue
		}
		if svg.ViewBox != "0 0 24 24" || len(svg.Paths) != 1 || len(svg.Other) != 0 {
			t.Errorf("%s: not one path on a 24 px grid", n)
		} else if p := svg.Paths[0]; p.D == "" || p.Fill != "" || p.Stroke != "" {
			// The toolkit colours icons by setting the fill of their paths.
			t.Errorf("%s: has a colour of its own", n)
		}
	}
	if Icon("no such icon") != nil {
		t.Error("an icon that is not there should be nil")
	}
}

func TestMarks(t *testing.T) {
	cfg, format, err := image.DecodeConfig(bytes.NewReader(MarkPNG()))
	if err != nil || format != "png" || cfg.Width != 512 || cfg.Height != 512 {
		t.Errorf("%v, %s %d×%d", err, format, cfg.Width, cfg.Height)
	}
	if err := xml.Unmarshal(TraySVG(), new(struct{})); err != nil {
		t.Error(err)
	}
}

func TestLicencesAreThere(t *testing.T) {
	if !strings.Contains(FontLicence(), "SIL OPEN FONT LICENSE") {
		t.Error("the licence of the fonts is missing")
	}
	if !strings.Contains(IconLicence(), "ISC License") || !strings.Contains(IconLicence(), "Cole Bemis") {
		t.Error("the licences of the icons are missing")
	}
}

// What is embedded is in every download.
func TestSizeStaysReasonable(t *testing.T) {
	total := int64(0)
	err := fs.WalkDir(os.DirFS("."), ".", func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		total += info.Size()
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if total > 1<<20 {
		t.Errorf("assets are %d bytes, over 1 MiB", total)
	}
}
