package posix

import (
	"fmt"
	"runtime"
	"syscall"

	"github.com/seamfs/seamfs/backend"
	"golang.org/x/sys/unix"
)

// as runs f with the file system uid and gid of cr. They belong to the thread:
// the goroutine is locked to it, and both are reset before it is let go.
// EOVERFLOW if the user namespace has no such uid or gid. A daemon that isn't
// privileged makes everything as itself.
func (b *posix) as(cr backend.Cred, f func() error) error {
	if cr == b.self || !b.mayBecome {
		return f()
	}
	runtime.LockOSThread()
	if err := b.become(cr); err != nil {
		return err
	}
	err := f()
	if rerr := b.become(b.self); rerr != nil {
		return fmt.Errorf("reset file system uid and gid: %w", rerr)
	}
	runtime.UnlockOSThread()
	return err
}

// become changes the thread. When it fails half-way it goes back; when even
// that fails the thread stays locked, and so dies with its goroutine.
func (b *posix) become(cr backend.Cred) error {
	gidOK := setfs(unix.SYS_SETFSGID, cr.GID)
	uidOK := setfs(unix.SYS_SETFSUID, cr.UID)
	if !gidOK || !uidOK {
		if setfs(unix.SYS_SETFSUID, b.self.UID) && setfs(unix.SYS_SETFSGID, b.self.GID) {
			runtime.UnlockOSThread()
		}
		return syscall.EOVERFLOW
	}
	if b.raiseCaps && cr != b.self {
		raiseCaps()
	}
	return nil
}

// setfs calls setfsuid or setfsgid, which tell failure only by the value that
// a second call, with an impossible one, returns.
func setfs(trap uintptr, id uint32) bool {
	_, _, _ = unix.RawSyscall(trap, uintptr(id), 0, 0)
	now, _, _ := unix.RawSyscall(trap, ^uintptr(0), 0, 0)
	return uint32(now) == id
}

// mayBecome tells whether the process may change its file system uid and gid.
func mayBecome() bool {
	hdr := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	const both = 1<<unix.CAP_SETUID | 1<<unix.CAP_SETGID
	return unix.Capget(&hdr, &data[0]) == nil && data[0].Effective&both == both
}

// raiseCaps makes all permitted capabilities of the thread effective again
// after setfsuid took some away. If it can't, f runs with fewer rights and
// fails by itself.
func raiseCaps() {
	hdr := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if unix.Capget(&hdr, &data[0]) != nil {
		return
	}
	for i := range data {
		data[i].Effective = data[i].Permitted
	}
	_ = unix.Capset(&hdr, &data[0])
}
