package move

import "github.com/seamfs/seamfs/placement"

// Summary tells how far the whole mount is.
type Summary struct {
	Queued     int64 `json:"queued"` // objects in each state
	Copying    int64 `json:"copying"`
	Switching  int64 `json:"switching"`
	Pinned     int64 `json:"pinned"`
	Paused     int64 `json:"paused"`
	Parked     int64 `json:"parked"`
	Failed     int64 `json:"failed"`
	Pending    int64 `json:"pending"`     // the sum of the above
	BytesDone  int64 `json:"bytes_done"`  // of the pending objects
	BytesTotal int64 `json:"bytes_total"` // of the pending objects
	Moved      int64 `json:"moved"`       // objects settled since the mount
	MovedBytes int64 `json:"moved_bytes"` // allocated by those
	Rate       int64 `json:"rate"`        // bytes copied per second, lately
	// Foreign counts the objects that lie elsewhere than their rules say from
	// before this mount and are left there.
	Foreign    int64 `json:"foreign"`
	Scanning   bool  `json:"scanning"`    // not all is known yet
	ScanErrors int64 `json:"scan_errors"` // directories that could not be read
}

// Summary adds up all jobs.
func (m *Mover) Summary() Summary {
	errs := sumErrors(m.flawedScans())
	m.mu.Lock()
	defer m.mu.Unlock()
	s := Summary{
		Queued: m.counts[Queued], Copying: m.counts[Copying], Switching: m.counts[Switching],
		Pinned: m.counts[Pinned], Paused: m.counts[Paused], Parked: m.counts[Parked],
		Failed: m.counts[Failed], Pending: int64(len(m.jobs)),
		Moved: m.files, MovedBytes: m.bytes, Rate: m.speed.rate(m.clk.Now()),
		Foreign: m.foreign, Scanning: m.scans.active > 0, ScanErrors: errs,
	}
	for _, j := range m.jobs {
		v := j.view()
		s.BytesDone += v.own.BytesDone
		s.BytesTotal += v.own.BytesTotal
	}
	return s
}

// Jobs returns the status of each unfinished move at and below n, in the order
// in which they became due, and of those that ended within the last minute (at
// most 1000). Unlike [Mover.Status] it doesn't add up what is below a
// directory.
func (m *Mover) Jobs(n *placement.Node) []Status { return m.jobsBelow(n) }

func (m *Mover) jobsBelow(n node) []Status {
	var out []Status
	for _, v := range m.viewsBelow(n) {
		s, _ := m.identify(v.node)
		s.fill(v)
		out = append(out, s)
	}
	return out
}
