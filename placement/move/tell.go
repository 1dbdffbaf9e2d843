package move

import "github.com/seamfs/seamfs/placement"

// Misplaced says that n is due to move home. It may be called with locks of
// the namespace held. An object that is pinned is tried again at once, one
// that is parked or failed only if its path or home has changed.
func (m *Mover) Misplaced(n *placement.Node) { m.tell(n) }

// MisplacedTree has the directory n and all below it scanned for what is
// misplaced. It may be called with locks of the namespace held.
func (m *Mover) MisplacedTree(n *placement.Node) { m.tellTree(n) }

func (m *Mover) tell(n node) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.stopped {
		return
	}
	if j := m.jobs[n]; j != nil {
		m.poke(j)
		return
	}
	m.ns.Hold(n)
	m.inbox = append(m.inbox, m.newJob(n))
	m.work.Broadcast()
}

// poke tells a job that its object was seen misplaced once more. The caller
// holds Mover.mu.
func (m *Mover) poke(j *job) {
	switch {
	case j.slot == slotRunning:
		j.again = true
	case j.resting() && !j.poked:
		j.poked = true
		m.inbox = append(m.inbox, j)
		m.work.Broadcast()
	}
}

func (m *Mover) tellTree(n node) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.stopped {
		m.queueScan(n, 0)
	}
}
