package move

import (
	"maps"
	"slices"
)

// facts are what the namespace says about an object that was told.
type facts struct {
	parent  uint64
	durable bool
	hurried bool // below a directory that somebody waits for
	bytes   int64
	target  string
}

// admit looks at some of the objects that were told, and puts their jobs where
// they wait. One at a time: a worker that finds the inbox empty because another
// one is at it would begin a batch of the few that are ready. Called without
// locks.
func (m *Mover) admit() {
	m.admitting.Lock()
	defer m.admitting.Unlock()
	m.mu.Lock()
	n := min(len(m.inbox), admitChunk)
	told := slices.Clone(m.inbox[:n])
	m.inbox = m.inbox[n:]
	if len(m.inbox) == 0 {
		m.inbox = nil // let go of the array
	}
	hurried := slices.Collect(maps.Keys(m.hurried))
	m.mu.Unlock()
	for _, j := range told {
		f := m.look(j, hurried)
		m.mu.Lock()
		m.place(j, f)
		m.mu.Unlock()
	}
}

// admitAll empties the inbox. Called without locks.
func (m *Mover) admitAll() {
	more := true
	for more {
		m.admit()
		m.mu.Lock()
		more = len(m.inbox) > 0 && !m.stopped
		m.mu.Unlock()
	}
}

// look asks the namespace about a job's object. Called without locks.
func (m *Mover) look(j *job, hurried []node) facts {
	var f facts
	f.parent = m.ns.Parent(j.node).ID()
	f.durable = m.ns.Place(j.node).Durable
	f.target = m.target(j.node)
	if j.regular {
		// An error shows up again in Begin.
		f.bytes, _ = m.ns.Allocated(j.node)
	}
	for _, d := range hurried {
		f.hurried = f.hurried || m.ns.Below(j.node, d)
	}
	return f
}

// target tells path and home, to see whether either changes.
func (m *Mover) target(n node) string {
	path, _ := m.ns.Path(n)
	return m.ns.Place(n).Home.Props().Name + ":" + path
}

// place puts an admitted job where it waits. The caller holds Mover.mu.
func (m *Mover) place(j *job, f facts) {
	if j.ended || m.stopped {
		return
	}
	if j.admitted {
		if j.poked {
			j.poked = false
			m.reconsider(j, f)
		}
		return
	}
	j.admitted = true
	j.durable = f.durable
	j.total = f.bytes
	j.large = f.bytes >= m.opt.BatchBytes
	j.hurried = j.hurried || f.hurried || f.durable && m.drains > 0 || m.drainsAll > 0
	m.joinFamily(j, f.parent)
	if wait := m.opt.Delay - m.clk.Now().Sub(j.since); wait > 0 && !j.hurried {
		m.later(j, wait)
		return
	}
	m.enqueue(j)
}

// reconsider tries a job at rest again if what it was told gives reason to.
// The caller holds Mover.mu.
func (m *Mover) reconsider(j *job, f facts) {
	switch {
	case !j.resting() || j.waiting || j.final || j.slot != slotTimed && j.slot != slotNone:
	case f.target != j.target:
		m.enqueue(j)
	case j.state == Pinned:
		m.sooner(j)
	}
}

// sooner lets a pinned job that was told again rest no longer than it must:
// lookups tell of it again and again, and trying costs something. The caller
// holds Mover.mu.
func (m *Mover) sooner(j *job) {
	due := j.began.Add(j.took + max(pokeGap, pokeShare*j.took))
	if due.Before(j.due) {
		m.later(j, due.Sub(m.clk.Now()))
	}
}
