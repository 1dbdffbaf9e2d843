package move

import (
	"slices"

	"github.com/seamfs/seamfs/placement"
)

// remember keeps a finished job for status. The caller holds Mover.mu.
func (m *Mover) remember(j *job) {
	m.recent = append(m.recent, j)
	if len(m.recent) > recentCount {
		m.forget(1)
	}
	if len(m.recent) == 1 {
		m.after(recentAge, m.forgetOld)
	}
}

// Gone forgets a finished move whose object was removed: while its node is held
// for status, its space on the disk isn't free.
func (m *Mover) Gone(n *placement.Node) { m.forgetRemoved(n) }

func (m *Mover) forgetRemoved(n node) {
	m.mu.Lock()
	defer m.mu.Unlock()
	before := len(m.recent)
	m.recent = slices.DeleteFunc(m.recent, func(j *job) bool {
		if j.node == n {
			m.discard = append(m.discard, n)
		}
		return j.node == n
	})
	if len(m.recent) < before {
		m.after(0, func() {}) // what is discarded is released without locks
	}
}

// forgetOld forgets what is too old, and comes again when there is more to
// forget. The caller holds Mover.mu.
func (m *Mover) forgetOld() {
	limit := m.clk.Now().Add(-recentAge)
	n := 0
	for n < len(m.recent) && !m.recent[n].at.After(limit) {
		n++
	}
	m.forget(n)
	if len(m.recent) > 0 {
		m.after(m.recent[0].at.Sub(limit), m.forgetOld)
	}
}

// forget drops the n oldest. The caller holds Mover.mu.
func (m *Mover) forget(n int) {
	for i := range n {
		m.discard = append(m.discard, m.recent[i].node)
		m.recent[i] = nil
	}
	m.recent = m.recent[n:]
	if len(m.recent) == 0 {
		m.recent = nil // let go of the array
	}
}
