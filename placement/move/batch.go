package move

import (
	"sync/atomic"
	"time"

	"github.com/seamfs/seamfs/backend"
)

// batch is what one worker moves together. Only closed is touched by others.
type batch struct {
	groups []*group
	files  int
	bytes  int64
	since  time.Time
	urgent bool        // all its jobs are waited for
	closed atomic.Bool // somebody waits for one of its jobs
}

// group is the part of a batch that goes to one backend.
type group struct {
	to   *syncer
	mark int // failed syncs of to before the first copy
	jobs []*job
}

func (m *Mover) newBatch(urgent bool) *batch { return &batch{since: m.clk.Now(), urgent: urgent} }

// full tells that a batch is to be moved now.
func (m *Mover) full(b *batch) bool {
	return b.files >= m.opt.BatchFiles || b.bytes >= m.opt.BatchBytes || b.closed.Load() ||
		b.files > 0 && m.clk.Now().Sub(b.since) >= batchAge
}

// join finds the group for a begun job, before it is staged.
func (m *Mover) join(b *batch, j *job) *group {
	m.mu.Lock()
	defer m.mu.Unlock()
	j.batch = b
	if j.hurried && !b.urgent {
		b.closed.Store(true)
	}
	s := m.syncerOf(j.rel.To())
	for _, g := range b.groups {
		if g.to == s {
			return g
		}
	}
	g := &group{to: s, mark: s.failed()}
	b.groups = append(b.groups, g)
	return g
}

// add puts a staged job into its group.
func (b *batch) add(g *group, j *job) {
	if b.files == 0 {
		b.since = j.began
	}
	g.jobs = append(g.jobs, j)
	b.files++
	b.bytes += j.rel.Bytes()
}

// syncerOf returns the syncer of a backend. The caller holds Mover.mu.
func (m *Mover) syncerOf(to backend.Backend) *syncer {
	s := m.syncers[to]
	if s == nil {
		s = &syncer{to: to}
		m.syncers[to] = s
	}
	return s
}
