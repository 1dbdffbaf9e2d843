package posix

import (
	"syscall"

	"github.com/seamfs/seamfs/backend"
	"golang.org/x/sys/unix"
)

var (
	_ backend.Ref           = (*ref)(nil)
	_ backend.Descriptor    = (*ref)(nil)
	_ backend.HandleBirther = (*ref)(nil)
)

// ref is an O_PATH descriptor.
type ref struct {
	b  *posix
	fd int
}

// Descriptor returns the O_PATH descriptor, valid until Close.
func (r *ref) Descriptor() int { return r.fd }

// flagsFor are the flags of an *at call for the object (empty name) or an
// entry.
func flagsFor(name string) int {
	if name == "" {
		return unix.AT_EMPTY_PATH | unix.AT_SYMLINK_NOFOLLOW
	}
	return unix.AT_SYMLINK_NOFOLLOW
}

func (r *ref) Stat(name string, a *backend.Attr) error {
	var c cname
	if err := c.object(name); err != nil {
		return err
	}
	var st unix.Statx_t
	if err := statx(r.fd, &c, flagsFor(name), statxMask, &st); err != nil {
		return err
	}
	if name != "" && r.b.foreign(&st) {
		return syscall.EXDEV
	}
	fill(a, &st)
	return nil
}

// foreign tells a mount point, or the root of a btrfs subvolume: both belong
// to what rename can't reach. Files on an overlay have other devices than its
// directories, so only those of directories count.
func (b *posix) foreign(st *unix.Statx_t) bool {
	if st.Attributes&unix.STATX_ATTR_MOUNT_ROOT != 0 {
		return true
	}
	return st.Mode&unix.S_IFMT == unix.S_IFDIR && unix.Mkdev(st.Dev_major, st.Dev_minor) != b.props.Dev
}

func fill(a *backend.Attr, st *unix.Statx_t) {
	a.Ino = st.Ino
	a.Mode = uint32(st.Mode)
	a.Nlink = st.Nlink
	a.UID = st.Uid
	a.GID = st.Gid
	a.Rdev = unix.Mkdev(st.Rdev_major, st.Rdev_minor)
	a.Size = int64(st.Size)
	a.Blocks = int64(st.Blocks)
	a.Blksize = st.Blksize
	a.Atime = stamp(st.Atime)
	a.Mtime = stamp(st.Mtime)
	a.Ctime = stamp(st.Ctime)
	a.Btime = backend.Time{}
	if st.Mask&unix.STATX_BTIME != 0 {
		a.Btime = stamp(st.Btime)
	}
	a.Flags = st.Attributes & st.Attributes_mask
}

func stamp(t unix.StatxTimestamp) backend.Time { return backend.Time{Sec: t.Sec, Nsec: t.Nsec} }

func (r *ref) OpenRef(name string) (backend.Ref, error) {
	var c cname
	if err := c.object(name); err != nil {
		return nil, err
	}
	fd, err := r.openRef(&c, name == "")
	if err != nil {
		return nil, err
	}
	return &ref{b: r.b, fd: fd}, nil
}

func (r *ref) openRef(c *cname, self bool) (int, error) {
	if self {
		return dup(r.fd)
	}
	how := unix.OpenHow{Flags: unix.O_PATH | unix.O_NOFOLLOW | unix.O_CLOEXEC, Resolve: resolve}
	return openat2(r.fd, c, &how)
}

const resolve = unix.RESOLVE_NO_XDEV | unix.RESOLVE_NO_MAGICLINKS | unix.RESOLVE_BENEATH

func dup(fd int) (int, error) { return unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0) }

func (r *ref) Readlink(name string) (string, error) {
	var c cname
	if err := c.object(name); err != nil {
		return "", err
	}
	var buf [4096]byte
	n, err := readlinkat(r.fd, &c, buf[:])
	if err == unix.ENOENT && name == "" {
		err = unix.EINVAL // what readlinkat says of a descriptor that is no symbolic link
	}
	if err != nil {
		return "", err
	}
	return string(buf[:n]), nil
}

func (r *ref) Sync() error {
	fd, err := r.openDir()
	if err != nil {
		return err
	}
	err = retry(func() error { return unix.Fsync(fd) })
	_ = unix.Close(fd)
	return err
}

// openDir opens the referenced directory itself for reading.
func (r *ref) openDir() (int, error) {
	return openat(r.fd, &cname{'.'}, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW)
}

func (r *ref) Close() error { return unix.Close(r.fd) }
