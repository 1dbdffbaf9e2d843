package main

import (
	"context"
	"fmt"
	"time"

	"github.com/seamfs/seamfs/fusefs/ctl"
	"github.com/seamfs/seamfs/placement"
	"github.com/seamfs/seamfs/placement/move"
)

var _ namespace = (*mounted)(nil)

// progressEach is how often a wait tells how far it is.
const progressEach = 500 * time.Millisecond

// Status fills in all of the report but Mount.
func (m *mounted) Status(_ context.Context, path string, tree bool) (*ctl.Report, error) {
	n, err := m.resolve(path)
	if err != nil {
		return nil, err
	}
	defer m.fs.Release(n)
	r := &ctl.Report{Schema: ctl.Schema, Status: m.mover.Status(n)}
	if tree {
		for _, s := range m.mover.Jobs(n) {
			if s.State == move.Settled {
				r.Finished = append(r.Finished, s)
			} else {
				r.Moves = append(r.Moves, s)
			}
		}
	}
	m.fillMount(r)
	return r, nil
}

// fillMount fills in what is of the whole mount.
func (m *mounted) fillMount(r *ctl.Report) {
	s := m.mover.Summary()
	r.Counters = ctl.Counters{
		Queued: s.Queued, Copying: s.Copying, Switching: s.Switching, Pinned: s.Pinned,
		Parked: s.Parked, Paused: s.Paused, Failed: s.Failed, Settled: s.Moved,
		BytesDone: s.BytesDone, BytesTotal: s.BytesTotal, BytesMoved: s.MovedBytes,
		Misplaced: s.Foreign, LostFound: m.fs.LostFound(),
	}
	r.Scan = ctl.Scan{Running: s.Scanning, Errors: s.ScanErrors}
	r.Requests = m.server.Requests()
	for i, b := range m.backends {
		p := b.Props()
		info := ctl.Backend{
			Name: p.Name, Path: ctl.EscapePath(p.Path), FSType: p.FSType, UUID: p.UUID.String(),
			Volatile: p.Volatile, Private: m.cfg.Backends[i].Tmpfs,
		}
		if st, err := b.Statfs(); err == nil {
			info.Total = int64(st.Blocks) * int64(st.Frsize)
			info.Free = int64(st.Bavail) * int64(st.Frsize)
		}
		r.Backends = append(r.Backends, info)
	}
	for _, rule := range m.cfg.Rules {
		r.Rules = append(r.Rules, ctl.Rule{Prefix: ctl.EscapePath(rule.Prefix), Backends: rule.Backends, IO: rule.IO})
	}
}

func (m *mounted) resolve(path string) (*placement.Node, error) {
	n, err := m.fs.Resolve(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", ctl.EscapePath(path), err)
	}
	return n, nil
}

// Which tells where an object is and belongs.
func (m *mounted) Which(_ context.Context, path string) (*ctl.Which, error) {
	n, err := m.resolve(path)
	if err != nil {
		return nil, err
	}
	defer m.fs.Release(n)
	s := m.mover.Status(n)
	return &ctl.Which{Schema: ctl.Schema, Path: s.Path, Backend: s.Backend, Home: s.Home, State: s.State}, nil
}

// Wait waits until nothing under path is on its way.
func (m *mounted) Wait(ctx context.Context, path string, progress func(ctl.Progress)) (*ctl.WaitResult, error) {
	n, err := m.resolve(path)
	if err != nil {
		return nil, err
	}
	defer m.fs.Release(n)
	stop := m.report(n, progress)
	o, err := m.mover.Wait(ctx, n)
	stop()
	if err != nil {
		return nil, err
	}
	res := &ctl.WaitResult{Schema: ctl.Schema, Settled: o.Settled(), ScanErrors: o.ScanErrors}
	if !res.Settled {
		for _, s := range m.mover.Jobs(n) {
			if s.State != move.Settled {
				res.Unsettled = append(res.Unsettled, s)
			}
		}
	}
	return res, nil
}

// report tells how far the moves at and below n are, until stop.
func (m *mounted) report(n *placement.Node, progress func(ctl.Progress)) (stop func()) {
	quit, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(progressEach)
		defer tick.Stop()
		for {
			select {
			case <-quit:
				return
			case <-tick.C:
			}
			s := m.mover.Status(n)
			progress(ctl.Progress{
				Phase: ctl.PhaseSettling, Pending: s.Pending,
				BytesDone: s.BytesDone, BytesTotal: s.BytesTotal,
			})
		}
	}()
	return func() { close(quit); <-done }
}

// Drain settles what durable rules cover, and tells what is left.
func (m *mounted) Drain(ctx context.Context, progress func(ctl.Progress)) (*ctl.Left, error) {
	stop := m.report(m.fs.Root(), progress)
	o, err := m.mover.Drain(ctx, true)
	stop()
	left := &ctl.Left{Schema: ctl.Schema, Objects: o.Left, Bytes: o.Bytes, Complete: o.ScanErrors == 0 && err == nil}
	on := make(map[string]*ctl.BackendLeft)
	for _, s := range m.mover.Jobs(m.fs.Root()) {
		if s.State == move.Settled {
			continue
		}
		b := on[s.Backend]
		if b == nil {
			b = &ctl.BackendLeft{Name: s.Backend}
			on[s.Backend] = b
		}
		b.Objects++
		b.Bytes += s.BytesTotal
	}
	for _, b := range m.backends {
		if l := on[b.Props().Name]; l != nil {
			l.Path = ctl.EscapePath(b.Props().Path)
			left.Backends = append(left.Backends, *l)
		}
	}
	if ctx.Err() != nil {
		err = nil // the time is up; what is left is told
	}
	return left, err
}

// Unmount detaches the mount; EBUSY if it is in use.
func (m *mounted) Unmount() error { return m.server.Unmount() }

// Gone is closed when the kernel has ended the mount.
func (m *mounted) Gone() <-chan struct{} { return m.server.Done() }

// Close stops the moves and closes the backends.
func (m *mounted) Close() error { return m.close() }
