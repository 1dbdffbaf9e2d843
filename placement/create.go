package placement

import (
	"errors"
	"fmt"
	"syscall"

	"github.com/seamfs/seamfs/backend"
	"golang.org/x/sys/unix"
)

// Caller is who asks: the identity that new objects get, and its umask.
type Caller struct {
	backend.Cred
	Umask uint32
}

// maker makes a new object of a name in a directory on one backend.
type maker func(s *store, ref backend.Ref, name string, mode uint32) error

// Create makes and opens a regular file; flags are open(2)'s. One reference is
// taken, as by Lookup. EEXIST if there is anything of that name.
func (fs *FS) Create(parent *Node, name string, flags int, mode uint32, c Caller, out *Attr) (*Node, *File, error) {
	var f backend.File
	n, err := fs.make(parent, name, mode, c, out, func(_ *store, ref backend.Ref, name string, mode uint32) (err error) {
		f, err = ref.Create(name, flags&^unix.O_TRUNC, mode, c.Cred)
		return err
	})
	if err != nil {
		if f != nil {
			f.Close()
		}
		return nil, nil, err
	}
	file := newFile(fs, n, f, flags)
	return n, file, nil
}

// Tmpfile makes and opens a regular file without a name (O_TMPFILE), where one
// of parent's files would be made; Link can give it one. One reference is
// taken, as by Lookup.
func (fs *FS) Tmpfile(parent *Node, flags int, mode uint32, c Caller, out *Attr) (n *Node, f *File, err error) {
	if !parent.isDir() {
		return nil, nil, syscall.ENOTDIR
	}
	err = fs.onHome(parent, func(s *store) error {
		return fs.lockedOn(s, parent, func(ref *dirRef) error {
			n, f, err = fs.tmpfile(s, parent, ref, flags, mode, c, out)
			return err
		})
	})
	return n, f, err
}

func (fs *FS) tmpfile(s *store, p *Node, ref *dirRef, flags int, mode uint32, c Caller, out *Attr) (*Node, *File, error) {
	if err := mayMake(p); err != nil {
		return nil, nil, err
	}
	if c.Umask != 0 && !fs.hasDefaultACL(p) {
		mode &^= c.Umask
	}
	f, err := ref.Ref.Tmpfile(flags, mode, c.Cred)
	if err != nil {
		return nil, nil, err
	}
	n, err := fs.unnamed(s, f, out)
	if err != nil {
		return nil, nil, errors.Join(err, f.Close())
	}
	return n, newFile(fs, n, f, flags), nil
}

// unnamed makes the node of a file that has no name.
func (fs *FS) unnamed(s *store, f backend.File, out *Attr) (*Node, error) {
	if err := f.Stat(out); err != nil {
		return nil, err
	}
	ref, err := f.Ref()
	if err != nil {
		return nil, err
	}
	b, err := ref.Birth("")
	if err != nil {
		return nil, errors.Join(err, ref.Close())
	}
	c := &candidate{s: s, attr: *out, birth: keyOf(b), id: b.ID()}
	n, _ := fs.nodeFor(c, 0)
	n.orphan = ref
	n.gone.Store(true)
	out.Ino = n.id
	return n, nil
}

// Mkdir makes a directory. One reference is taken, as by Lookup.
func (fs *FS) Mkdir(parent *Node, name string, mode uint32, c Caller, out *Attr) (*Node, error) {
	return fs.make(parent, name, mode, c, out, mkdirMaker(c))
}

func mkdirMaker(c Caller) maker {
	return func(_ *store, ref backend.Ref, name string, mode uint32) error {
		return ref.Mkdir(name, mode, c.Cred)
	}
}

// mkdirOn makes a directory on a given backend.
func (fs *FS) mkdirOn(s *store, parent *Node, name string, mode uint32, c Caller, out *Attr) (*Node, error) {
	return fs.makeOn(s, parent, name, mode, c, out, mkdirMaker(c))
}

// Mknod makes a fifo, socket, device node or empty regular file. One reference
// is taken, as by Lookup.
func (fs *FS) Mknod(parent *Node, name string, mode uint32, rdev uint64, c Caller, out *Attr) (*Node, error) {
	return fs.make(parent, name, mode, c, out, func(s *store, ref backend.Ref, name string, mode uint32) error {
		return ref.Mknod(name, mode, rdev, c.Cred)
	})
}

