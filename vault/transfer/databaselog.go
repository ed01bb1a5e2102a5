package transfer

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/tallystick/tallystick/vault/transfer/appdb"
)

// databaseLog is a write-ahead log alone. With its database it is one input (joinLogs) before anybody is asked.
var databaseLog = source{
	name:  "SQLite",
	sniff: func(in *input) bool { return appdb.RecogniseLog(in.data) },
	open: func(context.Context, *input) (opened, error) {
		return opened{}, fmt.Errorf("%w: this is only the log of a database; import it together with the database, whose name is the same without -wal", ErrUnknown)
	},
}

// joinLogs gives every database its write-ahead log: the file whose name is the database's with -wal, or the only one there is.
// Beside them apps have a file ending in -shm, of which nothing is needed.
func (im *Import) joinLogs(inputs []*input) ([]*input, error) {
	isDatabase := func(in *input) bool { return appdb.Recognise(in.data) }
	if !slices.ContainsFunc(inputs, isDatabase) {
		return inputs, nil
	}
	var kept, logs []*input
	databases := 0
	for _, in := range inputs {
		switch {
		case strings.HasSuffix(in.name, "-wal") && len(in.data) == 0, strings.HasSuffix(in.name, "-shm"):
		case appdb.RecogniseLog(in.data):
			logs = append(logs, in)
		default:
			databases += btoi(isDatabase(in))
			kept = append(kept, in)
		}
	}
	for i, in := range kept {
		if !isDatabase(in) {
			continue
		}
		var log []byte
		for _, l := range logs {
			if l.name == in.name+"-wal" || databases == 1 && len(logs) == 1 {
				log = l.data
			}
		}
		if log == nil {
			if appdb.HasLog(in.data) {
				im.notes = append(im.notes, "The latest changes may be missing: "+in.name+" can have a file beside it whose name ends in -wal. If there is one, import both together.")
			}
			continue
		}
		merged, err := appdb.Merge(in.data, log)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", in.name, ofDatabase(err))
		}
		joined := *in
		joined.data = merged
		kept[i] = &joined
	}
	return kept, nil
}
