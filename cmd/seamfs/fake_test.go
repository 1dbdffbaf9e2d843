package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/seamfs/seamfs/fusefs/ctl"
	"github.com/seamfs/seamfs/placement/move"
)

// fakeNamespace is a namespace that does what a test tells it to.
type fakeNamespace struct {
	mu       sync.Mutex
	busy     bool
	left     ctl.Left
	drains   int
	closed   bool
	closeErr error
	// drain, if set, is called by Drain.
	drain func(ctx context.Context)
	wait  func(ctx context.Context) (*ctl.WaitResult, error)
	once  sync.Once
	gone  chan struct{}
}

var _ namespace = (*fakeNamespace)(nil)

func newFakeNamespace() *fakeNamespace {
	return &fakeNamespace{gone: make(chan struct{}), left: ctl.Left{Complete: true}}
}

func (n *fakeNamespace) Status(_ context.Context, path string, _ bool) (*ctl.Report, error) {
	if path == "/missing" {
		return nil, fmt.Errorf("look up %s: %w", path, unix.ENOENT)
	}
	return &ctl.Report{Status: move.Status{Path: path, State: move.Settled}}, nil
}

func (n *fakeNamespace) Which(context.Context, string) (*ctl.Which, error) {
	return &ctl.Which{Backend: "s", Home: "d", State: move.Queued}, nil
}

func (n *fakeNamespace) Wait(ctx context.Context, _ string, progress func(ctl.Progress)) (*ctl.WaitResult, error) {
	progress(ctl.Progress{Phase: ctl.PhaseSettling})
	if n.wait != nil {
		return n.wait(ctx)
	}
	return &ctl.WaitResult{Settled: true}, nil
}

func (n *fakeNamespace) Drain(ctx context.Context, progress func(ctl.Progress)) (*ctl.Left, error) {
	n.mu.Lock()
	n.drains++
	hook, left := n.drain, n.left
	n.mu.Unlock()
	progress(ctl.Progress{Phase: ctl.PhaseSettling, Pending: left.Objects})
	if hook != nil {
		hook(ctx)
	}
	return &left, nil
}

func (n *fakeNamespace) Unmount() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.busy {
		return unix.EBUSY
	}
	n.umount8()
	return nil
}

// umount8 ends the mount as umount(8) does.
func (n *fakeNamespace) umount8() { n.once.Do(func() { close(n.gone) }) }

func (n *fakeNamespace) Gone() <-chan struct{} { return n.gone }

func (n *fakeNamespace) Close() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		return errors.New("closed twice")
	}
	n.closed = true
	return n.closeErr
}

func (n *fakeNamespace) isClosed() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.closed
}

func (n *fakeNamespace) setBusy(busy bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.busy = busy
}

// fakePlatform mounts nothing. A tmpfs is a directory that exists.
type fakePlatform struct {
	ns      *fakeNamespace
	openErr error
}

func (p *fakePlatform) Prepare() error { return nil }

func (p *fakePlatform) MountTmpfs(dir string, _ int64) (bool, error) {
	err := os.Mkdir(dir, 0o700)
	return errors.Is(err, os.ErrExist), nil
}

func (p *fakePlatform) UnmountTmpfs(dir string) error { return os.Remove(dir) }

func (p *fakePlatform) Open(*mountConfig, *slog.Logger) (namespace, error) {
	if p.openErr != nil {
		return nil, p.openErr
	}
	return p.ns, nil
}

func quiet() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

// fakeConfig is a mount with two private tmpfs backends, in an own run
// directory.
func fakeConfig(t *testing.T) *mountConfig {
	t.Setenv(ctl.RunDirEnv, filepath.Join(t.TempDir(), "run"))
	cfg := &mountConfig{Mountpoint: "/m", SettleTimeout: defaultSettleTimeout}
	for _, name := range []string{"s", "x"} {
		cfg.Backends = append(cfg.Backends, backendConfig{Name: name, Tmpfs: true, Path: cfg.tmpfsDir(name), Size: 1 << 20})
	}
	return cfg
}
