package placement

import (
	"context"
	"errors"
	"syscall"

	"golang.org/x/sys/unix"
)

// renaming is one rename under way.
type renaming struct {
	fs     *FS
	p1, p2 *Node
	n1, n2 string
	flags  uint32
	src    *Node // held
	tgt    *Node // what n2 means; held; nil for nothing
	wait   *Node // to be settled before the rename can be tried again; held
	clear  bool  // what is hidden at n2 must go before
	isDir  bool  // of src
}

// errAgain tells that something changed before the locks were had.
var errAgain = errors.New("rename must begin again")

// Rename is renameat2(2) with its flags; unknown ones are EINVAL. It is one renameat2 on the backend that holds the object, at the
// new path: no byte is copied, whatever its size, and nothing is waited for.
//
// For others in the mount it is atomic. After a kill of the daemon the next
// start shows all of it or nothing. It is durable as on a plain filesystem:
// with an fsync of the directory.
func (fs *FS) Rename(parent *Node, name string, newparent *Node, newname string, flags uint32) error {
	const alone, known = unix.RENAME_EXCHANGE, unix.RENAME_NOREPLACE | unix.RENAME_EXCHANGE | unix.RENAME_WHITEOUT
	if flags&^known != 0 || flags&alone != 0 && flags != alone {
		return syscall.EINVAL
	}
	if err := fs.checkNewName(parent, name); err != nil {
		return err
	}
	if err := fs.checkNewName(newparent, newname); err != nil {
		return err
	}
	for range maxAgain {
		r := &renaming{fs: fs, p1: parent, n1: name, p2: newparent, n2: newname, flags: flags}
		err := r.prepare()
		if err == nil {
			err = r.run()
		}
		if r.src != nil && err != errAgain {
			fs.tidy(parent, r.src.places())
			if err != nil {
				fs.tidy(newparent, r.src.places())
			}
		}
		if err == errAgain {
			err = r.makeWay()
		} else {
			r.release()
			return err
		}
		r.release()
		if err != nil {
			return err
		}
	}
	return syscall.EBUSY
}

// maxAgain bounds how often a rename begins again: whatever else is wrong, the
// kernel's rename mutex must not be held for ever.
const maxAgain = 1000

// makeWay does what a rename has to wait for before it can begin again.
func (r *renaming) makeWay() error {
	if r.wait != nil {
		return r.fs.settleNow(r.wait)
	}
	if r.clear {
		return r.fs.clearName(r.p2, r.n2)
	}
	return nil
}

// settleNow settles an object over whose hidden old version something is to be
// done that can't keep it: a rare corner, and the only one in which a rename
// or rmdir waits for data.
func (fs *FS) settleNow(n *Node) error {
	if err := fs.mover.Hurry(context.Background(), n); err != nil {
		return err
	}
	fs.reap()
	return nil
}

func (r *renaming) release() {
	for _, n := range []*Node{r.src, r.tgt, r.wait} {
		if n != nil {
			r.fs.Release(n)
		}
	}
}

// prepare finds the objects, and makes the new parents on the backends that
// need them, without any lock held.
func (r *renaming) prepare() (err error) {
	if r.src, err = r.fs.find(r.p1, r.n1); err != nil {
		return err
	}
	r.isDir = r.src.isDir()
	r.tgt, err = r.fs.find(r.p2, r.n2)
	if err != nil && !errors.Is(err, syscall.ENOENT) {
		return err
	}
	if err := r.check(); err != nil {
		return err
	}
	if err := r.fs.ensureAll(r.p2, r.src.places()); err != nil {
		return err
	}
	if r.flags&unix.RENAME_EXCHANGE != 0 {
		return r.fs.ensureAll(r.p1, r.tgt.places())
	}
	return nil
}

// find returns the node of a name, held.
func (fs *FS) find(p *Node, name string) (*Node, error) {
	if n := p.dir.child(name); n != nil {
		return n, nil
	}
	var a Attr
	return fs.Lookup(p, name, &a)
}

// places returns the backends that hold the object.
func (n *Node) places() mask {
	if n.isDir() {
		return n.dir.mask()
	}
	return n.resident().bit()
}

