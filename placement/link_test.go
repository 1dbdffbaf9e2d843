package placement

import (
	"syscall"
	"testing"
)

func TestLink(t *testing.T) {
	eachPair(t, func(w *world, from, to string) {
		w.ok(w.create(from+"/a"), w.link(from+"/a", to+"/b"), w.mkdir(from+"/dir"))
		a, err := w.attr(from + "/a")
		w.ok(err)
		b, err := w.attr(to + "/b")
		if err != nil || a.Ino != b.Ino || b.Nlink != 2 {
			t.Errorf("%+v, %+v, %v", a, b, err)
		}
		w.is(w.link(from+"/a", to+"/b"), syscall.EEXIST, "link over a file")
		w.is(w.link(from+"/dir", to+"/c"), syscall.EPERM, "link of a directory")
		w.ok(w.unlink(from + "/a"))
		if b, err = w.attr(to + "/b"); err != nil || b.Nlink != 1 {
			t.Errorf("%+v, %v", b, err)
		}
	})
}

func TestRenameOverShadowOfItself(t *testing.T) {
	// a and b are one file on d; n of another backend replaces a; then b is
	// renamed over that, where b's own other name lies hidden.
	w := newWorld(t)
	w.ok(w.create("/a"), w.link("/a", "/b"), w.create("/v/n"), w.rename("/v/n", "/a"))
	w.within("rename of a file over its own shadow", func() error { return w.rename("/b", "/a") })
	check := func() {
		t.Helper()
		if a, err := w.attr("/a"); err != nil || a.GID != 1 || a.Nlink != 1 {
			t.Errorf("/a is %+v, %v; want the first file with one link", a, err)
		}
		_, err := w.attr("/b")
		w.is(err, syscall.ENOENT, "/b after its rename")
	}
	check()
	w.restart()
	check()
}

func TestLinkCountWhileOneNameIsHidden(t *testing.T) {
	// One name of a file is a shadow; the file moves to another backend under
	// its other name.
	w := newWorld(t)
	w.ok(w.create("/a"), w.link("/a", "/v/b"), w.create("/v/n"), w.rename("/v/n", "/a"))
	nlink := func(when string) {
		t.Helper()
		if a, err := w.attr("/v/b"); err != nil || a.Nlink != 1 {
			t.Errorf("%s: nlink %d, %v; want 1", when, a.Nlink, err)
		}
	}
	nlink("before the move")
	w.within("move of a file with a hidden name", func() error { return w.settlePath("/v/b") })
	nlink("after the move")
	w.within("rename to the name that was hidden", func() error { return w.rename("/v/b", "/a") })
	w.within("move back", func() error { return w.settlePath("/a") })
	if a, err := w.attr("/a"); err != nil || a.Nlink != 1 || a.GID != 1 {
		t.Errorf("at the end: %+v, %v", a, err)
	}
}

func TestLinkOverHiddenNameIsDue(t *testing.T) {
	w := newWorld(t)
	w.ok(w.create("/t"), w.create("/v/n"), w.rename("/v/n", "/t"), w.rename("/t", "/t3")) // /t is a whiteout now
	w.ok(w.create("/v/f"), w.link("/v/f", "/t"))
	id, err := w.attr("/t")
	w.ok(err)
	if !w.mover.toldOf(id.Ino) {
		t.Error("the mover isn't told of a link under another rule")
	}
	w.restart()
	w.ok(w.unlink("/v/f"))
	w.ok(w.on("/t", func(n *Node) error {
		if p := w.fs.Place(n); p.Settled || !p.Due {
			t.Errorf("after a restart: %+v; want it due", p)
		}
		return nil
	}))
}
