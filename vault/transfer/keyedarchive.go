package transfer

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"howett.net/plist"
)

// archive is what NSKeyedArchiver writes: all objects in one list, which refer to each other by place.
type archive struct {
	objects []any
	top     map[string]any
}

// Limits of an archive; a backup of 1,000 accounts has some 5,000 objects.
const (
	maxArchive  = 4 << 20 // bytes
	maxArchived = 500_000 // written out, without sharing
	maxNested   = 16
)

// readArchive reads the list. Errors: ErrDamaged, ErrTooLarge.
func readArchive(data []byte) (a archive, err error) {
	damaged := fmt.Errorf("%w: it is no archive of OTP Auth", ErrDamaged)
	if len(data) > maxArchive {
		return archive{}, fmt.Errorf("%w: more than %d MB", ErrTooLarge, maxArchive>>20)
	}
	if !smallPlist(data) {
		return archive{}, damaged
	}
	defer func() {
		if recover() != nil { // the library panics over some damaged lists
			a, err = archive{}, damaged
		}
	}()
	var file struct {
		Objects []any          `plist:"$objects"`
		Top     map[string]any `plist:"$top"`
	}
	if _, err := plist.Unmarshal(data, &file); err != nil {
		return archive{}, damaged
	}
	a = archive{file.Objects, file.Top}
	if len(a.root()) == 0 {
		return archive{}, damaged
	}
	return a, nil
}

// follow gives what a reference stands for; anything else is itself.
func (a archive) follow(v any) any {
	if id, ok := v.(plist.UID); ok {
		if uint64(id) >= uint64(len(a.objects)) {
			return nil
		}
		return a.objects[id]
	}
	return v
}

// root is the archived dictionary.
func (a archive) root() map[string]any {
	for _, name := range []string{"root", "$0"} {
		if o := a.object(a.top[name]); o != nil {
			return o
		}
	}
	// Archives of single values have them beside each other.
	return a.top
}

// object is the fields of an object, or the contents of a dictionary.
func (a archive) object(v any) map[string]any {
	o, _ := a.follow(v).(map[string]any)
	keys, isDictionary := o["NS.keys"].([]any)
	if !isDictionary {
		return o
	}
	values, _ := o["NS.objects"].([]any)
	m := make(map[string]any, len(keys))
	for i, k := range keys {
		if i < len(values) {
			m[a.text(k)] = values[i]
		}
	}
	return m
}

func (a archive) list(v any) []any {
	switch o := a.follow(v).(type) {
	case []any:
		return o
	case map[string]any:
		l, _ := o["NS.objects"].([]any)
		return l
	}
	return nil
}

// text is a string; the archive's word for nothing is none.
func (a archive) text(v any) string {
	switch s := a.follow(v).(type) {
	case string:
		if s != "$null" {
			return s
		}
	case map[string]any:
		t, _ := a.follow(s["NS.string"]).(string)
		return t
	}
	return ""
}

// bytes is a piece of data; nil when it is none.
func (a archive) bytes(v any) []byte {
	switch b := a.follow(v).(type) {
	case []byte:
		return b
	case map[string]any:
		d, _ := a.follow(b["NS.data"]).([]byte)
		return d
	}
	return nil
}

func (a archive) float(v any) float64 {
	switch n := a.follow(v).(type) {
	case float64:
		return n
	case float32:
		return float64(n)
	case uint64:
		return float64(n)
	case int64:
		return float64(n)
	}
	return 0
}

func (a archive) int(v any) int64 {
	f := a.float(v)
	if f != float64(int64(f)) || f < -1e15 || f > 1e15 {
		return -1
	}
	return int64(f)
}

// smallPlist looks at a binary property list before the library does: how deep its lists are nested, and how many objects it has
// when every list is written out. A list may contain another any number of times, and the library writes it out each time.
// Format: CFBinaryPList.c of Apple's CoreFoundation.
func smallPlist(data []byte) bool {
	const trailer = 32
	if len(data) < len(plistMagic)+trailer || !bytes.HasPrefix(data, []byte(plistMagic)) {
		return false
	}
	end := data[len(data)-trailer:]
	offsetSize, refSize := int(end[6]), int(end[7])
	count, top, table := binary.BigEndian.Uint64(end[8:]), binary.BigEndian.Uint64(end[16:]), binary.BigEndian.Uint64(end[24:])
	body := uint64(len(data) - trailer)
	if offsetSize < 1 || offsetSize > 8 || refSize < 1 || refSize > 8 || count > maxArchived || top >= count ||
		table > body || count*uint64(offsetSize) > body-table {
		return false
	}
	number := func(at uint64, size int) (n uint64) {
		for _, b := range data[at : at+uint64(size)] {
			n = n<<8 | uint64(b)
		}
		return n
	}
	const open = -1
	type seen struct{ objects, height int }
	known := make([]seen, count)
	var measure func(object uint64, depth int) bool
	measure = func(object uint64, depth int) bool {
		if object >= count || depth > maxNested {
			return false
		}
		k := &known[object]
		if k.objects != 0 {
			return k.objects != open && depth+k.height <= maxNested
		}
		k.objects = open
		at := number(table+object*uint64(offsetSize), offsetSize)
		if at >= table {
			return false
		}
		kind, length := data[at]>>4, uint64(data[at]&0xF)
		total, height := 1, 1
		if kind == 0xA || kind == 0xD {
			if at++; length == 0xF {
				if at >= table || data[at]>>4 != 1 || data[at]&0xF > 3 {
					return false
				}
				size := 1 << (data[at] & 0xF)
				if at++; at+uint64(size) > table {
					return false
				}
				length = number(at, size)
				at += uint64(size)
			}
			if length > maxArchived {
				return false
			}
			if kind == 0xD {
				length *= 2
			}
			if at+length*uint64(refSize) > table {
				return false
			}
			for i := range length {
				child := number(at+i*uint64(refSize), refSize)
				if !measure(child, depth+1) {
					return false
				}
				if total += known[child].objects; total > maxArchived {
					return false
				}
				height = max(height, known[child].height+1)
			}
		}
		*k = seen{total, height}
		return true
	}
	return measure(top, 1)
}
