// Package assets carries the files that are part of the program: the typeface, the icons of the
// interface and the mark of the application.
//
// Who may import it: main, app and the packages under app. It imports nothing of ours, and it
// knows nothing of the window toolkit: everything it hands out is bytes.
//
// Concurrency: all functions are safe for concurrent use.
//
// Ownership: the bytes belong to this package and are shared; callers must not change them.
//
// Licences of what is not ours lie beside it: font/OFL.txt (IBM Plex, unmodified) and
// icon/ui/LICENSE.txt (Lucide; its drawn lines turned into outlines so that they can be coloured).
package assets

import (
	"embed"
	"io/fs"
	"strings"
)

var (
	//go:embed font/IBMPlexSans-Regular.ttf
	fontRegular []byte
	//go:embed font/IBMPlexSans-SemiBold.ttf
	fontSemiBold []byte
	//go:embed font/IBMPlexMono-Medium.ttf
	fontMono []byte
	//go:embed font/OFL.txt
	fontLicence string
	//go:embed icon/ui/LICENSE.txt
	iconLicence string

	//go:embed icon/Icon.png
	markPNG []byte
	//go:embed icon/tray.svg
	traySVG []byte

	//go:embed icon/ui/*.svg
	icons embed.FS

	//go:embed portals/*.toml
	portals embed.FS
)

// FontRegular is IBM Plex Sans Regular (TrueType). Its digits are of equal width.
func FontRegular() []byte { return fontRegular }

// FontSemiBold is IBM Plex Sans SemiBold (TrueType). Its digits are of equal width.
func FontSemiBold() []byte { return fontSemiBold }

// FontMono is IBM Plex Mono Medium (TrueType), for keys and codes with letters.
func FontMono() []byte { return fontMono }

// FontLicence is the text of the SIL Open Font License the fonts come under.
func FontLicence() string { return fontLicence }

// IconLicence is the text of the licences the icons of the interface come under.
func IconLicence() string { return iconLicence }

// MarkPNG is the application's mark, 512 by 512 pixels: the two halves of a notched stick, the
// stock and the shorter foil, on ink. It is drawn in icon/mark.svg.
func MarkPNG() []byte { return markPNG }

// TraySVG is the mark in one colour on a 24 px grid, with two notches so that it survives 16 px.
func TraySVG() []byte { return traySVG }

// Icon is the interface icon of that name as SVG on a 24 px grid: one filled outline, without a
// colour. It is nil when there is none; IconNames lists them.
func Icon(name string) []byte {
	b, err := icons.ReadFile("icon/ui/" + name + ".svg")
	if err != nil {
		return nil
	}
	return b
}

// IconNames lists the interface icons, sorted.
func IconNames() []string {
	entries, err := icons.ReadDir("icon/ui")
	if err != nil {
		return nil
	}
	names := make([]string, 0, len(entries))
	for _, e := range entries {
		names = append(names, strings.TrimSuffix(e.Name(), ".svg"))
	}
	return names
}

// Portals are the portal guides, one TOML file each; app/portal reads them.
func Portals() fs.FS {
	sub, err := fs.Sub(portals, "portals")
	if err != nil {
		panic(err) // the path is a constant
	}
	return sub
}
