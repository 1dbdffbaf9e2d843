package cases

import (
	"os"
	"testing"

	"github.com/seamfs/seamfs/tests/check"
	"golang.org/x/sys/unix"
)

var permAcrossCases = []Across{
	{"RenameNeedsBothParents", renameNeedsBothParents},
	{"RenameDirNeedsItself", renameDirNeedsItself},
	{"RenamedKeepsOwner", renamedKeepsOwner},
}

func renameNeedsBothParents(t *testing.T, a, b string) {
	check.OK(t, os.Mkdir(a+"/closed", 0o755))
	check.Write(t, a+"/closed/f", "x")
	check.Write(t, a+"/f", "x")
	check.OK(t, os.Chown(a+"/f", 1000, 1000)) // protected_hardlinks lets only an owner link
	check.OK(t, os.Mkdir(b+"/closed", 0o755))
	check.AsUser(t, 1000, 1000, nil, func() {
		check.Errno(t, "rename out of a closed directory", unix.Rename(a+"/closed/f", b+"/f"), unix.EACCES)
		check.Errno(t, "rename into a closed directory", unix.Rename(a+"/f", b+"/closed/f"), unix.EACCES)
		check.Errno(t, "link into a closed directory", unix.Link(a+"/f", b+"/closed/f"), unix.EACCES)
	})
	check.Content(t, a+"/f", "x")
	check.Content(t, a+"/closed/f", "x")
}

// renameDirNeedsItself: a directory that changes its parent has its ".."
// written, for which the caller needs to be able to write to it.
func renameDirNeedsItself(t *testing.T, a, b string) {
	if a == b {
		return // the parent stays
	}
	check.OK(t, os.Mkdir(a+"/d", 0o755))
	check.AsUser(t, 1000, 1000, nil, func() {
		check.Errno(t, "rename of a directory that isn't the caller's", unix.Rename(a+"/d", b+"/d"), unix.EACCES)
	})
	check.OK(t, os.Chown(a+"/d", 1000, 1000))
	check.AsUser(t, 1000, 1000, nil, func() {
		check.OK(t, unix.Rename(a+"/d", b+"/d"))
	})
}

func renamedKeepsOwner(t *testing.T, a, b string) {
	check.Write(t, a+"/f", "x")
	check.OK(t, os.Chown(a+"/f", 4321, 1234))
	check.AsUser(t, 1000, 1000, nil, func() {
		check.OK(t, unix.Rename(a+"/f", b+"/f"))
	})
	st := check.Lstat(t, b+"/f")
	check.True(t, st.Uid == 4321 && st.Gid == 1234, "owner: %d:%d", st.Uid, st.Gid)
}
