package ctl

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// defaultRunDir is where mounts keep what lives as long as the machine is up.
const defaultRunDir = "/run/seamfs"

// RunDirEnv is the environment variable that overrides the run directory.
const RunDirEnv = "SEAMFS_RUNDIR"

// SocketName is the name of the control socket in a mount's run directory.
const SocketName = "ctl"

// RunDir is the directory that holds one directory for each mount.
func RunDir() string {
	if d := os.Getenv(RunDirEnv); d != "" {
		return d
	}
	return defaultRunDir
}

// MountID names a mount: 12 hexadecimal digits, a digest of the absolute path
// of its mount point. It stays the same from one start to the next.
func MountID(mountpoint string) string {
	sum := sha256.Sum256([]byte(filepath.Clean(mountpoint)))
	return hex.EncodeToString(sum[:6])
}

// MountDir is the run directory of the mount at mountpoint.
func MountDir(mountpoint string) string {
	return filepath.Join(RunDir(), MountID(mountpoint))
}

// SocketPath is the control socket of the mount at mountpoint.
func SocketPath(mountpoint string) string {
	return filepath.Join(MountDir(mountpoint), SocketName)
}

// maxSocketPath is the longest path that a unix socket address takes.
const maxSocketPath = 107

// withShortPath calls fn with a path of the socket that fits in an address:
// where its own is too long, one through a descriptor of its directory.
func withShortPath(socket string, fn func(path string) error) error {
	if len(socket) <= maxSocketPath {
		return fn(socket)
	}
	dir, base := filepath.Split(socket)
	fd, err := unix.Open(dir, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("open directory of %s: %w", socket, err)
	}
	defer unix.Close(fd)
	return fn(fmt.Sprintf("/proc/self/fd/%d/%s", fd, base))
}