// Symlink makes a symbolic link. One reference is taken, as by Lookup.
func (fs *FS) Symlink(parent *Node, name, target string, c Caller, out *Attr) (*Node, error) {
	return fs.make(parent, name, 0, Caller{Cred: c.Cred}, out, func(_ *store, ref backend.Ref, name string, _ uint32) error {
		return ref.Symlink(target, name, c.Cred)
	})
}

// make makes a new object on the first backend of its rule that has room.
func (fs *FS) make(p *Node, name string, mode uint32, c Caller, out *Attr, mk maker) (*Node, error) {
	if err := fs.checkNewName(p, name); err != nil {
		return nil, err
	}
	var n *Node
	err := fs.onHome(p, func(s *store) (err error) {
		n, err = fs.makeOn(s, p, name, mode, c, out, mk)
		return err
	})
	return n, err
}

// onHome tries to make something in p on the first backend of its rule that
// has room, then on the others.
func (fs *FS) onHome(p *Node, try func(s *store) error) (err error) {
	for _, s := range fs.homes(fs.ruleOfDir(p)) {
		err = try(s)
		if !errors.Is(err, syscall.ENOSPC) && !errors.Is(err, syscall.EDQUOT) {
			return err
		}
	}
	return err
}

// makeOn makes a new object on one backend.
func (fs *FS) makeOn(s *store, p *Node, name string, mode uint32, c Caller, out *Attr, mk maker) (n *Node, err error) {
	for {
		err = fs.lockedOn(s, p, func(ref *dirRef) error {
			n, err = fs.makeLocked(s, p, ref, name, mode, c, out, mk)
			return err
		})
		if err != errHidden {
			return n, err
		}
		if err := fs.clearName(p, name); err != nil {
			return nil, err
		}
	}
}

// lockedOn calls fn with p locked exclusively and present on s, where it may
// have to be made first.
func (fs *FS) lockedOn(s *store, p *Node, fn func(ref *dirRef) error) error {
	for {
		if err := fs.ensureOn(p, s); err != nil {
			return err
		}
		again, err := fs.lockedIf(s, p, fn)
		if !again {
			return err
		}
	}
}

// lockedIf is lockedOn if p is on s; else again tells that a move removed the
// emptied copy meanwhile.
func (fs *FS) lockedIf(s *store, p *Node, fn func(ref *dirRef) error) (again bool, err error) {
	p.dir.mu.Lock()
	defer p.dir.mu.Unlock()
	if p.dir.dead {
		return false, syscall.ENOENT
	}
	if !p.dir.mask().has(s) {
		return true, nil
	}
	ref, err := fs.ref(p, s)
	if err != nil {
		return false, err
	}
	defer ref.put()
	return false, fn(ref)
}

func (fs *FS) makeLocked(s *store, p *Node, ref *dirRef, name string, mode uint32, c Caller, out *Attr, mk maker) (*Node, error) {
	if err := fs.checkFree(p, name); err != nil {
		return nil, err
	}
	if err := mayMake(p); err != nil {
		return nil, err
	}
	if c.Umask != 0 && !fs.hasDefaultACL(p) {
		mode &^= c.Umask
	}
	var err error
	if sl := p.dir.slots[name]; sl == nil {
		err = mk(s, ref.Ref, name, mode)
	} else if sl.winner != nil {
		err = syscall.EEXIST
	} else {
		err = errHidden
	}
	if err != nil {
		return nil, err
	}
	fs.touchDir(p, s)
	if err := ref.Ref.Stat(name, out); err != nil {
		return nil, err
	}
	return fs.identify(p, name, s, ref, out)
}

// checkFree sees that no backend holds a name; where there is but one, the
// system call that makes the name does. The caller holds p's lock exclusively.
func (fs *FS) checkFree(p *Node, name string) error {
	if p.dir.mask().count() < 2 {
		return nil
	}
	n, err := fs.resolveChild(p, name)
	if errors.Is(err, syscall.ENOENT) {
		return nil
	}
	if err == nil {
		fs.Release(n)
		err = syscall.EEXIST
	}
	return err
}

// hasDefaultACL tells whether new objects in p get an ACL, so that the umask
// doesn't apply. The caller holds p's lock.
func (fs *FS) hasDefaultACL(p *Node) bool {
	if known := p.dir.defACL.Load(); known != aclUnknown {
		return known == aclSome
	}
	known := uint32(aclNone)
	err := fs.with(p, func(ref backend.Ref, name string) error {
		_, err := ref.GetXattr(name, "system.posix_acl_default", nil)
		return err
	})
	if err == nil {
		known = aclSome
	}
	p.dir.defACL.Store(known)
	return known == aclSome
}

