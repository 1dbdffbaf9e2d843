package cases

import (
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/seamfs/seamfs/tests/check"
	"golang.org/x/sys/unix"
)

var renameOrderCases = []Across{
	{"RenameWhichErrno", renameWhichErrno},
	{"RenameWhichErrnoForUsers", renameWhichErrnoForUsers},
	{"RenameFlagsErrno", renameFlagsErrno},
	{"RenameOverAncestor", renameOverAncestor},
	{"RenameHardlinkPairs", renameHardlinkPairs},
	{"RenameOverOpenDir", renameOverOpenDir},
}

// renameWhichErrno: several things are wrong at a time, and one errno wins.
func renameWhichErrno(t *testing.T, a, b string) {
	long := strings.Repeat("n", 256)
	check.Write(t, a+"/f", "f")
	check.OK(t, os.MkdirAll(a+"/d/e", 0o755))
	check.Write(t, b+"/g", "g")
	check.OK(t, os.MkdirAll(b+"/full/x", 0o755))
	check.OK(t, os.Symlink("loop", b+"/loop"))
	for _, c := range []struct {
		what, from, to string
		want           syscall.Errno
	}{
		{"missing source, missing target directory", a + "/n", b + "/n/n", unix.ENOENT},
		{"missing source, target below a file", a + "/n", b + "/g/n", unix.ENOTDIR},
		{"missing source, long target", a + "/n", b + "/" + long, unix.ENOENT},
		{"missing source, target in a loop", a + "/n", b + "/loop/n", unix.ELOOP},
		{"missing source over a full directory", a + "/n", b + "/full", unix.ENOENT},
		{"missing source to a slash", a + "/n", b + "/n/", unix.ENOENT},
		{"long source, target below a file", a + "/" + long, b + "/g/n", unix.ENOTDIR},
		{"source below a file, target in a loop", a + "/f/n", b + "/loop/n", unix.ENOTDIR},
		{"directory over a file in itself", a + "/d", a + "/d/e/n", unix.EINVAL},
		{"directory over its own child", a + "/d", a + "/d/e", unix.EINVAL},
		{"file over a full directory", a + "/f", b + "/full", unix.EISDIR},
		{"file over a full directory with a slash", a + "/f", b + "/full/", unix.ENOTDIR},
		{"file with a slash over a directory", a + "/f/", b + "/full", unix.ENOTDIR},
		{"directory over a file", a + "/d", b + "/g", unix.ENOTDIR},
		{"directory over a file with a slash", a + "/d", b + "/g/", unix.ENOTDIR},
		{"full directory over a full one", a + "/d", b + "/full", unix.ENOTEMPTY},
		{"dot over a missing directory", a + "/d/.", b + "/n/n", unix.ENOENT},
		{"dot over a file", a + "/d/.", b + "/g", unix.EBUSY},
		{"file over dot", a + "/f", b + "/full/.", unix.EBUSY},
	} {
		err := unix.Rename(c.from, c.to)
		if c.want == unix.ENOTEMPTY {
			check.NotEmpty(t, c.what, err)
		} else {
			check.Errno(t, c.what, err, c.want)
		}
	}
	check.Content(t, a+"/f", "f")
	check.Content(t, b+"/g", "g")
	check.Lstat(t, a+"/d/e")
	check.Lstat(t, b+"/full/x")
}

func renameWhichErrnoForUsers(t *testing.T, a, b string) {
	check.OK(t, os.Mkdir(a+"/closed", 0o755))
	check.Write(t, a+"/closed/f", "f")
	check.OK(t, os.Mkdir(a+"/closed/d", 0o777))
	check.OK(t, os.MkdirAll(b+"/closed/full/x", 0o755))
	check.Write(t, b+"/closed/g", "g")
	check.OK(t, os.Mkdir(b+"/open", 0o777))
	check.OK(t, unix.Chmod(b+"/open", 0o777))
	for _, c := range []struct {
		what, from, to string
		want           syscall.Errno
	}{
		{"missing source in a closed directory", a + "/closed/n", b + "/open/n", unix.ENOENT},
		{"source in a closed directory", a + "/closed/f", b + "/open/n", unix.EACCES},
		{"file over a full directory, both closed", a + "/closed/f", b + "/closed/full", unix.EACCES},
		{"directory over a file, both closed", a + "/closed/d", b + "/closed/g", unix.EACCES},
		{"directory into itself, closed", a + "/closed/d", a + "/closed/d/n", unix.EINVAL},
		{"file to a slash, closed", a + "/closed/f", b + "/closed/n/", unix.ENOTDIR},
		{"a name onto itself, closed", a + "/closed/f", a + "/closed/f", 0},
	} {
		check.AsUser(t, 1000, 1000, nil, func() { check.Errno(t, c.what, unix.Rename(c.from, c.to), c.want) })
	}
}

