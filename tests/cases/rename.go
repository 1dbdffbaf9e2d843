package cases

import (
	"os"
	"testing"

	"github.com/seamfs/seamfs/tests/check"
	"golang.org/x/sys/unix"
)

var renameCases = []Case{
	{"RenameSameFile", renameSameFile},
	{"RenameErrors", renameErrors},
	{"RenameIntoItself", renameIntoItself},
	{"RenameUnknownFlag", renameUnknownFlag},
	{"RenameSticky", renameSticky},
}

func renameSameFile(t *testing.T, mnt string) {
	check.Write(t, mnt+"/a", "x")
	check.OK(t, unix.Rename(mnt+"/a", mnt+"/a"))
	check.OK(t, os.Link(mnt+"/a", mnt+"/b"))
	// Two names of one file: rename does nothing and succeeds.
	check.OK(t, unix.Rename(mnt+"/a", mnt+"/b"))
	check.Content(t, mnt+"/a", "x")
	check.Content(t, mnt+"/b", "x")
	check.Equal(t, "nlink", check.Lstat(t, mnt+"/a").Nlink, 2)
}

func renameErrors(t *testing.T, mnt string) {
	check.Errno(t, "rename of nothing", unix.Rename(mnt+"/n", mnt+"/m"), unix.ENOENT)
	check.Write(t, mnt+"/f", "x")
	check.Errno(t, "rename below nothing", unix.Rename(mnt+"/f", mnt+"/n/f"), unix.ENOENT)
	check.Errno(t, "rename below a file", unix.Rename(mnt+"/f", mnt+"/f/g"), unix.ENOTDIR)
	check.Errno(t, "rename of .", unix.Rename(mnt+"/.", mnt+"/n"), unix.EBUSY)
	check.OK(t, os.Mkdir(mnt+"/d", 0o755))
	check.Errno(t, "rename to a name with a slash", unix.Rename(mnt+"/f", mnt+"/n/"), unix.ENOTDIR)
	check.Content(t, mnt+"/f", "x")
}

func renameIntoItself(t *testing.T, mnt string) {
	check.OK(t, os.MkdirAll(mnt+"/d/e/f", 0o755))
	check.Write(t, mnt+"/d/x", "x")
	check.Errno(t, "rename into its child", unix.Rename(mnt+"/d", mnt+"/d/y"), unix.EINVAL)
	check.Errno(t, "rename into its grandchild", unix.Rename(mnt+"/d", mnt+"/d/e/f/y"), unix.EINVAL)
	check.NotEmpty(t, "rename over its parent", unix.Rename(mnt+"/d/e", mnt+"/d"))
	check.Content(t, mnt+"/d/x", "x")
	check.Lstat(t, mnt+"/d/e/f")
}

func renameUnknownFlag(t *testing.T, mnt string) {
	check.Write(t, mnt+"/a", "a")
	check.Write(t, mnt+"/b", "b")
	err := unix.Renameat2(unix.AT_FDCWD, mnt+"/a", unix.AT_FDCWD, mnt+"/b", 1<<10)
	check.Errno(t, "renameat2 with an unknown flag", err, unix.EINVAL)
	err = unix.Renameat2(unix.AT_FDCWD, mnt+"/a", unix.AT_FDCWD, mnt+"/b", unix.RENAME_NOREPLACE|unix.RENAME_EXCHANGE)
	check.Errno(t, "renameat2 with flags that exclude each other", err, unix.EINVAL)
	check.Content(t, mnt+"/a", "a")
	check.Content(t, mnt+"/b", "b")
}

func renameSticky(t *testing.T, mnt string) {
	check.OK(t, os.Mkdir(mnt+"/d", 0o777))
	check.OK(t, unix.Chmod(mnt+"/d", 0o1777))
	check.Write(t, mnt+"/d/root", "x")
	check.OK(t, os.Mkdir(mnt+"/own", 0o777))
	check.OK(t, os.Chmod(mnt+"/own", 0o777))
	check.AsUser(t, 1000, 1000, nil, func() {
		check.Errno(t, "rename out of a sticky directory", unix.Rename(mnt+"/d/root", mnt+"/own/x"), unix.EPERM)
		check.Errno(t, "unlink in a sticky directory", unix.Unlink(mnt+"/d/root"), unix.EPERM)
		check.Write(t, mnt+"/own/mine", "m")
		check.Errno(t, "rename over another's file in a sticky directory", unix.Rename(mnt+"/own/mine", mnt+"/d/root"), unix.EPERM)
		check.OK(t, unix.Rename(mnt+"/own/mine", mnt+"/d/mine"))
	})
	check.Content(t, mnt+"/d/root", "x")
	check.Content(t, mnt+"/d/mine", "m")
}
