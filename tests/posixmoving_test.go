package tests

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seamfs/seamfs/tests/check"
	"github.com/seamfs/seamfs/tests/harness"
	"golang.org/x/sys/unix"
)

// TestPOSIXWhileMoving runs the cases while directories beside theirs are
// renamed to and fro between scratch and store, so that moves never end.
func TestPOSIXWhileMoving(t *testing.T) {
	d := harness.TmpfsExt4.Mount(t)
	limit := func() { d.Limit(time.Minute) }
	stop := toAndFro(t, d)
	for _, place := range []string{"scratch", "store"} {
		t.Run("in-"+place, func(t *testing.T) { within(t, limit, fresh(t, d.Path(place, "within"))) })
	}
	t.Run("scratch-to-store", func(t *testing.T) {
		between(t, limit, fresh(t, d.Path("scratch/from")), fresh(t, d.Path("store/to")))
	})
	stop()
	d.Settle("/")
}

// toAndFro renames three trees between scratch and store until stop is called,
// which looks whether all is still there. It has done so some times by then.
func toAndFro(t *testing.T, d *harness.Daemon) (stop func()) {
	t.Helper()
	places := []string{d.Path("scratch"), d.Path("store")}
	for i := range 3 {
		tree := fmt.Sprintf("%s/beside%d", places[0], i)
		check.OK(t, os.MkdirAll(tree+"/sub", 0o755))
		for j := range 10 {
			check.Write(t, fmt.Sprintf("%s/sub/f%d", tree, j), strings.Repeat("moving", 10_000))
		}
	}
	end := make(chan struct{})
	var renames atomic.Int64
	var wg sync.WaitGroup
	wg.Go(func() {
		for at := 0; ; at = 1 - at {
			for i := range 3 {
				from, to := fmt.Sprintf("%s/beside%d", places[at], i), fmt.Sprintf("%s/beside%d", places[1-at], i)
				if err := unix.Rename(from, to); err != nil {
					t.Errorf("rename %s to %s: %v", from, to, err)
					return
				}
				renames.Add(1)
			}
			select {
			case <-end:
				return
			case <-time.After(10 * time.Millisecond): // for the moves to begin
			}
		}
	})
	stop = sync.OnceFunc(func() {
		harness.Eventually(t, "30 renames beside the cases", func() bool { return renames.Load() >= 30 || t.Failed() })
		close(end)
		wg.Wait()
		for i := range 3 {
			tree := fmt.Sprintf("%s/beside%d", places[0], i)
			if !check.Exists(tree) {
				tree = fmt.Sprintf("%s/beside%d", places[1], i)
			}
			for j := range 10 {
				check.Content(t, fmt.Sprintf("%s/sub/f%d", tree, j), strings.Repeat("moving", 10_000))
			}
		}
	})
	t.Cleanup(stop)
	return stop
}

// TestMostLinks: ext4 takes 65,000 names of a file, and so does the mount.
func TestMostLinks(t *testing.T) {
	const most = 65_000
	d := harness.TmpfsExt4.Mount(t)
	dir := d.Path("store/links")
	check.OK(t, os.Mkdir(dir, 0o755))
	check.Write(t, dir+"/f", "text")
	for i := 1; i < most; i++ {
		check.OK(t, unix.Link(dir+"/f", fmt.Sprintf("%s/%d", dir, i)))
	}
	check.Equal(t, "nlink", check.Lstat(t, dir+"/f").Nlink, most)
	check.Errno(t, "one link too many", unix.Link(dir+"/f", dir+"/more"), unix.EMLINK)
	check.Absent(t, dir+"/more")
	check.OK(t, unix.Unlink(dir+"/1"))
	check.OK(t, unix.Link(dir+"/f", dir+"/more"))
	check.Equal(t, "nlink", check.Lstat(t, dir+"/more").Nlink, most)
}
