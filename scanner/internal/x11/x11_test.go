package x11

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xproto"
)

func nothing(*xgb.Conn) (int, error) { return 1, nil }

func TestNoDisplay(t *testing.T) {
	for _, display := range []string{"", "nonsense", ":98765", "/no/such/socket:0"} {
		t.Setenv("DISPLAY", display)
		if _, err := Do(context.Background(), nothing); !errors.Is(err, ErrNoDisplay) {
			t.Errorf("DISPLAY=%q: %v", display, err)
		}
	}
}

// silent is a display that accepts connections and never says anything.
func silent(t *testing.T) (accepted chan net.Conn) {
	t.Helper()
	dir := t.TempDir()
	l, err := net.Listen("unix", filepath.Join(dir, "s:7"))
	if err != nil {
		t.Skip("no unix sockets: ", err)
	}
	accepted = make(chan net.Conn, 1)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			accepted <- c
		}
	}()
	t.Cleanup(func() { l.Close() })
	t.Setenv("DISPLAY", filepath.Join(dir, "s:7"))
	return accepted
}

// TestHangingServer: a context ends a conversation with a server that never greets.
func TestHangingServer(t *testing.T) {
	accepted := silent(t)
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		c := <-accepted
		cancel()
		c.Close() // lets the abandoned goroutine go
	}()
	if _, err := Do(ctx, nothing); !errors.Is(err, context.Canceled) && !errors.Is(err, ErrNoDisplay) {
		t.Errorf("%v", err)
	}
	if _, err := Do(ctx, nothing); !errors.Is(err, context.Canceled) {
		t.Errorf("a context that has ended: %v", err)
	}
}

// TestServerGone: a server that hangs up in the greeting is no display.
func TestServerGone(t *testing.T) {
	accepted := silent(t)
	go func() { (<-accepted).Close() }()
	if _, err := Do(context.Background(), nothing); !errors.Is(err, ErrNoDisplay) {
		t.Errorf("%v", err)
	}
}

// TestRealServer runs where there is an X server.
func TestRealServer(t *testing.T) {
	if os.Getenv("DISPLAY") == "" {
		t.Skip("no DISPLAY: needs an X server (make display gives it one)")
	}
	n, err := Do(context.Background(), func(c *xgb.Conn) (int, error) { return len(xproto.Setup(c).Roots), nil })
	if err != nil || n < 1 {
		t.Fatalf("%d screens, %v", n, err)
	}
	broken := errors.New("task failed")
	if _, err := Do(context.Background(), func(*xgb.Conn) (int, error) { return 0, broken }); err != broken {
		t.Errorf("%v", err)
	}
	if _, err := Do(context.Background(), func(*xgb.Conn) (int, error) { panic("server sent rubbish") }); !errors.Is(err, errPanic) {
		t.Errorf("%v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	_, err = Do(ctx, func(c *xgb.Conn) (int, error) {
		defer close(ended)
		cancel()
		c.WaitForEvent() // for ever, but for the closing of the connection
		return 0, nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	<-ended
}
