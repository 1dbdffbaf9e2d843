package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"time"

	"golang.org/x/sys/unix"

	"github.com/seamfs/seamfs/fusefs/ctl"
)

// closePatience bounds how long the end of the daemon waits for answers of the
// control socket to be read.
const closePatience = 10 * time.Second

// serve mounts what cfg says and returns when the mount is gone and everything
// is closed. ready is called once, when the mount answers; if it fails, the
// mount is ended again.
func serve(ctx context.Context, cfg *mountConfig, p platform, log *slog.Logger, ready func() error) (err error) {
	// Before the mount exists a signal may simply end the process; from here on
	// each one is seen.
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, unix.SIGTERM, unix.SIGINT)
	defer signal.Stop(signals)
	if err := p.Prepare(); err != nil {
		return fmt.Errorf("prepare process: %w", err)
	}
	owner := os.Getuid()
	lock, err := lockRunDir(ctx, cfg.runDir(), owner, predecessorPatience)
	if err != nil {
		return err
	}
	defer lock.release()
	ns, err := open(cfg, p, log)
	if err != nil {
		return err
	}
	s := newService(cfg, ns, p, log)
	server, err := listen(cfg, s, owner, log)
	if err == nil {
		log.Info("mounted", "mountpoint", cfg.Mountpoint, "source", cfg.Source)
		err = ready()
	}
	if err != nil {
		err = fmt.Errorf("start %s: %w", cfg.Mountpoint, err)
		s.abandon()
	} else {
		err = s.untilEnd(ctx, signals)
	}
	if server != nil {
		closing, cancel := context.WithTimeout(context.Background(), closePatience)
		defer cancel()
		if err := server.Close(closing); err != nil {
			log.Warn("control socket", "error", err)
		}
	}
	os.Remove(cfg.socket())
	return err
}

// open mounts the private tmpfs backends and the namespace. After an error
// those tmpfs that it mounted are dropped again; adopted ones stay.
func open(cfg *mountConfig, p platform, log *slog.Logger) (ns namespace, err error) {
	var fresh []string
	defer func() {
		if err == nil {
			return
		}
		for _, dir := range fresh {
			if err := p.UnmountTmpfs(dir); err != nil {
				log.Warn("drop new tmpfs", "dir", dir, "error", err)
			}
		}
	}()
	for _, b := range cfg.Backends {
		if !b.Tmpfs {
			continue
		}
		adopted, err := p.MountTmpfs(b.Path, b.Size)
		if err != nil {
			return nil, fmt.Errorf("backend %s: %w", b.Name, err)
		}
		if adopted {
			log.Info("adopted tmpfs", "backend", b.Name, "dir", b.Path)
			continue
		}
		fresh = append(fresh, b.Path)
	}
	return p.Open(cfg, log)
}

func listen(cfg *mountConfig, s ctl.Service, owner int, log *slog.Logger) (*ctl.Server, error) {
	l, err := ctl.Listen(cfg.socket(), owner)
	if err != nil {
		return nil, err
	}
	return ctl.Serve(l, s, owner, log), nil
}
