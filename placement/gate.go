package placement

import (
	"sync"
	"time"
)

// gate is the lock of a file's bytes: shared for each read and write,
// exclusive for the switch of a move. Unlike sync.RWMutex it gives up when
// the sharers don't leave in time, and then lets the waiting ones in at once,
// so that one slow write can't hold up all others behind a move.
type gate struct {
	mu     sync.Mutex
	users  int
	closed bool
	wake   chan struct{} // closed when the gate opens again, or users becomes 0
}

func (g *gate) enter() {
	g.mu.Lock()
	for g.closed {
		ch := g.wakeChan()
		g.mu.Unlock()
		<-ch
		g.mu.Lock()
	}
	g.users++
	g.mu.Unlock()
}

func (g *gate) leave() {
	g.mu.Lock()
	g.users--
	if g.users == 0 && g.closed {
		g.broadcast()
	}
	g.mu.Unlock()
}

// close shuts the gate and waits until nobody is inside; false, with the gate
// open again, if that takes longer than the deadline.
func (g *gate) close(deadline time.Duration) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	for g.closed { // another switch of the same file; it is short
		ch := g.wakeChan()
		g.mu.Unlock()
		<-ch
		g.mu.Lock()
	}
	g.closed = true
	if g.users == 0 {
		return true
	}
	timer := time.NewTimer(deadline)
	defer timer.Stop()
	for g.users > 0 {
		ch := g.wakeChan()
		g.mu.Unlock()
		select {
		case <-ch:
			g.mu.Lock()
		case <-timer.C:
			g.mu.Lock()
			if g.users > 0 {
				g.reopen()
				return false
			}
		}
	}
	return true
}

func (g *gate) open() {
	g.mu.Lock()
	g.reopen()
	g.mu.Unlock()
}

func (g *gate) reopen() {
	g.closed = false
	g.broadcast()
}

func (g *gate) wakeChan() chan struct{} {
	if g.wake == nil {
		g.wake = make(chan struct{})
	}
	return g.wake
}

func (g *gate) broadcast() {
	if g.wake != nil {
		close(g.wake)
		g.wake = nil
	}
}
