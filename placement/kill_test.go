package placement

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/seamfs/seamfs/backend"
	"github.com/seamfs/seamfs/backend/backendtest/disk"
)

// A scenario is run with a daemon that dies before its first, second, third …
// call that changes a backend, until it passes alive. After each death the next
// start must show the tree as it was before or after the step that it died in.
type scenario struct {
	name  string
	setup func(w *world)
	steps []func(w *world) error
	// keep lists labels of which one must be there after a power cut that
	// empties the volatile backends, whenever it comes.
	keep [][]uint32
	rels []*Relocation // moves of the running world, whose nodes are held
}

// changing tells the operations that change a backend.
func changing(op string) bool {
	switch _, method, _ := strings.Cut(op, "."); method {
	case "Create", "Mkdir", "Mknod", "Symlink", "Link", "Unlink", "Rmdir", "Rename", "SetAttr", "SetXattr",
		"RemoveXattr", "Sync", "WriteAt", "Fallocate", "Clone", "CloneRange", "CopyRange", "SyncFS", "MarkStamped":
		return true
	}
	return false
}

// dieAt makes the n-th changing call and everything after it fail.
func (w *world) dieAt(n int64) (calls *atomic.Int64) {
	calls = new(atomic.Int64)
	w.setHook(func(_ int, op, _ string) error {
		if changing(op) {
			if calls.Add(1) >= n {
				return errKilled
			}
		} else if calls.Load() >= n {
			return errKilled
		}
		return nil
	})
	return calls
}

// end gives up the moves of a dead daemon.
func (s *scenario) end(w *world) {
	for _, r := range s.rels {
		r.closeFiles()
		w.fs.Release(r.n)
	}
	s.rels = nil
}

func (s *scenario) begin(t testing.TB, top string) *world {
	w := worldAt(t, top)
	w.open()
	s.setup(w)
	return w
}

// expected runs the scenario alive, and returns the tree before each step and
// after the last, and how many changing calls there are.
func (s *scenario) expected(t testing.TB, top string) (want []tree, calls int64) {
	t.Helper()
	w := s.begin(t, top)
	defer w.shut()
	n := w.dieAt(1 << 60)
	for i, step := range append(s.steps, nil) {
		seen := w.mustLook()
		want = append(want, seen)
		if step == nil {
			break
		}
		if err := step(w); err != nil {
			t.Fatalf("step %d, alive: %v", i, err)
		}
	}
	calls = n.Load()
	s.end(w)
	return want, calls
}

// sweep kills the scenario at every call.
func (s *scenario) sweep(t *testing.T, power bool) {
	top := disk.New(t, "tmpfs", 0)
	want, calls := s.expected(t, filepath.Join(top, "alive"))
	points := int64(0)
	for n := int64(1); n <= calls && !t.Failed(); n++ {
		dir := filepath.Join(top, fmt.Sprint(n))
		if s.killedAt(t, dir, n, want, power) {
			points++
		}
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d calls, killed at %d", calls, points)
	if points != calls && !t.Failed() {
		t.Errorf("%d calls, but killed at %d points", calls, points)
	}
}

// killedAt runs the scenario until the n-th call, kills, starts again and
// checks; false if the call never came.
func (s *scenario) killedAt(t *testing.T, dir string, n int64, want []tree, power bool) (killed bool) {
	w := s.begin(t, dir)
	before := w.mustLook()
	calls := w.dieAt(n)
	done := 0
	for done < len(s.steps) && s.steps[done](w) == nil && calls.Load() < n {
		done++
	}
	killed = calls.Load() >= n
	s.end(w)
	w.kill()
	if power {
		w.emptyVolatile()
	}
	what := fmt.Sprintf("killed before call %d, in step %d", n, done)
	if err := w.tryOpen(); err != nil {
		t.Errorf("%s: start: %v", what, err)
		return killed
	}
	defer w.shut()
	if err := s.check(w, done, before, want, power); err != nil {
		t.Errorf("%s: %v", what, err)
	}
	return killed
}

func (s *scenario) check(w *world, done int, before tree, want []tree, power bool) error {
	if left := w.privateLeft(backend.StageDir, backend.JournalDir); len(left) > 0 {
		return fmt.Errorf("left over: %v", left)
	}
	got, err := w.look()
	if err != nil {
		return err
	}
	got = got.withoutLinks()
	if power {
		err = s.survived(got)
	} else {
		err = oneOf(got, want[done:min(done+2, len(want))])
	}
	for label, id := range before.ids {
		if now, ok := got.ids[label]; ok && label != 0 && now != id {
			err = errors.Join(err, fmt.Errorf("object %d had the id %d and has %d", label, id, now))
		}
	}
	if err != nil {
		return err
	}
	return s.settled(w, got)
}

// settled checks that all comes home, and that nothing else is left.
func (s *scenario) settled(w *world, seen tree) error {
	if err := w.settleAll(); err != nil {
		return fmt.Errorf("settle: %w", err)
	}
	got, err := w.look()
	if err != nil {
		return err
	}
	if err := got.linksRight(); err != nil {
		return err
	}
	if d := got.withoutLinks().differ(seen); d != "" {
		return fmt.Errorf("settling changed the tree:\n%s", d)
	}
	if err := w.onlyVisible(got); err != nil {
		return fmt.Errorf("after all was settled: %w", err)
	}
	if lost := w.privateLeft(backend.LostFoundDir, backend.StageDir, backend.JournalDir); len(lost) > 0 || w.fs.LostFound() > 0 {
		return fmt.Errorf("in private directories: %v", lost)
	}
	return nil
}

func oneOf(got tree, want []tree) error {
	var diffs []string
	for _, t := range want {
		d := got.differ(t.withoutLinks())
		if d == "" {
			return nil
		}
		diffs = append(diffs, d)
	}
	return fmt.Errorf("the tree is neither the old one:\n%sor the new one:\n%s", diffs[0], diffs[len(diffs)-1])
}

// survived checks what must be there after a power cut.
func (s *scenario) survived(got tree) error {
	labels := make(map[uint32]bool)
	for path, e := range got.at {
		labels[e.label] = true
		if content := fmt.Sprintf("content of %d", e.label); e.mode&0o170000 == 0o100000 && e.content != content {
			return fmt.Errorf("%s is half: %q, want %q", path, e.content, content)
		}
	}
	for _, group := range s.keep {
		found := false
		for _, l := range group {
			found = found || labels[l]
		}
		if !found {
			return fmt.Errorf("none of the objects %v is there: %v", group, got.at)
		}
	}
	return nil
}
