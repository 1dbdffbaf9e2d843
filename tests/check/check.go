// Package check holds what the tests say about files: assertions on errors,
// contents and attributes, and a picture of a whole tree that two trees are
// compared by.
//
// Every function stops the test at the first thing that isn't as it should be
// and names the path, what was got and what was wanted.
package check

import (
	"bytes"
	"errors"
	"os"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// OK stops the test if err isn't nil.
func OK(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("unexpected error: %v", err)
	}
}

// Errno stops the test unless err is, or wraps, want; want 0 means success.
func Errno(t testing.TB, what string, err error, want syscall.Errno) {
	t.Helper()
	if got := ErrnoOf(err); got != want {
		t.Fatalf("%s: got %s (%v), want %s", what, errnoName(got), err, errnoName(want))
	}
}

// NotEmpty stops the test unless err says that a directory isn't empty: POSIX
// allows rename both ENOTEMPTY, as ext4 has it, and EEXIST, as XFS does.
func NotEmpty(t testing.TB, what string, err error) {
	t.Helper()
	if e := ErrnoOf(err); e != syscall.ENOTEMPTY && e != syscall.EEXIST {
		t.Fatalf("%s: got %s (%v), want ENOTEMPTY or EEXIST", what, errnoName(e), err)
	}
}

// ErrnoOf is the errno within err: 0 for nil, EIO for an error without one.
func ErrnoOf(err error) syscall.Errno {
	if err == nil {
		return 0
	}
	var e syscall.Errno
	if errors.As(err, &e) {
		return e
	}
	return syscall.EIO
}

func errnoName(e syscall.Errno) string {
	if e == 0 {
		return "success"
	}
	return unix.ErrnoName(e)
}

// Equal stops the test unless got is want.
func Equal[T comparable](t testing.TB, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Fatalf("%s: got %v, want %v", what, got, want)
	}
}

// True stops the test unless ok.
func True(t testing.TB, ok bool, format string, args ...any) {
	t.Helper()
	if !ok {
		t.Fatalf(format, args...)
	}
}

// Write makes or replaces a file with data, mode 0644 where it is new.
func Write(t testing.TB, path, data string) {
	t.Helper()
	OK(t, os.WriteFile(path, []byte(data), 0o644))
}

// Content stops the test unless the file at path holds exactly want.
func Content(t testing.TB, path, want string) {
	t.Helper()
	got, err := os.ReadFile(path)
	OK(t, err)
	if !bytes.Equal(got, []byte(want)) {
		t.Fatalf("%s: content differs: got %d bytes %.60q, want %d bytes %.60q", path, len(got), got, len(want), want)
	}
}

// Absent stops the test unless nothing is at path.
func Absent(t testing.TB, path string) {
	t.Helper()
	var st unix.Stat_t
	if err := unix.Lstat(path, &st); err != unix.ENOENT {
		t.Fatalf("lstat %s: got %v, want ENOENT", path, err)
	}
}

// Exists tells whether anything is at path.
func Exists(path string) bool {
	var st unix.Stat_t
	return unix.Lstat(path, &st) == nil
}

// Lstat returns the attributes of what is at path, not following a link.
func Lstat(t testing.TB, path string) *unix.Stat_t {
	t.Helper()
	var st unix.Stat_t
	if err := unix.Lstat(path, &st); err != nil {
		t.Fatalf("lstat %s: %v", path, err)
	}
	return &st
}

// Fstat returns the attributes of an open file.
func Fstat(t testing.TB, f *os.File) *unix.Stat_t {
	t.Helper()
	var st unix.Stat_t
	if err := unix.Fstat(int(f.Fd()), &st); err != nil {
		t.Fatalf("fstat %s: %v", f.Name(), err)
	}
	return &st
}

// Open opens a file that is closed at the end of the test.
func Open(t testing.TB, path string, flags int, mode os.FileMode) *os.File {
	t.Helper()
	f, err := os.OpenFile(path, flags, mode)
	OK(t, err)
	t.Cleanup(func() { f.Close() })
	return f
}
