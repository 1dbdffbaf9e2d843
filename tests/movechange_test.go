package tests

import (
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/seamfs/seamfs/tests/check"
	"github.com/seamfs/seamfs/tests/harness"
	"golang.org/x/sys/unix"
)

// TestChangesDuringMoveAreKept changes files at every state of their move, in
// each way there is.
func TestChangesDuringMoveAreKept(t *testing.T) {
	changes := map[string]func(t *testing.T, d *harness.Daemon, path string) (newPath string, size int64){
		"rename": func(t *testing.T, d *harness.Daemon, path string) (string, int64) {
			check.OK(t, os.Rename(path, path+".renamed"))
			return path + ".renamed", 32 * mib
		},
		"rename-dir": func(t *testing.T, d *harness.Daemon, path string) (string, int64) {
			check.OK(t, os.Rename(d.Path("store/dir"), d.Path("store/other")))
			return d.Path("store/other/f"), 32 * mib
		},
		"rename-back": func(t *testing.T, d *harness.Daemon, path string) (string, int64) {
			check.OK(t, os.Rename(path, d.Path("scratch/back")))
			return d.Path("scratch/back"), 32 * mib
		},
		"truncate": func(t *testing.T, d *harness.Daemon, path string) (string, int64) {
			check.OK(t, os.Truncate(path, 5*mib))
			return path, 5 * mib
		},
		"append": func(t *testing.T, d *harness.Daemon, path string) (string, int64) {
			check.Random(t, path, 32*mib, mib, 9)
			return path, 33 * mib
		},
		"attributes": func(t *testing.T, d *harness.Daemon, path string) (string, int64) {
			dress(t, path)
			return path, 32 * mib
		},
	}
	for name, change := range changes {
		t.Run(name, func(t *testing.T) {
			d := harness.TmpfsExt4.Mount(t)
			check.OK(t, os.Mkdir(d.Path("store/dir"), 0o755))
			check.OK(t, os.MkdirAll(d.Path("scratch"), 0o755))
			for i := range 5 {
				check.Random(t, d.Path("scratch/f"), 0, 32*mib, uint64(i))
				check.OK(t, os.Rename(d.Path("scratch/f"), d.Path("store/dir/f")))
				if i%2 == 1 {
					harness.Eventually(t, "the move is under way or done", func() bool { return d.State("store/dir/f") != "queued" })
				}
				path, size := change(t, d, d.Path("store/dir/f"))
				before, sum := attributes(t, path), check.Sum(t, path)
				check.Equal(t, "size", check.Lstat(t, path).Size, size)
				d.Settle("/")
				check.Equal(t, "attributes when settled", attributes(t, path), before)
				check.Equal(t, "content when settled", check.Sum(t, path), sum)
				check.OK(t, os.RemoveAll(d.Path("store/other")))
				check.OK(t, os.RemoveAll(d.Path("store/dir")))
				check.OK(t, os.Mkdir(d.Path("store/dir"), 0o755))
			}
		})
	}
}

// TestUnlinkDuringMove: a file removed while it moves is gone from both
// backends, and its space is free.
func TestUnlinkDuringMove(t *testing.T) {
	d := harness.TmpfsExt4.Mount(t)
	for i := range 10 {
		check.Random(t, d.Path("scratch/f"), 0, 32*mib, uint64(i))
		check.OK(t, os.Rename(d.Path("scratch/f"), d.Path("store/f")))
		if i%2 == 1 {
			harness.Eventually(t, "the move is under way or done", func() bool { return d.State("store/f") != "queued" })
		}
		check.OK(t, os.Remove(d.Path("store/f")))
		check.Absent(t, d.Path("store/f"))
	}
	d.Settle("/")
	check.Absent(t, d.Path("store/f"))
	for _, b := range []string{d.Backends.Scratch, d.Backends.Store} {
		check.Absent(t, b+"/store/f")
		nothingLeft(t, b, "scratch/f")
	}
}

