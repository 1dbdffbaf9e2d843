package placement

import (
	"context"
	"os"
	"testing"

	"github.com/seamfs/seamfs/backend"
	"golang.org/x/sys/unix"
)

type setAttr = backend.SetAttr

func TestMoveIsInvisible(t *testing.T) {
	for _, p := range pairs {
		if p[0] == p[1] {
			continue
		}
		t.Run(p[0][1:]+"-"+p[1][1:], func(t *testing.T) {
			w := newWorld(t)
			w.ok(w.mkdir(p[0]+"/x"), w.mkdir(p[0]+"/x/sub"), w.create(p[0]+"/x/f"), w.symlink("to", p[0]+"/x/sub/l"),
				w.link(p[0]+"/x/f", p[0]+"/x/sub/f2"), w.mknod(p[0]+"/x/fifo", unix.S_IFIFO|0o604, 0),
				w.mknod(p[0]+"/x/sock", unix.S_IFSOCK|0o604, 0), w.mknod(p[0]+"/x/null", unix.S_IFCHR|0o604, unix.Mkdev(1, 3)),
				w.mknod(p[0]+"/x/zero", unix.S_IFCHR|0o604, 0))
			w.ok(w.on(p[0]+"/x/f", func(n *Node) error { return w.fs.SetXattr(n, "user.k", []byte("value"), 0) }))
			w.ok(w.rename(p[0]+"/x", p[1]+"/y"))
			before := w.times(p[1])
			seen := w.mustLook()
			w.ok(w.settleAll())
			w.same(seen)
			for path, a := range w.times(p[1]) {
				if b := before[path]; a.Mtime != b.Mtime || a.Mode != b.Mode || a.Size != b.Size && a.Mode&unix.S_IFMT == unix.S_IFREG {
					t.Errorf("%s was %+v and is %+v", path, b, a)
				}
			}
			var buf [16]byte
			w.ok(w.on(p[1]+"/y/f", func(n *Node) error {
				size, err := w.fs.GetXattr(n, "user.k", buf[:])
				if string(buf[:max(size, 0)]) != "value" {
					t.Errorf("xattr is %q", buf[:max(size, 0)])
				}
				return err
			}))
			if err := w.onlyVisible(seen); err != nil {
				t.Error(err)
			}
			w.shut()
			w.open()
			w.same(seen)
		})
	}
}

// times takes down the attributes of everything below a path, and of the root.
func (w *world) times(top string) map[string]Attr {
	out := make(map[string]Attr)
	for path := range w.mustLook().at {
		if len(path) < len(top) || path[:len(top)] != top {
			continue
		}
		a, err := w.attr(path)
		w.ok(err)
		out[path] = a
	}
	return out
}

func TestBeginRefuses(t *testing.T) {
	w := newWorld(t)
	w.ok(w.create("/f"), w.create("/v/g"), w.rename("/v/g", "/g"), w.create("/v/h"), w.link("/v/h", "/v/h2"), w.rename("/v/h", "/h"))
	begin := func(path string) error {
		return w.on(path, func(n *Node) error {
			r, err := w.fs.Begin(n)
			if err == nil {
				r.Abort()
			}
			return err
		})
	}
	w.is(begin("/f"), ErrSettled, "of what is home")
	w.is(begin("/v"), ErrSettled, "of a prefix")
	w.ok(begin("/g"))
	w.is(begin("/h"), ErrPinned, "of a file one of whose names isn't known")
	w.ok(w.on("/v/h2", func(*Node) error { return begin("/h") }))
	n, release := w.node("/g")
	defer release()
	r, err := w.fs.Begin(n)
	w.ok(err)
	w.is(begin("/g"), ErrBusy, "of what is on its way")
	r.Abort()
	w.ok(w.unlink("/g"))
	_, err = w.fs.Begin(n)
	w.is(err, ErrGone, "of what is gone")
}

func TestSwitchRefuses(t *testing.T) {
	w := newWorld(t)
	w.ok(w.create("/v/f"), w.rename("/v/f", "/f"), w.mkdir("/v/x"), w.create("/v/x/g"), w.rename("/v/x", "/x"))
	r := w.staged("/f")
	w.ok(w.rename("/f", "/e/f"))
	w.is(r.Switch(), ErrRetarget, "renamed to under another rule")
	r.Abort()
	r = w.staged("/x")
	w.is(r.Switch(), ErrNotEmpty, "of a directory that isn't empty")
	r.Abort()
	if left := w.privateLeft("stage", "journal"); len(left) > 0 {
		t.Errorf("left over: %v", left)
	}
	seen := w.mustLook()
	w.ok(w.settleAll())
	w.same(seen)
}

func TestSwitchGivesWayToSlowWrite(t *testing.T) {
	w := newWorld(t)
	w.ok(w.create("/v/f"), w.rename("/v/f", "/f"))
	f := w.openFile("/f", os.O_RDWR)
	defer f.Release()
	r := w.staged("/f")
	f.node.io.enter() // a write that hangs
	w.is(r.Switch(), ErrBusy, "while a write is under way")
	f.node.io.leave()
	w.ok(r.Switch(), r.Sync(), r.Finish())
}

func TestStageEndsWithContext(t *testing.T) {
	w := newWorld(t)
	w.ok(w.create("/v/f"), w.rename("/v/f", "/f"))
	n, release := w.node("/f")
	defer release()
	r, err := w.fs.Begin(n)
	w.ok(err)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	w.is(r.Stage(ctx, nil), context.Canceled, "Stage")
	r.Abort()
	if left := w.privateLeft("stage"); len(left) > 0 {
		t.Errorf("left over: %v", left)
	}
	w.ok(w.settleAll())
}

func TestStampStaysSmall(t *testing.T) {
	w := newWorld(t)
	w.ok(w.mknod("/v/c", unix.S_IFCHR|0o600, 0), w.create("/v/f"))
	for range 20 {
		w.ok(w.rename("/v/f", "/f"), w.rename("/v/c", "/c"), w.settleAll())
		w.ok(w.rename("/f", "/v/f"), w.rename("/c", "/v/c"), w.settleAll())
	}
	size, err := unix.Getxattr(w.raw(beV, "v/f"), stampAttr, nil)
	if err != nil || size > 68 {
		t.Errorf("after 40 moves the stamp has %d bytes, %v; it should fit into an inode", size, err)
	}
	if _, ok := w.mustLook().at["/v/c"]; !ok {
		t.Error("the device 0:0 isn't listed any more")
	}
}
