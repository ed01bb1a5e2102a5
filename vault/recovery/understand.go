package recovery

import (
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/tallystick/tallystick/vault/secret"
)

// reader is one text on its way to a Draft.
type reader struct {
	d     Draft
	lines []line
	// named: the name of the file speaks of recovery keys.
	named bool
	uuids []candidate
	keys  []candidate
}

// understand reads a sanitised text with marks.
func understand(text, name string) Draft {
	r := reader{}
	r.d.Origin = Origin{File: name}
	if name != "" {
		r.named = label.MatchString(words(strings.NewReplacer("-", " ", ".", " ").Replace(name))) || label.MatchString(words(name))
	}
	struck := false
	for _, raw := range strings.Split(text, "\n") {
		var l line
		l, struck = newLine(raw, struck)
		r.lines = append(r.lines, l)
	}
	for i := range r.lines {
		r.look(i)
	}
	if !r.phrase() && !r.list() && !r.inline() {
		r.one()
	}
	r.collect()
	r.where()
	return r.d
}

// look masks one line, finds the labels in it and takes it apart.
func (r *reader) look(i int) {
	l := &r.lines[i]
	spoken := words(l.text)
	if m := label.FindAllStringIndex(l.text, -1); m != nil {
		l.label, l.labelFrom, l.labelEnd = true, m[0][0], m[len(m)-1][1]
	} else if len(spoken) > len(l.text) || strings.Contains(l.text, "_") {
		if m := label.FindAllStringIndex(spoken, -1); m != nil {
			l.label, l.labelFrom, l.labelEnd = true, unspoken(l.text, m[0][0]), unspoken(l.text, m[len(m)-1][1])
		}
	}
	l.other = otherLabel.MatchString(spoken)
	l.setup = !l.label && setupLabel.MatchString(spoken)

	masked := []byte(l.text)
	if blank(masked, setupLink, nil) {
		r.d.note(NoteSetupKey)
	}
	for _, at := range uuidForm.FindAllIndex(masked, -1) {
		r.uuids = append(r.uuids, candidate{line: i, from: at[0], to: at[1], shape: "uuid"})
	}
	blank(masked, uuidForm, nil)
	for _, m := range masks[:3] {
		blank(masked, m, nil)
	}
	blank(masked, iban, notIBAN)
	// Dates first: their dots and dashes would be taken for versions.
	stamp := masks[9]
	for _, at := range stamp.FindAllIndex(masked, -1) {
		if l.date.IsZero() {
			l.date = dates(append([]byte(nil), masked[at[0]:at[0]+10]...))
		}
	}
	blank(masked, stamp, nil)
	if d := dates(masked); l.date.IsZero() {
		l.date = d
	}
	for k, m := range masks[3 : len(masks)-1] {
		if k+3 != 9 {
			blank(masked, m, nil)
		}
	}
	l.masked = string(masked)
	if l.setup {
		r.setupKey(l)
	}
	l.tokenise()
	for c := range l.cands {
		l.cands[c].line = i
	}
}

// unspoken finds in a text the place that words moved by its inserted spaces.
func unspoken(text string, at int) int {
	spoken := 0
	var last rune
	for i, r := range text {
		if spoken >= at {
			return i
		}
		if unicode.IsUpper(r) && unicode.IsLower(last) {
			spoken++
		}
		spoken += utf8.RuneLen(r)
		last = r
	}
	return len(text)
}

var base32Form = regexp.MustCompile(`(?i)\b[a-z2-7]{16,128}\b=*|\b[a-z2-7]{4}(?:[ -][a-z2-7]{4}){3,31}\b|\b[0-9a-f]{32,64}\b`)

// setupKey masks the key of the authenticator on a line that says it is one.
func (r *reader) setupKey(l *line) {
	masked := []byte(l.masked)
	if blank(masked, base32Form, func(s string) bool { return strings.ToLower(s) == s && !strings.ContainsAny(s, "234567") }) {
		r.d.note(NoteSetupKey)
	}
	l.masked = string(masked)
}

