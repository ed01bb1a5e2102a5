package recovery

import (
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// looksLikeHTML judges the beginning of a text, in small letters.
func looksLikeHTML(head string) bool {
	if strings.HasPrefix(head, "<!doctype html") || strings.HasPrefix(head, "<html") {
		return true
	}
	if !strings.HasPrefix(head, "<") {
		return false
	}
	for _, tag := range []string{"<html", "<body", "<table", "<div", "<ul", "<ol", "<li", "<p>", "<p ", "<h1", "<h2", "<h3", "<pre", "<section", "<main", "<head", "<article", "<code", "<span", "<meta", "<title", "<style"} {
		if strings.Contains(head, tag) {
			return true
		}
	}
	return false
}

// readHTML makes marked text of a page. It reads tokens and builds no tree, so that
// nesting costs nothing.
func readHTML(page string) string {
	z := html.NewTokenizer(strings.NewReader(page))
	z.SetMaxBuf(MaxFile)
	var b strings.Builder
	// The elements that are open and what they do to the text in them.
	type element struct {
		tag            string
		struck, silent bool
	}
	var open []element
	struck, silent, pre := 0, 0, 0
	crossedClasses := map[string]bool{}
	inStyle := false
	enter := func(e element) {
		if len(open) >= maxDeep*10 {
			return
		}
		open = append(open, e)
		if e.struck {
			if struck++; struck == 1 {
				b.WriteByte(strikeOn)
			}
		}
		if e.silent {
			silent++
		}
	}
	leave := func() {
		e := open[len(open)-1]
		open = open[:len(open)-1]
		if e.struck {
			if struck--; struck == 0 {
				b.WriteByte(strikeOff)
			}
		}
		if e.silent {
			silent--
		}
	}
	for b.Len() <= MaxText {
		switch z.Next() {
		case html.ErrorToken:
			return b.String()
		case html.TextToken:
			raw := string(z.Text())
			if inStyle {
				collectCrossed(raw, crossedClasses)
				continue
			}
			if silent > 0 {
				continue
			}
			text, _ := sanitise(raw)
			if pre == 0 {
				lead, trail := strings.HasPrefix(text, " ") || strings.HasPrefix(text, "\n") || strings.HasPrefix(text, "\t"), strings.HasSuffix(text, " ") || strings.HasSuffix(text, "\n") || strings.HasSuffix(text, "\t")
				body := strings.Join(strings.Fields(text), " ")
				if lead {
					body = " " + body
				}
				if trail && body != " " {
					body += " "
				}
				text = body
			}
			b.WriteString(text)
		case html.StartTagToken, html.SelfClosingTagToken:
			name, more := z.TagName()
			tag := string(name)
			e := element{tag: tag}
			ticked, checkbox := false, false
			for more {
				var k, v []byte
				k, v, more = z.TagAttr()
				value := strings.ToLower(string(v))
				switch string(k) {
				case "style":
					e.struck = e.struck || strings.Contains(value, "line-through")
					e.silent = e.silent || strings.Contains(strings.ReplaceAll(value, " ", ""), "display:none")
				case "class":
					for _, c := range strings.Fields(value) {
						switch c {
						case "line-through", "strikethrough", "striked", "struck", "crossed-out", "is-used", "code-used", "used":
							e.struck = true
						}
						e.struck = e.struck || crossedClasses[c]
					}
				case "type":
					checkbox = value == "checkbox"
				case "checked":
					ticked = true
				case "hidden":
					e.silent = true
				}
			}
			switch atom.Lookup(name) {
			case atom.S, atom.Del, atom.Strike:
				e.struck = true
			case atom.Script, atom.Noscript, atom.Template, atom.Svg:
				e.silent = true
			case atom.Style:
				inStyle = true
			case atom.Pre, atom.Textarea:
				pre++
				b.WriteByte('\n')
			case atom.Td, atom.Th:
				b.WriteByte('\t')
			case atom.Input:
				if checkbox && ticked {
					b.WriteString(" " + string(usedMark) + " ")
				}
			default:
				if blockTag(tag) {
					b.WriteByte('\n')
				}
			}
			if !voidTag(tag) && !(tag == "svg" && z.Token().Type == html.SelfClosingTagToken) {
				enter(e)
			}
		case html.EndTagToken:
			name, _ := z.TagName()
			tag := string(name)
			switch tag {
			case "style":
				inStyle = false
			case "pre", "textarea":
				pre = max(0, pre-1)
				b.WriteByte('\n')
			case "td", "th":
				b.WriteByte('\t')
			default:
				if blockTag(tag) {
					b.WriteByte('\n')
				}
			}
			// Close up to the element of that name; look only a little way up, so that
			// closing tags without opening ones stay cheap.
			for i := len(open) - 1; i >= 0 && i >= len(open)-50; i-- {
				if open[i].tag == tag {
					for len(open) > i {
						leave()
					}
					break
				}
			}
		}
	}
	return b.String()
}

// collectCrossed finds the classes that a style sheet strikes out.
func collectCrossed(sheet string, into map[string]bool) {
	for rule := range strings.SplitSeq(sheet, "}") {
		selector, body, ok := strings.Cut(rule, "{")
		if !ok || !strings.Contains(strings.ToLower(body), "line-through") || len(into) > 1000 {
			continue
		}
		for _, s := range strings.FieldsFunc(selector, func(r rune) bool { return r == ',' || r == ' ' || r == '\n' || r == '>' }) {
			if i := strings.LastIndexByte(s, '.'); i >= 0 {
				into[strings.ToLower(strings.TrimSpace(s[i+1:]))] = true
			}
		}
	}
}

func blockTag(tag string) bool {
	switch tag {
	case "p", "div", "br", "li", "ul", "ol", "tr", "table", "thead", "tbody", "h1", "h2", "h3", "h4", "h5", "h6", "section", "article", "header", "footer",
		"main", "body", "title", "blockquote", "dl", "dt", "dd", "hr", "form", "fieldset", "nav", "aside", "figure", "figcaption", "address", "head", "label", "caption":
		return true
	}
	return false
}

func voidTag(tag string) bool {
	switch tag {
	case "br", "hr", "img", "input", "meta", "link", "area", "base", "col", "embed", "source", "track", "wbr":
		return true
	}
	return false
}
