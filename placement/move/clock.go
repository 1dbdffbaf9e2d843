package move

import (
	"context"
	"time"
)

// clock tells the time and wakes up; tests have their own.
type clock interface {
	Now() time.Time
	// AfterFunc calls f in its own goroutine after d, unless stop is called
	// before.
	AfterFunc(d time.Duration, f func()) (stop func())
}

// wallClock is the system's clock.
type wallClock struct{ now func() time.Time }

func (c wallClock) Now() time.Time { return c.now() }

func (c wallClock) AfterFunc(d time.Duration, f func()) (stop func()) {
	t := time.AfterFunc(d, f)
	return func() { t.Stop() }
}

// pause waits for d, or until ctx is done or cut is closed.
func pause(ctx context.Context, clk clock, d time.Duration, cut <-chan struct{}) {
	woken := make(chan struct{})
	stop := clk.AfterFunc(d, func() { close(woken) })
	defer stop()
	select {
	case <-woken:
	case <-cut:
	case <-ctx.Done():
	}
}
