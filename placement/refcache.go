package placement

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// refCache bounds how many directory references are open, by the clock
// algorithm: the hand passes over those used since it last came by.
type refCache struct {
	mu    sync.Mutex
	limit int
	ring  []refSlot
	hand  int
}

type refSlot struct {
	d     *dir
	r     *dirRef
	index int
}

// add enters a reference and closes others while there are too many. The
// caller holds d.rmu, so the ones of other directories are only tried.
func (c *refCache) add(d *dir, r *dirRef, index int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ring = append(c.ring, refSlot{d, r, index})
	for tries := 0; len(c.ring) > c.limit && tries < 64; tries++ {
		c.hand %= len(c.ring)
		if c.evict(c.ring[c.hand], d) {
			last := len(c.ring) - 1
			c.ring[c.hand] = c.ring[last]
			c.ring[last] = refSlot{}
			c.ring = c.ring[:last]
		} else {
			c.hand++
		}
	}
}

// evict closes a reference that nobody uses, and tells whether its slot is
// free (also because the reference was closed before).
func (c *refCache) evict(s refSlot, busy *dir) bool {
	if s.d == busy || !s.d.rmu.TryLock() {
		return false
	}
	defer s.d.rmu.Unlock()
	if s.d.refs[s.index] != s.r {
		return true
	}
	if s.r.kept.Load() || s.r.used.Swap(false) || s.r.uses.Load() > 1 {
		return false
	}
	s.d.refs[s.index] = nil
	s.r.put()
	return true
}

// seqCount tells readers of paths that a directory was renamed meanwhile. The
// writer holds the topology lock; readers need none.
type seqCount struct{ n atomic.Uint64 }

func (q *seqCount) writeBegin() { q.n.Add(1) }
func (q *seqCount) writeEnd()   { q.n.Add(1) }

// begin waits for a writer to finish; renames are short.
func (q *seqCount) begin() uint64 {
	for {
		if n := q.n.Load(); n%2 == 0 {
			return n
		}
		runtime.Gosched()
	}
}

func (q *seqCount) same(n uint64) bool { return q.n.Load() == n }
