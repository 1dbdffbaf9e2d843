package cases

import (
	"os"
	"testing"

	"github.com/seamfs/seamfs/tests/check"
	"golang.org/x/sys/unix"
)

var trailingCases = []Case{
	{"SlashAfterFile", slashAfterFile},
	{"SlashAfterDir", slashAfterDir},
	{"SlashAfterLink", slashAfterLink},
	{"DotsAsLastName", dotsAsLastName},
	{"DotsInPaths", dotsInPaths},
	{"EmptyPath", emptyPath},
}

func slashAfterFile(t *testing.T, mnt string) {
	f := mnt + "/f"
	check.Write(t, f, "x")
	var st unix.Stat_t
	check.Errno(t, "stat f/", unix.Stat(f+"/", &st), unix.ENOTDIR)
	check.Errno(t, "lstat f/", unix.Lstat(f+"/", &st), unix.ENOTDIR)
	check.Errno(t, "unlink f/", unix.Unlink(f+"/"), unix.ENOTDIR)
	check.Errno(t, "rmdir f/", unix.Rmdir(f+"/"), unix.ENOTDIR)
	check.Errno(t, "rename f/ g", unix.Rename(f+"/", mnt+"/g"), unix.ENOTDIR)
	check.Errno(t, "rename f g/", unix.Rename(f, mnt+"/g/"), unix.ENOTDIR)
	check.Errno(t, "link f g/", unix.Link(f, mnt+"/g/"), unix.ENOENT)
	check.Errno(t, "link f/ g", unix.Link(f+"/", mnt+"/g"), unix.ENOTDIR)
	check.Errno(t, "symlink x f/", unix.Symlink("x", f+"/"), unix.EEXIST)
	check.Errno(t, "symlink x g/", unix.Symlink("x", mnt+"/g/"), unix.ENOENT)
	check.Errno(t, "mknod g/", unix.Mknod(mnt+"/g/", unix.S_IFIFO|0o600, 0), unix.ENOENT)
	check.Errno(t, "mkdir f/", unix.Mkdir(f+"/", 0o755), unix.EEXIST)
	check.Errno(t, "truncate f/", unix.Truncate(f+"/", 0), unix.ENOTDIR)
	check.Errno(t, "chmod f/", unix.Chmod(f+"/", 0), unix.ENOTDIR)
	_, err := unix.Open(mnt+"/g/", unix.O_CREAT|unix.O_WRONLY, 0o644)
	check.Errno(t, "create g/", err, unix.EISDIR)
	_, err = unix.Open(f+"/", unix.O_CREAT|unix.O_WRONLY, 0o644)
	check.Errno(t, "open O_CREAT f/", err, unix.EISDIR)
	check.Absent(t, mnt+"/g")
	check.Content(t, f, "x")
}

func slashAfterDir(t *testing.T, mnt string) {
	d := mnt + "/d"
	check.OK(t, unix.Mkdir(d+"/", 0o755))
	check.Errno(t, "mkdir d/", unix.Mkdir(d+"/", 0o755), unix.EEXIST)
	check.Lstat(t, d+"/")
	check.Lstat(t, d+"//")
	check.Errno(t, "unlink d/", unix.Unlink(d+"/"), unix.EISDIR)
	check.OK(t, unix.Rename(d+"/", mnt+"/e/"))
	check.OK(t, unix.Rename(mnt+"/e", mnt+"/d//"))
	check.OK(t, unix.Mkdir(mnt+"/over", 0o755))
	check.OK(t, unix.Rename(d+"//", mnt+"/over/"))
	check.Absent(t, d)
	check.OK(t, unix.Rmdir(mnt+"/over///"))
	check.Absent(t, mnt+"/over")
}

func slashAfterLink(t *testing.T, mnt string) {
	check.OK(t, os.Mkdir(mnt+"/d", 0o755))
	check.OK(t, os.Symlink("d", mnt+"/l"))
	check.OK(t, os.Symlink("nowhere", mnt+"/dangling"))
	check.Equal(t, "type of l/", check.Lstat(t, mnt+"/l/").Mode&unix.S_IFMT, unix.S_IFDIR)
	check.Errno(t, "unlink l/", unix.Unlink(mnt+"/l/"), unix.ENOTDIR)
	check.Errno(t, "rmdir l/", unix.Rmdir(mnt+"/l/"), unix.ENOTDIR)
	check.Errno(t, "rename l/ m", unix.Rename(mnt+"/l/", mnt+"/m"), unix.ENOTDIR)
	check.Errno(t, "rename d l/", unix.Rename(mnt+"/d", mnt+"/l/"), unix.ENOTDIR)
	check.Errno(t, "mkdir dangling/", unix.Mkdir(mnt+"/dangling/", 0o755), unix.EEXIST)
	check.Errno(t, "rename d dangling/", unix.Rename(mnt+"/d", mnt+"/dangling/"), unix.ENOTDIR)
	_, err := os.Readlink(mnt + "/l/")
	check.Errno(t, "readlink l/", err, unix.EINVAL)
	check.Is(t, check.Symlink, mnt+"/l", "d")
	check.Is(t, check.Dir, mnt+"/d", "")
}