// TestRemoveTreeDuringMove: a tree removed while it moves is gone, and its
// name is free, whatever the mover was doing with it.
func TestRemoveTreeDuringMove(t *testing.T) {
	harness.EachPair(t, func(t *testing.T, p harness.Pair) {
		d := p.Mount(t)
		src, dst := d.Path("scratch/tree"), d.Path("store/tree")
		for i := range 100 {
			check.OK(t, os.MkdirAll(src+"/sub", 0o755))
			for j := range i % 4 {
				check.Write(t, fmt.Sprintf("%s/sub/f%d", src, j), "x")
			}
			check.OK(t, os.Rename(src, dst))
			check.OK(t, os.RemoveAll(dst))
			check.Absent(t, dst)
			if i%10 == 9 {
				d.Settle("/")
				check.Absent(t, dst)
			}
		}
		for _, b := range []string{d.Backends.Scratch, d.Backends.Store} {
			nothingLeft(t, b, "store/tree")
		}
	})
}

// TestReplacedAwayAndBack: what replaced a file of the store is renamed on to
// another name and back before it moves home.
func TestReplacedAwayAndBack(t *testing.T) {
	harness.EachPair(t, func(t *testing.T, p harness.Pair) {
		d := p.Mount(t)
		d.Limit(20 * time.Second)
		for i := range 20 {
			f, g, h := d.Path(fmt.Sprint("store/f", i)), d.Path(fmt.Sprint("store/g", i)), d.Path(fmt.Sprint("scratch/h", i))
			check.Write(t, f, "old")
			check.Random(t, h, 0, mib, uint64(i))
			sum := check.Sum(t, h)
			check.OK(t, os.Rename(h, f))
			check.OK(t, os.Rename(f, g))
			check.Absent(t, f)
			check.OK(t, os.Rename(g, f))
			check.Equal(t, "content", check.Sum(t, f), sum)
		}
		d.Settle("/")
		for i := range 20 {
			check.Absent(t, d.Path(fmt.Sprint("store/g", i)))
			check.Equal(t, "size on the store", check.Lstat(t, fmt.Sprint(d.Backends.Store, "/store/f", i)).Size, mib)
		}
	})
}

// TestOpenWriterIsFollowed: a file that is open for writing is complete for
// all, and has settled with all that was written once the writer closed it.
func TestOpenWriterIsFollowed(t *testing.T) {
	harness.EachPair(t, func(t *testing.T, p harness.Pair) {
		d := p.Mount(t)
		f, err := os.Create(d.Path("scratch/f"))
		check.OK(t, err)
		defer f.Close()
		check.OK(t, os.Rename(d.Path("scratch/f"), d.Path("store/f")))
		var want string
		for i := range 200 {
			line := fmt.Sprintf("line %d\n", i)
			want += line
			_, err := f.WriteString(line)
			check.OK(t, err)
		}
		check.Content(t, d.Path("store/f"), want)
		check.OK(t, f.Close())
		d.Settle("/store")
		check.Content(t, d.Path("store/f"), want)
		check.Content(t, d.Backends.Store+"/store/f", want)
	})
}

// TestReaderReadsOnThroughMove: a descriptor and a mapping from before the
// rename read the same bytes during and after the move, and follow later
// writes.
func TestReaderReadsOnThroughMove(t *testing.T) {
	harness.EachPair(t, func(t *testing.T, p harness.Pair) {
		d := p.Mount(t)
		check.Random(t, d.Path("scratch/f"), 0, 32*mib, 4)
		f := check.Open(t, d.Path("scratch/f"), os.O_RDONLY, 0)
		m, err := unix.Mmap(int(f.Fd()), 0, 32*mib, unix.PROT_READ, unix.MAP_SHARED)
		check.OK(t, err)
		defer unix.Munmap(m)
		want := string(m[20*mib : 20*mib+100])
		check.OK(t, os.Rename(d.Path("scratch/f"), d.Path("store/f")))
		buf := make([]byte, 100)
		harness.Eventually(t, "the file is settled", func() bool {
			_, err := f.ReadAt(buf, 20*mib)
			check.OK(t, err)
			check.Equal(t, "bytes by descriptor", string(buf), want)
			check.Equal(t, "bytes by mapping", string(m[20*mib:20*mib+100]), want)
			return d.State("store/f") == "settled"
		})
		w := check.Open(t, d.Path("store/f"), os.O_WRONLY, 0)
		_, err = w.WriteAt([]byte("later"), 20*mib)
		check.OK(t, err)
		_, err = f.ReadAt(buf[:5], 20*mib)
		check.OK(t, err)
		check.Equal(t, "bytes by descriptor after a write at the home", string(buf[:5]), "later")
		check.Equal(t, "inode by descriptor", check.Fstat(t, f).Ino, check.Lstat(t, d.Path("store/f")).Ino)
	})
}
