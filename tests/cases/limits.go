package cases

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/seamfs/seamfs/tests/check"
	"golang.org/x/sys/unix"
)

var limitCases = []Case{
	{"FileTooLarge", fileTooLarge},
	{"FileSizeLimit", fileSizeLimit},
	{"ThousandLinks", thousandLinks},
	{"SeekBounds", seekBounds},
	{"ReadWriteBounds", readWriteBounds},
}

// fileTooLarge: offsets beyond what a file may have are EFBIG or EINVAL.
// ext4's limit is 16 TiB, others reach to the end of off_t.
func fileTooLarge(t *testing.T, mnt string) {
	const last = 1<<63 - 1
	f := check.Open(t, mnt+"/f", os.O_CREATE|os.O_RDWR, 0o644)
	fd := int(f.Fd())
	_, err := unix.Pwrite(fd, []byte("x"), last)
	check.Errno(t, "write that ends behind the last offset", err, unix.EINVAL)
	_, err = unix.Pwrite(fd, []byte("x"), -1)
	check.Errno(t, "write at a negative offset", err, unix.EINVAL)
	check.Errno(t, "fallocate beyond the last offset", unix.Fallocate(fd, 0, last, 1), unix.EFBIG)
	check.Errno(t, "fallocate at a negative offset", unix.Fallocate(fd, 0, -1, 1), unix.EINVAL)
	check.Errno(t, "fallocate of a negative length", unix.Fallocate(fd, 0, 0, -1), unix.EINVAL)
	check.Errno(t, "truncate to a negative size", unix.Ftruncate(fd, -1), unix.EINVAL)
	check.Equal(t, "size", check.Fstat(t, f).Size, 0)
}

// fileSizeLimit has the shell, whose limit is 8 blocks of 1024 bytes, write
// more, truncate and allocate.
func fileSizeLimit(t *testing.T, mnt string) {
	check.OK(t, os.WriteFile(mnt+"/old", make([]byte, 20_000), 0o644))
	limited := func(command string) string {
		out, err := exec.Command("bash", "-c", "trap '' XFSZ; ulimit -f 8; cd "+mnt+"; "+command).CombinedOutput()
		if err == nil {
			t.Fatalf("%s: no error, though beyond the limit: %s", command, out)
		}
		return string(out)
	}
	for name, command := range map[string]string{
		"write":    "head -c 10000 /dev/zero > written",
		"truncate": "truncate -s 10000 truncated",
		"allocate": "fallocate -l 10000 allocated",
		"append":   "echo x >> old",
	} {
		out := limited(command)
		check.True(t, strings.Contains(out, "File too large"), "%s: %s", name, out)
	}
	check.Equal(t, "bytes written up to the limit", check.Lstat(t, mnt+"/written").Size, 8192)
	check.Equal(t, "size that truncate left", check.Lstat(t, mnt+"/truncated").Size, 0)
	check.Equal(t, "size that fallocate left", check.Lstat(t, mnt+"/allocated").Size, 0)
	check.Equal(t, "size that append left", check.Lstat(t, mnt+"/old").Size, 20_000)
	// Without the trap the signal ends the writer.
	err := exec.Command("bash", "-c", "ulimit -c 0 -f 8; exec head -c 10000 /dev/zero > "+mnt+"/killed").Run()
	check.True(t, err != nil && strings.Contains(err.Error(), "file size limit exceeded"), "head ended with %v", err)
}

func thousandLinks(t *testing.T, mnt string) {
	const n = 1000
	check.OK(t, os.Mkdir(mnt+"/d", 0o755))
	check.Write(t, mnt+"/f", "text")
	for i := range n {
		check.OK(t, os.Link(mnt+"/f", fmt.Sprintf("%s/d/%d", mnt, i)))
	}
	check.Equal(t, "nlink", check.Lstat(t, mnt+"/f").Nlink, n+1)
	check.OK(t, os.Remove(mnt+"/f"))
	check.OK(t, os.Rename(mnt+"/d", mnt+"/e"))
	check.Equal(t, "nlink", check.Lstat(t, mnt+"/e/7").Nlink, n)
	check.OK(t, os.WriteFile(mnt+"/e/7", []byte("other"), 0o644))
	check.Content(t, fmt.Sprintf("%s/e/%d", mnt, n-1), "other")
	for i := range n - 1 {
		check.OK(t, os.Remove(fmt.Sprintf("%s/e/%d", mnt, i)))
	}
	check.Equal(t, "nlink of the last", check.Lstat(t, fmt.Sprintf("%s/e/%d", mnt, n-1)).Nlink, 1)
}

