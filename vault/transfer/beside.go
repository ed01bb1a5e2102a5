package transfer

import (
	"encoding/json"
	"path"
	"strings"
)

// Beside is the names of files that belong to a file and are mostly in the same folder, without a directory: the manifest.json of an
// encrypted maFile of Steam, the maFiles that a manifest.json names, the write-ahead log of a database. Whoever can look there should open
// them together; a file that is not there is no fault. There are at most MaxFiles names, and none leads out of the folder.
func Beside(f File) []string {
	in := newInput(f, 0)
	switch {
	case isSteamManifest(in):
		var m steamManifest
		if json.Unmarshal(in.text, &m) != nil {
			return nil
		}
		var names []string
		for _, e := range m.Entries {
			name := string(e.File)
			if name == "" || name != path.Base(name) || strings.ContainsAny(name, `/\:`) || strings.HasPrefix(name, ".") || len(names) == MaxFiles-1 {
				continue
			}
			names = append(names, name)
		}
		return names
	case in.json == nil && isBase64(in.text):
		return []string{steamManifestName}
	case strings.HasPrefix(string(f.Data[:min(len(f.Data), 16)]), "SQLite format 3\x00") && f.Name != "":
		return []string{path.Base(strings.ReplaceAll(f.Name, `\`, "/")) + "-wal"}
	}
	return nil
}
