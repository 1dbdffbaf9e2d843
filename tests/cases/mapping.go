package cases

import (
	"bytes"
	"fmt"
	"os"
	"runtime/debug"
	"testing"

	"github.com/seamfs/seamfs/tests/check"
	"golang.org/x/sys/unix"
)

var mappingCases = []Case{
	{"MmapBehindEnd", mmapBehindEnd},
	{"MmapTruncated", mmapTruncated},
	{"MmapErrors", mmapErrors},
	{"MmapProtect", mmapProtect},
	{"MmapTwoMappings", mmapTwoMappings},
	{"MmapOverRename", mmapOverRename},
	{"MmapAppendGrows", mmapAppendGrows},
}

// faults tells whether fn touches memory that isn't there.
func faults(fn func()) (fault bool) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() { fault = recover() != nil }()
	fn()
	return
}

func mapFile(t *testing.T, f *os.File, size, prot, flags int) []byte {
	t.Helper()
	m, err := unix.Mmap(int(f.Fd()), 0, size, prot, flags)
	check.OK(t, err)
	t.Cleanup(func() { unix.Munmap(m) })
	return m
}

const rw = unix.PROT_READ | unix.PROT_WRITE

// mmapBehindEnd: up to the end of the last page there are zeros that aren't
// written, behind it is SIGBUS.
func mmapBehindEnd(t *testing.T, mnt string) {
	check.Write(t, mnt+"/f", "text")
	f := check.Open(t, mnt+"/f", os.O_RDWR, 0)
	for _, kind := range []int{unix.MAP_SHARED, unix.MAP_PRIVATE} {
		m := mapFile(t, f, 3*4096, rw, kind)
		check.Equal(t, "bytes mapped", string(m[:4]), "text")
		m[4], m[4095] = 'x', 'x'
		check.True(t, faults(func() { m[4096] = 'x' }), "no fault in the page behind the end")
		check.True(t, faults(func() { m[3*4096-1] = 'x' }), "no fault in the last page")
		check.OK(t, unix.Msync(m, unix.MS_SYNC))
		check.Content(t, mnt+"/f", "text")
	}
	check.OK(t, f.Truncate(6))
	m := mapFile(t, f, 4096, unix.PROT_READ, unix.MAP_SHARED)
	check.Equal(t, "bytes after growing", string(m[:6]), "text\x00\x00")
}

func mmapTruncated(t *testing.T, mnt string) {
	check.OK(t, os.WriteFile(mnt+"/f", bytes.Repeat([]byte("x"), 3*4096), 0o644))
	f := check.Open(t, mnt+"/f", os.O_RDWR, 0)
	m := mapFile(t, f, 3*4096, rw, unix.MAP_SHARED)
	m[2*4096] = 'y'
	check.OK(t, f.Truncate(5000))
	check.True(t, faults(func() { m[2*4096] = 'z' }), "no fault in a page that was cut off")
	check.Equal(t, "byte behind the new end", m[5000], 0)
	check.OK(t, f.Truncate(3*4096))
	check.Equal(t, "byte after growing", m[2*4096], 0)
	m[2*4096] = 'z'
	check.OK(t, unix.Msync(m, unix.MS_SYNC))
	buf := make([]byte, 1)
	_, err := f.ReadAt(buf, 2*4096)
	check.OK(t, err)
	check.Equal(t, "byte by read", buf[0], 'z')
}

