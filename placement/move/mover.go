package move

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/seamfs/seamfs/backend"
	"github.com/seamfs/seamfs/placement"
)

// Mover moves misplaced objects home. Make one with [New], attach it with
// [placement.FS.SetMover], start it.
type Mover struct {
	ns  namespace
	opt Options
	clk clock
	log *slog.Logger

	admitting sync.Mutex // see admit
	mu        sync.Mutex // see the package documentation
	work      *sync.Cond // a worker may have something to do
	scanWork  *sync.Cond // a scan was queued
	room      *sync.Cond // the ready lists shrank below highWater

	jobs   map[node]*job // unfinished ones
	inbox  []*job        // told, not looked at yet
	seq    uint64        // of the last job
	counts map[State]int64

	urgent, normal, large fifo
	larges                int                // large files under way, urgent ones left out
	held                  []*job             // directories until no scan is active
	families              map[uint64]*family // by id of the directory
	alarms                alarms

	scans      scans
	scanned    bool         // the scan of what an earlier mount left is over
	scannedSeq uint64       // the last job that it, or lookups before its end, made
	hurried    map[node]int // directories that calls of Hurry wait for
	drains     int          // calls of Drain for what is to be durable
	drainsAll  int          // calls of Drain for everything
	recent     []*job       // finished, oldest first, their nodes still held
	discard    []node       // to be released after unlocking
	files      int64        // objects moved since the start
	bytes      int64        // of those
	foreign    int64        // misplaced objects that aren't due, as the first scan found
	speed      meter
	stopped    bool
	stopping   chan struct{} // closed by Stop
	syncers    map[backend.Backend]*syncer
	limiter    limiter
	cancel     context.CancelFunc
	background sync.WaitGroup
}

var _ placement.Mover = (*Mover)(nil)

// New makes a mover for fs. It takes what it is told from now on, and moves
// after Start.
func New(fs *placement.FS, opt Options) *Mover {
	opt = opt.withDefaults()
	return newMover(tree{fs}, opt, wallClock{opt.Now})
}

func newMover(ns namespace, opt Options, clk clock) *Mover {
	opt = opt.withDefaults()
	m := &Mover{
		ns: ns, opt: opt, clk: clk, log: opt.Log,
		jobs:     make(map[node]*job),
		counts:   make(map[State]int64),
		families: make(map[uint64]*family),
		hurried:  make(map[node]int),
		syncers:  make(map[backend.Backend]*syncer),
		stopping: make(chan struct{}),
		limiter:  limiter{rate: opt.Rate},
	}
	m.work = sync.NewCond(&m.mu)
	m.scanWork = sync.NewCond(&m.mu)
	m.room = sync.NewCond(&m.mu)
	m.alarms = alarms{clk: clk, wake: m.ring}
	m.urgent.slot, m.normal.slot, m.large.slot = slotUrgent, slotNormal, slotLarge
	m.scans = scans{queued: make(map[node]*scan), flawed: make(map[node]*scan)}
	m.queueScan(nil, 0)
	return m
}

// Start begins to move, and to scan for what lies on foreign backends from an
// earlier mount. It returns at once. Cancelling ctx is like the beginning of
// Stop.
func (m *Mover) Start(ctx context.Context) {
	ctx, m.cancel = context.WithCancel(ctx)
	context.AfterFunc(ctx, m.halt)
	for range m.opt.Workers {
		m.background.Go(func() { m.worker(ctx) })
	}
	m.background.Go(func() { m.hurrier(ctx) })
	// Two, so that the long first scan doesn't hold up the others.
	for range 2 {
		m.background.Go(func() { m.scanner(ctx) })
	}
}

// Stop ends all work. Copies in the making are dropped, the objects stay where
// they are. It returns when nothing runs any more; what is told afterwards is
// ignored, and calls that wait return.
func (m *Mover) Stop() {
	if m.cancel != nil {
		m.cancel()
	}
	m.halt()
	m.background.Wait()
	for _, j := range m.dismantle() {
		if j.rel != nil {
			j.rel.Abort()
		}
	}
	m.flush()
}

// halt wakes everything up to see that it is over.
func (m *Mover) halt() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.stopped {
		return
	}
	m.stopped = true
	close(m.stopping)
	m.alarms.disarm()
	m.work.Broadcast()
	m.scanWork.Broadcast()
	m.room.Broadcast()
}

// dismantle forgets all jobs, which it returns, and scans, and discards all
// nodes that are held.
func (m *Mover) dismantle() []*job {
	m.mu.Lock()
	defer m.mu.Unlock()
	var left []*job
	for n, j := range m.jobs {
		left = append(left, j)
		m.discard = append(m.discard, n)
	}
	clear(m.jobs)
	for _, j := range m.recent {
		m.discard = append(m.discard, j.node)
	}
	m.recent = nil
	m.scans.discardAll(m)
	return left
}

// flush releases discarded nodes. Called without locks.
func (m *Mover) flush() {
	m.mu.Lock()
	nodes := m.discard
	m.discard = nil
	m.mu.Unlock()
	for _, n := range nodes {
		m.ns.Release(n)
	}
}

// ring is called when an alarm is due.
func (m *Mover) ring() {
	m.mu.Lock()
	if !m.stopped {
		m.alarms.ring()
	}
	m.mu.Unlock()
	m.flush()
}

// after has do called, with Mover.mu held, after d. The caller holds Mover.mu.
func (m *Mover) after(d time.Duration, do func()) {
	if !m.stopped {
		m.alarms.add(m.clk.Now().Add(d), do)
	}
}
