package recovery_test

import (
	"testing"

	"github.com/tallystick/tallystick/vault/recovery"
)

// "example" in an address is no example of a key.
func TestAddressIsNoExample(t *testing.T) {
	d := recovery.Parse("Recovery Key for robin@practice.example\n\nH7KQ2M9XW4TZ8RBN5VPL3CYD\n\nKeep it in a safe place.\n")
	if len(d.Keys) != 1 {
		t.Errorf("%d keys, want the one", len(d.Keys))
	}
	if d := recovery.Parse("A recovery key looks like this example: H7KQ2M9XW4TZ8RBN5VPL3CYD\n"); len(d.Keys) != 0 {
		t.Errorf("%d keys of an example", len(d.Keys))
	}
}
