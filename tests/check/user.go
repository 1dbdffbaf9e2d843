package check

import (
	"runtime"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// AsUser runs fn with the given uid, gid and supplementary groups, and without
// any capability, on an operating system thread of its own that dies with it.
// fn must not start goroutines that are to have the same identity.
func AsUser(t testing.TB, uid, gid int, groups []uint32, fn func()) {
	t.Helper()
	if unix.Geteuid() != 0 {
		t.Skip("needs root to act as another user")
	}
	done := make(chan error)
	go func() {
		// Never unlocked: the thread ends with the goroutine instead of
		// serving others under a foreign identity.
		runtime.LockOSThread()
		if err := becomeUser(uid, gid, groups); err != nil {
			done <- err
			return
		}
		defer func() { done <- nil }()
		fn()
	}()
	OK(t, <-done)
	if t.Failed() {
		t.FailNow() // fn stopped the test, which ended only its own goroutine
	}
}

// becomeUser changes the identity of the calling thread only: the raw system
// calls are meant, package syscall would change all threads.
func becomeUser(uid, gid int, groups []uint32) error {
	var p *uint32
	if len(groups) > 0 {
		p = &groups[0]
	}
	if err := setGroups(len(groups), p); err != nil {
		return err
	}
	if _, _, e := syscall.RawSyscall(unix.SYS_SETRESGID, uintptr(gid), uintptr(gid), uintptr(gid)); e != 0 {
		return e
	}
	if _, _, e := syscall.RawSyscall(unix.SYS_SETRESUID, uintptr(uid), uintptr(uid), uintptr(uid)); e != 0 {
		return e
	}
	return nil
}
