package cases

import (
	"fmt"
	"os"
	"slices"
	"testing"

	"github.com/seamfs/seamfs/tests/check"
	"golang.org/x/sys/unix"
)

// In these cases a directory gets members from two places. On one filesystem
// that is nothing special; on seamfs it exists on several backends then.
var mergeCases = []Across{
	{"MergedListing", mergedListing},
	{"MergedRmdir", mergedRmdir},
	{"MergedRename", mergedRename},
	{"MergedReplaceEmpty", mergedReplaceEmpty},
	{"MergedAttributes", mergedAttributes},
}

// merged makes b/d with one member made in place and one renamed into it.
func merged(t *testing.T, a, b string) {
	t.Helper()
	check.OK(t, os.Mkdir(b+"/d", 0o755))
	check.Write(t, b+"/d/native", "n")
	check.Write(t, a+"/x", "m")
	check.OK(t, os.Rename(a+"/x", b+"/d/moved"))
}

func names(t *testing.T, dir string) string {
	t.Helper()
	es, err := os.ReadDir(dir)
	check.OK(t, err)
	var ns []string
	for _, e := range es {
		ns = append(ns, e.Name())
	}
	slices.Sort(ns)
	return fmt.Sprint(ns)
}

func mergedListing(t *testing.T, a, b string) {
	merged(t, a, b)
	check.Equal(t, "listing", names(t, b+"/d"), "[moved native]")
	check.Write(t, a+"/over", "over")
	check.OK(t, os.Rename(a+"/over", b+"/d/native"))
	check.Equal(t, "listing after a replace", names(t, b+"/d"), "[moved native]")
	check.Content(t, b+"/d/native", "over")
	check.OK(t, os.Remove(b+"/d/native"))
	check.Equal(t, "listing after unlink", names(t, b+"/d"), "[moved]")
}

func mergedRmdir(t *testing.T, a, b string) {
	merged(t, a, b)
	check.Errno(t, "rmdir of a full directory", unix.Rmdir(b+"/d"), unix.ENOTEMPTY)
	check.OK(t, os.Remove(b+"/d/native"))
	check.Errno(t, "rmdir with a member that came by rename", unix.Rmdir(b+"/d"), unix.ENOTEMPTY)
	check.OK(t, os.Rename(b+"/d/moved", a+"/x"))
	check.OK(t, unix.Rmdir(b+"/d"))
	check.Absent(t, b+"/d")
	check.OK(t, os.Mkdir(b+"/d", 0o700))
	check.Equal(t, "listing of a directory made anew", names(t, b+"/d"), "[]")
	check.Equal(t, "mode of a directory made anew", check.Lstat(t, b+"/d").Mode, unix.S_IFDIR|0o700)
}

func mergedRename(t *testing.T, a, b string) {
	merged(t, a, b)
	ino := check.Lstat(t, b+"/d").Ino
	for _, to := range []string{b + "/e", a + "/e", b + "/f"} {
		from := map[string]string{b + "/e": b + "/d", a + "/e": b + "/e", b + "/f": a + "/e"}[to]
		check.OK(t, os.Rename(from, to))
		check.Absent(t, from)
		check.Content(t, to+"/native", "n")
		check.Content(t, to+"/moved", "m")
		check.Equal(t, "inode of "+to, check.Lstat(t, to).Ino, ino)
	}
	check.OK(t, os.Mkdir(b+"/d", 0o755))
	check.Equal(t, "listing at the old name", names(t, b+"/d"), "[]")
}

func mergedReplaceEmpty(t *testing.T, a, b string) {
	merged(t, a, b)
	check.OK(t, os.Mkdir(a+"/new", 0o711))
	check.NotEmpty(t, "rename over a full directory", unix.Rename(a+"/new", b+"/d"))
	check.OK(t, os.Remove(b+"/d/native"))
	check.NotEmpty(t, "rename over a directory full elsewhere", unix.Rename(a+"/new", b+"/d"))
	check.OK(t, os.Remove(b+"/d/moved"))
	check.OK(t, unix.Rename(a+"/new", b+"/d"))
	check.Equal(t, "mode", check.Lstat(t, b+"/d").Mode, unix.S_IFDIR|0o711)
	check.Absent(t, a+"/new")
}

func mergedAttributes(t *testing.T, a, b string) {
	merged(t, a, b)
	check.OK(t, unix.Chmod(b+"/d", 0o1750))
	check.OK(t, os.Chown(b+"/d", 7, 8))
	check.OK(t, unix.Setxattr(b+"/d", "user.k", []byte("v"), 0))
	ts := []unix.Timespec{{Sec: 5, Nsec: 6}, {Sec: 7, Nsec: 8}}
	check.OK(t, unix.UtimesNanoAt(unix.AT_FDCWD, b+"/d", ts, 0))
	check.OK(t, os.Rename(b+"/d", a+"/d"))
	st := check.Lstat(t, a+"/d")
	check.Equal(t, "mode", st.Mode, unix.S_IFDIR|0o1750)
	check.True(t, st.Uid == 7 && st.Gid == 8, "owner: %d:%d", st.Uid, st.Gid)
	check.Equal(t, "mtime", st.Mtim, ts[1])
	v, err := check.Xattr(a+"/d", "user.k")
	check.OK(t, err)
	check.Equal(t, "xattr", v, "v")
}
