package appdb

import (
	"encoding/binary"
	"fmt"
)

// headerSize is the bytes of a database's header, at the beginning of page 1.
const headerSize = 100

// pageSize reads the size of a page from the header; 0 when it is impossible.
func pageSize(data []byte) int {
	n := int(binary.BigEndian.Uint16(data[16:]))
	if n == 1 {
		n = 1 << 16
	}
	if n < 512 || n&(n-1) != 0 {
		return 0
	}
	return n
}

// Kinds of pages of a table.
const (
	interiorPage = 5
	leafPage     = 13
)

// checkSchema looks at the size of the schema before SQLite reads all of it: it is kept in a table that begins on page 1,
// and a file can make it as large as it likes.
func checkSchema(data []byte) error {
	size := pageSize(data)
	if size == 0 || len(data) < size {
		return ErrDamaged
	}
	rows, bytes, pages := 0, 0, 0
	var walk func(number uint32, depth int) error
	walk = func(number uint32, depth int) error {
		if pages++; pages > maxTables || depth > 8 {
			return fmt.Errorf("%w: its list of tables", ErrTooLarge)
		}
		if number == 0 || int64(number)*int64(size) > int64(len(data)) {
			return ErrDamaged
		}
		page := data[(int(number)-1)*size : int(number)*size]
		at := 0
		if number == 1 {
			at = headerSize
		}
		kind, cells := page[at], int(binary.BigEndian.Uint16(page[at+3:]))
		first := at + 8
		if kind == interiorPage {
			first += 4
		} else if kind != leafPage {
			return ErrDamaged
		}
		if first+2*cells > len(page) {
			return ErrDamaged
		}
		for i := range cells {
			cell := int(binary.BigEndian.Uint16(page[first+2*i:]))
			if cell+4 > len(page) {
				return ErrDamaged
			}
			if kind == interiorPage {
				if err := walk(binary.BigEndian.Uint32(page[cell:]), depth+1); err != nil {
					return err
				}
				continue
			}
			length, ok := varint(page[cell:])
			if !ok {
				return ErrDamaged
			}
			rows++
			if length > maxSchema || rows > maxTables {
				return fmt.Errorf("%w: its list of tables", ErrTooLarge)
			}
			if bytes += int(length); bytes > maxSchema {
				return fmt.Errorf("%w: its list of tables", ErrTooLarge)
			}
		}
		if kind == interiorPage {
			return walk(binary.BigEndian.Uint32(page[at+8:]), depth+1)
		}
		return nil
	}
	return walk(1, 0)
}

// varint reads a number of up to nine bytes, seven bits each, the highest first.
func varint(data []byte) (uint64, bool) {
	var n uint64
	for i, b := range data {
		if i == 8 {
			return n<<8 | uint64(b), true
		}
		n = n<<7 | uint64(b&0x7F)
		if b < 0x80 {
			return n, true
		}
	}
	return 0, false
}

// HasLog reports whether a database may have a write-ahead log beside it.
func HasLog(data []byte) bool { return Recognise(data) && len(data) >= headerSize && data[18] == 2 }
