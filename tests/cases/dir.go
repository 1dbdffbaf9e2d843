package cases

import (
	"os"
	"strings"
	"testing"

	"github.com/seamfs/seamfs/tests/check"
	"golang.org/x/sys/unix"
)

var dirCases = []Case{
	{"MkdirErrors", mkdirErrors},
	{"MkdirModes", mkdirModes},
	{"RmdirErrors", rmdirErrors},
	{"RmdirOpen", rmdirOpen},
	{"DeepTree", deepTree},
	{"DirTimes", dirTimes},
}

func mkdirErrors(t *testing.T, mnt string) {
	check.OK(t, os.Mkdir(mnt+"/d", 0o755))
	check.Errno(t, "mkdir over a directory", unix.Mkdir(mnt+"/d", 0o755), unix.EEXIST)
	check.Write(t, mnt+"/f", "")
	check.Errno(t, "mkdir over a file", unix.Mkdir(mnt+"/f", 0o755), unix.EEXIST)
	check.Errno(t, "mkdir below a file", unix.Mkdir(mnt+"/f/d", 0o755), unix.ENOTDIR)
	check.Errno(t, "mkdir below nothing", unix.Mkdir(mnt+"/n/d", 0o755), unix.ENOENT)
	check.OK(t, os.Symlink("n", mnt+"/l"))
	check.Errno(t, "mkdir over a dangling symlink", unix.Mkdir(mnt+"/l", 0o755), unix.EEXIST)
}

func mkdirModes(t *testing.T, mnt string) {
	old := unix.Umask(0)
	defer unix.Umask(old)
	for _, mode := range []uint32{0, 0o700, 0o755, 0o1777} {
		check.OK(t, unix.Mkdir(mnt+"/d", mode))
		check.Equal(t, "mode", check.Lstat(t, mnt+"/d").Mode, unix.S_IFDIR|mode)
		check.OK(t, unix.Rmdir(mnt+"/d"))
	}
}

func rmdirErrors(t *testing.T, mnt string) {
	check.Errno(t, "rmdir of nothing", unix.Rmdir(mnt+"/n"), unix.ENOENT)
	check.Write(t, mnt+"/f", "")
	check.Errno(t, "rmdir of a file", unix.Rmdir(mnt+"/f"), unix.ENOTDIR)
	check.OK(t, os.MkdirAll(mnt+"/d/e", 0o755))
	check.Errno(t, "rmdir of a full directory", unix.Rmdir(mnt+"/d"), unix.ENOTEMPTY)
	check.Errno(t, "rmdir of .", unix.Rmdir(mnt+"/d/."), unix.EINVAL)
	check.Errno(t, "unlink of a directory", unix.Unlink(mnt+"/d"), unix.EISDIR)
	check.OK(t, os.Symlink("d", mnt+"/l"))
	check.Errno(t, "rmdir of a symlink", unix.Rmdir(mnt+"/l"), unix.ENOTDIR)
	check.OK(t, unix.Rmdir(mnt+"/d/e"))
	check.OK(t, unix.Rmdir(mnt+"/d"))
	check.Absent(t, mnt+"/d")
}

func rmdirOpen(t *testing.T, mnt string) {
	check.OK(t, os.Mkdir(mnt+"/d", 0o755))
	d := check.Open(t, mnt+"/d", os.O_RDONLY, 0)
	check.OK(t, unix.Rmdir(mnt+"/d"))
	_, err := unix.Openat(int(d.Fd()), "f", unix.O_CREAT|unix.O_WRONLY, 0o600)
	check.Errno(t, "create in a removed directory", err, unix.ENOENT)
	names, err := d.Readdirnames(-1)
	check.True(t, len(names) == 0, "removed directory lists %v (%v)", names, err)
	check.Equal(t, "mode of the removed directory", check.Fstat(t, d).Mode, unix.S_IFDIR|0o755)
}

func deepTree(t *testing.T, mnt string) {
	// Longer than PATH_MAX in all, so only reached step by step.
	name := strings.Repeat("d", 200)
	dir, err := unix.Open(mnt, unix.O_RDONLY|unix.O_DIRECTORY, 0)
	check.OK(t, err)
	for range 30 {
		check.OK(t, unix.Mkdirat(dir, name, 0o755))
		next, err := unix.Openat(dir, name, unix.O_RDONLY|unix.O_DIRECTORY, 0)
		check.OK(t, err)
		check.OK(t, unix.Close(dir))
		dir = next
	}
	fd, err := unix.Openat(dir, "leaf", unix.O_CREAT|unix.O_EXCL|unix.O_WRONLY, 0o600)
	check.OK(t, err)
	_, err = unix.Write(fd, []byte("deep"))
	check.OK(t, err)
	check.OK(t, unix.Close(fd))
	check.OK(t, unix.Renameat(dir, "leaf", dir, "moved"))
	check.OK(t, unix.Unlinkat(dir, "moved", 0))
	check.OK(t, unix.Close(dir))
	check.OK(t, os.RemoveAll(mnt+"/"+name))
}

func dirTimes(t *testing.T, mnt string) {
	past := []unix.Timespec{{Sec: 1000}, {Sec: 1000}}
	touch := func() { check.OK(t, unix.UtimesNanoAt(unix.AT_FDCWD, mnt, past, 0)) }
	changed := func(what string, want bool) {
		t.Helper()
		check.Equal(t, "mtime of the directory changed by "+what, check.Lstat(t, mnt).Mtim.Sec != 1000, want)
		touch()
	}
	touch()
	check.Write(t, mnt+"/f", "x")
	changed("create", true)
	check.Write(t, mnt+"/f", "xyz")
	changed("write", false)
	check.OK(t, os.Chmod(mnt+"/f", 0o600))
	changed("chmod", false)
	check.OK(t, os.Link(mnt+"/f", mnt+"/g"))
	changed("link", true)
	check.OK(t, os.Rename(mnt+"/g", mnt+"/h"))
	changed("rename", true)
	check.OK(t, os.Remove(mnt+"/h"))
	changed("unlink", true)
	check.OK(t, os.Mkdir(mnt+"/d", 0o755))
	changed("mkdir", true)
	check.OK(t, os.Remove(mnt+"/d"))
	changed("rmdir", true)
}
