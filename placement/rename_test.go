package placement

import (
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// pairs are the prefixes between which the operations are tried: volatile to
// durable and back, between two disks, within a disk, on one filesystem.
var pairs = [][2]string{{"/v", "/d"}, {"/d", "/v"}, {"/d", "/e"}, {"/e", "/d"}, {"/d", "/d"}, {"/d", "/s"}, {"/s", "/d"}, {"/v", "/v"}, {"/e", "/v"}}

// eachPair runs a test for every pair, in one world.
func eachPair(t *testing.T, fn func(w *world, from, to string)) {
	for _, p := range pairs {
		t.Run(p[0][1:]+"-"+p[1][1:], func(t *testing.T) {
			w := newWorld(t)
			fn(w, p[0], p[1])
			if err := w.settleAll(); err != nil {
				t.Error(err)
			}
			seen := w.mustLook()
			if err := w.onlyVisible(seen); err != nil {
				t.Errorf("after all was settled: %v", err)
			}
			w.restart()
			w.same(seen)
			if n := w.fs.LostFound(); n > 0 {
				t.Errorf("%d objects in lost+found", n)
			}
		})
	}
}

func TestRenameFile(t *testing.T) {
	eachPair(t, func(w *world, from, to string) {
		w.ok(w.create(from+"/f"), w.rename(from+"/f", to+"/g"))
		if got, err := w.read(to + "/g"); got != "content of 1" {
			t.Errorf("%q, %v", got, err)
		}
		_, err := w.attr(from + "/f")
		w.is(err, syscall.ENOENT, "old name")
		w.is(w.rename(from+"/f", to+"/x"), syscall.ENOENT, "rename of nothing")
	})
}

func TestRenameReplaces(t *testing.T) {
	eachPair(t, func(w *world, from, to string) {
		w.ok(w.create(from+"/new"), w.create(to+"/t"))
		old := w.openFile(to+"/t", unix.O_RDONLY)
		defer old.Release()
		id, err := w.attr(from + "/new")
		w.ok(err, w.rename(from+"/new", to+"/t"))
		if got, err := w.read(to + "/t"); got != "content of 1" {
			t.Errorf("%q, %v", got, err)
		}
		if now, err := w.attr(to + "/t"); err != nil || now.Ino != id.Ino || now.Nlink != 1 {
			t.Errorf("%+v, %v; the id was %d", now, err, id.Ino)
		}
		var a Attr
		w.ok(w.fs.GetAttr(old.Node(), old, &a))
		if got, err := readAll(old); got != "content of 2" || a.Nlink != 0 {
			t.Errorf("replaced file: %q, %v, nlink %d", got, err, a.Nlink)
		}
	})
}

func TestRenameNoReplace(t *testing.T) {
	eachPair(t, func(w *world, from, to string) {
		w.ok(w.create(from+"/a"), w.create(to+"/b"), w.mkdir(to+"/c"))
		before := w.mustLook()
		w.is(w.rename2(from+"/a", to+"/b", unix.RENAME_NOREPLACE), syscall.EEXIST, "over a file")
		w.is(w.rename2(from+"/a", to+"/c", unix.RENAME_NOREPLACE), syscall.EEXIST, "over a directory")
		w.same(before)
		w.ok(w.rename2(from+"/a", to+"/d", unix.RENAME_NOREPLACE))
	})
}

func TestRenameTypesMustAgree(t *testing.T) {
	eachPair(t, func(w *world, from, to string) {
		w.ok(w.create(from+"/f"), w.mkdir(from+"/dir"), w.create(to+"/f2"), w.mkdir(to+"/dir2"), w.symlink("x", to+"/l"))
		before := w.mustLook()
		w.is(w.rename(from+"/f", to+"/dir2"), syscall.EISDIR, "file over directory")
		w.is(w.rename(from+"/dir", to+"/f2"), syscall.ENOTDIR, "directory over file")
		w.is(w.rename(from+"/dir", to+"/l"), syscall.ENOTDIR, "directory over symbolic link")
		w.is(w.rename2(from+"/f", to+"/f2", 1<<7), syscall.EINVAL, "unknown flag")
		w.is(w.rename2(from+"/f", to+"/f2", unix.RENAME_NOREPLACE|unix.RENAME_EXCHANGE), syscall.EINVAL, "both flags")
		w.same(before)
		w.ok(w.rename(from+"/f", to+"/l"))
	})
}

func TestRenameOfPrefixIsBusy(t *testing.T) {
	w := newWorld(t)
	w.ok(w.mkdir("/x"), w.create("/f"))
	before := w.mustLook()
	for _, to := range []string{"/y", "/v/y", "/x"} {
		w.is(w.rename("/v", to), syscall.EBUSY, "rename of a prefix to "+to)
	}
	w.is(w.rename("/x", "/v"), syscall.EBUSY, "rename over a prefix")
	w.is(w.exchange("/x", "/d"), syscall.EBUSY, "exchange with a prefix")
	w.is(w.rmdir("/e"), syscall.EBUSY, "removal of a prefix")
	w.same(before)
}

func TestRenameKeepsPrivateOut(t *testing.T) {
	w := newWorld(t)
	w.ok(w.create("/f"))
	before := w.mustLook()
	_, err := w.attr("/.seamfs")
	w.is(err, syscall.ENOENT, "lookup of the private directory")
	w.is(w.rename("/f", "/.seamfs"), syscall.EPERM, "rename to the private name")
	w.is(w.rename("/.seamfs", "/g"), syscall.EPERM, "rename of the private directory")
	w.is(w.rmdir("/.seamfs"), syscall.EPERM, "removal of the private directory")
	w.same(before)
	w.ok(w.mkdir("/v/.seamfs"))
}

func TestRenameBetweenLinks(t *testing.T) {
	eachPair(t, func(w *world, from, to string) {
		w.ok(w.create(from+"/a"), w.link(from+"/a", to+"/b"))
		before := w.mustLook()
		w.ok(w.rename(from+"/a", to+"/b")) // two names of one file: nothing happens
		w.same(before)
	})
}
