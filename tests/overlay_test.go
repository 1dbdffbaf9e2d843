package tests

import (
	"os"
	"testing"

	"github.com/seamfs/seamfs/tests/check"
	"github.com/seamfs/seamfs/tests/harness"
	"golang.org/x/sys/unix"
)

// TestOverlayUpper: an overlayfs whose upper directory is on the mount deletes,
// renames and makes directories opaque, which takes RENAME_WHITEOUT, devices
// 0:0 and trusted attributes; what it did is the same after the upper
// directory moved to the store.
func TestOverlayUpper(t *testing.T) {
	harness.EachPair(t, func(t *testing.T, p harness.Pair) {
		d := p.Mount(t)
		low, merged := harness.Dir(t), harness.Dir(t)
		check.OK(t, os.Mkdir(low+"/d", 0o755))
		for _, n := range []string{"a", "b", "c", "d/x"} {
			check.Write(t, low+"/"+n, "low "+n)
		}
		up := d.Path("scratch/up")
		check.OK(t, os.MkdirAll(d.Path("scratch/work"), 0o755))
		check.OK(t, os.Mkdir(up, 0o755))

		unmount := overlay(t, low, up, d.Path("scratch/work"), merged)
		check.OK(t, os.Remove(merged+"/a"))
		check.OK(t, os.Rename(merged+"/b", merged+"/b2"))
		check.OK(t, os.RemoveAll(merged+"/d"))
		check.OK(t, os.Mkdir(merged+"/d", 0o755))
		check.Write(t, merged+"/d/y", "new")
		want := check.TakeTree(t, merged, check.TreeOptions{NoDirNlink: true})
		unmount()

		check.OK(t, os.Rename(up, d.Path("store/up")))
		check.OK(t, os.Mkdir(d.Path("store/work"), 0o755))
		d.Settle("/")
		defer overlay(t, low, d.Path("store/up"), d.Path("store/work"), merged)()
		check.Absent(t, merged+"/a")
		check.Absent(t, merged+"/d/x")
		check.SameTree(t, "after the move", check.TakeTree(t, merged, check.TreeOptions{NoDirNlink: true}), want)
	})
}

func overlay(t *testing.T, low, up, work, at string) (unmount func()) {
	t.Helper()
	check.OK(t, unix.Mount("overlay", at, "overlay", 0, "lowerdir="+low+",upperdir="+up+",workdir="+work))
	done := false
	unmount = func() {
		if !done {
			done = true
			check.OK(t, unix.Unmount(at, 0))
		}
	}
	t.Cleanup(unmount)
	return unmount
}

// TestUsersWhiteout: RENAME_WHITEOUT leaves a device 0:0 that users see, moves
// like any other, and is there after a restart.
func TestUsersWhiteout(t *testing.T) {
	harness.EachPair(t, func(t *testing.T, p harness.Pair) {
		d := p.Mount(t)
		isDevice := func(path string) {
			t.Helper()
			st := check.Lstat(t, path)
			check.True(t, st.Mode&unix.S_IFMT == unix.S_IFCHR && st.Rdev == 0, "%s has mode %o, device %d", path, st.Mode, st.Rdev)
		}
		for _, c := range [][2]string{{"store/f", "store/g"}, {"scratch/f", "store/h"}, {"store/i", "scratch/j"}} {
			from, to := d.Path(c[0]), d.Path(c[1])
			check.Write(t, from, c[0])
			check.OK(t, unix.Renameat2(unix.AT_FDCWD, from, unix.AT_FDCWD, to, unix.RENAME_WHITEOUT))
			isDevice(from)
			check.Content(t, to, c[0])
		}
		check.OK(t, os.Rename(d.Path("scratch/f"), d.Path("store/moved")))
		d.Settle("/")
		d.Kill()
		d.Start()
		for _, n := range []string{"store/f", "store/moved", "store/i"} {
			isDevice(d.Path(n))
		}
		check.Content(t, d.Path("store/h"), "scratch/f")
		check.OK(t, os.Remove(d.Path("store/f")))
		check.Absent(t, d.Path("store/f"))
	})
}
