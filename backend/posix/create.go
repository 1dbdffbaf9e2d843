package posix

import (
	"unsafe"

	"github.com/seamfs/seamfs/backend"
	"golang.org/x/sys/unix"
)

// openFlags are the flags that OpenFile and Create pass on.
const openFlags = unix.O_ACCMODE | unix.O_TRUNC | unix.O_SYNC | unix.O_DSYNC | unix.O_NOATIME

func (r *ref) Create(name string, flags int, mode uint32, cr backend.Cred) (backend.File, error) {
	var c cname
	if err := c.entry(name); err != nil {
		return nil, err
	}
	how := unix.OpenHow{
		Flags:   uint64(flags&openFlags&^unix.O_TRUNC | unix.O_CREAT | unix.O_EXCL | unix.O_NOFOLLOW | unix.O_CLOEXEC),
		Mode:    uint64(mode & 07777),
		Resolve: resolve,
	}
	fd := -1
	err := r.b.as(cr, func() (err error) {
		fd, err = openat2(r.fd, &c, &how)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &file{b: r.b, fd: fd}, nil
}

func (r *ref) Tmpfile(flags int, mode uint32, cr backend.Cred) (backend.File, error) {
	fd := -1
	err := r.b.as(cr, func() (err error) {
		fd, err = unix.Openat(r.fd, ".", flags&openFlags&^unix.O_TRUNC|unix.O_TMPFILE|unix.O_CLOEXEC, mode&07777)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &file{b: r.b, fd: fd}, nil
}

func (r *ref) Mkdir(name string, mode uint32, cr backend.Cred) error {
	var c cname
	if err := c.entry(name); err != nil {
		return err
	}
	return r.b.as(cr, func() error {
		return at1(unix.SYS_MKDIRAT, r.fd, &c, uintptr(mode&07777), 0, 0)
	})
}

func (r *ref) Mknod(name string, mode uint32, rdev uint64, cr backend.Cred) error {
	var c cname
	if err := c.entry(name); err != nil {
		return err
	}
	return r.b.as(cr, func() error {
		return at1(unix.SYS_MKNODAT, r.fd, &c, uintptr(mode), uintptr(rdev), 0)
	})
}

func (r *ref) Symlink(target, name string, cr backend.Cred) error {
	var c cname
	if err := c.entry(name); err != nil {
		return err
	}
	t, err := unix.BytePtrFromString(target)
	if err != nil {
		return err
	}
	return r.b.as(cr, func() error { return symlinkat(t, r.fd, &c) })
}

func symlinkat(target *byte, fd int, name *cname) error {
	for {
		_, _, e := unix.Syscall6(unix.SYS_SYMLINKAT, uintptr(unsafe.Pointer(target)), uintptr(fd),
			uintptr(name.ptr()), 0, 0, 0)
		if e != unix.EINTR {
			return result(e)
		}
	}
}
