package recovery

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/model"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/types"
)

// Limits of a PDF. What is compressed in it may be a thousand times as large.
const (
	maxPDFStreams  = 600     // streams of any kind
	maxPDFDecoded  = 1 << 20 // bytes of one stream, unpacked
	maxPDFObjects  = 100_000
	maxPDFRuns     = 20_000 // pieces of text on a page
	maxPDFForms    = 200    // drawings used inside drawings, in all
	maxPDFOperands = 64
)

func init() {
	// The library would otherwise write a configuration file into the home directory.
	model.ConfigPath = "disable"
}

// readPDF makes marked text of a PDF. pdfcpu reads its objects, within limits and in
// time; what is drawn on the pages is followed here, because the place of a piece of
// text says to which line it belongs.
//
// The work runs aside: should the library not see that the time is over, the caller is
// not kept waiting. Nothing the library says goes into the error, since it may quote
// the file.
func readPDF(ctx context.Context, data []byte) (string, error) {
	if bytes.Count(data, []byte("stream")) > 2*maxPDFStreams {
		return "", ErrTooLarge
	}
	type result struct {
		text string
		err  error
	}
	done := make(chan result, 1)
	// The caller may clear data while a reader that did not end in time still looks at it.
	data = bytes.Clone(data)
	go func() {
		var out result
		defer func() {
			if recover() != nil {
				out = result{err: fmt.Errorf("%w: PDF", ErrDamaged)}
			}
			done <- out
		}()
		out.text, out.err = pagesOf(ctx, data)
	}()
	select {
	case out := <-done:
		clear(data)
		if err := ctx.Err(); err != nil && out.err != nil {
			return "", err
		}
		return out.text, out.err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

func pagesOf(ctx context.Context, data []byte) (string, error) {
	conf := model.NewDefaultConfiguration()
	conf.Offline = true
	conf.Limits = model.ResourceLimits{
		MaxStreamBytes: MaxFile, MaxDecodeBytes: maxPDFDecoded, MaxImagePixels: 1, MaxImageBytes: 1, MaxObjectCount: maxPDFObjects,
		MaxObjectStreamCount: maxPDFObjects, MaxObjectStreamFirst: maxPDFDecoded, MaxXRefEntries: maxPDFObjects, MaxRecursionDepth: 64,
	}
	doc, err := pdfcpu.ReadWithContext(ctx, bytes.NewReader(data), conf)
	switch {
	case err != nil && (errors.Is(err, pdfcpu.ErrWrongPassword) || bytes.Contains(data, []byte("/Encrypt"))):
		return "", ErrEncrypted
	case err != nil:
		return "", fmt.Errorf("%w: PDF", ErrDamaged)
	}
	root, err := doc.XRefTable.Catalog()
	if err != nil || root == nil {
		return "", fmt.Errorf("%w: PDF", ErrDamaged)
	}
	p := painter{ctx: ctx, doc: doc.XRefTable, fonts: map[string]*pdfFont{}}
	var text strings.Builder
	pages := 0
	seen := map[types.IndirectRef]bool{}
	var walk func(o types.Object, resources types.Dict, depth int)
	walk = func(o types.Object, resources types.Dict, depth int) {
		if ref, ok := o.(types.IndirectRef); ok {
			if seen[ref] {
				return
			}
			seen[ref] = true
		}
		node := p.dict(o)
		if node == nil || depth > 32 || pages >= maxPages || ctx.Err() != nil {
			return
		}
		if own := p.dict(node["Resources"]); own != nil {
			resources = own
		}
		if kids := p.array(node["Kids"]); kids != nil {
			for _, kid := range kids {
				walk(kid, resources, depth+1)
			}
			return
		}
		pages++
		content, err := doc.XRefTable.PageContent(node, pages)
		if err != nil {
			return
		}
		p.runs, p.strikes, p.forms = nil, nil, 0
		p.paint(content, resources, graphics{ctm: identity, scale: 1}, 0)
		text.WriteString(p.lines())
		text.WriteByte('\n')
	}
	walk(root["Pages"], nil, 0)
	if err := ctx.Err(); err != nil {
		return "", err
	}
	return text.String(), nil
}

// run is one piece of text on a page, in points from the lower left corner.
type run struct {
	x, y, end, size float64
	text            string
}

// stroke is a thin line across a page: under text, or through it.
type stroke struct{ from, to, y float64 }

// lines puts the pieces of a page into lines, from top to bottom and left to right,
// with a tab where there is room for one.
func (p *painter) lines() string {
	runs := p.runs
	slices.SortStableFunc(runs, func(a, b run) int { return compare(b.y, a.y) })
	var out strings.Builder
	for i := 0; i < len(runs); {
		j := i + 1
		for j < len(runs) && runs[i].y-runs[j].y < 0.4*max(runs[i].size, 1) {
			j++
		}
		row := runs[i:j]
		slices.SortStableFunc(row, func(a, b run) int { return compare(a.x, b.x) })
		end, size := 0.0, 0.0
		for k, r := range row {
			if k > 0 {
				switch gap := r.x - end; {
				case gap > 1.2*max(r.size, size):
					out.WriteByte('\t')
				case gap > 0.14*max(r.size, size):
					out.WriteByte(' ')
				}
			}
			clean, _ := sanitise(r.text)
			clean = strings.ReplaceAll(clean, "\n", " ")
			if p.struck(r) {
				clean = string(strikeOn) + clean + string(strikeOff)
			}
			out.WriteString(clean)
			end, size = max(r.end, end), r.size
		}
		out.WriteByte('\n')
		if out.Len() > MaxText {
			break
		}
		i = j
	}
	return out.String()
}

func compare(a, b float64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// struck reports whether a line goes through the middle of a piece of text: above its
// base, below the height of its small letters, along most of it.
func (p *painter) struck(r run) bool {
	width := r.end - r.x
	if width <= 0 {
		return false
	}
	for _, s := range p.strikes {
		if s.y > r.y+0.12*r.size && s.y < r.y+0.55*r.size && min(s.to, r.end)-max(s.from, r.x) > 0.6*width {
			return true
		}
	}
	return false
}
