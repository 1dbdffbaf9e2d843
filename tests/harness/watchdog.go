package harness

import (
	"sync"
	"time"
)

// defaultLimit is how long a daemon lives before its watchdog takes it for
// hung; a test that takes longer calls Limit.
const defaultLimit = 3 * time.Minute

type watchdog struct {
	mu    sync.Mutex
	timer *time.Timer
	fired bool
}

// watch arms a watchdog for the daemon.
func watch(d *Daemon, limit time.Duration) *watchdog {
	w := &watchdog{}
	w.timer = time.AfterFunc(limit, func() {
		w.mu.Lock()
		w.fired = true
		w.mu.Unlock()
		d.t.Errorf("time is up after %v: the daemon's goroutines follow, the connection is aborted", limit)
		m := d.MNT
		d.dump()
		if err := Abort(m); err != nil {
			d.t.Errorf("abort the FUSE connection: %v", err)
		}
	})
	return w
}

// stop disarms the watchdog and tells whether it fired.
func (w *watchdog) stop() bool {
	w.timer.Stop()
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.fired
}

// Limit gives the daemon this much time from now on until the watchdog takes
// it for hung.
func (d *Daemon) Limit(limit time.Duration) {
	if d.dog.stop() {
		d.t.Fatal("the watchdog has fired")
	}
	d.dog = watch(d, limit)
}
