package posix

import (
	"bytes"
	"encoding/binary"

	"golang.org/x/sys/unix"
)

// Offsets in struct linux_dirent64: u64 ino, s64 off, u16 reclen, u8 type,
// then the NUL-terminated name.
const (
	direntReclen = 16
	direntType   = 18
	direntName   = 19
)

const direntBuf = 32 << 10

func (r *ref) ReadDir(fn func(name string, typ uint8, ino uint64) error) error {
	fd, err := r.openDir()
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	buf := r.b.dirents.Get().(*[direntBuf]byte)
	defer r.b.dirents.Put(buf)
	for {
		n, err := unix.Getdents(fd, buf[:])
		switch {
		case err == unix.EINTR:
			continue
		case err != nil:
			return err
		case n == 0:
			return nil
		}
		if err := eachDirent(buf[:n], fn); err != nil {
			return err
		}
	}
}

func eachDirent(buf []byte, fn func(name string, typ uint8, ino uint64) error) error {
	for len(buf) > direntName {
		reclen := int(binary.NativeEndian.Uint16(buf[direntReclen:]))
		if reclen <= direntName || reclen > len(buf) {
			return unix.EIO
		}
		name := buf[direntName:reclen]
		if i := bytes.IndexByte(name, 0); i >= 0 {
			name = name[:i]
		}
		if s := string(name); s != "." && s != ".." {
			if err := fn(s, buf[direntType], binary.NativeEndian.Uint64(buf)); err != nil {
				return err
			}
		}
		buf = buf[reclen:]
	}
	return nil
}
