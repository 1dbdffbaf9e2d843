package ctl

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// SocketXattr is the virtual xattr of a mount's root that holds the path of
// its control socket.
const SocketXattr = "seamfs.ctl"

// ErrNoMount says that a path doesn't lie in a seamfs mount, or that there is
// none at all.
var ErrNoMount = errors.New("not in a seamfs mount")

// ErrSeveral says that a path must be given, since there are several mounts.
var ErrSeveral = errors.New("several seamfs mounts: name a path in one of them")

// Place is a path within a mount.
type Place struct {
	Mountpoint string // where the filesystem's root, or a bind mount of it, is
	Path       string // within the mount, from "/"
	Socket     string // of the mount's daemon
}

// Find tells which mount a path lies in. The path's last component isn't
// followed if it is a symbolic link in a mount.
func Find(path string) (*Place, error) {
	abs, err := Resolve(path)
	if err != nil {
		return nil, err
	}
	mounts, err := Mounts()
	if err != nil {
		return nil, err
	}
	m := holding(mounts, abs)
	if m == nil || m.FSType != FSType {
		// Perhaps a link from elsewhere into a mount.
		if abs, err = filepath.EvalSymlinks(abs); err != nil {
			return nil, fmt.Errorf("resolve %s: %w", path, cause(err))
		}
		if m = holding(mounts, abs); m == nil || m.FSType != FSType {
			return nil, fmt.Errorf("%s: %w", path, ErrNoMount)
		}
	}
	return placeIn(mounts, m, abs)
}

// FindOnly finds the only mount there is.
func FindOnly() (*Place, error) {
	mounts, err := Mounts()
	if err != nil {
		return nil, err
	}
	var only *MountEntry
	for i := range mounts {
		m := &mounts[i]
		if m.FSType != FSType {
			continue
		}
		if only != nil && only.Dev != m.Dev {
			return nil, ErrSeveral
		}
		if only == nil || m.Root == "/" {
			only = m
		}
	}
	if only == nil {
		return nil, fmt.Errorf("nothing to ask: %w", ErrNoMount)
	}
	return placeIn(mounts, only, only.Mountpoint)
}

// placeIn fills a Place for the resolved path abs in m.
func placeIn(mounts []MountEntry, m *MountEntry, abs string) (*Place, error) {
	rel := strings.TrimPrefix(abs, m.Mountpoint)
	p := &Place{Mountpoint: m.Mountpoint, Path: filepath.Join("/", m.Root, rel)}
	socket, err := socketOf(rootOf(mounts, m))
	if err != nil {
		return nil, err
	}
	p.Socket = socket
	return p, nil
}

// rootOf returns a mount point of the filesystem's root: m's own, unless m is
// a bind mount of something below the root and the root is mounted elsewhere.
func rootOf(mounts []MountEntry, m *MountEntry) string {
	if m.Root == "/" {
		return m.Mountpoint
	}
	for i := range mounts {
		if mounts[i].Dev == m.Dev && mounts[i].Root == "/" {
			return mounts[i].Mountpoint
		}
	}
	return m.Mountpoint
}

// socketOf asks the mounted filesystem for its control socket.
func socketOf(mountpoint string) (string, error) {
	buf := make([]byte, unix.PathMax)
	n, err := unix.Getxattr(mountpoint, SocketXattr, buf)
	if err != nil {
		return "", &UnreachableError{Socket: mountpoint, Err: err}
	}
	return string(bytes.TrimRight(buf[:n], "\x00")), nil
}

// cause drops the inner path of an error of package os, which the message
// around it names already.
func cause(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}

// Resolve makes a path absolute and free of symbolic links but for its last
// component, which it doesn't even look at: it may be a dead mount.
func Resolve(path string) (string, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", fmt.Errorf("make %s absolute: %w", path, err)
	}
	if abs == "/" {
		return abs, nil
	}
	dir, err := filepath.EvalSymlinks(filepath.Dir(abs))
	if err != nil {
		return "", fmt.Errorf("resolve %s: %w", path, cause(err))
	}
	return filepath.Join(dir, filepath.Base(abs)), nil
}

// ResolveMountpoint makes a path absolute and free of symbolic links, as the
// kernel lists it, also when a dead mount is there.
func ResolveMountpoint(path string) (string, error) {
	abs, err := Resolve(path)
	if err != nil {
		return "", err
	}
	real, err := filepath.EvalSymlinks(abs)
	if errors.Is(err, unix.ENOTCONN) {
		return abs, nil
	}
	if err != nil {
		return "", fmt.Errorf("resolve %s: %w", path, cause(err))
	}
	return real, nil
}
