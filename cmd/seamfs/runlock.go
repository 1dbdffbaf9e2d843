package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/seamfs/seamfs/fusefs/ctl"
)

// runLock is the right to serve one mount point: an flock of its run
// directory. A daemon keeps it from before it opens its backends until they
// are closed.
type runLock struct {
	dir string
	fd  int
}

// lockRunDir makes the run directory and locks it, waiting for a daemon that
// is about to end for as long as patience allows.
func lockRunDir(ctx context.Context, dir string, owner int, patience time.Duration) (*runLock, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		l, err := tryRunLock(dir, owner)
		if !errors.Is(err, unix.EWOULDBLOCK) {
			return l, err
		}
		select {
		case <-ctx.Done():
			return nil, fail(exitBusy, "another seamfs daemon still uses %s", dir)
		case <-time.After(lockPoll):
		}
	}
}

// tryRunLock locks the directory that is at dir after the locking: the one
// that was there before may have been removed by its daemon.
func tryRunLock(dir string, owner int) (*runLock, error) {
	if err := ctl.MakePrivateDir(dir, owner); err != nil {
		return nil, err
	}
	fd, err := unix.Open(dir, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if errors.Is(err, unix.ENOENT) {
		return nil, unix.EWOULDBLOCK
	}
	if err != nil {
		return nil, fmt.Errorf("open run directory %s: %w", dir, err)
	}
	if err := unix.Flock(fd, unix.LOCK_EX|unix.LOCK_NB); err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("lock run directory %s: %w", dir, err)
	}
	var mine, there unix.Stat_t
	err = errors.Join(unix.Fstat(fd, &mine), unix.Lstat(dir, &there))
	if err != nil || mine.Ino != there.Ino || mine.Dev != there.Dev {
		unix.Close(fd)
		return nil, unix.EWOULDBLOCK
	}
	return &runLock{dir: dir, fd: fd}, nil
}

// release unlocks, and removes the directory if nothing is kept in it.
func (l *runLock) release() {
	_ = os.Remove(l.dir)
	unix.Close(l.fd)
}
