package placement

import (
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// hideT makes /t a name at which an old version on d is hidden and that means
// nothing: what replaced it, from v, went on to /t3.
func (w *world) hideT() {
	w.Helper()
	w.ok(w.create("/t"), w.create("/v/n"), w.rename("/v/n", "/t"), w.rename("/t", "/t3"))
	_, err := w.attr("/t")
	w.is(err, syscall.ENOENT, "hidden name")
	if got := w.holders("t"); got != "vd" {
		w.Fatalf("/t is on %q; want a whiteout on v and the old version on d", got)
	}
}

func TestMakeAtHiddenName(t *testing.T) {
	for what, mk := range map[string]func(w *world) error{
		"create":        func(w *world) error { return w.create("/t") },
		"mkdir":         func(w *world) error { return w.mkdir("/t") },
		"symlink":       func(w *world) error { return w.symlink("target", "/t") },
		"fifo":          func(w *world) error { return w.mknod("/t", unix.S_IFIFO|0o640, 0) },
		"device":        func(w *world) error { return w.mknod("/t", unix.S_IFCHR|0o640, unix.Mkdev(1, 3)) },
		"device 0:0":    func(w *world) error { return w.mknod("/t", unix.S_IFCHR|0o640, 0) },
		"link":          func(w *world) error { return w.link("/t3", "/t") },
		"link of d":     func(w *world) error { return w.link("/d/f", "/t") },
		"link of e":     func(w *world) error { return w.link("/e/f", "/t") },
		"rename of v":   func(w *world) error { return w.rename("/v/f", "/t") },
		"rename of d":   func(w *world) error { return w.rename("/d/f", "/t") },
		"rename of e":   func(w *world) error { return w.rename("/e/f", "/t") },
		"dir of v":      func(w *world) error { return w.rename("/v/dir", "/t") },
		"dir of d":      func(w *world) error { return w.rename("/d/dir", "/t") },
		"dir of e":      func(w *world) error { return w.rename("/e/dir", "/t") },
		"back from /t3": func(w *world) error { return w.rename("/t3", "/t") },
	} {
		t.Run(what, func(t *testing.T) {
			w := newWorld(t)
			for _, p := range []string{"/v", "/d", "/e"} {
				w.ok(w.create(p+"/f"), w.mkdir(p+"/dir"), w.create(p+"/dir/x"))
			}
			w.hideT()
			w.ok(mk(w))
			seen := w.mustLook()
			if _, ok := seen.at["/t"]; !ok {
				t.Error("/t isn't there")
			}
			if left := w.privateLeft("stage"); len(left) > 0 {
				t.Errorf("left over: %v", left)
			}
			w.restart()
			w.same(seen)
			w.ok(w.settleAll())
			seen = w.mustLook()
			if err := w.onlyVisible(seen); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestUseOfDirectoryMadeAtHiddenName(t *testing.T) {
	w := newWorld(t)
	w.ok(w.create("/v/f"))
	w.hideT()
	w.ok(w.mkdir("/t"))
	if err := w.rename("/v/f", "/t/f"); err != nil {
		t.Errorf("rename from another backend into it: %v", err)
	}
}

func TestHiddenNameStaysHidden(t *testing.T) {
	w := newWorld(t)
	w.hideT()
	seen := w.mustLook()
	w.is(w.unlink("/t"), syscall.ENOENT, "unlink")
	w.is(w.rename("/t", "/x"), syscall.ENOENT, "rename")
	w.is(w.rmdir("/t"), syscall.ENOENT, "rmdir")
	w.restart()
	w.same(seen)
	w.mover.quiet.Store(true)
	w.fs.reap()
	if got := w.holders("t"); got != "vd" {
		t.Errorf("/t is on %q; the old version goes only when nothing is left to move", got)
	}
	w.ok(w.settleAll())
	w.mover.quiet.Store(false)
	w.fs.reap()
	if got := w.holders("t"); got != "" {
		t.Errorf("/t is still on %q", got)
	}
	w.same(seen)
}
