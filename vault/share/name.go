package share

import (
	"strconv"
	"strings"
)

// The four kinds of objects, which are the folders they lie in.
const (
	kindCtl   = "ctl"
	kindKey   = "key"
	kindDev   = "dev"
	kindInbox = "inbox"
)

// Limits of one object, in bytes.
const (
	maxCtl          = 16 << 10
	maxKey          = 1 << 20
	MaxContribution = 64 << 20
	maxInbox        = 16 << 10
)

// maxNumber is the most a number in a name may be.
const maxNumber = 9_999_999_999

// object is a name taken apart.
type object struct {
	kind   string
	n      int64    // ctl: the place in the chain; key: epoch; dev: seq
	device DeviceID // key, dev
	invite InviteID // inbox
	hash   Hash
	name   string // with the folder of the vault
	size   int64  // bytes, as listed; -1 = not known
}

// Folder is what the names of all objects of a vault begin with, with the slash at its end.
func (v VaultID) Folder() string { return "sv-" + string(v) + "/" }

func ctlName(v VaultID, n int64, h Hash) string {
	return v.Folder() + kindCtl + "/" + strconv.FormatInt(n, 10) + "-" + string(h)
}

func keyName(v VaultID, epoch int64, d DeviceID, h Hash) string {
	return v.Folder() + kindKey + "/" + strconv.FormatInt(epoch, 10) + "-" + string(d) + "-" + string(h)
}

func devName(v VaultID, d DeviceID, seq int64, h Hash) string {
	return v.Folder() + kindDev + "/" + string(d) + "/" + strconv.FormatInt(seq, 10) + "-" + string(h)
}

func inboxName(v VaultID, i InviteID, h Hash) string {
	return v.Folder() + kindInbox + "/" + string(i) + "-" + string(h)
}

// parseName takes the name of an object of vault v apart. Whatever is not exactly one (a conflict copy, desktop.ini) gives false.
func parseName(v VaultID, name string) (object, bool) {
	rest, ok := strings.CutPrefix(name, v.Folder())
	if !ok || len(name) > 250 {
		return object{}, false
	}
	part := strings.Split(rest, "/")
	o := object{kind: part[0], name: name}
	switch {
	case len(part) == 2 && o.kind == kindCtl:
		n, h, ok := strings.Cut(part[1], "-")
		o.hash = Hash(h)
		return o, ok && number(n, &o.n) && o.hash.Valid()
	case len(part) == 2 && o.kind == kindKey:
		f := strings.Split(part[1], "-")
		if len(f) != 3 {
			return object{}, false
		}
		o.device, o.hash = DeviceID(f[1]), Hash(f[2])
		return o, number(f[0], &o.n) && o.device.Valid() && o.hash.Valid()
	case len(part) == 3 && o.kind == kindDev:
		n, h, ok := strings.Cut(part[2], "-")
		o.device, o.hash = DeviceID(part[1]), Hash(h)
		return o, ok && number(n, &o.n) && o.device.Valid() && o.hash.Valid()
	case len(part) == 2 && o.kind == kindInbox:
		i, h, ok := strings.Cut(part[1], "-")
		o.invite, o.hash = InviteID(i), Hash(h)
		return o, ok && o.invite.Valid() && o.hash.Valid()
	}
	return object{}, false
}

// number reads a decimal without leading zeros or sign.
func number(s string, n *int64) bool {
	if s == "" || len(s) > 10 || s[0] == '0' && s != "0" {
		return false
	}
	v, err := strconv.ParseUint(s, 10, 63)
	*n = int64(v)
	return err == nil && *n <= maxNumber
}

// limit is the most bytes an object of its kind may have.
func (o object) limit() int64 {
	switch o.kind {
	case kindCtl:
		return maxCtl
	case kindKey:
		return maxKey
	case kindDev:
		return MaxContribution
	}
	return maxInbox
}
