package fusefs

import (
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"strconv"

	"github.com/hanwen/go-fuse/v2/fuse"
	"golang.org/x/sys/unix"

	"github.com/seamfs/seamfs/placement"
)

// Server is one mount that is being served. Its methods may be called from
// several goroutines at once.
type Server struct {
	fs         *FS
	mountpoint string
	dev        int // a duplicate of the descriptor of /dev/fuse, to ask whether it is connected
	notify     *notifier
	done       chan struct{}
}

// Mount mounts the namespace and serves it until the kernel ends the session.
// It returns when the mount answers. On an error nothing stays mounted. The
// namespace, the status source and what they need stay the caller's to close,
// after Wait.
func Mount(opts Options, ns *placement.FS, status StatusSource) (*Server, error) {
	fd, err := attach(&opts)
	if err != nil {
		return nil, err
	}
	s, err := serve(fd, opts, newFS(opts, ns, status))
	if err != nil {
		return nil, errors.Join(err, detach(opts.Mountpoint, unix.MNT_DETACH))
	}
	var root unix.Statfs_t
	if err := unix.Statfs(opts.Mountpoint, &root); err != nil {
		err = fmt.Errorf("first request to %s: %w", opts.Mountpoint, err)
		return nil, errors.Join(err, detach(opts.Mountpoint, unix.MNT_DETACH))
	}
	return s, nil
}

// serve starts to answer requests that come through fd, which it takes over.
func serve(fd int, opts Options, fs *FS) (*Server, error) {
	dev, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 3)
	if err != nil {
		_ = unix.Close(fd)
		return nil, fmt.Errorf("duplicate the descriptor of /dev/fuse: %w", err)
	}
	raw, err := fuse.NewServer(fs, "/dev/fd/"+strconv.Itoa(fd), protocol(fs.log))
	if err != nil {
		_ = unix.Close(dev)
		return nil, fmt.Errorf("start the FUSE session: %w", err)
	}
	s := &Server{fs: fs, mountpoint: opts.Mountpoint, dev: dev, done: make(chan struct{})}
	fs.alive = s.connected
	// A negative offset leaves the pages alone. The kernel may not know the
	// inode (any more), or the session have ended: both are fine.
	fs.forgetAttr = func(id uint64) { _ = raw.InodeNotify(id, -1, 0) }
	s.notify = newNotifier(fs.forgetAttr)
	go func() {
		raw.Serve()
		s.notify.close()
		_ = unix.Close(dev)
		close(s.done)
	}()
	return s, nil
}

// connected tells whether the kernel still listens: not so after an abort,
// for instance by umount -f. It is asked from within requests, so the
// descriptor is open.
func (s *Server) connected() bool {
	p := []unix.PollFd{{Fd: int32(s.dev)}}
	_, err := unix.Poll(p, 0)
	return err != nil || p[0].Revents&unix.POLLERR == 0
}

// Requests returns how many requests there were, by the opcode's name in
// linux/fuse.h. Those that were none are left out.
func (s *Server) Requests() map[string]uint64 { return s.fs.counts.byName() }

// InvalidateInode makes the kernel ask anew for the attributes of an object;
// its data stays cached. It never blocks and may be called with locks held:
// the notification is sent a little later.
func (s *Server) InvalidateInode(id uint64) { s.notify.add(id) }

// Unmount unmounts; EBUSY while something is in use. The session has ended
// when Wait returns.
func (s *Server) Unmount() error { return detach(s.mountpoint, 0) }

// Done is closed when the kernel has ended the session (by Unmount, umount(8)
// or an abort), all requests are answered and all handles are released.
func (s *Server) Done() <-chan struct{} { return s.done }

// Wait waits for Done.
func (s *Server) Wait() { <-s.done }

func detach(mountpoint string, flags int) error {
	if err := unix.Unmount(mountpoint, flags|unix.UMOUNT_NOFOLLOW); err != nil {
		return fmt.Errorf("unmount %s: %w", mountpoint, err)
	}
	return nil
}

// crash logs a panic of a handler and goes on panicking, which ends the
// process; see the package documentation.
func crash(log *slog.Logger, p any) fuse.Status {
	log.Error("panic in a request: the daemon ends", "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
	panic(p)
}
