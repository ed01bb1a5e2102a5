package webdav

import (
	"sync"
	"time"
)

// trustFor is for how long the listing of a folder is believed to be unchanged because its entity tag is. A server whose tags
// of folders do not follow what is in them costs that delay and nothing more.
const trustFor = 5 * time.Minute

// cache keeps the listings of folders without folders in them. Most servers change the entity tag of a folder when a file in it
// comes or goes, and tell it with the listing of the folder above: an idle sync then asks for the folders that hold folders, and
// not for one per device.
//
// A listing is kept only when the tag that came with it, of the folder itself, is the one that the folder above tells later:
// asked for in that order, a change in between shows as another tag.
type cache struct {
	now func() time.Time

	mu      sync.Mutex
	folders map[string]cached
}

type cached struct {
	tag     string
	entries []entry
	at      time.Time
}

// get gives what a folder with that tag holds, if it is known and not too long ago.
func (c *cache) get(folder, tag string) ([]entry, bool) {
	if tag == "" {
		return nil, false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	known, ok := c.folders[folder]
	if !ok || known.tag != tag {
		return nil, false
	}
	if age := c.now().Sub(known.at); age < 0 || age > trustFor {
		delete(c.folders, folder)
		return nil, false
	}
	return known.entries, true
}

// put keeps a listing, if it tells the tag of the folder itself and there are no folders in it.
func (c *cache) put(folder string, entries []entry) {
	tag := ""
	for _, e := range entries {
		switch {
		case e.name == folder:
			tag = e.tag
		case e.folder:
			tag = ""
			c.forget(folder)
			return
		}
	}
	if tag == "" {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.folders == nil || len(c.folders) > 10_000 {
		c.folders = map[string]cached{}
	}
	c.folders[folder] = cached{tag: tag, entries: entries, at: c.now()}
}

// forget drops a listing that was made untrue by ourselves.
func (c *cache) forget(folder string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.folders, folder)
}
