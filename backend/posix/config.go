package posix

import (
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"sync"

	"github.com/seamfs/seamfs/backend"
	"golang.org/x/sys/unix"
)

// Config says which directory becomes a backend.
type Config struct {
	Name string // as users call it
	Path string // an existing directory
	// ReadOnlyProbe changes nothing on disk and holds no lock afterwards: it
	// makes no private directory and no marks. Properties that only a trial
	// tells are taken from what is known of the filesystem type. Of the
	// backend that it gives, Private returns nil where nothing is there yet,
	// and MarkStamped fails with EROFS.
	ReadOnlyProbe bool
	Logger        *slog.Logger // nil: no log
	Rand          io.Reader    // source of a new UUID; nil: crypto/rand
}

// Open opens the directory as a backend, marks it as one if it is new, takes
// its lock and probes its properties. It returns when the marks are durable.
// Errors are backend.ErrMissing, ErrNotDir, ErrReadOnly, ErrBusy, ErrForeign,
// ErrKernel or what the system gave, wrapped with name, path and what to do;
// after one, nothing that this call made is left on disk.
//
// It sets the process's umask to 0, which would otherwise be applied to what
// is made for users.
func Open(cfg Config) (backend.Backend, error) {
	path, err := filepath.Abs(cfg.Path)
	if err != nil {
		return nil, fmt.Errorf("backend %s: %w", cfg.Name, err)
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.Rand == nil {
		cfg.Rand = rand.Reader
	}
	unix.Umask(0)
	b := newPosix(cfg, path)
	if err := b.open(cfg); err != nil {
		if cerr := b.Close(); cerr != nil {
			b.log.Error("close backend", "name", cfg.Name, "error", cerr)
		}
		return nil, err
	}
	return b, nil
}

func newPosix(cfg Config, path string) *posix {
	b := &posix{
		log:    cfg.Logger,
		dirs:   make(map[string]*ref),
		syncFD: -1, lockFD: -1, procFD: -1,
		self:      backend.Cred{UID: uint32(unix.Geteuid()), GID: uint32(unix.Getegid())},
		mayBecome: mayBecome(),
		raiseCaps: !capsSurvive(),
	}
	b.props.Name, b.props.Path = cfg.Name, path
	b.dirents = sync.Pool{New: func() any { return new([direntBuf]byte) }}
	b.buffers = sync.Pool{New: func() any { return new([copyBlock]byte) }}
	return b
}

func (b *posix) open(cfg Config) error {
	if err := b.openRoot(); err != nil {
		return err
	}
	if cfg.ReadOnlyProbe {
		return b.look(cfg)
	}
	made, err := b.mark(cfg)
	if err == nil {
		err = b.probe()
	}
	if err != nil && made {
		b.unmark()
	}
	return err
}

// openRoot opens the root and finds out which filesystem it is on.
func (b *posix) openRoot() error {
	fd, err := unix.Open(b.props.Path, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	switch err {
	case nil:
	case unix.ENOENT:
		return b.fail(backend.ErrMissing, err, "make it first")
	case unix.ENOTDIR:
		return b.fail(backend.ErrNotDir, err, "name a directory")
	default:
		return b.wrap("open", err)
	}
	b.root = &ref{b: b, fd: fd}
	if b.procFD, err = unix.Open("/proc/self/fd", unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0); err != nil {
		return b.fail(backend.ErrKernel, err, "mount /proc")
	}
	if b.syncFD, err = b.root.openDir(); err != nil {
		return b.wrap("open", err)
	}
	if err := b.checkKernel(); err != nil {
		return err
	}
	return b.identifyFS()
}

// fail says what is wrong and what to do about it.
func (b *posix) fail(sentinel, cause error, advice string) error {
	return fmt.Errorf("backend %s: %s: %w (%s): %w", b.props.Name, b.props.Path, sentinel, advice, cause)
}

func (b *posix) wrap(verb string, err error) error {
	return fmt.Errorf("backend %s: %s %s: %w", b.props.Name, verb, b.props.Path, err)
}
