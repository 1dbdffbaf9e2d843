package move

import (
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// slot tells where a job waits.
type slot int

const (
	slotNone    slot = iota // in the inbox, failed, or a directory that waits for what is in it
	slotTimed               // for an alarm
	slotHeld                // a directory, for the end of scans
	slotUrgent              // in the list urgent
	slotNormal              // in the list normal
	slotLarge               // in the list large
	slotRunning             // for nothing: a worker has it
)

// job is one misplaced object on its way home. All but node, dir, regular and
// done is guarded by Mover.mu; but rel and staged belong to the worker that has
// the job.
type job struct {
	node    node
	dir     bool
	regular bool
	done    atomic.Int64 // bytes copied by this attempt

	seq      uint64
	state    State
	slot     slot
	admitted bool      // looked at once
	family   *family   // of the directory that it was in when looked at
	durable  bool      // its rule's first backend is durable
	large    bool      // goes alone
	hurried  bool      // somebody waits for it
	poked    bool      // in the inbox again, because it was told while at rest
	again    bool      // told while a worker had it
	waiting  bool      // a directory, for what is in it
	searched bool      // a directory that was scanned for what it still holds
	total    int64     // allocated bytes
	since    time.Time // when it was told first
	due      time.Time // for slotTimed

	attempts int
	fails    int // in a row
	retries  int // in a row, for what is no failure
	began    time.Time
	took     time.Duration // by the last attempt
	err      string        // of the last attempt
	cause    error
	target   string // path and home at the last failure

	rel    relocation
	staged bool          // the copy is made
	final  bool          // failed after the switch: not to be tried again
	batch  *batch        // in which it is staged
	rush   chan struct{} // closed when somebody begins to wait; only with a rate

	ended bool
	moved bool
	at    time.Time     // when it ended
	watch chan struct{} // closed at the next change of state, if somebody watches
}

// newJob makes a job. The caller holds Mover.mu.
func (m *Mover) newJob(n node) *job {
	m.seq++
	typ := n.Type() & unix.S_IFMT
	j := &job{
		node: n, dir: typ == unix.S_IFDIR, regular: typ == unix.S_IFREG,
		seq: m.seq, state: Queued, since: m.clk.Now(),
	}
	m.jobs[n] = j
	m.counts[Queued]++
	return j
}

// set changes a job's state. The caller holds Mover.mu.
func (m *Mover) set(j *job, s State) {
	m.counts[j.state]--
	m.counts[s]++
	j.state = s
	j.announce()
}

// announce wakes those who watch the job. The caller holds Mover.mu.
func (j *job) announce() {
	if j.watch != nil {
		close(j.watch)
		j.watch = nil
	}
}

// watched returns a channel that is closed at the next change. The caller
// holds Mover.mu.
func (j *job) watched() <-chan struct{} {
	if j.watch == nil {
		j.watch = make(chan struct{})
	}
	return j.watch
}

// resting tells that the last attempt didn't succeed and the next one hasn't
// begun.
func (j *job) resting() bool {
	return j.state == Parked || j.state == Pinned || j.state == Failed
}

// stuck tells that nothing but a change from outside will help.
func (j *job) stuck() bool { return j.state == Parked || j.state == Failed }

// finish ends a job whose object is settled or gone, unless it was told
// misplaced again meanwhile and is. Called without locks.
func (m *Mover) finish(j *job, moved bool) {
	defer m.flush()
	for {
		m.mu.Lock()
		if !j.again || j.node.Gone() {
			m.remove(j, moved)
			m.mu.Unlock()
			return
		}
		j.again = false
		m.mu.Unlock()
		if p := m.ns.Place(j.node); !p.Settled && p.Due {
			m.renew(j, moved)
			return
		}
	}
}

// renew begins a job anew for an object that was misplaced again.
func (m *Mover) renew(j *job, moved bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if moved {
		m.credit(j)
	}
	j.rel, j.staged, j.batch = nil, false, nil
	j.since, j.err, j.cause = m.clk.Now(), "", nil
	j.fails, j.retries, j.searched = 0, 0, false
	j.done.Store(0)
	m.set(j, Queued)
	m.enqueue(j)
}

// remove takes an ended job out. The caller holds Mover.mu.
func (m *Mover) remove(j *job, moved bool) {
	delete(m.jobs, j.node)
	m.counts[j.state]--
	m.leaveFamily(j)
	j.ended, j.moved, j.at = true, moved, m.clk.Now()
	j.state, j.slot, j.waiting = Settled, slotNone, false
	j.rel, j.batch, j.err, j.cause = nil, nil, "", nil
	j.announce()
	if moved {
		m.credit(j)
		m.remember(j)
	} else {
		m.discard = append(m.discard, j.node)
	}
}

// credit counts a move that succeeded. The caller holds Mover.mu.
func (m *Mover) credit(j *job) {
	m.files++
	m.bytes += j.total
}
