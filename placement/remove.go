package placement

import (
	"errors"
	"syscall"

	"github.com/seamfs/seamfs/backend"
)

// Unlink removes a name of an object that is no directory.
func (fs *FS) Unlink(p *Node, name string) error {
	if err := fs.checkNewName(p, name); err != nil {
		return err
	}
	from, err := fs.unlinkOnce(p, name)
	fs.tidy(p, from)
	return err
}

// unlinkOnce does it, and tells from which backends something went.
func (fs *FS) unlinkOnce(p *Node, name string) (from mask, err error) {
	p.dir.mu.Lock()
	defer p.dir.mu.Unlock()
	n, err := fs.resolveChild(p, name)
	if err != nil {
		return 0, err
	}
	defer fs.Release(n)
	if err := mayRemove(p, n); err != nil {
		return 0, err
	}
	if n.isDir() {
		return 0, syscall.EISDIR
	}
	n.names.Lock()
	defer n.names.Unlock()
	from = n.res.bit()
	if sl := p.dir.slots[name]; sl != nil {
		from |= sl.losersMask()
	}
	if err := fs.removeSlot(p, name, n.res); err != nil {
		return from, err
	}
	return from, fs.unlinkLocked(p, name, n)
}

// tidy removes stand-ins of the directory p, and of those above it, that were
// needed only for what has left these backends. The caller holds no lock.
func (fs *FS) tidy(p *Node, from mask) {
	from &^= fs.ruleOfDir(p).mask
	for _, s := range fs.stores {
		if from.has(s) {
			fs.dropStandIns(p, s)
		}
	}
}

// removeSlot removes what is hidden at a name before its winner, on s, goes:
// losers first, and durably where else a power cut could bring one back.
func (fs *FS) removeSlot(p *Node, name string, s *store) error {
	sl := p.dir.slots[name]
	if sl == nil {
		return nil
	}
	if err := fs.removeLosers(p, name, sl); err != nil {
		return err
	}
	var sync mask
	for _, l := range sl.losers {
		if l.s.durable && s.durable {
			sync |= l.s.bit()
		}
	}
	if fs.syncStores(sync) != 0 {
		return syscall.EIO
	}
	fs.dropSlot(p, name)
	return nil
}

// unlinkLocked removes a name where the object is. The caller holds the locks
// of both.
func (fs *FS) unlinkLocked(p *Node, name string, n *Node) error {
	ref, err := fs.ref(p, n.res)
	if err != nil {
		return err
	}
	defer ref.put()
	if err := fs.keepOrphan(n, ref.Ref, name); err != nil {
		return err
	}
	if err := ref.Ref.Unlink(name); err != nil {
		fs.dropOrphan(n)
		return err
	}
	fs.lostName(n, p, name)
	fs.touchDir(p, n.res)
	return nil
}

// keepOrphan opens a reference to an object whose last known name is about to
// go: the kernel may go on using it. The caller holds n.names exclusively.
func (fs *FS) keepOrphan(n *Node, ref backend.Ref, name string) (err error) {
	if n.isDir() || n.orphan != nil || len(n.links) > 0 {
		return nil
	}
	n.orphan, err = ref.OpenRef(name)
	return err
}

func (fs *FS) dropOrphan(n *Node) {
	if n.orphan != nil {
		n.orphan.Close()
		n.orphan = nil
	}
}

// lostName notes that a name is gone. The caller holds the locks of both.
func (fs *FS) lostName(n, p *Node, name string) {
	fs.dropNameLocked(n, p, name)
	n.gen.Add(1)
	if n.checkGone() {
		fs.mover.Gone(n)
	}
}

// checkGone notes, and tells, that an object has no name any more, known or
// unknown, that users see. The caller holds n.names exclusively.
func (n *Node) checkGone() bool {
	if n.at.Load() != nil {
		return false
	}
	var a Attr
	if n.orphan == nil || n.orphan.Stat("", &a) != nil || a.Nlink <= n.shadows() {
		n.gone.Store(true)
	}
	return n.gone.Load()
}

