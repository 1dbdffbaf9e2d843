package move

import (
	"container/heap"
	"time"
)

// alarms holds what is to be done at a later time. One timer is set, for the
// earliest; none when there is nothing. Guarded by Mover.mu.
type alarms struct {
	clk   clock
	wake  func() // called when the earliest is due, without locks
	heap  alarmHeap
	stop  func()
	armed time.Time // when the timer fires; zero for no timer
}

// alarm is one thing to do, with Mover.mu held.
type alarm struct {
	at time.Time
	do func()
}

// add has do called at the given time.
func (a *alarms) add(at time.Time, do func()) {
	heap.Push(&a.heap, alarm{at, do})
	a.arm()
}

// ring does what is due.
func (a *alarms) ring() {
	a.armed = time.Time{}
	now := a.clk.Now()
	for len(a.heap) > 0 && !a.heap[0].at.After(now) {
		heap.Pop(&a.heap).(alarm).do()
	}
	a.arm()
}

// arm sets the timer for the earliest alarm.
func (a *alarms) arm() {
	if len(a.heap) == 0 {
		return
	}
	at := a.heap[0].at
	if !a.armed.IsZero() && !at.Before(a.armed) {
		return
	}
	a.disarm()
	a.armed = at
	a.stop = a.clk.AfterFunc(max(0, at.Sub(a.clk.Now())), a.wake)
}

// disarm stops the timer.
func (a *alarms) disarm() {
	if a.stop != nil {
		a.stop()
		a.stop = nil
	}
	a.armed = time.Time{}
}

type alarmHeap []alarm

func (h alarmHeap) Len() int           { return len(h) }
func (h alarmHeap) Less(i, j int) bool { return h[i].at.Before(h[j].at) }
func (h alarmHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *alarmHeap) Push(x any)        { *h = append(*h, x.(alarm)) }
func (h *alarmHeap) Pop() any {
	last := len(*h) - 1
	x := (*h)[last]
	(*h)[last] = alarm{}
	*h = (*h)[:last]
	return x
}
