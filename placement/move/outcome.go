package move

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"syscall"
	"time"

	"github.com/seamfs/seamfs/placement"
)

// amiss deals with an attempt that ended before the switch. It drops the copy,
// but for one that is only busy.
func (m *Mover) amiss(ctx context.Context, j *job, err error) {
	text := m.describe(j, err)
	target := m.target(j.node)
	busy := errors.Is(err, placement.ErrBusy) && j.retries < busyRests
	keep := busy && j.staged && ctx.Err() == nil
	rel := j.rel
	m.mu.Lock()
	j.batch, j.target = nil, target
	j.took = m.clk.Now().Sub(j.began)
	if !keep {
		j.rel, j.staged = nil, false
		j.done.Store(0)
	}
	m.mu.Unlock()
	if rel != nil && !keep {
		rel.Abort()
	}
	switch {
	case errors.Is(err, placement.ErrSettled), errors.Is(err, placement.ErrGone):
		m.finish(j, false)
	case ctx.Err() != nil:
		m.putOff(j, "", func(int) time.Duration { return 0 })
	case errors.Is(err, placement.ErrNotEmpty):
		m.awaitContent(j, err)
	case errors.Is(err, placement.ErrPinned), errors.Is(err, errOutrun), errors.Is(err, placement.ErrBusy) && !busy:
		m.rest(j, Pinned, err, err.Error())
	case errors.Is(err, placement.ErrRetarget):
		// At once, unless it is renamed all the time.
		m.putOff(j, "", func(n int) time.Duration {
			if n < retargets {
				return 0
			}
			return m.opt.backoff(n-retargets, pinnedMax)
		})
	case busy:
		m.putOff(j, text, func(n int) time.Duration { return busyDelay << min(n, busyDoublings) })
	case errors.Is(err, syscall.ENAMETOOLONG):
		m.rest(j, Failed, err, text)
	default:
		m.rest(j, Parked, err, text)
	}
}

// fail gives a job up whose sync failed after the switch: nobody knows what
// reached the disk, so the source is kept and no more is done.
func (m *Mover) fail(j *job, err error) {
	text := m.describe(j, err) + " (the source is kept)"
	if j.rel != nil {
		j.rel.Abandon()
	}
	target := m.target(j.node)
	m.mu.Lock()
	j.rel, j.staged, j.batch, j.target = nil, false, nil, target
	j.final = true
	m.mu.Unlock()
	m.rest(j, Failed, err, text)
}

// describe says what couldn't be done, for people.
func (m *Mover) describe(j *job, err error) string {
	path, ok := m.ns.Path(j.node)
	if !ok {
		path = "(deleted)"
	}
	p := m.ns.Place(j.node)
	to := p.Home
	if j.rel != nil {
		to = j.rel.To()
	}
	if noSpace(err) {
		return fmt.Sprintf("no space on %s to move %s from %s: %v", to.Props().Name, path, p.Resident.Props().Name, err)
	}
	return fmt.Sprintf("move %s from %s to %s: %v", path, p.Resident.Props().Name, to.Props().Name, err)
}

func noSpace(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}

// rest ends an attempt; the next one comes after a pause, or, for a failed
// job, not by itself.
func (m *Mover) rest(j *job, s State, cause error, text string) {
	m.mu.Lock()
	news := text != j.err
	j.err, j.cause = text, cause
	j.retries, j.hurried = 0, false
	m.schedule(j, s)
	j.fails++
	m.set(j, s)
	id, attempts := j.node.ID(), j.attempts
	m.mu.Unlock()
	if news {
		level := slog.LevelWarn
		if s == Pinned {
			level = slog.LevelInfo
		}
		m.log.Log(context.Background(), level, "object does not move",
			"state", string(s), "reason", text, "id", id, "attempts", attempts)
	}
}

// schedule sets the time of the next attempt. The caller holds Mover.mu.
func (m *Mover) schedule(j *job, s State) {
	again := j.again
	j.again = false
	switch {
	case s == Failed:
		j.slot = slotNone
		m.after(m.opt.BackoffMax, func() { m.forgetGone(j) })
	case s == Parked:
		m.later(j, m.opt.backoff(j.fails, m.opt.BackoffMax))
	default:
		m.later(j, m.opt.backoff(j.fails, pinnedMax))
		if again { // what pinned it may have ended during the attempt
			m.sooner(j)
		}
	}
}

// forgetGone ends a failed job once its object was deleted. The caller holds
// Mover.mu.
func (m *Mover) forgetGone(j *job) {
	switch {
	case j.state != Failed || j.ended || j.slot != slotNone:
	case j.node.Gone():
		m.remove(j, false)
	default:
		m.after(m.opt.BackoffMax, func() { m.forgetGone(j) })
	}
}

// putOff makes a job ready again without counting a failure, after what delay
// says for the number of times in a row that this happened before.
func (m *Mover) putOff(j *job, text string, delay func(n int) time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	j.err = text
	m.set(j, Queued)
	m.later(j, delay(j.retries))
	j.retries++
}

// awaitContent lets a directory wait for what is still in it. If there are no
// jobs for that, it is scanned for once.
func (m *Mover) awaitContent(j *job, err error) {
	m.mu.Lock()
	if m.children(j) > 0 || !j.searched {
		m.set(j, Queued)
		if m.children(j) == 0 {
			j.searched = true
			m.queueScan(j.node, 0)
		}
		if m.scans.active > 0 && m.children(j) == 0 {
			// Also if hurried: there's no point in trying before.
			j.slot = slotHeld
			m.held = append(m.held, j)
		} else {
			m.enqueue(j)
		}
		m.mu.Unlock()
		return
	}
	m.mu.Unlock()
	m.rest(j, Pinned, err, err.Error())
}
