package placement

import (
	"context"
	"testing"

	"golang.org/x/sys/unix"
)

type stepFunc = func(w *world) error

func rename(from, to string) stepFunc { return func(w *world) error { return w.rename(from, to) } }

// setup makes files and directories (names that end in a slash), labelled from
// 1 on.
func made(paths ...string) func(w *world) {
	return func(w *world) {
		w.Helper()
		for _, p := range paths {
			if p[len(p)-1] == '/' {
				w.ok(w.mkdir(p[:len(p)-1]))
			} else {
				w.ok(w.create(p))
			}
		}
	}
}

// also does more than made.
func (f setupFunc) also(steps ...stepFunc) func(w *world) {
	return func(w *world) {
		f(w)
		for _, s := range steps {
			w.ok(s(w))
		}
	}
}

type setupFunc func(w *world)

// moveSteps are the calls of one move, each a step that changes nothing for
// users; between them others may happen.
func moveSteps(s *scenario, path string) (begin, turn, finish stepFunc) {
	var r *Relocation
	begin = func(w *world) error {
		return w.on(path, func(n *Node) (err error) {
			if r, err = w.fs.Begin(n); err != nil {
				return err
			}
			w.fs.Hold(n)
			s.rels = append(s.rels, r)
			if err = r.Stage(context.Background(), nil); err == nil {
				_, err = r.CatchUp(context.Background())
			}
			if err == nil {
				err = r.Sync()
			}
			return err
		})
	}
	turn = func(*world) error {
		if err := r.Switch(); err != nil {
			return err
		}
		return r.Sync()
	}
	finish = func(*world) error { return r.Finish() }
	return begin, turn, finish
}

// tidy lets the reaper do its work.
func tidy(w *world) error {
	w.fs.reaper.runJobs(w.fs)
	w.fs.reap()
	return nil
}

func scenarios() []*scenario {
	out := []*scenario{
		{name: "replace v-d", setup: made("/v/n", "/t"), steps: []stepFunc{rename("/v/n", "/t"), tidy}, keep: [][]uint32{{2}}},
		{name: "replace d-v", setup: made("/d/n", "/v/t"), steps: []stepFunc{rename("/d/n", "/v/t"), tidy}, keep: [][]uint32{{1}}},
		{name: "replace e-d", setup: made("/e/n", "/t"), steps: []stepFunc{rename("/e/n", "/t"), tidy}, keep: [][]uint32{{1}}},
		{name: "rename of merged dir", setup: mergedDir, steps: []stepFunc{rename("/m", "/m2"), tidy, rename("/m2", "/e/m3"), tidy}, keep: [][]uint32{{1}, {2}, {5}}},
		{name: "rename of merged dir over an empty one", setup: setupFunc(mergedDir).also(func(w *world) error { return w.mkdir("/e/x") }, rename("/e/x", "/y")), steps: []stepFunc{rename("/m", "/y"), tidy}, keep: [][]uint32{{1}, {2}, {5}}},
		{name: "exchange v-d", setup: made("/v/a", "/b"), steps: []stepFunc{func(w *world) error { return w.exchange("/v/a", "/b") }, tidy}, keep: [][]uint32{{2}}},
		{name: "exchange d-e", setup: made("/e/a", "/b"), steps: []stepFunc{func(w *world) error { return w.exchange("/e/a", "/b") }, tidy}, keep: [][]uint32{{1}, {2}}},
		{name: "exchange of merged dir and file", setup: setupFunc(mergedDir).also(func(w *world) error { return w.create("/e/f") }), steps: []stepFunc{func(w *world) error { return w.exchange("/m", "/e/f") }, tidy}, keep: [][]uint32{{1}, {2}, {5}, {6}}},
		{name: "replace, rename away, create again", setup: made("/v/n", "/t"), steps: []stepFunc{rename("/v/n", "/t"), rename("/t", "/t3"), tidy, func(w *world) error { return w.symlink("x", "/t") }, tidy}},
		{name: "replace, rename away", setup: made("/v/n", "/t"), steps: []stepFunc{rename("/v/n", "/t"), rename("/t", "/t3"), tidy}, keep: [][]uint32{{1, 2}}},
		{name: "replace, rename away, between disks", setup: made("/e/n", "/t"), steps: []stepFunc{rename("/e/n", "/t"), rename("/t", "/e/t3"), tidy}, keep: [][]uint32{{1}}},
		{name: "unlink of a winner over a shadow", setup: setupFunc(made("/v/n", "/t", "/e/k", "/u")).also(rename("/v/n", "/t"), rename("/e/k", "/u")), steps: []stepFunc{func(w *world) error { return w.unlink("/t") }, func(w *world) error { return w.unlink("/u") }, tidy}},
		{name: "rmdir of merged dir", setup: setupFunc(mergedDir).also(func(w *world) error { return w.unlink("/m/in-d") }, func(w *world) error { return w.unlink("/m/from-e") }), steps: []stepFunc{func(w *world) error { return w.unlink("/m/from-v") }, func(w *world) error { return w.rmdir("/m") }, tidy}},
		{name: "link over a hidden name", setup: setupFunc(made("/v/n", "/t", "/d/f")).also(rename("/v/n", "/t"), rename("/t", "/t3")), steps: []stepFunc{func(w *world) error { return w.link("/d/f", "/t") }, tidy}, keep: [][]uint32{{3}}},
		{name: "make over a hidden name", setup: setupFunc(made("/v/n", "/t")).also(rename("/v/n", "/t"), rename("/t", "/t3")), steps: []stepFunc{func(w *world) error { return w.mkdir("/t") }, tidy}},
		{name: "rename over a hidden name", setup: setupFunc(made("/v/n", "/t", "/e/k")).also(rename("/v/n", "/t"), rename("/t", "/t3")), steps: []stepFunc{rename("/e/k", "/t"), tidy}, keep: [][]uint32{{3}}},
		{name: "scaffold", setup: made("/v/n", "/a/", "/a/b/"), steps: []stepFunc{rename("/v/n", "/a/b/n"), tidy}, keep: [][]uint32{{2}, {3}}},
	}
	return append(out, moveScenarios()...)
}

