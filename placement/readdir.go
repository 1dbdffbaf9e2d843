package placement

import (
	"errors"
	"iter"
	"syscall"

	"golang.org/x/sys/unix"
)

// Entry is one name of a directory.
type Entry struct {
	Name   string
	Type   uint32 // S_IFMT bits
	Ino    uint64 // the object's id
	Cookie uint64 // the name's position, from which [Dir.Entry] goes on
}

// Dir is an open directory. Its names come in the order of their positions,
// which are digests of the names alone (see [position]). So a cookie means the
// same place for ever: after seeks and rewinds, in another open of the
// directory, after a restart of the daemon; and whatever is created, removed,
// renamed or moved to another backend between two calls, a name that stays is
// passed once.
//
// The names are read in windows: the lowest positions behind the cookie asked
// for, up to a bound on memory, each window of one instant. A window is read
// anew when a cookie lies outside of it, and at a rewind. A directory within
// the bound is one window; of a larger one, each window costs one pass over the
// backends' listings.
//
// A Dir is for one caller at a time.
type Dir struct {
	listing
	win window
}

// OpenDir opens a directory.
func (fs *FS) OpenDir(n *Node) (*Dir, error) {
	if !n.isDir() {
		return nil, syscall.ENOTDIR
	}
	return newDir(listing{fs: fs, n: n}), nil
}

func newDir(l listing) *Dir { return &Dir{listing: l, win: newWindow()} }

// Node is the directory's node.
func (d *Dir) Node() *Node { return d.n }

// Rewind makes the next Entry see the directory as it is then.
func (d *Dir) Rewind() { d.win.valid = false }

// Entry returns the first name whose position is above cookie, which is 0 for
// the start or any entry's Cookie; "." and ".." are left out. ok is false at
// the end. Ino is filled in only if withIno (it costs system calls).
func (d *Dir) Entry(cookie uint64, withIno bool) (e Entry, ok bool, err error) {
	for {
		w, ok, err := d.next(cookie)
		if err != nil || !ok {
			return Entry{}, false, err
		}
		e := Entry{Name: d.win.name(w), Type: uint32(w.typ) << 12, Cookie: w.pos}
		if withIno {
			e.Ino, err = d.inoOf(w, e.Name)
		}
		if !errors.Is(err, syscall.ENOENT) {
			return e, true, err
		}
		cookie = w.pos // it has just gone
	}
}

// next finds what is behind a cookie, in the next windows if need be.
func (d *Dir) next(cookie uint64) (w *windowName, ok bool, err error) {
	for {
		if !d.win.covers(cookie) {
			if err := d.fill(&d.win, cookie); err != nil {
				return nil, false, err
			}
		}
		if w := d.win.after(cookie); w != nil {
			return w, true, nil
		}
		if d.win.to == windowEnd {
			d.win.shrink(cookie)
			return nil, false, nil
		}
		cookie = d.win.to
	}
}

// inoOf finds the id of an entry; ENOENT if it has just gone.
func (d *Dir) inoOf(w *windowName, name string) (uint64, error) {
	fs, p := d.fs, d.n
	if n := p.dir.child(name); n != nil {
		defer fs.Release(n)
		return n.id, nil
	}
	if w.typ != unix.DT_DIR { // which may be on several backends
		if id, err := d.idOn(fs.stores[w.s], name); err == nil && fs.nodes.peek(id) == nil {
			return id, nil
		}
	}
	var a Attr
	n, err := fs.Lookup(p, name, &a)
	if err != nil {
		return 0, err
	}
	defer fs.Release(n)
	return n.id, nil
}

// idOn reads the id of the object at a name on one backend, without making
// its node.
func (d *Dir) idOn(s *store, name string) (uint64, error) {
	d.n.dir.mu.RLock()
	defer d.n.dir.mu.RUnlock()
	if d.n.dir.dead || d.n.dir.slots[name] != nil {
		return 0, syscall.ENOENT
	}
	ref, err := d.fs.ref(d.n, s)
	if err != nil {
		return 0, err
	}
	defer ref.put()
	b, err := ref.Ref.Birth(name)
	if err != nil {
		return 0, err
	}
	st, err := readStamp(s, ref.Ref, name, keyOf(b))
	if err != nil {
		return 0, err
	}
	c := candidate{id: b.ID(), st: st}
	return c.identity(), nil
}

// names lists what users see in a directory, with the memory of one window.
// An error ends it.
func (fs *FS) names(n *Node) iter.Seq2[Entry, error] {
	return newDir(listing{fs: fs, n: n}).all()
}

// namesOn is names for what of it is on one backend.
func (fs *FS) namesOn(n *Node, s *store) iter.Seq2[Entry, error] {
	return newDir(listing{fs: fs, n: n, only: s.bit()}).all()
}

func (d *Dir) all() iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		for cookie := uint64(0); ; {
			e, ok, err := d.Entry(cookie, false)
			if err != nil {
				yield(e, err)
				return
			}
			if !ok || !yield(e, nil) {
				return
			}
			cookie = e.Cookie
		}
	}
}
