package posix

import (
	"syscall"
	"unsafe"
)

// cname is a name for the kernel: NUL-terminated, on the stack, so that the
// hot calls don't allocate. No Linux filesystem has names of more than 255
// bytes.
type cname [256]byte

// entry sets a name that must not be empty.
func (c *cname) entry(name string) error {
	if name == "" {
		return syscall.EINVAL
	}
	return c.object(name)
}

// object sets a name that is one component, or empty for the object itself.
func (c *cname) object(name string) error {
	if len(name) >= len(c) {
		return syscall.ENAMETOOLONG
	}
	if name == "." || name == ".." {
		return syscall.EINVAL
	}
	for i := range len(name) {
		if name[i] == '/' || name[i] == 0 {
			return syscall.EINVAL
		}
	}
	c[copy(c[:], name)] = 0
	return nil
}

// ptr is for a system call's argument list only: the pointer must be turned
// into an uintptr in the call expression itself.
func (c *cname) ptr() unsafe.Pointer { return unsafe.Pointer(c) }

// fdname sets the decimal digits of a descriptor: its name in /proc/self/fd.
func (c *cname) fdname(fd int) {
	i := len(c) - 1
	c[i] = 0
	for {
		i--
		c[i] = byte('0' + fd%10)
		if fd /= 10; fd == 0 {
			break
		}
	}
	copy(c[:], c[i:])
}