// mergedDir makes /m (1) on d with a file (2), and files from v (3) and e (5):
// it is on three backends.
func mergedDir(w *world) {
	w.ok(w.mkdir("/m"), w.create("/m/in-d"), w.create("/v/f"), w.rename("/v/f", "/m/from-v"))
	w.label++
	w.ok(w.create("/e/f"), w.rename("/e/f", "/m/from-e"))
}

func moveScenarios() (out []*scenario) {
	add := func(name string, setup func(w *world), path string, keep [][]uint32, between ...stepFunc) {
		s := &scenario{name: name, setup: setup, keep: keep}
		begin, turn, finish := moveSteps(s, path)
		s.steps = append([]stepFunc{begin, turn}, between...)
		s.steps = append(s.steps, finish, tidy)
		out = append(out, s)
	}
	replaced := setupFunc(made("/v/n", "/t")).also(rename("/v/n", "/t"))
	add("move v-d", setupFunc(made("/v/n")).also(rename("/v/n", "/f")), "/f", nil)
	add("move of what replaced v-d", replaced, "/t", [][]uint32{{1, 2}})
	add("move e-d", setupFunc(made("/e/n")).also(rename("/e/n", "/f")), "/f", [][]uint32{{1}})
	add("move d-s", setupFunc(made("/d/n")).also(rename("/d/n", "/s/f")), "/s/f", [][]uint32{{1}})
	add("move d-v", setupFunc(made("/d/n")).also(rename("/d/n", "/v/f")), "/v/f", nil)
	add("move to a new directory", setupFunc(made("/v/a/", "/v/a/b/", "/v/a/b/n")).also(rename("/v/a", "/a")), "/a/b/n", nil)
	add("move of a symbolic link", setupFunc(func(w *world) { w.ok(w.symlink("x", "/e/l")) }).also(rename("/e/l", "/l")), "/l", [][]uint32{{1}})
	add("move of a device 0:0", setupFunc(func(w *world) { w.ok(w.mknod("/e/c", unix.S_IFCHR|0o600, 0)) }).also(rename("/e/c", "/c")), "/c", [][]uint32{{1}})
	add("move, renamed before Finish", setupFunc(made("/e/n")).also(rename("/e/n", "/f")), "/f", [][]uint32{{1}}, rename("/f", "/g"))
	add("move, removed before Finish", setupFunc(made("/e/n")).also(rename("/e/n", "/f")), "/f", nil, func(w *world) error { return w.unlink("/f") })
	add("move, replaced before Finish", setupFunc(made("/e/n", "/v/k")).also(rename("/e/n", "/f")), "/f", [][]uint32{{1, 2}}, rename("/v/k", "/f"))
	third := &scenario{name: "move, renamed over a third backend's file before Switch",
		setup: setupFunc(made("/v/n", "/e/k")).also(rename("/e/k", "/t"), rename("/v/n", "/f"))}
	begin, turn, finish := moveSteps(third, "/f")
	third.steps = []stepFunc{begin, rename("/f", "/t"), turn, finish, tidy}
	third.keep = [][]uint32{{1, 2}}
	out = append(out, third)
	out = append(out, groupScenarios()...)
	return append(out, treeScenario())
}

// groupScenarios move a file with two names, both of which must be known.
func groupScenarios() (out []*scenario) {
	group := setupFunc(made("/e/n", "/v/k")).also(func(w *world) error { return w.link("/e/n", "/e/n2") },
		rename("/e/n", "/a"), rename("/e/n2", "/b"))
	add := func(name string, between ...stepFunc) {
		s := &scenario{name: name, setup: group, keep: [][]uint32{{1}}}
		begin, turn, finish := moveSteps(s, "/a")
		known := func(w *world) error {
			return w.on("/a", func(*Node) error { return w.on("/b", func(*Node) error { return begin(w) }) })
		}
		s.steps = append([]stepFunc{known, turn}, between...)
		s.steps = append(s.steps, finish, tidy)
		out = append(out, s)
	}
	add("move of a group")
	add("move of a group, one removed before Finish", func(w *world) error { return w.unlink("/a") })
	add("move of a group, the other removed before Finish", func(w *world) error { return w.unlink("/b") })
	add("move of a group, one renamed before Finish", rename("/a", "/c"))
	add("move of a group, one replaced before Finish", rename("/v/k", "/a"))
	add("move of a group, one removed and made again before Finish",
		func(w *world) error { return w.unlink("/b") }, func(w *world) error { return w.symlink("x", "/b") })
	return out
}

func treeScenario() *scenario {
	s := &scenario{name: "move of a tree", keep: [][]uint32{{1}, {2}, {3}, {4}}}
	s.setup = setupFunc(made("/e/t/", "/e/t/a/", "/e/t/a/f", "/e/t/g")).also(rename("/e/t", "/t"))
	for _, path := range []string{"/t/a/f", "/t/a", "/t/g", "/t"} {
		begin, turn, finish := moveSteps(s, path)
		s.steps = append(s.steps, begin, turn, finish, tidy)
	}
	return s
}

func TestKill(t *testing.T) {
	for _, s := range scenarios() {
		t.Run(s.name, func(t *testing.T) { s.sweep(t, false) })
	}
}

func TestPowerLoss(t *testing.T) {
	for _, s := range scenarios() {
		t.Run(s.name, func(t *testing.T) { s.sweep(t, true) })
	}
}
