package cases

import (
	"bytes"
	"os"
	"sync"
	"testing"

	"github.com/seamfs/seamfs/tests/check"
	"golang.org/x/sys/unix"
)

var ioCases = []Case{
	{"ReadWriteOffsets", readWriteOffsets},
	{"LargeFile", largeFile},
	{"AppendFromTwo", appendFromTwo},
	{"ReadSeesWrite", readSeesWrite},
	{"ReadWriteErrors", readWriteErrors},
	{"VectorIO", vectorIO},
}

func readWriteOffsets(t *testing.T, mnt string) {
	f := check.Open(t, mnt+"/f", os.O_CREATE|os.O_RDWR, 0o644)
	_, err := f.WriteAt([]byte("world"), 6)
	check.OK(t, err)
	_, err = f.WriteAt([]byte("hello "), 0)
	check.OK(t, err)
	check.Content(t, mnt+"/f", "hello world")
	buf := make([]byte, 100)
	n, _ := f.ReadAt(buf, 6)
	check.Equal(t, "short read at the end", string(buf[:n]), "world")
	n, err = unix.Pread(int(f.Fd()), buf, 1000)
	check.OK(t, err)
	check.Equal(t, "bytes read past the end", n, 0)
}

func largeFile(t *testing.T, mnt string) {
	check.Random(t, mnt+"/f", 0, 5*mib+123, 1)
	want := check.Sum(t, mnt+"/f")
	check.Random(t, mnt+"/g", 0, 5*mib+123, 1)
	check.Equal(t, "sum of the same bytes in another file", check.Sum(t, mnt+"/g"), want)
	check.Equal(t, "size", check.Lstat(t, mnt+"/f").Size, 5*mib+123)
}

func appendFromTwo(t *testing.T, mnt string) {
	const each, size = 200, 64
	var wg sync.WaitGroup
	for _, c := range []byte("ab") {
		f := check.Open(t, mnt+"/f", os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
		wg.Go(func() {
			for range each {
				if _, err := f.Write(bytes.Repeat([]byte{c}, size)); err != nil {
					t.Errorf("append: %v", err)
				}
			}
		})
	}
	wg.Wait()
	data, err := os.ReadFile(mnt + "/f")
	check.OK(t, err)
	check.Equal(t, "size", len(data), 2*each*size)
	for i := 0; i < len(data); i += size {
		rec := data[i : i+size]
		check.True(t, bytes.Count(rec, rec[:1]) == size, "the record at %d is mixed: %q", i, rec)
	}
}

func readSeesWrite(t *testing.T, mnt string) {
	w := check.Open(t, mnt+"/f", os.O_CREATE|os.O_WRONLY, 0o644)
	r := check.Open(t, mnt+"/f", os.O_RDONLY, 0)
	buf := make([]byte, 1)
	for i := range 100 {
		_, err := w.WriteAt([]byte{byte(i)}, 0)
		check.OK(t, err)
		_, err = r.ReadAt(buf, 0)
		check.OK(t, err)
		check.Equal(t, "byte read after the write", buf[0], byte(i))
		_, err = w.WriteAt([]byte{byte(i)}, int64(i*5000))
		check.OK(t, err)
		check.Equal(t, "size by the other descriptor", check.Fstat(t, r).Size, int64(i*5000+1))
	}
}

func readWriteErrors(t *testing.T, mnt string) {
	check.Write(t, mnt+"/f", "x")
	r := check.Open(t, mnt+"/f", os.O_RDONLY, 0)
	_, err := unix.Write(int(r.Fd()), []byte("y"))
	check.Errno(t, "write to a descriptor for reading", err, unix.EBADF)
	w := check.Open(t, mnt+"/f", os.O_WRONLY, 0)
	_, err = unix.Read(int(w.Fd()), make([]byte, 1))
	check.Errno(t, "read from a descriptor for writing", err, unix.EBADF)
	d := check.Open(t, mnt, os.O_RDONLY, 0)
	_, err = unix.Read(int(d.Fd()), make([]byte, 1))
	check.Errno(t, "read of a directory", err, unix.EISDIR)
}

func vectorIO(t *testing.T, mnt string) {
	f := check.Open(t, mnt+"/f", os.O_CREATE|os.O_RDWR, 0o644)
	n, err := unix.Pwritev(int(f.Fd()), [][]byte{[]byte("one"), []byte("two"), []byte("three")}, 2)
	check.OK(t, err)
	check.Equal(t, "written", n, 11)
	a, b := make([]byte, 4), make([]byte, 4)
	n, err = unix.Preadv(int(f.Fd()), [][]byte{a, b}, 2)
	check.OK(t, err)
	check.Equal(t, "read", n, 8)
	check.Equal(t, "bytes", string(a)+string(b), "onetwoth")
}
