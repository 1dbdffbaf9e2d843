package main

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/seamfs/seamfs/backend"
	"github.com/seamfs/seamfs/backend/posix"
	"github.com/seamfs/seamfs/fusefs/ctl"
)

// check looks at the paths of cfg and at the machine, without a change on disk,
// and adds the rule for "/" if it is missing. Only a dead mount of ours is
// taken away.
func (m *machine) check(cfg *mountConfig) error {
	if err := m.checkMountpoint(cfg); err != nil {
		return err
	}
	if err := checkLayout(cfg); err != nil {
		return err
	}
	if err := cfg.addRootRule(m.volatile); err != nil {
		return err
	}
	if cfg.DryRun {
		return nil
	}
	if err := m.checkFUSE(); err != nil {
		return err
	}
	if err := waitForPredecessor(cfg, predecessorPatience); err != nil {
		return err
	}
	for _, b := range cfg.Backends {
		if err := checkBackend(&b); err != nil {
			return err
		}
	}
	return checkLogFile(cfg)
}

// checkMountpoint clears a dead mount of ours and refuses a live one.
func (m *machine) checkMountpoint(cfg *mountConfig) error {
	mounts, err := ctl.Mounts()
	if err != nil {
		return err
	}
	top := ctl.TopAt(mounts, cfg.Mountpoint)
	if top == nil || top.FSType != ctl.FSType {
		return nil
	}
	if !isDead(cfg.Mountpoint) {
		return fail(exitBusy, "%s is a seamfs mount already", cfg.Mountpoint)
	}
	if cfg.DryRun {
		return fail(exitBusy, "%s holds a dead seamfs mount; a real mount would clear it first", cfg.Mountpoint)
	}
	return clearDead(cfg.Mountpoint)
}

// isDead tells whether the daemon of the mount at path is gone. It asks for the
// space, because the kernel may still answer stat(2) by itself.
func isDead(path string) bool {
	var fs unix.Statfs_t
	return errors.Is(unix.Statfs(path, &fs), unix.ENOTCONN)
}

// clearDead takes a dead mount away. Those who still have files of it open
// get ENOTCONN as before.
func clearDead(path string) error {
	if err := unix.Unmount(path, unix.MNT_DETACH|unix.UMOUNT_NOFOLLOW); err != nil {
		return fail(exitFailed, "clear the dead mount at %s: %w", path, err)
	}
	return nil
}

// checkLayout refuses roots that are missing or overlap. A private tmpfs can't
// overlap anything, unless somebody mounts in our run directory.
func checkLayout(cfg *mountConfig) error {
	roots := make(map[string]string)
	for _, b := range cfg.Backends {
		if !b.Tmpfs {
			roots[b.Name] = b.Path
		}
	}
	if err := posix.CheckLayout(cfg.Mountpoint, roots); err != nil {
		return &exitError{exitUsage, err}
	}
	return nil
}

// addRootRule adds the rule for "/" if it isn't written: the only durable
// backend.
func (c *mountConfig) addRootRule(volatile func(path string) (bool, error)) error {
	if c.rule("/") != nil {
		return nil
	}
	var durable []string
	for _, b := range c.Backends {
		if b.Tmpfs {
			continue
		}
		v, err := volatile(b.Path)
		if err != nil {
			return usage("backend %s: look at %s: %w", b.Name, b.Path, err)
		}
		if !v {
			durable = append(durable, b.Name)
		}
	}
	switch len(durable) {
	case 0:
		return usage("no rule for / and no durable backend to take: add --rule /=NAME")
	case 1:
		c.Rules = append(c.Rules, ruleConfig{Prefix: "/", Backends: durable, IO: c.implied.IO})
		return nil
	default:
		return usage("no rule for / and several durable backends (%s): add --rule /=NAME", strings.Join(durable, ", "))
	}
}

// checkBackend refuses a directory that can't be written, or that another
// mount uses. The daemon looks again; this is for a clear error before
// anything is done.
func checkBackend(b *backendConfig) error {
	if b.Tmpfs {
		return nil
	}
	if err := unix.Access(b.Path, unix.W_OK|unix.X_OK); err != nil {
		return usage("backend %s: %s can't be written: %w", b.Name, b.Path, err)
	}
	free, err := lockIsFree(filepath.Join(b.Path, backend.PrivateDir, "lock"))
	if err != nil {
		return usage("backend %s: look at its lock: %w", b.Name, err)
	}
	if !free {
		return fail(exitBusy, "backend %s: %s is in use by another seamfs mount", b.Name, b.Path)
	}
	return nil
}

// lockIsFree tells whether nobody holds the flock of a file or directory;
// where there is none, nobody does.
func lockIsFree(path string) (bool, error) {
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if errors.Is(err, unix.ENOENT) {
		return true, nil
	}
	if err != nil {
		return false, &os.PathError{Op: "open", Path: path, Err: err}
	}
	defer unix.Close(fd)
	err = unix.Flock(fd, unix.LOCK_SH|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return false, nil
	}
	return err == nil, err
}

// checkLogFile makes sure that the daemon will be able to log.
func checkLogFile(cfg *mountConfig) error {
	if cfg.LogFile == "" {
		return nil
	}
	if slices.Contains([]string{"/", "."}, filepath.Base(cfg.LogFile)) {
		return usage("log file %s is a directory", cfg.LogFile)
	}
	var st unix.Stat_t
	err := unix.Stat(cfg.LogFile, &st)
	switch {
	case err == nil && st.Mode&unix.S_IFMT == unix.S_IFDIR:
		return usage("log file %s is a directory", cfg.LogFile)
	case err == nil:
		err = unix.Access(cfg.LogFile, unix.W_OK)
	case errors.Is(err, unix.ENOENT):
		err = unix.Access(filepath.Dir(cfg.LogFile), unix.W_OK|unix.X_OK)
	}
	if err != nil {
		return usage("log file %s can't be written: %w", cfg.LogFile, err)
	}
	return nil
}

const (
	// predecessorPatience bounds how long a mount waits for the end of the one
	// before it, which umount(8) leaves closing its backends.
	predecessorPatience = 10 * time.Second
	lockPoll            = 20 * time.Millisecond
)

// waitForPredecessor waits until the daemon of an earlier mount at the same
// place has ended.
func waitForPredecessor(cfg *mountConfig, patience time.Duration) error {
	deadline := time.Now().Add(patience)
	for {
		free, err := lockIsFree(cfg.runDir())
		if err != nil {
			return fail(exitFailed, "look at the run directory of %s: %w", cfg.Mountpoint, err)
		}
		if free {
			return nil
		}
		if time.Now().After(deadline) {
			return fail(exitBusy, "an earlier mount at %s is still settling; 'seamfs umount %s' waits for it", cfg.Mountpoint, cfg.Mountpoint)
		}
		time.Sleep(lockPoll)
	}
}
