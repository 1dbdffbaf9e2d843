package posix

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/seamfs/seamfs/backend"
	"golang.org/x/sys/unix"
)

const (
	aclAccess = "system.posix_acl_access"
	probeSize = 256 << 10 // above any block size, so that a file of this size can have a hole
)

// Names of probe files in the stage directory. They are gone after the open;
// those of an open that was killed are removed by the next.
const (
	probeA = "probe-a"
	probeB = "probe-b"
)

// checkKernel finds which calls the kernel has. They are asked something that
// they refuse, so that nothing changes.
func (b *posix) checkKernel() error {
	var c cname
	how := unix.OpenHow{Flags: unix.O_PATH | unix.O_CLOEXEC, Resolve: resolve}
	c[0] = '.'
	fd, err := openat2(b.root.fd, &c, &how)
	if err != nil {
		return b.fail(backend.ErrKernel, err, "openat2 is needed: Linux 5.8 or later, and a container runtime that permits it")
	}
	_ = unix.Close(fd)
	b.fchmodat2 = at1(unix.SYS_FCHMODAT2, -1, &c, 0, 0, 0) == unix.EBADF
	b.xattrat = at1(unix.SYS_LISTXATTRAT, -1, &c, 0, 0, 0) == unix.EBADF
	h := fileHandle{size: maxHandle}
	b.props.Handles = handleAt(b.root.fd, &cname{}, &h, unix.AT_EMPTY_PATH) == nil
	return nil
}

// probe finds the properties by trying them out in the stage directory.
func (b *posix) probe() error {
	stage := b.dirs[backend.StageDir]
	b.cleanProbes()
	defer b.cleanProbes()
	src, err := stage.Create(probeA, unix.O_RDWR, 0600, b.self)
	if err != nil {
		return b.probeFailed("create", err)
	}
	defer src.Close()
	if _, err := src.WriteAt(bytes.Repeat([]byte{1}, 4096), 0); err != nil {
		return b.probeFailed("write", err)
	}
	size := int64(probeSize)
	if err := src.SetAttr(&backend.SetAttr{Size: &size}); err != nil {
		return b.probeFailed("truncate", err)
	}
	hole, err := src.Seek(0, unix.SEEK_HOLE)
	b.props.Holes = err == nil && hole < size
	b.props.Xattr = probeXattr(src)
	b.props.ACL = probeACL(src)
	if b.props.Reflink, err = b.probeReflink(src); err != nil {
		return b.probeFailed("clone", err)
	}
	b.props.Whiteout = stage.Rename(probeA, stage, probeB, unix.RENAME_WHITEOUT) == nil
	return nil
}

func (b *posix) probeFailed(what string, err error) error {
	if errors.Is(err, unix.EROFS) || errors.Is(err, unix.EACCES) {
		return b.fail(backend.ErrReadOnly, err, "mount it read-write, or run as root")
	}
	return fmt.Errorf("backend %s: probe %s: %s: %w", b.props.Name, b.props.Path, what, err)
}

func (b *posix) cleanProbes() {
	for _, name := range []string{probeA, probeB} {
		if err := b.dirs[backend.StageDir].Unlink(name); err != nil && err != unix.ENOENT {
			b.log.Warn("remove a probe file", "path", b.props.Path, "name", name, "error", err)
		}
	}
}

func probeXattr(f backend.File) bool {
	for _, attr := range []string{"trusted.seamfs.probe", "user.seamfs.probe"} {
		if f.SetXattr(attr, []byte{1}, 0) != nil {
			return false
		}
	}
	return true
}

// probeACL sets an ACL that says more than a mode can, because one that says
// the same is turned into a mode.
func probeACL(f backend.File) bool {
	acl := []byte{
		2, 0, 0, 0, // version
		0x01, 0, 6, 0, 0xff, 0xff, 0xff, 0xff, // user::rw-
		0x02, 0, 4, 0, 1, 0, 0, 0, // user:1:r--
		0x04, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, // group::---
		0x10, 0, 4, 0, 0xff, 0xff, 0xff, 0xff, // mask::r--
		0x20, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, // other::---
	}
	if f.SetXattr(aclAccess, acl, 0) != nil {
		return false
	}
	n, err := f.GetXattr(aclAccess, nil)
	return err == nil && n == len(acl)
}

// probeReflink clones between two files. A verdict about the file or the pair
// is a no; anything else is an error.
func (b *posix) probeReflink(src backend.File) (bool, error) {
	dst, err := b.dirs[backend.StageDir].Create(probeB, unix.O_RDWR, 0600, b.self)
	if err != nil {
		return false, err
	}
	defer dst.Close()
	switch err := dst.Clone(src); {
	case err == nil:
		return true, nil
	case errors.Is(err, backend.ErrNoReflink), errors.Is(err, backend.ErrNotThisFile):
		return false, nil
	default:
		return false, err
	}
}
