package tests

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/seamfs/seamfs/tests/check"
	"github.com/seamfs/seamfs/tests/harness"
	"pgregory.net/rapid"
)

// TestModel runs random operations on the mount and on a plain directory side
// by side: errors and contents are the same after every operation, the trees
// at the end of each sequence and again when all has settled. It counts how
// many operations touched a file in each state of its move and fails when none
// met one under way.
func TestModel(t *testing.T) {
	seedModel(t)
	for _, p := range []harness.Pair{harness.TmpfsExt4, harness.Pairs[2], harness.Pairs[3]} {
		t.Run(p.Name, func(t *testing.T) {
			d := p.Mount(t)
			d.Limit(8 * time.Minute)
			plain := harness.Disk(t, "ext4", 2<<30)
			overlap := map[string]int{}
			n := 0
			rapid.Check(t, func(rt *rapid.T) {
				n++
				m := newModel(t, rt, d, plain, n, overlap)
				defer m.close()
				rt.Repeat(m.actions())
				m.compare("at the end")
				d.Settle("/")
				m.compare("when settled")
			})
			t.Logf("operations by the state of the file they touched: %v", overlap)
			if overlap["queued"] == 0 || overlap["copying"] == 0 {
				t.Errorf("no operation overlapped a move: %v", overlap)
			}
		})
	}
}

// seedModel fixes the seed, so that it can be printed also for a run that
// ends by something else than a failed comparison.
func seedModel(t *testing.T) {
	f := flag.Lookup("rapid.seed")
	if f.Value.String() == "0" {
		check.OK(t, f.Value.Set(fmt.Sprint(time.Now().UnixNano())))
	}
	if c := flag.Lookup("rapid.checks"); c.Value.String() == "100" {
		check.OK(t, c.Value.Set("40"))
	}
	t.Logf("repeat with -rapid.seed=%s", f.Value)
}

// A model is one sequence: two directories of the mount, one on each backend,
// and two plain ones that stand for them.
type model struct {
	t       *testing.T
	rt      *rapid.T
	d       *harness.Daemon
	mount   [2]string
	plain   [2]string
	overlap map[string]int
	handles []handle
	history []string // of the operations so far, for who reads a failure
}

// A handle is a file opened in the mount and its twin.
type handle struct{ mount, plain *os.File }

func newModel(t *testing.T, rt *rapid.T, d *harness.Daemon, plain string, n int, overlap map[string]int) *model {
	m := &model{t: t, rt: rt, d: d, overlap: overlap}
	for i, side := range []string{"scratch", "store"} {
		m.mount[i], m.plain[i] = d.Path(side, fmt.Sprint("m", n)), fmt.Sprintf("%s/%s-%d", plain, side, n)
		check.OK(t, os.Mkdir(m.mount[i], 0o755))
		check.OK(t, os.Mkdir(m.plain[i], 0o755))
	}
	return m
}

// close leaves nothing, or the next sequences would wait for this one's moves.
func (m *model) close() {
	for _, h := range m.handles {
		h.mount.Close()
		h.plain.Close()
	}
	for i := range m.mount {
		os.RemoveAll(m.mount[i])
		os.RemoveAll(m.plain[i])
	}
}

var modelNames = []string{"a", "b", "c", "d", "d/a", "d/b", "d/e", "d/e/a", "h", "h/a"}

// path draws a path: on the mount, and its twin.
func (m *model) path(label string) (mount, plain string) {
	side := rapid.IntRange(0, 1).Draw(m.rt, label+" side")
	name := rapid.SampledFrom(modelNames).Draw(m.rt, label)
	return m.mount[side] + "/" + name, m.plain[side] + "/" + name
}

// touch counts the state of the file that the next operation is about.
func (m *model) touch(path string) {
	if s, err := check.Xattr(path, "seamfs.state"); err == nil {
		m.overlap[s]++
	}
}

// same compares the errors of an operation on both sides.
func (m *model) same(what string, onMount, onPlain error) {
	what = strings.ReplaceAll(what, m.d.MNT, "")
	m.history = append(m.history, fmt.Sprintf("%s: %v", what, check.ErrnoOf(onPlain)))
	if a, b := check.ErrnoOf(onMount), check.ErrnoOf(onPlain); a != b {
		m.fail("%s: the mount says %v, plain ext4 %v", what, onMount, onPlain)
	}
}

// fail ends the sequence and tells what led there.
func (m *model) fail(format string, args ...any) {
	m.rt.Fatalf("%s\nafter:\n\t%s", fmt.Sprintf(format, args...), strings.Join(m.history, "\n\t"))
}

// compare compares the trees of both sides.
func (m *model) compare(when string) {
	options := check.TreeOptions{NoDirNlink: true}
	for i := range m.mount {
		diff := check.DiffTree(check.TakeTree(m.t, m.mount[i], options), check.TakeTree(m.t, m.plain[i], options))
		if diff != "" {
			m.fail("%s the trees differ:\n%s", when, strings.TrimSpace(diff))
		}
	}
}