func mmapErrors(t *testing.T, mnt string) {
	check.OK(t, os.WriteFile(mnt+"/f", make([]byte, 4096), 0o644))
	r, w := check.Open(t, mnt+"/f", os.O_RDONLY, 0), check.Open(t, mnt+"/f", os.O_WRONLY, 0)
	try := func(f *os.File, off int64, prot, flags int) error {
		m, err := unix.Mmap(int(f.Fd()), off, 4096, prot, flags)
		if err == nil {
			check.OK(t, unix.Munmap(m))
		}
		return err
	}
	check.Errno(t, "shared writable of a file for reading", try(r, 0, rw, unix.MAP_SHARED), unix.EACCES)
	check.Errno(t, "private writable of a file for reading", try(r, 0, rw, unix.MAP_PRIVATE), 0)
	check.Errno(t, "of a file for writing", try(w, 0, unix.PROT_WRITE, unix.MAP_SHARED), unix.EACCES)
	check.Errno(t, "neither shared nor private", try(r, 0, unix.PROT_READ, 0), unix.EINVAL)
	check.Errno(t, "at half a page", try(r, 100, unix.PROT_READ, unix.MAP_SHARED), unix.EINVAL)
	d := check.Open(t, mnt, os.O_RDONLY, 0)
	check.Errno(t, "of a directory", try(d, 0, unix.PROT_READ, unix.MAP_SHARED), unix.ENODEV)
}

func mmapProtect(t *testing.T, mnt string) {
	check.OK(t, os.WriteFile(mnt+"/f", make([]byte, 4096), 0o644))
	m := mapFile(t, check.Open(t, mnt+"/f", os.O_RDWR, 0), 4096, unix.PROT_READ, unix.MAP_SHARED)
	check.OK(t, unix.Mprotect(m, rw))
	m[0] = 'x'
	check.OK(t, unix.Mprotect(m, unix.PROT_READ))
	check.True(t, faults(func() { m[0] = 'y' }), "no fault where writing is forbidden")
	check.Equal(t, "byte", m[0], 'x')
	r := mapFile(t, check.Open(t, mnt+"/f", os.O_RDONLY, 0), 4096, unix.PROT_READ, unix.MAP_SHARED)
	check.Errno(t, "mprotect of a mapping for reading", unix.Mprotect(r, rw), unix.EACCES)
	check.Equal(t, "byte in the other mapping", r[0], 'x')
}

func mmapTwoMappings(t *testing.T, mnt string) {
	check.OK(t, os.WriteFile(mnt+"/f", make([]byte, 8192), 0o644))
	check.OK(t, os.Link(mnt+"/f", mnt+"/g"))
	a := mapFile(t, check.Open(t, mnt+"/f", os.O_RDWR, 0), 8192, rw, unix.MAP_SHARED)
	b := mapFile(t, check.Open(t, mnt+"/g", os.O_RDWR, 0), 8192, rw, unix.MAP_SHARED)
	for i := range 100 {
		a[i*80] = byte(i)
		check.Equal(t, "byte in the second mapping", b[i*80], byte(i))
		b[i*80] = byte(i + 1)
		check.Equal(t, "byte in the first mapping", a[i*80], byte(i+1))
	}
}

func mmapOverRename(t *testing.T, mnt string) {
	check.OK(t, os.WriteFile(mnt+"/f", make([]byte, 8192), 0o644))
	m := mapFile(t, check.Open(t, mnt+"/f", os.O_RDWR, 0), 8192, rw, unix.MAP_SHARED)
	for i := range 20 {
		from, to := fmt.Sprintf("%s/f%d", mnt, i), fmt.Sprintf("%s/f%d", mnt, i+1)
		if i == 0 {
			from = mnt + "/f"
		}
		m[i] = byte(i + 1)
		check.OK(t, os.Rename(from, to))
		data, err := os.ReadFile(to)
		check.OK(t, err)
		check.True(t, data[i] == byte(i+1) && len(data) == 8192, "byte %d is %d after rename", i, data[i])
	}
}

func mmapAppendGrows(t *testing.T, mnt string) {
	check.Write(t, mnt+"/f", "ab")
	f := check.Open(t, mnt+"/f", os.O_RDWR|os.O_APPEND, 0)
	m := mapFile(t, f, 8192, unix.PROT_READ, unix.MAP_SHARED)
	check.Equal(t, "byte before", m[0], 'a')
	_, err := f.Write(bytes.Repeat([]byte("c"), 5000))
	check.OK(t, err)
	check.True(t, m[2] == 'c' && m[5001] == 'c' && m[5002] == 0, "bytes after append: %q %q %q", m[2], m[5001], m[5002])
}
