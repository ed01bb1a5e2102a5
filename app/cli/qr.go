package cli

import (
	"errors"
	"io/fs"
	"strings"

	qrcode "github.com/skip2/go-qrcode"
	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/vault"
	"github.com/tallystick/tallystick/vault/otpauth"
)

func (r *run) qrCommand() *cobra.Command {
	var file string
	var force, invert bool
	cmd := &cobra.Command{
		Use:   "qr ACCOUNT",
		Short: "Show the QR code of an account, for another device",
		Long: `Show the QR code of an account, as blocks or as a PNG file. Whoever sees it can
make the account's codes, so look around first and delete the file afterwards.

Blocks are light on dark where the output is not a terminal; a phone that cannot
read that can read --invert.`,
		Args: oneAccount,
		RunE: func(cmd *cobra.Command, args []string) error {
			if force && file == "" {
				return usage("--force goes with --png.")
			}
			return r.readClosing(cmd.Context(), func(v *vault.Vault) error {
				a, err := r.one(v.Accounts(), args[0])
				if err != nil {
					return err
				}
				code, err := symbol(a)
				if err != nil {
					return err
				}
				if file != "" {
					return r.writePNG(code, file, force)
				}
				r.printBlocks(code, invert)
				return nil
			})
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&file, "png", "", "write a picture to `FILE` (readable by you only; - is standard output)")
	f.BoolVar(&force, "force", false, "with --png: replace a file that is there")
	f.BoolVar(&invert, "invert", false, "dark blocks for dark modules, for a light background")
	return cmd
}

// symbol is the QR code of an account's link. A long link gets less error correction
// rather than none at all.
func symbol(a vault.Account) (*qrcode.QRCode, error) {
	link, err := otpauth.Format(otpauth.Entry{Issuer: a.Issuer, Name: a.Name, Params: a.Params, Tags: a.Tags})
	if err != nil {
		return nil, err
	}
	code, err := qrcode.New(link, qrcode.Medium)
	if err != nil {
		code, err = qrcode.New(link, qrcode.Low)
	}
	if err != nil {
		return nil, fail(statusFailed, "The names are too long for a QR code. Make them shorter.")
	}
	return code, nil
}

// moduleSize is the width of a module in the PNG, in pixels: large enough for a camera
// that looks at it on a screen.
const moduleSize = 8

func (r *run) writePNG(code *qrcode.QRCode, file string, force bool) error {
	png, err := code.PNG(-moduleSize)
	if err != nil {
		return err
	}
	if file == "-" {
		if r.env.StdoutTerminal {
			return usage("A picture cannot be shown as text. Name a file.")
		}
		_, err := r.out.Write(png)
		return err
	}
	if err := writePrivate(file, png, force); err != nil {
		if errors.Is(err, fs.ErrExist) {
			return fail(statusFailed, "That file is there already. --force replaces it.")
		}
		return err
	}
	r.note("Wrote %s. It holds the key: delete it when it is no longer needed.", clean(file))
	return nil
}

// printBlocks prints two rows of modules as one line of half blocks. At a terminal the
// colours are set, so that it is dark on light whatever the theme.
func (r *run) printBlocks(code *qrcode.QRCode, invert bool) {
	text := strings.TrimRight(halfBlocks(code.Bitmap(), r.env.StdoutTerminal || invert), "\n")
	for _, line := range strings.Split(text, "\n") {
		if r.env.StdoutTerminal {
			line = "\x1b[38;2;0;0;0;48;2;255;255;255m" + line + "\x1b[0m"
		}
		r.print("%s", line)
	}
}

// halfBlocks draws a matrix of modules (true = dark). With darkInk the blocks are the dark
// modules, otherwise the light ones. A row that is missing at the end is light.
func halfBlocks(m [][]bool, darkInk bool) string {
	blocks := [2][2]rune{{' ', '▄'}, {'▀', '█'}}
	var b strings.Builder
	for y := 0; y < len(m); y += 2 {
		for x := range m[y] {
			upper := m[y][x] == darkInk
			lower := (y+1 < len(m) && m[y+1][x]) == darkInk
			b.WriteRune(blocks[index(upper)][index(lower)])
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func index(set bool) int {
	if set {
		return 1
	}
	return 0
}
