package platform

import "strings"

// Editing of mimeapps.list, the file in which a person's default programs are kept.
// xdg-mime can add to it but not take back, and it writes the whole file anew; here
// every line that is not ours stays byte for byte.

const defaultGroup = "[Default Applications]"

// defaultApp is the first desktop entry that a list names for a type; "" for none.
func defaultApp(text, mime string) string {
	app := ""
	eachDefault(text, mime, func(line, apps string) string {
		if app == "" {
			for name := range strings.SplitSeq(apps, ";") {
				if name = strings.TrimSpace(name); name != "" {
					app = name
					break
				}
			}
		}
		return line
	})
	return app
}

// addDefault puts app first for a type. What was there comes after it, and comes back
// when app is dropped.
func addDefault(text, mime, app string) string {
	found := false
	text, group := eachDefault(text, mime, func(line, apps string) string {
		if found {
			return line // a second line for one type is ignored by readers
		}
		found = true
		return mime + "=" + app + ";" + without(apps, app) + ending(line)
	})
	switch line := mime + "=" + app + ";\n"; {
	case found:
		return text
	case group >= 0:
		head := text[:group]
		if !strings.HasSuffix(head, "\n") {
			head += "\n"
		}
		return head + line + text[group:]
	default:
		if text != "" && !strings.HasSuffix(text, "\n") {
			text += "\n"
		}
		if text != "" {
			text += "\n"
		}
		return text + defaultGroup + "\n" + line
	}
}

// dropDefault takes app away from a type, and the line if nothing is left in it.
func dropDefault(text, mime, app string) string {
	text, _ = eachDefault(text, mime, func(line, apps string) string {
		rest := without(apps, app)
		switch {
		case rest == apps:
			return line
		case strings.Trim(rest, "; \t") == "":
			return ""
		default:
			return mime + "=" + rest + ending(line)
		}
	})
	return text
}

// eachDefault gives every line about a type in the group of defaults to edit, which
// returns what to put in its place. It returns the new text and the offset in it just
// after the first header of the group, -1 if there is none.
func eachDefault(text, mime string, edit func(line, apps string) string) (edited string, group int) {
	var out strings.Builder
	group, inside := -1, false
	for line := range strings.Lines(text) {
		trimmed := strings.TrimSpace(line)
		if strings.HasPrefix(trimmed, "[") {
			inside = trimmed == defaultGroup
			out.WriteString(line)
			if inside && group < 0 {
				group = out.Len()
			}
			continue
		}
		if key, apps, ok := strings.Cut(trimmed, "="); inside && ok && strings.TrimSpace(key) == mime {
			out.WriteString(edit(line, strings.TrimSpace(apps)))
			continue
		}
		out.WriteString(line)
	}
	return out.String(), group
}

// without removes app from a list separated by semicolons.
func without(apps, app string) string {
	var kept []string
	changed := false
	for name := range strings.SplitSeq(apps, ";") {
		if strings.TrimSpace(name) == app {
			changed = true
			continue
		}
		kept = append(kept, name)
	}
	if !changed {
		return apps
	}
	return strings.Join(kept, ";")
}

// ending is a line's own line break.
func ending(line string) string {
	switch {
	case strings.HasSuffix(line, "\r\n"):
		return "\r\n"
	case strings.HasSuffix(line, "\n"):
		return "\n"
	}
	return ""
}
