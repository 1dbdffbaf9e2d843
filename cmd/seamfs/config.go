package main

import (
	"log/slog"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"github.com/seamfs/seamfs/fusefs/ctl"
)

// mountConfig is all that the command line says about a mount. Its fields are
// exported because the daemon gets it encoded.
type mountConfig struct {
	Source     string // shown as the device in the list of mounts
	Mountpoint string
	Backends   []backendConfig
	Rules      []ruleConfig
	Flags      uintptr // MS_* of mount(2)
	AllowOther bool
	Adopt      bool
	DryRun     bool
	Foreground bool
	Debug      bool
	LogFile    string
	LogLevel   slog.Level
	// SettleTimeout bounds the settling at the end of the mount.
	SettleTimeout time.Duration

	// implied is the rule for "/" if none is written: only its IO is known
	// before the backends are looked at.
	implied ruleConfig
}

// backendConfig is one --backend.
type backendConfig struct {
	Name  string
	Path  string // of the root; for a tmpfs set by resolve
	Tmpfs bool   // seamfs mounts it itself
	Size  int64  // of the tmpfs, in bytes
}

// ruleConfig is one --rule, with the --io for its prefix.
type ruleConfig struct {
	Prefix   string // absolute and clean
	Backends []string
	IO       string // ioManaged, ioPassthrough, or "" for the default
}

// The values of --io.
const (
	ioManaged     = "managed"
	ioPassthrough = "passthrough"
)

// defaultFlags of a mount: what lies in backends gives no rights.
const defaultFlags = unix.MS_NOSUID | unix.MS_NODEV

// resolve makes all paths absolute, which depends on the working directory.
// It touches nothing.
func (c *mountConfig) resolve() error {
	mnt, err := ctl.ResolveMountpoint(c.Mountpoint)
	if err != nil {
		return usage("mount point: %w", err)
	}
	c.Mountpoint = mnt
	for i := range c.Backends {
		b := &c.Backends[i]
		if b.Tmpfs {
			b.Path = c.tmpfsDir(b.Name)
			continue
		}
		if b.Path, err = filepath.Abs(b.Path); err != nil {
			return usage("backend %s: %w", b.Name, err)
		}
	}
	if c.LogFile != "" {
		if c.LogFile, err = filepath.Abs(c.LogFile); err != nil {
			return usage("log file: %w", err)
		}
	}
	return nil
}

// runDir is the mount's directory below /run/seamfs.
func (c *mountConfig) runDir() string { return ctl.MountDir(c.Mountpoint) }

// tmpfsDir is where the private tmpfs of a backend is mounted.
func (c *mountConfig) tmpfsDir(name string) string { return filepath.Join(c.runDir(), name) }

// socket is the mount's control socket.
func (c *mountConfig) socket() string { return ctl.SocketPath(c.Mountpoint) }

// backend returns the backend of that name, or nil.
func (c *mountConfig) backend(name string) *backendConfig {
	for i := range c.Backends {
		if c.Backends[i].Name == name {
			return &c.Backends[i]
		}
	}
	return nil
}
