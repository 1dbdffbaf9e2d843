package placement

import (
	"errors"
	"fmt"
)

// keepNames remembers the names under which the object was switched, whose
// directories are held until the move ends.
func (r *Relocation) keepNames(names []dentry) {
	for _, d := range names {
		r.fs.Hold(d.parent)
	}
	r.names = names
}

// end releases everything that the move still holds.
func (r *Relocation) end() {
	r.closeFiles()
	r.n.reloc.CompareAndSwap(r, nil)
	r.releaseNames(r.names)
}

// Finish removes the source. The caller has synced To since Switch. After an
// error the move is over all the same: what is left is hidden, and removed by
// the reaper or after the next start.
func (r *Relocation) Finish() error {
	defer r.fs.reaper.wake()
	defer r.end()
	if r.n.isDir() {
		return r.finishDir()
	}
	var errs error
	for _, d := range r.names {
		if err := r.removeSource(d); err != nil {
			errs = errors.Join(errs, err)
		}
		r.fs.dropStandIns(d.parent, r.from)
	}
	if errs == nil {
		r.dropIntent()
	}
	return errs
}

// Abandon ends a move whose copy could not be synced after Switch: nobody
// knows what of it is on the disk, so the source stays, hidden, for good. The
// next start finds both, and the stamp says that the copy counts.
func (r *Relocation) Abandon() { r.end() }

// removeSource removes what the switch hid at one name, unless the name means
// something else by now; then that is the reaper's.
func (r *Relocation) removeSource(d dentry) error {
	fs, p := r.fs, d.parent
	p.dir.mu.Lock()
	defer p.dir.mu.Unlock()
	sl := p.dir.slots[d.name]
	if sl == nil || p.dir.dead {
		return nil
	}
	sl.moving = false
	if !p.dir.hasChild(d.name, r.n) {
		return nil
	}
	rest := sl.losers[:0:0]
	for _, l := range sl.losers {
		if l.s != r.from || l.birth != r.old {
			rest = append(rest, l)
			continue
		}
		if err := fs.removeLoser(p, d.name, l); err != nil {
			return fmt.Errorf("remove the source on backend %s: %w", r.from.name(), err)
		}
		fs.unhide(l)
	}
	if sl.losers = rest; len(rest) == 0 {
		fs.dropSlot(p, d.name)
	}
	return nil
}

// dropStandIns removes an emptied stand-in of the directory n on s, and those
// above it that become empty by that.
func (fs *FS) dropStandIns(n *Node, s *store) {
	for n != fs.root && n.tryHold() { // else it has gone, and so have its copies
		dropped := fs.dropStandIn(n, s)
		p := n.Parent()
		held := p.tryHold()
		fs.Release(n)
		if held {
			fs.Release(p)
		}
		if !dropped || !held {
			return
		}
		n = p
	}
}

// dropStandIn removes the stand-in of a directory on a backend that the rules
// don't name for it; false if there is none, or it still holds something.
func (fs *FS) dropStandIn(n *Node, s *store) bool {
	fs.topology.RLock()
	defer fs.topology.RUnlock()
	at := n.at.Load()
	if at == nil || n.rooted || n.resident() == s || fs.ruleOfDir(n).mask.has(s) {
		return false
	}
	at.parent.dir.mu.Lock()
	defer at.parent.dir.mu.Unlock()
	n.dir.mu.Lock()
	defer n.dir.mu.Unlock()
	if !n.dir.mask().has(s) || n.dir.dead || n.resident() == s || !at.parent.dir.mask().has(s) {
		return false
	}
	return fs.rmdirCopy(at, n, s) == nil
}

// rmdirCopy removes one copy of a directory. The locks of it and of its parent
// are held.
func (fs *FS) rmdirCopy(at *dentry, n *Node, s *store) error {
	ref, err := fs.ref(at.parent, s)
	if err != nil {
		return err
	}
	defer ref.put()
	if err := fs.keepTimes(at.parent, s, ref, func() error { return ref.Ref.Rmdir(at.name) }); err != nil {
		return err
	}
	n.dir.setOn(s, false)
	n.dir.forgetRef(s)
	return nil
}

// finishDir removes the copies on backends that the rules don't name, unless
// something was renamed into them meanwhile: then they stand in for it.
func (r *Relocation) finishDir() error {
	fs, n := r.fs, r.n
	for _, s := range fs.on(n) {
		if s != r.to {
			fs.dropStandIn(n, s)
		}
	}
	if at := n.at.Load(); at != nil {
		fs.dropStandIns(at.parent, r.from)
	}
	return nil
}
