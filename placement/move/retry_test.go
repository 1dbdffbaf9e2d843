package move

import (
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/seamfs/seamfs/placement"
)

// failing returns a script that makes a step fail the first n times.
func failing(step string, n int, err error) func(string, int) error {
	return func(s string, count int) error {
		if s == step && count <= n {
			return err
		}
		return nil
	}
}

func TestParkedBacksOff(t *testing.T) {
	r := newRig(t, Options{})
	n := r.fs.file("f", 10)
	n.script = failing("stage", 12, syscall.ENOSPC)
	r.tell(n)
	r.start()
	wait := time.Second
	for i := 1; i <= 12; i++ {
		r.until("attempt", func() bool { s := r.m.status(n); return s.Attempts == i && s.State == Parked })
		if i == 3 {
			s := r.m.status(n)
			if !strings.HasPrefix(s.Error, "no space on store to move /f from scratch") || s.Progress != 0 || s.Pending != 1 {
				t.Errorf("status %+v", s)
			}
		}
		r.clk.advance(wait - time.Millisecond)
		if got := r.fs.count(n, "begin"); got != i {
			t.Fatalf("attempt %d came earlier than %v after the last", got, wait)
		}
		r.clk.advance(time.Millisecond)
		wait = min(2*wait, 5*time.Minute)
	}
	r.untilIdle()
	if !r.fs.settled(n) {
		t.Error("not settled")
	}
}

func TestParkedIgnoresLookups(t *testing.T) {
	r := newRig(t, Options{})
	n := r.fs.file("f", 10)
	n.script = failing("stage", 1, syscall.EIO)
	r.tell(n)
	r.start()
	r.untilState(n, Parked)
	for range 100 {
		r.tell(n)
		r.until("looked at", func() bool { return r.inboxEmpty() })
	}
	if c := r.fs.count(n, "begin"); c != 1 {
		t.Errorf("%d attempts", c)
	}
	// Renamed: worth another try.
	r.fs.mu.Lock()
	n.name = "g"
	r.fs.mu.Unlock()
	r.tell(n)
	r.untilIdle()
}

func (r *rig) inboxEmpty() bool {
	r.m.mu.Lock()
	defer r.m.mu.Unlock()
	return len(r.m.inbox) == 0
}

func TestPinnedRetriesWhenTold(t *testing.T) {
	r := newRig(t, Options{})
	n := r.fs.file("f", 10)
	n.script = failing("switch", 1, fmt.Errorf("open for writing by passthrough: %w", placement.ErrPinned))
	r.tell(n)
	r.start()
	r.untilState(n, Pinned)
	if s := r.m.status(n); !strings.HasPrefix(s.Error, "open for writing") || r.fs.count(n, "abort") != 1 {
		t.Errorf("status %+v, steps %v", s, n.steps)
	}
	r.tell(n)
	r.until("looked at", r.inboxEmpty)
	r.clk.advance(pokeGap) // far less than the back-off
	r.untilIdle()
}

func TestPinnedBacksOffGently(t *testing.T) {
	r := newRig(t, Options{})
	n := r.fs.file("f", 10)
	n.script = failing("begin", 8, placement.ErrPinned)
	r.tell(n)
	r.start()
	for i := 1; i <= 8; i++ {
		r.until("attempt", func() bool { s := r.m.status(n); return s.Attempts == i && s.State == Pinned })
		r.clk.advance(min(time.Second<<(i-1), 30*time.Second))
	}
	r.untilIdle()
}

func TestOutrunIsPinned(t *testing.T) {
	r := newRig(t, Options{})
	n := r.fs.file("f", 10)
	n.left = 1 << 30
	r.tell(n)
	r.start()
	r.untilState(n, Pinned)
	if s := r.m.status(n); s.Error != errOutrun.Error() || r.fs.count(n, "catchup") > catchUps {
		t.Errorf("status %+v, steps %v", s, n.steps)
	}
	r.fs.mu.Lock()
	n.left = 4 << 20 // steady, but little
	r.fs.mu.Unlock()
	r.clk.advance(time.Second)
	r.untilIdle()
}

func TestNameTooLongFails(t *testing.T) {
	r := newRig(t, Options{})
	n := r.fs.file("f", 10)
	n.script = failing("begin", 1, syscall.ENAMETOOLONG)
	r.tell(n)
	r.start()
	r.untilState(n, Failed)
	r.clk.advance(time.Hour)
	r.tell(n)
	r.until("looked at", r.inboxEmpty)
	if c := r.fs.count(n, "begin"); c != 1 {
		t.Errorf("%d attempts", c)
	}
	r.fs.mu.Lock()
	n.name = "shorter"
	r.fs.mu.Unlock()
	r.tell(n)
	r.untilIdle()
}

