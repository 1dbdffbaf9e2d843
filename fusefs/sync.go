package fusefs

import "github.com/hanwen/go-fuse/v2/fuse"

// dataOnly is the flag of FSYNC and FSYNCDIR that means fdatasync(2).
const dataOnly = 1

// Fsync returns success only when the data is as durable as the rule of the
// file says (promise P7).
func (fs *FS) Fsync(cancel <-chan struct{}, in *fuse.FsyncIn) fuse.Status {
	n, st := fs.enter(&in.InHeader)
	if !st.Ok() {
		return st
	}
	ctx, stop := fs.waitContext(cancel, in.Pid)
	defer stop()
	err := fs.ns.Fsync(ctx, n, fs.fileOf(n, in.Fh), in.FsyncFlags&dataOnly != 0)
	return fs.errno(in.Opcode, err)
}

// FsyncDir does the same for a directory's names, and for the data of what was
// renamed into it.
func (fs *FS) FsyncDir(cancel <-chan struct{}, in *fuse.FsyncIn) fuse.Status {
	n, st := fs.enter(&in.InHeader)
	if !st.Ok() {
		return st
	}
	ctx, stop := fs.waitContext(cancel, in.Pid)
	defer stop()
	return fs.errno(in.Opcode, fs.ns.FsyncDir(ctx, n))
}
