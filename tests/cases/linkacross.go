package cases

import (
	"os"
	"testing"

	"github.com/seamfs/seamfs/tests/check"
	"golang.org/x/sys/unix"
)

var linkAcrossCases = []Across{
	{"LinkAcross", linkAcross},
	{"LinkGroupRenamed", linkGroupRenamed},
	{"RenameOverOwnLink", renameOverOwnLink},
}

func linkAcross(t *testing.T, a, b string) {
	check.Write(t, a+"/f", "one")
	check.OK(t, os.Link(a+"/f", b+"/g"))
	st, other := check.Lstat(t, a+"/f"), check.Lstat(t, b+"/g")
	check.Equal(t, "inode", other.Ino, st.Ino)
	check.Equal(t, "nlink", other.Nlink, 2)
	check.Write(t, b+"/g", "two")
	check.Content(t, a+"/f", "two")
	check.Errno(t, "link over the other name", unix.Link(a+"/f", b+"/g"), unix.EEXIST)
	check.OK(t, os.Remove(a+"/f"))
	check.Content(t, b+"/g", "two")
	check.Equal(t, "nlink after unlink", check.Lstat(t, b+"/g").Nlink, 1)
}

func linkGroupRenamed(t *testing.T, a, b string) {
	check.Write(t, a+"/f", "one")
	check.OK(t, os.Link(a+"/f", a+"/g"))
	check.OK(t, os.Rename(a+"/f", b+"/f"))
	check.Equal(t, "inode", check.Lstat(t, b+"/f").Ino, check.Lstat(t, a+"/g").Ino)
	check.Equal(t, "nlink", check.Lstat(t, b+"/f").Nlink, 2)
	check.Write(t, b+"/f", "changed")
	check.Content(t, a+"/g", "changed")
	check.OK(t, os.Rename(a+"/g", b+"/g"))
	check.Write(t, b+"/g", "again")
	check.Content(t, b+"/f", "again")
	check.OK(t, os.Remove(b+"/f"))
	check.Equal(t, "nlink of the last name", check.Lstat(t, b+"/g").Nlink, 1)
}

func renameOverOwnLink(t *testing.T, a, b string) {
	check.Write(t, a+"/f", "one")
	check.OK(t, os.Link(a+"/f", b+"/g"))
	check.OK(t, unix.Rename(a+"/f", b+"/g"))
	check.Content(t, a+"/f", "one")
	check.Equal(t, "nlink", check.Lstat(t, b+"/g").Nlink, 2)
}
