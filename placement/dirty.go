package placement

import "sync"

// grain is the unit in which a move remembers what was written meanwhile.
const grain = 64 << 10

// dirtyMap remembers which parts of a file were written to since a move last
// copied them.
type dirtyMap struct {
	mu     sync.Mutex
	grains map[int64]struct{} // by offset/grain
	rest   int64              // all from this offset on, if not negative
	minEnd int64              // smallest size that the file had meanwhile; negative: not truncated
}

func newDirtyMap() *dirtyMap {
	return &dirtyMap{grains: make(map[int64]struct{}), rest: -1, minEnd: -1}
}

// maxGrains bounds what is remembered one by one (64 GiB).
const maxGrains = 1 << 20

func (d *dirtyMap) write(off, size int64) {
	if size <= 0 {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	first, last := off/grain, (off+size-1)/grain
	if last-first > maxGrains || len(d.grains) > maxGrains {
		if d.rest < 0 || first*grain < d.rest {
			d.rest = first * grain
		}
		return
	}
	for g := first; g <= last; g++ {
		d.grains[g] = struct{}{}
	}
}

func (d *dirtyMap) truncate(size int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.minEnd < 0 || size < d.minEnd {
		d.minEnd = size
	}
}

// take returns what was remembered and begins anew.
func (d *dirtyMap) take() (grains map[int64]struct{}, rest, minEnd int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	grains, rest, minEnd = d.grains, d.rest, d.minEnd
	d.grains, d.rest, d.minEnd = make(map[int64]struct{}), -1, -1
	return grains, rest, minEnd
}

// bytes tells how much is remembered, at most.
func (d *dirtyMap) bytes(size int64) int64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := int64(len(d.grains)) * grain
	if d.rest >= 0 && size > d.rest {
		n += size - d.rest
	}
	return min(n, size)
}

func (d *dirtyMap) clean() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.grains) == 0 && d.rest < 0 && d.minEnd < 0
}

// noteWrite tells a move under way that a range was written to. The caller is
// inside the gate, after the write.
func (n *Node) noteWrite(off, size int64) {
	if r := n.reloc.Load(); r != nil && r.dirty != nil {
		r.dirty.write(off, size)
	}
}

// noteTruncate tells a move under way that the size was set. As noteWrite.
func (n *Node) noteTruncate(size int64) {
	if r := n.reloc.Load(); r != nil && r.dirty != nil {
		r.dirty.truncate(size)
		r.dirty.write(size, 1)
	}
}
