package scanner

import "strings"

// join replaces the codes of a text that was spread over several by one code with all of the text, where all of them are
// there. It stands where the first part is. ISO/IEC 18004 §8: parts of one text share number and parity.
func join(codes []Code) []Code {
	type text struct {
		total  int
		parity uint8
	}
	parts := map[text][]*Code{}
	for i := range codes {
		if p := codes[i].Part; p != nil && p.Index < p.Total {
			k := text{p.Total, p.Parity}
			if parts[k] == nil {
				parts[k] = make([]*Code, p.Total)
			}
			if at := &parts[k][p.Index]; *at == nil {
				*at = &codes[i]
			}
		}
	}
	out := codes[:0:0]
next:
	for _, c := range codes {
		if c.Part == nil {
			out = append(out, c)
			continue
		}
		all := parts[text{c.Part.Total, c.Part.Parity}]
		var b strings.Builder
		sure := c.Sure
		for _, p := range all {
			if p == nil {
				out = append(out, c) // not all of it: the part as it is
				continue next
			}
			b.WriteString(p.Text)
			sure = min(sure, p.Sure)
		}
		if c.Part.Index != 0 {
			continue
		}
		c.Text, c.Sure, c.Part = b.String(), sure, nil
		out = append(out, c)
	}
	return out
}
