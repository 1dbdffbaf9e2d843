package move

import (
	"context"
	"errors"
	"maps"
	"slices"
)

// errStopped ends the waits at Stop.
var errStopped = errors.New("mover is stopped")

// await waits until each job is ended, or rest, called with Mover.mu held,
// says that it isn't waited for any longer.
func (m *Mover) await(ctx context.Context, jobs []*job, rest func(*job) bool) error {
	for _, j := range jobs {
		for {
			m.mu.Lock()
			if j.ended || rest(j) {
				m.mu.Unlock()
				break
			}
			changed := j.watched()
			m.mu.Unlock()
			if err := m.sleep(ctx, changed); err != nil {
				return err
			}
		}
	}
	return nil
}

// sleep waits for c to be closed.
func (m *Mover) sleep(ctx context.Context, c <-chan struct{}) error {
	select {
	case <-c:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-m.stopping:
		return errStopped
	}
}

// awaitAll waits as await does. A directory that waits for what is in it, also
// for jobs that are newer than jobs, is waited for as long as any of those
// that all returns goes on.
func (m *Mover) awaitAll(ctx context.Context, jobs []*job, all func() []*job, rest func(*job) bool) error {
	idle := func(j *job) bool { return j.waiting || rest(j) }
	if err := m.await(ctx, jobs, idle); err != nil {
		return err
	}
	for m.any(jobs, func(j *job) bool { return j.waiting }) {
		var live []*job
		for _, j := range all() {
			if m.any([]*job{j}, func(j *job) bool { return !idle(j) }) {
				live = append(live, j)
			}
		}
		if len(live) == 0 {
			return nil
		}
		if err := m.await(ctx, live, idle); err != nil {
			return err
		}
	}
	// One that was passed by may have gone on since.
	if m.any(jobs, func(j *job) bool { return !idle(j) }) {
		return m.awaitAll(ctx, jobs, all, rest)
	}
	return nil
}

// any tells whether is holds, with Mover.mu held, for an unfinished one of
// jobs.
func (m *Mover) any(jobs []*job, is func(*job) bool) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.ContainsFunc(jobs, func(j *job) bool { return !j.ended && is(j) })
}

// unfinished returns the jobs that is says, with Mover.mu held, in the order
// in which they were told.
func (m *Mover) unfinished(is func(*job) bool) []*job {
	m.mu.Lock()
	defer m.mu.Unlock()
	var jobs []*job
	for _, j := range m.jobs {
		if is(j) {
			jobs = append(jobs, j)
		}
	}
	slices.SortFunc(jobs, func(a, b *job) int { return int(a.seq) - int(b.seq) })
	return jobs
}

// below returns the unfinished jobs of n and of what is below it.
func (m *Mover) below(n node) []*job {
	all := m.unfinished(func(*job) bool { return true })
	return slices.DeleteFunc(all, func(j *job) bool { return !m.ns.Below(j.node, n) })
}

// awaitScans waits for the end of scans.
func (m *Mover) awaitScans(ctx context.Context, scans []*scan) error {
	for _, sc := range scans {
		if err := m.sleep(ctx, sc.done); err != nil {
			return err
		}
	}
	return nil
}

// activeScans returns the queued and running scans.
func (m *Mover) activeScans() []*scan {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Concat(m.scans.running, m.scans.order)
}

// covering returns those scans that could find something at or below n.
func (m *Mover) covering(scans []*scan, n node) []*scan {
	return slices.DeleteFunc(scans, func(sc *scan) bool { return !m.covers(sc, n) })
}

func (m *Mover) covers(sc *scan, n node) bool {
	return sc.dir == nil || m.ns.Below(n, sc.dir) || m.ns.Below(sc.dir, n)
}

// scanErrors counts the unreadable directories of scans that cover n and have
// not been repeated well.
func (m *Mover) scanErrors(n node) int64 {
	return sumErrors(m.covering(m.flawedScans(), n))
}

func (m *Mover) flawedScans() []*scan {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Collect(maps.Values(m.scans.flawed))
}

func sumErrors(scans []*scan) (sum int64) {
	for _, sc := range scans {
		sum += sc.unreadable
	}
	return sum
}
