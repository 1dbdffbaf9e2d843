package placement

import (
	"github.com/seamfs/seamfs/backend"
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
	after := fs.sameMtime(a, b)
	err := fs.renameAll(r.exchangeSteps(), a.isDir() || b.isDir(), func() {
		fs.moveName(a, r.p1, r.n1, r.p2, r.n2)
		fs.moveName(b, r.p2, r.n2, r.p1, r.n1)
	})
	if err != nil {
		return err
	}
	after()
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

// sameMtime returns a function that, after an exchange, has the objects' ctime
// move and their mtime stay, whatever the filesystem does: XFS leaves the first
// of files and changes the second of directories. The names are locked.
func (fs *FS) sameMtime(nodes ...*Node) (after func()) {
	before := make([]Attr, len(nodes))
	for i, n := range nodes {
		err := fs.withLocked(n, func(ref backend.Ref, name string) error { return ref.Stat(name, &before[i]) })
		if err != nil {
			return func() {}
		}
	}
	return func() {
		for i, n := range nodes {
			err := fs.withLocked(n, func(ref backend.Ref, name string) error {
				var now Attr
				if err := ref.Stat(name, &now); err != nil || now.Mtime == before[i].Mtime {
					return err
				}
				return ref.SetAttr(name, &backend.SetAttr{Mtime: &before[i].Mtime})
			})
			if err != nil {
				fs.log.Warn("keep the times of an exchanged object", "err", err)
			}
			fs.touchCtime(n)
		}
	}
}
