package fusefs

import "github.com/hanwen/go-fuse/v2/fuse"

// Unlink is unlink(2).
func (fs *FS) Unlink(_ <-chan struct{}, h *fuse.InHeader, name string) fuse.Status {
	parent, st := fs.enter(h)
	if !st.Ok() {
		return st
	}
	return fs.errno(h.Opcode, fs.ns.Unlink(parent, name))
}

// Rmdir is rmdir(2).
func (fs *FS) Rmdir(_ <-chan struct{}, h *fuse.InHeader, name string) fuse.Status {
	parent, st := fs.enter(h)
	if !st.Ok() {
		return st
	}
	return fs.errno(h.Opcode, fs.ns.Rmdir(parent, name))
}

// Rename is renameat2(2); the namespace judges the flags, which are 0 in the
// short request of rename(2). The kernel holds a mount-wide mutex meanwhile.
func (fs *FS) Rename(_ <-chan struct{}, in *fuse.RenameIn, oldName, newName string) fuse.Status {
	parent, st := fs.enter(&in.InHeader)
	if !st.Ok() {
		return st
	}
	newParent, st := fs.node(in.Newdir)
	if !st.Ok() {
		return st
	}
	return fs.errno(in.Opcode, fs.ns.Rename(parent, oldName, newParent, newName, in.Flags))
}
