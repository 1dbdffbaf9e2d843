package fusefs

import (
	"syscall"

	"github.com/hanwen/go-fuse/v2/fuse"
	"golang.org/x/sys/unix"

	"github.com/seamfs/seamfs/backend"
	"github.com/seamfs/seamfs/placement"
)

// dropPriv clears suid, and sgid of a group-executable file, before a change
// of f by a caller who may not keep them. For write, truncate and O_TRUNC the
// kernel tells in the request whether to; for fallocate and copy_file_range it
// leaves both the decision and the work to us. Capabilities the backend's own
// filesystem drops, whoever writes.
func (fs *FS) dropPriv(h *fuse.InHeader, f *placement.File) error {
	var a placement.Attr
	if err := fs.ns.GetAttr(f.Node(), f, &a); err != nil {
		return err
	}
	mode := withoutPriv(a.Mode & 07777)
	if mode == a.Mode&07777 || keepsPriv(h) {
		return nil
	}
	return fs.ns.SetAttr(f.Node(), f, &backend.SetAttr{Mode: &mode}, false, &a)
}

// withoutPriv returns permission bits as a write leaves them. sgid without
// group execution isn't a privilege but the old mark of mandatory locking.
func withoutPriv(mode uint32) uint32 {
	mode &^= syscall.S_ISUID
	if mode&syscall.S_IXGRP != 0 {
		mode &^= syscall.S_ISGID
	}
	return mode
}

// keepsPriv tells whether the caller has CAP_FSETID. A capability counts only
// together with uid 0: a user namespace gives its owner all of them, for
// itself. Who can't be looked at hasn't got it.
func keepsPriv(h *fuse.InHeader) bool {
	if h.Uid != 0 || h.Pid == 0 {
		return false
	}
	t, err := readThread(h.Pid)
	return err == nil && t.capabilities&(1<<unix.CAP_FSETID) != 0
}
