package cases

import (
	"os"
	"strings"
	"testing"

	"github.com/seamfs/seamfs/tests/check"
	"golang.org/x/sys/unix"
)

var nodeCases = []Case{
	{"MknodKinds", mknodKinds},
	{"FifoPassesData", fifoPassesData},
	{"SymlinkTargets", symlinkTargets},
	{"SymlinkErrors", symlinkErrors},
	{"SymlinkAttributes", symlinkAttributes},
}

func mknodKinds(t *testing.T, mnt string) {
	kinds := map[string]uint32{"fifo": unix.S_IFIFO, "sock": unix.S_IFSOCK, "char": unix.S_IFCHR, "block": unix.S_IFBLK, "reg": unix.S_IFREG}
	for name, typ := range kinds {
		dev := unix.Mkdev(7, 77)
		check.OK(t, unix.Mknod(mnt+"/"+name, typ|0o640, int(dev)))
		st := check.Lstat(t, mnt+"/"+name)
		check.Equal(t, "mode of "+name, st.Mode, typ|0o640)
		if typ == unix.S_IFCHR || typ == unix.S_IFBLK {
			check.Equal(t, "device of "+name, st.Rdev, dev)
		}
		check.Errno(t, "mknod over "+name, unix.Mknod(mnt+"/"+name, typ|0o640, int(dev)), unix.EEXIST)
	}
	es, err := os.ReadDir(mnt)
	check.OK(t, err)
	for _, e := range es {
		info, err := e.Info()
		check.OK(t, err)
		check.Equal(t, "type listed for "+e.Name(), e.Type(), info.Mode().Type())
		check.OK(t, os.Remove(mnt+"/"+e.Name()))
	}
}

func fifoPassesData(t *testing.T, mnt string) {
	check.OK(t, unix.Mkfifo(mnt+"/p", 0o600))
	r := check.Open(t, mnt+"/p", os.O_RDONLY|unix.O_NONBLOCK, 0)
	w := check.Open(t, mnt+"/p", os.O_WRONLY, 0)
	_, err := w.WriteString("through")
	check.OK(t, err)
	buf := make([]byte, 20)
	n, err := r.Read(buf)
	check.OK(t, err)
	check.Equal(t, "read from the fifo", string(buf[:n]), "through")
}

func symlinkTargets(t *testing.T, mnt string) {
	// XFS takes no more than 1023 bytes.
	for _, target := range []string{"x", "/absolute/path", "../..", "a//b/", strings.Repeat("t", 1023)} {
		check.OK(t, os.Symlink(target, mnt+"/l"))
		got, err := os.Readlink(mnt + "/l")
		check.OK(t, err)
		check.Equal(t, "target", got, target)
		st := check.Lstat(t, mnt+"/l")
		check.Equal(t, "size of the link", st.Size, int64(len(target)))
		check.Equal(t, "mode of the link", st.Mode, unix.S_IFLNK|0o777)
		check.OK(t, os.Remove(mnt+"/l"))
	}
}

func symlinkErrors(t *testing.T, mnt string) {
	check.Errno(t, "symlink with an empty target", unix.Symlink("", mnt+"/l"), unix.ENOENT)
	check.OK(t, os.Symlink("x", mnt+"/l"))
	check.Errno(t, "symlink over a link", unix.Symlink("y", mnt+"/l"), unix.EEXIST)
	check.Write(t, mnt+"/f", "")
	_, err := os.Readlink(mnt + "/f")
	check.Errno(t, "readlink of a file", err, unix.EINVAL)
}

func symlinkAttributes(t *testing.T, mnt string) {
	check.Write(t, mnt+"/f", "")
	check.OK(t, os.Symlink("f", mnt+"/l"))
	check.OK(t, os.Lchown(mnt+"/l", 12, 34))
	st := check.Lstat(t, mnt+"/l")
	check.True(t, st.Uid == 12 && st.Gid == 34, "owner of the link: %d:%d", st.Uid, st.Gid)
	check.Equal(t, "owner of the file", check.Lstat(t, mnt+"/f").Uid, 0)
	ts := []unix.Timespec{{Sec: 11, Nsec: 22}, {Sec: 33, Nsec: 44}}
	check.OK(t, unix.UtimesNanoAt(unix.AT_FDCWD, mnt+"/l", ts, unix.AT_SYMLINK_NOFOLLOW))
	check.Equal(t, "mtime of the link", check.Lstat(t, mnt+"/l").Mtim, ts[1])
	err := unix.Lsetxattr(mnt+"/l", "trusted.test", []byte("v"), 0)
	check.OK(t, err)
	v, err := check.Xattr(mnt+"/l", "trusted.test")
	check.OK(t, err)
	check.Equal(t, "trusted xattr of the link", v, "v")
	check.Errno(t, "user xattr of a link", unix.Lsetxattr(mnt+"/l", "user.test", []byte("v"), 0), unix.EPERM)
}