func dotsAsLastName(t *testing.T, mnt string) {
	d := mnt + "/d"
	check.OK(t, os.MkdirAll(d+"/e", 0o755))
	check.Write(t, mnt+"/f", "x")
	check.Errno(t, "rmdir d/.", unix.Rmdir(d+"/."), unix.EINVAL)
	check.Errno(t, "rmdir d/e/..", unix.Rmdir(d+"/e/.."), unix.ENOTEMPTY)
	check.Errno(t, "unlink d/.", unix.Unlink(d+"/."), unix.EISDIR)
	check.Errno(t, "unlink d/..", unix.Unlink(d+"/.."), unix.EISDIR)
	check.Errno(t, "mkdir d/.", unix.Mkdir(d+"/.", 0o755), unix.EEXIST)
	check.Errno(t, "mkdir d/..", unix.Mkdir(d+"/..", 0o755), unix.EEXIST)
	check.Errno(t, "symlink d/.", unix.Symlink("x", d+"/."), unix.EEXIST)
	check.Errno(t, "link d/..", unix.Link(mnt+"/f", d+"/.."), unix.EEXIST)
	check.Errno(t, "mknod d/.", unix.Mknod(d+"/.", unix.S_IFIFO|0o600, 0), unix.EEXIST)
	for _, dots := range []string{"/.", "/e/.."} {
		check.Errno(t, "rename d"+dots, unix.Rename(d+dots, mnt+"/n"), unix.EBUSY)
		check.Errno(t, "rename over d"+dots, unix.Rename(mnt+"/f", d+dots), unix.EBUSY)
		err := unix.Renameat2(unix.AT_FDCWD, mnt+"/f", unix.AT_FDCWD, d+dots, unix.RENAME_NOREPLACE)
		check.Errno(t, "rename NOREPLACE over d"+dots, err, unix.EEXIST)
	}
}

func dotsInPaths(t *testing.T, mnt string) {
	check.OK(t, os.MkdirAll(mnt+"/a/b", 0o755))
	check.Write(t, mnt+"/f", "x")
	check.Content(t, mnt+"/a/b/../../a/./b//..//../f", "x")
	var st unix.Stat_t
	check.Errno(t, "a missing name before ..", unix.Lstat(mnt+"/none/../f", &st), unix.ENOENT)
	check.Errno(t, "a file before ..", unix.Lstat(mnt+"/f/../f", &st), unix.ENOTDIR)
	check.Errno(t, "a file before .", unix.Lstat(mnt+"/f/.", &st), unix.ENOTDIR)
	check.OK(t, os.Symlink("a/b", mnt+"/l"))
	check.Equal(t, "inode of l/..", check.Lstat(t, mnt+"/l/..").Ino, check.Lstat(t, mnt+"/a").Ino)
	check.Equal(t, "inode of a/.", check.Lstat(t, mnt+"/a/.").Ino, check.Lstat(t, mnt+"/a").Ino)
}

func emptyPath(t *testing.T, mnt string) {
	d, err := unix.Open(mnt, unix.O_PATH|unix.O_DIRECTORY, 0)
	check.OK(t, err)
	defer unix.Close(d)
	var st unix.Stat_t
	check.Errno(t, "stat of the empty path", unix.Fstatat(d, "", &st, 0), unix.ENOENT)
	check.OK(t, unix.Fstatat(d, "", &st, unix.AT_EMPTY_PATH))
	check.Equal(t, "inode by AT_EMPTY_PATH", st.Ino, check.Lstat(t, mnt).Ino)
	check.Errno(t, "mkdir of the empty path", unix.Mkdirat(d, "", 0o755), unix.ENOENT)
	check.Errno(t, "unlink of the empty path", unix.Unlinkat(d, "", 0), unix.ENOENT)
	check.Errno(t, "rename of the empty path", unix.Renameat(d, "", d, "x"), unix.ENOENT)
	_, err = unix.Openat(d, "", unix.O_RDONLY, 0)
	check.Errno(t, "open of the empty path", err, unix.ENOENT)
}
