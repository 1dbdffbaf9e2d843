package fusefs

import (
	"bytes"
	"strings"
	"syscall"

	"github.com/hanwen/go-fuse/v2/fuse"
	"golang.org/x/sys/unix"

	"github.com/seamfs/seamfs/backend"
	"github.com/seamfs/seamfs/placement"
)

// GetXAttr answers a virtual attribute itself and asks the namespace for
// others. With an empty dest it tells the size.
func (fs *FS) GetXAttr(_ <-chan struct{}, h *fuse.InHeader, attr string, dest []byte) (uint32, fuse.Status) {
	n, st := fs.enter(h)
	if !st.Ok() {
		return 0, st
	}
	if name, ok := virtualName(attr); ok {
		return fs.getVirtual(n, h.Opcode, name, dest)
	}
	size, err := fs.ns.GetXattr(n, attr, dest)
	return uint32(size), fs.errno(h.Opcode, err)
}

func (fs *FS) getVirtual(n *placement.Node, opcode uint32, name string, dest []byte) (uint32, fuse.Status) {
	value, err := fs.virtual(n, name)
	if err != nil {
		return 0, fs.errno(opcode, err)
	}
	return answer(dest, value)
}

// ListXAttr lists stored attributes only: listed virtual ones would be copied
// by cp -a and rsync -X, and then lie elsewhere.
func (fs *FS) ListXAttr(_ <-chan struct{}, h *fuse.InHeader, dest []byte) (uint32, fuse.Status) {
	n, st := fs.enter(h)
	if !st.Ok() {
		return 0, st
	}
	if h.Uid == 0 || !lacks(h, unix.CAP_SYS_ADMIN) {
		size, err := fs.ns.ListXattr(n, dest)
		return uint32(size), fs.errno(h.Opcode, err)
	}
	list := make([]byte, 64<<10) // XATTR_LIST_MAX
	size, err := fs.ns.ListXattr(n, list)
	if err != nil {
		return 0, fs.errno(h.Opcode, err)
	}
	return answer(dest, withoutTrusted(list[:size]))
}

// withoutTrusted leaves out the names that the caller may not see, as disk
// filesystems do (xattr(7)); the kernel doesn't do it for FUSE.
func withoutTrusted(list []byte) []byte {
	out := list[:0]
	for name := range bytes.SplitSeq(bytes.TrimSuffix(list, []byte{0}), []byte{0}) {
		if len(name) > 0 && !bytes.HasPrefix(name, []byte("trusted.")) {
			out = append(append(out, name...), 0)
		}
	}
	return out
}

// answer copies a value to where the kernel wants it; ERANGE if it doesn't fit,
// only its size if nothing is wanted.
func answer(dest, value []byte) (uint32, fuse.Status) {
	if len(dest) > 0 && len(value) > len(dest) {
		return uint32(len(value)), fuse.ERANGE
	}
	copy(dest, value)
	return uint32(len(value)), fuse.OK
}

// SetXAttr stores an attribute.
func (fs *FS) SetXAttr(_ <-chan struct{}, in *fuse.SetXAttrIn, attr string, data []byte) fuse.Status {
	n, st := fs.enter(&in.InHeader)
	if !st.Ok() {
		return st
	}
	if reserved(attr) {
		return fuse.EPERM
	}
	if err := fs.ns.SetXattr(n, attr, data, int(in.Flags)); err != nil {
		return fs.errno(in.Opcode, err)
	}
	// The kernel says so for default ACLs too, which don't clear it elsewhere.
	if in.SetXAttrFlags&fuse.SETXATTR_ACL_KILL_SGID != 0 && attr == "system.posix_acl_access" {
		return fs.errno(in.Opcode, fs.clearSetgid(n))
	}
	return fuse.OK
}

// clearSetgid does what setting an ACL does for an owner who isn't in the
// file's group. The backend's filesystem sees the daemon set it, who may keep
// the bit.
func (fs *FS) clearSetgid(n *placement.Node) error {
	var a placement.Attr
	if err := fs.ns.GetAttr(n, nil, &a); err != nil || a.Mode&syscall.S_ISGID == 0 {
		return err
	}
	mode := a.Mode & 07777 &^ syscall.S_ISGID
	return fs.ns.SetAttr(n, nil, &backend.SetAttr{Mode: &mode}, false, &a)
}

// RemoveXAttr removes a stored attribute.
func (fs *FS) RemoveXAttr(_ <-chan struct{}, h *fuse.InHeader, attr string) fuse.Status {
	n, st := fs.enter(h)
	if !st.Ok() {
		return st
	}
	if reserved(attr) {
		return fuse.EPERM
	}
	return fs.errno(h.Opcode, fs.ns.RemoveXattr(n, attr))
}

// reserved tells whether an attribute belongs to seamfs: EPERM to whoever sets
// or removes it, whether it exists or not. Copying tools never come here,
// because they copy and remove what is listed.
func reserved(attr string) bool {
	_, virtual := virtualName(attr)
	return virtual || strings.HasPrefix(attr, "trusted.seamfs")
}
