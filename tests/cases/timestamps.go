package cases

import (
	"os"
	"testing"
	"unsafe"

	"github.com/seamfs/seamfs/tests/check"
	"golang.org/x/sys/unix"
)

var timestampCases = []Case{
	{"TimesFarAway", timesFarAway},
	{"TimesOfKinds", timesOfKinds},
	{"TimesErrors", timesErrors},
	{"TimesOmitBoth", timesOmitBoth},
	{"TimesByDescriptor", timesByDescriptor},
	{"ReadMovesAtime", readMovesAtime},
	{"ReaddirMovesAtime", readdirMovesAtime},
	{"NoatimeKeepsAtime", noatimeKeepsAtime},
}

func setTimes(path string, atime, mtime unix.Timespec) error {
	return unix.UtimesNanoAt(unix.AT_FDCWD, path, []unix.Timespec{atime, mtime}, unix.AT_SYMLINK_NOFOLLOW)
}

// timesFarAway: all that ext4's 34 bits of seconds hold, but the last years,
// which XFS doesn't reach: 1901 to 2446.
func timesFarAway(t *testing.T, mnt string) {
	check.Write(t, mnt+"/f", "")
	check.OK(t, os.Mkdir(mnt+"/d", 0o755))
	for _, sec := range []int64{-1<<31 + 1, -86400, -1, 0, 1<<31 - 1, 1 << 31, 1<<32 - 1, 1 << 32, 1 << 33, 15_000_000_000} {
		for _, p := range []string{mnt + "/f", mnt + "/d"} {
			atime, mtime := unix.Timespec{Sec: sec, Nsec: 999_999_999}, unix.Timespec{Sec: sec, Nsec: 1}
			check.OK(t, setTimes(p, atime, mtime))
			st := check.Lstat(t, p)
			check.Equal(t, "atime", st.Atim, atime)
			check.Equal(t, "mtime", st.Mtim, mtime)
			check.OK(t, os.Rename(p, p+"-renamed"))
			check.Equal(t, "mtime after rename", check.Lstat(t, p+"-renamed").Mtim, mtime)
			check.OK(t, os.Rename(p+"-renamed", p))
		}
	}
}

func timesOfKinds(t *testing.T, mnt string) {
	for _, k := range []check.Kind{check.File, check.Dir, check.Symlink, check.Fifo, check.Socket, check.Char} {
		p := mnt + "/" + string(k)
		check.Make(t, k, p, "none")
		check.OK(t, setTimes(p, unix.Timespec{Sec: 10, Nsec: 11}, unix.Timespec{Sec: 20, Nsec: 21}))
		st := check.Lstat(t, p)
		check.Equal(t, "atime of a "+string(k), st.Atim, unix.Timespec{Sec: 10, Nsec: 11})
		check.Equal(t, "mtime of a "+string(k), st.Mtim, unix.Timespec{Sec: 20, Nsec: 21})
	}
	err := unix.UtimesNanoAt(unix.AT_FDCWD, mnt+"/symlink", []unix.Timespec{{Sec: 1}, {Sec: 1}}, 0)
	check.Errno(t, "times of what a dangling link points to", err, unix.ENOENT)
}

func timesErrors(t *testing.T, mnt string) {
	check.Write(t, mnt+"/f", "")
	ok := unix.Timespec{Sec: 1}
	check.Errno(t, "nanoseconds of a second", setTimes(mnt+"/f", ok, unix.Timespec{Nsec: 1_000_000_000}), unix.EINVAL)
	check.Errno(t, "negative nanoseconds", setTimes(mnt+"/f", unix.Timespec{Nsec: -1}, ok), unix.EINVAL)
	check.Errno(t, "times of nothing", setTimes(mnt+"/n", ok, ok), unix.ENOENT)
	check.Errno(t, "times below a file", setTimes(mnt+"/f/n", ok, ok), unix.ENOTDIR)
	check.OK(t, setTimes(mnt+"/f", unix.Timespec{Sec: -5, Nsec: unix.UTIME_NOW}, unix.Timespec{Sec: -5, Nsec: unix.UTIME_OMIT}))
	unseal := check.Seal(t, mnt+"/f", check.Immutable)
	check.Errno(t, "times of an immutable file", setTimes(mnt+"/f", ok, ok), unix.EPERM)
	unseal()
}

