package cases

import (
	"os"
	"strings"
	"testing"

	"github.com/seamfs/seamfs/tests/check"
	"golang.org/x/sys/unix"
)

var createCases = []Case{
	{"CreateExclusive", createExclusive},
	{"CreateErrors", createErrors},
	{"OpenErrors", openErrors},
	{"OpenTruncates", openTruncates},
	{"OpenNoFollow", openNoFollow},
	{"CreateModes", createModes},
	{"NameLengths", nameLengths},
	{"OddNames", oddNames},
}

func createExclusive(t *testing.T, mnt string) {
	f := mnt + "/f"
	fd, err := unix.Open(f, unix.O_CREAT|unix.O_EXCL|unix.O_WRONLY, 0o600)
	check.OK(t, err)
	check.OK(t, unix.Close(fd))
	_, err = unix.Open(f, unix.O_CREAT|unix.O_EXCL|unix.O_WRONLY, 0o600)
	check.Errno(t, "open O_EXCL of an existing file", err, unix.EEXIST)
	check.OK(t, os.Symlink("nowhere", mnt+"/l"))
	_, err = unix.Open(mnt+"/l", unix.O_CREAT|unix.O_EXCL|unix.O_WRONLY, 0o600)
	check.Errno(t, "open O_EXCL of a dangling symlink", err, unix.EEXIST)
	check.OK(t, os.Mkdir(mnt+"/d", 0o755))
	_, err = unix.Open(mnt+"/d", unix.O_CREAT|unix.O_EXCL|unix.O_WRONLY, 0o600)
	check.Errno(t, "open O_EXCL of a directory", err, unix.EEXIST)
}

func createErrors(t *testing.T, mnt string) {
	check.Write(t, mnt+"/f", "x")
	_, err := unix.Open(mnt+"/none/f", unix.O_CREAT|unix.O_WRONLY, 0o600)
	check.Errno(t, "create below a missing directory", err, unix.ENOENT)
	_, err = unix.Open(mnt+"/f/g", unix.O_CREAT|unix.O_WRONLY, 0o600)
	check.Errno(t, "create below a file", err, unix.ENOTDIR)
	check.OK(t, os.Symlink("l2", mnt+"/l1"))
	check.OK(t, os.Symlink("l1", mnt+"/l2"))
	_, err = unix.Open(mnt+"/l1", unix.O_CREAT|unix.O_WRONLY, 0o600)
	check.Errno(t, "create through a loop of links", err, unix.ELOOP)
	check.OK(t, os.Symlink("made", mnt+"/l3"))
	check.Write(t, mnt+"/l3", "through")
	check.Content(t, mnt+"/made", "through")
}

func openErrors(t *testing.T, mnt string) {
	_, err := unix.Open(mnt+"/none", unix.O_RDONLY, 0)
	check.Errno(t, "open of nothing", err, unix.ENOENT)
	_, err = unix.Open(mnt, unix.O_WRONLY, 0)
	check.Errno(t, "open of a directory for writing", err, unix.EISDIR)
	check.Write(t, mnt+"/f", "x")
	_, err = unix.Open(mnt+"/f", unix.O_RDONLY|unix.O_DIRECTORY, 0)
	check.Errno(t, "open of a file with O_DIRECTORY", err, unix.ENOTDIR)
	_, err = unix.Open(mnt+"/f/", unix.O_RDONLY, 0)
	check.Errno(t, "open of a file with a slash", err, unix.ENOTDIR)
}

func openTruncates(t *testing.T, mnt string) {
	check.Write(t, mnt+"/f", "content")
	f := check.Open(t, mnt+"/f", os.O_RDONLY, 0)
	check.Open(t, mnt+"/f", os.O_WRONLY|os.O_TRUNC, 0)
	check.Equal(t, "size seen through the older descriptor", check.Fstat(t, f).Size, 0)
	check.Content(t, mnt+"/f", "")
}

func openNoFollow(t *testing.T, mnt string) {
	check.Write(t, mnt+"/f", "x")
	check.OK(t, os.Symlink("f", mnt+"/l"))
	_, err := unix.Open(mnt+"/l", unix.O_RDONLY|unix.O_NOFOLLOW, 0)
	check.Errno(t, "open O_NOFOLLOW of a symlink", err, unix.ELOOP)
	fd, err := unix.Open(mnt+"/l", unix.O_PATH|unix.O_NOFOLLOW, 0)
	check.OK(t, err)
	check.OK(t, unix.Close(fd))
}

func createModes(t *testing.T, mnt string) {
	old := unix.Umask(0)
	defer unix.Umask(old)
	for _, mode := range []uint32{0, 0o400, 0o644, 0o777, 0o4755, 0o2755, 0o1777, 0o7777} {
		path := mnt + "/m"
		fd, err := unix.Open(path, unix.O_CREAT|unix.O_EXCL|unix.O_WRONLY, mode)
		check.OK(t, err)
		check.OK(t, unix.Close(fd))
		check.Equal(t, "mode", check.Lstat(t, path).Mode, unix.S_IFREG|mode)
		check.OK(t, os.Remove(path))
	}
	unix.Umask(0o027)
	fd, err := unix.Open(mnt+"/masked", unix.O_CREAT|unix.O_WRONLY, 0o666)
	check.OK(t, err)
	check.OK(t, unix.Close(fd))
	check.Equal(t, "mode under umask 027", check.Lstat(t, mnt+"/masked").Mode, unix.S_IFREG|0o640)
}

func nameLengths(t *testing.T, mnt string) {
	longest := strings.Repeat("n", 255)
	check.Write(t, mnt+"/"+longest, "x")
	check.Content(t, mnt+"/"+longest, "x")
	_, err := unix.Open(mnt+"/"+longest+"n", unix.O_CREAT|unix.O_WRONLY, 0o600)
	check.Errno(t, "create of a name of 256 bytes", err, unix.ENAMETOOLONG)
	check.Errno(t, "mkdir of a name of 256 bytes", unix.Mkdir(mnt+"/"+longest+"n", 0o700), unix.ENAMETOOLONG)
	check.Errno(t, "rename to a name of 256 bytes", unix.Rename(mnt+"/"+longest, mnt+"/"+longest+"n"), unix.ENAMETOOLONG)
	check.OK(t, os.Remove(mnt+"/"+longest))
}

func oddNames(t *testing.T, mnt string) {
	names := []string{" ", "a b", "-x", "\x01", "\xff\xfe", "ä", "new\nline", `back\slash`, "%41", "..."}
	for _, n := range names {
		check.Write(t, mnt+"/"+n, n)
	}
	es, err := os.ReadDir(mnt)
	check.OK(t, err)
	check.Equal(t, "number of entries", len(es), len(names))
	for _, n := range names {
		check.Content(t, mnt+"/"+n, n)
	}
}
