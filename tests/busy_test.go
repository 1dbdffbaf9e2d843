package tests

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/seamfs/seamfs/tests/check"
	"github.com/seamfs/seamfs/tests/harness"
	"golang.org/x/sys/unix"
)

// TestRemovedFileFreesItsSpace: a file removed right after its move leaves
// nothing allocated on the store; it isn't kept for status.
func TestRemovedFileFreesItsSpace(t *testing.T) {
	d := harness.TmpfsExt4.Mount(t)
	free := func() uint64 {
		t.Helper()
		var st unix.Statfs_t
		check.OK(t, unix.Statfs(d.Backends.Store, &st))
		return st.Bfree * uint64(st.Bsize)
	}
	before := free()
	check.Random(t, d.Path("scratch/f"), 0, 64*mib, 1)
	check.OK(t, os.Rename(d.Path("scratch/f"), d.Path("store/f")))
	d.Settle("/store/f")
	check.True(t, free()+48*mib < before, "the file takes no room on the store")
	check.OK(t, os.Remove(d.Path("store/f")))
	harness.Eventually(t, "the room is free again", func() bool { return free()+8*mib > before })
}

// TestFsyncOfBusyDirectory: fsync of a directory succeeds while others rename
// files over its files and trees into it, and the directory stays usable.
func TestFsyncOfBusyDirectory(t *testing.T) {
	const rounds = 150
	harness.EachPair(t, func(t *testing.T, p harness.Pair) {
		d := p.Mount(t)
		dir := d.Path("store/busy")
		check.OK(t, os.Mkdir(dir, 0o755))
		var writers, syncer sync.WaitGroup
		var stop atomic.Bool
		var syncs atomic.Int64
		fail := make(chan error, 8)
		for w := range 3 {
			writers.Go(func() {
				for i := range rounds {
					if err := publish(d.Path(fmt.Sprintf("scratch/w%d", w)), dir, w, i); err != nil {
						fail <- fmt.Errorf("writer %d, round %d: %w", w, i, err)
						return
					}
				}
			})
		}
		syncer.Go(func() {
			for !stop.Load() {
				if err := fsyncDir(dir); err != nil {
					fail <- fmt.Errorf("fsync %d: %w", syncs.Load(), err)
					return
				}
				syncs.Add(1)
			}
		})
		writers.Wait()
		stop.Store(true)
		syncer.Wait()
		close(fail)
		for err := range fail {
			t.Error(err)
		}
		check.True(t, syncs.Load() > 0, "no fsync came to an end")
		_, err := os.ReadDir(dir)
		check.OK(t, err)
		t.Logf("%d fsyncs beside %d renames", syncs.Load(), 3*rounds)
	})
}

// publish renames a file of scratch over one of dir, or now and then a small
// tree into it in place of the last one.
func publish(tmp, dir string, w, i int) error {
	if i%10 != 0 {
		return errors.Join(
			os.WriteFile(tmp, []byte(fmt.Sprint(w, i)), 0o644),
			os.Rename(tmp, fmt.Sprintf("%s/f%d", dir, w)))
	}
	tree := fmt.Sprintf("%s/t%d", dir, w)
	return errors.Join(
		os.RemoveAll(tree),
		os.MkdirAll(tmp+".d/sub", 0o755),
		os.WriteFile(tmp+".d/sub/f", []byte(fmt.Sprint(w, i)), 0o644),
		os.Rename(tmp+".d", tree))
}

func fsyncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// TestLinkDuringMove: links made while files move stay one file with theirs,
// with one content, whichever name it is written through.
func TestLinkDuringMove(t *testing.T) {
	harness.EachPair(t, func(t *testing.T, p harness.Pair) {
		d := p.Mount(t)
		for i := range 60 {
			a, b, c := d.Path(fmt.Sprintf("scratch/a%d", i)), d.Path(fmt.Sprintf("store/b%d", i)), d.Path(fmt.Sprintf("scratch/c%d", i))
			check.Write(t, a, "first")
			check.OK(t, os.Rename(a, b))
			check.OK(t, os.Link(b, c))
			check.Write(t, c, "through the link")
			check.Content(t, b, "through the link")
			x, y := check.Lstat(t, b), check.Lstat(t, c)
			check.True(t, x.Ino == y.Ino && x.Nlink == 2 && y.Nlink == 2,
				"round %d: inodes %d and %d, links %d and %d", i, x.Ino, y.Ino, x.Nlink, y.Nlink)
		}
		d.Settle("/")
		d.Kill()
		d.Start()
		for i := range 60 {
			b, c := d.Path(fmt.Sprintf("store/b%d", i)), d.Path(fmt.Sprintf("scratch/c%d", i))
			check.Content(t, b, "through the link")
			check.True(t, check.Lstat(t, b).Ino == check.Lstat(t, c).Ino, "round %d: two inodes after a restart", i)
		}
	})
}
