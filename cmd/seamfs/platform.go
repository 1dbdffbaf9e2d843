package main

import (
	"context"
	"log/slog"

	"github.com/seamfs/seamfs/fusefs/ctl"
)

// platform is what serve needs of the packages below; tests have their own.
type platform interface {
	// Prepare readies the process: umask, capabilities, limits.
	Prepare() error
	// MountTmpfs mounts a tmpfs of size bytes at dir, or adopts the one that
	// is there.
	MountTmpfs(dir string, size int64) (adopted bool, err error)
	// UnmountTmpfs drops the tmpfs at dir with its content, and dir.
	UnmountTmpfs(dir string) error
	// Open opens the backends of cfg, each at its Path, joins them and mounts
	// the namespace at cfg.Mountpoint. It returns when the mount answers
	// requests; getxattr of "seamfs.ctl" on its root gives cfg.socket(). After
	// an error nothing is mounted or locked.
	Open(cfg *mountConfig, log *slog.Logger) (namespace, error)
}

// namespace is one mounted namespace. Status, Which, Wait and Drain are as in
// [ctl.Service], and work until Close, also when the mount is gone.
type namespace interface {
	// Status fills in all of the report but Mount.
	Status(ctx context.Context, path string, tree bool) (*ctl.Report, error)
	Which(ctx context.Context, path string) (*ctl.Which, error)
	Wait(ctx context.Context, path string, progress func(ctl.Progress)) (*ctl.WaitResult, error)
	// Drain settles what durable rules cover until that is done or ctx ends,
	// which is no error: what is left is then told in either case.
	Drain(ctx context.Context, progress func(ctl.Progress)) (*ctl.Left, error)
	// Unmount detaches the mount from the tree of files; EBUSY if it is in use.
	Unmount() error
	// Gone is closed when the kernel has ended the mount, whoever unmounted it.
	Gone() <-chan struct{}
	// Close stops the moves and closes the backends; their locks are free when
	// it returns. The mount is gone.
	Close() error
}
