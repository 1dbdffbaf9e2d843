package move

import (
	"errors"

	"github.com/seamfs/seamfs/placement"
)

// family ties a directory to the unfinished jobs of the objects in it.
type family struct {
	id    uint64 // of the directory
	count int    // unfinished jobs of objects directly in it
	dir   *job   // its own, if there is one
}

// familyOf returns the family of the directory id. The caller holds Mover.mu.
func (m *Mover) familyOf(id uint64) *family {
	f := m.families[id]
	if f == nil {
		f = &family{id: id}
		m.families[id] = f
	}
	return f
}

// joinFamily enters a job into that of its parent and, for a directory, its
// own. The caller holds Mover.mu.
func (m *Mover) joinFamily(j *job, parent uint64) {
	j.family = m.familyOf(parent)
	j.family.count++
	if j.dir {
		m.familyOf(j.node.ID()).dir = j
	}
}

// leaveFamily takes a job out; a directory that waited for it as the last one
// becomes ready. The caller holds Mover.mu.
func (m *Mover) leaveFamily(j *job) {
	if j.dir {
		if own := m.families[j.node.ID()]; own != nil && own.dir == j {
			own.dir = nil
			m.dropFamily(own)
		}
	}
	f := j.family
	if f == nil {
		return
	}
	j.family = nil
	f.count--
	if d := f.dir; d != nil && f.count == 0 && (d.waiting || d.slot == slotTimed && errors.Is(d.cause, placement.ErrNotEmpty)) {
		m.enqueue(d)
	}
	m.dropFamily(f)
}

func (m *Mover) dropFamily(f *family) {
	if f.count == 0 && f.dir == nil {
		delete(m.families, f.id)
	}
}

// children counts the unfinished jobs directly in j. The caller holds
// Mover.mu.
func (m *Mover) children(j *job) int {
	if f := m.families[j.node.ID()]; f != nil {
		return f.count
	}
	return 0
}
