package posix

import (
	"syscall"

	"github.com/seamfs/seamfs/backend"
	"golang.org/x/sys/unix"
)

func (r *ref) OpenFile(name string, flags int) (backend.File, error) {
	fd, err := r.openFile(name, flags)
	if err != nil {
		return nil, err
	}
	f := &file{b: r.b, fd: fd}
	f.append.Store(flags&unix.O_APPEND != 0)
	return f, nil
}

// openFile never blocks on a fifo that someone put in place of the file, and
// returns only regular files: EISDIR for a directory, ELOOP for a symbolic
// link, ENXIO for others.
func (r *ref) openFile(name string, flags int) (int, error) {
	var c cname
	if err := c.object(name); err != nil {
		return -1, err
	}
	flags &= openFlags | unix.O_APPEND
	if name == "" {
		return r.b.reopen(r.fd, flags)
	}
	how := unix.OpenHow{Flags: uint64(flags | unix.O_NONBLOCK | unix.O_NOCTTY | unix.O_NOFOLLOW | unix.O_CLOEXEC), Resolve: resolve}
	fd, err := openat2(r.fd, &c, &how)
	if err == unix.EAGAIN {
		return r.openWaiting(&c, flags)
	}
	if err != nil {
		return -1, err
	}
	if err := regular(fd); err != nil {
		_ = unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

// openWaiting waits until a lease on the file is broken. It looks what the
// object is before it blocks on it.
func (r *ref) openWaiting(c *cname, flags int) (int, error) {
	path, err := r.openRef(c, false)
	if err != nil {
		return -1, err
	}
	defer unix.Close(path)
	return r.b.reopen(path, flags)
}

// reopen opens the object of an O_PATH descriptor.
func (b *posix) reopen(path, flags int) (int, error) {
	if err := regular(path); err != nil {
		return -1, err
	}
	var c cname
	c.fdname(path)
	return openat(b.procFD, &c, flags)
}

// regular checks that a descriptor is one of a regular file.
func regular(fd int) error {
	var st unix.Statx_t
	if err := statx(fd, &cname{}, unix.AT_EMPTY_PATH, unix.STATX_TYPE, &st); err != nil {
		return err
	}
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFREG:
		return nil
	case unix.S_IFDIR:
		return syscall.EISDIR
	case unix.S_IFLNK:
		return syscall.ELOOP
	default:
		return syscall.ENXIO
	}
}
