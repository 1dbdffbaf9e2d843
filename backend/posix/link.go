package posix

import (
	"syscall"

	"github.com/seamfs/seamfs/backend"
	"golang.org/x/sys/unix"
)

const renameFlags = unix.RENAME_NOREPLACE | unix.RENAME_EXCHANGE | unix.RENAME_WHITEOUT

func (r *ref) Link(name string, newdir backend.Ref, newname string) error {
	to, ok := newdir.(*ref)
	if !ok {
		return syscall.EXDEV
	}
	var c, d cname
	if err := c.object(name); err != nil {
		return err
	}
	if err := d.entry(newname); err != nil {
		return err
	}
	if name != "" {
		return at2(unix.SYS_LINKAT, r.fd, &c, to.fd, &d, 0)
	}
	err := at2(unix.SYS_LINKAT, r.fd, &c, to.fd, &d, unix.AT_EMPTY_PATH)
	if err == unix.ENOENT {
		// Without CAP_DAC_READ_SEARCH, AT_EMPTY_PATH is answered like this.
		c.fdname(r.fd)
		err = at2(unix.SYS_LINKAT, r.b.procFD, &c, to.fd, &d, unix.AT_SYMLINK_FOLLOW)
	}
	return err
}

func (r *ref) Unlink(name string) error {
	var c cname
	if err := c.entry(name); err != nil {
		return err
	}
	return at1(unix.SYS_UNLINKAT, r.fd, &c, 0, 0, 0)
}

func (r *ref) Rmdir(name string) error {
	var c cname
	if err := c.entry(name); err != nil {
		return err
	}
	return at1(unix.SYS_UNLINKAT, r.fd, &c, unix.AT_REMOVEDIR, 0, 0)
}

func (r *ref) Rename(name string, newdir backend.Ref, newname string, flags uint) error {
	// An ignored flag would turn an exchange into an overwrite.
	if flags&^renameFlags != 0 {
		return syscall.EINVAL
	}
	to, ok := newdir.(*ref)
	if !ok {
		return syscall.EXDEV
	}
	var c, d cname
	if err := c.entry(name); err != nil {
		return err
	}
	if err := d.entry(newname); err != nil {
		return err
	}
	err := at2(unix.SYS_RENAMEAT2, r.fd, &c, to.fd, &d, uintptr(flags))
	if err == unix.EEXIST && flags&unix.RENAME_NOREPLACE == 0 {
		err = syscall.ENOTEMPTY // XFS; POSIX lets it, programs see one filesystem
	}
	return err
}
