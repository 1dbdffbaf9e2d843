package cases

import (
	"os"
	"os/exec"
	"testing"

	"github.com/seamfs/seamfs/tests/check"
	"golang.org/x/sys/unix"
)

var lockingCases = []Across{
	{"PosixAgainstOFD", posixAgainstOFD},
	{"PosixGoneOnClose", posixGoneOnClose},
	{"FlockOtherProcess", flockOtherProcess},
	{"FlockKinds", flockKinds},
	{"LockErrors", lockErrors},
	{"LocksAreApart", locksAreApart},
}

func record(f *os.File, cmd int, typ int16, start, length int64) error {
	return unix.FcntlFlock(f.Fd(), cmd, &unix.Flock_t{Type: typ, Start: start, Len: length})
}

// lockedPair opens one file twice: by its name in a, and in b after a rename.
func lockedPair(t *testing.T, a, b string) (f, g *os.File) {
	t.Helper()
	check.Write(t, a+"/f", "0123456789")
	f = check.Open(t, a+"/f", os.O_RDWR, 0)
	check.OK(t, os.Rename(a+"/f", b+"/g"))
	return f, check.Open(t, b+"/g", os.O_RDWR, 0)
}

func posixAgainstOFD(t *testing.T, a, b string) {
	f, g := lockedPair(t, a, b)
	check.OK(t, record(f, unix.F_SETLK, unix.F_WRLCK, 2, 4))
	check.Errno(t, "OFD lock of the range", record(g, unix.F_OFD_SETLK, unix.F_RDLCK, 0, 3), unix.EAGAIN)
	check.OK(t, record(g, unix.F_OFD_SETLK, unix.F_WRLCK, 6, 0))
	found := unix.Flock_t{Type: unix.F_WRLCK, Start: 0, Len: 5}
	check.OK(t, unix.FcntlFlock(g.Fd(), unix.F_OFD_GETLK, &found))
	check.True(t, found.Type == unix.F_WRLCK && found.Start == 2 && found.Len == 4 && found.Pid == int32(os.Getpid()), "found %+v", found)
	found = unix.Flock_t{Type: unix.F_RDLCK, Start: 5, Len: 100}
	check.OK(t, unix.FcntlFlock(f.Fd(), unix.F_GETLK, &found))
	check.True(t, found.Type == unix.F_WRLCK && found.Start == 6 && found.Len == 0 && found.Pid == -1, "found %+v", found)
	check.OK(t, record(f, unix.F_SETLK, unix.F_UNLCK, 3, 1))
	check.OK(t, record(g, unix.F_OFD_SETLK, unix.F_WRLCK, 3, 1))
	check.Errno(t, "POSIX lock of what OFD has", record(f, unix.F_SETLK, unix.F_RDLCK, 0, 0), unix.EAGAIN)
}

// posixGoneOnClose: closing any descriptor of a file drops its POSIX locks.
func posixGoneOnClose(t *testing.T, a, b string) {
	f, g := lockedPair(t, a, b)
	check.OK(t, record(f, unix.F_SETLK, unix.F_WRLCK, 0, 0))
	check.Errno(t, "OFD lock", record(g, unix.F_OFD_SETLK, unix.F_WRLCK, 0, 0), unix.EAGAIN)
	h, err := os.Open(b + "/g")
	check.OK(t, err)
	check.OK(t, h.Close())
	check.OK(t, record(g, unix.F_OFD_SETLK, unix.F_WRLCK, 0, 0))
}

func flockOtherProcess(t *testing.T, a, b string) {
	f, _ := lockedPair(t, a, b)
	try := func(kind string) bool { return exec.Command("flock", "-n", kind, b+"/g", "true").Run() == nil }
	check.True(t, try("-x"), "no lock is held, and flock fails")
	check.OK(t, unix.Flock(int(f.Fd()), unix.LOCK_SH))
	check.True(t, try("-s") && !try("-x"), "beside a shared lock: shared %v, exclusive %v", try("-s"), try("-x"))
	check.OK(t, unix.Flock(int(f.Fd()), unix.LOCK_EX))
	check.True(t, !try("-s"), "shared beside exclusive")
	// A waiting process gets the lock when it is free.
	wait := child(t, "flock", b+"/g", "echo", "got it")
	check.OK(t, unix.Flock(int(f.Fd()), unix.LOCK_UN))
	check.Equal(t, "output of the one that waited", wait(), "got it\n")
}

