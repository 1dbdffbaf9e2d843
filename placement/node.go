package placement

import (
	"slices"
	"sync"
	"sync/atomic"

	"github.com/seamfs/seamfs/backend"
	"golang.org/x/sys/unix"
)

// rootID is the root's node id and st_ino, as FUSE wants it.
const rootID = 1

// dentry is one name of an object. It never changes; a rename makes a new one.
type dentry struct {
	parent *Node
	name   string
}

// Node is one object of the namespace, live while the kernel, a child, a job
// or a caller refers to it. The same object has the same node under all its
// names and wherever its bytes are.
type Node struct {
	id   uint64
	typ  uint32 // S_IFMT bits
	refs atomic.Int64

	// at is the name by which the object is reached; nil when it has none.
	at atomic.Pointer[dentry]
	// rooted marks a directory that is, or lies above, a rule's prefix: like a
	// mount point it can't be renamed or removed.
	rooted bool
	rule   *rule // of a directory that is a rule's prefix

	// names is held shared by system calls that reach the object by its name
	// and exclusively by what changes the names or the resident. It guards the
	// fields below.
	names  sync.RWMutex
	links  []dentry // further names of a hard-linked file
	res    *store   // resident: where the object (a directory's attributes) is
	birth  birthKey // on res
	stamp  *stamp   // on res; nil for none
	orphan backend.Ref
	gone   atomic.Bool

	due    atomic.Bool                  // carries stampDue
	hidden atomic.Pointer[atomic.Int32] // names of the resident's inode that are shadows: not in nlink
	priv   atomic.Uint32
	seal   atomic.Uint32 // immutable, append-only: see sealFlags
	times  atomic.Pointer[times]
	gen    atomic.Uint64 // changes of metadata, for a move to notice

	io    gate
	fmu   sync.Mutex // guards files
	files map[*File]struct{}
	reloc atomic.Pointer[Relocation]

	dir *dir // of a directory
}

// ID is the stable identity: st_ino and the FUSE node id (the root's is 1).
func (n *Node) ID() uint64 { return n.id }

// Type is the object's type, as the S_IFMT bits of st_mode.
func (n *Node) Type() uint32 { return n.typ }

// Gone tells that the object has no name any more.
func (n *Node) Gone() bool { return n.gone.Load() }

// shadows counts the names that users don't see any more but the disk does.
func (n *Node) shadows() uint32 {
	if c := n.hidden.Load(); c != nil {
		return uint32(max(c.Load(), 0))
	}
	return 0
}

// shadow is one name of an inode that users don't see any more.
type shadow struct {
	of   *atomic.Int32
	gone atomic.Bool
}

// drop counts it down, once, when the name is gone for good.
func (h *shadow) drop() {
	if h.gone.CompareAndSwap(false, true) {
		h.of.Add(-1)
	}
}

// addShadow counts one more. The counter belongs to the inode: a move to
// another one begins anew. The caller holds n.names exclusively.
func (n *Node) addShadow() *shadow {
	c := n.hidden.Load()
	if c == nil {
		c = new(atomic.Int32)
		n.hidden.Store(c)
	}
	c.Add(1)
	return &shadow{of: c}
}

// Parent is the node of "..", which is the root for the root, and for what has
// no name any more.
func (n *Node) Parent() *Node {
	if at := n.at.Load(); at != nil {
		return at.parent
	}
	return n
}

// tableShards spreads the node table over several locks.
const tableShards = 64

// table holds the live nodes by id.
type table struct {
	shards [tableShards]struct {
		mu sync.RWMutex
		m  map[uint64]*Node
	}
}

func newTable() *table {
	t := &table{}
	for i := range t.shards {
		t.shards[i].m = make(map[uint64]*Node)
	}
	return t
}

// peek returns the live node of an id without taking a reference; the caller
// (a FUSE request) knows that the kernel holds one.
func (t *table) peek(id uint64) *Node {
	s := &t.shards[id%tableShards]
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.m[id]
}

// add enters a node made by make (with one reference) unless a live one of
// the id exists, which it returns with one more reference.
func (t *table) add(id uint64, make func() *Node) (n *Node, fresh bool) {
	s := &t.shards[id%tableShards]
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := s.m[id]; n != nil && n.tryHold() {
		return n, false
	}
	n = make()
	s.m[id] = n
	return n, true
}

