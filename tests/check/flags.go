package check

import (
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// File flags: FS_*_FL of linux/fs.h.
const (
	Sync      = 0x8
	Immutable = 0x10
	Append    = 0x20
	NoDump    = 0x40
	NoAtime   = 0x80
	NoCow     = 0x800000
)

// Flags returns the file flags of what is at path, as lsattr tells them.
func Flags(t testing.TB, path string) uint32 {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK, 0)
	OK(t, err)
	defer f.Close()
	flags, err := unix.IoctlGetUint32(int(f.Fd()), unix.FS_IOC_GETFLAGS)
	OK(t, err)
	return flags
}

// SetFlags changes the file flags of what is at path, as chattr does.
func SetFlags(path string, set, clear uint32) error {
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	flags, err := unix.IoctlGetUint32(int(f.Fd()), unix.FS_IOC_GETFLAGS)
	if err != nil {
		return err
	}
	return unix.IoctlSetPointerInt(int(f.Fd()), unix.FS_IOC_SETFLAGS, int(flags&^clear|set))
}

// Seal makes what is at path immutable or append-only until the test ends, or
// the returned function is called.
func Seal(t testing.TB, path string, flag uint32) (unseal func()) {
	t.Helper()
	OK(t, SetFlags(path, flag, 0))
	unseal = func() {
		t.Helper()
		OK(t, SetFlags(path, 0, flag))
	}
	t.Cleanup(func() {
		if Exists(path) {
			unseal()
		}
	})
	return unseal
}