func TestBusyKeepsCopy(t *testing.T) {
	r := newRig(t, Options{Workers: 1})
	nodes := r.fs.files(3, 10)
	nodes[1].script = failing("switch", busyTries+3, placement.ErrBusy)
	r.tell(nodes...)
	r.start()
	r.untilAdvancing(time.Millisecond, "settled", func() bool { return r.m.Summary().Pending == 0 })
	if c := r.fs.count(nodes[1], "stage"); c != 1 {
		t.Errorf("copied %d times", c)
	}
	for _, n := range nodes {
		if r.fs.count(n, "abort") != 0 || r.fs.count(n, "finish") != 1 {
			t.Errorf("%s: %v", n.name, n.steps)
		}
	}
}

func TestRetargetBeginsAgain(t *testing.T) {
	r := newRig(t, Options{})
	n := r.fs.file("f", 10)
	n.script = failing("switch", 2, placement.ErrRetarget)
	r.tell(n)
	r.start()
	r.untilIdle()
	if r.fs.count(n, "abort") != 2 || r.fs.count(n, "begin") != 3 {
		t.Errorf("steps %v", n.steps)
	}
}

func TestGoneEndsQuietly(t *testing.T) {
	r := newRig(t, Options{})
	n := r.fs.file("f", 10)
	n.script = failing("switch", 1, placement.ErrGone)
	r.tell(n)
	r.start()
	r.untilIdle()
	if s := r.m.Summary(); s.Moved != 0 || r.fs.count(n, "abort") != 1 {
		t.Errorf("summary %+v, steps %v", s, n.steps)
	}
}

func TestFinishErrorLeavesSettled(t *testing.T) {
	r := newRig(t, Options{})
	n := r.fs.file("f", 10)
	n.script = failing("finish", 1, syscall.EIO)
	r.tell(n)
	r.start()
	r.untilIdle()
	if r.fs.count(n, "finish") != 1 || !r.fs.settled(n) || r.fs.count(n, "abort") != 0 {
		t.Errorf("steps %v", n.steps)
	}
}

func TestToldAgainWhileMoving(t *testing.T) {
	r := newRig(t, Options{})
	n := r.fs.file("f", 10)
	n.script = func(step string, count int) error {
		if step == "finish" && count == 1 { // renamed back meanwhile
			r.fs.mu.Lock()
			n.home = r.fs.scratch
			r.fs.mu.Unlock()
			r.tell(n)
		}
		return nil
	}
	r.tell(n)
	r.start()
	r.untilIdle()
	if !r.fs.settled(n) || r.fs.count(n, "finish") != 2 {
		t.Errorf("steps %v", n.steps)
	}
}

func TestDelay(t *testing.T) {
	r := newRig(t, Options{Delay: time.Hour})
	n := r.fs.file("f", 10)
	r.tell(n)
	r.start()
	r.until("timer", func() bool { return r.clk.pending() == 1 })
	r.clk.advance(time.Hour - time.Second)
	if s := r.m.status(n); s.State != Queued || s.Attempts != 0 {
		t.Errorf("status %+v", s)
	}
	r.clk.advance(time.Second)
	r.untilIdle()
}

func TestIdleSetsNoTimer(t *testing.T) {
	r := newRig(t, Options{})
	r.tell(r.fs.files(2000, 10)...)
	r.start()
	r.untilIdle()
	if n := len(r.m.jobsBelow(r.fs.root)); n != recentCount {
		t.Errorf("%d finished jobs remembered", n)
	}
	r.clk.advance(recentAge)
	r.until("recent ones forgotten", func() bool { return r.fs.held() == 0 })
	if n := r.clk.pending(); n != 0 {
		t.Errorf("%d timers set", n)
	}
}

func TestRate(t *testing.T) {
	r := newRig(t, Options{Rate: 1000})
	n := r.fs.file("f", 10000)
	r.tell(n)
	begin := r.clk.Now()
	r.start()
	r.untilAdvancing(100*time.Millisecond, "moved", func() bool { return r.fs.settled(n) })
	if d := r.clk.Now().Sub(begin); d < 10*time.Second {
		t.Errorf("10000 bytes at 1000 a second took %v", d)
	}
}
