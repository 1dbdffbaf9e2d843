package fusefs

import (
	"errors"
	"sync"
	"syscall"

	"github.com/hanwen/go-fuse/v2/fuse"

	"github.com/seamfs/seamfs/placement"
)

// dirHandle is an open directory. A position (the cookie of readdir) is 0 for
// the start, 1 behind ".", 2 behind "..", and the name's own cookie behind each
// name, which means the same place for ever (see [placement.Dir]).
type dirHandle struct {
	mu  sync.Mutex // one reader at a time moves through the listing
	dir *placement.Dir
}

// entry returns what is behind a position; the entry's cookie is the position
// behind it. The start sees the directory as it is then.
func (d *dirHandle) entry(pos uint64, withIno bool) (placement.Entry, bool, error) {
	switch n := d.dir.Node(); pos {
	case 0:
		d.dir.Rewind()
		return placement.Entry{Name: ".", Type: syscall.S_IFDIR, Ino: n.ID(), Cookie: 1}, true, nil
	case 1:
		return placement.Entry{Name: "..", Type: syscall.S_IFDIR, Ino: n.Parent().ID(), Cookie: 2}, true, nil
	}
	return d.dir.Entry(pos, withIno)
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
// which starts at the entry that failed; one that has just gone, for which add
// says ENOENT and that there is more room, is left out.
func (fs *FS) list(in *fuse.ReadIn, out *fuse.DirEntryList, withIno bool,
	add func(dir *placement.Node, e fuse.DirEntry) (bool, error)) fuse.Status {
	fs.counts.add(in.Opcode)
	d := fs.dirs.get(in.Fh)
	if d == nil {
		return fuse.EBADF
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for pos := in.Offset; ; {
		e, more, err := d.entry(pos, withIno)
		if err == nil && more {
			more, err = add(d.dir.Node(), fuse.DirEntry{Name: e.Name, Mode: e.Type, Ino: e.Ino, Off: e.Cookie})
		}
		switch {
		case more && (err == nil || errors.Is(err, syscall.ENOENT)):
			pos = e.Cookie
		case err != nil && len(out.Bytes()) == 0:
			return fs.errno(in.Opcode, err)
		default:
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
		return true, err
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
