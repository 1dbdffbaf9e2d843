package placement

import (
	"bytes"
	"context"
	"errors"
	"os"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// between runs fn at each moment of the move of a file /v/f that was renamed to
// /f, and then lets the move go on as it can.
func between(t *testing.T, fn func(w *world)) {
	for _, when := range []string{"before Stage", "after Stage", "after Switch", "after Finish"} {
		t.Run(when, func(t *testing.T) {
			w := newWorld(t)
			w.ok(w.create("/v/f"), w.mkdir("/dir"), w.rename("/v/f", "/dir/f"))
			n, release := w.node("/dir/f")
			defer release()
			r, err := w.fs.Begin(n)
			w.ok(err)
			if when == "before Stage" {
				fn(w)
			}
			w.moveOn(r, when, func() { fn(w) })
			seen := w.mustLook()
			w.restart()
			w.same(seen)
			w.ok(w.settleAll())
			if err := w.onlyVisible(w.mustLook()); err != nil {
				t.Error(err)
			}
			if n := w.fs.LostFound(); n > 0 {
				t.Errorf("%d objects in lost+found", n)
			}
		})
	}
}

// moveOn makes the calls of a move and calls fn after the one that is named; a
// move that lost its object is aborted.
func (w *world) moveOn(r *Relocation, when string, fn func()) {
	w.Helper()
	lost := func(err error) bool {
		if err == nil {
			return false
		}
		r.Abort()
		if !errors.Is(err, ErrGone) && !errors.Is(err, ErrRetarget) && !errors.Is(err, syscall.ESTALE) {
			w.Errorf("move: %v", err)
		}
		return true
	}
	if lost(r.Stage(context.Background(), nil)) {
		return
	}
	if when == "after Stage" {
		fn()
	}
	if _, err := r.CatchUp(context.Background()); lost(err) || lost(r.Sync()) || lost(r.Switch()) {
		return
	}
	if when == "after Switch" {
		fn()
	}
	if r.n.reloc.Load() == r { // nobody hurried it to its end
		w.ok(r.Sync(), r.Finish())
	}
	if when == "after Finish" {
		fn()
	}
	w.fs.reap()
}

func TestUnlinkDuringMove(t *testing.T) {
	between(t, func(w *world) {
		w.ok(w.unlink("/dir/f"))
		_, err := w.attr("/dir/f")
		w.is(err, syscall.ENOENT, "unlinked file")
	})
}

func TestRenameDuringMove(t *testing.T) {
	between(t, func(w *world) { w.ok(w.rename("/dir/f", "/g")) })
}

func TestRenameBackDuringMove(t *testing.T) {
	between(t, func(w *world) { w.ok(w.rename("/dir/f", "/v/g")) })
}

func TestReplaceDuringMove(t *testing.T) {
	between(t, func(w *world) { w.ok(w.create("/v/k"), w.rename("/v/k", "/dir/f")) })
}

func TestReplaceFromThirdDuringMove(t *testing.T) {
	between(t, func(w *world) { w.ok(w.create("/e/k"), w.rename("/e/k", "/dir/f")) })
}

func TestRenameOverThirdDuringMove(t *testing.T) {
	between(t, func(w *world) {
		w.ok(w.create("/e/k"), w.rename("/e/k", "/t"), w.rename("/dir/f", "/t"))
	})
}

func TestExchangeDuringMove(t *testing.T) {
	between(t, func(w *world) { w.ok(w.create("/e/k"), w.exchange("/e/k", "/dir/f")) })
}

func TestLinkDuringMove(t *testing.T) {
	between(t, func(w *world) { w.ok(w.link("/dir/f", "/g")) })
}

func TestParentRenamedDuringMove(t *testing.T) {
	between(t, func(w *world) { w.ok(w.rename("/dir", "/e/dir2")) })
}

func TestParentRemovedDuringMove(t *testing.T) {
	between(t, func(w *world) { w.ok(w.unlink("/dir/f"), w.rmdir("/dir")) })
}

func TestOpenFileFollowsMove(t *testing.T) {
	w := newWorld(t)
	data := bytes.Repeat([]byte("0123456789abcdef"), 32<<10)
	w.ok(w.create("/v/f"), w.rename("/v/f", "/f"))
	f := w.openFile("/f", os.O_RDWR)
	defer f.Release()
	reader := w.openFile("/f", os.O_RDONLY)
	defer reader.Release()
	put := func(off int, text string) {
		t.Helper()
		if _, err := f.WriteAt([]byte(text), int64(off), false); err != nil {
			t.Fatal(err)
		}
		if end := off + len(text); end > len(data) {
			data = append(data, make([]byte, end-len(data))...)
		}
		copy(data[off:], text)
	}
	size := func(n int) {
		t.Helper()
		var a Attr
		s := int64(n)
		w.ok(w.fs.SetAttr(f.Node(), f, &setAttr{Size: &s}, false, &a))
		data = append(data[:min(n, len(data))], make([]byte, max(0, n-len(data)))...)
	}
	punch := func(off, n int) {
		t.Helper()
		w.ok(f.Fallocate(unix.FALLOC_FL_PUNCH_HOLE|unix.FALLOC_FL_KEEP_SIZE, int64(off), int64(n)))
		clear(data[off:min(off+n, len(data))])
	}
	put(0, string(data))
	n, release := w.node("/f")
	defer release()
	r, err := w.fs.Begin(n)
	w.ok(err)
	put(100, "after Begin")
	w.ok(r.Stage(context.Background(), nil))
	put(200, "after Stage")
	size(300000)
	put(299999, "across the end")
	punch(65536, 8192)
	_, err = r.CatchUp(context.Background())
	w.ok(err)
	size(1000)
	size(400000)
	put(399000, "far")
	w.ok(r.Sync(), r.Switch())
	put(64, "after Switch")
	if got, err := readAll(reader); err != nil || got != string(data) {
		t.Errorf("other handle: differs after %d bytes, %v", common(got, string(data)), err)
	}
	w.ok(r.Sync(), r.Finish())
	put(500000, "after Finish")
	for what, h := range map[string]*File{"writer": f, "reader": reader} {
		if got, err := readAll(h); err != nil || got != string(data) {
			t.Errorf("%s: differs after %d bytes, %v", what, common(got, string(data)), err)
		}
	}
	if raw, err := os.ReadFile(w.raw(beD, "f")); err != nil || string(raw) != string(data) {
		t.Errorf("on d: differs after %d bytes, %v", common(string(raw), string(data)), err)
	}
	if got := w.holders("f"); got != "d" {
		t.Errorf("/f is on %q", got)
	}
}

func TestMoveOutlivesNodeOfDirectory(t *testing.T) {
	// The file leaves its directory after the switch, and nobody refers to that
	// any more when the move goes on.
	w := newWorld(t)
	w.ok(w.create("/v/f"), w.mkdir("/dir"), w.rename("/v/f", "/dir/f"))
	r := w.switched("/dir/f")
	w.ok(w.rename("/dir/f", "/g"))
	w.fs.reap()
	w.ok(r.Sync(), r.Finish(), w.settleAll())
	w.shut()
	if open := w.openBelow(); len(open) > 0 {
		t.Errorf("still open after Close: %q", open)
	}
}

func TestFileLeavesWhileParentsAreMade(t *testing.T) {
	// While the switch makes the first directory on the new backend, the file
	// is renamed out of there, and nobody refers to its old parents any more.
	w := newWorld(t) // sees at the end that no descriptor is left
	w.ok(w.mkdir("/v/a"), w.mkdir("/v/a/b"), w.create("/v/a/b/f"), w.rename("/v/a", "/a"))
	w.ok(w.create("/v/k"), w.rename("/v/k", "/e/k")) // /e is on v, too, from here on
	r := w.staged("/a/b/f")
	parent, release := w.node("/a/b")
	to, releaseTo := w.node("/e")
	defer releaseTo()
	left := false
	w.setHook(func(be int, op, _ string) error {
		if be == beD && op == "Ref.Mkdir" && !left {
			left = true
			err := w.fs.Rename(parent, "f", to, "g", 0)
			release()
			return err
		}
		return nil
	})
	w.within("switch", func() error {
		w.is(r.Switch(), ErrRetarget, "switch")
		return nil
	})
	w.noHook()
	if !left {
		t.Error("no directory was made")
	}
	r.Abort()
}

// openBelow lists the descriptors that this process has below the world.
func (w *world) openBelow() (open []string) {
	des, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		w.Fatal(err)
	}
	for _, de := range des {
		if to, err := os.Readlink("/proc/self/fd/" + de.Name()); err == nil && strings.HasPrefix(to, w.top) {
			open = append(open, to)
		}
	}
	return open
}

// common is how many bytes two strings have in common.
func common(a, b string) int {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return i
		}
	}
	return min(len(a), len(b))
}
