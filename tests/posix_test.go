package tests

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/seamfs/seamfs/tests/cases"
	"github.com/seamfs/seamfs/tests/check"
	"github.com/seamfs/seamfs/tests/harness"
)

// fresh makes an empty directory that is open to all users.
func fresh(t *testing.T, path string) string {
	t.Helper()
	check.OK(t, os.MkdirAll(path, 0o755))
	check.OK(t, os.Chmod(path, 0o777))
	return path
}

// TestPlainExt4 runs the cases on a filesystem that is known to be right: a
// case that fails here expects something wrong.
func TestPlainExt4(t *testing.T) {
	root := harness.Disk(t, "ext4", 2<<30)
	unlimited := func() {}
	within(t, unlimited, fresh(t, root+"/within"))
	between(t, unlimited, fresh(t, root+"/a"), fresh(t, root+"/b"))
}

// within runs the cases within one directory, and before each calls limit,
// which gives it its time.
func within(t *testing.T, limit func(), dir string) {
	for _, c := range cases.Within() {
		t.Run(c.Name, func(t *testing.T) {
			limit()
			d := fresh(t, filepath.Join(dir, c.Name))
			t.Cleanup(func() { removed(t, d) })
			c.Run(t, d)
		})
	}
}

// between is within for the cases between two directories.
func between(t *testing.T, limit func(), a, b string) {
	for _, c := range cases.Between() {
		t.Run(c.Name, func(t *testing.T) {
			limit()
			da, db := fresh(t, filepath.Join(a, c.Name)), fresh(t, filepath.Join(b, c.Name))
			t.Cleanup(func() { removed(t, da); removed(t, db) })
			c.Run(t, da, db)
		})
	}
}

// removed takes away a case's directory: what a case left must be removable.
func removed(t *testing.T, dir string) {
	if err := os.RemoveAll(dir); err != nil {
		t.Errorf("remove what the case left: %v", err)
	}
}

// TestPOSIX runs the cases in every pair's scratch, store and root, and from
// each of scratch and store to itself and to the other.
func TestPOSIX(t *testing.T) {
	harness.EachPair(t, func(t *testing.T, p harness.Pair) {
		d := p.Mount(t)
		limit := func() { d.Limit(time.Minute) }
		for _, place := range []string{"scratch", "store", ""} {
			t.Run("in-"+filepath.Join("/", place), func(t *testing.T) {
				within(t, limit, fresh(t, d.Path(place, "within")))
			})
		}
		for _, dirs := range [][2]string{{"scratch", "store"}, {"store", "scratch"}, {"scratch", "scratch"}, {"store", "store"}} {
			t.Run(dirs[0]+"-to-"+dirs[1], func(t *testing.T) {
				between(t, limit, fresh(t, d.Path(dirs[0], "from")), fresh(t, d.Path(dirs[1], "to")))
			})
		}
		d.Settle("/")
	})
}
