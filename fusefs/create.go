package fusefs

import (
	"github.com/hanwen/go-fuse/v2/fuse"

	"github.com/seamfs/seamfs/backend"
	"github.com/seamfs/seamfs/placement"
)

// caller tells who asks. The kernel leaves the umask to us (DONT_MASK), since
// it doesn't apply below a directory with a default ACL.
func caller(h *fuse.InHeader, umask uint32) placement.Caller {
	return placement.Caller{Cred: backend.Cred{UID: h.Uid, GID: h.Gid}, Umask: umask}
}

// made makes the reply for a new name.
func (fs *FS) made(h *fuse.InHeader, n *placement.Node, a *placement.Attr, err error, out *fuse.EntryOut) fuse.Status {
	if err != nil {
		return fs.errno(h.Opcode, err)
	}
	fillEntry(out, n, a)
	return fuse.OK
}

// Create makes and opens a regular file.
func (fs *FS) Create(_ <-chan struct{}, in *fuse.CreateIn, name string, out *fuse.CreateOut) fuse.Status {
	parent, st := fs.enter(&in.InHeader)
	if !st.Ok() {
		return st
	}
	var a placement.Attr
	n, f, err := fs.ns.Create(parent, name, int(in.Flags), in.Mode, caller(&in.InHeader, in.Umask), &a)
	if err != nil {
		return fs.errno(in.Opcode, err)
	}
	fillEntry(&out.EntryOut, n, &a)
	fs.opened(&out.OpenOut, f)
	return fuse.OK
}

// Tmpfile makes and opens a regular file without a name (O_TMPFILE).
func (fs *FS) Tmpfile(_ <-chan struct{}, in *fuse.CreateIn, out *fuse.CreateOut) fuse.Status {
	parent, st := fs.enter(&in.InHeader)
	if !st.Ok() {
		return st
	}
	var a placement.Attr
	n, f, err := fs.ns.Tmpfile(parent, int(in.Flags), in.Mode, caller(&in.InHeader, in.Umask), &a)
	if err != nil {
		return fs.errno(in.Opcode, err)
	}
	fillEntry(&out.EntryOut, n, &a)
	fs.opened(&out.OpenOut, f)
	return fuse.OK
}

// Mkdir is mkdir(2).
func (fs *FS) Mkdir(_ <-chan struct{}, in *fuse.MkdirIn, name string, out *fuse.EntryOut) fuse.Status {
	parent, st := fs.enter(&in.InHeader)
	if !st.Ok() {
		return st
	}
	var a placement.Attr
	n, err := fs.ns.Mkdir(parent, name, in.Mode, caller(&in.InHeader, in.Umask), &a)
	return fs.made(&in.InHeader, n, &a, err, out)
}

// Mknod is mknod(2).
func (fs *FS) Mknod(_ <-chan struct{}, in *fuse.MknodIn, name string, out *fuse.EntryOut) fuse.Status {
	parent, st := fs.enter(&in.InHeader)
	if !st.Ok() {
		return st
	}
	var a placement.Attr
	n, err := fs.ns.Mknod(parent, name, in.Mode, decodeDev(in.Rdev), caller(&in.InHeader, in.Umask), &a)
	return fs.made(&in.InHeader, n, &a, err, out)
}

// Symlink is symlink(2).
func (fs *FS) Symlink(_ <-chan struct{}, h *fuse.InHeader, target, name string, out *fuse.EntryOut) fuse.Status {
	parent, st := fs.enter(h)
	if !st.Ok() {
		return st
	}
	var a placement.Attr
	n, err := fs.ns.Symlink(parent, name, target, caller(h, 0), &a)
	return fs.made(h, n, &a, err, out)
}

// Link is link(2).
func (fs *FS) Link(_ <-chan struct{}, in *fuse.LinkIn, name string, out *fuse.EntryOut) fuse.Status {
	parent, st := fs.enter(&in.InHeader)
	if !st.Ok() {
		return st
	}
	old, st := fs.node(in.Oldnodeid)
	if !st.Ok() {
		return st
	}
	var a placement.Attr
	n, err := fs.ns.Link(old, parent, name, &a)
	return fs.made(&in.InHeader, n, &a, err, out)
}
