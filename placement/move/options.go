package move

import (
	"log/slog"
	"time"
)

// Options say how eagerly to move. The zero value of a field means its
// default.
type Options struct {
	Workers    int           // moves at once, without hurried ones; default 2
	BatchFiles int           // small objects that share their syncs; default 256
	BatchBytes int64         // bytes that share their syncs; a file of this size goes alone; default 64 MiB
	Delay      time.Duration // how long a misplaced object rests before it moves, unless hurried; default 0
	Rate       int64         // bytes copied each second, without hurried ones; 0 for no limit
	BackoffMin time.Duration // before the first retry, doubled for each further one; default 1 s
	BackoffMax time.Duration // between retries after errors; default 5 min
	Log        *slog.Logger  // default: discard
	Now        func() time.Time
}

// Limits that need no option.
const (
	batchAge      = 2 * time.Second       // a batch isn't gathered for longer (with a low rate)
	pinnedMax     = 30 * time.Second      // between retries of a pinned object
	pokeGap       = 50 * time.Millisecond // between retries of a pinned object that is told misplaced again
	pokeShare     = 10                    // … and this many times what the last attempt took
	busyTries     = 6                     // switches of a batch before the busy ones are put off
	busyPause     = 2 * time.Millisecond  // before the second such try, doubled for each further one
	busyDelay     = 50 * time.Millisecond // for what is put off
	busyRests     = 12                    // … until it is pinned
	busyDoublings = 6                     // … doubled at most so often
	hurryTries    = 100                   // of what can't move for an instant, when it is hurried
	hurryPause    = 50 * time.Millisecond // between those
	retargets     = 3                     // new beginnings at once after a rename
	catchUps      = 20                    // rounds of catching up with a writer
	smallLeft     = 1 << 20               // written to during a round: little enough to switch
	steadyLeft    = 4 << 20               // the same, when it shrinks no more
	admitChunk    = 256                   // objects told that are looked at at once
	highWater     = 50000                 // objects ready to move above which scans wait
	recentCount   = 1000                  // finished jobs that status remembers
	recentAge     = 60 * time.Second      // … and for how long
)

func (o Options) withDefaults() Options {
	o.Workers = orDefault(o.Workers, 2)
	o.BatchFiles = orDefault(o.BatchFiles, 256)
	o.BatchBytes = orDefault(o.BatchBytes, 64<<20)
	o.BackoffMin = orDefault(o.BackoffMin, time.Second)
	o.BackoffMax = orDefault(o.BackoffMax, 5*time.Minute)
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

func orDefault[T int | int64 | time.Duration](v, def T) T {
	if v <= 0 {
		return def
	}
	return v
}

// backoff is the pause before retry number fails+1.
func (o *Options) backoff(fails int, limit time.Duration) time.Duration {
	d := o.BackoffMin << min(fails, 20)
	return min(d, max(limit, o.BackoffMin))
}
