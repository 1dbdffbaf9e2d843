package cases

import (
	"bytes"
	"os"
	"testing"

	"github.com/seamfs/seamfs/tests/check"
	"golang.org/x/sys/unix"
)

var sparseCases = []Case{
	{"SeekHoleAndData", seekHoleAndData},
	{"FallocateModes", fallocateModes},
	{"PunchHole", punchHole},
	{"HugeSparse", hugeSparse},
}

const mib = 1 << 20

func seekHoleAndData(t *testing.T, mnt string) {
	f := check.Open(t, mnt+"/f", os.O_CREATE|os.O_RDWR, 0o644)
	check.OK(t, f.Truncate(8*mib))
	_, err := f.WriteAt(bytes.Repeat([]byte("d"), mib), 4*mib)
	check.OK(t, err)
	check.OK(t, f.Sync())
	seek := func(off int64, whence int, want int64) {
		t.Helper()
		got, err := unix.Seek(int(f.Fd()), off, whence)
		check.OK(t, err)
		check.Equal(t, "seek", got, want)
	}
	seek(0, unix.SEEK_DATA, 4*mib)
	seek(0, unix.SEEK_HOLE, 0)
	seek(4*mib, unix.SEEK_HOLE, 5*mib)
	seek(4*mib+100, unix.SEEK_DATA, 4*mib+100)
	seek(6*mib, unix.SEEK_HOLE, 6*mib)
	_, err = unix.Seek(int(f.Fd()), 6*mib, unix.SEEK_DATA)
	check.Errno(t, "SEEK_DATA behind the last data", err, unix.ENXIO)
	_, err = unix.Seek(int(f.Fd()), 8*mib, unix.SEEK_HOLE)
	check.Errno(t, "SEEK_HOLE at the end", err, unix.ENXIO)
	st := check.Lstat(t, mnt+"/f")
	check.True(t, st.Blocks*512 >= mib && st.Blocks*512 < 2*mib, "allocated %d bytes for 1 MiB", st.Blocks*512)
}

func fallocateModes(t *testing.T, mnt string) {
	f := check.Open(t, mnt+"/f", os.O_CREATE|os.O_RDWR, 0o644)
	fd := int(f.Fd())
	check.OK(t, unix.Fallocate(fd, 0, 0, mib))
	st := check.Fstat(t, f)
	check.Equal(t, "size", st.Size, mib)
	check.True(t, st.Blocks*512 >= mib, "allocated only %d bytes", st.Blocks*512)
	check.OK(t, unix.Fallocate(fd, unix.FALLOC_FL_KEEP_SIZE, mib, mib))
	check.Equal(t, "size after KEEP_SIZE", check.Fstat(t, f).Size, mib)
	check.Errno(t, "fallocate of nothing", unix.Fallocate(fd, 0, 0, 0), unix.EINVAL)
	check.Errno(t, "punch without KEEP_SIZE", unix.Fallocate(fd, unix.FALLOC_FL_PUNCH_HOLE, 0, 10), unix.EOPNOTSUPP)
	r := check.Open(t, mnt+"/f", os.O_RDONLY, 0)
	check.Errno(t, "fallocate of a descriptor for reading", unix.Fallocate(int(r.Fd()), 0, 0, 10), unix.EBADF)
}

func punchHole(t *testing.T, mnt string) {
	f := check.Open(t, mnt+"/f", os.O_CREATE|os.O_RDWR, 0o644)
	_, err := f.Write(bytes.Repeat([]byte("x"), 4*mib))
	check.OK(t, err)
	check.OK(t, f.Sync())
	before := check.Fstat(t, f).Blocks
	check.OK(t, unix.Fallocate(int(f.Fd()), unix.FALLOC_FL_PUNCH_HOLE|unix.FALLOC_FL_KEEP_SIZE, mib, 2*mib))
	check.OK(t, f.Sync())
	st := check.Fstat(t, f)
	check.Equal(t, "size", st.Size, 4*mib)
	check.True(t, st.Blocks < before, "blocks went from %d to %d", before, st.Blocks)
	buf := make([]byte, 4*mib)
	_, err = f.ReadAt(buf, 0)
	check.OK(t, err)
	check.True(t, bytes.Count(buf, []byte{0}) == 2*mib, "zero bytes: %d", bytes.Count(buf, []byte{0}))
	check.True(t, buf[mib-1] == 'x' && buf[mib] == 0 && buf[3*mib-1] == 0 && buf[3*mib] == 'x', "the hole is not where it should be")
}

func hugeSparse(t *testing.T, mnt string) {
	const size = 100 << 30
	f := check.Open(t, mnt+"/f", os.O_CREATE|os.O_RDWR, 0o644)
	check.OK(t, f.Truncate(size))
	_, err := f.WriteAt([]byte("end"), size-3)
	check.OK(t, err)
	buf := make([]byte, 6)
	_, err = f.ReadAt(buf, size-6)
	check.OK(t, err)
	check.Equal(t, "read near the end", string(buf), "\x00\x00\x00end")
	check.True(t, check.Lstat(t, mnt+"/f").Blocks*512 < mib, "sparse file occupies %d blocks", check.Lstat(t, mnt+"/f").Blocks)
}
