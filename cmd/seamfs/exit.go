package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/seamfs/seamfs/backend"
	"github.com/seamfs/seamfs/fusefs/ctl"
)

// The exit codes, an interface for scripts: see the package documentation.
const (
	exitOK      = 0
	exitFailed  = 1
	exitUsage   = 2
	exitMachine = 3
	exitBusy    = 4
	exitNoMount = 5
	exitLeft    = 6
	exitTimeout = 124
)

// exitCodes is what "seamfs help exit-codes" prints.
var exitCodes = [...]struct {
	code    int
	meaning string
}{
	{exitOK, "done; wait: everything is settled"},
	{exitFailed, "failed; wait: something failed or is parked, with nothing else left"},
	{exitUsage, "bad usage or bad input: the command line, or a file that it names"},
	{exitMachine, "the machine lacks something: /dev/fuse or CAP_SYS_ADMIN"},
	{exitBusy, "busy: a backend, the mount point, or a mount that is in use"},
	{exitNoMount, "no seamfs mount there, or its daemon doesn't answer"},
	{exitLeft, "umount: unmounted, with something unsettled kept for the next start"},
	{exitTimeout, "wait: the timeout passed"},
}

// exitError is an error with an exit code. Without err nothing is printed:
// the command has said what there is to say.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit code %d", e.code)
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

// fail makes an error with an exit code.
func fail(code int, format string, args ...any) error {
	return &exitError{code: code, err: fmt.Errorf(format, args...)}
}

// usage makes an error about the command line.
func usage(format string, args ...any) error { return fail(exitUsage, format, args...) }

// exitCode is the exit code that an error stands for.
func exitCode(err error) int {
	var coded *exitError
	var unreachable *ctl.UnreachableError
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &coded):
		return coded.code
	case errors.Is(err, context.DeadlineExceeded):
		return exitTimeout
	case errors.As(err, &unreachable), errors.Is(err, ctl.ErrNoMount), errors.Is(err, unix.ESHUTDOWN):
		return exitNoMount
	case errors.Is(err, backend.ErrBusy), errors.Is(err, unix.EBUSY):
		return exitBusy
	case errors.Is(err, backend.ErrKernel):
		return exitMachine
	case isBadInput(err):
		return exitUsage
	default:
		return exitFailed
	}
}

// isBadInput tells whether an error is about a file that the user named.
func isBadInput(err error) bool {
	for _, bad := range []error{
		ctl.ErrSeveral, unix.ENOENT, unix.ENOTDIR,
		backend.ErrMissing, backend.ErrNotDir, backend.ErrNested, backend.ErrReadOnly, backend.ErrForeign,
	} {
		if errors.Is(err, bad) {
			return true
		}
	}
	return false
}

// complain prints an error as one line and returns its exit code.
func complain(w io.Writer, prefix string, err error) int {
	code := exitCode(err)
	var coded *exitError
	if err == nil || (errors.As(err, &coded) && coded.err == nil) {
		return code
	}
	fmt.Fprintf(w, "%s: %s\n", prefix, oneLine(err.Error()))
	return code
}

// oneLine joins the lines of a message that came from elsewhere, and shows
// other control characters, which names may contain, as "?".
func oneLine(s string) string {
	s = strings.ReplaceAll(strings.TrimSpace(s), "\n", "; ")
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return '?'
		}
		return r
	}, s)
}
