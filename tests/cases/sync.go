package cases

import (
	"os"
	"testing"

	"github.com/seamfs/seamfs/tests/check"
	"golang.org/x/sys/unix"
)

var syncCases = []Case{
	{"SyncEverything", syncEverything},
}

func syncEverything(t *testing.T, mnt string) {
	f := check.Open(t, mnt+"/f", os.O_CREATE|os.O_RDWR, 0o644)
	_, err := f.WriteString("x")
	check.OK(t, err)
	check.OK(t, unix.Fsync(int(f.Fd())))
	check.OK(t, unix.Fdatasync(int(f.Fd())))
	check.OK(t, unix.SyncFileRange(int(f.Fd()), 0, 0, unix.SYNC_FILE_RANGE_WRITE))
	r := check.Open(t, mnt+"/f", os.O_RDONLY, 0)
	check.OK(t, unix.Fsync(int(r.Fd())))
	d := check.Open(t, mnt, os.O_RDONLY, 0)
	check.OK(t, unix.Fsync(int(d.Fd())))
	check.OK(t, unix.Fdatasync(int(d.Fd())))
	s := check.Open(t, mnt+"/s", os.O_CREATE|os.O_WRONLY|os.O_SYNC, 0o644)
	_, err = s.WriteString("synchronous")
	check.OK(t, err)
	check.Content(t, mnt+"/s", "synchronous")
}
