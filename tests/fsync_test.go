package tests

import (
	"fmt"
	"os"
	"testing"

	"github.com/seamfs/seamfs/tests/check"
	"github.com/seamfs/seamfs/tests/harness"
	"golang.org/x/sys/unix"
)

func fsyncPath(t *testing.T, path string) {
	t.Helper()
	f, err := os.Open(path)
	check.OK(t, err)
	defer f.Close()
	check.OK(t, unix.Fsync(int(f.Fd())))
}

// TestFsyncAfterRename: programs publish with write, fsync, rename, fsync of
// the parent. When the last returns, the bytes are on the durable backend
// (promise P7).
func TestFsyncAfterRename(t *testing.T) {
	harness.EachPair(t, func(t *testing.T, p harness.Pair) {
		d := p.Mount(t)
		check.OK(t, os.Mkdir(d.Path("store/blobs"), 0o755))
		for i := range 10 {
			src, name := d.Path("scratch/tmp"), fmt.Sprint("store/blobs/", i)
			check.Random(t, src, 0, int64(i)*mib+1, uint64(i))
			sum := check.Sum(t, src)
			fsyncPath(t, src)
			check.OK(t, os.Rename(src, d.Path(name)))
			fsyncPath(t, d.Path("store/blobs"))
			if p.Scratch == "tmpfs" {
				check.Equal(t, "sum on the store after fsync of the parent", check.Sum(t, d.Backends.Store+"/"+name), sum)
			}
			check.Equal(t, "sum in the mount", check.Sum(t, d.Path(name)), sum)
		}
	})
}

// TestFsyncOfFileAfterRename: fsync of the file itself, under a durable rule,
// waits until its data is on a durable backend.
func TestFsyncOfFileAfterRename(t *testing.T) {
	d := harness.TmpfsExt4.Mount(t)
	for i := range 10 {
		check.Random(t, d.Path("scratch/f"), 0, 4*mib, uint64(i))
		sum := check.Sum(t, d.Path("scratch/f"))
		name := fmt.Sprint("store/f", i)
		check.OK(t, os.Rename(d.Path("scratch/f"), d.Path(name)))
		fsyncPath(t, d.Path(name))
		check.Equal(t, "sum on the store after fsync", check.Sum(t, d.Backends.Store+"/"+name), sum)
	}
}

// TestFsyncOfReplace: a replace of a durable file is on the durable backend
// when the parent's fsync returns, with the old version gone.
func TestFsyncOfReplace(t *testing.T) {
	d := harness.TmpfsExt4.Mount(t)
	for i := range 10 {
		v := fmt.Sprint("version ", i)
		check.Write(t, d.Path("scratch/new"), v)
		fsyncPath(t, d.Path("scratch/new"))
		check.OK(t, os.Rename(d.Path("scratch/new"), d.Path("store/f")))
		fsyncPath(t, d.Path("store"))
		check.Content(t, d.Backends.Store+"/store/f", v)
	}
}

// TestFsyncOnScratchDoesNotWait: under a volatile rule fsync promises nothing
// and moves nothing.
func TestFsyncOnScratchDoesNotWait(t *testing.T) {
	d := harness.TmpfsExt4.Mount(t)
	check.Write(t, d.Path("scratch/f"), "x")
	fsyncPath(t, d.Path("scratch/f"))
	fsyncPath(t, d.Path("scratch"))
	check.Equal(t, "state", d.State("scratch/f"), "settled")
	check.Absent(t, d.Backends.Store+"/scratch/f")
}
