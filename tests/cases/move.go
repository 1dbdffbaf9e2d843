package cases

import (
	"os"
	"syscall"
	"testing"

	"github.com/seamfs/seamfs/tests/check"
	"golang.org/x/sys/unix"
)

var moveCases = []Across{
	{"RenameMatrix", renameMatrix},
	{"RenameNoReplaceMatrix", renameNoReplaceMatrix},
	{"RenameKeepsAttributes", renameKeepsAttributes},
	{"RenameMissingParents", renameMissingParents},
	{"RenameThereAndBack", renameThereAndBack},
	{"RenameParent", renameParent},
}

var sources = []check.Kind{check.File, check.Dir, check.FullDir, check.Symlink, check.Fifo, check.Socket, check.Char}

var targets = []check.Kind{check.None, check.File, check.Dir, check.FullDir, check.Symlink, check.Fifo}

func isDir(k check.Kind) bool { return k == check.Dir || k == check.FullDir }

// renameResult is what rename(2) gives for a source and a target of the kinds.
func renameResult(from, to check.Kind) syscall.Errno {
	switch {
	case to == check.None:
		return 0
	case isDir(from) && !isDir(to):
		return unix.ENOTDIR
	case !isDir(from) && isDir(to):
		return unix.EISDIR
	case to == check.FullDir:
		return unix.ENOTEMPTY
	}
	return 0
}

func renameMatrix(t *testing.T, a, b string) {
	for _, from := range sources {
		for _, to := range targets {
			t.Run(string(from)+"-over-"+string(to), func(t *testing.T) {
				src, dst := a+"/s-"+string(from)+"-"+string(to), b+"/t-"+string(from)+"-"+string(to)
				check.Make(t, from, src, "source")
				check.Make(t, to, dst, "target")
				ino := check.Lstat(t, src).Ino
				want := renameResult(from, to)
				err := unix.Rename(src, dst)
				if want == unix.ENOTEMPTY {
					check.NotEmpty(t, "rename", err)
				} else {
					check.Errno(t, "rename", err, want)
				}
				if want != 0 {
					check.Is(t, from, src, "source")
					check.Is(t, to, dst, "target")
					return
				}
				check.Absent(t, src)
				check.Is(t, from, dst, "source")
				check.Equal(t, "inode", check.Lstat(t, dst).Ino, ino)
			})
		}
	}
}

func renameNoReplaceMatrix(t *testing.T, a, b string) {
	for _, from := range sources {
		for _, to := range targets {
			t.Run(string(from)+"-over-"+string(to), func(t *testing.T) {
				src, dst := a+"/s-"+string(from)+"-"+string(to), b+"/t-"+string(from)+"-"+string(to)
				check.Make(t, from, src, "source")
				check.Make(t, to, dst, "target")
				err := unix.Renameat2(unix.AT_FDCWD, src, unix.AT_FDCWD, dst, unix.RENAME_NOREPLACE)
				if to != check.None {
					check.Errno(t, "renameat2 NOREPLACE", err, unix.EEXIST)
					check.Is(t, from, src, "source")
					check.Is(t, to, dst, "target")
					return
				}
				check.OK(t, err)
				check.Absent(t, src)
				check.Is(t, from, dst, "source")
			})
		}
	}
}

