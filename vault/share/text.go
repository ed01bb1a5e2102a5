package share

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Format is the version of everything this package writes.
const Format = 1

// marshal writes canonical JSON: members in the order of docs/format.md, maps by key, no space, strings as RFC 8785 has them.
func marshal(v any) ([]byte, error) {
	b, err := json.Marshal(v, json.Deterministic(true))
	if err != nil {
		return nil, fmt.Errorf("share: encode: %w", err)
	}
	return b, nil
}

// unmarshal reads strict JSON: no unknown or doubled members, no invalid UTF-8, nothing after it.
func unmarshal(b []byte, v any) error {
	if err := json.Unmarshal(b, v, json.RejectUnknownMembers(true)); err != nil {
		for _, ours := range []error{ErrTooLarge, ErrNewer} {
			if errors.Is(err, ours) {
				return fmt.Errorf("%w: %s", ours, where(err))
			}
		}
		return fmt.Errorf("%w: %s", ErrFormat, where(err)) // the library's texts may quote values
	}
	return nil
}

// where says at which place of a text an error is, and nothing of what stands there.
func where(err error) string {
	var semantic *json.SemanticError
	if errors.As(err, &semantic) {
		return "at byte " + strconv.FormatInt(semantic.ByteOffset, 10)
	}
	var syntactic *jsontext.SyntacticError
	if errors.As(err, &syntactic) {
		return "at byte " + strconv.FormatInt(syntactic.ByteOffset, 10)
	}
	return "not strict JSON"
}

// formatOf reads the version a text says it has, before anything else of it is judged: every text begins with it.
func formatOf(body []byte) error {
	rest, ok := strings.CutPrefix(string(body[:min(len(body), 24)]), `{"format":`)
	if !ok {
		return fmt.Errorf("%w: it does not begin with its format", ErrFormat)
	}
	end := strings.IndexAny(rest, ",}")
	if end < 0 {
		return fmt.Errorf("%w: it does not begin with its format", ErrFormat)
	}
	n, err := strconv.ParseUint(rest[:end], 10, 31)
	switch {
	case err != nil || n == 0:
		return fmt.Errorf("%w: it does not begin with its format", ErrFormat)
	case n > Format:
		return fmt.Errorf("%w: format %d, this program knows %d", ErrNewer, n, Format)
	}
	return nil
}
