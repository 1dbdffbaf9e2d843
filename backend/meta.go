package backend

import (
	"errors"
	"fmt"
	"syscall"
)

const (
	typeMask = syscall.S_IFMT
	permMask = 07777
)

// CopyMeta gives the object dstName of dst all that a says and all extended
// attributes that srcName of src has: owner, attributes, mode, times, in this
// order, because a change of owner takes setuid bits and capabilities away, an
// ACL changes the mode, and all but the last change no times. It then looks
// whether everything arrived. Attributes that the object has and the source
// lacks go; private ones neither come nor go. A directory gets the file flags
// that it can have, because its copies stand in for it in what new objects
// inherit; whoever moves an object calls CopyFlags, which insists.
//
// What dst can't hold is an error that wraps ErrCannotHold and names it. An
// attribute for which there is no room, on the disk or in the inode, wraps
// both ErrCannotHold and ENOSPC: the two can't be told apart. After an error a
// part is done.
func CopyMeta(dst Ref, dstName string, src Ref, srcName string, a *Attr) error {
	if err := dst.SetAttr(dstName, &SetAttr{UID: &a.UID, GID: &a.GID}); err != nil {
		return cannotHold("owner", err)
	}
	if err := copyXattrs(dst, dstName, src, srcName); err != nil {
		return err
	}
	if a.Mode&typeMask != syscall.S_IFLNK { // which has no mode of its own
		mode := a.Mode & permMask
		if err := dst.SetAttr(dstName, &SetAttr{Mode: &mode}); err != nil {
			return cannotHold("mode", err)
		}
	}
	if a.Mode&typeMask == syscall.S_IFDIR {
		err := CopyFlags(FlagsAt(dst, dstName), FlagsAt(src, srcName))
		if err != nil && !errors.Is(err, ErrCannotHold) {
			return err
		}
	}
	if err := dst.SetAttr(dstName, &SetAttr{Atime: &a.Atime, Mtime: &a.Mtime}); err != nil {
		return cannotHold("times", err)
	}
	return checkMeta(dst, dstName, a)
}

// checkMeta finds what a filesystem dropped without a word, like nanoseconds.
func checkMeta(dst Ref, name string, want *Attr) error {
	var got Attr
	if err := dst.Stat(name, &got); err != nil {
		return fmt.Errorf("stat the copy: %w", err)
	}
	what := ""
	switch {
	case got.UID != want.UID || got.GID != want.GID:
		what = "owner"
	case want.Mode&typeMask != syscall.S_IFLNK && got.Mode&permMask != want.Mode&permMask:
		what = "mode"
	case got.Mtime != want.Mtime:
		what = "modification time"
	case got.Atime != want.Atime:
		what = "access time"
	default:
		return nil
	}
	return fmt.Errorf("keep the %s: %w: %w", what, ErrCannotHold, syscall.EOPNOTSUPP)
}

// cannotHold turns the errors that tell of the destination's limits.
func cannotHold(what string, err error) error {
	for _, limit := range []syscall.Errno{
		syscall.EOPNOTSUPP, syscall.EPERM, syscall.EINVAL, syscall.E2BIG,
		syscall.ERANGE, syscall.ENOSPC, syscall.ENAMETOOLONG, syscall.EOVERFLOW,
	} {
		if errors.Is(err, limit) {
			return fmt.Errorf("set %s: %w: %w", what, ErrCannotHold, err)
		}
	}
	return fmt.Errorf("set %s: %w", what, err)
}

// CopySpecial makes dstName in dst a copy of a symbolic link, fifo, socket or
// device node with all its metadata. EEXIST if there is anything; EINVAL for
// other types. After an error nothing is there.
func CopySpecial(dst Ref, dstName string, src Ref, srcName string, a *Attr) error {
	if err := makeSpecial(dst, dstName, src, srcName, a); err != nil {
		return err
	}
	if err := CopyMeta(dst, dstName, src, srcName, a); err != nil {
		if uerr := dst.Unlink(dstName); uerr != nil {
			return errors.Join(err, fmt.Errorf("remove the copy: %w", uerr))
		}
		return err
	}
	return nil
}

func makeSpecial(dst Ref, dstName string, src Ref, srcName string, a *Attr) error {
	switch a.Mode & typeMask {
	case syscall.S_IFLNK:
		target, err := src.Readlink(srcName)
		if err != nil {
			return fmt.Errorf("read symbolic link: %w", err)
		}
		err = dst.Symlink(target, dstName, Cred{})
		if errors.Is(err, syscall.ENAMETOOLONG) { // XFS takes 1024 bytes
			return cannotHold("target of symbolic link", err)
		}
		if err != nil {
			return fmt.Errorf("make symbolic link: %w", err)
		}
		return nil
	case syscall.S_IFIFO, syscall.S_IFSOCK, syscall.S_IFCHR, syscall.S_IFBLK:
		// Nobody else may use it before it has its owner.
		if err := dst.Mknod(dstName, a.Mode&typeMask|0600, a.Rdev, Cred{}); err != nil {
			return fmt.Errorf("make special file: %w", err)
		}
		return nil
	}
	return fmt.Errorf("copy special file: %w", syscall.EINVAL)
}
