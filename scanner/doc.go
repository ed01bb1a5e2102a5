// Package scanner finds the QR codes in a picture and says what they hold and where they are.
//
// Purpose: image in, texts out. It does not know what a text means: otpauth links
// are understood by package vault/otpauth, and the view models carry the text
// there. Seeing and understanding stay apart, so a wrong guess about one never
// hides in the other.
//
// A scan is a row of stages. Each is one file, takes the result of the one before
// and can be replaced alone:
//
//	grey.go      any image.Image     → one byte per pixel
//	pyramid.go   grey                → the same at half the size, again and again
//	binarize.go  grey                → one bit per pixel
//	tiles.go     bits, twice         → where a second look shows something new
//	finder.go    bits                → places that look like the square corner of a code
//	triple.go    corners             → three of them that could belong together, best first
//	squares.go   three corners       → how much of them is not as it is in a code
//	locate.go    bits and three      → the modules of one code and where it lies
//	outline.go, lean.go, bend.go       the same for a code that is not flat before the camera
//	sample.go    places              → the modules there
//	decode.go    modules             → text (gozxing)
//	segments.go                        the data segments that gozxing gives up on
//	merge.go     codes of all levels → every code once
//	join.go      parts of one text   → one code with all of it
//	reason.go    what was seen       → why nothing was read
//
// scan.go runs them in the memory of workspace.go. docs/scanner.md has the whole story and the measurements. picture.go and sniff.go stand in front: they turn the bytes of
// a picture file into an image.Image within limits.
//
// Who may import it: app/model and app/cli, and scanner's own subpackages where
// they need the limits. It imports no other package of ours, no window toolkit.
//
// Concurrency: a [Scanner] may be used from many goroutines at once. A scan uses up
// to two goroutines of its own on large pictures and none is left behind when it
// returns. Cancelling the context ends it between stages.
//
// Ownership: the picture stays the caller's. It is read, never written, and nothing
// of it is kept after Scan returns: the memory a Scanner keeps for the next frame is
// wiped first. The texts are secrets more often than not
// (an otpauth link holds the key): they appear in the result and nowhere else,
// never in an error.
package scanner
