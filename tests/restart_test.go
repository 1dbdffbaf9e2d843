package tests

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seamfs/seamfs/tests/check"
	"github.com/seamfs/seamfs/tests/harness"
	"golang.org/x/sys/unix"
)

// TestKillAtRandomMoments kills the daemon while a tree moves, over and over,
// until all of it has settled: after each start it is complete.
func TestKillAtRandomMoments(t *testing.T) {
	harness.EachPair(t, func(t *testing.T, p harness.Pair) {
		seed := uint64(time.Now().UnixNano())
		t.Logf("seed %d", seed)
		rnd := rand.New(rand.NewPCG(seed, 0))
		d := p.Mount(t)
		check.OK(t, os.Mkdir(d.Path("scratch/tree"), 0o755))
		staging(t, d.Path("scratch/tree"))
		check.Random(t, d.Path("scratch/tree/big"), 0, 64*mib, 1)
		options := check.TreeOptions{Times: true, Inode: true, NoDirNlink: true}
		want := check.TakeTree(t, d.Path("scratch/tree"), options)
		check.OK(t, os.Rename(d.Path("scratch/tree"), d.Path("store/tree")))
		for range 6 {
			// A random number of looks is a random moment that depends on how
			// far the daemon is, not on the clock.
			for range rnd.IntN(40) {
				d.State("store/tree")
				check.Lstat(t, d.Path("store/tree/big"))
			}
			d.Kill()
			d.Start()
			check.SameTree(t, "after a restart", check.TakeTree(t, d.Path("store/tree"), options), want)
			check.Absent(t, d.Path("scratch/tree"))
		}
		d.Settle("/store")
		check.SameTree(t, "when settled", check.TakeTree(t, d.Path("store/tree"), options), want)
		nothingLeft(t, d.Backends.Scratch, "store/tree")
		nothingLeft(t, d.Backends.Store, "scratch/tree")
	})
}

// TestReplacedFileStaysReplaced: after a replace across backends, kill -9 and
// remount show the new version, at once and when settled.
func TestReplacedFileStaysReplaced(t *testing.T) {
	harness.EachPair(t, func(t *testing.T, p harness.Pair) {
		for _, dirs := range [][2]string{{"scratch", "store"}, {"store", "scratch"}} {
			t.Run("to-"+dirs[1], func(t *testing.T) {
				d := p.Mount(t)
				dst := d.Path(dirs[1], "f")
				for i := range 4 {
					v := fmt.Sprint("version ", i)
					check.Write(t, dst, "old "+v)
					check.Write(t, d.Path(dirs[0], "new"), v)
					check.OK(t, os.Rename(d.Path(dirs[0], "new"), dst))
					d.Kill()
					d.Start()
					check.Content(t, dst, v)
					check.Absent(t, d.Path(dirs[0], "new"))
				}
				d.Settle("/")
				check.Content(t, dst, "version 3")
				d.Kill()
				d.Start()
				check.Content(t, dst, "version 3")
			})
		}
	})
}

// TestRenamedAwayStaysAway: the winner of a replace is renamed on and the
// daemon killed; the loser doesn't reappear.
func TestRenamedAwayStaysAway(t *testing.T) {
	harness.EachPair(t, func(t *testing.T, p harness.Pair) {
		d := p.Mount(t)
		gone := map[string]func(){
			"renamed":  func() { check.OK(t, os.Rename(d.Path("store/f"), d.Path("store/g"))) },
			"unlinked": func() { check.OK(t, os.Remove(d.Path("store/f"))) },
			"taken":    func() { check.OK(t, os.Rename(d.Path("store/f"), d.Path("scratch/g"))) },
		}
		for how, fn := range gone {
			check.Write(t, d.Path("store/f"), "old")
			check.Write(t, d.Path("scratch/new"), "new")
			check.OK(t, os.Rename(d.Path("scratch/new"), d.Path("store/f")))
			fn()
			d.Kill()
			d.Start()
			_, err := os.Lstat(d.Path("store/f"))
			check.Errno(t, how+", then killed: lstat", err, unix.ENOENT)
		}
		d.Settle("/")
		check.Absent(t, d.Path("store/f"))
		check.Content(t, d.Path("store/g"), "new")
		check.Content(t, d.Path("scratch/g"), "new")
	})
}

