package placement

import (
	"sync"
	"testing"
	"time"
)

func TestGateExcludes(t *testing.T) {
	var g gate
	inside, closes := 0, 0 // guarded by the gate, as the race detector sees
	var mu sync.Mutex
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 500 {
				g.enter()
				mu.Lock()
				inside++
				mu.Unlock()
				g.leave()
			}
		})
	}
	wg.Go(func() {
		for range 100 {
			if g.close(time.Minute) {
				inside++ // no lock: nobody else is inside
				closes++
				g.open()
			}
		}
	})
	wg.Wait()
	if inside != 2000+closes || closes != 100 {
		t.Errorf("%d were inside and it was closed %d times", inside, closes)
	}
}

func TestGateGivesUp(t *testing.T) {
	var g gate
	g.enter()
	if g.close(time.Millisecond) {
		t.Fatal("closed with somebody inside")
	}
	g.enter() // it is open again
	g.leave()
	g.leave()
	if !g.close(0) {
		t.Error("not closed with nobody inside")
	}
	g.open()
}

func TestGateHoldsNewcomers(t *testing.T) {
	var g gate
	g.enter()
	closed, entered := make(chan bool), make(chan struct{})
	go func() { closed <- g.close(time.Minute) }()
	for shut := false; !shut; {
		g.mu.Lock()
		shut = g.closed
		g.mu.Unlock()
	}
	go func() { g.enter(); close(entered) }()
	g.leave()
	if !<-closed {
		t.Fatal("not closed after the last one left")
	}
	select {
	case <-entered:
		t.Error("entered a closed gate")
	default:
	}
	g.open()
	<-entered
	g.leave()
}

func TestGateIsClosedByOneAtATime(t *testing.T) {
	var g gate
	var wg sync.WaitGroup
	n := 0
	for range 4 {
		wg.Go(func() {
			for range 100 {
				if g.close(time.Minute) {
					n++
					g.open()
				}
			}
		})
	}
	wg.Wait()
	if n != 400 {
		t.Errorf("closed %d times", n)
	}
}
