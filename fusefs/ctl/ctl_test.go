package ctl

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/seamfs/seamfs/placement/move"
)

// fake is a Service that answers what a test tells it to.
type fake struct {
	paths    chan string
	err      error
	hold     chan struct{} // Wait and Umount end when it is closed, if not nil
	left     chan struct{} // closed when the client's leaving was noticed
	umounted UmountOptions
	drained  time.Duration
}

var _ Service = (*fake)(nil)

func newFake() *fake { return &fake{paths: make(chan string, 8), left: make(chan struct{})} }

func (f *fake) Status(_ context.Context, path string, tree bool) (*Report, error) {
	f.paths <- path
	r := &Report{Status: move.Status{Path: EscapePath(path), State: move.Copying}}
	if tree {
		r.Moves = []move.Status{{Path: "/x", State: move.Queued}}
	}
	return r, f.err
}

func (f *fake) Which(_ context.Context, path string) (*Which, error) {
	return &Which{Path: EscapePath(path), Backend: "a", Home: "b", State: move.Queued}, f.err
}

func (f *fake) block(ctx context.Context) error {
	if f.hold == nil {
		return f.err
	}
	select {
	case <-f.hold:
		return f.err
	case <-ctx.Done():
		close(f.left)
		return ctx.Err()
	}
}

func (f *fake) Wait(ctx context.Context, path string, progress func(Progress)) (*WaitResult, error) {
	f.paths <- path
	progress(Progress{Phase: PhaseSettling, Pending: 2})
	progress(Progress{Phase: PhaseSettling, Pending: 1})
	if err := f.block(ctx); err != nil {
		return nil, err
	}
	return &WaitResult{Settled: true}, nil
}

func (f *fake) Drain(_ context.Context, d time.Duration, _ func(Progress)) (*Left, error) {
	f.drained = d
	return &Left{Objects: 3}, f.err
}

func (f *fake) Umount(ctx context.Context, o UmountOptions, progress func(Progress)) (*UmountResult, error) {
	f.umounted = o
	progress(Progress{Phase: PhaseUnmounting})
	if err := f.block(ctx); err != nil {
		return nil, err
	}
	return &UmountResult{Kept: []string{"scratch"}}, nil
}

func quiet() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