// TestStaleMountIsCleared: the dead mount of a killed daemon is no obstacle to
// the next.
func TestStaleMountIsCleared(t *testing.T) {
	d := harness.TmpfsExt4.Mount(t)
	check.Write(t, d.Path("store/f"), "x")
	d.KillKeep()
	// Not stat: the kernel may still know the attributes.
	var st unix.Statfs_t
	check.Errno(t, "statfs of a dead mount", unix.Statfs(d.MNT, &st), unix.ENOTCONN)
	d.Start()
	check.Content(t, d.Path("store/f"), "x")
}

// TestPrivateTmpfsIsAdopted: the tmpfs that seamfs mounted itself survives the
// daemon, and the next one goes on with what is in it.
func TestPrivateTmpfsIsAdopted(t *testing.T) {
	store := harness.Disk(t, "ext4", 1<<30)
	d := harness.New(t, "--backend", "scratch=tmpfs:size=512M", "--backend", "store="+store,
		"--rule", "/scratch=scratch", "--rule", "/=store")
	d.Start()
	check.Random(t, d.Path("scratch/f"), 0, 100*mib, 1)
	check.Write(t, d.Path("scratch/stays"), "scratch")
	sum, ino := check.Sum(t, d.Path("scratch/f")), check.Lstat(t, d.Path("scratch/f")).Ino
	check.OK(t, os.Rename(d.Path("scratch/f"), d.Path("f")))
	d.Kill()
	d.Start()
	check.Equal(t, "sum after the restart", check.Sum(t, d.Path("f")), sum)
	check.Equal(t, "inode after the restart", check.Lstat(t, d.Path("f")).Ino, ino)
	check.Content(t, d.Path("scratch/stays"), "scratch")
	d.Settle("/")
	check.Equal(t, "sum on the store", check.Sum(t, store+"/f"), sum)
}

// TestUmountWithPending: umount drains what a durable rule covers, or with no
// time for it says what is left and keeps it for the next start.
func TestUmountWithPending(t *testing.T) {
	d := harness.TmpfsExt4.Mount(t)
	check.Random(t, d.Path("scratch/f"), 0, 256*mib, 1)
	sum := check.Sum(t, d.Path("scratch/f"))
	check.OK(t, os.Rename(d.Path("scratch/f"), d.Path("store/f")))
	out, err := d.Stop("--settle-timeout", "0")
	// The move may have been quicker; usually it isn't.
	if code := harness.ExitCode(err); code != harness.ExitLeft && code != 0 {
		t.Fatalf("umount with no time to settle: exit code %d: %v", code, err)
	} else if code == harness.ExitLeft {
		check.True(t, out+err.Error() != "" && check.Exists(d.Backends.Scratch+"/store/f"), "umount says left, but nothing is: %s %v", out, err)
	}
	d.Start()
	check.Equal(t, "sum after the next start", check.Sum(t, d.Path("store/f")), sum)
	if _, err := d.Stop(); err != nil {
		t.Fatalf("umount with time to settle: %v", err)
	}
	check.Equal(t, "sum on the store after umount", check.Sum(t, d.Backends.Store+"/store/f"), sum)
	check.Absent(t, d.Backends.Scratch+"/store/f")
}

// TestDiscardScratch: settled scratch stays over umount unless it is told to
// go; what a durable rule covers never goes.
func TestDiscardScratch(t *testing.T) {
	store := harness.Disk(t, "ext4", 1<<30)
	d := harness.New(t, "--backend", "scratch=tmpfs:size=512M", "--backend", "store="+store,
		"--rule", "/scratch=scratch", "--rule", "/=store")
	d.Start()
	check.Write(t, d.Path("scratch/f"), "kept")
	if _, err := d.Stop(); err != nil {
		t.Fatal(err)
	}
	d.Start()
	check.Content(t, d.Path("scratch/f"), "kept")
	check.Write(t, d.Path("scratch/g"), "moved")
	check.OK(t, os.Rename(d.Path("scratch/g"), d.Path("g")))
	if _, err := d.Stop("--discard-scratch"); err != nil {
		t.Fatal(err)
	}
	for _, m := range harness.Mounts() {
		check.True(t, !strings.HasPrefix(m.Point, d.RunDir), "still mounted: %s", m.Point)
	}
	check.Content(t, filepath.Join(store, "g"), "moved")
	d.Start()
	check.Absent(t, d.Path("scratch/f"))
	check.Content(t, d.Path("g"), "moved")
}
