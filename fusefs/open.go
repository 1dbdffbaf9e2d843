package fusefs

import (
	"github.com/hanwen/go-fuse/v2/fuse"

	"github.com/seamfs/seamfs/placement"
)

// Open opens a regular file. O_TRUNC comes with it (ATOMIC_O_TRUNC).
func (fs *FS) Open(_ <-chan struct{}, in *fuse.OpenIn, out *fuse.OpenOut) fuse.Status {
	n, st := fs.enter(&in.InHeader)
	if !st.Ok() {
		return st
	}
	f, err := fs.ns.Open(n, int(in.Flags), in.Mode&fuse.OPEN_KILL_SUIDGID != 0)
	if err != nil {
		return fs.errno(in.Opcode, err)
	}
	fs.opened(out, f)
	return fuse.OK
}

// opened makes the reply for an open file. Nobody but the kernel changes its
// data, so cached pages stay valid from one open to the next.
func (fs *FS) opened(out *fuse.OpenOut, f *placement.File) {
	out.Fh = fs.files.add(f)
	out.OpenFlags = fuse.FOPEN_KEEP_CACHE
}

// fileOf returns the open file that an attribute request names beside its
// node; nil if it isn't one of that node.
func (fs *FS) fileOf(n *placement.Node, fh uint64) *placement.File {
	if f := fs.files.get(fh); f != nil && f.Node() == n {
		return f
	}
	return nil
}

// file counts a request on an open file and finds the file.
func (fs *FS) file(h *fuse.InHeader, fh uint64) (*placement.File, fuse.Status) {
	fs.counts.add(h.Opcode)
	if f := fs.files.get(fh); f != nil {
		return f, fuse.OK
	}
	return nil, fuse.EBADF
}

// Release closes an open file: the kernel sends it once, after the last use.
func (fs *FS) Release(_ <-chan struct{}, in *fuse.ReleaseIn) {
	fs.counts.add(in.Opcode)
	f := fs.files.remove(in.Fh)
	if f == nil {
		fs.log.Warn("release of a file that isn't open", "handle", in.Fh, "id", in.NodeId)
		return
	}
	f.Release()
}

// Flush has nothing to do at close(2): data is on the backend when write(2)
// returns. The kernel still writes out dirty mappings, and asks no more.
func (fs *FS) Flush(_ <-chan struct{}, in *fuse.FlushIn) fuse.Status {
	fs.counts.add(in.Opcode)
	return fuse.ENOSYS
}
