package fusefs

import (
	"encoding/binary"
	"syscall"

	"github.com/hanwen/go-fuse/v2/fuse"
	"golang.org/x/sys/unix"

	"github.com/seamfs/seamfs/backend"
	"github.com/seamfs/seamfs/placement"
)

// The ioctls on file flags that golang.org/x/sys doesn't name.
const (
	fsGetXattr = 0x801c581f // FS_IOC_FSGETXATTR
	fsSetXattr = 0x401c5820 // FS_IOC_FSSETXATTR
)

// fsxattrSize is the size of struct fsxattr: five numbers of 32 bits (flags,
// extent size, extents, project id, extent size for copies) and padding.
const fsxattrSize = 28

// Ioctl serves file flags (lsattr, chattr) and nothing else: ioctls passed
// through blindly have shut down and trimmed the filesystem below.
//
// The kernel (from 5.13) has turned what the program asked for into one of
// these requests, on a file that it opened itself for reading: before it sets
// flags it asks for them by FSGETXATTR, and sees to it that the caller owns
// the file and has CAP_LINUX_IMMUTABLE where that is needed.
func (fs *FS) Ioctl(_ <-chan struct{}, in *fuse.IoctlIn, inbuf []byte, _ *fuse.IoctlOut, outbuf []byte) fuse.Status {
	n, st := fs.enter(&in.InHeader)
	if !st.Ok() {
		return st
	}
	var err error
	switch {
	case in.Cmd == unix.FS_IOC_GETFLAGS && len(outbuf) >= 4:
		err = fs.getFlags(n, outbuf, func(b []byte, flags uint32) { binary.NativeEndian.PutUint32(b, flags) })
	case in.Cmd == fsGetXattr && len(outbuf) >= fsxattrSize:
		err = fs.getFlags(n, outbuf, func(b []byte, flags uint32) { binary.NativeEndian.PutUint32(b, toXflags(flags)) })
	case in.Cmd == unix.FS_IOC_SETFLAGS && len(inbuf) >= 4:
		err = fs.setFlags(n, in, func(uint32) (uint32, error) { return binary.NativeEndian.Uint32(inbuf), nil })
	case in.Cmd == fsSetXattr && len(inbuf) >= fsxattrSize:
		err = fs.setFlags(n, in, func(now uint32) (uint32, error) { return fromFsxattr(inbuf, now) })
	default:
		return fuse.Status(syscall.ENOTTY)
	}
	return fs.errno(in.Opcode, err)
}

func (fs *FS) getFlags(n *placement.Node, out []byte, put func(out []byte, flags uint32)) error {
	flags, err := fs.ns.Flags(n)
	clear(out)
	put(out, flags)
	return err
}

// setFlags sets what change makes of the flags. The kernel doesn't know that
// their ctime changes, so it is told before the reply; see FS.forgetAttr.
func (fs *FS) setFlags(n *placement.Node, in *fuse.IoctlIn, change func(now uint32) (uint32, error)) error {
	now, err := fs.ns.Flags(n)
	if err != nil {
		return err
	}
	flags, err := change(now)
	if err != nil {
		return err
	}
	const privileged = backend.FlagImmutable | backend.FlagAppend
	if (flags^now)&privileged != 0 && lacks(&in.InHeader, unix.CAP_LINUX_IMMUTABLE) {
		return syscall.EPERM
	}
	if err := fs.ns.SetFlags(n, flags); err != nil {
		return err
	}
	fs.forgetAttr(n.ID())
	return nil
}

// lacks tells whether the caller certainly hasn't got a capability. The kernel
// has looked before; this is for one that doesn't. Whoever can't be looked at
// lives in a foreign PID namespace.
func lacks(h *fuse.InHeader, capability uint) bool {
	if h.Pid == 0 {
		return false
	}
	t, err := readThread(h.Pid)
	return err == nil && t.capabilities&(1<<capability) == 0
}

// xflags are the flags that FS_IOC_FSGETXATTR has too (FS_COMMON_FL of the
// kernel) and their values there, but for project inheritance: project ids
// aren't served.
func xflags() [7]struct{ flag, x uint32 } {
	return [...]struct{ flag, x uint32 }{
		{0x8, 0x20},                  // sync
		{backend.FlagImmutable, 0x8}, // immutable
		{backend.FlagAppend, 0x10},   // append-only
		{0x40, 0x80},                 // nodump
		{0x80, 0x40},                 // noatime
		{0x2000000, 0x8000},          // DAX
		{0x100000, 0x20000},          // verity
	}
}

func toXflags(flags uint32) (x uint32) {
	for _, f := range xflags() {
		if flags&f.flag != 0 {
			x |= f.x
		}
	}
	return x
}

// fromFsxattr returns the flags that a struct fsxattr asks for; the others
// stay. EOPNOTSUPP for project ids, extent sizes and flags without a meaning
// outside one filesystem.
func fromFsxattr(b []byte, now uint32) (uint32, error) {
	x := binary.NativeEndian.Uint32(b)
	for _, f := range xflags() {
		now &^= f.flag
		if x&f.x != 0 {
			now |= f.flag
			x &^= f.x
		}
	}
	extent, project, copies := binary.NativeEndian.Uint32(b[4:]), binary.NativeEndian.Uint32(b[12:]), binary.NativeEndian.Uint32(b[16:])
	if x|extent|project|copies != 0 {
		return 0, syscall.EOPNOTSUPP
	}
	return now, nil
}