func renameKeepsAttributes(t *testing.T, a, b string) {
	check.Write(t, a+"/f", "content")
	check.OK(t, os.Chown(a+"/f", 12, 34))
	check.OK(t, unix.Chmod(a+"/f", 0o4751))
	check.OK(t, unix.Setxattr(a+"/f", "user.k", []byte("v"), 0))
	ts := []unix.Timespec{{Sec: 1_600_000_000, Nsec: 123456789}, {Sec: 1_500_000_000, Nsec: 987654321}}
	check.OK(t, unix.UtimesNanoAt(unix.AT_FDCWD, a+"/f", ts, 0))
	before := check.Lstat(t, a+"/f")
	check.OK(t, os.Rename(a+"/f", b+"/f"))
	after := check.Lstat(t, b+"/f")
	check.Equal(t, "inode", after.Ino, before.Ino)
	check.Equal(t, "device", after.Dev, before.Dev)
	check.Equal(t, "mode", after.Mode, before.Mode)
	check.Equal(t, "mtime", after.Mtim, before.Mtim)
	check.Equal(t, "atime", after.Atim, before.Atim)
	check.True(t, after.Uid == 12 && after.Gid == 34, "owner: %d:%d", after.Uid, after.Gid)
	v, err := check.Xattr(b+"/f", "user.k")
	check.OK(t, err)
	check.Equal(t, "xattr", v, "v")
}

func renameMissingParents(t *testing.T, a, b string) {
	check.OK(t, os.MkdirAll(b+"/deep/er/still", 0o750))
	check.OK(t, os.Chmod(b+"/deep/er", 0o711))
	check.Write(t, a+"/f", "f")
	check.OK(t, os.MkdirAll(a+"/t/u", 0o755))
	check.Write(t, a+"/t/u/g", "g")
	check.OK(t, os.Rename(a+"/f", b+"/deep/er/still/f"))
	check.OK(t, os.Rename(a+"/t", b+"/deep/er/still/t"))
	check.Content(t, b+"/deep/er/still/f", "f")
	check.Content(t, b+"/deep/er/still/t/u/g", "g")
	check.Equal(t, "mode of a parent", check.Lstat(t, b+"/deep/er").Mode, unix.S_IFDIR|0o711)
	check.Equal(t, "mode of the last parent", check.Lstat(t, b+"/deep/er/still").Mode, unix.S_IFDIR|0o750)
}

func renameThereAndBack(t *testing.T, a, b string) {
	for _, k := range sources {
		check.Make(t, k, a+"/x", "text")
		ino := check.Lstat(t, a+"/x").Ino
		for range 3 {
			check.OK(t, os.Rename(a+"/x", b+"/y"))
			check.Is(t, k, b+"/y", "text")
			check.Absent(t, a+"/x")
			check.OK(t, os.Rename(b+"/y", a+"/x"))
			check.Is(t, k, a+"/x", "text")
			check.Absent(t, b+"/y")
		}
		check.Equal(t, "inode of a "+string(k), check.Lstat(t, a+"/x").Ino, ino)
		check.OK(t, os.RemoveAll(a+"/x"))
	}
}

func renameParent(t *testing.T, a, b string) {
	check.OK(t, os.MkdirAll(a+"/d/e", 0o755))
	check.Write(t, a+"/d/e/f", "f")
	f := check.Open(t, a+"/d/e/f", os.O_RDWR, 0)
	dir := check.Open(t, a+"/d/e", os.O_RDONLY, 0)
	check.OK(t, os.Rename(a+"/d", b+"/d"))
	_, err := f.WriteString("F")
	check.OK(t, err)
	check.Content(t, b+"/d/e/f", "F")
	fd, err := unix.Openat(int(dir.Fd()), "new", unix.O_CREAT|unix.O_WRONLY, 0o644)
	check.OK(t, err)
	check.OK(t, unix.Close(fd))
	check.Lstat(t, b+"/d/e/new")
	check.Errno(t, "rename into its own child by descriptor", unix.Renameat(unix.AT_FDCWD, b+"/d", int(dir.Fd()), "x"), unix.EINVAL)
	fd, err = unix.Openat(int(dir.Fd()), "..", unix.O_PATH|unix.O_DIRECTORY, 0)
	check.OK(t, err)
	defer unix.Close(fd)
	var up unix.Stat_t
	check.OK(t, unix.Fstat(fd, &up))
	check.Equal(t, "inode of ..", up.Ino, check.Lstat(t, b+"/d").Ino)
}
