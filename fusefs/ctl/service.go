package ctl

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Service is what the daemon does for its clients. Paths are absolute within
// the mount, clean, and not escaped. Errors that wrap a [syscall.Errno] reach
// the client as that errno. Methods may be called from several goroutines at
// once; each returns soon after its context ends, with the context's error.
//
// Methods needn't set Schema in what they return: the server does. A progress
// function is called from one goroutine at a time, and may block for as long
// as a slow client does, at most some seconds.
type Service interface {
	// Status reports about a path; tree asks for the lists of moves too.
	Status(ctx context.Context, path string, tree bool) (*Report, error)
	// Which tells where an object is and belongs.
	Which(ctx context.Context, path string) (*Which, error)
	// Wait returns when nothing that was under path at the call is on its way
	// any more: it is settled, failed or parked.
	Wait(ctx context.Context, path string, progress func(Progress)) (*WaitResult, error)
	// Drain settles what durable rules cover, until timeout, and tells what is
	// left. Reaching the timeout isn't an error. The mount serves on.
	Drain(ctx context.Context, timeout time.Duration, progress func(Progress)) (*Left, error)
	// Umount drains, unmounts, and closes the backends. EBUSY means that the
	// mount is in use and goes on serving. If the context ends before it is
	// unmounted, the mount goes on serving too.
	Umount(ctx context.Context, o UmountOptions, progress func(Progress)) (*UmountResult, error)
}

// Error is a failure that the daemon reported. It wraps its errno, if it has
// one, so errors.Is(err, syscall.EBUSY) works on the client's side.
type Error struct {
	Message string `json:"message"`
	Errno   string `json:"errno"` // symbolic, such as "ENOENT", or ""
}

func (e *Error) Error() string { return e.Message }

// Unwrap returns the errno, or nil.
func (e *Error) Unwrap() error {
	if n := errnoByName(e.Errno); n != 0 {
		return n
	}
	return nil
}

// toError makes the wire form of err.
func toError(err error) *Error {
	var e *Error
	if errors.As(err, &e) && e.Message == err.Error() {
		return e
	}
	var n syscall.Errno
	if errors.As(err, &n) {
		return &Error{Message: err.Error(), Errno: unix.ErrnoName(n)}
	}
	return &Error{Message: err.Error()}
}

// maxErrno is above all error numbers of Linux.
const maxErrno = 134

// errnoByName is the inverse of unix.ErrnoName; 0 for an unknown name.
func errnoByName(name string) syscall.Errno {
	if name == "" {
		return 0
	}
	for n := syscall.Errno(1); n < maxErrno; n++ {
		if unix.ErrnoName(n) == name {
			return n
		}
	}
	return 0
}

// UnreachableError says that no daemon answers for a mount.
type UnreachableError struct {
	Socket string
	Err    error
}

func (e *UnreachableError) Error() string {
	return fmt.Sprintf("no seamfs daemon answers on %s: %v", e.Socket, e.Err)
}

// Unwrap returns the error of the connection.
func (e *UnreachableError) Unwrap() error { return e.Err }
