package cases

import (
	"bytes"
	"fmt"
	"os"
	"syscall"
	"testing"

	"github.com/seamfs/seamfs/tests/check"
	"golang.org/x/sys/unix"
)

var directCases = []Case{
	{"DirectIO", directIO},
	{"SyncOpens", syncOpens},
	{"CopyOverlap", copyOverlap},
	{"CopyEdges", copyEdges},
}

// aligned is memory at a page's start.
func aligned(t *testing.T, size int) []byte {
	t.Helper()
	m, err := unix.Mmap(-1, 0, size, rw, unix.MAP_ANON|unix.MAP_PRIVATE)
	check.OK(t, err)
	t.Cleanup(func() { unix.Munmap(m) })
	return m
}

// directIO: what is aligned works and is coherent with other descriptors; what
// isn't may be refused with EINVAL, but not done wrongly.
func directIO(t *testing.T, mnt string) {
	f := check.Open(t, mnt+"/f", os.O_CREATE|os.O_RDWR|unix.O_DIRECT, 0o644)
	g := check.Open(t, mnt+"/f", os.O_RDWR, 0)
	buf := aligned(t, 8192)
	copy(buf, bytes.Repeat([]byte("d"), 8192))
	n, err := unix.Pwrite(int(f.Fd()), buf, 4096)
	check.OK(t, err)
	check.Equal(t, "written", n, 8192)
	check.Equal(t, "size", check.Fstat(t, g).Size, 12288)
	_, err = g.WriteAt([]byte("buffered"), 4096)
	check.OK(t, err)
	n, err = unix.Pread(int(f.Fd()), buf, 4096)
	check.OK(t, err)
	check.True(t, n == 8192 && string(buf[:9]) == "bufferedd", "read %d bytes, %q", n, buf[:9])
	n, err = unix.Pread(int(f.Fd()), buf, 8192)
	check.True(t, err == nil && n == 4096, "read up to the end: %d, %v", n, err)
	n, err = unix.Pread(int(f.Fd()), buf, 12288)
	check.True(t, err == nil && n == 0, "read at the end: %d, %v", n, err)
	n, err = unix.Pwrite(int(f.Fd()), buf[1:101], 7)
	check.True(t, err == unix.EINVAL || err == nil && n == 100, "unaligned write: %d, %v", n, err)
	check.Equal(t, "size", check.Fstat(t, g).Size, 12288)
}

func syncOpens(t *testing.T, mnt string) {
	for _, flag := range []int{unix.O_SYNC, unix.O_DSYNC, unix.O_SYNC | unix.O_APPEND, unix.O_DSYNC | unix.O_DIRECT} {
		f := check.Open(t, mnt+"/f", os.O_CREATE|os.O_RDWR|os.O_TRUNC|flag, 0o644)
		buf := aligned(t, 4096)
		copy(buf, "text")
		n, err := unix.Write(int(f.Fd()), buf)
		check.True(t, err == nil && n == 4096, "write with flags %#x: %d, %v", flag, n, err)
		check.Equal(t, "flags", fcntl(t, int(f.Fd()), unix.F_GETFL)&flag, flag)
		check.Equal(t, "size", check.Lstat(t, mnt+"/f").Size, 4096)
	}
	// One write alone: RWF_DSYNC and RWF_APPEND.
	f := check.Open(t, mnt+"/f", os.O_RDWR, 0)
	n, err := unix.Pwritev2(int(f.Fd()), [][]byte{[]byte("end")}, 0, unix.RWF_APPEND|unix.RWF_DSYNC)
	check.True(t, err == nil && n == 3, "write with RWF_APPEND: %d, %v", n, err)
	check.Equal(t, "size", check.Lstat(t, mnt+"/f").Size, 4099)
}

// copyOverlap: ranges of one file that touch are copied, ones that overlap are
// refused.
func copyOverlap(t *testing.T, mnt string) {
	check.OK(t, os.WriteFile(mnt+"/f", bytes.Repeat([]byte("0123456789"), 1000), 0o644))
	check.OK(t, os.Link(mnt+"/f", mnt+"/g"))
	f, g := check.Open(t, mnt+"/f", os.O_RDWR, 0), check.Open(t, mnt+"/g", os.O_RDWR, 0)
	for _, c := range []struct {
		in, out int64
		size    int
		want    syscall.Errno
	}{
		{0, 0, 100, unix.EINVAL}, {0, 99, 100, unix.EINVAL}, {99, 0, 100, unix.EINVAL}, {0, 100, 100, 0}, {100, 0, 100, 0},
		{9_990, 9_995, 100, unix.EINVAL}, {9_990, 10_000, 100, 0}, {0, 0, 0, 0},
	} {
		in, out := c.in, c.out
		_, err := unix.CopyFileRange(int(f.Fd()), &in, int(g.Fd()), &out, c.size, 0)
		check.Errno(t, fmt.Sprintf("copy of %d bytes from %d to %d", c.size, c.in, c.out), err, c.want)
		if c.want != 0 {
			check.True(t, in == c.in && out == c.out, "the offsets moved to %d, %d", in, out)
		}
	}
}

func copyEdges(t *testing.T, mnt string) {
	check.Write(t, mnt+"/a", "0123456789")
	a := check.Open(t, mnt+"/a", os.O_RDONLY, 0)
	b := check.Open(t, mnt+"/b", os.O_CREATE|os.O_RDWR, 0o644)
	try := func(in, out int64, size int, flags int) (int, error) {
		return unix.CopyFileRange(int(a.Fd()), &in, int(b.Fd()), &out, size, flags)
	}
	n, err := try(10, 0, 5, 0)
	check.True(t, n == 0 && err == nil, "copy from the end: %d, %v", n, err)
	n, err = try(100, 0, 5, 0)
	check.True(t, n == 0 && err == nil, "copy from behind the end: %d, %v", n, err)
	_, err = try(0, 0, 5, 1)
	check.Errno(t, "copy with a flag", err, unix.EINVAL)
	_, err = try(-1, 0, 5, 0)
	check.Errno(t, "copy from a negative offset", err, unix.EOVERFLOW)
	_, err = try(0, 1<<63-1, 5, 0)
	check.Errno(t, "copy to the last offset", err, unix.EFBIG)
	d := check.Open(t, mnt, os.O_RDONLY, 0)
	_, err = unix.CopyFileRange(int(d.Fd()), nil, int(b.Fd()), nil, 5, 0)
	check.Errno(t, "copy of a directory", err, unix.EISDIR)
	check.OK(t, unix.Mkfifo(mnt+"/p", 0o600))
	p := check.Open(t, mnt+"/p", os.O_RDWR, 0)
	_, err = unix.CopyFileRange(int(p.Fd()), nil, int(b.Fd()), nil, 5, 0)
	check.Errno(t, "copy of a fifo", err, unix.EINVAL)
	check.Equal(t, "size", check.Fstat(t, b).Size, 0)
	n, err = try(3, 5, 1<<30, 0)
	check.True(t, n == 7 && err == nil, "copy of more than there is: %d, %v", n, err)
	check.Content(t, mnt+"/b", "\x00\x00\x00\x00\x003456789")
}
