package platform

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/gofrs/flock"

	"github.com/tallystick/tallystick/vault/secret"
)

// Instance is the running window of one data directory. A second start hands its
// arguments over and ends.
type Instance interface {
	// Close makes room for another window. Requests being handled are finished by
	// their handler but get no answer any more. Closing twice is harmless.
	Close() error
}

// Request is what a second start, or `tallystick lock`, asks of the running window.
type Request struct {
	Command string       // "show", "open" (an otpauth link), "lock"; at most 32 bytes of a–z and "-"
	Text    secret.Bytes // the link for "open"; at most MaxRequestText bytes
}

// Reply is the window's answer: "" or a stable word ("ok", "nothing-to-lock-with", …)
// of at most 64 bytes of a–z and "-".
type Reply struct{ Word string }

var (
	// ErrRunning is returned by Claim when there is a window already and it has
	// taken the request.
	ErrRunning = errors.New("platform: another window is using this directory")
	// ErrNotRunning is returned by Send when no window uses the directory.
	ErrNotRunning = errors.New("platform: no window is running")
	// ErrNoAnswer means that there is a window, but it did not take the request:
	// it hangs, or belongs to somebody else.
	ErrNoAnswer = errors.New("platform: the running window does not answer")
	// ErrRequest means that a request is not one: too long, or an odd command.
	ErrRequest = errors.New("platform: not a request")
)

const (
	lockFileName   = "window.lock"
	socketFileName = "window.sock"

	// answerTimeout is how long a request may take as a whole. The window answers
	// from its handler at once; five seconds is a computer under heavy load.
	answerTimeout = 5 * time.Second
	// maxPeers is how many requests are read at the same time.
	maxPeers = 8
)

