package placement

import (
	"syscall"
	"testing"
)

func TestDirectoryWithLinkThatStays(t *testing.T) {
	// A file of two names belongs where its durable name says; the directory
	// with the other name goes home all the same.
	w := newWorld(t)
	w.ok(w.create("/d/f"), w.mkdir("/d/x"), w.link("/d/f", "/d/x/f2"), w.rename("/d/x", "/v/x"))
	seen := w.mustLook()
	if err := w.settleAll(); err != nil {
		t.Errorf("settle: %v", err)
	}
	w.same(seen)
	w.ok(w.on("/v/x", func(n *Node) error {
		if p := w.fs.Place(n); !p.Settled {
			t.Errorf("/v/x is on %s, and settled is %v", p.Resident.Props().Name, p.Settled)
		}
		return nil
	}))
}

func TestDirectoryRemovedDuringMove(t *testing.T) {
	w := newWorld(t)
	w.ok(w.mkdir("/v/x"), w.rename("/v/x", "/x"))
	r := w.staged("/x")
	w.ok(w.rmdir("/x"))
	w.is(r.Switch(), ErrGone, "switch of a removed directory")
	r.Abort()
	_, err := w.attr("/x")
	w.is(err, syscall.ENOENT, "removed directory")
	if got := w.holders("x"); got != "" {
		t.Errorf("/x is on %q", got)
	}
}

func TestDirectoryUsedDuringMove(t *testing.T) {
	w := newWorld(t)
	w.ok(w.mkdir("/v/x"), w.rename("/v/x", "/x"), w.create("/v/f"))
	r := w.switched("/x")
	w.ok(w.rename("/v/f", "/x/f"), r.Sync(), r.Finish())
	seen := w.mustLook()
	w.restart()
	w.same(seen)
	w.ok(w.settleAll())
	w.same(seen)
	if got := w.holders("x"); got != "d" {
		t.Errorf("/x is on %q", got)
	}
}

func TestMergedDirectories(t *testing.T) {
	eachPair(t, func(w *world, from, to string) {
		w.ok(w.mkdir(to+"/m"), w.create(to+"/m/1"), w.create(from+"/2"), w.rename(from+"/2", to+"/m/2"), w.mkdir(to+"/m/sub"))
		w.is(w.rmdir(to+"/m"), syscall.ENOTEMPTY, "removal of a merged directory")
		w.ok(w.unlink(to + "/m/1"))
		w.is(w.rename(to+"/m", to+"/m/sub/x"), syscall.EINVAL, "rename below itself")
		w.ok(w.rmdir(to + "/m/sub"))
		w.is(w.rmdir(to+"/m"), syscall.ENOTEMPTY, "removal of a directory that is empty on its home")
		w.ok(w.mkdir(from+"/other"), w.mkdir(from+"/empty"))
		w.is(w.rename(from+"/other", to+"/m"), syscall.ENOTEMPTY, "rename over it")
		w.ok(w.rename(to+"/m", from+"/empty"), w.rename(from+"/empty", to+"/back"))
		if got, err := w.read(to + "/back/2"); err != nil || got != "content of 3" {
			w.Errorf("%q, %v", got, err)
		}
		w.ok(w.unlink(to+"/back/2"), w.rmdir(to+"/back"), w.rmdir(from+"/other"))
	})
}

func TestRenameOverEmptyDirectoryOfOtherBackend(t *testing.T) {
	eachPair(t, func(w *world, from, to string) {
		w.ok(w.mkdir(from+"/a"), w.create(from+"/a/f"), w.mkdir(to+"/b"))
		id, err := w.attr(from + "/a")
		w.ok(err, w.rename(from+"/a", to+"/b"))
		if a, err := w.attr(to + "/b"); err != nil || a.Ino != id.Ino {
			w.Errorf("%+v, %v; the id was %d", a, err, id.Ino)
		}
		seen := w.mustLook()
		w.restart()
		w.same(seen)
	})
}
