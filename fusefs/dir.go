package fusefs

import (
	"errors"
	"sync"
	"syscall"

	"github.com/hanwen/go-fuse/v2/fuse"

	"github.com/seamfs/seamfs/placement"
)

// dirHandle is an open directory. A position (the cookie of readdir) is the
// number of entries before it: "." is at 0, ".." at 1, the names follow.
type dirHandle struct {
	mu  sync.Mutex // one reader at a time moves through the snapshot
	dir *placement.Dir
}

// entry returns what is at a position.
func (d *dirHandle) entry(pos uint64, withIno bool) (placement.Entry, bool, error) {
	switch n := d.dir.Node(); pos {
	case 0:
		return placement.Entry{Name: ".", Type: syscall.S_IFDIR, Ino: n.ID()}, true, nil
	case 1:
		return placement.Entry{Name: "..", Type: syscall.S_IFDIR, Ino: n.Parent().ID()}, true, nil
	}
	return d.dir.Entry(pos-2, withIno)
}

// OpenDir opens a directory.
func (fs *FS) OpenDir(_ <-chan struct{}, in *fuse.OpenIn, out *fuse.OpenOut) fuse.Status {
	n, st := fs.enter(&in.InHeader)
	if !st.Ok() {
		return st
	}
	d, err := fs.ns.OpenDir(n)
	if err != nil {
		return fs.errno(in.Opcode, err)
	}
	out.Fh = fs.dirs.add(&dirHandle{dir: d})
	return fuse.OK
}

// ReleaseDir closes a directory.
func (fs *FS) ReleaseDir(in *fuse.ReleaseIn) {
	fs.counts.add(in.Opcode)
	if fs.dirs.remove(in.Fh) == nil {
		fs.log.Warn("release of a directory that isn't open", "handle", in.Fh, "id", in.NodeId)
	}
}

// ReadDir lists names with their types and inode numbers.
func (fs *FS) ReadDir(_ <-chan struct{}, in *fuse.ReadIn, out *fuse.DirEntryList) fuse.Status {
	return fs.list(in, out, true, func(_ *placement.Node, e fuse.DirEntry) (bool, error) {
		return out.AddDirEntry(e), nil
	})
}

// ReadDirPlus lists names with their attributes, each as if looked up.
func (fs *FS) ReadDirPlus(_ <-chan struct{}, in *fuse.ReadIn, out *fuse.DirEntryList) fuse.Status {
	return fs.list(in, out, false, func(dir *placement.Node, e fuse.DirEntry) (bool, error) {
		return fs.addPlus(out, dir, e)
	})
}

// list hands the entries from in.Offset on to add, until that says that the
// reply is full. An error after the first entry waits for the next request,
// which starts at the entry that failed; one that has just gone is left out.
func (fs *FS) list(in *fuse.ReadIn, out *fuse.DirEntryList, withIno bool,
	add func(dir *placement.Node, e fuse.DirEntry) (bool, error)) fuse.Status {
	fs.counts.add(in.Opcode)
	d := fs.dirs.get(in.Fh)
	if d == nil {
		return fuse.EBADF
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for pos := in.Offset; ; pos++ {
		e, more, err := d.entry(pos, withIno)
		if err == nil && more {
			more, err = add(d.dir.Node(), fuse.DirEntry{Name: e.Name, Mode: e.Type, Ino: e.Ino, Off: pos + 1})
		}
		switch {
		case errors.Is(err, syscall.ENOENT):
			continue
		case err != nil && len(out.Bytes()) == 0:
			return fs.errno(in.Opcode, err)
		case err != nil || !more:
			return fuse.OK
		}
	}
}

// addPlus looks a name up and adds it with its attributes. "." and "..", and
// what can't be looked up, go without: node id 0 tells the kernel so.
func (fs *FS) addPlus(out *fuse.DirEntryList, dir *placement.Node, e fuse.DirEntry) (bool, error) {
	if e.Name == "." || e.Name == ".." {
		return out.AddDirLookupEntry(e) != nil, nil
	}
	var a placement.Attr
	n, err := fs.ns.Lookup(dir, e.Name, &a)
	if errors.Is(err, syscall.ENOENT) {
		return false, err
	}
	if err != nil {
		fs.errno(opReadDirPlus, err)
		return out.AddDirLookupEntry(e) != nil, nil
	}
	e.Ino, e.Mode = a.Ino, a.Mode
	reply := out.AddDirLookupEntry(e)
	if reply == nil { // no room: the kernel will not know of the reference
		fs.ns.Forget(n.ID(), 1)
		return false, nil
	}
	fillEntry(reply, n, &a)
	return true, nil
}
