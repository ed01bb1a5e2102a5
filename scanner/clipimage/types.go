package clipimage

import (
	"bytes"
	"errors"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
)

// pictureTypes are the MIME types that are asked for, the best first: png loses nothing and is small, bmp loses nothing,
// jpeg may have lost the fine modules of a code.
var pictureTypes = []string{
	"image/png", "image/bmp", "image/x-bmp", "image/x-MS-bmp", "image/tiff", "image/webp", "image/gif", "image/jpeg", "image/jpg",
}

// fileList is a list of files, as file managers copy them (RFC 2483 §5).
const fileList = "text/uri-list"

// choose picks the type to ask for out of those on offer; ok is false when none is a picture.
func choose(offered []string) (kind string, ok bool) {
	for _, want := range append(pictureTypes, fileList) {
		for _, have := range offered {
			if strings.EqualFold(have, want) {
				return have, true
			}
		}
	}
	return "", false
}

// finish turns what was read as kind into a picture: itself, or the file that it names.
func finish(kind string, data []byte, limit int64) ([]byte, error) {
	if strings.EqualFold(kind, fileList) {
		return oneFile(data, limit)
	}
	if len(data) == 0 {
		return nil, ErrEmpty
	}
	if int64(len(data)) > limit {
		return nil, ErrTooLarge
	}
	return data, nil
}

// oneFile reads the file of a list that names one. More than one is not a picture to look at, and a folder,
// a device or a pipe is not a file.
func oneFile(list []byte, limit int64) ([]byte, error) {
	var path string
	for line := range strings.Lines(string(bytes.Trim(list, "\x00"))) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		u, err := url.Parse(line)
		if err != nil || path != "" || u.Scheme != "file" || u.Host != "" && u.Host != "localhost" || !filepath.IsAbs(u.Path) {
			return nil, ErrEmpty
		}
		path = u.Path
	}
	if path == "" {
		return nil, ErrEmpty
	}
	// Asked before it is opened: opening a pipe waits for whoever writes to it.
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() {
		return nil, ErrEmpty
	}
	if info.Size() > limit {
		return nil, ErrTooLarge
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, ErrEmpty
	}
	defer f.Close()
	return readLimited(f, limit)
}

// readLimited reads all of r, up to limit bytes.
func readLimited(r io.Reader, limit int64) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, limit+1))
	switch {
	case int64(len(data)) > limit:
		return nil, ErrTooLarge
	case err != nil && !errors.Is(err, os.ErrClosed):
		return nil, ErrEmpty
	case len(data) == 0:
		return nil, ErrEmpty
	}
	return data, nil
}
