package main

import (
	"errors"

	"golang.org/x/sys/unix"
)

// machine is what a mount needs of the machine; tests replace parts of it.
type machine struct {
	fuse     string // the FUSE device
	hasCap   func(capability int) (bool, error)
	volatile func(path string) (bool, error)
}

func newMachine() *machine {
	return &machine{fuse: "/dev/fuse", hasCap: hasCap, volatile: isVolatile}
}

// dockerFlags let a container mount.
const dockerFlags = "--cap-add SYS_ADMIN --device /dev/fuse --security-opt apparmor=unconfined"

// checkFUSE refuses a machine that can't mount, and says what helps.
func (m *machine) checkFUSE() error {
	ok, err := m.hasCap(unix.CAP_SYS_ADMIN)
	if err != nil {
		return fail(exitMachine, "look up own capabilities: %w", err)
	}
	if !ok {
		return fail(exitMachine, "mounting needs CAP_SYS_ADMIN: run as root; in docker: %s", dockerFlags)
	}
	fd, err := unix.Open(m.fuse, unix.O_RDWR|unix.O_CLOEXEC, 0)
	switch {
	case err == nil:
		return unix.Close(fd)
	case errors.Is(err, unix.ENOENT), errors.Is(err, unix.ENODEV), errors.Is(err, unix.ENXIO):
		return fail(exitMachine, "%s is missing: modprobe fuse; in docker: --device /dev/fuse", m.fuse)
	default:
		return fail(exitMachine, "%s can't be opened (%w); in docker: %s", m.fuse, err, dockerFlags)
	}
}

// hasCap tells whether a capability is effective.
func hasCap(capability int) (bool, error) {
	hdr := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if err := unix.Capget(&hdr, &data[0]); err != nil {
		return false, err
	}
	return data[capability/32].Effective&(1<<(capability%32)) != 0, nil
}

// isVolatile tells whether the content of a directory vanishes at power loss.
func isVolatile(path string) (bool, error) {
	var fs unix.Statfs_t
	if err := unix.Statfs(path, &fs); err != nil {
		return false, err
	}
	// The type's width differs between architectures.
	magic := uint32(fs.Type)
	return magic == unix.TMPFS_MAGIC || magic == unix.RAMFS_MAGIC, nil
}
