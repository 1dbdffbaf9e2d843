package placement

import (
	"errors"
	"fmt"
	"os"
	pathpkg "path"
	"syscall"

	"github.com/seamfs/seamfs/backend"
	"golang.org/x/sys/unix"
)

// The operations of a world by path, as the kernel makes them: what is to be
// made is looked up first, and every reference is given back.

func (w *world) at(path string, fn func(p *Node, name string) error) error {
	p, err := w.fs.Resolve(pathpkg.Dir(path))
	if err != nil {
		return err
	}
	defer w.fs.Release(p)
	return fn(p, pathpkg.Base(path))
}

// node resolves a path; the test ends if there is nothing. It is held until
// release is called.
func (w *world) node(path string) (n *Node, release func()) {
	w.Helper()
	n, err := w.fs.Resolve(path)
	if err != nil {
		w.Fatalf("resolve %s: %v", path, err)
	}
	fs := w.fs // that of a later start knows nothing of it
	return n, func() { fs.Release(n) }
}

// on calls fn with the node of a path.
func (w *world) on(path string, fn func(n *Node) error) error {
	n, err := w.fs.Resolve(path)
	if err != nil {
		return err
	}
	defer w.fs.Release(n)
	return fn(n)
}

// absent is the lookup that the kernel makes before it makes something.
func (w *world) absent(p *Node, name string) error {
	var a Attr
	n, err := w.fs.Lookup(p, name, &a)
	if err == nil {
		w.fs.Release(n)
		return syscall.EEXIST
	}
	if errors.Is(err, syscall.ENOENT) {
		return nil
	}
	return err
}

// caller gives each new object a group of its own, its label, by which it is
// told from others wherever it is.
func (w *world) caller() Caller {
	w.label++
	return Caller{Cred: backend.Cred{GID: w.label}}
}

func (w *world) make(path string, fn func(p *Node, name string, c Caller) (*Node, error)) error {
	return w.at(path, func(p *Node, name string) error {
		if err := w.absent(p, name); err != nil {
			return err
		}
		n, err := fn(p, name, w.caller())
		if err == nil {
			w.fs.Release(n)
		}
		return err
	})
}

// create makes a regular file whose content names its label.
func (w *world) create(path string) error {
	return w.make(path, func(p *Node, name string, c Caller) (*Node, error) {
		content := fmt.Sprintf("content of %d", c.GID)
		var a Attr
		n, f, err := w.fs.Create(p, name, os.O_RDWR, 0o644, c, &a)
		if err != nil {
			return nil, err
		}
		defer f.Release()
		if _, err = f.WriteAt([]byte(content), 0, false); err != nil {
			w.fs.Release(n)
		}
		return n, err
	})
}

func (w *world) mkdir(path string) error {
	return w.make(path, func(p *Node, name string, c Caller) (*Node, error) {
		var a Attr
		return w.fs.Mkdir(p, name, 0o755, c, &a)
	})
}

func (w *world) symlink(target, path string) error {
	return w.make(path, func(p *Node, name string, c Caller) (*Node, error) {
		var a Attr
		return w.fs.Symlink(p, name, target, c, &a)
	})
}

func (w *world) mknod(path string, mode uint32, rdev uint64) error {
	return w.make(path, func(p *Node, name string, c Caller) (*Node, error) {
		var a Attr
		return w.fs.Mknod(p, name, mode, rdev, c, &a)
	})
}

func (w *world) link(old, path string) error {
	return w.on(old, func(n *Node) error {
		return w.at(path, func(p *Node, name string) error {
			if err := w.absent(p, name); err != nil {
				return err
			}
			var a Attr
			n, err := w.fs.Link(n, p, name, &a)
			if err == nil {
				w.fs.Release(n)
			}
			return err
		})
	})
}

func (w *world) unlink(path string) error {
	return w.at(path, func(p *Node, name string) error { return w.fs.Unlink(p, name) })
}

func (w *world) rmdir(path string) error {
	return w.at(path, func(p *Node, name string) error { return w.fs.Rmdir(p, name) })
}

func (w *world) rename(from, to string) error { return w.rename2(from, to, 0) }

func (w *world) exchange(a, b string) error { return w.rename2(a, b, unix.RENAME_EXCHANGE) }

func (w *world) rename2(from, to string, flags uint32) error {
	return w.at(from, func(p1 *Node, n1 string) error {
		return w.at(to, func(p2 *Node, n2 string) error { return w.fs.Rename(p1, n1, p2, n2, flags) })
	})
}

// openFile opens a file; the caller releases it.
func (w *world) openFile(path string, flags int) *File {
	w.Helper()
	n, release := w.node(path)
	defer release()
	f, err := w.fs.Open(n, flags, false)
	if err != nil {
		w.Fatalf("open %s: %v", path, err)
	}
	return f
}

func (w *world) attr(path string) (a Attr, err error) {
	err = w.on(path, func(n *Node) error { return w.fs.GetAttr(n, nil, &a) })
	return a, err
}

func (w *world) read(path string) (string, error) {
	var out string
	err := w.on(path, func(n *Node) error {
		if n.Type() == unix.S_IFLNK {
			var err error
			out, err = w.fs.Readlink(n)
			return err
		}
		f, err := w.fs.Open(n, os.O_RDONLY, false)
		if err != nil {
			return err
		}
		defer f.Release()
		out, err = readAll(f)
		return err
	})
	return out, err
}

func readAll(f *File) (string, error) {
	var all []byte
	for buf := make([]byte, 64<<10); ; {
		n, err := f.ReadAt(buf, int64(len(all)))
		if err != nil || n == 0 {
			return string(all), err
		}
		all = append(all, buf[:n]...)
	}
}

// ok ends the test if one of the operations failed.
func (w *world) ok(errs ...error) {
	w.Helper()
	for i, err := range errs {
		if err != nil {
			w.Fatalf("operation %d: %v", i, err)
		}
	}
}

// is checks an errno.
func (w *world) is(got error, want error, what string) {
	w.Helper()
	if !errors.Is(got, want) {
		w.Errorf("%s: %v, want %v", what, got, want)
	}
}
