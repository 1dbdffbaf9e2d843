package move

import (
	"context"
	"sync"
	"time"
)

// maxSpend bounds what one report of progress is charged for: a copy tells of
// each few MiB, a reflink of the whole file, which it didn't read.
const maxSpend = 8 << 20

// limiter keeps copying below a rate: whoever copied waits until the bytes are
// paid for.
type limiter struct {
	rate int64 // bytes each second
	mu   sync.Mutex
	paid time.Time // until when all is paid for
}

// spend waits for bytes to be paid for, until ctx is done or cut is closed.
func (l *limiter) spend(ctx context.Context, clk clock, bytes int64, cut <-chan struct{}) {
	now := clk.Now()
	cost := time.Duration(float64(min(bytes, maxSpend)) / float64(l.rate) * float64(time.Second))
	l.mu.Lock()
	if l.paid.Before(now) {
		l.paid = now
	}
	l.paid = l.paid.Add(cost)
	wait := l.paid.Sub(now)
	l.mu.Unlock()
	if wait > 0 {
		pause(ctx, clk, wait, cut)
	}
}
