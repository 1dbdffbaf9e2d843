package placement

import (
	"context"
	"os"
	"testing"
)

func TestDueAndAdopt(t *testing.T) {
	for _, adopt := range []bool{false, true} {
		w := newWorld(t)
		w.shut()
		w.put(beV, "before", "from before")
		w.adopt = adopt
		w.open()
		w.ok(w.create("/v/f"), w.rename("/v/f", "/f"))
		due := func(path string, want bool) {
			t.Helper()
			w.ok(w.on(path, func(n *Node) error {
				p := w.fs.Place(n)
				if p.Settled || p.Due != want || w.mover.toldOf(n.ID()) != want {
					t.Errorf("adopt %v: %s is %+v, the mover was told: %v", adopt, path, p, w.mover.toldOf(n.ID()))
				}
				return nil
			}))
		}
		due("/before", adopt)
		due("/f", true)
		w.restart()
		due("/before", adopt)
		due("/f", true)
	}
}

func TestDueTree(t *testing.T) {
	w := newWorld(t)
	w.ok(w.mkdir("/v/x"), w.mkdir("/v/x/y"), w.create("/v/x/y/f"), w.rename("/v/x", "/x"))
	top, err := w.attr("/x")
	w.ok(err)
	if !w.mover.toldOf(top.Ino) {
		t.Error("the mover isn't told of the tree")
	}
	w.restart()
	if err := os.WriteFile(w.raw(beV, "w"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	seen := make(map[string]bool)
	_, err = w.fs.WalkForeign(context.Background(), func(n *Node) error {
		path, _ := w.fs.Path(n)
		seen[path] = w.fs.Place(n).Due
		return nil
	})
	w.ok(err)
	for path, due := range map[string]bool{"/x": true, "/x/y": true, "/x/y/f": true, "/w": false} {
		if got, ok := seen[path]; !ok || got != due {
			t.Errorf("%s: due %v, visited %v", path, got, ok)
		}
	}
	if len(seen) != 4 {
		t.Errorf("visited %v", seen)
	}
}

func TestRenameBackIsNotDue(t *testing.T) {
	w := newWorld(t)
	w.ok(w.create("/v/f"), w.rename("/v/f", "/f"), w.rename("/f", "/v/f"))
	w.ok(w.on("/v/f", func(n *Node) error {
		if p := w.fs.Place(n); !p.Settled || p.Due {
			t.Errorf("%+v", p)
		}
		return nil
	}))
}

func TestPathAndResolve(t *testing.T) {
	w := newWorld(t)
	w.ok(w.mkdir("/v/x"), w.create("/v/x/f"))
	n, release := w.node("/v/x/f")
	defer release()
	for _, step := range [][2]string{{"", "/v/x/f"}, {"/e/y", "/e/y/f"}} {
		if step[0] != "" {
			w.ok(w.rename("/v/x", step[0]))
		}
		if got, ok := w.fs.Path(n); got != step[1] || !ok {
			t.Errorf("%q, %v; want %q", got, ok, step[1])
		}
	}
	w.ok(w.unlink("/e/y/f"))
	if got, ok := w.fs.Path(n); ok {
		t.Errorf("path of what is gone: %q", got)
	}
	if got, ok := w.fs.Path(w.fs.Root()); got != "/" || !ok {
		t.Errorf("path of the root: %q", got)
	}
}
