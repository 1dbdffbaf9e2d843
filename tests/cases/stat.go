package cases

import (
	"os"
	"testing"

	"github.com/seamfs/seamfs/tests/check"
	"golang.org/x/sys/unix"
)

var statCases = []Case{
	{"StatErrors", statErrors},
	{"StatxAgrees", statxAgrees},
	{"OneDevice", oneDevice},
	{"Statfs", statfs},
	{"Chdir", chdir},
}

func statErrors(t *testing.T, mnt string) {
	var st unix.Stat_t
	check.Errno(t, "stat of nothing", unix.Stat(mnt+"/n", &st), unix.ENOENT)
	check.Write(t, mnt+"/f", "")
	check.Errno(t, "stat below a file", unix.Stat(mnt+"/f/g", &st), unix.ENOTDIR)
	check.OK(t, os.Symlink("n", mnt+"/l"))
	check.Errno(t, "stat of a dangling link", unix.Stat(mnt+"/l", &st), unix.ENOENT)
	check.OK(t, unix.Lstat(mnt+"/l", &st))
}

func statxAgrees(t *testing.T, mnt string) {
	for _, k := range []check.Kind{check.File, check.Dir, check.Symlink, check.Fifo, check.Socket, check.Char} {
		p := mnt + "/" + string(k)
		check.Make(t, k, p, "text")
		st := check.Lstat(t, p)
		var sx unix.Statx_t
		check.OK(t, unix.Statx(unix.AT_FDCWD, p, unix.AT_SYMLINK_NOFOLLOW, unix.STATX_BASIC_STATS, &sx))
		check.Equal(t, "inode of a "+string(k), sx.Ino, st.Ino)
		check.Equal(t, "mode of a "+string(k), uint32(sx.Mode), st.Mode)
		check.Equal(t, "size of a "+string(k), sx.Size, uint64(st.Size))
		check.Equal(t, "nlink of a "+string(k), uint64(sx.Nlink), uint64(st.Nlink))
		check.Equal(t, "mtime of a "+string(k), int64(sx.Mtime.Sec)*1e9+int64(sx.Mtime.Nsec), st.Mtim.Nano())
	}
}

func oneDevice(t *testing.T, mnt string) {
	dev := check.Lstat(t, mnt).Dev
	for _, k := range []check.Kind{check.File, check.Dir, check.Symlink, check.Fifo, check.Socket, check.Char} {
		check.Make(t, k, mnt+"/"+string(k), "text")
		check.Equal(t, "device of a "+string(k), check.Lstat(t, mnt+"/"+string(k)).Dev, dev)
	}
	f := check.Open(t, mnt+"/file", os.O_RDONLY, 0)
	check.Equal(t, "device by descriptor", check.Fstat(t, f).Dev, dev)
}

func statfs(t *testing.T, mnt string) {
	var s unix.Statfs_t
	check.OK(t, unix.Statfs(mnt, &s))
	check.True(t, s.Blocks > 0 && s.Bsize > 0 && s.Bfree <= s.Blocks && s.Bavail <= s.Bfree, "statfs: %+v", s)
	check.Equal(t, "longest name", s.Namelen, 255)
	check.Write(t, mnt+"/f", "")
	var f unix.Statfs_t
	check.OK(t, unix.Statfs(mnt+"/f", &f))
	check.Equal(t, "blocks seen through a file", f.Blocks, s.Blocks)
}

func chdir(t *testing.T, mnt string) {
	check.OK(t, os.MkdirAll(mnt+"/d/e", 0o755))
	check.Write(t, mnt+"/d/f", "x")
	d, err := unix.Open(mnt+"/d/e", unix.O_PATH|unix.O_DIRECTORY, 0)
	check.OK(t, err)
	defer unix.Close(d)
	check.OK(t, os.Rename(mnt+"/d", mnt+"/g"))
	var st unix.Stat_t
	check.OK(t, unix.Fstatat(d, "../f", &st, 0))
	check.Equal(t, "inode through ..", st.Ino, check.Lstat(t, mnt+"/g/f").Ino)
}
