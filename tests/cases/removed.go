package cases

import (
	"fmt"
	"os"
	"testing"

	"github.com/seamfs/seamfs/tests/check"
	"golang.org/x/sys/unix"
)

var removedCases = []Case{
	{"RemovedDir", removedDir},
	{"RemovedWorkingDir", removedWorkingDir},
	{"StatOfRemoved", statOfRemoved},
}

// removedDir: an open directory that was removed takes nothing any more.
func removedDir(t *testing.T, mnt string) {
	check.OK(t, os.Mkdir(mnt+"/d", 0o755))
	check.Write(t, mnt+"/f", "x")
	d := check.Open(t, mnt+"/d", os.O_RDONLY, 0)
	check.OK(t, unix.Rmdir(mnt+"/d"))
	fd := int(d.Fd())
	check.Equal(t, "nlink", check.Fstat(t, d).Nlink, 0)
	check.Errno(t, "mkdir", unix.Mkdirat(fd, "n", 0o755), unix.ENOENT)
	check.Errno(t, "symlink", unix.Symlinkat("x", fd, "n"), unix.ENOENT)
	check.Errno(t, "mknod", unix.Mknodat(fd, "n", unix.S_IFIFO|0o644, 0), unix.ENOENT)
	check.Errno(t, "link", unix.Linkat(unix.AT_FDCWD, mnt+"/f", fd, "n", 0), unix.ENOENT)
	check.Errno(t, "rename in", unix.Renameat(unix.AT_FDCWD, mnt+"/f", fd, "n"), unix.ENOENT)
	check.Errno(t, "unlink", unix.Unlinkat(fd, "n", 0), unix.ENOENT)
	var st unix.Stat_t
	check.Errno(t, "stat", unix.Fstatat(fd, "n", &st, 0), unix.ENOENT)
	check.OK(t, unix.Fstatat(fd, ".", &st, 0))
	check.OK(t, unix.Fchmod(fd, 0o700))
	check.OK(t, unix.Fsync(fd))
	// A new one of the name is another directory.
	check.OK(t, os.Mkdir(mnt+"/d", 0o755))
	check.Write(t, mnt+"/d/n", "x")
	check.Errno(t, "stat after a new one was made", unix.Fstatat(fd, "n", &st, 0), unix.ENOENT)
}

func removedWorkingDir(t *testing.T, mnt string) {
	check.OK(t, os.MkdirAll(mnt+"/p/d", 0o755))
	check.OK(t, inDir(mnt+"/p/d", func() error {
		if err := unix.Rmdir(mnt + "/p/d"); err != nil {
			return err
		}
		if _, err := unix.Getwd(); err != unix.ENOENT {
			return fmt.Errorf("getcwd: %w", err)
		}
		if err := unix.Mkdir("n", 0o755); err != unix.ENOENT {
			return fmt.Errorf("mkdir: %w", err)
		}
		if err := unix.Chdir(".."); err != nil {
			return fmt.Errorf("chdir ..: %w", err)
		}
		return unix.Mkdir("n", 0o755)
	}))
	check.Lstat(t, mnt+"/p/n")
}

func statOfRemoved(t *testing.T, mnt string) {
	for _, k := range []check.Kind{check.File, check.Dir, check.Symlink, check.Fifo, check.Socket, check.Char} {
		p := mnt + "/" + string(k)
		check.Make(t, k, p, "text")
		fd, err := unix.Open(p, unix.O_PATH|unix.O_NOFOLLOW, 0)
		check.OK(t, err)
		before := check.Lstat(t, p)
		check.OK(t, os.Remove(p))
		var st unix.Stat_t
		check.OK(t, unix.Fstat(fd, &st))
		check.Equal(t, "nlink of a removed "+string(k), st.Nlink, 0)
		check.Equal(t, "inode of a removed "+string(k), st.Ino, before.Ino)
		check.Equal(t, "mode of a removed "+string(k), st.Mode, before.Mode)
		check.OK(t, unix.Close(fd))
	}
}
