package move

import (
	"errors"
	"fmt"
	"slices"
	"syscall"
	"testing"

	"github.com/seamfs/seamfs/backend"
	"golang.org/x/sys/unix"
)

func TestBatchSharesTwoSyncs(t *testing.T) {
	for _, c := range []struct{ files, syncs int }{{2, 2}, {100, 2}, {256, 2}, {300, 4}} {
		t.Run(fmt.Sprint(c.files), func(t *testing.T) {
			r := newRig(t, Options{Workers: 1})
			nodes := r.fs.files(c.files, 10<<10)
			r.tell(nodes...)
			r.start()
			r.untilIdle()
			if n := r.fs.store.syncs.Load(); n != int64(c.syncs) {
				t.Errorf("%d syncs of the backend, want %d", n, c.syncs)
			}
			for _, n := range nodes {
				if !r.fs.settled(n) || r.fs.count(n, "sync") != 0 || r.fs.count(n, "finish") != 1 {
					t.Fatalf("%s: settled %v, steps %v", n.name, r.fs.settled(n), n.steps)
				}
			}
		})
	}
}

func TestBatchEndsAtBytes(t *testing.T) {
	r := newRig(t, Options{Workers: 1, BatchBytes: 100})
	r.tell(r.fs.files(8, 50)...)
	r.start()
	r.untilIdle()
	if n := r.fs.store.syncs.Load(); n != 8 {
		t.Errorf("%d syncs for four batches, want 8", n)
	}
}

func TestBatchForTwoBackends(t *testing.T) {
	r := newRig(t, Options{Workers: 1})
	nodes := r.fs.files(20, 10)
	other := &fakeBackend{props: backend.Props{Name: "other"}}
	for i := range 10 {
		nodes[2*i].home = other
	}
	r.tell(nodes...)
	r.start()
	r.untilIdle()
	if a, b := r.fs.store.syncs.Load(), other.syncs.Load(); a != 2 || b != 2 {
		t.Errorf("%d and %d syncs, want 2 of each backend", a, b)
	}
}

func TestLoneObjectSyncsItself(t *testing.T) {
	for _, c := range []struct {
		typ      uint32
		own, all int
	}{{unix.S_IFREG, 2, 0}, {unix.S_IFLNK, 1, 1}, {unix.S_IFDIR, 0, 2}} {
		r := newRig(t, Options{})
		n := r.fs.add(r.fs.root, "lone", c.typ, 10)
		r.tell(n)
		r.start()
		r.untilIdle()
		if own, all := r.fs.count(n, "sync"), int(r.fs.store.syncs.Load()); own != c.own || all != c.all {
			t.Errorf("%o: %d own syncs, %d of the backend, want %d and %d", c.typ, own, all, c.own, c.all)
		}
	}
}

func TestLargeFileLeavesWorkerToSmallOnes(t *testing.T) {
	r := newRig(t, Options{Workers: 2, BatchBytes: 1000})
	release := make(chan struct{})
	var large []*fakeNode
	for i := range 3 {
		n := r.fs.file(fmt.Sprint("large", i), 1000)
		n.script = func(step string, _ int) error {
			if step == "stage" {
				<-release
			}
			return nil
		}
		large = append(large, n)
	}
	small := r.fs.files(10, 1)
	r.tell(large...)
	r.tell(small...)
	r.start()
	r.until("small ones pass", func() bool { return !slices.ContainsFunc(small, func(n *fakeNode) bool { return !r.fs.settled(n) }) })
	if s := r.m.Summary(); s.Copying != 1 || s.Queued != 2 {
		t.Errorf("%d large files are copied at once, %d wait", s.Copying, s.Queued)
	}
	close(release)
	r.untilIdle()
}

func TestSyncFailsBeforeSwitch(t *testing.T) {
	r := newRig(t, Options{Workers: 1})
	nodes := r.fs.files(10, 10)
	r.fs.store.fail = func(n int64) error {
		if n == 1 {
			return syscall.EIO
		}
		return nil
	}
	r.tell(nodes...)
	r.start()
	for _, n := range nodes {
		r.untilState(n, Parked)
		if r.fs.count(n, "abort") != 1 || r.fs.count(n, "switch") != 0 || r.fs.settled(n) {
			t.Fatalf("steps of %s: %v", n.name, n.steps)
		}
	}
	r.clk.advance(r.m.opt.BackoffMin)
	r.untilIdle()
	if n := r.fs.store.syncs.Load(); n != 3 {
		t.Errorf("%d syncs, want 3", n)
	}
}

func TestSyncFailsAfterSwitch(t *testing.T) {
	r := newRig(t, Options{Workers: 1})
	nodes := r.fs.files(10, 10)
	r.fs.store.fail = func(n int64) error {
		if n == 2 {
			return syscall.EIO
		}
		return nil
	}
	r.tell(nodes...)
	r.start()
	for _, n := range nodes {
		r.untilState(n, Failed)
	}
	r.clk.advance(r.m.opt.BackoffMax)
	r.fs.mu.Lock()
	nodes[1].name = "renamed" // no reason to try either
	r.fs.mu.Unlock()
	r.tell(nodes...)
	r.until("looked at", r.inboxEmpty)
	for _, n := range nodes {
		if r.fs.count(n, "finish") != 0 || r.fs.count(n, "abort") != 0 || r.fs.count(n, "begin") != 1 {
			t.Fatalf("steps of %s: %v", n.name, n.steps)
		}
	}
	if s := r.m.status(nodes[0]); s.Error == "" {
		t.Error("no reason given")
	}
	for _, n := range nodes {
		n.gone.Store(true)
	}
	r.clk.advance(r.m.opt.BackoffMax)
	r.until("deleted ones are forgotten", func() bool { return r.m.Summary().Failed == 0 })
}

// A write-back error is told to one sync only, perhaps another batch's.
func TestSyncFailureConcernsAllBatches(t *testing.T) {
	b := &fakeBackend{fail: func(n int64) error {
		if n == 1 {
			return syscall.EIO
		}
		return nil
	}}
	s := &syncer{to: b}
	before := s.failed()
	if err := s.sync(before); !errors.Is(err, syscall.EIO) {
		t.Errorf("first batch: %v", err)
	}
	if err := s.sync(before); !errors.Is(err, syscall.EIO) {
		t.Errorf("second batch, begun before the failure: %v", err)
	}
	if err := s.sync(s.failed()); err != nil {
		t.Errorf("third batch, begun after it: %v", err)
	}
}