// timesOmitBoth changes nothing at all, not even ctime, and succeeds for all.
func timesOmitBoth(t *testing.T, mnt string) {
	check.Write(t, mnt+"/f", "")
	omit := unix.Timespec{Nsec: unix.UTIME_OMIT}
	before := check.Lstat(t, mnt+"/f")
	clockPasses(before.Ctim)
	check.OK(t, setTimes(mnt+"/f", omit, omit))
	check.AsUser(t, 1000, 1000, nil, func() { check.OK(t, setTimes(mnt+"/f", omit, omit)) })
	after := check.Lstat(t, mnt+"/f")
	check.True(t, after.Atim == before.Atim && after.Mtim == before.Mtim && after.Ctim == before.Ctim, "%v became %v", before, after)
}

func timesByDescriptor(t *testing.T, mnt string) {
	f := check.Open(t, mnt+"/f", os.O_CREATE|os.O_RDONLY, 0o644)
	check.OK(t, os.Remove(mnt+"/f"))
	want := unix.Timespec{Sec: 3, Nsec: 4}
	check.OK(t, futimens(f, want))
	check.Equal(t, "mtime", check.Fstat(t, f).Mtim, want)
}

// futimens sets both times of an open file: utimensat(2) without a path.
func futimens(f *os.File, ts unix.Timespec) error {
	both := [2]unix.Timespec{ts, ts}
	_, _, e := unix.Syscall6(unix.SYS_UTIMENSAT, f.Fd(), 0, uintptr(unsafe.Pointer(&both)), 0, 0, 0)
	if e != 0 {
		return e
	}
	return nil
}

func atimeMoved(t *testing.T, path string, read func()) bool {
	t.Helper()
	// An atime that isn't after mtime moves with relatime, too.
	check.OK(t, setTimes(path, unix.Timespec{Sec: 1000}, unix.Timespec{Sec: 2000}))
	read()
	return check.Lstat(t, path).Atim.Sec != 1000
}

func readMovesAtime(t *testing.T, mnt string) {
	check.Write(t, mnt+"/f", "text")
	moved := atimeMoved(t, mnt+"/f", func() { check.Content(t, mnt+"/f", "text") })
	check.True(t, moved, "read left atime as it was")
	moved = atimeMoved(t, mnt+"/f", func() { check.Open(t, mnt+"/f", os.O_RDONLY, 0) })
	check.True(t, !moved, "open changed atime")
	check.OK(t, os.Symlink("target", mnt+"/l"))
	check.OK(t, setTimes(mnt+"/f", unix.Timespec{Sec: 1000}, unix.Timespec{Sec: 2000}))
	check.Write(t, mnt+"/f", "more")
	check.Equal(t, "atime after a write", check.Lstat(t, mnt+"/f").Atim.Sec, 1000)
}

func readdirMovesAtime(t *testing.T, mnt string) {
	check.OK(t, os.Mkdir(mnt+"/d", 0o755))
	check.Write(t, mnt+"/d/f", "")
	moved := atimeMoved(t, mnt+"/d", func() {
		_, err := os.ReadDir(mnt + "/d")
		check.OK(t, err)
	})
	check.True(t, moved, "readdir left atime as it was")
	moved = atimeMoved(t, mnt+"/d", func() { check.Lstat(t, mnt+"/d/f") })
	check.True(t, !moved, "lookup changed atime")
}

func noatimeKeepsAtime(t *testing.T, mnt string) {
	check.Write(t, mnt+"/f", "text")
	moved := atimeMoved(t, mnt+"/f", func() {
		f := check.Open(t, mnt+"/f", os.O_RDONLY|unix.O_NOATIME, 0)
		_, err := f.Read(make([]byte, 4))
		check.OK(t, err)
	})
	check.True(t, !moved, "read with O_NOATIME changed atime")
}
