package store

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// ErrLocation says that a text does not say where a storage is, and how it should.
var ErrLocation = errors.New("store: not the address of a storage")

// The kinds of storage.
const (
	Folder = "dir"
	WebDAV = "webdav"
	S3     = "s3"
)

// Location says where a storage is. It holds no credentials, and may be shown and logged.
//
// Written: dir:PATH, webdav:URL, s3:ENDPOINT/BUCKET[/PREFIX]. ENDPOINT is a host with an optional port, or an http(s) URL
// without a path. A missing scheme means https, on loopback http. S3 addresses may end in ?region=NAME and ?style=path or
// ?style=host (whether the bucket is a part of the path or of the host name; path unless said otherwise, except at Amazon).
type Location struct {
	Kind   string // Folder, WebDAV or S3
	Path   string // Folder: an absolute path, in the form of this system
	URL    string // WebDAV: of the folder, ends in '/'. S3: the endpoint, scheme and host only
	Bucket string // S3
	Prefix string // S3: what every key begins with; empty or ends in '/'
	Region string // S3; empty = what the endpoint's name says, else us-east-1
	Style  string // S3: "path", "host" or empty
}

// ParseLocation reads the written form: ErrLocation, with the reason. Addresses with credentials in them are refused, and not
// repeated in the error. A relative folder is taken from the working directory, one
// that begins with "~/" from the home directory.
func ParseLocation(text string) (Location, error) {
	kind, rest, ok := strings.Cut(strings.TrimRight(strings.TrimLeft(text, " \t\r\n"), "\r\n"), ":")
	if !ok || rest == "" {
		return Location{}, badLocation("begin with dir:, webdav: or s3:")
	}
	switch kind {
	case Folder:
		return parseFolder(rest)
	case WebDAV:
		return parseWebDAV(strings.TrimSpace(rest))
	case S3:
		return parseS3(strings.TrimSpace(rest))
	}
	return Location{}, badLocation("begin with dir:, webdav: or s3:")
}

// String writes what ParseLocation reads.
func (l Location) String() string {
	switch l.Kind {
	case Folder:
		return Folder + ":" + l.Path
	case WebDAV:
		return WebDAV + ":" + l.URL
	case S3:
		query := url.Values{}
		if l.Region != "" {
			query.Set("region", l.Region)
		}
		if l.Style != "" {
			query.Set("style", l.Style)
		}
		text := S3 + ":" + l.URL + "/" + l.Bucket
		if l.Prefix != "" {
			text += "/" + strings.TrimSuffix(l.Prefix, "/")
		}
		if len(query) > 0 {
			text += "?" + query.Encode()
		}
		return text
	}
	return ""
}

// NeedsCredentials reports whether a storage of this kind asks who one is.
func (l Location) NeedsCredentials() bool { return l.Kind == WebDAV || l.Kind == S3 }

// Plain reports whether the way to the storage is unencrypted HTTP.
func (l Location) Plain() bool { return strings.HasPrefix(l.URL, "http://") }

func badLocation(why string) error { return fmt.Errorf("%w: %s", ErrLocation, why) }

func parseFolder(text string) (Location, error) {
	// Folders may have blanks at the end of their names; what a terminal obeys is nobody's intention.
	if strings.ContainsFunc(text, unicode.IsControl) || !utf8.ValidString(text) || len(text) > 4096 {
		return Location{}, badLocation("that is no path")
	}
	// Shells do not do this behind a colon.
	if rest, ok := strings.CutPrefix(text, "~/"); ok || text == "~" {
		if home, err := os.UserHomeDir(); err == nil {
			text = filepath.Join(home, strings.TrimPrefix(rest, "~"))
		}
	}
	abs, err := filepath.Abs(filepath.FromSlash(text))
	if err != nil {
		return Location{}, badLocation("that is no path")
	}
	return Location{Kind: Folder, Path: abs}, nil
}