func flockKinds(t *testing.T, a, b string) {
	check.OK(t, os.Mkdir(a+"/d", 0o755))
	d := check.Open(t, a+"/d", os.O_RDONLY, 0)
	e := check.Open(t, a+"/d", os.O_RDONLY, 0)
	check.OK(t, unix.Flock(int(d.Fd()), unix.LOCK_EX))
	check.Errno(t, "second lock of a directory", unix.Flock(int(e.Fd()), unix.LOCK_EX|unix.LOCK_NB), unix.EAGAIN)
	check.OK(t, os.Rename(a+"/d", b+"/e"))
	check.Errno(t, "after rename", unix.Flock(int(e.Fd()), unix.LOCK_SH|unix.LOCK_NB), unix.EAGAIN)
	again, err := unix.Dup(int(d.Fd()))
	check.OK(t, err)
	check.OK(t, d.Close())
	check.Errno(t, "while a duplicate is open", unix.Flock(int(e.Fd()), unix.LOCK_SH|unix.LOCK_NB), unix.EAGAIN)
	check.OK(t, unix.Close(again))
	check.OK(t, unix.Flock(int(e.Fd()), unix.LOCK_EX|unix.LOCK_NB))
}

func lockErrors(t *testing.T, a, _ string) {
	check.Write(t, a+"/f", "x")
	r := check.Open(t, a+"/f", os.O_RDONLY, 0)
	w := check.Open(t, a+"/f", os.O_WRONLY, 0)
	for _, cmd := range []int{unix.F_SETLK, unix.F_OFD_SETLK} {
		check.Errno(t, "write lock of a descriptor for reading", record(r, cmd, unix.F_WRLCK, 0, 0), unix.EBADF)
		check.Errno(t, "read lock of a descriptor for writing", record(w, cmd, unix.F_RDLCK, 0, 0), unix.EBADF)
		check.Errno(t, "lock of a negative range", record(r, cmd, unix.F_RDLCK, -5, 2), unix.EINVAL)
		check.Errno(t, "lock of an unknown type", record(r, cmd, 9, 0, 0), unix.EINVAL)
		check.Errno(t, "lock beyond the last offset", record(r, cmd, unix.F_RDLCK, 1<<62, 1<<62+1), unix.EOVERFLOW)
	}
	check.OK(t, record(r, unix.F_SETLK, unix.F_RDLCK, 5, -5))
	check.Errno(t, "flock of an unknown kind", unix.Flock(int(r.Fd()), 0), unix.EINVAL)
}

// locksAreApart: flock and record locks don't see each other, nor do files that
// changed places.
func locksAreApart(t *testing.T, a, b string) {
	f, g := lockedPair(t, a, b)
	check.OK(t, unix.Flock(int(f.Fd()), unix.LOCK_EX))
	check.OK(t, record(g, unix.F_OFD_SETLK, unix.F_WRLCK, 0, 0))
	check.Write(t, a+"/other", "x")
	o := check.Open(t, a+"/other", os.O_RDWR, 0)
	check.OK(t, unix.Renameat2(unix.AT_FDCWD, a+"/other", unix.AT_FDCWD, b+"/g", unix.RENAME_EXCHANGE))
	check.OK(t, unix.Flock(int(o.Fd()), unix.LOCK_EX|unix.LOCK_NB))
	h := check.Open(t, a+"/other", os.O_RDWR, 0)
	check.Errno(t, "lock of the exchanged file", unix.Flock(int(h.Fd()), unix.LOCK_EX|unix.LOCK_NB), unix.EAGAIN)
}
