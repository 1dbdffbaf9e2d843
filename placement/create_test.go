package placement

import (
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/seamfs/seamfs/backend"
	"golang.org/x/sys/unix"
)

func TestCreateIsExclusive(t *testing.T) {
	// Without the lookup that the kernel makes before: what is there is on
	// another backend and not in memory.
	for what, mk := range map[string]func(w *world, p *Node) (*Node, error){
		"create": func(w *world, p *Node) (*Node, error) {
			var a Attr
			n, f, err := w.fs.Create(p, "f", os.O_RDWR, 0o644, Caller{}, &a)
			if err == nil {
				f.Release()
			}
			return n, err
		},
		"mkdir": func(w *world, p *Node) (*Node, error) {
			var a Attr
			return w.fs.Mkdir(p, "f", 0o755, Caller{}, &a)
		},
		"link": func(w *world, p *Node) (*Node, error) {
			var a Attr
			n, release := w.node("/g")
			defer release()
			return w.fs.Link(n, p, "f", &a)
		},
	} {
		t.Run(what, func(t *testing.T) {
			w := newWorld(t)
			w.ok(w.create("/v/f"), w.rename("/v/f", "/f"), w.create("/g"))
			n, err := mk(w, w.fs.Root())
			w.is(err, syscall.EEXIST, what)
			if err == nil {
				w.fs.Release(n)
			}
		})
	}
}

func TestCreateChecksNames(t *testing.T) {
	w := newWorld(t)
	w.ok(w.create("/f"))
	w.is(w.create("/"+strings.Repeat("x", 256)), syscall.ENAMETOOLONG, "long name")
	w.ok(w.create("/" + strings.Repeat("x", 255)))
	w.is(w.create("/f"), syscall.EEXIST, "create over a file")
	w.is(w.mkdir("/f"), syscall.EEXIST, "mkdir over a file")
	w.is(w.create("/f/x"), syscall.ENOTDIR, "create in a file")
	w.is(w.create("/none/x"), syscall.ENOENT, "create in nothing")
	w.is(w.at("/x", func(p *Node, _ string) error {
		var a Attr
		_, err := w.fs.Mkdir(p, backend.PrivateDir, 0o755, Caller{}, &a)
		return err
	}), syscall.EPERM, "mkdir of the private name")
}

func TestCreateAppliesUmask(t *testing.T) {
	w := newWorld(t)
	c := Caller{Cred: backend.Cred{UID: 5, GID: 6}, Umask: 0o027}
	var a Attr
	n, err := w.fs.Mkdir(w.fs.Root(), "x", 0o777, c, &a)
	w.ok(err)
	w.fs.Release(n)
	if a.Mode != unix.S_IFDIR|0o750 || a.UID != 5 || a.GID != 6 {
		t.Errorf("%+v", a)
	}
}

func TestIdsAreStable(t *testing.T) {
	w := newWorld(t)
	w.ok(w.create("/v/f"), w.mkdir("/v/x"), w.symlink("a", "/v/x/l"), w.create("/f"), w.rename("/v/x", "/e/x"))
	seen := w.mustLook()
	ids := make(map[uint64]bool)
	for path := range seen.at {
		a, err := w.attr(path)
		if err != nil || ids[a.Ino] || a.Ino < 2 {
			t.Errorf("%s: id %d twice, or %v", path, a.Ino, err)
		}
		ids[a.Ino] = true
	}
	w.shut()
	w.open()
	w.same(seen)
	w.ok(w.settleAll())
	w.same(seen)
	w.restart()
	w.same(seen)
}

func TestReferencesAreGivenBack(t *testing.T) {
	w := newWorld(t)
	for _, p := range pairs {
		w.ok(w.create(p[0]+"/a"), w.mkdir(p[0]+"/x"), w.create(p[0]+"/x/b"), w.link(p[0]+"/a", p[1]+"/c"),
			w.rename(p[0]+"/x", p[1]+"/y"), w.exchange(p[0]+"/a", p[1]+"/y"), w.unlink(p[1]+"/y"))
		w.is(w.rename(p[0]+"/none", p[1]+"/a"), syscall.ENOENT, "rename of nothing")
		w.is(w.mkdir(p[1]+"/c"), syscall.EEXIST, "mkdir over a file")
		w.ok(w.settleAll())
		w.ok(w.unlink(p[1]+"/c"), w.unlink(p[0]+"/a/b"), w.rmdir(p[0]+"/a"))
	}
	w.ok(w.settleAll())
	w.noRefsLeft()
}
