package posix

import "golang.org/x/sys/unix"

func (r *ref) Flags(name string) (flags uint32, err error) {
	err = r.opened(name, func(fd int) error {
		flags, err = getFlags(fd)
		return err
	})
	return flags, err
}

func (r *ref) SetFlags(name string, flags uint32) error {
	return r.opened(name, func(fd int) error { return setFlags(fd, flags) })
}

// opened calls fn with a regular file or directory opened for reading, because
// an O_PATH descriptor takes no ioctl. Other types have no flags.
func (r *ref) opened(name string, fn func(fd int) error) error {
	fd, err := r.openFile(name, unix.O_RDONLY)
	switch err {
	case unix.EISDIR:
		fd, err = r.openDirNamed(name)
	case unix.ELOOP, unix.ENXIO:
		err = unix.EOPNOTSUPP
	}
	if err != nil {
		return err
	}
	err = fn(fd)
	_ = unix.Close(fd)
	return err
}

// openDirNamed opens the referenced directory, or one in it, for reading.
func (r *ref) openDirNamed(name string) (int, error) {
	if name == "" {
		return r.openDir()
	}
	var c cname
	if err := c.object(name); err != nil {
		return -1, err
	}
	how := unix.OpenHow{Flags: unix.O_RDONLY | unix.O_DIRECTORY | unix.O_NOFOLLOW | unix.O_CLOEXEC, Resolve: resolve}
	return openat2(r.fd, &c, &how)
}

func (f *file) Flags() (uint32, error) { return getFlags(f.fd) }

func (f *file) SetFlags(flags uint32) error { return setFlags(f.fd, flags) }

func getFlags(fd int) (flags uint32, err error) {
	err = retry(func() error {
		flags, err = unix.IoctlGetUint32(fd, unix.FS_IOC_GETFLAGS)
		return noFlags(err)
	})
	return flags, err
}

func setFlags(fd int, flags uint32) error {
	return retry(func() error {
		return noFlags(unix.IoctlSetPointerInt(fd, unix.FS_IOC_SETFLAGS, int(flags)))
	})
}

// noFlags gives one name to what filesystems without flags say.
func noFlags(err error) error {
	if err == unix.ENOTTY || err == unix.ENOSYS {
		return unix.EOPNOTSUPP
	}
	return err
}
