package recovery

import (
	"strconv"
	"strings"

	"golang.org/x/text/encoding/charmap"
)

// readRTF makes marked text of a document in the Rich Text Format 1.9: text, what is
// struck out, paragraphs, cells. Character sets other than Windows-1252 come only by
// \u; that is how all editors write since 1997.
func readRTF(doc string) string {
	type group struct {
		skip, struck, hidden bool
		unicodeSkip          int // characters that stand in for a \u
	}
	var b strings.Builder
	now := group{unicodeSkip: 1}
	var open []group
	struck := false
	eat := 0
	high := rune(0)
	put := func(r rune) {
		if eat > 0 {
			eat--
			return
		}
		if now.skip || now.hidden {
			return
		}
		if now.struck != struck {
			if struck = now.struck; struck {
				b.WriteByte(strikeOn)
			} else {
				b.WriteByte(strikeOff)
			}
		}
		clean, _ := sanitise(string(r))
		b.WriteString(clean)
	}
	for i := 0; i < len(doc) && b.Len() <= MaxText; {
		c := doc[i]
		i++
		switch c {
		case '{':
			eat = 0
			// Deeper groups than any editor writes share the innermost one's state.
			open = append(open, now)
			if len(open) > 100_000 {
				return b.String()
			}
		case '}':
			eat = 0
			if n := len(open); n > 0 {
				now, open = open[n-1], open[:n-1]
			}
		case '\r', '\n':
		case '\\':
			if i >= len(doc) {
				return b.String()
			}
			c = doc[i]
			i++
			switch {
			case c == '\'':
				if i+2 > len(doc) {
					return b.String()
				}
				v, err := strconv.ParseUint(doc[i:i+2], 16, 8)
				i += 2
				if err == nil {
					put(charmap.Windows1252.DecodeByte(byte(v)))
				}
			case c == '*':
				now.skip = true // a destination that readers who do not know it pass over
			case c == '~':
				put(' ')
			case c == '_':
				put('-')
			case c == '\\' || c == '{' || c == '}':
				put(rune(c))
			case c == '\n' || c == '\r':
				put('\n')
			case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z':
				from := i - 1
				for i < len(doc) && (doc[i] >= 'a' && doc[i] <= 'z' || doc[i] >= 'A' && doc[i] <= 'Z') && i-from < 40 {
					i++
				}
				word := doc[from:i]
				numFrom := i
				if i < len(doc) && doc[i] == '-' {
					i++
				}
				for i < len(doc) && doc[i] >= '0' && doc[i] <= '9' && i-numFrom < 12 {
					i++
				}
				arg, err := strconv.Atoi(doc[numFrom:i])
				has := err == nil
				if i < len(doc) && doc[i] == ' ' {
					i++
				}
				switch word {
				case "u":
					r := rune(arg)
					if r < 0 {
						r += 65536
					}
					eat = 0
					switch {
					case r >= 0xd800 && r < 0xdc00:
						high = r
					case r >= 0xdc00 && r < 0xe000 && high != 0:
						put((high-0xd800)<<10 + (r - 0xdc00) + 0x10000)
						high = 0
					default:
						put(r)
					}
					eat = now.unicodeSkip
				case "uc":
					now.unicodeSkip = min(max(arg, 0), 16)
				case "strike", "striked":
					now.struck = !has || arg != 0
				case "plain":
					now.struck, now.hidden = false, false
				case "v":
					now.hidden = !has || arg != 0
				case "deleted": // taken out while changes were tracked
					now.hidden = !has || arg != 0
				case "par", "line", "row", "sect", "page":
					eat = 0
					put('\n')
				case "tab", "cell", "nestcell":
					put('\t')
				case "emdash", "endash":
					put('-')
				case "bullet":
					put('•')
				case "lquote", "rquote":
					put('\'')
				case "ldblquote", "rdblquote":
					put('"')
				case "emspace", "enspace", "qmspace":
					put(' ')
				case "bin": // bytes that are no text
					if arg > 0 {
						i = min(len(doc), i+arg)
					}
				case "fonttbl", "colortbl", "stylesheet", "info", "pict", "object", "header", "footer", "headerl", "headerr", "footerl", "footerr", "themedata", "listtable", "fldinst", "datastore", "generator":
					now.skip = true
				}
			}
		default:
			if c >= 0x80 { // decoded already
				r := []rune(doc[i-1 : min(len(doc), i+3)])[0]
				i += max(len(string(r)), 1) - 1
				put(r)
				continue
			}
			put(rune(c))
		}
	}
	return strings.TrimRight(b.String(), " ")
}
