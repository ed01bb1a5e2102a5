package clock

import (
	"context"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/beevik/ntp"
)

// maxDistance is how far an answer may be from a real clock by the server's own word.
const maxDistance = 5 * time.Second

// TimeServer makes a source of a time server (SNTP, RFC 5905) that a person named:
// host, host:port or [address]:port. now is the system clock. ErrAddress when it cannot
// be one. Its answers are not authenticated: whoever sits in between can change them.
func TimeServer(address string, now func() time.Time) (Source, error) {
	address = strings.TrimSpace(address)
	if address == "" || len(address) > 260 || strings.ContainsAny(address, "/@ \t\r\n\\") {
		return nil, ErrAddress
	}
	return timeServer{address, now}, nil
}

type timeServer struct {
	address string
	now     func() time.Time
}

func (s timeServer) Name() string { return "time server " + s.address }

func (s timeServer) Measure(ctx context.Context) (Sample, error) {
	timeout := sourceTime
	if deadline, ok := ctx.Deadline(); ok {
		timeout = max(time.Until(deadline), time.Millisecond)
	}
	var hangUp func() bool
	before := s.now()
	resp, err := ntp.QueryWithOptions(s.address, ntp.QueryOptions{
		Timeout:       timeout,
		GetSystemTime: s.now,
		Dialer: func(_, remote string) (net.Conn, error) {
			conn, err := (&net.Dialer{}).DialContext(ctx, "udp", remote)
			if err == nil {
				hangUp = context.AfterFunc(ctx, func() { _ = conn.Close() })
			}
			return conn, err
		},
	})
	if hangUp != nil {
		hangUp()
	}
	if err != nil {
		return Sample{}, fmt.Errorf("%w: %w", ErrNoAnswer, err)
	}
	if jumped(before, s.now()) {
		return Sample{}, ErrJumped
	}
	if err := resp.Validate(); err != nil {
		return Sample{}, fmt.Errorf("%w: %w", ErrNoTime, err)
	}
	if !Plausible(resp.Time) || resp.RootDistance > maxDistance {
		return Sample{}, ErrNoTime
	}
	return Sample{Offset: -resp.ClockOffset, Error: max(resp.RootDistance, time.Millisecond)}, nil
}
