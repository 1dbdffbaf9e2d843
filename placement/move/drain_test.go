package move

import (
	"context"
	"math/rand/v2"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/seamfs/seamfs/placement"
	"golang.org/x/sys/unix"
)

func TestDrain(t *testing.T) {
	r := newRig(t, Options{Delay: time.Hour})
	good := r.fs.files(10, 10)
	parked := r.fs.file("parked", 7)
	parked.script = failing("stage", 100, syscall.ENOSPC)
	pinned := r.fs.file("pinned", 5)
	pinned.script = failing("begin", 100, placement.ErrPinned)
	scratch := r.fs.file("scratch", 10)
	scratch.volatile = true
	r.tell(good...)
	r.tell(parked, pinned, scratch)
	r.start()
	o, err := r.m.Drain(t.Context(), true)
	if err != nil || o.Left != 2 || o.Bytes != 12 || len(o.Reasons) != 2 {
		t.Errorf("%+v, %v", o, err)
	}
	for _, n := range good {
		if !r.fs.settled(n) {
			t.Fatalf("%s isn't settled", n.name)
		}
	}
	if r.fs.count(scratch, "begin") != 0 {
		t.Error("moved what need not be durable")
	}
	// One more try for what is at rest.
	tries := r.fs.count(pinned, "begin")
	if o, err = r.m.Drain(t.Context(), true); err != nil || o.Left != 2 || r.fs.count(pinned, "begin") != tries+1 {
		t.Errorf("%+v, %v, %d tries after %d", o, err, r.fs.count(pinned, "begin"), tries)
	}
	if o, err = r.m.Drain(t.Context(), false); err != nil || o.Left != 2 || !r.fs.settled(scratch) {
		t.Errorf("%+v, %v", o, err)
	}
}

func TestDrainEndsWithContext(t *testing.T) {
	r := newRig(t, Options{})
	n := r.fs.file("f", 10)
	release := make(chan struct{})
	n.script = func(step string, _ int) error {
		if step == "stage" {
			<-release
		}
		return nil
	}
	defer close(release)
	r.tell(n)
	r.start()
	r.untilState(n, Copying)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if o, err := r.m.Drain(ctx, true); err != context.Canceled || o.Left != 1 {
		t.Errorf("%+v, %v", o, err)
	}
}

func TestStopDropsCopies(t *testing.T) {
	before := runtime.NumGoroutine()
	r := newRig(t, Options{Workers: 1})
	nodes := r.fs.files(10, 10)
	reached, release := make(chan struct{}), make(chan struct{})
	nodes[5].script = func(step string, _ int) error {
		if step == "stage" {
			close(reached)
			<-release
		}
		return nil
	}
	r.tell(nodes...)
	r.start()
	<-reached
	stopped := make(chan struct{})
	go func() { r.m.Stop(); close(stopped) }()
	<-r.m.stopping
	close(release)
	<-stopped
	for _, n := range nodes {
		if r.fs.count(n, "begin") != r.fs.count(n, "abort") || r.fs.count(n, "switch") != 0 {
			t.Errorf("%s: %v", n.name, n.steps)
		}
	}
	r.tell(nodes...) // ignored
	r.until("goroutines end", func() bool { return runtime.NumGoroutine() <= before+1 })
	if n := r.clk.pending(); n != 0 {
		t.Errorf("%d timers set", n)
	}
}

// TestManyAtOnce lets everything happen at once; the race detector and the
// checks of the fake namespace look on.
func TestManyAtOnce(t *testing.T) {
	r := newRig(t, Options{Workers: 3, BatchFiles: 16, BatchBytes: 1000})
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 0))
	errs := []error{placement.ErrBusy, placement.ErrPinned, placement.ErrRetarget, syscall.EIO, syscall.ENOSPC}
	steps := []string{"begin", "stage", "catchup", "sync", "switch", "finish"}
	parents := []*fakeNode{r.fs.root}
	var nodes []*fakeNode
	for range 600 {
		parent := parents[rnd.IntN(len(parents))]
		var n *fakeNode
		if rnd.IntN(10) == 0 {
			n = r.fs.add(parent, "d", unix.S_IFDIR, 0)
			parents = append(parents, n)
		} else {
			n = r.fs.add(parent, "f", unix.S_IFREG, rnd.Int64N(1100))
		}
		if step := steps[rnd.IntN(len(steps))]; rnd.IntN(4) == 0 && (step != "sync" && step != "finish") {
			n.script = failing(step, 1+rnd.IntN(3), errs[rnd.IntN(len(errs))])
		}
		nodes = append(nodes, n)
	}
	r.start()
	var callers sync.WaitGroup
	for range 4 {
		shuffled := append([]*fakeNode(nil), nodes...)
		rnd.Shuffle(len(shuffled), func(i, k int) { shuffled[i], shuffled[k] = shuffled[k], shuffled[i] })
		callers.Go(func() {
			for i, n := range shuffled {
				r.tell(n)
				switch i % 50 {
				case 7:
					r.m.hurryNode(t.Context(), n)
				case 17:
					r.m.status(n)
				case 27:
					r.m.tellTree(parents[i%len(parents)])
				}
			}
		})
	}
	finished := make(chan struct{})
	go func() { callers.Wait(); close(finished) }()
	r.untilAdvancing(10*time.Millisecond, "all is settled", func() bool {
		select {
		case <-finished:
			return r.m.Summary().Pending == 0
		default:
			return false
		}
	})
	for _, n := range nodes {
		if !r.fs.settled(n) || r.fs.count(n, "finish") != 1 {
			t.Errorf("%s: %v", n.name, n.steps)
		}
	}
}
