package posix

import (
	"sync/atomic"

	"github.com/seamfs/seamfs/backend"
	"golang.org/x/sys/unix"
)

var (
	_ backend.File       = (*file)(nil)
	_ backend.Descriptor = (*file)(nil)
)

// file is a descriptor opened for I/O, never with O_DIRECT.
type file struct {
	b      *posix
	fd     int
	append atomic.Bool // the descriptor has O_APPEND
}

// Descriptor returns the descriptor, valid until Close.
func (f *file) Descriptor() int { return f.fd }

func (f *file) ReadAt(p []byte, off int64) (int, error) {
	done := 0
	for done < len(p) {
		n, err := unix.Pread(f.fd, p[done:], off+int64(done))
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return done, err
		}
		if n == 0 {
			break
		}
		done += n
	}
	return done, nil
}

func (f *file) WriteAt(p []byte, off int64) (int, error) {
	if f.append.Load() {
		if err := f.appends(off); err != nil {
			return 0, err
		}
	}
	done := 0
	for done < len(p) {
		n, err := unix.Pwrite(f.fd, p[done:], off+int64(done))
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return done, err
		}
		if n == 0 {
			return done, unix.EIO
		}
		done += n
	}
	return done, nil
}

// appends prepares a write through a descriptor with O_APPEND, for which
// pwrite goes to the end whatever the offset: while the file is append-only
// only the end will do, and afterwards the flag comes off.
func (f *file) appends(off int64) error {
	var a backend.Attr
	if err := f.Stat(&a); err != nil {
		return err
	}
	if a.Flags&unix.STATX_ATTR_APPEND != 0 {
		if off != a.Size {
			return unix.EPERM
		}
		return nil
	}
	flags, err := unix.FcntlInt(uintptr(f.fd), unix.F_GETFL, 0)
	if err == nil {
		_, err = unix.FcntlInt(uintptr(f.fd), unix.F_SETFL, flags&^unix.O_APPEND)
	}
	if err == nil {
		f.append.Store(false)
	}
	return err
}

func (f *file) Stat(a *backend.Attr) error {
	var c cname
	var st unix.Statx_t
	if err := statx(f.fd, &c, unix.AT_EMPTY_PATH, statxMask, &st); err != nil {
		return err
	}
	fill(a, &st)
	return nil
}

func (f *file) Fallocate(mode uint32, off, size int64) error {
	return retry(func() error { return unix.Fallocate(f.fd, mode, off, size) })
}

// Seek moves the descriptor's position, which nothing here depends on: reads
// and writes say where, so concurrent seeks don't disturb each other either.
func (f *file) Seek(off int64, whence int) (int64, error) {
	if whence != unix.SEEK_DATA && whence != unix.SEEK_HOLE {
		return 0, unix.EINVAL
	}
	return unix.Seek(f.fd, off, whence)
}

func (f *file) Sync(dataOnly bool) error {
	if dataOnly {
		return retry(func() error { return unix.Fdatasync(f.fd) })
	}
	return retry(func() error { return unix.Fsync(f.fd) })
}

func (f *file) StartWriteback(off, size int64, wait bool) error {
	flags := unix.SYNC_FILE_RANGE_WRITE
	if wait {
		flags = unix.SYNC_FILE_RANGE_WRITE_AND_WAIT
	}
	return retry(func() error { return unix.SyncFileRange(f.fd, off, size, flags) })
}

func (f *file) Ref() (backend.Ref, error) {
	var c cname
	c.fdname(f.fd)
	fd, err := openat(f.b.procFD, &c, unix.O_PATH)
	if err != nil {
		return nil, err
	}
	return &ref{b: f.b, fd: fd}, nil
}

func (f *file) Close() error { return unix.Close(f.fd) }
