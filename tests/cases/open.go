package cases

import (
	"fmt"
	"os"
	"testing"

	"github.com/seamfs/seamfs/tests/check"
	"golang.org/x/sys/unix"
)

var openCases = []Case{
	{"OpenFlagsOnKinds", openFlagsOnKinds},
	{"OpenPath", openPath},
	{"OpenByProc", openByProc},
	{"CreateThroughLinks", createThroughLinks},
	{"StatxFields", statxFields},
	{"FdFlags", fdFlags},
}

// openFlagsOnKinds: what open(2) gives for each kind of object and flags.
func openFlagsOnKinds(t *testing.T, mnt string) {
	check.Make(t, check.File, mnt+"/file", "text")
	check.Make(t, check.Dir, mnt+"/dir", "")
	check.OK(t, os.Symlink("file", mnt+"/to-file"))
	check.OK(t, os.Symlink("dir", mnt+"/to-dir"))
	check.OK(t, os.Symlink("none", mnt+"/dangling"))
	const creat, excl, dir, nofollow = unix.O_CREAT, unix.O_EXCL, unix.O_DIRECTORY, unix.O_NOFOLLOW
	for _, c := range []struct {
		name  string
		flags int
		want  error
	}{
		{"dir", unix.O_RDWR, unix.EISDIR}, {"dir", unix.O_WRONLY, unix.EISDIR}, {"dir", creat, unix.EISDIR},
		{"dir", unix.O_TRUNC, unix.EISDIR}, {"dir", dir | unix.O_RDWR, unix.EISDIR}, {"dir", dir | creat, unix.EINVAL},
		{"dir", dir | nofollow, nil}, {"file", dir, unix.ENOTDIR}, {"file", dir | unix.O_RDWR, unix.ENOTDIR},
		{"file", nofollow, nil}, {"file", unix.O_APPEND | unix.O_TRUNC | unix.O_WRONLY, nil}, {"file", creat | excl, unix.EEXIST},
		{"to-file", nofollow, unix.ELOOP}, {"to-file", nofollow | creat, unix.ELOOP}, {"to-file", creat | excl, unix.EEXIST},
		{"to-file", dir, unix.ENOTDIR}, {"to-dir", dir, nil}, {"to-dir", dir | nofollow, unix.ENOTDIR}, {"to-dir", unix.O_RDWR, unix.EISDIR},
		{"to-dir/", dir | nofollow, nil}, {"dangling", creat | excl, unix.EEXIST}, {"dangling", nofollow, unix.ELOOP},
		{"dangling", unix.O_RDONLY, unix.ENOENT}, {"dangling", dir, unix.ENOENT}, {"none", dir, unix.ENOENT},
		{"none", nofollow, unix.ENOENT}, {"none", unix.O_PATH, unix.ENOENT}, {"none", excl, unix.ENOENT},
		{"to-file", unix.O_PATH | nofollow, nil}, {"to-file", unix.O_PATH | dir, unix.ENOTDIR},
	} {
		fd, err := unix.Open(mnt+"/"+c.name, c.flags|unix.O_CLOEXEC, 0o644)
		if err == nil {
			check.OK(t, unix.Close(fd))
		}
		check.Errno(t, fmt.Sprintf("open %s %#o", c.name, c.flags), err, check.ErrnoOf(c.want))
	}
	check.Absent(t, mnt+"/none")
	check.Content(t, mnt+"/file", "")
}

func openPath(t *testing.T, mnt string) {
	check.Write(t, mnt+"/f", "text")
	check.OK(t, os.Symlink("f", mnt+"/l"))
	check.OK(t, os.Mkdir(mnt+"/d", 0o755))
	fd, err := unix.Open(mnt+"/f", unix.O_PATH, 0)
	check.OK(t, err)
	defer unix.Close(fd)
	_, err = unix.Read(fd, make([]byte, 1))
	check.Errno(t, "read of an O_PATH descriptor", err, unix.EBADF)
	check.Errno(t, "fchmod", unix.Fchmod(fd, 0o600), unix.EBADF)
	check.Errno(t, "ftruncate", unix.Ftruncate(fd, 0), unix.EBADF)
	check.Errno(t, "fsync", unix.Fsync(fd), unix.EBADF)
	_, err = unix.Fgetxattr(fd, "user.x", nil)
	check.Errno(t, "fgetxattr", err, unix.EBADF)
	check.Equal(t, "flags", fcntl(t, fd, unix.F_GETFL)&unix.O_PATH, unix.O_PATH)
	check.OK(t, os.Rename(mnt+"/f", mnt+"/d/g"))
	check.OK(t, os.Remove(mnt+"/d/g"))
	var st unix.Stat_t
	check.OK(t, unix.Fstat(fd, &st))
	check.True(t, st.Nlink == 0 && st.Size == 4, "nlink %d, size %d", st.Nlink, st.Size)
	l, err := unix.Open(mnt+"/l", unix.O_PATH|unix.O_NOFOLLOW, 0)
	check.OK(t, err)
	defer unix.Close(l)
	buf := make([]byte, 10)
	n, err := unix.Readlinkat(l, "", buf)
	check.OK(t, err)
	check.Equal(t, "target by descriptor", string(buf[:n]), "f")
}

