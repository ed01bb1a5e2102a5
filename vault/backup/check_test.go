package backup

import (
	"bytes"
	"fmt"
	"os"
	"testing"
	"time"
)

// The newest backup is opened as it lies in the folder, and what became of it there is noticed.
func TestCheckOpensTheNewest(t *testing.T) {
	s := newStage(t, nil)
	c, err := s.k.Check(ctx)
	if ok(t, err); c.Path != "" {
		t.Errorf("an empty folder: %+v", c)
	}
	first, err := s.k.Make(ctx)
	ok(t, err)
	s.now = s.now.Add(time.Hour)
	second, err := s.k.Make(ctx)
	ok(t, err)
	c, err = s.k.Check(ctx)
	if ok(t, err); c != second {
		t.Errorf("%+v, want %+v", c, second)
	}

	good, err := os.ReadFile(second.Path)
	ok(t, err)
	for _, data := range [][]byte{nil, good[:len(good)/2], append(good[:len(good)/3:len(good)/3], good[len(good)/3+1:]...)} {
		ok(t, os.WriteFile(second.Path, data, 0o600))
		if c, err := s.k.Check(ctx); err == nil || c.Path != second.Path {
			t.Errorf("%d bytes of %d: %+v, %v", len(data), len(good), c, err)
		}
	}
	ok(t, os.WriteFile(second.Path, repack(t, good, func(name string, content []byte) []byte {
		if name == aboutMember { // whole, and not what it says
			content = bytes.Replace(content, fmt.Appendf(nil, `"accounts": %d`, second.Accounts), fmt.Appendf(nil, `"accounts": %d`, second.Accounts+1), 1)
		}
		return content
	}), 0o600))
	_, err = s.k.Check(ctx)
	want(t, err, ErrDamaged)
	ok(t, os.Remove(second.Path))
	if c, err = s.k.Check(ctx); err != nil || c != first {
		t.Errorf("%+v, %v, want the one that is left", c, err)
	}

	// With a new passphrase the old ones do not count: this program cannot know whether they open.
	ok(t, s.k.SetUp(ctx, s.folder, pass("other words")))
	if c, err = s.k.Check(ctx); err != nil || c.Path != "" {
		t.Errorf("%+v, %v", c, err)
	}

	ok(t, os.RemoveAll(s.folder))
	_, err = s.k.Check(ctx)
	want(t, err, ErrFolder)
	ok(t, s.k.Off())
	_, err = s.k.Check(ctx)
	want(t, err, ErrNotSet)
}