// phrase finds one key of 12 to 24 words.
func (r *reader) phrase() bool {
	labelled := r.named
	for i := range r.lines {
		l := &r.lines[i]
		labelled = labelled || l.label
		if !labelled {
			continue
		}
		rest, from := l.text, 0
		if l.label {
			from = l.labelEnd
			if colon := strings.IndexByte(l.text[from:], ':'); colon >= 0 && colon < 12 {
				from += colon + 1
			}
			rest = l.text[from:]
		}
		if n, ok := plainWords(strings.Fields(strings.Trim(rest, " \t:\"'"))); ok && phraseLength(n) {
			a := from + strings.IndexFunc(rest, isLower)
			z := from + strings.LastIndexFunc(rest, isLower) + 1
			r.lines[i].key = true
			r.addPhrase(strings.Join(strings.Fields(l.text[a:z]), " "), l.struck[a])
			return true
		}
	}
	return labelled && r.numberedWords()
}

var numberedWord = regexp.MustCompile(`(?:^|[\s|])(\d{1,2})[.):\s]\s*([a-z]{3,8})(?:[\s|,;]|$)`)

// numberedWords finds a phrase that is printed as a numbered list, in one or more
// columns.
func (r *reader) numberedWords() bool {
	at := map[int]string{}
	var from []int
	struck := false
	for i := range r.lines {
		l := &r.lines[i]
		text := strings.ReplaceAll(l.text, " ", "  ")
		m := numberedWord.FindAllStringSubmatch(text, -1)
		if m == nil || strings.Join(flat(m), "") != strings.Join(strings.Fields(strings.NewReplacer(".", "", ")", "", ":", "", "|", "", ",", "", ";", "").Replace(l.text)), "") {
			continue
		}
		for _, g := range m {
			n, _ := strconv.Atoi(g[1])
			if at[n] != "" {
				return false
			}
			at[n] = g[2]
		}
		struck = struck || l.struck[0]
		from = append(from, i)
	}
	if !phraseLength(len(at)) {
		return false
	}
	var ordered []string
	for n := 1; n <= len(at); n++ {
		if at[n] == "" {
			return false
		}
		ordered = append(ordered, at[n])
	}
	for _, i := range from {
		r.lines[i].key = true
	}
	r.addPhrase(strings.Join(ordered, " "), struck)
	return true
}

func flat(groups [][]string) []string {
	var out []string
	for _, g := range groups {
		out = append(out, g[1], g[2])
	}
	return out
}

func (r *reader) addPhrase(text string, struck bool) {
	r.d.Keys = append(r.d.Keys, Found{Text: secret.FromString(text), Used: struck})
}

func isLower(c rune) bool { return c >= 'a' && c <= 'z' }

func phraseLength(n int) bool { return n >= 12 && n <= 24 && n%3 == 0 }

// plainWords counts words of 3 to 8 small letters, the form of all word lists for
// phrases; false when there is anything else.
func plainWords(fields []string) (int, bool) {
	for _, f := range fields {
		if len(f) < 3 || len(f) > 8 || strings.TrimFunc(f, isLower) != "" {
			return 0, false
		}
		switch f { // on every list of common words, on no list for phrases
		case "the", "and", "for", "with", "your", "from", "are", "was", "not", "has", "have", "this", "they", "them", "our", "were":
			return 0, false
		}
	}
	return len(fields), true
}

// list finds the dominating shape: many lines with nothing but keys of one form.
func (r *reader) list() bool {
	shapes := map[string][]candidate{}
	lines := map[string]map[int]bool{}
	filled, proseLines, anyLabel := 0, 0, r.named
	for i := range r.lines {
		l := &r.lines[i]
		if !l.blank {
			filled++
		}
		if l.prose && !l.blank {
			proseLines++
		}
		anyLabel = anyLabel || l.label
		shape, ok := l.keysOnly()
		if !ok {
			continue
		}
		if lines[shape] == nil {
			lines[shape] = map[int]bool{}
		}
		for _, c := range l.cands {
			if c.shape == shape {
				shapes[shape] = append(shapes[shape], c)
				lines[shape][i] = true
			}
		}
	}
	best, most := "", 0
	for shape, cands := range shapes {
		cands = r.near(cands)
		shapes[shape] = cands
		if !r.keyLike(cands, lines[shape], anyLabel, filled) {
			continue
		}
		if len(cands) > most || len(cands) == most && cands[0].line < shapes[best][0].line {
			best, most = shape, len(cands)
		}
	}
	if best == "" {
		return false
	}
	r.keys = shapes[best]
	return true
}

