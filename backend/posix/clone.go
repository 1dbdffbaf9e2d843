package posix

import (
	"fmt"

	"github.com/seamfs/seamfs/backend"
	"golang.org/x/sys/unix"
)

func (f *file) Clone(src backend.File) error {
	s, ok := src.(*file)
	if !ok {
		return backend.ErrNoReflink
	}
	return f.cloneVerdict(s, retry(func() error { return unix.IoctlFileClone(f.fd, s.fd) }))
}

func (f *file) CloneRange(src backend.File, srcOff, size, dstOff int64) error {
	s, ok := src.(*file)
	if !ok {
		return backend.ErrNoReflink
	}
	if size == 0 {
		return nil // for the ioctl, 0 is "to the end"
	}
	r := unix.FileCloneRange{Src_fd: int64(s.fd), Src_offset: uint64(srcOff), Src_length: uint64(size), Dest_offset: uint64(dstOff)}
	return f.cloneVerdict(s, retry(func() error { return unix.IoctlFileCloneRange(f.fd, &r) }))
}

// cloneVerdict tells a pair that can't reflink from a file that can't. The
// errnos alone don't, so it looks at what was proven when the backends were
// opened: where two files of a backend shared extents once, the next failure
// is about the file.
func (f *file) cloneVerdict(s *file, err error) error {
	if err == nil {
		return nil
	}
	both := f.b.props.Reflink && s.b.props.Reflink
	switch err {
	case unix.EXDEV:
		return verdict(backend.ErrNoReflink, err)
	case unix.EOPNOTSUPP, unix.ENOTTY, unix.ENOSYS:
		if f.b == s.b && both {
			return verdict(backend.ErrNotThisFile, err)
		}
		return verdict(backend.ErrNoReflink, err)
	case unix.EINVAL:
		if both {
			return verdict(backend.ErrNotThisFile, err) // nocow against cow, or a range that isn't made of blocks
		}
		return verdict(backend.ErrNoReflink, err)
	case unix.ETXTBSY:
		return verdict(backend.ErrNotThisFile, err) // a swap file
	}
	return err
}

// verdict keeps the errno, as every error of a backend does.
func verdict(sentinel, errno error) error { return fmt.Errorf("%w: %w", sentinel, errno) }
