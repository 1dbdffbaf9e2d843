package cases

import (
	"bytes"
	"os"
	"testing"

	"github.com/seamfs/seamfs/tests/check"
	"golang.org/x/sys/unix"
)

var allocateCases = []Case{
	{"PunchEdges", punchEdges},
	{"ZeroRange", zeroRange},
	{"AllocateKinds", allocateKinds},
	{"AllocateKeepsData", allocateKeepsData},
	{"PunchBehindEnd", punchBehindEnd},
}

const punch, keep = unix.FALLOC_FL_PUNCH_HOLE | unix.FALLOC_FL_KEEP_SIZE, unix.FALLOC_FL_KEEP_SIZE

// punchEdges: what is punched is zero to the byte, and nothing else.
func punchEdges(t *testing.T, mnt string) {
	const size = 5 * 4096
	for _, r := range [][2]int64{{0, 1}, {0, 4096}, {1, 4094}, {4095, 2}, {4096, 8192}, {4000, 9000}, {size - 1, 1}, {size - 10, 100}, {0, size}} {
		want := bytes.Repeat([]byte("x"), size)
		check.OK(t, os.WriteFile(mnt+"/f", want, 0o644))
		f := check.Open(t, mnt+"/f", os.O_RDWR, 0)
		check.OK(t, unix.Fallocate(int(f.Fd()), punch, r[0], r[1]))
		clear(want[r[0]:min(r[0]+r[1], size)])
		got, err := os.ReadFile(mnt + "/f")
		check.OK(t, err)
		check.True(t, bytes.Equal(got, want), "punch of %d bytes at %d left the wrong bytes", r[1], r[0])
		check.OK(t, f.Close())
	}
}

func zeroRange(t *testing.T, mnt string) {
	f := check.Open(t, mnt+"/f", os.O_CREATE|os.O_RDWR, 0o644)
	_, err := f.Write(bytes.Repeat([]byte("x"), 10_000))
	check.OK(t, err)
	err = unix.Fallocate(int(f.Fd()), unix.FALLOC_FL_ZERO_RANGE, 1000, 2000)
	if check.ErrnoOf(err) == unix.EOPNOTSUPP {
		check.Equal(t, "size after a refusal", check.Fstat(t, f).Size, 10_000)
		return // tmpfs hasn't it
	}
	check.OK(t, err)
	data, err := os.ReadFile(mnt + "/f")
	check.OK(t, err)
	check.True(t, data[999] == 'x' && data[1000] == 0 && data[2999] == 0 && data[3000] == 'x', "the zeros are not where they should be")
	check.OK(t, unix.Fallocate(int(f.Fd()), unix.FALLOC_FL_ZERO_RANGE|keep, 9000, 4000))
	check.Equal(t, "size with KEEP_SIZE", check.Fstat(t, f).Size, 10_000)
	check.OK(t, unix.Fallocate(int(f.Fd()), unix.FALLOC_FL_ZERO_RANGE, 9000, 4000))
	check.Equal(t, "size without", check.Fstat(t, f).Size, 13_000)
}

func allocateKinds(t *testing.T, mnt string) {
	d := check.Open(t, mnt, os.O_RDONLY, 0)
	check.Errno(t, "fallocate of a directory", unix.Fallocate(int(d.Fd()), 0, 0, 1), unix.EBADF)
	check.OK(t, unix.Mkfifo(mnt+"/p", 0o600))
	p := check.Open(t, mnt+"/p", os.O_RDWR, 0)
	check.Errno(t, "fallocate of a fifo", unix.Fallocate(int(p.Fd()), 0, 0, 1), unix.ESPIPE)
	f := check.Open(t, mnt+"/f", os.O_CREATE|os.O_RDWR, 0o644)
	fd := int(f.Fd())
	check.Errno(t, "an unknown mode", unix.Fallocate(fd, 1<<20, 0, 1), unix.EOPNOTSUPP)
	check.Errno(t, "punch and zero", unix.Fallocate(fd, punch|unix.FALLOC_FL_ZERO_RANGE, 0, 1), unix.EOPNOTSUPP)
	check.Errno(t, "punch of nothing", unix.Fallocate(fd, punch, 0, 0), unix.EINVAL)
	a := check.Open(t, mnt+"/f", os.O_WRONLY|os.O_APPEND, 0)
	check.OK(t, unix.Fallocate(int(a.Fd()), 0, 0, 100))
	check.Equal(t, "size", check.Fstat(t, f).Size, 100)
}

func allocateKeepsData(t *testing.T, mnt string) {
	f := check.Open(t, mnt+"/f", os.O_CREATE|os.O_RDWR, 0o644)
	_, err := f.WriteAt([]byte("text"), 10_000)
	check.OK(t, err)
	check.OK(t, unix.Fallocate(int(f.Fd()), 0, 0, 20_000))
	buf := make([]byte, 6)
	_, err = f.ReadAt(buf, 9999)
	check.OK(t, err)
	check.Equal(t, "bytes", string(buf), "\x00text\x00")
	check.Equal(t, "size", check.Fstat(t, f).Size, 20_000)
	check.OK(t, unix.Fallocate(int(f.Fd()), 0, 0, 10)) // makes no file smaller
	check.Equal(t, "size", check.Fstat(t, f).Size, 20_000)
	check.OK(t, unix.Fallocate(int(f.Fd()), keep, 30_000, 10_000))
	check.Equal(t, "size with KEEP_SIZE", check.Fstat(t, f).Size, 20_000)
}

func punchBehindEnd(t *testing.T, mnt string) {
	check.Write(t, mnt+"/f", "text")
	f := check.Open(t, mnt+"/f", os.O_RDWR, 0)
	check.OK(t, unix.Fallocate(int(f.Fd()), punch, 100, 100))
	check.OK(t, unix.Fallocate(int(f.Fd()), punch, 2, 1<<20))
	check.Content(t, mnt+"/f", "te\x00\x00")
}