func renameFlagsErrno(t *testing.T, a, b string) {
	check.Write(t, a+"/f", "f")
	check.OK(t, os.MkdirAll(a+"/d/e", 0o755))
	check.Write(t, b+"/g", "g")
	for _, c := range []struct {
		what, from, to string
		flags          uint
		want           syscall.Errno
	}{
		{"exchange with nothing", a + "/f", b + "/n", unix.RENAME_EXCHANGE, unix.ENOENT},
		{"exchange of nothing", a + "/n", b + "/g", unix.RENAME_EXCHANGE, unix.ENOENT},
		{"exchange with its child", a + "/d", a + "/d/e", unix.RENAME_EXCHANGE, unix.EINVAL},
		{"exchange with its parent", a + "/d/e", a + "/d", unix.RENAME_EXCHANGE, unix.EINVAL},
		{"exchange with itself", a + "/f", a + "/f", unix.RENAME_EXCHANGE, 0},
		{"exchange of a file with a slash", a + "/f", b + "/g/", unix.RENAME_EXCHANGE, unix.ENOTDIR},
		{"no replace of itself", a + "/f", a + "/f", unix.RENAME_NOREPLACE, unix.EEXIST},
		{"no replace of nothing over a file", a + "/n", b + "/g", unix.RENAME_NOREPLACE, unix.ENOENT},
		{"no replace of a directory over a file", a + "/d", b + "/g", unix.RENAME_NOREPLACE, unix.EEXIST},
		{"no replace of a directory into itself", a + "/d", a + "/d/e/n", unix.RENAME_NOREPLACE, unix.EINVAL},
		{"no replace of its parent", a + "/d/e", a + "/d", unix.RENAME_NOREPLACE, unix.EEXIST},
		{"whiteout and exchange", a + "/f", b + "/g", unix.RENAME_WHITEOUT | unix.RENAME_EXCHANGE, unix.EINVAL},
		{"exchange and no replace", a + "/f", b + "/g", unix.RENAME_NOREPLACE | unix.RENAME_EXCHANGE, unix.EINVAL},
	} {
		err := unix.Renameat2(unix.AT_FDCWD, c.from, unix.AT_FDCWD, c.to, c.flags)
		check.Errno(t, c.what, err, c.want)
	}
	check.Content(t, a+"/f", "f")
	check.Content(t, b+"/g", "g")
}

func renameOverAncestor(t *testing.T, a, b string) {
	check.OK(t, os.MkdirAll(a+"/x/y/z", 0o755))
	check.Write(t, a+"/x/y/f", "f")
	check.NotEmpty(t, "directory over its grandparent", unix.Rename(a+"/x/y/z", a+"/x"))
	check.NotEmpty(t, "file over its grandparent", unix.Rename(a+"/x/y/f", a+"/x"))
	check.OK(t, unix.Rename(a+"/x/y", b+"/y"))
	check.OK(t, unix.Rename(a+"/x", b+"/y/z/x"))
	check.Errno(t, "into its grandchild elsewhere", unix.Rename(b+"/y", b+"/y/z/x/y"), unix.EINVAL)
	check.Content(t, b+"/y/f", "f")
}

func renameHardlinkPairs(t *testing.T, a, b string) {
	check.Write(t, a+"/f", "x")
	check.OK(t, os.Link(a+"/f", b+"/g"))
	check.OK(t, unix.Rename(a+"/f", b+"/g")) // one file: nothing happens
	check.Content(t, a+"/f", "x")
	check.Content(t, b+"/g", "x")
	err := unix.Renameat2(unix.AT_FDCWD, a+"/f", unix.AT_FDCWD, b+"/g", unix.RENAME_NOREPLACE)
	check.Errno(t, "no replace of the other name", err, unix.EEXIST)
	check.OK(t, unix.Renameat2(unix.AT_FDCWD, a+"/f", unix.AT_FDCWD, b+"/g", unix.RENAME_EXCHANGE))
	check.Equal(t, "nlink", check.Lstat(t, a+"/f").Nlink, 2)
	check.Write(t, a+"/h", "h")
	check.OK(t, unix.Rename(a+"/h", b+"/g"))
	check.Equal(t, "nlink after a replace", check.Lstat(t, a+"/f").Nlink, 1)
	check.Content(t, a+"/f", "x")
	check.Content(t, b+"/g", "h")
}

// renameOverOpenDir: the directory that was replaced lives on without a name.
func renameOverOpenDir(t *testing.T, a, b string) {
	check.OK(t, os.Mkdir(a+"/d", 0o755))
	check.Write(t, a+"/d/f", "f")
	check.OK(t, os.Mkdir(b+"/v", 0o700))
	v := check.Open(t, b+"/v", os.O_RDONLY, 0)
	ino := check.Fstat(t, v).Ino
	check.OK(t, unix.Rename(a+"/d", b+"/v"))
	st := check.Fstat(t, v)
	check.Equal(t, "inode of the victim", st.Ino, ino)
	check.Equal(t, "mode of the victim", st.Mode, unix.S_IFDIR|0o700)
	check.Equal(t, "nlink of the victim", st.Nlink, 0)
	_, err := unix.Openat(int(v.Fd()), "n", unix.O_CREAT|unix.O_WRONLY, 0o644)
	check.Errno(t, "create in the victim", err, unix.ENOENT)
	_, err = unix.Openat(int(v.Fd()), "f", unix.O_RDONLY, 0)
	check.Errno(t, "open in the victim", err, unix.ENOENT)
	check.Errno(t, "mkdir in the victim", unix.Mkdirat(int(v.Fd()), "n", 0o755), unix.ENOENT)
	check.OK(t, v.Chmod(0o711))
	check.Equal(t, "mode of the victim", check.Fstat(t, v).Mode, unix.S_IFDIR|0o711)
	check.Content(t, b+"/v/f", "f")
}
