package posix

import (
	"github.com/seamfs/seamfs/backend"
	"golang.org/x/sys/unix"
)

func (r *ref) SetAttr(name string, s *backend.SetAttr) error {
	var c cname
	if err := c.object(name); err != nil {
		return err
	}
	flags := flagsFor(name)
	if s.Size != nil {
		if err := r.truncate(name, *s.Size); err != nil {
			return err
		}
	}
	if s.UID != nil || s.GID != nil {
		if err := at1(unix.SYS_FCHOWNAT, r.fd, &c, uintptr(owner(s.UID)), uintptr(owner(s.GID)), uintptr(flags)); err != nil {
			return err
		}
	}
	if s.Mode != nil {
		if err := r.chmod(&c, name == "", *s.Mode&07777); err != nil {
			return err
		}
	}
	if ts, any := times(s); any {
		return utimensat(r.fd, &c, &ts, flags)
	}
	return nil
}

// owner is an id, or the value that leaves it as it is.
func owner(id *uint32) uint32 {
	if id == nil {
		return ^uint32(0)
	}
	return *id
}

func times(s *backend.SetAttr) (ts [2]unix.Timespec, any bool) {
	return [2]unix.Timespec{timespec(s.Atime), timespec(s.Mtime)}, s.Atime != nil || s.Mtime != nil
}

func timespec(t *backend.Time) unix.Timespec {
	if t == nil {
		return unix.Timespec{Nsec: unix.UTIME_OMIT}
	}
	return unix.Timespec{Sec: t.Sec, Nsec: int64(t.Nsec)}
}

func (r *ref) truncate(name string, size int64) error {
	fd, err := r.openFile(name, unix.O_WRONLY)
	if err != nil {
		return err
	}
	err = retry(func() error { return unix.Ftruncate(fd, size) })
	_ = unix.Close(fd)
	return err
}

// chmod of a symbolic link is EOPNOTSUPP.
func (r *ref) chmod(c *cname, self bool, mode uint32) error {
	if r.b.fchmodat2 {
		flags := unix.AT_SYMLINK_NOFOLLOW
		if self {
			flags |= unix.AT_EMPTY_PATH
		}
		return at1(unix.SYS_FCHMODAT2, r.fd, c, uintptr(mode), uintptr(flags), 0)
	}
	fd := r.fd
	if !self {
		var err error
		if fd, err = r.openRef(c, false); err != nil {
			return err
		}
		defer unix.Close(fd)
	}
	return r.b.chmodProc(fd, mode)
}

// chmodProc is for kernels before 6.6. They would change a symbolic link's
// mode on some filesystems and fail after having done so on others.
func (b *posix) chmodProc(fd int, mode uint32) error {
	var st unix.Statx_t
	if err := statx(fd, &cname{}, unix.AT_EMPTY_PATH, unix.STATX_TYPE, &st); err != nil {
		return err
	}
	if st.Mode&unix.S_IFMT == unix.S_IFLNK {
		return unix.EOPNOTSUPP
	}
	var c cname
	c.fdname(fd)
	return at1(unix.SYS_FCHMODAT, b.procFD, &c, uintptr(mode), 0, 0)
}

func (f *file) SetAttr(s *backend.SetAttr) error {
	if s.Size != nil {
		if err := retry(func() error { return unix.Ftruncate(f.fd, *s.Size) }); err != nil {
			return err
		}
	}
	if s.UID != nil || s.GID != nil {
		if err := unix.Fchown(f.fd, int(int32(owner(s.UID))), int(int32(owner(s.GID)))); err != nil {
			return err
		}
	}
	if s.Mode != nil {
		if err := unix.Fchmod(f.fd, *s.Mode&07777); err != nil {
			return err
		}
	}
	if ts, any := times(s); any {
		return utimensat(f.fd, nil, &ts, 0)
	}
	return nil
}
