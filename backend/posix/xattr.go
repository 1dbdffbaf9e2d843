package posix

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// attr sets the name of an extended attribute, which has the same limit as a
// file's.
func (c *cname) attr(name string) error {
	if name == "" || len(name) >= len(c) {
		return syscall.ERANGE // as the kernel has it
	}
	for i := range len(name) {
		if name[i] == 0 {
			return syscall.EINVAL
		}
	}
	c[copy(c[:], name)] = 0
	return nil
}

// xattrArgs is struct xattr_args; a pointer has the size of its u64 on the
// platforms that we build for.
type xattrArgs struct {
	value unsafe.Pointer
	size  uint32
	flags uint32
}

// xattrTarget says where an xattrat call finds the object. These calls refuse
// O_PATH descriptors, so the object itself is reached through /proc/self/fd.
func (r *ref) xattrTarget(c *cname, name string) (dirfd int, flags uintptr, err error) {
	if name == "" {
		c.fdname(r.fd)
		return r.b.procFD, 0, nil
	}
	return r.fd, unix.AT_SYMLINK_NOFOLLOW, c.object(name)
}

func (r *ref) GetXattr(name, attr string, dst []byte) (int, error) {
	if !r.b.xattrat {
		return r.getXattrProc(name, attr, dst)
	}
	var c, k cname
	fd, flags, err := r.xattrTarget(&c, name)
	if err == nil {
		err = k.attr(attr)
	}
	if err != nil {
		return 0, err
	}
	args := xattrArgs{value: unsafe.Pointer(unsafe.SliceData(dst)), size: uint32(len(dst))}
	n, _, e := unix.Syscall6(unix.SYS_GETXATTRAT, uintptr(fd), uintptr(c.ptr()), flags,
		uintptr(k.ptr()), uintptr(unsafe.Pointer(&args)), unsafe.Sizeof(args))
	return int(n), result(e)
}

func (r *ref) SetXattr(name, attr string, value []byte, flags int) error {
	if !r.b.xattrat {
		return r.setXattrProc(name, attr, value, flags)
	}
	var c, k cname
	fd, at, err := r.xattrTarget(&c, name)
	if err == nil {
		err = k.attr(attr)
	}
	if err != nil {
		return err
	}
	args := xattrArgs{value: unsafe.Pointer(unsafe.SliceData(value)), size: uint32(len(value)), flags: uint32(flags)}
	_, _, e := unix.Syscall6(unix.SYS_SETXATTRAT, uintptr(fd), uintptr(c.ptr()), at,
		uintptr(k.ptr()), uintptr(unsafe.Pointer(&args)), unsafe.Sizeof(args))
	return result(e)
}

func (r *ref) ListXattr(name string, dst []byte) (int, error) {
	if !r.b.xattrat {
		return r.listXattrProc(name, dst)
	}
	var c cname
	fd, flags, err := r.xattrTarget(&c, name)
	if err != nil {
		return 0, err
	}
	n, _, e := unix.Syscall6(unix.SYS_LISTXATTRAT, uintptr(fd), uintptr(c.ptr()), flags,
		uintptr(unsafe.Pointer(unsafe.SliceData(dst))), uintptr(len(dst)), 0)
	return int(n), result(e)
}

func (r *ref) RemoveXattr(name, attr string) error {
	if !r.b.xattrat {
		return r.removeXattrProc(name, attr)
	}
	var c, k cname
	fd, flags, err := r.xattrTarget(&c, name)
	if err == nil {
		err = k.attr(attr)
	}
	if err != nil {
		return err
	}
	_, _, e := unix.Syscall6(unix.SYS_REMOVEXATTRAT, uintptr(fd), uintptr(c.ptr()), flags,
		uintptr(k.ptr()), 0, 0)
	return result(e)
}

func (f *file) GetXattr(attr string, dst []byte) (int, error) { return unix.Fgetxattr(f.fd, attr, dst) }

func (f *file) SetXattr(attr string, value []byte, flags int) error {
	return unix.Fsetxattr(f.fd, attr, value, flags)
}

func (f *file) ListXattr(dst []byte) (int, error) { return unix.Flistxattr(f.fd, dst) }

func (f *file) RemoveXattr(attr string) error { return unix.Fremovexattr(f.fd, attr) }
