package platform

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"
	"unicode"
)

// ErrURLRefused means that an address is not that of a web page, or that it carries
// something which must not go to another program.
var ErrURLRefused = errors.New("platform: will not open this address")

const (
	maxURL = 8 << 10 // bytes; browsers take more, guides need less
	// openSettles is how long an opener may take to say that it failed. Some stay
	// until the browser ends.
	openSettles = time.Second
)

// OpenURL shows a web page in the person's browser. Only http and https addresses
// with a host are opened: the address becomes an argument of another program, and
// every other scheme may start one. An address with a user name or a parameter named
// "secret" is refused, because arguments can be read by other processes.
//
// It returns when the opener has ended, after a second, or when ctx ends; an opener
// that runs by then is left running and counts as success.
func OpenURL(ctx context.Context, address string) error {
	page, err := webPage(address)
	if err != nil {
		return err
	}
	failed := make(chan error, 1)
	if err := startBrowser(page, failed); err != nil {
		return fmt.Errorf("platform: cannot open the browser: %w", err)
	}
	select {
	case err := <-failed:
		if err != nil {
			return fmt.Errorf("platform: cannot open the browser: %w", err)
		}
	case <-ctx.Done():
	case <-time.After(openSettles):
	}
	return nil
}

// webPage checks an address and returns it in the form that is handed over.
func webPage(address string) (string, error) {
	refuse := func(why string) (string, error) { return "", fmt.Errorf("%w: %s", ErrURLRefused, why) }
	if len(address) > maxURL {
		return refuse("it is too long")
	}
	if strings.ContainsFunc(address, func(r rune) bool { return unicode.IsControl(r) || unicode.IsSpace(r) }) {
		return refuse("it has spaces or control characters")
	}
	u, err := url.Parse(address)
	if err != nil {
		return refuse("it cannot be read") // the parser's error repeats the address
	}
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return refuse("it is not a web page")
	case u.Hostname() == "" || u.Opaque != "":
		return refuse("it has no host")
	case u.User != nil:
		return refuse("it has a user name")
	}
	for _, part := range []string{u.RawQuery, u.EscapedFragment()} {
		// Semicolons separate parameters for some servers, though not for net/url.
		values, _ := url.ParseQuery(strings.ReplaceAll(part, ";", "&"))
		for name := range values {
			if strings.EqualFold(strings.TrimSpace(name), "secret") {
				return refuse("it carries a secret")
			}
		}
	}
	return u.String(), nil
}