func parseWebDAV(text string) (Location, error) {
	u, err := parseURL(text)
	if err != nil {
		return Location{}, err
	}
	if u.RawQuery != "" || u.ForceQuery {
		return Location{}, badLocation("the address of a WebDAV folder has no '?'")
	}
	folder, err := cleanPath(u.Path)
	if err != nil {
		return Location{}, err
	}
	clean := url.URL{Scheme: u.Scheme, Host: u.Host, Path: "/" + folder}
	if folder != "" {
		clean.Path += "/"
	}
	return Location{Kind: WebDAV, URL: clean.String()}, nil
}

var (
	bucketName = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9._-]{1,62}$`)
	prefixName = regexp.MustCompile(`^[a-zA-Z0-9!_.*'()@=+,/-]*$`)
	regionName = regexp.MustCompile(`^[a-zA-Z0-9_-]{1,64}$`)
)

func parseS3(text string) (Location, error) {
	u, err := parseURL(text)
	if err != nil {
		return Location{}, err
	}
	key, err := cleanPath(u.Path)
	if err != nil {
		return Location{}, err
	}
	bucket, prefix, _ := strings.Cut(key, "/")
	if !bucketName.MatchString(bucket) || strings.Contains(bucket, "..") {
		return Location{}, badLocation("after the endpoint comes the name of the bucket: s3:ENDPOINT/BUCKET/PREFIX")
	}
	if !prefixName.MatchString(prefix) || len(prefix) > 512 {
		return Location{}, badLocation("the prefix in a bucket is of letters, digits and a few signs")
	}
	if prefix != "" {
		prefix += "/"
	}
	l := Location{Kind: S3, URL: u.Scheme + "://" + u.Host, Bucket: bucket, Prefix: prefix}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return Location{}, badLocation("what follows '?' cannot be read")
	}
	for name, values := range query {
		switch {
		case name == "region" && len(values) == 1 && regionName.MatchString(values[0]):
			l.Region = values[0]
		case name == "style" && len(values) == 1 && (values[0] == "path" || values[0] == "host"):
			l.Style = values[0]
		default:
			return Location{}, badLocation("after '?' there may be region=NAME and style=path or style=host")
		}
	}
	return l, nil
}

// parseURL reads an http(s) URL whose scheme may be missing. Its errors repeat nothing of the text: there may be a password in it.
func parseURL(text string) (*url.URL, error) {
	if len(text) > 2048 {
		return nil, badLocation("too long")
	}
	schemeless := !strings.Contains(text, "://")
	if schemeless {
		text = "https://" + text
	}
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return nil, badLocation("that is no web address")
	case u.User != nil:
		return nil, badLocation("a user name or password does not belong in the address; it is asked for")
	case u.Scheme != "https" && u.Scheme != "http":
		return nil, badLocation("only https:// and http:// can be used")
	case u.Hostname() == "" || u.Opaque != "":
		return nil, badLocation("the name of the server is missing")
	case u.Fragment != "":
		return nil, badLocation("the address has no '#'")
	}
	for _, r := range u.Host {
		if r <= ' ' || r >= 0x7f || strings.ContainsRune(`"'<>\^{|}`+"`", r) {
			return nil, badLocation("the name of the server has signs it cannot have; write an international name in its xn-- form")
		}
	}
	if schemeless && IsLoopback(u.Hostname()) {
		u.Scheme = "http"
	}
	u.Host = strings.ToLower(u.Host)
	return u, nil
}

// cleanPath gives the path without the slashes around it; one with dots for parts, or empty parts, is refused: servers
// disagree on what they mean.
func cleanPath(p string) (string, error) {
	p = strings.Trim(p, "/")
	if p == "" {
		return "", nil
	}
	for part := range strings.SplitSeq(p, "/") {
		if part == "" || part == "." || part == ".." {
			return "", badLocation("the path has an empty part or a part of dots")
		}
		for _, r := range part {
			if r < ' ' || r == 0x7f || r == '\\' {
				return "", badLocation("the path has signs it cannot have")
			}
		}
	}
	return p, nil
}

// IsLoopback reports whether a host name, without a port, can only be this computer.
func IsLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return false
	}
	return net.IP(ip.Unmap().AsSlice()).IsLoopback()
}
