package main

import "context"

// mount is the mount command.
func (a *app) mount(ctx context.Context, args []string) error {
	f := newMountFlags()
	if err := parse(f.set, args, 1, 1); err != nil {
		return err
	}
	cfg, err := f.config(f.set.Arg(0), false)
	if err != nil {
		return err
	}
	return a.mountConfigured(ctx, cfg)
}

// prepare checks everything that can be checked without a change on disk, and
// fills in what the command line left open.
func (a *app) prepare(cfg *mountConfig) error {
	if err := cfg.resolve(); err != nil {
		return err
	}
	return newMachine().check(cfg)
}

// mountConfigured mounts, in the foreground or with a daemon.
func (a *app) mountConfigured(ctx context.Context, cfg *mountConfig) error {
	if err := a.prepare(cfg); err != nil {
		return err
	}
	switch {
	case cfg.DryRun:
		return a.dryRun(cfg)
	case cfg.Foreground:
		log, closeLog, err := openLog(cfg, a.stderr)
		if err != nil {
			return err
		}
		defer closeLog()
		return serve(ctx, cfg, a.platform, log, func() error { return nil })
	default:
		return startDaemon(cfg)
	}
}
