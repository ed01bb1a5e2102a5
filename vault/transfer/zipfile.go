package transfer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/tallystick/tallystick/vault/secret"
	"github.com/tallystick/tallystick/vault/transfer/sealedzip"
)

// zipFile is a ZIP file, with a passphrase or without: 1Password's 1PUX, Proton Pass, Bitwarden's with attachments, Raivo,
// Authenticator Plus, WinAuth, and any that people packed themselves. What is in it is recognised as if it had been chosen.
//
// It is a function because it knows all other sources.
func zipFile() source {
	return source{
		id: "zip", name: "ZIP file", any: true,
		sniff: func(in *input) bool { return sealedzip.Recognise(in.data) },
		open:  openZIP,
	}
}

// Limits of a ZIP file.
const (
	maxLoose = 200     // members that are read
	maxZIP   = MaxFile // bytes of all members that are read
	smallZIP = 4 << 20 // bytes of a member that are fine however well it is packed
	maxRatio = 100     // bytes out of one byte in, beyond that; exports pack to a tenth

)

// zipMains are the names of the one member that matters, in archives of apps that put other things beside it: attachments,
// pictures, the same accounts once more as a page to print.
var zipMains = []string{"export.data", "proton pass/data.json", "data.json", "raivo-otp-export.json"}

// zipApps are the apps that encrypt the whole archive. Which one made it shows in the names, which are not encrypted.
var zipApps = []struct{ begins, id, name string }{
	{"raivo-otp", "raivo", "Raivo OTP"},
	{"accounts.txt", "authplus", "Authenticator Plus"},
	{"authplus", "authplus", "Authenticator Plus"},
	{"winauth", "winauth", "WinAuth"},
}

func openZIP(ctx context.Context, in *input) (opened, error) {
	a, err := sealedzip.Open(in.data)
	if err != nil {
		return opened{}, ofZIP(err)
	}
	list, err := zipMembers(a)
	if err != nil {
		return opened{}, err
	}
	if slices.ContainsFunc(list, (*sealedzip.Member).Encrypted) {
		o := opened{encrypted: true}
		for _, app := range zipApps {
			if o.format == "" && slices.ContainsFunc(list, func(m *sealedzip.Member) bool { return strings.HasPrefix(path.Base(memberName(m)), app.begins) }) {
				o.format, o.app = app.id, app.name
			}
		}
		o.read = func(ctx context.Context, passphrase secret.Bytes) (Result, error) {
			im, members, err := openMembers(ctx, list, passphrase.Reveal())
			defer wipeMembers(members)
			if err != nil {
				return Result{}, err
			}
			r, err := im.Read(ctx, passphrase)
			r.Format = cmp.Or(o.format, r.Format)
			return r, err
		}
		return o, nil
	}
	im, _, err := openMembers(ctx, list, nil)
	if err != nil {
		return opened{}, err
	}
	return opened{encrypted: im.Encrypted(), cost: im.Cost(), format: im.Format(), app: im.App(), read: im.Read}, nil
}

// memberName is a member's name in one form.
func memberName(m *sealedzip.Member) string {
	return strings.ToLower(strings.ReplaceAll(m.Name, `\`, "/"))
}

// zipMembers is the members that can be exports. What is too much is refused here, before anything is unpacked.
func zipMembers(a *sealedzip.Archive) ([]*sealedzip.Member, error) {
	var list []*sealedzip.Member
	for _, main := range zipMains {
		if i := slices.IndexFunc(a.Members, func(m *sealedzip.Member) bool { return memberName(m) == main }); i >= 0 {
			list = a.Members[i : i+1]
			break
		}
	}
	if list == nil {
		list = slices.DeleteFunc(slices.Clone(a.Members), func(m *sealedzip.Member) bool {
			name := memberName(m)
			return strings.HasPrefix(name, "__macosx/") || strings.HasPrefix(path.Base(name), ".")
		})
	}
	switch {
	case len(list) == 0:
		return nil, fmt.Errorf("%w: there is nothing in the ZIP file", ErrUnknown)
	case len(list) > maxLoose:
		return nil, fmt.Errorf("%w: more than %d files in the ZIP file", ErrTooLarge, maxLoose)
	}
	var total uint64
	for _, m := range list {
		if name := memberName(m); strings.HasSuffix(name, ".pgp") || strings.HasSuffix(name, ".gpg") {
			return nil, fmt.Errorf("%w: the export is encrypted with PGP; decrypt it with your PGP program first, or export without encryption", ErrRestricted)
		}
		total += min(m.Size, maxZIP+1)
		if total > maxZIP || m.Size > smallZIP && m.Size/max(m.Packed, 1) > maxRatio {
			return nil, fmt.Errorf("%w: the files in the ZIP file become more than %d MB", ErrTooLarge, maxZIP>>20)
		}
	}
	return list, nil
}

// openMembers unpacks the members and opens those that are exports. A ZIP file inside is none.
func openMembers(ctx context.Context, list []*sealedzip.Member, passphrase []byte) (im *Import, members []*input, err error) {
	left, others := maxZIP, false
	var all []*input
	for i, m := range list {
		data, err := m.Read(ctx, passphrase, left)
		if err != nil {
			return nil, all, ofZIP(err)
		}
		left -= len(data)
		all = append(all, newInput(File{Name: path.Base(strings.ReplaceAll(m.Name, `\`, "/")), Data: data}, i))
	}
	for _, in := range all {
		in.others = all
		if _, known := recognise(in, ""); !known || sealedzip.Recognise(in.data) {
			others = others || !isCompanion(in)
			continue
		}
		members = append(members, in)
	}
	if len(members) == 0 {
		return nil, all, fmt.Errorf("%w: nothing in the ZIP file is one", ErrUnknown)
	}
	if im, err = openInputs(ctx, "", members); err != nil {
		return nil, all, err
	}
	if others {
		im.notes = append(im.notes, "Not everything in the ZIP file is an export that is known. The rest was passed over.")
	}
	return im, all, nil
}

// isCompanion reports whether a file without accounts belongs to others that have some.
func isCompanion(in *input) bool {
	return len(in.data) == 0 || strings.HasSuffix(in.name, "-shm") || strings.EqualFold(in.name, "manifest.json") || strings.HasPrefix(strings.ToLower(in.name), "readme")
}

func wipeMembers(members []*input) {
	for _, in := range members {
		clear(in.data)
	}
}

// ofZIP is an error of package sealedzip as one of this package.
func ofZIP(err error) error {
	switch {
	case errors.Is(err, sealedzip.ErrPassphrase):
		return ErrPassphrase
	case errors.Is(err, sealedzip.ErrDamaged), errors.Is(err, sealedzip.ErrNotZIP):
		return fmt.Errorf("%w: the ZIP file", ErrDamaged)
	case errors.Is(err, sealedzip.ErrTooLarge):
		return fmt.Errorf("%w: the files in the ZIP file become more than %d MB", ErrTooLarge, maxZIP>>20)
	case errors.Is(err, sealedzip.ErrMethod):
		return fmt.Errorf("%w: the ZIP file is packed or encrypted in a way that cannot be read here; unpack it first", ErrUnknown)
	}
	return err
}
