package move

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seamfs/seamfs/backend"
	"github.com/seamfs/seamfs/placement"
	"golang.org/x/sys/unix"
)

// fakeBackend counts its syncs.
type fakeBackend struct {
	backend.Backend
	props backend.Props
	syncs atomic.Int64
	fail  func(n int64) error // of the nth sync
}

func (b *fakeBackend) Props() *backend.Props { return &b.props }

func (b *fakeBackend) SyncFS() error {
	n := b.syncs.Add(1)
	if b.fail != nil {
		return b.fail(n)
	}
	return nil
}

// fakeNode is an object of a fakeFS, which guards it.
type fakeNode struct {
	id     uint64
	typ    uint32
	name   string
	parent *fakeNode
	size   int64
	gone   atomic.Bool

	resident, home *fakeBackend
	due            bool
	volatile       bool // under a rule that isn't durable
	content        int  // objects in a directory that are not home yet

	// script makes steps fail: it is asked before each step of a relocation.
	script func(step string, n int) error
	left   int64 // what CatchUp returns
	steps  map[string]int
}

func (n *fakeNode) ID() uint64   { return n.id }
func (n *fakeNode) Type() uint32 { return n.typ }
func (n *fakeNode) Gone() bool   { return n.gone.Load() }

// fakeFS is a namespace that moves nothing, but keeps to the contract.
type fakeFS struct {
	t       *testing.T
	mu      sync.Mutex
	root    *fakeNode
	nodes   []*fakeNode
	holds   map[node]int
	steps   []string // "name step", in order
	walk    func(ctx context.Context, dir node, visit func(node) error) (int64, error)
	foreign func(ctx context.Context, visit func(node) error) (int64, error)
	scratch *fakeBackend
	store   *fakeBackend
}

func newFakeFS(t *testing.T) *fakeFS {
	fs := &fakeFS{t: t, holds: make(map[node]int)}
	fs.scratch = &fakeBackend{props: backend.Props{Name: "scratch", Volatile: true}}
	fs.store = &fakeBackend{props: backend.Props{Name: "store"}}
	fs.root = &fakeNode{id: 1, typ: unix.S_IFDIR, resident: fs.store, home: fs.store}
	fs.root.parent = fs.root
	return fs
}

// add makes a misplaced object.
func (fs *fakeFS) add(parent *fakeNode, name string, typ uint32, size int64) *fakeNode {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	n := &fakeNode{
		id: uint64(len(fs.nodes) + 2), typ: typ, name: name, parent: parent, size: size,
		resident: fs.scratch, home: fs.store, due: true, steps: make(map[string]int),
	}
	parent.content++
	fs.nodes = append(fs.nodes, n)
	return n
}

func (fs *fakeFS) file(name string, size int64) *fakeNode {
	return fs.add(fs.root, name, unix.S_IFREG, size)
}

func (fs *fakeFS) files(count int, size int64) []*fakeNode {
	var nodes []*fakeNode
	for i := range count {
		nodes = append(nodes, fs.file(fmt.Sprintf("f%03d", i), size))
	}
	return nodes
}

func (fs *fakeFS) Place(n node) placement.Place {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	f := n.(*fakeNode)
	settled := f.resident == f.home
	return placement.Place{Resident: f.resident, Home: f.home, Settled: settled, Due: !settled && f.due, Durable: !f.volatile}
}

func (fs *fakeFS) Path(n node) (string, bool) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	f := n.(*fakeNode)
	path := ""
	for ; f != fs.root; f = f.parent {
		path = "/" + f.name + path
	}
	return path, !n.Gone()
}

func (fs *fakeFS) Parent(n node) node {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	return n.(*fakeNode).parent
}

func (fs *fakeFS) Below(n, dir node) bool {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	for f := n.(*fakeNode); ; f = f.parent {
		if f == dir.(*fakeNode) {
			return true
		}
		if f == fs.root {
			return false
		}
	}
}

func (fs *fakeFS) Allocated(n node) (int64, error) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	return n.(*fakeNode).size, nil
}

