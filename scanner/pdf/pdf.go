// Package pdf draws the pages of a PDF far enough for a code on them to be seen.
//
// Purpose: setup sheets, printed exports and recovery kits are PDFs, in which a QR code is either a picture or some hundred
// filled squares. Pages draws both, in grey, and leaves out what codes are not made of: text, shadings, patterns, soft masks
// of groups, clipping. pdfcpu reads the file and unpacks streams; what is painted where is followed here (ISO 32000-1, 8).
//
// Who may import it: app/model, app/cli, vault-free tools. It imports package scanner and libraries.
//
// Concurrency: the functions may be called from many goroutines.
//
// Ownership: pages belong to the caller. The bytes are copied, and the copy is cleared once it has been read.
//
// Errors never quote the file.
package pdf

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"

	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/model"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/types"

	"github.com/tallystick/tallystick/scanner"
)

// Limits of what is read and drawn.
const (
	MaxPages = 5        // pages from the front
	MaxFile  = 32 << 20 // bytes

	dpi        = 200       // a module of a code that was printed to be read with a telephone is then 3 pixels or more
	maxSide    = 3_000     // pixels of a page's longer side; larger pages are drawn coarser
	maxObjects = 100_000   // objects in the file
	maxDecoded = 128 << 20 // bytes of one stream, unpacked: a scanned page
	maxPixels  = 40_000_000
	maxDeep    = 64       // nested dictionaries, saved states, drawings within drawings
	maxOps     = 2 << 20  // operators on a page: a large code drawn square by square has some ten thousand
	maxImages  = 200      // pictures drawn on a page
	maxDrawn   = 80 << 20 // pixels of pictures on a page, read and painted: a page scanned at 600 dots per inch takes 40 million
)

// What can be wrong with a PDF. Errors of this package wrap one of these, scanner.ErrTooManyByte, or the context's error.
var (
	// ErrDamaged says that the file is no PDF, or cannot be read as one.
	ErrDamaged = errors.New("pdf: damaged")
	// ErrEncrypted says that the file wants a password.
	ErrEncrypted = errors.New("pdf: protected with a password")
	// ErrPicture says that pictures of the file are missing on the pages that come with it: they are packed in a way that
	// cannot be unpacked here (JPEG 2000, JBIG2), or damaged.
	ErrPicture = errors.New("pdf: a picture in it cannot be unpacked")
)

func init() {
	// The library would otherwise write a configuration file into the home directory.
	model.ConfigPath = "disable"
}

// Is reports whether data is a PDF, from its first bytes.
func Is(data []byte) bool { return bytes.Contains(data[:min(len(data), 1024)], []byte("%PDF-")) }

// Pages draws the first pages, in order, at about 200 dots per inch. With ErrPicture there are pages all the same, and a code
// that is not on them may be in the file.
//
// The work runs aside: should the library not see that ctx has ended, the caller is not kept waiting.
func Pages(ctx context.Context, data []byte) ([]image.Image, error) {
	if len(data) > MaxFile {
		return nil, fmt.Errorf("%w: more than %d bytes", scanner.ErrTooManyByte, MaxFile)
	}
	type result struct {
		pages []image.Image
		err   error
	}
	done := make(chan result, 1)
	data = bytes.Clone(data)
	go func() {
		var out result
		defer func() {
			if recover() != nil {
				out = result{err: ErrDamaged}
			}
			clear(data)
			done <- out
		}()
		out.pages, out.err = draw(ctx, data)
	}()
	select {
	case out := <-done:
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		return out.pages, out.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Pictures gives what there is to see in a file: the pages of a PDF as Pages does, or else the pictures that
// scanner.DecodePictures reads, with its errors.
func Pictures(ctx context.Context, data []byte, l scanner.Limits) ([]image.Image, error) {
	if Is(data) {
		return Pages(ctx, data)
	}
	return scanner.DecodePictures(data, l, MaxPages)
}

func draw(ctx context.Context, data []byte) ([]image.Image, error) {
	conf := model.NewDefaultConfiguration()
	conf.Offline = true
	conf.Limits = model.ResourceLimits{
		MaxStreamBytes: MaxFile, MaxDecodeBytes: maxDecoded, MaxImagePixels: maxPixels, MaxImageBytes: maxDecoded,
		MaxObjectCount: maxObjects, MaxObjectStreamCount: maxObjects, MaxObjectStreamFirst: maxDecoded, MaxXRefEntries: maxObjects,
		MaxRecursionDepth: maxDeep,
	}
	doc, err := pdfcpu.ReadWithContext(ctx, bytes.NewReader(data), conf)
	switch {
	case err != nil && (errors.Is(err, pdfcpu.ErrWrongPassword) || bytes.Contains(data, []byte("/Encrypt"))):
		return nil, ErrEncrypted
	case err != nil:
		return nil, ErrDamaged
	}
	root, err := doc.Catalog()
	if err != nil || root == nil {
		return nil, ErrDamaged
	}
	var pages []image.Image
	seen := map[types.IndirectRef]bool{}
	p := painter{ctx: ctx, doc: doc}
	var walk func(o types.Object, above inherited, depth int)
	walk = func(o types.Object, above inherited, depth int) {
		if ref, ok := o.(types.IndirectRef); ok {
			if seen[ref] {
				return
			}
			seen[ref] = true
		}
		node := p.dict(o)
		if node == nil || depth > maxDeep || len(pages) >= MaxPages || ctx.Err() != nil {
			return
		}
		if own := p.dict(node["Resources"]); own != nil {
			above.resources = own
		}
		if own, ok := p.box(node["MediaBox"]); ok {
			above.box = own
		}
		if kids := p.array(node["Kids"]); kids != nil {
			for _, kid := range kids {
				walk(kid, above, depth+1)
			}
			return
		}
		content, err := doc.PageContent(node, len(pages)+1)
		if err != nil {
			content = nil // an empty page is a page
		}
		pages = append(pages, p.page(content, above))
	}
	// US Letter is what a page measures that does not say; so do most readers.
	walk(root["Pages"], inherited{box: rect{0, 0, 612, 792}}, 0)
	switch {
	case len(pages) == 0 && ctx.Err() == nil:
		return nil, ErrDamaged
	case p.unread:
		return pages, ErrPicture
	}
	return pages, nil
}

// inherited is what a page takes over from the nodes of the page tree above it.
type inherited struct {
	resources types.Dict
	box       rect
}

// rect is in points, 1/72 inch, with the origin at the lower left.
type rect struct{ x0, y0, x1, y1 float64 }
