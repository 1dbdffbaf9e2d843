package cases

import (
	"io"
	"os"
	"testing"

	"github.com/seamfs/seamfs/tests/check"
	"golang.org/x/sys/unix"
)

var openAcrossCases = []Across{
	{"OverwriteOpenTarget", overwriteOpen},
	{"RenameOpenSource", renameOpenSource},
	{"RenameThenUnlinkOpen", renameThenUnlinkOpen},
	{"WriteDuringRenames", writeDuringRenames},
	{"MapAcrossRename", mapAcrossRename},
	{"LockAcrossRename", lockAcrossRename},
}

func renameOpenSource(t *testing.T, a, b string) {
	w := check.Open(t, a+"/f", os.O_CREATE|os.O_RDWR, 0o644)
	r := check.Open(t, a+"/f", os.O_RDONLY, 0)
	app := check.Open(t, a+"/f", os.O_WRONLY|os.O_APPEND, 0)
	_, err := w.WriteString("before ")
	check.OK(t, err)
	check.OK(t, os.Rename(a+"/f", b+"/f"))
	_, err = app.WriteString("after")
	check.OK(t, err)
	data, err := io.ReadAll(r)
	check.OK(t, err)
	check.Equal(t, "read by a descriptor from before", string(data), "before after")
	check.Content(t, b+"/f", "before after")
	check.OK(t, w.Truncate(6))
	check.Content(t, b+"/f", "before")
	check.Equal(t, "inode by descriptor", check.Fstat(t, r).Ino, check.Lstat(t, b+"/f").Ino)
	check.Equal(t, "nlink by descriptor", check.Fstat(t, r).Nlink, 1)
}

func renameThenUnlinkOpen(t *testing.T, a, b string) {
	f := check.Open(t, a+"/f", os.O_CREATE|os.O_RDWR, 0o644)
	_, err := f.WriteString("content")
	check.OK(t, err)
	ino := check.Fstat(t, f).Ino
	check.OK(t, os.Rename(a+"/f", b+"/f"))
	check.OK(t, os.Remove(b+"/f"))
	check.Absent(t, a+"/f")
	check.Absent(t, b+"/f")
	orphan(t, f, ino)
}

func writeDuringRenames(t *testing.T, a, b string) {
	f := check.Open(t, a+"/f", os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	var want string
	here, there := a+"/f", b+"/g"
	for i := range 40 {
		line := string(rune('a'+i%26)) + "\n"
		want += line
		_, err := f.WriteString(line)
		check.OK(t, err)
		check.OK(t, os.Rename(here, there))
		here, there = there, here
		check.Content(t, here, want)
	}
}

func mapAcrossRename(t *testing.T, a, b string) {
	f := check.Open(t, a+"/f", os.O_CREATE|os.O_RDWR, 0o644)
	check.OK(t, f.Truncate(8192))
	m, err := unix.Mmap(int(f.Fd()), 0, 8192, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	check.OK(t, err)
	defer unix.Munmap(m)
	copy(m, "before")
	check.OK(t, os.Rename(a+"/f", b+"/f"))
	copy(m[4096:], "after")
	check.OK(t, unix.Msync(m, unix.MS_SYNC))
	data, err := os.ReadFile(b + "/f")
	check.OK(t, err)
	check.Equal(t, "first page", string(data[:6]), "before")
	check.Equal(t, "second page", string(data[4096:4101]), "after")
}

func lockAcrossRename(t *testing.T, a, b string) {
	f := check.Open(t, a+"/f", os.O_CREATE|os.O_RDWR, 0o644)
	check.OK(t, unix.Flock(int(f.Fd()), unix.LOCK_EX))
	check.OK(t, os.Rename(a+"/f", b+"/f"))
	g := check.Open(t, b+"/f", os.O_RDWR, 0)
	check.Errno(t, "flock of a locked file at its new name", unix.Flock(int(g.Fd()), unix.LOCK_EX|unix.LOCK_NB), unix.EWOULDBLOCK)
	check.OK(t, unix.Flock(int(f.Fd()), unix.LOCK_UN))
	check.OK(t, unix.Flock(int(g.Fd()), unix.LOCK_EX|unix.LOCK_NB))
}
