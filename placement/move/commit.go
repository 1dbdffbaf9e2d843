package move

import (
	"context"
	"errors"
	"fmt"

	"github.com/seamfs/seamfs/placement"
)

// commit moves what a batch has gathered, and empties it.
func (m *Mover) commit(ctx context.Context, b *batch) {
	groups := b.groups
	b.groups, b.files, b.bytes = nil, 0, 0
	for _, g := range groups {
		m.commitGroup(ctx, g)
	}
}

// commitGroup makes copies durable, switches, makes that durable, and removes
// the sources. A failed step concerns one job, a failed sync all of them.
func (m *Mover) commitGroup(ctx context.Context, g *group) {
	jobs := m.each(ctx, g.jobs, func(j *job) error { return m.converge(ctx, j) })
	if len(jobs) == 0 {
		return
	}
	if err := m.sync(g, jobs, false); err != nil {
		for _, j := range jobs {
			m.amiss(ctx, j, fmt.Errorf("make the copy durable: %w", err))
		}
		return
	}
	// From here on a stop is not heeded: it takes a moment only.
	jobs = m.switchAll(ctx, jobs)
	if len(jobs) == 0 {
		return
	}
	if err := m.sync(g, jobs, true); err != nil {
		for _, j := range jobs {
			m.fail(j, fmt.Errorf("make the move durable: %w", err))
		}
		return
	}
	for _, j := range jobs {
		m.removeSource(j)
	}
}

// each does a step for every job and returns those that it went well for.
func (m *Mover) each(ctx context.Context, jobs []*job, step func(*job) error) []*job {
	var well []*job
	for _, j := range jobs {
		err := ctx.Err()
		if err == nil {
			err = step(j)
		}
		if err != nil {
			m.amiss(ctx, j, err)
			continue
		}
		well = append(well, j)
	}
	return well
}

// sync makes what was done for jobs durable: the object alone if there is but
// one, else the backend at once, because a sync for each costs far more.
// Relocation.Sync would sync the backend too for a directory, and for a copy
// that isn't a regular file, but its failure would not be known to others.
func (m *Mover) sync(g *group, jobs []*job, switched bool) error {
	if j := jobs[0]; len(jobs) == 1 && (j.regular || switched && !j.dir) {
		return j.rel.Sync()
	}
	return g.to.sync(g.mark)
}

// switchAll switches the jobs and returns those that it went well for. Busy
// ones are tried again a few times, and then put off with their copy kept.
func (m *Mover) switchAll(ctx context.Context, jobs []*job) []*job {
	var switched []*job
	for try := 0; len(jobs) > 0; try++ {
		if try > 0 {
			pause(ctx, m.clk, busyPause<<(try-1), m.stopping)
		}
		var busy []*job
		for _, j := range jobs {
			switch err := j.rel.Switch(); {
			case err == nil:
				m.setSwitching(j)
				switched = append(switched, j)
			case errors.Is(err, placement.ErrBusy) && try < busyTries:
				busy = append(busy, j)
			default:
				m.amiss(ctx, j, err)
			}
		}
		jobs = busy
	}
	return switched
}

func (m *Mover) setSwitching(j *job) {
	m.mu.Lock()
	m.set(j, Switching)
	m.mu.Unlock()
}

// removeSource is the last step. The object is settled whether it succeeds or
// not: a source that is left is hidden, and the namespace removes it later.
func (m *Mover) removeSource(j *job) {
	if err := j.rel.Finish(); err != nil {
		path, _ := m.ns.Path(j.node)
		m.log.Warn("source of a move is left for later", "path", path, "error", err)
	}
	m.finish(j, true)
}
