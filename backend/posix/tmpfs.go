package posix

import (
	"errors"
	"fmt"
	"os"

	"github.com/seamfs/seamfs/backend"
	"golang.org/x/sys/unix"
)

// MountTmpfs sees to it that a tmpfs of size bytes is mounted at dir, which is
// made if it is missing. One that is there already, from a daemon that was
// killed or that kept its scratch, is adopted with its content and resized.
// ErrForeign if something else is mounted there.
//
// The tmpfs takes device nodes and setuid bits, which are only files to it:
// what they mean is decided by the options of the seamfs mount. For this reason
// dir must lie in a directory that only root can enter.
func MountTmpfs(dir string, size int64) (adopted bool, err error) {
	if err := os.MkdirAll(dir, 0700); err != nil {
		return false, fmt.Errorf("make the directory of a tmpfs: %w", err)
	}
	kind, have, err := mountedAt(dir)
	switch {
	case err != nil:
		return false, err
	case kind == mountedTmpfs:
		return true, resize(dir, have, size)
	case kind == mountedOther:
		return false, fmt.Errorf("mount a tmpfs at %s: %w (unmount what is there): %w", dir, backend.ErrForeign, unix.EBUSY)
	}
	options := fmt.Sprintf("mode=0755,size=%d", size)
	err = unix.Mount("seamfs", dir, "tmpfs", 0, options+",inode64")
	if err == unix.EINVAL {
		err = unix.Mount("seamfs", dir, "tmpfs", 0, options) // before Linux 5.9
	}
	if err != nil {
		return false, fmt.Errorf("mount a tmpfs at %s: %w", dir, err)
	}
	// What is mounted below doesn't appear in other mount namespaces.
	if err := unix.Mount("", dir, "", unix.MS_PRIVATE, ""); err != nil {
		_ = unix.Unmount(dir, unix.UMOUNT_NOFOLLOW)
		return false, fmt.Errorf("make the tmpfs at %s private: %w", dir, err)
	}
	return false, nil
}

// UnmountTmpfs unmounts the tmpfs at dir, whose content is lost, and removes
// dir. It is no error if nothing is mounted there; EBUSY if it is in use.
func UnmountTmpfs(dir string) error {
	kind, _, err := mountedAt(dir)
	switch {
	case errors.Is(err, unix.ENOENT):
		return nil
	case err != nil:
		return err
	case kind == mountedOther:
		return fmt.Errorf("unmount the tmpfs at %s: %w (it is no tmpfs): %w", dir, backend.ErrForeign, unix.EINVAL)
	case kind == mountedTmpfs:
		if err := unix.Unmount(dir, unix.UMOUNT_NOFOLLOW); err != nil {
			return fmt.Errorf("unmount the tmpfs at %s: %w", dir, err)
		}
	}
	if err := unix.Rmdir(dir); err != nil && err != unix.ENOENT {
		return fmt.Errorf("remove %s: %w", dir, err)
	}
	return nil
}

type mountKind int

const (
	mountedNothing mountKind = iota
	mountedTmpfs
	mountedOther
)

// mountedAt tells what is mounted exactly at dir, and its size.
func mountedAt(dir string) (mountKind, int64, error) {
	fd, err := unix.Open(dir, unix.O_PATH|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return mountedNothing, 0, fmt.Errorf("open %s: %w", dir, err)
	}
	defer unix.Close(fd)
	var st unix.Statx_t
	if err := statx(fd, &cname{}, unix.AT_EMPTY_PATH, unix.STATX_TYPE, &st); err != nil {
		return mountedNothing, 0, fmt.Errorf("stat %s: %w", dir, err)
	}
	if st.Attributes&unix.STATX_ATTR_MOUNT_ROOT == 0 {
		return mountedNothing, 0, nil
	}
	var fs unix.Statfs_t
	if err := unix.Fstatfs(fd, &fs); err != nil {
		return mountedNothing, 0, fmt.Errorf("statfs %s: %w", dir, err)
	}
	if uint32(fs.Type) != unix.TMPFS_MAGIC {
		return mountedOther, 0, nil
	}
	return mountedTmpfs, int64(fs.Blocks) * fs.Bsize, nil
}

// resize fails with EINVAL if more than the new size is in use.
func resize(dir string, have, size int64) error {
	page := int64(os.Getpagesize())
	if have == (size+page-1)/page*page {
		return nil
	}
	if err := unix.Mount("", dir, "", unix.MS_REMOUNT, fmt.Sprintf("size=%d", size)); err != nil {
		return fmt.Errorf("resize the tmpfs at %s from %d to %d bytes: %w", dir, have, size, err)
	}
	return nil
}
