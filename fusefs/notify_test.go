package fusefs

import "testing"

func TestNotifier(t *testing.T) {
	sent := make(chan uint64)
	n := newNotifier(func(id uint64) { sent <- id })
	n.add(1)
	if id := <-sent; id != 1 {
		t.Fatalf("sent %d, want 1", id)
	}
	// The goroutine may be in send again meanwhile: add must not wait for it.
	for range 3 {
		n.add(2)
		n.add(3)
	}
	seen := map[uint64]int{}
	for seen[2] == 0 || seen[3] == 0 {
		seen[<-sent]++
	}
	// Each was queued while at most one send was under way, so that it can
	// have been sent twice, never thrice.
	n.add(4)
	for id := range sent {
		if id == 4 {
			break
		}
		seen[id]++
	}
	if len(seen) != 2 || seen[2] > 2 || seen[3] > 2 {
		t.Errorf("sent %v", seen)
	}
	n.close()
}
