package posix

import (
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"

	"github.com/seamfs/seamfs/backend"
	"golang.org/x/sys/unix"
)

var _ backend.Backend = (*posix)(nil)

// posix is one open backend.
type posix struct {
	props backend.Props
	log   *slog.Logger

	root    *ref
	private *ref            // the private directory; nil in a probe of an unmarked one
	dirs    map[string]*ref // those within it
	syncFD  int             // the root opened for reading, for syncfs
	lockFD  int             // holds the flock; -1 in a probe
	procFD  int             // /proc/self/fd

	self      backend.Cred // file system uid and gid of the daemon
	mayBecome bool         // others than self
	raiseCaps bool         // setfsuid drops capabilities
	xattrat   bool         // the kernel has the xattrat calls
	fchmodat2 bool

	markMu  sync.Mutex
	stamped atomic.Bool

	dirents, buffers sync.Pool
}

func (b *posix) Props() *backend.Props { return &b.props }

func (b *posix) Root() backend.Ref { return b.root }

func (b *posix) Private(dir string) backend.Ref {
	if r := b.dirs[dir]; r != nil {
		return r
	}
	return nil
}

func (b *posix) SyncFS() error {
	return retry(func() error { return unix.Syncfs(b.syncFD) })
}

func (b *posix) Statfs() (backend.Statfs, error) {
	var st unix.Statfs_t
	if err := retry(func() error { return unix.Fstatfs(b.syncFD, &st) }); err != nil {
		return backend.Statfs{}, err
	}
	return backend.Statfs{
		Bsize: uint32(st.Bsize), Frsize: uint32(st.Frsize),
		Blocks: st.Blocks, Bfree: st.Bfree, Bavail: st.Bavail,
		Files: st.Files, Ffree: st.Ffree,
		NameLen: uint32(st.Namelen),
	}, nil
}

func (b *posix) Stamped() bool { return b.stamped.Load() }

func (b *posix) MarkStamped() error {
	b.markMu.Lock()
	defer b.markMu.Unlock()
	if b.stamped.Load() {
		return nil
	}
	if b.lockFD < 0 {
		return unix.EROFS // a probe
	}
	if err := b.writeDurably(stampedName, nil); err != nil {
		return b.wrap("mark as stamped", err)
	}
	b.stamped.Store(true)
	return nil
}

func (b *posix) Close() error {
	var errs []error
	for _, r := range b.dirs {
		errs = append(errs, r.Close())
	}
	for _, r := range []*ref{b.private, b.root} {
		if r != nil {
			errs = append(errs, r.Close())
		}
	}
	for _, fd := range []int{b.syncFD, b.procFD, b.lockFD} {
		if fd >= 0 {
			errs = append(errs, unix.Close(fd))
		}
	}
	return errors.Join(errs...)
}
