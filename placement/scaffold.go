package placement

import (
	"errors"
	"fmt"
	"syscall"

	"github.com/seamfs/seamfs/backend"
)

// ensureOn makes the directory n exist on s, with scaffolds for it and what is
// above it where they are missing. The caller has a reference on n, and no lock.
func (fs *FS) ensureOn(n *Node, s *store) error {
	for !n.dir.mask().has(s) {
		if err := fs.scaffold(n, s); err != nil {
			return err
		}
	}
	return nil
}

// scaffold makes one directory on s, the topmost one at or above n that is
// missing: in private, with the attributes of the directory, stamped to stand
// in for it, then renamed into place.
func (fs *FS) scaffold(n *Node, s *store) error {
	fs.topology.RLock() // no ancestor changes
	defer fs.topology.RUnlock()
	at := n.at.Load()
	for at != nil && !at.parent.dir.mask().has(s) {
		n = at.parent
		at = n.at.Load()
	}
	if at == nil {
		return syscall.ENOENT
	}
	p := at.parent
	p.dir.mu.Lock()
	defer p.dir.mu.Unlock()
	if n.at.Load() != at { // removed meanwhile: renames are kept out
		return syscall.ENOENT
	}
	if n.dir.mask().has(s) || !p.dir.mask().has(s) {
		return nil
	}
	ref, err := fs.ref(p, s)
	if err != nil {
		return err
	}
	defer ref.put()
	err = fs.keepTimes(p, s, ref, func() error { return fs.scaffoldIn(n, s, ref, at.name) })
	if err != nil {
		return fmt.Errorf("make directory %s on backend %s: %w", at.name, s.name(), err)
	}
	return nil
}

func (fs *FS) scaffoldIn(n *Node, s *store, parent *dirRef, name string) error {
	n.names.Lock() // no change of attributes between the copy and the entry
	defer n.names.Unlock()
	stage, tmp := s.Private(backend.StageDir), fs.stageName()
	if err := stage.Mkdir(tmp, 0o700, backend.Cred{}); err != nil {
		return err
	}
	err := fs.withLocked(n, func(src backend.Ref, srcName string) error {
		return copyDirMeta(stage, tmp, src, srcName)
	})
	if err == nil {
		err = stampAs(s, stage, tmp, n.id, stampScaffold)
	}
	if err == nil {
		// Over an empty directory that lost this name, but over nothing else.
		err = stage.Rename(tmp, parent.Ref, name, 0)
	}
	if err != nil {
		stage.Rmdir(tmp)
		if errors.Is(err, syscall.ENOTEMPTY) || errors.Is(err, syscall.ENOTDIR) {
			return fmt.Errorf("something hidden is in the way: %w", syscall.EBUSY)
		}
		return err
	}
	n.dir.setOn(s, true)
	return nil
}

// stampAs writes a new stamp with a flag on an object, for an id (0: its own).
func stampAs(s *store, ref backend.Ref, name string, id uint64, flag stampFlags) error {
	b, err := ref.Birth(name)
	if err != nil {
		return err
	}
	if id == 0 {
		id = b.ID()
	}
	return writeStamp(s, ref, name, &stamp{own: []birthKey{keyOf(b)}, id: id, flags: flag})
}
