package kdbx

import (
	"context"
	"crypto/aes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"sync"

	"github.com/tobischo/argon2"
)

// kdfKind is a key derivation.
type kdfKind int

const (
	kdfAES kdfKind = iota
	kdfArgon2d
	kdfArgon2id
)

// The names of the key derivations in a header.
var kdfNames = map[[16]byte]kdfKind{
	{0xC9, 0xD9, 0xF3, 0x9A, 0x62, 0x8A, 0x44, 0x60, 0xBF, 0x74, 0x0D, 0x08, 0xC1, 0x8A, 0x4F, 0xEA}: kdfAES,
	{0x7C, 0x02, 0xBB, 0x82, 0x79, 0xA7, 0x4A, 0xC0, 0x92, 0x7D, 0x11, 0x4A, 0x00, 0x64, 0x82, 0x38}: kdfAES, // KeePassXC's
	{0xEF, 0x63, 0x6D, 0xDF, 0x8C, 0x29, 0x44, 0x4B, 0x91, 0xF7, 0xA9, 0xA4, 0x03, 0xE3, 0x0A, 0x0C}: kdfArgon2d,
	{0x9E, 0x29, 0x8B, 0x19, 0x56, 0xDB, 0x47, 0x73, 0xB2, 0x3D, 0xFC, 0x3E, 0xC6, 0xF0, 0xA1, 0xE6}: kdfArgon2id,
}

// kdf is a key derivation with its parameters.
type kdf struct {
	kind       kdfKind
	salt       []byte
	iterations uint64 // passes, or rounds of AES
	memory     uint64 // bytes
	lanes      uint32
}

// kdfOf reads the parameters of version 4, a list of named values.
func kdfOf(data []byte) (kdf, error) {
	damaged := fmt.Errorf("%w: the parameters of its key derivation", ErrDamaged)
	values, err := readVariants(data)
	if err != nil {
		return kdf{}, err
	}
	var name [16]byte
	if copy(name[:], values["$UUID"]) != 16 || len(values["$UUID"]) != 16 {
		return kdf{}, damaged
	}
	kind, known := kdfNames[name]
	if !known {
		return kdf{}, fmt.Errorf("%w: key derivation", ErrNewer)
	}
	k := kdf{kind: kind, salt: values["S"]}
	if kind == kdfAES {
		if len(k.salt) != 32 || len(values["R"]) != 8 {
			return kdf{}, damaged
		}
		k.iterations = binary.LittleEndian.Uint64(values["R"])
		return k, nil
	}
	if len(k.salt) < 8 || len(values["I"]) != 8 || len(values["M"]) != 8 || len(values["P"]) != 4 || len(values["V"]) != 4 {
		return kdf{}, damaged
	}
	k.iterations = binary.LittleEndian.Uint64(values["I"])
	k.memory = binary.LittleEndian.Uint64(values["M"])
	k.lanes = binary.LittleEndian.Uint32(values["P"])
	if v := binary.LittleEndian.Uint32(values["V"]); v != argon2.Version {
		return kdf{}, fmt.Errorf("%w: Argon2 version %#x", ErrNewer, v)
	}
	if len(values["K"]) != 0 || len(values["A"]) != 0 {
		return kdf{}, fmt.Errorf("%w: Argon2 with a key of its own", ErrNewer)
	}
	if k.iterations == 0 || k.lanes == 0 || k.memory < 8*1024 {
		return kdf{}, damaged
	}
	return k, nil
}

// check refuses what nobody should have to wait for.
func (k kdf) check() error {
	if k.kind == kdfAES {
		if k.iterations > MaxRounds {
			return fmt.Errorf("%w: %d rounds", ErrTooCostly, k.iterations)
		}
		return nil
	}
	if k.memory > MaxMemory {
		return fmt.Errorf("%w: %d MiB of memory", ErrTooCostly, k.memory>>20)
	}
	if k.lanes > maxLanes || k.iterations > MaxWork/k.memory {
		return fmt.Errorf("%w: %d passes, %d lanes", ErrTooCostly, k.iterations, k.lanes)
	}
	return nil
}

// derive makes the 32 bytes of the transformed key. It returns the context's error as soon as the context ends; a pass of
// Argon2 cannot be interrupted, so its memory is given back only when it has finished on its own.
func (k kdf) derive(ctx context.Context, composite [32]byte) ([]byte, error) {
	if k.kind == kdfAES {
		return k.deriveAES(ctx, composite)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	done := make(chan []byte, 1)
	go func() {
		password := composite[:]
		defer clear(password)
		of := argon2.IDKey
		if k.kind == kdfArgon2d {
			of = argon2.DKey
		}
		done <- of(password, k.salt, uint32(k.iterations), uint32(k.memory/1024), uint8(k.lanes), 32)
	}()
	select {
	case key := <-done:
		return key, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// roundsBetween is how many rounds of AES go by between two looks at the context: about a millisecond.
const roundsBetween = 1 << 15

// deriveAES encrypts the two halves of the composite key as often as the database asks for, side by side.
func (k kdf) deriveAES(ctx context.Context, composite [32]byte) ([]byte, error) {
	block, err := aes.NewCipher(k.salt)
	if err != nil {
		return nil, fmt.Errorf("%w: the parameters of its key derivation", ErrDamaged)
	}
	defer clear(composite[:])
	var wg sync.WaitGroup
	for _, half := range [][]byte{composite[:16], composite[16:]} {
		wg.Go(func() {
			for left := k.iterations; left > 0 && ctx.Err() == nil; {
				n := min(left, roundsBetween)
				for range n {
					block.Encrypt(half, half)
				}
				left -= n
			}
		})
	}
	wg.Wait()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	sum := sha256.Sum256(composite[:])
	return sum[:], nil
}

// readVariants reads a list of named values: a version, then type, name and value each with its length, then a zero.
// The types are not looked at beyond that: a value is read by whoever knows its name.
func readVariants(data []byte) (map[string][]byte, error) {
	damaged := fmt.Errorf("%w: the parameters of its key derivation", ErrDamaged)
	if len(data) < 2 {
		return nil, damaged
	}
	if data[1] > 1 {
		return nil, fmt.Errorf("%w: parameters", ErrNewer)
	}
	data = data[2:]
	take := func() ([]byte, bool) {
		if len(data) < 4 {
			return nil, false
		}
		n := uint64(binary.LittleEndian.Uint32(data))
		if uint64(len(data)-4) < n {
			return nil, false
		}
		value := data[4 : 4+n]
		data = data[4+n:]
		return value, true
	}
	values := make(map[string][]byte)
	for {
		if len(data) == 0 {
			return nil, damaged
		}
		kind := data[0]
		if data = data[1:]; kind == 0 {
			return values, nil
		}
		name, ok := take()
		if !ok {
			return nil, damaged
		}
		value, ok := take()
		if !ok {
			return nil, damaged
		}
		values[string(name)] = value
	}
}
