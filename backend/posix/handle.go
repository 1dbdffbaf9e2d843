package posix

import (
	"encoding/binary"
	"unsafe"

	"github.com/seamfs/seamfs/backend"
	"golang.org/x/sys/unix"
)

// maxHandle is MAX_HANDLE_SZ.
const maxHandle = 128

// fileHandle is struct file_handle with room for the largest handle.
type fileHandle struct {
	size uint32
	typ  int32
	data [maxHandle]byte
}

// inodeBirth is the handle type of a birth made of inode number and birth
// time; the kernel's types are positive.
const inodeBirth = -1

func (r *ref) Birth(name string) (backend.Birth, error) { return r.birthOn(name, r.b.props.UUID) }

func (r *ref) HandleBirth(name string, u backend.UUID) (backend.Birth, error) {
	return r.birthOn(name, u)
}

func (r *ref) birthOn(name string, u backend.UUID) (backend.Birth, error) {
	var c cname
	if err := c.object(name); err != nil {
		return backend.Birth{}, err
	}
	if !r.b.props.Handles {
		return r.inodeBirth(&c, name, u)
	}
	h := fileHandle{size: maxHandle}
	if err := handleAt(r.fd, &c, &h, flagsFor(name)&unix.AT_EMPTY_PATH); err != nil {
		return backend.Birth{}, err
	}
	return backend.MakeBirth(u, h.typ, h.data[:min(h.size, maxHandle)]), nil
}

func handleAt(fd int, c *cname, h *fileHandle, flags int) error {
	var mount int64 // an int for the kernel; larger does no harm
	for {
		_, _, e := unix.Syscall6(unix.SYS_NAME_TO_HANDLE_AT, uintptr(fd), uintptr(c.ptr()),
			uintptr(unsafe.Pointer(h)), uintptr(unsafe.Pointer(&mount)), uintptr(flags), 0)
		if e != unix.EINTR {
			return result(e)
		}
	}
}

// inodeBirth is weaker: a filesystem without handles and without birth times
// may give the same number to another object later.
func (r *ref) inodeBirth(c *cname, name string, u backend.UUID) (backend.Birth, error) {
	var st unix.Statx_t
	if err := statx(r.fd, c, flagsFor(name), unix.STATX_INO|unix.STATX_BTIME, &st); err != nil {
		return backend.Birth{}, err
	}
	var h [20]byte
	binary.LittleEndian.PutUint64(h[:], st.Ino)
	if st.Mask&unix.STATX_BTIME != 0 {
		binary.LittleEndian.PutUint64(h[8:], uint64(st.Btime.Sec))
		binary.LittleEndian.PutUint32(h[16:], st.Btime.Nsec)
	}
	return backend.MakeBirth(u, inodeBirth, h[:]), nil
}
