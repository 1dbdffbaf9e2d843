package move

import "time"

// fifo is a list of ready jobs. A job that moved on to another list stays in
// it and is left out when its turn comes. Guarded by Mover.mu.
type fifo struct {
	slot slot
	jobs []*job
}

func (f *fifo) push(j *job) {
	j.slot = f.slot
	f.jobs = append(f.jobs, j)
}

func (f *fifo) pop() *job {
	for len(f.jobs) > 0 {
		j := f.jobs[0]
		f.jobs[0] = nil
		f.jobs = f.jobs[1:]
		if j.slot == f.slot {
			return j
		}
	}
	f.jobs = nil // let go of the array
	return nil
}

// enqueue puts a job into the list where it is ready, or lets a directory
// wait. The caller holds Mover.mu.
func (m *Mover) enqueue(j *job) {
	j.waiting = false
	switch {
	case j.dir && m.children(j) > 0:
		j.waiting, j.slot = true, slotNone
		if j.resting() {
			m.set(j, Queued) // what it waits for has jobs now
		}
		j.announce()
		return
	case j.dir && !j.hurried && m.scans.active > 0:
		j.slot = slotHeld
		m.held = append(m.held, j)
		return
	case j.hurried:
		m.urgent.push(j)
	case j.large:
		m.large.push(j)
	default:
		m.normal.push(j)
	}
	m.work.Broadcast()
}

// later makes a job ready after d. The caller holds Mover.mu.
func (m *Mover) later(j *job, d time.Duration) {
	due := m.clk.Now().Add(d)
	j.slot, j.due = slotTimed, due
	m.after(d, func() {
		if j.slot == slotTimed && j.due.Equal(due) {
			m.enqueue(j)
		}
	})
}

// hurry moves a job to the front. One at rest stays so. The caller holds
// Mover.mu.
func (m *Mover) hurry(j *job) {
	if j.hurried || j.ended {
		return
	}
	j.hurried = true
	if j.batch != nil {
		j.batch.closed.Store(true)
	}
	if j.rush != nil {
		close(j.rush)
		j.rush = nil
	}
	switch {
	case !j.admitted || j.waiting || j.slot == slotRunning:
	case j.slot == slotTimed && j.resting():
	case j.state == Failed:
	default:
		m.enqueue(j)
	}
}

// unhold makes the directories ready that waited for the end of scans. The
// caller holds Mover.mu.
func (m *Mover) unhold() {
	held := m.held
	m.held = nil
	for _, j := range held {
		if j.slot == slotHeld {
			m.enqueue(j)
		}
	}
}

// takeUrgent returns the next job that somebody waits for, or nil.
func (m *Mover) takeUrgent() *job { return m.take(func() *job { return m.urgent.pop() }) }

// takeNormal returns the next of the others that are small, or nil.
func (m *Mover) takeNormal() *job { return m.take(func() *job { return m.normal.pop() }) }

// takeLarge returns the next large one, or nil, also if enough workers have
// one; leaveLarge makes room for the next.
func (m *Mover) takeLarge() *job {
	return m.take(func() *job {
		if !m.mayTakeLarge() {
			return nil
		}
		j := m.large.pop()
		if j != nil {
			m.larges++
		}
		return j
	})
}

func (m *Mover) mayTakeLarge() bool {
	return len(m.large.jobs) > 0 && m.larges < max(1, m.opt.Workers-1)
}

func (m *Mover) leaveLarge() {
	m.mu.Lock()
	m.larges--
	m.work.Broadcast()
	m.mu.Unlock()
}

func (m *Mover) take(pop func() *job) *job {
	m.admit()
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.stopped {
		return nil
	}
	j := pop()
	for j != nil && j.dir && m.children(j) > 0 {
		m.enqueue(j) // something in it was told since it became ready
		j = pop()
	}
	if j != nil {
		m.attempt(j)
	}
	if len(m.normal.jobs) == highWater/2 || len(m.normal.jobs) == 0 {
		m.room.Broadcast()
	}
	return j
}

// attempt gives a job to a worker. The caller holds Mover.mu.
func (m *Mover) attempt(j *job) {
	j.slot, j.began = slotRunning, m.clk.Now()
	j.attempts++
	if m.opt.Rate > 0 && !j.hurried {
		j.rush = make(chan struct{})
	}
	m.set(j, Copying)
}

// anyUrgent tells whether somebody waits for a job that is ready.
func (m *Mover) anyUrgent() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.urgent.jobs) > 0
}

// awaitWork waits until ready says that there may be something to do; false
// when it is all over.
func (m *Mover) awaitWork(ready func() bool) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	for !m.stopped && !ready() {
		m.work.Wait()
	}
	return !m.stopped
}
