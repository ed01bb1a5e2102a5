package otpauth

import (
	"fmt"
	"slices"
)

// Collector joins the parts of one export, which people scan in any order and more
// than once. The zero value is ready. The export is complete when Size is above 0
// and Missing is empty.
//
// Parts belong together when they agree on the number of parts and on the batch id.
// Recent exports have none (0); then two exports of equal size can be told apart only
// when both bring the same place with different accounts. Start a new Collector
// for every scan session.
type Collector struct {
	size  int
	batch int32
	parts map[int]Part
}

// Add takes a part. The same part again is harmless. Errors: ErrOtherBatch when it
// is of another export than the parts already here, which stay; ErrMigration for a
// part whose numbers are impossible.
func (c *Collector) Add(p Part) error {
	if p.Size < 1 || p.Size > MaxParts || p.Index < 0 || p.Index >= p.Size {
		return fmt.Errorf("%w: its part numbers are impossible", ErrMigration)
	}
	if c.parts == nil {
		c.size, c.batch, c.parts = p.Size, p.Batch, map[int]Part{}
	}
	if p.Size != c.size || p.Batch != c.batch {
		return ErrOtherBatch
	}
	if have, ok := c.parts[p.Index]; ok {
		if !samePart(have, p) {
			return ErrOtherBatch
		}
		return nil
	}
	c.parts[p.Index] = p
	return nil
}

// Missing is the zero-based places not yet seen, in order.
func (c *Collector) Missing() []int {
	var missing []int
	for i := range c.size {
		if _, ok := c.parts[i]; !ok {
			missing = append(missing, i)
		}
	}
	return missing
}

// Size is the number of parts of the export; 0 while nothing was added.
func (c *Collector) Size() int { return c.size }

// Entries is the accounts of the parts that are here, in part order.
func (c *Collector) Entries() []Entry {
	var all []Entry
	for i := range c.size {
		all = append(all, c.parts[i].Entries...)
	}
	return all
}

// Skipped is the accounts of the parts that are here that cannot be used, in part order.
func (c *Collector) Skipped() []Skipped {
	var all []Skipped
	for i := range c.size {
		all = append(all, c.parts[i].Skipped...)
	}
	return all
}

func samePart(a, b Part) bool {
	return slices.EqualFunc(a.Entries, b.Entries, func(x, y Entry) bool {
		return x.Issuer == y.Issuer && x.Name == y.Name && x.Params.Counter == y.Params.Counter && x.Params.Same(y.Params)
	}) && slices.EqualFunc(a.Skipped, b.Skipped, func(x, y Skipped) bool { return x.Issuer == y.Issuer && x.Name == y.Name })
}
