package cases

import (
	"os"
	"testing"

	"github.com/seamfs/seamfs/tests/check"
	"golang.org/x/sys/unix"
)

var setattrCases = []Case{
	{"Chmod", chmod},
	{"Chown", chown},
	{"ChownByUser", chownByUser},
	{"Truncate", truncate},
	{"TruncateErrors", truncateErrors},
	{"SetattrMovesCtime", setattrMovesCtime},
}

func chmod(t *testing.T, mnt string) {
	check.Write(t, mnt+"/f", "")
	check.OK(t, os.Mkdir(mnt+"/d", 0o755))
	for _, mode := range []uint32{0, 0o777, 0o4711, 0o2755, 0o1644, 0o7777} {
		check.OK(t, unix.Chmod(mnt+"/f", mode))
		check.Equal(t, "mode of the file", check.Lstat(t, mnt+"/f").Mode, unix.S_IFREG|mode)
		check.OK(t, unix.Chmod(mnt+"/d", mode))
		check.Equal(t, "mode of the directory", check.Lstat(t, mnt+"/d").Mode, unix.S_IFDIR|mode)
	}
	check.AsUser(t, 1000, 1000, nil, func() {
		check.Errno(t, "chmod of another's file", unix.Chmod(mnt+"/f", 0o777), unix.EPERM)
	})
}

func chown(t *testing.T, mnt string) {
	check.Write(t, mnt+"/f", "")
	check.OK(t, os.Chown(mnt+"/f", 100, 200))
	check.OK(t, os.Chown(mnt+"/f", -1, 201))
	check.OK(t, os.Chown(mnt+"/f", 101, -1))
	st := check.Lstat(t, mnt+"/f")
	check.True(t, st.Uid == 101 && st.Gid == 201, "owner: %d:%d", st.Uid, st.Gid)
}

func chownByUser(t *testing.T, mnt string) {
	check.Write(t, mnt+"/f", "")
	check.OK(t, os.Chown(mnt+"/f", 1000, 1000))
	check.OK(t, unix.Chmod(mnt+"/f", 0o6755))
	check.AsUser(t, 1000, 1000, []uint32{1000, 2000}, func() {
		check.Errno(t, "giving a file away", unix.Chown(mnt+"/f", 1001, -1), unix.EPERM)
		check.Errno(t, "giving to a foreign group", unix.Chown(mnt+"/f", -1, 3000), unix.EPERM)
		check.OK(t, unix.Chown(mnt+"/f", -1, 2000))
	})
	st := check.Lstat(t, mnt+"/f")
	check.Equal(t, "group", st.Gid, 2000)
	check.Equal(t, "mode after chown", st.Mode&0o7777, 0o755)
}

func truncate(t *testing.T, mnt string) {
	check.Write(t, mnt+"/f", "0123456789")
	check.OK(t, os.Truncate(mnt+"/f", 4))
	check.Content(t, mnt+"/f", "0123")
	check.OK(t, os.Truncate(mnt+"/f", 8))
	check.Content(t, mnt+"/f", "0123\x00\x00\x00\x00")
	f := check.Open(t, mnt+"/f", os.O_RDWR, 0)
	check.OK(t, f.Truncate(1<<32))
	check.Equal(t, "size", check.Lstat(t, mnt+"/f").Size, 1<<32)
	check.True(t, check.Lstat(t, mnt+"/f").Blocks < 1000, "a truncate allocated %d blocks", check.Lstat(t, mnt+"/f").Blocks)
	check.OK(t, f.Truncate(0))
	check.Content(t, mnt+"/f", "")
}

func truncateErrors(t *testing.T, mnt string) {
	check.Write(t, mnt+"/f", "x")
	check.Errno(t, "truncate of a directory", unix.Truncate(mnt, 0), unix.EISDIR)
	check.Errno(t, "truncate to a negative size", unix.Truncate(mnt+"/f", -1), unix.EINVAL)
	f := check.Open(t, mnt+"/f", os.O_RDONLY, 0)
	check.Errno(t, "ftruncate of a descriptor for reading", unix.Ftruncate(int(f.Fd()), 0), unix.EINVAL)
	check.OK(t, os.Chmod(mnt+"/f", 0o644))
	check.AsUser(t, 1000, 1000, nil, func() {
		check.Errno(t, "truncate of a file not writable", unix.Truncate(mnt+"/f", 0), unix.EACCES)
	})
	check.Content(t, mnt+"/f", "x")
}

func setattrMovesCtime(t *testing.T, mnt string) {
	check.Write(t, mnt+"/f", "x")
	past := []unix.Timespec{{Sec: 1000}, {Sec: 1000}}
	check.OK(t, unix.UtimesNanoAt(unix.AT_FDCWD, mnt+"/f", past, 0))
	before := check.Lstat(t, mnt+"/f")
	check.OK(t, os.Chmod(mnt+"/f", 0o600))
	after := check.Lstat(t, mnt+"/f")
	check.Equal(t, "mtime after chmod", after.Mtim, before.Mtim)
	check.True(t, after.Ctim.Nano() >= before.Ctim.Nano(), "ctime went back from %v to %v", before.Ctim, after.Ctim)
	check.True(t, after.Ctim.Sec > 1000, "ctime %v was set by utimensat", after.Ctim)
}
