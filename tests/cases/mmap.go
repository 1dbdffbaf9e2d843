package cases

import (
	"os"
	"testing"

	"github.com/seamfs/seamfs/tests/check"
	"golang.org/x/sys/unix"
)

var mmapCases = []Case{
	{"MmapSharedWriteIsRead", mmapSharedWriteIsRead},
	{"MmapSeesWrite", mmapSeesWrite},
	{"MmapPrivateStaysPrivate", mmapPrivateStaysPrivate},
	{"MmapOutlivesCloseAndUnlink", mmapOutlivesCloseAndUnlink},
}

func mapped(t *testing.T, path string, prot, flags int) []byte {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	check.OK(t, err)
	defer f.Close()
	m, err := unix.Mmap(int(f.Fd()), 0, 3*4096, prot, flags)
	check.OK(t, err)
	t.Cleanup(func() { unix.Munmap(m) })
	return m
}

func pages(t *testing.T, path string) {
	t.Helper()
	check.OK(t, os.WriteFile(path, make([]byte, 3*4096), 0o644))
}

func mmapSharedWriteIsRead(t *testing.T, mnt string) {
	pages(t, mnt+"/f")
	m := mapped(t, mnt+"/f", unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	copy(m[5000:], "mapped")
	check.OK(t, unix.Msync(m, unix.MS_SYNC))
	data, err := os.ReadFile(mnt + "/f")
	check.OK(t, err)
	check.Equal(t, "bytes by read", string(data[5000:5006]), "mapped")
}

func mmapSeesWrite(t *testing.T, mnt string) {
	pages(t, mnt+"/f")
	m := mapped(t, mnt+"/f", unix.PROT_READ, unix.MAP_SHARED)
	check.Equal(t, "byte before", m[100], 0)
	f := check.Open(t, mnt+"/f", os.O_WRONLY, 0)
	_, err := f.WriteAt([]byte("w"), 100)
	check.OK(t, err)
	check.Equal(t, "byte after", m[100], 'w')
}

func mmapPrivateStaysPrivate(t *testing.T, mnt string) {
	pages(t, mnt+"/f")
	m := mapped(t, mnt+"/f", unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE)
	copy(m, "secret")
	data, err := os.ReadFile(mnt + "/f")
	check.OK(t, err)
	check.Equal(t, "byte by read", data[0], 0)
}

func mmapOutlivesCloseAndUnlink(t *testing.T, mnt string) {
	pages(t, mnt+"/f")
	m := mapped(t, mnt+"/f", unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	copy(m, "first")
	check.OK(t, os.Link(mnt+"/f", mnt+"/g"))
	check.OK(t, os.Remove(mnt+"/f"))
	copy(m[8192:], "second")
	check.OK(t, unix.Msync(m, unix.MS_SYNC))
	data, err := os.ReadFile(mnt + "/g")
	check.OK(t, err)
	check.Equal(t, "bytes by read", string(data[:5])+string(data[8192:8198]), "firstsecond")
	check.OK(t, os.Remove(mnt+"/g"))
	check.Equal(t, "byte of the nameless file", m[8192], 's')
}
