package cases

import (
	"os"
	"testing"
	"time"

	"github.com/seamfs/seamfs/tests/check"
	"golang.org/x/sys/unix"
)

var timesCases = []Case{
	{"UtimensatNanoseconds", utimensatNanoseconds},
	{"UtimensatOmitAndNow", utimensatOmitAndNow},
	{"UtimensatPermissions", utimensatPermissions},
	{"WriteMovesMtime", writeMovesMtime},
}

func utimensatNanoseconds(t *testing.T, mnt string) {
	check.Write(t, mnt+"/f", "")
	for _, sec := range []int64{0, 1, 1_700_000_000, 1 << 33} {
		ts := []unix.Timespec{{Sec: sec, Nsec: 123456789}, {Sec: sec + 1, Nsec: 999999999}}
		check.OK(t, unix.UtimesNanoAt(unix.AT_FDCWD, mnt+"/f", ts, 0))
		st := check.Lstat(t, mnt+"/f")
		check.Equal(t, "atime", st.Atim, ts[0])
		check.Equal(t, "mtime", st.Mtim, ts[1])
	}
}

func utimensatOmitAndNow(t *testing.T, mnt string) {
	check.Write(t, mnt+"/f", "")
	ts := []unix.Timespec{{Sec: 10, Nsec: 1}, {Sec: 20, Nsec: 2}}
	check.OK(t, unix.UtimesNanoAt(unix.AT_FDCWD, mnt+"/f", ts, 0))
	omit := []unix.Timespec{{Nsec: unix.UTIME_OMIT}, {Sec: 30, Nsec: 3}}
	check.OK(t, unix.UtimesNanoAt(unix.AT_FDCWD, mnt+"/f", omit, 0))
	st := check.Lstat(t, mnt+"/f")
	check.Equal(t, "atime that was left out", st.Atim, ts[0])
	check.Equal(t, "mtime", st.Mtim, omit[1])
	now := []unix.Timespec{{Nsec: unix.UTIME_NOW}, {Nsec: unix.UTIME_OMIT}}
	check.OK(t, unix.UtimesNanoAt(unix.AT_FDCWD, mnt+"/f", now, 0))
	st = check.Lstat(t, mnt+"/f")
	check.True(t, time.Since(time.Unix(st.Atim.Unix())).Abs() < time.Minute, "atime set to now is %v", st.Atim)
	check.Equal(t, "mtime that was left out", st.Mtim, omit[1])
}

func utimensatPermissions(t *testing.T, mnt string) {
	check.Write(t, mnt+"/f", "")
	check.OK(t, os.Chmod(mnt+"/f", 0o666))
	now := []unix.Timespec{{Nsec: unix.UTIME_NOW}, {Nsec: unix.UTIME_NOW}}
	past := []unix.Timespec{{Sec: 10}, {Sec: 10}}
	check.AsUser(t, 1000, 1000, nil, func() {
		check.OK(t, unix.UtimesNanoAt(unix.AT_FDCWD, mnt+"/f", now, 0))
		check.Errno(t, "times of another's file", unix.UtimesNanoAt(unix.AT_FDCWD, mnt+"/f", past, 0), unix.EPERM)
	})
	check.OK(t, os.Chmod(mnt+"/f", 0o644))
	check.AsUser(t, 1000, 1000, nil, func() {
		check.Errno(t, "touch of a file not writable", unix.UtimesNanoAt(unix.AT_FDCWD, mnt+"/f", now, 0), unix.EACCES)
	})
}

func writeMovesMtime(t *testing.T, mnt string) {
	past := []unix.Timespec{{Sec: 1000}, {Sec: 1000}}
	changes := map[string]func(f *os.File) error{
		"write":    func(f *os.File) error { _, err := f.WriteString("x"); return err },
		"truncate": func(f *os.File) error { return f.Truncate(100) },
		"punch": func(f *os.File) error {
			return unix.Fallocate(int(f.Fd()), unix.FALLOC_FL_PUNCH_HOLE|unix.FALLOC_FL_KEEP_SIZE, 0, 4096)
		},
	}
	for name, change := range changes {
		check.Write(t, mnt+"/f", "0123456789")
		f := check.Open(t, mnt+"/f", os.O_RDWR, 0)
		check.OK(t, unix.UtimesNanoAt(unix.AT_FDCWD, mnt+"/f", past, 0))
		check.OK(t, change(f))
		check.True(t, check.Fstat(t, f).Mtim.Sec > 1000, "%s left mtime as it was", name)
		check.True(t, check.Lstat(t, mnt+"/f").Mtim.Sec > 1000, "%s left mtime as it was, by path", name)
		check.OK(t, f.Close())
	}
}
