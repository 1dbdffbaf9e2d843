package move

import (
	"context"

	"github.com/seamfs/seamfs/placement"
)

// maxReasons bounds the reasons in an Outcome.
const maxReasons = 10

// Outcome tells what a wait ended with.
type Outcome struct {
	Left       int64    // objects that are not settled
	Bytes      int64    // allocated by them
	Reasons    []string // why, for the first few
	ScanErrors int64    // directories that could not be read, so that nobody knows
}

// Settled tells that nothing is left.
func (o Outcome) Settled() bool { return o.Left == 0 && o.ScanErrors == 0 }

// Wait waits until nothing that was at or below n at the call is unsettled, or
// what is left has failed or is parked. Scans that could find more are waited
// for first. The error is that of ctx, or tells that the mover was stopped;
// the outcome is valid then too.
func (m *Mover) Wait(ctx context.Context, n *placement.Node) (Outcome, error) {
	return m.waitFor(ctx, n)
}

func (m *Mover) waitFor(ctx context.Context, n node) (Outcome, error) {
	err := m.awaitScans(ctx, m.covering(m.activeScans(), n))
	m.tellIfDue(n)
	jobs := m.below(n)
	if err == nil {
		err = m.awaitAll(ctx, jobs, func() []*job { return m.below(n) }, (*job).stuck)
	}
	o := m.outcome(jobs)
	o.ScanErrors = m.scanErrors(n)
	if p := m.ns.Place(n); !p.Settled && !p.Due && o.Left == 0 && !n.Gone() {
		o.Left, o.Reasons = 1, []string{notDue}
	}
	return o, err
}

// outcome adds up the unfinished ones of jobs.
func (m *Mover) outcome(jobs []*job) Outcome {
	m.mu.Lock()
	defer m.mu.Unlock()
	var o Outcome
	for _, j := range jobs {
		if j.ended || j.node.Gone() {
			continue
		}
		o.Left++
		o.Bytes += j.total
		if j.err != "" && len(o.Reasons) < maxReasons {
			o.Reasons = append(o.Reasons, j.err)
		}
	}
	return o
}
