package cases

import (
	"os"
	"testing"

	"github.com/seamfs/seamfs/tests/check"
	"golang.org/x/sys/unix"
)

var linkCases = []Case{
	{"LinkCounts", linkCounts},
	{"LinkErrors", linkErrors},
	{"LinkOfNode", linkOfNode},
	{"LinkOfOpenFile", linkOfOpenFile},
}

func linkCounts(t *testing.T, mnt string) {
	check.Write(t, mnt+"/a", "x")
	check.OK(t, os.Link(mnt+"/a", mnt+"/b"))
	a, b := check.Lstat(t, mnt+"/a"), check.Lstat(t, mnt+"/b")
	check.Equal(t, "inode of the second name", b.Ino, a.Ino)
	check.Equal(t, "nlink", a.Nlink, 2)
	check.Write(t, mnt+"/b", "longer")
	check.Content(t, mnt+"/a", "longer")
	check.OK(t, os.Chmod(mnt+"/b", 0o600))
	check.Equal(t, "mode through the first name", check.Lstat(t, mnt+"/a").Mode, unix.S_IFREG|0o600)
	check.OK(t, os.Remove(mnt+"/a"))
	check.Equal(t, "nlink of what is left", check.Lstat(t, mnt+"/b").Nlink, 1)
	check.Content(t, mnt+"/b", "longer")
}

func linkErrors(t *testing.T, mnt string) {
	check.Write(t, mnt+"/a", "x")
	check.OK(t, os.Mkdir(mnt+"/d", 0o755))
	check.Errno(t, "link of nothing", unix.Link(mnt+"/n", mnt+"/m"), unix.ENOENT)
	check.Errno(t, "link over a file", unix.Link(mnt+"/a", mnt+"/a"), unix.EEXIST)
	check.Errno(t, "link over a directory", unix.Link(mnt+"/a", mnt+"/d"), unix.EEXIST)
	check.Errno(t, "link of a directory", unix.Link(mnt+"/d", mnt+"/e"), unix.EPERM)
	check.Errno(t, "link below a file", unix.Link(mnt+"/a", mnt+"/a/b"), unix.ENOTDIR)
	check.Equal(t, "nlink after failures", check.Lstat(t, mnt+"/a").Nlink, 1)
}

func linkOfNode(t *testing.T, mnt string) {
	for _, k := range []check.Kind{check.Symlink, check.Fifo, check.Socket, check.Char} {
		check.Make(t, k, mnt+"/a", "target")
		check.OK(t, unix.Linkat(unix.AT_FDCWD, mnt+"/a", unix.AT_FDCWD, mnt+"/b", 0))
		check.Is(t, k, mnt+"/b", "target")
		check.Equal(t, "nlink of a "+string(k), check.Lstat(t, mnt+"/a").Nlink, 2)
		check.OK(t, os.Remove(mnt+"/a"))
		check.OK(t, os.Remove(mnt+"/b"))
	}
}

func linkOfOpenFile(t *testing.T, mnt string) {
	f := check.Open(t, mnt+"/a", os.O_CREATE|os.O_RDWR, 0o644)
	check.OK(t, os.Link(mnt+"/a", mnt+"/b"))
	check.OK(t, os.Remove(mnt+"/a"))
	_, err := f.WriteString("late")
	check.OK(t, err)
	check.Content(t, mnt+"/b", "late")
	check.Equal(t, "nlink by descriptor", check.Fstat(t, f).Nlink, 1)
}
