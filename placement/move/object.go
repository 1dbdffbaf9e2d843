package move

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/seamfs/seamfs/placement"
	"golang.org/x/sys/unix"
)

// notDue is the reason why an object doesn't move that nobody asked to.
const notDue = "lies elsewhere than its rule says from before this mount; mount with --adopt to move it"

// Status tells all about n, and if it is a directory about what is below it.
// That costs time in proportion to the number of unfinished moves.
func (m *Mover) Status(n *placement.Node) Status { return m.status(n) }

func (m *Mover) status(n node) Status {
	if isDir(n) {
		return m.treeStatus(n)
	}
	s, place := m.identify(n)
	if v, ok := m.viewOf(n); ok {
		s.fill(v)
	} else {
		m.judge(n, place, &s)
	}
	return s
}

// identify fills in what doesn't depend on moves.
func (m *Mover) identify(n node) (Status, placement.Place) {
	path, _ := m.ns.Path(n)
	p := m.ns.Place(n)
	return Status{
		Path: EscapePath(path), Type: typeName(n), ID: n.ID(), State: Settled,
		Backend: p.Resident.Props().Name, Home: p.Home.Props().Name,
	}, p
}

// judge fills in the status of an object without a job.
func (m *Mover) judge(n node, p placement.Place, s *Status) {
	bytes, err := m.ns.Allocated(n)
	if err != nil {
		s.Error = fmt.Sprintf("read attributes: %v", err)
	}
	s.BytesTotal, s.BytesDone = bytes, bytes
	switch {
	case p.Settled || n.Gone():
		s.Progress = 100
		return
	case p.Due:
		m.tell(n) // so that it is true
		s.State = Queued
	default:
		s.State, s.Error = Parked, notDue
	}
	s.BytesDone, s.Pending = 0, 1
}

// view is what a job looks like at one moment.
type view struct {
	node  node
	own   Status // without what identify fills in
	ended bool
}

// viewOf returns the view of n's unfinished job.
func (m *Mover) viewOf(n node) (view, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	j := m.jobs[n]
	if j == nil {
		return view{}, false
	}
	return j.view(), true
}

// view takes a view. The caller holds Mover.mu.
func (j *job) view() view {
	v := view{node: j.node, ended: j.ended}
	v.own = Status{
		State: j.state, BytesTotal: j.total, BytesDone: min(j.done.Load(), j.total),
		Attempts: j.attempts, Error: j.err,
	}
	if j.ended || j.state == Switching {
		v.own.BytesDone = j.total
	}
	if j.ended {
		at := j.at
		v.own.Progress, v.own.Ended = 100, &at
		return v
	}
	since := j.since
	v.own.Since, v.own.Pending = &since, 1
	v.own.Progress = percent(v.own.BytesDone, v.own.BytesTotal)
	return v
}

// fill takes over what a view tells.
func (s *Status) fill(v view) {
	o := v.own
	o.Path, o.Type, o.ID, o.Backend, o.Home = s.Path, s.Type, s.ID, s.Backend, s.Home
	*s = o
}

// percent is the progress of what isn't settled.
func percent(done, total int64) int {
	if total <= 0 {
		return 0
	}
	return int(min(99, float64(done)/float64(total)*100))
}

func isDir(n node) bool { return n.Type()&unix.S_IFMT == unix.S_IFDIR }

func typeName(n node) string {
	switch n.Type() & unix.S_IFMT {
	case unix.S_IFDIR:
		return "dir"
	case unix.S_IFLNK:
		return "symlink"
	case unix.S_IFIFO:
		return "fifo"
	case unix.S_IFSOCK:
		return "socket"
	case unix.S_IFCHR:
		return "char"
	case unix.S_IFBLK:
		return "block"
	}
	return "file"
}

// EscapePath writes bytes that aren't valid UTF-8, and "%", as %XX.
func EscapePath(path string) string {
	if utf8.ValidString(path) && !strings.Contains(path, "%") {
		return path
	}
	var b strings.Builder
	for len(path) > 0 {
		r, size := utf8.DecodeRuneInString(path)
		if r == '%' || r == utf8.RuneError && size == 1 {
			fmt.Fprintf(&b, "%%%02X", path[0])
		} else {
			b.WriteString(path[:size])
		}
		path = path[size:]
	}
	return b.String()
}
