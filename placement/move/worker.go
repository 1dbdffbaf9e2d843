package move

import "context"

// worker moves what is ready: what somebody waits for, then a large file if
// another worker remains for the small ones, then a batch of small ones.
func (m *Mover) worker(ctx context.Context) {
	ready := func() bool {
		return len(m.inbox) > 0 || len(m.urgent.jobs) > 0 || len(m.normal.jobs) > 0 || m.mayTakeLarge()
	}
	for m.awaitWork(ready) {
		m.round(ctx, true)
		if j := m.takeLarge(); j != nil {
			m.moveAlone(ctx, j)
			m.leaveLarge()
		}
		m.round(ctx, false)
	}
}

// hurrier moves only what somebody waits for, so that it never waits for other
// copies to end.
func (m *Mover) hurrier(ctx context.Context) {
	ready := func() bool { return len(m.inbox) > 0 || len(m.urgent.jobs) > 0 }
	for m.awaitWork(ready) {
		m.round(ctx, true)
	}
}

// round gathers one batch of the urgent or of the other small jobs, and moves
// it. What becomes urgent meanwhile goes first.
func (m *Mover) round(ctx context.Context, urgent bool) {
	take := m.takeNormal
	if urgent {
		take = m.takeUrgent
	}
	b := m.newBatch(urgent)
	for !m.full(b) && ctx.Err() == nil {
		j := take()
		if j == nil {
			break
		}
		if !urgent && m.anyUrgent() {
			m.round(ctx, true)
		}
		m.gather(ctx, b, j)
	}
	m.commit(ctx, b)
}

// gather takes a job into the batch, with its copy made. A large file that
// wasn't known to be one goes alone, after what is in the batch.
func (m *Mover) gather(ctx context.Context, b *batch, j *job) {
	if j.rel == nil && !m.begin(j) {
		return
	}
	if j.rel.Bytes() >= m.opt.BatchBytes {
		m.commit(ctx, b)
		m.moveBegun(ctx, j)
		return
	}
	g := m.join(b, j)
	if !j.staged {
		if err := m.stage(ctx, j); err != nil {
			m.amiss(ctx, j, err)
			return
		}
	}
	b.add(g, j)
}

// moveAlone moves a large file.
func (m *Mover) moveAlone(ctx context.Context, j *job) {
	if j.rel != nil || m.begin(j) {
		m.moveBegun(ctx, j)
	}
}

// moveBegun stages and moves a job alone. The bulk of the data is synced
// before the last catching up, so that little remains for the sync just before
// the switch, during which writers go on.
func (m *Mover) moveBegun(ctx context.Context, j *job) {
	b := m.newBatch(false)
	g := m.join(b, j)
	if !j.staged {
		err := m.stage(ctx, j)
		if err == nil {
			err = j.rel.Sync()
		}
		if err != nil {
			m.amiss(ctx, j, err)
			return
		}
	}
	b.add(g, j)
	m.commit(ctx, b)
}
