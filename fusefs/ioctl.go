package fusefs

import (
	"encoding/binary"
	"syscall"

	"github.com/hanwen/go-fuse/v2/fuse"
	"golang.org/x/sys/unix"

	"github.com/seamfs/seamfs/placement"
)

// fileFlags are the FS_*_FL flags of FS_IOC_GETFLAGS that are known from
// statx; STATX_ATTR_* have the same values for them.
const fileFlags = statxAttrs

// Ioctl serves a list of one, FS_IOC_GETFLAGS (lsattr). Ioctls passed through
// blindly have shut down and trimmed the filesystem below.
func (fs *FS) Ioctl(_ <-chan struct{}, in *fuse.IoctlIn, _ []byte, _ *fuse.IoctlOut, outbuf []byte) fuse.Status {
	n, st := fs.enter(&in.InHeader)
	if !st.Ok() {
		return st
	}
	if in.Cmd != unix.FS_IOC_GETFLAGS || len(outbuf) < 4 {
		return fuse.Status(syscall.ENOTTY)
	}
	var a placement.Attr
	if err := fs.ns.GetAttr(n, nil, &a); err != nil {
		return fs.errno(in.Opcode, err)
	}
	clear(outbuf)
	binary.NativeEndian.PutUint32(outbuf, uint32(a.Flags&fileFlags))
	return fuse.OK
}
