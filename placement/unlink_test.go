package placement

import (
	"os"
	"syscall"
	"testing"
)

func TestUnlink(t *testing.T) {
	eachPair(t, func(w *world, from, to string) {
		w.ok(w.create(from+"/f"), w.mkdir(from+"/dir"), w.rename(from+"/f", to+"/g"))
		f := w.openFile(to+"/g", os.O_RDWR)
		defer f.Release()
		w.is(w.unlink(from+"/dir"), syscall.EISDIR, "unlink of a directory")
		w.is(w.unlink(from+"/f"), syscall.ENOENT, "unlink of nothing")
		w.is(w.rmdir(to+"/g"), syscall.ENOTDIR, "rmdir of a file")
		w.ok(w.unlink(to + "/g"))
		if _, err := f.WriteAt([]byte("more"), 12, false); err != nil {
			w.Error(err)
		}
		var a Attr
		w.ok(w.fs.GetAttr(f.Node(), f, &a))
		if got, err := readAll(f); got != "content of 1more" || err != nil || a.Nlink != 0 || !f.Node().Gone() {
			w.Errorf("%q, %v, nlink %d, gone %v", got, err, a.Nlink, f.Node().Gone())
		}
	})
}

func TestUnlinkOverShadow(t *testing.T) {
	eachPair(t, func(w *world, from, to string) {
		w.ok(w.create(from+"/n"), w.create(to+"/t"), w.rename(from+"/n", to+"/t"), w.unlink(to+"/t"))
		_, err := w.attr(to + "/t")
		w.is(err, syscall.ENOENT, "name of the shadow")
		if got := w.holders(to + "/t"); got != "" {
			w.Errorf("%s/t is on %q", to, got)
		}
		w.restart()
		_, err = w.attr(to + "/t")
		w.is(err, syscall.ENOENT, "name of the shadow after a restart")
	})
}

func TestUseInRemovedDirectory(t *testing.T) {
	w := newWorld(t)
	w.ok(w.mkdir("/v/x"), w.create("/f"))
	n, release := w.node("/v/x")
	defer release()
	w.ok(w.rmdir("/v/x"))
	var a Attr
	_, err := w.fs.Mkdir(n, "sub", 0o755, Caller{}, &a)
	w.is(err, syscall.ENOENT, "mkdir in it")
	_, err = w.fs.Lookup(n, "sub", &a)
	w.is(err, syscall.ENOENT, "lookup in it")
	w.is(w.at("/f", func(p *Node, name string) error { return w.fs.Rename(p, name, n, name, 0) }), syscall.ENOENT, "rename into it")
	d, err := w.fs.OpenDir(n)
	w.ok(err)
	if e, ok, err := d.Entry(0, false); ok || err != nil {
		t.Errorf("it lists %+v, %v", e, err)
	}
}
