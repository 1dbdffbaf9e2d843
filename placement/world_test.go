package placement

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/seamfs/seamfs/backend"
	"github.com/seamfs/seamfs/backend/backendtest"
	"github.com/seamfs/seamfs/backend/backendtest/disk"
	"github.com/seamfs/seamfs/backend/posix"
)

// The backends of a world. All lie on one tmpfs, and claim to be what the test
// needs: v is volatile, the others durable; d and s share one filesystem.
const (
	beV = iota
	beD
	beE
	beS
)

var (
	beNames = []string{"v", "d", "e", "s"}
	beFSID  = []uint64{101, 102, 103, 102}
)

// worldRules: a prefix for each backend, and one that prefers e and overflows
// to d.
func worldRules() []Rule {
	return []Rule{
		{Prefix: "/", Backends: []int{beD}}, {Prefix: "/v", Backends: []int{beV}},
		{Prefix: "/d", Backends: []int{beD}}, {Prefix: "/e", Backends: []int{beE}},
		{Prefix: "/s", Backends: []int{beS}}, {Prefix: "/o", Backends: []int{beE, beD}},
	}
}

// claims is a backend that says of itself what the test wants.
type claims struct {
	backend.Backend
	props backend.Props
}

func (c *claims) Props() *backend.Props { return &c.props }

// faultHook is asked before each operation of a backend.
type faultHook func(be int, op, name string) error

// world is a namespace of four backends, without FUSE.
type world struct {
	testing.TB
	top      string
	rules    []Rule
	adopt    bool
	props    func(be int, p *backend.Props) // further claims
	backends []backend.Backend
	fs       *FS
	mover    *fakeMover
	hook     atomic.Pointer[faultHook]
	hung     bool // goroutines are still in it, for good
	label    uint32
}

// newWorld opens a world on a tmpfs of its own.
func newWorld(t testing.TB) *world {
	t.Helper()
	w := worldAt(t, disk.New(t, "tmpfs", 0))
	w.open()
	t.Cleanup(func() {
		w.shut()
		if open := w.openBelow(); len(open) > 0 && !w.hung {
			t.Errorf("open after Close: %q", open)
		}
	})
	return w
}

// worldAt prepares a world below a directory.
func worldAt(t testing.TB, top string) *world {
	w := &world{TB: t, top: top, rules: worldRules()}
	for _, name := range beNames {
		if err := os.MkdirAll(filepath.Join(top, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return w
}

// errKilled is what the operations of a dead daemon give: nothing happens.
var errKilled = syscall.EIO

func (w *world) setHook(h faultHook) { w.hook.Store(&h) }

func (w *world) noHook() { w.hook.Store(nil) }

// raw is a path within a backend's directory.
func (w *world) raw(be int, path ...string) string {
	return filepath.Join(append([]string{w.top, beNames[be]}, path...)...)
}

// open opens the backends and the namespace. The reaper runs by hand only.
func (w *world) open() {
	w.Helper()
	if err := w.tryOpen(); err != nil {
		w.Fatal(err)
	}
}

func (w *world) tryOpen() error {
	w.backends = nil
	for be := range beNames {
		b, err := w.openBackend(be)
		if err != nil {
			w.closeBackends()
			return err
		}
		w.backends = append(w.backends, b)
	}
	fs, err := New(Config{Backends: w.backends, Rules: w.rules, Adopt: w.adopt})
	if err != nil {
		w.closeBackends()
		return err
	}
	w.fs, w.mover = fs, &fakeMover{w: w}
	fs.SetMover(w.mover)
	haltReaper(fs)
	return nil
}

func (w *world) openBackend(be int) (backend.Backend, error) {
	b, err := posix.Open(posix.Config{Name: beNames[be], Path: w.raw(be)})
	if err != nil {
		return nil, err
	}
	c := &claims{Backend: b, props: *b.Props()}
	c.props.FSID, c.props.Volatile = beFSID[be], be == beV
	if w.props != nil {
		w.props(be, &c.props)
	}
	return backendtest.NewFaulty(c, func(op, name string) error {
		if h := w.hook.Load(); h != nil {
			return (*h)(be, op, name)
		}
		return nil
	}), nil
}

// haltReaper ends the background work, which the tests do by hand.
func haltReaper(fs *FS) {
	close(fs.reaper.stop)
	<-fs.reaper.done
	fs.reaper.stop = make(chan struct{})
	fs.reaper.done = make(chan struct{})
	close(fs.reaper.done)
}

func (w *world) closeBackends() {
	for _, b := range w.backends {
		if err := b.Close(); err != nil {
			w.Error(err)
		}
	}
	w.backends = nil
}

// shut ends the namespace in an orderly way.
func (w *world) shut() {
	if w.fs == nil || w.hung {
		return
	}
	w.noHook()
	if err := w.fs.Close(); err != nil {
		w.Error(err)
	}
	w.fs = nil
	w.closeBackends()
}

// kill ends the namespace as kill -9 does: nothing changes on the backends.
func (w *world) kill() {
	w.setHook(func(int, string, string) error { return errKilled })
	if err := w.fs.Close(); err != nil && !errors.Is(err, errKilled) {
		w.Error(err)
	}
	w.fs = nil
	w.closeBackends()
	w.noHook()
}

// restart is a kill, and the next start.
func (w *world) restart() {
	w.Helper()
	w.kill()
	w.open()
}

// losePower is a kill after which the volatile backends are empty.
func (w *world) losePower() {
	w.Helper()
	w.kill()
	w.emptyVolatile()
	w.open()
}

func (w *world) emptyVolatile() {
	w.Helper()
	if err := os.RemoveAll(w.raw(beV)); err != nil {
		w.Fatal(err)
	}
	if err := os.Mkdir(w.raw(beV), 0o755); err != nil {
		w.Fatal(err)
	}
}

// fakeMover notes what it is told, and moves when it is hurried.
type fakeMover struct {
	w     *world
	mu    sync.Mutex
	files map[uint64]int
	trees map[uint64]int
	hurry func(n *Node) error // nil: move it by hand
	asked []uint64
	quiet atomic.Bool // not idle
}

func (m *fakeMover) Misplaced(n *Node)     { m.note(&m.files, n) }
func (m *fakeMover) MisplacedTree(n *Node) { m.note(&m.trees, n) }

func (m *fakeMover) note(in *map[uint64]int, n *Node) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if *in == nil {
		*in = make(map[uint64]int)
	}
	(*in)[n.ID()]++
}

func (m *fakeMover) toldOf(id uint64) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.files[id]+m.trees[id] > 0
}

func (m *fakeMover) Gone(*Node) {}

func (m *fakeMover) CaughtUp() bool { return !m.quiet.Load() }

func (m *fakeMover) Hurry(_ context.Context, n *Node) error {
	m.mu.Lock()
	m.asked = append(m.asked, n.ID())
	hurry := m.hurry
	m.mu.Unlock()
	var a Attr
	if err := m.w.fs.GetAttr(n, nil, &a); errors.Is(err, errKilled) {
		return err // settled perhaps, but there is no use in trying on
	}
	if hurry != nil {
		return hurry(n)
	}
	if r := n.reloc.Load(); r != nil && r.names != nil { // it was switched already
		return errors.Join(r.Sync(), r.Finish())
	}
	return m.w.settle(n)
}

func (m *fakeMover) hurried() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.asked)
}
