package posix

import (
	"errors"

	"github.com/seamfs/seamfs/backend"
	"golang.org/x/sys/unix"
)

// Names in the private directory, beside the directories of package backend.
const (
	lockName    = "lock"
	formatName  = "format"
	stampedName = "stamped"
	tempSuffix  = ".new"
)

// mark takes possession of the directory: private directory, lock, format,
// directories within, in this order, so that the lock protects the rest. It
// tells whether the private directory is new.
func (b *posix) mark(cfg Config) (made bool, err error) {
	if made, err = b.makePrivate(); err != nil {
		return made, err
	}
	if err := b.lock(); err != nil {
		return false, err // another daemon's, even if it was made here
	}
	if err := b.readFormat(); errors.Is(err, unix.ENOENT) {
		if err := b.writeFormat(cfg.Rand); err != nil {
			return made, err
		}
	} else if err != nil {
		return made, err
	}
	return made, b.openDirs()
}

func (b *posix) makePrivate() (made bool, err error) {
	switch err := b.root.Mkdir(backend.PrivateDir, 0700, b.self); err {
	case nil:
		made = true
	case unix.EEXIST:
	case unix.EROFS, unix.EACCES, unix.EPERM:
		return false, b.fail(backend.ErrReadOnly, err, "mount it read-write, or run as root")
	default:
		return false, b.wrap("make the private directory in", err)
	}
	if err := b.openPrivate(); err != nil {
		return made, err
	}
	if made {
		err = b.root.Sync()
	} else {
		mode := uint32(0700)
		err = b.private.SetAttr("", &backend.SetAttr{Mode: &mode})
	}
	switch err {
	case nil:
		return made, nil
	case unix.EROFS, unix.EACCES, unix.EPERM:
		return made, b.fail(backend.ErrReadOnly, err, "mount it read-write, or run as root")
	}
	return made, b.wrap("prepare the private directory in", err)
}

// openPrivate opens the private directory if it can be one of ours.
func (b *posix) openPrivate() error {
	var a backend.Attr
	if err := b.root.Stat(backend.PrivateDir, &a); err != nil {
		return b.wrap("look at the private directory in", err)
	}
	if a.Mode&unix.S_IFMT != unix.S_IFDIR || a.UID != b.self.UID {
		return b.fail(backend.ErrForeign, unix.EINVAL, backend.PrivateDir+" is not a directory of the daemon's; move it away")
	}
	r, err := b.root.OpenRef(backend.PrivateDir)
	if err != nil {
		return b.wrap("open the private directory in", err)
	}
	b.private = r.(*ref)
	return nil
}

func (b *posix) lock() error {
	how := unix.OpenHow{Flags: unix.O_RDWR | unix.O_CREAT | unix.O_NOFOLLOW | unix.O_CLOEXEC, Mode: 0600, Resolve: resolve}
	var c cname
	if err := c.entry(lockName); err != nil {
		return err
	}
	fd, err := openat2(b.private.fd, &c, &how)
	if err != nil {
		return b.wrap("open the lock of", err)
	}
	if err := flock(fd); err != nil {
		_ = unix.Close(fd)
		if err == unix.EWOULDBLOCK {
			return b.fail(backend.ErrBusy, err, "unmount the other one first")
		}
		return b.wrap("lock", err)
	}
	b.lockFD = fd
	return nil
}

func flock(fd int) error {
	return retry(func() error { return unix.Flock(fd, unix.LOCK_EX|unix.LOCK_NB) })
}

// onlyPrivate tells whether the root holds nothing but the private directory.
func (b *posix) onlyPrivate() (bool, error) {
	more := errors.New("something else")
	err := b.root.ReadDir(func(name string, _ uint8, _ uint64) error {
		if name != backend.PrivateDir {
			return more
		}
		return nil
	})
	if err == more {
		return false, nil
	}
	return err == nil, err
}

// openDirs opens the directories within, and makes those that are missing.
func (b *posix) openDirs() error {
	for _, name := range []string{backend.StageDir, backend.JournalDir, backend.LostFoundDir} {
		if err := b.private.Mkdir(name, 0700, b.self); err != nil && err != unix.EEXIST {
			return b.wrap("make "+name+" in the private directory of", err)
		}
		if err := b.openDirIn(name); err != nil {
			return b.wrap("open "+name+" in the private directory of", err)
		}
	}
	if err := b.private.Sync(); err != nil {
		return b.wrap("sync the private directory of", err)
	}
	return b.readStamped()
}

func (b *posix) openDirIn(name string) error {
	r, err := b.private.OpenRef(name)
	if err == nil {
		b.dirs[name] = r.(*ref)
	}
	return err
}

func (b *posix) readStamped() error {
	var a backend.Attr
	switch err := b.private.Stat(stampedName, &a); err {
	case nil:
		b.stamped.Store(true)
	case unix.ENOENT:
	default:
		return b.wrap("look for stamps in", err)
	}
	return nil
}
