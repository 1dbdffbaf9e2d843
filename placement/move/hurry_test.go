package move

import (
	"context"
	"errors"
	"syscall"
	"testing"
	"time"

	"github.com/seamfs/seamfs/placement"
	"golang.org/x/sys/unix"
)

// hurry calls Hurry in the background.
func (r *rig) hurry(ctx context.Context, n *fakeNode) <-chan error {
	done := make(chan error, 1)
	go func() { done <- r.m.hurryNode(ctx, n) }()
	return done
}

func (r *rig) result(c <-chan error) error {
	r.Helper()
	select {
	case err := <-c:
		return err
	case <-time.After(10 * time.Second):
		r.Fatal("Hurry doesn't return")
		return nil
	}
}

func TestHurryOvertakes(t *testing.T) {
	r := newRig(t, Options{Workers: 1, Delay: time.Hour})
	// The only worker is busy until the hurried file is home.
	slow := r.fs.file("slow", 10)
	release := make(chan struct{})
	slow.script = func(step string, _ int) error {
		if step == "stage" {
			<-release
		}
		return nil
	}
	fast := r.fs.file("fast", 10)
	r.tell(slow)
	r.start()
	r.until("timer", func() bool { return r.clk.pending() == 1 })
	r.clk.advance(time.Hour)
	r.until("busy", func() bool { return r.fs.count(slow, "stage") == 1 })
	r.tell(fast)
	if err := r.result(r.hurry(t.Context(), fast)); err != nil {
		t.Error(err)
	}
	if !r.fs.settled(fast) || r.fs.count(fast, "finish") != 1 {
		t.Errorf("steps %v", fast.steps)
	}
	close(release)
	r.untilIdle()
}

func TestHurryOfSettled(t *testing.T) {
	r := newRig(t, Options{})
	n := r.fs.file("f", 10)
	n.resident = n.home
	if err := r.result(r.hurry(t.Context(), n)); err != nil { // not even started
		t.Error(err)
	}
}

func TestHurryClosesBatch(t *testing.T) {
	r := newRig(t, Options{Workers: 1})
	nodes := r.fs.files(10, 10)
	reached, release := make(chan struct{}), make(chan struct{})
	nodes[5].script = func(step string, _ int) error {
		if step == "staged" {
			close(reached)
			<-release
		}
		return nil
	}
	r.tell(nodes...)
	r.start()
	<-reached
	done := r.hurry(t.Context(), nodes[0]) // staged, its batch still growing
	r.until("hurried", func() bool {
		r.m.mu.Lock()
		defer r.m.mu.Unlock()
		j := r.m.jobs[nodes[0]]
		return j != nil && j.hurried
	})
	close(release)
	if err := r.result(done); err != nil {
		t.Error(err)
	}
	r.untilIdle()
	if r.fs.index("f000 finish") > r.fs.index("f006 stage") {
		t.Error("others were staged before the hurried one was home")
	}
}

func TestHurryTellsErrors(t *testing.T) {
	for _, c := range []struct{ err, want error }{
		{syscall.ENOSPC, syscall.ENOSPC},
		{syscall.EDQUOT, syscall.ENOSPC},
		{syscall.EROFS, syscall.EIO},
		{syscall.ENAMETOOLONG, syscall.EIO},
		{placement.ErrPinned, syscall.EIO},
	} {
		r := newRig(t, Options{})
		n := r.fs.file("f", 10)
		n.script = failing("stage", 2, c.err)
		r.start()
		if err := r.result(r.hurry(t.Context(), n)); err != c.want {
			t.Errorf("%v: got %v, want %v", c.err, err, c.want)
		}
		// Just now: said again without another try, but for a cheap one.
		if err := r.result(r.hurry(t.Context(), n)); err != c.want {
			t.Errorf("%v again: got %v, want %v", c.err, err, c.want)
		}
	}
}

func TestHurryRetriesParked(t *testing.T) {
	r := newRig(t, Options{BackoffMin: time.Minute})
	n := r.fs.file("f", 10)
	n.script = failing("stage", 2, syscall.ENOSPC)
	r.tell(n)
	r.start()
	r.untilState(n, Parked)
	r.clk.advance(time.Minute)
	r.until("second attempt", func() bool { s := r.m.status(n); return s.Attempts == 2 && s.State == Parked })
	r.clk.advance(time.Minute) // half of the back-off
	if err := r.result(r.hurry(t.Context(), n)); err != nil {
		t.Error(err)
	}
}

func TestHurryEnds(t *testing.T) {
	r := newRig(t, Options{})
	n := r.fs.file("f", 10)
	release := make(chan struct{})
	n.script = func(step string, _ int) error {
		if step == "stage" {
			<-release
		}
		return nil
	}
	r.start()
	ctx, cancel := context.WithCancel(t.Context())
	done := r.hurry(ctx, n)
	r.untilState(n, Copying)
	cancel()
	if err := r.result(done); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	done = r.hurry(t.Context(), n)
	go r.m.Stop()
	if err := r.result(done); err != syscall.EIO {
		t.Errorf("after Stop: %v", err)
	}
	close(release)
}

func TestHurryOfTree(t *testing.T) {
	r := newRig(t, Options{Workers: 1, Delay: time.Hour})
	top := r.fs.add(r.fs.root, "top", unix.S_IFDIR, 0)
	sub := r.fs.add(top, "sub", unix.S_IFDIR, 0)
	a, b := r.fs.add(top, "a", unix.S_IFREG, 10), r.fs.add(sub, "b", unix.S_IFREG, 10)
	r.fs.walk = func(ctx context.Context, dir node, visit func(node) error) (int64, error) {
		r.tell(a, b, sub, top)
		return 0, nil
	}
	r.m.tellTree(top)
	r.start()
	if err := r.result(r.hurry(t.Context(), top)); err != nil {
		t.Error(err)
	}
	for _, n := range []*fakeNode{top, sub, a, b} {
		if !r.fs.settled(n) || r.fs.count(n, "finish") != 1 {
			t.Errorf("%s: %v", n.name, n.steps)
		}
	}
	if r.fs.index("b finish") > r.fs.index("sub begin") || r.fs.index("sub finish") > r.fs.index("top begin") {
		t.Errorf("order: %v", r.fs.steps)
	}
}

func TestHurryOfTreeWithParkedFile(t *testing.T) {
	r := newRig(t, Options{})
	top := r.fs.add(r.fs.root, "top", unix.S_IFDIR, 0)
	a := r.fs.add(top, "a", unix.S_IFREG, 10)
	a.script = failing("stage", 100, syscall.ENOSPC)
	r.tell(top, a)
	r.start()
	if err := r.result(r.hurry(t.Context(), top)); err != syscall.ENOSPC {
		t.Errorf("got %v", err)
	}
}
