package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/seamfs/seamfs/backend"
	"github.com/seamfs/seamfs/backend/posix"
	"github.com/seamfs/seamfs/fusefs"
	"github.com/seamfs/seamfs/placement"
	"github.com/seamfs/seamfs/placement/move"
)

// wired is the platform made of the real packages.
type wired struct{}

var _ platform = wired{}

func newPlatform() platform { return wired{} }

func (wired) Prepare() error { return posix.PrepareProcess() }

func (wired) MountTmpfs(dir string, size int64) (bool, error) { return posix.MountTmpfs(dir, size) }

func (wired) UnmountTmpfs(dir string) error { return posix.UnmountTmpfs(dir) }

// Open opens the backends, joins them, starts the mover and mounts.
func (wired) Open(cfg *mountConfig, log *slog.Logger) (_ namespace, err error) {
	m := &mounted{cfg: cfg, log: log}
	defer func() {
		if err != nil {
			err = errors.Join(err, m.close())
		}
	}()
	if err := m.openBackends(); err != nil {
		return nil, err
	}
	m.fs, err = placement.New(placement.Config{
		Backends: m.backends,
		Rules:    rulesOf(cfg),
		Adopt:    cfg.Adopt,
		Log:      log,
	})
	if err != nil {
		return nil, fmt.Errorf("open the namespace: %w", err)
	}
	m.mover = move.New(m.fs, move.Options{Log: log})
	m.fs.SetMover(m.mover)
	m.server, err = fusefs.Mount(fusefs.Options{
		Mountpoint:    cfg.Mountpoint,
		Source:        cfg.Source,
		Suid:          true, // cfg.Flags decides
		Dev:           true,
		Flags:         cfg.Flags,
		ControlSocket: cfg.socket(),
		Log:           log,
	}, m.fs, statusSource{m.mover})
	if err != nil {
		return nil, err
	}
	m.fs.SetInvalidate(m.server.InvalidateInode)
	m.mover.Start(context.Background())
	return m, nil
}

func (m *mounted) openBackends() error {
	for _, b := range m.cfg.Backends {
		be, err := posix.Open(posix.Config{Name: b.Name, Path: b.Path, Logger: m.log})
		if err != nil {
			return err
		}
		m.backends = append(m.backends, be)
	}
	return nil
}

// rulesOf turns the names of backends into indexes; they were checked before.
func rulesOf(cfg *mountConfig) []placement.Rule {
	index := make(map[string]int, len(cfg.Backends))
	for i, b := range cfg.Backends {
		index[b.Name] = i
	}
	rules := make([]placement.Rule, 0, len(cfg.Rules))
	for _, r := range cfg.Rules {
		pr := placement.Rule{Prefix: r.Prefix}
		for _, name := range r.Backends {
			pr.Backends = append(pr.Backends, index[name])
		}
		rules = append(rules, pr)
	}
	return rules
}

// close ends what was started, in the reverse order.
func (m *mounted) close() error {
	var errs []error
	if m.mover != nil {
		m.mover.Stop()
	}
	if m.fs != nil {
		errs = append(errs, m.fs.Close())
	}
	for _, b := range m.backends {
		if err := b.Close(); err != nil {
			errs = append(errs, fmt.Errorf("close backend %s: %w", b.Props().Name, err))
		}
	}
	return errors.Join(errs...)
}

// mounted is a namespace that is mounted.
type mounted struct {
	cfg      *mountConfig
	log      *slog.Logger
	backends []backend.Backend
	fs       *placement.FS
	mover    *move.Mover
	server   *fusefs.Server
}

// statusSource answers the virtual attributes from the mover.
type statusSource struct{ mover *move.Mover }

var _ fusefs.StatusSource = statusSource{}

func (s statusSource) Status(n *placement.Node) (move.Status, error) { return s.mover.Status(n), nil }
