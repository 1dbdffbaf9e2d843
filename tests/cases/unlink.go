package cases

import (
	"io"
	"os"
	"testing"

	"github.com/seamfs/seamfs/tests/check"
	"golang.org/x/sys/unix"
)

var unlinkCases = []Case{
	{"UnlinkErrors", unlinkErrors},
	{"UnlinkWhileOpen", unlinkWhileOpen},
	{"UnlinkAndMakeAnew", unlinkAndMakeAnew},
	{"OverwriteWhileOpen", overwriteWhileOpen},
}

func unlinkErrors(t *testing.T, mnt string) {
	check.Errno(t, "unlink of nothing", unix.Unlink(mnt+"/n"), unix.ENOENT)
	check.Write(t, mnt+"/f", "")
	check.Errno(t, "unlink below a file", unix.Unlink(mnt+"/f/g"), unix.ENOTDIR)
	check.OK(t, os.Symlink("f", mnt+"/l"))
	check.OK(t, unix.Unlink(mnt+"/l"))
	check.Content(t, mnt+"/f", "")
}

func unlinkWhileOpen(t *testing.T, mnt string) {
	f := check.Open(t, mnt+"/f", os.O_CREATE|os.O_RDWR, 0o644)
	_, err := f.WriteString("content")
	check.OK(t, err)
	ino := check.Fstat(t, f).Ino
	check.OK(t, unix.Unlink(mnt+"/f"))
	check.Absent(t, mnt+"/f")
	orphan(t, f, ino)
}

// orphan checks that an open file without a name goes on as a file.
func orphan(t *testing.T, f *os.File, ino uint64) {
	t.Helper()
	st := check.Fstat(t, f)
	check.Equal(t, "nlink of the nameless file", st.Nlink, 0)
	check.Equal(t, "inode of the nameless file", st.Ino, ino)
	_, err := f.Seek(0, io.SeekStart)
	check.OK(t, err)
	data, err := io.ReadAll(f)
	check.OK(t, err)
	check.Equal(t, "content of the nameless file", string(data), "content")
	_, err = f.WriteString(" and more")
	check.OK(t, err)
	check.OK(t, f.Chmod(0o600))
	check.OK(t, f.Truncate(3))
	check.OK(t, f.Sync())
	st = check.Fstat(t, f)
	check.Equal(t, "size of the nameless file", st.Size, 3)
	check.Equal(t, "mode of the nameless file", st.Mode&0o7777, 0o600)
}

func unlinkAndMakeAnew(t *testing.T, mnt string) {
	f := check.Open(t, mnt+"/f", os.O_CREATE|os.O_RDWR, 0o644)
	_, err := f.WriteString("content")
	check.OK(t, err)
	ino := check.Fstat(t, f).Ino
	check.OK(t, unix.Unlink(mnt+"/f"))
	check.Write(t, mnt+"/f", "another")
	check.True(t, check.Lstat(t, mnt+"/f").Ino != ino, "two live files have inode %d", ino)
	orphan(t, f, ino)
	check.Content(t, mnt+"/f", "another")
}

func overwriteWhileOpen(t *testing.T, mnt string) { overwriteOpen(t, mnt, mnt) }

// overwriteOpen renames from a over an open file in b.
func overwriteOpen(t *testing.T, a, b string) {
	f := check.Open(t, b+"/target", os.O_CREATE|os.O_RDWR, 0o644)
	_, err := f.WriteString("content")
	check.OK(t, err)
	ino := check.Fstat(t, f).Ino
	check.Write(t, a+"/source", "winner")
	check.OK(t, os.Rename(a+"/source", b+"/target"))
	check.Content(t, b+"/target", "winner")
	orphan(t, f, ino)
	check.Content(t, b+"/target", "winner")
}
