package appdb

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// The header of a write-ahead log, and of each page in it.
const (
	walMagic   = 0x377F0682 // the last bit says which byte order the checksums have
	walHeader  = 32
	walFrame   = 24
	walVersion = 3_007_000
)

// RecogniseLog reports whether data begins as the write-ahead log of a database does.
func RecogniseLog(data []byte) bool {
	return len(data) >= walHeader && binary.BigEndian.Uint32(data)&^1 == walMagic
}

// Merge returns the database as it is with its write-ahead log (the file beside it whose name ends in -wal): apps that run
// keep their latest changes there. What SQLite would take over is taken over: every transaction that is complete and whose
// checksums are right. The result is memory of its own. Errors: ErrNotDatabase, ErrDamaged for a log of another database,
// ErrTooLarge.
func Merge(data, log []byte) ([]byte, error) {
	if !Recognise(data) || len(data) < headerSize {
		return nil, ErrNotDatabase
	}
	if len(data) > MaxFile || len(log) > MaxFile {
		return nil, fmt.Errorf("%w: at most %d MB are read", ErrTooLarge, MaxFile>>20)
	}
	merged := bytes.Clone(data)
	if len(log) == 0 {
		return merged, nil // emptied by the app when it ended
	}
	if !RecogniseLog(log) || binary.BigEndian.Uint32(log[4:]) != walVersion {
		return nil, fmt.Errorf("%w: its write-ahead log", ErrDamaged)
	}
	size := int(binary.BigEndian.Uint32(log[8:]))
	if size != pageSize(data) || size == 0 {
		return nil, fmt.Errorf("%w: the write-ahead log is of another database", ErrDamaged)
	}
	var order binary.ByteOrder = binary.LittleEndian
	if log[3]&1 == 1 {
		order = binary.BigEndian
	}
	salt, sum := log[16:24], walSum{}
	sum.add(order, log[:24])
	if !sum.is(log[24:32]) {
		return nil, fmt.Errorf("%w: its write-ahead log", ErrDamaged)
	}
	// pages of the transaction that is not complete yet: number to place in the log.
	pending := map[uint32]int{}
	for at := walHeader; at+walFrame+size <= len(log); at += walFrame + size {
		frame := log[at : at+walFrame]
		page := log[at+walFrame : at+walFrame+size]
		sum.add(order, frame[:8])
		sum.add(order, page)
		if !bytes.Equal(frame[8:16], salt) || !sum.is(frame[16:24]) {
			break // left over from before, or written only in part
		}
		number, total := binary.BigEndian.Uint32(frame), binary.BigEndian.Uint32(frame[4:])
		if number == 0 || int64(number)*int64(size) > MaxFile || int64(total)*int64(size) > MaxFile {
			return nil, fmt.Errorf("%w: at most %d MB are read", ErrTooLarge, MaxFile>>20)
		}
		pending[number] = at + walFrame
		if total == 0 {
			continue
		}
		// The last page of a transaction says how many pages the database has now.
		if want := int(total) * size; len(merged) < want {
			merged = append(merged, make([]byte, want-len(merged))...)
		} else {
			merged = merged[:want]
		}
		for number, from := range pending {
			if to := (int(number) - 1) * size; to+size <= len(merged) {
				copy(merged[to:], log[from:from+size])
			}
		}
		clear(pending)
	}
	return merged, nil
}

// walSum is the running checksum of a log.
type walSum [2]uint32

// add goes over data, whose length is a multiple of 8.
func (s *walSum) add(order binary.ByteOrder, data []byte) {
	for ; len(data) >= 8; data = data[8:] {
		s[0] += order.Uint32(data) + s[1]
		s[1] += order.Uint32(data[4:]) + s[0]
	}
}

func (s *walSum) is(written []byte) bool {
	return binary.BigEndian.Uint32(written) == s[0] && binary.BigEndian.Uint32(written[4:]) == s[1]
}
