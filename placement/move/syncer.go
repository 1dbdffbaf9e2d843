package move

import (
	"sync"
	"sync/atomic"

	"github.com/seamfs/seamfs/backend"
)

// syncer syncs one backend for all batches. The kernel tells a write-back
// error to one syncfs and then forgets it, whosever data it was. So a batch
// notes how many syncs had failed before its first copy, and takes any later
// failure as its own.
type syncer struct {
	to     backend.Backend
	mu     sync.Mutex // one sync at a time
	fails  atomic.Int64
	reason error // of the last failure; guarded by mu
}

// failed returns the mark to be given to sync.
func (s *syncer) failed() int { return int(s.fails.Load()) }

// sync makes all that is written to the backend durable; an error also if a
// sync failed since mark.
func (s *syncer) sync(mark int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.to.SyncFS(); err != nil {
		s.reason = err
		s.fails.Add(1)
	}
	if s.failed() != mark {
		return s.reason
	}
	return nil
}