// remove takes out a node whose references ran out.
func (t *table) remove(n *Node) {
	s := &t.shards[n.id%tableShards]
	s.mu.Lock()
	if s.m[n.id] == n {
		delete(s.m, n.id)
	}
	s.mu.Unlock()
}

// tryHold takes a reference unless the node is going away.
func (n *Node) tryHold() bool {
	for {
		r := n.refs.Load()
		if r <= 0 {
			return false
		}
		if n.refs.CompareAndSwap(r, r+1) {
			return true
		}
	}
}

// Hold keeps n alive until Release. The caller has a reference already, or
// holds a lock under which n can't go away. It takes no lock.
func (fs *FS) Hold(n *Node) { n.refs.Add(1) }

// Release gives back one reference.
func (fs *FS) Release(n *Node) { fs.drop(n, 1) }

// Node returns the live node of an id, or nil. The kernel holds a reference.
func (fs *FS) Node(id uint64) *Node {
	if id == rootID {
		return fs.root
	}
	return fs.nodes.peek(id)
}

// Forget gives back kernel references.
func (fs *FS) Forget(id, nlookup uint64) {
	if n := fs.Node(id); n != nil {
		fs.drop(n, int64(nlookup))
	}
}

// drop gives back references; with the last one the node leaves the table and
// its parents' lists of children, and gives back its references on them.
func (fs *FS) drop(n *Node, count int64) {
	for n != nil && n.refs.Add(-count) == 0 {
		fs.nodes.remove(n)
		n.closeAll()
		for _, l := range n.links {
			l.parent.dir.removeChild(l.name, n)
			fs.drop(l.parent, 1)
		}
		at := n.at.Load()
		if at == nil {
			return
		}
		at.parent.dir.removeChild(at.name, n)
		n, count = at.parent, 1
	}
}

// closeAll closes what a dying node holds open.
func (n *Node) closeAll() {
	if n.orphan != nil {
		n.orphan.Close()
		n.orphan = nil
	}
	if n.dir != nil {
		n.dir.closeRefs()
	}
}

// dentries returns all known names. The caller holds n.names.
func (n *Node) dentries() []dentry {
	at := n.at.Load()
	if at == nil {
		return nil
	}
	return append([]dentry{*at}, n.links...)
}

// hasName tells whether a name is one of the known ones. The caller holds
// n.names.
func (n *Node) hasName(d dentry) bool {
	at := n.at.Load()
	return at != nil && (*at == d || slices.Contains(n.links, d))
}

// parents calls fn with the directories of the known names, until it returns
// false; names that follow each other in one directory count once. The caller
// holds n.names.
func (n *Node) parents(fn func(p *Node) bool) {
	at := n.at.Load()
	if at == nil || !fn(at.parent) {
		return
	}
	last := at.parent
	for i := range n.links { // there may be 65,000
		if p := n.links[i].parent; p != last {
			if last = p; !fn(p) {
				return
			}
		}
	}
}

// addName enters one more name: into the parent's children, with a reference
// on the parent. The caller holds the parent's lock.
func (fs *FS) addName(n, parent *Node, name string) {
	n.names.Lock()
	defer n.names.Unlock()
	fs.addNameLocked(n, parent, name)
}

func (fs *FS) addNameLocked(n, parent *Node, name string) {
	d := dentry{parent, name}
	if n.hasName(d) {
		parent.dir.addChild(name, n)
		return
	}
	if n.orphan != nil { // a name turned up that wasn't known
		n.orphan.Close()
		n.orphan = nil
	}
	if n.at.Load() == nil {
		n.at.Store(&d)
	} else {
		n.links = append(n.links, d)
	}
	fs.Hold(parent)
	parent.dir.addChild(name, n)
}

// dropNameLocked takes a name away. The caller holds the parent's lock and
// n.names exclusively, and has a reference on the parent beside the name's.
func (fs *FS) dropNameLocked(n, parent *Node, name string) {
	at := n.at.Load()
	switch {
	case at != nil && at.parent == parent && at.name == name:
		if len(n.links) > 0 {
			d := n.links[0]
			n.links = slices.Clone(n.links[1:])
			n.at.Store(&d)
		} else {
			n.at.Store(nil)
		}
	default:
		i := slices.Index(n.links, dentry{parent, name})
		if i < 0 {
			return
		}
		n.links = slices.Delete(slices.Clone(n.links), i, i+1)
	}
	parent.dir.removeChild(name, n)
	fs.Release(parent)
}

// isDir tells whether the node is a directory.
func (n *Node) isDir() bool { return n.typ == unix.S_IFDIR }
