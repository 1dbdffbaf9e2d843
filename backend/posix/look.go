package posix

import (
	"errors"
	"io"

	"github.com/seamfs/seamfs/backend"
	"golang.org/x/sys/unix"
)

// look is the probe that changes nothing.
func (b *posix) look(cfg Config) error {
	if err := unix.Faccessat(b.syncFD, ".", unix.W_OK|unix.X_OK, unix.AT_EACCESS); err != nil {
		return b.fail(backend.ErrReadOnly, err, "mount it read-write, or run as root")
	}
	var a backend.Attr
	err := b.root.Stat(backend.PrivateDir, &a)
	switch err {
	case nil:
		err = b.lookPrivate()
	case unix.ENOENT:
		err = unix.ENOENT
	default:
		err = b.wrap("look at the private directory in", err)
	}
	if errors.Is(err, unix.ENOENT) {
		err = b.lookFresh(cfg.Rand)
	}
	if err != nil {
		return err
	}
	b.guess()
	return nil
}

// lookPrivate reads the marks. ENOENT if the format is missing: to mark this
// backend was begun and not ended.
func (b *posix) lookPrivate() error {
	if err := b.openPrivate(); err != nil {
		return err
	}
	if err := b.lookLock(); err != nil {
		return err
	}
	if err := b.readFormat(); err != nil {
		return err
	}
	for _, name := range []string{backend.StageDir, backend.JournalDir, backend.LostFoundDir} {
		if err := b.openDirIn(name); err != nil && err != unix.ENOENT {
			return b.wrap("open "+name+" in the private directory of", err)
		}
	}
	return b.readStamped()
}

// lookLock takes the lock and lets it go at once: a daemon that starts in
// between might be refused, so it is held for no longer than that.
func (b *posix) lookLock() error {
	fd, err := b.private.openFile(lockName, unix.O_RDONLY)
	if err == unix.ENOENT {
		return nil
	}
	if err != nil {
		return b.wrap("open the lock of", err)
	}
	defer unix.Close(fd)
	if err := flock(fd); err == unix.EWOULDBLOCK {
		return b.fail(backend.ErrBusy, err, "unmount the other one first")
	} else if err != nil {
		return b.wrap("lock", err)
	}
	return nil
}

// lookFresh fills in what marking would: a UUID, which is forgotten again.
func (b *posix) lookFresh(random io.Reader) error {
	if _, err := io.ReadFull(random, b.props.UUID[:]); err != nil {
		return b.wrap("choose a UUID for", err)
	}
	empty, err := b.onlyPrivate()
	if err != nil {
		return b.wrap("list", err)
	}
	b.props.Fresh, b.props.Empty = true, empty
	return nil
}

// guess sets the properties that take a trial, from the type of the
// filesystem. An attribute that is asked for and missing shows that its kind
// is known.
func (b *posix) guess() {
	p := &b.props
	_, err := b.root.GetXattr("", "trusted.seamfs.probe", nil)
	p.Xattr = err == nil || err == unix.ENODATA
	_, err = b.root.GetXattr("", aclAccess, nil)
	p.ACL = err == nil || err == unix.ENODATA
	switch p.FSType {
	case "btrfs", "xfs", "bcachefs":
		p.Reflink, p.Holes, p.Whiteout = true, true, true
	case "ext4", "tmpfs", "f2fs":
		p.Holes, p.Whiteout = true, true
	}
}
