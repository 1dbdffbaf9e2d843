package fusefs

import (
	"context"
	"errors"
	"syscall"

	"github.com/hanwen/go-fuse/v2/fuse"
)

// maxErrno is the largest errno that the kernel takes from a FUSE daemon;
// larger ones are the kernel's own.
const maxErrno = 511

// errno translates an error of the namespace for the reply to a request. It is
// the only place that does. An error that isn't an errno is logged and becomes
// EIO. EIO itself is logged as well: the errno says little, the text what
// happened to which object.
func (fs *FS) errno(opcode uint32, err error) fuse.Status {
	if err == nil {
		return fuse.OK
	}
	var e syscall.Errno
	switch {
	case !errors.As(err, &e):
		if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
			return fuse.EINTR
		}
		fs.log.Error("request failed without an errno", "request", opcodeName(opcode), "error", err)
		return fuse.EIO
	case e == 0 || e > maxErrno:
		fs.log.Error("request failed with an errno that can't be sent", "request", opcodeName(opcode), "error", err)
		return fuse.EIO
	case e == syscall.ENOSYS:
		// It would turn the request off for the whole mount.
		return fuse.Status(syscall.EOPNOTSUPP)
	case e == syscall.EIO:
		fs.log.Warn("request failed", "request", opcodeName(opcode), "error", err)
	}
	return fuse.Status(e)
}
