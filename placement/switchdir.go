package placement

import (
	"errors"
	"syscall"

	"github.com/seamfs/seamfs/backend"
)

// switchDir makes the copy on the new backend the one with the directory's
// attributes, once the old backends' copies are empty.
func (r *Relocation) switchDir() error {
	fs, n := r.fs, r.n
	if err := fs.ensureOn(n, r.to); err != nil {
		return err
	}
	fs.topology.RLock()
	defer fs.topology.RUnlock()
	at := n.at.Load()
	if at == nil || n.gone.Load() {
		return ErrGone
	}
	at.parent.dir.mu.Lock()
	defer at.parent.dir.mu.Unlock()
	n.dir.mu.Lock()
	defer n.dir.mu.Unlock()
	rule := fs.ruleOfDir(n)
	if !rule.mask.has(r.to) || n.resident() != r.from {
		return ErrRetarget
	}
	if n.dir.dead || !n.dir.mask().has(r.to) {
		return ErrBusy
	}
	for _, s := range fs.on(n) {
		if !rule.mask.has(s) {
			if err := fs.emptyCopy(n, s); err != nil {
				return err
			}
		}
	}
	return r.switchDirLocked(at)
}

// emptyCopy tells whether one copy of a directory is empty.
func (fs *FS) emptyCopy(n *Node, s *store) error {
	ref, err := fs.ref(n, s)
	if err != nil {
		return err
	}
	defer ref.put()
	var names []string
	err = ref.Ref.ReadDir(func(name string, typ uint8, ino uint64) error {
		names = append(names, name)
		return nil
	})
	for _, name := range names {
		if err == nil {
			err = fs.mayStay(n, s, name)
		}
	}
	return err
}

// mayStay tells whether an entry doesn't keep the directory n, which is to
// have its attributes elsewhere, from that: it is settled on s by another of
// its names, or a directory that stands in for such.
func (fs *FS) mayStay(n *Node, s *store, name string) error {
	if n.dir.slots[name] != nil {
		return ErrBusy
	}
	c, err := fs.resolveChild(n, name)
	if errors.Is(err, syscall.ENOENT) {
		return ErrBusy // a whiteout
	}
	if err != nil {
		return err
	}
	defer fs.Release(c)
	if c.isDir() && c.resident() == s || !c.isDir() && !fs.ruleOf(c).mask.has(c.resident()) {
		return ErrNotEmpty
	}
	return nil
}

func (r *Relocation) switchDirLocked(at *dentry) error {
	fs, n := r.fs, r.n
	parent, err := fs.ref(at.parent, r.to)
	if err != nil {
		return err
	}
	defer parent.put()
	to, err := fs.ref(n, r.to)
	if err != nil {
		return err
	}
	defer to.put()
	n.names.Lock()
	defer n.names.Unlock()
	if err := checkSeals(n, []dentry{*at}); err != nil {
		return err
	}
	var before Attr
	err = fs.withLocked(n, func(src backend.Ref, name string) error {
		if err := src.Stat(name, &before); err != nil {
			return err
		}
		if err := backend.CopyFlags(backend.FlagsAt(to.Ref, ""), backend.FlagsAt(src, name)); err != nil {
			return err
		}
		return copyDirMeta(to.Ref, "", src, name)
	})
	if err != nil {
		return err
	}
	b, err := to.Ref.Birth("")
	if err != nil {
		return err
	}
	st := &stamp{own: []birthKey{keyOf(b)}, id: n.id, over: []birthKey{n.birth}}
	if err := writeStamp(r.to, to.Ref, "", st); err != nil {
		return err
	}
	n.res, n.birth, n.stamp = r.to, keyOf(b), st
	n.due.Store(false)
	r.keepNames([]dentry{*at})
	return fs.sameTimes(n, to.Ref, "", &before)
}
