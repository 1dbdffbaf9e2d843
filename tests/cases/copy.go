package cases

import (
	"bytes"
	"os"
	"testing"

	"github.com/seamfs/seamfs/tests/check"
	"golang.org/x/sys/unix"
)

var copyCases = []Case{
	{"CopyFileRange", copyFileRange},
	{"CopyFileRangeErrors", copyFileRangeErrors},
	{"CopyFileRangeOffsets", copyFileRangeOffsets},
}

func copyAll(t *testing.T, from, to *os.File, size int) {
	t.Helper()
	for done := 0; done < size; {
		n, err := unix.CopyFileRange(int(from.Fd()), nil, int(to.Fd()), nil, size-done, 0)
		check.OK(t, err)
		check.True(t, n > 0, "copy_file_range ended at %d of %d", done, size)
		done += n
	}
}

func copyFileRange(t *testing.T, mnt string) {
	data := bytes.Repeat([]byte("0123456789abcdef"), 200_000)
	check.OK(t, os.WriteFile(mnt+"/a", data, 0o644))
	a := check.Open(t, mnt+"/a", os.O_RDONLY, 0)
	b := check.Open(t, mnt+"/b", os.O_CREATE|os.O_WRONLY, 0o644)
	copyAll(t, a, b, len(data))
	n, err := unix.CopyFileRange(int(a.Fd()), nil, int(b.Fd()), nil, 4096, 0)
	check.OK(t, err)
	check.Equal(t, "copied at the end of the source", n, 0)
	check.Equal(t, "sum", check.Sum(t, mnt+"/b"), check.Sum(t, mnt+"/a"))
}

func copyFileRangeErrors(t *testing.T, mnt string) {
	check.OK(t, os.WriteFile(mnt+"/a", make([]byte, 10_000), 0o644))
	f := check.Open(t, mnt+"/a", os.O_RDWR, 0)
	in, out := int64(0), int64(100)
	_, err := unix.CopyFileRange(int(f.Fd()), &in, int(f.Fd()), &out, 4096, 0)
	check.Errno(t, "copy of overlapping ranges", err, unix.EINVAL)
	app := check.Open(t, mnt+"/b", os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	_, err = unix.CopyFileRange(int(f.Fd()), nil, int(app.Fd()), nil, 4096, 0)
	check.Errno(t, "copy to an O_APPEND descriptor", err, unix.EBADF)
	r := check.Open(t, mnt+"/b", os.O_RDONLY, 0)
	_, err = unix.CopyFileRange(int(f.Fd()), nil, int(r.Fd()), nil, 4096, 0)
	check.Errno(t, "copy to a descriptor for reading", err, unix.EBADF)
}

func copyFileRangeOffsets(t *testing.T, mnt string) {
	check.Write(t, mnt+"/a", "0123456789")
	check.Write(t, mnt+"/b", "..........")
	a := check.Open(t, mnt+"/a", os.O_RDONLY, 0)
	b := check.Open(t, mnt+"/b", os.O_RDWR, 0)
	in, out := int64(2), int64(5)
	n, err := unix.CopyFileRange(int(a.Fd()), &in, int(b.Fd()), &out, 3, 0)
	check.OK(t, err)
	check.Equal(t, "copied", n, 3)
	check.True(t, in == 5 && out == 8, "offsets afterwards: %d, %d", in, out)
	check.Content(t, mnt+"/b", ".....234..")
	in, out = 5, 20
	_, err = unix.CopyFileRange(int(a.Fd()), &in, int(b.Fd()), &out, 100, 0)
	check.OK(t, err)
	check.Content(t, mnt+"/b", ".....234..\x00\x00\x00\x00\x00\x00\x00\x00\x00\x0056789")
}
