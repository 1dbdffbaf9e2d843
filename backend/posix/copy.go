package posix

import (
	"github.com/seamfs/seamfs/backend"
	"golang.org/x/sys/unix"
)

const (
	// maxCopy bounds one copy_file_range: it holds the inodes, and can't be
	// interrupted.
	maxCopy   = 64 << 20
	copyBlock = 1 << 20
)

func (f *file) CopyRange(src backend.File, srcOff, size, dstOff int64) (int64, error) {
	size = min(size, maxCopy)
	if size <= 0 {
		return 0, nil
	}
	s, ok := src.(*file)
	if !ok {
		return f.copyByHand(src, srcOff, size, dstOff)
	}
	for {
		in, out := srcOff, dstOff
		n, err := unix.CopyFileRange(s.fd, &in, f.fd, &out, int(size), 0)
		switch err {
		case nil:
			if n > 0 {
				return int64(n), nil
			}
			// The end of the file, or one of the filesystems that answer 0
			// where they can't: a read tells.
			return f.copyByHand(src, srcOff, size, dstOff)
		case unix.EINTR:
		case unix.EINVAL:
			if f.overlaps(s, srcOff, size, dstOff) {
				return 0, err
			}
			return f.copyByHand(src, srcOff, size, dstOff)
		case unix.EXDEV, unix.ENOSYS, unix.EOPNOTSUPP:
			return f.copyByHand(src, srcOff, size, dstOff)
		default:
			return 0, err
		}
	}
}

// overlaps tells whether source and destination are one range of one file in
// part, which a copy by hand would garble.
func (f *file) overlaps(s *file, srcOff, size, dstOff int64) bool {
	var a, b unix.Stat_t
	if unix.Fstat(f.fd, &a) != nil || unix.Fstat(s.fd, &b) != nil {
		return false
	}
	return a.Dev == b.Dev && a.Ino == b.Ino && srcOff < dstOff+size && dstOff < srcOff+size
}

func (f *file) copyByHand(src backend.File, srcOff, size, dstOff int64) (int64, error) {
	buf := f.b.buffers.Get().(*[copyBlock]byte)
	defer f.b.buffers.Put(buf)
	var done int64
	for done < size {
		n, err := src.ReadAt(buf[:min(size-done, copyBlock)], srcOff+done)
		if err != nil {
			return done, err
		}
		if n == 0 {
			break
		}
		w, err := f.WriteAt(buf[:n], dstOff+done)
		done += int64(w)
		if err != nil {
			return done, err
		}
	}
	return done, nil
}
