package main

import (
	"context"

	"github.com/spf13/pflag"
)

// caller tells who calls us with SOURCE MOUNTPOINT -o OPTIONS.
type caller int

const (
	byMount     caller = iota // mount(8), as mount.seamfs or mount.fuse.seamfs
	byMountFuse               // mount.fuse3, as seamfs
)

// isMountCall tells whether the arguments are those of mount.fuse3:
// SOURCE MOUNTPOINT -o OPTIONS.
func isMountCall(args []string) bool {
	call := newCallFlags()
	return call.set.Parse(args) == nil && call.set.NArg() == 2 && call.set.Changed("options")
}

// callFlags are the flags of a mount helper, which mean other things than
// those of the mount command.
type callFlags struct {
	set       *pflag.FlagSet
	options   []string
	fake      bool
	namespace string
}

func newCallFlags() *callFlags {
	f := &callFlags{set: newFlags("mount")}
	f.set.StringArrayVarP(&f.options, "options", "o", nil, "mount options")
	f.set.BoolVarP(&f.fake, "fake", "f", false, "check, but don't mount")
	f.set.BoolP("no-mtab", "n", false, "ignored")
	f.set.BoolP("sloppy", "s", false, "ignored")
	f.set.BoolP("verbose", "v", false, "ignored")
	f.set.StringP("types", "t", "", "ignored")
	f.set.StringVarP(&f.namespace, "namespace", "N", "", "refused")
	return f
}

// parseCall understands the arguments of a mount helper. fake tells that
// everything is to be checked and nothing mounted.
func parseCall(args []string, from caller) (cfg *mountConfig, fake bool, err error) {
	call := newCallFlags()
	if err := parse(call.set, args, 2, 2); err != nil {
		return nil, false, err
	}
	if call.namespace != "" {
		return nil, false, usage("mounting in another namespace isn't supported")
	}
	f := newMountFlags()
	f.options = call.options
	cfg, err = f.config(call.set.Arg(1), from == byMountFuse)
	if err != nil {
		return nil, false, err
	}
	if cfg.Source == "seamfs" && call.set.Arg(0) != "" {
		cfg.Source = call.set.Arg(0)
	}
	return cfg, call.fake, nil
}

// mountCall mounts as a mount helper does.
func (a *app) mountCall(ctx context.Context, args []string, from caller) error {
	cfg, fake, err := parseCall(args, from)
	if err != nil {
		return err
	}
	if fake {
		return a.prepare(cfg)
	}
	return a.mountConfigured(ctx, cfg)
}