// start serves svc on a socket whose path is too long for an address, and
// returns a client.
func start(t *testing.T, svc Service, owner int) *Client {
	t.Helper()
	socket := filepath.Join(t.TempDir(), strings.Repeat("long", 30), "id", SocketName)
	l, err := Listen(socket, os.Getuid())
	must(t, err)
	s := Serve(l, svc, owner, quiet())
	c := NewClient(socket)
	t.Cleanup(func() {
		c.Close()
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := s.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	return c
}

func TestStatusRoundTrip(t *testing.T) {
	f := newFake()
	c := start(t, f, os.Getuid())
	const path = "/a b/100%\xff?&#"
	rep, err := c.Status(t.Context(), path, true)
	must(t, err)
	if got := <-f.paths; got != path {
		t.Errorf("the service got %q, want %q", got, path)
	}
	if rep.Schema != Schema || rep.Status.State != move.Copying || len(rep.Moves) != 1 {
		t.Errorf("report %+v", rep)
	}
	if c.DaemonPID() != os.Getpid() {
		t.Errorf("DaemonPID = %d, want %d", c.DaemonPID(), os.Getpid())
	}
}

func TestEmptyListsAreNotNull(t *testing.T) {
	raw, err := json.Marshal((&Report{Rules: []Rule{{}}}).complete())
	must(t, err)
	for _, field := range []string{"moves", "finished", "backends", "rules", "requests"} {
		if bytes.Contains(raw, []byte(`"`+field+`":null`)) {
			t.Errorf("%s is null in %s", field, raw)
		}
	}
}

func TestErrnoReachesClient(t *testing.T) {
	f := newFake()
	c := start(t, f, os.Getuid())
	f.err = fmt.Errorf("look up /x: %w", unix.ENOENT)
	_, err := c.Which(t.Context(), "/x")
	var e *Error
	if !errors.As(err, &e) || !errors.Is(err, unix.ENOENT) || e.Message != f.err.Error() {
		t.Errorf("which: %v", err)
	}
	f.err = fmt.Errorf("unmount /m: %w", unix.EBUSY)
	if _, err := c.Umount(t.Context(), UmountOptions{}, nil); !errors.Is(err, unix.EBUSY) {
		t.Errorf("umount: %v, want EBUSY in the stream", err)
	}
	if _, err := c.Status(t.Context(), "relative", false); !errors.Is(err, unix.EINVAL) {
		t.Errorf("relative path: %v, want EINVAL", err)
	}
}

func TestWaitStreamsProgress(t *testing.T) {
	f := newFake()
	f.hold = make(chan struct{})
	c := start(t, f, os.Getuid())
	var seen []int64
	res, err := c.Wait(t.Context(), "/d", func(p Progress) {
		seen = append(seen, p.Pending)
		if len(seen) == 2 {
			close(f.hold) // both arrived before the end
		}
	})
	must(t, err)
	if !res.Settled || !reflect.DeepEqual(seen, []int64{2, 1}) {
		t.Errorf("result %+v, progress %v", res, seen)
	}
}

func TestLeavingClientCancels(t *testing.T) {
	for _, name := range []string{"wait", "umount"} {
		t.Run(name, func(t *testing.T) {
			f := newFake()
			f.hold = make(chan struct{})
			c := start(t, f, os.Getuid())
			ctx, cancel := context.WithCancel(t.Context())
			leave := func(Progress) { cancel() }
			var err error
			if name == "wait" {
				_, err = c.Wait(ctx, "/", leave)
			} else {
				_, err = c.Umount(ctx, UmountOptions{}, leave)
			}
			if !errors.Is(err, context.Canceled) {
				t.Errorf("%s: %v, want context.Canceled", name, err)
			}
			<-f.left
		})
	}
}

func TestUmountAndDrainOptions(t *testing.T) {
	f := newFake()
	c := start(t, f, os.Getuid())
	s := 1.5
	res, err := c.Umount(t.Context(), UmountOptions{SettleSeconds: &s, DiscardScratch: true}, nil)
	must(t, err)
	if f.umounted.SettleSeconds == nil || *f.umounted.SettleSeconds != s || !f.umounted.DiscardScratch {
		t.Errorf("options %+v", f.umounted)
	}
	if !reflect.DeepEqual(res.Kept, []string{"scratch"}) || res.Discarded == nil || res.Left.Backends == nil {
		t.Errorf("result %+v", res)
	}
	left, err := c.Drain(t.Context(), 1500*time.Millisecond, nil)
	must(t, err)
	if f.drained != 1500*time.Millisecond || left.Objects != 3 || left.Nothing() {
		t.Errorf("drain: %v, %+v", f.drained, left)
	}
	s = -1
	if _, err := c.Umount(t.Context(), UmountOptions{SettleSeconds: &s}, nil); !errors.Is(err, unix.EINVAL) {
		t.Errorf("negative timeout: %v, want EINVAL", err)
	}
}

func TestStrangerIsRefused(t *testing.T) {
	ctx := context.WithValue(context.Background(), peerKey{}, peer{uid: 1000})
	if err := permit(ctx, 1001); !errors.Is(err, unix.EPERM) {
		t.Errorf("uid 1000 on a mount of 1001: %v, want EPERM", err)
	}
	if err := permit(ctx, 1000); err != nil {
		t.Errorf("the owner: %v", err)
	}
	root := context.WithValue(context.Background(), peerKey{}, peer{uid: 0})
	if err := permit(root, 1000); err != nil {
		t.Errorf("root: %v", err)
	}
	if err := permit(context.Background(), 0); !errors.Is(err, unix.EPERM) {
		t.Errorf("no peer: %v, want EPERM", err)
	}
	broken := context.WithValue(context.Background(), peerKey{}, peer{err: unix.ENOTSOCK})
	if err := permit(broken, 0); !errors.Is(err, unix.EPERM) {
		t.Errorf("unknown peer: %v, want EPERM", err)
	}
}

func TestServerRefusesWhoIsNotOnAUnixSocket(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	s := Serve(l, newFake(), os.Getuid(), quiet())
	defer s.Close(context.Background())
	conn, err := net.Dial("tcp", l.Addr().String())
	must(t, err)
	defer conn.Close()
	_, err = io.WriteString(conn, "GET /v1/status?path=/ HTTP/1.0\r\n\r\n")
	must(t, err)
	answer, err := io.ReadAll(conn)
	must(t, err)
	if !bytes.Contains(answer, []byte("403")) || !bytes.Contains(answer, []byte(`"errno":"EPERM"`)) {
		t.Errorf("answer %q", answer)
	}
}

func TestListenModes(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "id", SocketName)
	for range 2 { // the second time over what the first left
		l, err := Listen(socket, os.Getuid())
		must(t, err)
		l.Close()
	}
	for path, want := range map[string]os.FileMode{socket: 0o600, filepath.Dir(socket): 0o700} {
		fi, err := os.Stat(path)
		must(t, err)
		if fi.Mode().Perm() != want {
			t.Errorf("%s has mode %o, want %o", path, fi.Mode().Perm(), want)
		}
	}
}

func TestListenRefusesLinkAsDirectory(t *testing.T) {
	base := t.TempDir()
	must(t, os.Symlink("/tmp", filepath.Join(base, "id")))
	if _, err := Listen(filepath.Join(base, "id", SocketName), os.Getuid()); !errors.Is(err, unix.ENOTDIR) {
		t.Errorf("Listen below a symbolic link: %v, want ENOTDIR", err)
	}
}

func TestNobodyListens(t *testing.T) {
	_, err := NewClient(filepath.Join(t.TempDir(), "none")).Status(t.Context(), "/", false)
	var u *UnreachableError
	if !errors.As(err, &u) || !errors.Is(err, unix.ENOENT) {
		t.Errorf("got %v, want an UnreachableError", err)
	}
}

func TestStreamCutShort(t *testing.T) {
	r := strings.NewReader(`{"schema":1,"progress":{"pending":1}}` + "\n")
	if err := readEvents(r, nil, new(Left)); !errors.Is(err, errCut) {
		t.Errorf("got %v, want errCut", err)
	}
}

func TestErrnoNames(t *testing.T) {
	for n := unix.Errno(1); n < maxErrno; n++ {
		name := unix.ErrnoName(n)
		if got := errnoByName(name); name != "" && got != n {
			t.Errorf("errnoByName(%s) = %d, want %d", name, got, n)
		}
	}
	if errnoByName("") != 0 || errnoByName("ENOTHING") != 0 {
		t.Error("an unknown name has a number")
	}
}
