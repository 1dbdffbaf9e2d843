package move

// Idle tells whether nothing is left to move and everything was scanned: no
// durable old version is needed any more for what was under way at a kill.
func (m *Mover) Idle() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.scans.active == 0 && len(m.scans.flawed) == 0 && len(m.jobs) == 0
}
