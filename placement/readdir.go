package placement

import (
	"errors"
	"syscall"

	"github.com/seamfs/seamfs/backend"
	"golang.org/x/sys/unix"
)

// Entry is one name of a directory.
type Entry struct {
	Name string
	Type uint32 // S_IFMT bits
	Ino  uint64 // the object's id
}

// Dir is an open directory: a snapshot of its names, taken at the first
// reading and again at each return to the start. Names move between backends
// underneath, so a position within one backend's listing would miss or repeat
// some.
type Dir struct {
	fs      *FS
	n       *Node
	entries []Entry
	read    bool
}

// OpenDir opens a directory.
func (fs *FS) OpenDir(n *Node) (*Dir, error) {
	if !n.isDir() {
		return nil, syscall.ENOTDIR
	}
	return &Dir{fs: fs, n: n}, nil
}

// Node is the directory's node.
func (d *Dir) Node() *Node { return d.n }

// Entry returns the entry at cookie, counted from 0, "." and ".." left out;
// cookie 0 takes a new snapshot. ok is false at the end. Ino is filled in only
// if withIno (it costs a system call).
func (d *Dir) Entry(cookie uint64, withIno bool) (e Entry, ok bool, err error) {
	if cookie == 0 || !d.read {
		if d.entries, err = d.fs.readNames(d.n); err != nil {
			return e, false, err
		}
		d.read = true
	}
	if cookie >= uint64(len(d.entries)) {
		return e, false, nil
	}
	e = d.entries[cookie]
	if withIno {
		e.Ino = d.fs.inoOf(d.n, e)
	}
	return e, true, nil
}

// inoOf finds the id of an entry; of one that has just gone, its inode number
// on the backend.
func (fs *FS) inoOf(p *Node, e Entry) uint64 {
	if n := p.dir.child(e.Name); n != nil {
		defer fs.Release(n)
		return n.id
	}
	var a Attr
	n, err := fs.Lookup(p, e.Name, &a)
	if err != nil {
		return e.Ino
	}
	defer fs.Release(n)
	return n.id
}

// readNames lists what users see in a directory.
func (fs *FS) readNames(n *Node) ([]Entry, error) {
	n.dir.mu.RLock()
	defer n.dir.mu.RUnlock()
	if n.dir.dead {
		return nil, nil
	}
	if n.dir.mask().count() == 1 && len(n.dir.slots) == 0 {
		return fs.namesOn(n, fs.on(n)[0])
	}
	raw, err := fs.rawNames(n)
	if err != nil {
		return nil, err
	}
	if doubt := fs.doubtful(n, raw); len(doubt) > 0 {
		n.dir.mu.RUnlock()
		err := fs.lookAt(n, doubt)
		n.dir.mu.RLock()
		if err != nil {
			return nil, err
		}
		if raw, err = fs.rawNames(n); err != nil {
			return nil, err
		}
	}
	return fs.visible(n, raw)
}

// doubtful returns the names of which it isn't known what they mean: held by
// several backends and not all directories, or perhaps whiteouts.
func (fs *FS) doubtful(n *Node, raw map[string]rawEntry) (names []string) {
	for name, e := range raw {
		if n.dir.slots[name] == nil && (e.Type == unix.S_IFCHR || e.mixed) {
			names = append(names, name)
		}
	}
	return names
}

// lookAt looks names up, so that what they hide becomes known.
func (fs *FS) lookAt(n *Node, names []string) error {
	for _, name := range names {
		var a Attr
		child, err := fs.Lookup(n, name, &a)
		if err == nil {
			fs.Release(child)
		} else if !errors.Is(err, syscall.ENOENT) {
			return err
		}
	}
	return nil
}

// visible leaves out the names that mean nothing. The caller holds n's lock.
func (fs *FS) visible(n *Node, raw map[string]rawEntry) ([]Entry, error) {
	out := make([]Entry, 0, len(raw))
	for name, e := range raw {
		if sl := n.dir.slots[name]; sl != nil && sl.winner == nil {
			continue
		}
		if e.Type == unix.S_IFCHR {
			ref, err := fs.ref(n, e.s)
			if err != nil {
				return nil, err
			}
			var a Attr
			err = ref.Ref.Stat(name, &a)
			white := err == nil && isWhite(&a) && fs.isWhiteout(ref, name)
			ref.put()
			if white || errors.Is(err, syscall.ENOENT) {
				continue
			}
		}
		out = append(out, e.Entry)
	}
	return out, nil
}

// namesOn lists one backend's copy of a directory, whiteouts and the private
// directory left out.
func (fs *FS) namesOn(n *Node, s *store) ([]Entry, error) {
	ref, err := fs.ref(n, s)
	if err != nil {
		return nil, err
	}
	defer ref.put()
	var out []Entry
	err = ref.Ref.ReadDir(func(name string, typ uint8, ino uint64) error {
		if n == fs.root && name == backend.PrivateDir {
			return nil
		}
		out = append(out, Entry{Name: name, Type: uint32(typ) << 12, Ino: ino})
		return nil
	})
	if err != nil {
		return nil, err
	}
	return fs.withoutWhite(ref, out)
}

// withoutWhite leaves out whiteouts, and finds the types that the filesystem
// doesn't tell.
func (fs *FS) withoutWhite(ref *dirRef, in []Entry) ([]Entry, error) {
	out := in[:0]
	for _, e := range in {
		if e.Type == 0 || e.Type == unix.S_IFCHR {
			var a Attr
			if err := ref.Ref.Stat(e.Name, &a); errors.Is(err, syscall.ENOENT) {
				continue
			} else if err != nil {
				return nil, err
			}
			e.Type = a.Mode & unix.S_IFMT
			if isWhite(&a) && fs.isWhiteout(ref, e.Name) {
				continue
			}
		}
		out = append(out, e)
	}
	return out, nil
}

// isWhiteout tells a whiteout from a device 0:0 that a user made.
func (fs *FS) isWhiteout(ref *dirRef, name string) bool {
	var buf [256]byte
	n, err := ref.Ref.GetXattr(name, stampAttr, buf[:])
	if err != nil {
		return true
	}
	st, err := decodeStamp(buf[:n])
	return err != nil || !st.has(stampLiteral)
}

// rawEntry is a name as the backends hold it.
type rawEntry struct {
	Entry
	s     *store
	mixed bool // held by several backends, and not all hold a directory
}

// rawNames lists all backends' copies of a directory, each name once; hidden
// names included. The caller holds n's lock.
func (fs *FS) rawNames(n *Node) (map[string]rawEntry, error) {
	out := make(map[string]rawEntry)
	for _, s := range fs.on(n) {
		ref, err := fs.ref(n, s)
		if err != nil {
			return nil, err
		}
		err = ref.Ref.ReadDir(func(name string, typ uint8, ino uint64) error {
			if n == fs.root && name == backend.PrivateDir {
				return nil
			}
			e := rawEntry{Entry: Entry{Name: name, Type: uint32(typ) << 12, Ino: ino}, s: s}
			if old, ok := out[name]; ok {
				if sl := n.dir.slots[name]; sl == nil || sl.winner != s {
					e = old
				}
				e.mixed = old.Type != unix.S_IFDIR || uint32(typ)<<12 != unix.S_IFDIR
			}
			out[name] = e
			return nil
		})
		ref.put()
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}