// keysOnly reports whether a line has nothing but keys, numbers and marks, and which
// shape they have.
func (l *line) keysOnly() (string, bool) {
	if l.setup || len(l.cands) == 0 {
		return "", false
	}
	shape := ""
	for _, c := range l.cands {
		if !c.soft && shape == "" {
			shape = c.shape
		}
	}
	if shape == "" {
		shape = l.cands[0].shape
	}
	from := l.tokens[l.cands[0].first].from
	for _, c := range l.cands {
		if c.shape != shape {
			return "", false
		}
	}
	for _, t := range l.tokens {
		switch t.kind {
		case kindWord:
			// A label in front of the key is no prose: "Backup code 1: …".
			if !(l.label && t.to <= from && t.from >= l.labelFrom && t.to <= l.labelEnd) {
				return "", false
			}
		case kindMasked:
			// The day a key was made or used is no prose either; anything else masked is.
			if l.date.IsZero() && !l.used {
				return "", false
			}
		}
	}
	return shape, true
}

// near drops keys of letters only that do not stand among keys that have digits:
// those are headings of the same length.
func (r *reader) near(cands []candidate) []candidate {
	first, last := -1, -1
	lower, upper := false, false // the letters of those that have digits
	for _, c := range cands {
		if c.soft {
			continue
		}
		if first < 0 {
			first = c.line
		}
		last = c.line
		text := r.text(c)
		lower = lower || strings.ToUpper(text) != text
		upper = upper || strings.ToLower(text) != text
	}
	if first < 0 {
		return cands
	}
	out := cands[:0:0]
	for _, c := range cands {
		text := r.text(c)
		otherCase := lower && !upper && strings.ToUpper(text) == text && strings.ToLower(text) != text ||
			upper && !lower && strings.ToLower(text) == text && strings.ToUpper(text) != text
		if !c.soft || c.line >= first-1 && c.line <= last+1 && !otherCase {
			out = append(out, c)
		}
	}
	return out
}

func (r *reader) text(c candidate) string { return r.lines[c.line].text[c.from:c.to] }

// keyLike judges a list of one shape.
func (r *reader) keyLike(cands []candidate, lines map[int]bool, labelled bool, filled int) bool {
	if len(cands) == 0 {
		return false
	}
	norm := make([]string, 0, len(cands))
	distinct := map[string]bool{}
	for _, c := range cands {
		n := string(Normalise([]byte(r.text(c))))
		if !distinct[n] {
			distinct[n] = true
			norm = append(norm, n)
		}
	}
	hard, digitsOnly, dull := 0, 0, 0
	for _, c := range cands {
		if !c.soft {
			hard++
		}
	}
	for _, n := range norm {
		if strings.Trim(n, "0123456789") == "" {
			digitsOnly++
		}
		if variety(n) < 3 {
			dull++
		}
	}
	size := len(norm[0])
	allDigits := digitsOnly == len(norm)
	switch {
	case size < 6 || dull*2 > len(norm):
		return false
	case allDigits && (looksLikeDays(norm) || inSteps(norm)):
		return false
	}
	heading, other := r.heading(cands[0].line)
	if other && !heading {
		return false
	}
	if labelled {
		// A label anywhere is not enough when something else stands between it and the list.
		if !heading && !r.named {
			return false
		}
		if hard == 0 { // letters only: words have other lengths
			return len(norm) >= 4 && size >= 8 && len(lines) >= 2 && r.unlikeWords(norm)
		}
		return len(norm) >= 3 || len(norm) == 2 && size >= 8
	}
	// Nothing says that these are keys: only when there is hardly anything else.
	if hard == 0 || len(norm) < 5 || len(lines)*10 < filled*8 {
		return false
	}
	return size >= 8 && size <= 32 || size >= 6 && size < 8 && !allDigits
}

// heading looks upwards from a list for what the text calls it. The label that stands
// nearest decides; other is true when it is one of other lists.
func (r *reader) heading(at int) (isLabel, other bool) {
	const reach = 40 // lines with words
	seen := 0
	for i := at; i >= 0 && seen < reach; i-- {
		l := &r.lines[i]
		if l.blank {
			continue
		}
		if l.label {
			return true, false
		}
		if l.setup {
			continue
		}
		if l.other && (i == at || seen <= 3 && l.title()) {
			other = true
		}
		if other && (!l.key && len(l.cands) == 0 || l.prose) {
			return false, true
		}
		if l.prose || len(l.cands) == 0 {
			seen++
		}
	}
	if r.named {
		return !other, other
	}
	// Some sheets say what they are below the keys.
	for i := at + 1; i < len(r.lines) && !other; i++ {
		if r.lines[i].label {
			return true, false
		}
	}
	return false, other
}

