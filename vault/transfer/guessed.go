package transfer

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/tallystick/tallystick/vault/secret"
	"github.com/tallystick/tallystick/vault/transfer/appdb"
)

// guessed is a file that looks like nothing but chance: encrypted, without a mark that says by whom. Several apps write such files,
// and which of them it was shows when one of their ways fits the passphrase. The size and the name decide only what is tried first.
var guessed = source{
	id: andotpSealed.id, name: andotpSealed.name, any: true,
	sniff: func(in *input) bool {
		return andotpSealed.sniff(in) || otpclientOld.sniff(in) || authPlusSealed.sniff(in)
	},
	open: openGuessed,
}

// candidate is one way to read a file without a mark.
type candidate struct {
	source
	opened
}

func openGuessed(ctx context.Context, in *input) (opened, error) {
	order := []source{andotpSealed, otpclientOld, authPlusSealed}
	switch {
	case strings.HasSuffix(strings.ToLower(in.name), ".enc"):
		order = []source{otpclientOld, andotpSealed, authPlusSealed}
	case appdb.MaybeSQLCipher(in.data):
		order = []source{authPlusSealed, andotpSealed, otpclientOld}
	}
	var candidates []candidate
	var names []string
	all := opened{encrypted: true}
	for _, s := range order {
		if !s.sniff(in) {
			continue
		}
		o, err := s.open(ctx, in)
		if err != nil {
			return opened{}, err
		}
		candidates, names = append(candidates, candidate{s, o}), append(names, s.name)
		all.cost.Memory, all.cost.Iterations = max(all.cost.Memory, o.cost.Memory), all.cost.Iterations+o.cost.Iterations
	}
	all.format, all.app = candidates[0].id, candidates[0].name
	all.read = func(ctx context.Context, passphrase secret.Bytes) (Result, error) {
		for _, c := range candidates {
			r, err := c.read(ctx, passphrase)
			if errors.Is(err, ErrPassphrase) {
				continue
			}
			r.Format = c.id
			return r, err
		}
		return Result{}, fmt.Errorf("%w, or the file is from none of %s", ErrPassphrase, strings.Join(names, ", "))
	}
	return all, nil
}

// appNamed is the name of the app with an id.
func appNamed(id string) string {
	for _, s := range []source{andotpSealed, otpclientOld, authPlusSealed} {
		if s.id == id {
			return s.name
		}
	}
	return ""
}
