package move

import (
	"context"
	"errors"
	"math"

	"github.com/seamfs/seamfs/placement"
)

// errOutrun pins a file whose writers leave no moment to switch.
var errOutrun = errors.New("written to faster than it can be copied")

// begin begins the relocation of a job; false if there is none, and the job
// has been dealt with.
func (m *Mover) begin(j *job) bool {
	j.done.Store(0)
	for try := 0; ; try++ {
		rel, err := m.ns.Begin(j.node)
		if err == nil {
			m.mu.Lock()
			j.rel, j.total = rel, rel.Bytes()
			j.large = j.regular && j.total >= m.opt.BatchBytes
			m.mu.Unlock()
			return true
		}
		if !errors.Is(err, placement.ErrRetarget) || try >= retargets {
			m.amiss(context.Background(), j, err)
			return false
		}
	}
}

// stage makes the copy.
func (m *Mover) stage(ctx context.Context, j *job) error {
	err := j.rel.Stage(ctx, func(bytes int64) {
		j.done.Add(bytes)
		m.mu.Lock()
		m.speed.add(m.clk.Now(), bytes)
		rush := j.rush
		m.mu.Unlock()
		if rush != nil {
			m.limiter.spend(ctx, m.clk, bytes, rush)
		}
	})
	if err == nil {
		j.staged = true
	}
	return err
}

// converge copies what was written meanwhile until so little is written during
// a round that the switch can copy the rest within its pause.
func (m *Mover) converge(ctx context.Context, j *job) error {
	if !j.regular {
		return nil
	}
	last, steady := int64(math.MaxInt64), 0
	for range catchUps {
		left, err := j.rel.CatchUp(ctx)
		if err != nil {
			return err
		}
		if left <= smallLeft {
			return nil
		}
		if left < last-last/8 {
			steady = 0
		} else if steady++; steady >= 3 {
			if left <= steadyLeft {
				return nil
			}
			break
		}
		last = left
	}
	return errOutrun
}
