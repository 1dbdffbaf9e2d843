package placement

import (
	"strings"
	"testing"

	"github.com/seamfs/seamfs/backend"
	"github.com/seamfs/seamfs/backend/backendtest/disk"
)

func TestLongestPrefixWins(t *testing.T) {
	w := worldAt(t, disk.New(t, "tmpfs", 0))
	w.rules = []Rule{{"/", []int{beD}}, {"/a", []int{beV}}, {"/a/b/c", []int{beE, beD}}, {"/ab", []int{beS}}}
	w.open()
	defer w.shut()
	w.ok(w.mkdir("/a/b/x"), w.mkdir("/a/b/c/x"), w.mkdir("/ab/x"), w.mkdir("/abc"))
	for path, want := range map[string]int{
		"/": beD, "/abc": beD, "/a": beV, "/a/b": beV, "/a/b/x": beV, "/a/b/c": beE, "/a/b/c/x": beE, "/ab": beS, "/ab/x": beS,
	} {
		w.ok(w.on(path, func(n *Node) error {
			if got := w.fs.ruleOf(n).stores[0].index; got != want {
				t.Errorf("%s belongs on %s, want %s", path, beNames[got], beNames[want])
			}
			return nil
		}))
	}
	if got := w.holders("a/b/c"); !strings.Contains(got, "d") || !strings.Contains(got, "e") {
		t.Errorf("a prefix is on %q; want it on all backends of its rule", got)
	}
}

func TestBadRules(t *testing.T) {
	w := newWorld(t)
	w.shut()
	for what, rules := range map[string][]Rule{
		"no rule for /":    {{"/a", []int{0}}},
		"no rules":         nil,
		"relative prefix":  {{"/", []int{0}}, {"a", []int{0}}},
		"unclean prefix":   {{"/", []int{0}}, {"/a/", []int{0}}},
		"dots":             {{"/", []int{0}}, {"/a/../b", []int{0}}},
		"private name":     {{"/", []int{0}}, {"/.seamfs/x", []int{0}}},
		"two for a prefix": {{"/", []int{0}}, {"/a", []int{0}}, {"/a", []int{1}}},
		"no backend":       {{"/", []int{0}}, {"/a", nil}},
		"two for the root": {{"/", []int{0}}, {"/", []int{1}}},
	} {
		w.rules = rules
		if err := w.tryOpen(); err == nil {
			t.Errorf("%s: no error", what)
			w.shut()
		}
	}
}

func TestFileInPlaceOfPrefix(t *testing.T) {
	w := newWorld(t)
	w.ok(w.create("/x"))
	w.shut()
	w.rules = append(w.rules, Rule{"/x", []int{beV}})
	if err := w.tryOpen(); err == nil {
		t.Error("no error")
		w.shut()
	}
}

func TestFullBackendIsPassedOver(t *testing.T) {
	full := false
	w := worldAt(t, disk.New(t, "tmpfs", 0))
	w.open()
	defer w.shut()
	w.ok(w.create("/o/1"))
	w.backends[beE] = nil
	e := w.fs.stores[beE]
	e.Backend = fullBackend{e.Backend, &full}
	full, e.room.until = true, w.fs.now().Add(-1)
	w.ok(w.create("/o/2"))
	w.backends[beE] = e.Backend
	if a, b := w.holders("o/1"), w.holders("o/2"); a != "e" || b != "d" {
		t.Errorf("on %q and %q; want e, and d once e is full", a, b)
	}
}

// fullBackend has no room while full is set.
type fullBackend struct {
	backend.Backend
	full *bool
}

func (b fullBackend) Statfs() (backend.Statfs, error) {
	st, err := b.Backend.Statfs()
	if *b.full {
		st.Bavail = 0
	}
	return st, err
}
