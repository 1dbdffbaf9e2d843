package placement

import (
	"errors"
	"math/bits"
	"syscall"

	"github.com/seamfs/seamfs/backend"
	"golang.org/x/sys/unix"
)

// candidate is one backend's object at a name.
type candidate struct {
	s     *store
	ref   *dirRef // the directory, on s
	attr  Attr
	birth birthKey
	id    uint64 // by birth
	st    *stamp
	rival bool // another backend holds the name too
}

func (c *candidate) isDir() bool { return c.attr.Mode&unix.S_IFMT == unix.S_IFDIR }

// white tells whether the object is a whiteout: a device 0:0 that is stamped as
// one, or has no stamp yet (a kill came between) and something to hide. Others
// were made by users.
func (c *candidate) white() bool {
	if !isWhite(&c.attr) {
		return false
	}
	return c.st.has(stampWhite) || c.st == nil && c.rival
}

func isWhite(a *Attr) bool { return a.Mode&unix.S_IFMT == unix.S_IFCHR && a.Rdev == 0 }

// errExclusive tells a lookup under the shared lock that it needs the
// exclusive one, to settle which of several objects the name means.
var errExclusive = errors.New("lookup needs the exclusive lock")

// Lookup finds name in the directory parent, fills out, and takes one
// reference on the node, to be given back by Forget.
func (fs *FS) Lookup(parent *Node, name string, out *Attr) (*Node, error) {
	if err := fs.checkName(parent, name); err != nil {
		return nil, err
	}
	parent.dir.mu.RLock()
	n, err := fs.lookupLocked(parent, name, out, false)
	parent.dir.mu.RUnlock()
	if err == errExclusive {
		parent.dir.mu.Lock()
		n, err = fs.lookupLocked(parent, name, out, true)
		parent.dir.mu.Unlock()
	}
	return n, err
}

// checkName refuses what can't be a name, and hides the private directory.
func (fs *FS) checkName(parent *Node, name string) error {
	switch {
	case !parent.isDir():
		return syscall.ENOTDIR
	case len(name) > unix.NAME_MAX:
		return syscall.ENAMETOOLONG
	case parent == fs.root && name == backend.PrivateDir:
		return syscall.ENOENT
	}
	return nil
}

// checkNewName is checkName for a name that is to be made or removed.
func (fs *FS) checkNewName(parent *Node, name string) error {
	if parent == fs.root && name == backend.PrivateDir {
		return syscall.EPERM
	}
	return fs.checkName(parent, name)
}

// lookupLocked is Lookup with the parent's lock held, exclusively if excl.
func (fs *FS) lookupLocked(p *Node, name string, out *Attr, excl bool) (*Node, error) {
	if p.dir.dead {
		return nil, syscall.ENOENT
	}
	m := p.dir.mask()
	if sl := p.dir.slots[name]; sl != nil {
		if sl.winner == nil {
			return nil, syscall.ENOENT
		}
		if !sl.winnerIsDir {
			m = sl.winner.bit()
		} else {
			m &^= sl.losersMask()
		}
	}
	var first candidate
	found := mask(0)
	for ; m != 0; m &= m - 1 {
		s := fs.stores[bits.TrailingZeros64(uint64(m))]
		ref, err := fs.ref(p, s)
		if err != nil {
			return nil, err
		}
		a := out
		if found != 0 {
			a = new(Attr)
		}
		err = ref.Ref.Stat(name, a)
		switch {
		case err == nil && found == 0:
			first = candidate{s: s, ref: ref}
			found |= s.bit()
		case err == nil:
			found |= s.bit()
			ref.put()
		default:
			ref.put()
			if !errors.Is(err, syscall.ENOENT) {
				if first.ref != nil {
					first.ref.put()
				}
				return nil, err
			}
		}
	}
	if found == 0 {
		return nil, syscall.ENOENT
	}
	defer first.ref.put()
	if found == first.s.bit() && !isWhite(out) {
		return fs.identify(p, name, first.s, first.ref, out)
	}
	return fs.lookupMany(p, name, found, out, excl)
}

// identify finds or makes the node of the one object found at a name; out has
// its attributes, which become those of the node.
func (fs *FS) identify(p *Node, name string, s *store, ref *dirRef, out *Attr) (*Node, error) {
	b, err := ref.Ref.Birth(name)
	if err != nil {
		return nil, err
	}
	st, err := readStamp(s, ref.Ref, name, keyOf(b))
	if err != nil {
		return nil, err
	}
	c := candidate{s: s, ref: ref, attr: *out, birth: keyOf(b), id: b.ID(), st: st}
	return fs.enter(p, name, &c, s.bit(), out)
}

// enter finds or makes the node of a candidate that won its name. on are the
// backends that have it, if it is a directory.
func (fs *FS) enter(p *Node, name string, c *candidate, on mask, out *Attr) (*Node, error) {
	n, fresh := fs.nodeFor(c, on)
	n.gone.Store(false)
	if !p.dir.hasChild(name, n) {
		fs.addName(n, p, name)
	}
	fs.userAttr(n, out)
	if fresh {
		fs.tellIfMisplaced(n)
	}
	return n, nil
}

// nodeFor finds or makes the node of a candidate, with one more reference.
func (fs *FS) nodeFor(c *candidate, on mask) (n *Node, fresh bool) {
	id := c.identity()
	for {
		n, fresh = fs.nodes.add(id, func() *Node { return newNode(id, c, on) })
		if fresh || n.is(c) {
			return n, fresh
		}
		// Another live object has this identity: two births with one digest,
		// or a leftover of a crash. This one gets the next free identity.
		fs.Release(n)
		id = (id + 1) &^ (1 << 63)
	}
}

func newNode(id uint64, c *candidate, on mask) *Node {
	n := &Node{id: id, typ: c.attr.Mode & unix.S_IFMT, res: c.s, birth: c.birth, stamp: c.st}
	n.due.Store(c.st.has(stampDue))
	n.noteSeal(&c.attr)
	n.refs.Store(1)
	if n.isDir() {
		n.dir = &dir{}
		n.dir.on.Store(uint64(on))
		n.dir.subdirs.Store(-1)
	}
	return n
}

// is tells whether the node is the candidate's object.
func (n *Node) is(c *candidate) bool {
	n.names.RLock()
	defer n.names.RUnlock()
	if n.typ != c.attr.Mode&unix.S_IFMT {
		return false
	}
	if n.isDir() {
		return n.dir.mask().has(c.s)
	}
	return n.res == c.s && n.birth == c.birth
}

// userAttr turns the backend's attributes into those that users see.
func (fs *FS) userAttr(n *Node, a *Attr) {
	a.Ino = n.id
	n.showTimes(a)
	if n.isDir() {
		fs.dirNlink(n, a)
		return
	}
	if n.hidden.Load() != nil {
		fs.linkCount(n, a)
	}
}

// resolveChild returns the node of a name, held, from memory or by a lookup.
// The caller holds the parent's lock exclusively.
func (fs *FS) resolveChild(p *Node, name string) (*Node, error) {
	if n := p.dir.child(name); n != nil {
		return n, nil
	}
	var a Attr
	return fs.lookupLocked(p, name, &a, true)
}

// linkCount sets the link count that users see of an object with shadows, of
// one instant.
func (fs *FS) linkCount(n *Node, a *Attr) {
	n.names.RLock()
	defer n.names.RUnlock()
	var now Attr
	err := fs.withLocked(n, func(ref backend.Ref, name string) error { return ref.Stat(name, &now) })
	if err == nil {
		a.Nlink = now.Nlink - min(n.shadows(), now.Nlink)
	}
}