// title reports whether a line has the form of a heading.
func (l *line) title() bool {
	t := strings.TrimSpace(l.text)
	return strings.HasSuffix(t, ":") || len(strings.Fields(t)) <= 6
}

// unlikeWords tells letters drawn at random from a list of words.
func (r *reader) unlikeWords(norm []string) bool {
	odd := 0
	for _, n := range norm {
		run := 0
		for _, c := range n {
			if strings.ContainsRune("aeiouy", c) {
				run = 0
				continue
			}
			if run++; run >= 4 {
				odd++
				break
			}
		}
	}
	return odd*3 >= len(norm)
}

// variety counts the different characters.
func variety(text string) int {
	seen := map[rune]bool{}
	for _, c := range text {
		seen[c] = true
	}
	return len(seen)
}

// looksLikeDays finds lists of dates written as YYYYMMDD or DDMMYYYY.
func looksLikeDays(norm []string) bool {
	n := 0
	for _, s := range norm {
		if len(s) < 8 {
			continue
		}
		if _, err := time.Parse("20060102", s[:8]); err == nil && (s[:2] == "19" || s[:2] == "20") {
			n++
		} else if _, err := time.Parse("02012006", s[:8]); err == nil && len(s) == 8 && (s[4:6] == "19" || s[4:6] == "20") {
			n++
		}
	}
	return n*2 > len(norm)
}

// inSteps finds numbers that are counted up.
func inSteps(norm []string) bool {
	near := 0
	for i := 1; i < len(norm); i++ {
		a, err1 := strconv.ParseInt(norm[i-1], 10, 64)
		b, err2 := strconv.ParseInt(norm[i], 10, 64)
		if err1 == nil && err2 == nil && b > a && b-a <= 100 {
			near++
		}
	}
	return len(norm) > 1 && near*2 >= len(norm)-1
}

// inline finds a list inside a sentence: "your backup codes are a, b and c".
func (r *reader) inline() bool {
	for i := range r.lines {
		l := &r.lines[i]
		if !l.label || exampleWord.MatchString(l.masked) {
			continue
		}
		byShape := map[string][]candidate{}
		for _, c := range l.cands {
			if c.from >= l.labelEnd && !c.soft && c.to-c.from >= 6 {
				byShape[c.shape] = append(byShape[c.shape], c)
			}
		}
		for _, cands := range byShape {
			if len(cands) >= 3 && (r.keys == nil || len(cands) > len(r.keys)) {
				r.keys = cands
			}
		}
		if r.keys != nil {
			return true
		}
	}
	return false
}

var connects = regexp.MustCompile(`(?i)^[\s:=\-"'>*.)\]}|]*(?:(?:is|are|for (?:this|your) account|below|lautet|ist|est|es|è|adalah|\(keep (?:it )?safe\)|#?1)[\s:=\-"'>*.)|]*)?$`)

// one finds a single key: it needs a label right before it, or nothing beside it.
func (r *reader) one() {
	for i := range r.lines {
		l := &r.lines[i]
		if !l.label || wrongLabel.MatchString(l.text) && !label.MatchString(l.text) {
			continue
		}
		if exampleWord.MatchString(l.masked) {
			continue
		}
		// On the same line, right behind the label.
		for _, c := range r.on(i) {
			if c.from >= l.labelEnd && connects.MatchString(l.text[l.labelEnd:c.from]) && r.oneLike(c, true) {
				r.keys = append(r.keys, c)
				break
			}
		}
		// Or alone below it.
		if len(r.on(i)) == 0 || r.keys == nil {
			r.below(i)
		}
		if len(r.keys) > 0 {
			break
		}
	}
	if len(r.keys) > 0 {
		return
	}
	// The only thing there is.
	var only []candidate
	for i := range r.lines {
		l := &r.lines[i]
		if l.blank {
			continue
		}
		if l.prose && !r.named {
			return
		}
		if l.setup || l.other {
			return
		}
		if !r.lone(i) {
			if r.named {
				continue
			}
			return
		}
		only = append(only, r.on(i)...)
	}
	if len(only) != 1 {
		return
	}
	c := only[0]
	text := r.text(c)
	norm := string(Normalise([]byte(text)))
	switch {
	case !r.oneLike(c, r.named), c.shape == "uuid" && !r.named:
	case r.named:
		r.keys = only
	case bareSetupKey(text):
		r.d.note(NoteSetupKey)
	case len(norm) >= 16 && len(norm) <= 64 && strings.Trim(norm, "0123456789") != "" && len(norm) != 40 && !(len(norm) == 64 && isHex(norm)):
		r.keys = only
	}
}

