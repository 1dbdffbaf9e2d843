package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/pflag"
	"golang.org/x/sys/unix"

	"github.com/seamfs/seamfs/fusefs/ctl"
)

// umountFlags is the command line of umount.
type umountFlags struct {
	set     *pflag.FlagSet
	settle  durationValue
	discard bool
}

func newUmountFlags() *umountFlags {
	f := &umountFlags{set: newFlags("umount"), settle: durationValue(defaultSettleTimeout)}
	f.set.Var(&f.settle, "settle-timeout", "how long to settle; without it as the mount was told to")
	f.set.BoolVar(&f.discard, "discard-scratch", false, "drop private tmpfs backends on which all is settled")
	return f
}

// options are what the daemon is asked for.
func (f *umountFlags) options() ctl.UmountOptions {
	o := ctl.UmountOptions{DiscardScratch: f.discard}
	if f.set.Changed("settle-timeout") {
		s := time.Duration(f.settle).Seconds()
		o.SettleSeconds = &s
	}
	return o
}

// umount is the umount command.
func (a *app) umount(ctx context.Context, args []string) error {
	f := newUmountFlags()
	if err := parse(f.set, args, 1, 1); err != nil {
		return err
	}
	mnt, err := ctl.ResolveMountpoint(f.set.Arg(0))
	if err != nil {
		return err
	}
	socket, err := a.socketToUmount(mnt)
	if err != nil || socket == "" {
		return err
	}
	return a.umountBy(ctx, ctl.NewClient(socket), f.options())
}

// socketToUmount finds the control socket of the mount at mnt, or of the
// daemon that still settles what umount(8) has unmounted there. A dead mount
// is cleared; the socket is then "".
func (a *app) socketToUmount(mnt string) (string, error) {
	mounts, err := ctl.Mounts()
	if err != nil {
		return "", err
	}
	top := ctl.TopAt(mounts, mnt)
	switch {
	case top == nil, top.FSType != ctl.FSType:
		return socketOfEnding(mnt)
	case top.Root != "/":
		return "", usage("%s is a bind mount of a part of a seamfs mount: use umount(8)", mnt)
	case isDead(mnt):
		if err := clearDead(mnt); err != nil {
			return "", err
		}
		fmt.Fprintf(a.stderr, "%s: the daemon had died; its mount is cleared, and what it left unsettled is kept for the next start\n", ctl.EscapePath(mnt))
		return "", nil
	}
	place, err := ctl.Find(mnt)
	if err != nil {
		return "", err
	}
	return place.Socket, nil
}

// socketOfEnding finds the daemon of a mount that isn't in the tree of files
// any more.
func socketOfEnding(mnt string) (string, error) {
	free, err := lockIsFree(ctl.MountDir(mnt))
	if err != nil {
		return "", err
	}
	if free {
		return "", fail(exitNoMount, "%s is not a seamfs mount", mnt)
	}
	return ctl.SocketPath(mnt), nil
}

// umountBy asks a daemon to unmount, shows progress, and waits for its end.
func (a *app) umountBy(ctx context.Context, c *ctl.Client, o ctl.UmountOptions) error {
	defer c.Close()
	pp := newProgressPrinter(a.stderr, isTerminal(a.stderr), time.Now)
	res, err := c.Umount(ctx, o, pp.show)
	pp.done()
	if err != nil {
		return err
	}
	// Locks are free by now; the process ends right after.
	if err := waitForExit(c.DaemonPID(), closePatience); err != nil {
		return err
	}
	a.sayLeft(res)
	if !res.Left.Nothing() {
		return &exitError{code: exitLeft}
	}
	return nil
}

// sayLeft says what an umount left.
func (a *app) sayLeft(res *ctl.UmountResult) {
	left := &res.Left
	if left.Objects > 0 {
		fmt.Fprintf(a.stderr, "%s (%s) could not be settled and stay where they are, for the next start:\n",
			plural(left.Objects, "object", "objects"), humanBytes(left.Bytes))
		for _, b := range left.Backends {
			if b.Objects > 0 {
				fmt.Fprintf(a.stderr, "  %s: %s (%s) in %s\n", b.Name, plural(b.Objects, "object", "objects"), humanBytes(b.Bytes), b.Path)
			}
		}
	}
	if !left.Complete {
		fmt.Fprintln(a.stderr, "not everything was scanned, so more may be unsettled; it stays where it is, for the next start")
	}
	if len(res.Discarded) > 0 {
		fmt.Fprintf(a.stderr, "discarded scratch: %s\n", strings.Join(res.Discarded, ", "))
	}
	if len(res.Kept) > 0 {
		fmt.Fprintf(a.stderr, "kept in memory for the next start: %s\n", strings.Join(res.Kept, ", "))
	}
}

// waitForExit waits until a process has ended. One that can't be seen from
// here is not waited for.
func waitForExit(pid int, patience time.Duration) error {
	if pid <= 0 {
		return nil
	}
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return nil // it has ended, or lives elsewhere
	}
	defer unix.Close(fd)
	deadline := time.Now().Add(patience)
	for {
		rest := max(time.Until(deadline), 0)
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, int(rest.Milliseconds()))
		switch {
		case errors.Is(err, unix.EINTR):
		case err != nil:
			return fmt.Errorf("wait for the daemon's end: %w", err)
		case n == 0:
			return fail(exitFailed, "unmounted, but the daemon (pid %d) hasn't ended", pid)
		default:
			return nil
		}
	}
}