// coverSlot notes that an object on s now wins a name over all that is hidden
// there, and that what was hidden on s itself is gone.
func (fs *FS) coverSlot(p *Node, name string, s *store, isDir bool) {
	old := p.dir.slots[name]
	if old == nil {
		return
	}
	sl := &slot{winner: s, winnerIsDir: isDir, after: old.after}
	for _, l := range old.losers {
		if l.s == s {
			fs.unhide(l)
		} else {
			sl.losers = append(sl.losers, l)
		}
	}
	if len(sl.losers) > 0 {
		fs.hide(p, name, sl)
		return
	}
	old.losers = nil
	fs.dropSlot(p, name)
}

// stageName returns a new name for the stage directory.
func (fs *FS) stageName() string { return fmt.Sprintf("s%d", fs.stageSeq.Add(1)) }

// copyDirMeta gives a copy of a directory the attributes of another.
func copyDirMeta(dst backend.Ref, dstName string, src backend.Ref, srcName string) error {
	var a Attr
	if err := src.Stat(srcName, &a); err != nil {
		return err
	}
	return backend.CopyMeta(dst, dstName, src, srcName, &a)
}

// Link makes another name of n. One reference is taken, as by Lookup.
func (fs *FS) Link(n, parent *Node, name string, out *Attr) (*Node, error) {
	if n.isDir() {
		return nil, syscall.EPERM
	}
	if err := fs.checkNewName(parent, name); err != nil {
		return nil, err
	}
	for {
		s := n.resident()
		if err := fs.ensureOn(parent, s); err != nil {
			return nil, err
		}
		again, err := fs.linkOnce(n, s, parent, name)
		if err == errHidden {
			again, err = true, fs.clearName(parent, name)
		}
		if err != nil {
			return nil, err
		}
		if !again {
			break
		}
	}
	fs.tellIfMisplaced(n)
	fs.Hold(n)
	return n, fs.GetAttr(n, nil, out)
}

// linkOnce links on s; again tells that the object or the directory went
// elsewhere meanwhile.
func (fs *FS) linkOnce(n *Node, s *store, p *Node, name string) (again bool, err error) {
	p.dir.mu.Lock()
	defer p.dir.mu.Unlock()
	if p.dir.dead {
		return false, syscall.ENOENT
	}
	if err := fs.checkFree(p, name); err != nil { // it may lock any node's names
		return false, err
	}
	n.names.Lock()
	defer n.names.Unlock()
	if n.res != s || !p.dir.mask().has(s) {
		return true, nil
	}
	if sl := p.dir.slots[name]; sl != nil {
		if sl.winner != nil {
			return false, syscall.EEXIST
		}
		return false, errHidden
	}
	if mayMake(p) != nil || n.sealed() {
		return false, syscall.EPERM
	}
	ref, err := fs.ref(p, s)
	if err != nil {
		return false, err
	}
	defer ref.put()
	if err := fs.markDue(n, fs.ruleOfDir(p)); err != nil {
		return false, err
	}
	err = fs.withLocked(n, func(r backend.Ref, old string) error { return r.Link(old, ref.Ref, name) })
	if err != nil {
		return false, err
	}
	fs.addNameLocked(n, p, name)
	n.gone.Store(false) // if it was made without a name
	n.gen.Add(1)
	fs.touchDir(p, s)
	return false, nil
}

// markDue marks an object as to be moved, before it gets a name under a rule
// that doesn't name its resident. The caller holds n.names exclusively.
func (fs *FS) markDue(n *Node, r *rule) error {
	if r.mask.has(n.res) || n.due.Load() {
		return nil
	}
	if err := fs.restamp(n, func(st *stamp) { st.flags |= stampDue }); err != nil {
		return err
	}
	n.due.Store(true)
	return nil
}

// restamp changes the stamp of an object where it is. The caller holds n.names
// exclusively.
func (fs *FS) restamp(n *Node, change func(st *stamp)) error {
	st := n.stamp.clone()
	st.own, st.id = []birthKey{n.birth}, n.id
	change(st)
	if len(st.over) > maxOver {
		st.over = st.over[len(st.over)-maxOver:]
	}
	err := fs.withLocked(n, func(ref backend.Ref, name string) error { return writeStamp(n.res, ref, name, st) })
	if err != nil {
		return fmt.Errorf("stamp object on backend %s: %w", n.res.name(), err)
	}
	n.stamp = st
	return nil
}