// below looks under a label for a line with one key and nothing else. Right under a
// heading any key will do; with sentences between only a long one.
func (r *reader) below(i int) {
	l := &r.lines[i]
	heading := l.title() || len(strings.Fields(l.text)) <= 8 || l.labelEnd+2 >= len(l.text)
	prose, blanks := 0, 0
	if !heading {
		prose++
	}
	for j := i + 1; j < len(r.lines) && prose <= 5; j++ {
		l := &r.lines[j]
		if l.blank {
			if blanks++; blanks > 6 {
				return
			}
			continue
		}
		if l.aside() {
			continue
		}
		cs := r.on(j)
		if len(cs) == 1 && !l.prose && r.lone(j) && !l.setup && !l.other && r.oneLike(cs[0], false) {
			text := r.text(cs[0])
			if prose == 0 || len(Normalise([]byte(text))) >= 16 && cs[0].shape != "uuid" && !bareSetupKey(text) {
				r.keys = append(r.keys, cs[0])
			}
			return
		}
		if l.setup || l.other && l.title() {
			return
		}
		prose++
	}
}

func isHex(s string) bool { return strings.Trim(s, "0123456789abcdef") == "" }

// lone reports whether there is one key on a line and nothing else but marks.
func (r *reader) lone(i int) bool {
	l := &r.lines[i]
	n := 0
	for _, t := range l.tokens {
		if t.kind == kindWord || t.kind == kindSoft && len(r.on(i)) != 1 {
			return false
		}
		if t.kind == kindMasked {
			n++
		}
	}
	return len(r.on(i)) == 1 && (n == 0 || len(l.cands) == 0 || !l.date.IsZero())
}

// on are the candidates of a line, with those that have the form of a UUID.
func (r *reader) on(i int) []candidate {
	out := r.lines[i].cands
	for _, u := range r.uuids {
		if u.line == i {
			out = append(out[:len(out):len(out)], u)
		}
	}
	return out
}

// aside reports whether a line says for whom or when, and nothing else.
func (l *line) aside() bool {
	masked := false
	for _, t := range l.tokens {
		masked = masked || t.kind == kindMasked
	}
	return masked && len(l.cands) == 0 && len(l.tokens) <= 4
}

// oneLike judges a single key. close: a label stands right before it.
func (r *reader) oneLike(c candidate, close bool) bool {
	text := r.text(c)
	norm := string(Normalise([]byte(text)))
	l := &r.lines[c.line]
	digits := strings.ContainsAny(norm, "0123456789")
	lower, upper := strings.ToLower(text) != text, strings.ToUpper(text) != text
	grouped := strings.ContainsAny(text, "- ")
	if variety(norm) < 4 || len(norm) > 256 || c.to < len(l.text) && strings.IndexByte("([{<$", l.text[c.to]) >= 0 {
		return false
	}
	if c.from > 0 && strings.IndexByte("$<{", l.text[c.from-1]) >= 0 || strings.Contains(text, "_") {
		return false
	}
	switch {
	case c.soft && !digits:
		// Letters only: long, and in one case.
		return lower != upper && len(norm) >= 16 && (!grouped || upper) && strings.Count(text, " ") < 8
	case strings.Trim(norm, "0123456789") == "":
		return len(norm) >= 8 || close && len(norm) >= 6
	case lower && upper:
		return len(norm) >= 16
	}
	return len(norm) >= 8
}

// bareSetupKey reports whether a text looks more like the key of an authenticator than
// like anything else: letters and digits of base32 in a length such keys have.
func bareSetupKey(text string) bool {
	if strings.Contains(text, "-") {
		return false
	}
	t := strings.ReplaceAll(text, " ", "")
	if strings.ToUpper(t) != t && strings.ToLower(t) != t || strings.Trim(strings.ToUpper(t), "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") != "" {
		return false
	}
	switch len(t) {
	case 16, 20, 24, 26, 32, 40, 48, 52, 56, 64, 103, 104, 128:
		return true
	}
	return false
}

