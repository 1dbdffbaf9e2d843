package placement

import (
	"errors"
	"sync/atomic"
	"syscall"

	"github.com/seamfs/seamfs/backend"
	"golang.org/x/sys/unix"
)

// File is an open regular file. I/O goes through the daemon (managed), so that
// a move can follow what is written and turn the file to its new place.
type File struct {
	fs    *FS
	node  *Node
	flags int
	// f is the open file on the resident; it is replaced by a switch, with the
	// node's gate closed.
	f *openFile
}

// openFile is an open file on a backend, closed by the last of its users: the
// File, and an fsync that goes on while the File is turned to another place.
type openFile struct {
	backend.File
	uses atomic.Int32
}

func newOpenFile(f backend.File) *openFile {
	o := &openFile{File: f}
	o.uses.Store(1)
	return o
}

func (o *openFile) put() error {
	if o.uses.Add(-1) == 0 {
		return o.Close()
	}
	return nil
}

// openFlags are those with which files are opened on backends. O_APPEND is
// left out because the kernel gives the offset (but for an append-only file:
// see openOn), O_DIRECT because what it demands differs by backend.
const openFlags = unix.O_ACCMODE | unix.O_SYNC | unix.O_DSYNC | unix.O_NOATIME

func newFile(fs *FS, n *Node, f backend.File, flags int) *File {
	file := &File{fs: fs, node: n, flags: flags & openFlags, f: newOpenFile(f)}
	fs.Hold(n)
	n.fmu.Lock()
	if n.files == nil {
		n.files = make(map[*File]struct{})
	}
	n.files[file] = struct{}{}
	n.fmu.Unlock()
	return file
}

// Node is the open file's object.
func (f *File) Node() *Node { return f.node }

// Open opens a regular file; ESTALE for one that has gone. killPriv clears
// suid and sgid with O_TRUNC.
func (fs *FS) Open(n *Node, flags int, killPriv bool) (*File, error) {
	if n.typ != unix.S_IFREG {
		return nil, syscall.ENXIO
	}
	n.io.enter() // no switch between opening and being listed
	defer n.io.leave()
	var file *File
	err := fs.with(n, func(ref backend.Ref, name string) error {
		if flags&unix.O_TRUNC != 0 && killPriv {
			if err := n.killPriv(ref, name); err != nil {
				return err
			}
		}
		f, err := openOn(ref, name, flags)
		if err != nil {
			return err
		}
		file = newFile(fs, n, f, flags)
		return nil
	})
	if errors.Is(err, syscall.ENOENT) {
		return nil, errStale
	}
	if err == nil && flags&unix.O_TRUNC != 0 {
		n.noteTruncate(0)
	}
	return file, err
}

// Release closes the file.
func (f *File) Release() {
	n := f.node
	n.io.enter()
	n.fmu.Lock()
	delete(n.files, f)
	n.fmu.Unlock()
	b := f.f
	n.io.leave()
	if err := b.put(); err != nil {
		f.fs.log.Warn("close file", "err", err)
	}
	f.fs.Release(n)
}

// ReadAt reads up to len(p) bytes; fewer at the end of the file.
func (f *File) ReadAt(p []byte, off int64) (int, error) {
	f.node.io.enter()
	defer f.node.io.leave()
	return f.f.ReadAt(p, off)
}

// WriteAt writes all of p. killPriv clears suid and sgid first.
func (f *File) WriteAt(p []byte, off int64, killPriv bool) (int, error) {
	n := f.node
	n.io.enter()
	defer n.io.leave()
	if killPriv {
		if err := f.killPriv(); err != nil {
			return 0, err
		}
	}
	done, err := f.f.WriteAt(p, off)
	// After the write: what is noted before could be copied before it landed.
	n.noteWrite(off, int64(done))
	return done, err
}

func (f *File) killPriv() error {
	n := f.node
	if n.priv.Load() == privNone {
		return nil
	}
	return f.fs.with(n, func(ref backend.Ref, name string) error { return n.killPriv(ref, name) })
}

// Fallocate is fallocate(2).
func (f *File) Fallocate(mode uint32, off, size int64) error {
	n := f.node
	n.io.enter()
	defer n.io.leave()
	err := f.f.Fallocate(mode, off, size)
	if mode&(unix.FALLOC_FL_COLLAPSE_RANGE|unix.FALLOC_FL_INSERT_RANGE) != 0 {
		size = 1<<62 - off // all behind it moved
	}
	n.noteWrite(off, size)
	return err
}

// Seek finds data or a hole from off on; whence is SEEK_DATA or SEEK_HOLE.
func (f *File) Seek(off int64, whence int) (int64, error) {
	if off < 0 {
		return 0, syscall.ENXIO // btrfs takes it for 0
	}
	f.node.io.enter()
	defer f.node.io.leave()
	return f.f.Seek(off, whence)
}

// maxCopy bounds one CopyRange that can't be reflinked: it holds the inode in
// the kernel.
const maxCopy = 64 << 20

// CopyRange copies from src, by reflink where it can; at most 64 MiB unless
// the whole range can be reflinked. It returns what was copied.
func (f *File) CopyRange(off int64, src *File, srcOff, size int64) (int64, error) {
	unlock := enterBoth(f.node, src.node)
	defer unlock()
	if size <= 0 {
		return 0, nil
	}
	done, err := f.cloneRange(off, src, srcOff, size)
	if err != nil || done > 0 {
		f.node.noteWrite(off, done)
		return done, err
	}
	done, err = f.f.CopyRange(src.f.File, srcOff, min(size, maxCopy), off)
	f.node.noteWrite(off, done)
	return done, err
}

// cloneRange shares the extents of the range; 0 if that isn't possible.
func (f *File) cloneRange(off int64, src *File, srcOff, size int64) (int64, error) {
	var a Attr
	if err := src.f.Stat(&a); err != nil {
		return 0, err
	}
	size = min(size, a.Size-srcOff)
	if size <= 0 || !f.sameStore(src) {
		return 0, nil
	}
	if blk := int64(max(a.Blksize, 4096)); srcOff%blk != 0 || off%blk != 0 || size%blk != 0 && srcOff+size != a.Size {
		return 0, nil
	}
	err := f.f.CloneRange(src.f.File, srcOff, size, off)
	switch {
	case err == nil:
		return size, nil
	case errors.Is(err, backend.ErrNoReflink), errors.Is(err, backend.ErrNotThisFile), errors.Is(err, syscall.EINVAL):
		return 0, nil
	}
	return 0, err
}

func (f *File) sameStore(src *File) bool {
	s := f.node.resident()
	return s == src.node.resident() && s.Props().Reflink
}

// enterBoth enters the gates of two files by id, of one only once.
func enterBoth(a, b *Node) (leave func()) {
	if a == b {
		a.io.enter()
		return a.io.leave
	}
	if b.id < a.id {
		a, b = b, a
	}
	a.io.enter()
	b.io.enter()
	return func() {
		b.io.leave()
		a.io.leave()
	}
}