// seekBounds: SEEK_DATA and SEEK_HOLE at each boundary of data, hole, data,
// hole of 64 KiB each.
func seekBounds(t *testing.T, mnt string) {
	const k = 64 << 10
	f := check.Open(t, mnt+"/f", os.O_CREATE|os.O_RDWR, 0o644)
	for _, off := range []int64{0, 2 * k} {
		_, err := f.WriteAt([]byte(strings.Repeat("d", k)), off)
		check.OK(t, err)
	}
	check.OK(t, f.Truncate(4*k))
	check.OK(t, f.Sync())
	const enxio = -1
	for _, c := range []struct{ off, data, hole int64 }{
		{0, 0, k}, {1, 1, k}, {k - 1, k - 1, k}, {k, 2 * k, k}, {k + 1, 2 * k, k + 1}, {2*k - 1, 2 * k, 2*k - 1}, {2 * k, 2 * k, 3 * k},
		{3*k - 1, 3*k - 1, 3 * k}, {3 * k, enxio, 3 * k}, {4*k - 1, enxio, 4*k - 1}, {4 * k, enxio, enxio}, {5 * k, enxio, enxio}, {-1, enxio, enxio},
	} {
		for whence, want := range map[int]int64{unix.SEEK_DATA: c.data, unix.SEEK_HOLE: c.hole} {
			got, err := unix.Seek(int(f.Fd()), c.off, whence)
			what := fmt.Sprintf("seek %d whence %d", c.off, whence)
			if want == enxio {
				check.Errno(t, what, err, unix.ENXIO)
				continue
			}
			check.OK(t, err)
			check.Equal(t, what, got, want)
		}
	}
	_, err := unix.Seek(int(f.Fd()), 0, 9)
	check.Errno(t, "seek from nowhere", err, unix.EINVAL)
	_, err = unix.Seek(int(f.Fd()), -1, unix.SEEK_SET)
	check.Errno(t, "seek to a negative offset", err, unix.EINVAL)
}

func readWriteBounds(t *testing.T, mnt string) {
	f := check.Open(t, mnt+"/f", os.O_CREATE|os.O_RDWR, 0o644)
	fd := int(f.Fd())
	n, err := unix.Pread(fd, make([]byte, 1), 1<<62)
	check.True(t, n == 0 && err == nil, "read far behind the end: %d, %v", n, err)
	_, err = unix.Pread(fd, make([]byte, 1), -1)
	check.Errno(t, "read at a negative offset", err, unix.EINVAL)
	n, err = unix.Write(fd, nil)
	check.True(t, n == 0 && err == nil, "write of nothing: %d, %v", n, err)
	check.Equal(t, "size", check.Fstat(t, f).Size, 0)
	for _, off := range []int64{1, 4095, 4096, 4097, 1<<20 - 1, 1 << 20, 1<<31 - 1, 1 << 31, 1<<32 + 1} {
		_, err = f.WriteAt([]byte("ab"), off)
		check.OK(t, err)
		buf := make([]byte, 4)
		_, err = f.ReadAt(buf[:3], off-1)
		check.OK(t, err)
		check.Equal(t, fmt.Sprintf("bytes at %d", off-1), string(buf[:3]), "\x00ab")
		check.OK(t, f.Truncate(off+1))
		n, err = unix.Pread(fd, buf, off)
		check.True(t, n == 1 && err == nil && buf[0] == 'a', "read at the cut end: %d, %v, %q", n, err, buf)
		check.OK(t, f.Truncate(off))
		check.OK(t, f.Truncate(off+2))
		_, err = f.ReadAt(buf[:2], off)
		check.OK(t, err)
		check.Equal(t, "bytes after shrinking and growing", string(buf[:2]), "\x00\x00")
		check.OK(t, f.Truncate(0))
	}
}
