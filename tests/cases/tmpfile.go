package cases

import (
	"fmt"
	"os"
	"testing"

	"github.com/seamfs/seamfs/tests/check"
	"golang.org/x/sys/unix"
)

var tmpfileCases = []Across{
	{"TmpfileLinkedByProc", tmpfileLinkedByProc},
	{"TmpfileLinkedByEmptyPath", tmpfileLinkedByEmptyPath},
	{"TmpfileExclusive", tmpfileExclusive},
	{"TmpfileErrors", tmpfileErrors},
	{"LinkOfUnlinked", linkOfUnlinked},
	{"LinkatOfOpen", linkatOfOpen},
}

func tmpfile(t *testing.T, dir string, flags int) *os.File {
	t.Helper()
	fd, err := unix.Open(dir, unix.O_TMPFILE|unix.O_RDWR|unix.O_CLOEXEC|flags, 0o640)
	check.OK(t, err)
	f := os.NewFile(uintptr(fd), "tmpfile")
	t.Cleanup(func() { f.Close() })
	return f
}

func linkByProc(f *os.File, to string) error {
	return unix.Linkat(unix.AT_FDCWD, fmt.Sprintf("/proc/self/fd/%d", f.Fd()), unix.AT_FDCWD, to, unix.AT_SYMLINK_FOLLOW)
}

func linkByEmptyPath(f *os.File, to string) error {
	return unix.Linkat(int(f.Fd()), "", unix.AT_FDCWD, to, unix.AT_EMPTY_PATH)
}

func tmpfileLinkedByProc(t *testing.T, a, b string)      { tmpfileLinked(t, a, b, linkByProc) }
func tmpfileLinkedByEmptyPath(t *testing.T, a, b string) { tmpfileLinked(t, a, b, linkByEmptyPath) }

func tmpfileLinked(t *testing.T, a, b string, link func(f *os.File, to string) error) {
	f := tmpfile(t, a, 0)
	check.Equal(t, "nlink without a name", check.Fstat(t, f).Nlink, 0)
	check.Equal(t, "mode", check.Fstat(t, f).Mode, unix.S_IFREG|0o640)
	_, err := f.WriteString("text")
	check.OK(t, err)
	check.Write(t, b+"/there", "x")
	check.Errno(t, "link over a file", link(f, b+"/there"), unix.EEXIST)
	check.OK(t, link(f, b+"/n"))
	check.OK(t, link(f, a+"/m"))
	check.Equal(t, "nlink", check.Fstat(t, f).Nlink, 2)
	check.Equal(t, "inode", check.Lstat(t, b+"/n").Ino, check.Fstat(t, f).Ino)
	check.Content(t, b+"/n", "text")
	_, err = f.WriteString(" and more")
	check.OK(t, err)
	check.Content(t, a+"/m", "text and more")
	check.OK(t, os.Remove(a+"/m"))
	check.OK(t, os.Remove(b+"/n"))
	check.Equal(t, "nlink after both are removed", check.Fstat(t, f).Nlink, 0)
	check.Errno(t, "link after both are removed", link(f, b+"/again"), unix.ENOENT)
}

func tmpfileExclusive(t *testing.T, a, b string) {
	f := tmpfile(t, a, unix.O_EXCL)
	check.Errno(t, "link of a file made with O_EXCL", linkByProc(f, b+"/n"), unix.ENOENT)
	check.Absent(t, b+"/n")
}

func tmpfileErrors(t *testing.T, a, _ string) {
	check.Write(t, a+"/f", "x")
	_, err := unix.Open(a+"/f", unix.O_TMPFILE|unix.O_RDWR, 0o600)
	check.Errno(t, "O_TMPFILE in a file", err, unix.ENOTDIR)
	_, err = unix.Open(a, unix.O_TMPFILE|unix.O_RDONLY, 0o600)
	check.Errno(t, "O_TMPFILE for reading", err, unix.EINVAL)
	_, err = unix.Open(a+"/none", unix.O_TMPFILE|unix.O_RDWR, 0o600)
	check.Errno(t, "O_TMPFILE in nothing", err, unix.ENOENT)
	es, err := os.ReadDir(a)
	check.OK(t, err)
	check.Equal(t, "names", len(es), 1)
}

func linkOfUnlinked(t *testing.T, a, b string) {
	f := check.Open(t, a+"/f", os.O_CREATE|os.O_RDWR, 0o644)
	check.OK(t, os.Remove(a+"/f"))
	check.Errno(t, "link of a removed file", linkByProc(f, b+"/n"), unix.ENOENT)
	check.Errno(t, "link of a removed file by AT_EMPTY_PATH", linkByEmptyPath(f, b+"/n"), unix.ENOENT)
	check.Absent(t, b+"/n")
}

func linkatOfOpen(t *testing.T, a, b string) {
	f := check.Open(t, a+"/f", os.O_CREATE|os.O_RDWR, 0o644)
	check.OK(t, linkByEmptyPath(f, b+"/n"))
	check.Equal(t, "nlink", check.Fstat(t, f).Nlink, 2)
	check.OK(t, os.Symlink("f", a+"/l"))
	check.OK(t, unix.Linkat(unix.AT_FDCWD, a+"/l", unix.AT_FDCWD, b+"/link", 0))
	check.Is(t, check.Symlink, b+"/link", "f")
	check.OK(t, unix.Linkat(unix.AT_FDCWD, a+"/l", unix.AT_FDCWD, b+"/file", unix.AT_SYMLINK_FOLLOW))
	check.Equal(t, "nlink", check.Fstat(t, f).Nlink, 3)
	dir := check.Open(t, a, os.O_RDONLY, 0)
	check.Errno(t, "link of a directory", linkByProc(dir, b+"/d"), unix.EPERM)
}
