package move

import "context"

// Drain moves, without delay or rate, all that is due, or with durableOnly
// what is due under rules whose first backend is durable, until nothing of it
// is left or ctx ends. It waits for scans. What is at rest is tried once more
// and then not waited for. The outcome tells what is left; the error is that
// of ctx, or tells that the mover was stopped.
func (m *Mover) Drain(ctx context.Context, durableOnly bool) (Outcome, error) {
	count := &m.drainsAll
	if durableOnly {
		count = &m.drains
	}
	m.addTo(count, 1)
	defer m.addTo(count, -1)
	all := func() []*job {
		return m.unfinished(func(j *job) bool { return j.durable || !durableOnly || !j.admitted })
	}
	last := make(map[*job]int)
	err := m.drain(ctx, all, last)
	o := m.outcome(all())
	o.ScanErrors = sumErrors(m.flawedScans())
	return o, err
}

// drain goes on until it sees no job and no scan that it hasn't seen before.
func (m *Mover) drain(ctx context.Context, all func() []*job, last map[*job]int) error {
	rest := func(j *job) bool { return j.resting() && j.attempts > last[j] }
	for {
		scans := m.activeScans()
		if err := m.awaitScans(ctx, scans); err != nil {
			return err
		}
		jobs := all()
		news := len(scans) > 0
		m.mu.Lock()
		for _, j := range jobs {
			if _, seen := last[j]; !seen {
				news = true
				last[j] = m.tryOnce(j)
			}
		}
		m.mu.Unlock()
		if !news {
			return nil
		}
		if err := m.awaitAll(ctx, jobs, all, rest); err != nil {
			return err
		}
	}
}

func (m *Mover) addTo(count *int, d int) {
	m.mu.Lock()
	*count += d
	m.mu.Unlock()
}
