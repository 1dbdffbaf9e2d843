package tests

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/hanwen/go-fuse/v2/posixtest"
	"github.com/seamfs/seamfs/tests/check"
	"github.com/seamfs/seamfs/tests/harness"
)

// skipPosixtest are the cases of go-fuse that plain ext4 doesn't pass either,
// or that show nothing about a mount.
var skipPosixtest = map[string]string{
	"FcntlFlockLocksFile": "expects two descriptors of one process to exclude each other, which POSIX locks don't on any filesystem",
}

func gofusePosix(t *testing.T, limit func(), dir string) {
	for name, fn := range posixtest.All {
		t.Run(name, func(t *testing.T) {
			if why := skipPosixtest[name]; why != "" {
				t.Skip(why)
			}
			limit()
			d := filepath.Join(dir, name)
			check.OK(t, os.MkdirAll(d, 0o755))
			fn(t, d)
			check.OK(t, os.RemoveAll(d))
		})
	}
}

func TestGoFusePlainExt4(t *testing.T) {
	gofusePosix(t, func() {}, harness.Disk(t, "ext4", 1<<30))
}

func TestGoFuse(t *testing.T) {
	harness.EachPair(t, func(t *testing.T, p harness.Pair) {
		d := p.Mount(t)
		for _, place := range []string{"scratch", "store"} {
			t.Run(place, func(t *testing.T) { gofusePosix(t, func() { d.Limit(time.Minute) }, d.Path(place)) })
		}
	})
}