// collect turns the chosen candidates into the keys of the Draft, and counts the rest.
func (r *reader) collect() {
	at := map[string]int{}
	for _, c := range r.keys {
		l := &r.lines[c.line]
		l.key = true
		text := strings.TrimSpace(r.text(c))
		norm := string(Normalise([]byte(text)))
		f := Found{Text: secret.FromString(text), Used: c.struck || c.used}
		if f.Used && l.used {
			f.UsedOn = l.date
		}
		if i, ok := at[norm]; ok {
			r.d.note(NoteRepeated)
			if f.Used && !r.d.Keys[i].Used {
				r.d.Keys[i].Used, r.d.Keys[i].UsedOn = true, f.UsedOn
			}
			f.Text.Wipe()
			continue
		}
		if len(r.d.Keys) == MaxKeys {
			r.d.note(NoteCut)
			break
		}
		at[norm] = len(r.d.Keys)
		r.d.Keys = append(r.d.Keys, f)
	}
	for i := range r.lines {
		if !r.lines[i].blank && !r.lines[i].key {
			r.d.Ignored++
		}
	}
}

var (
	mail      = regexp.MustCompile(`[^\s@<>()\[\]"',;:=]+@[\pL\d.-]+\.\pL{2,}`)
	noPerson  = regexp.MustCompile(`(?i)^(?:no-?reply|support|help|info|security|account-?security|service|admin|contact|hello|team|notifications?)@`)
	accountAt = regexp.MustCompile(`(?i)\b(?:account|user ?name|user|login|signed in as|benutzer(?:name)?|konto|compte|cuenta|akun|@)[ \t]*[:=][ \t]*["']?([^\s"',;<>()]{2,100})`)
	handle    = regexp.MustCompile(`(?:^|[\s(])(@[A-Za-z0-9_]{2,30})\b`)
	made      = regexp.MustCompile(`(?i)\b(?:generated|created|downloaded|issued|date|saved|printed|as of|erstellt|erzeugt|datum|généré|creado|dibuat|made|exported)\b`)
)

// where guesses the portal, the account and the date.
func (r *reader) where() {
	const reach = 200 // lines
	if r.d.Origin.File != "" {
		r.d.Origin.Service = serviceIn(r.d.Origin.File, true)
	}
	sure := false
	account := ""
	for i := range r.lines[:min(reach, len(r.lines))] {
		l := &r.lines[i]
		if l.blank || len(l.text) > 2000 {
			continue
		}
		if r.d.Origin.Service == "" && !l.key {
			r.d.Origin.Service = serviceIn(mail.ReplaceAllString(l.text, " "), false)
		}
		if !l.key && !l.setup {
			if account == "" {
				if m := accountAt.FindStringSubmatch(l.text); m != nil && !label.MatchString(m[0]) && !uuidForm.MatchString(m[1]) {
					account = strings.TrimRight(m[1], ".")
				}
			}
			if r.d.Account == "" {
				if m := mail.FindString(l.text); m != "" && !noPerson.MatchString(m) {
					r.d.Account = strings.TrimRight(m, ".")
				}
			}
		}
		if !l.date.IsZero() && !l.used && !sure {
			if sure = made.MatchString(l.text); sure || r.d.Date.IsZero() && !l.key {
				r.d.Date = l.date
			}
		}
	}
	if r.d.Account == "" {
		r.d.Account = account
	}
	for i := range r.lines[:min(reach, len(r.lines))] {
		if m := handle.FindStringSubmatch(r.lines[i].text); m != nil && r.d.Account == "" && len(r.lines[i].text) < 200 {
			r.d.Account = m[1]
		}
	}
	for i := range r.lines[:min(reach, len(r.lines))] {
		if l := &r.lines[i]; r.d.Origin.Service == "" && len(l.text) < 200 {
			if m := titled.FindStringSubmatch(l.text); m != nil && isName(m[1]) {
				r.d.Origin.Service = m[1]
			}
		}
	}
	if len(r.d.Keys) == 0 {
		r.d.Origin.Service, r.d.Account, r.d.Date = "", "", time.Time{}
	}
}
