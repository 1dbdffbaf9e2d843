package move

import (
	"context"
	"slices"
)

// scan is one walk through a tree.
type scan struct {
	dir        node // nil for all that lies on foreign backends
	done       chan struct{}
	tries      int
	unreadable int64
}

// scans are all scans. Guarded by Mover.mu.
type scans struct {
	order   []*scan        // queued, first to run first
	queued  map[node]*scan // the same, by directory
	running []*scan
	flawed  map[node]*scan // ended with unreadable directories; to be repeated
	active  int            // queued or running
}

// queueScan has dir (nil: everything) scanned, unless that is going to be done
// anyway. The caller holds Mover.mu, and a reference on dir.
func (m *Mover) queueScan(dir node, tries int) {
	s := &m.scans
	if s.queued[dir] != nil {
		return
	}
	if dir != nil {
		m.ns.Hold(dir)
	}
	sc := &scan{dir: dir, done: make(chan struct{}), tries: tries}
	s.queued[dir] = sc
	s.order = append(s.order, sc)
	s.active++
	m.scanWork.Signal()
}

// scanner runs scans.
func (m *Mover) scanner(ctx context.Context) {
	for {
		sc := m.nextScan()
		if sc == nil {
			return
		}
		var err error
		if sc.dir == nil {
			sc.unreadable, err = m.ns.WalkForeign(ctx, m.visitForeign(ctx))
		} else {
			sc.unreadable, err = m.ns.Walk(ctx, sc.dir, func(node) error { return m.throttle(ctx) })
			m.tellIfDue(sc.dir)
		}
		m.admitAll() // before directories cease to wait for what the scan found
		m.endScan(ctx, sc, err)
		m.flush()
	}
}

// nextScan waits for a scan to run; nil when it is all over.
func (m *Mover) nextScan() *scan {
	m.mu.Lock()
	defer m.mu.Unlock()
	for !m.stopped && len(m.scans.order) == 0 {
		m.scanWork.Wait()
	}
	if m.stopped {
		return nil
	}
	sc := m.scans.order[0]
	m.scans.order = m.scans.order[1:]
	delete(m.scans.queued, sc.dir)
	m.scans.running = append(m.scans.running, sc)
	return sc
}

// visitForeign counts what the namespace leaves where it is.
func (m *Mover) visitForeign(ctx context.Context) func(node) error {
	m.mu.Lock()
	m.foreign = 0
	m.mu.Unlock()
	return func(n node) error {
		if p := m.ns.Place(n); !p.Settled && !p.Due {
			m.mu.Lock()
			m.foreign++
			m.mu.Unlock()
		}
		return m.throttle(ctx)
	}
}

// throttle makes a scan wait while very many objects are ready to move.
func (m *Mover) throttle(ctx context.Context) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for !m.stopped && len(m.normal.jobs)+len(m.inbox) > highWater {
		m.room.Wait()
	}
	return ctx.Err()
}

// tellIfDue tells of the top directory of a scan, which the walk itself may
// not have looked up.
func (m *Mover) tellIfDue(n node) {
	if p := m.ns.Place(n); !p.Settled && p.Due && !n.Gone() {
		m.tell(n)
	}
}

// endScan takes a scan out, or sees to it that it is repeated.
func (m *Mover) endScan(ctx context.Context, sc *scan, err error) {
	gone := sc.dir != nil && sc.dir.Gone()
	if err != nil && !gone && ctx.Err() == nil {
		sc.unreadable++
		m.log.Warn("scan ended early", "error", err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	s := &m.scans
	s.running = slices.DeleteFunc(s.running, func(r *scan) bool { return r == sc })
	s.active--
	m.dropFlaw(sc.dir)
	if sc.unreadable > 0 && !gone && ctx.Err() == nil {
		s.flawed[sc.dir] = sc
		m.after(m.opt.backoff(sc.tries, m.opt.BackoffMax), func() {
			if s.flawed[sc.dir] == sc {
				m.queueScan(sc.dir, sc.tries+1)
			}
		})
	} else if sc.dir != nil {
		m.discard = append(m.discard, sc.dir)
	} else if !m.scanned && ctx.Err() == nil {
		m.scanned, m.scannedSeq = true, m.seq
	}
	close(sc.done)
	if s.active == 0 {
		m.unhold()
	}
}

// dropFlaw forgets that an earlier scan of dir met errors. The caller holds
// Mover.mu.
func (m *Mover) dropFlaw(dir node) {
	if old := m.scans.flawed[dir]; old != nil {
		delete(m.scans.flawed, dir)
		if dir != nil {
			m.discard = append(m.discard, dir)
		}
	}
}

// hurryScan lets a queued scan run next. The caller holds Mover.mu.
func (m *Mover) hurryScan(sc *scan) {
	s := &m.scans
	if i := slices.Index(s.order, sc); i > 0 {
		s.order = slices.Insert(slices.Delete(s.order, i, i+1), 0, sc)
	}
}

// discardAll discards the nodes of all scans that won't run. The caller holds
// Mover.mu.
func (s *scans) discardAll(m *Mover) {
	for _, sc := range s.order {
		if sc.dir != nil {
			m.discard = append(m.discard, sc.dir)
		}
	}
	for dir := range s.flawed {
		if dir != nil {
			m.discard = append(m.discard, dir)
		}
	}
	s.order = nil
	clear(s.queued)
	clear(s.flawed)
}
