package move

import (
	"context"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestDirectoriesLast(t *testing.T) {
	r := newRig(t, Options{Workers: 2})
	var dirs []*fakeNode
	parent := r.fs.root
	for _, name := range []string{"a", "b", "c", "d"} {
		parent = r.fs.add(parent, name, unix.S_IFDIR, 0)
		dirs = append(dirs, parent)
		for _, f := range []string{"1", "2", "3"} {
			r.tell(r.fs.add(parent, name+f, unix.S_IFREG, 10))
		}
	}
	r.tell(dirs...)
	r.start()
	r.untilIdle()
	for i, d := range dirs {
		if r.fs.count(d, "begin") != 1 || r.fs.count(d, "finish") != 1 {
			t.Errorf("%s: %v", d.name, d.steps)
		}
		if i > 0 && r.fs.index(dirs[i-1].name+" begin") < r.fs.index(d.name+" finish") {
			t.Errorf("%s began before %s was home", dirs[i-1].name, d.name)
		}
	}
}

func TestDirectoryWaitsForScan(t *testing.T) {
	r := newRig(t, Options{})
	d := r.fs.add(r.fs.root, "d", unix.S_IFDIR, 0)
	f := r.fs.add(d, "f", unix.S_IFREG, 10)
	release := make(chan struct{})
	r.fs.walk = func(ctx context.Context, dir node, visit func(node) error) (int64, error) {
		r.tell(d) // the descent comes first
		<-release
		r.tell(f)
		return 0, visit(d)
	}
	r.m.tellTree(d)
	r.start()
	r.until("told", func() bool { return r.m.Summary().Pending == 1 && r.inboxEmpty() })
	close(release)
	r.untilIdle()
	if c := r.fs.count(d, "begin"); c != 1 || !r.fs.settled(d) {
		t.Errorf("%d attempts, %v", c, d.steps)
	}
}

// A directory that holds what nobody told of is scanned once, and then tried
// with back-off.
func TestDirectoryWithUnknownContent(t *testing.T) {
	r := newRig(t, Options{})
	d := r.fs.add(r.fs.root, "d", unix.S_IFDIR, 0)
	f := r.fs.add(d, "f", unix.S_IFREG, 10)
	walks := make(chan struct{}, 100)
	r.fs.walk = func(context.Context, node, func(node) error) (int64, error) {
		walks <- struct{}{}
		return 0, nil
	}
	r.tell(d)
	r.start()
	r.untilState(d, Pinned)
	r.clk.advance(time.Second)
	r.until("third attempt", func() bool { s := r.m.status(d); return s.Attempts == 3 && s.State == Pinned })
	if len(walks) != 1 {
		t.Errorf("%d walks", len(walks))
	}
	r.tell(f) // when it is home the directory doesn't wait for its turn
	r.untilIdle()
	if !r.fs.settled(d) {
		t.Error("not settled")
	}
}

func TestWait(t *testing.T) {
	r := newRig(t, Options{})
	d := r.fs.add(r.fs.root, "d", unix.S_IFDIR, 0)
	nodes := []*fakeNode{d}
	for _, name := range []string{"1", "2", "3"} {
		nodes = append(nodes, r.fs.add(d, name, unix.S_IFREG, 10))
	}
	release := make(chan struct{})
	r.fs.foreign = func(ctx context.Context, visit func(node) error) (int64, error) {
		<-release
		r.tell(nodes...)
		return 0, nil
	}
	r.start()
	if s := r.m.status(r.fs.root); s.State != Queued || !s.Scanning {
		t.Errorf("settled before the scan: %+v", s)
	}
	close(release)
	o, err := r.m.waitFor(t.Context(), r.fs.root)
	if err != nil || !o.Settled() {
		t.Errorf("%+v, %v", o, err)
	}
	for _, n := range nodes {
		if r.fs.count(n, "finish") != 1 {
			t.Errorf("%s: %v", n.name, n.steps)
		}
	}
	if s := r.m.status(d); s.State != Settled || s.Progress != 100 || s.BytesDone != 30 || s.Pending != 0 {
		t.Errorf("status %+v", s)
	}
}

func TestWaitEndsWithParked(t *testing.T) {
	r := newRig(t, Options{})
	d := r.fs.add(r.fs.root, "d", unix.S_IFDIR, 0)
	bad := r.fs.add(d, "bad", unix.S_IFREG, 10)
	good := r.fs.add(d, "good", unix.S_IFREG, 20)
	bad.script = failing("stage", 100, syscall.ENOSPC)
	r.tell(d, bad, good)
	r.start()
	o, err := r.m.waitFor(t.Context(), d)
	if err != nil || o.Left != 2 || o.Bytes != 10 || len(o.Reasons) != 1 {
		t.Errorf("%+v, %v", o, err)
	}
	if !r.fs.settled(good) {
		t.Error("returned too early")
	}
	s := r.m.status(d)
	if s.State != Parked || s.Error == "" || s.BytesTotal != 30 || s.BytesDone != 20 || s.Progress != 66 || s.Pending != 2 || s.Since == nil {
		t.Errorf("status %+v", s)
	}
}

func TestWaitGoesOnForPinned(t *testing.T) {
	r := newRig(t, Options{})
	n := r.fs.file("f", 10)
	n.script = failing("begin", 1, errOutrun)
	r.tell(n)
	r.start()
	r.untilState(n, Pinned)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { _, err := r.m.waitFor(ctx, n); done <- err }()
	r.until("somebody waits", func() bool { r.m.mu.Lock(); defer r.m.mu.Unlock(); return r.m.jobs[n].watch != nil })
	cancel()
	if err := <-done; err != context.Canceled {
		t.Errorf("got %v", err)
	}
	r.clk.advance(time.Second)
	if o, err := r.m.waitFor(t.Context(), n); err != nil || !o.Settled() {
		t.Errorf("%+v, %v", o, err)
	}
}

func TestScanErrorsAreNoEvidence(t *testing.T) {
	r := newRig(t, Options{})
	d := r.fs.add(r.fs.root, "d", unix.S_IFDIR, 0)
	d.resident = d.home
	other := r.fs.add(r.fs.root, "other", unix.S_IFDIR, 0)
	other.resident = other.home
	bad := make(chan int64, 2)
	bad <- 3
	bad <- 0
	r.fs.walk = func(context.Context, node, func(node) error) (int64, error) { return <-bad, nil }
	r.m.tellTree(d)
	r.start()
	o, err := r.m.waitFor(t.Context(), d)
	if err != nil || o.Settled() || o.ScanErrors != 3 {
		t.Errorf("%+v, %v", o, err)
	}
	if s := r.m.status(d); s.State != Queued || s.ScanErrors != 3 || s.Progress == 100 {
		t.Errorf("status %+v", s)
	}
	if s := r.m.status(other); s.State != Settled {
		t.Errorf("status of another tree %+v", s)
	}
	r.clk.advance(time.Second)
	r.untilState(d, Settled)
}

func TestStatusOfUndue(t *testing.T) {
	r := newRig(t, Options{})
	n := r.fs.file("50%\xff", 10)
	n.due = false
	r.fs.foreign = func(ctx context.Context, visit func(node) error) (int64, error) { return 0, visit(n) }
	r.start()
	r.until("counted", func() bool { return r.m.Summary().Foreign == 1 })
	s := r.m.status(n)
	if s.State != Parked || s.Error != notDue || s.Path != "/50%25%FF" || s.Backend != "scratch" || s.Home != "store" || s.Pending != 1 {
		t.Errorf("status %+v", s)
	}
	if o, err := r.m.waitFor(t.Context(), n); err != nil || o.Left != 1 {
		t.Errorf("%+v, %v", o, err)
	}
}

func TestStateOfDirectoryIsTheWorst(t *testing.T) {
	for i, worse := range StateOrder {
		for _, better := range StateOrder[i:] {
			s := Status{State: Settled}
			s.add(view{own: Status{State: better, Error: "better"}})
			s.add(view{own: Status{State: worse, Error: "worse"}})
			s.add(view{own: Status{State: better, Error: "better"}})
			if s.State != worse || better != worse && s.Error != "worse" {
				t.Errorf("%s and %s: %+v", worse, better, s)
			}
		}
	}
}
