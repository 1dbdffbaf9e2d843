package placement

import (
	"context"
	"slices"
	"syscall"
	"testing"
)

func TestFsyncHurriesVolatile(t *testing.T) {
	w := newWorld(t)
	w.ok(w.create("/v/f"), w.create("/v/g"), w.rename("/v/f", "/f"), w.create("/e/h"), w.rename("/e/h", "/h"))
	fsync := func(path string) error {
		return w.on(path, func(n *Node) error { return w.fs.Fsync(t.Context(), n, nil, false) })
	}
	w.ok(fsync("/v/g"), fsync("/h"))
	if w.mover.hurried() != 0 {
		t.Error("scratch, or a move between durable backends, was waited for")
	}
	w.ok(fsync("/f"))
	if got := w.holders("f"); got != "d" || w.mover.hurried() != 1 {
		t.Errorf("after fsync /f is on %q, hurried %d times", got, w.mover.hurried())
	}
	w.ok(fsync("/f"))
	if w.mover.hurried() != 1 {
		t.Error("a settled file was hurried")
	}
}

func TestFsyncTellsWhyNot(t *testing.T) {
	w := newWorld(t)
	w.ok(w.create("/v/f"), w.rename("/v/f", "/f"))
	for _, want := range []error{syscall.ENOSPC, syscall.EIO, context.Canceled} {
		w.mover.hurry = func(*Node) error { return want }
		w.is(w.on("/f", func(n *Node) error { return w.fs.Fsync(t.Context(), n, nil, false) }), want, "fsync of the file")
		w.is(w.fs.FsyncDir(t.Context(), w.fs.Root()), want, "fsync of the directory")
	}
	w.mover.hurry = nil
	w.ok(w.fs.FsyncDir(t.Context(), w.fs.Root()))
	if got := w.holders("f"); got != "d" {
		t.Errorf("/f is on %q after fsync of its directory", got)
	}
}

func TestFsyncOfWhatLayThereBefore(t *testing.T) {
	w := newWorld(t)
	w.put(beV, "f", "from before")
	w.ok(w.on("/f", func(n *Node) error { return w.fs.Fsync(t.Context(), n, nil, false) }))
	if got := w.holders("f"); got != "v" || w.mover.hurried() > 0 {
		t.Errorf("/f is on %q, hurried %d times", got, w.mover.hurried())
	}
}

func TestFsyncDirForgetsWhatLeft(t *testing.T) {
	w := newWorld(t)
	w.ok(w.create("/v/f"), w.create("/v/g"), w.mkdir("/x"), w.rename("/v/f", "/x/f"), w.rename("/v/g", "/x/g"),
		w.rename("/x/f", "/v/f"), w.unlink("/x/g"))
	w.ok(w.on("/x", func(n *Node) error { return w.fs.FsyncDir(t.Context(), n) }))
	if w.mover.hurried() > 0 {
		t.Errorf("hurried %d times for what isn't there any more", w.mover.hurried())
	}
}

func TestArrivalThatNeedsNoMove(t *testing.T) {
	w := newWorld(t)
	w.ok(w.create("/v/f"), w.mkdir("/x"), w.rename("/v/f", "/x/f"), w.rename("/x", "/v/x"), w.settleAll())
	w.noRefsLeft()
}

func TestFsyncDirSettlesTree(t *testing.T) {
	w := newWorld(t)
	w.mover.hurry = func(n *Node) error {
		if _, err := w.fs.Walk(t.Context(), n, w.settle); n.isDir() && err != nil {
			return err
		}
		return w.settle(n)
	}
	w.ok(w.mkdir("/v/x"), w.mkdir("/v/x/y"), w.create("/v/x/y/f"), w.rename("/v/x", "/x"))
	w.ok(w.fs.FsyncDir(t.Context(), w.fs.Root()))
	if got := w.holders("x/y/f"); got != "d" {
		t.Errorf("/x/y/f is on %q", got)
	}
}

func TestFsyncDirSettlesWhatReplaced(t *testing.T) {
	// After fsync of the directory no power cut brings the old version back.
	w := newWorld(t)
	w.ok(w.create("/t"), w.create("/v/n"), w.rename("/v/n", "/t"), w.create("/u"), w.create("/e/k"), w.rename("/e/k", "/u"),
		w.create("/s1"), w.create("/v/m"), w.rename("/v/m", "/s1"), w.rename("/s1", "/s2"))
	w.ok(w.fs.FsyncDir(t.Context(), w.fs.Root()))
	w.losePower()
	for path, want := range map[string]string{"/t": "content of 2", "/u": "content of 4", "/s2": "content of 6"} {
		if got, err := w.read(path); got != want {
			t.Errorf("%s: %q, %v; want %q", path, got, err, want)
		}
	}
	_, err := w.attr("/s1")
	w.is(err, syscall.ENOENT, "renamed away")
}

func TestNewVersionIsSyncedBeforeOldOneGoes(t *testing.T) {
	for what, more := range map[string]func(w *world) error{
		"in place":     func(*world) error { return nil },
		"renamed away": func(w *world) error { return w.rename("/t", "/e/t3") },
	} {
		t.Run(what, func(t *testing.T) {
			w := newWorld(t)
			w.ok(w.create("/t"), w.create("/e/n"), w.rename("/e/n", "/t"), more(w))
			var calls []string
			w.setHook(func(be int, op, name string) error {
				calls = append(calls, beNames[be]+" "+op+" "+name)
				return nil
			})
			w.fs.reap()
			w.noHook()
			gone, sync := slices.Index(calls, "d Ref.Unlink t"), slices.Index(calls, "e Backend.SyncFS ")
			if gone < 0 || sync < 0 || sync > gone {
				t.Errorf("old version removed at %d, new one's backend synced at %d: %q", gone, sync, calls)
			}
		})
	}
}
