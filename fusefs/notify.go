package fusefs

import "sync"

// notifier sends invalidations from a goroutine of its own: a notification may
// wait for locks in the kernel that the request being handled holds.
type notifier struct {
	send func(id uint64)
	wake chan struct{} // one token: there is something pending
	stop chan struct{}
	gone chan struct{} // closed when the goroutine has ended

	mu      sync.Mutex
	pending map[uint64]struct{}
}

func newNotifier(send func(id uint64)) *notifier {
	n := &notifier{
		send:    send,
		wake:    make(chan struct{}, 1),
		stop:    make(chan struct{}),
		gone:    make(chan struct{}),
		pending: make(map[uint64]struct{}),
	}
	go n.run()
	return n
}

// add queues an id; one that is queued already isn't sent twice.
func (n *notifier) add(id uint64) {
	n.mu.Lock()
	n.pending[id] = struct{}{}
	n.mu.Unlock()
	select {
	case n.wake <- struct{}{}:
	default:
	}
}

func (n *notifier) run() {
	defer close(n.gone)
	for {
		select {
		case <-n.stop:
			return
		case <-n.wake:
		}
		n.mu.Lock()
		ids := n.pending
		n.pending = make(map[uint64]struct{})
		n.mu.Unlock()
		for id := range ids {
			n.send(id)
		}
	}
}

// close ends the goroutine; what is still queued is dropped, since there is
// nobody to tell any more.
func (n *notifier) close() {
	close(n.stop)
	<-n.gone
}