// Rmdir removes an empty directory from all backends.
func (fs *FS) Rmdir(p *Node, name string) error {
	if err := fs.checkNewName(p, name); err != nil {
		return err
	}
	for {
		wait, from, err := fs.rmdirOnce(p, name)
		if wait == nil {
			fs.tidy(p, from)
			return err
		}
		// An object that was renamed away from here isn't durable yet, and the
		// old version that it replaced here is the only durable one.
		err = fs.settleNow(wait)
		fs.Release(wait)
		if err != nil {
			return err
		}
	}
}

func (fs *FS) rmdirOnce(p *Node, name string) (wait *Node, from mask, err error) {
	p.dir.mu.Lock()
	defer p.dir.mu.Unlock()
	n, err := fs.resolveChild(p, name)
	if err != nil {
		return nil, from, err
	}
	defer fs.Release(n)
	if err := mayRemove(p, n); err != nil {
		return nil, from, err
	}
	if !n.isDir() {
		return nil, 0, syscall.ENOTDIR
	}
	if n.rooted {
		return nil, 0, syscall.EBUSY
	}
	n.dir.mu.Lock()
	defer n.dir.mu.Unlock()
	from = n.dir.mask()
	if wait, err := fs.emptyOut(n); err != nil || wait != nil {
		return wait, 0, err
	}
	if err := fs.removeSlot(p, name, n.resident()); err != nil {
		return nil, from, err
	}
	if err := fs.keepRef(n); err != nil {
		return nil, from, err
	}
	n.names.Lock()
	defer n.names.Unlock()
	if err := fs.rmdirCopies(p, name, n); err != nil {
		return nil, from, err
	}
	n.dir.dead = true
	fs.lostName(n, p, name)
	n.gone.Store(true)
	fs.touchDir(p, n.res)
	return nil, from, nil
}

// rmdirCopies removes a directory's copies, stand-ins first, so that whatever
// is left after a kill is the directory or a stand-in for it, never neither.
func (fs *FS) rmdirCopies(p *Node, name string, n *Node) error {
	order := append(fs.on(n), n.res)
	for i, s := range order {
		if s == n.res && i < len(order)-1 {
			continue
		}
		ref, err := fs.ref(p, s)
		if err != nil {
			return err
		}
		if s == n.res {
			err = ref.Ref.Rmdir(name)
		} else {
			err = fs.keepTimes(p, s, ref, func() error { return ref.Ref.Rmdir(name) })
		}
		ref.put()
		if err != nil && !errors.Is(err, syscall.ENOENT) {
			return err
		}
		if s != n.res {
			n.dir.setOn(s, false)
			n.dir.forgetRef(s)
		}
	}
	return nil
}

// emptyOut fails with ENOTEMPTY if users see anything in the directory n, and
// removes what is hidden in it; wait (held) is an object that must be settled
// first. The caller holds n's lock exclusively.
func (fs *FS) emptyOut(n *Node) (wait *Node, err error) {
	names, err := fs.doubtfulNames(n)
	if err != nil {
		return nil, err
	}
	for name := range names {
		var a Attr
		child, err := fs.lookupLocked(n, name, &a, true)
		if err == nil {
			fs.Release(child)
			return nil, syscall.ENOTEMPTY
		}
		if !errors.Is(err, syscall.ENOENT) {
			return nil, err
		}
		sl := n.dir.slots[name]
		if sl == nil {
			continue
		}
		if !fs.reapable(n, sl) {
			for _, a := range sl.after {
				if !fs.allSettled([]*Node{a}) {
					fs.Hold(a)
					return a, nil
				}
			}
		}
		if err := fs.removeLosers(n, name, sl); err != nil {
			return nil, err
		}
		fs.dropSlot(n, name)
	}
	return nil, nil
}
