package placement

import (
	"math/bits"
	"sync"
	"sync/atomic"

	"github.com/seamfs/seamfs/backend"
)

// mask is a set of backends by their index.
type mask uint64

func (m mask) has(s *store) bool { return m&s.bit() != 0 }

// dir is what a directory's node has beside the common part.
type dir struct {
	// mu guards the names in the directory on all its backends: shared for
	// lookups and listings, exclusive for everything that changes them.
	mu     sync.RWMutex
	slots  map[string]*slot // names with something hidden; under mu
	dead   bool             // removed; under mu
	on     atomic.Uint64    // backends that have the directory; changed under the parent's mu
	defACL atomic.Uint32    // whether it has a default ACL: aclUnknown, aclNone, aclSome
	// subdirs counts the directories in one that is on several backends;
	// negative for unknown.
	subdirs  atomic.Int64
	recounts atomic.Int64 // how often that became unknown

	cmu      sync.Mutex // a leaf: guards children
	children map[string]*Node

	rmu  sync.Mutex // held while a reference is opened, after the ancestors' are
	refs []*dirRef  // by backend index
}

const (
	aclUnknown = iota
	aclNone
	aclSome
)

func (d *dir) mask() mask { return mask(d.on.Load()) }

func (d *dir) setOn(s *store, on bool) {
	if on {
		d.on.Or(uint64(s.bit()))
	} else {
		d.on.And(^uint64(s.bit()))
	}
}

func (m mask) count() int { return bits.OnesCount64(uint64(m)) }

func (d *dir) addChild(name string, n *Node) {
	d.cmu.Lock()
	if d.children == nil {
		d.children = make(map[string]*Node)
	}
	d.children[name] = n
	d.cmu.Unlock()
}

func (d *dir) removeChild(name string, n *Node) {
	d.cmu.Lock()
	if d.children[name] == n {
		delete(d.children, name)
	}
	d.cmu.Unlock()
}

// hasChild tells whether a name is known to mean n.
func (d *dir) hasChild(name string, n *Node) bool {
	d.cmu.Lock()
	defer d.cmu.Unlock()
	return d.children[name] == n
}

// child returns the live node of a name with one more reference, or nil if it
// isn't in memory.
func (d *dir) child(name string) *Node {
	d.cmu.Lock()
	n := d.children[name]
	d.cmu.Unlock()
	if n != nil && n.tryHold() {
		return n
	}
	return nil
}

// dirRef is an open reference to a directory on one backend, shared by its
// users and the directory's node, and closed by the last of them.
type dirRef struct {
	Ref  backend.Ref
	uses atomic.Int32
	used atomic.Bool // since the cache's hand last passed
	kept atomic.Bool // of a removed directory: opened before, stays to the end
}

func (r *dirRef) put() {
	if r.uses.Add(-1) == 0 {
		r.Ref.Close()
	}
}

// ref returns the open reference to the directory n on s; the caller puts it
// back. It may be called under any lock but another directory's rmu below n.
func (fs *FS) ref(n *Node, s *store) (*dirRef, error) {
	d := n.dir
	d.rmu.Lock()
	defer d.rmu.Unlock()
	if d.refs == nil {
		d.refs = make([]*dirRef, len(fs.stores))
	}
	if r := d.refs[s.index]; r != nil {
		r.uses.Add(1)
		r.used.Store(true)
		return r, nil
	}
	ref, err := fs.openDirRef(n, s)
	if err != nil {
		return nil, err
	}
	r := &dirRef{Ref: ref}
	r.uses.Store(2)
	d.refs[s.index] = r
	fs.dirRefs.add(d, r, s.index)
	return r, nil
}

// openDirRef opens a directory by its name in its parent. A rename of a
// directory going on at the same time is noticed by its sequence count, and
// the name is read again.
func (fs *FS) openDirRef(n *Node, s *store) (backend.Ref, error) {
	if n == fs.root {
		return s.Root().OpenRef("")
	}
	for {
		seq := fs.treeSeq.begin()
		at := n.at.Load()
		if at == nil {
			return nil, errStale
		}
		pr, err := fs.ref(at.parent, s)
		if err == nil {
			var ref backend.Ref
			ref, err = pr.Ref.OpenRef(at.name)
			pr.put()
			if err == nil && fs.treeSeq.same(seq) {
				return ref, nil
			}
			if err == nil {
				ref.Close()
			}
		}
		if fs.treeSeq.same(seq) {
			return nil, err
		}
	}
}

// keepRef makes the reference to the resident's copy stay for the life of the
// node, before its name goes.
func (fs *FS) keepRef(n *Node) error {
	r, err := fs.ref(n, n.resident())
	if err != nil {
		return err
	}
	r.kept.Store(true)
	r.put()
	return nil
}

// forgetRef gives up the reference on one backend, whose copy was removed.
func (d *dir) forgetRef(s *store) {
	d.rmu.Lock()
	defer d.rmu.Unlock()
	if d.refs != nil && d.refs[s.index] != nil {
		d.refs[s.index].put()
		d.refs[s.index] = nil
	}
}

func (d *dir) closeRefs() {
	d.rmu.Lock()
	defer d.rmu.Unlock()
	for i, r := range d.refs {
		if r != nil {
			r.put()
			d.refs[i] = nil
		}
	}
}

// on returns the backends that have a copy of the directory n.
func (fs *FS) on(n *Node) []*store {
	m := n.dir.mask()
	out := make([]*store, 0, m.count())
	for ; m != 0; m &= m - 1 {
		out = append(out, fs.stores[bits.TrailingZeros64(uint64(m))])
	}
	return out
}
