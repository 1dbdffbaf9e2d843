package placement

import (
	"golang.org/x/sys/unix"
)

// exchange swaps two objects. All directories are locked.
func (r *renaming) exchange() error {
	fs := r.fs
	for _, side := range []struct {
		p    *Node
		name string
		n    *Node
	}{{r.p1, r.n1, r.src}, {r.p2, r.n2, r.tgt}} {
		if side.p.dir.slots[side.name] != nil { // an old version that can't go along
			r.wait = side.n
			fs.Hold(r.wait)
			return errAgain
		}
	}
	unlock := lockNames(r.src, r.tgt)
	defer unlock()
	a, b := r.src, r.tgt
	if err := fs.markDue(a, fs.ruleOfDir(r.p2)); err != nil {
		return err
	}
	if err := fs.markDue(b, fs.ruleOfDir(r.p1)); err != nil {
		return err
	}
	err := fs.renameAll(r.exchangeSteps(), a.isDir() || b.isDir(), func() {
		fs.moveName(a, r.p1, r.n1, r.p2, r.n2)
		fs.moveName(b, r.p2, r.n2, r.p1, r.n1)
	})
	if err != nil {
		return err
	}
	for _, s := range fs.stores {
		if (a.placesLocked() | b.placesLocked()).has(s) {
			fs.touchDir(r.p1, s)
			fs.touchDir(r.p2, s)
		}
	}
	fs.announce(a, r.p2)
	fs.announce(b, r.p1)
	return nil
}

// exchangeSteps: where both are on a backend they are exchanged there, else
// each is renamed.
func (r *renaming) exchangeSteps() (steps []step) {
	on1, on2 := r.src.placesLocked(), r.tgt.placesLocked()
	for _, s := range r.fs.stores {
		switch {
		case on1.has(s) && on2.has(s):
			steps = append(steps, step{s, r.p1, r.p2, r.n1, r.n2, unix.RENAME_EXCHANGE})
		case on1.has(s):
			steps = append(steps, step{s, r.p1, r.p2, r.n1, r.n2, 0})
		case on2.has(s):
			steps = append(steps, step{s, r.p2, r.p1, r.n2, r.n1, 0})
		}
	}
	return steps
}
