package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/seamfs/seamfs/fusefs/ctl"
)

// service answers control requests for one namespace and ends it.
//
// Locks: turn, which an ending holds throughout, before mu, which is held for
// moments only.
type service struct {
	cfg     *mountConfig
	ns      namespace
	p       platform
	log     *slog.Logger
	started time.Time

	turn  chan struct{} // holds one token when no ending is under way
	ended chan struct{} // closed when the namespace is closed

	// What ended; set before ended is closed.
	result *ctl.UmountResult
	err    error

	mu       sync.Mutex
	stopping bool
	hasten   context.CancelFunc // cuts the settling under way short, or nil
	closing  bool               // no new requests
	requests sync.WaitGroup     // those that use ns
	base     context.Context    // ends when requests must
	cancel   context.CancelFunc
}

var _ ctl.Service = (*service)(nil)

func newService(cfg *mountConfig, ns namespace, p platform, log *slog.Logger) *service {
	s := &service{
		cfg: cfg, ns: ns, p: p, log: log, started: time.Now(),
		turn: make(chan struct{}, 1), ended: make(chan struct{}),
	}
	s.turn <- struct{}{}
	s.base, s.cancel = context.WithCancel(context.Background())
	return s
}

// enter lets a request use the namespace until it calls leave. ESHUTDOWN if
// the namespace is being closed.
func (s *service) enter(ctx context.Context) (_ context.Context, leave func(), err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing {
		return nil, nil, fmt.Errorf("the mount at %s is ending: %w", s.cfg.Mountpoint, unix.ESHUTDOWN)
	}
	s.requests.Add(1)
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(s.base, cancel)
	return ctx, func() { stop(); cancel(); s.requests.Done() }, nil
}

// shut ends all requests and lets no more in.
func (s *service) shut() {
	s.mu.Lock()
	s.closing = true
	s.mu.Unlock()
	s.cancel()
	s.requests.Wait()
}

// explain says why a request was cut off, if the end of the mount did it.
func (s *service) explain(err error) error {
	if errors.Is(err, context.Canceled) && s.base.Err() != nil {
		return fmt.Errorf("the mount at %s is ending: %w", s.cfg.Mountpoint, unix.ESHUTDOWN)
	}
	return err
}

// Status reports about a path.
func (s *service) Status(ctx context.Context, path string, tree bool) (*ctl.Report, error) {
	ctx, leave, err := s.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	r, err := s.ns.Status(ctx, path, tree)
	if err != nil {
		return nil, s.explain(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	r.Mount = ctl.MountInfo{
		ID: ctl.MountID(s.cfg.Mountpoint), Mountpoint: ctl.EscapePath(s.cfg.Mountpoint),
		PID: os.Getpid(), Version: buildVersion().version, Started: s.started, Stopping: s.stopping,
	}
	return r, nil
}

// Which tells where an object is.
func (s *service) Which(ctx context.Context, path string) (*ctl.Which, error) {
	ctx, leave, err := s.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	res, err := s.ns.Which(ctx, path)
	return res, s.explain(err)
}

// Wait waits until nothing under path is on its way.
func (s *service) Wait(ctx context.Context, path string, progress func(ctl.Progress)) (*ctl.WaitResult, error) {
	ctx, leave, err := s.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	res, err := s.ns.Wait(ctx, path, progress)
	return res, s.explain(err)
}

// Drain settles what durable rules cover.
func (s *service) Drain(ctx context.Context, timeout time.Duration, progress func(ctl.Progress)) (*ctl.Left, error) {
	ctx, leave, err := s.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	res, err := s.ns.Drain(ctx, progress)
	return res, s.explain(err)
}
