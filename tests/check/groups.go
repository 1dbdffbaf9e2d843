package check

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// setGroups is setgroups(2) for the calling thread alone.
func setGroups(n int, groups *uint32) error {
	_, _, e := syscall.RawSyscall(unix.SYS_SETGROUPS, uintptr(n), uintptr(unsafe.Pointer(groups)), 0)
	if e != 0 {
		return e
	}
	return nil
}
