package move

import "slices"

// treeStatus adds up the jobs at and below a directory, with those that ended
// lately.
func (m *Mover) treeStatus(n node) Status {
	s, place := m.identify(n)
	// Scans before jobs: what a scan finds until it ends has a job by then.
	scanning := len(m.covering(m.activeScans(), n)) > 0
	errs := m.scanErrors(n)
	own := false
	for _, v := range m.viewsBelow(n) {
		own = own || v.node == n && !v.ended
		s.add(v)
	}
	if !own && !place.Settled && !n.Gone() {
		v := view{node: n}
		m.judge(n, place, &v.own)
		s.add(v)
	}
	s.Scanning, s.ScanErrors = scanning, errs
	if s.State == Settled && (scanning || errs > 0) {
		s.State = Queued
	}
	if s.State == Settled {
		s.BytesDone, s.Progress = s.BytesTotal, 100
	} else {
		s.Progress = percent(s.BytesDone, s.BytesTotal)
	}
	return s
}

// add counts a view in. The error and the attempts are those of the state
// that stands out.
func (s *Status) add(v view) {
	s.BytesDone += v.own.BytesDone
	s.BytesTotal += v.own.BytesTotal
	s.Pending += v.own.Pending
	if v.ended {
		return
	}
	if before := rank(v.own.State) - rank(s.State); before < 0 || before == 0 && s.Error == "" {
		s.State, s.Error, s.Attempts = v.own.State, v.own.Error, v.own.Attempts
	}
	if v.own.Since != nil && (s.Since == nil || v.own.Since.Before(*s.Since)) {
		s.Since = v.own.Since
	}
}

func rank(s State) int { return slices.Index(StateOrder, s) }

// viewsBelow returns the views at and below n: unfinished ones in the order in
// which they were told, then those that ended lately.
func (m *Mover) viewsBelow(n node) []view {
	jobs := m.unfinished(func(*job) bool { return true })
	m.mu.Lock()
	views := make([]view, 0, len(jobs)+len(m.recent))
	for _, j := range slices.Concat(jobs, m.recent) {
		views = append(views, j.view())
	}
	m.mu.Unlock()
	return slices.DeleteFunc(views, func(v view) bool { return !m.ns.Below(v.node, n) })
}