func (fs *fakeFS) Hold(n node)    { fs.hold(n, 1) }
func (fs *fakeFS) Release(n node) { fs.hold(n, -1) }

func (fs *fakeFS) hold(n node, d int) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	if fs.holds[n] += d; fs.holds[n] < 0 {
		fs.t.Errorf("%v released more often than held", n)
	}
}

func (fs *fakeFS) held() (sum int) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	for _, c := range fs.holds {
		sum += c
	}
	return sum
}

func (fs *fakeFS) Walk(ctx context.Context, dir node, visit func(node) error) (int64, error) {
	if fs.walk == nil {
		return 0, nil
	}
	return fs.walk(ctx, dir, visit)
}

func (fs *fakeFS) WalkForeign(ctx context.Context, visit func(node) error) (int64, error) {
	if fs.foreign == nil {
		return 0, nil
	}
	return fs.foreign(ctx, visit)
}

// step notes a step and asks the script. The script may block.
func (fs *fakeFS) step(n *fakeNode, step string) error {
	fs.mu.Lock()
	fs.steps = append(fs.steps, n.name+" "+step)
	n.steps[step]++
	count, script := n.steps[step], n.script
	fs.mu.Unlock()
	if script == nil {
		return nil
	}
	return script(step, count)
}

// count tells how often a step of n was tried.
func (fs *fakeFS) count(n *fakeNode, step string) int {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	return n.steps[step]
}

// index tells when a step was tried first.
func (fs *fakeFS) index(step string) int {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	return slices.Index(fs.steps, step)
}

func (fs *fakeFS) settled(n *fakeNode) bool { return fs.Place(n).Settled }

// fakeMove is a relocation that checks the order of its calls.
type fakeMove struct {
	fs    *fakeFS
	n     *fakeNode
	to    *fakeBackend
	size  int64
	stage string
	syncs int64 // of to, or own ones, at the last change
	own   int64
}

func (fs *fakeFS) Begin(n node) (relocation, error) {
	f := n.(*fakeNode)
	if err := fs.step(f, "begin"); err != nil {
		return nil, err
	}
	fs.mu.Lock()
	defer fs.mu.Unlock()
	switch {
	case f.Gone():
		return nil, placement.ErrGone
	case f.resident == f.home:
		return nil, placement.ErrSettled
	}
	return &fakeMove{fs: fs, n: f, to: f.home, size: f.size, stage: "begun"}, nil
}

func (r *fakeMove) To() backend.Backend { return r.to }
func (r *fakeMove) Bytes() int64        { return r.size }

func (r *fakeMove) want(stages ...string) {
	if !slices.Contains(stages, r.stage) {
		r.fs.t.Errorf("%s: step out of order after %q", r.n.name, r.stage)
	}
}

func (r *fakeMove) synced() int64 { return r.to.syncs.Load() + r.own }

func (r *fakeMove) Stage(ctx context.Context, progress func(int64)) error {
	r.want("begun")
	if err := r.fs.step(r.n, "stage"); err != nil {
		return err
	}
	progress(r.size / 2)
	progress(r.size - r.size/2)
	if err := r.fs.step(r.n, "staged"); err != nil {
		return err
	}
	r.stage, r.syncs = "staged", r.synced()
	return ctx.Err()
}

func (r *fakeMove) CatchUp(ctx context.Context) (int64, error) {
	r.want("staged")
	r.syncs = r.synced()
	err := r.fs.step(r.n, "catchup")
	r.fs.mu.Lock()
	defer r.fs.mu.Unlock()
	return r.n.left, errors.Join(err, ctx.Err())
}

func (r *fakeMove) Switch() error {
	r.want("staged")
	if r.synced() == r.syncs {
		r.fs.t.Errorf("%s: switch without a sync before", r.n.name)
	}
	if err := r.fs.step(r.n, "switch"); err != nil {
		return err
	}
	r.fs.mu.Lock()
	defer r.fs.mu.Unlock()
	if r.n.content > 0 {
		return placement.ErrNotEmpty
	}
	r.n.resident = r.to
	r.stage, r.syncs = "switched", r.synced()
	return nil
}

