package fusefs

import (
	"fmt"
	"log/slog"
	"strings"

	"github.com/hanwen/go-fuse/v2/fuse"
	"golang.org/x/sys/unix"
)

// Name is the subtype: the type of the mount is fuse.seamfs.
const Name = "seamfs"

// maxIO is the size of the largest read or write request, in bytes.
const maxIO = 1 << 20

// Options say how to mount.
type Options struct {
	Mountpoint    string  // absolute path of a directory
	Source        string  // first column of df and mount; "" is Name
	Suid          bool    // honour suid, sgid and file capabilities (else MS_NOSUID)
	Dev           bool    // honour device nodes (else MS_NODEV)
	Flags         uintptr // further flags of mount(2), such as MS_RDONLY or MS_NOEXEC
	ControlSocket string  // value of the virtual attribute ctl; "" for none
	Log           *slog.Logger
}

func (o *Options) logger() *slog.Logger {
	if o.Log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return o.Log
}

func (o *Options) source() string {
	if o.Source == "" {
		return Name
	}
	return o.Source
}

func (o *Options) flags() uintptr {
	flags := o.Flags
	if !o.Suid {
		flags |= unix.MS_NOSUID
	}
	if !o.Dev {
		flags |= unix.MS_NODEV
	}
	return flags
}

// attach opens /dev/fuse and mounts it. It is done here and not by go-fuse
// because that leaves the descriptor open across exec, where a child would
// keep a dead daemon's connection alive.
func attach(o *Options) (dev int, err error) {
	dev, err = unix.Open("/dev/fuse", unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, fmt.Errorf("open /dev/fuse: %w", err)
	}
	data := []string{
		fmt.Sprintf("fd=%d", dev),
		fmt.Sprintf("rootmode=%o", unix.S_IFDIR),
		fmt.Sprintf("user_id=%d", unix.Geteuid()),
		fmt.Sprintf("group_id=%d", unix.Getegid()),
		fmt.Sprintf("max_read=%d", maxIO),
		"default_permissions",
		"allow_other",
	}
	err = unix.Mount(o.source(), o.Mountpoint, "fuse."+Name, o.flags(), strings.Join(data, ","))
	if err != nil {
		_ = unix.Close(dev)
		return -1, fmt.Errorf("mount on %s: %w", o.Mountpoint, err)
	}
	return dev, nil
}

// protocol says what is asked of the kernel at INIT.
func protocol(log *slog.Logger) *fuse.MountOptions {
	return &fuse.MountOptions{
		Name:          Name,
		MaxWrite:      maxIO,
		DisableSplice: true, // replies of 1 MiB don't fit a pipe
		MaxBackground: 64,   // read-ahead and asynchronous direct I/O in flight
		// Locks and the caller's identity stay in the kernel; no writeback
		// cache: dirty pages would die with the daemon.
		EnableLocks:              false,
		EnableAcl:                true,
		EnableSymlinkCaching:     true,
		ExplicitDataCacheControl: true, // nobody else changes the data
		ExtraCapabilities: fuse.CAP_HANDLE_KILLPRIV_V2 | // else security.capability is asked for before each write
			fuse.CAP_ATOMIC_O_TRUNC |
			fuse.CAP_DONT_MASK | // default ACLs replace the umask
			fuse.CAP_SETXATTR_EXT | // tells when setting an ACL clears sgid
			fuse.CAP_READDIRPLUS_AUTO |
			fuse.CAP_ASYNC_DIO,
		DisabledCapabilities: fuse.CAP_PASSTHROUGH | fuse.CAP_NO_OPEN_SUPPORT,
		Logger:               slog.NewLogLogger(log.Handler(), slog.LevelWarn),
		PanicHandler:         func(p any) fuse.Status { return crash(log, p) },
	}
}
