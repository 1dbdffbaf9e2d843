package check

import (
	"runtime"
	"testing"

	"golang.org/x/sys/unix"
)

// An Actor is a user who does one thing after another, each on the same
// operating system thread, which has the user's identity, no capability, and a
// umask and working directory of its own.
type Actor struct {
	jobs chan func()
	done chan struct{}
}

// NewActor makes an actor; uid 0 keeps all capabilities. It ends with the test.
func NewActor(t testing.TB, uid, gid int, groups []uint32) *Actor {
	t.Helper()
	a := &Actor{jobs: make(chan func()), done: make(chan struct{})}
	ready := make(chan error)
	go func() {
		// Never unlocked: the thread ends with the goroutine.
		runtime.LockOSThread()
		err := unix.Unshare(unix.CLONE_FS)
		if err == nil {
			err = becomeUser(uid, gid, groups)
		}
		ready <- err
		for job := range a.jobs {
			job()
			a.done <- struct{}{}
		}
	}()
	t.Cleanup(func() { close(a.jobs) })
	OK(t, <-ready)
	return a
}

// Do has the actor call fn and returns when it is done. fn must neither stop
// the test nor start goroutines that are to have the actor's identity.
func (a *Actor) Do(fn func()) {
	a.jobs <- fn
	<-a.done
}
