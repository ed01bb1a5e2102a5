package store

import (
	"fmt"
	"strings"
)

// Limits on names, in bytes. Parts stay far below what file systems and servers take, so that the path to the storage has room.
const (
	MaxPart = 89
	MaxName = 250
)

// CheckName reports ErrName unless name can be an object's: parts of lower-case letters, digits, '-' and '.', neither
// beginning nor ending with '.', joined by '/', none of them a device of Windows. Whatever passes means the same file on
// every system, and never one outside the storage.
func CheckName(name string) error {
	if len(name) == 0 || len(name) > MaxName {
		return fmt.Errorf("%w: %d bytes", ErrName, len(name))
	}
	for part := range strings.SplitSeq(name, "/") {
		if !validPart(part) {
			return fmt.Errorf("%w: %.120q", ErrName, name)
		}
	}
	return nil
}

// ValidPrefix reports whether an object's name can begin with prefix.
func ValidPrefix(prefix string) bool {
	if prefix == "" {
		return true
	}
	dir, rest := SplitPrefix(prefix)
	if prefix[0] == '/' || dir != "" && CheckName(dir) != nil || len(prefix) > MaxName {
		return false
	}
	return rest == "" || rest[0] != '.' && partBytes(rest)
}

// SplitPrefix cuts a prefix into the folder that holds everything beginning with it, without the last '/', and what names
// in there begin with.
func SplitPrefix(prefix string) (folder, rest string) {
	if i := strings.LastIndexByte(prefix, '/'); i >= 0 {
		return prefix[:i], prefix[i+1:]
	}
	return "", prefix
}

func validPart(part string) bool {
	return part != "" && partBytes(part) && part[0] != '.' && part[len(part)-1] != '.' && !reserved(part)
}

func partBytes(part string) bool {
	if len(part) > MaxPart {
		return false
	}
	for i := range len(part) {
		c := part[i]
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '.' {
			return false
		}
	}
	return true
}

// reserved: Windows opens a device for these names, whatever follows the first dot.
func reserved(part string) bool {
	stem, _, _ := strings.Cut(part, ".")
	switch stem {
	case "con", "prn", "aux", "nul":
		return true
	}
	return len(stem) == 4 && (strings.HasPrefix(stem, "com") || strings.HasPrefix(stem, "lpt")) && stem[3] >= '0' && stem[3] <= '9'
}
