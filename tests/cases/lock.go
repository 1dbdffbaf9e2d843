package cases

import (
	"os"
	"testing"

	"github.com/seamfs/seamfs/tests/check"
	"golang.org/x/sys/unix"
)

var lockCases = []Case{
	{"Flock", flock},
	{"OFDLocks", ofdLocks},
}

func flock(t *testing.T, mnt string) {
	a := check.Open(t, mnt+"/f", os.O_CREATE|os.O_RDWR, 0o644)
	b := check.Open(t, mnt+"/f", os.O_RDWR, 0)
	check.OK(t, unix.Flock(int(a.Fd()), unix.LOCK_SH))
	check.OK(t, unix.Flock(int(b.Fd()), unix.LOCK_SH|unix.LOCK_NB))
	check.Errno(t, "exclusive beside shared", unix.Flock(int(b.Fd()), unix.LOCK_EX|unix.LOCK_NB), unix.EWOULDBLOCK)
	check.OK(t, a.Close())
	check.OK(t, unix.Flock(int(b.Fd()), unix.LOCK_EX|unix.LOCK_NB))
}

func ofdLocks(t *testing.T, mnt string) {
	a := check.Open(t, mnt+"/f", os.O_CREATE|os.O_RDWR, 0o644)
	b := check.Open(t, mnt+"/f", os.O_RDWR, 0)
	lock := func(f *os.File, typ int16, start, length int64) error {
		return unix.FcntlFlock(f.Fd(), unix.F_OFD_SETLK, &unix.Flock_t{Type: typ, Start: start, Len: length})
	}
	check.OK(t, lock(a, unix.F_WRLCK, 0, 10))
	check.Errno(t, "lock of a locked range", lock(b, unix.F_WRLCK, 5, 10), unix.EAGAIN)
	check.OK(t, lock(b, unix.F_WRLCK, 10, 10))
	check.OK(t, lock(a, unix.F_UNLCK, 0, 10))
	check.OK(t, lock(b, unix.F_RDLCK, 0, 10))
	check.OK(t, lock(a, unix.F_RDLCK, 0, 10))
}
