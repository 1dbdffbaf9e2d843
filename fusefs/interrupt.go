package fusefs

import (
	"context"
	"syscall"
	"time"
)

// lookAgain is how often the caller of an interrupted request is looked at.
const lookAgain = 100 * time.Millisecond

// waitContext returns a context for a request that may wait long, which ends
// when nobody waits for the reply any more: the caller is about to die, or the
// connection has ended.
//
// The kernel sends one INTERRUPT for the first signal of any kind, be it a
// SIGCHLD, a timer, or the one that Go's runtime preempts its threads with.
// SA_RESTART doesn't restart a FUSE fsync, and no disk filesystem gives EINTR
// there, so programs take it for a failed fsync. Hence from the interrupt on
// the signals pending for the caller decide, looked at until the end, since a
// fatal one may follow a harmless one.
func (fs *FS) waitContext(cancel <-chan struct{}, tid uint32) (context.Context, context.CancelFunc) {
	ctx, stop := context.WithCancel(context.Background())
	go func() {
		select {
		case <-ctx.Done():
			return
		case <-cancel:
		}
		tick := time.NewTicker(lookAgain)
		defer tick.Stop()
		for fs.alive() && !fs.dying(tid) {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
		}
		stop()
	}()
	return ctx, stop
}

// dying tells whether a thread has a fatal signal pending or is gone. Of a
// thread that can't be looked at (0: it lives in a foreign PID namespace) it
// isn't assumed: its wait goes on to the end, which is what it asked for.
func (fs *FS) dying(tid uint32) bool {
	if tid == 0 {
		return false
	}
	s, err := readThread(tid)
	if err != nil {
		return gone(err)
	}
	return s.fatal()
}

// signalBit is a signal's bit in the masks of /proc/PID/status.
func signalBit(s syscall.Signal) uint64 { return 1 << (s - 1) }

// harmless are the signals that by default are ignored or stop the process.
// All others end it.
func harmless() uint64 {
	return signalBit(syscall.SIGCHLD) | signalBit(syscall.SIGURG) |
		signalBit(syscall.SIGWINCH) | signalBit(syscall.SIGCONT) |
		signalBit(syscall.SIGSTOP) | signalBit(syscall.SIGTSTP) |
		signalBit(syscall.SIGTTIN) | signalBit(syscall.SIGTTOU)
}

// fatal tells whether a pending signal will end the thread: SIGKILL, which the
// kernel also makes of most fatal signals at once, or one of those that leave
// a core, neither blocked, ignored nor caught.
func (s *thread) fatal() bool {
	pending := s.pending | s.sharedPending
	return pending&signalBit(syscall.SIGKILL) != 0 ||
		pending&^(s.blocked|s.ignored|s.caught|harmless()) != 0
}
