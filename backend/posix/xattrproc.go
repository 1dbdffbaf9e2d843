package posix

import (
	"strconv"

	"golang.org/x/sys/unix"
)

// Extended attributes for kernels before 6.13, by a path through
// /proc/self/fd. An entry is reached below its directory's descriptor, without
// following it; the object itself is what its descriptor's link leads to, also
// when that is a symbolic link.

func (r *ref) procPath(name string) (string, error) {
	path := "/proc/self/fd/" + strconv.Itoa(r.fd)
	if name == "" {
		return path, nil
	}
	var c cname
	return path + "/" + name, c.object(name)
}

func (r *ref) getXattrProc(name, attr string, dst []byte) (int, error) {
	path, err := r.procPath(name)
	switch {
	case err != nil:
		return 0, err
	case name == "":
		return unix.Getxattr(path, attr, dst)
	}
	return unix.Lgetxattr(path, attr, dst)
}

func (r *ref) setXattrProc(name, attr string, value []byte, flags int) error {
	path, err := r.procPath(name)
	switch {
	case err != nil:
		return err
	case name == "":
		return unix.Setxattr(path, attr, value, flags)
	}
	return unix.Lsetxattr(path, attr, value, flags)
}

func (r *ref) listXattrProc(name string, dst []byte) (int, error) {
	path, err := r.procPath(name)
	switch {
	case err != nil:
		return 0, err
	case name == "":
		return unix.Listxattr(path, dst)
	}
	return unix.Llistxattr(path, dst)
}

func (r *ref) removeXattrProc(name, attr string) error {
	path, err := r.procPath(name)
	switch {
	case err != nil:
		return err
	case name == "":
		return unix.Removexattr(path, attr)
	}
	return unix.Lremovexattr(path, attr)
}
