package posix

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// System calls on names that are already NUL-terminated. Pointers become
// uintptrs only in the argument list of Syscall6, which keeps them alive and
// the stack in place. The calls that may sleep start again on EINTR, which
// FUSE and network filesystems give.

// result makes an error of an errno; small ones don't allocate.
func result(e syscall.Errno) error {
	if e == 0 {
		return nil
	}
	return e
}

const statxMask = unix.STATX_BASIC_STATS | unix.STATX_BTIME

func statx(fd int, name *cname, flags, mask int, st *unix.Statx_t) error {
	for {
		_, _, e := unix.Syscall6(unix.SYS_STATX, uintptr(fd), uintptr(name.ptr()), uintptr(flags),
			uintptr(mask), uintptr(unsafe.Pointer(st)), 0)
		if e != unix.EINTR {
			return result(e)
		}
	}
}

func openat2(fd int, name *cname, how *unix.OpenHow) (int, error) {
	for {
		r, _, e := unix.Syscall6(unix.SYS_OPENAT2, uintptr(fd), uintptr(name.ptr()),
			uintptr(unsafe.Pointer(how)), unsafe.Sizeof(*how), 0, 0)
		if e == 0 {
			return int(r), nil
		}
		if e != unix.EINTR {
			return -1, e
		}
	}
}

// openat follows magic links, and so is only for /proc/self/fd and for ".".
func openat(fd int, name *cname, flags int) (int, error) {
	for {
		r, _, e := unix.Syscall6(unix.SYS_OPENAT, uintptr(fd), uintptr(name.ptr()),
			uintptr(flags|unix.O_CLOEXEC), 0, 0, 0)
		if e == 0 {
			return int(r), nil
		}
		if e != unix.EINTR {
			return -1, e
		}
	}
}

// at1 is a call of the shape f(dirfd, name, a, b, c) without other pointers.
func at1(trap uintptr, fd int, name *cname, a, b, c uintptr) error {
	for {
		_, _, e := unix.Syscall6(trap, uintptr(fd), uintptr(name.ptr()), a, b, c, 0)
		if e != unix.EINTR {
			return result(e)
		}
	}
}

// at2 is a call of the shape f(dirfd, name, dirfd, name, flags).
func at2(trap uintptr, fd int, name *cname, newfd int, newname *cname, flags uintptr) error {
	for {
		_, _, e := unix.Syscall6(trap, uintptr(fd), uintptr(name.ptr()), uintptr(newfd),
			uintptr(newname.ptr()), flags, 0)
		if e != unix.EINTR {
			return result(e)
		}
	}
}

// utimensat changes the times of an open file if name is nil.
func utimensat(fd int, name *cname, ts *[2]unix.Timespec, flags int) error {
	_, _, e := unix.Syscall6(unix.SYS_UTIMENSAT, uintptr(fd), uintptr(name.ptr()),
		uintptr(unsafe.Pointer(ts)), uintptr(flags), 0, 0)
	return result(e)
}

func readlinkat(fd int, name *cname, buf []byte) (int, error) {
	r, _, e := unix.Syscall6(unix.SYS_READLINKAT, uintptr(fd), uintptr(name.ptr()),
		uintptr(unsafe.Pointer(unsafe.SliceData(buf))), uintptr(len(buf)), 0, 0)
	return int(r), result(e)
}

// retry calls f until it isn't interrupted.
func retry(f func() error) error {
	for {
		if err := f(); err != unix.EINTR {
			return err
		}
	}
}
