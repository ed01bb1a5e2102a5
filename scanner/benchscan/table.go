package main

import (
	"fmt"
	"os"
	"strings"
	"time"
)

func ms(d time.Duration) string { return fmt.Sprintf("%.1f", float64(d)/float64(time.Millisecond)) }

// table writes what was measured as Markdown.
func table(all []*tally, version string, repetitions int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "\nBeside %s, median of %d (zbar: once).\n\n", version, repetitions)
	b.WriteString("| set | decoder | pictures | codes | invented | median ms | total ms | × zxing-cpp |\n|---|---|---|---|---|---|---|---|\n")
	for _, t := range all {
		for who, s := range t.by {
			if len(s.took) == 0 {
				continue
			}
			name := t.name
			if who > 0 {
				name = ""
			}
			ratio := "–"
			if z := t.by[zxing].total(); z > 0 && who != zxing {
				ratio = fmt.Sprintf("%.2f", float64(s.total())/float64(z))
			}
			fmt.Fprintf(&b, "| %s | %s | %d of %d | %d of %d | %d | %s | %s | %s |\n", name, names[who],
				s.pictures, t.pictures, s.codes, t.code, s.invented, ms(s.median()), ms(s.total()), ratio)
		}
	}
	b.WriteString("\n")
	return b.String()
}

// The table stands between these lines of the document.
const (
	markStart = "<!-- bench-scan -->"
	markEnd   = "<!-- /bench-scan -->"
)

// replace puts text between the marks of a file.
func replace(file, text string) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	head, rest, ok := strings.Cut(string(data), markStart)
	_, tail, ok2 := strings.Cut(rest, markEnd)
	if !ok || !ok2 {
		return fmt.Errorf("%s has no lines %s and %s", file, markStart, markEnd)
	}
	return os.WriteFile(file, []byte(head+markStart+text+markEnd+tail), 0o644)
}
