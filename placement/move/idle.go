package move

// CaughtUp tells that the scan of what an earlier mount left misplaced is over,
// and that all it found, or lookups before it, has been settled.
func (m *Mover) CaughtUp() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.scanned {
		return false
	}
	for _, j := range m.jobs {
		if j.seq <= m.scannedSeq {
			return false
		}
	}
	return true
}