func (r *fakeMove) Finish() error {
	r.want("switched")
	if r.synced() == r.syncs {
		r.fs.t.Errorf("%s: source removed without a sync before", r.n.name)
	}
	err := r.fs.step(r.n, "finish")
	r.stage = "finished"
	r.fs.mu.Lock()
	r.n.parent.content--
	r.fs.mu.Unlock()
	return err
}

func (r *fakeMove) Abort() {
	r.want("begun", "staged")
	r.fs.step(r.n, "abort")
	r.stage = "aborted"
}

func (r *fakeMove) Abandon() {
	r.want("switched")
	r.fs.step(r.n, "abandon")
	r.stage = "abandoned"
}

func (r *fakeMove) Sync() error {
	if err := r.fs.step(r.n, "sync"); err != nil {
		return err
	}
	r.own++
	return nil
}

// fakeClock stands still until it is told.
type fakeClock struct {
	mu     sync.Mutex
	now    time.Time
	timers map[*fakeTimer]struct{}
}

type fakeTimer struct {
	at time.Time
	f  func()
}

func newFakeClock() *fakeClock {
	return &fakeClock{now: time.Unix(1e9, 0), timers: make(map[*fakeTimer]struct{})}
}

func (c *fakeClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *fakeClock) AfterFunc(d time.Duration, f func()) func() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if d <= 0 {
		go f()
		return func() {}
	}
	t := &fakeTimer{c.now.Add(d), f}
	c.timers[t] = struct{}{}
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.timers, t)
	}
}

func (c *fakeClock) advance(d time.Duration) {
	c.mu.Lock()
	c.now = c.now.Add(d)
	var due []func()
	for t := range c.timers {
		if !t.at.After(c.now) {
			due = append(due, t.f)
			delete(c.timers, t)
		}
	}
	c.mu.Unlock()
	for _, f := range due {
		f()
	}
}

func (c *fakeClock) pending() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.timers)
}

// rig is a mover on a fakeFS.
type rig struct {
	*testing.T
	fs  *fakeFS
	clk *fakeClock
	m   *Mover
}

// newRig makes a mover that hasn't been started. At the end it is stopped, and
// must hold no node then.
func newRig(t *testing.T, opt Options) *rig {
	r := &rig{T: t, fs: newFakeFS(t), clk: newFakeClock()}
	r.m = newMover(r.fs, opt, r.clk)
	t.Cleanup(func() {
		r.m.Stop()
		if n := r.fs.held(); n != 0 {
			t.Errorf("%d holds remain after Stop", n)
		}
	})
	return r
}

func (r *rig) start() { r.m.Start(context.Background()) }

func (r *rig) tell(nodes ...*fakeNode) {
	for _, n := range nodes {
		r.m.tell(n)
	}
}

// until waits for a condition.
func (r *rig) until(what string, cond func() bool) {
	r.Helper()
	for end := time.Now().Add(10 * time.Second); !cond(); time.Sleep(100 * time.Microsecond) {
		if time.Now().After(end) {
			r.Fatalf("timeout: %s; status %+v", what, r.m.Summary())
		}
	}
}

// untilAdvancing is until while the clock goes on in steps.
func (r *rig) untilAdvancing(step time.Duration, what string, cond func() bool) {
	r.Helper()
	r.until(what, func() bool {
		r.clk.advance(step)
		return cond()
	})
}

func (r *rig) state(n *fakeNode) State { return r.m.status(n).State }

func (r *rig) untilState(n *fakeNode, s State) {
	r.Helper()
	r.until(n.name+" is "+string(s), func() bool { return r.state(n) == s })
}

// untilIdle waits until no job is left.
func (r *rig) untilIdle() {
	r.Helper()
	r.until("all is settled", func() bool { s := r.m.Summary(); return s.Pending == 0 && !s.Scanning })
}
