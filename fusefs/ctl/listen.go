package ctl

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// Listen makes the control socket, in a directory of mode 0700 that is made if
// it is missing, both owned by owner. A socket that an earlier daemon left is
// replaced, so the caller must know that no other daemon serves this mount.
func Listen(socket string, owner int) (*net.UnixListener, error) {
	dir := filepath.Dir(socket)
	if err := MakePrivateDir(dir, owner); err != nil {
		return nil, err
	}
	if err := os.Remove(socket); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("remove old control socket: %w", err)
	}
	var l *net.UnixListener
	err := withShortPath(socket, func(path string) (err error) {
		l, err = net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", socket, err)
	}
	// The path may have gone through a descriptor that is closed now.
	l.SetUnlinkOnClose(false)
	if err := restrict(socket, owner, 0o600); err != nil {
		l.Close()
		return nil, err
	}
	return l, nil
}

// MakePrivateDir makes dir with mode 0700 for owner, and its parents with mode
// 0755 where they are missing. A directory that is there is corrected.
func MakePrivateDir(dir string, owner int) error {
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return fmt.Errorf("make run directory: %w", err)
	}
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("make run directory: %w", err)
	}
	var st unix.Stat_t
	if err := unix.Lstat(dir, &st); err != nil {
		return fmt.Errorf("stat run directory %s: %w", dir, err)
	}
	if st.Mode&unix.S_IFMT != unix.S_IFDIR {
		return fmt.Errorf("run directory %s: %w", dir, unix.ENOTDIR)
	}
	return restrict(dir, owner, 0o700)
}

// restrict sets the owner, if it isn't this process's, and the mode.
func restrict(path string, owner int, mode os.FileMode) error {
	if owner != os.Geteuid() {
		if err := os.Lchown(path, owner, -1); err != nil {
			return fmt.Errorf("give %s to its owner: %w", path, err)
		}
	}
	if err := os.Chmod(path, mode); err != nil {
		return fmt.Errorf("restrict %s: %w", path, err)
	}
	return nil
}