// Claim makes this process the window of dir, or delivers req to the one there is
// and returns ErrRunning. An empty command counts as "show". dir is made (0700) if
// it is missing.
//
// handle is called for every request of a later start, on a goroutine that is not
// the caller's, one request at a time. It owns the request's Text and wipes it. The
// other side waits for its answer: slow work and questions to the person come after.
//
// What decides is an operating-system lock on a file in dir, which the system
// releases however a process ends. So a leftover socket is never taken for a
// window, and of two starts at the same moment exactly one wins. The request
// travels through a unix domain socket that only this person can open (Windows 10
// 1803 and later have them too), and on Linux and macOS both sides check that the
// other one is the same person: a link holds a secret.
func Claim(dir string, req Request, handle func(Request) Reply) (Instance, error) {
	if req.Command == "" {
		req.Command = "show"
	}
	if err := req.check(); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("platform: no data directory: %w", err)
	}
	dir, err := canonical(dir)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), answerTimeout)
	defer cancel()
	for {
		lock := flock.New(filepath.Join(dir, lockFileName))
		switch ok, err := lock.TryLock(); {
		case err != nil:
			return nil, fmt.Errorf("platform: cannot lock the data directory: %w", err)
		case ok:
			return serveWindow(dir, lock, handle)
		}
		_, err := Send(ctx, dir, req)
		if err == nil {
			return nil, ErrRunning
		}
		if !errors.Is(err, ErrNotRunning) {
			return nil, err
		}
		// Locked but not listening: it is starting or ending this very moment.
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("%w: it holds the directory and listens nowhere", ErrNoAnswer)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// Send delivers req to the window of dir and returns its answer; ErrNotRunning when
// there is none, ErrNoAnswer when it does not take the request in five seconds or
// before ctx ends. The caller keeps req.Text.
func Send(ctx context.Context, dir string, req Request) (Reply, error) {
	if err := req.check(); err != nil {
		return Reply{}, err
	}
	dir, err := canonical(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return Reply{}, ErrNotRunning
	}
	if err != nil {
		return Reply{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	for _, a := range addresses(dir) {
		if a.shared && checkPrivate(filepath.Dir(a.path)) != nil {
			continue // not there, or not ours: nothing of ours listens in it
		}
		var d net.Dialer
		conn, err := d.DialContext(ctx, "unix", a.path)
		if err != nil {
			if ctx.Err() != nil {
				return Reply{}, fmt.Errorf("%w: %w", ErrNoAnswer, ctx.Err())
			}
			continue
		}
		return exchange(ctx, conn.(*net.UnixConn), req)
	}
	return Reply{}, ErrNotRunning
}

// exchange sends one request and reads the answer.
func exchange(ctx context.Context, conn *net.UnixConn, req Request) (Reply, error) {
	defer conn.Close()
	if err := checkPeer(conn); err != nil {
		return Reply{}, fmt.Errorf("%w: %w", ErrNoAnswer, err)
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	err := writeRequest(conn, req)
	if err == nil {
		var reply Reply
		if reply, err = readReply(conn); err == nil {
			return reply, nil
		}
	}
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	return Reply{}, fmt.Errorf("%w: %w", ErrNoAnswer, err)
}

// window is the Instance of this process.
type window struct {
	listener *net.UnixListener
	lock     *flock.Flock
	handle   func(Request) Reply
	slots    chan struct{}

	handling sync.Mutex // one request at a time
	closing  sync.Once
	closeErr error
}

func serveWindow(dir string, lock *flock.Flock, handle func(Request) Reply) (Instance, error) {
	l, err := listen(dir)
	if err != nil {
		_ = lock.Unlock()
		return nil, err
	}
	w := &window{listener: l, lock: lock, handle: handle, slots: make(chan struct{}, maxPeers)}
	go w.accept()
	return w, nil
}

// listen opens the first address that can be used. Whoever calls it holds the lock,
// so a socket that is already there has nobody behind it.
func listen(dir string) (*net.UnixListener, error) {
	var failed []error
	for _, a := range addresses(dir) {
		if a.shared {
			if err := makePrivate(filepath.Dir(a.path)); err != nil {
				failed = append(failed, err)
				continue
			}
		}
		if info, err := os.Lstat(a.path); err == nil && info.Mode()&fs.ModeDir == 0 {
			_ = os.Remove(a.path)
		}
		l, err := net.ListenUnix("unix", &net.UnixAddr{Name: a.path, Net: "unix"})
		if err == nil {
			err = os.Chmod(a.path, 0o600)
			if err == nil {
				return l, nil
			}
			_ = l.Close()
		}
		failed = append(failed, err)
	}
	return nil, fmt.Errorf("platform: nowhere to listen for other starts: %w", errors.Join(failed...))
}

func (w *window) accept() {
	for {
		conn, err := w.listener.AcceptUnix()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil { // out of file handles, say: that passes
			time.Sleep(50 * time.Millisecond)
			continue
		}
		w.slots <- struct{}{}
		go func() {
			defer func() { <-w.slots }()
			w.serve(conn)
		}()
	}
}

// serve reads one request, has it handled, and answers. A peer that is somebody
// else, talks nonsense or dawdles is dropped without a word.
func (w *window) serve(conn *net.UnixConn) {
	defer conn.Close()
	if checkPeer(conn) != nil {
		return
	}
	_ = conn.SetDeadline(time.Now().Add(answerTimeout))
	req, err := readRequest(conn)
	if err != nil {
		return
	}
	w.handling.Lock()
	reply := w.handle(req)
	w.handling.Unlock()
	_ = writeReply(conn, reply)
}

// Close implements Instance. The lock file stays: removing it would let two
// processes lock two files of one name.
func (w *window) Close() error {
	w.closing.Do(func() {
		err := w.listener.Close() // removes the socket
		w.closeErr = errors.Join(err, w.lock.Unlock())
	})
	return w.closeErr
}

// address is a place where a window may listen.
type address struct {
	path   string
	shared bool // in a directory of many programs: its parent must be checked
}

// canonical makes two names of one directory equal.
func canonical(dir string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("platform: no data directory: %w", err)
	}
	dir, err = filepath.EvalSymlinks(dir)
	if err != nil {
		return "", fmt.Errorf("platform: no data directory: %w", err)
	}
	return dir, nil
}