func fcntl(t *testing.T, fd, cmd int) int {
	t.Helper()
	n, err := unix.FcntlInt(uintptr(fd), cmd, 0)
	check.OK(t, err)
	return n
}

// openByProc opens an open file once more, also when it has no name any more.
func openByProc(t *testing.T, mnt string) {
	f := check.Open(t, mnt+"/f", os.O_CREATE|os.O_RDWR, 0o644)
	_, err := f.WriteString("text")
	check.OK(t, err)
	proc := fmt.Sprintf("/proc/self/fd/%d", f.Fd())
	check.OK(t, os.Remove(mnt+"/f"))
	again := check.Open(t, proc, os.O_RDWR|os.O_APPEND, 0)
	_, err = again.WriteString(" more")
	check.OK(t, err)
	check.Content(t, proc, "text more")
	check.OK(t, os.Truncate(proc, 2))
	check.Equal(t, "size", check.Fstat(t, f).Size, 2)
	check.OK(t, os.Chmod(proc, 0o600))
	check.Equal(t, "mode", check.Fstat(t, f).Mode&0o7777, 0o600)
}

func createThroughLinks(t *testing.T, mnt string) {
	check.OK(t, os.Mkdir(mnt+"/d", 0o755))
	check.OK(t, os.Symlink("../l2", mnt+"/d/l1"))
	check.OK(t, os.Symlink("d/made", mnt+"/l2"))
	check.Write(t, mnt+"/d/l1", "x")
	check.Content(t, mnt+"/d/made", "x")
	check.OK(t, os.Symlink("none/made", mnt+"/l3"))
	_, err := unix.Open(mnt+"/l3", unix.O_CREAT|unix.O_WRONLY, 0o644)
	check.Errno(t, "create through a link into nothing", err, unix.ENOENT)
	check.OK(t, os.Symlink("made/", mnt+"/l4"))
	_, err = unix.Open(mnt+"/l4", unix.O_CREAT|unix.O_WRONLY, 0o644)
	check.Errno(t, "create through a link with a slash", err, unix.EISDIR)
	check.Errno(t, "mkdir over a dangling link", unix.Mkdir(mnt+"/l4", 0o755), unix.EEXIST)
}

func statxFields(t *testing.T, mnt string) {
	before := unix.Timespec{}
	check.OK(t, unix.ClockGettime(unix.CLOCK_REALTIME_COARSE, &before))
	check.Write(t, mnt+"/f", "text")
	want := uint32(unix.STATX_BASIC_STATS | unix.STATX_BTIME)
	var sx unix.Statx_t
	check.OK(t, unix.Statx(unix.AT_FDCWD, mnt+"/f", 0, int(want), &sx))
	check.Equal(t, "mask", sx.Mask&want, want)
	birth := sx.Btime
	check.True(t, birth.Sec >= before.Sec-1 && birth.Sec <= sx.Ctime.Sec, "btime %v, ctime %v, before %v", birth, sx.Ctime, before)
	past := []unix.Timespec{{Sec: 1000}, {Sec: 1000}}
	check.OK(t, unix.UtimesNanoAt(unix.AT_FDCWD, mnt+"/f", past, 0))
	check.OK(t, os.Rename(mnt+"/f", mnt+"/g"))
	check.Write(t, mnt+"/g", "longer text")
	check.OK(t, unix.Statx(unix.AT_FDCWD, mnt+"/g", unix.AT_STATX_FORCE_SYNC, int(want), &sx))
	check.Equal(t, "btime afterwards", sx.Btime, birth)
	check.Errno(t, "statx with a reserved flag", unix.Statx(unix.AT_FDCWD, mnt+"/g", 0, 1<<31, &sx), unix.EINVAL)
	check.Errno(t, "statx of nothing", unix.Statx(unix.AT_FDCWD, mnt+"/n", 0, int(want), &sx), unix.ENOENT)
}

// fdFlags: F_SETFL changes O_APPEND of an open file, and only of it.
func fdFlags(t *testing.T, mnt string) {
	check.Write(t, mnt+"/f", "0123")
	f := check.Open(t, mnt+"/f", os.O_RDWR, 0)
	g := check.Open(t, mnt+"/f", os.O_RDWR, 0)
	fd := int(f.Fd())
	_, err := unix.FcntlInt(f.Fd(), unix.F_SETFL, unix.O_APPEND)
	check.OK(t, err)
	check.Equal(t, "flags", fcntl(t, fd, unix.F_GETFL)&(unix.O_APPEND|unix.O_ACCMODE), unix.O_APPEND|unix.O_RDWR)
	_, err = unix.Write(fd, []byte("end"))
	check.OK(t, err)
	_, err = unix.Write(int(g.Fd()), []byte("G"))
	check.OK(t, err)
	check.Content(t, mnt+"/f", "G123end")
	_, err = unix.FcntlInt(f.Fd(), unix.F_SETFL, 0)
	check.OK(t, err)
	_, err = unix.Pwrite(fd, []byte("P"), 1)
	check.OK(t, err)
	check.Content(t, mnt+"/f", "GP23end")
}
