package move

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"syscall"

	"github.com/seamfs/seamfs/placement"
)

// Hurry moves n, and if it is a directory what is below it, before all others
// and without delay or rate, and waits until it is settled and durable. It
// also moves what isn't due: it is called because somebody wants durability.
//
// What is pinned, or has been parked for a while, is tried once; if that
// doesn't help, or it was parked just now, or has failed, the error is ENOSPC
// or EIO, and the reason is in the log. If ctx ends first, the error is its,
// and the moves go on.
//
// What others do at this moment (a file made in the directory, a link, a
// rename) can keep an object from moving for an instant: then it is tried
// again a few times.
func (m *Mover) Hurry(ctx context.Context, n *placement.Node) error { return m.hurryNode(ctx, n) }

func (m *Mover) hurryNode(ctx context.Context, n node) error {
	for try := 0; ; try++ {
		err := m.hurryOnce(ctx, n)
		if !errors.Is(err, errMomentary) {
			return err
		}
		if try == hurryTries {
			return syscall.EIO
		}
		pause(ctx, m.clk, hurryPause, m.stopping)
		if err := ctx.Err(); err != nil {
			return err
		}
	}
}

// errMomentary tells that an object could not move because of what somebody
// was doing.
var errMomentary = errors.New("in use at this moment")

func (m *Mover) hurryOnce(ctx context.Context, n node) error {
	if isDir(n) {
		defer m.hurryBelow(n)()
		if err := m.hurryScans(ctx, n); err != nil {
			return err
		}
	}
	if !m.ns.Place(n).Settled && !n.Gone() {
		m.tell(n)
	}
	jobs := m.hurryable(n)
	last := make(map[*job]int) // the attempt after which to give up
	m.mu.Lock()
	for _, j := range jobs {
		last[j] = m.tryOnce(j)
	}
	m.mu.Unlock()
	rest := func(j *job) bool { return j.resting() && j.attempts > last[j] }
	err := m.awaitAll(ctx, jobs, func() []*job { return m.hurryable(n) }, rest)
	if err == errStopped {
		return syscall.EIO
	}
	if err != nil {
		return err
	}
	return m.verdict(jobs, m.hurryable(n))
}

// hurryable returns the jobs that Hurry is about. For anything but a directory
// that is one at most, found without looking through all.
func (m *Mover) hurryable(n node) []*job {
	if isDir(n) {
		return m.below(n)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if j := m.jobs[n]; j != nil {
		return []*job{j}
	}
	return nil
}

// hurryBelow makes urgent what is told below n until undo is called.
func (m *Mover) hurryBelow(n node) (undo func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.hurried[n]++
	return func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		if m.hurried[n]--; m.hurried[n] == 0 {
			delete(m.hurried, n)
		}
	}
}

// hurryScans lets the scans of renamed trees at, above or below n run next,
// and waits for them. The scan of all that an earlier mount left is not waited
// for: it could take too long, and lookups have told of what is in use.
func (m *Mover) hurryScans(ctx context.Context, n node) error {
	var mine []*scan
	for _, sc := range m.activeScans() {
		if sc.dir != nil && m.covers(sc, n) {
			mine = append(mine, sc)
		}
	}
	m.mu.Lock()
	for _, sc := range mine {
		m.hurryScan(sc)
	}
	m.mu.Unlock()
	if err := m.awaitScans(ctx, mine); err == errStopped {
		return syscall.EIO
	} else if err != nil {
		return err
	}
	for _, sc := range mine {
		if sc.unreadable > 0 {
			m.log.Warn("tree cannot be made durable", "reason", fmt.Sprintf("%d unreadable directories", sc.unreadable))
			return syscall.EIO
		}
	}
	return nil
}

// tryOnce hurries a job and, if it is at rest, tries it again, unless that is
// known to be useless. It returns the number of the last attempt whose
// outcome doesn't count. The caller holds Mover.mu.
func (m *Mover) tryOnce(j *job) int {
	m.hurry(j)
	switch {
	case j.slot == slotRunning:
		return j.attempts - 1 // it counts as one
	case !j.resting():
		return j.attempts
	case j.state == Failed:
		return j.attempts - 1
	case j.state == Parked && m.clk.Now().Sub(j.began.Add(j.took)) < m.opt.BackoffMin:
		return j.attempts - 1
	}
	if j.slot == slotTimed {
		m.enqueue(j)
	}
	return j.attempts
}

// verdict returns nil if all of jobs have ended, else the errno for the first
// reason among them and others, on which they may depend. A job that isn't at
// rest now has been given up nevertheless: it may just have begun another try.
func (m *Mover) verdict(jobs, others []*job) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	unended := func(j *job) bool { return !j.ended }
	if !slices.ContainsFunc(jobs, unended) {
		return nil
	}
	for _, j := range slices.Concat(jobs, others) {
		if j.ended || j.cause == nil {
			continue
		}
		m.log.Info("object cannot be made durable now", "id", j.node.ID(), "reason", j.err)
		if noSpace(j.cause) {
			return syscall.ENOSPC
		}
		if momentary(j.cause) {
			return errMomentary
		}
		return syscall.EIO
	}
	return errMomentary // no attempt failed: it is being made, or others come first
}

// momentary tells whether a reason is of the kind that passes by itself.
func momentary(err error) bool {
	return errors.Is(err, placement.ErrNotEmpty) || errors.Is(err, placement.ErrBusy) ||
		errors.Is(err, placement.ErrRetarget)
}
