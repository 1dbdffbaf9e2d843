package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/seamfs/seamfs/fusefs/ctl"
)

// untilEnd returns when the mount has ended: by the control socket, a signal,
// or umount(8).
func (s *service) untilEnd(ctx context.Context, signals <-chan os.Signal) error {
	gone, cancelled := s.ns.Gone(), ctx.Done()
	for {
		select {
		case <-s.ended:
			return s.err
		case sig := <-signals:
			s.log.Info("ending the mount", "signal", sig.String())
			if !s.hurry() {
				go s.endBySelf()
			}
		case <-cancelled:
			cancelled = nil
			go s.endBySelf()
		case <-gone:
			gone = nil
			go s.endBySelf()
		}
	}
}

// endBySelf ends the mount with its own settle timeout. If it is in use it
// serves on.
func (s *service) endBySelf() {
	if _, err := s.end(context.Background(), s.cfg.SettleTimeout, false, func(ctl.Progress) {}); err != nil {
		s.log.Error("end the mount", "mountpoint", s.cfg.Mountpoint, "error", err)
	}
}

// Umount settles, unmounts and closes, as the request says.
func (s *service) Umount(ctx context.Context, o ctl.UmountOptions, progress func(ctl.Progress)) (*ctl.UmountResult, error) {
	timeout := s.cfg.SettleTimeout
	if o.SettleSeconds != nil {
		var err error
		if timeout, err = ctl.Seconds(*o.SettleSeconds); err != nil {
			return nil, err
		}
	}
	return s.end(ctx, timeout, o.DiscardScratch, progress)
}

// hurry cuts the settling of an ending short; false if none is under way.
func (s *service) hurry() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.hasten == nil {
		return false
	}
	s.hasten()
	return true
}

// begin waits for its turn to end the namespace. first is false if another
// has ended it meanwhile.
func (s *service) begin(ctx context.Context) (first bool, err error) {
	select {
	case <-s.turn:
	case <-s.ended:
		return false, nil
	case <-ctx.Done():
		return false, ctx.Err()
	}
	select {
	case <-s.ended:
		s.turn <- struct{}{}
		return false, nil
	default:
		return true, nil
	}
}

// setStopping notes that an ending begins or is given up.
func (s *service) setStopping(stopping bool, hasten context.CancelFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stopping, s.hasten = stopping, hasten
}

// end settles until timeout, unmounts, settles what was written meanwhile, and
// closes. Before it is unmounted, an error (EBUSY, the end of ctx) leaves the
// mount serving.
func (s *service) end(ctx context.Context, timeout time.Duration, discard bool, progress func(ctl.Progress)) (*ctl.UmountResult, error) {
	first, err := s.begin(ctx)
	if err != nil {
		return nil, err
	}
	if !first {
		return s.result, s.err
	}
	defer func() { s.turn <- struct{}{} }()
	settling, cancel := context.WithTimeout(context.WithoutCancel(ctx), timeout)
	defer cancel()
	s.setStopping(true, cancel)
	if err := s.unmount(ctx, settling, progress); err != nil {
		s.setStopping(false, nil)
		return nil, err
	}
	left := s.settleRest(settling, progress)
	s.setStopping(true, nil)
	progress(ctl.Progress{Phase: ctl.PhaseClosing, Pending: left.Objects})
	s.result, s.err = s.finish(left, discard)
	close(s.ended)
	return s.result, s.err
}

// unmount settles while the mount still serves, and unmounts it, unless it is
// gone already.
func (s *service) unmount(ctx, settling context.Context, progress func(ctl.Progress)) error {
	if s.isGone() {
		return nil
	}
	// A client that leaves takes its request back.
	settling, cancel := context.WithCancel(settling)
	defer cancel()
	defer context.AfterFunc(ctx, cancel)()
	if _, err := s.ns.Drain(settling, progress); err != nil {
		s.log.Warn("settle before unmounting", "error", err)
	}
	if s.isGone() {
		return nil
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	progress(ctl.Progress{Phase: ctl.PhaseUnmounting})
	if err := s.ns.Unmount(); err != nil {
		if errors.Is(err, unix.EBUSY) {
			return fmt.Errorf("%s is in use and stays mounted: %w", s.cfg.Mountpoint, err)
		}
		return fmt.Errorf("unmount %s: %w", s.cfg.Mountpoint, err)
	}
	<-s.ns.Gone()
	return nil
}

func (s *service) isGone() bool {
	select {
	case <-s.ns.Gone():
		return true
	default:
		return false
	}
}

// settleRest settles what is left when nobody can write any more, and counts
// it.
func (s *service) settleRest(settling context.Context, progress func(ctl.Progress)) *ctl.Left {
	left, err := s.ns.Drain(settling, progress)
	if err != nil {
		s.log.Warn("settle after unmounting", "error", err)
	}
	if left == nil {
		left = &ctl.Left{}
	}
	return left
}

// finish closes the namespace and drops or keeps its private tmpfs backends.
func (s *service) finish(left *ctl.Left, discard bool) (*ctl.UmountResult, error) {
	s.shut()
	err := s.ns.Close()
	if err != nil {
		err = fmt.Errorf("close %s: %w", s.cfg.Mountpoint, err)
	}
	res := &ctl.UmountResult{Left: *left}
	for _, b := range s.cfg.Backends {
		if !b.Tmpfs {
			continue
		}
		if err == nil && discard && left.Complete && left.On(b.Name) == 0 {
			if derr := s.p.UnmountTmpfs(b.Path); derr == nil {
				res.Discarded = append(res.Discarded, b.Name)
				continue
			} else {
				s.log.Warn("discard scratch", "backend", b.Name, "error", derr)
			}
		}
		res.Kept = append(res.Kept, b.Name)
	}
	s.log.Info("unmounted", "mountpoint", s.cfg.Mountpoint,
		"left_objects", left.Objects, "left_bytes", left.Bytes, "kept", res.Kept, "discarded", res.Discarded)
	return res, err
}

// abandon ends a mount whose start has failed.
func (s *service) abandon() {
	if _, err := s.end(context.Background(), 0, false, func(ctl.Progress) {}); err != nil {
		s.log.Error("give up the mount", "error", err)
	}
}