func (fs *FS) ensureAll(n *Node, m mask) error {
	for _, s := range fs.stores {
		if m.has(s) {
			if err := fs.ensureOn(n, s); err != nil {
				return err
			}
		}
	}
	return nil
}

// check finds the errors that don't depend on what is in the directories.
func (r *renaming) check() error {
	exchange := r.flags&unix.RENAME_EXCHANGE != 0
	switch {
	case r.src.rooted || r.tgt != nil && r.tgt.rooted && (exchange || r.isDir):
		return syscall.EBUSY
	case r.isDir && r.fs.Below(r.p2, r.src):
		return syscall.EINVAL
	case r.tgt == nil && exchange:
		return syscall.ENOENT
	case r.tgt == nil:
		return maySwap(r.p1, r.src, r.p2, nil)
	case r.flags&unix.RENAME_NOREPLACE != 0:
		return syscall.EEXIST
	case exchange && r.tgt.isDir() && r.fs.Below(r.p1, r.tgt):
		return syscall.EINVAL
	case r.src != r.tgt && maySwap(r.p1, r.src, r.p2, r.tgt) != nil:
		return syscall.EPERM
	case exchange:
		return nil
	case r.isDir && !r.tgt.isDir():
		return syscall.ENOTDIR
	case !r.isDir && r.tgt.isDir():
		return syscall.EISDIR
	}
	return nil
}

// run takes the locks, sees that all is as prepared, and renames.
func (r *renaming) run() error {
	fs := r.fs
	if r.isDir || r.tgt != nil && r.tgt.isDir() {
		fs.topology.Lock()
		defer fs.topology.Unlock()
	} else {
		fs.topology.RLock()
		defer fs.topology.RUnlock()
	}
	if r.p1 != r.p2 {
		fs.renames.Lock()
		defer fs.renames.Unlock()
	}
	unlock := fs.lockDirs(r.p1, r.p2)
	defer unlock()
	if err := r.recheck(); err != nil {
		return err
	}
	if r.src == r.tgt {
		return nil
	}
	if r.flags&unix.RENAME_EXCHANGE != 0 {
		return r.exchange()
	}
	if r.tgt != nil && r.tgt.isDir() {
		r.tgt.dir.mu.Lock()
		defer r.tgt.dir.mu.Unlock()
		if wait, err := fs.emptyOut(r.tgt); err != nil {
			return err
		} else if wait != nil {
			r.wait = wait
			return errAgain
		}
	}
	unlockNames := lockNames(r.src, r.tgt)
	defer unlockNames()
	return r.replace()
}

// lockDirs locks two directories, an ancestor first, then by id.
func (fs *FS) lockDirs(a, b *Node) (unlock func()) {
	if a == b {
		a.dir.mu.Lock()
		return a.dir.mu.Unlock
	}
	if fs.Below(a, b) || !fs.Below(b, a) && b.id < a.id {
		a, b = b, a
	}
	a.dir.mu.Lock()
	b.dir.mu.Lock()
	return func() {
		b.dir.mu.Unlock()
		a.dir.mu.Unlock()
	}
}

// lockNames locks the names of two objects by id; b may be nil.
func lockNames(a, b *Node) (unlock func()) {
	if b == nil {
		a.names.Lock()
		return a.names.Unlock
	}
	if b.id < a.id {
		a, b = b, a
	}
	a.names.Lock()
	b.names.Lock()
	return func() {
		b.names.Unlock()
		a.names.Unlock()
	}
}

// recheck sees, with the directories locked, that what was prepared still
// holds.
func (r *renaming) recheck() error {
	if r.p1.dir.dead || r.p2.dir.dead {
		return syscall.ENOENT
	}
	if !r.same(r.p1, r.n1, r.src) || !r.same(r.p2, r.n2, r.tgt) {
		return errAgain
	}
	if m := r.src.places(); r.p2.dir.mask()&m != m {
		return errAgain
	}
	if r.flags&unix.RENAME_EXCHANGE != 0 {
		if m := r.tgt.places(); r.p1.dir.mask()&m != m {
			return errAgain
		}
	}
	return r.check()
}

func (r *renaming) same(p *Node, name string, want *Node) bool {
	n := p.dir.child(name)
	if n != nil {
		r.fs.Release(n)
	}
	return n == want
}
